//! Lists (format.md 6).

use probant_core::{Algorithm, Fingerprint, List, Rejected, list::Shape};

use crate::{
    ledger::{document, list},
    vector::{Vector, good, refused},
};

pub fn all() -> Vec<Vector> {
    let sized = [1, 2, 3, 5, 40].map(|count| {
        let list = list(count);
        good(format!("list_of_{count}"), list.as_bytes())
            .with("count", count)
            .with("root", list.root())
    });
    let [a, b] = [0, 1].map(|at| *list(2).iter().nth(at).unwrap().as_bytes());
    let both = List::new(vec![document(1).sha256, document(1).blake3]).unwrap();
    let with = |at: usize, byte: u8| {
        let mut bytes = a;
        bytes[at] = byte;
        bytes
    };
    let more = [
        good("list_of_both_algorithms", both.as_bytes())
            .with("root", both.root())
            .why("SHA-256 is 0x12 and stands before BLAKE3, 0x1e"),
        refused("list_empty", "list-count", []),
        refused("list_descending", "list-order", [b, a].concat()),
        refused("list_with_a_repetition", "list-order", [a, a].concat()),
        refused("list_one_byte_short", "malformed", &a[..33]),
        refused("list_one_byte_long", "malformed", [&a[..], &[0]].concat()),
        refused("list_of_unknown_kind", "fingerprint", with(0, 0x1b)),
        refused("list_of_kind_sha2_512", "fingerprint", with(0, 0x13)),
        refused("list_of_reserved_kind", "fingerprint", with(0, 0x81)),
        refused("list_of_a_longer_digest", "fingerprint", with(1, 0x40)),
    ];
    sized.into_iter().chain(more).collect()
}

/// Reads a list of so many fingerprints: too long to store.
pub fn of(count: u32) -> Result<(), Rejected> {
    let digest = |number: u32| {
        let mut digest = [0; 32];
        digest[..4].copy_from_slice(&number.to_be_bytes());
        digest
    };
    let numbered = (0..count).map(|number| Fingerprint::new(Algorithm::Sha256, digest(number)));
    List::decode(
        numbered.flat_map(|fingerprint| *fingerprint.as_bytes()).collect(),
        Shape::Documents,
    )
    .map(drop)
}
