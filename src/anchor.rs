//! Anchors: heads of a ledger with a timestamp of an authority over each. What was sealed under such a
//! head existed no later than the authority says, whoever holds the ledger's keys.
//!
//! Stamped is the text of the checkpoint, origin, size and root with the newline at its end, and not
//! the note: signatures are added to that later. So a timestamp is checked against a size and a root
//! alone, wherever they come from.
//!
//! A folder of anchors has two files for each size: `<size>.note`, the signed checkpoint, and
//! `<size>.tsr`, the authority's reply. The reply comes last: where it is, the note is. Whether it is
//! worth anything was verified before it was kept, and is for whoever reads it to verify again.

mod anchored;
mod authority;
mod listing;

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use probant_core::note::NOTE_BYTES_MAX;

use crate::{Error, durable, planted, timestamp::REPLY_BYTES_MAX};

pub use anchored::{ANCHORED_BYTES_MAX, Anchored, carried, existed};
pub use authority::Authority;
pub use listing::Listing;

/// The extension of replies.
const REPLY: &str = "tsr";
/// The extension of signed checkpoints.
const NOTE: &str = "note";
const MODE: u32 = 0o644;

/// A folder of anchors of one ledger, by one authority. Whoever writes there is alone.
#[derive(Clone, Debug)]
pub struct Anchors(PathBuf);

impl Anchors {
    /// In this folder, which need not be there yet.
    pub fn at(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// The heads that have a timestamp, by their sizes, the newest first.
    ///
    /// # Errors
    /// [`Error::Input`] for a folder that cannot be read; one that is not there holds none.
    pub fn sizes(&self) -> Result<Vec<u64>, Error> {
        let files = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            files => files.map_err(Error::file(&self.0))?,
        };
        let names = files.map(|file| file.map(|file| file.file_name()));
        let names = names.collect::<Result<Vec<_>, _>>().map_err(Error::file(&self.0))?;
        let mut sizes: Vec<_> = names.iter().filter_map(|name| size(name.to_str()?)).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        Ok(sizes)
    }

    /// The authority's reply over the head of this size, if there is one.
    ///
    /// # Errors
    /// [`Error::Input`] for a file that cannot be read, or is longer than a reply.
    pub fn reply(&self, size: u64) -> Result<Option<Vec<u8>>, Error> {
        self.read(size, REPLY, REPLY_BYTES_MAX)
    }

    /// The signed checkpoint of this size, if there is one.
    ///
    /// # Errors
    /// [`Error::Input`] for a file that cannot be read, or is longer than a note.
    pub fn note(&self, size: u64) -> Result<Option<Vec<u8>>, Error> {
        self.read(size, NOTE, NOTE_BYTES_MAX)
    }

    fn read(&self, size: u64, extension: &str, limit: usize) -> Result<Option<Vec<u8>>, Error> {
        let path = self.path(size, extension);
        match planted::read(&path, limit) {
            Ok(bytes) if bytes.len() > limit => {
                Err(Error::input(format!("{} is longer than {limit} bytes", path.display())))
            }
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::file(&path)(error)),
        }
    }

    /// Makes the folder, or finds that it can be written to: before an authority is asked.
    ///
    /// # Errors
    /// [`Error::Input`] where there is no place for it.
    pub fn make(&self) -> Result<(), Error> {
        durable::create_dir(&self.0).map_err(|failed| Error::input(failed.to_string()))
    }

    /// Keeps a reply and the note of its head, and gives the reply's path. A crash on the way leaves
    /// the note alone, which is no anchor yet.
    ///
    /// # Errors
    /// [`Error::Stop`] where they could not be made durable.
    pub fn keep(&self, size: u64, note: &str, reply: &[u8]) -> Result<PathBuf, Error> {
        durable::replace_file(&self.path(size, NOTE), note.as_bytes(), MODE)?;
        let path = self.path(size, REPLY);
        durable::replace_file(&path, reply, MODE)?;
        Ok(path)
    }

    fn path(&self, size: u64, extension: &str) -> PathBuf {
        self.0.join(format!("{size}.{extension}"))
    }
}

/// The size that a file name of a reply says, in its one spelling.
fn size(name: &str) -> Option<u64> {
    let text = name.strip_suffix(REPLY)?.strip_suffix('.')?;
    text.parse().ok().filter(|size: &u64| size.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_lists_replies_that_are_named_by_their_size() {
        let dir = tempfile::tempdir().unwrap();
        let anchors = Anchors::at(&dir.path().join("anchors"));
        assert!(anchors.sizes().unwrap().is_empty());
        assert!(anchors.reply(9).unwrap().is_none());
        anchors.make().unwrap();
        for size in [9, 100, 20] {
            anchors.keep(size, "a note", b"a reply").unwrap();
        }
        for stray in ["7.note", "007.tsr", "+8.tsr", "x.tsr", "12.tsr.new", ".tsr", "tsr"] {
            fs::write(dir.path().join("anchors").join(stray), b"").unwrap();
        }
        assert_eq!(anchors.sizes().unwrap(), [100, 20, 9]);
        assert_eq!(anchors.reply(20).unwrap().as_deref(), Some(&b"a reply"[..]));
        assert_eq!(anchors.note(20).unwrap().as_deref(), Some(&b"a note"[..]));
        fs::write(dir.path().join("anchors/30.tsr"), vec![0; REPLY_BYTES_MAX + 1]).unwrap();
        assert!(anchors.reply(30).is_err());
    }
}
