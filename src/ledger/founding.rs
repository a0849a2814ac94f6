//! Founding a ledger: genesis, and block 0.

use probant_core::{
    Identity, Origin, Statement,
    draft::founding_block,
    key::{SigningKey, Use},
    ml_dsa,
    statement::{Body, Genesis, LedgerKey, Policy},
};

use crate::{
    Error,
    store::{Store, StoredBlock},
};

/// A new ledger's own keys, one for each use.
pub struct LedgerKeys {
    /// Signs block statements and seals.
    pub seal: SigningKey,
    /// Signs checkpoints.
    pub note: SigningKey,
    /// Signs the operator's statements.
    pub operator: SigningKey,
    /// Replaces the operator key.
    pub recovery: SigningKey,
    /// Signs checkpoints a second time, for when Ed25519 is broken. A ledger may do without.
    pub note_ml_dsa: Option<ml_dsa::SigningKey>,
}

impl LedgerKeys {
    /// Each with its use, in the order of genesis.
    fn by_use(&self) -> [(Use, &SigningKey); Use::LEDGER.len()] {
        [
            (Use::Seal, &self.seal),
            (Use::Note, &self.note),
            (Use::Operator, &self.operator),
            (Use::Recovery, &self.recovery),
        ]
    }
}

/// Writes block 0 of a new ledger.
///
/// # Errors
/// [`Error::Input`] for keys of which one is another; those of the store.
pub fn found(
    store: &dyn Store,
    origin: &Origin,
    keys: &LedgerKeys,
    random: &[u8; 32],
    time_ms: u64,
) -> Result<Identity, Error> {
    let name = origin.as_str();
    let listed = keys.by_use().map(|(r#use, key)| LedgerKey::prove(key, r#use, name, random));
    let second = keys.note_ml_dsa.as_ref();
    let second = second.map(|key| LedgerKey::prove(key, Use::NoteMlDsa, name, random));
    let listed = listed.into_iter().chain(second).collect();
    let genesis = Genesis { random: *random, keys: listed, policy: Policy::default() };
    let body = Body::Genesis(genesis);
    let statement = Statement::sign(&keys.operator, origin.as_str(), None, time_ms / 1000, body);
    let sealed = founding_block(statement, time_ms, &keys.seal)?;
    let mut chain = None;
    let stored = StoredBlock::check(sealed.block.encode(), &mut chain, store)
        .map_err(|fault| Error::Stop(fault.rejected.to_string()))?;
    store.append(None, stored)?;
    Ok(chain.expect("block 0 was just checked").identity())
}
