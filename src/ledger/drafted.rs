//! A draft, and who waits for which of its entries: the pool's statements folded at their final
//! indexes, and given back where nothing came of their block.

use std::{collections::HashMap, sync::Arc};

use probant_core::{
    Hash, Rejected,
    chain::Chain,
    draft::{Draft, SealedBlock},
};

use super::{
    Answer, Shared,
    pool::{Pending, Reply},
};
use crate::{Error, lag, store::StoreError};

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

/// Folds the waiting statements; those that the rules refuse, or that were sent before, are answered
/// at once. Where statuses cannot be read, the chain is `stale`.
///
/// # Errors
/// Those of look-ups, with all that waits.
pub fn draft<'a>(
    shared: &'a Shared,
    chain: &'a Chain,
    pending: Vec<Pending>,
    time_ms: u64,
    stale: &mut bool,
) -> Result<(Draft<'a>, Waiters), (StoreError, Vec<Pending>)> {
    let leaves: Vec<_> = pending.iter().map(|pending| pending.statement.leaf()).collect();
    let known = match shared.store.statements(&leaves) {
        Ok(known) => known,
        Err(error) => return Err((error, pending)),
    };
    let mut draft = Draft::new(chain, time_ms, &*shared.store);
    let mut waiters = Vec::new();
    let mut indexes: HashMap<Hash, u64> = HashMap::new();
    for ((pending, leaf), known) in pending.into_iter().zip(leaves).zip(known) {
        let (statement, list, reply) = pending.open();
        if let Some(index) = known {
            reply.send(Ok(Answer::Before(index)));
        } else if let Some(index) = indexes.get(&leaf) {
            // Anybody may have sent it once more.
            waiters.push((*index, reply.free()));
        } else {
            match draft.add(statement, list) {
                Ok(index) => {
                    indexes.insert(leaf, index);
                    waiters.push((index, reply));
                }
                Err(rejected) => {
                    *stale |= matches!(rejected, Rejected::Unreadable(_));
                    reply.send(Err(refusal(shared, rejected)));
                }
            }
        }
    }
    Ok((draft, Waiters(waiters)))
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
