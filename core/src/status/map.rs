//! The sparse Merkle map itself: a small value over nodes that somebody else keeps (format.md 6.1).
//!
//! A leaf sits at the shortest prefix of its slot that is its alone, so the same slots and values
//! make the same root, in whatever order they came. Nodes are never changed: an update makes new
//! ones along the paths that it takes, and older maps stay as they were.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::{Hash, Rejected};

use super::{Found, Kept, Slot, Status, StatusPath};

/// Hash of a leaf: SHA-256(0x02 || slot || SHA-256(value)).
pub(super) fn leaf_hash(slot: &Slot, value: &Hash) -> Hash {
    hash_pair(0x02, &slot.0, value)
}

/// Hash of an inner node: SHA-256(0x03 || left || right).
pub(super) fn node_hash(left: &Hash, right: &Hash) -> Hash {
    hash_pair(0x03, left, right)
}

fn hash_pair(domain: u8, one: &Hash, another: &Hash) -> Hash {
    let mut bytes = [domain; 65];
    bytes[1..33].copy_from_slice(&one.0);
    bytes[33..].copy_from_slice(&another.0);
    Hash(Sha256::digest(bytes).into())
}

/// Where a node stands: nodes are numbered in the order in which they were made, inner nodes and
/// leaves apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    /// No node; its hash is [`Hash::ZERO`].
    Empty,
    /// An inner node.
    Inner {
        /// Its number, from 0.
        at: u64,
        /// What it must hash to.
        hash: Hash,
    },
    /// A leaf.
    Leaf {
        /// Its number, from 0.
        at: u64,
        /// What it must hash to.
        hash: Hash,
    },
}

/// A fork: slots whose next bit is 0 are on the left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inner {
    /// Where the bit is 0.
    pub left: Link,
    /// Where the bit is 1.
    pub right: Link,
}

/// A slot and what it holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leaf {
    /// The whole slot, not only the bits that lead here.
    pub slot: Slot,
    /// What it holds.
    pub status: Status,
}

/// Reads nodes that were made before. What it answers is held to the hash of the link that led
/// there: nothing is believed, and what differs is [`Rejected::Unreadable`].
pub trait Nodes {
    /// The inner node of this number.
    ///
    /// # Errors
    /// [`Rejected::Unreadable`].
    fn inner(&self, at: u64) -> Result<Inner, Rejected>;

    /// The leaf of this number.
    ///
    /// # Errors
    /// [`Rejected::Unreadable`].
    fn leaf(&self, at: u64) -> Result<Leaf, Rejected>;

    /// Inner nodes, in the order asked for: for stores where a question costs a journey.
    ///
    /// # Errors
    /// [`Rejected::Unreadable`].
    fn inners(&self, at: &[u64]) -> Result<Vec<Inner>, Rejected> {
        at.iter().map(|at| self.inner(*at)).collect()
    }

    /// Leaves, likewise.
    ///
    /// # Errors
    /// [`Rejected::Unreadable`].
    fn leaves(&self, at: &[u64]) -> Result<Vec<Leaf>, Rejected> {
        at.iter().map(|at| self.leaf(*at)).collect()
    }
}

/// What a link leads to.
enum Node {
    Empty,
    Inner(Inner),
    Leaf(Leaf),
}

impl Link {
    /// The hash of what it leads to.
    pub fn hash(&self) -> Hash {
        match self {
            Self::Empty => Hash::ZERO,
            Self::Inner { hash, .. } | Self::Leaf { hash, .. } => *hash,
        }
    }

    /// The node, to which the first `depth` bits of `slot` have led.
    fn read(self, slot: &Slot, depth: usize, nodes: &dyn Nodes) -> Result<Node, Rejected> {
        match self {
            Self::Empty => Ok(Node::Empty),
            Self::Inner { at, hash } => {
                let inner = nodes.inner(at)?;
                let fits = depth < Slot::BITS && inner.hash() == hash;
                if fits { Ok(Node::Inner(inner)) } else { Err(unreadable("inner node", at, hash)) }
            }
            Self::Leaf { at, hash } => {
                let leaf = nodes.leaf(at)?;
                let fits = leaf.slot.shared_bits(slot) >= depth && leaf.hash() == hash;
                if fits { Ok(Node::Leaf(leaf)) } else { Err(unreadable("leaf", at, hash)) }
            }
        }
    }
}

fn unreadable(what: &str, at: u64, hash: Hash) -> Rejected {
    Rejected::Unreadable(format!("status {what} {at} is not {hash}, or not in its place"))
}

impl Inner {
    fn hash(&self) -> Hash {
        node_hash(&self.left.hash(), &self.right.hash())
    }
}

impl Leaf {
    fn hash(&self) -> Hash {
        leaf_hash(&self.slot, &self.status.digest())
    }
}

/// The map after some block: its root, and how many nodes there are. The nodes are the reader's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Map {
    /// Where everything begins.
    pub root: Link,
    /// Number of inner nodes made so far, the replaced ones included.
    pub inners: u64,
    /// Number of leaves made so far, the replaced ones included.
    pub leaves: u64,
}

impl Map {
    /// Nothing has fallen.
    pub const EMPTY: Self = Self { root: Link::Empty, inners: 0, leaves: 0 };

    /// What a block states.
    pub fn root_hash(&self) -> Hash {
        self.root.hash()
    }

    /// The status in each of some slots, in their order. Every node is read once, however many
    /// slots lead through it.
    ///
    /// # Errors
    /// [`Rejected::Unreadable`].
    ///
    /// # Panics
    /// If the slots are not ascending and distinct.
    pub fn find(&self, slots: &[Slot], nodes: &dyn Nodes) -> Result<Vec<Option<Status>>, Rejected> {
        assert!(slots.is_sorted_by(|one, next| one < next), "slots ascend");
        let mut found = Vec::with_capacity(slots.len());
        find_below(self.root, 0, slots, &Kept::on_ways(self.root, slots, nodes)?, &mut found)?;
        Ok(found)
    }

    /// The map with some slots set. It costs as many reads and new nodes as there are on their
    /// paths; a slot that is set to what it holds makes none.
    ///
    /// # Errors
    /// [`Rejected::Unreadable`].
    pub fn update(
        &self,
        changes: &BTreeMap<Slot, Status>,
        nodes: &dyn Nodes,
    ) -> Result<Growth, Rejected> {
        let changes: Vec<_> =
            changes.iter().map(|(&slot, &status)| Leaf { slot, status }).collect();
        let growth = Growth { map: *self, inners: vec![], leaves: vec![], replaced: vec![] };
        let slots: Vec<_> = changes.iter().map(|change| change.slot).collect();
        let mut update = Update { nodes: &Kept::on_ways(self.root, &slots, nodes)?, growth };
        update.growth.map.root = update.change(self.root, 0, &changes)?;
        Ok(update.growth)
    }

    /// What a slot holds, or that it is empty, for whoever knows the root; the inverse of
    /// [`StatusPath::verify`].
    ///
    /// # Errors
    /// [`Rejected::Unreadable`].
    pub fn prove(&self, slot: &Slot, nodes: &dyn Nodes) -> Result<StatusPath, Rejected> {
        let (mut link, mut siblings) = (self.root, Vec::new());
        let found = loop {
            match link.read(slot, siblings.len(), nodes)? {
                Node::Empty => break Found::Empty,
                Node::Leaf(leaf) if leaf.slot == *slot => break Found::This(leaf.status),
                Node::Leaf(Leaf { slot, status }) => {
                    break Found::Other { slot, value: status.digest() };
                }
                Node::Inner(Inner { left, right }) => {
                    let right_is_next = slot.goes_right(siblings.len());
                    let (next, sibling) = if right_is_next { (right, left) } else { (left, right) };
                    siblings.push(sibling.hash());
                    link = next;
                }
            }
        };
        siblings.reverse();
        Ok(StatusPath { found, siblings })
    }
}

/// The slots, which share `depth` bits, are all below the link.
fn find_below(
    link: Link,
    depth: usize,
    slots: &[Slot],
    nodes: &dyn Nodes,
    found: &mut Vec<Option<Status>>,
) -> Result<(), Rejected> {
    let Some(first) = slots.first() else { return Ok(()) };
    match link.read(first, depth, nodes)? {
        Node::Empty => found.extend(slots.iter().map(|_| None)),
        Node::Leaf(leaf) => {
            found.extend(slots.iter().map(|slot| (*slot == leaf.slot).then_some(leaf.status)));
        }
        Node::Inner(inner) => {
            let (left, right) = fork(slots, depth, |slot| slot);
            find_below(inner.left, depth + 1, left, nodes, found)?;
            find_below(inner.right, depth + 1, right, nodes, found)?;
        }
    }
    Ok(())
}

/// Parts what is sorted by its slots, which share `depth` bits, by the next one.
pub(super) fn fork<T>(sorted: &[T], depth: usize, slot: impl Fn(&T) -> &Slot) -> (&[T], &[T]) {
    sorted.split_at(sorted.partition_point(|one| !slot(one).goes_right(depth)))
}

/// What an update adds: nodes that are numbered from the older map's counts on, in their order,
/// children before parents and left before right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Growth {
    /// The newer map.
    pub map: Map,
    /// The new inner nodes.
    pub inners: Vec<Inner>,
    /// The new leaves.
    pub leaves: Vec<Leaf>,
    /// The older nodes that the newer map does without: whoever keeps no older one drops them.
    pub replaced: Vec<Link>,
}

impl Growth {
    /// The new inner nodes with their numbers.
    pub fn numbered_inners(&self) -> impl Iterator<Item = (u64, &Inner)> {
        (self.map.inners - self.inners.len() as u64..).zip(&self.inners)
    }

    /// A new inner node by its number.
    pub fn inner(&self, at: u64) -> Option<&Inner> {
        let first = self.map.inners - self.inners.len() as u64;
        self.inners.get(usize::try_from(at.checked_sub(first)?).ok()?)
    }

    /// A new leaf by its number.
    pub fn leaf(&self, at: u64) -> Option<&Leaf> {
        let first = self.map.leaves - self.leaves.len() as u64;
        self.leaves.get(usize::try_from(at.checked_sub(first)?).ok()?)
    }

    /// The new leaves with their numbers.
    pub fn numbered_leaves(&self) -> impl Iterator<Item = (u64, &Leaf)> {
        (self.map.leaves - self.leaves.len() as u64..).zip(&self.leaves)
    }

    fn push_inner(&mut self, inner: Inner) -> Link {
        let at = self.map.inners;
        self.map.inners += 1;
        self.inners.push(inner);
        Link::Inner { at, hash: inner.hash() }
    }

    fn push_leaf(&mut self, leaf: Leaf, hash: Hash) -> Link {
        let at = self.map.leaves;
        self.map.leaves += 1;
        self.leaves.push(leaf);
        Link::Leaf { at, hash }
    }
}

/// An update on its way through the map. Changes are sorted, and those of one call share `depth`
/// bits: those that lead there.
struct Update<'a> {
    nodes: &'a dyn Nodes,
    growth: Growth,
}

impl Update<'_> {
    /// The link to what is below once the changes are made; the same one if they change nothing.
    fn change(&mut self, link: Link, depth: usize, changes: &[Leaf]) -> Result<Link, Rejected> {
        let Some(first) = changes.first() else { return Ok(link) };
        match link.read(&first.slot, depth, self.nodes)? {
            Node::Empty => Ok(self.place(None, depth, changes)),
            Node::Leaf(leaf) => Ok(self.place(Some((leaf.slot, link)), depth, changes)),
            Node::Inner(older) => {
                let (left, right) = fork(changes, depth, |change| &change.slot);
                let newer = Inner {
                    left: self.change(older.left, depth + 1, left)?,
                    right: self.change(older.right, depth + 1, right)?,
                };
                if newer == older {
                    return Ok(link);
                }
                self.growth.replaced.push(link);
                Ok(self.growth.push_inner(newer))
            }
        }
    }

    /// The same where no fork was: at most one leaf, which moves down or is replaced.
    fn place(&mut self, older: Option<(Slot, Link)>, depth: usize, changes: &[Leaf]) -> Link {
        match (older, changes) {
            (None, []) => Link::Empty,
            (Some((_, link)), []) => link,
            (None, [leaf]) => self.growth.push_leaf(*leaf, leaf.hash()),
            (Some((slot, link)), [leaf]) if slot == leaf.slot => self.replace(link, *leaf),
            _ => {
                let (left, right) = fork(changes, depth, |change| &change.slot);
                let older_if = |right| older.filter(|(slot, _)| slot.goes_right(depth) == right);
                let left = self.place(older_if(false), depth + 1, left);
                let right = self.place(older_if(true), depth + 1, right);
                self.growth.push_inner(Inner { left, right })
            }
        }
    }

    fn replace(&mut self, older: Link, leaf: Leaf) -> Link {
        let hash = leaf.hash();
        if hash == older.hash() {
            return older;
        }
        self.growth.replaced.push(older);
        self.growth.push_leaf(leaf, hash)
    }
}
