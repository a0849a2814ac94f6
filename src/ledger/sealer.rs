//! The one thread that seals: it empties the pool into a draft, seals it, and answers after the
//! commit point. While a block is being synced, the next one fills.

use std::{collections::HashMap, sync::Arc, time::Duration};

use probant_core::{
    Hash, Rejected,
    chain::Chain,
    draft::{Draft, SealedBlock},
    key::Use,
};

use super::{
    Answer, Shared,
    block_time::BlockTime,
    pool::{Pending, Reply},
};
use crate::{
    Error, lag,
    store::{StoreError, StoredBlock},
};

/// How often a refused clock is looked at again.
const ALARM_PAUSE: Duration = Duration::from_secs(1);

/// Who waits for the entry at an index of the draft.
type Waiters = Vec<(u64, Reply)>;

/// However the sealer ends, in a panic too: nobody waits for it any more.
struct Ending<'a>(&'a Shared);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail("the sealer failed, which it never should: restart".into());
        }
        self.0.pool.close();
        while !self.0.pool.is_done() {
            refuse(self.0.pool.take(), "the ledger has stopped");
        }
    }
}

/// The writer's end of the chain.
struct Sealer<'a> {
    shared: &'a Shared,
    chain: Chain,
    /// The store may know another chain: it is asked before the next block.
    stale: bool,
}

/// Seals until the pool is closed and empty, or the store fails.
pub fn run(shared: &Shared, chain: Chain) {
    let _ending = Ending(shared);
    let mut sealer = Sealer { shared, chain, stale: false };
    let mut time = BlockTime::new();
    loop {
        let due_in = || shared.pulse.due_in(shared.clock.elapsed());
        shared.pool.wait(due_in());
        shared.pool.fill(shared.sealing.interval, shared.clock.elapsed());
        let (pending, due) = (shared.pool.take(), due_in().is_zero());
        if pending.is_empty() && shared.pool.is_done() {
            return;
        }
        if pending.is_empty() && !due {
            continue;
        }
        if sealer.stale && sealer.reload().is_err() {
            return fail_all(shared);
        }
        let time_ms = match time.next(&*shared.clock, sealer.chain.head().time_ms) {
            Ok(time_ms) => time_ms,
            Err(why) => {
                shared.set_alarm(Some(why.clone()));
                refuse(pending, &why);
                shared.pool.wait(ALARM_PAUSE);
                pause(shared);
                continue;
            }
        };
        shared.set_alarm(None);
        let began = shared.clock.elapsed();
        match sealer.seal(pending, time_ms, due) {
            Ok(true) => shared.pulse.beat(began),
            // Refused statements are no block: the heartbeat is still due when it was.
            Ok(false) => {}
            Err(_) => return fail_all(shared),
        }
    }
}

/// Before trying again what does not work now.
fn pause(shared: &Shared) {
    std::thread::sleep(ALARM_PAUSE.min(shared.sealing.interval));
}

fn refuse(pending: Vec<Pending>, why: &str) {
    for pending in pending {
        let (.., reply) = pending.open();
        reply.send(Err(Error::busy(format!("nothing can be sealed now: {why}"))));
    }
}

fn answer_all(waiters: Waiters, answer: impl Fn() -> Error) {
    for (_, reply) in waiters {
        reply.send(Err(answer()));
    }
}

/// What is on disk is unknown: only a restart may go on.
fn store_failed(shared: &Shared, error: &StoreError) {
    shared.fail(format!("the store failed, restart to reopen it: {error}"));
}

/// After a failure of the store: nobody waits for ever.
fn fail_all(shared: &Shared) {
    while !shared.pool.is_done() {
        shared.pool.wait(ALARM_PAUSE);
        refuse(shared.pool.take(), "the store failed; the ledger must be restarted");
    }
}

impl Sealer<'_> {
    /// Whether a block was made of what is pending; where nothing of that is left, only if it is due.
    fn seal(&mut self, pending: Vec<Pending>, time_ms: u64, due: bool) -> Result<bool, StoreError> {
        let Self { shared, chain, stale } = self;
        let began = shared.clock.elapsed();
        let (draft, waiters) = draft(shared, chain, pending, time_ms, stale);
        if draft.is_empty() && !due {
            return Ok(false);
        }
        let kid = draft.seal_key().kid();
        let key = shared.keys.get(Use::Seal, kid).map_err(|why| StoreError::Input(why.to_string()));
        let sealed = key.and_then(|key| draft.seal(&key).map_err(unreadable));
        let appended = sealed.and_then(|sealed| {
            let after = check_and_append(shared, chain, &sealed)?;
            Ok((after, sealed))
        });
        match appended {
            Ok((after, sealed)) => {
                *chain = after;
                shared.publish(chain);
                let took = shared.clock.elapsed().saturating_sub(began);
                shared.figures.seal.observe(took.as_secs_f64());
                let sealed = Arc::new(sealed);
                for (index, reply) in waiters {
                    reply.send(Ok(Answer::Sealed(Arc::clone(&sealed), index)));
                }
                Ok(true)
            }
            Err(error) => self.not_appended(error, waiters).map(|()| false),
        }
    }

    /// What becomes of the chain and of those who wait, where a block could not be appended.
    fn not_appended(&mut self, error: StoreError, waiters: Waiters) -> Result<(), StoreError> {
        match error {
            StoreError::Behind { .. } => {
                // Nothing was written: statuses could not be read, and are rebuilt. It may be the
                // chain itself that says wrongly where they are.
                self.shared.store.distrust_derived();
                self.stale = true;
                answer_all(waiters, lag::rebuilding);
                pause(self.shared);
                Ok(())
            }
            StoreError::Conflict => {
                // Another writer was faster: the signatures are discarded, the issuers try again.
                let reloaded = self.reload();
                answer_all(waiters, || Error::busy("the head has moved: send it again"));
                reloaded
            }
            error => {
                // Before anybody hears of it.
                store_failed(self.shared, &error);
                let why =
                    format!("the store failed, the outcome is unknown: send it again ({error})");
                answer_all(waiters, || Error::Stop(why.clone()));
                Err(error)
            }
        }
    }

    /// Takes the chain that the store has. While look-ups are replaced there is none to be had, and
    /// what can be sealed on the one at hand is.
    fn reload(&mut self) -> Result<(), StoreError> {
        match self.shared.store.chain() {
            Ok(chain) => {
                self.chain = chain.expect("a ledger with a head has a chain");
                self.shared.publish(&self.chain);
                self.stale = false;
                Ok(())
            }
            Err(StoreError::Behind { .. }) => {
                self.stale = true;
                Ok(())
            }
            Err(error) => {
                store_failed(self.shared, &error);
                Err(error)
            }
        }
    }
}

/// Folds the waiting statements at their final indexes; those that the rules refuse, or that were
/// sent before, are answered at once. Where statuses cannot be read, the chain is `stale`.
fn draft<'a>(
    shared: &'a Shared,
    chain: &'a Chain,
    pending: Vec<Pending>,
    time_ms: u64,
    stale: &mut bool,
) -> (Draft<'a>, Waiters) {
    let mut draft = Draft::new(chain, time_ms, &*shared.store);
    let mut waiters = Waiters::new();
    let mut indexes: HashMap<Hash, u64> = HashMap::new();
    for pending in pending {
        let (statement, list, reply) = pending.open();
        let leaf = statement.leaf();
        if let Some(index) = indexes.get(&leaf) {
            // Anybody may have sent it once more.
            waiters.push((*index, reply.free()));
            continue;
        }
        match shared.store.statement(&leaf) {
            Ok(None) => {}
            Ok(Some(index)) => {
                reply.send(Ok(Answer::Before(index)));
                continue;
            }
            Err(error) => {
                reply.send(Err(error.into()));
                continue;
            }
        }
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
    (draft, waiters)
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

/// What refuses a block of our own: nodes of the status map that cannot be read, which a rebuild
/// mends; anything else is damage in memory, or a fault of this program.
fn unreadable(rejected: Rejected) -> StoreError {
    match rejected {
        Rejected::Unreadable(why) => {
            tracing::error!(why, "statuses cannot be read");
            StoreError::Behind { derived: 0, blocks: 0 }
        }
        rejected => StoreError::damage("the block just sealed, in memory", rejected.to_string()),
    }
}

/// Reads the block back from its own bytes as an auditor would, then makes it durable.
fn check_and_append(
    shared: &Shared,
    chain: &Chain,
    sealed: &SealedBlock,
) -> Result<Chain, StoreError> {
    let began = shared.clock.elapsed();
    let expected = chain.head().clone();
    let mut after = Some(chain.clone());
    let checked = StoredBlock::check(sealed.block.encode(), &mut after, &*shared.store);
    let stored = checked.map_err(|fault| unreadable(fault.rejected))?;
    shared.store.append(Some(&expected), stored)?;
    let took = shared.clock.elapsed().saturating_sub(began);
    shared.figures.append.observe(took.as_secs_f64());
    Ok(after.expect("the chain was there"))
}
