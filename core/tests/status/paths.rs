//! Paths that were tampered with: refused, or they lead elsewhere.

use probant_core::{
    Hash, Rejected,
    status::{Found, Slot, StatusPath},
};

use super::{History, fallen, hashed, last, slot};

/// A map with forks near and far, slots in it and beside them, and their true paths.
fn proven() -> (Hash, Vec<(Slot, StatusPath)>) {
    let mut held: Vec<_> = (0..20).map(hashed).collect();
    held.extend([slot(&[0xaa, 0xaa, 0x00]), slot(&[0xaa, 0xaa, 0x01])]);
    let history = History::of(&held);
    let (map, _) = history.last();
    held.extend((100..120).map(hashed));
    held.extend([slot(&[0xaa, 0xaa, 0xff]), slot(&[0xaa, 0xaa, 0x00, 0x01]), slot(&[0xab])]);
    let prove = |slot: Slot| (slot, map.prove(&slot, &history.all).unwrap());
    (map.root_hash(), held.into_iter().map(prove).collect())
}

fn refused(path: &StatusPath, slot: &Slot, root: Hash) -> bool {
    match path.verify(slot, root) {
        Ok(_) => false,
        Err(rejected) => ["status", "path-root"].contains(&rejected.code()),
    }
}

#[test]
fn the_map_has_paths_of_every_kind() {
    let (_, proven) = proven();
    let is = |of: fn(&Found) -> bool| proven.iter().any(|(_, path)| of(&path.found));
    assert!(is(|found| matches!(found, Found::This(_))));
    assert!(is(|found| matches!(found, Found::Other { .. })));
    assert!(is(|found| matches!(found, Found::Empty)));
}

#[test]
fn every_flipped_bit_of_a_path_is_refused() {
    let (root, proven) = proven();
    for (slot, path) in proven {
        let bytes = path.encode();
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(StatusPath::decode(&bad).map_or(true, |bad| refused(&bad, &slot, root)));
        }
    }
}

/// A path that shows another slot's leaf, or nothing, is that of every slot that leads there.
#[test]
fn every_flipped_bit_of_a_slot_is_refused_or_as_absent() {
    let (root, proven) = proven();
    for (slot, path) in proven {
        for bit in 0..Slot::BITS {
            let mut other = slot;
            other.0.0[bit / 8] ^= 128 >> (bit % 8);
            let below = bit >= path.siblings.len() && path.status().is_none();
            assert!(refused(&path, &other, root) != (below && !is_found(&path, &other)));
        }
    }
}

fn is_found(path: &StatusPath, wanted: &Slot) -> bool {
    matches!(&path.found, Found::Other { slot, .. } if slot == wanted)
}

#[test]
fn a_sibling_removed_added_or_moved_is_refused() {
    let (root, proven) = proven();
    for (slot, path) in proven {
        for at in 0..=path.siblings.len() {
            for sibling in [Hash::ZERO, Hash([7; 32]), root] {
                let mut bad = path.clone();
                bad.siblings.insert(at, sibling);
                assert!(refused(&bad, &slot, root));
            }
            let mut bad = path.clone();
            bad.siblings.truncate(at);
            assert!(at == path.siblings.len() || refused(&bad, &slot, root));
        }
        for at in 0..path.siblings.len() {
            let mut bad = path.clone();
            bad.siblings.remove(at);
            assert!(refused(&bad, &slot, root));
            bad.clone_from(&path);
            bad.siblings.rotate_left(at);
            assert!(bad == path || refused(&bad, &slot, root));
        }
    }
}

#[test]
fn nothing_else_is_found_at_the_end_of_a_path() {
    let (root, proven) = proven();
    let ends: Vec<_> = proven.iter().map(|(_, path)| path.found).collect();
    for (slot, path) in &proven {
        let (status, value) = (fallen(999), Hash([7; 32]));
        let made_up = [
            Found::Empty,
            Found::This(status),
            Found::Other { slot: *slot, value: status.digest() },
            Found::Other { slot: hashed(500), value },
            Found::Other { slot: Slot(Hash(slot.0.0.map(|byte| !byte))), value },
        ];
        for found in made_up.into_iter().chain(ends.iter().copied()) {
            let bad = StatusPath { found, siblings: path.siblings.clone() };
            assert!(found == path.found || refused(&bad, slot, root));
        }
    }
}

#[test]
fn what_no_map_has_is_refused_before_it_is_hashed() {
    let why = |found, siblings: Vec<Hash>, of: Slot| {
        let Err(Rejected::Status { why }) = (StatusPath { found, siblings }).root(&of) else {
            panic!("not refused");
        };
        why
    };
    let (some, value) = (Hash([7; 32]), Hash([8; 32]));
    let zeros = slot(&[]);
    assert!(why(Found::Empty, vec![some; 257], zeros).contains("257"));
    assert!(why(Found::Empty, vec![Hash::ZERO], zeros).contains("beside"));
    assert!(why(Found::This(fallen(0)), vec![Hash::ZERO, some], zeros).contains("beside"));
    let other = |slot| Found::Other { slot, value };
    assert!(why(other(zeros), vec![], zeros).contains("not on this path"));
    assert!(why(other(last()), vec![some; 256], zeros).contains("not on this path"));
    assert!(why(other(slot(&[0x01])), vec![some; 8], zeros).contains("not on this path"));
    assert!(why(other(last()), vec![Hash::ZERO; 255], zeros).contains("beside"));
    for found in [other(last()), Found::This(fallen(0))] {
        let siblings = vec![some; if found == other(last()) { 255 } else { 256 }];
        StatusPath { found, siblings }.root(&zeros).unwrap();
    }
    assert_eq!(StatusPath { found: Found::Empty, siblings: vec![] }.root(&zeros), Ok(Hash::ZERO));
}
