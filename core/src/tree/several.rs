//! Several leaves held to one tree at once: what lies between them is read once, and not once a leaf.

use crate::Hash;

use super::{Node, cover, fold, node_hash};

/// Root of the tree of `size` leaves, some of which are given with their indexes; `read` is as for
/// [`super::prove`], and answers for the others. That the root is the right one is for the caller to
/// compare.
///
/// # Errors
/// Those of `read`.
///
/// # Panics
/// Unless the indexes ascend and are below `size`, which is not 0; or if `read` answers too few.
pub fn root_with<E>(
    leaves: &[(u64, Hash)],
    size: u64,
    read: impl FnOnce(&[Node]) -> Result<Vec<Hash>, E>,
) -> Result<Hash, E> {
    let ascend = leaves.is_sorted_by(|(before, _), (after, _)| before < after);
    assert!(size > 0 && ascend && leaves.last().is_none_or(|(last, _)| *last < size));
    let mut nodes = Vec::new();
    subtree(0, size, leaves, &mut |start, end| {
        cover(start, end, &mut nodes);
        Hash::ZERO
    });
    let hashes = read(&nodes)?;
    let mut rest = hashes.as_slice();
    Ok(subtree(0, size, leaves, &mut |start, end: u64| {
        // A bit of its width is a node of its cover.
        let (covered, others) = rest.split_at((end - start).count_ones() as usize);
        rest = others;
        fold(covered).expect("a subtree has leaves")
    }))
}

/// Hash over the leaves `start..end`; `others` answers where none of them is given, left to right.
fn subtree(
    start: u64,
    end: u64,
    leaves: &[(u64, Hash)],
    others: &mut impl FnMut(u64, u64) -> Hash,
) -> Hash {
    match leaves {
        [] => others(start, end),
        [(_, leaf)] if end - start == 1 => *leaf,
        _ => {
            let split = start + (1 << (end - start - 1).ilog2());
            let (left, right) = leaves.split_at(leaves.partition_point(|(at, _)| *at < split));
            let left = subtree(start, split, left, others);
            node_hash(&left, &subtree(split, end, right, others))
        }
    }
}
