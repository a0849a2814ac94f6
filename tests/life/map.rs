//! The root of the status map, from its definition alone (format.md 6.1).

use std::collections::BTreeMap;

use probant_core::{
    Hash,
    status::{Slot, Status},
};
use sha2::{Digest as _, Sha256};

type Leaves = Vec<([u8; 32], [u8; 32])>;

pub fn root(slots: &BTreeMap<Slot, Status>) -> Hash {
    let leaf = |(slot, status): (&Slot, &Status)| {
        let value: [u8; 32] = Sha256::digest(status.encode()).into();
        let leaf = Sha256::new().chain_update([2]).chain_update(slot.0.0).chain_update(value);
        (slot.0.0, leaf.finalize().into())
    };
    Hash(root_of(slots.iter().map(leaf).collect(), 0))
}

/// The root of the leaves whose slots share their first `depth` bits.
fn root_of(leaves: Leaves, depth: usize) -> [u8; 32] {
    match leaves[..] {
        [] => [0; 32],
        [(_, leaf)] => leaf,
        _ => {
            let is_one = |(slot, _): &([u8; 32], _)| slot[depth / 8] & (0x80 >> (depth % 8)) != 0;
            let (right, left) = leaves.into_iter().partition::<Leaves, _>(is_one);
            let (left, right) = (root_of(left, depth + 1), root_of(right, depth + 1));
            Sha256::new().chain_update([3]).chain_update(left).chain_update(right).finalize().into()
        }
    }
}
