//! The status map against its definition (format.md 6.1): grown step by step, proven, verified,
//! and read from nodes that are damaged.

mod damage;
mod growth;
mod model;
mod paths;

use probant_core::{
    Hash,
    status::{Fall, Kept, Map, Nodes as _, Reason, Slot, Status, StatusPath},
};

use model::Model;

/// A slot whose first bytes are these, the others zero.
fn slot(first: &[u8]) -> Slot {
    let mut bytes = [0; 32];
    bytes[..first.len()].copy_from_slice(first);
    Slot(Hash(bytes))
}

/// A slot that shares 255 bits with that of zeros.
fn last() -> Slot {
    let mut slot = slot(&[]);
    slot.0.0[31] = 1;
    slot
}

/// The slot of a document that has its place by its hash.
fn hashed(number: u64) -> Slot {
    let document = probant_core::Fingerprints::of(&number.to_be_bytes()).blake3;
    Slot::document("energie.example", &document)
}

/// A status, another one for each entry.
fn fallen(entry: u64) -> Status {
    let (time_ms, kid) = (1_790_000_000_000 + entry, Hash([9; 32]));
    Status::Document(Fall { entry, time_ms, kid, reason: Reason::Withdrawn, replacement: None })
}

/// A map that grows, with its nodes kept in both ways, and what each of its steps should be.
struct History {
    all: Kept,
    newest: Kept,
    steps: Vec<(Map, Model)>,
}

impl History {
    fn new() -> Self {
        let (all, newest) = (Kept::all(), Kept::newest());
        Self { all, newest, steps: vec![(Map::EMPTY, Model::default())] }
    }

    fn of(slots: &[Slot]) -> Self {
        let mut history = Self::new();
        history.update((0..).zip(slots).map(|(entry, slot)| (*slot, fallen(entry))).collect());
        history
    }

    fn last(&self) -> &(Map, Model) {
        self.steps.last().unwrap()
    }

    /// Updates from the nodes of all maps and from those of the newest, which must agree.
    fn update(&mut self, changes: Model) {
        let (map, mut model) = self.last().clone();
        let growth = map.update(&changes, &self.all).unwrap();
        assert_eq!(map.update(&changes, &self.newest).unwrap(), growth);
        self.all.grow(&growth);
        self.newest.grow(&growth);
        model.extend(changes);
        assert_eq!(growth.map.root_hash(), model::root(&model));
        assert_eq!(self.newest.count(), model::count(&model), "nodes of the newest map");
        let made = growth.map.inners + growth.map.leaves;
        assert_eq!(self.all.count() as u64, made, "nodes of all maps");
        self.steps.push((growth.map, model));
    }

    /// Finds and proves these slots in every map that there was.
    fn check(&self, slots: &[Slot]) {
        for (map, model) in &self.steps {
            check(map, model, &self.all, slots);
        }
        let (map, model) = self.last();
        check(map, model, &self.newest, slots);
    }
}

fn check(map: &Map, model: &Model, kept: &Kept, slots: &[Slot]) {
    let mut sorted = slots.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let expected: Vec<_> = sorted.iter().map(|slot| model.get(slot).copied()).collect();
    assert_eq!(map.find(&sorted, kept).unwrap(), expected);
    let root = model::root(model);
    for (slot, status) in sorted.iter().zip(&expected) {
        let path = map.prove(slot, kept).unwrap();
        assert_eq!(path, model::path(model, slot));
        assert_eq!(path.verify(slot, root), Ok(status.as_ref()));
        assert_eq!(StatusPath::decode(&path.encode()), Ok(path));
    }
}

#[test]
fn what_was_never_made_is_not_read() {
    let kept = Kept::all();
    assert_eq!(kept.inner(0).unwrap_err().code(), "unreadable");
    assert_eq!(kept.leaf(0).unwrap_err().code(), "unreadable");
}
