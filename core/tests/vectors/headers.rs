//! Headers outside the closed sets (format.md 5.1), each signed as it stands.

use probant_core::{LABEL_LIST, Rejected, Statement};

use crate::{
    entries::certify,
    ledger::{
        ISSUER, ISSUER_KEY, LEDGER, OPERATOR, ORIGIN, PDF, SEAL, TIME_S, content, document, key,
        list,
    },
    payloads::{self, genesis},
    raw::{Item, NIL, Sign1, array, bytes, claims, int, map, text},
    vector::{Vector, refused},
};

pub fn all() -> Vec<Vector> {
    [algorithms(), labels(), claim_sets(), envelopes(), unprotected(), kinds()].concat()
}

fn refuse(name: &str, code: &str, sign1: &Sign1) -> Vector {
    refused(format!("entry_{name}"), code, sign1.sign(&key(ISSUER_KEY)))
}

fn algorithms() -> Vec<Vector> {
    let alg = |name: &str, code: &str, value: Item| refuse(name, code, &certify().with(1, value));
    vec![
        alg("alg_es256", "algorithm", int(-7)),
        alg("alg_ed25519_of_rfc_9864", "algorithm", int(-19))
            .why("fully specified, and still refused: one number for one algorithm"),
        alg("alg_is_text", "algorithm", text("EdDSA")),
        alg("alg_private", "algorithm", int(-70_000)),
        alg("alg_not_registered", "algorithm", int(-999)),
        alg("alg_positive", "algorithm", int(8)),
        alg("alg_text_of_minus_8", "algorithm", text("-8")),
        alg("alg_is_bytes", "header", bytes(&[8])),
        alg("alg_is_null", "header", NIL.to_vec()),
        refuse("alg_es256_and_kid_missing", "algorithm", &certify().with(1, int(-7)).without(4)),
        refuse("alg_missing", "header", &certify().without(1)),
    ]
}

fn labels() -> Vec<Vector> {
    let with =
        |name: &str, label: i64, value: Item| refuse(name, "header", &certify().with(label, value));
    let kid = key(ISSUER_KEY).public().kid().0;
    vec![
        with("with_crit", 2, array(&[int(4)])),
        with("with_iv", 5, bytes(&[1; 12])),
        with("with_typ", 16, text("application/pdf")),
        with("with_x5chain", 33, bytes(&[0x30; 40])),
        with("with_x5t", 34, array(&[int(-16), bytes(&[1; 32])])),
        with("with_timestamp", 269, bytes(&[0x30; 40])),
        with("with_receipts_protected", 394, array(&[])),
        with("with_vds", 395, int(1)),
        with("with_proofs_protected", 396, map(&[])),
        with("with_a_private_label", LABEL_LIST, bytes(&[])),
        with("kid_of_31_bytes", 4, bytes(&kid[..31])),
        with("kid_of_33_bytes", 4, bytes(&[&kid[..], &[0]].concat())),
        with("content_type_is_a_number", 3, int(60)),
        with("content_type_is_an_unregistered_number", 3, int(999_999)),
        with("with_partial_iv", 6, bytes(&[1])),
        with("with_a_countersignature", 7, bytes(&[1])),
        refuse("with_a_text_label_kid", "header", &certify().with_text_label("kid", bytes(&kid))),
        refuse("kid_empty", "header", &certify().with(4, bytes(&[]))),
        refuse("kid_is_text", "header", &certify().with(4, text("facture"))),
        refuse("kid_missing", "header", &certify().without(4)),
        refuse("claims_missing", "header", &certify().without(15)),
        refuse("content_type_missing", "header", &certify().without(3)),
        refuse("payload_nil", "malformed", &certify().detached())
            .why("the signature is over the payload that is not there"),
        refuse("that_is_a_seal", "malformed", &certify().without(3).with(395, int(1)).detached()),
        refuse("that_is_a_seal_with_payload", "header", &certify().without(3).with(395, int(1))),
        refuse(
            "that_is_a_possession",
            "header",
            &LEDGER.possession(ISSUER_KEY, "issuer", &ISSUER, 1),
        ),
        refused("entry_block_with_the_header_of_a_seal", "header", {
            payloads::block().without(3).with(395, int(1)).sign(&key(SEAL))
        }),
    ]
}

fn claim_sets() -> Vec<Vector> {
    let aud = LEDGER.id.audience();
    let sub = list(1).iter().next().unwrap().to_string();
    let (iss_, sub_, aud_, iat_) =
        ((1, text(ISSUER)), (2, text(&sub)), (3, text(&aud)), (6, int(TIME_S)));
    let set = |name: &str, pairs: &[(i64, Item)]| {
        refuse(&format!("claims_{name}"), "header", &certify().with(15, map(pairs)))
    };
    let genesis = genesis().with(15, claims(ORIGIN, "genesis", Some(&aud), TIME_S));
    vec![
        set("without_iss", &[sub_.clone(), aud_.clone(), iat_.clone()]),
        set("without_sub", &[iss_.clone(), aud_.clone(), iat_.clone()]),
        set("without_aud", &[iss_.clone(), sub_.clone(), iat_.clone()]),
        set("without_iat", &[iss_.clone(), sub_.clone(), aud_.clone()]),
        set("with_exp", &[iss_.clone(), sub_.clone(), aud_.clone(), (4, int(1)), iat_.clone()]),
        set(
            "with_cti",
            &[iss_.clone(), sub_.clone(), aud_.clone(), iat_.clone(), (7, bytes(&[1]))],
        ),
        set("with_exp_for_aud", &[iss_.clone(), sub_.clone(), (4, text(&aud)), iat_.clone()]),
        set("aud_is_an_array", &[iss_, sub_, (3, array(&[text(&aud)])), iat_]),
        set("empty", &[]),
        refuse("claims_are_an_array", "header", &certify().with(15, array(&[]))),
        refused("entry_genesis_with_aud", "header", genesis.sign(&key(OPERATOR))),
    ]
}

fn envelopes() -> Vec<Vector> {
    let case =
        |name: &str, code: &str, sign1: Sign1| refuse(&format!("envelope_{name}"), code, &sign1);
    let envelope = || LEDGER.envelope();
    let blake3 = list(1).iter().next().unwrap();
    let aud = LEDGER.id.audience();
    let for_blake3 = claims(ISSUER, &blake3.to_string(), Some(&aud), TIME_S);
    let sha_256 = document(7).sha256;
    let upper = format!("sha-256:{}", hex::encode_upper(sha_256.digest()));
    let upper = claims(ISSUER, &upper, Some(&aud), TIME_S);
    vec![
        case("with_content_type", "header", envelope().with(3, text(PDF))),
        case(
            "with_the_content_type_of_certify",
            "header",
            envelope().with(3, text(&content("certify"))),
        ),
        case("with_location", "header", envelope().with(260, text("https://a.example"))),
        case("of_sha_384", "header", envelope().with(258, int(-43))),
        case("without_hash_algorithm", "header", envelope().without(258)),
        case("without_media_type", "header", envelope().without(259)),
        case("media_type_is_a_number", "header", envelope().with(259, int(60))),
        case("media_type_outside_the_list", "field", envelope().with(259, text("text/rtf"))),
        case("of_31_bytes", "field", envelope().payload(vec![7; 31])),
        case("of_another_digest", "subject", envelope().payload(vec![7; 32])),
        case("subject_in_upper_case", "subject", envelope().with(15, upper)),
        case("subject_is_blake3", "subject", envelope().with(15, for_blake3)),
        case("payload_nil", "malformed", envelope().detached()),
    ]
}

fn unprotected() -> Vec<Vector> {
    let with = |name: &str, pairs: &[(i64, Item)]| {
        refuse(&format!("unprotected_{name}"), "header", &certify().unprotected(map(pairs)))
    };
    let nested = |depth: usize| [vec![0x81; depth - 1], vec![0x80]].concat();
    let too_deep = certify().unprotected(map(&[(LABEL_LIST, nested(11))]));
    vec![
        with("kid", &[(4, bytes(&key(ISSUER_KEY).public().kid().0))]),
        with("alg", &[(1, int(-8))]),
        with("timestamp", &[(270, bytes(&[0x30; 40]))]),
        with("receipts", &[(394, array(&[bytes(&[0])]))]),
        with("list", &[(LABEL_LIST, bytes(list(1).as_bytes()))])
            .why("a submission may, an entry may not: its unprotected header is empty"),
        with("nested_12_deep", &[(LABEL_LIST, nested(10))])
            .why("tag, array and map are the first three; so deep is read, and then refused"),
        refuse("unprotected_nested_13_deep", "malformed", &too_deep),
        refuse("unprotected_is_an_array", "malformed", &certify().unprotected(array(&[]))),
    ]
}

fn kinds() -> Vec<Vector> {
    let strange = [
        ("kind_withdraw", content("withdraw")),
        ("kind_unknown", content("transfer")),
        ("kind_possession", content("possession")),
        ("kind_upper_case", content("Certify")),
        ("kind_with_parameter", format!("{};v=2", content("certify"))),
        ("kind_of_another_vendor", "application/pdf".into()),
    ]
    .map(|(name, content)| refuse(name, "unknown-kind", &certify().with(3, text(&content))));
    strange.into()
}

/// Reads an entry whose protected header is so many zero bytes: too long to store.
pub fn of_zeros(length: usize) -> Result<(), Rejected> {
    Statement::decode(&certify().sign_as(&key(ISSUER_KEY), &vec![0; length])).map(drop)
}
