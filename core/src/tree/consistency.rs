//! That a tree only grew: what was under its older root is under the newer one, in the same order
//! (RFC 9162 section 2.1.4; format.md 6).

use crate::{Hash, Rejected};

use super::{Node, cover, fold, node_hash};

/// Proof that the tree of the first `from` leaves is a part of that of the first `to`; the inverse
/// of [`check_consistency`]. `read` is as for [`super::prove`].
///
/// # Errors
/// Those of `read`.
///
/// # Panics
/// Unless `0 < from <= to`, or if `read` answers too few.
pub fn prove_consistency<E>(
    from: u64,
    to: u64,
    read: impl FnOnce(&[Node]) -> Result<Vec<Hash>, E>,
) -> Result<Vec<Hash>, E> {
    assert!(0 < from && from <= to, "a proof that a tree of {to} grew from {from}");
    let (mut nodes, mut steps) = (Vec::new(), Vec::new());
    let mut step = |start, end| {
        let before = nodes.len();
        cover(start, end, &mut nodes);
        steps.push(before..nodes.len());
    };
    let (mut start, mut end, mut is_whole) = (0, to, true);
    while end != from {
        let split = start + (1 << (end - start - 1).ilog2());
        if from <= split {
            step(split, end);
            end = split;
        } else {
            step(start, split);
            (start, is_whole) = (split, false);
        }
    }
    // Whoever asks knows the older root, where it is a node of the newer tree.
    if !is_whole {
        step(start, end);
    }
    let hashes = read(&nodes)?;
    let join = |range| fold(&hashes[range]).expect("every step covers a node");
    Ok(steps.into_iter().rev().map(join).collect())
}

/// Checks that the tree with root `newer` and `to` leaves begins with that of root `older` and
/// `from` leaves.
///
/// # Errors
/// [`Rejected::PathIndex`] unless `0 < from <= to`; [`Rejected::PathLength`];
/// [`Rejected::PathRoot`].
pub fn check_consistency(
    (from, older): (u64, Hash),
    (to, newer): (u64, Hash),
    path: &[Hash],
) -> Result<(), Rejected> {
    let what = "consistency";
    if from == 0 || from > to {
        return Err(Rejected::PathIndex { what, index: from, size: to });
    }
    let refuse = |found: Hash, expected: Hash| Rejected::PathRoot {
        what,
        found: found.to_string(),
        expected: expected.to_string(),
    };
    let wrong_length = |expected| Rejected::PathLength { what, found: path.len(), expected };
    if from == to {
        return match path.len() {
            0 if older == newer => Ok(()),
            0 => Err(refuse(older, newer)),
            _ => Err(wrong_length(0)),
        };
    }
    let expected = path_length(from, to);
    if path.len() != expected {
        return Err(wrong_length(expected));
    }
    let (first, rest) = if from.is_power_of_two() { (older, path) } else { (path[0], &path[1..]) };
    let climb = from.trailing_zeros();
    // Both are numbers of nodes at the level of the largest subtree that ends the older tree.
    let (mut node, mut last) = ((from - 1) >> climb, (to - 1) >> climb);
    let (mut old, mut new) = (first, first);
    for sibling in rest {
        if node % 2 == 1 || node == last {
            (old, new) = (node_hash(sibling, &old), node_hash(sibling, &new));
            while node % 2 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            new = node_hash(&new, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if old != older {
        return Err(refuse(old, older));
    }
    if new != newer {
        return Err(refuse(new, newer));
    }
    Ok(())
}

/// Number of hashes that lead from a tree of `from` leaves to one of `to`, `0 < from < to`.
fn path_length(from: u64, to: u64) -> usize {
    let climb = from.trailing_zeros();
    let (node, last) = ((from - 1) >> climb, (to - 1) >> climb);
    let inner = 64 - (node ^ last).leading_zeros();
    let border = node.checked_shr(inner).unwrap_or(0).count_ones();
    let seed = u32::from(!from.is_power_of_two());
    (seed + inner + border) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{leaf_hash, root};

    #[test]
    fn every_small_tree_grew_from_every_smaller_one_and_no_corruption_passes() {
        let leaves: Vec<_> = (0..40_u64).map(|i| leaf_hash(&i.to_be_bytes())).collect();
        let of = |size: u64| root(leaves[..size as usize].to_vec()).unwrap();
        let read = |nodes: &[Node]| {
            let subtree = |node: &Node| {
                let start = (node.index << node.level) as usize;
                root(leaves[start..start + (1 << node.level)].to_vec()).unwrap()
            };
            Ok::<_, ()>(nodes.iter().map(subtree).collect())
        };
        for to in 1..=40 {
            for from in 1..=to {
                let path = prove_consistency(from, to, read).unwrap();
                let check = |from, older, to, newer, path: &[Hash]| {
                    check_consistency((from, older), (to, newer), path).is_ok()
                };
                assert!(check(from, of(from), to, of(to), &path), "{from} to {to}");
                let other = Hash([7; 32]);
                assert!(!check(from, other, to, of(to), &path));
                assert!(!check(from, of(from), to, other, &path));
                for at in 0..path.len() {
                    let mut bad = path.clone();
                    bad[at].0[at % 32] ^= 1;
                    assert!(!check(from, of(from), to, of(to), &bad));
                    bad.remove(at);
                    assert!(!check(from, of(from), to, of(to), &bad));
                }
                let long = [&path[..], &[other]].concat();
                assert!(!check(from, of(from), to, of(to), &long));
                assert!(!check(0, of(from), to, of(to), &path));
                assert!(!check(to + 1, of(from), to, of(to), &path));
            }
        }
    }

    #[test]
    fn huge_sizes_do_not_overflow() {
        let hash = leaf_hash(b"");
        for (from, to) in [(1, u64::MAX), (u64::MAX - 1, u64::MAX), (1 << 63, u64::MAX)] {
            let path = vec![hash; path_length(from, to)];
            let checked = check_consistency((from, hash), (to, hash), &path);
            assert!(matches!(checked, Err(Rejected::PathRoot { .. })));
        }
    }
}
