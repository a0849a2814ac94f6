//! One flipped bit, anywhere in a data directory, in ten thousand random places: found every time,
//! or in what is derived from the blocks and made anew from them.
//!
//! The ledgers are those of the vectors: between them every kind of entry, keys that changed, and
//! documents that fell twice. The directories are made by the store, as a server leaves them.

use std::{
    collections::BTreeSet,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use super::*;
use crate::store::{
    Store, StoredBlock,
    embedded::{Opening, settings},
};

/// The last block of each ledger.
pub(super) const LEDGERS: [&str; 4] = [
    "block_3_documents_fell",
    "block_2_much_of_the_registry",
    "block_3_by_the_new_seal_key",
    "block_10_fall_3_of_a_document",
];
const KINDS: [&str; 8] =
    ["block", "certify", "enroll", "genesis", "issuer", "key", "policy", "revoke"];
/// In what blocks are read from, as the disk has it.
const FLIPS: usize = 10_000;
/// In a block under a fresh checksum: as a liar or bad memory has it.
const FLIPS_UNSEEN_BY_CHECKSUMS: usize = 1_500;
/// In what is derived.
const FLIPS_DERIVED: usize = 24;

/// A vector: its bytes, and the names of the blocks before it.
fn vector(name: &str) -> (Vec<u8>, Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    let text = fs::read_to_string(&path).unwrap();
    let (head, digits) = text.split_once("\n\n").unwrap();
    let after = head.lines().find_map(|line| line.strip_prefix("after: "));
    let after = after.into_iter().flat_map(str::split_whitespace).map(str::to_owned);
    (hex::decode(digits.replace('\n', "")).unwrap(), after.collect())
}

/// The blocks of a ledger, by the name of the last.
pub(super) fn blocks_up_to(last: &str) -> Vec<Vec<u8>> {
    let (block, after) = vector(last);
    after.iter().map(|name| vector(name).0).chain([block]).collect()
}

/// A ledger as a server leaves it.
pub(super) struct Served {
    dir: TempDir,
    pub blocks: Vec<Vec<u8>>,
}

impl Served {
    pub fn new(last: &str) -> Self {
        let served = Self { dir: tempfile::tempdir().unwrap(), blocks: blocks_up_to(last) };
        let store = served.open(|opening| opening.create(settings::Settings::default()).unwrap());
        let mut chain = None;
        for block in &served.blocks {
            let before = store.head();
            let stored = StoredBlock::check(block.clone(), &mut chain, &store).unwrap();
            store.append(before.as_ref(), stored).unwrap();
        }
        store.close().unwrap();
        served
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn open<T>(&self, open: impl FnOnce(&Opening<'_>) -> T) -> T {
        let (data, mark) = (self.data(), self.dir.path().join("head-mark"));
        open(&Opening {
            dir: &data,
            mark: &mark,
            segment_bytes: SEGMENT_BYTES,
            progress: &|_, _| {},
        })
    }

    fn audit(&self) -> Report {
        audit_of(self.data().to_str().unwrap())
    }

    /// All files, those that blocks are read from apart from what is derived.
    fn files(&self) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let (data, mut files) = (self.data(), Vec::new());
        collect(&data, &mut files);
        files.retain(|path| fs::metadata(path).unwrap().len() > 0);
        files.into_iter().partition(|path| {
            path.starts_with(data.join("segments")) || *path == data.join("durable")
        })
    }

    /// What look-ups answer of every entry, document and subtree; refusals in words.
    fn answers(&self, store: &dyn Store) -> Vec<String> {
        let head = store.head().unwrap();
        let mut answers = vec![format!("{head:?} {:?}", store.status(head.height).unwrap())];
        for block in &self.blocks {
            let block = Block::decode(block).unwrap();
            answers.push(format!("{:?}", store.span(block.header().height)));
            for (entry, list) in block.entries.iter().zip(&block.lists) {
                answers.push(format!("{:?}", store.statement(&entry.leaf())));
                for document in list.iter().flat_map(probant_core::List::pairs) {
                    answers.push(format!("{:?}", store.documents(&document.0, None, 9)));
                }
            }
        }
        for index in 0..head.size {
            answers.push(format!("{:?}", store.entry(index)));
        }
        answers
    }
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}

/// A bit that is back in its place once this is dropped.
struct Flip {
    file: fs::File,
    at: u64,
    byte: u8,
}

impl Flip {
    fn new(path: &Path, at: u64, bit: usize) -> Self {
        let file = fs::File::options().read(true).write(true).open(path).unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 1 << bit], at).unwrap();
        Self { file, at, byte: byte[0] }
    }
}

impl Drop for Flip {
    fn drop(&mut self) {
        self.file.write_all_at(&[self.byte], self.at).unwrap();
    }
}

/// Some place in some of the files, every byte as likely as another.
fn place<'a>(files: &'a [PathBuf], random: &mut Xorshift) -> (&'a Path, u64, usize) {
    let length = |path: &PathBuf| usize::try_from(fs::metadata(path).unwrap().len()).unwrap();
    let mut at = random.below(files.iter().map(length).sum());
    for file in files {
        if at < length(file) {
            return (file, at as u64, random.below(8));
        }
        at -= length(file);
    }
    unreachable!("it is below the sum of the lengths")
}

/// Flips bits where blocks are read from, and names those that nobody saw.
fn flip_blocks(served: &Served, count: usize, random: &mut Xorshift) -> Vec<String> {
    let (files, _) = served.files();
    let mut unseen = Vec::new();
    for _ in 0..count {
        let (path, at, bit) = place(&files, random);
        let flipped = Flip::new(path, at, bit);
        let report = served.audit();
        drop(flipped);
        // Of the hint of what is durable, a bit shows as a note: the blocks are all there.
        let is_hint = path.ends_with("durable");
        let noted = is_hint && report.notes.iter().any(|note| note.contains("durable"));
        if report.verdict == Verdict::Whole && !noted {
            unseen.push(format!("{} byte {at} bit {bit}: {}", path.display(), report.headline()));
        }
    }
    unseen
}

#[test]
fn ten_thousand_flipped_bits_are_found() {
    let served = LEDGERS.map(Served::new);
    let mut kinds = BTreeSet::new();
    for served in &served {
        let report = served.audit();
        assert_eq!((report.exit_code(), report.notes.len()), (0, 0), "{report}");
        kinds.extend(report.passed.unwrap().statements.into_keys());
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), KINDS, "every kind of entry");
    let share = FLIPS / LEDGERS.len();
    // Each on a thread of its own: a bit of one is not seen by the audit of another.
    let unseen: Vec<_> = std::thread::scope(|scope| {
        let threads = (1..).zip(&served).map(|(seed, served)| {
            let mut random = Xorshift(0x9e37_79b9_7f4a_7c15 ^ seed);
            scope.spawn(move || flip_blocks(served, share, &mut random))
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(unseen, Vec::<String>::new(), "flipped, and nobody saw it");
    for served in served {
        assert_eq!(served.audit().exit_code(), 0, "all is as it was");
    }
}

#[test]
fn flipped_bits_that_no_checksum_shows_are_found_too() {
    let mut random = Xorshift(0x2545_f491_4f6c_dd1d);
    let mut unseen = Vec::new();
    for name in LEDGERS {
        let blocks = blocks_up_to(name);
        for _ in 0..FLIPS_UNSEEN_BY_CHECKSUMS / LEDGERS.len() {
            let (height, bit) = (random.below(blocks.len()), random.below(8));
            let at = random.below(blocks[height].len());
            let mut flipped = blocks.clone();
            flipped[height][at] ^= 1 << bit;
            let memory = Memory(flipped.into_iter());
            let report = audit(Box::new(memory), &settings(None), &mut |_| {});
            let place = format!("{name}: block {height} byte {at} bit {bit}");
            match report.fault {
                Some(fault) if fault.block == height as u64 => {}
                Some(fault) => unseen.push(format!("{place}: found in block {}", fault.block)),
                None => unseen.push(place),
            }
        }
    }
    assert_eq!(unseen, Vec::<String>::new());
}

#[test]
fn all_else_is_derived_and_made_anew_from_the_blocks() {
    let served = Served::new(LEDGERS[0]);
    let (_, derived) = served.files();
    assert!(derived.len() > 3, "{derived:?}");
    let truth = served.open(|opening| {
        let store = opening.open().unwrap();
        let truth = served.answers(&store);
        store.close().unwrap();
        truth
    });
    let mut random = Xorshift(0xd1b5_4a32_d192_ed03);
    for _ in 0..FLIPS_DERIVED {
        let (_, derived) = served.files();
        // Every file as likely as another: some are long and empty.
        let path = &derived[random.below(derived.len())];
        let length = usize::try_from(fs::metadata(path).unwrap().len()).unwrap();
        let (at, bit) = (random.below(length), random.below(8));
        // Left in its place: what is made anew has no use for it.
        std::mem::forget(Flip::new(path, at as u64, bit));
        let report = served.audit();
        assert_eq!((report.exit_code(), report.notes.len()), (0, 0), "no block is in {path:?}");
        let store = served.open(|opening| opening.reindex(settings::Settings::default()).unwrap());
        assert_eq!(served.answers(&store), truth, "{} byte {at} bit {bit}", path.display());
        store.close().unwrap();
    }
}
