//! What a monitor remembers: up to which block everything was delivered, and what it has said that no
//! block can tell it again. One file, replaced as a whole.
//!
//! A crash at any time leaves the file of before: what was reported since is reported again, with the
//! same ids.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read as _},
    path::{Path, PathBuf},
};

use probant_core::{Identity, IssuerId};
use serde::{Deserialize, Serialize};

use super::report::{Report, SealedHead};
use crate::{Error, domain::Confirmation, durable, lock};

const FORMAT: &str = "probant monitor state 1";
/// Longest state that is read: reports that wait, and no more than a queue of them.
const FILE_BYTES_MAX: u64 = 64 << 20;
const MODE: u32 = 0o644;

/// What is remembered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    format: String,
    /// The issuer that is watched.
    pub issuer: String,
    /// The ledger; none until it was asked.
    pub ledger: Option<String>,
    /// The newest block of which every report was delivered.
    pub head: Option<SealedHead>,
    /// The domain's word that was reported last.
    pub domain: Option<Confirmation>,
    /// Whether it was reported that the ledger shows less than before, and not yet that it is over.
    pub behind: bool,
    /// The same for a ledger that seals nothing.
    pub stale: bool,
    /// Reports of what no block says, not yet delivered.
    pub pending: Vec<Report>,
}

/// The file, held by one monitor.
pub struct StateFile {
    path: PathBuf,
    /// As it is on disk.
    saved: Option<State>,
    /// Locked while this lives.
    _lock: File,
}

impl StateFile {
    /// Opens the file, or begins one.
    ///
    /// # Errors
    /// [`Error::Input`] for a file that is none, is of another issuer, or is in use.
    pub fn open(path: &Path, issuer: &IssuerId) -> Result<(Self, State), Error> {
        let lock = lock(path)?;
        let saved = read(path)?;
        let fresh = || State {
            format: FORMAT.into(),
            issuer: issuer.to_string(),
            ledger: None,
            head: None,
            domain: None,
            behind: false,
            stale: false,
            pending: Vec::new(),
        };
        let state = saved.clone().unwrap_or_else(fresh);
        if state.issuer != issuer.as_str() {
            let (name, found) = (path.display(), &state.issuer);
            let why = format!("{name} is the state of a monitor of {found}: give another --state");
            return Err(Error::input(why));
        }
        Ok((Self { path: path.to_owned(), saved, _lock: lock }, state))
    }

    /// Where the replay is kept: beside it.
    pub fn replay(&self) -> PathBuf {
        with_extension(&self.path, "replay")
    }

    /// Makes it durable, where it is another than on disk.
    ///
    /// # Errors
    /// [`Error::Stop`] where that fails.
    pub fn save(&mut self, state: &State) -> Result<(), Error> {
        if self.saved.as_ref() == Some(state) {
            return Ok(());
        }
        let text = serde_json::to_string_pretty(state).expect("these values have string keys");
        durable::replace_file(&self.path, format!("{text}\n").as_bytes(), MODE)?;
        self.saved = Some(state.clone());
        Ok(())
    }
}

impl State {
    /// Takes the ledger for the one that is watched from now on.
    ///
    /// # Errors
    /// [`Error::Input`] where it was another.
    pub fn pin(&mut self, ledger: &Identity, path: &Path) -> Result<(), Error> {
        let ledger = ledger.to_string();
        if let Some(known) = self.ledger.as_ref().filter(|known| **known != ledger) {
            let (name, other) = (path.display(), "give another --state");
            let why = format!("{name} is the state of a monitor of ledger {known}, not {ledger}");
            return Err(Error::input(format!("{why}: {other}")));
        }
        self.ledger = Some(ledger);
        Ok(())
    }

    /// The ledger that is watched, if it was asked before.
    pub fn identity(&self) -> Option<Identity> {
        self.ledger.as_ref()?.parse().ok()
    }
}

fn with_extension(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(format!(".{extension}"));
    name.into()
}

/// Two monitors would each undo what the other remembers.
fn lock(path: &Path) -> Result<File, Error> {
    let name = with_extension(path, "lock");
    let lock = File::options().create(true).append(true).open(&name);
    let lock = lock.map_err(Error::file(&name))?;
    let taken = || Error::input(format!("{} is in use by another monitor", path.display()));
    lock::hold(lock, &name, taken)
}

fn read(path: &Path) -> Result<Option<State>, Error> {
    let mut text = String::new();
    match fs::File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file
            .and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text))
            .map_err(Error::file(path))?,
    };
    let wrong = |why: String| {
        Error::input(format!(
            "{} is no state of a monitor: {why}; move it away to begin anew, from block 0",
            path.display()
        ))
    };
    let state: State = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if state.format != FORMAT {
        return Err(wrong(format!("the format is not {FORMAT:?}")));
    }
    Ok(Some(state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_saved_by_one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        let id: IssuerId = "energie.example".parse().unwrap();
        let (mut file, mut state) = StateFile::open(&path, &id).unwrap();
        state.stale = true;
        file.save(&state).unwrap();
        let second = StateFile::open(&path, &id).map(drop).unwrap_err();
        assert!(second.to_string().contains("in use"), "{second}");
        drop(file);
        assert_eq!(StateFile::open(&path, &id).unwrap().1, state);
        let other = StateFile::open(&path, &"autre.example".parse().unwrap()).map(drop);
        assert!(other.unwrap_err().to_string().contains("give another --state"));
        let ledger = |byte: &str| format!("ledger.example+{}", byte.repeat(32)).parse().unwrap();
        state.pin(&ledger("ab"), &path).unwrap();
        state.pin(&ledger("ab"), &path).unwrap();
        assert!(state.pin(&ledger("cd"), &path).is_err());
        for text in ["", "{}", "{\"format\":", "[]"] {
            fs::write(&path, text).unwrap();
            let refused = StateFile::open(&path, &id).map(drop).unwrap_err().to_string();
            assert!(refused.contains("move it away"), "{refused}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }
}
