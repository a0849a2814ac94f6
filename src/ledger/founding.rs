//! Founding a ledger: genesis, and block 0.

use probant_core::{
    Identity, Origin, Statement,
    draft::founding_block,
    key::{SigningKey, Use},
    statement::{Body, Genesis, LedgerKey, Policy, prove_possession},
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
/// [`Error::Input`] for keys that are not four different ones; those of the store.
pub fn found(
    store: &dyn Store,
    origin: &Origin,
    keys: &LedgerKeys,
    random: &[u8; 32],
    time_ms: u64,
) -> Result<Identity, Error> {
    let listed = keys.by_use().map(|(r#use, key)| {
        let possession = prove_possession(key, r#use, origin.as_str(), 1, random);
        LedgerKey { r#use, key: key.public().clone(), possession }
    });
    let genesis = Genesis { random: *random, keys: listed.into(), policy: Policy::default() };
    let body = Body::Genesis(genesis);
    let statement = Statement::sign(&keys.operator, origin.as_str(), None, time_ms / 1000, body);
    let sealed = founding_block(statement, time_ms, &keys.seal)?;
    let mut chain = None;
    let stored = StoredBlock::check(sealed.block.encode(), &mut chain, store)
        .map_err(|fault| Error::Stop(fault.rejected.to_string()))?;
    store.append(None, stored)?;
    Ok(chain.expect("block 0 was just checked").identity())
}
