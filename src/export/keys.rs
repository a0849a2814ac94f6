//! The ledger's own keys as its entries bring them: enough to hold seals and checkpoints to, and no
//! registry, for whether a key was brought by right is for an audit to say.

use probant_core::{
    Origin, Rejected, Statement,
    checkpoint::NoteKeys,
    cose_key::CoseKey,
    key::{PublicKey, Use},
    ml_dsa,
    statement::{Body, KeyAct},
};

/// What the content types of statements that bring a key of the ledger end with; only those that may
/// be one are decoded.
const BRINGS_KEY: &[u8] = b"probant.key+cbor";

/// Name and keys of a ledger after some entry.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Its name.
    pub origin: Origin,
    /// Seals the next block.
    pub seal: PublicKey,
    /// Signs checkpoints.
    pub note: PublicKey,
    /// Signs them a second time, if the ledger has such a key.
    pub note_ml_dsa: Option<ml_dsa::PublicKey>,
}

impl Keys {
    /// Those that entry 0 lists.
    ///
    /// # Errors
    /// [`Rejected::Misplaced`] for another entry than genesis; those of its form.
    pub fn of_genesis(entry: &[u8]) -> Result<Self, Rejected> {
        let statement = Statement::decode(entry)?;
        let Body::Genesis(listed) = statement.body() else {
            return Err(Rejected::Misplaced(statement.body().kind()));
        };
        let [seal, note] = [Use::Seal, Use::Note].map(|r#use| listed.key(r#use).clone());
        let mut keys = Self { origin: statement.issuer().parse()?, seal, note, note_ml_dsa: None };
        listed.keys.iter().for_each(|listed| keys.put(listed.r#use, &listed.key));
        Ok(keys)
    }

    /// Takes the key that an entry brings, if it brings one of the ledger's own.
    ///
    /// # Errors
    /// Those of its form.
    pub fn take(&mut self, entry: &[u8]) -> Result<(), Rejected> {
        if !entry.windows(BRINGS_KEY.len()).any(|part| part == BRINGS_KEY) {
            return Ok(());
        }
        let statement = Statement::decode(entry)?;
        let Body::Key(key) = statement.body() else { return Ok(()) };
        let KeyAct::Replace { r#use, held } = &key.act else { return Ok(()) };
        self.put(*r#use, &held.key);
        Ok(())
    }

    fn put(&mut self, r#use: Use, key: &CoseKey) {
        match (r#use, key) {
            (Use::Seal, CoseKey::Ed25519(key)) => self.seal = key.clone(),
            (Use::Note, CoseKey::Ed25519(key)) => self.note = key.clone(),
            (Use::NoteMlDsa, CoseKey::MlDsa44(key)) => self.note_ml_dsa = Some(key.clone()),
            _ => {}
        }
    }

    /// Those that sign checkpoints.
    pub fn notes(&self) -> NoteKeys<'_> {
        NoteKeys { ed25519: &self.note, ml_dsa: self.note_ml_dsa.as_ref() }
    }
}
