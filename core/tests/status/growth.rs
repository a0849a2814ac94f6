//! Maps that grow: by whatever steps, they are what their slots and values make them.

use std::cell::Cell;

use probant_core::{
    Hash, Rejected,
    status::{Inner, Kept, Leaf, Link, Map, Nodes, Slot},
};
use proptest::prelude::*;

use super::{History, Model, fallen, hashed, last, slot};

#[test]
fn an_empty_map_is_zero_and_one_leaf_is_its_root() {
    assert_eq!(Map::EMPTY.root_hash(), Hash::ZERO);
    let mut history = History::new();
    history.check(&[slot(&[]), last()]);
    history.update(Model::from([(last(), fallen(0))]));
    assert_eq!((history.last().0.inners, history.last().0.leaves), (0, 1));
    history.check(&[slot(&[]), last()]);
}

/// Every map of some of these slots, grown from every other one.
#[test]
fn every_small_map_agrees_with_the_definition() {
    let slots = [slot(&[]), last(), slot(&[0x01]), slot(&[0x80]), slot(&[0xff, 0xff])];
    let some = |chosen: u32, first: u64| -> Model {
        let numbered = (first..).zip(slots).enumerate();
        let chosen = numbered.filter(|(at, _)| chosen >> at & 1 == 1);
        chosen.map(|(_, (entry, slot))| (slot, fallen(entry))).collect()
    };
    let mut asked = slots.to_vec();
    asked.extend([slot(&[0x00, 0x01]), slot(&[0xff])]);
    for first in 0..1 << slots.len() {
        for second in 0..1 << slots.len() {
            let mut history = History::new();
            history.update(some(first, 0));
            history.update(some(second, 100));
            history.check(&asked);
        }
    }
}

/// Slots that are mostly close to each other.
fn any_slot() -> impl Strategy<Value = Slot> {
    let near = prop::collection::vec(prop::sample::select(&[0x00, 0x01, 0x80, 0xff][..]), 3);
    prop_oneof![
        near.prop_map(|first| slot(&first)),
        (0..40_u64).prop_map(hashed),
        any::<[u8; 32]>().prop_map(|bytes| Slot(Hash(bytes))),
    ]
}

fn batches() -> impl Strategy<Value = Vec<Model>> {
    let change = (any_slot(), (0..u64::MAX / 2).prop_map(fallen));
    prop::collection::vec(prop::collection::btree_map(change.0, change.1, 0..40), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn random_batches_agree_with_the_definition_at_every_step(
        batches in batches(),
        absent in prop::collection::vec(any_slot(), 0..8),
    ) {
        let mut history = History::new();
        for batch in batches {
            history.update(batch);
        }
        let mut asked: Vec<_> = history.last().1.keys().copied().collect();
        asked.extend(absent);
        history.check(&asked);
    }

    #[test]
    fn the_order_of_changes_is_not_in_the_root(batches in batches()) {
        let (mut by_batch, mut at_once) = (History::new(), History::new());
        for batch in batches.clone() {
            by_batch.update(batch);
        }
        at_once.update(batches.into_iter().flatten().collect());
        prop_assert_eq!(by_batch.last().0.root_hash(), at_once.last().0.root_hash());
    }
}

#[test]
fn no_change_makes_no_node() {
    let slots: Vec<_> = (0..100).map(hashed).collect();
    let history = History::of(&slots);
    let (map, model) = history.last();
    let unread = Kept::all();
    for same in [map.update(&Model::new(), &unread), map.update(model, &history.all)] {
        let same = same.unwrap();
        assert_eq!(same.map, *map);
        assert!(same.inners.is_empty() && same.leaves.is_empty() && same.replaced.is_empty());
    }
}

#[test]
fn one_change_makes_the_nodes_of_its_path_and_replaces_as_many() {
    let slots: Vec<_> = (0..1000).map(hashed).collect();
    let history = History::of(&slots);
    let (map, _) = history.last();
    for slot in &slots {
        let growth = map.update(&Model::from([(*slot, fallen(5000))]), &history.all).unwrap();
        let depth = map.prove(slot, &history.all).unwrap().siblings.len();
        assert_eq!((growth.inners.len(), growth.leaves.len()), (depth, 1));
        assert_eq!(growth.replaced.len(), depth + 1);
    }
}

#[test]
fn nodes_are_numbered_children_first_and_left_before_right() {
    let slots = [slot(&[0x00]), slot(&[0x40]), slot(&[0xc0]), slot(&[0xff])];
    let changes = (0..).zip(slots).map(|(entry, slot)| (slot, fallen(entry))).collect();
    let growth = Map::EMPTY.update(&changes, &Kept::all()).unwrap();
    let leaves: Vec<_> = growth.numbered_leaves().map(|(at, leaf)| (at, leaf.slot)).collect();
    assert_eq!(leaves, (0..).zip(slots).collect::<Vec<_>>());
    let numbers: Vec<_> =
        growth.inners.iter().map(|inner| [inner.left, inner.right].map(number)).collect();
    // The fork of 0x00 and 0x40, that of 0xc0 and 0xff a level below, and what leads there.
    assert_eq!(numbers[..2], [["leaf 0", "leaf 1"], ["leaf 2", "leaf 3"]]);
    assert_eq!(numbers[2..], [["none", "inner 1"], ["inner 0", "inner 2"]]);
}

fn number(link: Link) -> String {
    match link {
        Link::Empty => "none".into(),
        Link::Inner { at, .. } => format!("inner {at}"),
        Link::Leaf { at, .. } => format!("leaf {at}"),
    }
}

/// Counts what is read.
struct Counted<'a> {
    kept: &'a Kept,
    reads: Cell<usize>,
}

impl Nodes for Counted<'_> {
    fn inner(&self, at: u64) -> Result<Inner, Rejected> {
        self.reads.set(self.reads.get() + 1);
        self.kept.inner(at)
    }

    fn leaf(&self, at: u64) -> Result<Leaf, Rejected> {
        self.reads.set(self.reads.get() + 1);
        self.kept.leaf(at)
    }
}

#[test]
fn every_node_is_read_once_at_most() {
    let slots: Vec<_> = (0..1000).map(hashed).collect();
    let history = History::of(&slots);
    let (map, model) = history.last();
    let counted = Counted { kept: &history.newest, reads: Cell::new(0) };
    let asked: Vec<_> = model.keys().copied().collect();
    map.find(&asked, &counted).unwrap();
    assert_eq!(counted.reads.take(), history.newest.count());
    map.update(&(0..1000).map(|at| (hashed(at), fallen(at + 1))).collect(), &counted).unwrap();
    assert_eq!(counted.reads.take(), history.newest.count());
    map.find(&[], &counted).unwrap();
    assert_eq!(counted.reads.take(), 0);
}

#[test]
#[should_panic(expected = "slots ascend")]
fn slots_out_of_order_are_not_looked_for() {
    let _ = Map::EMPTY.find(&[last(), slot(&[])], &Kept::all());
}
