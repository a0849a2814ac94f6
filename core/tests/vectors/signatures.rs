//! Ed25519 where implementations disagree: each odd key and signature with the verdict of the one
//! predicate (format.md 4.2). The signatures are made by hand, from scalars and points.

use curve25519_dalek::{
    EdwardsPoint, Scalar,
    constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
    edwards::CompressedEdwardsY,
};
use sha2::{Digest as _, Sha512};

use crate::{
    ledger::{ISSUER_KEY, key},
    vector::{Vector, good, refused},
};

/// The order of the base point, little-endian.
const L: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
const MESSAGE: &[u8] = b"facture";

pub fn all() -> Vec<Vector> {
    [keys(), honest(), small_order(), mixed_order(), encodings()].concat()
}

fn scalar(seed: &str) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&Sha512::digest(seed).into())
}

fn challenge(r: &[u8; 32], a: &[u8; 32], message: &[u8]) -> Scalar {
    let hash = Sha512::new().chain_update(r).chain_update(a).chain_update(message);
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

fn point(point: EdwardsPoint) -> [u8; 32] {
    point.compress().to_bytes()
}

fn torsion(order: usize) -> EdwardsPoint {
    EIGHT_TORSION[8 / order % 8]
}

/// 2^255 - 19 + n: not below p, so another spelling of n.
fn p_plus(n: u8) -> [u8; 32] {
    let mut bytes = [0xff; 32];
    (bytes[0], bytes[31]) = (0xed + n, 0x7f);
    bytes
}

fn negative(mut bytes: [u8; 32]) -> [u8; 32] {
    bytes[31] |= 0x80;
    bytes
}

fn plus_l(s: &[u8; 32]) -> [u8; 32] {
    let (mut sum, mut carry) = ([0; 32], 0);
    for (at, byte) in hex::decode(L).unwrap().into_iter().enumerate() {
        carry += u16::from(s[at]) + u16::from(byte);
        sum[at] = carry as u8;
        carry >>= 8;
    }
    sum
}

fn vector(
    name: &str,
    expect: &str,
    a: [u8; 32],
    message: &[u8],
    r: [u8; 32],
    s: [u8; 32],
) -> Vector {
    let name = format!("signature_{name}");
    let message = hex::encode(message);
    refused(name, expect, [r, s].concat()).with("key", hex::encode(a)).with("message", message)
}

fn keys() -> Vec<Vector> {
    let weak = |name: &str, bytes: [u8; 32]| refused(format!("key_{name}"), "weak-key", bytes);
    let honest = key(ISSUER_KEY);
    let mixed = point(ED25519_BASEPOINT_POINT + torsion(8));
    let off_curve = (2..)
        .map(|y| {
            let mut b = [0; 32];
            b[0] = y;
            b
        })
        .find(|bytes| CompressedEdwardsY(*bytes).decompress().is_none())
        .unwrap();
    let torsion = EIGHT_TORSION.iter().enumerate();
    let small = torsion.map(|(at, t)| weak(&format!("small_order_{at}_of_8"), point(*t)));
    let more = [
        good("key_honest", honest.public().as_bytes()).with("kid", honest.public().kid()),
        good("key_of_mixed_order", mixed)
            .why("the base point and one of order 8: not small, and the equation has no cofactor"),
        weak("not_on_the_curve", off_curve),
        weak("not_canonical_0", p_plus(0)).why("p: another spelling of y = 0, of order 4"),
        weak("not_canonical_0_negative", negative(p_plus(0))),
        weak("not_canonical_1", p_plus(1)).why("p + 1: another spelling of y = 1, the identity"),
        weak("not_canonical_1_negative", negative(p_plus(1))),
        weak("not_canonical_3", p_plus(3)).why("p + 3: not of small order"),
        weak("not_canonical_all_bits", [0xff; 32]),
        weak("negative_zero_identity", negative(point(EIGHT_TORSION[0]))),
        weak("negative_zero_order_2", negative(point(EIGHT_TORSION[4]))),
    ];
    small.chain(more).collect()
}

fn honest() -> Vec<Vector> {
    let rfc = [
        ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", ""),
        ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72"),
        ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "af82"),
    ];
    let rfc = rfc.iter().enumerate().map(|(at, (seed, message))| {
        let seed = hex::decode(seed).unwrap().try_into().unwrap();
        let key = probant_core::key::SigningKey::from_seed(&seed);
        let message = hex::decode(message).unwrap();
        good(format!("signature_rfc_8032_test_{}", at + 1), key.sign(&message))
            .with("key", hex::encode(key.public().as_bytes()))
            .with("message", hex::encode(message))
    });
    let signed = key(ISSUER_KEY).sign(MESSAGE);
    let a = *key(ISSUER_KEY).public().as_bytes();
    let (r, s) = (signed[..32].try_into().unwrap(), signed[32..].try_into().unwrap());
    let short = vector("of_63_bytes", "signature", a, MESSAGE, r, s);
    let long = Vector { bytes: [&signed[..], &[0]].concat(), ..short.clone() };
    let more = [
        vector("of_another_message", "signature", a, b"Facture", r, s),
        Vector { bytes: signed[..63].to_vec(), ..short },
        Vector { name: "signature_of_65_bytes".into(), ..long },
        vector("s_plus_l", "signature", a, MESSAGE, r, plus_l(&s))
            .why("the same S modulo L: valid where S is not checked to be below L"),
        vector("s_is_l", "signature", a, MESSAGE, r, hex::decode(L).unwrap().try_into().unwrap()),
        vector("all_zero", "signature", a, MESSAGE, [0; 32], [0; 32]),
    ];
    rfc.chain(more).collect()
}

/// With a key or an R of small order, signatures fit messages that nobody signed.
fn small_order() -> Vec<Vector> {
    let (a, r) = (scalar("a"), scalar("r"));
    let public = point(a * ED25519_BASEPOINT_POINT);
    let identity = point(EIGHT_TORSION[0]);
    let mut vectors = vec![
        vector("key_is_the_identity", "weak-key", identity, MESSAGE, identity, [0; 32])
            .why("valid for every message where points of small order are let in"),
        vector(
            "key_is_the_identity_r_is_not",
            "weak-key",
            identity,
            MESSAGE,
            point(r * ED25519_BASEPOINT_POINT),
            r.to_bytes(),
        ),
        vector(
            "key_is_the_identity_not_canonical",
            "weak-key",
            p_plus(1),
            MESSAGE,
            point(r * ED25519_BASEPOINT_POINT),
            r.to_bytes(),
        ),
    ];
    for (name, spelling) in [
        ("r_is_the_identity", identity),
        ("r_is_the_identity_not_canonical", p_plus(1)),
        ("r_is_the_identity_negative_zero", negative(identity)),
    ] {
        let s = challenge(&spelling, &public, MESSAGE) * a;
        let vector = vector(name, "signature", public, MESSAGE, spelling, s.to_bytes());
        vectors.push(vector.why("S = k a: made without choosing R"));
    }
    let r_of_8 = point(torsion(8));
    let s = challenge(&r_of_8, &public, MESSAGE) * a;
    let only = "valid only where the equation is multiplied by the cofactor";
    vectors.push(
        vector("r_is_of_order_8", "signature", public, MESSAGE, r_of_8, s.to_bytes()).why(only),
    );
    let weak = point(torsion(8));
    let r_point = point(r * ED25519_BASEPOINT_POINT);
    let message = grind(|message| divides_8(challenge(&r_point, &weak, message)));
    vectors.push(
        vector("key_is_of_order_8", "weak-key", weak, &message, r_point, r.to_bytes())
            .why("8 divides k, so that the equation holds"),
    );
    vectors
}

/// Points with a part of order 8: whether the equation holds depends on the cofactor.
fn mixed_order() -> Vec<Vector> {
    let (a, r, t) = (scalar("a"), scalar("r"), torsion(8));
    let (base_a, base_r) = (a * ED25519_BASEPOINT_POINT, r * ED25519_BASEPOINT_POINT);
    let case = |name: &str, expect: &str, a_point, r_point, fits: fn(u8) -> bool| {
        let (public, r_bytes) = (point(a_point), point(r_point));
        let message =
            grind(|message| fits(challenge(&r_bytes, &public, message).to_bytes()[0] % 8));
        let s = r + challenge(&r_bytes, &public, &message) * a;
        vector(name, expect, public, &message, r_bytes, s.to_bytes())
    };
    let only = "valid only where the equation is multiplied by the cofactor";
    vec![
        case("key_of_mixed_order", "signature", base_a + t, base_r, |k| k != 0).why(only),
        case("key_of_mixed_order_cancelled", "ok", base_a + t, base_r, |k| k == 0)
            .why("8 divides k: the equation holds as it stands"),
        case("r_of_mixed_order", "signature", base_a, base_r + t, |_| true).why(only),
        case("both_of_mixed_order", "signature", base_a + t, base_r + t, |k| k != 7).why(only),
        case("both_of_mixed_order_cancelled", "ok", base_a + t, base_r - t, |k| k == 1)
            .why("k = 1 modulo 8: the equation holds as it stands"),
    ]
}

fn encodings() -> Vec<Vector> {
    let a = scalar("a");
    let public = point(a * ED25519_BASEPOINT_POINT);
    let refuse = |name, r: [u8; 32]| {
        let s = challenge(&r, &public, MESSAGE) * a;
        vector(name, "signature", public, MESSAGE, r, s.to_bytes())
    };
    vec![
        refuse("r_not_canonical_3", p_plus(3)).why("p + 3: not of small order"),
        refuse("r_not_on_the_curve", [0xff; 32]),
        refuse("r_of_order_4_not_canonical", p_plus(0)),
    ]
}

fn divides_8(k: Scalar) -> bool {
    k.to_bytes()[0].is_multiple_of(8)
}

/// The first message that fits.
fn grind(fits: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let messages = (0..).map(|number: u32| format!("facture {number}").into_bytes());
    messages.into_iter().find(|message| fits(message)).expect("one in eight does")
}
