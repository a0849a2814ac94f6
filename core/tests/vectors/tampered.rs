//! Proofs by whoever holds a key: each signature is true, what is signed is hostile. And proofs
//! whose bytes are taken apart.

use probant_core::{
    Hash, LABEL_LIST, LABEL_PROOF, Statement,
    proof::{Proof, ProvenEntry},
    seal::Seal,
    statement::{BlockStatement, Body},
};

use crate::{
    entries,
    ledger::{
        ISSUER, ISSUER_KEY, LEDGER, OPERATOR, ORIGIN, OTHER_KEY, SEAL, SINGLE, STRANGER, TIME_MS,
        TIME_S, document, key, list,
    },
    proofs::{case, of_batch},
    raw::{Item, NIL, Sign1, array, bytes, claims, int, map, replace},
    submissions::SMALL,
    vector::{Vector, refused},
};

pub fn all() -> Vec<Vector> {
    [statements(), registries(), block_statements(), parts()].concat()
}

/// A ledger without scruples: the statement is sealed into block 2, whatever it is.
fn sealing(statement: &Sign1, seed: u8) -> Vec<u8> {
    let mut ledger = LEDGER.at(1);
    let statement = Statement::decode(&statement.sign(&key(seed))).unwrap();
    let index = ledger.header(&[]).first;
    ledger.seal(vec![(statement, Some(list(1)))]);
    ledger.seal(vec![]);
    ledger.proof(index, document(1).blake3).encode()
}

fn by(seed: u8, issuer: &str, audience: &str, iat_s: i64) -> Sign1 {
    let subject = document(1).blake3.to_string();
    entries::certify()
        .with(4, bytes(&key(seed).public().kid().0))
        .with(15, claims(issuer, &subject, Some(audience), iat_s))
}

fn statements() -> Vec<Vector> {
    let aud = LEDGER.id.audience();
    let refuse = |name: &str, code: &str, sign1: Sign1, seed| {
        case(name, code, &sealing(&sign1, seed), document(1).blake3)
    };
    vec![
        refuse(
            "of_a_statement_sealed_by_hand",
            "ok",
            by(ISSUER_KEY, ISSUER, &aud, TIME_S),
            ISSUER_KEY,
        ),
        refuse(
            "of_a_statement_by_an_unknown_key",
            "unknown-key",
            by(STRANGER, ISSUER, &aud, TIME_S),
            STRANGER,
        ),
        refuse(
            "of_a_statement_by_the_operator",
            "key-use",
            by(OPERATOR, ORIGIN, &aud, TIME_S),
            OPERATOR,
        ),
        refuse(
            "of_a_statement_in_the_name_of_another",
            "issuer",
            by(ISSUER_KEY, "telecom.example", &aud, TIME_S),
            ISSUER_KEY,
        ),
        refuse(
            "of_a_statement_for_another_ledger",
            "audience",
            by(ISSUER_KEY, ISSUER, &SMALL.id.audience(), TIME_S),
            ISSUER_KEY,
        ),
        refuse(
            "of_a_statement_forged",
            "signature",
            by(ISSUER_KEY, ISSUER, &aud, TIME_S),
            STRANGER,
        ),
        refuse(
            "of_a_statement_301_s_ahead_of_its_block",
            "future",
            by(ISSUER_KEY, ISSUER, &aud, TIME_S + 301),
            ISSUER_KEY,
        ),
        refuse(
            "of_a_statement_300_s_ahead_of_its_block",
            "ok",
            by(ISSUER_KEY, ISSUER, &aud, TIME_S + 300),
            ISSUER_KEY,
        ),
    ]
}

/// Ledgers whose first entry after genesis is a false enrollment.
fn registries() -> Vec<Vector> {
    let refuse = |name: &str, code: &str, enrollment: Statement, seed: u8, issuer: &str| {
        let mut ledger = LEDGER.at(0);
        ledger.seal(vec![(enrollment, None)]);
        let certify = by(seed, issuer, &LEDGER.id.audience(), TIME_S);
        let certify = Statement::decode(&certify.sign(&key(seed))).unwrap();
        ledger.seal(vec![(certify, Some(list(1)))]);
        case(name, code, &ledger.proof(4, document(1).blake3).encode(), document(1).blake3)
    };
    let enroll = |seed: u8, iss: &str, id: &str, of: u8| {
        LEDGER.sign(seed, iss, Body::Enroll(LEDGER.enrollment(id, of)))
    };
    let mut unheld = LEDGER.enrollment("gaz.example", STRANGER);
    unheld.possession =
        LEDGER.possession(OTHER_KEY, "issuer", &"gaz.example", 1).sign(&key(OTHER_KEY));
    let forged = {
        let body = LEDGER.entry(2).entry();
        let mut bytes = body.to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        Statement::decode(&bytes).unwrap()
    };
    vec![
        refuse(
            "enrollment_by_the_seal_key",
            "key-use",
            enroll(SEAL, ORIGIN, "gaz.example", STRANGER),
            STRANGER,
            "gaz.example",
        ),
        refuse(
            "enrollment_by_itself",
            "unknown-key",
            enroll(STRANGER, ORIGIN, "gaz.example", STRANGER),
            STRANGER,
            "gaz.example",
        ),
        refuse("enrollment_forged", "signature", forged, ISSUER_KEY, ISSUER),
        refuse(
            "enrollment_of_the_host_of_the_ledger",
            "issuer-reserved",
            enroll(OPERATOR, ORIGIN, "ledger.example", STRANGER),
            STRANGER,
            "ledger.example",
        ),
        refuse(
            "enrollment_with_the_seal_key",
            "key-in-use",
            enroll(OPERATOR, ORIGIN, "gaz.example", SEAL),
            SEAL,
            "gaz.example",
        ),
        refuse(
            "enrollment_without_possession",
            "possession",
            LEDGER.sign(OPERATOR, ORIGIN, Body::Enroll(unheld)),
            STRANGER,
            "gaz.example",
        ),
        after_the_statement(),
    ]
}

/// The issuer is enrolled only after what it certified.
fn after_the_statement() -> Vector {
    let mut ledger = LEDGER.at(0);
    ledger.seal(vec![ledger.certify(&list(1))]);
    ledger.seal(vec![ledger.enroll(ISSUER, ISSUER_KEY)]);
    let mut proof = ledger.proof(2, document(1).blake3);
    proof.registry[1] = ledger.proven(4);
    case("enrollment_after_the_statement", "proof", &proof.encode(), document(1).blake3)
}

/// Block statements that the ledger did not make.
fn block_statements() -> Vec<Vector> {
    let by = |seed: u8, issuer: &str, header: &BlockStatement| {
        let body = Body::Block(header.clone());
        let iat_s = header.time_ms / 1000;
        Statement::sign(&key(seed), issuer, Some(LEDGER.id), iat_s, body)
    };
    let sealed = LEDGER.blocks[2].header();
    let head = LEDGER.blocks[4].header();
    let elsewhere = || {
        let iat_s = head.time_ms / 1000;
        Statement::sign(&key(SEAL), ORIGIN, Some(SMALL.id), iat_s, Body::Block(head.clone()))
    };
    let with = |name: &str, code: &str, change: &dyn Fn(&mut Proof)| {
        let mut proof = of_batch();
        change(&mut proof);
        case(name, code, &proof.encode(), document(7).blake3)
    };
    let earlier = BlockStatement { time_ms: TIME_MS, ..sealed.clone() };
    vec![
        with("head_by_an_issuer", "key-use", &|proof| {
            proof.head.statement = by(ISSUER_KEY, ISSUER, head);
        }),
        with("head_by_an_issuer_in_the_name_of_the_ledger", "issuer", &|proof| {
            proof.head.statement = by(ISSUER_KEY, ORIGIN, head);
        }),
        with("head_by_the_operator", "key-use", &|proof| {
            proof.head.statement = by(OPERATOR, ORIGIN, head);
        }),
        with("head_by_a_stranger", "unknown-key", &|proof| {
            proof.head.statement = by(STRANGER, ORIGIN, head);
        }),
        with("head_for_another_ledger", "audience", &|proof| proof.head.statement = elsewhere()),
        with("head_forged", "signature", &|proof| {
            let mut bytes = proof.head.statement.entry().to_vec();
            *bytes.last_mut().unwrap() ^= 1;
            proof.head.statement = Statement::decode(&bytes).unwrap();
        }),
        with("sealed_at_another_time", "path-root", &|proof| {
            proof.sealed.statement = by(SEAL, ORIGIN, &earlier);
        })
        .why("signed by the seal key, but not the entry that is in the tree"),
        with("receipt_sealed_by_the_operator", "issuer", &|proof| {
            let root = proof.receipt.root(proof.statement.leaf()).unwrap();
            let origin = ORIGIN.parse().unwrap();
            proof.receipt.seal = Seal::sign(&key(OPERATOR), &origin, 4, head.time_ms, root);
        }),
        with("receipt_sealed_at_another_second", "chain", &|proof| {
            let root = proof.receipt.root(proof.statement.leaf()).unwrap();
            let origin = ORIGIN.parse().unwrap();
            proof.receipt.seal = Seal::sign(&key(SEAL), &origin, 4, head.time_ms + 1000, root);
        }),
    ]
}

/// The paths of document, issuer and key in an empty map.
fn statuses() -> Item {
    array(&vec![array(&[NIL.to_vec(), array(&[])]); 3])
}

fn hashes(path: &[Hash]) -> Item {
    array(&path.iter().map(|hash| bytes(&hash.0)).collect::<Vec<_>>())
}

/// The unprotected header, and the parts under the private label.
fn parts() -> Vec<Vector> {
    let proof = LEDGER.proof(SINGLE, document(1).blake3);
    let refuse = |name: &str, code: &str, bytes: &[u8]| case(name, code, bytes, document(1).blake3);
    let entry = |entry: &ProvenEntry| {
        array(&[bytes(entry.statement.entry()), int(entry.index as i64), hashes(&entry.path)])
    };
    let registry: Vec<_> = proof.registry.iter().map(entry).collect();
    let document_of =
        |fingerprint: &[u8]| array(&[bytes(fingerprint), int(0), hashes(&proof.document.path)]);
    let document_part = document_of(proof.document.fingerprint.as_bytes());
    let items = [
        int(1),
        document_part.clone(),
        entry(&proof.sealed),
        entry(&proof.head),
        array(&registry),
        bytes(&proof.first_receipt.encode()),
        statuses(),
    ];
    let receipt = bytes(&proof.receipt.encode());
    let open =
        |pairs: &[(i64, Item)]| entries::certify().unprotected(map(pairs)).sign(&key(ISSUER_KEY));
    let with =
        |parts: &[u8]| open(&[(394, array(&[receipt.clone()])), (LABEL_PROOF, bytes(parts))]);
    let whole = crate::raw::payload(&items);
    assert_eq!(with(&whole), proof.encode());
    let inside = |name: &str, code: &str, at: usize, item: Item| {
        let mut items = items.clone();
        items[at] = item;
        refuse(name, code, &with(&crate::raw::payload(&items)))
    };
    let reserved = [&document_part[..3], &[0x81], &document_part[4..]].concat();
    let receipts =
        |receipts: &[Item]| open(&[(394, array(receipts)), (LABEL_PROOF, bytes(&whole))]);
    let encoded = proof.encode();
    let eight_for_seven: Vec<_> = [1, 2, 3, 4, 5, 6, 8].into_iter().zip(items.clone()).collect();
    let both = (LABEL_PROOF, bytes(&whole));
    vec![
        refuse("empty", "malformed", &[]),
        refuse("that_ends_early", "malformed", &encoded[..encoded.len() - 1]),
        refuse("with_a_byte_after", "malformed", &[&encoded[..], &[0]].concat()),
        refuse("that_is_an_entry", "header", proof.statement.entry()),
        refuse("that_is_a_submission", "header", &proof.statement.to_submission(Some(&list(1)))),
        refuse("that_is_a_receipt", "malformed", &proof.receipt.encode()),
        refuse("without_receipt", "header", &open(&[both.clone()])),
        refuse("without_parts", "header", &open(&[(394, array(&[receipt.clone()]))])),
        refuse("with_no_receipt", "header", &receipts(&[])),
        refuse("with_two_receipts", "header", &receipts(&[receipt.clone(), receipt.clone()])),
        refuse("with_a_receipt_not_wrapped", "malformed", &receipts(&[proof.receipt.encode()])),
        refuse(
            "with_a_seal_for_a_receipt",
            "header",
            &receipts(&[bytes(&proof.receipt.seal.encode())]),
        ),
        refuse(
            "with_its_labels_unsorted",
            "malformed",
            &open(&[both.clone(), (394, array(&[receipt.clone()]))]),
        ),
        refuse(
            "with_its_list",
            "header",
            &open(&[
                (394, array(&[receipt.clone()])),
                (LABEL_LIST, bytes(list(1).as_bytes())),
                both,
            ]),
        ),
        inside("of_version_2", "version", 0, int(2)),
        inside("of_version_0", "version", 0, int(0)),
        inside("document_of_reserved_kind", "fingerprint", 1, reserved),
        inside("document_of_33_bytes", "fingerprint", 1, document_of(&[0x1e; 33])),
        inside(
            "with_a_submission_for_genesis",
            "header",
            4,
            array(&[replace(
                &registry[0],
                &bytes(proof.registry[0].statement.entry()),
                &bytes(&encoded),
            )]),
        ),
        inside("registry_of_no_entries", "malformed", 4, array(&[])),
        inside("first_receipt_missing", "malformed", 5, bytes(&[])),
        refuse("with_another_last_key", "malformed", &with(&map(&eight_for_seven))),
        refuse("with_six_parts", "malformed", &with(&crate::raw::payload(&items[..6]))),
        refuse(
            "with_eight_parts",
            "malformed",
            &with(&crate::raw::payload(&[&items[..], &[int(0)]].concat())),
        ),
        refuse(
            "parts_of_indefinite_length",
            "malformed",
            &with(&[&[0xbf], &whole[1..], &[0xff]].concat()),
        ),
        refuse("parts_with_a_byte_after", "malformed", &with(&[&whole[..], &[0]].concat())),
        refused("proof_of_a_list_for_no_document", "document", &encoded)
            .with("identity", LEDGER.identity()),
    ]
}
