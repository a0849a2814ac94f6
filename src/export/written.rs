//! `export.json`: how far an export is there. It is written after what it speaks of, so that it may
//! say too little and never too much.

use probant_core::{Hash, key::PublicKey};
use serde::{Deserialize, Serialize};

use super::Keys;
use crate::{
    Error,
    place::{File, Place},
};

const PATH: &str = "export.json";

/// What is there, up to and with a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// The name of the ledger.
    pub origin: String,
    /// Its id, hex.
    ledger: String,
    /// Number of the newest block, from 0.
    pub height: u64,
    /// Entries in the tree after it.
    pub size: u64,
    /// Root of that tree, hex.
    root: String,
    /// The key that seals the next block, hex.
    seal_key: String,
    /// The key that signs checkpoints, hex.
    note_key: String,
}

impl Written {
    /// That of a ledger after some block: its height, the size of the tree, and the root.
    pub fn new(keys: &Keys, ledger: Hash, (height, size, root): (u64, u64, Hash)) -> Self {
        let hex = |key: &PublicKey| hex::encode(key.as_bytes());
        let (origin, ledger, root) =
            (keys.origin.to_string(), ledger.to_string(), root.to_string());
        let (seal_key, note_key) = (hex(&keys.seal), hex(&keys.note));
        Self { origin, ledger, height, size, root, seal_key, note_key }
    }

    /// What an earlier run left at a place; none where none did.
    ///
    /// # Errors
    /// [`Error::Stop`] for what no run wrote.
    pub fn read(place: &dyn Place) -> Result<Option<Self>, Error> {
        let Some(bytes) = place.get(PATH)? else { return Ok(None) };
        let read: Self = serde_json::from_slice(&bytes).map_err(|why| damaged(place, &why))?;
        let checked = read.ledger().and(read.root()).and(read.keys());
        checked.map_err(|why| damaged(place, &why))?;
        Ok(Some(read))
    }

    /// The file.
    pub fn file(&self) -> File {
        let mut bytes = serde_json::to_vec_pretty(self).expect("numbers and text are JSON");
        bytes.push(b'\n');
        File { path: PATH.into(), bytes, is_final: false }
    }

    /// The id of the ledger.
    ///
    /// # Errors
    /// Like those of the other fields, none once it was read.
    pub fn ledger(&self) -> Result<Hash, Error> {
        hash("ledger", &self.ledger)
    }

    /// Root of the tree.
    ///
    /// # Errors
    /// None once it was read.
    pub fn root(&self) -> Result<Hash, Error> {
        hash("root", &self.root)
    }

    /// Name and keys.
    ///
    /// # Errors
    /// None once it was read.
    pub fn keys(&self) -> Result<Keys, Error> {
        let key = |name, text| Ok::<_, Error>(PublicKey::from_bytes(&hash(name, text)?.0)?);
        let origin = self.origin.parse()?;
        let (seal, note) = (key("seal_key", &self.seal_key)?, key("note_key", &self.note_key)?);
        Ok(Keys { origin, seal, note })
    }
}

fn hash(name: &str, text: &str) -> Result<Hash, Error> {
    let wrong = || Error::Stop(format!("{name} is not 64 hex digits"));
    Hash::from_hex(text).ok_or_else(wrong)
}

fn damaged(place: &dyn Place, why: &dyn std::fmt::Display) -> Error {
    Error::Stop(format!(
        "{}/{PATH}: {why}; delete that file, and the next run writes everything again",
        place.name()
    ))
}
