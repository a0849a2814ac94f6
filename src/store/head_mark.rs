//! The head mark (docs/design.md 7): the newest durable block, remembered outside the data directory
//! so that a restored backup of it cannot fork history unseen. It only remembers: comparing it with
//! the store, and refusing to write, is the caller's work.
//!
//! ```text
//! head-mark    slot 0 at byte 0, slot 1 at byte 4096; integers little-endian
//!   slot       magic `PROBMARK` | sequence u64 | ledger id 32 | height u64 | size u64 | root 32
//!              | zeros 28 | crc32 of those 124 bytes
//! ```
//! The mark of sequence s is in slot s mod 2, so that a torn write spares the one before it, which
//! is then one block behind: the caller finds that block whole above the mark, and keeps it.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use probant_core::{Hash, LedgerId, chain::Head};

use crate::{durable, store::StoreError};

const MAGIC: &[u8; 8] = b"PROBMARK";
const SLOT_BYTES: usize = 128;
/// One slot to a disk block: a write that spoils a block must not spoil both.
const SLOT_STRIDE_BYTES: usize = 4096;
const FILE_BYTES: usize = SLOT_STRIDE_BYTES + SLOT_BYTES;
const CRC_BYTES: usize = 4;
const FILE_MODE: u32 = 0o600;

/// What is remembered of the newest durable block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Leaf hash of the genesis entry.
    pub ledger_id: [u8; 32],
    /// Height of the block, from 0.
    pub height: u64,
    /// Count of entries in the tree, its own included.
    pub size: u64,
    /// Root of that tree.
    pub root: [u8; 32],
}

impl Mark {
    /// That of a head.
    pub fn of(head: &Head) -> Self {
        let Head { ledger, height, size, root, .. } = head;
        Self { ledger_id: ledger.0.0, height: *height, size: *size, root: root.0 }
    }

    /// That a store's ledger is the one of this mark: keys of another are the wrong directory, and
    /// nothing is wrong with either.
    ///
    /// # Errors
    /// `Input`.
    pub fn check_ledger(&self, LedgerId(found): LedgerId) -> Result<(), StoreError> {
        if found.0 == self.ledger_id {
            return Ok(());
        }
        Err(StoreError::Input(format!(
            "this store holds ledger {found}, and the head mark beside the keys is of {}: wrong \
             directory of keys, or wrong store; nothing is written",
            Hash(self.ledger_id)
        )))
    }
}

/// The file that holds the mark, open for raising it.
pub struct HeadMark {
    path: PathBuf,
    file: File,
    sequence: u64,
    mark: Mark,
    poisoned: bool,
}

impl HeadMark {
    /// Opens the mark at `path`, which is this process's alone from then on; none where there is
    /// no such file, and then the caller must refuse to write.
    ///
    /// # Errors
    /// `Input` when another process has it; `Damage` when neither slot is valid.
    pub fn open(path: &Path) -> Result<Option<Self>, StoreError> {
        let failed = |e| StoreError::io(format!("open {}", path.display()))(e);
        let file = match File::options().read(true).write(true).open(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(failed)?,
        };
        lock(path, &file)?;
        let mut bytes = Vec::new();
        (&file).take(FILE_BYTES as u64).read_to_end(&mut bytes).map_err(failed)?;
        let (sequence, mark) = newest(&bytes)
            .ok_or_else(|| StoreError::damage(path.display().to_string(), "no valid head mark"))?;
        // A process killed in `raise` may have left this mark written but not yet on disk.
        file.sync_data().map_err(failed)?;
        Ok(Some(Self { path: path.to_owned(), file, sequence, mark, poisoned: false }))
    }

    /// Makes the file for a ledger that has none.
    ///
    /// # Errors
    /// `Io` when it exists: a mark is never overwritten unasked.
    pub fn create(path: &Path, mark: Mark) -> Result<Self, StoreError> {
        let file = durable::create_new_file(path, &both_slots(&mark), FILE_MODE)?;
        lock(path, &file)?;
        Ok(Self { path: path.to_owned(), file, sequence: 1, mark, poisoned: false })
    }

    /// Sets the mark anew, whatever is there, lower or damaged too: only for the operator's command
    /// that names height and root.
    ///
    /// # Errors
    /// `Input` when another process has it.
    pub fn reset(path: &Path, mark: Mark) -> Result<(), StoreError> {
        let held = File::open(path).ok();
        held.as_ref().map_or(Ok(()), |file| lock(path, file))?;
        Ok(durable::replace_file(path, &both_slots(&mark), FILE_MODE)?)
    }

    /// Reads the mark at `path` without taking it.
    ///
    /// # Errors
    /// `Damage` when neither slot is valid.
    pub fn read(path: &Path) -> Result<Option<Mark>, StoreError> {
        match fs::read(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StoreError::io(format!("read {}", path.display()))(e)),
            Ok(bytes) => newest(&bytes).map(|(_, mark)| Some(mark)).ok_or_else(|| {
                StoreError::damage(path.display().to_string(), "no valid head mark")
            }),
        }
    }

    /// The newest mark.
    pub fn current(&self) -> Mark {
        self.mark
    }

    /// Remembers a newer block; durable when this returns. To be called after the block is durable
    /// and before anything about it leaves the process.
    ///
    /// # Panics
    /// When the mark would go down, sideways, or to another ledger: that is a fork.
    pub fn raise(&mut self, mark: Mark) -> Result<(), StoreError> {
        if self.poisoned {
            return Err(StoreError::Poisoned);
        }
        assert!(mark.ledger_id == self.mark.ledger_id, "the mark stays with its ledger");
        assert!(mark.height > self.mark.height || mark == self.mark, "the mark only goes up");
        self.poisoned = true;
        let sequence = self.sequence + 1;
        self.write(sequence, &mark)
            .map_err(StoreError::io(format!("raise {}", self.path.display())))?;
        (self.sequence, self.mark, self.poisoned) = (sequence, mark, false);
        Ok(())
    }

    fn write(&self, sequence: u64, mark: &Mark) -> io::Result<()> {
        // A crash before the sync returns leaves this slot old, torn or new; the other is intact.
        self.file.write_all_at(&encode(sequence, mark), offset(sequence) as u64)?;
        self.file.sync_data()
    }
}

/// Two ledgers that raised one mark in turn would each fork the other unseen.
fn lock(path: &Path, file: &File) -> Result<(), StoreError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(StoreError::Input(format!(
            "{} is in use by another process: two servers must never share a directory of keys",
            path.display()
        ))),
        Err(TryLockError::Error(e)) => Err(StoreError::io(format!("lock {}", path.display()))(e)),
    }
}

/// Byte at which the slot of a sequence begins.
fn offset(sequence: u64) -> usize {
    if sequence.is_multiple_of(2) { 0 } else { SLOT_STRIDE_BYTES }
}

/// A whole file, the same mark in both slots: from then on an invalid slot is a torn or damaged one.
fn both_slots(mark: &Mark) -> Vec<u8> {
    let mut bytes = vec![0; FILE_BYTES];
    for sequence in [0, 1] {
        bytes[offset(sequence)..][..SLOT_BYTES].copy_from_slice(&encode(sequence, mark));
    }
    bytes
}

/// The valid slot of the higher sequence.
fn newest(bytes: &[u8]) -> Option<(u64, Mark)> {
    let slot = |at: usize| {
        let slot = bytes.get(at..at + SLOT_BYTES)?.try_into().expect("cut to size");
        decode(slot).filter(|(sequence, _)| offset(*sequence) == at)
    };
    slot(0).into_iter().chain(slot(SLOT_STRIDE_BYTES)).max_by_key(|(sequence, _)| *sequence)
}

fn encode(sequence: u64, mark: &Mark) -> [u8; SLOT_BYTES] {
    let mut slot = [0; SLOT_BYTES];
    slot[..8].copy_from_slice(MAGIC);
    slot[8..16].copy_from_slice(&sequence.to_le_bytes());
    slot[16..48].copy_from_slice(&mark.ledger_id);
    slot[48..56].copy_from_slice(&mark.height.to_le_bytes());
    slot[56..64].copy_from_slice(&mark.size.to_le_bytes());
    slot[64..96].copy_from_slice(&mark.root);
    let (covered, crc) = slot.split_at_mut(SLOT_BYTES - CRC_BYTES);
    crc.copy_from_slice(&crc32fast::hash(covered).to_le_bytes());
    slot
}

/// Only the exact encoding of what is read counts, so magic, padding and checksum are all compared.
fn decode(slot: &[u8; SLOT_BYTES]) -> Option<(u64, Mark)> {
    fn field<const N: usize>(slot: &[u8], at: usize) -> [u8; N] {
        slot[at..at + N].try_into().expect("N bytes were taken")
    }
    let number = |at| u64::from_le_bytes(field(slot, at));
    let sequence = number(8);
    let mark = Mark {
        ledger_id: field(slot, 16),
        height: number(48),
        size: number(56),
        root: field(slot, 64),
    };
    (encode(sequence, &mark) == *slot).then_some((sequence, mark))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    fn mark(height: u64) -> Mark {
        Mark { ledger_id: [7; 32], height, size: 2 * height + 2, root: [0xc3; 32] }
    }

    /// A mark raised through heights 0 to `top`, its path and bytes.
    fn raised(top: u64) -> (tempfile::TempDir, PathBuf, Vec<u8>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("head-mark");
        let mut head = HeadMark::create(&path, mark(0)).unwrap();
        for height in 1..=top {
            head.raise(mark(height)).unwrap();
        }
        assert_eq!(head.current(), mark(top));
        let bytes = fs::read(&path).unwrap();
        (dir, path, bytes)
    }

    fn height(bytes: &[u8]) -> Option<u64> {
        newest(bytes).map(|(_, mark)| mark.height)
    }

    fn reopened(path: &Path, bytes: &[u8]) -> Option<u64> {
        fs::write(path, bytes).unwrap();
        match HeadMark::open(path) {
            Ok(head) => Some(head.expect("the file is there").current().height),
            Err(StoreError::Damage { place, .. }) => {
                assert_eq!(Path::new(&place), path);
                None
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn the_newest_mark_survives_reopening() {
        for top in 0..4 {
            let (_dir, path, bytes) = raised(top);
            assert_eq!(reopened(&path, &bytes), Some(top));
            let mut head = HeadMark::open(&path).unwrap().unwrap();
            head.raise(mark(top)).unwrap();
            head.raise(mark(top + 9)).unwrap();
            assert!(HeadMark::open(&path).is_err(), "one process has it");
            assert_eq!(HeadMark::read(&path).unwrap(), Some(mark(top + 9)));
            drop(head);
            assert_eq!(HeadMark::open(&path).unwrap().unwrap().current(), mark(top + 9));
        }
    }

    #[test]
    fn a_missing_mark_is_not_an_empty_one_and_none_is_overwritten() {
        let (_dir, path, _) = raised(1);
        assert!(HeadMark::create(&path, mark(0)).is_err());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_file(&path).unwrap();
        assert!(HeadMark::open(&path).unwrap().is_none());
    }

    #[test]
    fn a_slot_spoiled_at_any_bit_leaves_the_other() {
        for top in [4, 5] {
            let (_dir, path, mut bytes) = raised(top);
            for bit in (0..8 * SLOT_BYTES).flat_map(|i| [i, 8 * SLOT_STRIDE_BYTES + i]) {
                bytes[bit / 8] ^= 1 << (bit % 8);
                let newest_spoiled = (bit < 8 * SLOT_BYTES) == (offset(top + 1) == 0);
                assert_eq!(height(&bytes), Some(top - u64::from(newest_spoiled)), "bit {bit}");
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            // The next raise mends it.
            bytes[offset(top + 1)] ^= 1;
            assert_eq!(reopened(&path, &bytes), Some(top - 1));
            let mut head = HeadMark::open(&path).unwrap().unwrap();
            head.raise(mark(top)).unwrap();
            assert_eq!(fs::read(&path).unwrap(), raised(top).2);
        }
    }

    #[test]
    fn a_file_cut_at_any_byte_falls_back_on_slot_0_or_is_damage() {
        let (_dir, path, bytes) = raised(4);
        for end in 0..FILE_BYTES {
            let expected = (end >= SLOT_BYTES).then_some(3);
            assert_eq!(height(&bytes[..end]), expected, "cut at {end}");
        }
        assert_eq!(reopened(&path, &bytes[..SLOT_BYTES]), Some(3));
        assert_eq!(reopened(&path, &bytes[..SLOT_BYTES - 1]), None);
    }

    #[test]
    fn two_spoiled_or_swapped_slots_are_damage() {
        let (_dir, path, mut bytes) = raised(4);
        let (low, high) = bytes.split_at_mut(SLOT_STRIDE_BYTES);
        low[..SLOT_BYTES].swap_with_slice(high);
        assert_eq!(reopened(&path, &bytes), None);
        assert_eq!(reopened(&path, &vec![0; FILE_BYTES]), None);
        HeadMark::reset(&path, mark(2)).unwrap();
        assert_eq!(HeadMark::open(&path).unwrap().unwrap().current(), mark(2));
    }

    #[test]
    fn a_failed_write_or_sync_poisons_it() {
        // /dev/full refuses the write; /dev/null takes it and refuses the sync.
        for device in ["/dev/full", "/dev/null"] {
            let (_dir, path, _) = raised(3);
            let mut head = HeadMark::open(&path).unwrap().unwrap();
            let good = std::mem::replace(
                &mut head.file,
                File::options().write(true).open(device).unwrap(),
            );
            assert!(matches!(head.raise(mark(4)), Err(StoreError::Io { .. })), "{device}");
            head.file = good;
            assert!(matches!(head.raise(mark(4)), Err(StoreError::Poisoned)));
            assert_eq!(head.current(), mark(3));
        }
    }

    #[test]
    #[should_panic(expected = "the mark only goes up")]
    fn it_never_goes_down() {
        let (_dir, path, _) = raised(3);
        let _ = HeadMark::open(&path).unwrap().unwrap().raise(mark(2));
    }

    #[test]
    #[should_panic(expected = "the mark stays with its ledger")]
    fn it_never_goes_to_another_ledger() {
        let (_dir, path, _) = raised(3);
        let other = Mark { ledger_id: [8; 32], ..mark(4) };
        let _ = HeadMark::open(&path).unwrap().unwrap().raise(other);
    }
}
