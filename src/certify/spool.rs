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
    fs, io,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use probant_core::{
    Fingerprint, List, Statement, list::LIST_COUNT_MAX, statement::SUBMISSION_BYTES_MAX,
};

use super::{
    batches::{Documents, Signed},
    folder::Folder,
};
use crate::{
    Error, durable,
    planted::{self, FileId},
};

const MAGIC: &[u8] = b"probant spool 1\n";
const EXTENSION: &str = "batch";
const REFUSED_EXTENSION: &str = "refused";
/// Longest path that Linux opens.
const PATH_BYTES_MAX: usize = 4096;
/// Longest file of a batch.
const BATCH_BYTES_MAX: usize =
    64 + SUBMISSION_BYTES_MAX + LIST_COUNT_MAX * (Fingerprint::BYTES + 8 + PATH_BYTES_MAX);

/// A batch on its way, and its file.
pub struct Spooled {
    /// Number of the batch in this run; none if an earlier one left it.
    pub number: Option<usize>,
    pub statement: Statement,
    pub list: List,
    pub documents: Documents,
    file: PathBuf,
}

/// The folder, and what is done in it.
pub struct Spool {
    folder: Folder,
    /// What paths are relative to.
    base: PathBuf,
}

/// The files of batches that wait in a spool.
pub fn batches_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new(EXTENSION)) {
            files.push(path);
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// The documents of a batch that waits; none of what is no batch.
pub fn list_of(file: &Path) -> Option<List> {
    let bytes = planted::read(file, BATCH_BYTES_MAX).ok()?;
    split(&bytes).map(|(_, list, _)| list)
}

/// What was signed, and the files whose proofs it will give.
fn split(bytes: &[u8]) -> Option<(Statement, List, &[u8])> {
    let (length, rest) = bytes.strip_prefix(MAGIC)?.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (submission, rest) = rest.split_at_checked(length)?;
    let (statement, list) = Statement::decode_submission(submission).ok()?;
    Some((statement, list?, rest))
}

impl Spooled {
    /// Where it waits.
    pub fn file(&self) -> &Path {
        &self.file
    }

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
    /// Opens the folder, or makes one.
    ///
    /// # Errors
    /// Those of [`Folder::open`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let folder = Folder::open(path)?;
        let base = folder.path().parent().unwrap_or(folder.path()).to_owned();
        Ok(Self { folder, base })
    }

    /// Which folder it is.
    pub fn id(&self) -> FileId {
        self.folder.id()
    }

    /// Puts a signed batch on disk: from here on it will be sent, whatever happens.
    ///
    /// # Errors
    /// [`Error::Stop`] if it cannot be made durable.
    pub fn put(&self, number: usize, signed: Signed) -> Result<Spooled, Error> {
        let Signed { statement, list, documents } = signed;
        let file = self.folder.path().join(format!("{}.{EXTENSION}", statement.leaf()));
        let bytes = self.encode(&statement.to_submission(Some(&list)), &documents);
        durable::replace_file(&file, &bytes, 0o600)?;
        Ok(Spooled { number: Some(number), statement, list, documents, file })
    }

    /// The files of batches that earlier runs left.
    ///
    /// # Errors
    /// [`Error::Input`] if the folder cannot be read.
    pub fn waiting(&self) -> Result<Vec<PathBuf>, Error> {
        batches_in(self.folder.path()).map_err(Error::file(self.folder.path()))
    }

    /// Reads a batch that waited; the inverse of [`Spool::put`].
    ///
    /// # Errors
    /// [`Error::Stop`] for a damaged file: what it was may have been sealed.
    pub fn read(&self, file: PathBuf) -> Result<Spooled, Error> {
        let bytes = planted::read(&file, BATCH_BYTES_MAX).map_err(Error::file(&file))?;
        let (statement, list, documents) = self.decode(&bytes).ok_or_else(|| {
            let name = file.display();
            Error::Stop(format!("{name}: this signed batch is damaged; look, then move it away"))
        })?;
        Ok(Spooled { number: None, statement, list, documents, file })
    }

    /// Leaves nothing behind when nothing waits.
    pub fn close(&self) {
        if self.waiting().is_ok_and(|files| files.is_empty()) {
            self.forget_unfinished();
            self.folder.remove();
        }
    }

    /// What was killed while it was written was never sent.
    fn forget_unfinished(&self) {
        let unfinished = durable::unfinished(Path::new(EXTENSION));
        for file in fs::read_dir(self.folder.path()).into_iter().flatten().flatten() {
            if file.file_name().to_string_lossy().ends_with(&*unfinished.to_string_lossy()) {
                let _ = fs::remove_file(file.path());
            }
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
        let (statement, list, mut rest) = split(bytes)?;
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
        let listed = documents.keys().all(|fingerprint| list.position(fingerprint).is_some());
        listed.then_some((statement, list, documents))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certify::folder::{FOLDER, place_for};
    use probant_core::{
        Fingerprints, Hash, LedgerId,
        key::SigningKey,
        statement::{Body, Certify},
    };

    #[test]
    fn what_was_killed_while_it_was_written_is_not_left_over() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(&dir.path().join(FOLDER)).unwrap();
        fs::write(dir.path().join(FOLDER).join("00.batch.new"), "half").unwrap();
        spool.close();
        assert!(!dir.path().join(FOLDER).exists());
    }

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
        let back = spool.read(file).unwrap();
        assert_eq!((back.number, back.statement.leaf()), (None, leaf));
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
    fn a_document_that_is_not_in_the_list_is_damage() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(&dir.path().join(FOLDER)).unwrap();
        let Signed { statement, list, mut documents } = signed(&["/a".into()]);
        documents.insert(Fingerprints::of(b"other").blake3, vec!["/other".into()]);
        let spooled = spool.put(0, Signed { statement, list, documents }).unwrap();
        assert!(matches!(spool.read(spooled.file), Err(Error::Stop(_))));
    }
}
