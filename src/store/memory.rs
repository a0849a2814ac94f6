//! A store in memory, for tests: it keeps what it is given, answers by looking at all of it, and
//! fails on demand, both as "failed" and as "failed, but persisted".

use std::{
    collections::BTreeSet,
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use probant_core::{
    Fingerprint, Hash, Rejected, Statement,
    chain::{Chain, Head},
    list::Batch,
    status::{Inner, Kept, Leaf, Map, Nodes},
    tree::{self, Node},
};

use super::{Claim, Location, Span, Store, StoreError, StoredBlock, Usages, usage};

/// What the next append does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Fail {
    /// It works.
    #[default]
    Never,
    /// It fails and nothing is kept.
    Lost,
    /// It fails, and the block is there after all.
    Persisted,
    /// It is out of reach for once, and nothing is kept.
    Away,
    /// It went out of reach, and nothing is kept.
    UnknownLost,
    /// It went out of reach, and the block is there.
    UnknownPersisted,
}

/// The blocks of one ledger, in memory; its clones are the same ones, as other nodes see them.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<State>>);

impl Default for State {
    fn default() -> Self {
        let (blocks, usage) = (Vec::new(), Usages::new());
        Self { blocks, nodes: Kept::all(), usage, fail: Fail::Never, poisoned: false }
    }
}

#[derive(Debug)]
struct State {
    blocks: Vec<StoredBlock>,
    nodes: Kept,
    usage: Usages,
    fail: Fail,
    poisoned: bool,
}

impl Memory {
    /// Decides what the next append does.
    pub fn fail_next(&self, fail: Fail) {
        self.state().fail = fail;
    }

    /// The store as a new process would find it.
    #[must_use]
    pub fn reopen(&self) -> Self {
        let state = self.state();
        let (blocks, nodes) = (state.blocks.clone(), state.nodes.clone());
        let state = State { blocks, nodes, ..State::default() };
        Self(Arc::new(Mutex::new(state)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn leaves(&self) -> Vec<Hash> {
        self.blocks.iter().flat_map(|b| &b.block.entries).map(Statement::leaf).collect()
    }

    /// Every certified document, oldest first.
    fn certified(&self) -> impl Iterator<Item = (Fingerprint, Location)> + '_ {
        self.blocks.iter().flat_map(|stored| {
            let first = stored.block.header().first;
            let both = stored.block.entries.iter().zip(&stored.block.lists);
            both.zip(first..).flat_map(|((statement, list), entry)| {
                let certified = list.iter().filter(|_| statement.as_certify().is_some());
                let listed = certified.flat_map(|list| list.iter().collect::<Vec<_>>());
                listed
                    .chain(statement.enveloped())
                    .zip(0..=u16::MAX)
                    .map(move |(document, position)| (document, Location { entry, position }))
            })
        })
    }
}

/// Nobody waits for anybody: of two writers, the second is told.
struct Next<'a> {
    store: &'a Memory,
    head: Option<Head>,
    usage: Usages,
}

impl Claim for Next<'_> {
    fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    fn usage(&self, issuers: &[&str]) -> Result<Usages, StoreError> {
        Ok(usage::of(&self.store.state().usage, issuers))
    }

    fn set_usage(&mut self, usage: Usages) {
        self.usage = usage;
    }

    fn append(self: Box<Self>, block: StoredBlock) -> Result<(), StoreError> {
        let mut state = self.store.state();
        if state.poisoned {
            return Err(StoreError::Poisoned);
        }
        if state.blocks.last().map(|stored| &stored.head) != self.head() {
            return Err(StoreError::Conflict);
        }
        let fail = std::mem::take(&mut state.fail);
        if !matches!(fail, Fail::Lost | Fail::Away | Fail::UnknownLost) {
            state.nodes.grow(&block.growth);
            state.blocks.push(block);
            state.usage.extend(self.usage);
        }
        let why = "asked for".to_owned();
        match fail {
            Fail::Never => Ok(()),
            Fail::Away => Err(StoreError::Unavailable(why)),
            Fail::UnknownLost | Fail::UnknownPersisted => Err(StoreError::Unknown(why)),
            Fail::Lost | Fail::Persisted => {
                state.poisoned = true;
                let source = std::io::Error::other(why);
                Err(StoreError::Io { doing: "append".into(), source })
            }
        }
    }
}

impl Store for Memory {
    fn chain(&self) -> Result<Option<Chain>, StoreError> {
        let (mut chain, state) = (None, self.state());
        for stored in &state.blocks {
            StoredBlock::check(stored.bytes.clone(), &mut chain, &state.nodes)
                .map_err(|fault| StoreError::damage("memory", fault.rejected.to_string()))?;
        }
        Ok(chain)
    }

    fn head(&self) -> Option<Head> {
        self.state().blocks.last().map(|stored| stored.head.clone())
    }

    fn derived(&self) -> u64 {
        self.state().blocks.len() as u64
    }

    fn claim(&self) -> Result<Box<dyn Claim + '_>, StoreError> {
        Ok(Box::new(Next { store: self, head: self.head(), usage: Usages::new() }))
    }

    fn block(&self, height: u64) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().blocks.get(height as usize).map(|stored| stored.bytes.clone()))
    }

    fn span(&self, height: u64) -> Result<Option<Span>, StoreError> {
        Ok(self.state().blocks.get(height as usize).map(|stored| {
            let header = stored.block.header();
            let seal = stored.bytes[stored.layout.seal.clone()].to_vec();
            Span { height, first: header.first, size: header.size, seal }
        }))
    }

    fn entry(&self, index: u64) -> Result<Option<(Vec<u8>, u64)>, StoreError> {
        let state = self.state();
        let stored = state.blocks.iter().find(|stored| index < stored.head.size);
        Ok(stored.map(|stored| {
            let at = (index - stored.block.header().first) as usize;
            (stored.block.entries[at].entry().to_vec(), stored.head.height)
        }))
    }

    fn hashes(&self, nodes: &[Node]) -> Result<Vec<Hash>, StoreError> {
        let leaves = self.state().leaves();
        let subtree = |node: &Node| {
            let start = (node.index << node.level) as usize;
            let leaves = leaves.get(start..start + (1 << node.level));
            leaves.and_then(|leaves| tree::root(leaves.to_vec()))
        };
        let hashes: Option<Vec<_>> = nodes.iter().map(subtree).collect();
        hashes.ok_or_else(|| StoreError::damage("memory", "a hash beyond the tree"))
    }

    fn statement(&self, leaf: &Hash) -> Result<Option<u64>, StoreError> {
        let position = self.state().leaves().iter().position(|of| of == leaf);
        Ok(position.map(|index| index as u64))
    }

    fn first(&self, fingerprint: &Fingerprint) -> Result<Option<Location>, StoreError> {
        let state = self.state();
        let found = state.certified().find(|(document, _)| document == fingerprint);
        Ok(found.map(|(_, location)| location))
    }

    fn documents(
        &self,
        fingerprint: &Fingerprint,
        before: Option<Location>,
        limit: usize,
    ) -> Result<Vec<Location>, StoreError> {
        let state = self.state();
        let found = state.certified().filter(|(document, _)| document == fingerprint);
        let locations = found.map(|(_, location)| location);
        let mut locations: Vec<_> =
            locations.take_while(|at| before.is_none_or(|before| *at < before)).collect();
        locations.reverse();
        locations.truncate(limit);
        Ok(locations)
    }

    fn place(&self, fingerprint: &Fingerprint, entry: u64) -> Result<Option<Location>, StoreError> {
        let state = self.state();
        let mut certified = state.certified();
        let found = certified.find(|(document, at)| document == fingerprint && at.entry == entry);
        Ok(found.map(|(_, location)| location))
    }

    fn certified(
        &self,
        range: RangeInclusive<Fingerprint>,
        limit: usize,
    ) -> Result<Vec<Fingerprint>, StoreError> {
        let state = self.state();
        let certified = state.certified().map(|(document, _)| document);
        let found: BTreeSet<_> = certified.filter(|document| range.contains(document)).collect();
        Ok(found.into_iter().take(limit).collect())
    }

    fn document_path(&self, location: Location) -> Result<Vec<Hash>, StoreError> {
        let state = self.state();
        let stored = state.blocks.iter().find(|stored| location.entry < stored.head.size);
        let list = stored.and_then(|stored| {
            let at = location.entry.checked_sub(stored.block.header().first)?;
            Some(stored.block.lists[at as usize].clone())
        });
        match list {
            Some(Some(list)) => Ok(Batch::new(list).path(location.position.into())),
            Some(None) => Ok(Vec::new()),
            None => Err(StoreError::damage("memory", "a document beyond the head")),
        }
    }

    fn list(&self, root: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
        let state = self.state();
        let blocks = state.blocks.iter().map(|stored| &stored.block);
        let mut entries = blocks.flat_map(|block| block.entries.iter().zip(&block.lists));
        let list = entries.find(|(statement, _)| statement.list_root() == Some(*root));
        Ok(list.and_then(|(_, list)| list.as_ref()).map(|list| list.as_bytes().to_vec()))
    }

    fn status(&self, height: u64) -> Result<Option<Map>, StoreError> {
        Ok(self.state().blocks.get(height as usize).map(|stored| stored.growth.map))
    }

    fn distrust_derived(&self) {}
}

impl Nodes for Memory {
    fn inner(&self, at: u64) -> Result<Inner, Rejected> {
        self.state().nodes.inner(at)
    }

    fn leaf(&self, at: u64) -> Result<Leaf, Rejected> {
        self.state().nodes.leaf(at)
    }
}
