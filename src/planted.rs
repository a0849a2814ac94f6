//! Files that lie beside documents and statements under a name of ours: anybody who made the folder
//! may have put them there. They are opened without waiting, and read no further than they may be long.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

/// `O_NONBLOCK` of Linux: a pipe that nobody writes to is opened, and refused, instead of waited
/// for.
const NONBLOCK: i32 = 0o4000;

/// Which file it is, by whatever name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// Opens what has to be a file.
pub fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let file = options.custom_flags(NONBLOCK).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file: somebody put it there"))
}

/// Reads a file of at most `limit` bytes; of a longer one, one byte more.
pub fn read(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let file = open(path, File::options().read(true))?;
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Who we are to the file system: the owner of our own process.
pub fn user_id() -> io::Result<u32> {
    fs::metadata("/proc/self").map(|process| process.uid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_pipe_is_not_waited_for_and_a_long_file_not_read_whole() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        for options in [File::options().read(true), File::options().read(true).write(true)] {
            let refused = open(&at("pipe"), options).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
        }
        assert!(read(dir.path(), 9).is_err());
        fs::write(at("long"), [7; 99]).unwrap();
        assert_eq!(read(&at("long"), 9).unwrap().len(), 10);
        assert_eq!(read(&at("long"), 99).unwrap().len(), 99);
        assert_eq!(user_id().unwrap(), fs::metadata(at("long")).unwrap().uid());
    }
}
