//! The ledger: the only writer. A submission is answered once, finally, after the block that holds
//! it is durable.
//!
//! ```text
//! submit: decode -> sent before? -> signer, signature, time -> pool -> wait
//! sealer: pool -> draft -> seal -> check as an auditor would -> append = THE COMMIT POINT -> answer
//! ```
//!
//! [`Ledger::submit`] runs on the caller's thread and changes nothing; one thread seals. A crash
//! before the append loses only what nobody was told of.

mod block_time;
mod door;
mod drafted;
mod figures;
mod founding;
mod pool;
mod pulse;
mod quota;
mod sealer;
mod shared;

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use probant_core::{
    Identity, List, Rejected, Statement,
    chain::{Chain, Head},
    registry::Registry,
    seal::Receipt,
};
use tokio::sync::Semaphore;

use crate::{
    Error,
    clock::SharedClock,
    keyring::{self, Keyring},
    lag, receipt,
    store::Store,
};

pub use figures::Figures;
pub use founding::{LedgerKeys, found};
pub use pool::Limits;
pub use quota::Quota;

use pool::Pending;
use shared::{Answer, Answered, Shared};

/// Submissions up to this length are decoded on the thread that received them.
const INLINE_BYTES_MAX: usize = 16 << 10;
/// Longer ones that are decoded at once: strangers' bytes, which may cost more than they weigh.
const DECODES_MAX: usize = 2;

/// Questions to the store at once that nobody else takes turns for: each may keep a thread that long as
/// a database does not answer, and there are 512.
const LOOKS_MAX: usize = 256;
/// How long one waits for its turn.
const TURN_WAIT: Duration = Duration::from_secs(5);

/// How blocks are made.
#[derive(Clone, Copy, Debug)]
pub struct Sealing {
    /// A block is sealed this long after its first statement came.
    pub interval: Duration,
    /// With nothing to seal, an empty block after this long keeps proofs fresh.
    pub heartbeat: Duration,
    /// What may wait, and what one block holds.
    pub limits: Limits,
    /// What one issuer may have sealed.
    pub quota: Quota,
}

impl Default for Sealing {
    fn default() -> Self {
        Self {
            interval: Duration::from_millis(100),
            heartbeat: Duration::from_secs(4 * 60),
            limits: Limits::default(),
            quota: Quota::default(),
        }
    }
}

/// The final answer to a submission.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// Index of the entry.
    pub index: u64,
    /// Its first receipt.
    pub receipt: Receipt,
    /// Whether it was in a block already.
    pub was_there: bool,
}

/// A ledger that is open for writing.
pub struct Ledger {
    shared: Arc<Shared>,
    sealer: Mutex<Option<JoinHandle<()>>>,
    decodes: Arc<Semaphore>,
    door: Arc<Semaphore>,
    looks: Semaphore,
}

impl Ledger {
    /// Starts to write to a store that holds a ledger, with that ledger's keys.
    ///
    /// # Errors
    /// [`Error::Input`] if there is no block 0, or the seal or a note key in force is not among
    /// the keys.
    pub fn start(
        store: Arc<dyn Store>,
        keys: Arc<Keyring>,
        clock: SharedClock,
        sealing: Sealing,
    ) -> Result<Self, Error> {
        let chain = founded(&*store)?;
        for r#use in keyring::USES {
            let key = chain.registry().own_key(r#use);
            key.map_or(Ok(()), |key| keys.check(r#use, key.kid()))?;
        }
        let shared = Shared::new(store, Some(keys), clock, sealing, &chain);
        Ok(Self::run(shared, chain))
    }

    /// Starts to follow a store that other nodes write to: every submission is refused.
    ///
    /// # Errors
    /// [`Error::Input`] if there is no block 0.
    pub fn follow(store: Arc<dyn Store>, clock: SharedClock) -> Result<Self, Error> {
        let chain = founded(&*store)?;
        let shared = Shared::new(store, None, clock, Sealing::default(), &chain);
        Ok(Self::run(shared, chain))
    }

    fn run(shared: Shared, chain: Chain) -> Self {
        let shared = Arc::new(shared);
        let worker = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("sealer".into());
        let sealer = thread.spawn(move || sealer::run(&worker, chain));
        let sealer = Mutex::new(Some(sealer.expect("a thread can be started")));
        let [decodes, door] = [DECODES_MAX, 1].map(|permits| Arc::new(Semaphore::new(permits)));
        Self { shared, sealer, decodes, door, looks: Semaphore::new(LOOKS_MAX) }
    }

    /// Whether it takes statements.
    pub fn writes(&self) -> bool {
        self.shared.keys.is_some()
    }

    /// Takes what an issuer or operator sends, and answers when it is durable.
    ///
    /// The same statement again is answered with its first receipt.
    ///
    /// # Errors
    /// [`Error::Input`] on a node that only follows; [`Error::Refused`] by the rules; [`Error::Busy`]
    /// if the pool is full, nothing can be sealed now, or look-ups lag; [`Error::OverQuota`] if its
    /// issuer has had its share; [`Error::Stop`] if the store failed, so that the outcome is unknown
    /// until the ledger has been restarted: then send the same again.
    ///
    /// # Panics
    /// If decoding does: never on any input.
    pub async fn submit(
        &self,
        bytes: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<Accepted, Error> {
        let answer = self.answer(bytes).await;
        self.shared.figures.answered(&answer);
        answer
    }

    async fn answer(&self, bytes: impl AsRef<[u8]> + Send + 'static) -> Result<Accepted, Error> {
        let Some(keys) = &self.shared.keys else {
            return Err(Error::input("this node only answers: send it to one that writes"));
        };
        let (statement, list) = if bytes.as_ref().len() > INLINE_BYTES_MAX {
            // Hashing a long list takes milliseconds: not on a thread that serves others.
            let permit = Arc::clone(&self.decodes).acquire_owned().await.expect("never closed");
            let decode = move || {
                // Held to the end of the work, even if nobody waits for it any more.
                let _permit = permit;
                Statement::decode_submission(bytes.as_ref())
            };
            tokio::task::spawn_blocking(decode).await.expect("decoding never panics")?
        } else {
            Statement::decode_submission(bytes.as_ref())?
        };
        if statement.as_block().is_some() {
            // Sealed before or not: a store need not know the ledger's own by their hash.
            return Err(Rejected::Misplaced("block").into());
        }
        if let Some(index) = self.look(|store| Ok(store.statement(&statement.leaf())?)).await? {
            return self.sent_before(index).await;
        }
        let reached = self.shared.reached();
        let r#use = match self.shared.admit(&statement) {
            Err(Error::Refused { .. }) if self.follow_others(reached).await? => {
                self.shared.admit(&statement)?
            }
            admitted => admitted?,
        };
        door::check_held(keys, &statement)?;
        if let (Some(_), Some(list)) = (statement.as_revoke(), &list) {
            self.check_revoked(&statement, list).await?;
        }
        let (pending, answer) = Pending::new(statement, list, self.shared.clock.elapsed());
        self.shared.pool.put(pending, r#use)?;
        match answer.await {
            Ok(answer) => answer?.accepted(self).await,
            Err(_) => Err(Error::busy("the ledger stopped before it sealed this: send it again")),
        }
    }

    /// Takes up what other nodes have sealed.
    ///
    /// # Errors
    /// [`Error::Busy`] where too many wait for the store already; those of the store.
    pub async fn follow_now(&self) -> Result<(), Error> {
        self.look(|store| Ok(store.follow()?)).await
    }

    /// A short question to the store, with others.
    async fn look<T>(&self, ask: impl FnOnce(&dyn Store) -> Result<T, Error>) -> Result<T, Error> {
        let turn = tokio::time::timeout(TURN_WAIT, self.looks.acquire()).await;
        let _turn = turn.map_err(|_| Error::busy("the store does not answer in time"))?;
        ask(&*self.shared.store)
    }

    /// Whether other nodes have sealed what this one had not heard of after a block: what it would
    /// refuse may be right by now, as a key that was enrolled there a moment ago.
    async fn follow_others(&self, before: u64) -> Result<bool, Error> {
        self.at_door(|store| Ok(store.follow()?)).await?;
        let newest = self.head().height;
        // The sealer publishes it, soon.
        lag::caught_up(&*self.shared.clock, || async {
            let reached = self.shared.reached();
            if reached < newest { Err(lag::behind()) } else { Ok(reached > before) }
        })
        .await
    }

    /// Of a revocation, that its issuer certified the documents, and that they have not fallen.
    async fn check_revoked(&self, statement: &Statement, list: &List) -> Result<(), Error> {
        let inquiry = door::Inquiry::new(statement, list.clone(), self.head().height);
        let inquiry = Arc::new(Mutex::new(inquiry));
        let (issuer, asked) = (statement.issuer().to_owned(), Arc::new(list.clone()));
        let ask = || async {
            let (registry, issuer, asked) = (self.registry(), issuer.clone(), asked.clone());
            self.at_door(move |store| door::check_stands(store, &registry, &issuer, &asked))
                .await?;
            let look = |inquiry: Arc<Mutex<door::Inquiry>>| {
                let go_on = move |store: &dyn Store| {
                    inquiry.lock().unwrap_or_else(PoisonError::into_inner).go_on(store)
                };
                self.at_door(go_on)
            };
            while !look(Arc::clone(&inquiry)).await? {}
            Ok(())
        };
        lag::caught_up(&*self.shared.clock, ask).await
    }

    /// A turn at look-ups, of which one revocation after the other has one: not on a thread that
    /// serves others, nor in the way of those who only certify.
    async fn at_door<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&dyn Store) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let permit = Arc::clone(&self.door).acquire_owned().await.expect("never closed");
        let store = Arc::clone(&self.shared.store);
        let ask = move || {
            let _permit = permit;
            ask(&*store)
        };
        tokio::task::spawn_blocking(ask).await.expect("a look-up never panics")
    }

    /// Receipt of an entry of the block that sealed it.
    ///
    /// # Errors
    /// [`Error::Busy`] while look-ups lag behind that block, or are rebuilt.
    pub fn first_receipt(&self, index: u64) -> Result<Option<Receipt>, Error> {
        receipt::first(&*self.shared.store, &self.registry(), index)
    }

    async fn sent_before(&self, index: u64) -> Result<Accepted, Error> {
        // Its block is durable; look-ups reach it within moments.
        let receipt = lag::caught_up(&*self.shared.clock, || async {
            self.first_receipt(index)?.ok_or_else(lag::behind)
        });
        Ok(Accepted { index, receipt: receipt.await?, was_there: true })
    }

    /// The registry after the newest block.
    pub fn registry(&self) -> Arc<Registry> {
        self.shared.registry()
    }

    /// The newest block.
    ///
    /// # Panics
    /// Never: a ledger that was started has block 0.
    pub fn head(&self) -> Head {
        self.shared.store.head().expect("a started ledger has block 0")
    }

    /// Name and id.
    pub fn identity(&self) -> Identity {
        self.registry().identity()
    }

    /// The store that it writes to.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.shared.store
    }

    /// The clock that it was given.
    pub fn clock(&self) -> &SharedClock {
        &self.shared.clock
    }

    /// Why nothing can be written now, or is; `None` when all is well. A clock that is set right ends
    /// it, or the next block; a [`Ledger::failure`] stays.
    pub fn alarm(&self) -> Option<String> {
        self.shared.alarm()
    }

    /// Why nothing will be written until somebody has looked and restarted it: the sealer or the
    /// store failed.
    pub fn failure(&self) -> Option<String> {
        self.shared.failure()
    }

    /// What was counted and timed.
    pub fn figures(&self) -> &Figures {
        &self.shared.figures
    }

    /// Statements that wait for their block, and their bytes.
    pub fn waiting(&self) -> (usize, usize) {
        self.shared.pool.waits()
    }

    /// Accepts nothing more, and seals what was accepted at once instead of after its interval.
    pub fn close(&self) {
        self.shared.pool.close();
    }

    /// Seals what was accepted, and stops.
    pub fn stop(&self) {
        self.close();
        let sealer = self.sealer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if sealer.is_some_and(|sealer| sealer.join().is_err()) {
            tracing::error!("the sealer panicked");
        }
    }
}

fn founded(store: &dyn Store) -> Result<Chain, Error> {
    store.chain()?.ok_or_else(|| Error::input("the store holds no ledger"))
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.stop();
    }
}
