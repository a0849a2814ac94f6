//! A file that one process at a time holds: the system lets go of it with the process, however that
//! ends. What the file is, and who may have made it, is the caller's business.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use crate::Error;

/// Holds an open file for as long as it stays open.
///
/// # Errors
/// `taken` where another process holds it; [`Error::Input`] where it cannot be held.
pub fn hold(file: File, path: &Path, taken: impl FnOnce() -> Error) -> Result<File, Error> {
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(taken()),
        Err(TryLockError::Error(error)) => Err(Error::file(path)(error)),
    }
}
