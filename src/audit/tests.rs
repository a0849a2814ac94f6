//! Whole ledgers pass; each kind of tampering is found, and the place that is named is the place.

use std::{
    fs,
    ops::Range,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use probant_core::block::{Block, Layout};
use tempfile::TempDir;

use super::*;
use crate::{
    Error,
    clock::SystemClock,
    store::embedded::segments::{Position, SEGMENT_BYTES, Segments},
};
use world::{SEAL_SEED, TIME_MS, World, key, list};

mod directory;
mod flips;
pub(crate) mod hostile;
pub(crate) mod past;
mod remote;
mod report;
mod resume;
pub(crate) mod world;

fn settings(expected: Option<Identity>) -> Settings {
    let stop = Arc::new(AtomicBool::new(false));
    Settings { expected, clock: SystemClock::shared(), stop }
}

fn audit_of(source: &str) -> Report {
    audit(open(source).unwrap(), &settings(None), &mut |_| {})
}

/// Seven blocks: genesis; enrollment; a batch and a single; a heartbeat; five singles; a list that
/// is longer than a chunk; a heartbeat.
fn ledger() -> World {
    let mut world = World::new();
    world.seal(vec![world.certify(list(0, 40)), world.certify(list(0, 1))]);
    world.seal(vec![]);
    world.seal((100..105).map(|i| world.certify(list(i, 1))).collect());
    world.seal(vec![world.certify(list(200, 100))]);
    world.seal(vec![]);
    world
}

/// A data directory on disk, with its durable hint.
struct Disk {
    dir: TempDir,
    /// Where each block stands in the one segment file.
    places: Vec<Range<usize>>,
}

impl Disk {
    fn new(blocks: &[Vec<u8>]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut segments = Segments::open(&dir.path().join("segments"), SEGMENT_BYTES).unwrap();
        let place = |block: &Vec<u8>| {
            let start = usize::try_from(segments.append(block).unwrap().0).unwrap() + 4;
            start..start + block.len()
        };
        let places = blocks.iter().map(place).collect();
        let disk = Self { dir, places };
        disk.mark(segments.end());
        disk
    }

    fn mark(&self, end: Position) {
        let end = end.0.to_le_bytes();
        let crc = crc32fast::hash(&end).to_le_bytes();
        fs::write(self.dir.path().join("durable"), [&end[..], &crc, &[0; 4]].concat()).unwrap();
    }

    fn segment(&self) -> PathBuf {
        self.dir.path().join("segments/00000000000000000000.seg")
    }

    fn audit(&self) -> Report {
        audit_of(self.dir.path().to_str().unwrap())
    }
}

/// Blocks from memory.
pub(crate) struct Memory(pub std::vec::IntoIter<Vec<u8>>);

impl Blocks for Memory {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn bytes_total(&self) -> Option<u64> {
        None
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.next())
    }

    fn notes(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// The report on blocks written as they are.
fn report(blocks: &[Vec<u8>]) -> Report {
    Disk::new(blocks).audit()
}

/// What is found: block, entry in the ledger, kind, code.
fn found(blocks: &[Vec<u8>]) -> (u64, Option<u64>, Option<&'static str>, &'static str) {
    let report = report(blocks);
    assert_eq!(report.exit_code(), 1, "{report}");
    let fault = report.fault.unwrap();
    assert_eq!(report.passed.map_or(0, |span| span.to_block + 1), fault.block, "all below passed");
    (fault.block, fault.entry, fault.kind, fault.code)
}

#[test]
fn a_whole_ledger_passes_and_the_report_adds_up() {
    let world = ledger();
    let report = report(&world.encode());
    assert_eq!((report.verdict, report.exit_code()), (Verdict::Whole, 0), "{report}");
    assert_eq!(report.identity, Some(world.chain.identity().to_string()));
    assert_eq!(report.identity_from, "the ledger itself");
    assert_eq!(report.notes, Vec::<String>::new());
    let span = report.passed.as_ref().unwrap();
    let head = world.chain.head();
    assert_eq!((span.to_block, span.entries), (head.height, head.size));
    assert_eq!((span.documents, span.issuers), (146, 1));
    assert_eq!(span.root, head.root.to_string());
    let counts: Vec<_> = span.statements.clone().into_iter().collect();
    assert_eq!(counts, [("block", 7), ("certify", 8), ("enroll", 1), ("genesis", 1)]);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["verdict"], "whole");
    assert_eq!(json["passed"]["documents"], 146);
    assert!(report.to_string().contains("completeness: "), "{report}");
}

#[test]
fn a_pinned_identity_must_be_that_of_genesis() {
    let (ours, other) = (ledger(), World::with_random([7; 32]));
    let disk = Disk::new(&ours.encode());
    let source = disk.dir.path().to_str().unwrap();
    let pinned = |world: &World| {
        let settings = settings(Some(world.chain.identity()));
        audit(open(source).unwrap(), &settings, &mut |_| {})
    };
    assert_eq!((pinned(&ours).exit_code(), pinned(&ours).identity_from), (0, "the auditor"));
    let fault = pinned(&other).fault.unwrap();
    assert_eq!((fault.block, fault.entry, fault.code), (0, Some(0), "ledger"));
    assert!(fault.why.contains(&other.chain.identity().to_string()), "{}", fault.why);
}

#[test]
fn blocks_swapped_dropped_or_repeated_are_found_where_the_chain_breaks() {
    let blocks = ledger().encode();
    let mut swapped = blocks.clone();
    swapped.swap(3, 4);
    // Entry 7 begins block 3; the five singles put their block statement at 12.
    assert_eq!(found(&swapped), (3, Some(12), Some("block"), "chain"));
    let mut dropped = blocks.clone();
    dropped.remove(3);
    assert_eq!(found(&dropped), (3, Some(12), Some("block"), "chain"));
    let mut repeated = blocks.clone();
    repeated.insert(4, blocks[3].clone());
    assert_eq!(found(&repeated), (4, Some(8), Some("block"), "chain"));
    assert_eq!(found(&blocks[1..]), (0, Some(0), Some("enroll"), "misplaced"));
}

#[test]
fn an_entry_in_the_place_of_another_breaks_the_seal() {
    let mut world = ledger();
    // Signed by the issuer, for as many documents: only the tree tells.
    let (statement, other) = world.certify(list(900, 1));
    world.blocks[4].entries[2] = statement;
    world.blocks[4].lists[2] = other;
    assert_eq!(found(&world.encode()), (4, None, None, "signature"));
    let mut world = ledger();
    world.blocks[2].lists.swap(0, 1);
    assert_eq!(found(&world.encode()), (2, Some(4), Some("certify"), "list-mismatch"));
}

#[test]
fn what_the_true_keys_sign_is_held_to_the_rules_all_the_same() {
    let sealed = || key(SEAL_SEED);
    let mut world = World::new();
    let block = world.forge(vec![], &sealed(), &sealed(), |header| header.time_ms = TIME_MS - 1000);
    world.push(block);
    assert_eq!(found(&world.encode()), (2, Some(4), Some("block"), "chain"));
    let mut world = World::new();
    let entries = vec![world.certify(list(0, 3))];
    let block = world.forge(entries, &sealed(), &sealed(), |header| header.documents += 1);
    world.push(block);
    let report = report(&world.encode());
    let fault = report.fault.unwrap();
    assert_eq!((fault.block, fault.entry, fault.kind), (2, Some(5), Some("block")));
    assert_eq!(fault.why, "block statement: documents is 4, the chain has 3");
}

#[test]
fn a_block_by_another_key_is_found() {
    let mut world = World::new();
    let block = world.forge(vec![], &key(77), &key(77), |_| {});
    world.push(block);
    assert_eq!(found(&world.encode()), (2, Some(4), Some("block"), "unknown-key"));
    let mut world = World::new();
    let block = world.forge(vec![], &key(SEAL_SEED), &key(2), |_| {});
    world.push(block);
    world.seal(vec![]);
    assert_eq!(found(&world.encode()), (2, None, None, "issuer"));
}

#[test]
fn of_several_faults_the_lowest_is_named_whichever_stage_finds_it() {
    let mut blocks = ledger().encode();
    blocks[6] = vec![0xff]; // bytes
    assert_eq!(found(&blocks), (6, None, None, "malformed"));
    blocks.swap(4, 5); // chain
    assert_eq!(found(&blocks), (4, Some(9), Some("block"), "chain"));
    let seal = Layout::of(&blocks[2]).unwrap().seal;
    blocks[2][seal.end - 1] ^= 1; // signature
    assert_eq!(found(&blocks), (2, None, None, "signature"));
}

/// A fixed pseudo-random sequence: each run flips the same bits.
struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

#[test]
fn a_bit_flipped_under_a_fresh_checksum_is_found_in_its_entry() {
    let blocks = ledger().encode();
    let disk = Disk::new(&blocks);
    let whole = fs::read(disk.segment()).unwrap();
    let mut random = Xorshift(0x9e37_79b9_7f4a_7c15);
    for _ in 0..500 {
        let height = random.below(blocks.len());
        let (block, place) = (&blocks[height], &disk.places[height]);
        let (at, bit) = (random.below(block.len()), random.below(8));
        let mut bytes = whole.clone();
        bytes[place.start + at] ^= 1 << bit;
        let crc = crc32fast::hash(&bytes[place.start - 4..place.end]).to_le_bytes();
        bytes[place.end..place.end + 4].copy_from_slice(&crc);
        fs::write(disk.segment(), bytes).unwrap();
        let report = disk.audit();
        let fault = report.fault.unwrap_or_else(|| panic!("block {height} byte {at} bit {bit}"));
        assert_eq!(fault.block, height as u64, "byte {at}: {}", fault.why);
        let named = fault.entry_in_block;
        match part_at(block, at) {
            Part::Seal => assert_eq!(named, None, "byte {at}: {}", fault.why),
            Part::Entry(entry) => assert_eq!(named, Some(entry), "byte {at}: {}", fault.why),
            Part::Framing => {}
        }
    }
}

/// What a byte of a block belongs to; a list belongs to its entry.
enum Part {
    Seal,
    Entry(usize),
    Framing,
}

fn part_at(bytes: &[u8], at: usize) -> Part {
    let (layout, block) = (Layout::of(bytes).unwrap(), Block::decode(bytes).unwrap());
    if layout.seal.contains(&at) {
        return Part::Seal;
    }
    let bearing = block.lists.iter().enumerate().filter(|(_, list)| list.is_some());
    let of_list = layout.lists.iter().zip(bearing).find(|(list, _)| list.contains(&at));
    let entry = layout.entries.iter().position(|entry| entry.contains(&at));
    entry.or(of_list.map(|(_, (entry, _))| entry)).map_or(Part::Framing, Part::Entry)
}

#[test]
fn a_bit_flipped_on_disk_is_damage_in_its_block() {
    let disk = Disk::new(&ledger().encode());
    let whole = fs::read(disk.segment()).unwrap();
    let mut random = Xorshift(0x2545_f491_4f6c_dd1d);
    for _ in 0..500 {
        let (at, bit) = (random.below(whole.len()), random.below(8));
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << bit;
        fs::write(disk.segment(), bytes).unwrap();
        let report = disk.audit();
        assert_eq!(report.exit_code(), 4, "byte {at}: {report}");
        // A record ends with its checksum; what comes before the first is the file's header.
        let block = disk.places.iter().position(|place| at < place.end + 4).unwrap();
        assert_eq!(report.unreadable.unwrap().block, block as u64, "byte {at}");
    }
}

#[test]
fn an_interruption_says_how_far_it_got() {
    let disk = Disk::new(&ledger().encode());
    let source = disk.dir.path().to_str().unwrap();
    let settings = settings(None);
    let stop = Arc::clone(&settings.stop);
    let report = audit(open(source).unwrap(), &settings, &mut |tally| {
        stop.store(tally.blocks >= 2, Ordering::Relaxed);
    });
    assert_eq!((report.verdict, report.exit_code()), (Verdict::Interrupted, 130), "{report}");
    let reached = report.passed.unwrap().to_block;
    assert!((1..6).contains(&reached), "{reached}");
}
