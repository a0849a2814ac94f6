//! Falls that do not stand, each with a slot of its own (format.md 6.1, 9.4), and proofs through
//! them.

use probant_core::proof::Proof;

use crate::{
    ledger::{BATCH_OF_40, ISSUER, ISSUER_KEY, SECOND, THIRD, document, list},
    say::{BY_ISSUER, BY_OPERATOR, BY_SECOND, Voice},
    standings::{ENROLLMENT, stands},
    story::{Story, time},
    vector::Vector,
};

const BY_THIRD: Voice = Voice(THIRD, ISSUER);

pub fn all() -> Vec<Vector> {
    [by_a_void_key(), many(), all_void()].concat()
}

fn of(story: &Story) -> Proof {
    story.proof(BATCH_OF_40, document(7).blake3, &[ENROLLMENT])
}

/// Felled by a key that is void: brought by one that was in other hands.
fn by_a_void_key() -> Vec<Vector> {
    let mut story = Story::after_block(2);
    let ledger = story.ledger.clone();
    let rogue = vec![ledger.add(BY_ISSUER, ISSUER, SECOND), ledger.withdraw(BY_SECOND, [7])];
    story.block("fell_by_a_key_just_added", rogue);
    let fallen = of(&story);
    let report = vec![
        ledger.compromise(BY_OPERATOR, ISSUER_KEY, 2, time(3)),
        ledger.add(BY_OPERATOR, ISSUER, THIRD),
    ];
    story.block("the_key_that_felled_it_is_void", report);
    let void = of(&story);
    story.case("revoked_that_fell_by_a_void_key", "ok", ledger.withdraw(BY_THIRD, [7]));
    story.block("fell_again_after_a_void_key", vec![ledger.withdraw(BY_THIRD, [7])]);
    story.case("revoked_that_fell_again_after_a_void_key", "fallen", {
        ledger.withdraw(BY_THIRD, [7])
    });
    let again = of(&story);
    let vectors = vec![
        stands("of_a_document_revoked_by_a_key_just_added", "revoked", &fallen),
        stands("of_a_document_revoked_by_a_void_key", "certified", &void),
        stands("of_a_document_revoked_again_after_a_void_key", "revoked", &again),
    ];
    [story.vectors(), vectors].concat()
}

/// Three keys fell it, each in its turn and each in other hands; then its issuer replaces it.
fn many() -> Vec<Vector> {
    let mut story = Story::after_block(2);
    let ledger = story.ledger.clone();
    let seeds = [SECOND, THIRD, 31];
    let adds = seeds.map(|seed| ledger.add(BY_OPERATOR, ISSUER, seed));
    story.block("three_keys_that_fell_it", adds.into());
    let mut vectors = Vec::new();
    for (nth, seed) in seeds.into_iter().enumerate() {
        let fell = vec![ledger.withdraw(Voice(seed, ISSUER), [7])];
        story.block(&format!("fall_{nth}_of_a_document"), fell);
        let name = format!("of_a_document_by_fall_{nth}");
        vectors.push(stands(&name, "revoked", &of(&story)));
        let report = vec![ledger.compromise(BY_OPERATOR, seed, 2, story.now() - 100)];
        story.block(&format!("fall_{nth}_of_a_document_is_void"), report);
        let name = format!("of_a_document_whose_fall_{nth}_is_void");
        vectors.push(stands(&name, "certified", &of(&story)));
    }
    story.block("fall_3_of_a_document", vec![ledger.supersede(BY_ISSUER, [(7, 107)])]);
    let last = of(&story);
    assert_eq!(last.statuses.len(), 3 + 3 + 3);
    vectors.push(
        stands("of_a_document_by_fall_3", "superseded", &last)
            .why("four falls, three of their keys; the fourth is that of the statement"),
    );
    story.case("revoked_that_fell_four_times", "fallen", ledger.withdraw(BY_ISSUER, [7]));
    [story.vectors(), vectors].concat()
}

/// Sixteen keys fell it, each in other hands at once; then it falls once more, in the last slot.
fn all_void() -> Vec<Vector> {
    const SEEDS: std::ops::Range<u8> = 32..48;
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let adds = [SECOND].into_iter().chain(SEEDS).map(|seed| ledger.add(BY_OPERATOR, ISSUER, seed));
    let certify = ledger.certify_by(BY_SECOND, &list(40));
    story.block("17_keys_and_a_certification", adds.chain([certify]).collect());
    let (added, certified) = (story.index(0), story.index(17));
    let of = |story: &Story| story.proof(certified, document(7).blake3, &[ENROLLMENT, added]);
    let now = story.now();
    let falls = SEEDS.flat_map(|seed| {
        let fell = ledger.withdraw(Voice(seed, ISSUER), [7]);
        [fell, ledger.compromise(BY_OPERATOR, seed, 2, now)]
    });
    story.block("16_falls_of_a_document_all_void", falls.collect());
    let void = of(&story);
    assert_eq!(void.statuses.len(), 35, "the most that a proof has");
    story.block("17th_fall_of_a_document", vec![ledger.withdraw(BY_SECOND, [7])]);
    let again = of(&story);
    story.case("revoked_that_fell_17_times", "fallen", ledger.withdraw(BY_SECOND, [7]));
    let vectors = vec![
        stands("of_a_document_whose_16_falls_are_void", "certified", &void)
            .why("after the sixteenth no other is asked for"),
        stands("of_a_document_by_fall_17", "revoked", &again)
            .why("only the last slot is set again"),
    ];
    [story.vectors(), vectors].concat()
}
