//! What one statement is about when that is many: sorted fingerprints under one Merkle root
//! (format.md 6).
//!
//! A list travels beside its statement, which names it by root and count. The issuer builds its
//! tree with `rs_merkle` and proves each document; the ledger checks with the tree of this crate,
//! and proves one document from the 16 fingerprints around it and the nodes from level 4 up.

use rs_merkle::MerkleTree;

use crate::{
    Fingerprint, Hash, Rejected,
    tree::{self, leaf_hash, node_hash},
};

/// Most fingerprints of one list.
pub const LIST_COUNT_MAX: usize = 65_536;
/// Longest list as bytes.
pub const LIST_BYTES_MAX: usize = LIST_COUNT_MAX * Fingerprint::BYTES;
/// The lowest level whose nodes are kept: below it, 16 neighbours are hashed again.
const KEPT_LEVEL: u32 = 4;

/// Fingerprints, strictly ascending as bytes; on the wire, one after the other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct List {
    bytes: Vec<u8>,
}

impl List {
    /// Sorts fingerprints and drops repetitions.
    ///
    /// # Errors
    /// [`Rejected::ListCount`] for none or more than 65,536.
    pub fn new(mut fingerprints: Vec<Fingerprint>) -> Result<Self, Rejected> {
        fingerprints.sort_unstable();
        fingerprints.dedup();
        Self::decode(fingerprints.iter().flat_map(|f| *f.as_bytes()).collect())
    }

    /// Checks a stranger's list.
    ///
    /// # Errors
    /// [`Rejected::ListCount`], [`Rejected::ListOrder`], [`Rejected::Fingerprint`] or, for a
    /// length that is no multiple of 34, [`Rejected::Malformed`].
    pub fn decode(bytes: Vec<u8>) -> Result<Self, Rejected> {
        check_order(&bytes)?;
        Ok(Self { bytes })
    }

    /// Checks a stranger's list where it stands, and gives what its statement says of it.
    ///
    /// # Errors
    /// Those of [`List::decode`].
    pub fn check(bytes: &[u8]) -> Result<Summary, Rejected> {
        let count = check_order(bytes)?;
        Ok(Summary { count, root: root_of(bytes) })
    }

    /// What a statement says of it.
    pub fn summary(&self) -> Summary {
        Summary { count: self.count(), root: self.root() }
    }

    /// The bytes on the wire: `count() * 34`.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of fingerprints.
    pub fn count(&self) -> usize {
        self.bytes.len() / Fingerprint::BYTES
    }

    /// The fingerprints, ascending.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Fingerprint> + '_ {
        self.bytes
            .chunks_exact(Fingerprint::BYTES)
            .map(|bytes| Fingerprint::from_bytes(bytes).expect("checked when the list was made"))
    }

    /// Where a fingerprint stands.
    pub fn position(&self, fingerprint: &Fingerprint) -> Option<usize> {
        let (chunks, _) = self.bytes.as_chunks::<{ Fingerprint::BYTES }>();
        chunks.binary_search(fingerprint.as_bytes()).ok()
    }

    /// Root of the list's tree; two hashes a fingerprint.
    pub fn root(&self) -> Hash {
        root_of(&self.bytes)
    }

    /// Root and the nodes to keep, in one pass.
    pub fn root_and_nodes(&self) -> (Hash, Vec<Hash>) {
        let (mut level, mut row, mut kept) = (0, self.leaves(), Vec::new());
        loop {
            if level >= KEPT_LEVEL {
                kept.extend_from_slice(&row);
            }
            if row.len() == 1 {
                return (row[0], kept);
            }
            tree::ascend(&mut row);
            level += 1;
        }
    }

    fn leaves(&self) -> Vec<Hash> {
        leaves_of(&self.bytes)
    }
}

/// What a statement says of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Summary {
    /// Number of fingerprints.
    pub count: usize,
    /// Root of their tree.
    pub root: Hash,
}

/// The number of fingerprints, if they are known, strictly ascending, and not too many.
fn check_order(bytes: &[u8]) -> Result<usize, Rejected> {
    let count = bytes.len() / Fingerprint::BYTES;
    if !bytes.len().is_multiple_of(Fingerprint::BYTES) {
        let why = format!("{} bytes are no multiple of 34", bytes.len());
        return Err(Rejected::Malformed { what: "list", why });
    }
    if count == 0 || count > LIST_COUNT_MAX {
        return Err(Rejected::ListCount(count, LIST_COUNT_MAX));
    }
    let mut previous: &[u8] = &[];
    for (at, fingerprint) in bytes.chunks_exact(Fingerprint::BYTES).enumerate() {
        Fingerprint::from_bytes(fingerprint)?;
        if fingerprint <= previous {
            return Err(Rejected::ListOrder(at));
        }
        previous = fingerprint;
    }
    Ok(count)
}

fn leaves_of(bytes: &[u8]) -> Vec<Hash> {
    bytes.chunks_exact(Fingerprint::BYTES).map(leaf_hash).collect()
}

fn root_of(bytes: &[u8]) -> Hash {
    tree::root(leaves_of(bytes)).expect("a list is not empty")
}

/// How to prove one document of a list of `count` in O(log count) reads: which fingerprints and
/// which kept nodes are needed.
#[derive(Clone, Debug)]
pub struct Neighbourhood {
    index: usize,
    count: usize,
}

impl Neighbourhood {
    /// For the document at `index`, below `count`.
    pub fn new(index: usize, count: usize) -> Self {
        assert!(index < count, "document {index} of a list of {count}");
        Self { index, count }
    }

    /// Positions in the list of the fingerprints to read: 16 at most.
    pub fn fingerprints(&self) -> std::ops::Range<usize> {
        let start = self.index >> KEPT_LEVEL << KEPT_LEVEL;
        start..self.count.min(start + (1 << KEPT_LEVEL))
    }

    /// Number of nodes that [`List::root_and_nodes`] keeps for a list of `count`.
    pub fn kept(count: usize) -> usize {
        levels(count).map(|(_, width)| width).sum()
    }

    /// Positions among the kept nodes of those to read, bottom up.
    pub fn nodes(&self) -> Vec<usize> {
        let (mut start, mut wanted) = (0, Vec::new());
        for (level, width) in levels(self.count) {
            let sibling = (self.index >> level) ^ 1;
            if sibling < width {
                wanted.push(start + sibling);
            }
            start += width;
        }
        wanted
    }

    /// The path of the document, from what was read.
    pub fn path(&self, fingerprints: &[u8], nodes: Vec<Hash>) -> Vec<Hash> {
        let mut row: Vec<_> =
            fingerprints.chunks_exact(Fingerprint::BYTES).map(leaf_hash).collect();
        let (mut at, mut path) = (self.index % (1 << KEPT_LEVEL), Vec::new());
        while row.len() > 1 {
            path.extend(row.get(at ^ 1));
            tree::ascend(&mut row);
            at /= 2;
        }
        path.extend(nodes);
        path
    }
}

/// The kept levels of a list of `count` and the number of nodes in each, bottom up.
fn levels(count: usize) -> impl Iterator<Item = (u32, usize)> {
    let top = count.next_power_of_two().trailing_zeros();
    (KEPT_LEVEL..=top).map(move |level| (level, count.div_ceil(1 << level)))
}

/// The hashes of this crate for `rs_merkle`.
#[derive(Clone)]
struct Rfc9162;

impl rs_merkle::Hasher for Rfc9162 {
    type Hash = [u8; 32];

    fn hash(data: &[u8]) -> [u8; 32] {
        leaf_hash(data).0
    }

    fn concat_and_hash(left: &[u8; 32], right: Option<&[u8; 32]>) -> [u8; 32] {
        right.map_or(*left, |right| node_hash(&Hash(*left), &Hash(*right)).0)
    }
}

/// The tree of a list, held by who made the list: proves each of its documents.
pub struct Batch {
    list: List,
    tree: MerkleTree<Rfc9162>,
}

impl Batch {
    /// Builds the tree.
    pub fn new(list: List) -> Self {
        let leaves: Vec<_> = list.leaves().into_iter().map(|leaf| leaf.0).collect();
        Self { tree: MerkleTree::from_leaves(&leaves), list }
    }

    /// The list.
    pub fn list(&self) -> &List {
        &self.list
    }

    /// Root of the tree.
    pub fn root(&self) -> Hash {
        Hash(self.tree.root().expect("a list is not empty"))
    }

    /// Path of the document at `index`.
    pub fn path(&self, index: usize) -> Vec<Hash> {
        self.tree.proof(&[index]).proof_hashes().iter().map(|hash| Hash(*hash)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, tree::root_from_path};

    fn list(count: u32) -> List {
        let digest = |i: u32| leaf_hash(&i.to_be_bytes()).0;
        List::new((0..count).map(|i| Fingerprint::new(Algorithm::Blake3, digest(i))).collect())
            .unwrap()
    }

    #[test]
    fn three_ways_to_prove_a_document_agree() {
        for count in (1..=70).chain([255, 256, 257, 1000]) {
            let batch = Batch::new(list(count));
            let (root, kept) = batch.list().root_and_nodes();
            assert_eq!((root, root), (batch.root(), batch.list().root()));
            let count = count as usize;
            assert_eq!(kept.len(), Neighbourhood::kept(count));
            for (index, fingerprint) in batch.list().iter().enumerate() {
                let near = Neighbourhood::new(index, count);
                let bytes: Vec<u8> = near
                    .fingerprints()
                    .flat_map(|at| batch.list().as_bytes()[at * 34..][..34].to_vec())
                    .collect();
                let nodes = near.nodes().into_iter().map(|at| kept[at]).collect();
                let path = near.path(&bytes, nodes);
                assert_eq!(path, batch.path(index));
                let leaf = leaf_hash(fingerprint.as_bytes());
                let (index, count) = (index as u64, count as u64);
                assert_eq!(root_from_path("document", leaf, index, count, &path), Ok(root));
            }
        }
    }

    #[test]
    fn rs_merkle_accepts_what_our_verifier_refuses() {
        let batch = Batch::new(list(5));
        let leaf = leaf_hash(batch.list().iter().next().unwrap().as_bytes());
        let mut path = batch.path(0);
        path.push(leaf);
        let theirs = rs_merkle::MerkleProof::<Rfc9162>::new(path.iter().map(|h| h.0).collect());
        assert!(theirs.verify(batch.root().0, &[0], &[leaf.0], 5), "the reason for ours is gone");
        assert!(root_from_path("document", leaf, 0, 5, &path).is_err());
    }

    #[test]
    fn a_list_is_sorted_unique_and_bounded() {
        let good = list(3);
        assert_eq!(List::decode(good.as_bytes().to_vec()).unwrap(), good);
        let refused = |bytes: Vec<u8>| List::decode(bytes).unwrap_err().code();
        let [a, b]: [[u8; 34]; 2] = [0, 1].map(|i| *good.iter().nth(i).unwrap().as_bytes());
        assert_eq!(refused([b, a].concat()), "list-order");
        assert_eq!(refused([a, a].concat()), "list-order");
        assert_eq!(refused(vec![]), "list-count");
        assert_eq!(refused(a[..33].to_vec()), "malformed");
    }
}
