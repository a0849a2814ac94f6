//! The embedded store: append-only segments are the truth, everything else is derived from them.
//!
//! ```text
//! ledger-data/
//!   lock              held by the one process that has the directory open
//!   settings.json     which index engine
//!   segments/         the blocks: the truth
//!   durable           the durable hint: how far readers of a live directory may go
//!   derived/          look-ups, rebuilt when missing, stale or damaged
//! ```
//!
//! The life of a block: [`Store::append`] writes and syncs it, raises the head mark, then hands it
//! to the deriver's thread. A crash before the sync loses only what was never acknowledged; one
//! after it is found by `opening`, which derives from the segments with the same code.

mod derived;
mod deriver;
pub mod index;
mod opening;
pub mod segments;
pub mod settings;
pub mod table;

use std::{
    fs::File,
    ops::RangeInclusive,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use probant_core::{
    Fingerprint, Hash, Rejected,
    chain::{Chain, Head},
    status::{Inner, Leaf, Map, Nodes},
    tree::Node,
};

use self::{
    deriver::Deriver,
    segments::{Position, SegmentReader, Segments},
};
use super::{
    Claim, Location, Span, Store, StoreError, StoredBlock, Usages,
    head_mark::{HeadMark, Mark},
    usage,
};

pub use self::opening::{Opening, Progress};

const DURABLE_HINT: &str = "durable";

/// A directory with the blocks of one ledger.
pub struct Embedded {
    writer: Mutex<Writer>,
    reader: SegmentReader,
    deriver: Deriver,
    /// Since this process started.
    usage: Mutex<Usages>,
    /// Held while the directory is open.
    _lock: File,
}

struct Writer {
    segments: Segments,
    mark_path: PathBuf,
    /// None before block 0.
    mark: Option<HeadMark>,
    head: Option<Head>,
    /// The durable hint.
    hint: File,
    poisoned: bool,
}

impl Writer {
    /// Writes and syncs one block, then raises the mark: the commit point.
    fn commit(&mut self, block: &StoredBlock) -> Result<Position, StoreError> {
        // A crash during this write leaves a torn record above the mark: cut off on opening.
        let position = self.segments.append(&block.bytes)?;
        // A crash here leaves a whole block above the mark: kept on opening.
        let mark = Mark::of(&block.head);
        match &mut self.mark {
            Some(held) => held.raise(mark)?,
            None => self.mark = Some(HeadMark::create(&self.mark_path, mark)?),
        }
        self.head = Some(block.head.clone());
        self.write_hint()?;
        Ok(position)
    }

    /// Tells readers of a live directory how far it is durable: a crash before leaves it behind,
    /// never ahead.
    fn write_hint(&self) -> Result<(), StoreError> {
        let hint = durable_hint(self.segments.end());
        self.hint.write_all_at(&hint, 0).map_err(StoreError::io("write of the durable hint"))
    }

    fn append(
        &mut self,
        expected: Option<&Head>,
        block: &StoredBlock,
    ) -> Result<Position, StoreError> {
        if self.poisoned {
            return Err(StoreError::Poisoned);
        }
        if self.head.as_ref() != expected {
            return Err(StoreError::Conflict);
        }
        let committed = self.commit(block);
        self.poisoned = committed.is_err();
        committed
    }
}

/// Bytes of the durable hint: the end as u64, its CRC-32, four zero bytes; little-endian.
fn durable_hint(end: Position) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&end.0.to_le_bytes());
    let crc = crc32fast::hash(&bytes[..8]);
    bytes[8..12].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// Up to where the segments of a directory that another process has open are durable; `None` where
/// there is no hint yet.
///
/// # Errors
/// [`StoreError::Damage`] for a hint that was not written whole; [`StoreError::Io`].
pub fn durable_end(dir: &Path) -> Result<Option<Position>, StoreError> {
    let path = dir.join(DURABLE_HINT);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io(format!("read {}", path.display()))(error)),
    };
    let end = bytes.first_chunk().map(|end| Position(u64::from_le_bytes(*end)));
    match end.filter(|end| bytes == durable_hint(*end)) {
        Some(end) => Ok(Some(end)),
        None => Err(StoreError::damage(path.display().to_string(), "it was not written whole")),
    }
}

impl Embedded {
    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn usage(&self) -> MutexGuard<'_, Usages> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops the deriver after what it was given, and syncs what is derived, so that the next
    /// opening has nothing to derive.
    ///
    /// # Errors
    /// Those of the sync; the blocks are durable in any case.
    pub fn close(self) -> Result<(), StoreError> {
        self.deriver.stop()
    }

    /// Runs a look-up; damage that it meets is answered by a rebuild.
    fn look_up<T>(
        &self,
        ask: impl FnOnce(&derived::Derived) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let answer = self.deriver.with(ask);
        if let Err(error @ StoreError::Damage { .. }) = &answer {
            tracing::error!(%error, "look-ups are damaged: rebuilding them from the segments");
            self.deriver.rebuild();
            return Err(self.behind());
        }
        answer
    }

    fn behind(&self) -> StoreError {
        let blocks = self.head().map_or(0, |head| head.height + 1);
        StoreError::Behind { derived: self.derived(), blocks }
    }

    /// Nothing found means nothing only where look-ups reach the head.
    fn or_behind<T>(&self, found: Option<T>, blocks: u64) -> Result<Option<T>, StoreError> {
        let complete = self.head().is_none_or(|head| blocks > head.height);
        if found.is_none() && !complete { Err(self.behind()) } else { Ok(found) }
    }
}

/// One process has the directory, and its ledger one sealer: nobody else is kept waiting.
struct Next<'a> {
    store: &'a Embedded,
    head: Option<Head>,
    usage: Usages,
}

impl Claim for Next<'_> {
    fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    fn usage(&self, issuers: &[&str]) -> Result<Usages, StoreError> {
        Ok(usage::of(&self.store.usage(), issuers))
    }

    fn set_usage(&mut self, usage: Usages) {
        self.usage = usage;
    }

    fn append(self: Box<Self>, block: StoredBlock) -> Result<(), StoreError> {
        // Else it would go on unseen, with what is not derived piling up in memory.
        if let Some(failed) = self.store.deriver.failed() {
            return Err(failed);
        }
        let position = self.store.writer().append(self.head(), &block)?;
        self.store.usage().extend(self.usage);
        // A crash here leaves a durable block that is not derived: done on opening.
        self.store.deriver.derive(Arc::new(block), position);
        Ok(())
    }
}

impl Nodes for Embedded {
    fn inner(&self, at: u64) -> Result<Inner, Rejected> {
        self.deriver.node(|growth| growth.inner(at), |derived| derived.inner(at))
    }

    fn leaf(&self, at: u64) -> Result<Leaf, Rejected> {
        self.deriver.node(|growth| growth.leaf(at), |derived| derived.leaf(at))
    }
}

impl Store for Embedded {
    fn chain(&self) -> Result<Option<Chain>, StoreError> {
        if self.deriver.is_rebuilding() {
            return Err(self.behind());
        }
        self.deriver.settle();
        self.look_up(|derived| derived.chain(&self.reader))
    }

    fn head(&self) -> Option<Head> {
        self.writer().head.clone()
    }

    fn derived(&self) -> u64 {
        self.deriver.blocks()
    }

    fn claim(&self) -> Result<Box<dyn Claim + '_>, StoreError> {
        Ok(Box::new(Next { store: self, head: self.head(), usage: Usages::new() }))
    }

    fn block(&self, height: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let blocks = self.derived();
        let position = self.look_up(|derived| derived.block_position(height))?;
        match self.or_behind(position, blocks)? {
            Some(position) => self.reader.read(position).map(Some),
            None => Ok(None),
        }
    }

    fn span(&self, height: u64) -> Result<Option<Span>, StoreError> {
        let blocks = self.derived();
        let span = self.look_up(|derived| derived.span(height, &self.reader))?;
        self.or_behind(span, blocks)
    }

    fn entry(&self, index: u64) -> Result<Option<(Vec<u8>, u64)>, StoreError> {
        let blocks = self.derived();
        let entry = self.look_up(|derived| derived.entry(index, &self.reader))?;
        self.or_behind(entry, blocks)
    }

    fn hashes(&self, nodes: &[Node]) -> Result<Vec<Hash>, StoreError> {
        self.look_up(|derived| derived.hashes(nodes))
    }

    fn statement(&self, leaf: &Hash) -> Result<Option<u64>, StoreError> {
        // What is not derived yet first: it leaves that list only once the index holds it.
        if let Some(index) = self.deriver.pending(leaf) {
            return Ok(Some(index));
        }
        self.look_up(|derived| derived.statement(leaf))
    }

    fn first(&self, fingerprint: &Fingerprint) -> Result<Option<Location>, StoreError> {
        let blocks = self.derived();
        let first = self.look_up(|derived| derived.first(fingerprint))?;
        self.or_behind(first, blocks)
    }

    fn documents(
        &self,
        fingerprint: &Fingerprint,
        before: Option<Location>,
        limit: usize,
    ) -> Result<Vec<Location>, StoreError> {
        let blocks = self.derived();
        let found = self.look_up(|derived| derived.documents(fingerprint, before, limit))?;
        // What was before a place does not change.
        let found = Some(found).filter(|found| before.is_some() || !found.is_empty());
        self.or_behind(found, blocks).map(Option::unwrap_or_default)
    }

    fn place(&self, fingerprint: &Fingerprint, entry: u64) -> Result<Option<Location>, StoreError> {
        let blocks = self.derived();
        let place = self.look_up(|derived| derived.place(fingerprint, entry))?;
        self.or_behind(place, blocks)
    }

    fn certified(
        &self,
        range: RangeInclusive<Fingerprint>,
        limit: usize,
    ) -> Result<Vec<Fingerprint>, StoreError> {
        let blocks = self.derived();
        let found = self.look_up(|derived| derived.certified(range, limit))?;
        let found = Some(found).filter(|found| !found.is_empty());
        self.or_behind(found, blocks).map(Option::unwrap_or_default)
    }

    fn document_path(&self, location: Location) -> Result<Vec<Hash>, StoreError> {
        self.look_up(|derived| derived.document_path(location, &self.reader))
    }

    fn list(&self, root: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
        let blocks = self.derived();
        let list = self.look_up(|derived| derived.list(root, &self.reader))?;
        self.or_behind(list, blocks)
    }

    fn status(&self, height: u64) -> Result<Option<Map>, StoreError> {
        let blocks = self.derived();
        let status = self.look_up(|derived| derived.status(height))?;
        self.or_behind(status, blocks)
    }

    fn distrust_derived(&self) {
        self.deriver.rebuild();
    }

    fn failure(&self) -> Option<String> {
        self.deriver.failed().map(|error| error.to_string())
    }
}
