//! What an operator chose for a data directory: `settings.json`, which may be edited while no
//! process has the directory open.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::index::Engine;
use crate::{durable, store::StoreError};

const FILE: &str = "settings.json";

/// The choices; a missing file means the default of each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    /// Which engine holds the look-up index.
    pub index: Engine,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    index: String,
}

impl Settings {
    /// Reads the settings of a directory.
    ///
    /// # Errors
    /// [`StoreError::Input`] for a file that says something else.
    pub fn read(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(StoreError::io(format!("read {}", path.display()))(error)),
        };
        let wire: Wire = serde_json::from_str(&text)
            .map_err(|error| StoreError::Input(format!("{}: {error}", path.display())))?;
        Ok(Self { index: wire.index.parse()? })
    }

    /// Writes them.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn write(&self, dir: &Path) -> Result<(), StoreError> {
        let wire = Wire { index: self.index.to_string() };
        let text = serde_json::to_string_pretty(&wire).expect("a string is JSON");
        Ok(durable::replace_file(&dir.join(FILE), format!("{text}\n").as_bytes(), 0o644)?)
    }
}
