//! Audits that go on where another one ended, of ledgers in which keys changed and documents fell:
//! what they find is what an audit from block 0 finds.

use std::path::Path;

use super::{
    flips::{LEDGERS, Served, blocks_up_to},
    *,
};

fn first(blocks: &[Vec<u8>], state: &Path) -> Report {
    let past = Past::default().kept_in(state);
    shown(blocks, past, &settings(None))
}

fn resumed(blocks: &[Vec<u8>], state: &Path) -> Report {
    let past = Past::default().kept_in(state).resuming();
    shown(blocks, past, &settings(None))
}

fn shown(blocks: &[Vec<u8>], past: Past, settings: &Settings) -> Report {
    let blocks = blocks.to_vec();
    audit_since(Box::new(Memory(blocks.into_iter())), settings, past, &mut |_| {})
}

/// All that does not depend on the time and the way.
fn found(report: &Report) -> serde_json::Value {
    serde_json::json!([report.verdict, report.passed, report.head, report.identity, report.fault])
}

#[test]
fn wherever_it_goes_on_it_finds_what_an_audit_from_block_0_finds() {
    for name in LEDGERS {
        let blocks = blocks_up_to(name);
        let whole = report(&blocks);
        assert_eq!(whole.exit_code(), 0, "{whole}");
        for cut in 1..=blocks.len() {
            let state = tempfile::tempdir().unwrap();
            first(&blocks[..cut], state.path());
            // Once more, in steps of one block.
            for end in [cut, (cut + 1).min(blocks.len()), blocks.len()] {
                let report = resumed(&blocks[..end], state.path());
                assert_eq!(report.exit_code(), 0, "{name}, {cut} of {end}: {report}");
            }
            let report = resumed(&blocks, state.path());
            assert_eq!(found(&report), found(&whole), "{name}, {cut}");
            let earlier = report.earlier.as_ref().unwrap();
            assert_eq!(earlier.to_block, blocks.len() as u64 - 1);
            assert!(report.headline().ends_with("of them in an earlier audit"), "{report}");
            assert_eq!(report.bytes, 0, "no block was read again: {report}");
            // What is wrong in a block that is new is found as ever.
            if cut < blocks.len() {
                let state = tempfile::tempdir().unwrap();
                first(&blocks[..cut], state.path());
                let mut wrong = blocks.clone();
                let seal = Layout::of(&wrong[cut]).unwrap().seal;
                wrong[cut][seal.end - 1] ^= 1;
                let fault = resumed(&wrong, state.path()).fault.unwrap();
                assert_eq!((fault.block, fault.code), (cut as u64, "signature"), "{name}");
            }
        }
    }
}

#[test]
fn a_directory_and_a_store_are_gone_on_with_too() {
    let served = Served::new(LEDGERS[3]);
    let whole = report(&served.blocks);
    let store = Arc::new(served.open(|opening| opening.open().unwrap()));
    for cut in [1, 2, 7] {
        let state = tempfile::tempdir().unwrap();
        first(&served.blocks[..cut], state.path());
        let past = || Past::default().kept_in(state.path()).resuming();
        let identity = whole.identity.as_ref().unwrap().parse().unwrap();
        // Once with the identity given, once asking block 0.
        let stored = Box::new(Stored::new("a store", store.clone()));
        let of_store = audit_since(stored, &settings(Some(identity)), past(), &mut |_| {});
        assert_eq!(found(&of_store), found(&whole), "{of_store}");
        let state = tempfile::tempdir().unwrap();
        first(&served.blocks[..cut], state.path());
        let directory = open(served.data().to_str().unwrap()).unwrap();
        let past = Past::default().kept_in(state.path()).resuming();
        let of_directory = audit_since(directory, &settings(None), past, &mut |_| {});
        assert_eq!(found(&of_directory), found(&whole), "{of_directory}");
        assert_eq!(of_directory.earlier.unwrap().to_block, cut as u64 - 1);
    }
}

#[test]
fn an_interrupted_audit_is_gone_on_with() {
    let (blocks, state) = (ledger().encode(), tempfile::tempdir().unwrap());
    let settings = settings(None);
    let stop = Arc::clone(&settings.stop);
    let source = Box::new(Memory(blocks.clone().into_iter()));
    let past = Past::default().kept_in(state.path());
    let report = audit_since(source, &settings, past, &mut |tally| {
        stop.store(tally.blocks >= 2, Ordering::Relaxed);
    });
    assert_eq!((report.verdict, report.exit_code()), (Verdict::Interrupted, 130), "{report}");
    let reached = report.passed.unwrap().to_block;
    let report = resumed(&blocks, state.path());
    assert_eq!(report.exit_code(), 0, "{report}");
    assert_eq!(report.earlier.as_ref().unwrap().to_block, reached);
    assert_eq!(report.passed.as_ref().unwrap().to_block, 6);
    assert!(report.to_string().contains(&format!("0 to {reached} by an audit of ")), "{report}");
    assert!(report.html().contains("resumed"));
}

#[test]
fn an_audit_from_block_0_leaves_what_can_be_resumed_no_lower() {
    let (blocks, state) = (ledger().encode(), tempfile::tempdir().unwrap());
    let dir = state.path().join(ledger().chain.identity().ledger.to_string());
    let folds = || {
        let names = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_str().unwrap().starts_with("fold-")).collect::<Vec<_>>()
    };
    first(&blocks, state.path());
    let kept = folds();
    assert_eq!(kept, ["fold-0"]);
    // Ends lower, as a copy that lags does, or with a fault.
    assert_eq!(first(&blocks[..3], state.path()).verdict, Verdict::Behind);
    assert_eq!(folds(), kept, "nothing is left behind");
    assert_eq!(first(&blocks[1..], state.path()).verdict, Verdict::Fault);
    assert_eq!(first(&[&blocks[..2], &blocks[3..]].concat(), state.path()).verdict, Verdict::Fault);
    assert_eq!(folds(), kept, "nothing is left behind");
    assert_eq!(resumed(&blocks, state.path()).earlier.unwrap().to_block, 6);
    first(&blocks, state.path());
    assert_eq!(folds(), ["fold-1"]);
}

#[test]
fn what_cannot_be_gone_on_with_says_so() {
    let (blocks, state) = (ledger().encode(), tempfile::tempdir().unwrap());
    let refused = |report: Report, code: u8, words: &str| {
        assert_eq!((report.verdict, report.exit_code()), (Verdict::Unreadable, code), "{report}");
        assert!(report.headline().contains(words), "{report}");
    };
    refused(resumed(&blocks, state.path()), 2, "nothing that was kept can be resumed");
    first(&blocks[..5], state.path());
    refused(resumed(&blocks[..4], state.path()), 3, "it ends before block 4");
    let mut other = World::new();
    other.seal(vec![]);
    other.seal(vec![]);
    other.seal(vec![other.certify(list(7, 7))]);
    other.seal(vec![]);
    refused(resumed(&other.encode(), state.path()), 4, "block 4 is not the one");
    refused(resumed(&[vec![7]], state.path()), 2, "no block 0");
    let note = ledger_note(5);
    let past = Past::default().kept_in(state.path()).resuming().since(note);
    refused(shown(&blocks, past, &settings(None)), 2, "lies in the part that an earlier audit");
    // And nothing of it changed what was kept.
    assert_eq!(resumed(&blocks, state.path()).exit_code(), 0);
}

fn ledger_note(size: u64) -> Since {
    past::note(&ledger(), size, 2)
}

#[test]
fn a_checkpoint_beyond_what_was_checked_earlier_is_held_to() {
    let (world, state) = (ledger(), tempfile::tempdir().unwrap());
    let blocks = world.encode();
    first(&blocks[..4], state.path());
    let first_new = world.blocks[4].header().first;
    for size in first_new + 1..=world.chain.head().size {
        let state_of = tempfile::tempdir().unwrap();
        first(&blocks[..4], state_of.path());
        let past = Past::default().kept_in(state_of.path()).resuming().since(ledger_note(size));
        let report = shown(&blocks, past, &settings(None));
        assert_eq!(report.since.as_ref().unwrap().extends, Extends::Yes, "{size}: {report}");
    }
}

#[test]
fn whatever_flips_in_what_was_kept_the_ledger_is_not_accused() {
    let blocks = blocks_up_to("block_10_fall_3_of_a_document");
    let mut random = Xorshift(0x9e37_79b9_7f4a_7c15);
    let whole = found(&report(&blocks));
    let state = tempfile::tempdir().unwrap();
    first(&blocks[..10], state.path());
    let files = |dir: &Path| {
        let ledger = fs::read_dir(dir).unwrap().next().unwrap().unwrap().path();
        let fold = ledger.join("fold-0");
        ["state", "heads"]
            .map(|name| ledger.join(name))
            .into_iter()
            .chain(["registry", "inners", "leaves"].map(|name| fold.join(name)))
            .collect::<Vec<_>>()
    };
    let kept: Vec<_> = files(state.path()).iter().map(|path| fs::read(path).unwrap()).collect();
    for _ in 0..150 {
        // As it was, but for one bit.
        for (path, bytes) in files(state.path()).iter().zip(&kept) {
            fs::write(path, bytes).unwrap();
        }
        let which = random.below(kept.len());
        let (at, bit) = (random.below(kept[which].len()), random.below(8));
        let mut bytes = kept[which].clone();
        bytes[at] ^= 1 << bit;
        fs::write(&files(state.path())[which], bytes).unwrap();
        let report = resumed(&blocks, state.path());
        // Older nodes and heads are not needed any more, and not read.
        let unread = report.exit_code() == 0 && found(&report) == whole && which > 0;
        assert!(unread || report.exit_code() == 4, "file {which} byte {at} bit {bit}: {report}");
    }
}
