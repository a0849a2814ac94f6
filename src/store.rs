//! The seam between the ledger and what keeps it, described by guarantees and not by mechanism.
//!
//! Each store is written natively against [`Store`]; tests/store holds all of them to one
//! conformance suite. Only the blocks are the truth; whatever answers a look-up is derived from
//! them, may be deleted, and is rebuilt.

pub mod embedded;
mod error;
pub mod head_mark;
pub mod memory;
pub mod postgres;
mod resume;
pub(crate) mod status_nodes;
mod usage;

use std::ops::{Range, RangeInclusive};

use probant_core::{
    Fingerprint, Hash,
    block::{Block, Fault, Layout},
    chain::{Chain, Extension, Head},
    status::{Growth, Map, Nodes},
    tree::Node,
};

pub use error::StoreError;
pub use usage::{Usage, Usages};

/// Keeps the blocks of one ledger and answers look-ups in them.
///
/// 1. [`Claim::append`] is compare-and-swap on the head. When it answers Ok the block is durable.
///    `Conflict`: another writer moved the head. `Unavailable`: nothing was appended. `Unknown`: it
///    was or was not, which the next claim finds out. Any other answer: the caller knows nothing,
///    and must reopen the store.
/// 2. Blocks are immutable: of two at one height, one is refused.
/// 3. Look-ups are derived: they may lag behind the head, they never lie, and one that found
///    nothing while lagging answers `Behind`.
/// 4. After a failed write or sync the store is poisoned and refuses every append.
/// 5. Nothing acknowledged is forgotten unseen: a store that is behind its head mark refuses.
/// 6. It reads the [`Nodes`] of the status maps of all its blocks, derived or not.
pub trait Store: Nodes + Send + Sync {
    /// What all blocks amount to; `None` before block 0. For the writer, when it starts, and when it
    /// may be wrong itself; `Behind` while look-ups are replaced.
    fn chain(&self) -> Result<Option<Chain>, StoreError>;

    /// The newest durable block.
    fn head(&self) -> Option<Head>;

    /// Number of blocks that look-ups are complete for.
    fn derived(&self) -> u64;

    /// Takes up what other writers have appended, so that [`Store::head`] and all look-ups know it.
    /// Where there is one writer there is nothing to do.
    ///
    /// # Errors
    /// `Unavailable`: ask again. `Damage` where the blocks are not those that were there before.
    fn follow(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Waits until the next block is this writer's to make, after whatever others have appended.
    /// Only under a claim is anything signed.
    ///
    /// # Errors
    /// `Unavailable`: ask again.
    fn claim(&self) -> Result<Box<dyn Claim + '_>, StoreError>;

    /// Makes a block durable, if `expected` is still the head; the identical block again is Ok.
    fn append(&self, expected: Option<&Head>, block: StoredBlock) -> Result<(), StoreError> {
        let claim = self.claim()?;
        if claim.head().is_some_and(|head| block.head.height <= head.height) {
            drop(claim);
            let same = self.block(block.head.height)?.is_some_and(|there| there == block.bytes);
            return if same { Ok(()) } else { Err(StoreError::Conflict) };
        }
        if claim.head() != expected {
            return Err(StoreError::Conflict);
        }
        claim.append(block)
    }

    /// The bytes of a durable block.
    fn block(&self, height: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// Where a block's entries are, with its seal.
    fn span(&self, height: u64) -> Result<Option<Span>, StoreError>;

    /// An entry, with the height of its block.
    fn entry(&self, index: u64) -> Result<Option<(Vec<u8>, u64)>, StoreError>;

    /// Entries that follow each other; none where the head has not all of them.
    fn entries(&self, range: Range<u64>) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        range.map(|index| Ok(self.entry(index)?.map(|(entry, _)| entry))).collect()
    }

    /// Hashes of complete subtrees, in the order asked for.
    fn hashes(&self, nodes: &[Node]) -> Result<Vec<Hash>, StoreError>;

    /// Index of the statement with this leaf hash, in any durable block: admission rests on it.
    /// `Behind` where look-ups are damaged or being replaced, never because they lag.
    fn statement(&self, leaf: &Hash) -> Result<Option<u64>, StoreError>;

    /// The same of many at once, in their order.
    fn statements(&self, leaves: &[Hash]) -> Result<Vec<Option<u64>>, StoreError> {
        leaves.iter().map(|leaf| self.statement(leaf)).collect()
    }

    /// Where a document was first certified.
    fn first(&self, fingerprint: &Fingerprint) -> Result<Option<Location>, StoreError>;

    /// Where a document is certified, before a place or anywhere, the newest first.
    fn documents(
        &self,
        fingerprint: &Fingerprint,
        before: Option<Location>,
        limit: usize,
    ) -> Result<Vec<Location>, StoreError>;

    /// Where a document stands in the list of one entry, however often others certified it.
    fn place(&self, fingerprint: &Fingerprint, entry: u64) -> Result<Option<Location>, StoreError>;

    /// Certified documents of a range, both ends included: ascending, each once however often it was
    /// certified, the first `limit` of them.
    fn certified(
        &self,
        range: RangeInclusive<Fingerprint>,
        limit: usize,
    ) -> Result<Vec<Fingerprint>, StoreError>;

    /// From a document to the root of its list.
    fn document_path(&self, location: Location) -> Result<Vec<Hash>, StoreError>;

    /// A list of two or more by its root.
    fn list(&self, root: &Hash) -> Result<Option<Vec<u8>>, StoreError>;

    /// The status map after a block; its nodes are read from the store.
    fn status(&self, height: u64) -> Result<Option<Map>, StoreError>;

    /// Why look-ups no longer follow the head, for good: then nothing more is appended either.
    fn failure(&self) -> Option<String> {
        None
    }

    /// Says that what is derived contradicts the blocks, so that it is rebuilt: once, however many
    /// say so while it is, or just after.
    fn distrust_derived(&self);
}

/// The next block is this writer's to make, for as long as it holds the claim; dropped, nothing was.
pub trait Claim {
    /// The newest durable block, on which the next one is built.
    fn head(&self) -> Option<&Head>;

    /// What these issuers have had sealed; of one that has had nothing, the default. A store of one
    /// process may have forgotten it.
    ///
    /// # Errors
    /// `Unavailable`: nothing was appended.
    fn usage(&self, issuers: &[&str]) -> Result<Usages, StoreError>;

    /// What they will have had once the next block is durable.
    fn set_usage(&mut self, usage: Usages);

    /// Makes the next block durable: the commit point.
    ///
    /// # Errors
    /// As [`Store`] says under 1.
    fn append(self: Box<Self>, block: StoredBlock) -> Result<(), StoreError>;
}

/// A place in a list: the certifying entry, and the position in its list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Location {
    /// Index of the entry in the ledger.
    pub entry: u64,
    /// Position in the entry's list, from 0.
    pub position: u16,
}

/// The entries of one block, `first..size`, the last of which is the block statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Span {
    /// The block.
    pub height: u64,
    /// Index of its first entry.
    pub first: u64,
    /// Entries in the tree after it.
    pub size: u64,
    /// Its seal.
    pub seal: Vec<u8>,
}

/// A block on its way into a store: its bytes, and what they say.
#[derive(Clone, Debug)]
pub struct StoredBlock {
    /// The bytes, which alone are kept.
    pub bytes: Vec<u8>,
    /// Where its parts stand in them.
    pub layout: Layout,
    /// What they decode to.
    pub block: Block,
    /// The head that it makes.
    pub head: Head,
    /// The chain after it.
    pub chain: Chain,
    /// What it adds to the status map.
    pub growth: Growth,
}

impl StoredBlock {
    /// Decodes a block and adds it to `chain` as an auditor would, all but the signatures of the
    /// entries: a bit that flipped in memory is found before anything is sealed for good. `nodes`
    /// are those of the chain's status map.
    ///
    /// # Errors
    /// The first [`Fault`]; the chain is of no use after it.
    pub fn check(
        bytes: Vec<u8>,
        chain: &mut Option<Chain>,
        nodes: &dyn Nodes,
    ) -> Result<Self, Fault> {
        let fault = |rejected| Fault { entry: None, rejected };
        let layout = Layout::of(&bytes).map_err(fault)?;
        let block = Block::decode_parts(&bytes, &layout)?;
        let Extension { signatures, growth } = if let Some(chain) = chain {
            chain.extend(&block, nodes)?
        } else {
            let (founded, extension) = Chain::found(&block)?;
            *chain = Some(founded);
            extension
        };
        signatures.check_seal(&block)?;
        let chain = chain.clone().expect("just made");
        Ok(Self { bytes, layout, block, head: chain.head().clone(), chain, growth })
    }
}
