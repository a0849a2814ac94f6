//! A directory that a web server may serve as it is. Every file is written beside its place, synced,
//! and renamed, and the directories are synced before anybody is told.

use std::{
    collections::BTreeSet,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use rayon::prelude::*;

use super::{FILE_BYTES_MAX, File, Place};
use crate::{Error, durable, lock, planted};

/// Held by whoever writes.
const LOCK: &str = ".lock";
const MODE: u32 = 0o644;

/// A directory, whose files others may read meanwhile.
pub struct Folder {
    dir: PathBuf,
    /// None: it is only read.
    _lock: Option<fs::File>,
}

impl Folder {
    /// A directory to be read.
    pub fn open(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), _lock: None }
    }

    /// A directory to be written to by this process alone; it is made where it is missing.
    ///
    /// # Errors
    /// [`Error::Input`] for a place where there can be none, [`Error::Busy`] while another writes.
    pub fn create(dir: &Path) -> Result<Self, Error> {
        durable::create_dir(dir).map_err(|why| Error::input(why.to_string()))?;
        let path = dir.join(LOCK);
        let mut options = fs::File::options();
        let lock = planted::open(&path, options.create(true).truncate(false).write(true));
        let lock = lock.map_err(Error::file(&path))?;
        let taken = || Error::busy(format!("another process writes to {}", dir.display()));
        let lock = lock::hold(lock, &path, taken)?;
        Ok(Self { dir: dir.to_owned(), _lock: Some(lock) })
    }

    /// The directory of a file, durable with all above it.
    fn make_dirs(&self, dir: &Path) -> Result<(), Error> {
        let missing: Vec<_> = dir.ancestors().take_while(|dir| *dir != self.dir).collect();
        for dir in missing.into_iter().rev() {
            durable::create_dir(dir)?;
        }
        Ok(())
    }
}

impl Place for Folder {
    fn name(&self) -> String {
        self.dir.display().to_string()
    }

    fn get(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        let path = self.dir.join(path);
        let failed = |error| Error::Stop(format!("{}: {error}", path.display()));
        // Somebody else may have made the directory: a pipe is refused, and not waited for.
        let bytes = match planted::read(&path, FILE_BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(failed(error)),
        };
        if bytes.len() > FILE_BYTES_MAX {
            let why = format!("{}: longer than {FILE_BYTES_MAX} bytes", path.display());
            return Err(Error::Stop(why));
        }
        Ok(Some(bytes))
    }

    fn put(&self, files: Vec<File>) -> Result<(), Error> {
        let place = |file: &File| self.dir.join(&file.path);
        let dirs: BTreeSet<PathBuf> =
            files.iter().filter_map(|file| Some(place(file).parent()?.to_owned())).collect();
        for dir in dirs.iter().filter(|dir| !dir.is_dir()) {
            self.make_dirs(dir)?;
        }
        // Syncs that wait at the same time share what the disk does.
        let write = |file: &File| durable::place_file(&place(file), &file.bytes, MODE);
        files.par_iter().try_for_each(write)?;
        Ok(dirs.iter().try_for_each(|dir| durable::sync_dir(dir))?)
    }
}

#[cfg(test)]
mod tests {
    use std::{process::Command, sync::mpsc, thread, time::Duration};

    use super::*;

    /// What comes of it, unless it waits for ever.
    fn bounded<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
        let (done, wait) = mpsc::channel();
        thread::spawn(move || done.send(work()));
        wait.recv_timeout(Duration::from_secs(60)).expect("it waits for a pipe")
    }

    #[test]
    fn a_pipe_is_no_file_and_is_not_waited_for() {
        let temp = tempfile::tempdir().unwrap();
        for pipe in ["checkpoint", LOCK] {
            let made = Command::new("mkfifo").arg(temp.path().join(pipe)).status().unwrap();
            assert!(made.success());
        }
        let folder = Folder::open(temp.path());
        assert!(matches!(bounded(move || folder.get("checkpoint")), Err(Error::Stop(_))));
        let dir = temp.path().to_owned();
        assert!(matches!(bounded(move || Folder::create(&dir).map(drop)), Err(Error::Input(_))));
    }

    #[test]
    fn what_was_put_is_there_and_one_process_writes() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("export");
        let folder = Folder::create(&dir).unwrap();
        let file = |path: &str, bytes: &[u8]| File {
            path: path.into(),
            bytes: bytes.into(),
            is_final: true,
        };
        folder.put(vec![file("a", b"1"), file("x001/x002/003.p/4", b"2")]).unwrap();
        folder.put(vec![file("a", b"3")]).unwrap();
        let reader = Folder::open(&dir);
        assert_eq!(reader.get("a").unwrap().unwrap(), b"3");
        assert_eq!(reader.get("x001/x002/003.p/4").unwrap().unwrap(), b"2");
        assert_eq!((reader.get("b").unwrap(), reader.get("a/b").unwrap()), (None, None));
        assert!(matches!(reader.get("x001"), Err(Error::Stop(_))), "a directory is no file");
        assert!(matches!(Folder::create(&dir), Err(Error::Busy { .. })));
        drop(folder);
        Folder::create(&dir).unwrap();
        assert!(matches!(Folder::create(&dir.join("a")), Err(Error::Input(_))));
    }
}
