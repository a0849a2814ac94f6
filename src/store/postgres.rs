//! The PostgreSQL store: a ledger in one database, and any number of nodes that write to it.
//!
//! ```text
//! head                      the newest block; whoever makes the next one holds its lock
//! block_parts               the blocks: the truth
//! blocks, entries, tree,    look-ups, written in the transaction of their block
//! lists, documents, …
//! ```
//!
//! The life of a block: [`Store::claim`] begins a transaction, locks the head row and takes up what
//! other nodes have appended; the block is made; [`Claim::append`] adds it with all that is derived,
//! moves the head, commits, and raises the head mark, which is all that a node keeps for itself. A
//! crash before the commit loses only what was never acknowledged; one after it is found on opening,
//! by a mark that is lower than the head.
//!
//! No file here knows who else is there: a fork is impossible because of the lock on the head, and
//! would be refused by the key of the blocks if there were none.

mod cell;
mod claim;
mod deriving;
mod entries;
mod follow;
mod foreign;
mod head;
mod held;
mod lookups;
mod moving;
mod opening;
mod rows;
mod schema;
pub mod server;
mod statuses;
mod subtrees;
mod usage;

use std::{
    ops::{Range, RangeInclusive},
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard},
    time::Duration,
};

use probant_core::{
    Fingerprint, Hash, Rejected,
    chain::{Chain, Head},
    status::{Inner, Leaf, Map, Nodes},
    tree::Node,
};

pub use self::{
    deriving::Progress,
    moving::{Arrival, schema_of},
};
use self::{head::State, lookups::LookUps, server::Server, statuses::Statuses};
use super::{Claim, Location, Span, Store, StoreError, head_mark::HeadMark};
use crate::clock::SharedClock;

/// Whatever look-ups are damaged, the operator is told so often.
const TOLD_PAUSE: Duration = Duration::from_secs(60);

/// A node's side of a ledger in a database.
pub struct Postgres {
    server: Server,
    /// Held while blocks are taken up or published.
    marked: Mutex<Marked>,
    /// After the newest block that this node has taken up; none before block 0.
    chain: RwLock<Option<Chain>>,
    statuses: Statuses,
    /// In which blocks are added: open, or arriving.
    state: State,
    clock: SharedClock,
    /// When somebody was last told that look-ups are damaged.
    told: Mutex<Option<Duration>>,
}

/// The head mark of a node.
enum Marked {
    /// It only reads, or brings what others have acknowledged.
    No,
    /// It is made with the first block.
    Yet(PathBuf),
    /// At the newest block that was taken up.
    At(HeadMark),
}

impl Postgres {
    fn marked(&self) -> MutexGuard<'_, Marked> {
        self.marked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self) -> MutexGuard<'_, Option<Duration>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn chain_now(&self) -> Option<Chain> {
        self.chain.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn chain_mut(&self) -> RwLockWriteGuard<'_, Option<Chain>> {
        self.chain.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn newest(&self) -> Option<Head> {
        let chain = self.chain.read().unwrap_or_else(PoisonError::into_inner);
        chain.as_ref().map(|chain| chain.head().clone())
    }

    fn look_ups(&self) -> LookUps<'_> {
        LookUps { server: &self.server, statuses: &self.statuses, head: self.newest() }
    }
}

impl Nodes for Postgres {
    fn inner(&self, at: u64) -> Result<Inner, Rejected> {
        self.look_ups().inner(at)
    }

    fn leaf(&self, at: u64) -> Result<Leaf, Rejected> {
        self.look_ups().leaf(at)
    }

    fn inners(&self, at: &[u64]) -> Result<Vec<Inner>, Rejected> {
        self.look_ups().inners(at)
    }

    fn leaves(&self, at: &[u64]) -> Result<Vec<Leaf>, Rejected> {
        self.look_ups().leaves(at)
    }
}

impl Store for Postgres {
    fn chain(&self) -> Result<Option<Chain>, StoreError> {
        Ok(self.chain_now())
    }

    fn head(&self) -> Option<Head> {
        self.newest()
    }

    fn derived(&self) -> u64 {
        self.newest().map_or(0, |head| head.height + 1)
    }

    fn follow(&self) -> Result<(), StoreError> {
        self.take_up_new()
    }

    fn claim(&self) -> Result<Box<dyn Claim + '_>, StoreError> {
        let reads = self.state == State::Open && matches!(*self.marked(), Marked::No);
        if reads || self.state == State::Moved {
            let why = "the database was opened read-only: nothing can be written";
            return Err(StoreError::Input(why.into()));
        }
        self.claim_next()
    }

    fn block(&self, height: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.look_ups().block(height)
    }

    fn span(&self, height: u64) -> Result<Option<Span>, StoreError> {
        self.look_ups().span(height)
    }

    fn entry(&self, index: u64) -> Result<Option<(Vec<u8>, u64)>, StoreError> {
        self.look_ups().entry(index)
    }

    fn entries(&self, range: Range<u64>) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        self.look_ups().following(range)
    }

    fn hashes(&self, nodes: &[Node]) -> Result<Vec<Hash>, StoreError> {
        self.look_ups().hashes(nodes)
    }

    fn statement(&self, leaf: &Hash) -> Result<Option<u64>, StoreError> {
        self.look_ups().statement(leaf)
    }

    fn statements(&self, leaves: &[Hash]) -> Result<Vec<Option<u64>>, StoreError> {
        self.look_ups().statements(leaves)
    }

    fn first(&self, fingerprint: &Fingerprint) -> Result<Option<Location>, StoreError> {
        self.look_ups().first(fingerprint)
    }

    fn documents(
        &self,
        fingerprint: &Fingerprint,
        before: Option<Location>,
        limit: usize,
    ) -> Result<Vec<Location>, StoreError> {
        self.look_ups().documents(fingerprint, before, limit)
    }

    fn place(&self, fingerprint: &Fingerprint, entry: u64) -> Result<Option<Location>, StoreError> {
        self.look_ups().place(fingerprint, entry)
    }

    fn certified(
        &self,
        range: RangeInclusive<Fingerprint>,
        limit: usize,
    ) -> Result<Vec<Fingerprint>, StoreError> {
        self.look_ups().certified(&range, limit)
    }

    fn document_path(&self, location: Location) -> Result<Vec<Hash>, StoreError> {
        self.look_ups().document_path(location)
    }

    fn list(&self, root: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
        self.look_ups().list(root)
    }

    fn status(&self, height: u64) -> Result<Option<Map>, StoreError> {
        self.look_ups().status(height)
    }

    fn distrust_derived(&self) {
        let (now, mut told) = (self.clock.elapsed(), self.told());
        if told.is_none_or(|told| now >= told + TOLD_PAUSE) {
            *told = Some(now);
            tracing::error!("look-ups contradict the blocks: `probant reindex` derives them anew");
        }
    }
}
