//! `export.json`: how far an export is there. It is written after what it speaks of, so that it may
//! say too little and never too much.

use probant_core::{Hash, key::PublicKey, ml_dsa};
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
    /// What a second signature takes, if the ledger has a key for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ml_dsa: Option<MlDsa>,
}

/// The ML-DSA-44 key that signs checkpoints, and when the newest block was sealed: its signature says
/// that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MlDsa {
    /// Hex.
    note_key: String,
    /// Seconds since 1970.
    time_s: u64,
}

impl Written {
    /// That of a ledger after some block: its height and time, the size of the tree, and the root.
    pub fn new(
        keys: &Keys,
        ledger: Hash,
        (height, time_ms): (u64, u64),
        (size, root): (u64, Hash),
    ) -> Self {
        let hex = |key: &PublicKey| hex::encode(key.as_bytes());
        let (origin, ledger, root) =
            (keys.origin.to_string(), ledger.to_string(), root.to_string());
        let (seal_key, note_key) = (hex(&keys.seal), hex(&keys.note));
        let second = |key: &ml_dsa::PublicKey| MlDsa {
            note_key: hex::encode(key.as_bytes()),
            time_s: time_ms / 1000,
        };
        let ml_dsa = keys.note_ml_dsa.as_ref().map(second);
        Self { origin, ledger, height, size, root, seal_key, note_key, ml_dsa }
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

    /// When the newest block was sealed, in seconds since 1970; 0 where nothing says that.
    pub fn time_s(&self) -> u64 {
        self.ml_dsa.as_ref().map_or(0, |of| of.time_s)
    }

    /// Name and keys.
    ///
    /// # Errors
    /// None once it was read.
    pub fn keys(&self) -> Result<Keys, Error> {
        let key = |name, text| Ok::<_, Error>(PublicKey::from_bytes(&hash(name, text)?.0)?);
        let origin = self.origin.parse()?;
        let (seal, note) = (key("seal_key", &self.seal_key)?, key("note_key", &self.note_key)?);
        let second = |of: &MlDsa| {
            let mut bytes = [0; ml_dsa::PUBLIC_KEY_BYTES];
            let wrong = |_| Error::Stop("note_key of ml_dsa is not 2,624 hex digits".into());
            hex::decode_to_slice(&of.note_key, &mut bytes).map_err(wrong)?;
            Ok::<_, Error>(ml_dsa::PublicKey::from_bytes(&bytes))
        };
        let note_ml_dsa = self.ml_dsa.as_ref().map(second).transpose()?;
        Ok(Keys { origin, seal, note, note_ml_dsa })
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
