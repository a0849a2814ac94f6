//! Nodes of the map in memory: for audits, for tests, for a ledger that keeps nothing, and for one
//! walk through the map.

use std::collections::HashMap;

use crate::Rejected;

use super::{Growth, Inner, Leaf, Link, Nodes, Slot, map::fork};

/// Nodes in memory: all that were ever made, or those of the newest map only.
#[derive(Clone, Debug)]
pub struct Kept {
    inners: HashMap<u64, Inner>,
    leaves: HashMap<u64, Leaf>,
    drops_replaced: bool,
}

impl Kept {
    /// Keeps all nodes: every older map stays readable.
    pub fn all() -> Self {
        Self { inners: HashMap::new(), leaves: HashMap::new(), drops_replaced: false }
    }

    /// Keeps the nodes of the newest map, and drops what it does without.
    pub fn newest() -> Self {
        Self { drops_replaced: true, ..Self::all() }
    }

    /// The nodes on the ways from a root to ascending slots, read a level at a time. They are held
    /// to their hashes by whoever walks there: wrong ones lead no deeper than a slot has bits.
    pub(super) fn on_ways(root: Link, slots: &[Slot], nodes: &dyn Nodes) -> Result<Self, Rejected> {
        let (mut kept, mut level) = (Self::all(), vec![(root, slots)]);
        for depth in 0..=Slot::BITS {
            let (mut inners, mut leaves, mut parted) = (vec![], vec![], vec![]);
            for (link, slots) in level.drain(..).filter(|(_, slots)| !slots.is_empty()) {
                match link {
                    Link::Inner { at, .. } if depth < Slot::BITS => {
                        inners.push(at);
                        parted.push(fork(slots, depth, |slot| slot));
                    }
                    Link::Leaf { at, .. } => leaves.push(at),
                    Link::Inner { .. } | Link::Empty => {}
                }
            }
            kept.leaves.extend(leaves.iter().copied().zip(nodes.leaves(&leaves)?));
            for ((at, inner), (left, right)) in
                inners.iter().zip(nodes.inners(&inners)?).zip(parted)
            {
                kept.inners.insert(*at, inner);
                level.extend([(inner.left, left), (inner.right, right)]);
            }
            if level.is_empty() {
                break;
            }
        }
        Ok(kept)
    }

    /// Takes what an update of the newest map adds.
    pub fn grow(&mut self, growth: &Growth) {
        self.inners.extend(growth.numbered_inners().map(|(at, inner)| (at, *inner)));
        self.leaves.extend(growth.numbered_leaves().map(|(at, leaf)| (at, *leaf)));
        if self.drops_replaced {
            growth.replaced.iter().for_each(|link| self.drop_node(*link));
        }
    }

    fn drop_node(&mut self, link: Link) {
        match link {
            Link::Empty => {}
            Link::Inner { at, .. } => drop(self.inners.remove(&at)),
            Link::Leaf { at, .. } => drop(self.leaves.remove(&at)),
        }
    }

    /// Number of nodes, inner nodes and leaves together.
    pub fn count(&self) -> usize {
        self.inners.len() + self.leaves.len()
    }
}

impl Nodes for Kept {
    fn inner(&self, at: u64) -> Result<Inner, Rejected> {
        self.inners.get(&at).copied().ok_or_else(|| missing("inner node", at))
    }

    fn leaf(&self, at: u64) -> Result<Leaf, Rejected> {
        self.leaves.get(&at).copied().ok_or_else(|| missing("leaf", at))
    }
}

fn missing(what: &str, at: u64) -> Rejected {
    Rejected::Unreadable(format!("status {what} {at} is not kept"))
}
