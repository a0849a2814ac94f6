//! Proof files and checkpoints, put together from look-ups. Making a proof signs nothing: every
//! path leads to the tree of a published checkpoint, under that block's stored seal.
//!
//! A proof is verified here before it is handed out, as a stranger would: what is derived is never
//! believed, and what contradicts the blocks is rebuilt.

mod maker;

use std::{
    num::NonZero,
    sync::{Arc, PoisonError, RwLock},
    thread,
    time::Duration,
};

use probant_core::{Fingerprint, Hash, registry::Registry, seal::Seal, statement::BlockStatement};
use tokio::sync::{Mutex, Semaphore};

use crate::{
    Error,
    anchor::Anchors,
    clock::SharedClock,
    keyring::Keyring,
    lag,
    store::{Location, Store},
};
use maker::Maker;

/// A checkpoint is signed at most this often.
const PUBLISH_INTERVAL: Duration = Duration::from_secs(1);
/// A busy ledger has always a head that witnesses have not seen yet.
const COSIGNED_OLDER_MS_MAX: u64 = 60_000;

/// Asks for the registry after the newest block: after a wait, or one before would not know the key
/// that sealed the head.
pub type NewestRegistry<'a> = &'a (dyn Fn() -> Arc<Registry> + Sync);

/// A head that proofs lead to.
#[derive(Clone, Debug)]
pub struct Published {
    /// The signed note, with the lines of witnesses that have cosigned it by now; none from a node that
    /// does not hold the note key, as one that only answers.
    pub note: Option<String>,
    /// The head's block.
    pub block: BlockStatement,
    /// Its seal.
    pub seal: Seal,
    /// Root of its tree, which that seal signs.
    pub root: Hash,
}

/// Makes proofs and checkpoints over one store.
pub struct Prover {
    maker: Arc<Maker>,
    clock: SharedClock,
    published: Mutex<Option<(Arc<Published>, Duration)>>,
    /// The newest that a quorum of witnesses has cosigned.
    cosigned: RwLock<Option<Arc<Published>>>,
    /// As many at once as there are cores.
    cores: Arc<Semaphore>,
}

impl Prover {
    /// Over a store, with the ledger's note keys; without them, it signs no checkpoints.
    pub fn new(store: Arc<dyn Store>, keys: Option<Arc<Keyring>>, clock: SharedClock) -> Self {
        let cores = thread::available_parallelism().map_or(2, NonZero::get);
        let (maker, cores) = (Arc::new(Maker::new(store, keys)), Arc::new(Semaphore::new(cores)));
        let (published, cosigned) = (Mutex::new(None), RwLock::default());
        Self { maker, clock, published, cosigned, cores }
    }

    /// Proofs carry the time stamps over their heads that are in this folder.
    ///
    /// # Panics
    /// If proofs are being made already.
    #[must_use]
    pub fn with_anchors(mut self, anchors: Option<Anchors>) -> Self {
        let maker = Arc::get_mut(&mut self.maker);
        maker.expect("nobody makes proofs yet").anchors = anchors;
        self
    }

    /// The newest checkpoint; a new one is signed if the last is a second old and there is a newer
    /// head that look-ups reach.
    ///
    /// # Errors
    /// [`Error::Busy`] while look-ups have not reached block 0; those of the store.
    pub async fn checkpoint(&self, registry: NewestRegistry<'_>) -> Result<Arc<Published>, Error> {
        self.checkpoint_beyond(0, registry).await
    }

    /// A checkpoint of more than `entry` entries: waits for one where it must.
    ///
    /// # Errors
    /// Those of [`Prover::checkpoint`].
    pub async fn checkpoint_beyond(
        &self,
        entry: u64,
        registry: NewestRegistry<'_>,
    ) -> Result<Arc<Published>, Error> {
        lag::caught_up(&*self.clock, || async {
            self.publish(entry, registry).await?.ok_or_else(lag::behind)
        })
        .await
    }

    /// A head for proofs of what was said up to `entry`: the newest that a quorum of witnesses has
    /// cosigned, if it knows that and is hardly older than the newest of all; else that one.
    ///
    /// # Errors
    /// Those of [`Prover::checkpoint`].
    pub async fn head_beyond(
        &self,
        entry: u64,
        registry: NewestRegistry<'_>,
    ) -> Result<Arc<Published>, Error> {
        let newest = self.checkpoint_beyond(entry, registry).await?;
        let will_do = |head: &Arc<Published>| {
            let older_ms = newest.block.time_ms.saturating_sub(head.block.time_ms);
            head.block.size > entry && older_ms <= COSIGNED_OLDER_MS_MAX
        };
        Ok(self.cosigned().filter(will_do).unwrap_or(newest))
    }

    /// Takes a checkpoint with what witnesses signed: handed out from now on, if it is still the
    /// newest, or the newest that a quorum of them has cosigned.
    pub async fn take_cosigned(&self, published: Published, by_quorum: bool) {
        let published = Arc::new(published);
        let mut held = self.published.lock().await;
        if let Some((newest, _)) = held.as_mut()
            && newest.block.height == published.block.height
        {
            *newest = Arc::clone(&published);
        }
        let mut cosigned = self.cosigned.write().unwrap_or_else(PoisonError::into_inner);
        let is_newer = |held: &Arc<Published>| published.block.height >= held.block.height;
        if by_quorum && cosigned.as_ref().is_none_or(is_newer) {
            *cosigned = Some(published);
        }
    }

    /// The newest checkpoint that a quorum of witnesses has cosigned.
    pub fn cosigned(&self) -> Option<Arc<Published>> {
        self.cosigned.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn publish(
        &self,
        index: u64,
        registry: NewestRegistry<'_>,
    ) -> Result<Option<Arc<Published>>, Error> {
        let mut held = self.published.lock().await;
        let now = self.clock.elapsed();
        let fresh = |at: &Duration| now.saturating_sub(*at) < PUBLISH_INTERVAL;
        if let Some((published, _)) = held.as_ref().filter(|(_, at)| fresh(at)) {
            return Ok(Some(published.clone()).filter(|p| p.block.size > index));
        }
        let Some(height) = self.maker.store.derived().checked_sub(1) else { return Ok(None) };
        if let Some((published, _)) = held.as_ref().filter(|(p, _)| p.block.height == height) {
            return Ok(Some(published.clone()).filter(|p| p.block.size > index));
        }
        let registry = registry();
        let signed = self.run(move |maker| maker.sign(height, &registry)).await?;
        let published = Arc::new(signed);
        *held = Some((published.clone(), now));
        Ok(Some(published).filter(|p| p.block.size > index))
    }

    /// The proof file of a document at a place where look-ups found it, under a head that has been
    /// published, and knows the place.
    ///
    /// # Errors
    /// [`Error::Busy`] while look-ups lag.
    pub async fn prove(
        &self,
        fingerprint: Fingerprint,
        location: Location,
        head: &Arc<Published>,
        registry: NewestRegistry<'_>,
    ) -> Result<Vec<u8>, Error> {
        let (head, registry) = (Arc::clone(head), registry());
        self.run(move |maker| maker.prove(fingerprint, location, &head, &registry)).await
    }

    /// What became of each document of a certifying entry, as of the block at `height`, so that
    /// whoever made the list makes the proofs; `None` where there is no list of two or more.
    ///
    /// # Errors
    /// [`Error::Busy`] while look-ups lag.
    pub async fn statuses(&self, entry: u64, height: u64) -> Result<Option<Vec<u8>>, Error> {
        self.run(move |maker| maker.statuses_of(entry, height)).await
    }

    /// Runs work on a thread that serves nobody.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Maker) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let permit = Arc::clone(&self.cores).acquire_owned().await.expect("never closed");
        let maker = Arc::clone(&self.maker);
        let work = move || {
            // Held to the end of the work, even if nobody waits for it any more.
            let _permit = permit;
            work(&maker)
        };
        tokio::task::spawn_blocking(work).await.expect("making a proof never panics")
    }
}
