//! Entries as bytes: every kind, and CBOR that is not deterministic (format.md 1 and 5.1).

use probant_core::Statement;

use crate::{
    ledger::{
        BATCH_OF_40, ENVELOPE, ISSUER, ISSUER_KEY, LEDGER, OPERATOR, SEAL, SINGLE, TIME_S, key,
        list,
    },
    raw::{Item, Sign1, array, bytes, int, map, payload, replace, tag, text},
    vector::{Vector, good, refused},
};

pub fn all() -> Vec<Vector> {
    [every_kind(), items(), protected_headers(), signatures()].concat()
}

/// The certification of one document, by hand; equal to what core signs.
pub fn certify() -> Sign1 {
    let (list, sub) = (list(1), list(1).iter().next().unwrap().to_string());
    let body = payload(&[bytes(&list.root().0), int(1), text("application/pdf")]);
    let certify = LEDGER.say("certify", ISSUER_KEY, ISSUER, &sub, &body);
    assert_eq!(certify.sign(&key(ISSUER_KEY)), LEDGER.entry(SINGLE).entry());
    certify
}

fn single() -> Item {
    LEDGER.entry(SINGLE).entry().to_vec()
}

fn every_kind() -> Vec<Vector> {
    let with = |name: &str, entry: &Statement, seed| {
        good(format!("entry_{name}"), entry.entry())
            .with("key", hex::encode(key(seed).public().as_bytes()))
            .with("leaf", entry.leaf())
    };
    vec![
        with("genesis", LEDGER.entry(0), OPERATOR),
        with("enroll", LEDGER.entry(2), OPERATOR),
        with("certify_a_batch", LEDGER.entry(BATCH_OF_40), ISSUER_KEY),
        with("certify_a_single_document", LEDGER.entry(SINGLE), ISSUER_KEY),
        with("certify_by_hash_envelope", LEDGER.entry(ENVELOPE), ISSUER_KEY),
        with("block", LEDGER.entry(8), SEAL),
    ]
}

/// The five items of the entry taken apart: tag, then array of protected, {}, payload, signature.
fn items() -> Vec<Vector> {
    let malformed = |name: &str, bytes: Item| refused(format!("entry_{name}"), "malformed", bytes);
    let entry = single();
    let (head, body) = (&entry[..2], &entry[2..]);
    assert_eq!(head, [0xd2, 0x84]);
    let (short, long) = ([0x58, 0x40], [0x59, 0x00, 0x40]);
    let signature_at = entry.len() - 66;
    let (before, signature) = (&entry[..signature_at], &entry[signature_at + 2..]);
    let nested = |depth: usize| {
        let deep = [vec![0x81; depth - 1], vec![0x80]].concat();
        [&[0x84][..], &deep, body].concat()
    };
    vec![
        malformed("empty", vec![]),
        malformed("that_ends_early", entry[..entry.len() - 1].to_vec()),
        malformed("with_a_byte_after", [&entry[..], &[0]].concat()),
        malformed("without_tag", entry[1..].to_vec()),
        malformed("with_tag_98", tag(98, &entry[1..])),
        malformed("with_tag_18_twice", tag(18, &entry)),
        malformed("with_tag_not_shortest", [&[0xd8, 0x12], &entry[1..]].concat()),
        malformed("of_three_items", [&[0xd2, 0x83][..], &entry[2..signature_at]].concat()),
        malformed("of_five_items", [&[0xd2, 0x85][..], body, &[0x40]].concat()),
        malformed("of_indefinite_length", [&[0xd2, 0x9f][..], body, &[0xff]].concat()),
        malformed(
            "signature_of_indefinite_length",
            [before, &[0x5f], &short, signature, &[0xff]].concat(),
        ),
        malformed("signature_length_not_shortest", [before, &long, signature].concat()),
        malformed("signature_length_huge", [before, &[0x5b], &[0xff; 8], signature].concat()),
        malformed("count_huge", [&[0xd2, 0x9b][..], &[0xff; 8], body].concat()),
        malformed("nested_4000_deep", tag(18, &nested(4000)))
            .why("refused before any meaning is sought"),
        malformed("of_text", text("facture")),
        malformed(
            "protected_not_wrapped",
            replace(&entry, &bytes(&certify().protected()), &certify().protected()),
        ),
    ]
}

/// Protected headers written wrong, and signed as they are.
fn protected_headers() -> Vec<Vector> {
    let (certify, issuer) = (certify(), key(ISSUER_KEY));
    let protected = certify.protected();
    let as_is = |name: &str, code: &str, protected: &[u8]| {
        refused(format!("entry_{name}"), code, certify.sign_as(&issuer, protected))
    };
    let swap = |from: &[u8], to: &[u8]| replace(&protected, from, to);
    let kid = [int(4), bytes(&issuer.public().kid().0)].concat();
    let content = [int(3), text("application/vnd.probant.certify+cbor")].concat();
    let both = [content.clone(), kid.clone()].concat();
    let (iat, iat_bytes) = ([int(6), int(TIME_S)].concat(), (TIME_S as u32).to_be_bytes());
    let with_iat = |item: &[u8]| swap(&iat, &[int(6), item.to_vec()].concat());
    let long = [&[0x1b, 0, 0, 0, 0][..], &iat_bytes].concat();
    let float = [&[0xfb][..], &1_790_000_000_f64.to_be_bytes()].concat();
    let one_more = |pair: &[u8]| [&[0xa5], &protected[1..], pair].concat();
    vec![
        as_is("protected_empty", "malformed", &[]),
        as_is("protected_map_empty", "header", &map(&[])),
        as_is("protected_is_an_array", "malformed", &array(&[int(1), int(-8)])),
        as_is("protected_with_a_byte_after", "malformed", &[&protected[..], &[0]].concat()),
        as_is("labels_unsorted", "malformed", &swap(&both, &[kid.clone(), content].concat())),
        as_is(
            "label_twice",
            "malformed",
            &[&[0xa5], &swap(&kid, &[kid.clone(), kid.clone()].concat())[1..]].concat(),
        ),
        as_is(
            "protected_of_indefinite_length",
            "malformed",
            &[&[0xbf], &protected[1..], &[0xff]].concat(),
        ),
        as_is("alg_not_shortest", "malformed", &swap(&[1, 0x27], &[1, 0x38, 7])),
        as_is("alg_as_bignum", "malformed", &swap(&[1, 0x27], &[1, 0xc3, 0x41, 7]))
            .why("tag 3: a second spelling of -8, which generic decoders read as the same number"),
        as_is("iat_not_shortest", "malformed", &with_iat(&long)),
        as_is("iat_as_bignum", "malformed", &with_iat(&tag(2, &bytes(&iat_bytes))))
            .why("tag 2: a second spelling of the same number"),
        as_is("iat_tagged", "malformed", &with_iat(&tag(1, &int(TIME_S)))),
        as_is("iat_is_a_float", "malformed", &with_iat(&float)),
        as_is("iat_negative", "header", &with_iat(&int(-1))),
        as_is("iat_is_true", "malformed", &with_iat(&[0xf5])),
        as_is("iat_is_undefined", "malformed", &with_iat(&[0xf7])),
        as_is("iat_is_text", "header", &with_iat(&text("1790000000"))),
        as_is(
            "iss_not_utf_8",
            "malformed",
            &swap(&text(ISSUER), &replace(&text(ISSUER), b"energie", b"\xc3nergie")),
        ),
        as_is(
            "iss_of_indefinite_length",
            "malformed",
            &swap(&text(ISSUER), &[&[0x7f], &text(ISSUER)[..], &[0xff]].concat()),
        ),
        as_is(
            "with_a_label_of_64_bits",
            "header",
            &one_more(&[&[0x1b][..], &[0xff; 8], &[0]].concat()),
        ),
        as_is("with_a_text_label", "header", &one_more(&[text("note"), text("")].concat())),
        as_is(
            "with_a_label_as_bignum",
            "malformed",
            &one_more(&[tag(2, &bytes(&[1; 8])), int(0)].concat()),
        ),
    ]
}

fn signatures() -> Vec<Vector> {
    let (certify, issuer) = (certify(), key(ISSUER_KEY));
    let protected = certify.protected();
    let public = hex::encode(issuer.public().as_bytes());
    let refuse = |name: &str, entry: Item| {
        refused(format!("entry_{name}"), "signature", entry).with("key", &public)
    };
    let entry = single();
    let signature = &entry[entry.len() - 64..];
    let other_protected = certify.clone().with(4, bytes(&key(OPERATOR).public().kid().0));
    vec![
        refuse("signed_by_another_key", certify.sign_as(&key(OPERATOR), &protected)),
        refuse("signature_of_63_bytes", certify.assemble(&protected, &signature[..63])),
        refuse("signature_empty", certify.assemble(&protected, &[])),
        refuse(
            "signature_of_other_headers",
            certify.assemble(&other_protected.protected(), signature),
        ),
        refuse(
            "signature_over_the_payload_alone",
            certify.assemble(&protected, &issuer.sign(&bytes(&list(1).root().0))),
        ),
    ]
}
