//! Falls that do not stand, each with a slot of its own (format.md 6.1, 9.4), and proofs through
//! them.

use probant_core::proof::Proof;

use crate::{
    ledger::{BATCH_OF_40, ISSUER, ISSUER_KEY, SECOND, THIRD, document},
    say::{BY_ISSUER, BY_OPERATOR, BY_SECOND, Voice},
    standings::{ENROLLMENT, stands},
    story::{Story, time},
    vector::Vector,
};

const BY_THIRD: Voice = Voice(THIRD, ISSUER);

pub fn all() -> Vec<Vector> {
    [by_a_void_key(), many()].concat()
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
