//! That one tree grew from another (format.md 6): over the leaves of the ledger of all vectors.

use probant_core::{
    Hash, Statement,
    tree::{self, Node, prove_consistency},
};

use crate::{
    ledger::LEDGER,
    vector::{Vector, good, refused},
};

fn leaves() -> Vec<Hash> {
    LEDGER.blocks.iter().flat_map(|block| &block.entries).map(Statement::leaf).collect()
}

fn root(size: u64) -> Hash {
    tree::root(leaves()[..size as usize].to_vec()).unwrap()
}

fn path(from: u64, to: u64) -> Vec<Hash> {
    let leaves = leaves();
    let subtree = |node: &Node| {
        let start = (node.index << node.level) as usize;
        tree::root(leaves[start..start + (1 << node.level)].to_vec()).unwrap()
    };
    let read = |nodes: &[Node]| Ok::<_, ()>(nodes.iter().map(subtree).collect());
    prove_consistency(from, to, read).unwrap()
}

fn bytes(path: &[Hash]) -> Vec<u8> {
    path.iter().flat_map(|hash| hash.0).collect()
}

fn of(vector: Vector, from: u64, older: Hash, to: u64, newer: Hash) -> Vector {
    vector.with("from", from).with("older", older).with("to", to).with("newer", newer)
}

pub fn all() -> Vec<Vector> {
    let heads = [2, 5, 9, 10, 12];
    let pairs = heads.iter().flat_map(|from| heads.iter().map(move |to| (*from, *to)));
    let mut vectors: Vec<_> = pairs
        .filter(|(from, to)| from <= to)
        .map(|(from, to)| {
            let vector = good(format!("consistency_{from}_to_{to}"), bytes(&path(from, to)));
            of(vector, from, root(from), to, root(to))
        })
        .collect();
    let case = |name: &str, code: &str, path: &[Hash], (from, older), (to, newer)| {
        let vector = refused(format!("consistency_{name}"), code, bytes(path));
        of(vector, from, older, to, newer)
    };
    let (honest, other) = (path(5, 12), Hash([7; 32]));
    let (older, newer) = ((5, root(5)), (12, root(12)));
    let mut swapped = honest.clone();
    swapped.swap(0, 1);
    let longer = [&honest[..], &[other]].concat();
    vectors.extend([
        case("from_another_root", "path-root", &honest, (5, other), newer),
        case("to_another_root", "path-root", &honest, older, (12, other)),
        case("of_swapped_hashes", "path-root", &swapped, older, newer),
        case("one_hash_short", "path-length", &honest[1..], older, newer),
        case("one_hash_long", "path-length", &longer, older, newer),
        case("from_0", "path-index", &honest, (0, root(5)), newer),
        case("backwards", "path-index", &honest, (12, root(12)), (5, root(5))),
        case("of_one_size_and_two_roots", "path-root", &[], older, (5, other)),
        case("of_one_size_with_a_hash", "path-length", &[other], older, older),
    ]);
    vectors
}
