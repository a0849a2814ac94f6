//! Byte strings of the unprotected header that stand one map further in than they should, and what
//! may stand on the way to one (format.md 5.11, 5.12 step 3, 8.2, 11.1).

use probant_core::{LABEL_LIST, LABEL_PROOF};

use crate::{
    entries::certify,
    ledger::{ISSUER_KEY, LEDGER, SINGLE, content, document, key, list},
    proofs,
    raw::{Item, array, bytes, int, map, replace, text},
    receipts,
    vector::{Vector, refused},
};

const RECEIPTS: i64 = 394;
const VDP: i64 = 396;

pub fn all() -> Vec<Vector> {
    [hidden(), ways()].concat()
}

/// The bytes, what follows `before` in them being in a map of one.
fn wrap(whole: &[u8], before: &[u8], name: &[u8]) -> Item {
    replace(whole, before, &[before, &[0xa1], name].concat())
}

/// A list, a receipt, parts, an inclusion proof: as they should be, but under one more key.
fn hidden() -> Vec<Vector> {
    let submission = LEDGER.certify(&list(1)).0.to_submission(Some(&list(1)));
    let proof = LEDGER.proof(SINGLE, document(1).blake3).encode();
    let receipt = receipts::first().encode();
    let under = |what: &str, name: &[u8]| {
        let submission = wrap(&submission, &int(LABEL_LIST), name);
        let proof = |of: &str, before: &[u8]| {
            let name_of = format!("with_{of}_under_a_{what}_key");
            proofs::case(&name_of, "header", &wrap(&proof, before, name), document(1).blake3)
        };
        let receipt = |of: &str, before: &[u8]| {
            let name_of = format!("with_{of}_under_a_{what}_key");
            receipts::case(&name_of, "header", wrap(&receipt, before, name))
        };
        let inclusion = [int(VDP), vec![0xa1], int(-1)].concat();
        vec![
            refused(format!("submission_with_a_list_under_a_{what}_key"), "header", submission),
            proof("its_receipts", &int(RECEIPTS)),
            proof("its_receipt", &[int(RECEIPTS), vec![0x81]].concat()),
            proof("its_parts", &int(LABEL_PROOF)),
            receipt("its_vdp", &int(VDP)),
            receipt("its_inclusions", &inclusion),
            receipt("its_inclusion", &[inclusion.clone(), vec![0x81]].concat()),
        ]
    };
    [under("text", &text("")), under("number", &int(7))].concat()
}

/// What is no way to one byte string is refused before the kind is known, anything else after.
fn ways() -> Vec<Vector> {
    let way = |name: &str, code: &str, value: Item| {
        let sign1 = certify().with(3, text(&content("transfer")));
        let sign1 = sign1.unprotected(map(&[(LABEL_LIST, value)]));
        let name = format!("entry_of_unknown_kind_with_{name}");
        refused(name, code, sign1.sign(&key(ISSUER_KEY)))
    };
    let some = bytes(&[7]);
    let keyed = |name: Item| [vec![0xa1], name, some.clone()].concat();
    vec![
        way("bytes", "unknown-kind", some.clone()),
        way("bytes_in_an_array", "unknown-kind", array(&[some.clone()])),
        way("bytes_under_a_number", "unknown-kind", keyed(int(7))),
        way("bytes_under_a_negative_number", "unknown-kind", keyed(int(-1))),
        way("bytes_under_a_text", "header", keyed(text(""))),
        way("bytes_under_bytes", "header", keyed(bytes(&[]))),
        way("bytes_under_an_array", "header", keyed(array(&[]))),
        way("an_empty_array", "unknown-kind", array(&[]))
            .why("it does not branch: what should stand there is asked later"),
        way("an_empty_map", "unknown-kind", map(&[])),
        way("two_byte_strings", "header", array(&[some.clone(), some.clone()])),
        way("bytes_under_two_numbers", "header", map(&[(1, some.clone()), (2, some.clone())])),
        way("a_number", "header", int(7)),
        way("a_text", "header", text("")),
    ]
}
