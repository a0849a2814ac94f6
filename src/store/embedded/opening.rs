//! Opening a data directory: what a crash left is found here, by the code of normal running.
//!
//! The head mark, kept beside the keys, says what was acknowledged. At or below it every record
//! must be whole: anything else is damage, and refused. Above it, a torn record is what a crash
//! leaves and is cut off, and a whole block is kept: it is synced once more, so that it is durable
//! for certain before anybody hears of it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    sync::Mutex,
};

use probant_core::{
    LedgerId,
    block::Block,
    chain::{Chain, Head},
    status::Nodes,
};

use super::{
    Embedded, Writer,
    derived::Derived,
    deriver::{Deriver, SYNC_BYTES},
    segments::{Position, ScanStop, SegmentReader, Segments},
    settings::Settings,
};
use crate::{
    durable,
    store::{
        StoreError, StoredBlock,
        head_mark::{HeadMark, Mark},
    },
};

/// Told, while blocks are derived, how many bytes of segments are done, and of how many.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// Blocks shorter than this in all are sooner derived again than synced.
const WORTH_SYNCING_BYTES: u64 = 1 << 20;

/// Where a ledger is, and how to open it.
pub struct Opening<'a> {
    /// The data directory.
    pub dir: &'a Path,
    /// The head mark, which is never in the data directory.
    pub mark: &'a Path,
    /// Length at which a new segment begins.
    pub segment_bytes: u64,
    /// Told of long work.
    pub progress: Progress<'a>,
}

/// The files of a directory, while it is being opened.
struct Files {
    segments: Segments,
    reader: SegmentReader,
    derived: Derived,
    mark: Option<HeadMark>,
}

impl<'a> Opening<'a> {
    /// The same with another head mark, for a ledger that is still arriving.
    #[must_use]
    pub fn with_mark(&self, mark: &'a Path) -> Self {
        Self { mark, ..*self }
    }

    /// Makes a directory for a new ledger, with no block in it yet.
    ///
    /// # Errors
    /// [`StoreError::Input`] if there is a ledger already, or a head mark.
    pub fn create(&self, settings: Settings) -> Result<Embedded, StoreError> {
        durable::create_dir(self.dir)?;
        let lock = self.lock()?;
        // A crash in the middle of an earlier creation left no whole block, of which nobody was told:
        // go on.
        if self.whole_blocks(1)? > 0 {
            let why = format!("{} holds a ledger already", self.dir.display());
            return Err(StoreError::Input(why));
        }
        if self.mark.exists() {
            let why = format!(
                "{} is the head mark of another ledger: choose another directory for keys",
                self.mark.display()
            );
            return Err(StoreError::Input(why));
        }
        settings.write(self.dir)?;
        Derived::delete(&self.derived_dir())?;
        self.assemble(lock)
    }

    /// How many whole blocks are there, up to so many; nothing is opened.
    ///
    /// # Errors
    /// [`StoreError::Damage`] of the segments, [`StoreError::Io`].
    pub fn whole_blocks(&self, up_to: usize) -> Result<usize, StoreError> {
        if !self.segments_dir().exists() {
            return Ok(0);
        }
        let _ = Segments::open(&self.segments_dir(), self.segment_bytes)?;
        let reader = SegmentReader::open(&self.segments_dir())?;
        Ok(reader.scan_from(Position::FIRST, None).take(up_to).flatten().count())
    }

    /// Opens a ledger, recovers what a crash left, and derives what is not derived yet.
    ///
    /// # Errors
    /// [`StoreError::Input`] where there is no ledger, another process has it, or the head mark is
    /// missing; [`StoreError::Damage`] where a record at or below the mark is not whole, or the
    /// store is behind its mark.
    pub fn open(&self) -> Result<Embedded, StoreError> {
        self.check_is_ledger()?;
        let lock = self.lock()?;
        self.assemble(lock)
    }

    /// Opens a ledger after deleting all that was derived, with these settings from now on.
    ///
    /// # Errors
    /// Those of [`Opening::open`].
    pub fn reindex(&self, settings: Settings) -> Result<Embedded, StoreError> {
        self.check_is_ledger()?;
        let lock = self.lock()?;
        settings.write(self.dir)?;
        Derived::delete(&self.derived_dir())?;
        self.assemble(lock)
    }

    /// That it is a ledger's, and the one of the head mark, before anything is changed.
    fn check_is_ledger(&self) -> Result<(), StoreError> {
        if !self.segments_dir().exists() {
            let why = format!("{} holds no ledger: `probant init` makes one", self.dir.display());
            return Err(StoreError::Input(why));
        }
        match (HeadMark::read(self.mark)?, self.ledger()) {
            (Some(mark), Some(ledger)) => mark.check_ledger(ledger),
            _ => Ok(()),
        }
    }

    /// Whose block 0 is there. One that cannot be read is damage, which opening finds.
    fn ledger(&self) -> Option<LedgerId> {
        let bytes = SegmentReader::open(&self.segments_dir()).ok()?.read(Position::FIRST).ok()?;
        let block = Block::decode(&bytes).ok()?;
        block.entries.first().map(|genesis| LedgerId(genesis.leaf()))
    }

    fn assemble(&self, lock: File) -> Result<Embedded, StoreError> {
        let mark = HeadMark::open(self.mark)?;
        let settings = Settings::read(self.dir)?;
        let segments = Segments::open(&self.segments_dir(), self.segment_bytes)?;
        let reader = SegmentReader::open(&self.segments_dir())?;
        let derived = self.derived(settings)?;
        let mut files = Files { segments, reader, derived, mark };
        let head = match self.recover(&mut files) {
            Err(StoreError::Damage { place, what }) if files.derived.blocks() > 0 => {
                // It may be what was derived that is damaged: once more, from the segments alone.
                tracing::warn!(place, what, "opening again without what was derived");
                drop(files.derived);
                Derived::delete(&self.derived_dir())?;
                files.derived = self.derived(settings)?;
                self.recover(&mut files)?
            }
            recovered => recovered?,
        };
        if files.mark.is_none() && head.is_some() {
            return Err(self.no_mark());
        }
        // Not above: deriving anew brings back no block that is not there.
        let mark = files.mark.as_ref().map(HeadMark::current);
        self.check_reaches(mark, head.as_ref())?;
        self.start(lock, settings, files, head)
    }

    fn start(
        &self,
        lock: File,
        settings: Settings,
        files: Files,
        head: Option<Head>,
    ) -> Result<Embedded, StoreError> {
        let Files { segments, reader, derived, mut mark } = files;
        // Look-ups may have been ahead of an older mark.
        if let (Some(mark), Some(head)) = (&mut mark, &head)
            && head.height > mark.current().height
        {
            mark.raise(Mark::of(head))?;
        }
        let path = self.dir.join(super::DURABLE_HINT);
        let hint = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let hint = hint.map_err(StoreError::io(format!("open {}", path.display())))?;
        let mark_path = self.mark.to_owned();
        let writer = Writer { segments, mark_path, mark, head, hint, poisoned: false };
        writer.write_hint()?;
        let deriver = Deriver::start(derived, self.derived_dir(), settings.index, reader.clone());
        let (writer, usage) = (Mutex::new(writer), Mutex::default());
        Ok(Embedded { writer, reader, deriver, usage, _lock: lock })
    }

    /// Derives every block that is there, and makes those above the mark durable for certain.
    fn recover(&self, files: &mut Files) -> Result<Option<Head>, StoreError> {
        let mark = files.mark.as_ref().map(HeadMark::current);
        let mut chain = files.derived.chain(&files.reader)?;
        let (start, end) = (files.derived.end()?, files.segments.end());
        let mut synced = start;
        let mut head = chain.as_ref().map(|chain| chain.head().clone());
        for record in files.reader.scan_from(start, None) {
            match record {
                Ok((position, bytes)) => {
                    (self.progress)(position.0, end.0);
                    let stored = check(position, bytes, &mut chain, &files.derived)?;
                    if mark.is_none_or(|mark| stored.head.height > mark.height) {
                        self.check_same(mark, head.as_ref(), files)?;
                        self.keep(files, position, &stored)?;
                    }
                    files.derived.derive(&stored, position)?;
                    // Killed again and again, it still gets on.
                    if position.0 - synced.0 >= SYNC_BYTES {
                        files.derived.sync()?;
                        synced = position;
                    }
                    head = Some(stored.head);
                }
                Err(ScanStop::Torn { at, why }) => {
                    self.check_reaches(mark, head.as_ref()).map_err(|_| why)?;
                    self.check_same(mark, head.as_ref(), files)?;
                    tracing::warn!(position = at.0, "a torn record above the head mark is cut off");
                    files.segments.truncate(at)?;
                }
                Err(ScanStop::Failed(why)) => return Err(why),
            }
        }
        self.check_same(mark, head.as_ref(), files)?;
        files.derived.check_index()?;
        if files.derived.end()?.0 - synced.0 >= WORTH_SYNCING_BYTES {
            files.derived.sync()?;
        }
        Ok(head)
    }

    /// A whole block above the mark is kept where it is; only what is torn is ever cut off.
    fn keep(
        &self,
        files: &mut Files,
        position: Position,
        stored: &StoredBlock,
    ) -> Result<(), StoreError> {
        tracing::info!(height = stored.head.height, "a block above the head mark is kept");
        files.segments.settle(position, &stored.bytes)?;
        match &mut files.mark {
            Some(mark) => mark.raise(Mark::of(&stored.head)),
            None => Err(self.no_mark()),
        }
    }

    /// The store must reach its mark.
    fn check_reaches(&self, mark: Option<Mark>, head: Option<&Head>) -> Result<(), StoreError> {
        let Some(mark) = mark else { return Ok(()) };
        if head.is_some_and(|head| head.height >= mark.height) {
            return Ok(());
        }
        let found = head.map_or_else(|| "no block".into(), |h| format!("block {}", h.height));
        let what = format!(
            "the store ends at {found}, behind its head mark at block {} ({}): an old copy was \
             restored, or blocks were lost; nothing is written. Bring the newer copy back",
            mark.height,
            self.mark.display()
        );
        Err(StoreError::damage(self.dir.display().to_string(), what))
    }

    /// A store that reaches its mark must be the same there.
    fn check_same(
        &self,
        mark: Option<Mark>,
        head: Option<&Head>,
        files: &Files,
    ) -> Result<(), StoreError> {
        let Some(mark) = mark else { return Ok(()) };
        let Some(head) = head.filter(|head| head.height >= mark.height) else { return Ok(()) };
        let refuse = |what: String| Err(StoreError::damage(self.dir.display().to_string(), what));
        let root = files.derived.root_at(mark.size)?.map(|root| root.0);
        if head.ledger.0.0 != mark.ledger_id || root != Some(mark.root) {
            return refuse(format!(
                "block {} is not the one of the head mark ({}): this is another ledger or another \
                 history; nothing is written",
                mark.height,
                self.mark.display()
            ));
        }
        Ok(())
    }

    fn derived(&self, settings: Settings) -> Result<Derived, StoreError> {
        let dir = self.derived_dir();
        match Derived::open(&dir, settings.index) {
            Err(StoreError::Damage { place, what }) => {
                tracing::warn!(place, what, "what was derived is damaged: deriving it again");
                Derived::delete(&dir)?;
                Derived::open(&dir, settings.index)
            }
            opened => opened,
        }
    }

    /// Keeps every other process out of the directory, for as long as the answer lives.
    ///
    /// # Errors
    /// [`StoreError::Input`] if another process has it.
    pub fn lock(&self) -> Result<File, StoreError> {
        let path = self.dir.join("lock");
        let doing = || format!("lock {}", path.display());
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = open.map_err(StoreError::io(doing()))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(StoreError::Input(format!(
                "{} is in use by another process",
                self.dir.display()
            ))),
            Err(TryLockError::Error(error)) => Err(StoreError::io(doing())(error)),
        }
    }

    fn no_mark(&self) -> StoreError {
        StoreError::Input(format!(
            "the head mark {} is missing: without it a restored copy could fork the ledger; if the \
             newest block is known, `probant mark set` makes it anew",
            self.mark.display()
        ))
    }

    fn segments_dir(&self) -> PathBuf {
        self.dir.join("segments")
    }

    fn derived_dir(&self) -> PathBuf {
        self.dir.join("derived")
    }
}

fn check(
    position: Position,
    bytes: Vec<u8>,
    chain: &mut Option<Chain>,
    nodes: &dyn Nodes,
) -> Result<StoredBlock, StoreError> {
    StoredBlock::check(bytes, chain, nodes).map_err(|fault| {
        let place = format!("segments, byte {}", position.0);
        StoreError::damage(place, fault.rejected.to_string())
    })
}
