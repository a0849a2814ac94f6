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
mod figures;
mod founding;
mod pool;
mod pulse;
mod quota;
mod sealer;

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
    thread::JoinHandle,
    time::Duration,
};

use probant_core::{
    Identity, List, Rejected, Statement,
    chain::{Chain, Head},
    draft::SealedBlock,
    key::Use,
    registry::Registry,
    seal::Receipt,
};
use tokio::sync::Semaphore;

use crate::{Error, clock::SharedClock, keyring::Keyring, lag, receipt, store::Store};

pub use figures::Figures;
pub use founding::{LedgerKeys, found};
pub use pool::Limits;
pub use quota::Quota;

use pool::{Pending, Pool};
use pulse::Pulse;
use quota::{Charge, Quotas};

/// Submissions up to this length are decoded on the thread that received them.
const INLINE_BYTES_MAX: usize = 16 << 10;
/// Longer ones that are decoded at once: strangers' bytes, which may cost more than they weigh.
const DECODES_MAX: usize = 2;

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
}

/// What admission and the sealer share.
struct Shared {
    store: Arc<dyn Store>,
    keys: Arc<Keyring>,
    clock: SharedClock,
    sealing: Sealing,
    pool: Pool,
    pulse: Pulse,
    quotas: Arc<Quotas>,
    figures: Figures,
    /// Who may write, after the newest block.
    registry: RwLock<Arc<Registry>>,
    /// Why the clock is not believed now, so that nothing can be sealed; the operator must look.
    alarm: RwLock<Option<String>>,
    /// Why the sealer has ended before its time: only a restart goes on.
    failure: OnceLock<String>,
}

impl Ledger {
    /// Starts to write to a store that holds a ledger, with that ledger's keys.
    ///
    /// # Errors
    /// [`Error::Input`] if there is no block 0, or the seal or note key in force is not among the
    /// keys.
    pub fn start(
        store: Arc<dyn Store>,
        keys: Arc<Keyring>,
        clock: SharedClock,
        sealing: Sealing,
    ) -> Result<Self, Error> {
        let chain = store.chain()?.ok_or_else(|| Error::input("the store holds no ledger"))?;
        for r#use in [Use::Seal, Use::Note] {
            keys.get(r#use, chain.registry().ledger_key(r#use).kid())?;
        }
        let shared = Arc::new(Shared {
            pool: Pool::new(sealing.limits),
            pulse: Pulse::new(sealing.heartbeat, clock.elapsed()),
            quotas: Arc::new(Quotas::new(sealing.quota)),
            figures: Figures::default(),
            registry: RwLock::new(Arc::clone(chain.registry())),
            alarm: RwLock::default(),
            failure: OnceLock::new(),
            store,
            keys,
            clock,
            sealing,
        });
        let worker = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("sealer".into());
        let sealer = thread.spawn(move || sealer::run(&worker, chain));
        let sealer = Mutex::new(Some(sealer.expect("a thread can be started")));
        let [decodes, door] = [DECODES_MAX, 1].map(|permits| Arc::new(Semaphore::new(permits)));
        Ok(Self { shared, sealer, decodes, door })
    }

    /// Takes what an issuer or operator sends, and answers when it is durable.
    ///
    /// The same statement again is answered with its first receipt.
    ///
    /// # Errors
    /// [`Error::Refused`] by the rules; [`Error::Busy`] if the pool is full, nothing can be sealed
    /// now, or look-ups lag; [`Error::OverQuota`] if its issuer has had its share; [`Error::Stop`] if
    /// the store failed, so that the outcome is unknown until the ledger has been restarted: then
    /// send the same again.
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
        if let Some(index) = self.shared.store.statement(&statement.leaf())? {
            return self.sent_before(index).await;
        }
        let r#use = self.shared.admit(&statement)?;
        door::check_held(&self.shared.keys, &statement)?;
        if let (Some(_), Some(list)) = (statement.as_revoke(), &list) {
            self.check_revoked(&statement, list).await?;
        }
        let charge = self.shared.charge(&statement, r#use)?;
        let (pending, answer) = Pending::new(statement, list, self.shared.clock.elapsed(), charge);
        self.shared.pool.put(pending, r#use)?;
        match answer.await {
            Ok(answer) => answer?.accepted(self).await,
            Err(_) => Err(Error::busy("the ledger stopped before it sealed this: send it again")),
        }
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
        let clock = || self.shared.alarm.read().unwrap_or_else(PoisonError::into_inner).clone();
        let silence = || self.shared.pulse.silence(self.shared.clock.elapsed());
        self.failure().or_else(clock).or_else(silence)
    }

    /// Why nothing will be written until somebody has looked and restarted it: the sealer or the
    /// store failed.
    pub fn failure(&self) -> Option<String> {
        self.shared.failure.get().cloned().or_else(|| self.shared.store.failure())
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

impl Drop for Ledger {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What can be known of a statement before its block: the sealer asks again, by block time. It
    /// gives what its key is for.
    fn admit(&self, statement: &Statement) -> Result<Use, Error> {
        let registry = self.registry();
        let signer = registry.admit(statement, self.clock.now_ms())?;
        statement.verify(&signer.key)?;
        Ok(signer.r#use)
    }

    /// Of its issuer's quota, once nobody else can have sent it. Those who govern the ledger have
    /// none.
    fn charge(&self, statement: &Statement, r#use: Use) -> Result<Option<Charge>, Error> {
        if r#use == Use::Issuer { self.quotas.charge(statement, &*self.clock) } else { Ok(None) }
    }
}

/// What the sealer answers.
#[derive(Clone)]
enum Answer {
    /// It is in this block, at this index.
    Sealed(Arc<SealedBlock>, u64),
    /// It was in an earlier block.
    Before(u64),
}

impl Answer {
    async fn accepted(self, ledger: &Ledger) -> Result<Accepted, Error> {
        match self {
            Self::Sealed(sealed, index) => {
                let receipt = sealed.receipt(index);
                Ok(Accepted { index, receipt, was_there: false })
            }
            Self::Before(index) => ledger.sent_before(index).await,
        }
    }
}

impl Shared {
    fn publish(&self, chain: &Chain) {
        *self.registry.write().unwrap_or_else(PoisonError::into_inner) =
            Arc::clone(chain.registry());
    }

    fn set_alarm(&self, alarm: Option<String>) {
        let mut held = self.alarm.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = alarm.as_ref().filter(|why| held.as_ref() != Some(*why)) {
            tracing::error!(why, "nothing can be sealed");
        }
        *held = alarm;
    }

    fn fail(&self, why: String) {
        tracing::error!(why, "nothing can be sealed");
        // It ends once.
        let _ = self.failure.set(why);
    }
}

/// An answer, or why there is none.
type Answered = Result<Answer, Error>;
