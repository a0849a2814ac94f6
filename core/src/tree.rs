//! The one Merkle tree (RFC 9162 section 2.1), over SHA-256, for lists and for the ledger.
//!
//! A lone right node is promoted. Proofs are made in two phases: first the nodes that are needed,
//! then one read of them. The verifier compares the length of a path before it hashes anything.

mod consistency;
mod several;

use sha2::{Digest as _, Sha256};

use crate::{Hash, Rejected};

pub use consistency::{check_consistency, prove_consistency};
pub use several::root_with;

/// More hashes than any path of a tree with 2^64 leaves has.
pub const PATH_MAX: usize = 64;

/// Hash of a leaf: SHA-256(0x00 || bytes).
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0x00]).chain_update(bytes).finalize().into())
}

/// Hash of an inner node: SHA-256(0x01 || left || right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [0x01; 65];
    bytes[1..33].copy_from_slice(&left.0);
    bytes[33..].copy_from_slice(&right.0);
    Hash(Sha256::digest(bytes).into())
}

/// Replaces a level of the tree by the one above it, in place.
pub(crate) fn ascend(level: &mut Vec<Hash>) {
    let count = level.len();
    for pair in 0..count / 2 {
        level[pair] = node_hash(&level[2 * pair], &level[2 * pair + 1]);
    }
    if count % 2 == 1 {
        level[count / 2] = level[count - 1];
    }
    level.truncate(count.div_ceil(2));
}

/// Root over leaf hashes; `None` where there are none.
pub fn root(mut leaves: Vec<Hash>) -> Option<Hash> {
    while leaves.len() > 1 {
        ascend(&mut leaves);
    }
    leaves.first().copied()
}

/// Number of hashes in the path of leaf `index` in a tree of `size` leaves, `index < size`.
fn path_length(index: u64, size: u64) -> usize {
    let inner = 64 - (index ^ (size - 1)).leading_zeros();
    (inner + index.checked_shr(inner).unwrap_or(0).count_ones()) as usize
}

/// Root to which `path` leads from leaf `index` of a tree of `size` leaves (RFC 9162, 2.1.3.2).
///
/// # Errors
/// [`Rejected::PathIndex`] and [`Rejected::PathLength`], before anything is hashed. That the root
/// is the right one is for the caller to compare.
pub fn root_from_path(
    what: &'static str,
    leaf: Hash,
    index: u64,
    size: u64,
    path: &[Hash],
) -> Result<Hash, Rejected> {
    if index >= size {
        return Err(Rejected::PathIndex { what, index, size });
    }
    let expected = path_length(index, size);
    if path.len() != expected {
        return Err(Rejected::PathLength { what, found: path.len(), expected });
    }
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in path {
        // A lone right node has no sibling at its level: climb until it has one.
        while node % 2 == 0 && node == last {
            (node, last) = (node >> 1, last >> 1);
        }
        hash = if node % 2 == 1 { node_hash(sibling, &hash) } else { node_hash(&hash, sibling) };
        (node, last) = (node >> 1, last >> 1);
    }
    Ok(hash)
}

/// A complete subtree: the node `index` (from the left) of `level` (0 = leaves).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Node {
    /// Height above the leaves.
    pub level: u8,
    /// Position in that level, from 0.
    pub index: u64,
}

/// The complete subtrees that cover leaves `start..end`, left to right; `start` is a multiple of
/// the smallest power of two that is not below `end - start`.
fn cover(start: u64, end: u64, nodes: &mut Vec<Node>) {
    let mut from = start;
    while from < end {
        let level = (end - from).ilog2();
        nodes.push(Node { level: level as u8, index: from >> level });
        from += 1 << level;
    }
}

fn fold(hashes: &[Hash]) -> Option<Hash> {
    let (last, before) = hashes.split_last()?;
    Some(before.iter().rev().fold(*last, |right, left| node_hash(left, &right)))
}

/// Path of leaf `index` in the tree of the first `size` leaves; the inverse of [`root_from_path`].
///
/// `read` is called once, with at most 2 log2(size) complete subtrees, and answers their hashes
/// in the same order.
///
/// # Errors
/// Those of `read`.
///
/// # Panics
/// If `index` is not below `size`, or `read` answers too few.
pub fn prove<E>(
    index: u64,
    size: u64,
    read: impl FnOnce(&[Node]) -> Result<Vec<Hash>, E>,
) -> Result<Vec<Hash>, E> {
    assert!(index < size, "a path is asked for leaf {index} of {size}");
    let (mut nodes, mut steps) = (Vec::new(), Vec::new());
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let split = start + (1 << (end - start - 1).ilog2());
        let before = nodes.len();
        if index < split {
            cover(split, end, &mut nodes);
            end = split;
        } else {
            cover(start, split, &mut nodes);
            start = split;
        }
        steps.push(before..nodes.len());
    }
    let hashes = read(&nodes)?;
    let step = |range| fold(&hashes[range]).expect("every step covers a node");
    Ok(steps.into_iter().rev().map(step).collect())
}

/// The right edge of a tree that only grows: its complete subtrees, largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The frontier of the first `size` leaves; `read` as for [`prove`].
    ///
    /// # Errors
    /// Those of `read`.
    pub fn read<E>(
        size: u64,
        read: impl FnOnce(&[Node]) -> Result<Vec<Hash>, E>,
    ) -> Result<Self, E> {
        let mut nodes = Vec::new();
        cover(0, size, &mut nodes);
        Ok(Self { size, peaks: read(&nodes)? })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its complete subtrees, largest first: what [`Self::read`] is answered.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("a peak for each bit of the size");
            hash = node_hash(&left, &hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Root of the tree; `None` while it is empty.
    pub fn root(&self) -> Option<Hash> {
        fold(&self.peaks)
    }
}

/// A tree that has just grown by some leaves: gives the path of each of them without a read.
#[derive(Clone, Debug)]
pub struct Growth {
    before: u64,
    size: u64,
    /// For each level, the number of its first node held, and the nodes up to the right edge.
    levels: Vec<(u64, Vec<Hash>)>,
}

impl Growth {
    /// The tree of `before` with `leaves` added; costs one hash a leaf.
    pub fn new(before: &Frontier, leaves: &[Hash]) -> Self {
        let size = before.size + leaves.len() as u64;
        let mut peaks = before.peaks.iter().rev();
        let (mut first, mut row) = (before.size, leaves.to_vec());
        let mut levels = Vec::new();
        loop {
            // The left sibling of the first new node is a peak of the tree before.
            if first % 2 == 1 {
                row.insert(0, *peaks.next().expect("a peak for each bit of the size"));
                first -= 1;
            }
            levels.push((first, row.clone()));
            if first == 0 && row.len() <= 1 {
                return Self { before: before.size, size, levels };
            }
            ascend(&mut row);
            first /= 2;
        }
    }

    /// Number of leaves after growing.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root after growing; `None` for an empty tree.
    pub fn root(&self) -> Option<Hash> {
        self.levels.last().and_then(|(_, row)| row.first()).copied()
    }

    /// The subtrees of a level that were not complete before, with their positions.
    pub fn completed(&self, level: u8) -> impl Iterator<Item = (u64, Hash)> + '_ {
        let complete = |size: u64| size.checked_shr(level.into()).unwrap_or(0);
        let new = complete(self.before)..complete(self.size);
        let held = self.levels.get(usize::from(level)).into_iter();
        let numbered = held.flat_map(|(first, row)| (*first..).zip(row.iter().copied()));
        numbered.filter(move |(index, _)| new.contains(index))
    }

    /// Path of one of the new leaves.
    ///
    /// # Panics
    /// If `index` is not one of them.
    pub fn path(&self, index: u64) -> Vec<Hash> {
        let (mut node, mut path) = (index, Vec::new());
        for (first, row) in &self.levels {
            let sibling = usize::try_from((node ^ 1).checked_sub(*first).expect("a new leaf"))
                .expect("a level fits in memory");
            path.extend(row.get(sibling));
            node /= 2;
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    /// RFC 9162 section 2.1.1, word for word.
    fn definition(leaves: &[Hash]) -> Hash {
        if let [leaf] = leaves {
            *leaf
        } else {
            let (left, right) = leaves.split_at(1 << (leaves.len() - 1).ilog2());
            node_hash(&definition(left), &definition(right))
        }
    }

    fn read(all: &[Hash]) -> impl Fn(&[Node]) -> Result<Vec<Hash>, ()> {
        let all = all.to_vec();
        move |nodes| {
            let subtree = |n: &Node| {
                let start = (n.index << n.level) as usize;
                definition(&all[start..start + (1 << n.level)])
            };
            Ok(nodes.iter().map(subtree).collect())
        }
    }

    #[test]
    fn every_leaf_of_every_small_tree_is_proven_and_every_corruption_refused() {
        for size in 1..=70_u64 {
            let all = leaves(size);
            let expected = definition(&all);
            assert_eq!(root(all.clone()), Some(expected));
            for index in 0..size {
                let path = prove(index, size, read(&all)).unwrap();
                let leaf = all[index as usize];
                let check = |index, size, path: &[Hash]| {
                    root_from_path("leaf", leaf, index, size, path).is_ok_and(|r| r == expected)
                };
                assert!(check(index, size, &path));
                assert!(!check(size, size, &path) && !check(u64::MAX, size, &path));
                for at in 0..path.len() {
                    let mut bad = path.clone();
                    bad[at].0[at % 32] ^= 1;
                    assert!(!check(index, size, &bad));
                    bad.remove(at);
                    assert!(!check(index, size, &bad));
                }
                let mut long = path.clone();
                long.push(expected);
                assert!(!check(index, size, &long));
                assert!((0..size).filter(|i| *i != index).all(|other| !check(other, size, &path)));
            }
        }
    }

    #[test]
    fn whichever_leaves_are_given_the_root_is_theirs_and_no_other_leaf_has_it() {
        for size in 1..=9_u64 {
            let all = leaves(size);
            for given in 0..1_u64 << size {
                let given = (0..size).filter(|at| given >> at & 1 == 1);
                let mut given: Vec<_> = given.map(|at| (at, all[at as usize])).collect();
                let with = |given: &[_]| root_with(given, size, read(&all)).unwrap();
                assert_eq!(with(&given), definition(&all));
                for at in 0..given.len() {
                    given[at].1.0[0] ^= 1;
                    assert_ne!(with(&given), definition(&all));
                    given[at].1.0[0] ^= 1;
                }
            }
        }
    }

    #[test]
    fn growth_agrees_with_the_whole_tree_for_every_split() {
        for size in 1..=40_u64 {
            let all = leaves(size);
            for before in 0..size {
                let mut frontier = Frontier::default();
                all[..before as usize].iter().for_each(|leaf| frontier.push(*leaf));
                assert_eq!(Frontier::read(before, read(&all)).unwrap(), frontier);
                let growth = Growth::new(&frontier, &all[before as usize..]);
                assert_eq!(growth.root(), Some(definition(&all)));
                assert_eq!(growth.size(), size);
                for index in before..size {
                    assert_eq!(growth.path(index), prove(index, size, read(&all)).unwrap());
                }
                for level in 0..8 {
                    let new = (before >> level..size >> level).map(|index| Node { level, index });
                    let hashes = read(&all)(&new.clone().collect::<Vec<_>>()).unwrap();
                    let expected = new.map(|node| node.index).zip(hashes);
                    assert!(growth.completed(level).eq(expected), "{before}, {size}, {level}");
                }
                all[before as usize..].iter().for_each(|leaf| frontier.push(*leaf));
                assert_eq!(frontier.root(), growth.root());
            }
        }
    }

    #[test]
    fn huge_sizes_do_not_overflow() {
        let leaf = leaf_hash(b"");
        for (index, size) in [(0, u64::MAX), (u64::MAX - 1, u64::MAX), (1 << 63, u64::MAX)] {
            let path = vec![leaf; path_length(index, size)];
            assert!(root_from_path("leaf", leaf, index, size, &path).is_ok());
        }
    }
}
