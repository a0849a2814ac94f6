//! Payloads and subjects (format.md 5.2 to 5.6), each signed as it stands.

use probant_core::{
    Rejected, Statement,
    key::Use,
    statement::{Body, prove_possession},
};

use crate::{
    ledger::{
        ISSUER, ISSUER_KEY, LEDGER, NOTE, OPERATOR, ORIGIN, OTHER_KEY, RECOVERY, SEAL, TIME_S,
        content, document, key, list,
    },
    raw::{Item, Sign1, array, bytes, claims, int, map, payload, replace, text},
    vector::{Vector, refused},
};

pub fn all() -> Vec<Vector> {
    [certify(), subjects(), genesis_fields(), enroll_fields(), block_fields()].concat()
}

fn refuse(name: &str, code: &str, sign1: &Sign1, seed: u8) -> Vector {
    refused(format!("entry_{name}"), code, sign1.sign(&key(seed)))
}

fn certify() -> Vec<Vector> {
    let list = list(40);
    let (root, pdf) = (bytes(&list.root().0), text("application/pdf"));
    let sub = format!("batch:{}", list.root());
    let case = |name: &str, code: &str, body: &[u8]| {
        let sign1 = LEDGER.say("certify", ISSUER_KEY, ISSUER, &sub, body);
        refuse(&format!("certify_{name}"), code, &sign1, ISSUER_KEY)
    };
    let of = |parts: &[Item]| payload(parts);
    let good = of(&[root.clone(), int(40), pdf.clone()]);
    vec![
        case("count_0", "list-count", &of(&[root.clone(), int(0), pdf.clone()])),
        case("count_65537", "list-count", &of(&[root.clone(), int(65_537), pdf.clone()])),
        case("count_huge", "list-count", &of(&[root.clone(), vec![0x1b; 9], pdf.clone()])),
        case("count_negative", "malformed", &of(&[root.clone(), int(-40), pdf.clone()])),
        case(
            "count_not_shortest",
            "malformed",
            &of(&[root.clone(), vec![0x19, 0, 40], pdf.clone()]),
        ),
        case("root_of_31_bytes", "malformed", &of(&[bytes(&[7; 31]), int(40), pdf.clone()])),
        case(
            "media_type_outside_the_list",
            "field",
            &of(&[root.clone(), int(40), text("text/rtf")]),
        ),
        case(
            "media_type_upper_case",
            "field",
            &of(&[root.clone(), int(40), text("application/PDF")]),
        ),
        case(
            "media_type_with_parameter",
            "field",
            &of(&[root.clone(), int(40), text("text/plain; charset=utf-8")]),
        ),
        case(
            "with_a_fourth_field",
            "malformed",
            &of(&[root.clone(), int(40), pdf.clone(), text("facture")]),
        ),
        case("without_media_type", "malformed", &of(&[root.clone(), int(40)])),
        case(
            "keys_unsorted",
            "malformed",
            &map(&[(2, int(40)), (1, root.clone()), (3, pdf.clone())]),
        ),
        case("is_an_array", "malformed", &array(&[root, int(40), pdf])),
        case("with_a_byte_after", "malformed", &[&good[..], &[0]].concat()),
        case("empty", "malformed", &[]),
    ]
}

fn subjects() -> Vec<Vector> {
    let (batch, single) = (list(40), list(1));
    let [document, stranger] = [1, 2].map(|number| document(number).blake3);
    let reserved = format!("blinded:{}", "7".repeat(64));
    let case = |name: &str, code: &str, list: &probant_core::List, sub: &str| {
        let body =
            payload(&[bytes(&list.root().0), int(list.count() as i64), text("application/pdf")]);
        let sign1 = LEDGER.say("certify", ISSUER_KEY, ISSUER, sub, &body);
        refuse(&format!("subject_{name}"), code, &sign1, ISSUER_KEY)
    };
    let root = batch.root().to_string();
    vec![
        case("of_a_batch_is_a_document", "subject", &batch, &document.to_string()),
        case("of_a_batch_is_another_root", "subject", &batch, &format!("batch:{}", "7".repeat(64))),
        case(
            "of_a_batch_in_upper_case",
            "subject",
            &batch,
            &format!("batch:{}", root.to_uppercase()),
        ),
        case("of_a_batch_without_prefix", "subject", &batch, &root),
        case("empty", "subject", &batch, ""),
        case(
            "of_one_document_is_a_batch",
            "fingerprint",
            &single,
            &format!("batch:{}", single.root()),
        ),
        case("of_one_document_is_another", "subject", &single, &stranger.to_string()),
        case(
            "of_one_document_in_upper_case",
            "fingerprint",
            &single,
            &document.to_string().replace("blake3", "BLAKE3"),
        ),
        case("of_one_document_of_reserved_kind", "fingerprint", &single, &reserved),
    ]
}

/// The genesis of the ledger, by hand.
pub fn genesis() -> Sign1 {
    with_genesis(|parts| parts)
}

fn with_genesis(change: fn([Item; 4]) -> [Item; 4]) -> Sign1 {
    genesis_by([SEAL, NOTE, OPERATOR, RECOVERY], change)
}

/// The seal key is the note key too.
pub fn genesis_with_one_key() -> Statement {
    let genesis = genesis_by([SEAL, SEAL, OPERATOR, RECOVERY], |parts| parts);
    Statement::decode(&genesis.sign(&key(OPERATOR))).unwrap()
}

fn genesis_by(seeds: [u8; 4], change: fn([Item; 4]) -> [Item; 4]) -> Sign1 {
    let random = [42; 32];
    let listed = |(r#use, seed): (Use, u8)| {
        let held = prove_possession(&key(seed), r#use, ORIGIN, 1, &random);
        array(&[text(r#use.name()), key(seed).public().to_cose(), bytes(&held)])
    };
    let keys: Vec<_> = Use::LEDGER.into_iter().zip(seeds).map(listed).collect();
    let parts = [bytes(&random), int(1), array(&keys), payload(&[int(65_536)])];
    Sign1::new(&key(OPERATOR), payload(&change(parts)))
        .with(3, text(&content("genesis")))
        .with(15, claims(ORIGIN, "genesis", None, TIME_S))
}

fn genesis_fields() -> Vec<Vector> {
    assert_eq!(genesis().sign(&key(OPERATOR)), LEDGER.entry(0).entry());
    let case = |name: &str, code: &str, sign1: &Sign1| {
        refuse(&format!("genesis_{name}"), code, sign1, OPERATOR)
    };
    let with = |name: &str, code: &str, change| case(name, code, &with_genesis(change));
    let subject = genesis().with(15, claims(ORIGIN, "ledger", None, TIME_S));
    vec![
        with("of_version_2", "version", |[r, _, k, p]| [r, int(2), k, p]),
        with("of_version_0", "version", |[r, _, k, p]| [r, int(0), k, p]),
        with("random_of_31_bytes", "malformed", |[_, v, k, p]| [bytes(&[42; 31]), v, k, p]),
        with("without_keys", "malformed", |[r, v, _, p]| [r, v, array(&[]), p]),
        with("first_key_for_another_use", "field", |[r, v, k, p]| {
            [r, v, [&k[..2], &text("note-ml-dsa"), &k[7..]].concat(), p]
        }),
        with("of_version_minus_1", "malformed", |[r, _, k, p]| [r, int(-1), k, p]),
        with("first_key_for_another_use_and_weak", "field", |[r, v, k, p]| {
            [r, v, [&k[..2], &text("note"), &k[7..15], &[0; 32], &k[47..]].concat(), p]
        })
        .why("the use is read before the key"),
        with("first_key_weak", "weak-key", |[r, v, k, p]| {
            [r, v, [&k[..15], &[0; 32], &k[47..]].concat(), p]
        }),
        with("list_count_max_0", "field", |[r, v, k, _]| [r, v, k, payload(&[int(0)])]),
        with("list_count_max_65537", "field", |[r, v, k, _]| [r, v, k, payload(&[int(65_537)])]),
        with("policy_with_a_second_field", "malformed", |[r, v, k, _]| {
            [r, v, k, payload(&[int(65_536), int(1)])]
        }),
        case("of_another_subject", "subject", &subject),
    ]
}

/// The fields of the enrollment, by hand: seq, id, legal name, country, registration, key.
fn enrollment() -> [Item; 6] {
    let held = LEDGER.possession(ISSUER_KEY, "issuer", &ISSUER, 1).sign(&key(ISSUER_KEY));
    let key = array(&[key(ISSUER_KEY).public().to_cose(), bytes(&held)]);
    let [name, country, number] = ["Énergie du Ponant", "FR", "123456789"].map(text);
    [int(1), text(ISSUER), name, country, number, key]
}

fn enroll(at: usize, field: Item) -> Sign1 {
    let mut fields = enrollment();
    fields[at] = field;
    let sub = format!("issuer:{ISSUER}");
    LEDGER.say("enroll", OPERATOR, ORIGIN, &sub, &payload(&fields))
}

fn enroll_fields() -> Vec<Vector> {
    assert_eq!(enroll(0, int(1)).sign(&key(OPERATOR)), LEDGER.entry(2).entry());
    let case = |name: &str, code: &str, at: usize, field: Item| {
        refuse(&format!("enroll_{name}"), code, &enroll(at, field), OPERATOR)
    };
    let cose = key(ISSUER_KEY).public().to_cose();
    let [.., listed] = enrollment();
    let key_is = |key: &[u8]| replace(&listed, &cose, key);
    let more = [&[0xa4], &cose[1..5], &[3, 0x27], &cose[5..]].concat();
    let x25519 = replace(&cose, &[0x20, 6], &[0x20, 4]);
    let mut weak = cose.clone();
    weak[cose.len() - 32..].copy_from_slice(&[&[1][..], &[0; 31]].concat());
    let long = [&cose[..6], &[0x58, 33, 0], &cose[8..]].concat();
    let other = claims(ORIGIN, "issuer:telecom.example", Some(&LEDGER.id.audience()), TIME_S);
    let invisible = INVISIBLE.map(|c| {
        let name = format!("legal_name_with_u{:04x}", u32::from(c));
        case(&name, "field", 2, text(&format!("Éner{c}gie")))
    });
    let all = vec![
        case("seq_negative", "malformed", 0, int(-1)),
        case("seq_0", "ok", 0, int(0)).why("which number is the next only the registry knows"),
        case("id_upper_case", "field", 1, text("Energie.example")),
        case("id_of_one_label", "field", 1, text("energie")),
        case("id_with_a_final_dot", "field", 1, text("energie.example.")),
        case("id_of_254_bytes", "field", 1, text(&["a.".repeat(126), "ab".into()].concat())),
        case(
            "id_with_a_label_of_64_bytes",
            "field",
            1,
            text(&format!("{}.example", "a".repeat(64))),
        ),
        case("id_with_a_hyphen_first", "field", 1, text("-energie.example")),
        case("id_with_a_hyphen_last", "field", 1, text("energie-.example")),
        case("id_with_a_hyphen_last_of_all", "field", 1, text("energie.example-")),
        case("legal_name_of_one_byte", "ok", 2, text("A")),
        case("legal_name_of_200_bytes", "ok", 2, text(&"a".repeat(200))),
        case("legal_name_of_200_characters", "field", 2, text(&"é".repeat(200)))
            .why("the limit is of bytes"),
        case("legal_name_with_neighbours_of_what_is_refused", "ok", 2, {
            text("É\u{a0}\u{ae}\u{200a}\u{2010}\u{2027}\u{202f}\u{205f}\u{2070}\u{fff8}\u{fffc}é")
        }),
        case("legal_name_with_an_em_space_last", "field", 2, text("Énergie\u{2003}")),
        case("legal_name_with_a_wide_space_last", "field", 2, text("Énergie\u{3000}")),
        case("legal_name_empty", "field", 2, text("")),
        case("legal_name_of_201_bytes", "field", 2, text(&"a".repeat(201))),
        case("legal_name_with_a_blank_at_its_end", "field", 2, text("Énergie ")),
        case("legal_name_with_a_no_break_space_first", "field", 2, text("\u{a0}Énergie")),
        case("legal_name_with_a_newline", "field", 2, text("Énergie\ndu Ponant")),
        case("legal_name_with_a_zero_width_space", "field", 2, text("Éner\u{200b}gie")),
        case("legal_name_with_a_direction_mark", "field", 2, text("Éner\u{202e}gie")),
        case("legal_name_with_a_soft_hyphen", "field", 2, text("Éner\u{ad}gie")),
        case("country_not_assigned", "ok", 3, text("QQ"))
            .why("which codes are assigned changes: that is for the operator to look after"),
        case("country_of_one_letter", "field", 3, text("F")),
        case("country_of_a_digit", "field", 3, text("F1")),
        case("country_lower_case", "field", 3, text("fr")),
        case("country_of_three_letters", "field", 3, text("FRA")),
        case("registration_lower_case", "field", 4, text("fr123")),
        case(
            "registration_of_all_that_is_allowed",
            "ok",
            4,
            text("AZ-09.AZ-09.AZ-09.AZ-09.AZ-09.AZ"),
        ),
        case("registration_empty", "field", 4, text("")),
        case("registration_with_a_blank", "field", 4, text("123 456")),
        case("registration_of_33_bytes", "field", 4, text(&"1".repeat(33))),
        case("key_of_small_order", "weak-key", 5, key_is(&weak)),
        case("key_with_alg", "malformed", 5, key_is(&more)),
        case("key_for_x25519", "malformed", 5, key_is(&x25519)),
        case("key_with_x_of_33_bytes", "malformed", 5, key_is(&long)),
        case("key_as_an_empty_map", "malformed", 5, key_is(&map(&[]))),
        case("key_for_x25519_of_small_order", "weak-key", 5, {
            key_is(&replace(&weak, &[0x20, 6], &[0x20, 4]))
        })
        .why("the last 32 bytes are taken as a key before the form is looked at"),
        case("key_without_possession", "malformed", 5, array(&[cose])),
        refuse(
            "enroll_of_another_subject",
            "subject",
            &enroll(0, int(1)).with(15, other),
            OPERATOR,
        ),
    ];
    all.into_iter().chain(invisible).collect()
}

/// Both ends of each range of code points that a legal name must not have.
const INVISIBLE: [char; 17] = [
    '\0', '\u{1f}', '\u{7f}', '\u{80}', '\u{9f}', '\u{ad}', '\u{200b}', '\u{200f}', '\u{2028}',
    '\u{2029}', '\u{202e}', '\u{2060}', '\u{206f}', '\u{feff}', '\u{fff9}', '\u{fffa}', '\u{fffb}',
];

/// The next block statement, by hand: its fields, and what it is signed as.
fn block_parts() -> (String, [Item; 7]) {
    let block = LEDGER.header(&[]);
    let fields = [
        int(block.height as i64),
        bytes(&block.previous.0),
        int(block.first as i64),
        int(block.size as i64),
        int(block.documents as i64),
        int(block.time_ms as i64),
        bytes(&block.status.0),
    ];
    (format!("block:{}", block.height), fields)
}

pub fn block() -> Sign1 {
    let (sub, fields) = block_parts();
    LEDGER.say("block", SEAL, ORIGIN, &sub, &payload(&fields))
}

fn block_fields() -> Vec<Vector> {
    let (sub, fields) = block_parts();
    let statement = LEDGER.block(LEDGER.header(&[]), vec![]).statement().clone();
    assert_eq!(block().sign(&key(SEAL)), statement.entry());
    let case = |name: &str, code: &str, sub: &str, fields: &[Item]| {
        let sign1 = LEDGER.say("block", SEAL, ORIGIN, sub, &payload(fields));
        refuse(&format!("block_{name}"), code, &sign1, SEAL)
    };
    let number = sub.strip_prefix("block:").unwrap();
    vec![
        case("subject_with_a_leading_zero", "subject", &format!("block:0{number}"), &fields),
        case("subject_of_another_height", "subject", "block:0", &fields),
        case("without_status_root", "malformed", &sub, &fields[..6]),
        case("with_an_eighth_field", "malformed", &sub, &[&fields[..], &[int(0)]].concat()),
    ]
}

/// Reads an entry of so many bytes, all but a few of them a possession: too long to store.
pub fn entry_of(length: usize) -> Result<(), Rejected> {
    let mut enrollment = LEDGER.enrollment("gaz.example", OTHER_KEY);
    let mut entry = |possession: usize| {
        enrollment.possession = vec![0; possession];
        LEDGER.sign(OPERATOR, ORIGIN, Body::Enroll(enrollment.clone()))
    };
    let others = entry(length - 1000).entry().len() - (length - 1000);
    let entry = entry(length - others);
    assert_eq!(entry.entry().len(), length);
    Statement::decode(entry.entry()).map(drop)
}
