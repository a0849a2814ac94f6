//! The ledger's second note key, of ML-DSA-44 (format.md 4.3): listed in genesis, brought later, and
//! what it signs. Good ones, and what others try with it.

use probant_core::{
    Statement,
    checkpoint::{Checkpoint, ml_dsa_verifier_key},
    cosignature::Cosigner,
    key::Use,
    ml_dsa::SigningKey,
    proof::Proof,
    statement::{Body, HeldKey, KeyAct, KeyStatement, prove_possession},
};

use crate::{
    ledger::{
        Entry, ISSUER, Ledger, NOTE, OPERATOR, ORIGIN, RECOVERY, SEAL, TIME_S, content, document,
        key, list,
    },
    proofs::case,
    raw::{Item, array, bytes, claims, int, map, payload, text},
    say::{BY_ISSUER, BY_OPERATOR, BY_RECOVERY, Voice},
    standings::ENROLLMENT,
    story::Story,
    vector::{Vector, good, refused},
};

/// The seeds of such keys: 32 times this byte.
const FIRST: u8 = 203;
const NEXT: u8 = 204;
const OF_STRANGER: u8 = 205;
const USE: &str = "note-ml-dsa";
const RANDOM: [u8; 32] = [42; 32];

pub fn all() -> Vec<Vector> {
    [listed(), possessions(), forms(), brought(), signed(), policies()].concat()
}

fn secret(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

/// A COSE_Key by hand.
fn cose(alg: i64, public: &[u8]) -> Item {
    map(&[(1, int(7)), (3, int(alg)), (-1, bytes(public))])
}

fn cose_of(seed: u8) -> Item {
    cose(-48, secret(seed).public().as_bytes())
}

/// The possession that genesis wants.
fn held(seed: u8) -> Item {
    prove_possession(&secret(seed), Use::NoteMlDsa, ORIGIN, 1, &RANDOM)
}

/// Genesis with the four keys of every ledger, and these items after them.
fn genesis(more: &[Item]) -> Item {
    let four = |(r#use, seed): (Use, u8)| {
        let held = prove_possession(&key(seed), r#use, ORIGIN, 1, &RANDOM);
        array(&[text(r#use.name()), key(seed).public().to_cose(), bytes(&held)])
    };
    let keys = Use::LEDGER.into_iter().zip([SEAL, NOTE, OPERATOR, RECOVERY]).map(four);
    let keys: Vec<_> = keys.chain(more.iter().cloned()).collect();
    let parts = [bytes(&RANDOM), int(1), array(&keys), payload(&[int(65_536)])];
    crate::raw::Sign1::new(&key(OPERATOR), payload(&parts))
        .with(3, text(&content("genesis")))
        .with(15, claims(ORIGIN, "genesis", None, TIME_S))
        .sign(&key(OPERATOR))
}

fn fifth(r#use: &str, key: &[u8], held: &[u8]) -> Item {
    array(&[text(r#use), key.to_vec(), bytes(held)])
}

fn good_fifth() -> Item {
    fifth(USE, &cose_of(FIRST), &held(FIRST))
}

/// What decoding genesis refuses.
fn listed() -> Vec<Vector> {
    let with = |name: &str, code: &str, more: &[Item]| {
        refused(format!("entry_genesis_ml_dsa_{name}"), code, genesis(more))
    };
    let key_is =
        |name: &str, cose: Item| with(name, "malformed", &[fifth(USE, &cose, &held(FIRST))]);
    let public = secret(FIRST);
    let public = public.public().as_bytes();
    let ed25519 = key(NOTE).public().to_cose();
    let long = [&public[..], &[0]].concat();
    vec![
        with("key", "ok", &[good_fifth()]),
        with("key_twice", "malformed", &[good_fifth(), fifth(USE, &cose_of(NEXT), &held(NEXT))]),
        with("key_for_use_note", "field", &[fifth("note", &cose_of(FIRST), &held(FIRST))]),
        with("key_for_use_seal", "field", &[fifth("seal", &cose_of(FIRST), &held(FIRST))]),
        with("without_possession", "malformed", &[array(&[text(USE), cose_of(FIRST)])]),
        key_is("of_1311_bytes", cose(-48, &public[..1311])),
        key_is("of_1313_bytes", cose(-48, &long)),
        key_is("of_no_bytes", cose(-48, &[])),
        key_is("of_alg_minus_49", cose(-49, public)),
        key_is("of_alg_minus_8", cose(-8, public)),
        key_is("of_kty_okp", map(&[(1, int(1)), (3, int(-48)), (-1, bytes(public))])),
        key_is("without_alg", map(&[(1, int(7)), (-1, bytes(public))])),
        key_is("with_its_kid", {
            let kid = secret(FIRST).public().kid();
            map(&[(1, int(7)), (2, bytes(&kid.0)), (3, int(-48)), (-1, bytes(public))])
        }),
        key_is("with_its_seed_too", {
            map(&[(1, int(7)), (3, int(-48)), (-1, bytes(public)), (-2, bytes(&[FIRST; 32]))])
        }),
        key_is("of_ed25519", ed25519),
        key_is("as_bytes", bytes(public)),
    ]
}

/// What replaying block 0 refuses, and the block that it does not.
fn possessions() -> Vec<Vector> {
    let block = |held: &[u8]| {
        let entry = genesis(&[fifth(USE, &cose_of(FIRST), held)]);
        let (entry, blocks) = (Statement::decode(&entry).unwrap(), Vec::new());
        let (origin, id) = (ORIGIN.to_owned(), probant_core::LedgerId(entry.leaf()));
        let mut ledger = Ledger { origin, id, blocks, sealer: SEAL };
        ledger.seal(vec![(entry, None)]);
        (ledger.identity(), ledger.blocks.remove(0).encode())
    };
    let with = |name: &str, code: &str, held: &[u8]| {
        refused(format!("block_0_ml_dsa_key_{name}"), code, block(held).1)
    };
    let by = |seed, r#use, owner, seq| prove_possession(&secret(seed), r#use, owner, seq, &RANDOM);
    let by_ed25519 = prove_possession(&key(NOTE), Use::NoteMlDsa, ORIGIN, 1, &RANDOM);
    let good_one = held(FIRST);
    let mut flipped = good_one.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let cut = good_one.len() - 1;
    let alg = |from: &[u8], to: &[u8]| crate::raw::replace(&good_one, from, to);
    let (identity, bytes) = block(&good_one);
    vec![
        good("block_0_ml_dsa_key", bytes).with("identity", identity),
        with("held_by_another_key", "possession", &held(NEXT)),
        with("held_by_an_ed25519_key", "algorithm", &by_ed25519),
        with("held_for_another_use", "possession", &by(FIRST, Use::Note, ORIGIN, 1)),
        with("held_for_another_owner", "possession", &by(FIRST, Use::NoteMlDsa, ISSUER, 1)),
        with("held_for_another_seq", "possession", &by(FIRST, Use::NoteMlDsa, ORIGIN, 2)),
        with("held_with_a_flipped_bit", "signature", &flipped),
        with("held_and_cut", "malformed", &good_one[..cut]),
        with("held_by_alg_minus_49", "algorithm", &alg(&[0x01, 0x38, 0x2f], &[0x01, 0x38, 0x30])),
    ]
}

/// A key statement, or an enrollment, by hand.
fn forms() -> Vec<Vector> {
    let story = Story::after_block(1);
    let ledger = &story.ledger;
    let key_is = |name: &str, code: &str, act: &str, what: &str, cose: &Item| {
        let kid = secret(FIRST).public().kid();
        let parts = array(&[text(what), cose.clone(), bytes(&held(FIRST))]);
        let body = payload(&[int(1), text(act), parts]);
        let entry = ledger.say("key", OPERATOR, ORIGIN, &format!("key:{kid}"), &body);
        refused(format!("entry_key_ml_dsa_{name}"), code, entry.sign(&key(OPERATOR)))
    };
    let public = secret(FIRST);
    let public = public.public().as_bytes();
    let (whole, cut) = (cose(-48, public), cose(-48, &public[..1311]));
    let record = [text("\u{c9}nergie du Ponant"), text("FR"), text("123456789")];
    let [name, country, number] = record;
    let listed = array(&[whole.clone(), bytes(&held(FIRST))]);
    let body = payload(&[int(1), text("gaz.example"), name, country, number, listed]);
    let enroll = ledger.say("enroll", OPERATOR, ORIGIN, "issuer:gaz.example", &body);
    vec![
        key_is("replaced", "ok", "replace", USE, &whole),
        key_is("of_1311_bytes", "malformed", "replace", USE, &cut),
        key_is("for_seal", "malformed", "replace", "seal", &whole),
        key_is("added_to_an_issuer", "malformed", "add", ISSUER, &whole),
        key_is("added_for_its_use", "field", "add", USE, &whole),
        refused("entry_enroll_ml_dsa_key", "malformed", enroll.sign(&key(OPERATOR))),
    ]
}

fn replacing(ledger: &Ledger, by: Voice, seed: u8, seq: u64, held: HeldKey) -> Entry {
    let act = KeyAct::Replace { r#use: Use::NoteMlDsa, held };
    let kid = secret(seed).public().kid();
    ledger.said(by, Body::Key(KeyStatement { seq, kid, act }))
}

fn replace(ledger: &Ledger, by: Voice, seed: u8) -> Entry {
    let held = HeldKey::prove(&secret(seed), Use::NoteMlDsa, ORIGIN, 1, ledger.id);
    replacing(ledger, by, seed, 1, held)
}

/// A ledger that begins without one gets one, and another.
fn brought() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let held =
        |seed, r#use, owner: &str, seq| HeldKey::prove(&secret(seed), r#use, owner, seq, ledger.id);
    let mut case = |name: &str, code: &str, entry: Entry| {
        story.case(&format!("key_replaced_ml_dsa_{name}"), code, entry);
    };
    case("by_the_operator", "ok", replace(&ledger, BY_OPERATOR, FIRST));
    case("by_recovery", "key-use", replace(&ledger, BY_RECOVERY, FIRST));
    case("by_an_issuer", "key-use", replace(&ledger, BY_ISSUER, FIRST));
    let by = |seq, held| replacing(&ledger, BY_OPERATOR, FIRST, seq, held);
    case("with_seq_2", "sequence", by(2, held(FIRST, Use::NoteMlDsa, ORIGIN, 2)));
    case("held_for_another_use", "possession", by(1, held(FIRST, Use::Note, ORIGIN, 1)));
    case("held_for_another_owner", "possession", by(1, held(FIRST, Use::NoteMlDsa, ISSUER, 1)));
    let possession = held(NEXT, Use::NoteMlDsa, ORIGIN, 1).possession;
    let key_of = secret(FIRST).public().clone().into();
    case("held_by_another_key", "possession", by(1, HeldKey { key: key_of, possession }));
    story.block("ml_dsa_key_brought", vec![replace(&ledger, BY_OPERATOR, FIRST)]);
    let ledger = story.ledger.clone();
    let mut case = |name: &str, code: &str, entry: Entry| {
        story.case(&format!("ml_dsa_key_{name}"), code, entry);
    };
    case("by_the_same", "key-in-use", replace(&ledger, BY_OPERATOR, FIRST));
    case("by_the_next", "ok", replace(&ledger, BY_OPERATOR, NEXT));
    let about = |by, act| {
        let kid = secret(FIRST).public().kid();
        ledger.said(by, Body::Key(KeyStatement::about(kid, 2, act)))
    };
    let reported = KeyAct::Compromise { since_ms: story.now() };
    let mut case = |name: &str, code: &str, entry: Entry| {
        story.case(&format!("ml_dsa_key_{name}"), code, entry);
    };
    case("retired", "field", about(BY_OPERATOR, KeyAct::Retire));
    case("stopped", "field", about(BY_OPERATOR, KeyAct::Stop));
    case("reported", "field", about(BY_OPERATOR, reported));
    case("as_a_signer", "key-use", signed_by_ml_dsa(&ledger));
    story.why("whoever signed it, the key is for checkpoints");
    story.block("ml_dsa_key_replaced", vec![replace(&ledger, BY_OPERATOR, NEXT)]);
    story.vectors()
}

/// A statement that says it is by the ML-DSA-44 key.
fn signed_by_ml_dsa(ledger: &Ledger) -> Entry {
    let body = payload(&[int(2), int(1), payload(&[int(10)])]);
    let kid = secret(FIRST).public().kid();
    let sign1 = ledger.say("policy", OPERATOR, ORIGIN, "policy", &body).with(4, bytes(&kid.0));
    (Statement::decode(&sign1.sign(&key(OPERATOR))).unwrap(), None)
}

fn checkpoint_of(proof: &Proof) -> Checkpoint {
    let root = proof.receipt.root(proof.statement.leaf()).unwrap();
    Checkpoint { origin: ORIGIN.parse().unwrap(), size: proof.receipt.size, root }
}

/// A line of a key under a name, at a time.
fn line(seed: u8, name: &str, head: &Checkpoint, time_s: u64) -> String {
    Cosigner::ml_dsa(name, secret(seed)).unwrap().cosign(head, time_s)
}

const OF_THE_LOG: &str = "policy_of_the_ml_dsa_log";

/// What a proof's checkpoint carries: one certification, of a ledger that has such a key by then.
fn signed() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let entry = replace(&story.ledger, BY_OPERATOR, FIRST);
    story.block("ml_dsa_key_for_proofs", vec![entry]);
    let brought = story.index(0);
    let certify = story.ledger.certify_by(BY_ISSUER, &list(40));
    story.block("ml_dsa_key_and_a_batch", vec![certify]);
    let proof = story.proof(story.index(0), document(7).blake3, &[ENROLLMENT, brought]);
    let (head, time_s) = (checkpoint_of(&proof), TIME_S as u64);
    let of = |name: &str, code: &str, proof: &Proof, note: Option<String>| {
        let mut proof = proof.clone();
        proof.attested.checkpoint = note;
        case(&format!("ml_dsa_{name}"), code, &proof.encode(), document(7).blake3)
    };
    let note = head.sign(&key(NOTE));
    let with = |name: &str, code: &str, lines: &str| {
        of(name, code, &proof, Some(format!("{note}{lines}")))
    };
    let own = line(FIRST, ORIGIN, &head, time_s);
    let flipped = |at: usize| {
        let (name, blob) = own.trim_end().rsplit_once(' ').unwrap();
        let mut blob = blob.to_owned().into_bytes();
        blob[at] = if blob[at] == b'A' { b'B' } else { b'A' };
        format!("{name} {}\n", String::from_utf8(blob).unwrap())
    };
    let larger = line(FIRST, ORIGIN, &Checkpoint { size: head.size + 1, ..head.clone() }, time_s);
    let stranger = line(OF_STRANGER, ORIGIN, &head, time_s);
    let elsewhere = line(FIRST, "witness1.example", &head, time_s);
    let alone = format!("{}\n{own}", head.text());
    let not_told = story.proof(story.index(0), document(7).blake3, &[ENROLLMENT]);
    let by_policy = |vector: Vector, quorum: &str| {
        let vector = vector.with("policy", OF_THE_LOG);
        if quorum.is_empty() { vector } else { vector.with("quorum", quorum) }
    };
    vec![
        with("line", "ok", &own).with("mldsa", "yes"),
        with("no_line", "ok", "").with("mldsa", "no").why("who wants it says so by a policy"),
        with("line_twice", "ok", &format!("{own}{own}")).with("mldsa", "yes"),
        with("line_of_no_time", "ok", &line(FIRST, ORIGIN, &head, 0)).with("mldsa", "yes"),
        with("line_of_another_time_than_it_says", "signature", &flipped(16)),
        with("line_with_a_flipped_bit", "signature", &flipped(2000)),
        with(
            "line_with_a_flipped_bit_after_a_good_one",
            "signature",
            &(own.clone() + &flipped(2000)),
        ),
        with("line_of_another_key_id", "ok", &flipped(0)).with("mldsa", "no"),
        with("line_of_another_size", "signature", &larger),
        with("line_under_another_name", "ok", &elsewhere).with("mldsa", "no"),
        with("line_of_a_stranger", "ok", &stranger).with("mldsa", "no"),
        of("line_alone", "signature", &proof, Some(alone.clone()))
            .why("the line of the Ed25519 key is in every checkpoint"),
        of("line_by_a_key_that_is_not_told", "ok", &not_told, Some(format!("{note}{own}")))
            .with("mldsa", "no"),
        by_policy(with("line_for_a_policy", "ok", &own), "reached").with("mldsa", "yes"),
        by_policy(with("no_line_for_a_policy", "signature", ""), "")
            .why("the line by Ed25519 may be forged: the policy names the other key"),
        by_policy(of("no_checkpoint_for_a_policy", "ok", &proof, None), "missing")
            .why("leaving out what the policy names must be no way around it"),
        by_policy(with("line_of_a_stranger_for_a_policy", "signature", &stranger), ""),
        by_policy(with("line_under_another_name_for_a_policy", "signature", &elsewhere), ""),
        by_policy(
            of("line_by_a_key_that_is_not_told_for_a_policy", "ok", &not_told, {
                Some(format!("{note}{own}"))
            }),
            "reached",
        )
        .why("the policy knows the key, whatever the proof tells"),
    ]
    .into_iter()
    .chain(story.vectors())
    .chain(successors())
    .collect()
}

/// The key was replaced: by which one a checkpoint is signed, its size says.
fn successors() -> Vec<Vector> {
    let mut story = Story::after_block(1).fork();
    let entry = replace(&story.ledger, BY_OPERATOR, FIRST);
    story.block("ml_dsa_key_to_be_replaced", vec![entry]);
    let first = story.index(0);
    let next = replace(&story.ledger, BY_OPERATOR, NEXT);
    let certify = story.ledger.certify_by(BY_ISSUER, &list(40));
    story.block("ml_dsa_key_replaced_and_a_batch", vec![next, certify]);
    let (second, certified) = (story.index(0), story.index(1));
    let proof = story.proof(certified, document(7).blake3, &[ENROLLMENT, first, second]);
    let head = checkpoint_of(&proof);
    let of = |name: &str, mldsa: &str, seed: u8| {
        let mut proof = proof.clone();
        let line = line(seed, ORIGIN, &head, TIME_S as u64);
        proof.attested.checkpoint = Some(head.sign(&key(NOTE)) + &line);
        case(&format!("ml_dsa_{name}"), "ok", &proof.encode(), document(7).blake3)
            .with("mldsa", mldsa)
    };
    let vectors = vec![
        of("line_by_the_key_that_its_head_brought", "yes", NEXT),
        of("line_by_the_key_replaced", "no", FIRST).why("as a stranger's: nobody checks it"),
    ];
    [story.vectors(), vectors].concat()
}

fn policies() -> Vec<Vector> {
    let key = ml_dsa_verifier_key(&ORIGIN.parse().unwrap(), secret(FIRST).public()).to_string();
    let text = format!("log {key}\nquorum none\n");
    vec![
        good(OF_THE_LOG, text).with("logs", 1).with("witnesses", 0),
        good("vkey_of_the_ledger_by_ml_dsa_44", &key)
            .with("name", ORIGIN)
            .with("id", key.split('+').nth(1).unwrap()),
    ]
}
