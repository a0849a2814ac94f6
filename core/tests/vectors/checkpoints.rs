//! Checkpoints (format.md 8.3): C2SP signed notes, here as the hex of their UTF-8.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use probant_core::{Rejected, checkpoint::Checkpoint};

use crate::{
    ledger::{LEDGER, NOTE, ORIGIN, SEAL, STRANGER, key},
    vector::{Vector, refused},
};

pub fn all() -> Vec<Vector> {
    [good_ones(), texts(), encodings(), signatures()].concat()
}

pub fn checkpoint() -> Checkpoint {
    let (size, index) = (12, 0);
    let root = LEDGER.receipt(index).root(LEDGER.entry(index).leaf()).unwrap();
    Checkpoint { origin: ORIGIN.parse().unwrap(), size, root }
}

pub fn note() -> String {
    checkpoint().sign(&key(NOTE))
}

fn case(name: &str, code: &str, note: impl AsRef<[u8]>) -> Vector {
    refused(format!("checkpoint_{name}"), code, note)
        .with("origin", ORIGIN)
        .with("key", hex::encode(key(NOTE).public().as_bytes()))
}

/// A line by nobody known: key id 0, and what could be a signature.
fn stranger(name: &str, bytes: usize) -> String {
    format!("\u{2014} {name} {}\n", STANDARD.encode(vec![0; 4 + bytes]))
}

fn good_ones() -> Vec<Vector> {
    let with = |name: &str, more: String| case(name, "ok", note() + &more);
    let many = (0..20).map(|number| stranger(&format!("witness{number}.example"), 72));
    let rotated = checkpoint().sign(&key(STRANGER));
    let line = rotated.lines().last().unwrap();
    vec![
        case("good", "ok", note()).with("size", 12).with("root", checkpoint().root),
        with("with_a_cosignature", stranger("witness.example", 72)),
        with("with_20_cosignatures", many.collect()),
        with("with_a_post_quantum_signature", stranger(ORIGIN, 2420 + 8)),
        with("signed_by_another_key_too", format!("{line}\n"))
            .why("same name, another key id: unknown, so ignored"),
    ]
}

fn texts() -> Vec<Vector> {
    let swap = |name: &str, code: &str, from: &str, to: &str| {
        assert!(note().contains(from), "{name}");
        case(name, code, note().replacen(from, to, 1))
    };
    // Signed as it stands, so that the form alone is at fault.
    let signed = |name: &str, code: &str, text: &str| {
        let signature = key(NOTE).sign(text.as_bytes());
        let good = note();
        let line = good.lines().last().unwrap().rsplit_once(' ').unwrap();
        let id = &STANDARD.decode(line.1).unwrap()[..4];
        let line = format!("{} {}", line.0, STANDARD.encode([id, &signature].concat()));
        case(name, code, format!("{text}\n{line}\n"))
    };
    let with = |name: &str, by: &str, bytes: usize| {
        case(name, "checkpoint", note() + &stranger(by, bytes))
    };
    let text = note().split_once("\n\n").unwrap().0.to_owned() + "\n";
    let root = STANDARD.encode(checkpoint().root.0);
    let url_safe = STANDARD.encode([0xff; 32]).replace('/', "_");
    vec![
        signed("size_with_a_leading_zero", "checkpoint", &text.replace("\n12\n", "\n012\n")),
        signed("size_0", "checkpoint", &text.replace("\n12\n", "\n0\n")),
        signed("size_1", "checkpoint", &text.replace("\n12\n", "\n1\n"))
            .why("block 0 has two entries: no tree is smaller"),
        signed("size_2", "ok", &text.replace("\n12\n", "\n2\n")),
        signed(
            "size_18446744073709551615",
            "ok",
            &text.replace("\n12\n", "\n18446744073709551615\n"),
        ),
        signed("size_with_a_blank", "checkpoint", &text.replace("\n12\n", "\n12 \n")),
        signed("with_an_empty_line_in_its_text", "checkpoint", &format!("{text}\n"))
            .why("text and signatures are parted by the last empty line"),
        signed("root_url_safe", "checkpoint", &text.replace(&root, &url_safe)),
        case("with_an_empty_line_after", "checkpoint", note() + "\n"),
        swap("with_a_control_character_of_c1", "checkpoint", "\u{2014} ", "\u{2014}\u{85}"),
        with("with_a_foreign_name_that_has_a_control_character", "wit\u{85}ness.example", 72),
        with("with_a_foreign_name_that_has_a_wide_space", "wit\u{3000}ness.example", 72),
        with("with_a_foreign_name_that_has_a_plus", "wit+ness.example", 72),
        with("with_a_foreign_name_that_is_empty", "", 72),
        with("with_a_foreign_signature_of_no_bytes", "witness.example", 0),
        signed("size_with_a_plus", "checkpoint", &text.replace("\n12\n", "\n+12\n")),
        signed("size_negative", "checkpoint", &text.replace("\n12\n", "\n-12\n")),
        signed(
            "size_beyond_64_bits",
            "checkpoint",
            &text.replace("\n12\n", "\n18446744073709551616\n"),
        ),
        signed("size_empty", "checkpoint", &text.replace("\n12\n", "\n\n")),
        signed("of_another_origin", "checkpoint", &text.replace(ORIGIN, "petit.example")),
        signed(
            "of_an_origin_with_scheme",
            "origin",
            &text.replace(ORIGIN, &format!("https://{ORIGIN}")),
        ),
        signed("of_an_origin_upper_case", "origin", &text.replace(ORIGIN, &ORIGIN.to_uppercase())),
        signed("root_of_31_bytes", "checkpoint", &text.replace(&root, &STANDARD.encode([7; 31]))),
        signed(
            "root_without_padding",
            "checkpoint",
            &text.replace(&root, root.trim_end_matches('=')),
        ),
        signed("root_in_hex", "checkpoint", &text.replace(&root, &checkpoint().root.to_string())),
        signed("with_an_extension_line", "checkpoint", &format!("{text}extra\n"))
            .why("a reader of C2SP must allow extension lines; this ledger never writes any"),
        signed("without_root", "checkpoint", &format!("{ORIGIN}\n12\n")),
        signed("with_carriage_returns", "checkpoint", &text.replace('\n', "\r\n")),
        swap("without_blank_line", "checkpoint", "\n\n", "\n"),
        swap("with_a_hyphen_for_the_dash", "checkpoint", "\u{2014} ", "- "),
        case("without_signatures", "checkpoint", text.clone()),
        case("with_no_signature_line", "checkpoint", format!("{text}\n")),
        case("without_final_newline", "checkpoint", note().trim_end()),
        case("empty", "checkpoint", ""),
    ]
}

/// The base64 with the last of its unused bits set: other text for the same bytes.
fn with_an_unused_bit(base64: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = base64.trim_end_matches('=');
    let (before, last) = digits.split_at(digits.len() - 1);
    let next = ALPHABET.find(last).unwrap() + 1;
    format!("{before}{}{}", &ALPHABET[next..=next], &base64[digits.len()..])
}

/// Bits that are not used, and characters that no note has.
fn encodings() -> Vec<Vector> {
    let good = note();
    let (text, line) = good.trim_end().rsplit_once('\n').unwrap();
    let (name, blob) = line.rsplit_once(' ').unwrap();
    let (before, root) = text.trim_end().rsplit_once('\n').unwrap();
    let text = format!("{before}\n{}\n", with_an_unused_bit(root));
    let id = &STANDARD.decode(blob).unwrap()[..4];
    let signed = |text: &str| {
        let blob = STANDARD.encode([id, &key(NOTE).sign(text.as_bytes())].concat());
        format!("{text}\n{name} {blob}\n")
    };
    let foreign = |bytes: usize| {
        let line = stranger("witness.example", bytes);
        let (name, blob) = line.trim_end().rsplit_once(' ').unwrap();
        format!("{good}{name} {}\n", with_an_unused_bit(blob))
    };
    let controls =
        ['\u{0}', '\u{1}', '\t', '\r', '\u{1f}', '\u{7f}', '\u{80}', '\u{9f}'].map(|c| {
            let name = format!("with_a_foreign_name_that_has_u{:04x}", u32::from(c));
            case(
                &name,
                "checkpoint",
                format!("{good}{}", stranger(&format!("wit{c}ness.example"), 72)),
            )
        });
    let no_text = [good.as_bytes(), "\u{2014} wit".as_bytes(), &[0xff], b"ness.example AAAAAAA=\n"];
    let cut = &good.as_bytes()[..=good.len() - line.len()];
    let size_0 = before.replace("\n12", "\n0").replace(ORIGIN, "https://ledger.example");
    let others = vec![
        case("root_with_an_unused_bit_set", "checkpoint", signed(&text)),
        case("signature_with_an_unused_bit_set", "checkpoint", {
            good.replace(blob, &with_an_unused_bit(blob))
        }),
        case("foreign_signature_with_an_unused_bit_set", "checkpoint", foreign(64)),
        case("with_a_foreign_name_that_has_no_control_character", "ok", {
            format!("{good}{}", stranger("wit\u{ad}ness~.example", 72))
        }),
        case("that_is_not_utf_8", "checkpoint", no_text.concat()),
        case("cut_within_a_character", "checkpoint", cut),
        case(
            "size_0_of_an_origin_with_scheme",
            "checkpoint",
            signed(&format!("{size_0}\n{root}\n")),
        )
        .why("the size is read before the origin"),
        case("root_of_no_bytes_of_an_origin_with_scheme", "checkpoint", {
            signed(&format!("{}\n\n", before.replace(ORIGIN, "https://ledger.example")))
        }),
        case("of_an_origin_with_scheme_and_a_bad_line", "origin", {
            let text = format!("{before}\n{root}\n").replace(ORIGIN, "https://ledger.example");
            format!("{text}\nwitness\n")
        }),
    ];
    [others, controls.into()].concat()
}

fn signatures() -> Vec<Vector> {
    let good = note();
    let (text, line) = good.trim_end().rsplit_once('\n').unwrap();
    let (name, blob) = line.rsplit_once(' ').unwrap();
    let mut blob = STANDARD.decode(blob).unwrap();
    *blob.last_mut().unwrap() ^= 1;
    let bad = format!("{name} {}", STANDARD.encode(&blob));
    let with = |name: &str, code: &str, lines: &str| case(name, code, format!("{text}\n{lines}\n"));
    let short = format!("{name} {}", STANDARD.encode(&blob[..67]));
    vec![
        with("signature_bad", "signature", &bad),
        with("signature_good_then_bad", "signature", &format!("{line}\n{bad}"))
            .why("a known key whose signature fails spoils the note"),
        with("signature_bad_then_good", "signature", &format!("{bad}\n{line}")),
        with("signature_twice", "ok", &format!("{line}\n{line}")),
        with("signature_under_another_name_then_good", "ok", &{
            format!("{}\n{line}", bad.replace(ORIGIN, "witness.example"))
        })
        .why("the key id alone does not make it ours"),
        with("signature_under_another_name", "signature", &line.replace(ORIGIN, "witness.example")),
        with("signature_good_then_not_base64", "checkpoint", &{
            format!("{line}\n\u{2014} witness.example ????")
        }),
        with("signature_good_then_no_signature_line", "checkpoint", &format!("{line}\nwitness")),
        with("signature_with_two_blanks", "checkpoint", &line.replacen(' ', "  ", 1)),
        with("signature_with_a_blank_at_its_end", "checkpoint", &format!("{line} ")),
        with("signature_of_a_foreigner_of_one_byte", "ok", &{
            format!("{line}\n{}", stranger("témoin", 1).trim_end())
        }),
        with("signature_short", "signature", &short),
        with("signature_not_base64", "checkpoint", &format!("{name} ????")),
        with("signature_missing_its_name", "checkpoint", "\u{2014} AAAAAAAA"),
        with("signed_by_strangers_only", "signature", stranger("witness.example", 72).trim_end()),
        case("signed_by_the_seal_key", "signature", checkpoint().sign(&key(SEAL))),
    ]
}

/// Opens a note of so many bytes: too long to store.
pub fn padded(length: usize) -> Result<(), Rejected> {
    let note = note() + &"a".repeat(length - note().len());
    Checkpoint::open(&note, &ORIGIN.parse().unwrap(), key(NOTE).public()).map(drop)
}
