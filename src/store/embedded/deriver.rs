//! The thread that derives look-ups from durable blocks, behind the writer. Nothing acknowledged
//! waits for it, but the writer waits for its queue: it can lag by so many blocks and no more.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use probant_core::Hash;

use super::{
    derived::Derived,
    index::Engine,
    segments::{Position, SegmentReader},
};
use crate::store::{StoreError, StoredBlock};

/// Blocks that may wait to be derived.
const QUEUE_BLOCKS: usize = 4;
/// Bytes of blocks derived between two syncs of what is derived: the most that is derived again
/// after a kill.
pub(super) const SYNC_BYTES: u64 = 64 << 20;

/// Handle on the thread.
pub struct Deriver {
    shared: Arc<Shared>,
    jobs: SyncSender<Job>,
    thread: Mutex<Option<JoinHandle<Result<(), StoreError>>>>,
}

enum Job {
    Derive(Arc<StoredBlock>, Position),
    Rebuild,
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
    /// Statements of blocks that are durable and not derived yet, by leaf hash.
    pending: Mutex<HashMap<Hash, u64>>,
    /// Why the thread has ended before it was told to.
    failed: OnceLock<String>,
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
            failed: OnceLock::new(),
        });
        let (jobs, queue) = sync_channel(QUEUE_BLOCKS);
        let worker = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("deriver".into())
            .spawn(move || worker.run(&queue).inspect_err(|error| worker.fail(error)))
            .expect("a thread can be started");
        Self { shared, jobs, thread: Mutex::new(Some(thread)) }
    }

    /// Number of blocks derived.
    pub fn blocks(&self) -> u64 {
        self.shared.blocks.load(Ordering::Acquire)
    }

    /// Index of a statement whose block is not derived yet.
    pub fn pending(&self, leaf: &Hash) -> Option<u64> {
        self.shared.pending().get(leaf).copied()
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
            None => Err(StoreError::Behind { derived: 0, head: self.blocks() }),
        }
    }

    /// Takes a durable block; waits while the queue is full.
    pub fn derive(&self, block: Arc<StoredBlock>, position: Position) {
        let first = block.block.header().first;
        let entries = block.block.entries.iter().zip(first..);
        let leaves = entries.map(|(statement, index)| (statement.leaf(), index));
        self.shared.pending().extend(leaves);
        self.send(Job::Derive(block, position));
    }

    /// Deletes what is derived and derives it anew.
    pub fn rebuild(&self) {
        self.send(Job::Rebuild);
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
    fn pending(&self) -> MutexGuard<'_, HashMap<Hash, u64>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, error: &StoreError) {
        tracing::error!(%error, "look-ups no longer follow the head");
        // It ends once.
        let _ = self.failed.set(error.to_string());
    }

    fn run(&self, queue: &Receiver<Job>) -> Result<(), StoreError> {
        let mut unsynced = 0;
        while let Ok(job) = queue.recv() {
            let done = match job {
                Job::Derive(block, position) => {
                    unsynced += block.bytes.len() as u64;
                    self.derive(&block, position)
                }
                Job::Rebuild => self.rebuild(),
                Job::Settle(done) => {
                    drop(done);
                    Ok(())
                }
                Job::Stop => return self.sync(),
            };
            match done {
                Err(error @ StoreError::Damage { .. }) => {
                    tracing::error!(%error, "look-ups are damaged: rebuilding them");
                    self.rebuild()?;
                }
                done => done?,
            }
            if unsynced >= SYNC_BYTES {
                self.sync()?;
                unsynced = 0;
            }
        }
        Ok(())
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
            pending.remove(&statement.leaf());
        }
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

    fn rebuild(&self) -> Result<(), StoreError> {
        *self.derived.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.blocks.store(0, Ordering::Release);
        Derived::delete(&self.dir)?;
        let derived = Derived::open(&self.dir, self.engine)?;
        // A block that is appended meanwhile comes through the queue.
        let mut chain = None;
        for record in self.reader.scan_from(Position::FIRST, self.durable_end()?) {
            let (position, bytes) = record?;
            let stored = StoredBlock::check(bytes, &mut chain).map_err(|fault| {
                StoreError::damage(
                    format!("segments, byte {}", position.0),
                    fault.rejected.to_string(),
                )
            })?;
            derived.derive(&stored, position)?;
        }
        derived.sync()?;
        tracing::info!(blocks = derived.blocks(), "look-ups are rebuilt");
        self.blocks.store(derived.blocks(), Ordering::Release);
        *self.derived.write().unwrap_or_else(PoisonError::into_inner) = Some(derived);
        Ok(())
    }
}
