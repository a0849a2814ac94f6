//! Reading segments, at a position or in order, beside a writer of this process or another. What is
//! durable the reader cannot know: the caller asks for nothing beyond it.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use probant_core::framing::{self, BadRecord, CRC_BYTES, LENGTH_BYTES, RECORD_BYTES_MAX};

use super::{HEADER_BYTES, Header, Position, VERSION, header, list, path};
use crate::store::StoreError;

const SCAN_BUFFER_BYTES: usize = 1 << 20;

/// Reads records at their positions while a writer, of this process or another, appends. Clones
/// share their open files.
#[derive(Clone)]
pub struct SegmentReader(Arc<Known>);

struct Known {
    dir: PathBuf,
    /// The segments found so far, never none; changed only by `discover`.
    segments: RwLock<Vec<Arc<Segment>>>,
}

impl SegmentReader {
    /// Opens every segment there is.
    ///
    /// # Errors
    /// `Input` when there is none: a reader makes nothing.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let mut segments = Vec::new();
        for (base, _) in list(dir)? {
            segments.extend(Segment::open(dir, base)?.map(Arc::new));
        }
        if segments.is_empty() {
            return Err(StoreError::Input(format!("{} has no segments", dir.display())));
        }
        Ok(Self(Arc::new(Known { dir: dir.to_owned(), segments: RwLock::new(segments) })))
    }

    /// The position after the last byte now written, which need not be durable nor end a record.
    pub fn end(&self) -> Result<Position, StoreError> {
        self.discover()?.end().map(Position)
    }

    /// The body of the record at `position`, checksum verified.
    pub fn read(&self, position: Position) -> Result<Vec<u8>, StoreError> {
        let mut at = self.locate(position)?;
        at.segment.clone().record(at.offset, &mut at)
    }

    /// `len` bytes of the body of the record at `position`, from `offset` in it. Nothing is
    /// checked, not even where the record ends: the caller verifies what it gets.
    pub fn read_range(
        &self,
        position: Position,
        offset: u64,
        len: usize,
    ) -> Result<Vec<u8>, StoreError> {
        let Cursor { segment, offset: start } = self.locate(position)?;
        let start = start + LENGTH_BYTES as u64;
        if len > RECORD_BYTES_MAX || offset > RECORD_BYTES_MAX as u64 {
            return Err(segment.damage(start, "no record is this long"));
        }
        let mut bytes = vec![0; len];
        segment
            .file
            .read_exact_at(&mut bytes, start + offset)
            .map_err(|e| segment.unreadable(start + offset, e))?;
        Ok(bytes)
    }

    /// The records from `position` on, up to but not including `up_to`. Without that bound, which
    /// is for when nobody writes, up to the end of what is there. `position` must be known to begin
    /// a record: from anywhere else the scan calls torn what is not.
    pub fn scan_from(&self, position: Position, up_to: Option<Position>) -> Scan {
        let up_to = up_to.unwrap_or(Position(u64::MAX));
        Scan { reader: self.clone(), next: position, up_to, input: None, ended: false }
    }

    fn locate(&self, position: Position) -> Result<Cursor, StoreError> {
        if position.0 >= self.last().end()? {
            let last = self.discover()?;
            let end = last.end()?.max(last.base + HEADER_BYTES);
            if position.0 > end {
                return Err(last.damage(end - last.base, "the last segment ends before the record"));
            }
        }
        let segments = self.0.segments.read().expect("nothing panics while it is held");
        let after = segments.partition_point(|segment| segment.base <= position.0);
        let segment = Arc::clone(&segments[after - 1]);
        let offset = match position.0 - segment.base {
            0 => HEADER_BYTES,
            offset => offset,
        };
        Ok(Cursor { segment, offset })
    }

    /// Follows the writer to the segments made, and back from one removed, since the last look.
    fn discover(&self) -> Result<Arc<Segment>, StoreError> {
        let mut segments = self.0.segments.write().expect("nothing panics while it is held");
        while let [.., _, last] = segments.as_slice()
            && last.end()? == last.base
        {
            segments.pop();
        }
        loop {
            let last = segments.last().expect("the first is never removed");
            let end = last.end()?;
            match Segment::open(&self.0.dir, end)? {
                Some(next) if end > last.base => segments.push(Arc::new(next)),
                _ => return Ok(Arc::clone(last)),
            }
        }
    }

    fn last(&self) -> Arc<Segment> {
        let segments = self.0.segments.read().expect("nothing panics while it is held");
        Arc::clone(segments.last().expect("the first is never removed"))
    }
}

/// Why a scan did not reach its end.
#[derive(Debug)]
pub enum ScanStop {
    /// A bad record, or header, in the last segment. Whether a crash cut it short, and it may be
    /// truncated, or it was once durable, and is damage, the caller knows by its head mark.
    Torn {
        /// Where to truncate.
        at: Position,
        /// The damage that it would be.
        why: StoreError,
    },
    /// Damage that no crash explains, or a file that could not be read.
    Failed(StoreError),
}

impl From<StoreError> for ScanStop {
    fn from(why: StoreError) -> Self {
        Self::Failed(why)
    }
}

impl From<ScanStop> for StoreError {
    fn from(stop: ScanStop) -> Self {
        match stop {
            ScanStop::Torn { why, .. } | ScanStop::Failed(why) => why,
        }
    }
}

/// Records in order, each with its position. Ends after the last whole one, or after one error.
pub struct Scan {
    reader: SegmentReader,
    next: Position,
    up_to: Position,
    /// Reads at `next`, once the segment is known.
    input: Option<BufReader<Cursor>>,
    ended: bool,
}

impl Iterator for Scan {
    type Item = Result<(Position, Vec<u8>), ScanStop>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let found = self.step();
        self.ended = !matches!(found, Ok(Some(_)));
        found.transpose()
    }
}

impl Scan {
    fn step(&mut self) -> Result<Option<(Position, Vec<u8>)>, ScanStop> {
        while self.next < self.up_to {
            let at = self.next;
            if let Some(input) = &mut self.input {
                let segment = Arc::clone(&input.get_ref().segment);
                let offset = at.0 - segment.base;
                if !input.fill_buf().map_err(|e| segment.unreadable(offset, e))?.is_empty() {
                    let body = segment.record(offset, input);
                    let body = body.map_err(|why| self.stop(&segment, at, why))?;
                    self.next = at.next_after(body.len());
                    return Ok(Some((at, body)));
                }
            }
            if !self.enter()? {
                break;
            }
        }
        Ok(None)
    }

    /// Goes on in the segment that now holds `next`; false at the end of the last one.
    fn enter(&mut self) -> Result<bool, ScanStop> {
        let cursor = self.reader.locate(self.next)?;
        let Cursor { segment, offset } = &cursor;
        let base = Position(segment.base);
        segment.check_header().map_err(|why| self.stop(segment, base, why))?;
        self.next = Position(base.0 + offset);
        let more = self.next.0 < segment.end()?;
        self.input = Some(BufReader::with_capacity(SCAN_BUFFER_BYTES, cursor));
        Ok(more)
    }

    fn stop(&self, segment: &Segment, at: Position, why: StoreError) -> ScanStop {
        match self.reader.discover() {
            Ok(last) if last.base == segment.base && matches!(why, StoreError::Damage { .. }) => {
                ScanStop::Torn { at, why }
            }
            _ => ScanStop::Failed(why),
        }
    }
}

/// One segment file, open for reading.
struct Segment {
    base: u64,
    path: PathBuf,
    file: File,
}

impl Segment {
    /// None where there is no such file.
    fn open(dir: &Path, base: u64) -> Result<Option<Self>, StoreError> {
        let path = path(dir, base);
        match File::open(&path) {
            Ok(file) => Ok(Some(Self { base, path, file })),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StoreError::io(format!("open {}", path.display()))(e)),
        }
    }

    /// Position after the last byte; a file that was removed holds none.
    fn end(&self) -> Result<u64, StoreError> {
        let metadata = self.file.metadata().map_err(|e| self.unreadable(0, e))?;
        Ok(self.base + if metadata.nlink() == 0 { 0 } else { metadata.len() })
    }

    fn check_header(&self) -> Result<(), StoreError> {
        let mut found = Header::default();
        self.file.read_exact_at(&mut found, 0).map_err(|e| self.unreadable(0, e))?;
        let [.., a, b, c, d, _, _, _, _] = found;
        let version = u32::from_le_bytes([a, b, c, d]);
        if found != header(version) {
            return Err(self.damage(0, "not the header of a segment"));
        }
        if version != VERSION {
            let path = self.path.display();
            return Err(StoreError::Input(format!(
                "{path} is of version {version}, this program reads {VERSION}: a newer probant wrote \
                 it, and reads it"
            )));
        }
        Ok(())
    }

    /// The body of the record at `offset`, whose bytes come from `input`.
    fn record(&self, offset: u64, input: &mut impl Read) -> Result<Vec<u8>, StoreError> {
        let mut length = [0; LENGTH_BYTES];
        input.read_exact(&mut length).map_err(|e| self.unreadable(offset, e))?;
        let bad = |why: BadRecord| self.damage(offset, why.to_string());
        let mut rest = vec![0; framing::block_bytes(length).map_err(bad)? + CRC_BYTES];
        input.read_exact(&mut rest).map_err(|e| self.unreadable(offset, e))?;
        framing::parse(length, rest).map_err(bad)
    }

    fn damage(&self, offset: u64, what: impl Into<String>) -> StoreError {
        StoreError::damage(format!("{} byte {offset}", self.path.display()), what)
    }

    fn unreadable(&self, offset: u64, e: io::Error) -> StoreError {
        if e.kind() == ErrorKind::UnexpectedEof {
            return self.damage(offset, "the file ends within what begins here");
        }
        StoreError::io(format!("read {} byte {offset}", self.path.display()))(e)
    }
}

/// A place in a segment, to read on from.
struct Cursor {
    segment: Arc<Segment>,
    offset: u64,
}

impl Read for Cursor {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.segment.file.read_at(bytes, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}
