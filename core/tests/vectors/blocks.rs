//! Blocks (format.md 7) and their replay (format.md 10.1), after those named in `after`.

use probant_core::{
    Hash, Statement,
    block::Block,
    key::SigningKey,
    seal::Seal,
    statement::{BlockStatement, Body},
    tree,
};

use crate::{
    entries,
    ledger::{
        Entry, ISSUER, ISSUER_KEY, LEDGER, Ledger, NOTE, OPERATOR, ORIGIN, SEAL, STRANGER, TIME_MS,
        TIME_S, key, list,
    },
    payloads,
    raw::{Item, NIL, array, bytes, claims, int},
    receipts,
    submissions::{AFTER_0, AFTER_1, SMALL},
    vector::{Vector, good, refused},
};

pub fn all() -> Vec<Vector> {
    [chain(), headers(), seals(), order(), foundings(), parts()].concat()
}

fn chain() -> Vec<Vector> {
    let block = |ledger: &Ledger, height: usize| ledger.blocks[height].encode();
    let after_2 = format!("{AFTER_1} block_2_certify");
    let ok = |name: &str, bytes: Item| good(format!("block_{name}"), bytes);
    vec![
        ok("0_genesis", block(&LEDGER, 0)).with("identity", LEDGER.identity()),
        ok("1_enroll", block(&LEDGER, 1)).with("after", AFTER_0),
        ok("2_certify", block(&LEDGER, 2)).with("after", AFTER_1),
        ok("3_heartbeat", block(&LEDGER, 3)).with("after", after_2),
        ok("0_genesis_of_small_policy", block(&SMALL, 0)).with("identity", SMALL.identity()),
        ok("1_enroll_of_small_policy", block(&SMALL, 1))
            .with("after", "block_0_genesis_of_small_policy"),
    ]
}

/// The ledger after block 1: what every hostile block 2 follows.
fn before() -> Ledger {
    LEDGER.at(1)
}

fn case(name: &str, code: &str, block: &Block) -> Vector {
    refused(format!("block_{name}"), code, block.encode()).with("after", AFTER_1)
}

fn headers() -> Vec<Vector> {
    let lie = |name: &str, change: fn(&mut BlockStatement)| {
        let entries = vec![before().certify(&list(1))];
        let mut header = before().header(&entries);
        change(&mut header);
        case(&format!("statement_{name}"), "chain", &before().block(header, entries))
    };
    vec![
        lie("skips_a_height", |header| header.height += 1),
        lie("repeats_a_height", |header| header.height -= 1),
        lie("names_another_previous", |header| header.previous = Hash([7; 32])),
        lie("names_another_first", |header| header.first -= 1),
        lie("counts_one_entry_more", |header| header.size += 1),
        lie("counts_one_entry_less", |header| header.size -= 1),
        lie("counts_one_document_more", |header| header.documents += 1),
        lie("goes_back_in_time", |header| header.time_ms = TIME_MS + 99),
        lie("has_a_status_root", |header| header.status = Hash([7; 32]))
            .why("nothing has fallen: the map is empty"),
        case("statement_at_the_time_of_the_one_before", "ok", &{
            let mut header = before().header(&[]);
            header.time_ms = TIME_MS + 100;
            before().block(header, vec![])
        }),
        case("statement_with_another_iat", "chain", &{
            let (ledger, body) = (before(), Body::Block(before().header(&[])));
            let iat_s = TIME_S as u64 + 1;
            let statement = Statement::sign(&key(SEAL), ORIGIN, Some(ledger.id), iat_s, body);
            ledger.block_with(statement, vec![])
        }),
    ]
}

fn seals() -> Vec<Vector> {
    let block = || before().block(before().header(&[]), vec![]);
    let leaves = |block: &Block| {
        let entries = before().blocks.into_iter().flat_map(|block| block.entries);
        entries.chain(block.entries.clone()).map(|entry| entry.leaf()).collect()
    };
    let root = tree::root(leaves(&block())).unwrap();
    let sealed = |name: &str, code: &str, key: &SigningKey, origin: &str, height, time_ms, root| {
        let mut block = block();
        block.seal = Seal::sign(key, &origin.parse().unwrap(), height, time_ms, root);
        case(&format!("seal_{name}"), code, &block)
    };
    let (seal, at) = (key(SEAL), TIME_MS + 200);
    vec![
        sealed("of_another_root", "signature", &seal, ORIGIN, 2, at, Hash([7; 32])),
        sealed("of_another_height", "chain", &seal, ORIGIN, 3, at, root),
        sealed("of_another_origin", "issuer", &seal, "petit.example", 2, at, root),
        sealed("of_another_second", "chain", &seal, ORIGIN, 2, at + 1000, root),
        sealed("by_the_operator", "issuer", &key(OPERATOR), ORIGIN, 2, at, root),
        sealed("by_a_stranger", "issuer", &key(STRANGER), ORIGIN, 2, at, root),
        case("seal_of_the_block_before", "chain", &{
            Block { seal: before().blocks[1].seal.clone(), ..block() }
        }),
    ]
}

fn order() -> Vec<Vector> {
    let block = |name: &str, code: &str, entries: Vec<Entry>| {
        case(name, code, &before().block(before().header(&entries), entries))
    };
    let by = |seed, issuer: &str| {
        let body = Body::Block(before().header(&[]));
        let statement = Statement::sign(&key(seed), issuer, Some(LEDGER.id), TIME_S as u64, body);
        before().block_with(statement, vec![])
    };
    let enroll = |ledger: &Ledger| ledger.enroll("gaz.example", STRANGER);
    let body = || before().certify(&list(1)).0.body().clone();
    let gaz = (before().sign(STRANGER, "gaz.example", body()), Some(list(1)));
    let forged = entries::certify().sign(&key(STRANGER));
    let mut late = before().header(&[enroll(&before())]);
    late.time_ms += (30 * 24 * 60 * 60 + 1) * 1000;
    vec![
        block(
            "where_an_issuer_certifies_after_its_enrollment",
            "ok",
            vec![enroll(&before()), gaz.clone()],
        ),
        block(
            "where_an_issuer_certifies_before_its_enrollment",
            "unknown-key",
            vec![gaz, enroll(&before())],
        ),
        block(
            "where_an_issuer_is_enrolled_twice",
            "issuer-exists",
            vec![enroll(&before()), enroll(&before())],
        ),
        block(
            "where_a_statement_stands_twice",
            "ok",
            vec![before().certify(&list(1)), before().certify(&list(1))],
        )
        .why("refused at the door, where the index is; no rule of the chain"),
        block(
            "where_a_signature_is_forged",
            "signature",
            vec![(Statement::decode(&forged).unwrap(), Some(list(1)))],
        ),
        block(
            "with_two_block_statements",
            "misplaced",
            vec![(before().block(before().header(&[]), vec![]).statement().clone(), None)],
        ),
        block("with_a_second_genesis", "misplaced", vec![(LEDGER.entry(0).clone(), None)]),
        block(
            "where_the_operator_certifies",
            "key-use",
            vec![(before().sign(OPERATOR, ORIGIN, body()), Some(list(1)))],
        ),
        case("statement_by_an_issuer", "key-use", &by(ISSUER_KEY, ISSUER)),
        case("statement_by_the_operator", "key-use", &by(OPERATOR, ORIGIN)),
        case("statement_by_the_note_key", "key-use", &by(NOTE, ORIGIN)),
        case("statement_by_a_stranger", "unknown-key", &by(STRANGER, ORIGIN)),
        case(
            "where_an_enrollment_was_withheld",
            "stale",
            &before().block(late, vec![enroll(&before())]),
        ),
    ]
}

/// Blocks 0.
fn foundings() -> Vec<Vector> {
    let found = |name: &str, code: &str, genesis: Statement| {
        let origin =
            genesis.issuer().parse().map_or(ORIGIN.into(), |o: probant_core::Origin| o.to_string());
        let id = probant_core::LedgerId(genesis.leaf());
        let ledger = Ledger { origin, id, blocks: Vec::new(), sealer: SEAL };
        let entries = vec![(genesis, None)];
        let block = ledger.block(ledger.header(&entries), entries);
        refused(format!("block_0_{name}"), code, block.encode())
    };
    let founding = |name: &str, code: &str, more: Vec<Entry>, change: fn(&mut BlockStatement)| {
        let ledger = Ledger { blocks: Vec::new(), ..LEDGER.clone() };
        let entries = [vec![(LEDGER.entry(0).clone(), None)], more].concat();
        let mut header = ledger.header(&entries);
        change(&mut header);
        refused(format!("block_0_{name}"), code, ledger.block(header, entries).encode())
    };
    let enroll = LEDGER.enroll(ISSUER, ISSUER_KEY);
    let by_hand =
        |name: &str, code: &str, change: fn(crate::raw::Sign1) -> crate::raw::Sign1, seed| {
            let entry = change(payloads::genesis()).sign(&key(seed));
            found(name, code, Statement::decode(&entry).unwrap())
        };
    vec![
        founding("with_an_enrollment", "chain", vec![enroll], |_| {})
            .why("block 0 is genesis and its statement, and nothing else"),
        founding(
            "with_an_entry_it_does_not_count",
            "chain",
            vec![LEDGER.enroll(ISSUER, ISSUER_KEY)],
            |header| header.size = 2,
        ),
        founding("that_counts_3_entries", "chain", vec![], |header| header.size = 3),
        founding("that_names_another_previous", "chain", vec![], |header| {
            header.previous = Hash([7; 32]);
        })
        .why("the ledger id, where there is no block before"),
        founding("with_a_status_root", "chain", vec![], |header| header.status = Hash([7; 32])),
        found("issued_301_s_ahead", "future", Ledger::genesis(ORIGIN, 1, TIME_S as u64 + 301)),
        found("without_genesis", "misplaced", LEDGER.entry(2).clone()),
        by_hand(
            "signed_by_another_key",
            "unknown-key",
            |genesis| genesis.with(4, bytes(&key(STRANGER).public().kid().0)),
            STRANGER,
        ),
        by_hand(
            "signed_by_the_seal_key",
            "unknown-key",
            |genesis| genesis.with(4, bytes(&key(SEAL).public().kid().0)),
            SEAL,
        ),
        by_hand("forged", "signature", |genesis| genesis, STRANGER),
        by_hand(
            "of_another_origin",
            "possession",
            |genesis| genesis.with(15, claims("other.example", "genesis", None, TIME_S)),
            OPERATOR,
        )
        .why("the operator signs for a name for which the keys were not shown to be held"),
        by_hand(
            "of_an_origin_with_scheme",
            "origin",
            |genesis| genesis.with(15, claims("https://ledger.example", "genesis", None, TIME_S)),
            OPERATOR,
        ),
        found("with_one_key_for_two_uses", "key-in-use", payloads::genesis_with_one_key()),
    ]
}

/// CBOR [seal, [entries], [lists]] taken apart.
fn parts() -> Vec<Vector> {
    let block = &LEDGER.blocks[2];
    let seal = bytes(&block.seal.encode());
    let entries: Vec<_> = block.entries.iter().map(|entry| bytes(entry.entry())).collect();
    let lists: Vec<_> = block.lists.iter().flatten().map(|list| bytes(list.as_bytes())).collect();
    let build = |seal: &Item, entries: &[Item], lists: &[Item]| {
        array(&[seal.clone(), array(entries), array(lists)])
    };
    let whole = build(&seal, &entries, &lists);
    assert_eq!(whole, block.encode());
    let refuse = |name: &str, code: &str, bytes: Item| {
        refused(format!("block_{name}"), code, bytes).with("after", AFTER_1)
    };
    let swapped: Vec<_> = lists.iter().rev().cloned().collect();
    let one_more = [&lists[..], &lists[1..]].concat();
    let last = entries.len() - 1;
    let submission = LEDGER.certify(&list(1)).0.to_submission(Some(&list(1)));
    let receipt = bytes(&LEDGER.receipt(5).encode());
    let leaves = LEDGER.at(2).blocks.into_iter().flat_map(|block| block.entries);
    let by_hand = receipts::seal(tree::root(leaves.map(|entry| entry.leaf()).collect()).unwrap());
    assert_eq!(bytes(&by_hand.sign(&key(SEAL))), seal);
    let masked = receipts::masked(by_hand).map(|(of, masked)| {
        let seal = bytes(&masked.sign(&key(SEAL)));
        let name = format!("with_a_seal_with_the_header_of_{of}");
        refuse(&name, "header", build(&seal, &entries, &lists))
    });
    let wrong = &entries[0];
    let empty = vec![bytes(&[]); 9000];
    let vectors = vec![
        refuse("empty", "malformed", vec![]),
        refuse("that_ends_early", "malformed", whole[..whole.len() - 1].to_vec()),
        refuse("with_a_byte_after", "malformed", [&whole[..], &[0]].concat()),
        refuse("of_two_parts", "malformed", array(&[seal.clone(), array(&entries)])),
        refuse(
            "of_four_parts",
            "malformed",
            array(&[seal.clone(), array(&entries), array(&lists), int(0)]),
        ),
        refuse("of_indefinite_length", "malformed", [&[0x9f], &whole[1..], &[0xff]].concat()),
        refuse("without_entries", "malformed", build(&seal, &[], &lists)),
        refuse(
            "with_a_count_of_entries_beyond_its_end",
            "malformed",
            [&[0x83], &seal[..], &[0x9a, 0xff, 0xff, 0xff, 0xff]].concat(),
        ),
        refuse(
            "with_an_entry_not_wrapped",
            "malformed",
            build(&seal, &[&[block.entries[0].entry().to_vec()], &entries[1..]].concat(), &lists),
        ),
        refuse(
            "with_a_list_erased",
            "malformed",
            build(&seal, &entries, &[lists[0].clone(), NIL.to_vec()]),
        )
        .why("null is reserved for a list that a later statement erased"),
        refuse("without_its_last_list", "list-missing", build(&seal, &entries, &lists[..1])),
        refuse("with_one_list_more", "list-unexpected", build(&seal, &entries, &one_more)),
        refuse("with_lists_in_another_order", "list-mismatch", build(&seal, &entries, &swapped)),
        refuse("without_block_statement", "misplaced", build(&seal, &entries[..last], &lists)),
        refuse(
            "with_a_submission_for_an_entry",
            "header",
            build(&seal, &[&[bytes(&submission)], &entries[1..]].concat(), &lists),
        ),
        refuse("with_a_receipt_for_a_seal", "header", build(&receipt, &entries, &lists)),
        refuse("with_an_entry_for_a_seal", "header", build(&entries[0], &entries, &lists)),
        refuse(
            "without_an_entry",
            "chain",
            build(&seal, &[&entries[..2], &entries[3..]].concat(), &lists),
        ),
        refuse("with_an_entry_for_a_seal_and_a_list_erased", "malformed", {
            build(wrong, &entries, &[NIL.to_vec()])
        })
        .why("the shape of all of it is looked at before its seal"),
        refuse("with_an_entry_for_a_seal_and_a_byte_after", "malformed", {
            [build(wrong, &entries, &lists), vec![0]].concat()
        }),
        refuse("with_an_entry_for_a_seal_and_no_entries", "malformed", build(wrong, &[], &lists)),
        refuse(
            "with_an_entry_for_a_seal_and_empty_entries",
            "malformed",
            build(wrong, &empty, &lists),
        ),
        refuse(
            "with_an_entry_for_a_seal_and_empty_lists",
            "malformed",
            build(wrong, &entries, &empty),
        ),
    ];
    [masked.into(), vectors].concat()
}
