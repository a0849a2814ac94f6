//! What one statement is about when that is many: sorted fingerprints under one Merkle root
//! (format.md 6). Where documents are replaced by others, each leaf is a fingerprint and its successor.
//!
//! A list travels beside its statement, which names it by root and count. The issuer builds its
//! tree with `rs_merkle` and proves each document; the ledger checks with the tree of this crate,
//! and proves one document from the 16 fingerprints around it and the nodes from level 4 up.

use rs_merkle::MerkleTree;

use crate::{
    Fingerprint, Hash, Rejected,
    tree::{self, leaf_hash, node_hash},
};

/// Most fingerprints of one list; of replacements half as many, for each is two.
pub const LIST_COUNT_MAX: usize = 65_536;
/// Longest list as bytes, of either shape.
pub const LIST_BYTES_MAX: usize = LIST_COUNT_MAX * Fingerprint::BYTES;
/// The lowest level whose nodes are kept: below it, 16 neighbours are hashed again.
const KEPT_LEVEL: u32 = 4;

/// What the leaves of a list are; its statement says which.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// A fingerprint each.
    Documents,
    /// A fingerprint and that of the document which replaces it.
    Replacements,
}

impl Shape {
    /// Length of a leaf.
    pub fn leaf_bytes(self) -> usize {
        match self {
            Self::Documents => Fingerprint::BYTES,
            Self::Replacements => 2 * Fingerprint::BYTES,
        }
    }

    /// Most leaves of one list.
    pub fn count_max(self) -> usize {
        LIST_BYTES_MAX / self.leaf_bytes()
    }
}

/// Leaves strictly ascending, and unique, by their first fingerprint; on the wire, one after the
/// other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct List {
    bytes: Vec<u8>,
    shape: Shape,
}

impl List {
    /// Sorts fingerprints and drops repetitions.
    ///
    /// # Errors
    /// [`Rejected::ListCount`] for none or more than 65,536.
    pub fn new(mut fingerprints: Vec<Fingerprint>) -> Result<Self, Rejected> {
        fingerprints.sort_unstable();
        fingerprints.dedup();
        let bytes = fingerprints.iter().flat_map(|f| *f.as_bytes()).collect();
        Self::decode(bytes, Shape::Documents)
    }

    /// Sorts pairs of a document and its successor, and drops repetitions.
    ///
    /// # Errors
    /// [`Rejected::ListCount`] for none or more than 32,768; [`Rejected::ListOrder`] for a document
    /// with two successors; [`Rejected::Field`] for one that replaces itself.
    pub fn replacements(mut pairs: Vec<(Fingerprint, Fingerprint)>) -> Result<Self, Rejected> {
        pairs.sort_unstable();
        pairs.dedup();
        let both = |(old, new): &(Fingerprint, Fingerprint)| [*old.as_bytes(), *new.as_bytes()];
        let bytes = pairs.iter().flat_map(both).flatten().collect();
        Self::decode(bytes, Shape::Replacements)
    }

    /// Checks a stranger's list.
    ///
    /// # Errors
    /// [`Rejected::ListCount`], [`Rejected::ListOrder`], [`Rejected::Fingerprint`],
    /// [`Rejected::Field`] or, for a length that is no multiple of a leaf's, [`Rejected::Malformed`].
    pub fn decode(bytes: Vec<u8>, shape: Shape) -> Result<Self, Rejected> {
        check_order(&bytes, shape)?;
        Ok(Self { bytes, shape })
    }

    /// Checks a stranger's list where it stands, and gives what its statement says of it.
    ///
    /// # Errors
    /// Those of [`List::decode`].
    pub fn check(bytes: &[u8], shape: Shape) -> Result<Summary, Rejected> {
        let count = check_order(bytes, shape)?;
        Ok(Summary { count, root: root_of(bytes, shape), first: fingerprint_at(bytes, 0) })
    }

    /// What a statement says of it.
    pub fn summary(&self) -> Summary {
        let first = fingerprint_at(&self.bytes, 0);
        Summary { count: self.count(), root: self.root(), first }
    }

    /// The bytes on the wire: `count()` leaves.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What its leaves are.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Number of leaves.
    pub fn count(&self) -> usize {
        self.bytes.len() / self.shape.leaf_bytes()
    }

    /// The documents that it is about, ascending.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Fingerprint> + '_ {
        self.leaf_bytes().map(|leaf| fingerprint_at(leaf, 0))
    }

    /// The documents that it is about, each with its successor where it has one.
    pub fn pairs(&self) -> impl ExactSizeIterator<Item = (Fingerprint, Option<Fingerprint>)> + '_ {
        let successor = |leaf: &[u8]| match self.shape {
            Shape::Documents => None,
            Shape::Replacements => Some(fingerprint_at(leaf, Fingerprint::BYTES)),
        };
        self.leaf_bytes().map(move |leaf| (fingerprint_at(leaf, 0), successor(leaf)))
    }

    fn leaf_bytes(&self) -> std::slice::ChunksExact<'_, u8> {
        self.bytes.chunks_exact(self.shape.leaf_bytes())
    }

    /// Where a document stands.
    pub fn position(&self, fingerprint: &Fingerprint) -> Option<usize> {
        let (mut low, mut high) = (0, self.count());
        while low < high {
            let middle = low + (high - low) / 2;
            let at = fingerprint_at(&self.bytes, middle * self.shape.leaf_bytes());
            match at.cmp(fingerprint) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Root of the list's tree; two hashes a leaf.
    pub fn root(&self) -> Hash {
        root_of(&self.bytes, self.shape)
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
        self.leaf_bytes().map(leaf_hash).collect()
    }
}

/// What a statement says of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Summary {
    /// Number of leaves.
    pub count: usize,
    /// Root of their tree.
    pub root: Hash,
    /// The first document: the one that a list of one is about.
    pub first: Fingerprint,
}

/// The fingerprint at a byte of a list that has been checked.
fn fingerprint_at(bytes: &[u8], start: usize) -> Fingerprint {
    let bytes = &bytes[start..start + Fingerprint::BYTES];
    Fingerprint::from_bytes(bytes).expect("checked when the list was made")
}

/// The number of leaves, if their fingerprints are known, they strictly ascend by the first, and
/// are not too many.
fn check_order(bytes: &[u8], shape: Shape) -> Result<usize, Rejected> {
    let (leaf_bytes, max) = (shape.leaf_bytes(), shape.count_max());
    let count = bytes.len() / leaf_bytes;
    if !bytes.len().is_multiple_of(leaf_bytes) {
        let why = format!("{} bytes are no multiple of {leaf_bytes}", bytes.len());
        return Err(Rejected::Malformed { what: "list", why });
    }
    if count == 0 || count > max {
        return Err(Rejected::ListCount(count, max));
    }
    let mut previous: &[u8] = &[];
    for (at, leaf) in bytes.chunks_exact(leaf_bytes).enumerate() {
        let (first, successor) = leaf.split_at(Fingerprint::BYTES);
        Fingerprint::from_bytes(first)?;
        if first <= previous {
            return Err(Rejected::ListOrder(at));
        }
        if shape == Shape::Replacements {
            Fingerprint::from_bytes(successor)?;
        }
        if first == successor {
            return Err(Rejected::field("revoke", "list", "a document does not replace itself"));
        }
        previous = first;
    }
    Ok(count)
}

fn root_of(bytes: &[u8], shape: Shape) -> Hash {
    let leaves = bytes.chunks_exact(shape.leaf_bytes()).map(leaf_hash).collect();
    tree::root(leaves).expect("a list is not empty")
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
        assert_eq!(List::decode(good.as_bytes().to_vec(), Shape::Documents).unwrap(), good);
        let refused = |bytes: Vec<u8>| List::decode(bytes, Shape::Documents).unwrap_err().code();
        let [a, b]: [[u8; 34]; 2] = [0, 1].map(|i| *good.iter().nth(i).unwrap().as_bytes());
        assert_eq!(refused([b, a].concat()), "list-order");
        assert_eq!(refused([a, a].concat()), "list-order");
        assert_eq!(refused(vec![]), "list-count");
        assert_eq!(refused(a[..33].to_vec()), "malformed");
    }
}
