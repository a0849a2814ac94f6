//! What has fallen: the status of documents, keys and issuers, in one sparse Merkle map whose root
//! every block states (format.md 6.1).
//!
//! An empty slot says that nothing has fallen there. What is in a slot is replaced, never deleted.
//! Which statement changes which slot is for the registry; here are names, values, nodes and paths.

mod account;
mod kept;
mod map;
mod path;
mod slot;
mod standing;
mod words;

use sha2::{Digest as _, Sha256};

use crate::{
    Fingerprint, Hash, Rejected,
    cbor::{self, Reader, Writer},
    key::Kid,
};

pub use account::{Account, Certification};
pub use kept::Kept;
pub use map::{Growth, Inner, Leaf, Link, Map, Nodes};
pub use path::{Found, StatusPath, read_paths, write_paths};
pub use slot::Slot;
pub use standing::Standing;
pub use words::{IssuerState, KeyState, Reason};

/// What a slot holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// Of a document that has fallen.
    Document(Fall),
    /// Of a key.
    Key(KeyStatus),
    /// Of an issuer.
    Issuer(IssuerStatus),
}

/// How a document fell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fall {
    /// Index of the entry that felled it.
    pub entry: u64,
    /// When that was sealed.
    pub time_ms: u64,
    /// The key that signed that: a fall by a key that was void does not stand.
    pub kid: Kid,
    /// Why, in the issuer's words.
    pub reason: Reason,
    /// What stands in its place; there if and only if the reason is [`Reason::Superseded`].
    pub replacement: Option<Fingerprint>,
}

/// What has become of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyStatus {
    /// What it is now.
    pub state: KeyState,
    /// From when on.
    pub since_ms: u64,
    /// Index of the entry that says so.
    pub entry: u64,
    /// The key that signed that.
    pub by: Kid,
}

/// What has become of an issuer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IssuerStatus {
    /// What it is now.
    pub state: IssuerState,
    /// From when on.
    pub since_ms: u64,
    /// Index of the entry that says so.
    pub entry: u64,
    /// The key that signed that.
    pub by: Kid,
}

impl KeyStatus {
    /// Whether what the key signed, sealed at this time, counts as never said.
    pub fn voids(&self, time_ms: u64) -> bool {
        match self.state {
            KeyState::Void => true,
            KeyState::Compromised => self.since_ms <= time_ms,
            KeyState::Current | KeyState::Retired | KeyState::Stopped => false,
        }
    }
}

impl Status {
    /// The value: its one encoding.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Document(fall) => fall.encode(),
            Self::Key(KeyStatus { state, since_ms, entry, by }) => {
                encode_state(state.name(), *since_ms, *entry, by)
            }
            Self::Issuer(IssuerStatus { state, since_ms, entry, by }) => {
                encode_state(state.name(), *since_ms, *entry, by)
            }
        }
    }

    /// The inverse of [`Status::encode`]. That the kind is that of the slot is for the caller to
    /// compare: a slot does not tell.
    ///
    /// # Errors
    /// [`Rejected::Malformed`], [`Rejected::Field`] and, for a replacement,
    /// [`Rejected::Fingerprint`].
    pub fn decode(value: &[u8]) -> Result<Self, Rejected> {
        cbor::check(value, "status")?;
        let mut reader = Reader::new(value, "status");
        match reader.map()? {
            5 => Fall::decode(reader).map(Self::Document),
            4 => decode_state(reader),
            count => Err(reader.malformed(format!("a map of 4 or 5 expected, here are {count}"))),
        }
    }

    /// SHA-256(value): all that a leaf holds of it.
    pub fn digest(&self) -> Hash {
        Hash(Sha256::digest(self.encode()).into())
    }
}

impl Fall {
    fn encode(&self) -> Vec<u8> {
        let writer = Writer::with_capacity(128).map(5).uint(1).uint(self.entry);
        let writer = writer.uint(2).uint(self.time_ms).uint(3).bytes(&self.kid.0);
        let writer = writer.uint(4).text(self.reason.name()).uint(5);
        match &self.replacement {
            Some(fingerprint) => writer.bytes(fingerprint.as_bytes()),
            None => writer.null(),
        }
        .finish()
    }

    fn decode(mut reader: Reader<'_>) -> Result<Self, Rejected> {
        reader.key(1)?;
        let entry = reader.uint()?;
        reader.key(2)?;
        let time_ms = reader.uint()?;
        reader.key(3)?;
        let kid = reader.hash()?;
        reader.key(4)?;
        let reason: Reason = reader.text()?.parse()?;
        reader.key(5)?;
        let replacement =
            reader.null_or(|reader| reader.bytes().and_then(Fingerprint::from_bytes))?;
        reader.finish()?;
        if replacement.is_some() != (reason == Reason::Superseded) {
            let why = "there if and only if the reason is superseded";
            return Err(Rejected::field("status", "replacement", why));
        }
        Ok(Self { entry, time_ms, kid, reason, replacement })
    }
}

fn encode_state(state: &str, since_ms: u64, entry: u64, by: &Kid) -> Vec<u8> {
    let writer = Writer::with_capacity(80).map(4).uint(1).text(state);
    writer.uint(2).uint(since_ms).uint(3).uint(entry).uint(4).bytes(&by.0).finish()
}

/// Of a key or of an issuer: no word is in both lists.
fn decode_state(mut reader: Reader<'_>) -> Result<Status, Rejected> {
    reader.key(1)?;
    let word = reader.text()?;
    reader.key(2)?;
    let since_ms = reader.uint()?;
    reader.key(3)?;
    let entry = reader.uint()?;
    reader.key(4)?;
    let by = reader.hash()?;
    reader.finish()?;
    Ok(match word.parse() {
        Ok(state) => Status::Key(KeyStatus { state, since_ms, entry, by }),
        Err(_) => Status::Issuer(IssuerStatus { state: word.parse()?, since_ms, entry, by }),
    })
}

#[cfg(test)]
mod tests;
