//! What a proof carries of others (format.md 11.1, labels 8 and 9; 11.3, step 10): its checkpoint
//! with cosignatures, and time stamps.

use probant_core::{
    Hash,
    checkpoint::Checkpoint,
    key::Use,
    proof::{Attested, Proof},
};

use crate::{
    ledger::{NEW_NOTE, NOTE, ORIGIN, SEAL, STRANGER, document, key, list},
    notes::{WITNESSED_S, ed25519, ml_dsa},
    proofs::{case, of_batch},
    raw::{Item, array, bytes, int, map, replace, text},
    say::{BY_ISSUER, BY_OPERATOR},
    standings::ENROLLMENT,
    story::Story,
    vector::Vector,
};

pub fn all() -> Vec<Vector> {
    [good_ones(), by_policies(), checkpoints(), note_keys(), labels()].concat()
}

/// The checkpoint of a proof's head.
fn checkpoint_of(proof: &Proof) -> Checkpoint {
    let root = proof.receipt.root(proof.statement.leaf()).unwrap();
    Checkpoint { origin: ORIGIN.parse().unwrap(), size: proof.receipt.size, root }
}

/// By the ledger, and by witnesses 1 (Ed25519) and 3 (ML-DSA-44).
pub fn cosigned() -> String {
    let head = checkpoint_of(&of_batch());
    let lines = [ed25519(1), ml_dsa(3)].map(|one| one.cosign(&head, WITNESSED_S));
    head.sign(&key(NOTE)) + &lines.concat()
}

/// Stands for what an authority of time makes: nobody reads it here.
fn token(number: u8) -> Vec<u8> {
    vec![0x30, 1, number]
}

fn with(name: &str, code: &str, checkpoint: Option<String>, timestamps: Vec<Vec<u8>>) -> Vector {
    let attested = Attested { checkpoint, timestamps };
    let proof = Proof { attested, ..of_batch() };
    case(&format!("with_{name}"), code, &proof.encode(), document(7).blake3)
}

fn good_ones() -> Vec<Vector> {
    let signed = checkpoint_of(&of_batch()).sign(&key(NOTE));
    vec![
        with("a_checkpoint", "ok", Some(signed), vec![]).with("timestamps", 0),
        with("a_checkpoint_cosigned", "ok", Some(cosigned()), vec![]).with("timestamps", 0),
        with("a_checkpoint_and_a_time_stamp", "ok", Some(cosigned()), vec![token(1)])
            .with("timestamps", 1),
        with("16_time_stamps_only", "ok", None, (0..16).map(token).collect())
            .with("timestamps", 16)
            .why("what they are over follows from the head"),
    ]
}

fn by_policies() -> Vec<Vector> {
    let bad = cosigned();
    let (before, last) = bad.trim_end().rsplit_once(' ').unwrap();
    let bad = format!("{before} {}\n", last.replacen("AAAA", "AAAB", 1));
    let with = |name: &str, code: &str, note: Option<String>, policy: &str| {
        with(name, code, note, vec![]).with("policy", format!("policy_{policy}"))
    };
    vec![
        with("a_quorum", "ok", Some(cosigned()), "two_of_three")
            .with("quorum", "reached")
            .with("notafter", WITNESSED_S),
        with("no_quorum", "ok", Some(cosigned()), "of_two_levels").with("quorum", "missing"),
        with("no_checkpoint_for_a_policy", "ok", None, "two_of_three").with("quorum", "missing"),
        with("no_checkpoint_where_a_log_is_wanted", "ok", None, "of_no_witness")
            .with("quorum", "missing")
            .why("no log of the policy signed anything"),
        with("no_checkpoint_where_nobody_is_wanted", "ok", None, "of_no_quorum_and_nobody")
            .with("quorum", "reached"),
        with("a_quorum_of_witnesses_only", "ok", Some(cosigned()), "of_witnesses_only")
            .with("quorum", "reached")
            .why("the log is that of the proof"),
        with("a_bad_cosignature_that_nobody_checks", "ok", Some(bad.clone()), "of_witnesses_only")
            .with("quorum", "reached"),
        with("a_bad_cosignature", "signature", Some(bad), "two_of_three"),
        with(
            "a_checkpoint_by_no_log_of_the_policy",
            "signature",
            Some(cosigned()),
            "of_another_log",
        )
        .why("a policy that lists logs knows no other, not even that of the proof"),
    ]
}

fn checkpoints() -> Vec<Vector> {
    let head = checkpoint_of(&of_batch());
    let signed = |name: &str, code: &str, head: &Checkpoint, seed: u8| {
        with(&format!("a_checkpoint_{name}"), code, Some(head.sign(&key(seed))), vec![])
    };
    let note = head.sign(&key(NOTE));
    let (text, line) = note.split_once("\n\n").unwrap();
    let of_another = head.sign(&key(STRANGER));
    let stranger = of_another.rsplit_once("\n\n").unwrap().1;
    vec![
        signed("of_another_size", "proof", &Checkpoint { size: 11, ..head.clone() }, NOTE),
        signed(
            "of_another_root",
            "proof",
            &Checkpoint { root: Hash([7; 32]), ..head.clone() },
            NOTE,
        ),
        signed(
            "of_another_origin",
            "checkpoint",
            &Checkpoint { origin: "petit.example".parse().unwrap(), ..head.clone() },
            NOTE,
        ),
        signed("by_the_seal_key", "signature", &head, SEAL),
        signed("by_the_next_note_key", "signature", &head, NEW_NOTE),
        signed(
            "by_a_stranger_of_another_size",
            "signature",
            &Checkpoint { size: 11, ..head.clone() },
            STRANGER,
        )
        .why("who signed comes before what"),
        with(
            "a_checkpoint_by_witnesses_only",
            "signature",
            Some(format!("{text}\n\n{}", ed25519(1).cosign(&head, WITNESSED_S))),
            vec![],
        ),
        with(
            "a_checkpoint_with_an_unknown_line_too",
            "ok",
            Some(format!("{text}\n\n{stranger}{line}")),
            vec![],
        ),
        with("a_checkpoint_of_three_lines", "checkpoint", Some(format!("{text}\n")), vec![]),
        with("an_empty_checkpoint", "checkpoint", Some(String::new()), vec![]),
        with(
            "a_checkpoint_of_65537_bytes",
            "malformed",
            Some(note.clone() + &"a".repeat(65_537 - note.len())),
            vec![],
        ),
    ]
}

/// The note key was replaced by the block that sealed the certification.
fn note_keys() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let replaced = ledger.replace(BY_OPERATOR, Use::Note, NEW_NOTE);
    story.block(
        "note_replaced_and_a_batch",
        vec![replaced, ledger.certify_by(BY_ISSUER, &list(40))],
    );
    let [replaced, certified] = [0, 1].map(|at| story.index(at));
    let with = |name: &str, code: &str, registry: &[u64], seed: u8| {
        let mut proof = story.proof(certified, document(7).blake3, registry);
        proof.attested.checkpoint = Some(checkpoint_of(&proof).sign(&key(seed)));
        case(&format!("checkpoint_{name}"), code, &proof.encode(), document(7).blake3)
    };
    let vectors = vec![
        with("by_the_note_key_that_its_head_brought", "ok", &[ENROLLMENT, replaced], NEW_NOTE),
        with("by_the_note_key_replaced", "signature", &[ENROLLMENT, replaced], NOTE),
        with("by_a_note_key_that_is_not_told", "signature", &[ENROLLMENT], NEW_NOTE),
        with("by_a_note_key_whose_successor_is_left_out", "ok", &[ENROLLMENT], NOTE)
            .why("as a replacement of a seal key can be left out"),
    ];
    [story.vectors(), vectors].concat()
}

fn labels() -> Vec<Vector> {
    let encoded = of_batch().encode();
    let parts = parts_of(&encoded);
    let with = |name: &str, more: &[(i64, Item)]| {
        // A map's first byte is 0xa0 and how many pairs it has.
        let more = map(more);
        let count = parts[0] + (more[0] - 0xa0);
        let longer = [&[count], &parts[1..], &more[1..]].concat();
        let proof = replace(&encoded, &bytes(parts), &bytes(&longer));
        case(&format!("with_label_{name}"), "malformed", &proof, document(7).blake3)
    };
    let note = text(&checkpoint_of(&of_batch()).sign(&key(NOTE)));
    let stamp = bytes(&token(1));
    let one = array(&[stamp.clone()]);
    vec![
        with("10", &[(10, int(1))]),
        with("8_and_10", &[(8, note.clone()), (10, int(1))]),
        with("8_9_and_10", &[(8, note.clone()), (9, one.clone()), (10, int(1))]),
        with("9_before_8", &[(9, one), (8, note.clone())]),
        with("8_twice", &[(8, note.clone()), (8, note)]),
        with("8_as_bytes", &[(8, bytes(b"note"))]),
        with("9_as_bytes", &[(9, stamp.clone())]),
        with("9_of_none", &[(9, array(&[]))]),
        with("9_of_17", &[(9, array(&vec![stamp; 17]))]),
        with("9_of_no_bytes", &[(9, array(&[bytes(&[])]))]),
        with("9_of_65537_bytes", &[(9, array(&[bytes(&[0; 65_537])]))]),
    ]
}

/// The parts in a proof: a byte string of two bytes of length, that begins with their version.
fn parts_of(encoded: &[u8]) -> &[u8] {
    let at = encoded.windows(4).position(|four| four == [0xa7, 1, 1, 2]).expect("parts");
    assert_eq!(encoded[at - 3], 0x59);
    let length = u16::from_be_bytes([encoded[at - 2], encoded[at - 1]]);
    &encoded[at..at + usize::from(length)]
}
