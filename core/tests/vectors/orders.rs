//! Two faults each, and the one that decides: the orders of format.md 5.12, 9.1 and 10.1 where a
//! reader in another order finds another code.

use probant_core::{
    LABEL_LIST, Origin, Statement,
    key::{SigningKey, Use},
    statement::{
        BlockStatement, Body, Enroll, Genesis, HeldKey, KeyAct, KeyStatement, LedgerKey, Policy,
    },
};

use crate::{
    entries::certify,
    ledger::{
        Entry, GAS, ISSUER, ISSUER_KEY, LEDGER, Ledger, NOTE, OPERATOR, ORIGIN, OTHER, OTHER_KEY,
        RECOVERY, SEAL, SECOND, STRANGER, TIME_S, key, list,
    },
    payloads,
    raw::{Item, Sign1, array, bytes, claims, int, map, payload, text},
    say::{BY_ISSUER, BY_OPERATOR, BY_OTHER, BY_SECOND},
    story::{Story, time},
    vector::{Vector, refused},
};

pub fn all() -> Vec<Vector> {
    [headers(), claim_sets(), states(), enrollments(), keys(), geneses(), lists(), blocks()]
        .concat()
}

fn entry(name: &str, code: &str, sign1: Sign1, seed: u8) -> Vector {
    refused(format!("entry_{name}"), code, sign1.sign(&key(seed)))
}

/// Labels 1 to 7 are refused before the payload is looked for, others after all else.
fn headers() -> Vec<Vector> {
    let with = |label: i64| certify().unprotected(map(&[(label, bytes(&[1]))]));
    let nil = |name: &str, code: &str, label: i64| {
        entry(
            &format!("unprotected_{name}_and_payload_nil"),
            code,
            with(label).detached(),
            ISSUER_KEY,
        )
    };
    let registered = [1, 2, 3, 4, 5, 6, 7].map(|label| nil(&format!("{label}"), "header", label));
    let others = vec![
        nil("0", "malformed", 0),
        nil("8", "malformed", 8),
        nil("list", "malformed", LABEL_LIST),
        entry("unprotected_kid_and_alg_es256", "algorithm", with(4).with(1, int(-7)), ISSUER_KEY),
        entry(
            "unprotected_list_and_kid_missing",
            "header",
            with(LABEL_LIST).without(4),
            ISSUER_KEY,
        ),
    ];
    [registered.into(), others].concat()
}

/// sub, then whether there is aud.
fn claim_sets() -> Vec<Vector> {
    let aud = LEDGER.id.audience();
    let list = list(40);
    let body = payload(&[bytes(&list.root().0), int(40), text("application/pdf")]);
    let many = |sub: &str| {
        let claims = claims(ISSUER, sub, None, TIME_S);
        LEDGER.say("certify", ISSUER_KEY, ISSUER, sub, &body).with(15, claims)
    };
    let right = format!("batch:{}", list.root());
    vec![
        entry("claims_without_aud_of_another_subject", "subject", many("batch:"), ISSUER_KEY),
        entry("claims_without_aud_of_a_batch", "header", many(&right), ISSUER_KEY),
        entry(
            "genesis_with_aud_of_another_subject",
            "subject",
            payloads::genesis().with(15, claims(ORIGIN, "ledger", Some(&aud), TIME_S)),
            OPERATOR,
        ),
        entry(
            "certify_count_65536",
            "ok",
            {
                let body = payload(&[bytes(&list.root().0), int(65_536), text("application/pdf")]);
                LEDGER.say("certify", ISSUER_KEY, ISSUER, &right, &body)
            },
            ISSUER_KEY,
        ),
        entry(
            "certify_count_0_and_media_type_unknown",
            "list-count",
            certify().payload(payload(&[bytes(&list.root().0), int(0), text("text/rtf")])),
            ISSUER_KEY,
        ),
    ]
}

fn at((statement, list): &Entry, seed: u8, iat_s: u64) -> Entry {
    let (issuer, body) = (statement.issuer(), statement.body().clone());
    (Statement::sign(&key(seed), issuer, Some(LEDGER.id), iat_s, body), list.clone())
}

/// The key, then its issuer; the kind's own checks, then the times.
fn states() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let now_s = story.now() / 1000;
    let (long_ago, ahead) = (now_s - 31 * 24 * 60 * 60, now_s + 301);
    let mut case = |name: &str, code: &str, entry: Entry| story.case(name, code, entry);
    case("enrollment_again_and_withheld", "issuer-exists", {
        at(&ledger.enroll(ISSUER, STRANGER), OPERATOR, long_ago)
    });
    case("policy_with_seq_3_and_withheld", "sequence", {
        at(&ledger.limit(BY_OPERATOR, 3, 2), OPERATOR, long_ago)
    });
    case("policy_with_seq_3_and_issued_ahead", "sequence", {
        at(&ledger.limit(BY_OPERATOR, 3, 2), OPERATOR, ahead)
    });
    case("reinstated_that_is_not_suspended_and_withheld", "issuer-state", {
        at(&ledger.reinstate(BY_OPERATOR, OTHER, 2), OPERATOR, long_ago)
    });
    case("suspended_by_another_and_withheld", "key-use", {
        at(&ledger.suspend(BY_ISSUER, OTHER, 2), ISSUER_KEY, long_ago)
    });
    let mut forged = at(&ledger.limit(BY_OPERATOR, 2, 2), OPERATOR, long_ago).0.entry().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    story.push_case("policy_withheld_and_forged", "stale", forged);
    let acts = vec![ledger.suspend(BY_OPERATOR, OTHER, 2), ledger.stop(BY_OPERATOR, OTHER_KEY, 2)];
    story.block("issuer_suspended_and_its_key_stopped", acts);
    story.case("certified_by_a_stopped_key_of_a_suspended_issuer", "key-state", {
        ledger.certify_by(BY_OTHER, &list(1))
    });
    story.case("enrollment_by_a_stopped_key", "key-use", {
        (ledger.sign(OTHER_KEY, OTHER, Body::Enroll(ledger.enrollment(GAS, STRANGER))), None)
    });
    story.vectors()
}

/// The key is new, then seq, then possession.
fn enrollments() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let enroll = |id: &str, seed: u8, seq: u64, held_seq: u64| {
        let possession = ledger.held(seed, Use::Issuer, id, held_seq).possession;
        let enrollment = Enroll { seq, possession, ..ledger.enrollment(id, seed) };
        ledger.said(BY_OPERATOR, Body::Enroll(enrollment))
    };
    let mut case = |name: &str, code: &str, entry: Entry| {
        story.case(&format!("enrollment_{name}"), code, entry);
    };
    case("of_the_host_with_a_key_in_use", "issuer-reserved", {
        enroll("ledger.example", OTHER_KEY, 1, 1)
    });
    case("with_a_key_in_use_and_seq_2", "key-in-use", enroll(GAS, OTHER_KEY, 2, 2));
    case("with_a_key_in_use_and_held_for_seq_2", "key-in-use", enroll(GAS, OTHER_KEY, 1, 2));
    case("with_seq_2_and_held_for_seq_1", "sequence", enroll(GAS, STRANGER, 2, 1));
    case("held_for_seq_2", "possession", enroll(GAS, STRANGER, 1, 2));
    story.vectors()
}

/// Of the checks of key, each two that meet.
fn keys() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let add = |by, id: &str, seed: u8, seq: u64, held_seq: u64| {
        let held: HeldKey = ledger.held(seed, Use::Issuer, id, held_seq);
        let (kid, act) =
            (key(seed).public().kid(), KeyAct::Add { issuer: id.parse().unwrap(), held });
        ledger.said(by, Body::Key(KeyStatement { seq, kid, act }))
    };
    let mut case = |name: &str, code: &str, entry: Entry| {
        story.case(&format!("key_{name}"), code, entry);
    };
    case("added_to_nobody_by_an_issuer", "issuer", add(BY_ISSUER, GAS, SECOND, 1, 1));
    case(
        "added_to_nobody_that_is_in_use",
        "issuer-unknown",
        add(BY_OPERATOR, GAS, OTHER_KEY, 1, 1),
    );
    case("added_that_is_in_use_with_seq_3", "key-in-use", add(BY_ISSUER, ISSUER, OTHER_KEY, 3, 3));
    case("added_with_seq_2_held_for_1", "sequence", add(BY_ISSUER, ISSUER, SECOND, 2, 1));
    case("retired_that_seals_by_an_issuer", "field", ledger.retire(BY_ISSUER, SEAL, 2));
    case("stopped_of_the_operator_by_an_issuer", "field", ledger.stop(BY_ISSUER, OPERATOR, 2));
    case(
        "retired_that_is_last_by_another_issuer",
        "issuer",
        ledger.retire(BY_OTHER, ISSUER_KEY, 2),
    );
    case(
        "retired_that_is_the_last_with_seq_3",
        "last-key",
        ledger.retire(BY_ISSUER, ISSUER_KEY, 3),
    );
    case("reported_in_the_future_with_seq_3", "since", {
        ledger.compromise(BY_OPERATOR, ISSUER_KEY, 3, u64::MAX)
    });
    case("reported_that_seals_since_1970", "field", ledger.compromise(BY_OPERATOR, SEAL, 2, 0));
    let acts = vec![
        ledger.add(BY_ISSUER, ISSUER, SECOND),
        ledger.compromise(BY_OPERATOR, ISSUER_KEY, 2, time(2)),
    ];
    story.block("where_a_key_is_added_and_its_adder_reported", acts);
    let mut case = |name: &str, code: &str, entry: Entry| {
        story.case(&format!("key_{name}"), code, entry);
    };
    case("reported_again_in_the_future", "since", {
        ledger.compromise(BY_OPERATOR, ISSUER_KEY, 3, u64::MAX)
    });
    case("stopped_that_is_reported_by_another_issuer", "issuer", {
        ledger.stop(BY_OTHER, ISSUER_KEY, 3)
    });
    case("retired_that_is_void_and_last", "key-state", ledger.retire(BY_OPERATOR, SECOND, 3));
    case("added_by_a_void_key_to_nobody", "key-state", add(BY_SECOND, GAS, STRANGER, 1, 1));
    story.vectors()
}

/// Genesis with these keys, held for this origin, and signed by another if somebody forges it.
fn genesis(seeds: [u8; 4], held_for: &str, by: &str, iat_s: u64, signer: u8) -> Statement {
    let random = [42; 32];
    let listed = |(r#use, seed): (Use, u8)| LedgerKey::prove(&key(seed), r#use, held_for, &random);
    let keys = Use::LEDGER.into_iter().zip(seeds).map(listed).collect();
    let policy = Policy { list_count_max: 65_536 };
    let body = Body::Genesis(Genesis { random, keys, policy });
    let statement = Statement::sign(&key(OPERATOR), by, None, iat_s, body);
    if signer == OPERATOR {
        return statement;
    }
    let mut forged = statement.entry().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    Statement::decode(&forged).unwrap()
}

fn geneses() -> Vec<Vector> {
    let found = |name: &str, code: &str, genesis: Statement, lie: fn(&mut BlockStatement)| {
        let origin: Result<Origin, _> = genesis.issuer().parse();
        let origin = origin.map_or(ORIGIN.into(), |origin| origin.to_string());
        let id = probant_core::LedgerId(genesis.leaf());
        let ledger = Ledger { origin, id, blocks: Vec::new(), sealer: SEAL };
        let entries = vec![(genesis, None)];
        let mut header = ledger.header(&entries);
        lie(&mut header);
        refused(format!("block_0_{name}"), code, ledger.block(header, entries).encode())
    };
    let (own, twice) = ([SEAL, NOTE, OPERATOR, RECOVERY], [SEAL, SEAL, OPERATOR, RECOVERY]);
    let other_operator = [SEAL, NOTE, STRANGER, RECOVERY];
    let (iat, scheme, other) = (TIME_S as u64, "https://ledger.example", "other.example");
    vec![
        found(
            "by_an_unknown_key_of_an_origin_with_scheme",
            "origin",
            genesis(other_operator, scheme, scheme, iat, OPERATOR),
            |_| {},
        ),
        found(
            "by_an_unknown_key_and_forged",
            "unknown-key",
            genesis(other_operator, ORIGIN, ORIGIN, iat, STRANGER),
            |_| {},
        ),
        found(
            "forged_of_another_origin",
            "signature",
            genesis(own, ORIGIN, other, iat, STRANGER),
            |_| {},
        ),
        found(
            "with_one_key_for_two_uses_of_another_origin",
            "possession",
            genesis(twice, ORIGIN, other, iat, OPERATOR),
            |_| {},
        ),
        found(
            "with_one_key_for_two_uses_and_another_previous",
            "key-in-use",
            genesis(twice, ORIGIN, ORIGIN, iat, OPERATOR),
            |header| header.previous.0[0] ^= 1,
        ),
        found(
            "issued_301_s_ahead_that_names_another_previous",
            "chain",
            genesis(own, ORIGIN, ORIGIN, iat + 301, OPERATOR),
            |header| header.previous.0[0] ^= 1,
        ),
        found(
            "issued_301_s_ahead_with_a_status_root",
            "future",
            genesis(own, ORIGIN, ORIGIN, iat + 301, OPERATOR),
            |header| header.status.0[0] ^= 1,
        ),
        found(
            "issued_31_days_before",
            "ok",
            genesis(own, ORIGIN, ORIGIN, iat - 31 * 24 * 60 * 60, OPERATOR),
            |_| {},
        )
        .why("genesis was withheld from nobody: it is never stale"),
    ]
}

/// CBOR [seal, [entries], [lists]] of a block in which a document is certified, and one falls.
fn lists() -> Vec<Vector> {
    let story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let said = vec![ledger.certify(&list(2)), ledger.withdraw(BY_ISSUER, [1, 2])];
    let block = ledger.block(story.header(&said), said);
    let seal = bytes(&block.seal.encode());
    let entries: Vec<_> = block.entries.iter().map(|entry| bytes(entry.entry())).collect();
    let lists: Vec<_> = block.lists.iter().flatten().map(|list| list.as_bytes().to_vec()).collect();
    let build = |entries: &[Item], lists: &[Item]| {
        let lists: Vec<_> = lists.iter().map(|list| bytes(list)).collect();
        array(&[seal.clone(), array(entries), array(&lists)])
    };
    assert_eq!(build(&entries, &lists), block.encode());
    let case = |name: &str, code: &str, bytes: Item| {
        let after = "block_0_genesis block_1_enroll";
        refused(format!("block_where_{name}"), code, bytes).with("after", after)
    };
    let cut = lists[0][..33].to_vec();
    let unsorted = [&lists[1][34..], &lists[1][..34]].concat();
    let bad_both = [cut.clone(), unsorted.clone()];
    let bad_certify = [cut.clone(), lists[1].clone()];
    let bad_revoke = [lists[0].clone(), unsorted];
    let one_more = [&bad_certify[..], &lists[..1]].concat();
    let cut_short = |entry: &Item| bytes(&entry[3..entry.len() - 1]);
    let last_cut = [&entries[..2], &[cut_short(&entries[2])]].concat();
    vec![
        case("a_certify_and_a_revoke_have_lists", "ok", block.encode()),
        case("the_lists_of_certify_and_revoke_are_bad", "list-order", build(&entries, &bad_both))
            .why("a list of what falls is read beside its entry, others after all entries"),
        case("the_list_of_a_certify_is_bad", "malformed", build(&entries, &bad_certify)),
        case("a_list_is_bad_and_one_too_many", "list-unexpected", build(&entries, &one_more)),
        case("a_list_is_bad_and_no_block_statement", "misplaced", {
            build(&entries[..2], &bad_certify)
        }),
        case("a_list_is_too_many_and_no_block_statement", "list-unexpected", {
            build(&entries[..2], &one_more)
        }),
        case("a_revoke_has_a_bad_list_and_an_entry_is_cut", "list-order", {
            build(&last_cut, &bad_revoke)
        }),
        case("a_certify_has_a_bad_list_and_an_entry_is_cut", "malformed", {
            build(&last_cut, &bad_certify)
        }),
        case("a_certify_has_no_list_and_an_entry_is_cut", "list-missing", build(&last_cut, &[])),
    ]
}

/// The status root, then the signatures, then the seal.
fn blocks() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let forged = certify().sign(&key(STRANGER));
    let forged = || vec![(Statement::decode(&forged).unwrap(), Some(list(1)))];
    let mut header = ledger.header(&forged());
    header.status.0[0] ^= 1;
    let block = ledger.block(header, forged());
    story.push_block("where_a_signature_is_forged_with_a_status_root", "chain", &block);
    let mut block = ledger.block(ledger.header(&forged()), forged());
    let other: SigningKey = key(STRANGER);
    let (origin, time_ms) = (ORIGIN.parse().unwrap(), story.now());
    block.seal =
        probant_core::seal::Seal::sign(&other, &origin, 2, time_ms, probant_core::Hash([7; 32]));
    story.push_block("where_a_signature_is_forged_sealed_by_a_stranger", "signature", &block);
    let mut header = ledger.header(&[]);
    (header.previous.0[0], header.time_ms) = (header.previous.0[0] ^ 1, 0);
    let by_issuer = ledger.sign(ISSUER_KEY, ISSUER, Body::Block(header));
    let block = ledger.block_with(by_issuer, vec![]);
    story.push_block("statement_by_an_issuer_that_names_another_previous", "chain", &block);
    story.vectors()
}
