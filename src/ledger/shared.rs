//! What those who submit, on their own threads, share with the one that seals.

use std::sync::{
    Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard,
    atomic::{AtomicU64, Ordering},
};

use probant_core::{
    Statement,
    chain::Chain,
    draft::SealedBlock,
    key::{Kid, SigningKey, Use},
    registry::Registry,
};

use super::{Accepted, Figures, Ledger, Sealing, pool::Pool, pulse::Pulse};
use crate::{
    Error,
    clock::SharedClock,
    keyring::{self, Keyring},
    store::Store,
};

/// What admission and the sealer share.
pub struct Shared {
    pub store: Arc<dyn Store>,
    /// None where this node only follows.
    pub keys: Option<Arc<Keyring>>,
    pub clock: SharedClock,
    pub sealing: Sealing,
    pub pool: Pool,
    pub pulse: Pulse,
    pub figures: Figures,
    /// Who may write, after the newest block.
    registry: RwLock<Arc<Registry>>,
    /// The height of that block.
    reached: AtomicU64,
    /// Why nothing can be sealed now: a clock that is not believed, a store that is out of reach, a key
    /// that is not held.
    alarm: RwLock<Option<String>>,
    /// Why the sealer has ended before its time: only a restart goes on.
    failure: OnceLock<String>,
}

impl Shared {
    pub fn new(
        store: Arc<dyn Store>,
        keys: Option<Arc<Keyring>>,
        clock: SharedClock,
        sealing: Sealing,
        chain: &Chain,
    ) -> Self {
        Self {
            pool: Pool::new(sealing.limits),
            pulse: Pulse::new(sealing.heartbeat, clock.elapsed()),
            figures: Figures::default(),
            registry: RwLock::new(Arc::clone(chain.registry())),
            reached: AtomicU64::new(chain.head().height),
            alarm: RwLock::default(),
            failure: OnceLock::new(),
            store,
            keys,
            clock,
            sealing,
        }
    }

    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What can be known of a statement before its block: the sealer asks again, by block time. It
    /// gives what its key is for.
    pub fn admit(&self, statement: &Statement) -> Result<Use, Error> {
        let registry = self.registry();
        let signer = registry.admit(statement, self.clock.now_ms())?;
        statement.verify(&signer.key)?;
        Ok(signer.r#use)
    }

    pub fn publish(&self, chain: &Chain) {
        *self.registry.write().unwrap_or_else(PoisonError::into_inner) =
            Arc::clone(chain.registry());
        self.reached.store(chain.head().height, Ordering::Release);
    }

    /// Height of the newest block that statements are admitted after.
    pub fn reached(&self) -> u64 {
        self.reached.load(Ordering::Acquire)
    }

    /// The private half of the seal key in force.
    ///
    /// # Errors
    /// Why there is none, for strangers, too: not where it was looked for.
    pub fn seal_key(keys: &Keyring, registry: &Registry) -> Result<SigningKey, String> {
        let kid = registry.ledger_key(Use::Seal).kid();
        keys.get(Use::Seal, kid).map_err(|_| not_held(Use::Seal, kid))
    }

    /// Why nothing can be sealed now, or will be; or no checkpoint be signed.
    pub fn alarm(&self) -> Option<String> {
        let silence = || self.pulse.silence(self.clock.elapsed());
        self.failure()
            .or_else(|| self.held_alarm().clone())
            .or_else(|| self.lacks())
            .or_else(silence)
    }

    /// Why it cannot sign what it should, by the newest registry.
    fn lacks(&self) -> Option<String> {
        let (keys, registry) = (self.keys.as_ref()?, self.registry());
        keyring::USES.into_iter().find_map(|r#use| {
            let kid = registry.own_key(r#use)?.kid();
            keys.check(r#use, kid).err().map(|_| not_held(r#use, kid))
        })
    }

    /// Whether something is to be tried again.
    pub fn is_alarmed(&self) -> bool {
        self.held_alarm().is_some()
    }

    fn held_alarm(&self) -> RwLockReadGuard<'_, Option<String>> {
        self.alarm.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why nothing will be sealed until a restart.
    pub fn failure(&self) -> Option<String> {
        self.failure.get().cloned().or_else(|| self.store.failure())
    }

    pub fn set_alarm(&self, alarm: Option<String>) {
        let mut held = self.alarm.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = alarm.as_ref().filter(|why| held.as_ref() != Some(*why)) {
            tracing::error!(why, "nothing can be sealed");
        }
        *held = alarm;
    }

    pub fn fail(&self, why: String) {
        tracing::error!(why, "nothing can be sealed");
        // It ends once.
        let _ = self.failure.set(why);
    }
}

/// What the sealer answers.
#[derive(Clone)]
pub enum Answer {
    /// It is in this block, at this index.
    Sealed(Arc<SealedBlock>, u64),
    /// It was in an earlier block.
    Before(u64),
}

impl Answer {
    pub async fn accepted(self, ledger: &Ledger) -> Result<Accepted, Error> {
        match self {
            Self::Sealed(sealed, index) => {
                let receipt = sealed.receipt(index);
                Ok(Accepted { index, receipt, was_there: false })
            }
            Self::Before(index) => ledger.sent_before(index).await,
        }
    }
}

/// An answer, or why there is none.
pub type Answered = Result<Answer, Error>;

fn not_held(r#use: Use, kid: Kid) -> String {
    format!(
        "this node does not hold the {} key {kid}, which is in force: put its file into this node's \
         directory of keys",
        r#use.name()
    )
}
