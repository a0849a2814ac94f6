//! Status paths (format.md 6.1): good ones of a few maps, and what none of them leads to.

use std::collections::BTreeMap;

use probant_core::{
    Fingerprint, Hash,
    status::{Found, IssuerState, Kept, KeyState, Map, Reason, Slot, Status, StatusPath},
};
use sha2::{Digest as _, Sha256};

use crate::{
    ledger::{
        ISSUER, ISSUER_KEY, NOTE, OPERATOR, ORIGIN, OTHER, SEAL, STRANGER, TIME_MS, document, key,
    },
    raw::{Item, NIL, array, bytes, int, payload, replace, text},
    vector::{Vector, refused},
};

pub fn all() -> Vec<Vector> {
    [words(), absences(), shapes(), other_paths(), misfits(), values(), bytes_apart()].concat()
}

/// What a slot is of, as inputs of its vector.
#[derive(Clone)]
enum Name {
    Document(&'static str, Fingerprint),
    Key(&'static str, Hash),
    Issuer(&'static str),
}

impl Name {
    fn slot(&self) -> Slot {
        match self {
            Self::Document(owner, document) => Slot::document(owner, document),
            Self::Key(owner, kid) => Slot::key(owner, kid),
            Self::Issuer(owner) => Slot::issuer(owner),
        }
    }

    fn on(&self, vector: Vector) -> Vector {
        match self {
            Self::Document(owner, document) => {
                vector.with("owner", owner).with("document", document)
            }
            Self::Key(owner, kid) => vector.with("owner", owner).with("kid", kid),
            Self::Issuer(owner) => vector.with("owner", owner),
        }
    }
}

/// A map with its nodes.
struct Grown(Map, Kept);

impl Grown {
    fn of(held: impl IntoIterator<Item = (Slot, Item)>) -> Self {
        let decode = |(slot, value): (Slot, Item)| (slot, Status::decode(&value).unwrap());
        let changes: BTreeMap<_, _> = held.into_iter().map(decode).collect();
        let mut kept = Kept::newest();
        let growth = Map::EMPTY.update(&changes, &kept).unwrap();
        kept.grow(&growth);
        Self(growth.map, kept)
    }

    fn path(&self, slot: &Slot) -> StatusPath {
        self.0.prove(slot, &self.1).unwrap()
    }

    /// The true path of a slot.
    fn good(&self, name: &str, slot: &Slot) -> Vector {
        let path = self.path(slot);
        let value = path.status().map_or("none".into(), |status| hex::encode(status.encode()));
        case(name, "ok", self.0.root_hash(), slot, encode(&path)).with("value", value)
    }
}

fn case(name: &str, code: &str, root: Hash, slot: &Slot, path: Item) -> Vector {
    refused(format!("status_{name}"), code, path).with("root", root).with("slot", slot.0)
}

fn encode(path: &StatusPath) -> Item {
    let found = match &path.found {
        Found::This(status) => bytes(&status.encode()),
        Found::Other { slot, value } => array(&[bytes(&slot.0.0), bytes(&value.0)]),
        Found::Empty => NIL.to_vec(),
    };
    let siblings: Vec<_> = path.siblings.iter().map(|hash| bytes(&hash.0)).collect();
    array(&[found, array(&siblings)])
}

fn kid(seed: u8) -> Hash {
    key(seed).public().kid()
}

fn fields(reason: &str, replacement: Option<&[u8]>) -> Vec<Item> {
    let replacement = replacement.map_or(NIL.to_vec(), bytes);
    let (entry, time_ms) = (int(12), int(TIME_MS as i64 + 500));
    vec![entry, time_ms, bytes(&kid(ISSUER_KEY).0), text(reason), replacement]
}

fn fall(reason: &str, replacement: Option<&[u8]>) -> Item {
    payload(&fields(reason, replacement))
}

fn state(word: &str) -> Item {
    payload(&[text(word), int(TIME_MS as i64 + 700), int(70_000), bytes(&kid(OPERATOR).0)])
}

/// One slot for each word of the closed lists, and its value.
fn held() -> Vec<(String, Name, Item)> {
    let numbered = |number: usize| document(number as u32 + 1).blake3;
    let documents = Reason::ALL.iter().enumerate().map(|(at, reason)| {
        let replacement = document(100).sha256;
        let replaced = *reason == Reason::Superseded;
        let value = fall(reason.name(), replaced.then_some(replacement.as_bytes()));
        (format!("document_{}", reason.name()), Name::Document(ISSUER, numbered(at)), value)
    });
    let seeds = [SEAL, NOTE, OPERATOR, ISSUER_KEY, STRANGER];
    let keys = KeyState::ALL.iter().zip(seeds).map(|(word, seed)| {
        let owner = if seed < ISSUER_KEY { ORIGIN } else { ISSUER };
        (format!("key_{}", word.name()), Name::Key(owner, kid(seed)), state(word.name()))
    });
    let issuers = IssuerState::ALL.iter().zip([ISSUER, OTHER]).map(|(word, id)| {
        (format!("issuer_{}", word.name()), Name::Issuer(id), state(word.name()))
    });
    documents.chain(keys).chain(issuers).collect()
}

fn twelve() -> Grown {
    Grown::of(held().into_iter().map(|(_, name, value)| (name.slot(), value)))
}

/// The document that fell unspecified.
fn fallen() -> Slot {
    Slot::document(ISSUER, &document(1).blake3)
}

fn words() -> Vec<Vector> {
    let map = twelve();
    let good = |(word, name, value): (String, Name, Item)| {
        let vector = name.on(map.good(&word.replace('-', "_"), &name.slot()));
        assert_eq!(vector.input("value"), Some(&*hex::encode(value)));
        vector
    };
    held().into_iter().map(good).collect()
}

/// A slot of some document whose path ends in such a way.
fn absent(map: &Grown, ends: fn(&Found) -> bool) -> Name {
    let names = (200..).map(|number| Name::Document(ISSUER, document(number).blake3));
    names.into_iter().find(|name| ends(&map.path(&name.slot()).found)).expect("one of many")
}

fn absences() -> Vec<Vector> {
    let map = twelve();
    let good = |name: &str, of: Name| of.on(map.good(name, &of.slot()));
    vec![
        good("absent_beside_another", absent(&map, |found| matches!(found, Found::Other { .. })))
            .why("another leaf is alone under the bits that both share"),
        good("absent_where_nothing_is", absent(&map, |found| matches!(found, Found::Empty))),
        good("absent_for_another_issuer", Name::Document(OTHER, document(1).blake3)),
        good("absent_for_another_owner", Name::Key(OTHER, kid(ISSUER_KEY))),
    ]
}

/// Two slots that share 255 bits, and one beside them.
fn deep() -> (Grown, [Slot; 3]) {
    let slots = [[0; 32], [0; 32], [0; 32]].map(|bytes| Slot(Hash(bytes)));
    let [zeros, mut last, mut near] = slots;
    last.0.0[31] = 1;
    near.0.0[31] = 2;
    let held = [zeros, last].map(|slot| (slot, fall("withdrawn", None)));
    (Grown::of(held), [zeros, last, near])
}

fn shapes() -> Vec<Vector> {
    let value = fall("withdrawn", None);
    let empty = Grown(Map::EMPTY, Kept::newest());
    let one = Grown::of([(fallen(), value)]);
    let other = Slot::issuer(OTHER);
    let (deep, [zeros, last, near]) = deep();
    vec![
        empty.good("absent_in_an_empty_map", &fallen()),
        one.good("alone_in_its_map", &fallen()),
        one.good("absent_beside_the_only_one", &other),
        deep.good("left_of_a_fork_at_bit_255", &zeros),
        deep.good("right_of_a_fork_at_bit_255", &last),
        deep.good("absent_from_a_fork_at_bit_254", &near),
    ]
}

/// A true path of the twelve with one part changed.
fn change(name: &str, code: &str, change: impl Fn(&mut StatusPath)) -> Vector {
    let map = twelve();
    let mut path = map.path(&fallen());
    change(&mut path);
    case(name, code, map.0.root_hash(), &fallen(), encode(&path))
}

fn other_paths() -> Vec<Vector> {
    let map = twelve();
    let root = map.0.root_hash();
    let path = map.path(&fallen());
    let issuer = Slot::issuer(ISSUER);
    let is_beside = |found: &Found| matches!(found, Found::Other { .. });
    let absent = absent(&map, is_beside).slot();
    vec![
        case("of_another_slot", "path-root", root, &issuer, encode(&path)),
        case("of_another_map", "path-root", deep().0.0.root_hash(), &fallen(), encode(&path)),
        case("under_the_root_of_an_empty_map", "path-root", Hash::ZERO, &fallen(), encode(&path)),
        change("hidden_as_empty", "path-root", |path| path.found = Found::Empty),
        change("hidden_by_an_empty_map", "path-root", |path| {
            *path = StatusPath { found: Found::Empty, siblings: vec![] };
        }),
        change("hidden_by_another_alone", "path-root", |path| {
            let (slot, value) = (Slot::issuer(ISSUER), Hash([7; 32]));
            *path = StatusPath { found: Found::Other { slot, value }, siblings: vec![] };
        }),
        change("with_another_value", "path-root", |path| {
            path.found = Found::This(Status::decode(&fall("withdrawn", None)).unwrap());
        }),
        change("path_one_hash_too_long", "path-root", |path| path.siblings.push(Hash::ZERO)),
        change("path_one_hash_too_short", "path-root", |path| {
            path.siblings.pop();
        }),
        change("path_without_its_lowest", "path-root", |path| {
            path.siblings.remove(0);
        }),
        change("path_with_a_wrong_hash", "path-root", |path| path.siblings[1].0[31] ^= 1),
        change("path_from_the_root_down", "path-root", |path| path.siblings.reverse()),
        case("of_an_absent_slot_made_up", "path-root", root, &absent, {
            let status = Status::decode(&fall("withdrawn", None)).unwrap();
            let siblings = map.path(&absent).siblings;
            encode(&StatusPath { found: Found::This(status), siblings })
        }),
    ]
}

/// Paths that no map has: refused though they lead to the root that is named.
fn misfits() -> Vec<Vector> {
    let value = fall("withdrawn", None);
    let zeros = Slot(Hash::ZERO);
    let mut right = zeros;
    right.0.0[0] = 0x80;
    let refuse = |name: &str, root: Hash, found: Item, siblings: &[Hash]| {
        let siblings: Vec<_> = siblings.iter().map(|hash| bytes(&hash.0)).collect();
        case(name, "status", root, &zeros, array(&[found, array(&siblings)]))
    };
    let digest = sha256(&[&value]);
    let other = |slot: &Slot| array(&[bytes(&slot.0.0), bytes(&digest.0)]);
    let (some, own, misplaced) = (Hash([7; 32]), leaf(&zeros, &value), leaf(&right, &value));
    vec![
        refuse("hidden_as_another", own, other(&zeros), &[]),
        refuse("absent_beside_one_elsewhere", node(&misplaced, &some), other(&right), &[some])
            .why("bit 0 of the other slot leads right"),
        refuse("below_an_empty_neighbour", node(&own, &Hash::ZERO), bytes(&value), &[Hash::ZERO]),
        refuse(
            "absent_below_an_empty_neighbour",
            node(&Hash::ZERO, &Hash::ZERO),
            NIL.into(),
            &[Hash::ZERO],
        ),
    ]
}

fn sha256(parts: &[&[u8]]) -> Hash {
    Hash(Sha256::digest(parts.concat()).into())
}

fn leaf(slot: &Slot, value: &[u8]) -> Hash {
    sha256(&[&[2], &slot.0.0, &sha256(&[value]).0])
}

fn node(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[3], &left.0, &right.0])
}

/// Values that are none, each alone in a map: the root is right.
fn values() -> Vec<Vector> {
    let refuse = |name: &str, code: &str, value: Item| {
        let root = leaf(&fallen(), &value);
        let path = array(&[bytes(&value), array(&[])]);
        case(&format!("value_{name}"), code, root, &fallen(), path)
    };
    let replacement = document(100).sha256;
    let reserved = replace(replacement.as_bytes(), &[0x12, 0x20], &[0x81, 0x20]);
    let five = |parts: [Item; 5]| payload(&parts);
    let six = |reason: &str| payload(&[fields(reason, None), vec![int(0)]].concat());
    let kid = bytes(&kid(ISSUER_KEY).0);
    let withdrawn = fall("withdrawn", None);
    // The last key is one higher.
    let other_key = |value: &[u8], last: &[u8]| {
        let at = value.len() - last.len() - 1;
        [&value[..at], &[value[at] + 1], last].concat()
    };
    let by = bytes(&crate::statuses::kid(OPERATOR).0);
    vec![
        refuse("of_a_document_with_another_last_key", "malformed", other_key(&withdrawn, &NIL)),
        refuse("of_a_key_with_another_last_key", "malformed", other_key(&state("void"), &by)),
        refuse("of_an_issuer_with_another_last_key", "malformed", {
            other_key(&state("suspended"), &by)
        }),
        refuse("of_an_unknown_state_with_another_last_key", "malformed", {
            other_key(&state("active"), &by)
        })
        .why("the state is judged after all fields"),
        refuse("of_an_unknown_reason_with_another_last_key", "field", {
            other_key(&fall("regretted", None), &NIL)
        })
        .why("the reason is judged where it stands"),
        refuse("of_an_unknown_reason_with_a_byte_after", "malformed", {
            [&fall("regretted", None)[..], &[0]].concat()
        }),
        refuse("of_an_unknown_reason", "field", fall("regretted", None)),
        refuse("of_a_reason_in_capitals", "field", fall("Withdrawn", None)),
        refuse("superseded_without_a_replacement", "field", fall("superseded", None)),
        refuse("withdrawn_with_a_replacement", "field", {
            fall("withdrawn", Some(replacement.as_bytes()))
        }),
        refuse("with_a_reserved_replacement", "fingerprint", fall("superseded", Some(&reserved))),
        refuse("with_a_short_replacement", "fingerprint", {
            fall("superseded", Some(&replacement.as_bytes()[..33]))
        }),
        refuse("of_an_unknown_state", "field", state("active")),
        refuse("of_a_state_that_is_a_reason", "field", state("withdrawn")),
        refuse("of_three_parts", "malformed", payload(&[text("void"), int(0), int(0)])),
        refuse("of_six_parts", "malformed", six("withdrawn")),
        refuse("of_six_parts_and_an_unknown_reason", "malformed", six("regretted")),
        refuse("empty", "malformed", payload(&[])),
        refuse("that_is_no_map", "malformed", array(&[])),
        refuse("with_a_short_kid", "malformed", {
            five([int(0), int(0), bytes(&[7; 31]), text("withdrawn"), NIL.into()])
        }),
        refuse("with_a_negative_entry", "malformed", {
            five([int(-1), int(0), kid.clone(), text("withdrawn"), NIL.into()])
        }),
        refuse("with_a_reason_as_bytes", "malformed", {
            five([int(0), int(0), kid, bytes(b"withdrawn"), NIL.into()])
        }),
        refuse("with_a_byte_after", "malformed", [&withdrawn[..], &[0]].concat()),
        refuse("with_a_long_number", "malformed", replace(&withdrawn, &[1, 12], &[1, 0x18, 12])),
    ]
}

/// Paths whose bytes are of another shape.
fn bytes_apart() -> Vec<Vector> {
    let map = twelve();
    let path = map.path(&fallen());
    let root = map.0.root_hash();
    let refuse = |name: &str, bytes: Item| case(name, "malformed", root, &fallen(), bytes);
    let Found::This(status) = path.found else { panic!("it has fallen") };
    let (value, none) = (status.encode(), array(&[]));
    let hash = bytes(&[7; 32]);
    let good = encode(&path);
    vec![
        refuse("path_of_257_hashes", array(&[NIL.into(), array(&vec![hash.clone(); 257])])),
        case("path_with_a_short_hash_and_an_unknown_reason", "field", root, &fallen(), {
            array(&[bytes(&fall("regretted", None)), array(&[bytes(&[7; 31])])])
        })
        .why("what is found is read before the siblings"),
        refuse("path_with_a_short_hash", array(&[NIL.into(), array(&[bytes(&[7; 31])])])),
        refuse("path_as_bytes", array(&[NIL.into(), hash.clone()])),
        refuse("without_a_path", array(&[bytes(&value)])),
        refuse("of_three_parts", array(&[bytes(&value), none.clone(), none.clone()])),
        refuse("with_its_value_unwrapped", array(&[value.clone(), none.clone()])),
        refuse("beside_a_slot_alone", array(&[array(&[hash.clone()]), none.clone()])),
        refuse("beside_three_parts", array(&[array(&vec![hash.clone(); 3]), none.clone()])),
        refuse("beside_a_short_slot", array(&[array(&[bytes(&[7; 31]), hash]), none.clone()])),
        refuse("found_as_a_number", array(&[int(0), none])),
        refuse("with_a_byte_after", [&good[..], &[0]].concat()),
        refuse("that_ends_early", good[..good.len() - 1].to_vec()),
        refuse("of_indefinite_length", [&[0x9f], &good[1..], &[0xff]].concat()),
    ]
}
