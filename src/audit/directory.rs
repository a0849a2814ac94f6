//! Blocks from a data directory, also from that of a running server, which is read no further than
//! what is durable: the rest has not been told to anybody and may yet be taken back.

use std::{
    fs::{File, TryLockError},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use probant_core::framing::{LENGTH_BYTES, record_bytes};

use super::Blocks;
use crate::{
    Error,
    store::{
        StoreError,
        embedded::{
            durable_end,
            segments::{Position, Scan, ScanStop, SegmentReader},
        },
    },
};

const SEGMENTS: &str = "segments";
const LOCK: &str = "lock";

/// A file that a crash cut short holds no more than this of its header.
const SEGMENT_HEADER_BYTES: u64 = 16;

/// Reads `<dir>/segments`.
pub struct Directory {
    dir: PathBuf,
    reader: SegmentReader,
    scan: Scan,
    /// The position after the last block read.
    end: Position,
    /// Where the scan must come to: a bad record below is damage, never a torn tail.
    durable: Option<Position>,
    in_use: bool,
    bytes_total: u64,
    notes: Vec<String>,
}

impl Directory {
    /// Opens a directory and decides how far it is read.
    ///
    /// # Errors
    /// `Input` where there is no ledger, `Busy` while a server there has nothing durable yet.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let segments = dir.join(SEGMENTS);
        if !segments.is_dir() {
            let dir = dir.display();
            return Err(Error::input(format!("{dir} is no data directory: no segments in it")));
        }
        let in_use = is_in_use(dir)?;
        // In this order: what was durable before is there after.
        let (durable, notes) = durable_hint(dir, in_use)?;
        let reader = SegmentReader::open(&segments)?;
        let written = reader.end()?;
        let up_to = if in_use { durable.unwrap_or(written) } else { written };
        let scan = reader.scan_from(Position::FIRST, Some(up_to));
        let (dir, end, bytes_total) = (dir.to_owned(), Position::FIRST, up_to.0);
        Ok(Self { dir, reader, scan, end, durable, in_use, bytes_total, notes })
    }

    /// Whether a crash explains why the record at `at` is bad: nothing in it was ever durable.
    fn is_torn(&self, at: Position) -> Result<bool, StoreError> {
        if self.in_use {
            return Ok(false);
        }
        if let Some(durable) = self.durable {
            return Ok(at >= durable);
        }
        // Without the hint, only a record that the end of the file cuts short, and nothing after.
        let left = self.reader.end()?.0.saturating_sub(at.0);
        if left <= SEGMENT_HEADER_BYTES {
            return Ok(true);
        }
        // The range begins after the length of the record it is asked of.
        let before = Position(at.0 - LENGTH_BYTES as u64);
        let length = self.reader.read_range(before, 0, LENGTH_BYTES)?;
        let length = length.try_into().map_or(0, u32::from_le_bytes);
        Ok(record_bytes(length as usize) as u64 > left)
    }

    fn torn(&mut self, at: Position, why: &StoreError) {
        self.notes.push(format!(
            "the tail is torn, as a crash leaves it, and was left out: {why}; position {}",
            at.0
        ));
    }

    /// What was durable must be there.
    fn check_end(&self) -> Result<(), Error> {
        match self.durable {
            Some(durable) if self.end < durable => Err(Error::Stop(format!(
                "the segments end at position {}, the ledger had made {} durable: blocks are \
                 missing, or the directory was copied while it was written to",
                self.end.0, durable.0
            ))),
            _ => Ok(()),
        }
    }
}

impl Blocks for Directory {
    fn name(&self) -> String {
        self.dir.display().to_string()
    }

    fn bytes_total(&self) -> Option<u64> {
        Some(self.bytes_total)
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        match self.scan.next() {
            Some(Ok((at, block))) => {
                self.end = at.next_after(block.len());
                return Ok(Some(block));
            }
            Some(Err(ScanStop::Torn { at, why })) if self.is_torn(at)? => self.torn(at, &why),
            Some(Err(stop)) => return Err(StoreError::from(stop).into()),
            None => {}
        }
        self.check_end()?;
        Ok(None)
    }

    fn notes(&mut self) -> Vec<String> {
        if self.in_use {
            let note = "a server is writing to this directory: read up to what was durable when \
                        the audit began";
            self.notes.push(note.to_owned());
        }
        std::mem::take(&mut self.notes)
    }
}

/// Whether a server holds the lock. It is held by us for an instant only, so that an audit never
/// keeps a server from starting for longer.
fn is_in_use(dir: &Path) -> Result<bool, Error> {
    let path = dir.join(LOCK);
    let lock = match File::open(&path) {
        Ok(lock) => lock,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Error::file(&path)(error)),
    };
    match lock.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(Error::file(&path)(error)),
    }
}

/// How far the ledger says that its blocks are durable. In a directory at rest a hint that cannot
/// be read is only noted: a crash may have left it so.
fn durable_hint(dir: &Path, in_use: bool) -> Result<(Option<Position>, Vec<String>), Error> {
    match durable_end(dir) {
        Ok(None) if in_use => {
            let dir = dir.display();
            Err(Error::busy(format!("{dir} is in use, and nothing in it is known to be durable")))
        }
        Ok(None) => {
            let note = "no hint of what was durable: blocks cut off at the end would not show";
            Ok((None, vec![note.to_owned()]))
        }
        Ok(hint) => Ok((hint, Vec::new())),
        Err(error @ StoreError::Damage { .. }) if !in_use => {
            Ok((None, vec![format!("{error}: blocks cut off at the end would not show")]))
        }
        Err(error) => Err(error.into()),
    }
}
