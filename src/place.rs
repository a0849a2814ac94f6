//! Where files lie that anybody may be handed: a directory, a bucket of an object store, or whatever
//! a web server serves of either. They have names and bytes, and mean nothing here.
//!
//! A file is there whole or not at all, also after a power cut, and all that [`Place::put`] was given
//! is there when it returns.

mod direct;
mod folder;
mod objects;
mod site;

use probant_core::framing::{RECORD_BYTES_MAX, record_bytes};

use crate::Error;

pub use folder::Folder;
pub use objects::Objects;
pub use site::Site;

/// The place that a URL or a path names, to be read: `s3://bucket/prefix`, `https://…`, or a directory.
///
/// # Errors
/// [`Error::Input`] for a URL that is none.
pub fn open(name: &str) -> Result<Box<dyn Place>, Error> {
    if name.starts_with(objects::SCHEME) {
        return Ok(Box::new(Objects::open(name)?));
    }
    if name.starts_with("http://") || name.starts_with("https://") {
        return Ok(Box::new(Site::open(name)?));
    }
    Ok(Box::new(Folder::open(name.as_ref())))
}

/// The same to be written to: a bucket, or a directory.
///
/// # Errors
/// [`Error::Input`] for a URL of anything else; those of [`Folder::create`].
pub fn create(name: &str) -> Result<Box<dyn Place>, Error> {
    if name.starts_with(objects::SCHEME) {
        return Ok(Box::new(Objects::open(name)?));
    }
    if name.contains("://") {
        let why = "nothing can be put there: name a directory, or s3://bucket/prefix";
        return Err(Error::input(format!("{name}: {why}")));
    }
    Ok(Box::new(Folder::create(name.as_ref())?))
}

/// Longest file that is read: a block in its frame.
pub const FILE_BYTES_MAX: usize = record_bytes(RECORD_BYTES_MAX);

/// A file on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Parts separated by slashes, each of `a-z 0-9 . -`.
    pub path: String,
    /// All of it.
    pub bytes: Vec<u8>,
    /// Whether it will never be another: then whoever serves it may say so.
    pub is_final: bool,
}

/// Files by name.
pub trait Place: Send + Sync {
    /// What people call it.
    fn name(&self) -> String;

    /// A file; none where there is none of this name.
    ///
    /// # Errors
    /// `Busy` where another try may do, `Stop` where it is there and cannot be read.
    fn get(&self, path: &str) -> Result<Option<Vec<u8>>, Error>;

    /// Puts files there, each in the place of one that is there. The caller has no two of one name, and
    /// alone writes here.
    ///
    /// # Errors
    /// `Stop`, or `Busy` where another try may do: any of them may be there.
    fn put(&self, files: Vec<File>) -> Result<(), Error>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_put_where_only_reading_is_possible_or_what_it_is_nobody_knows() {
        for name in ["https://ledger.example/", "http://127.0.0.1:1", "gs://bucket/ledger", "://"] {
            let refused = create(name).err().expect(name);
            assert!(matches!(&refused, Error::Input(why) if why.contains("s3://")), "{refused}");
        }
    }
}
