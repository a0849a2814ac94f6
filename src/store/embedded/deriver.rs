//! The thread that derives look-ups from durable blocks, behind the writer. Nothing acknowledged
//! waits for it, but the writer waits for its queue: it can lag by so many blocks and no more.

use std::{
    collections::{HashMap, VecDeque},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use probant_core::{Hash, Rejected, status::Growth};

use super::{
    derived::Derived,
    index::Engine,
    segments::{Position, SegmentReader},
};
use crate::{
    clock::{SharedClock, SystemClock},
    store::{StoreError, StoredBlock},
};

/// Blocks that may wait to be derived.
const QUEUE_BLOCKS: usize = 4;
/// Bytes of blocks derived between two syncs of what is derived: the most that is derived again
/// after a kill.
pub(super) const SYNC_BYTES: u64 = 64 << 20;

/// After a rebuild no other is begun for so long, and at least for as long as it took: whoever asks
/// for one met what was replaced, or what no rebuild mends.
const REST_MIN: Duration = Duration::from_secs(10);

/// Handle on the thread.
pub struct Deriver {
    shared: Arc<Shared>,
    jobs: SyncSender<Job>,
    thread: Mutex<Option<JoinHandle<Result<(), StoreError>>>>,
}

enum Job {
    Derive(Arc<StoredBlock>, Position),
    /// Look whether a rebuild is wanted.
    Look,
    /// Says so once everything before it is done.
    Settle(SyncSender<()>),
    Stop,
}

struct Shared {
    dir: PathBuf,
    engine: Engine,
    reader: SegmentReader,
    /// None while it is rebuilt.
    derived: RwLock<Option<Derived>>,
    blocks: AtomicU64,
    pending: Mutex<Pending>,
    /// Set by whoever meets damage, however many they are; cleared after the rebuild.
    wanted: AtomicBool,
    clock: SharedClock,
    /// Why look-ups no longer follow the head, for good.
    failed: OnceLock<String>,
}

/// What is in blocks that are durable and not derived yet.
#[derive(Default)]
struct Pending {
    /// Statements by leaf hash.
    statements: HashMap<Hash, u64>,
    /// For the nodes of their status maps; a queue's length and one.
    blocks: VecDeque<Arc<StoredBlock>>,
}

/// Says that the thread has ended, if it panics: engines do, on some damage.
struct Ending<'a>(&'a Shared);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail(&StoreError::damage("deriver", "its thread panicked"));
        }
    }
}

impl Deriver {
    /// Starts the thread over what has been derived so far.
    pub fn start(derived: Derived, dir: PathBuf, engine: Engine, reader: SegmentReader) -> Self {
        let blocks = AtomicU64::new(derived.blocks());
        let shared = Arc::new(Shared {
            dir,
            engine,
            reader,
            derived: RwLock::new(Some(derived)),
            blocks,
            pending: Mutex::default(),
            wanted: AtomicBool::new(false),
            clock: SystemClock::shared(),
            failed: OnceLock::new(),
        });
        let (jobs, queue) = sync_channel(QUEUE_BLOCKS);
        let worker = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("deriver".into())
            .spawn(move || {
                let _ending = Ending(&worker);
                worker.run(&queue).inspect_err(|error| worker.fail(error))
            })
            .expect("a thread can be started");
        Self { shared, jobs, thread: Mutex::new(Some(thread)) }
    }

    /// Number of blocks derived.
    pub fn blocks(&self) -> u64 {
        self.shared.blocks.load(Ordering::Acquire)
    }

    /// Index of a statement whose block is not derived yet.
    pub fn pending(&self, leaf: &Hash) -> Option<u64> {
        self.shared.pending().statements.get(leaf).copied()
    }

    /// A node of the status maps, from blocks that are not derived yet or from what is.
    pub fn node<T: Copy>(
        &self,
        of_block: impl Fn(&Growth) -> Option<&T>,
        of_derived: impl FnOnce(&Derived) -> Result<T, Rejected>,
    ) -> Result<T, Rejected> {
        let pending =
            self.shared.pending().blocks.iter().find_map(|b| of_block(&b.growth).copied());
        if let Some(node) = pending {
            return Ok(node);
        }
        let derived = self.shared.derived.read().unwrap_or_else(PoisonError::into_inner);
        let rebuilding = || Rejected::Unreadable("look-ups are being rebuilt".into());
        of_derived(derived.as_ref().ok_or_else(rebuilding)?)
    }

    /// Why look-ups no longer follow the head, if they do not.
    pub fn failed(&self) -> Option<StoreError> {
        let why = self.shared.failed.get()?;
        Some(StoreError::damage("look-ups, which no longer follow the head", why))
    }

    /// Runs a look-up.
    pub fn with<T>(
        &self,
        ask: impl FnOnce(&Derived) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let derived = self.shared.derived.read().unwrap_or_else(PoisonError::into_inner);
        match derived.as_ref() {
            Some(derived) => ask(derived),
            None => Err(StoreError::Behind { derived: 0, blocks: self.blocks() }),
        }
    }

    /// Takes a durable block; waits while the queue is full.
    pub fn derive(&self, block: Arc<StoredBlock>, position: Position) {
        let first = block.block.header().first;
        let entries = block.block.entries.iter().zip(first..);
        let leaves = entries.map(|(statement, index)| (statement.leaf(), index));
        {
            let mut pending = self.shared.pending();
            pending.statements.extend(leaves);
            pending.blocks.push_back(Arc::clone(&block));
        }
        self.send(Job::Derive(block, position));
    }

    /// Has all look-ups derived anew; never waits. What is there answers meanwhile. Nothing is done
    /// for whoever comes while they are, or just after: it met what was replaced.
    pub fn rebuild(&self) {
        self.shared.wanted.store(true, Ordering::Release);
        // With a full queue, the thread looks after the job that it is at.
        let _ = self.jobs.try_send(Job::Look);
    }

    /// Whether a rebuild is wanted or under way.
    pub fn is_rebuilding(&self) -> bool {
        self.shared.wanted.load(Ordering::Acquire)
    }

    /// Waits until every block handed over before has been derived.
    pub fn settle(&self) {
        let (done, wait) = sync_channel(0);
        self.send(Job::Settle(done));
        // Nothing is ever sent: the other end is dropped, also by a deriver that has stopped.
        let _ = wait.recv();
    }

    fn send(&self, job: Job) {
        if self.jobs.send(job).is_err() {
            tracing::error!("the deriver has stopped: look-ups no longer follow the head");
        }
    }

    /// Ends the thread after the queue, with everything synced.
    pub fn stop(&self) -> Result<(), StoreError> {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return Ok(()) };
        self.send(Job::Stop);
        thread.join().unwrap_or_else(|_| Err(StoreError::damage("deriver", "its thread panicked")))
    }
}

impl Drop for Deriver {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::error!(%error, "look-ups were not synced: they are derived again on opening");
        }
    }
}

impl Shared {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, error: &StoreError) {
        tracing::error!(%error, "look-ups no longer follow the head");
        // It ends once.
        let _ = self.failed.set(error.to_string());
    }

    fn run(&self, queue: &Receiver<Job>) -> Result<(), StoreError> {
        let (mut unsynced, mut rest_until) = (0, Duration::ZERO);
        while let Ok(job) = queue.recv() {
            let done = match job {
                Job::Derive(block, position) => {
                    unsynced += block.bytes.len() as u64;
                    self.derive(&block, position)
                }
                Job::Look => Ok(()),
                Job::Settle(done) => {
                    drop(done);
                    Ok(())
                }
                Job::Stop => return self.sync(),
            };
            match done {
                Err(error @ StoreError::Damage { .. }) => {
                    tracing::error!(%error, "look-ups are damaged");
                    // A block is missing in them, however new they are.
                    rest_until = Duration::ZERO;
                    self.wanted.store(true, Ordering::Release);
                }
                done => done?,
            }
            self.rebuild_if_wanted(&mut rest_until);
            if unsynced >= SYNC_BYTES {
                self.sync()?;
                unsynced = 0;
            }
        }
        Ok(())
    }

    /// Once, whatever asked for it: one that fails will not do better the next time.
    fn rebuild_if_wanted(&self, rest_until: &mut Duration) {
        let began = self.clock.elapsed();
        if !self.wanted.load(Ordering::Acquire) {
            return;
        }
        if began >= *rest_until && self.failed.get().is_none() {
            self.rebuild().unwrap_or_else(|error| self.fail(&error));
            let ended = self.clock.elapsed();
            *rest_until = ended + REST_MIN.max(ended.saturating_sub(began));
        }
        self.wanted.store(false, Ordering::Release);
    }

    fn derive(&self, block: &StoredBlock, position: Position) -> Result<(), StoreError> {
        let derived = self.derived.read().unwrap_or_else(PoisonError::into_inner);
        let Some(derived) = derived.as_ref() else { return Ok(()) };
        // A rebuild has read blocks that were still in the queue.
        if block.head.height >= derived.blocks() {
            derived.derive(block, position)?;
        }
        self.blocks.store(derived.blocks(), Ordering::Release);
        let mut pending = self.pending();
        for statement in &block.block.entries {
            pending.statements.remove(&statement.leaf());
        }
        pending.blocks.retain(|waiting| waiting.head.height > block.head.height);
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        let derived = self.derived.read().unwrap_or_else(PoisonError::into_inner);
        derived.as_ref().map_or(Ok(()), Derived::sync)
    }

    fn durable_end(&self) -> Result<Option<Position>, StoreError> {
        let parent = self.dir.parent().expect("what is derived stands in the data directory");
        super::durable_end(parent)
    }

    /// Derives everything beside what is there, which answers until the new look-ups take its
    /// place: segments that turn out to be damaged too cost nobody an answer.
    fn rebuild(&self) -> Result<(), StoreError> {
        tracing::warn!("look-ups are derived anew from the segments");
        let beside = self.dir.with_extension("new");
        Derived::delete(&beside)?;
        self.derive_all(&Derived::open(&beside, self.engine)?)?;
        let mut held = self.derived.write().unwrap_or_else(PoisonError::into_inner);
        *held = None;
        Derived::delete(&self.dir)?;
        std::fs::rename(&beside, &self.dir)
            .map_err(StoreError::io(format!("rename {}", beside.display())))?;
        let derived = Derived::open(&self.dir, self.engine)?;
        tracing::info!(blocks = derived.blocks(), "look-ups are rebuilt");
        self.blocks.store(derived.blocks(), Ordering::Release);
        *held = Some(derived);
        Ok(())
    }

    fn derive_all(&self, derived: &Derived) -> Result<(), StoreError> {
        let mut chain = None;
        // A block that is appended meanwhile comes through the queue.
        for record in self.reader.scan_from(Position::FIRST, self.durable_end()?) {
            let (position, bytes) = record?;
            let stored = StoredBlock::check(bytes, &mut chain, derived).map_err(|fault| {
                let place = format!("segments, byte {}", position.0);
                StoreError::damage(place, fault.rejected.to_string())
            })?;
            derived.derive(&stored, position)?;
        }
        derived.sync()
    }
}
