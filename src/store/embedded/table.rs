//! A flat file of records of `N` bytes each, addressed by number from 0: tree hashes, entry
//! positions. It is derived, never the truth: nothing is checked here and there is no checksum, for
//! whoever reads a hash or a position verifies what it leads to. After a crash the end of the file
//! may hold anything, so whoever opens one first truncates it to what it had synced.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use crate::store::StoreError;

/// A derived file of records of `N` bytes: one thread appends while many read.
pub struct Table<const N: usize> {
    path: PathBuf,
    file: File,
    /// Whole records that readers may see: stored (Release) after they are written.
    len: AtomicU64,
    /// Held by whoever changes the length, never by readers.
    changing: Mutex<()>,
}

impl<const N: usize> Table<N> {
    /// Opens the table, empty where there is none. A part of a record at the end does not count,
    /// and the next append overwrites it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        const { assert!(N > 0, "a record has bytes") };
        let doing = || StoreError::io(format!("open {}", path.display()));
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path).map_err(doing())?;
        let bytes = file.metadata().map_err(doing())?.len();
        let len = AtomicU64::new(bytes / N as u64);
        Ok(Self { path: path.to_owned(), file, len, changing: Mutex::new(()) })
    }

    /// Count of whole records.
    pub fn len(&self) -> u64 {
        self.len.load(Ordering::Acquire)
    }

    /// Whether there is no whole record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keeps the first `count` records, or all where there are fewer. A reader under way above
    /// `count` may get an error.
    pub fn truncate(&self, count: u64) -> Result<(), StoreError> {
        let _changing = self.change();
        let count = count.min(self.len());
        self.len.store(count, Ordering::Release);
        self.file.set_len(count * N as u64).map_err(self.failed("truncate"))
    }

    /// Appends in one write, without a sync. After an error the length is what it was.
    pub fn push_all(&self, records: &[[u8; N]]) -> Result<(), StoreError> {
        let _changing = self.change();
        let len = self.len();
        self.file
            .write_all_at(records.as_flattened(), len * N as u64)
            .map_err(self.failed("append to"))?;
        self.len.store(len + records.len() as u64, Ordering::Release);
        Ok(())
    }

    /// The record at `index`.
    ///
    /// # Errors
    /// `Damage` past the end: the table is shorter than what the caller knows to be in it.
    pub fn get(&self, index: u64) -> Result<[u8; N], StoreError> {
        let mut record = [0; N];
        self.check_end(index.saturating_add(1))?;
        self.fill(index, &mut record)?;
        Ok(record)
    }

    /// The records at `range`, in one read.
    ///
    /// # Errors
    /// `Damage` past the end, as [`Self::get`].
    ///
    /// # Panics
    /// When the range is longer than memory can be.
    pub fn range(&self, range: Range<u64>) -> Result<Vec<[u8; N]>, StoreError> {
        self.check_end(range.end.max(range.start))?;
        let count = range.end.saturating_sub(range.start);
        let count = usize::try_from(count).expect("a range asked for fits in memory");
        let mut records = vec![[0; N]; count];
        self.fill(range.start, records.as_flattened_mut())?;
        Ok(records)
    }

    /// The first index whose record fails `pred`, where all that pass come before all that fail;
    /// at most 1 + log2(len) reads.
    pub fn partition_point(
        &self,
        mut pred: impl FnMut(&[u8; N]) -> bool,
    ) -> Result<u64, StoreError> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if pred(&self.get(middle)?) { low = middle + 1 } else { high = middle }
        }
        Ok(low)
    }

    /// Makes durable what was appended before the call.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_data().map_err(self.failed("sync"))
    }

    fn fill(&self, index: u64, bytes: &mut [u8]) -> Result<(), StoreError> {
        let offset = index * N as u64;
        self.file.read_exact_at(bytes, offset).map_err(|e| self.failed("read")(e))
    }

    fn check_end(&self, end: u64) -> Result<(), StoreError> {
        let len = self.len();
        if end <= len {
            return Ok(());
        }
        let place = format!("{} byte {}", self.path.display(), len * N as u64);
        Err(StoreError::damage(place, format!("the table has {len} records, not {end}")))
    }

    fn change(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().expect("nothing panics while it is held")
    }

    fn failed(&self, doing: &str) -> impl FnOnce(std::io::Error) -> StoreError {
        StoreError::io(format!("{doing} {}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn record(i: u64) -> [u8; 12] {
        let mut record = [0xaa; 12];
        record[..8].copy_from_slice(&i.to_be_bytes());
        record
    }

    fn table(count: u64) -> (tempfile::TempDir, Table<12>) {
        let dir = tempfile::tempdir().unwrap();
        let table = Table::open(&dir.path().join("t")).unwrap();
        table.push_all(&(0..count).map(record).collect::<Vec<_>>()).unwrap();
        (dir, table)
    }

    #[test]
    fn records_come_back_by_number() {
        let (dir, table) = table(10);
        table.push_all(&[]).unwrap();
        table.push_all(&[record(10)]).unwrap();
        table.sync().unwrap();
        let again = Table::<12>::open(&dir.path().join("t")).unwrap();
        assert_eq!((table.len(), again.len()), (11, 11));
        assert_eq!(again.get(10).unwrap(), record(10));
        assert_eq!(again.range(3..6).unwrap(), [record(3), record(4), record(5)]);
        assert_eq!(again.range(11..11).unwrap(), [[0; 12]; 0]);
    }

    #[test]
    fn past_the_end_is_an_error_that_names_file_and_byte() {
        let (_dir, table) = table(2);
        let error = table.get(2).unwrap_err().to_string();
        assert!(error.contains("/t byte 24") && error.contains("2 records, not 3"), "{error}");
        assert!(table.range(1..3).is_err());
        assert!(table.get(u64::MAX).is_err());
    }

    #[test]
    fn a_part_of_a_record_at_the_end_is_overwritten() {
        let (dir, table) = table(3);
        let path = dir.path().join("t");
        drop(table);
        File::options().write(true).open(&path).unwrap().set_len(35).unwrap();
        let table = Table::<12>::open(&path).unwrap();
        assert_eq!(table.len(), 2);
        table.push_all(&[record(7)]).unwrap();
        assert_eq!(table.get(2).unwrap(), record(7));
        assert_eq!(fs::metadata(&path).unwrap().len(), 36);
    }

    #[test]
    fn truncation_only_shortens() {
        let (_dir, table) = table(5);
        table.truncate(9).unwrap();
        assert_eq!(table.len(), 5);
        table.truncate(2).unwrap();
        assert!(table.get(2).is_err());
        table.push_all(&[record(9)]).unwrap();
        assert_eq!(table.range(1..3).unwrap(), [record(1), record(9)]);
        table.truncate(0).unwrap();
        assert!(table.is_empty());
    }

    #[test]
    fn the_partition_point_is_found_at_every_place() {
        for count in 0..20 {
            let (_dir, table) = table(count);
            for point in 0..=count {
                let found = table.partition_point(|r| *r < record(point)).unwrap();
                assert_eq!(found, point, "of {count}");
            }
        }
    }

    #[test]
    fn a_reader_never_sees_a_record_that_is_not_all_there() {
        let (_dir, table) = table(0);
        let total = 20_000;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for first in (0..total).step_by(40) {
                    let batch: Vec<_> = (first..first + 40).map(record).collect();
                    table.push_all(&batch).unwrap();
                }
            });
            while table.len() < total {
                if let Some(last) = table.len().checked_sub(1) {
                    assert_eq!(table.get(last).unwrap(), record(last));
                }
            }
        });
    }
}
