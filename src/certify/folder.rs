//! The folder of a spool: where it is, that it is ours alone, and the lock by which one run works
//! there. What lies in it is the spool's business.

use std::{
    fs::{self, DirBuilder, File},
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use crate::{
    Error, durable, lock,
    planted::{self, FileId},
};

/// Its name.
pub const FOLDER: &str = ".probant";
/// The name of the lock in it.
pub const LOCK: &str = "lock";
/// Nobody else has any business there.
const MODE: u32 = 0o700;
/// The permission bits by which group and world write.
const OTHERS_WRITE: u32 = 0o022;
/// How often runs that end may take the folder away from under us.
const TRIES_MAX: usize = 100;

/// The folder, locked.
pub struct Folder {
    path: PathBuf,
    id: FileId,
    _lock: File,
}

/// The folder in which to spool for these paths: `.probant` in the deepest folder that holds them
/// all, or in the nearest folder above that has one, from an earlier run.
pub fn place_for(paths: &[PathBuf]) -> Result<PathBuf, Error> {
    let mut common: Option<PathBuf> = None;
    for path in paths {
        let path = std::path::absolute(path).map_err(Error::file(path))?;
        let folder = match path.parent() {
            Some(parent) if !path.is_dir() => parent.to_owned(),
            _ => path,
        };
        // One folder, however it is spelled; one that is not there will be reported by the walk.
        let folder = fs::canonicalize(&folder).unwrap_or(folder);
        common = Some(match common {
            None => folder,
            Some(common) => {
                let shared = common.ancestors().find(|above| folder.starts_with(above));
                shared.unwrap_or(Path::new("/")).to_owned()
            }
        });
    }
    let common = common.unwrap_or_else(|| PathBuf::from("."));
    let waiting = common.ancestors().map(|above| above.join(FOLDER)).find(|spool| spool.is_dir());
    Ok(waiting.unwrap_or_else(|| common.join(FOLDER)))
}

impl Folder {
    /// Makes the folder where there is none, and locks it.
    ///
    /// # Errors
    /// [`Error::Busy`] while another run works there; [`Error::Input`] for a folder that others
    /// may write to: what they put there would be sent, and proofs written where it says.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let path = std::path::absolute(path).map_err(Error::file(path))?;
        for _ in 0..TRIES_MAX {
            make(&path)?;
            if check(&path)?.is_none() {
                continue;
            }
            let Some(lock) = open_lock(&path)? else { continue };
            let Some(lock) = hold(lock, &path)? else { continue };
            // From here on it cannot be taken away: it is not empty.
            if let Some(id) = check(&path)? {
                return Ok(Self { path, id, _lock: lock });
            }
        }
        Err(Error::busy(format!("other runs begin and end in {}", path.display())))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which folder it is, by whatever name.
    pub fn id(&self) -> FileId {
        self.id
    }

    /// Takes the folder away, unless something is in it. Whoever has opened the lock meanwhile
    /// finds it without a name, and begins anew; whoever has made another keeps the folder.
    pub fn remove(&self) {
        let _ = fs::remove_file(self.path.join(LOCK));
        let _ = fs::remove_dir(&self.path);
    }
}

fn make(folder: &Path) -> Result<(), Error> {
    match DirBuilder::new().mode(MODE).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            let (name, or) = (folder.display(), "choose a place for signed batches with --spool");
            return Err(Error::input(format!("{name}: {error}; {or}")));
        }
        _ => {}
    }
    // Also when it was there: a crash may have come between its creation and this.
    durable::sync_dir(folder.parent().unwrap_or(folder)).map_err(Error::from)
}

/// The folder, held to be ours alone; `None` if it was taken away.
fn check(folder: &Path) -> Result<Option<FileId>, Error> {
    let metadata = match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(Error::file(folder))?,
    };
    let name = folder.display();
    let refuse = |why: &str| Err(Error::input(format!("{name} {why}, or --spool FOLDER")));
    if metadata.is_symlink() {
        return refuse("is a link: remove it");
    }
    if !metadata.is_dir() {
        return refuse("is no folder: move it away");
    }
    if metadata.uid() != planted::user_id().map_err(Error::file(Path::new("/proc/self")))? {
        return refuse("belongs to another user, whose batches are not sent: move it away");
    }
    if metadata.mode() & OTHERS_WRITE != 0 {
        return refuse("may be written to by others: look what is in it, then `chmod 700` it");
    }
    Ok(Some(FileId::of(&metadata)))
}

/// The lock, open; `None` if the folder was taken away.
fn open_lock(folder: &Path) -> Result<Option<File>, Error> {
    let path = folder.join(LOCK);
    if path.is_symlink() {
        return Err(Error::input(format!("{} is a link: remove it", path.display())));
    }
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    match planted::open(&path, &mut options) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        other => other.map(Some).map_err(Error::file(&path)),
    }
}

/// The lock, held; `None` if the run before took it away as it ended: a lock on a file that has
/// lost its name keeps nobody out.
fn hold(lock: File, folder: &Path) -> Result<Option<File>, Error> {
    let path = folder.join(LOCK);
    let folder = folder.display();
    let taken = || Error::busy(format!("another run is certifying from {folder}"));
    let lock = lock::hold(lock, &path, taken)?;
    let held = FileId::of(&lock.metadata().map_err(Error::file(&path))?);
    let named = fs::symlink_metadata(&path).map(|metadata| FileId::of(&metadata));
    Ok(named.is_ok_and(|named| named == held).then_some(lock))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_lock_that_has_lost_its_name_is_not_held() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FOLDER);
        let first = Folder::open(&path).unwrap();
        let [second, third] = [0; 2].map(|_| open_lock(&path).unwrap().unwrap());
        assert!(matches!(hold(second, &path), Err(Error::Busy { .. })));
        first.remove();
        drop(first);
        assert!(hold(third, &path).unwrap().is_none());
        let fourth = Folder::open(&path).unwrap();
        assert!(matches!(Folder::open(&path), Err(Error::Busy { .. })));
        fourth.remove();
        assert!(!path.exists());
    }

    #[test]
    fn runs_that_begin_while_others_end_never_work_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join(FOLDER);
        let (at_work, turns) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let run = || {
            for _ in 0..100 {
                // Whoever is told to come back does.
                let Ok(folder) = Folder::open(&place) else { continue };
                assert_eq!(at_work.fetch_add(1, Ordering::SeqCst), 0);
                std::thread::yield_now();
                turns.fetch_add(1, Ordering::SeqCst);
                at_work.fetch_sub(1, Ordering::SeqCst);
                folder.remove();
            }
        };
        std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(run))));
        assert!(turns.load(Ordering::SeqCst) > 0);
        assert!(!place.exists());
    }

    #[test]
    fn the_place_is_the_folder_that_holds_everything_or_one_above_that_waits() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("x/a")).unwrap();
        fs::create_dir_all(dir.path().join("x/b")).unwrap();
        let [a, b] = ["x/a", "x/b/bill.pdf"].map(|name| dir.path().join(name));
        let place = |paths: &[PathBuf]| place_for(paths).unwrap();
        assert_eq!(place(&[a.clone(), b.clone()]), dir.path().join("x/.probant"));
        assert_eq!(place(std::slice::from_ref(&b)), dir.path().join("x/b/.probant"));
        fs::create_dir(dir.path().join(".probant")).unwrap();
        assert_eq!(place(&[a, b]), dir.path().join(".probant"));
    }
}
