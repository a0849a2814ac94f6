//! A draft, and who waits for which of its entries: the pool's statements folded at their final
//! indexes, and given back where nothing came of their block.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use probant_core::{
    Hash, List, Rejected, Statement,
    chain::Chain,
    draft::{Draft, SealedBlock},
};

use super::{
    Answer, Shared,
    pool::{Pending, Reply},
};
use crate::{
    Error, lag,
    store::{Claim, StoreError, Usages},
};

/// Who waits for the entry at an index, in the order of the entries.
pub struct Waiters(Vec<(u64, Reply)>);

impl Waiters {
    /// It is durable.
    pub fn sealed(self, sealed: SealedBlock) {
        let sealed = Arc::new(sealed);
        for (index, reply) in self.0 {
            reply.send(Ok(Answer::Sealed(Arc::clone(&sealed), index)));
        }
    }

    /// They get no receipt of this block, and are not asked to wait.
    pub fn refuse(self, why: impl Fn() -> Error) {
        for (_, reply) in self.0 {
            reply.send(Err(why()));
        }
    }

    /// They wait on, and the block is not.
    pub fn wait_on(self, sealed: SealedBlock) -> Vec<Pending> {
        let SealedBlock { block, growth, .. } = sealed;
        let first = growth.size() - block.entries.len() as u64;
        let entries: Vec<_> = block.entries.into_iter().zip(block.lists).collect();
        let pending = |(index, reply): (u64, Reply)| {
            // Twins wait for the same one.
            let (statement, list) = entries[(index - first) as usize].clone();
            Pending::again(statement, list, reply)
        };
        self.0.into_iter().map(pending).collect()
    }
}

/// A draft of what waits, with what issuers will have had once it is durable.
pub struct Drafted<'a> {
    pub draft: Draft<'a>,
    pub waiters: Waiters,
    pub usage: Usages,
}

/// Folds the waiting statements; those that the rules refuse, that are over a quota, or that were
/// sent before are answered at once. Where statuses cannot be read, the chain is `stale`.
///
/// # Errors
/// Those of look-ups, with all that waits.
pub fn draft<'a>(
    shared: &'a Shared,
    claim: &dyn Claim,
    chain: &'a Chain,
    pending: Vec<Pending>,
    time_ms: u64,
    stale: &mut bool,
) -> Result<Drafted<'a>, (StoreError, Vec<Pending>)> {
    let leaves: Vec<_> = pending.iter().map(|pending| pending.statement.leaf()).collect();
    let known = shared.store.statements(&leaves);
    let asked = known.and_then(|known| Ok((known, spent(shared, claim, &pending)?)));
    let (known, usage) = match asked {
        Ok(asked) => asked,
        Err(error) => return Err((error, pending)),
    };
    let draft = Draft::new(chain, time_ms, &*shared.store);
    let mut drafted = Drafted { draft, waiters: Waiters(Vec::new()), usage };
    let mut indexes: HashMap<Hash, u64> = HashMap::new();
    for ((pending, leaf), known) in pending.into_iter().zip(leaves).zip(known) {
        let (statement, list, reply) = pending.open();
        if let Some(index) = known {
            reply.send(Ok(Answer::Before(index)));
        } else if let Some(index) = indexes.get(&leaf) {
            // Anybody may have sent it once more.
            drafted.waiters.0.push((*index, reply));
        } else {
            match drafted.add(shared, statement, list, time_ms, stale) {
                Ok(index) => {
                    indexes.insert(leaf, index);
                    drafted.waiters.0.push((index, reply));
                }
                Err(refused) => reply.send(Err(refused)),
            }
        }
    }
    Ok(drafted)
}

/// What those who wait have had, if that matters.
fn spent(shared: &Shared, claim: &dyn Claim, pending: &[Pending]) -> Result<Usages, StoreError> {
    if shared.sealing.quota.is_none() {
        return Ok(Usages::new());
    }
    let issuers: BTreeSet<_> = pending.iter().map(|pending| pending.statement.issuer()).collect();
    claim.usage(&issuers.into_iter().collect::<Vec<_>>())
}

impl Drafted<'_> {
    fn add(
        &mut self,
        shared: &Shared,
        statement: Statement,
        list: Option<List>,
        time_ms: u64,
        stale: &mut bool,
    ) -> Result<u64, Error> {
        let (quota, issuer) = (shared.sealing.quota, statement.issuer());
        // Those who govern the ledger have none.
        let has_quota = !quota.is_none() && issuer != shared.registry().origin().as_str();
        let charged = if has_quota {
            let had = self.usage.get(issuer).copied().unwrap_or_default();
            Some((issuer.to_owned(), quota.charge(&had, &statement, time_ms)?))
        } else {
            None
        };
        let index = self.draft.add(statement, list).map_err(|rejected| {
            *stale |= matches!(rejected, Rejected::Unreadable(_));
            refusal(shared, rejected)
        })?;
        self.usage.extend(charged);
        Ok(index)
    }
}

/// A refusal is the sender's to mend, unless it is our own statuses that cannot be read.
fn refusal(shared: &Shared, rejected: Rejected) -> Error {
    match rejected {
        Rejected::Unreadable(why) => {
            tracing::error!(why, "statuses cannot be read: rebuilding them");
            shared.store.distrust_derived();
            lag::rebuilding()
        }
        rejected => rejected.into(),
    }
}
