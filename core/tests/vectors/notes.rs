//! Verifier keys and cosigned notes (format.md 8.4, 8.5): of the ledger's checkpoint, by Ed25519
//! and by ML-DSA-44.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use probant_core::{
    checkpoint::{Checkpoint, verifier_key},
    cosignature::{Cosigner, TIME_S_MAX},
    ml_dsa,
    note::Note,
};

use sha2::{Digest as _, Sha256};

use crate::{
    checkpoints::{checkpoint, note},
    ledger::{NOTE, ORIGIN, TIME_MS, key},
    vector::{Vector, refused},
};

/// When the first witness signs.
pub const WITNESSED_S: u64 = TIME_MS / 1000 + 100;
const C2SP_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const C2SP_NOTE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
    Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

pub fn all() -> Vec<Vector> {
    [keys(), strange_keys(), good_notes(), times(), spoiled()].concat()
}

/// The key of the ledger, as a policy names it.
pub fn ledger_key() -> String {
    verifier_key(&ORIGIN.parse().unwrap(), key(NOTE).public()).to_string()
}

/// An Ed25519 witness; the seed of its key is 32 times 170 and its number.
pub fn ed25519(number: u8) -> Cosigner {
    Cosigner::ed25519(&format!("witness{number}.example"), key(170 + number)).unwrap()
}

/// An ML-DSA-44 witness; the seed of its key is 32 times 180 and its number.
pub fn ml_dsa(number: u8) -> Cosigner {
    let key = ml_dsa::SigningKey::from_seed(&[180 + number; 32]);
    Cosigner::ml_dsa(&format!("witness{number}.example"), key).unwrap()
}

pub fn vkey(cosigner: &Cosigner) -> String {
    cosigner.verifier_key().to_string()
}

fn keys() -> Vec<Vector> {
    let good = |name: &str, key: String| {
        let parts: Vec<_> = key.splitn(3, '+').map(str::to_owned).collect();
        refused(format!("vkey_{name}"), "ok", key).with("name", &parts[0]).with("id", &parts[1])
    };
    vec![
        good("of_c2sp", C2SP_KEY.into()),
        good("of_the_ledger", ledger_key()),
        good("of_an_ed25519_witness", vkey(&ed25519(1))),
        good("of_an_ml_dsa_44_witness", vkey(&ml_dsa(1))),
        good("of_a_name_of_255_bytes", {
            vkey(&Cosigner::ed25519(&"w".repeat(255), key(171)).unwrap())
        }),
        good("of_a_name_beyond_ascii", vkey(&Cosigner::ed25519("témoin", key(171)).unwrap())),
    ]
}

fn strange_keys() -> Vec<Vector> {
    let bad = |name: &str, key: String| refused(format!("vkey_{name}"), "verifier-key", key);
    let good = vkey(&ed25519(1));
    // The base64 has a '+' too.
    let (name, rest) = good.split_once('+').unwrap();
    let (id, key) = rest.split_once('+').unwrap();
    let before = format!("{name}+{id}");
    let bytes = STANDARD.decode(key).unwrap();
    // The id is never looked at: the key is read first.
    let of = |bytes: &[u8]| format!("{before}+{}", STANDARD.encode(bytes));
    // With the key id of that name.
    let renamed = |name: &str| {
        let digest = Sha256::digest([name.as_bytes(), b"\n", &bytes].concat());
        format!("{name}+{}+{key}", hex::encode(&digest[..4]))
    };
    let typed = |kind: u8| of(&[&[kind], &bytes[1..]].concat());
    vec![
        bad("of_another_name", good.replace("witness1", "witness2")),
        bad("with_its_id_in_upper_case", good.replace(id, &id.to_uppercase())),
        bad("with_its_id_cut", good.replace(id, &id[..7])),
        bad("of_another_type", typed(1)).why("the type is in the key id"),
        bad("of_ecdsa", typed(2)),
        bad("of_type_0xff", typed(0xff)),
        bad("without_key", of(&[])),
        bad("of_31_bytes", of(&bytes[..32])),
        bad("of_33_bytes", of(&[&bytes[..], &[0]].concat())),
        bad("of_ml_dsa_44_of_32_bytes", typed(6)),
        bad("without_id", format!("{name}+{key}")),
        bad("without_name", good.replace(name, "")),
        bad("of_a_name_of_256_bytes", good.replace(name, &"w".repeat(256))),
        bad("of_a_name_with_a_blank", good.replace(name, "wit ness")),
        bad("of_a_name_with_a_wide_blank", renamed("wit\u{3000}ness")),
        bad("of_a_name_with_a_control_character", renamed("wit\u{7f}ness")),
        bad("without_padding", vkey(&ml_dsa(1)).trim_end_matches('=').into()),
        bad("with_a_newline", format!("{good}\n")),
        bad("empty", String::new()),
        refused("vkey_of_small_order", "weak-key", of(&[&[4], &[0; 32][..]].concat())),
    ]
}

fn case(name: &str, code: &str, note: impl AsRef<[u8]>, keys: &[String]) -> Vector {
    let vector = refused(format!("note_{name}"), code, note);
    keys.iter().fold(vector, |vector, key| vector.with("vkey", key))
}

/// With who signed, as `name seconds` in the order of the lines.
fn signed(name: &str, note: &str, keys: &[String], by: &[(&str, Option<u64>)]) -> Vector {
    let line = |vector: Vector, (name, time): &(&str, Option<u64>)| {
        let time = time.map_or("none".into(), |time| time.to_string());
        vector.with("signed", format!("{name} {time}"))
    };
    by.iter().fold(case(name, "ok", note, keys), line)
}

/// The ledger's note with these lines after it.
pub fn cosigned(lines: impl IntoIterator<Item = String>) -> String {
    note() + &lines.into_iter().collect::<String>()
}

fn at(cosigner: &Cosigner, time_s: u64) -> String {
    cosigner.cosign(&checkpoint(), time_s)
}

fn good_notes() -> Vec<Vector> {
    let (one, two) = (ed25519(1), ml_dsa(2));
    let known = [ledger_key(), vkey(&one), vkey(&two)];
    let both = cosigned([at(&one, WITNESSED_S), at(&two, WITNESSED_S + 1)]);
    let by_one = ("witness1.example", Some(WITNESSED_S));
    let by_two = ("witness2.example", Some(WITNESSED_S + 1));
    let twelve = (1..=12).map(|number| at(&ml_dsa(number), WITNESSED_S));
    let names = (1..=12).map(|number| format!("witness{number}.example")).collect::<Vec<_>>();
    let by_twelve: Vec<_> = names.iter().map(|name| (name.as_str(), Some(WITNESSED_S))).collect();
    let text = "one\n\ntwo\n";
    let line = [&verifier_key(&ORIGIN.parse().unwrap(), key(NOTE).public()).id()[..], &{
        key(NOTE).sign(text.as_bytes())
    }]
    .concat();
    let with_an_empty_line = format!("{text}\n\u{2014} {ORIGIN} {}\n", STANDARD.encode(line));
    let sixteen = (1..=16).map(|number| at(&ed25519(number), WITNESSED_S));
    vec![
        signed("of_c2sp", C2SP_NOTE, &[C2SP_KEY.into()], &[("example.com/foo", None)])
            .why("the example of c2sp.org/signed-note: its text is no checkpoint"),
        signed("of_a_text_with_an_empty_line", &with_an_empty_line, &known, &[(ORIGIN, None)])
            .why("the last empty line parts text and signatures"),
        signed("by_two_witnesses", &both, &known, &[(ORIGIN, None), by_one, by_two]),
        signed("by_two_witnesses_one_known", &both, &[vkey(&two)], &[by_two]),
        signed(
            "by_one_witness_twice",
            &cosigned([at(&one, WITNESSED_S), at(&one, WITNESSED_S + 9)]),
            &[vkey(&one)],
            &[by_one, ("witness1.example", Some(WITNESSED_S + 9))],
        ),
        signed(
            "by_one_name_with_two_keys",
            &cosigned([at(&one, WITNESSED_S), at(&ml_dsa(1), WITNESSED_S)]),
            &[vkey(&one), vkey(&ml_dsa(1))],
            &[by_one, by_one],
        ),
        signed(
            "by_twelve_of_ml_dsa_44",
            &cosigned(twelve),
            &(1..=12).map(|number| vkey(&ml_dsa(number))).collect::<Vec<_>>(),
            &by_twelve,
        ),
        signed(
            "by_sixteen",
            &cosigned(sixteen),
            &[ledger_key(), vkey(&ed25519(16))],
            &[(ORIGIN, None), ("witness16.example", Some(WITNESSED_S))],
        ),
    ]
}

fn times() -> Vec<Vector> {
    let of = |name: &str, time_s: u64, said: Option<u64>| {
        [ed25519(1), ml_dsa(1)].map(|one| {
            let kind = if vkey(&one) == vkey(&ed25519(1)) { "ed25519" } else { "ml_dsa_44" };
            let note = cosigned([at(&one, time_s)]);
            let name = format!("{name}_by_{kind}");
            signed(&name, &note, &[vkey(&one)], &[("witness1.example", said)])
        })
    };
    [of("at_no_time", 0, None), of("at_the_end_of_time", TIME_S_MAX, Some(TIME_S_MAX))].concat()
}

/// A line of a witness with its blob changed.
fn bent(one: &Cosigner, change: impl Fn(&mut Vec<u8>)) -> String {
    let line = at(one, WITNESSED_S);
    let (name, blob) = line.trim_end().rsplit_once(' ').unwrap();
    let mut blob = STANDARD.decode(blob).unwrap();
    change(&mut blob);
    cosigned([format!("{name} {}\n", STANDARD.encode(blob))])
}

fn spoiled() -> Vec<Vector> {
    let mut all = Vec::new();
    for (kind, one) in [("ed25519", ed25519(1)), ("ml_dsa_44", ml_dsa(1))] {
        let known = [ledger_key(), vkey(&one)];
        let bad = |name: &str, code: &str, note: String| {
            case(&format!("{name}_of_{kind}"), code, note, &known)
        };
        let other = Checkpoint { size: 11, ..checkpoint() };
        let of_another_tree = cosigned([one.cosign(&other, WITNESSED_S)]);
        let text = checkpoint().text() + "extra\n";
        let line = at(&one, WITNESSED_S);
        all.extend([
            bad("with_another_time", "signature", bent(&one, |blob| blob[11] ^= 1)),
            bad("with_a_time_of_64_bits", "signature", bent(&one, |blob| blob[4] |= 0x80)),
            bad("with_a_bad_signature", "signature", bent(&one, |blob| blob[20] ^= 1)),
            bad("with_a_time_only", "signature", bent(&one, |blob| blob.truncate(12))),
            bad("with_half_a_time", "signature", bent(&one, |blob| blob.truncate(8))),
            bad("with_a_byte_too_many", "signature", bent(&one, |blob| blob.push(0))),
            bad("with_a_cosignature_of_another_tree", "signature", of_another_tree),
            case(
                &format!("with_a_good_one_then_one_of_another_tree_of_{kind}"),
                "signature",
                cosigned([line.clone(), one.cosign(&other, WITNESSED_S)]),
                &known,
            ),
            case(
                &format!("with_an_extension_line_cosigned_of_{kind}"),
                "checkpoint",
                format!("{text}\n{line}"),
                &[vkey(&one)],
            ),
        ]);
    }
    let two = Cosigner::ml_dsa("witness2.example", ml_dsa_key(1)).unwrap();
    let of_one = cosigned([at(&ml_dsa(1), WITNESSED_S)]);
    let renamed = Note::split(&of_one).unwrap().lines().last().unwrap().unwrap();
    let blob = [&two.verifier_key().id()[..], &renamed.signature].concat();
    let renamed = format!("\u{2014} witness2.example {}\n", STANDARD.encode(blob));
    let late = TIME_S_MAX + 1;
    let message = format!("cosignature/v1\ntime {late}\n{}", checkpoint().text());
    let one = ed25519(1);
    let blob =
        [&one.verifier_key().id()[..], &late.to_be_bytes(), &{ key(171).sign(message.as_bytes()) }]
            .concat();
    let late = format!("\u{2014} witness1.example {}\n", STANDARD.encode(blob));
    all.extend([
        case("signed_after_the_end_of_time", "signature", cosigned([late]), &[vkey(&one)])
            .why("the signature verifies, and the time is beyond 2^63 - 1"),
        case("by_another_name_of_ml_dsa_44", "signature", cosigned([renamed]), &[vkey(&two)])
            .why("the name is signed"),
        case(
            "by_strangers_only",
            "signature",
            cosigned([at(&ed25519(1), 1)]),
            &[vkey(&ed25519(2))],
        ),
        case("by_nobody_known", "signature", note(), &[]),
        case("by_an_unknown_key_then_no_line", "checkpoint", note() + "witness\n", &[ledger_key()]),
    ]);
    all
}

fn ml_dsa_key(number: u8) -> ml_dsa::SigningKey {
    ml_dsa::SigningKey::from_seed(&[180 + number; 32])
}
