//! Where signed batches wait until their proofs are written: one file a batch, on disk before the
//! ledger sees the statement. Sending it again, unchanged, is what makes a run safe to interrupt.
//!
//! ```text
//! .probant/lock                 held by the one run that works here
//! .probant/<leaf hex>.refused   a batch that the ledger refused for good, kept for people to see
//! .probant/<leaf hex>.batch     "probant spool 1\n" | u64 length | submission
//!                               | for each file: fingerprint 34 | u64 length | path
//! ```
//! Integers are little-endian. A path is relative to the folder that holds the spool where it can
//! be, so that a tree of documents may be moved as a whole.

use std::{
    ffi::OsStr,
    fs::{self, File, TryLockError},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use probant_core::{Fingerprint, List, Statement};

use super::batches::{Documents, Signed};
use crate::{Error, store::durable};

/// The folder's name.
const FOLDER: &str = ".probant";
const MAGIC: &[u8] = b"probant spool 1\n";
const EXTENSION: &str = "batch";
const REFUSED_EXTENSION: &str = "refused";

/// A batch on its way, and its file.
pub struct Spooled {
    /// Number of the batch in this run.
    pub number: usize,
    pub statement: Statement,
    pub list: List,
    pub documents: Documents,
    file: PathBuf,
}

/// The folder, locked.
pub struct Spool {
    folder: PathBuf,
    /// What paths are relative to.
    base: PathBuf,
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

impl Spooled {
    /// Forgets the batch: its proofs are on disk. A crash before the removal is on disk has it
    /// sent again, which changes nothing.
    ///
    /// # Errors
    /// [`Error::Input`] if it cannot be removed.
    pub fn forget(&self) -> Result<(), Error> {
        fs::remove_file(&self.file).map_err(Error::file(&self.file))
    }

    /// Puts aside a batch that the ledger refused for good: it is not sent again. Gives its place.
    ///
    /// # Errors
    /// [`Error::Input`] if it cannot be renamed.
    pub fn put_aside(&self) -> Result<PathBuf, Error> {
        let aside = self.file.with_extension(REFUSED_EXTENSION);
        fs::rename(&self.file, &aside).map_err(Error::file(&self.file))?;
        Ok(aside)
    }
}

impl Spool {
    /// Makes the folder where there is none, and locks it.
    ///
    /// # Errors
    /// [`Error::Busy`] while another run works there.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let folder = std::path::absolute(folder).map_err(Error::file(folder))?;
        durable::create_dir(&folder).map_err(|error| {
            Error::input(format!("{error}; choose a place for signed batches with --spool"))
        })?;
        let path = folder.join("lock");
        for planted in [&folder, &path] {
            // A folder of documents may come from a stranger: nothing of it leads elsewhere.
            if planted.is_symlink() {
                let planted = planted.display();
                return Err(Error::input(format!(
                    "{planted} is a link: remove it, or --spool DIR"
                )));
            }
        }
        let lock = File::options().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(Error::file(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let folder = folder.display();
                return Err(Error::busy(format!("another run is certifying from {folder}")));
            }
            Err(TryLockError::Error(error)) => return Err(Error::file(&path)(error)),
        }
        let base = folder.parent().unwrap_or(&folder).to_owned();
        Ok(Self { folder, base, _lock: lock })
    }

    /// Puts a signed batch on disk: from here on it will be sent, whatever happens.
    ///
    /// # Errors
    /// [`Error::Stop`] if it cannot be made durable.
    pub fn put(&self, number: usize, signed: Signed) -> Result<Spooled, Error> {
        let Signed { statement, list, documents } = signed;
        let file = self.folder.join(format!("{}.{EXTENSION}", statement.leaf()));
        let bytes = self.encode(&statement.to_submission(Some(&list)), &documents);
        durable::replace_file(&file, &bytes, 0o600)?;
        Ok(Spooled { number, statement, list, documents, file })
    }

    /// The files of batches that earlier runs left.
    ///
    /// # Errors
    /// [`Error::Input`] if the folder cannot be read.
    pub fn waiting(&self) -> Result<Vec<PathBuf>, Error> {
        let entries = fs::read_dir(&self.folder).map_err(Error::file(&self.folder))?;
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(Error::file(&self.folder))?.path();
            if path.extension() == Some(OsStr::new(EXTENSION)) {
                files.push(path);
            }
        }
        files.sort_unstable();
        Ok(files)
    }

    /// Reads a batch that waited; the inverse of [`Spool::put`].
    ///
    /// # Errors
    /// [`Error::Stop`] for a damaged file: what it was may have been sealed.
    pub fn read(&self, number: usize, file: PathBuf) -> Result<Spooled, Error> {
        let bytes = fs::read(&file).map_err(Error::file(&file))?;
        let (statement, list, documents) = self.decode(&bytes).ok_or_else(|| {
            let name = file.display();
            Error::Stop(format!("{name}: this signed batch is damaged; look, then move it away"))
        })?;
        Ok(Spooled { number, statement, list, documents, file })
    }

    /// Leaves nothing behind when nothing waits. Another run may have come in between: then its
    /// files keep the folder.
    pub fn close(&self) {
        if self.waiting().is_ok_and(|files| files.is_empty()) {
            let _ = fs::remove_file(self.folder.join("lock"));
            let _ = fs::remove_dir(&self.folder);
        }
    }

    fn encode(&self, submission: &[u8], documents: &Documents) -> Vec<u8> {
        let mut bytes = [MAGIC, &(submission.len() as u64).to_le_bytes(), submission].concat();
        for (fingerprint, paths) in documents {
            for path in paths {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                let path = path.strip_prefix(&self.base).unwrap_or(&path).as_os_str().as_bytes();
                bytes.extend(fingerprint.as_bytes());
                bytes.extend((path.len() as u64).to_le_bytes());
                bytes.extend(path);
            }
        }
        bytes
    }

    fn decode(&self, bytes: &[u8]) -> Option<(Statement, List, Documents)> {
        let (length, rest) = bytes.strip_prefix(MAGIC)?.split_first_chunk()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (submission, mut rest) = rest.split_at_checked(length)?;
        let (statement, list) = Statement::decode_submission(submission).ok()?;
        let mut documents = Documents::new();
        while !rest.is_empty() {
            let (fingerprint, after) = rest.split_first_chunk::<{ Fingerprint::BYTES }>()?;
            let (length, after) = after.split_first_chunk()?;
            let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
            let (path, after) = after.split_at_checked(length)?;
            let fingerprint = Fingerprint::from_bytes(fingerprint).ok()?;
            let path = self.base.join(OsStr::from_bytes(path));
            documents.entry(fingerprint).or_default().push(path);
            rest = after;
        }
        Some((statement, list?, documents))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use probant_core::{
        Fingerprints, Hash, LedgerId,
        key::SigningKey,
        statement::{Body, Certify},
    };

    fn signed(paths: &[PathBuf]) -> Signed {
        let documents: Documents = paths
            .iter()
            .map(|p| (Fingerprints::of(p.as_os_str().as_bytes()).blake3, vec![p.clone()]))
            .collect();
        let list = List::new(documents.keys().copied().collect()).unwrap();
        let body = Body::Certify(Certify::new(&list, "text/plain").unwrap());
        let ledger = Some(LedgerId(Hash([1; 32])));
        let key = SigningKey::from_seed(&[9; 32]);
        let statement = Statement::sign(&key, "energie.example", ledger, 1, body);
        Signed { statement, list, documents }
    }

    #[test]
    fn a_batch_comes_back_as_it_was_even_in_a_moved_tree() {
        let dir = tempfile::tempdir().unwrap();
        let old = dir.path().join("old");
        fs::create_dir(&old).unwrap();
        let place = place_for(std::slice::from_ref(&old)).unwrap();
        assert_eq!(place, old.join(FOLDER));
        let spool = Spool::open(&place).unwrap();
        let odd = OsStr::from_bytes(b"n\xffn-utf-8\n");
        let signed = signed(&[old.join("a"), old.join(odd), "/elsewhere".into()]);
        let leaf = signed.statement.leaf();
        spool.put(0, signed).unwrap();
        spool.close();
        drop(spool);
        let new = dir.path().join("new");
        fs::rename(&old, &new).unwrap();
        let spool = Spool::open(&place_for(&[new.join("a")]).unwrap()).unwrap();
        let file = spool.waiting().unwrap().pop().unwrap();
        let back = spool.read(7, file).unwrap();
        assert_eq!((back.number, back.statement.leaf()), (7, leaf));
        let mut paths: Vec<_> = back.documents.values().flatten().cloned().collect();
        paths.sort();
        assert_eq!(paths, ["/elsewhere".into(), new.join("a"), new.join(odd)]);
        back.forget().unwrap();
        spool.close();
        assert!(!new.join(FOLDER).exists());
    }

    #[test]
    fn one_run_at_a_time_and_every_cut_is_damage() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(&dir.path().join(FOLDER)).unwrap();
        assert!(matches!(Spool::open(&dir.path().join(FOLDER)), Err(Error::Busy { .. })));
        let spooled = spool.put(0, signed(&["/a".into()])).unwrap();
        let bytes = fs::read(&spooled.file).unwrap();
        for cut in (0..bytes.len()).filter(|cut| *cut != bytes.len() - 44) {
            assert!(spool.decode(&bytes[..cut]).is_none(), "cut at {cut}");
        }
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
