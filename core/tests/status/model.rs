//! The map as format.md 6.1 defines it: everything anew from the set of slots, with hashes and bits
//! of its own.

use std::collections::BTreeMap;

use probant_core::{
    Hash,
    status::{Found, Slot, Status, StatusPath},
};
use sha2::{Digest as _, Sha256};

pub type Model = BTreeMap<Slot, Status>;
type Held = (Slot, Status);

fn sha256(parts: &[&[u8]]) -> Hash {
    Hash(Sha256::digest(parts.concat()).into())
}

fn bit(slot: &Slot, depth: usize) -> bool {
    slot.0.0[depth / 8] & (128 >> (depth % 8)) != 0
}

fn split(held: &[Held], depth: usize) -> (Vec<Held>, Vec<Held>) {
    held.iter().partition(|(slot, _)| !bit(slot, depth))
}

fn all(model: &Model) -> Vec<Held> {
    model.iter().map(|(slot, status)| (*slot, *status)).collect()
}

fn value(status: &Status) -> Hash {
    sha256(&[&status.encode()])
}

fn hash(held: &[Held], depth: usize) -> Hash {
    match held {
        [] => Hash([0; 32]),
        [(slot, status)] => sha256(&[&[2], &slot.0.0, &value(status).0]),
        _ => {
            let (left, right) = split(held, depth);
            sha256(&[&[3], &hash(&left, depth + 1).0, &hash(&right, depth + 1).0])
        }
    }
}

pub fn root(model: &Model) -> Hash {
    hash(&all(model), 0)
}

/// Number of nodes: a leaf for each slot, and the forks.
pub fn count(model: &Model) -> usize {
    fn below(held: &[Held], depth: usize) -> usize {
        if held.len() < 2 {
            return held.len();
        }
        let (left, right) = split(held, depth);
        1 + below(&left, depth + 1) + below(&right, depth + 1)
    }
    below(&all(model), 0)
}

pub fn path(model: &Model, slot: &Slot) -> StatusPath {
    let (mut held, mut siblings) = (all(model), Vec::new());
    while held.len() > 1 {
        let depth = siblings.len();
        let (left, right) = split(&held, depth);
        let (next, other) = if bit(slot, depth) { (right, left) } else { (left, right) };
        siblings.push(hash(&other, depth + 1));
        held = next;
    }
    let found = match held.first() {
        None => Found::Empty,
        Some((found, status)) if found == slot => Found::This(*status),
        Some((other, status)) => Found::Other { slot: *other, value: value(status) },
    };
    siblings.reverse();
    StatusPath { found, siblings }
}
