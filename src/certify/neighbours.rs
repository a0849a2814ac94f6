//! The spools of other runs. A document under the folder of one may be in a batch that waits there
//! for its proof, and be certified already: it is left to that run.
//!
//! Two runs that begin at once see each other: each makes its own spool before it looks for others.

use std::{
    collections::{BTreeSet, HashMap},
    fs::{self, File, Metadata, TryLockError},
    io,
    path::{Path, PathBuf},
};

use probant_core::{Fingerprint, List};

use super::{
    folder::{FOLDER, LOCK},
    spool::{batches_in, list_of},
};
use crate::planted::{self, FileId};

/// A batch that waits is finished by the run that signed it, and by no other.
const WHAT_THEN: &str = "run that `probant certify` again, word by word, or delete the file if it \
                         is not wanted any more; then run this again";

/// Looks for spools in every folder on the way down, and above what was named.
pub struct Neighbours {
    /// The spool of this run, if it has one.
    ours: Option<FileId>,
    /// What was found in the folders above: many documents may be named of one.
    above: HashMap<PathBuf, Result<(), String>>,
}

impl Neighbours {
    pub fn new(ours: Option<FileId>) -> Self {
        Self { ours, above: HashMap::new() }
    }

    /// Whether this is our own spool, by whatever name.
    pub fn is_ours(&self, metadata: &Metadata) -> bool {
        self.ours == Some(FileId::of(metadata))
    }

    /// Whether no other run works in this folder, or was interrupted there.
    ///
    /// # Errors
    /// What is there, and what to do.
    pub fn check(&self, folder: &Path) -> Result<(), String> {
        let spool = folder.join(FOLDER);
        let shown = spool.display();
        let told = |error: io::Error| format!("{shown}: {error}: signed batches may wait there");
        match fs::symlink_metadata(&spool) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(told(error)),
            // No run of ours keeps batches in a link or a file.
            Ok(metadata) if !metadata.is_dir() || self.is_ours(&metadata) => return Ok(()),
            Ok(_) => {}
        }
        if is_locked(&spool.join(LOCK)).map_err(told)? {
            return Err(format!("another run is certifying from {shown}: run this again after it"));
        }
        let waiting = batches_in(&spool).map_err(told)?;
        waiting.first().map_or(Ok(()), |file| {
            let file = file.display();
            Err(format!("a signed batch of an interrupted run waits in {file}: {WHAT_THEN}"))
        })
    }

    /// The same of all folders above a path: those by whose names it goes, and, where it is a
    /// link, those above what it leads to.
    pub fn check_above(&mut self, path: &Path) -> Result<(), String> {
        let told = |error: io::Error| error.to_string();
        let named = std::path::absolute(path).map_err(told)?;
        let real = fs::canonicalize(path).map_err(told)?;
        for folder in [named.parent(), real.parent()].into_iter().flatten() {
            if !self.above.contains_key(folder) {
                let real = fs::canonicalize(folder).map_err(told)?;
                let found = real.ancestors().try_for_each(|above| self.check(above));
                self.above.insert(folder.to_owned(), found);
            }
            self.above[folder].clone()?;
        }
        Ok(())
    }
}

/// The documents of batches that wait above some files. They may be certified already, or not.
#[derive(Default)]
pub struct Waiting(Vec<(PathBuf, List)>);

impl Waiting {
    /// What cannot be read holds nothing that is known.
    pub fn above(files: &[PathBuf]) -> Self {
        let absolute = files.iter().filter_map(|file| std::path::absolute(file).ok());
        let folders: BTreeSet<_> =
            absolute.filter_map(|file| file.parent().map(Path::to_owned)).collect();
        let real = folders.iter().filter_map(|folder| fs::canonicalize(folder).ok());
        let above: BTreeSet<_> = real
            .flat_map(|folder| folder.ancestors().map(Path::to_owned).collect::<Vec<_>>())
            .collect();
        let batches = above.iter().filter_map(|folder| batches_in(&folder.join(FOLDER)).ok());
        let lists = batches.flatten().filter_map(|file| list_of(&file).map(|list| (file, list)));
        Self(lists.collect())
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether no batch holds a document of one of these names.
    ///
    /// # Errors
    /// Which one does, and what to do.
    pub fn check(&self, names: &[Fingerprint]) -> Result<(), String> {
        let holds = |list: &List| names.iter().any(|name| list.position(name).is_some());
        self.0.iter().find(|(_, list)| holds(list)).map_or(Ok(()), |(file, _)| {
            let file = file.display();
            Err(format!("a signed batch that holds it waits in {file}: {WHAT_THEN}"))
        })
    }
}

/// Whether a run works there. The lock is held by us for an instant only.
fn is_locked(lock: &Path) -> io::Result<bool> {
    match planted::open(lock, File::options().read(true)) {
        Ok(lock) => match lock.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certify::spool::Spool;

    #[test]
    fn a_spool_that_is_held_or_has_batches_is_seen_from_above_and_below() {
        let dir = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(dir.path()).unwrap().join("a");
        fs::create_dir_all(folder.join("b")).unwrap();
        fs::write(folder.join("b/bill.pdf"), "").unwrap();
        let spool = Spool::open(&folder.join(FOLDER)).unwrap();
        let ours = Neighbours::new(Some(spool.id()));
        assert_eq!(ours.check(&folder), Ok(()));
        let seen = || {
            let mut other = Neighbours::new(None);
            let above = other.check_above(&folder.join("b/bill.pdf"));
            assert_eq!(above, other.check_above(&folder.join("b")));
            assert_eq!(above, other.check(&folder));
            above.err().unwrap_or_default()
        };
        assert!(seen().contains("another run"), "{}", seen());
        drop(spool);
        assert_eq!(seen(), "");
        fs::write(folder.join(FOLDER).join("00.refused"), "").unwrap();
        assert_eq!(seen(), "");
        fs::write(folder.join(FOLDER).join("00.batch"), "").unwrap();
        let (batch, said) = (format!("{}/{FOLDER}/00.batch", folder.display()), seen());
        assert!(said.contains(&batch) && said.contains("delete the file"), "{said}");
    }
}
