//! Proofs of what fell, of what did not, and of what leads to keys that came later (format.md 9.4
//! and 11.3): all are true, and the standing is a result.

use probant_core::{Fingerprint, List, key::Use, proof::Proof, status::Reason};

use crate::{
    ledger::{
        BATCH_OF_40, ENVELOPE, GAS, GAS_KEY, GAS_SECOND, ISSUER, ISSUER_KEY, Ledger, NEW_OPERATOR,
        NEW_SEAL, OPERATOR, SECOND, SINGLE, THIRD, document, list,
    },
    proofs::case,
    say::{
        BY_ISSUER, BY_NEW_OPERATOR, BY_OPERATOR, BY_OTHER, BY_RECOVERY, BY_SECOND, Voice, documents,
    },
    story::{Story, time},
    vector::Vector,
};

pub const ENROLLMENT: u64 = 2;

pub fn all() -> Vec<Vector> {
    [
        falls(),
        others_falls(),
        felled_again(),
        keys(),
        revoked_and_distrusted(),
        void_keys(),
        issuers(),
        rotations(),
        enrolled_again(),
    ]
    .concat()
}

/// A good proof, and what it says.
pub fn stands(name: &str, standing: &str, proof: &Proof) -> Vector {
    case(name, "ok", &proof.encode(), proof.document.fingerprint)
        .with("issuer", proof.statement.issuer())
        .with("entry", proof.receipt.index)
        .with("head", proof.receipt.seal.height())
        .with("standing", standing)
}

fn blake3(number: u32) -> Fingerprint {
    document(number).blake3
}

/// Of a certification of the first issuer, by the key of its enrollment.
fn of(story: &Story, index: u64, number: u32) -> Proof {
    story.proof(index, blake3(number), &[ENROLLMENT])
}

fn falls() -> Vec<Vector> {
    let mut story = Story::after_block(2);
    let ledger = story.ledger.clone();
    story.block(
        "some_of_a_batch_fell",
        vec![
            ledger.withdraw(BY_ISSUER, [1, 7]),
            ledger.supersede(BY_ISSUER, [(2, 102), (3, 103)]),
            ledger.withdraw(BY_OTHER, [4]),
        ],
    );
    let mut vectors = vec![
        stands("of_a_document_revoked", "revoked", &of(&story, BATCH_OF_40, 7)),
        stands("of_a_document_superseded", "superseded", &of(&story, BATCH_OF_40, 3)),
        stands("of_a_document_beside_fallen_ones", "certified", &of(&story, BATCH_OF_40, 5)),
        stands("of_a_document_that_another_issuer_revoked", "certified", &{
            of(&story, BATCH_OF_40, 4)
        }),
        stands("of_both_certifications_of_a_document_revoked", "revoked", &of(&story, SINGLE, 1)),
    ];
    let envelope = story.proof(ENVELOPE, document(7).sha256, &[ENROLLMENT]);
    vectors.push(
        stands("of_a_hash_envelope_of_a_document_revoked_by_blake3", "certified", &envelope)
            .why("what falls is the fingerprint, for one issuer"),
    );
    story.block("certified_again", vec![ledger.certify(&documents([7]))]);
    let again = story.index(0);
    vectors.push(
        stands("of_a_document_certified_again", "revoked", &of(&story, again, 7))
            .why("a fall is for good"),
    );
    let by_sha_256 = List::new(vec![document(7).sha256]).unwrap();
    let revoke = ledger.revoke(BY_ISSUER, &by_sha_256, Reason::IssuedInError);
    story.block("envelope_fell", vec![revoke]);
    let envelope = story.proof(ENVELOPE, document(7).sha256, &[ENROLLMENT]);
    vectors.push(stands("of_a_hash_envelope_revoked", "revoked", &envelope));
    [story.vectors(), vectors].concat()
}

/// Felled by another key of its issuer, whose status is the fourth; where that is void, the next
/// fall's is the fifth.
fn others_falls() -> Vec<Vector> {
    let mut story = Story::after_block(2);
    let ledger = story.ledger.clone();
    story.block("a_second_key_came", vec![ledger.add(BY_ISSUER, ISSUER, SECOND)]);
    story.block("fell_by_the_second_key", vec![ledger.withdraw(BY_SECOND, [7])]);
    let fallen = |name: &str, standing: &str, story: &Story| {
        let proof = of(story, BATCH_OF_40, 7);
        assert!(proof.statuses.len() >= 4);
        stands(name, standing, &proof)
    };
    let mut vectors = vec![fallen("of_a_document_revoked_by_another_key", "revoked", &story)];
    let report = |since| vec![ledger.compromise(BY_OPERATOR, SECOND, 2, since)];
    let (mut retired, mut later) = (story.fork(), story.fork());
    story.block("second_key_was_in_other_hands", report(time(4)));
    vectors.push(fallen("of_a_document_revoked_by_a_key_in_other_hands", "certified", &story));
    later.block("second_key_was_in_other_hands_later", report(time(4) + 1));
    vectors.push(fallen(
        "of_a_document_revoked_by_a_key_not_yet_in_other_hands",
        "revoked",
        &later,
    ));
    retired.block("second_key_retired", vec![ledger.retire(BY_ISSUER, SECOND, 2)]);
    vectors.push(fallen("of_a_document_revoked_by_a_key_since_retired", "revoked", &retired));
    story.block("fell_anew", vec![ledger.supersede(BY_ISSUER, [(7, 107)])]);
    let anew = of(&story, BATCH_OF_40, 7);
    vectors.push(stands("of_a_document_superseded_after_a_void_fall", "superseded", &anew));
    [story.vectors(), later.vectors(), retired.vectors(), vectors].concat()
}

/// Felled, then again by another key while the first fall counted as never said.
fn felled_again() -> Vec<Vector> {
    let mut story = Story::after_block(2);
    let ledger = story.ledger.clone();
    story.block("fell_honestly", vec![ledger.withdraw(BY_ISSUER, [7])]);
    let rogue = vec![
        ledger.compromise(BY_OPERATOR, ISSUER_KEY, 2, time(3)),
        ledger.add(BY_OPERATOR, ISSUER, SECOND),
    ];
    story.block("rogue_voids_the_fall", rogue);
    let void = of(&story, BATCH_OF_40, 7);
    story.block("fell_again_by_a_key_of_the_rogue", vec![ledger.withdraw(BY_SECOND, [7])]);
    let again = of(&story, BATCH_OF_40, 7);
    let recovered = vec![
        ledger.replace(BY_RECOVERY, Use::Operator, NEW_OPERATOR),
        ledger.compromise(BY_RECOVERY, OPERATOR, 2, time(4)),
    ];
    story.block("rogue_reported_and_the_fall_stands_again", recovered);
    story.case("falls_a_third_time", "fallen", ledger.withdraw(BY_ISSUER, [7]));
    let after = of(&story, BATCH_OF_40, 7);
    let vectors = vec![
        stands("of_a_document_whose_fall_was_voided_by_a_rogue", "certified", &void),
        stands("of_a_document_felled_again_by_a_rogue", "revoked", &again),
        stands("of_a_document_whose_first_fall_stands_again", "revoked", &after)
            .why("no fall is ever overwritten: each has a slot of its own"),
    ];
    [story.vectors(), vectors].concat()
}

/// What became of the key that certified.
fn keys() -> Vec<Vector> {
    let mut story = Story::after_block(2);
    let ledger = story.ledger.clone();
    story.block("a_key_to_follow", vec![ledger.add(BY_ISSUER, ISSUER, SECOND)]);
    let mut vectors = Vec::new();
    let tellings = [
        ("retired", "certified", ledger.retire(BY_SECOND, ISSUER_KEY, 2)),
        ("stopped", "certified", ledger.stop(BY_SECOND, ISSUER_KEY, 2)),
        ("reported_since_before_it", "distrusted", {
            ledger.compromise(BY_OPERATOR, ISSUER_KEY, 2, time(2) - 1)
        }),
        ("reported_since_then", "distrusted", {
            ledger.compromise(BY_OPERATOR, ISSUER_KEY, 2, time(2))
        }),
        ("reported_since_just_after_it", "certified", {
            ledger.compromise(BY_OPERATOR, ISSUER_KEY, 2, time(2) + 1)
        }),
    ];
    for (what, standing, entry) in tellings {
        let mut telling = story.fork();
        telling.block(&format!("signer_{what}"), vec![entry]);
        let proof = of(&telling, BATCH_OF_40, 7);
        vectors.push(stands(&format!("by_a_key_{what}"), standing, &proof));
        vectors.extend(telling.vectors());
    }
    story.block(
        "revoked_and_distrusted",
        vec![
            ledger.withdraw(BY_ISSUER, [7]),
            ledger.compromise(BY_OPERATOR, ISSUER_KEY, 2, time(2)),
        ],
    );
    let both = of(&story, BATCH_OF_40, 7);
    vectors.push(stands("of_a_document_revoked_by_a_key_reported", "distrusted", &both));
    [story.vectors(), vectors].concat()
}

/// Felled by a key in good hands, and certified by one that was not.
fn revoked_and_distrusted() -> Vec<Vector> {
    let mut story = Story::after_block(2);
    let ledger = story.ledger.clone();
    story.block("a_key_by_the_operator", vec![ledger.add(BY_OPERATOR, ISSUER, SECOND)]);
    story.block("fell_by_a_key_that_stands", vec![ledger.withdraw(BY_SECOND, [7])]);
    let report = vec![ledger.compromise(BY_OPERATOR, ISSUER_KEY, 2, time(2))];
    story.block("its_signer_reported", report);
    let both = of(&story, BATCH_OF_40, 7);
    let vector = stands("of_a_document_revoked_and_distrusted", "distrusted", &both)
        .why("the fall stands, and it was never certified by its issuer");
    [story.vectors(), vec![vector]].concat()
}

/// The key was brought by what counts as never said; and that turns out otherwise.
fn void_keys() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    story.block(
        "second_certifies_at_once",
        vec![ledger.add(BY_ISSUER, ISSUER, SECOND), ledger.certify_by(BY_SECOND, &list(40))],
    );
    let (added, certified) = (story.index(0), story.index(1));
    let proof = |story: &Story| story.proof(certified, blake3(7), &[ENROLLMENT, added]);
    let mut vectors = vec![stands("by_a_key_added", "certified", &proof(&story))];
    story.block(
        "its_adder_was_in_other_hands",
        vec![ledger.compromise(BY_OPERATOR, ISSUER_KEY, 2, time(2))],
    );
    vectors.push(stands("by_a_void_key", "distrusted", &proof(&story)));
    story
        .block("operator_was_when_it_said_so", vec![ledger.compromise(BY_RECOVERY, 3, 2, time(3))]);
    vectors.push(stands("by_a_key_void_no_more", "certified", &proof(&story)));
    [story.vectors(), vectors].concat()
}

fn issuers() -> Vec<Vector> {
    let mut story = Story::after_block(2);
    let ledger = story.ledger.clone();
    story.block("its_issuer_suspended", vec![ledger.suspend(BY_OPERATOR, ISSUER, 2)]);
    let suspended = of(&story, BATCH_OF_40, 7);
    story.block("its_issuer_reinstated", vec![ledger.reinstate(BY_OPERATOR, ISSUER, 3)]);
    let reinstated = of(&story, BATCH_OF_40, 7);
    let vectors = vec![
        stands("of_a_suspended_issuer", "certified", &suspended)
            .why("what was sealed before stands, and the verdict says so"),
        stands("of_a_reinstated_issuer", "certified", &reinstated),
    ];
    [story.vectors(), vectors].concat()
}

/// Every key of the ledger replaced, before and after the certification.
pub struct Rotated {
    pub story: Story,
    /// Of `facture 7` by the new issuer: all that leads to its keys, and its block.
    pub registry: Vec<u64>,
    pub certified: u64,
}

pub fn rotated() -> Rotated {
    let mut story = Story::after_block(1);
    let ledger: Ledger = story.ledger.clone();
    story.block("operator_rotated", vec![ledger.replace(BY_RECOVERY, Use::Operator, NEW_OPERATOR)]);
    let operator = story.index(0);
    let by_gas = Voice(GAS_KEY, GAS);
    story.block(
        "enrolled_by_the_rotated_operator",
        vec![
            ledger.enroll_by(BY_NEW_OPERATOR, GAS, GAS_KEY, 1),
            ledger.add(BY_NEW_OPERATOR, GAS, THIRD),
            ledger.certify_by(by_gas, &list(3)),
            ledger.certify_by(Voice(THIRD, GAS), &list(40)),
        ],
    );
    let [enrolled, added, _, certified] = [0, 1, 2, 3].map(|at| story.index(at));
    story.block("seal_rotated", vec![ledger.replace(BY_NEW_OPERATOR, Use::Seal, NEW_SEAL)]);
    let seal = story.index(0);
    story.block("heartbeat_by_the_rotated_seal", vec![]);
    Rotated { story, registry: vec![operator, enrolled, added, seal], certified }
}

fn rotations() -> Vec<Vector> {
    let Rotated { mut story, registry, certified } = rotated();
    let ledger = story.ledger.clone();
    let proof = |story: &Story| story.proof(certified, blake3(7), &registry);
    let mut vectors = vec![
        stands("through_rotated_keys", "certified", &proof(&story))
            .why("a replacement of the seal key may come after the statement"),
    ];
    story.block(
        "certified_under_the_rotated_seal",
        vec![ledger.certify_by(Voice(THIRD, GAS), &documents([50]))],
    );
    let later = story.index(0);
    vectors.push(stands("sealed_by_a_rotated_key", "certified", &{
        story.proof(later, blake3(50), &registry)
    }));
    vectors.push(stands("with_a_first_receipt_by_a_replaced_key", "certified", &proof(&story)));
    [story.vectors(), vectors].concat()
}

/// Enrolled by a rogue, and again by the operator that came after: the record is the newest.
fn enrolled_again() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let by_rogue = Voice(GAS_KEY, GAS);
    story.block(
        "enrolled_by_a_rogue",
        vec![
            ledger.enroll_by(BY_OPERATOR, GAS, GAS_KEY, 1),
            ledger.certify_by(by_rogue, &list(40)),
        ],
    );
    let [enrolled, certified] = [0, 1].map(|at| story.index(at));
    story.block(
        "rogue_reported",
        vec![
            ledger.replace(BY_RECOVERY, Use::Operator, NEW_OPERATOR),
            ledger.compromise(BY_RECOVERY, OPERATOR, 2, time(2)),
        ],
    );
    let operator = story.index(0);
    story.block(
        "enrolled_after_a_rogue",
        vec![
            ledger.enroll_by(BY_NEW_OPERATOR, GAS, GAS_SECOND, 2),
            ledger.certify_by(Voice(GAS_SECOND, GAS), &list(40)),
            ledger.add(BY_NEW_OPERATOR, GAS, THIRD),
            ledger.certify_by(Voice(THIRD, GAS), &list(3)),
        ],
    );
    let [again, later, added, third] = [0, 1, 2, 3].map(|at| story.index(at));
    let proof = |index, registry: &[u64]| story.proof(index, blake3(7), registry);
    let vectors = vec![
        stands("of_an_issuer_enrolled_by_a_rogue", "distrusted", &proof(certified, &[enrolled])),
        stands("of_an_issuer_enrolled_again", "certified", &proof(later, &[operator, again])),
        stands("of_an_issuer_enrolled_again_and_before", "certified", &{
            proof(later, &[enrolled, operator, again])
        })
        .why("a proof does not tell which enrollment is void: each key's status does"),
        stands("by_a_key_added_to_an_issuer_enrolled_again", "certified", &{
            story.proof(third, blake3(3), &[operator, again, added])
        }),
        case(
            "with_the_enrollment_of_a_rogue",
            "proof",
            &{ story.proof(third, blake3(3), &[enrolled, operator, added]).encode() },
            blake3(3),
        )
        .why("it would give the issuer the name that the rogue gave it"),
    ];
    [story.vectors(), vectors].concat()
}
