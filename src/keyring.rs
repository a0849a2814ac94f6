//! The ledger's own private keys that this node holds: those in force, and those that are to
//! replace them. A node that does not hold a key refuses the statement that puts it into force.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
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
    /// [`Error::Input`] if this node does not hold it, or a file that may hold it cannot be read.
    pub fn get(&self, r#use: Use, kid: Kid) -> Result<SigningKey, Error> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = held.get(&kid) {
            return Ok(key.clone());
        }
        for path in self.files(r#use)? {
            let key = keyfile::read(&path)?;
            held.insert(key.public().kid(), key);
        }
        held.get(&kid).cloned().ok_or_else(|| self.missing(r#use, kid))
    }

    fn files(&self, r#use: Use) -> Result<Vec<PathBuf>, Error> {
        let Some(dir) = &self.dir else { return Ok(Vec::new()) };
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

    fn missing(&self, r#use: Use, kid: Kid) -> Error {
        let name = r#use.name();
        Error::input(match &self.dir {
            Some(dir) => format!(
                "{}: neither this nor another {name}*.pem beside it holds the {name} key {kid}: \
                 wrong directory of keys? --keys names the one that `probant init` made",
                dir.join(format!("{name}.pem")).display()
            ),
            None => format!("this node does not hold the {name} key {kid}"),
        })
    }
}
