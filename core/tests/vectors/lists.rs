//! Lists (format.md 6).

use probant_core::{Algorithm, Fingerprint, List, Rejected, list::Shape};

use crate::{
    ledger::{document, list},
    say::replacements,
    vector::{Vector, good, refused},
};

pub fn all() -> Vec<Vector> {
    [fingerprints(), pairs()].concat()
}

fn fingerprints() -> Vec<Vector> {
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

/// Each leaf a fingerprint and the one that replaces it.
fn pairs() -> Vec<Vector> {
    let case = |name: &str, code: &str, bytes: &[u8]| {
        refused(format!("list_of_replacements_{name}"), code, bytes).with("shape", "replacements")
    };
    let with_count = |name: &str, list: &List| {
        let vector = case(name, "ok", list.as_bytes()).with("count", list.count());
        vector.with("root", list.root())
    };
    let (one, three) = (replacements([(1, 101)]), replacements([(1, 101), (2, 101), (3, 1)]));
    let two = replacements([(1, 101), (2, 102)]);
    let (a, b) = two.as_bytes().split_at(68);
    let crossed = replacements([(1, 2), (2, 1)]);
    let by_sha_256 = List::replacements(vec![(document(1).blake3, document(1).sha256)]).unwrap();
    let with = |at: usize, byte: u8| {
        let mut bytes = a.to_vec();
        bytes[at] = byte;
        bytes
    };
    vec![
        with_count("1", &one),
        with_count("3", &three).why("two have one successor, and one is itself a successor"),
        with_count("crossed", &crossed).why("each replaces the other: nobody is the wiser"),
        with_count("by_another_hash_of_itself", &by_sha_256)
            .why("that both are of one document no hash tells"),
        case("empty", "list-count", &[]),
        case("of_one_fingerprint", "malformed", &a[..34]),
        case("one_byte_short", "malformed", &a[..67]),
        case("one_byte_long", "malformed", &[a, &[0]].concat()),
        case("descending", "list-order", &[b, a].concat()),
        case("with_a_repetition", "list-order", &[a, a].concat()),
        case("of_one_document_by_two", "list-order", &[a, &a[..34], &b[34..]].concat()),
        case("of_a_document_by_itself", "field", &[&a[..34], &a[..34]].concat()),
        case("of_reserved_kind", "fingerprint", &with(0, 0x81)),
        case("by_a_reserved_kind", "fingerprint", &with(34, 0x81)),
        case("by_a_longer_digest", "fingerprint", &with(35, 0x40)),
    ]
}

/// Reads a list of so many replacements: too long to store.
pub fn of_replacements(count: u32) -> Result<(), Rejected> {
    let leaf = |number: u32| {
        let mut digest = [0; 32];
        digest[..4].copy_from_slice(&number.to_be_bytes());
        let old = Fingerprint::new(Algorithm::Sha256, digest);
        digest[31] = 1;
        [*old.as_bytes(), *Fingerprint::new(Algorithm::Sha256, digest).as_bytes()].concat()
    };
    List::decode((0..count).flat_map(leaf).collect(), Shape::Replacements).map(drop)
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
