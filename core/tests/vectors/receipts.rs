//! Receipts (format.md 8): RFC 9942 over the tree of the ledger.

use probant_core::{
    Hash, LABEL_LIST,
    seal::{Receipt, Seal},
};

use crate::{
    ledger::{
        ISSUER, ISSUER_KEY, LEDGER, ORIGIN, PDF, SEAL, SINGLE, STRANGER, TIME_MS, TIME_S, content,
        key,
    },
    raw::{Item, Sign1, array, bytes, claims, int, map, replace, text},
    vector::{Vector, good, refused},
};

pub fn all() -> Vec<Vector> {
    [good_ones(), paths(), protected(), shapes()].concat()
}

fn inputs(vector: Vector, leaf: Hash, time_ms: u64) -> Vector {
    let vector = vector.with("origin", ORIGIN).with("time", time_ms).with("leaf", leaf);
    vector.with("key", hex::encode(key(SEAL).public().as_bytes()))
}

pub fn case(name: &str, code: &str, bytes: impl AsRef<[u8]>) -> Vector {
    let leaf = LEDGER.entry(SINGLE).leaf();
    inputs(refused(format!("receipt_{name}"), code, bytes), leaf, first_time_ms())
}

/// Of the block that sealed the single document.
fn first_time_ms() -> u64 {
    TIME_MS + 200
}

/// The receipt that the issuer of the single document was first given.
pub fn first() -> Receipt {
    LEDGER.at(2).receipt(SINGLE)
}

fn good_ones() -> Vec<Vector> {
    let newest = LEDGER.receipt(SINGLE).encode();
    let of = |name: &str, index: u64| {
        let receipt = good(format!("receipt_{name}"), LEDGER.receipt(index).encode());
        inputs(receipt, LEDGER.entry(index).leaf(), TIME_MS + 400)
    };
    vec![
        case("first", "ok", first().encode()),
        inputs(good("receipt_newest", newest), LEDGER.entry(SINGLE).leaf(), TIME_MS + 400),
        of("of_genesis", 0),
        of("of_the_last_entry", 11),
    ]
}

fn paths() -> Vec<Vector> {
    let change = |name: &str, code: &str, change: &dyn Fn(&mut Receipt)| {
        let mut receipt = first();
        change(&mut receipt);
        case(&format!("path_{name}"), code, receipt.encode())
    };
    let leaf = LEDGER.entry(SINGLE).leaf();
    let origin = ORIGIN.parse().unwrap();
    let seal = Seal::sign(&key(SEAL), &origin, 2, first_time_ms(), leaf);
    let alone = Receipt { seal, size: 1, index: 0, path: vec![] };
    vec![
        change("empty", "malformed", &|receipt| receipt.path.clear()),
        case("empty_in_a_tree_of_one", "malformed", alone.encode())
            .why("properly sealed, but RFC 9942 has one hash or more, and block 0 two entries"),
        change("one_hash_too_long", "path-length", &|receipt| receipt.path.push(Hash([7; 32]))),
        change("one_hash_too_short", "path-length", &|receipt| {
            receipt.path.pop();
        }),
        of_64_hashes(),
        change("of_64_hashes_for_4", "path-length", &|receipt| {
            receipt.path = vec![Hash([7; 32]); 64];
        }),
        change("of_65_hashes", "malformed", &|receipt| receipt.path = vec![Hash([7; 32]); 65]),
        change("with_a_wrong_hash", "signature", &|receipt| receipt.path[0].0[0] ^= 1),
        change("with_two_hashes_swapped", "signature", &|receipt| receipt.path.swap(0, 1)),
        change("index_is_the_size", "path-index", &|receipt| receipt.index = receipt.size),
        change("index_beyond", "path-index", &|receipt| receipt.index = u64::MAX),
        change("size_0", "path-index", &|receipt| receipt.size = 0),
        change("size_huge", "path-length", &|receipt| receipt.size = u64::MAX),
        change("index_of_its_neighbour", "signature", &|receipt| receipt.index += 1),
        inputs(
            refused("receipt_size_is_not_signed", "ok", {
                let receipt = LEDGER.receipt(SINGLE);
                Receipt { size: receipt.size - 1, ..receipt }.encode()
            }),
            leaf,
            TIME_MS + 400,
        )
        .why("the same hashes lead to the same root: why a proof asks the block statement"),
        inputs(
            refused("receipt_of_another_entry", "signature", first().encode()),
            LEDGER.entry(5).leaf(),
            first_time_ms(),
        ),
    ]
}

/// The longest path: the first entry of a tree of 2^64 - 1.
fn of_64_hashes() -> Vector {
    let (leaf, origin) = (LEDGER.entry(SINGLE).leaf(), ORIGIN.parse().unwrap());
    let (size, path) = (u64::MAX, vec![Hash([7; 32]); 64]);
    let unsealed = Receipt { size, index: 0, path, ..first() };
    let seal = Seal::sign(&key(SEAL), &origin, 2, first_time_ms(), unsealed.root(leaf).unwrap());
    case("path_of_64_hashes", "ok", Receipt { seal, ..unsealed }.encode())
}

/// A seal by hand.
pub fn seal(root: Hash) -> Sign1 {
    let seal = Sign1::new(&key(SEAL), root.0.to_vec());
    seal.with(15, claims(ORIGIN, "block:2", None, TIME_S)).with(395, int(1)).detached()
}

fn root() -> Hash {
    first().root(LEDGER.entry(SINGLE).leaf()).unwrap()
}

/// The same, with the header of something else.
pub fn masked(seal: Sign1) -> [(&'static str, Sign1); 3] {
    let bare = || seal.clone().without(395);
    let statement = bare().with(3, text(&content("block")));
    let envelope = bare().with(258, int(-16)).with(259, text(PDF));
    let possession = bare().with(3, text(&content("possession"))).without(15);
    [("a_statement", statement), ("a_hash_envelope", envelope), ("a_possession", possession)]
}

/// {396: {-1: [<<[size, index, path]>>]}}
fn proofs(label: i64, proofs: &[Item]) -> Item {
    map(&[(396, map(&[(label, array(proofs))]))])
}

fn inclusion() -> Item {
    let Receipt { size, index, path, .. } = first();
    let path: Vec<_> = path.iter().map(|hash| bytes(&hash.0)).collect();
    array(&[int(size as i64), int(index as i64), array(&path)])
}

fn protected() -> Vec<Vector> {
    let open = |seal: Sign1| seal.unprotected(proofs(-1, &[bytes(&inclusion())]));
    assert_eq!(open(seal(root())).sign(&key(SEAL)), first().encode());
    let with = |name: &str, code: &str, seal: Sign1, seed| {
        case(&format!("seal_{name}"), code, open(seal).sign(&key(seed)))
    };
    let sealed = || seal(root());
    let said = |iss: &str, sub: &str, iat| sealed().with(15, claims(iss, sub, None, iat));
    let kid = |seed: u8| bytes(&key(seed).public().kid().0);
    let masked = masked(sealed())
        .map(|(of, seal)| with(&format!("with_the_header_of_{of}"), "header", seal, SEAL));
    let vectors = vec![
        with("of_vds_2", "header", sealed().with(395, int(2)), SEAL),
        with("without_vds", "header", sealed().without(395), SEAL),
        with("with_content_type", "header", sealed().with(3, text("application/pdf")), SEAL),
        with("with_crit", "header", sealed().with(2, array(&[int(4)])), SEAL),
        with(
            "with_aud",
            "header",
            sealed().with(15, claims(ORIGIN, "block:2", Some(&LEDGER.id.audience()), TIME_S)),
            SEAL,
        ),
        with("alg_es256", "algorithm", sealed().with(1, int(-7)), SEAL),
        with("subject_with_a_leading_zero", "subject", said(ORIGIN, "block:02", TIME_S), SEAL),
        with("subject_with_a_plus", "subject", said(ORIGIN, "block:+2", TIME_S), SEAL),
        with(
            "subject_beyond_64_bits",
            "subject",
            said(ORIGIN, "block:18446744073709551616", TIME_S),
            SEAL,
        ),
        with("subject_is_a_root", "subject", said(ORIGIN, "root", TIME_S), SEAL),
        with("of_another_origin", "issuer", said("petit.example", "block:2", TIME_S), SEAL),
        with(
            "by_an_issuer",
            "issuer",
            said(ISSUER, "block:2", TIME_S).with(4, kid(ISSUER_KEY)),
            ISSUER_KEY,
        ),
        with("with_the_kid_of_another_key", "issuer", sealed().with(4, kid(STRANGER)), SEAL),
        with("of_another_second", "chain", said(ORIGIN, "block:2", TIME_S + 1), SEAL),
        with("forged", "signature", sealed(), STRANGER),
        case("seal_with_payload", "header", {
            let inline = Sign1::new(&key(SEAL), root().0.to_vec())
                .with(15, claims(ORIGIN, "block:2", None, TIME_S))
                .with(395, int(1));
            open(inline).sign(&key(SEAL))
        })
        .why("the root is computed, never read"),
    ];
    [masked.into(), vectors].concat()
}

fn shapes() -> Vec<Vector> {
    let open = |name: &str, code: &str, unprotected: Item| {
        case(name, code, seal(root()).unprotected(unprotected).sign(&key(SEAL)))
    };
    let (inclusion, whole) = (inclusion(), first().encode());
    let wrapped = bytes(&inclusion);
    let inside = |name: &str, item: Item| open(name, "malformed", proofs(-1, &[bytes(&item)]));
    vec![
        open("without_proof", "header", map(&[])),
        open("with_an_empty_vdp", "header", map(&[(396, map(&[]))])),
        open("without_inclusion", "header", proofs(-1, &[])),
        open("with_two_inclusions", "header", proofs(-1, &[wrapped.clone(), wrapped.clone()])),
        open("of_consistency", "header", proofs(-2, &[wrapped.clone()])),
        open(
            "with_consistency_beside",
            "header",
            map(&[(396, map(&[(-1, array(&[wrapped.clone()])), (-2, array(&[wrapped.clone()]))]))]),
        ),
        open("with_inclusion_not_wrapped", "header", proofs(-1, &[inclusion.clone()])),
        open(
            "with_a_second_label",
            "header",
            map(&[(396, map(&[(-1, array(&[wrapped.clone()]))])), (LABEL_LIST, bytes(&[]))]),
        ),
        open(
            "under_the_label_of_drafts",
            "header",
            map(&[(-222, map(&[(-1, array(&[wrapped]))]))]),
        ),
        inside("inclusion_with_a_byte_after", [&inclusion[..], &[0]].concat()),
        inside("inclusion_of_four_items", [&[0x84], &inclusion[1..], &[0]].concat()),
        inside("inclusion_of_indefinite_length", [&[0x9f], &inclusion[1..], &[0xff]].concat()),
        inside("inclusion_size_not_shortest", [&[0x83, 0x18], &inclusion[1..]].concat()),
        inside(
            "inclusion_hash_of_31_bytes",
            replace(&inclusion, &bytes(&first().path[0].0), &bytes(&[7; 31])),
        ),
        case("untagged", "malformed", &whole[1..]),
        case("with_a_byte_after", "malformed", [&whole[..], &[0]].concat()),
    ]
}
