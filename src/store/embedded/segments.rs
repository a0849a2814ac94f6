//! Append-only segment files: the only truth of the embedded store. Bytes in, the same bytes out:
//! what a record means, what is durable enough to be told, and whether a torn tail may go are the
//! embedded store's business. One writer, under the directory's lock; any number of readers, in
//! this process or another.
//!
//! ```text
//! segments/<base, 20 digits>.seg         integers little-endian
//!   header   magic `PROBANTS` | version u32 | crc32 of those 12 bytes
//!   record   as docs/format.md 7.4 frames it                          (repeated)
//! ```
//! `base` is the position of the file's first byte, so each file names where the one before it
//! ends: a missing file shows, and a reader finds the next one without listing the directory.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use probant_core::framing::{frame, record_bytes};

pub use reader::{Scan, ScanStop, SegmentReader};

use crate::{durable, store::StoreError};

mod reader;
#[cfg(test)]
mod tests;

/// A segment is closed before it would grow beyond this; a longer record has one to itself.
pub const SEGMENT_BYTES: u64 = 1 << 30;

const MAGIC: &[u8; 8] = b"PROBANTS";
const VERSION: u32 = 1;
const HEADER_BYTES: u64 = size_of::<Header>() as u64;
const FILE_MODE: u32 = 0o644;

type Header = [u8; 16];

/// Where a record begins: its byte offset over all segments end to end, headers included.
///
/// The first byte of a segment stands for its first record too, so that [`Self::next_after`] the
/// last record of one segment leads into the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

impl Position {
    /// Of the first record there is.
    pub const FIRST: Self = Self(HEADER_BYTES);

    /// The position after a record here with a body of `body_bytes`.
    #[must_use]
    pub const fn next_after(self, body_bytes: usize) -> Self {
        Self(self.0 + record_bytes(body_bytes) as u64)
    }
}

/// The writer. Whoever opens it scans the tail and truncates what is torn before it appends.
pub struct Segments {
    dir: PathBuf,
    segment_bytes: u64,
    /// The last segment: the only file ever written to.
    last: File,
    /// Position of its first byte.
    base: u64,
    /// Position after its last byte.
    end: u64,
    poisoned: bool,
}

impl Segments {
    /// Opens the directory, making it and a first segment where there is none. Names and lengths
    /// are checked, contents are not; what is there is durable when this returns.
    pub fn open(dir: &Path, segment_bytes: u64) -> Result<Self, StoreError> {
        durable::create_dir(dir)?;
        let (base, last, end) = open_last(dir)?;
        Ok(Self { dir: dir.to_owned(), segment_bytes, last, base, end, poisoned: false })
    }

    /// The position after the last record.
    pub fn end(&self) -> Position {
        Position(self.end)
    }

    /// Appends a record; it is durable when this returns its position.
    ///
    /// # Errors
    /// `Input` for a body too long to be framed. After any other error every later call answers
    /// `Poisoned`.
    ///
    /// # Panics
    /// When the last segment has no whole header, which a scan would have shown.
    pub fn append(&mut self, body: &[u8]) -> Result<Position, StoreError> {
        let record = record(body)?;
        self.or_poison(|this| {
            assert!(this.used() >= HEADER_BYTES, "a torn header is truncated before appending");
            if this.used() > HEADER_BYTES && this.used() + record.len() as u64 > this.segment_bytes
            {
                // A crash within leaves a short header, torn at its base; one after it, an empty
                // segment, which the next append fills.
                this.last = create(&this.dir, this.end)?;
                this.base = this.end;
                this.end += HEADER_BYTES;
            }
            // A crash from here on leaves a torn record, or a whole one that nobody was told of.
            this.last.write_all_at(&record, this.used()).map_err(this.failed("write"))?;
            this.last.sync_data().map_err(this.failed("sync"))?;
            let position = Position(this.end);
            this.end += record.len() as u64;
            Ok(position)
        })
    }

    /// Writes a whole record of the last segment once more, where it is, and syncs it: after a
    /// sync that failed, the system may hold for durable what never reached the disk. A record of
    /// an earlier segment was synced before the next one began.
    ///
    /// # Errors
    /// As for [`Segments::append`].
    pub fn settle(&mut self, position: Position, body: &[u8]) -> Result<(), StoreError> {
        let record = record(body)?;
        self.or_poison(|this| {
            let Some(offset) = position.0.checked_sub(this.base) else { return Ok(()) };
            // A crash here changes nothing: the bytes are the same.
            this.last.write_all_at(&record, offset).map_err(this.failed("write"))?;
            this.last.sync_data().map_err(this.failed("sync"))
        })
    }

    /// Cuts the last segment at `at`, and removes it when no record is left and it is not the first.
    ///
    /// # Panics
    /// When `at` is not in the last segment: no other is ever cut.
    pub fn truncate(&mut self, at: Position) -> Result<(), StoreError> {
        self.or_poison(|this| {
            assert!((this.base..=this.end).contains(&at.0), "only the last segment is ever cut");
            let keep = (at.0 - this.base).max(HEADER_BYTES);
            if keep == HEADER_BYTES && this.base > 0 {
                // After a crash before the sync the file may be back, as torn as it was.
                fs::remove_file(path(&this.dir, this.base)).map_err(this.failed("remove"))?;
                durable::sync_dir(&this.dir)?;
                (this.base, this.last, this.end) = open_last(&this.dir)?;
                return Ok(());
            }
            this.last.set_len(keep).map_err(this.failed("truncate"))?;
            if keep == HEADER_BYTES {
                // The first segment's header may itself be torn.
                this.last.write_all_at(&header(VERSION), 0).map_err(this.failed("write"))?;
            }
            this.last.sync_all().map_err(this.failed("sync"))?;
            this.end = this.base + keep;
            Ok(())
        })
    }

    /// Runs what changes files. Once it has failed, or panicked, nobody knows what is on disk.
    fn or_poison<T>(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.poisoned {
            return Err(StoreError::Poisoned);
        }
        self.poisoned = true;
        let done = change(self)?;
        self.poisoned = false;
        Ok(done)
    }

    /// Bytes in the last segment.
    fn used(&self) -> u64 {
        self.end - self.base
    }

    fn failed(&self, doing: &str) -> impl FnOnce(io::Error) -> StoreError {
        StoreError::io(format!("{doing} {}", path(&self.dir, self.base).display()))
    }
}

fn header(version: u32) -> Header {
    let mut header = Header::default();
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&version.to_le_bytes());
    let crc = crc32fast::hash(&header[..12]);
    header[12..].copy_from_slice(&crc.to_le_bytes());
    header
}

fn record(body: &[u8]) -> Result<Vec<u8>, StoreError> {
    frame(body).map_err(|why| StoreError::Input(why.to_string()))
}

fn path(dir: &Path, base: u64) -> PathBuf {
    dir.join(format!("{base:020}.seg"))
}

/// A new segment file, durable with its name.
fn create(dir: &Path, base: u64) -> Result<File, StoreError> {
    Ok(durable::create_new_file(&path(dir, base), &header(VERSION), FILE_MODE)?)
}

/// Base, file and end of the last segment, the first being made where there is none.
fn open_last(dir: &Path) -> Result<(u64, File, u64), StoreError> {
    let Some(&(base, end)) = list(dir)?.last() else {
        return Ok((0, create(dir, 0)?, HEADER_BYTES));
    };
    let path = path(dir, base);
    let doing = || StoreError::io(format!("open and sync {}", path.display()));
    let file = File::options().read(true).write(true).open(&path).map_err(doing())?;
    // What a killed process left, a record or the name of the file, may not be on disk yet.
    file.sync_all().map_err(doing())?;
    durable::sync_dir(dir)?;
    Ok((base, file, end))
}

/// Base and end of every segment, in order, each beginning where the one before it ends.
fn list(dir: &Path) -> Result<Vec<(u64, u64)>, StoreError> {
    let failed = |e| StoreError::io(format!("list {}", dir.display()))(e);
    let mut bases = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        // A segment on its way to its name, under a live writer or where one was killed.
        if durable::is_unfinished(&name) {
            continue;
        }
        bases.push(base_of(dir, &name)?);
    }
    bases.sort_unstable();
    // Lengths only now: under a live writer, a file is complete once the next one is listed.
    let mut segments = Vec::with_capacity(bases.len());
    let mut end = 0;
    for base in bases {
        let path = path(dir, base);
        if base != end {
            let what = format!("the segments before it end at position {end}");
            return Err(StoreError::damage(path.display().to_string(), what));
        }
        end = base + fs::metadata(path).map_err(failed)?.len();
        segments.push((base, end));
    }
    Ok(segments)
}

fn base_of(dir: &Path, name: &OsStr) -> Result<u64, StoreError> {
    let base = name.to_str().and_then(|name| name.strip_suffix(".seg")?.parse().ok());
    let place = dir.join(name);
    base.filter(|base| path(dir, *base) == place)
        .ok_or_else(|| StoreError::damage(place.display().to_string(), "not the name of a segment"))
}
