//! What an auditor saw before, and checkpoints that others saw: what extends them, what lags, and
//! what was forked.

use std::path::Path;

use probant_core::checkpoint::Checkpoint;

use super::*;

/// The audit of these blocks by an auditor who keeps what it sees.
fn audited(blocks: &[Vec<u8>], state: &Path) -> Report {
    held_to(blocks, Past::default().kept_in(state))
}

fn held_to(blocks: &[Vec<u8>], past: Past) -> Report {
    let disk = Disk::new(blocks);
    let source = open(disk.dir.path().to_str().unwrap()).unwrap();
    audit_since(source, &settings(None), past, &mut |_| {})
}

fn standing(report: &Report) -> Standing {
    report.seen.as_ref().unwrap().standing
}

/// The same ledger up to block 3, and another history from block 4 on, by the same keys.
fn forked() -> World {
    let mut world = World::new();
    world.seal(vec![world.certify(list(0, 40)), world.certify(list(0, 1))]);
    world.seal(vec![]);
    world.seal(vec![world.certify(list(7000, 3))]);
    world.seal(vec![]);
    world
}

#[test]
fn what_was_seen_before_is_extended_by_what_is_shown_today() {
    let (blocks, state) = (ledger().encode(), tempfile::tempdir().unwrap());
    let first = audited(&blocks[..4], state.path());
    assert_eq!((first.exit_code(), standing(&first)), (0, Standing::First), "{first}");
    for blocks in [&blocks[..4], &blocks, &blocks] {
        let report = audited(blocks, state.path());
        assert_eq!((report.exit_code(), standing(&report)), (0, Standing::Extends), "{report}");
    }
    let newest = audited(&blocks, state.path()).seen.unwrap().newest.unwrap();
    assert_eq!(newest.height, 6);
}

#[test]
fn a_smaller_ledger_that_is_consistent_is_behind_and_no_fault() {
    let (blocks, state) = (ledger().encode(), tempfile::tempdir().unwrap());
    audited(&blocks, state.path());
    let report = audited(&blocks[..5], state.path());
    assert_eq!((report.verdict, report.exit_code()), (Verdict::Behind, 3), "{report}");
    assert!(report.headline().starts_with("BEHIND: this auditor has seen block 6 of "));
    let [saved] = &report.evidence[..] else { panic!("{report}") };
    let saved: serde_json::Value = serde_json::from_slice(&fs::read(&saved.file).unwrap()).unwrap();
    assert_eq!((&saved["seen"]["height"], &saved["shown"]["height"]), (&6.into(), &4.into()));
    // And nothing was forgotten.
    assert_eq!(standing(&audited(&blocks, state.path())), Standing::Extends);
}

#[test]
fn a_fork_is_named_at_its_first_block_with_two_signatures_of_the_ledger() {
    let (ours, theirs) = (ledger(), forked());
    // The other history is longer, shorter, or as long as what was seen.
    for seen in [5, 6, 7] {
        let state = tempfile::tempdir().unwrap();
        audited(&ours.encode()[..seen], state.path());
        let report = audited(&theirs.encode(), state.path());
        assert_eq!((report.verdict, report.exit_code()), (Verdict::Fork, 1), "{report}");
        assert_eq!(standing(&report), Standing::Forks);
        assert!(report.headline().starts_with("FORK: block 4 is not the one"), "{report}");
        let [saved] = &report.evidence[..] else { panic!("{report}") };
        let saved = fs::read(&saved.file).unwrap();
        let saved: serde_json::Value = serde_json::from_slice(&saved).unwrap();
        // A stranger needs no more than the file, and the ledger's key.
        let head = |which: &str| head_of(&saved[which]);
        let (seen, shown) = (head("seen"), head("shown"));
        let identity = ours.chain.identity();
        assert_eq!((seen.height, shown.height), (4, 4));
        assert_ne!(seen.root, shown.root);
        for head in [seen, shown] {
            assert_eq!(head.key, *key(SEAL_SEED).public().as_bytes());
            head.verify(&identity).unwrap();
        }
        // The other history is not taken in.
        assert_eq!(standing(&audited(&ours.encode(), state.path())), Standing::Extends);
    }
}

/// A head as evidence has it.
pub(crate) fn head_of(saved: &serde_json::Value) -> SignedHead {
    let bytes = |name: &str| hex::decode(saved[name].as_str().unwrap()).unwrap();
    SignedHead {
        height: saved["height"].as_u64().unwrap(),
        size: saved["size"].as_u64().unwrap(),
        time_ms: crate::clock::from_utc(saved["sealed"].as_str().unwrap()).unwrap(),
        root: probant_core::Hash(bytes("root").try_into().unwrap()),
        key: bytes("seal_key").try_into().unwrap(),
        seal: bytes("seal"),
    }
}

#[test]
fn what_the_auditor_kept_never_accuses_once_it_is_damaged() {
    let (blocks, state) = (ledger().encode(), tempfile::tempdir().unwrap());
    audited(&blocks, state.path());
    let dir = state.path().join(ledger().chain.identity().ledger.to_string());
    let mut random = Xorshift(0xd1b5_4a32_d192_ed03);
    for name in ["heads", "state"] {
        let whole = fs::read(dir.join(name)).unwrap();
        for _ in 0..60 {
            let (at, bit) = (random.below(whole.len()), random.below(8));
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            fs::write(dir.join(name), bytes).unwrap();
            let report = audited(&blocks, state.path());
            let found = (report.verdict, report.exit_code());
            assert_eq!(found, (Verdict::NotCompared, 4), "{name}, byte {at}, bit {bit}: {report}");
        }
        fs::write(dir.join(name), whole).unwrap();
    }
    // As a crash leaves it: more in the file than counts.
    let mut heads = fs::read(dir.join("heads")).unwrap();
    heads.extend([7; 50]);
    fs::write(dir.join("heads"), heads).unwrap();
    assert_eq!(standing(&audited(&blocks, state.path())), Standing::Extends);
}

#[test]
fn two_audits_with_one_state_are_told() {
    let (blocks, state) = (ledger().encode(), tempfile::tempdir().unwrap());
    let dir = state.path().join(ledger().chain.identity().ledger.to_string());
    fs::create_dir_all(&dir).unwrap();
    let held = fs::File::create(dir.join("lock")).unwrap();
    held.lock().unwrap();
    let report = audited(&blocks, state.path());
    assert_eq!((report.verdict, report.exit_code()), (Verdict::NotCompared, 3), "{report}");
    assert!(report.headline().contains("in use by another audit"), "{report}");
}

/// The checkpoint of a ledger after so many entries, by its note key or another.
pub(super) fn note(world: &World, size: u64, seed: u8) -> Since {
    let mut frontier = probant_core::tree::Frontier::default();
    let leaves =
        world.blocks.iter().flat_map(|block| &block.entries).map(probant_core::Statement::leaf);
    leaves.take(usize::try_from(size).unwrap()).for_each(|leaf| frontier.push(leaf));
    // Beyond its end, whatever root.
    let (origin, root) = (world.chain.identity().origin, frontier.root().unwrap());
    Since::of(Checkpoint { origin, size, root }.sign(&key(seed))).unwrap()
}

#[test]
fn a_checkpoint_is_extended_contradicted_ahead_or_not_signed() {
    const NOTE_SEED: u8 = 2;
    let (ours, theirs) = (ledger(), forked());
    let size = ours.chain.head().size;
    let held = |since: Since| {
        let report = held_to(&ours.encode(), Past::default().since(since));
        (report.verdict, report.exit_code(), report.since.unwrap().extends)
    };
    // Between blocks, and within one.
    for seen in 2..=size {
        let found = held(note(&ours, seen, NOTE_SEED));
        assert_eq!(found, (Verdict::Whole, 0, Extends::Yes), "{seen}");
    }
    // Entries 0 to 7 are those of blocks 0 to 3.
    for seen in 2..=theirs.chain.head().size {
        let found = held(note(&theirs, seen, NOTE_SEED));
        let first_forked = theirs.blocks[4].header().first;
        let expected = if seen <= first_forked {
            (Verdict::Whole, 0, Extends::Yes)
        } else {
            (Verdict::Fork, 1, Extends::No)
        };
        assert_eq!(found, expected, "{seen}");
    }
    let ahead = note(&ours, size + 1, NOTE_SEED);
    assert_eq!(held(ahead), (Verdict::Behind, 3, Extends::Behind));
    // What anybody may have written is no word of the ledger.
    for forged in [note(&theirs, 9, 77), note(&ours, size, 77)] {
        assert_eq!(held(forged), (Verdict::NotCompared, 2, Extends::NotSigned));
    }
    let report = held_to(&ours.encode(), Past::default().since(note(&theirs, 9, NOTE_SEED)));
    assert!(report.headline().starts_with("FORK: the ledger signed root"), "{report}");
    for bad in ["", "a\nb\nc\n", "ledger.example/fr\n0\nx\n"] {
        assert!(Since::of(bad.to_owned()).is_none(), "{bad:?}");
    }
}

#[test]
fn a_contradicted_checkpoint_is_saved_with_the_head_that_contradicts_it() {
    let (ours, theirs, state) = (ledger(), forked(), tempfile::tempdir().unwrap());
    let past = Past::default().kept_in(state.path()).since(note(&theirs, 9, 2));
    let report = held_to(&ours.encode(), past);
    let [saved] = &report.evidence[..] else { panic!("{report}") };
    let saved: serde_json::Value = serde_json::from_slice(&fs::read(&saved.file).unwrap()).unwrap();
    assert_eq!(saved["since"]["note"].as_str(), Some(&*report.since.unwrap().note));
    head_of(&saved["shown"]).verify(&ours.chain.identity()).unwrap();
}

#[test]
fn a_contradiction_stands_however_the_audit_ends() {
    let (mut blocks, theirs) = (ledger().encode(), forked());
    // Cut off: a server that breaks off, just after what contradicts.
    let last = blocks.last_mut().unwrap();
    last.truncate(last.len() / 2);
    let report = held_to(&blocks, Past::default().since(note(&theirs, 9, 2)));
    assert_eq!(report.since.as_ref().unwrap().extends, Extends::No, "{report}");
    assert_eq!(report.exit_code(), 1, "{report}");
    let source = Box::new(Breaking { left: ledger().encode()[..6].to_vec().into_iter() });
    let past = Past::default().since(note(&theirs, 9, 2));
    let report = audit_since(source, &settings(None), past, &mut |_| {});
    assert_eq!((report.verdict, report.exit_code()), (Verdict::Fork, 1), "{report}");
    assert!(report.headline().starts_with("FORK: the ledger signed root"), "{report}");
}

/// Some blocks, and then an error.
struct Breaking {
    left: std::vec::IntoIter<Vec<u8>>,
}

impl Blocks for Breaking {
    fn name(&self) -> String {
        "a source that breaks off".into()
    }

    fn bytes_total(&self) -> Option<u64> {
        None
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.left.next().map(Some).ok_or_else(|| Error::busy("the stream broke off"))
    }

    fn skip(&mut self, count: u64) -> Result<(), Error> {
        (0..count).for_each(|_| drop(self.left.next()));
        Ok(())
    }

    fn notes(&mut self) -> Vec<String> {
        Vec::new()
    }
}

#[test]
fn a_ledger_begun_anew_under_a_name_that_was_seen_is_not_taken_for_it() {
    let (state, other) = (tempfile::tempdir().unwrap(), World::with_random([9; 32]));
    assert_eq!(audited(&ledger().encode(), state.path()).exit_code(), 0);
    let report = audited(&other.encode(), state.path());
    assert_eq!((report.verdict, report.exit_code()), (Verdict::NotCompared, 2), "{report}");
    assert!(report.to_string().contains("was seen under that name before"), "{report}");
    // It is another one, and may be meant.
    let disk = Disk::new(&other.encode());
    let source = open(disk.dir.path().to_str().unwrap()).unwrap();
    let meant = settings(Some(other.chain.identity()));
    let past = Past::default().kept_in(state.path());
    let report = audit_since(source, &meant, past, &mut |_| {});
    assert_eq!((report.exit_code(), standing(&report)), (0, Standing::First), "{report}");
    // And the first one is now as little known by its name alone.
    assert_eq!(audited(&ledger().encode(), state.path()).verdict, Verdict::NotCompared);
}
