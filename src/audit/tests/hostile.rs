//! Ledgers whose operator lies, with all the keys of a ledger at hand: each is named by an audit, in
//! the words of this table. What is wrong in itself any audit finds; a history that was rewritten as
//! a whole is wrong only against what somebody saw before, and that is where it is found.

use probant_core::{
    Statement,
    checkpoint::Checkpoint,
    draft::Draft,
    key::{SigningKey, Use},
    statement::{Body, HeldKey, KeyAct, KeyStatement},
    status::Kept,
};

use super::{
    world::{Entry, ORIGIN},
    *,
};

const OPERATOR_SEED: u8 = 3;
const NEW_SEAL_SEED: u8 = 21;

/// A ledger made anew from block 2 on, with something else in one of its blocks: block and place of
/// the first block that differs from [`honest`].
fn rewritten(at: usize, mut change: impl FnMut(&World, usize) -> Option<Block>) -> World {
    let mut world = World::new();
    for (height, entries) in (2..).zip(contents()) {
        let entries = entries(&world);
        match change(&world, height).filter(|_| height == at) {
            Some(block) => world.push(block),
            None => world.seal(entries),
        }
    }
    world
}

type Content = fn(&World) -> Vec<Entry>;

/// What is in blocks 2 to 6.
fn contents() -> [Content; 5] {
    [
        |world| vec![world.certify(list(0, 40)), world.certify(list(100, 1))],
        |world| vec![world.certify(list(200, 8))],
        |world| vec![world.certify(list(300, 1)), world.certify(list(400, 2))],
        |_| vec![],
        |world| vec![world.certify(list(500, 5))],
    ]
}

pub(crate) fn honest() -> World {
    rewritten(0, |_, _| None)
}

fn sealed(world: &World, entries: Vec<Entry>) -> Block {
    world.forge(entries, &key(SEAL_SEED), &key(SEAL_SEED), |_| {})
}

/// A new seal key, vouched for by whoever has this one.
fn replacement(world: &World, by: u8) -> Entry {
    let (ledger, r#use) = (world.chain.identity().ledger, Use::Seal);
    let held = HeldKey::prove(&key(NEW_SEAL_SEED), r#use, ORIGIN, 1, ledger);
    let body = Body::Key(KeyStatement::bringing(KeyAct::Replace { r#use, held }));
    (Statement::sign(&key(by), ORIGIN, Some(ledger), TIME_MS / 1000, body), None)
}

/// The block that brings the new seal key, as the ledger would make it.
fn replacing(world: &World) -> Block {
    let (nodes, time_ms) = (Kept::all(), world.chain.head().time_ms + 100);
    let mut draft = Draft::new(&world.chain, time_ms, &nodes);
    let (statement, _) = replacement(world, OPERATOR_SEED);
    draft.add(statement, None).unwrap();
    draft.seal(&key(SEAL_SEED)).unwrap().block
}

/// Blocks, and what is said of them by whoever never saw the ledger.
pub(crate) struct Case {
    pub what: &'static str,
    pub blocks: Vec<Vec<u8>>,
    pub words: &'static str,
}

/// Blocks that were sealed, and then changed.
pub(crate) fn changed() -> Vec<Case> {
    let blocks = honest().encode();
    let case = |what, blocks, words| Case { what, blocks, words };
    let mut entry = honest();
    entry.blocks[3].entries[0] = entry.certify(list(900, 8)).0;
    entry.blocks[3].lists[0] = Some(list(900, 8));
    let mut resealed = honest();
    resealed.blocks[3] =
        rewritten(3, |world, _| Some(sealed(world, vec![world.certify(list(900, 8))]))).blocks[3]
            .clone();
    let mut batch = honest();
    batch.blocks[3].lists[0] = Some(list(900, 8));
    let mut exchanged = honest();
    exchanged.blocks[2].entries.swap(0, 1);
    exchanged.blocks[2].lists.swap(0, 1);
    let without = |at: usize| [&blocks[..at], &blocks[at + 1..]].concat();
    vec![
        case(
            "one entry rewritten, nothing sealed anew",
            entry.encode(),
            "FAULT in block 3, as a whole: signature: the signature of seal does not verify",
        ),
        case(
            "one entry rewritten, its block sealed anew",
            resealed.encode(),
            "FAULT in block 4, as a whole: signature: the signature of seal does not verify",
        ),
        case(
            "another batch under the same statement",
            batch.encode(),
            "FAULT in block 3, entry 7 (certify): list-mismatch: the list's root is ",
        ),
        case(
            "two entries exchanged",
            exchanged.encode(),
            "FAULT in block 2, as a whole: signature: the signature of seal does not verify",
        ),
        case(
            "a block dropped",
            without(4),
            "FAULT in block 4, entry 9 (block): chain: block \
              statement: height is 5, the chain has 4",
        ),
        case(
            "the first blocks dropped",
            blocks[1..].to_vec(),
            "FAULT in block 0, entry 0 (enroll): misplaced",
        ),
        case(
            "a height used twice",
            [&blocks[..4], &blocks[3..]].concat(),
            "FAULT in block 4, entry 10 (block): chain: block statement: height is 3, the chain has 4",
        ),
    ]
}

/// Blocks that were made so, with the true keys or with others.
pub(crate) fn made_so() -> Vec<Case> {
    let (seal, new) = (key(SEAL_SEED), key(NEW_SEAL_SEED));
    let with = |at: usize, change: &dyn Fn(&World) -> Block| {
        rewritten(at, |world, _| Some(change(world))).encode()
    };
    let forged = |at: usize, change: fn(&mut probant_core::statement::BlockStatement)| {
        with(at, &|world| world.forge(contents()[at - 2](world), &seal, &seal, change))
    };
    let by = |statement: &SigningKey, seal: &SigningKey| {
        with(5, &|world| world.forge(vec![], statement, seal, |_| {}))
    };
    let case = |what, blocks, words| Case { what, blocks, words };
    vec![
        case(
            "a height that is taken, by a block of its own",
            forged(4, |header| header.height = 3),
            "FAULT in block 4, entry 11 (block): chain: block statement: height is 3, the chain has 4",
        ),
        case(
            "a seal before the one before it",
            forged(5, |header| header.time_ms -= 5_000),
            "FAULT in block 5, entry 12 (block): chain: block statement: time is ",
        ),
        case(
            "a seal dated otherwise than its block",
            with(5, &|world| {
                let mut block = sealed(world, vec![]);
                let (identity, root) = (world.chain.identity(), root_after(world, &block));
                let back_ms = block.header().time_ms - 3_600_000;
                block.seal =
                    probant_core::seal::Seal::sign(&seal, &identity.origin, 5, back_ms, root);
                block
            }),
            "FAULT in block 5, as a whole: chain: block statement: iat of the seal is ",
        ),
        case(
            "another key, for which nobody vouched",
            by(&new, &new),
            "FAULT in block 5, entry 12 (block): unknown-key: key ",
        ),
        case(
            "the same, and the true key for the seal",
            by(&new, &seal),
            "FAULT in block 5, entry 12 (block): unknown-key: key ",
        ),
        case(
            "the same, for the seal alone",
            by(&seal, &new),
            "FAULT in block 5, as a whole: issuer: ",
        ),
        case(
            "a seal key for which the seal key vouched",
            with(5, &|world| sealed(world, vec![replacement(world, SEAL_SEED)])),
            "FAULT in block 5, entry 12 (key): key-use: a key for use seal may not sign",
        ),
        case(
            "a seal key that is used before it is in force",
            with(5, &|world| {
                world.forge(vec![replacement(world, OPERATOR_SEED)], &new, &new, |_| {})
            }),
            "FAULT in block 5, entry 13 (block): key-state: key ",
        ),
        case(
            "documents that were never certified",
            forged(6, |header| header.documents += 1_000),
            "FAULT in block 6, entry 14 (block): chain: block statement: documents is ",
        ),
        case(
            "a map of what fell that nobody can have",
            forged(6, |header| header.status.0[0] ^= 1),
            "FAULT in block 6, entry 14 (block): chain: block statement: status root is ",
        ),
    ]
}

fn root_after(world: &World, block: &Block) -> probant_core::Hash {
    let leaves: Vec<_> = block.entries.iter().map(Statement::leaf).collect();
    probant_core::tree::Growth::new(world.chain.frontier(), &leaves).root().unwrap()
}

/// The report of an auditor that keeps what it sees in `state`.
fn shown(blocks: Vec<Vec<u8>>, past: Past) -> Report {
    audit_since(Box::new(Memory(blocks.into_iter())), &settings(None), past, &mut |_| {})
}

#[test]
fn what_is_wrong_in_itself_any_audit_names() {
    assert_eq!(report(&honest().encode()).exit_code(), 0);
    let wrong: Vec<_> = changed()
        .into_iter()
        .chain(made_so())
        .filter_map(|Case { what, blocks, words }| {
            let report = shown(blocks, Past::default());
            let named = report.exit_code() == 1 && report.headline().starts_with(words);
            (!named).then(|| format!("{what}:\n  {}\n  {words}", report.headline()))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whole histories made anew with the true keys: nothing is wrong in them.
pub(crate) fn consistent() -> Vec<(&'static str, World, &'static str)> {
    let other = |documents: u64| {
        move |world: &World, _: usize| Some(sealed(world, vec![world.certify(list(documents, 8))]))
    };
    let rolled_back = || {
        let mut world = World::new();
        contents()[..2].iter().for_each(|entries| world.seal(entries(&world)));
        world
    };
    let mut goes_on = rolled_back();
    goes_on.seal(vec![goes_on.certify(list(7_000, 2))]);
    let mut dropped = World::new();
    for (at, entries) in contents().iter().enumerate() {
        if at != 1 {
            dropped.seal(entries(&dropped));
        }
    }
    let back_dated = rewritten(3, |world, _| {
        let entries = contents()[1](world);
        Some(world.forge(entries, &key(SEAL_SEED), &key(SEAL_SEED), |header| header.time_ms -= 90))
    });
    let mut other_keys = World::new();
    other_keys.seal(contents()[0](&other_keys));
    other_keys.push(replacing(&other_keys));
    let new = key(NEW_SEAL_SEED);
    other_keys.push(other_keys.forge(vec![], &new, &new, |_| {}));
    vec![
        ("rolled back", rolled_back(), "BEHIND: this auditor has seen block 6 of "),
        ("rolled back, and gone on otherwise", goes_on, "FORK: block 4 is not the one "),
        (
            "one entry rewritten, and all sealed anew",
            rewritten(3, other(900)),
            "FORK: block 3 is not",
        ),
        ("a batch swapped, and all sealed anew", rewritten(6, other(901)), "FORK: block 6 is not"),
        ("a block dropped, and all sealed anew", dropped, "FORK: block 3 is not the one that"),
        ("back-dated, and all sealed anew", back_dated, "FORK: block 3 is not the one that"),
        ("a height used again for other keys", other_keys, "FORK: block 3 is not the one that"),
    ]
}

#[test]
fn what_was_rewritten_as_a_whole_is_named_by_whoever_saw_it_before() {
    let identity = honest().chain.identity();
    for (what, world, words) in consistent() {
        let blocks = world.encode();
        let stranger = shown(blocks.clone(), Past::default());
        assert_eq!(stranger.verdict, Verdict::Whole, "{what}: nothing is wrong in it: {stranger}");
        let state = tempfile::tempdir().unwrap();
        let past = || Past::default().kept_in(state.path());
        assert_eq!(shown(honest().encode(), past()).verdict, Verdict::Whole);
        let report = shown(blocks, past());
        assert!(report.headline().starts_with(words), "{what}: {report}");
        let expected = if words.starts_with("FORK") { 1 } else { 3 };
        assert_eq!(report.exit_code(), expected, "{what}");
        // Both heads are there for others, by the keys of this ledger.
        let [saved] = &report.evidence[..] else { panic!("{what}: {report}") };
        let saved = fs::read(&saved.file).unwrap();
        let saved: serde_json::Value = serde_json::from_slice(&saved).unwrap();
        for head in ["seen", "shown"] {
            past::head_of(&saved[head]).verify(&identity).unwrap();
        }
    }
}

#[test]
fn two_auditors_who_were_answered_differently_find_out_by_one_checkpoint() {
    let (one, other) = (honest(), rewritten(4, |world, _| Some(sealed(world, vec![]))));
    let (alone, also) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = shown(one.encode(), Past::default().kept_in(alone.path()));
    let second = shown(other.encode(), Past::default().kept_in(also.path()));
    assert_eq!((first.verdict, second.verdict), (Verdict::Whole, Verdict::Whole), "each alone");
    let head = one.chain.head();
    let (origin, size, root) = (one.chain.identity().origin, head.size, head.root);
    let note = Checkpoint { origin, size, root }.sign(&key(2));
    // As long as the other one, or longer, or shorter.
    for blocks in [other.blocks.len(), other.blocks.len() - 1] {
        let past = Past::default().kept_in(also.path()).since(Since::of(note.clone()).unwrap());
        let report = shown(other.encode()[..blocks].to_vec(), past);
        let expected = if report.passed.as_ref().unwrap().entries < size {
            (Verdict::Behind, 3)
        } else {
            (Verdict::Fork, 1)
        };
        assert_eq!((report.verdict, report.exit_code()), expected, "{report}");
    }
    let mut longer = other;
    longer.seal(vec![longer.certify(list(600, 1)), longer.certify(list(601, 1))]);
    let past = Past::default().kept_in(also.path()).since(Since::of(note).unwrap());
    let report = shown(longer.encode(), past);
    assert!(report.headline().starts_with("FORK: the ledger signed root "), "{report}");
    assert_eq!(report.evidence.len(), 1, "the note, and the head that contradicts it");
}
