//! The ledger's own private keys that this node holds: those in force, and those that are to
//! replace them. A node that does not hold a key refuses the statement that puts it into force.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use probant_core::key::{Kid, SigningKey, Use};

use crate::{Error, keyfile};

/// Seal and note keys by their names. Operator and recovery keys are none of a node's business.
pub struct Keyring {
    held: Mutex<HashMap<Kid, SigningKey>>,
    /// Where keys that are to replace others are put.
    dir: Option<PathBuf>,
}

impl Keyring {
    /// These keys, and no others.
    pub fn of(keys: impl IntoIterator<Item = SigningKey>) -> Self {
        let held = keys.into_iter().map(|key| (key.public().kid(), key)).collect();
        Self { held: Mutex::new(held), dir: None }
    }

    /// The keys in the files `seal*.pem` and `note*.pem` of a directory, read when they are asked
    /// for.
    pub fn in_directory(dir: &Path) -> Self {
        Self { held: Mutex::default(), dir: Some(dir.to_owned()) }
    }

    /// The private half of a key.
    ///
    /// # Errors
    /// [`Error::Input`] if this node does not hold it.
    pub fn get(&self, r#use: Use, kid: Kid) -> Result<SigningKey, Error> {
        if let Some(key) = self.held().get(&kid) {
            return Ok(key.clone());
        }
        self.read(r#use, kid)
    }

    /// The same from its file as that is now: what is only remembered is gone after a restart.
    ///
    /// # Errors
    /// Those of [`Keyring::get`].
    pub fn read(&self, r#use: Use, kid: Kid) -> Result<SigningKey, Error> {
        let Some(dir) = &self.dir else {
            let missing =
                || Error::input(format!("this node does not hold {} {kid}", r#use.name()));
            return self.held().get(&kid).cloned().ok_or_else(missing);
        };
        // A file that cannot be read is none of anybody's business who asks for another key.
        let mut unread = Vec::new();
        for path in files(dir, r#use)? {
            match keyfile::read(&path) {
                Ok(key) if key.public().kid() == kid => {
                    self.held().insert(kid, key.clone());
                    return Ok(key);
                }
                Ok(_) => {}
                Err(why) => unread.push(format!("; not read: {why}")),
            }
        }
        let name = r#use.name();
        Err(Error::input(format!(
            "{}: neither this nor another {name}*.pem beside it holds the {name} key {kid}: wrong \
             directory of keys? --keys names the one that `probant init` made{}",
            dir.join(format!("{name}.pem")).display(),
            unread.concat()
        )))
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Kid, SigningKey>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The files that may hold keys for a use.
fn files(dir: &Path, r#use: Use) -> Result<Vec<PathBuf>, Error> {
    let failed = |error: std::io::Error| Error::input(format!("{}: {error}", dir.display()));
    let entries = dir.read_dir().map_err(failed)?;
    let mut paths = entries
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    paths.retain(|path| {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with(r#use.name()) && path.extension().is_some_and(|end| end == "pem")
    });
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_that_cannot_be_read_hides_no_other_key_and_is_named_where_one_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let key = keyfile::create(&dir.path().join("seal-2.pem")).unwrap();
        fs::write(dir.path().join("seal.pem"), "half of a key").unwrap();
        let keys = Keyring::in_directory(dir.path());
        assert!(keys.get(Use::Seal, key.public().kid()).is_ok());
        let missing = keys.get(Use::Seal, Kid::ZERO).err().unwrap().to_string();
        assert!(missing.contains("seal.pem: others than its owner"), "{missing}");
        assert!(keys.read(Use::Note, key.public().kid()).is_err(), "it is no note*.pem");
    }

    #[test]
    fn a_key_that_was_deleted_is_no_longer_there_when_it_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let (path, keys) = (dir.path().join("seal.pem"), Keyring::in_directory(dir.path()));
        let kid = keyfile::create(&path).unwrap().public().kid();
        assert!(keys.read(Use::Seal, kid).is_ok() && keys.get(Use::Seal, kid).is_ok());
        fs::remove_file(&path).unwrap();
        assert!(keys.read(Use::Seal, kid).is_err());
        assert!(keys.get(Use::Seal, kid).is_ok(), "what seals now goes on");
    }
}
