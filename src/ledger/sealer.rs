//! The one thread of a node that seals, and that follows what other nodes sealed. Under a claim
//! on the head it empties the pool into a draft, seals it, and answers after the commit point. While
//! a block is being synced, or another node makes one, the next one fills.

use std::time::Duration;

use probant_core::{Rejected, chain::Chain, draft::SealedBlock};

use super::{
    Shared,
    block_time::BlockTime,
    drafted::{Drafted, Waiters, draft},
    pool::Pending,
};
use crate::{
    Error,
    keyring::Keyring,
    lag,
    store::{Claim, StoreError, StoredBlock},
};

/// How often what other nodes sealed is taken up, where nothing is to be sealed here.
const FOLLOW_EVERY: Duration = Duration::from_millis(100);
/// How often a refused clock is looked at again.
const ALARM_PAUSE: Duration = Duration::from_secs(1);
/// How long those who wait are left waiting while the store is out of reach.
const AWAY_MAX: Duration = Duration::from_secs(10);

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
    time: BlockTime,
    /// The store may know another chain: it is asked before the next block.
    stale: bool,
    /// Since when the store is out of reach, by the clock's steady side.
    away: Option<Duration>,
}

/// Seals until the pool is closed and empty, or the store fails.
pub fn run(shared: &Shared, chain: Chain) {
    let _ending = Ending(shared);
    let time = BlockTime::new();
    let mut sealer = Sealer { shared, chain, time, stale: false, away: None };
    loop {
        let due_in = || shared.pulse.due_in(shared.clock.elapsed());
        shared.pool.wait(due_in().min(FOLLOW_EVERY));
        shared.pool.fill(shared.sealing.interval, shared.clock.elapsed());
        let nothing = shared.pool.waits().0 == 0;
        if nothing && shared.pool.is_done() {
            return;
        }
        // What is mended is found out by trying: where other nodes seal, nothing need ever be due here.
        let due = due_in().is_zero() || shared.is_alarmed();
        let done = match &shared.keys {
            Some(keys) if due || !nothing => sealer.seal_next(keys),
            _ => sealer.follow(),
        };
        match done {
            Ok(()) => sealer.store_is_there(),
            // A database that is a standby for now, or is set wrongly: whoever mends that ends it.
            Err(error) if error.passes() || matches!(error, StoreError::Input(_)) => {
                sealer.wait_for_store(&error);
            }
            Err(error) => {
                store_failed(shared, &error);
                return fail_all(shared);
            }
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

/// What becomes of all that waits, where look-ups do not say what was sent before.
fn not_drafted(
    shared: &Shared,
    error: StoreError,
    pending: Vec<Pending>,
) -> Result<(), StoreError> {
    if error.passes() {
        shared.pool.put_back(pending);
        return Err(error);
    }
    refuse(pending, &error.to_string());
    if let StoreError::Behind { .. } = error {
        pause(shared);
        return Ok(());
    }
    Err(error)
}

impl Sealer<'_> {
    /// Takes up what other nodes sealed.
    fn follow(&mut self) -> Result<(), StoreError> {
        self.shared.store.follow()?;
        if self.shared.store.head().as_ref() == Some(self.chain.head()) {
            return Ok(());
        }
        self.reload()
    }

    /// Waits for the head, and makes the block after it of what waits by then.
    fn seal_next(&mut self, keys: &Keyring) -> Result<(), StoreError> {
        let shared = self.shared;
        let mut claim = shared.store.claim()?;
        let began = shared.clock.elapsed();
        if self.stale || claim.head() != Some(self.chain.head()) {
            self.reload()?;
        }
        if claim.head() != Some(self.chain.head()) {
            return Err(StoreError::Conflict);
        }
        let ready = Shared::seal_key(keys, self.chain.registry())
            .and_then(|key| Ok((key, self.time.next(&*shared.clock, self.chain.head().time_ms)?)));
        let (key, time_ms) = match ready {
            Ok(ready) => ready,
            Err(why) => {
                drop(claim);
                shared.set_alarm(Some(why.clone()));
                refuse(shared.pool.take(), &why);
                shared.pool.wait(ALARM_PAUSE);
                pause(shared);
                return Ok(());
            }
        };
        shared.set_alarm(None);
        // Where others sealed meanwhile, no heartbeat is due any more.
        let due = shared.pulse.due_in(began).is_zero();
        let (pending, stale) = (shared.pool.take(), &mut self.stale);
        let drafted = draft(shared, &*claim, &self.chain, pending, time_ms, stale);
        let Drafted { draft, waiters, usage } = match drafted {
            Ok(drafted) => drafted,
            Err((error, pending)) => return not_drafted(shared, error, pending),
        };
        // Refused statements are no block: the heartbeat is still due when it was.
        if draft.is_empty() && !due {
            return Ok(());
        }
        let sealed = match draft.seal(&key) {
            Ok(sealed) => sealed,
            Err(rejected) => return self.not_sealed(unreadable(rejected), waiters),
        };
        claim.set_usage(usage);
        match self.append(claim, &sealed) {
            Ok(after) => {
                self.chain = after;
                shared.publish(&self.chain);
                shared.pulse.beat(began);
                let took = shared.clock.elapsed().saturating_sub(began);
                shared.figures.seal.observe(took.as_secs_f64());
                waiters.sealed(sealed);
                Ok(())
            }
            Err(error) => self.not_appended(error, sealed, waiters),
        }
    }

    /// Reads the block back from its own bytes as an auditor would, then makes it durable.
    fn append(
        &self,
        claim: Box<dyn Claim + '_>,
        sealed: &SealedBlock,
    ) -> Result<Chain, StoreError> {
        let (shared, began) = (self.shared, self.shared.clock.elapsed());
        let mut after = Some(self.chain.clone());
        let checked = StoredBlock::check(sealed.block.encode(), &mut after, &*shared.store);
        let stored = checked.map_err(|fault| unreadable(fault.rejected))?;
        claim.append(stored)?;
        let took = shared.clock.elapsed().saturating_sub(began);
        shared.figures.append.observe(took.as_secs_f64());
        Ok(after.expect("the chain was there"))
    }

    /// What becomes of those who wait, where a block could not be appended: its signatures are
    /// discarded in any case.
    fn not_appended(
        &mut self,
        error: StoreError,
        sealed: SealedBlock,
        waiters: Waiters,
    ) -> Result<(), StoreError> {
        match error {
            StoreError::Conflict | StoreError::Unavailable(_) => {
                // It is not there: they are in the next one, and hear nothing of this.
                self.stale = true;
                self.shared.pool.put_back(waiters.wait_on(sealed));
                Err(error)
            }
            StoreError::Unknown(_) => {
                self.stale = true;
                waiters.refuse(|| Error::busy(format!("{error}: send it again")));
                Err(error)
            }
            error => self.not_sealed(error, waiters),
        }
    }

    fn not_sealed(&mut self, error: StoreError, waiters: Waiters) -> Result<(), StoreError> {
        if let StoreError::Behind { .. } = error {
            // Nothing was written: statuses could not be read, and are rebuilt. It may be the chain
            // itself that says wrongly where they are.
            self.shared.store.distrust_derived();
            self.stale = true;
            waiters.refuse(lag::rebuilding);
            pause(self.shared);
            return Ok(());
        }
        // Before anybody hears of it.
        store_failed(self.shared, &error);
        let why = format!("the store failed, the outcome is unknown: send it again ({error})");
        waiters.refuse(|| Error::Stop(why.clone()));
        Err(error)
    }

    /// Takes the chain that the store has. While look-ups are replaced there is none to be had, and
    /// what can be sealed on the one at hand is.
    fn reload(&mut self) -> Result<(), StoreError> {
        match self.shared.store.chain() {
            Ok(chain) => {
                let chain = chain.expect("a ledger with a head has a chain");
                if chain.head() != self.chain.head() {
                    self.shared.pulse.beat(self.shared.clock.elapsed());
                }
                self.chain = chain;
                self.shared.publish(&self.chain);
                self.stale = false;
                Ok(())
            }
            Err(StoreError::Behind { .. }) => {
                self.stale = true;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn store_is_there(&mut self) {
        if self.away.take().is_some() {
            self.shared.set_alarm(None);
        }
    }

    /// Nothing is lost: it is tried again, and whoever has waited long is told to come back.
    fn wait_for_store(&mut self, error: &StoreError) {
        if let StoreError::Conflict = error {
            return;
        }
        let now = self.shared.clock.elapsed();
        let since = *self.away.get_or_insert(now);
        self.shared.set_alarm(Some(error.to_string()));
        if now.saturating_sub(since) >= AWAY_MAX || self.shared.pool.is_closed() {
            refuse(self.shared.pool.take(), &error.to_string());
        }
        std::thread::sleep(FOLLOW_EVERY);
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
