//! Proofs with false statuses, or that lead to keys by another way (format.md 11.3, 3 to 9).

use std::collections::BTreeMap;

use probant_core::{
    Fingerprint, Hash, Statement,
    key::Use,
    proof::Proof,
    statement::{BlockStatement, Body, KeyAct, KeyStatement},
    status::{
        Found, IssuerState, IssuerStatus, Kept, KeyState, KeyStatus, Map, Slot, Status, StatusPath,
    },
};

use crate::{
    ledger::{
        BATCH_OF_40, Entry, GAS, ISSUER, ISSUER_KEY, Ledger, NEW_SEAL, OTHER, SEAL, SECOND,
        document, key, list, nothing_fell,
    },
    proofs::case,
    say::{BY_ISSUER, BY_OPERATOR, BY_OTHER, BY_SECOND, Voice},
    standings::{ENROLLMENT, Rotated, rotated},
    story::Story,
    vector::Vector,
};

pub fn all() -> Vec<Vector> {
    [statuses(), other_kinds(), seals(), seal_heights(), registries(), additions()].concat()
}

fn seven() -> Fingerprint {
    document(7).blake3
}

/// A good proof with one part changed.
fn change(name: &str, code: &str, good: &Proof, change: impl Fn(&mut Proof)) -> Vector {
    let mut proof = good.clone();
    change(&mut proof);
    case(name, code, &proof.encode(), proof.document.fingerprint)
}

/// Document 7 fell by the second key, its issuer is suspended.
fn fallen() -> [Story; 2] {
    let mut story = Story::after_block(2);
    let ledger = story.ledger.clone();
    story.block("a_key_that_fells", vec![ledger.add(BY_ISSUER, ISSUER, SECOND)]);
    let before = story.clone();
    story.block(
        "felled_and_suspended",
        vec![
            ledger.withdraw(BY_SECOND, [7, 8]),
            ledger.suspend(BY_OPERATOR, ISSUER, 2),
            ledger.stop(BY_OPERATOR, SECOND, 2),
        ],
    );
    [before, story]
}

fn statuses() -> Vec<Vector> {
    let [before, story] = fallen();
    let good = story.proof(BATCH_OF_40, seven(), &[ENROLLMENT]);
    let change = |name: &str, code: &str, with: &dyn Fn(&mut Vec<StatusPath>)| {
        change(&format!("statuses_{name}"), code, &good, |proof| with(&mut proof.statuses))
    };
    let older = before.proof(BATCH_OF_40, seven(), &[ENROLLMENT]).statuses;
    let mut unfallen = story.proof(BATCH_OF_40, document(9).blake3, &[ENROLLMENT]);
    unfallen.statuses.push(unfallen.statuses[2].clone());
    let document_of =
        |issuer: &str, number| story.status(Slot::document(issuer, &document(number).blake3));
    let other_key = story.status(Slot::key(OTHER, &key(ISSUER_KEY).public().kid()));
    let empty = StatusPath { found: Found::Empty, siblings: Vec::new() };
    vec![
        change("good", "ok", &|_| {}),
        case("statuses_with_a_fourth_for_nothing", "proof", &unfallen.encode(), document(9).blake3),
        change("of_the_block_before", "path-root", &|all| all.clone_from(&older)),
        change("of_an_empty_map", "path-root", &|all| *all = nothing_fell()),
        change("that_hide_the_fall", "path-root", &|all| all[0].found = Found::Empty),
        change("that_hide_the_suspension", "path-root", &|all| all[1] = empty.clone()),
        change("that_hide_the_key", "path-root", &|all| all[2] = empty.clone()),
        change("that_hide_the_other_key", "path-root", &|all| all[3].found = Found::Empty),
        change("of_another_document", "path-root", &|all| all[0] = document_of(ISSUER, 8)),
        change("of_a_document_that_did_not_fall", "status", &|all| {
            all[0] = document_of(ISSUER, 9);
            all.pop();
        }),
        change("of_the_document_for_another_issuer", "status", &|all| {
            all[0] = document_of(OTHER, 7);
            all.pop();
        }),
        change("of_another_issuer", "status", &|all| {
            all[1] = story.status(Slot::issuer(OTHER));
        }),
        change("of_the_key_of_another_owner", "status", &|all| all[2] = other_key.clone()),
        change("of_the_other_key_twice", "path-root", &|all| all[2] = all[3].clone()),
        change("of_the_key_twice", "status", &|all| all[3] = all[2].clone()),
        change("with_keys_swapped", "path-root", &|all| all.swap(2, 3)),
        change("with_issuer_and_key_swapped", "status", &|all| all.swap(1, 2)),
        change("with_document_and_issuer_swapped", "path-root", &|all| all.swap(0, 1)),
        change("without_the_key_that_felled_it", "proof", &|all| drop(all.pop())),
        change("with_one_too_many", "proof", &|all| all.push(all[3].clone())),
        change("of_36", "malformed", &|all| all.resize(36, all[0].clone())),
        change("of_two", "malformed", &|all| all.truncate(2)),
        change("with_a_wrong_hash", "path-root", &|all| all[3].siblings[0].0[0] ^= 1),
        change("with_a_path_of_257_hashes", "malformed", &|all| {
            all[0].siblings = vec![Hash([7; 32]); 257];
        }),
        change("that_end_higher", "status", &|all| all[0].siblings.insert(0, Hash::ZERO)),
    ]
}

/// A ledger without scruples puts the status of a key into a slot of another kind.
fn other_kinds() -> Vec<Vector> {
    let by = key(ISSUER_KEY).public().kid();
    let status = KeyStatus { state: KeyState::Current, since_ms: 7, entry: 7, by };
    let [issuer, own] = [Slot::issuer(ISSUER), Slot::key(ISSUER, &by)];
    let of = |name: &str, slot: Slot, status: Status| {
        let nodes = Kept::all();
        let growth = Map::EMPTY.update(&BTreeMap::from([(slot, status)]), &nodes).unwrap();
        let mut kept = nodes;
        kept.grow(&growth);
        let mut ledger = Story::after_block(2).ledger;
        let header = BlockStatement { status: growth.map.root_hash(), ..ledger.header(&[]) };
        let block = ledger.block(header, vec![]);
        ledger.blocks.push(block);
        let slots = [Slot::document(ISSUER, &seven()), issuer, own];
        let statuses = slots.map(|slot| growth.map.prove(&slot, &kept).unwrap()).into();
        let proof = Proof { statuses, ..ledger.proof(BATCH_OF_40, seven()) };
        case(&format!("statuses_with_{name}"), "status", &proof.encode(), seven())
    };
    let of_issuer = IssuerStatus { state: IssuerState::Suspended, since_ms: 7, entry: 7, by };
    vec![
        of("a_key_for_the_document", Slot::document(ISSUER, &seven()), Status::Key(status)),
        of("a_key_for_the_issuer", issuer, Status::Key(status)),
        of("an_issuer_for_the_key", own, Status::Issuer(of_issuer)),
    ]
}

/// Which seal key sealed which block.
fn seals() -> Vec<Vector> {
    let Rotated { mut story, registry, certified } = rotated();
    let good = story.proof(certified, seven(), &registry);
    let known = registry[..3].to_vec();
    let mut vectors = vec![
        change("through_rotated_keys_without_that_of_the_seal", "unknown-key", &good, |proof| {
            drop(proof.registry.pop());
        }),
        change(
            "through_rotated_keys_without_that_of_the_operator",
            "unknown-key",
            &good,
            |proof| {
                drop(proof.registry.remove(1));
            },
        ),
    ];
    story.ledger.sealer = SEAL;
    let block = story.ledger.block(story.ledger.header(&[]), vec![]);
    story.ledger.blocks.push(block);
    let head = |registry: &[u64]| story.proof(certified, seven(), registry).encode();
    vectors.push(case("under_a_head_by_a_replaced_seal_key", "proof", &head(&registry), seven()));
    vectors.push(
        case("under_a_head_by_a_seal_key_replaced_unseen", "ok", &head(&known), seven())
            .with("standing", "certified")
            .why("who leaves out the replacement is believed: pins and witnesses tell"),
    );
    vectors
}

/// A ledger without scruples seals with the new key in the block that brings it, and with the old
/// one in the next.
fn seal_heights() -> Vec<Vector> {
    let of = |name: &str, codes: [&str; 2], sealers: [u8; 3]| {
        let mut ledger = Story::after_block(1).ledger;
        let replace = ledger.replace(BY_OPERATOR, Use::Seal, NEW_SEAL);
        let certify = || ledger.certify(&list(40));
        let blocks = [vec![replace, certify()], vec![certify()], vec![]];
        for (sealer, entries) in sealers.into_iter().zip(blocks) {
            ledger.sealer = sealer;
            ledger.seal(entries);
        }
        let of = |when: &str, code: &str, index: u64| {
            let mut proof = ledger.proof(index, seven());
            proof.registry.push(ledger.proven(5));
            case(&format!("sealed_{when}_{name}"), code, &proof.encode(), seven())
        };
        [of("with_the_replacement", codes[0], 6), of("after_the_replacement", codes[1], 8)]
    };
    let [old, new] = [SEAL, NEW_SEAL];
    [
        of("by_the_old_key_and_then_the_new", ["ok", "ok"], [old, new, new]),
        of("by_the_new_key_a_block_early", ["proof", "ok"], [new, new, new]),
        of("by_the_old_key_a_block_late", ["ok", "proof"], [old, old, new]),
    ]
    .concat()
}

/// What else of the registry may lead nowhere.
fn registries() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    story.block(
        "much_of_the_registry",
        vec![
            ledger.add(BY_ISSUER, ISSUER, SECOND),
            ledger.limit(BY_OPERATOR, 2, 1000),
            ledger.suspend(BY_OPERATOR, OTHER, 2),
            ledger.retire(BY_SECOND, ISSUER_KEY, 2),
            ledger.certify_by(BY_SECOND, &list(40)),
        ],
    );
    let [added, policy, suspended, retired, certified] = [0, 1, 2, 3, 4].map(|at| story.index(at));
    let with = |name: &str, code: &str, registry: &[u64]| {
        let proof = story.proof(certified, seven(), registry);
        case(&format!("registry_{name}"), code, &proof.encode(), seven())
    };
    let with_policy = story.proof(certified, seven(), &[ENROLLMENT, added, policy]);
    let vectors = vec![
        with("with_an_addition", "ok", &[ENROLLMENT, added]),
        with("without_the_addition", "unknown-key", &[ENROLLMENT]),
        with("with_an_addition_to_an_issuer_unknown", "unknown-key", &[added])
            .why("nor is the key known that added it"),
        with("with_a_policy", "proof", &[ENROLLMENT, added, policy]),
        change("registry_with_a_forged_policy", "signature", &with_policy, |proof| {
            let mut bytes = proof.registry[3].statement.entry().to_vec();
            *bytes.last_mut().unwrap() ^= 1;
            proof.registry[3].statement = Statement::decode(&bytes).unwrap();
        })
        .why("the signature comes before the kind"),
        with("with_a_suspension", "proof", &[ENROLLMENT, added, suspended]),
        with("with_a_retirement", "proof", &[ENROLLMENT, added, retired])
            .why("what became of keys is told by their statuses"),
    ];
    [story.vectors(), vectors].concat()
}

/// Additions that no ledger may seal, and the certification that follows.
fn additions() -> Vec<Vector> {
    let with = |name: &str, code: &str, registry: &[u64], add: &dyn Fn(&Ledger) -> Entry| {
        let mut story = Story::after_block(1);
        let (add, certify) = (add(&story.ledger), story.ledger.certify_by(BY_SECOND, &list(40)));
        story.ledger.seal(vec![add, certify]);
        let proof = story.proof(6, seven(), registry);
        case(&format!("addition_{name}"), code, &proof.encode(), seven())
    };
    let (own, both) = (&[ENROLLMENT, 5][..], &[ENROLLMENT, 3, 5][..]);
    let forged = |ledger: &Ledger| {
        let mut bytes = ledger.add(BY_ISSUER, ISSUER, SECOND).0.entry().to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        (Statement::decode(&bytes).unwrap(), None)
    };
    let numbered = |ledger: &Ledger| {
        let (kid, seq) = (key(SECOND).public().kid(), 2);
        let held = ledger.held(SECOND, Use::Issuer, ISSUER, seq);
        let act = KeyAct::Add { issuer: ISSUER.parse().unwrap(), held };
        ledger.said(BY_ISSUER, Body::Key(KeyStatement { seq, kid, act }))
    };
    vec![
        with("by_its_issuer", "ok", own, &|ledger| ledger.add(BY_ISSUER, ISSUER, SECOND)),
        with("by_the_operator", "ok", own, &|ledger| ledger.add(BY_OPERATOR, ISSUER, SECOND)),
        with("by_the_operator_alone", "issuer-unknown", &[5], &|ledger| {
            ledger.add(BY_OPERATOR, ISSUER, SECOND)
        }),
        with("by_another_issuer", "issuer", both, &|ledger| ledger.add(BY_OTHER, ISSUER, SECOND)),
        with("by_the_seal_key", "key-use", own, &|ledger| {
            ledger.add(Voice(SEAL, "ledger.example/fr"), ISSUER, SECOND)
        }),
        with("to_another_issuer", "issuer", both, &|ledger| ledger.add(BY_OTHER, OTHER, SECOND)),
        with("to_nobody", "issuer-unknown", own, &|ledger| ledger.add(BY_OPERATOR, GAS, SECOND)),
        with("forged", "signature", own, &forged),
        with("with_seq_2", "sequence", own, &numbered),
        after_the_statement(),
    ]
}

/// The key is added only after what it certified.
fn after_the_statement() -> Vector {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    story.ledger.seal(vec![ledger.certify_by(BY_SECOND, &list(40))]);
    story.ledger.seal(vec![ledger.add(BY_ISSUER, ISSUER, SECOND)]);
    let proof = story.proof(5, seven(), &[ENROLLMENT, 7]);
    case("addition_after_the_statement", "proof", &proof.encode(), seven())
}
