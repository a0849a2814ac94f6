//! Files and directories that outlive a power cut: what these functions did is on disk when they
//! return. They know nothing of what the bytes mean, and never retry a sync that failed: after one,
//! what is on disk is unknown, and the caller has to treat it so.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::Error;

/// How the names of files end that are not whole yet.
const UNFINISHED: &str = ".new";

/// What could not be made durable, and why: after a write or a sync, what is on disk is unknown.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {source}")]
pub struct Failed {
    /// What was being done, with the path.
    pub doing: String,
    /// The cause.
    pub source: io::Error,
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        Self::Stop(failed.to_string())
    }
}

/// Makes a file that must not exist yet, and returns it open for reading and writing.
///
/// `mode` is the permission bits, less the umask. All or nothing: a crash on the way leaves no file of
/// this name, and perhaps one that nobody reads.
pub fn create_new_file(path: &Path, bytes: &[u8], mode: u32) -> Result<File, Failed> {
    // Each process writes its own: of two, one puts the name on it.
    let fresh = beside(path, &format!(".{}{UNFINISHED}", std::process::id()));
    remove_left(&fresh)?;
    let file = write_new(&fresh, bytes, mode)?;
    let named = fs::hard_link(&fresh, path).map_err(failed("create", path));
    remove_left(&fresh)?;
    named?;
    sync_dir(parent(path))?;
    Ok(file)
}

/// Puts `bytes` in the place of whatever file is at `path`, or of none: all or nothing.
///
/// Two at once on the same path are the caller's to prevent.
pub fn replace_file(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failed> {
    place_file(path, bytes, mode)?;
    sync_dir(parent(path))
}

/// [`replace_file`] for many files of one directory: the bytes are on disk, their name only once
/// the caller has synced the directory.
pub fn place_file(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failed> {
    let fresh = unfinished(path);
    remove_left(&fresh)?;
    write_new(&fresh, bytes, mode)?;
    fs::rename(&fresh, path).map_err(failed("replace", path))
}

/// Makes a directory, or does nothing where there is one; its parent must exist.
pub fn create_dir(path: &Path) -> Result<(), Failed> {
    match fs::create_dir(path) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists || !path.is_dir() => {
            return Err(failed("create directory", path)(e));
        }
        _ => {}
    }
    // Also when it was there: a crash may have come between its creation and this.
    sync_dir(parent(path))
}

/// Makes the names in a directory as durable as the files: creations, renames and removals.
pub fn sync_dir(path: &Path) -> Result<(), Failed> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(failed("sync directory", path))
}

/// What a crash left before it had its name; never read by anyone.
fn remove_left(fresh: &Path) -> Result<(), Failed> {
    match fs::remove_file(fresh) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(failed("remove", fresh)(e)),
        _ => Ok(()),
    }
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<File, Failed> {
    let mut options = File::options();
    let mut file = options
        .read(true)
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .map_err(failed("create", path))?;
    file.write_all(bytes).map_err(failed("write", path))?;
    file.sync_all().map_err(failed("sync", path))?;
    Ok(file)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if dir != Path::new("") => dir,
        _ => Path::new("."),
    }
}

/// Where the bytes for `path` are until they are whole: what a crash leaves there, nobody reads.
pub fn unfinished(path: &Path) -> PathBuf {
    beside(path, UNFINISHED)
}

/// Whether a file of this name is on its way to another, or was left there by a crash: nobody reads it.
pub fn is_unfinished(name: &OsStr) -> bool {
    name.as_encoded_bytes().ends_with(UNFINISHED.as_bytes())
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

fn failed(doing: &str, path: &Path) -> impl FnOnce(io::Error) -> Failed {
    let doing = format!("{doing} {}", path.display());
    move |source| Failed { doing, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_file_never_takes_the_place_of_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        create_new_file(&path, b"one", 0o600).unwrap();
        let again = create_new_file(&path, b"two", 0o600);
        assert!(again.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_replaced_file_is_whole_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(dir.path().join("a.new"), b"left by a crash").unwrap();
        replace_file(&path, b"one", 0o600).unwrap();
        replace_file(&path, b"two", 0o600).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_directory_may_be_there_already_but_not_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("d");
        create_dir(&path).unwrap();
        create_dir(&path).unwrap();
        fs::write(dir.path().join("f"), b"").unwrap();
        assert!(create_dir(&dir.path().join("f")).is_err());
        assert!(create_dir(&dir.path().join("missing/d")).is_err());
    }

    #[test]
    fn a_bare_name_lies_in_the_working_directory() {
        assert_eq!(parent(Path::new("head-mark")), Path::new("."));
        assert_eq!(parent(Path::new("keys/head-mark")), Path::new("keys"));
    }
}
