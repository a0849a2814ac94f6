//! Payloads with the right number of keys, of which one is another (format.md 1), and the order in
//! which payloads are read (format.md 5.12, 5 and 6).

use probant_core::{Statement, key::Use, status::Reason};

use crate::{
    entries,
    ledger::{
        Entry, ISSUER, ISSUER_KEY, LEDGER, NEW_SEAL, OPERATOR, ORIGIN, SEAL, SECOND, content, key,
        list,
    },
    payloads,
    raw::{Item, Sign1, array, bytes, int, map, payload, replace, text},
    say::{BY_ISSUER, BY_OPERATOR, documents},
    vector::{Vector, refused},
};

pub fn all() -> Vec<Vector> {
    [kinds(), keys_of_certify(), limits(), numbers(), orders()].concat()
}

/// What stands in a byte string at the beginning, and what follows.
fn wrapped(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (length, rest) = match bytes[0] {
        short @ 0x40..0x58 => (usize::from(short - 0x40), &bytes[1..]),
        0x58 => (usize::from(bytes[1]), &bytes[2..]),
        0x59 => (usize::from(bytes[1]) << 8 | usize::from(bytes[2]), &bytes[3..]),
        other => panic!("no byte string begins with {other}"),
    };
    rest.split_at(length)
}

fn payload_of(statement: &Statement) -> Item {
    let (_, rest) = wrapped(&statement.entry()[2..]);
    wrapped(&rest[1..]).0.to_vec()
}

/// The statement with another payload, signed as it stands.
fn with_payload(statement: &Statement, seed: u8, body: Item) -> Item {
    let kind = statement.body().kind();
    let sign1 = if kind == "genesis" {
        payloads::genesis().payload(body)
    } else {
        LEDGER.say(kind, seed, statement.issuer(), statement.subject(), &body)
    };
    sign1.sign(&key(seed))
}

/// Of every kind, with its last key one higher, which keeps the keys in their order.
fn kinds() -> Vec<Vector> {
    let case = |name: &str, statement: &Statement, seed: u8, last: &[u8]| {
        let mut body = payload_of(statement);
        assert_eq!(with_payload(statement, seed, body.clone()), statement.entry());
        let at = body.len() - last.len() - 1;
        assert_eq!(&body[at + 1..], last);
        body[at] += 1;
        let bytes = with_payload(statement, seed, body);
        refused(format!("entry_{name}_with_another_last_key"), "malformed", bytes)
    };
    let key_case = |name: &str, (statement, _): Entry, seed: u8, arguments: &[Item]| {
        case(&format!("key_{name}"), &statement, seed, &array(arguments))
    };
    let held =
        |seed: u8, r#use: Use, owner: &str| bytes(&LEDGER.held(seed, r#use, owner, 1).possession);
    let cose = |seed: u8| key(seed).public().to_cose();
    let enrolled = array(&[cose(ISSUER_KEY), held(ISSUER_KEY, Use::Issuer, ISSUER)]);
    let added = [text(ISSUER), cose(SECOND), held(SECOND, Use::Issuer, ISSUER)];
    let replaced = [text("seal"), cose(NEW_SEAL), held(NEW_SEAL, Use::Seal, ORIGIN)];
    let block = LEDGER.entry(8);
    let status = bytes(&block.as_block().unwrap().status.0);
    let revoke = LEDGER.revoke(BY_ISSUER, &documents(1..=40), Reason::Withdrawn).0;
    let superseded = LEDGER.supersede(BY_ISSUER, [(1, 101), (2, 102)]).0;
    let suspend = LEDGER.suspend(BY_OPERATOR, ISSUER, 2).0;
    let limit = LEDGER.limit(BY_OPERATOR, 2, 1000).0;
    let certify = LEDGER.certify(&list(40)).0;
    vec![
        case("genesis", LEDGER.entry(0), OPERATOR, &payload(&[int(65_536)])),
        case("enroll", LEDGER.entry(2), OPERATOR, &enrolled),
        case("certify", &certify, ISSUER_KEY, &text("application/pdf")),
        case("revoke", &revoke, ISSUER_KEY, &text("withdrawn")),
        case("revoke_superseded", &superseded, ISSUER_KEY, &text("superseded")),
        key_case("add", LEDGER.add(BY_ISSUER, ISSUER, SECOND), ISSUER_KEY, &added),
        key_case("replace", LEDGER.replace(BY_OPERATOR, Use::Seal, NEW_SEAL), OPERATOR, &replaced),
        key_case("retire", LEDGER.retire(BY_ISSUER, SECOND, 2), ISSUER_KEY, &[]),
        key_case("stop", LEDGER.stop(BY_ISSUER, SECOND, 2), ISSUER_KEY, &[]),
        key_case("compromise", LEDGER.compromise(BY_OPERATOR, SECOND, 2, 7), OPERATOR, &[int(7)]),
        case("issuer", &suspend, OPERATOR, &text("suspend")),
        case("policy", &limit, OPERATOR, &payload(&[int(1000)])),
        case("block", block, SEAL, &status),
    ]
}

/// Any of the keys, and keys of another type.
fn keys_of_certify() -> Vec<Vector> {
    let list = list(40);
    let [root, count, pdf] = [bytes(&list.root().0), int(40), text("application/pdf")];
    let sub = format!("batch:{}", list.root());
    let case = |name: &str, pairs: &[(Item, &Item)]| {
        let pairs: Vec<_> = pairs.iter().flat_map(|(key, value)| [key, *value]).cloned().collect();
        let body = [&[0xa3], &pairs.concat()[..]].concat();
        let sign1 = LEDGER.say("certify", ISSUER_KEY, ISSUER, &sub, &body);
        refused(format!("entry_certify_with_{name}"), "malformed", sign1.sign(&key(ISSUER_KEY)))
    };
    vec![
        case("key_0_for_1", &[(int(0), &root), (int(2), &count), (int(3), &pdf)]),
        case("key_4_for_2", &[(int(1), &root), (int(3), &pdf), (int(4), &count)]),
        case("key_minus_1_for_3", &[(int(1), &root), (int(2), &count), (int(-1), &pdf)]),
        case("key_3_as_text", &[(int(1), &root), (int(2), &count), (text("3"), &pdf)]),
        case("key_3_as_bytes", &[(int(1), &root), (int(2), &count), (bytes(&[3]), &pdf)]),
    ]
}

/// The map of limits, in genesis and in policy.
fn limits() -> Vec<Vector> {
    let limit = LEDGER.limit(BY_OPERATOR, 2, 1000).0;
    let case = |name: &str, statement: &Statement, limit: i64, other: Item| {
        let from = [int(statement_key(statement)), payload(&[int(limit)])].concat();
        let to = [int(statement_key(statement)), other].concat();
        let body = replace(&payload_of(statement), &from, &to);
        refused(format!("entry_{name}"), "malformed", with_payload(statement, OPERATOR, body))
    };
    vec![
        case("genesis_policy_of_key_2", LEDGER.entry(0), 65_536, map(&[(2, int(65_536))])),
        case("policy_limits_of_key_2", &limit, 1000, map(&[(2, int(1000))])),
        case("policy_limits_of_key_0", &limit, 1000, map(&[(0, int(1000))])),
    ]
}

/// Under which key the limits stand.
fn statement_key(statement: &Statement) -> i64 {
    if statement.body().kind() == "genesis" { 4 } else { 3 }
}

/// The least and the most of each length of a number, and other first bytes.
fn numbers() -> Vec<Vector> {
    let case = |name: &str, code: &str, seq: &[u8]| {
        let body = payload(&[seq.to_vec(), int(1), payload(&[int(1000)])]);
        let sign1 = LEDGER.say("policy", OPERATOR, ORIGIN, "policy", &body);
        refused(format!("entry_policy_seq_{name}"), code, sign1.sign(&key(OPERATOR)))
    };
    let ends = [0, 23, 24, 255, 256, 65_535, 65_536, 0xffff_ffff, 0x1_0000_0000, i64::MAX];
    let shortest = ends.map(|seq| case(&format!("{seq}"), "ok", &int(seq)));
    let long: [(&str, &[u8]); 9] = [
        ("23_in_two_bytes", &[0x18, 23]),
        ("255_in_three_bytes", &[0x19, 0, 255]),
        ("65535_in_five_bytes", &[0x1a, 0, 0, 255, 255]),
        ("4294967295_in_nine_bytes", &[0x1b, 0, 0, 0, 0, 255, 255, 255, 255]),
        ("of_first_byte_1c", &[0x1c]),
        ("of_first_byte_1d", &[0x1d]),
        ("of_first_byte_1f", &[0x1f]),
        ("simple_0", &[0xe0]),
        ("false", &[0xf4]),
    ];
    let others = long.map(|(name, seq)| case(name, "malformed", seq));
    let most = case("18446744073709551615", "ok", &[&[0x1b][..], &[0xff; 8]].concat());
    [shortest.into(), others.into(), vec![most]].concat()
}

/// Two faults each: the one that is found first decides.
fn orders() -> Vec<Vector> {
    let certify = |parts: &[Item]| entries::certify().payload(payload(parts));
    let case = |name: &str, code: &str, sign1: Sign1, seed: u8| {
        refused(format!("entry_{name}"), code, sign1.sign(&key(seed)))
    };
    let root = bytes(&list(1).root().0);
    let none = payload(&[root.clone(), int(0), text("application/pdf")]);
    let cut = entries::certify().payload(none[..none.len() - 1].to_vec());
    let after = entries::certify().payload([&none[..], &[0]].concat());
    let sub = format!("key:{}", key(SECOND).public().kid());
    let unknown = |parts: &[(i64, Item)]| LEDGER.say("key", OPERATOR, ORIGIN, &sub, &map(parts));
    let act = [(1, int(2)), (2, text("resume")), (4, array(&[]))];
    let of_kind = |sign1: Sign1| sign1.with(3, text(&content("transfer"))).sign(&key(ISSUER_KEY));
    vec![
        case("certify_count_0_with_a_byte_after", "malformed", after.clone(), ISSUER_KEY)
            .why("the payload is one item before anything in it has a meaning"),
        case("certify_count_0_that_ends_early", "malformed", cut, ISSUER_KEY),
        case(
            "certify_count_0_and_media_type_a_number",
            "list-count",
            certify(&[root.clone(), int(0), int(3)]),
            ISSUER_KEY,
        )
        .why("each field has its type and its value before the next"),
        case(
            "certify_root_of_31_bytes_and_count_0",
            "malformed",
            certify(&[bytes(&[7; 31]), int(0), text("application/pdf")]),
            ISSUER_KEY,
        ),
        refused("entry_kind_unknown_and_payload_with_a_byte_after", "malformed", of_kind(after)),
        refused(
            "entry_kind_unknown_and_count_0",
            "unknown-kind",
            of_kind(certify(&[root, int(0)])),
        ),
        case("key_act_unknown_and_another_key_for_3", "malformed", unknown(&act), OPERATOR),
        case(
            "key_act_unknown_and_arguments_a_number",
            "field",
            unknown(&[(1, int(2)), (2, text("resume")), (3, int(7))]),
            OPERATOR,
        ),
    ]
}
