//! The ledger's own keys replaced, from the next block on (format.md 9.2): who seals, and who may
//! say what in which block.

use probant_core::{Statement, key::Use, seal::Seal, tree};

use crate::{
    ledger::{
        Entry, GAS, GAS_KEY, ISSUER, NEW_NOTE, NEW_OPERATOR, NEW_RECOVERY, NEW_SEAL, OPERATOR,
        ORIGIN, SEAL, key,
    },
    say::{BY_NEW_OPERATOR, BY_NEW_RECOVERY, BY_OPERATOR, BY_RECOVERY, Voice},
    story::{Story, time},
    vector::Vector,
};

pub fn all() -> Vec<Vector> {
    [seal(), operator(), others(), twice()].concat()
}

/// A block whose statement and seal are by these keys.
fn by(story: &mut Story, name: &str, code: &str, keys: [u8; 2], entries: Vec<Entry>) {
    let mut ledger = story.ledger.clone();
    let [statement, seal] = keys;
    ledger.sealer = statement;
    let mut block = ledger.block(story.header(&entries), entries);
    ledger.blocks.push(block.clone());
    let leaves = ledger.blocks.iter().flat_map(|block| &block.entries).map(Statement::leaf);
    let root = tree::root(leaves.collect()).unwrap();
    let (height, time_ms) = (block.header().height, block.header().time_ms);
    block.seal = Seal::sign(&key(seal), &ORIGIN.parse().unwrap(), height, time_ms, root);
    story.push_block(name, code, &block);
}

fn seal() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let replace = || vec![ledger.replace(BY_OPERATOR, Use::Seal, NEW_SEAL)];
    let [old, new] = [SEAL, NEW_SEAL];
    by(&mut story, "by_the_new_seal_key_a_block_early", "key-state", [new, new], replace());
    by(&mut story, "sealed_by_the_new_seal_key_a_block_early", "issuer", [old, new], replace());
    by(&mut story, "stated_by_the_new_seal_key_a_block_early", "key-state", [new, old], replace());
    by(&mut story, "by_the_new_seal_key_before_it_came", "unknown-key", [new, new], vec![]);
    story.block("seal_replaced", replace());
    by(&mut story, "by_the_old_seal_key_a_block_late", "key-state", [old, old], vec![]);
    by(&mut story, "sealed_by_the_old_seal_key_a_block_late", "issuer", [new, old], vec![]);
    by(&mut story, "stated_by_the_old_seal_key_a_block_late", "key-state", [old, new], vec![]);
    story.case("key_replaced_by_the_one_before", "key-in-use", {
        ledger.replace(BY_OPERATOR, Use::Seal, SEAL)
    });
    story.case(
        "key_replaced_again",
        "key-in-use",
        ledger.replace(BY_OPERATOR, Use::Seal, NEW_SEAL),
    );
    story.case("key_reported_that_sealed", "field", ledger.compromise(BY_OPERATOR, SEAL, 2, 0));
    story.block("by_the_new_seal_key", vec![]);
    story.vectors()
}

fn operator() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let replace = || ledger.replace(BY_RECOVERY, Use::Operator, NEW_OPERATOR);
    let suspend = |by| ledger.suspend(by, ISSUER, 2);
    story.block_case("where_the_new_operator_speaks_a_block_early", "key-state", {
        vec![replace(), suspend(BY_NEW_OPERATOR)]
    });
    story.block("where_the_old_operator_speaks_last", vec![replace(), suspend(BY_OPERATOR)]);
    let reinstate = |by| ledger.reinstate(by, ISSUER, 3);
    let mut case = |name: &str, code: &str, entry| story.case(name, code, entry);
    case("by_the_old_operator", "key-state", reinstate(BY_OPERATOR));
    case("by_the_new_operator", "ok", reinstate(BY_NEW_OPERATOR));
    case("enrollment_by_the_old_operator", "key-state", {
        ledger.enroll_by(BY_OPERATOR, GAS, GAS_KEY, 1)
    });
    case("enrollment_by_the_new_operator", "ok", {
        ledger.enroll_by(BY_NEW_OPERATOR, GAS, GAS_KEY, 1)
    });
    case("enrollment_with_the_old_operator_key", "key-in-use", {
        ledger.enroll_by(BY_NEW_OPERATOR, GAS, OPERATOR, 1)
    });
    case("old_operator_reported_by_the_new_one", "key-use", {
        ledger.compromise(BY_NEW_OPERATOR, OPERATOR, 2, time(1))
    });
    case("new_operator_reported_since_before_it_came", "since", {
        ledger.compromise(BY_RECOVERY, NEW_OPERATOR, 2, time(1))
    });
    case("new_operator_reported", "ok", {
        ledger.compromise(BY_RECOVERY, NEW_OPERATOR, 2, time(2))
    });
    story.vectors()
}

fn others() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let acts = vec![
        ledger.replace(BY_OPERATOR, Use::Note, NEW_NOTE),
        ledger.replace(BY_RECOVERY, Use::Recovery, NEW_RECOVERY),
        ledger.replace(BY_RECOVERY, Use::Operator, NEW_OPERATOR),
    ];
    story.block("note_operator_and_recovery_replaced", acts);
    let next = |by| ledger.replace(by, Use::Recovery, 30);
    story.case("recovery_replaced_by_the_old_one", "key-state", next(BY_RECOVERY));
    story.case("recovery_replaced_by_the_new_one", "ok", next(BY_NEW_RECOVERY));
    story.case("note_replaced_by_the_old_operator", "key-state", {
        ledger.replace(BY_OPERATOR, Use::Note, 30)
    });
    story.vectors()
}

/// Two replacements for one use in one block: the last is in force.
fn twice() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let replace = |seed| ledger.replace(BY_RECOVERY, Use::Operator, seed);
    story.block("operator_replaced_twice", vec![replace(30), replace(NEW_OPERATOR)]);
    let policy = |by| ledger.limit(by, 2, 2);
    story.case("policy_by_an_operator_never_in_force", "key-state", policy(Voice(30, ORIGIN)));
    story.case("policy_by_the_last_operator", "ok", policy(BY_NEW_OPERATOR));
    story.vectors()
}
