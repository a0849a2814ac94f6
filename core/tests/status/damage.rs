//! Nodes that are not those that were made: what is read of them is true, or unreadable.

use std::collections::BTreeSet;

use probant_core::{
    Hash, Rejected,
    status::{Growth, Inner, Kept, Leaf, Link, Map, Nodes, Slot, Status, StatusPath},
};
use sha2::{Digest as _, Sha256};

use super::{History, Model, fallen, hashed, last, model, slot};

/// Answers something else for one node.
struct Damaged<'a> {
    kept: &'a Kept,
    inner: Option<(u64, Inner)>,
    leaf: Option<(u64, Leaf)>,
}

impl Nodes for Damaged<'_> {
    fn inner(&self, at: u64) -> Result<Inner, Rejected> {
        match self.inner {
            Some((bad, inner)) if bad == at => Ok(inner),
            _ => self.kept.inner(at),
        }
    }

    fn leaf(&self, at: u64) -> Result<Leaf, Rejected> {
        match self.leaf {
            Some((bad, leaf)) if bad == at => Ok(leaf),
            _ => self.kept.leaf(at),
        }
    }
}

fn is_unreadable<T>(result: &Result<T, Rejected>) -> bool {
    matches!(result, Err(Rejected::Unreadable(_)))
}

/// What a slot should be answered: its status, its path, and the root once it is set.
struct Probe {
    slot: Slot,
    status: Option<Status>,
    path: StatusPath,
    root: Hash,
}

/// Probes that lead through every link of the map: its slots, and those that fork from them.
fn probes(truth: &Model) -> Vec<Probe> {
    let forks = |slot: &Slot| {
        let depth = model::path(truth, slot).siblings.len() as u64;
        // Bits of a way are counted from the most significant, those flipped from the least.
        let forks: Vec<_> = (0..depth).map(|bit| Slot(flip(slot.0, bit ^ 7))).collect();
        forks.into_iter().chain([*slot])
    };
    let slots: BTreeSet<_> = truth.keys().flat_map(forks).collect();
    let probe = |slot| {
        let mut after = truth.clone();
        let status = after.insert(slot, fallen(777));
        Probe { slot, status, path: model::path(truth, &slot), root: model::root(&after) }
    };
    slots.into_iter().map(probe).collect()
}

/// Whether some answer is refused; the others must be true.
fn is_noticed(map: &Map, probes: &[Probe], nodes: &dyn Nodes) -> bool {
    let slots: Vec<_> = probes.iter().map(|probe| probe.slot).collect();
    let found = map.find(&slots, nodes);
    let truth = probes.iter().map(|probe| probe.status).collect();
    assert!(is_unreadable(&found) || found == Ok(truth));
    let mut noticed = found.is_err();
    for probe in probes {
        let found = map.find(&[probe.slot], nodes);
        assert!(is_unreadable(&found) || found == Ok(vec![probe.status]));
        let path = map.prove(&probe.slot, nodes);
        assert!(is_unreadable(&path) || path.as_ref() == Ok(&probe.path));
        let growth = map.update(&Model::from([(probe.slot, fallen(777))]), nodes);
        let root = growth.map(|growth| growth.map.root_hash());
        assert!(is_unreadable(&root) || root == Ok(probe.root));
        noticed |= found.is_err() || path.is_err() || root.is_err();
    }
    noticed
}

fn flip(hash: Hash, bit: u64) -> Hash {
    let mut hash = hash;
    hash.0[bit as usize / 8 % 32] ^= 1 << (bit % 8);
    hash
}

/// The same link with another number, another hash, and of the other kinds.
fn damaged_links(link: Link, seed: u64) -> Vec<Link> {
    let (at, hash) = match link {
        Link::Empty => (0, Hash::ZERO),
        Link::Inner { at, hash } | Link::Leaf { at, hash } => (at, hash),
    };
    let all = [
        Link::Empty,
        Link::Inner { at, hash },
        Link::Leaf { at, hash },
        Link::Inner { at: at ^ 1, hash },
        Link::Leaf { at: at ^ 1, hash },
        Link::Inner { at: u64::MAX, hash },
        Link::Leaf { at: u64::MAX, hash },
        Link::Inner { at, hash: flip(hash, seed) },
        Link::Leaf { at, hash: flip(hash, seed) },
    ];
    all.into_iter().filter(|bad| *bad != link).collect()
}

#[test]
fn a_damaged_inner_node_is_noticed() {
    let history = History::of(&(0..12).map(hashed).collect::<Vec<_>>());
    let (map, truth) = history.last();
    let probes = probes(truth);
    for at in 0..map.inners {
        let Inner { left, right } = history.all.inner(at).unwrap();
        let mut bad: Vec<_> = vec![Inner { left: right, right: left }];
        bad.extend(damaged_links(left, at).into_iter().map(|left| Inner { left, right }));
        bad.extend(damaged_links(right, at).into_iter().map(|right| Inner { left, right }));
        bad.extend((0..map.inners).filter(|n| *n != at).map(|n| history.all.inner(n).unwrap()));
        for bad in bad {
            let nodes = Damaged { kept: &history.all, inner: Some((at, bad)), leaf: None };
            assert!(is_noticed(map, &probes, &nodes), "{at}: {bad:?}");
        }
    }
}

#[test]
fn a_damaged_leaf_is_noticed() {
    let history = History::of(&(0..12).map(hashed).collect::<Vec<_>>());
    let (map, truth) = history.last();
    let probes = probes(truth);
    for at in 0..map.leaves {
        let Leaf { slot, status } = history.all.leaf(at).unwrap();
        let mut bad = vec![Leaf { slot, status: fallen(999) }];
        bad.extend((at..256).step_by(12).map(|bit| Leaf { slot: Slot(flip(slot.0, bit)), status }));
        bad.extend((0..map.leaves).filter(|n| *n != at).map(|n| history.all.leaf(n).unwrap()));
        for bad in bad {
            let nodes = Damaged { kept: &history.all, inner: None, leaf: Some((at, bad)) };
            assert!(is_noticed(map, &probes, &nodes), "{at}: {bad:?}");
        }
    }
}

#[test]
fn a_map_of_other_nodes_is_unreadable() {
    let history = History::of(&(0..12).map(hashed).collect::<Vec<_>>());
    let (map, _) = history.last();
    for root in damaged_links(map.root, 3).into_iter().filter(|root| *root != Link::Empty) {
        let other = Map { root, ..*map };
        assert!(is_unreadable(&other.find(&[hashed(0)], &history.all)));
        assert!(is_unreadable(&other.prove(&hashed(0), &history.all)));
        let change = Model::from([(hashed(0), fallen(1))]);
        assert!(is_unreadable(&other.update(&change, &history.all)));
    }
}

/// Nodes whose hashes are right, in a shape that no map has: a leaf below so many forks, always on
/// the left.
fn misshapen(leaf: Leaf, forks: u64) -> (Map, Kept) {
    let (slot, value) = (&leaf.slot.0.0, leaf.status.digest());
    let mut root = Link::Leaf { at: 0, hash: sha256(&[&[2], slot, &value.0]) };
    let mut inners = Vec::new();
    for at in 0..forks {
        inners.push(Inner { left: root, right: Link::Empty });
        root = Link::Inner { at, hash: sha256(&[&[3], &root.hash().0, &[0; 32]]) };
    }
    let map = Map { root, inners: forks, leaves: 1 };
    let mut kept = Kept::all();
    kept.grow(&Growth { map, inners, leaves: vec![leaf], replaced: vec![] });
    (map, kept)
}

fn sha256(parts: &[&[u8]]) -> Hash {
    Hash(Sha256::digest(parts.concat()).into())
}

#[test]
fn what_is_not_in_its_place_is_unreadable() {
    let zeros = slot(&[]);
    for (leaf, forks) in [(slot(&[0xff]), 1), (slot(&[0x01]), 8), (last(), 256), (zeros, 257)] {
        let (map, kept) = misshapen(Leaf { slot: leaf, status: fallen(0) }, forks);
        assert!(is_unreadable(&map.find(&[zeros], &kept)));
        assert!(is_unreadable(&map.prove(&zeros, &kept)));
        assert!(is_unreadable(&map.update(&Model::from([(zeros, fallen(1))]), &kept)));
    }
}
