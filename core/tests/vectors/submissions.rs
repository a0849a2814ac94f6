//! Submissions: a list beside its statement (format.md 5.11), and the rules of the registry
//! (format.md 9), by the state that the blocks named in `after` make.

use std::sync::LazyLock;

use probant_core::{LABEL_LIST, LABEL_PROOF, List, Rejected, Statement, statement::Body};

use crate::{
    entries,
    ledger::{
        BATCH_OF_40, Entry, ISSUER, ISSUER_KEY, LEDGER, Ledger, OPERATOR, ORIGIN, OTHER, OTHER_KEY,
        RECOVERY, SEAL, STRANGER, TIME_MS, TIME_S, content, key, list,
    },
    raw::{Item, Sign1, array, bytes, claims, int, map, text},
    vector::{Vector, refused},
};

/// After genesis; after the issuers are enrolled.
pub const AFTER_0: &str = "block_0_genesis";
pub const AFTER_1: &str = "block_0_genesis block_1_enroll";
const AFTER_SMALL: &str = "block_0_genesis_of_small_policy block_1_enroll_of_small_policy";

/// A ledger whose policy allows two documents a list, and whose origin is a bare host.
pub static SMALL: LazyLock<Ledger> = LazyLock::new(|| {
    let mut ledger = Ledger::new("petit.example", 2);
    ledger.seal(vec![ledger.enroll(ISSUER, ISSUER_KEY)]);
    ledger
});

pub fn all() -> Vec<Vector> {
    [good_ones(), lists(), authors(), enrollments(), possessions(), times(), policy()].concat()
}

fn case(name: &str, code: &str, bytes: Item, after: &str) -> Vector {
    refused(format!("submission_{name}"), code, bytes)
        .with("after", after)
        .with("time", TIME_MS + 200)
}

fn sent((statement, list): &Entry) -> Item {
    statement.to_submission(list.as_ref())
}

fn good_ones() -> Vec<Vector> {
    let ok = |name: &str, entry: &Entry, after| case(name, "ok", sent(entry), after);
    let envelope = LEDGER.envelope().sign(&key(ISSUER_KEY));
    vec![
        ok("batch_of_40", &LEDGER.certify(&list(40)), AFTER_1),
        ok("single_document", &LEDGER.certify(&list(1)), AFTER_1),
        ok("enroll", &LEDGER.enroll(ISSUER, ISSUER_KEY), AFTER_0),
        case("hash_envelope", "ok", envelope, AFTER_1),
    ]
}

fn lists() -> Vec<Vector> {
    let (statement, list40) = (LEDGER.entry(BATCH_OF_40), list(40));
    let with_pairs =
        |pairs: &[(i64, Item)]| entries::certify().unprotected(map(pairs)).sign(&key(ISSUER_KEY));
    let single = |list: &[u8]| with_pairs(&[(LABEL_LIST, bytes(list))]);
    let refuse =
        |name: &str, code: &str, bytes: Item| refused(format!("submission_{name}"), code, bytes);
    let one = list(1).as_bytes().to_vec();
    let two = list(2);
    let (first, second) = two.as_bytes().split_at(34);
    let other = List::new(vec![crate::ledger::document(99).blake3]).unwrap();
    let mut reserved = one.clone();
    reserved[0] = 0x81;
    let enroll = LEDGER.enroll(ISSUER, ISSUER_KEY).0;
    let envelope = LEDGER.envelope().unprotected(map(&[(LABEL_LIST, bytes(&one))]));
    let cut = LEDGER.envelope().unprotected(map(&[(LABEL_LIST, bytes(&one[..33]))]));
    assert_eq!(single(&one), sent(&LEDGER.certify(&list(1))));
    vec![
        refuse("without_its_list", "list-missing", statement.to_submission(None)),
        refuse(
            "with_a_list_one_shorter",
            "list-mismatch",
            statement.to_submission(Some(&list(39))),
        ),
        refuse("with_a_list_of_another_root", "list-mismatch", single(other.as_bytes())),
        refuse(
            "with_a_list_for_an_enrollment",
            "list-unexpected",
            enroll.to_submission(Some(&list40)),
        ),
        refuse(
            "with_a_list_for_a_hash_envelope",
            "list-unexpected",
            envelope.sign(&key(ISSUER_KEY)),
        ),
        refuse(
            "with_a_list_cut_for_a_hash_envelope",
            "list-unexpected",
            cut.sign(&key(ISSUER_KEY)),
        ),
        refuse("with_an_empty_list", "list-count", single(&[])),
        refuse("with_a_list_unsorted", "list-order", single(&[second, first].concat())),
        refuse("with_a_list_of_repetitions", "list-order", single(&[first, first].concat())),
        refuse("with_a_list_cut", "malformed", single(&one[..33])),
        refuse("with_a_list_of_reserved_kind", "fingerprint", single(&reserved)),
        refuse(
            "with_a_list_as_an_array",
            "header",
            with_pairs(&[(LABEL_LIST, array(&[bytes(&one)]))]),
        ),
        refuse(
            "with_a_list_under_another_label",
            "header",
            with_pairs(&[(LABEL_PROOF, bytes(&one))]),
        ),
        refuse(
            "with_a_list_and_a_receipt",
            "header",
            with_pairs(&[(394, array(&[bytes(&[0])])), (LABEL_LIST, bytes(&one))]),
        ),
    ]
}

/// Certifying the first document, but by whom?
fn by(seed: u8, issuer: &str) -> Sign1 {
    let sub = list(1).iter().next().unwrap().to_string();
    let certify = claims(issuer, &sub, Some(&LEDGER.id.audience()), TIME_S);
    entries::certify()
        .with(4, bytes(&key(seed).public().kid().0))
        .with(15, certify)
        .unprotected(map(&[(LABEL_LIST, bytes(list(1).as_bytes()))]))
}

fn authors() -> Vec<Vector> {
    let refuse = |name: &str, code: &str, sign1: &Sign1, seed: u8| {
        case(name, code, sign1.sign(&key(seed)), AFTER_1)
    };
    let sub = list(1).iter().next().unwrap().to_string();
    let for_small = claims(ISSUER, &sub, Some(&SMALL.id.audience()), TIME_S);
    let upper = format!("probant:{}", hex::encode_upper(LEDGER.id.0.0));
    let upper = claims(ISSUER, &sub, Some(&upper), TIME_S);
    let bare = claims(ISSUER, &sub, Some(&LEDGER.id.to_string()), TIME_S);
    let enroll = |seed, issuer| {
        LEDGER.sign(seed, issuer, Body::Enroll(LEDGER.enrollment("gaz.example", STRANGER)))
    };
    let entry = |name: &str, code: &str, statement: &Statement| {
        case(name, code, statement.to_submission(None), AFTER_1)
    };
    vec![
        refuse("by_an_unknown_key", "unknown-key", &by(STRANGER, ISSUER), STRANGER),
        refuse("in_the_name_of_another_issuer", "issuer", &by(OTHER_KEY, ISSUER), OTHER_KEY),
        refuse("in_the_name_of_nobody", "issuer", &by(ISSUER_KEY, "gaz.example"), ISSUER_KEY),
        refuse("certified_by_the_operator", "key-use", &by(OPERATOR, ORIGIN), OPERATOR),
        refuse("certified_by_the_seal_key", "key-use", &by(SEAL, ORIGIN), SEAL),
        refuse("with_the_kid_of_another_key", "signature", &by(OTHER_KEY, OTHER), ISSUER_KEY),
        refuse(
            "for_another_ledger",
            "audience",
            &by(ISSUER_KEY, ISSUER).with(15, for_small),
            ISSUER_KEY,
        ),
        refuse(
            "for_a_bare_ledger_id",
            "audience",
            &by(ISSUER_KEY, ISSUER).with(15, bare),
            ISSUER_KEY,
        ),
        refuse(
            "for_this_ledger_in_upper_case",
            "audience",
            &by(ISSUER_KEY, ISSUER).with(15, upper),
            ISSUER_KEY,
        ),
        entry("enrollment_by_an_issuer", "key-use", &enroll(ISSUER_KEY, ISSUER)),
        entry("enrollment_again_by_an_issuer", "key-use", &{
            LEDGER.sign(ISSUER_KEY, ISSUER, Body::Enroll(LEDGER.enrollment(OTHER, STRANGER)))
        })
        .why("the use of the key comes before the kind's own checks"),
        entry("enrollment_by_the_recovery_key", "key-use", &enroll(RECOVERY, ORIGIN)),
        entry("of_a_block_statement", "misplaced", LEDGER.entry(8)),
        entry("of_genesis_again", "misplaced", LEDGER.entry(0)),
        entry("of_the_genesis_of_another_ledger", "issuer", SMALL.entry(0))
            .why("its operator has another name, but the key is known here"),
    ]
}

fn enrollments() -> Vec<Vector> {
    let enroll = |name: &str, code: &str, id: &str, seed: u8| {
        case(name, code, sent(&LEDGER.enroll(id, seed)), AFTER_1)
    };
    let at_small = |name: &str, id: &str| {
        case(name, "issuer-reserved", sent(&SMALL.enroll(id, STRANGER)), AFTER_SMALL)
    };
    vec![
        enroll("enrollment_of_a_new_issuer", "ok", "gaz.example", STRANGER),
        enroll("enrollment_again", "issuer-exists", ISSUER, ISSUER_KEY),
        enroll("enrollment_again_with_a_new_key", "issuer-exists", ISSUER, STRANGER),
        enroll(
            "enrollment_of_the_host_of_the_ledger",
            "issuer-reserved",
            "ledger.example",
            STRANGER,
        ),
        at_small("enrollment_of_the_origin_of_the_ledger", "petit.example"),
        enroll("enrollment_with_the_key_of_another_issuer", "key-in-use", "gaz.example", OTHER_KEY),
        enroll("enrollment_with_the_operator_key", "key-in-use", "gaz.example", OPERATOR),
    ]
}

fn possessions() -> Vec<Vector> {
    let (seed, owner) = (STRANGER, "gaz.example");
    let held = |possession: Item| {
        let mut enrollment = LEDGER.enrollment(owner, seed);
        enrollment.possession = possession;
        LEDGER.sign(OPERATOR, ORIGIN, Body::Enroll(enrollment)).to_submission(None)
    };
    let refuse = |name: &str, code: &str, possession: Item| {
        case(&format!("possession_{name}"), code, held(possession), AFTER_1)
    };
    let signed = |sign1: Sign1, seed: u8| sign1.sign(&key(seed));
    let good = || LEDGER.possession(seed, "issuer", &owner, 1);
    vec![
        refuse(
            "for_another_owner",
            "possession",
            signed(LEDGER.possession(seed, "issuer", &OTHER, 1), seed),
        ),
        refuse(
            "for_another_use",
            "possession",
            signed(LEDGER.possession(seed, "seal", &owner, 1), seed),
        ),
        refuse(
            "for_another_seq",
            "possession",
            signed(LEDGER.possession(seed, "issuer", &owner, 2), seed),
        ),
        refuse(
            "for_another_ledger",
            "possession",
            signed(SMALL.possession(seed, "issuer", &owner, 1), seed),
        ),
        refuse(
            "of_another_key",
            "possession",
            signed(LEDGER.possession(OTHER_KEY, "issuer", &owner, 1), OTHER_KEY),
        ),
        refuse(
            "with_claims",
            "possession",
            signed(good().with(15, claims(owner, "possession", None, TIME_S)), seed),
        ),
        refuse(
            "with_unprotected_kid",
            "possession",
            signed(good().unprotected(map(&[(4, bytes(&[1]))])), seed),
        ),
        refuse(
            "with_a_private_unprotected_label",
            "possession",
            signed(good().unprotected(map(&[(LABEL_LIST, int(0))])), seed),
        ),
        refuse(
            "with_another_content_type",
            "possession",
            signed(good().with(3, text(&content("certify"))), seed),
        ),
        refuse("with_the_kid_of_another_key", "possession", {
            signed(good().with(4, bytes(&key(OTHER_KEY).public().kid().0)), seed)
        }),
        refuse("with_kid_of_31_bytes", "possession", signed(good().with(4, bytes(&[7; 31])), seed)),
        refuse("without_alg", "possession", signed(good().without(1), seed)),
        refuse("with_unprotected_alg", "possession", {
            signed(good().unprotected(map(&[(1, int(-8))])), seed)
        }),
        refuse("of_a_payload_that_is_no_map", "possession", signed(good().payload(vec![7]), seed)),
        refuse("untagged", "malformed", signed(good(), seed)[1..].to_vec()),
        refuse("without_payload", "possession", signed(good().detached(), seed)),
        refuse("signed_by_another_key", "signature", signed(good(), OTHER_KEY)),
        refuse("empty", "malformed", vec![]),
        refuse("that_is_alg_es256", "algorithm", signed(good().with(1, int(-7)), seed)),
    ]
}

fn times() -> Vec<Vector> {
    let block_s = (TIME_MS + 200) / 1000;
    let days_30 = 30 * 24 * 60 * 60;
    let certify = |iat_s: u64| {
        let (statement, list) = LEDGER.certify(&list(1));
        let body = statement.body().clone();
        let statement = Statement::sign(&key(ISSUER_KEY), ISSUER, Some(LEDGER.id), iat_s, body);
        statement.to_submission(list.as_ref())
    };
    let enroll = |iat_s: u64| {
        let body = Body::Enroll(LEDGER.enrollment("gaz.example", STRANGER));
        Statement::sign(&key(OPERATOR), ORIGIN, Some(LEDGER.id), iat_s, body).to_submission(None)
    };
    let at = |name: &str, code: &str, bytes: Item| case(name, code, bytes, AFTER_1);
    let sub = list(1).iter().next().unwrap().to_string();
    let late =
        |issuer: &str| claims(issuer, &sub, Some(&LEDGER.id.audience()), block_s as i64 + 301);
    vec![
        at("issued_300_s_ahead", "ok", certify(block_s + 300)),
        at("issued_301_s_ahead", "future", certify(block_s + 301)),
        at("issued_301_s_ahead_and_forged", "future", {
            by(ISSUER_KEY, ISSUER).with(15, late(ISSUER)).sign(&key(STRANGER))
        })
        .why("times come before the signature, and after all other rules"),
        at("issued_301_s_ahead_by_the_operator", "key-use", {
            by(OPERATOR, ORIGIN).with(15, late(ORIGIN)).sign(&key(OPERATOR))
        }),
        at("issued_at_the_end_of_time", "future", certify(u64::MAX)),
        at("issued_in_1970", "ok", certify(0)).why("an issuer may date its statement as it likes"),
        at("enrollment_withheld_30_days", "ok", enroll(block_s - days_30)),
        at("enrollment_withheld_30_days_and_1_s", "stale", enroll(block_s - days_30 - 1)),
        at("enrollment_issued_301_s_ahead", "future", enroll(block_s + 301)),
    ]
}

fn policy() -> Vec<Vector> {
    let certify = |name: &str, code: &str, count| {
        case(name, code, sent(&SMALL.certify(&list(count))), AFTER_SMALL)
    };
    vec![
        certify("of_2_where_2_are_allowed", "ok", 2),
        certify("of_3_where_2_are_allowed", "list-count", 3),
    ]
}

/// Reads a submission of so many bytes: too long to store.
pub fn padded(length: usize) -> Result<(), Rejected> {
    Statement::decode_submission(&vec![0; length]).map(drop)
}
