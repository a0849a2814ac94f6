//! The ledger as people look at it: blocks, entries in words, documents a day. Everything is read
//! through the store; nothing here is a proof, and whoever needs one asks for it.

mod block;
mod days;
mod entry;
mod says;

use std::sync::Arc;

use probant_core::{Identity, Statement, registry::Registry};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Error, lag, store::Store};

use block::Link;

pub use block::BlockAnswer;
pub use days::{DayAnswer, Days};
pub use entry::EntryAnswer;
pub use says::Says;

/// Most blocks in an answer.
pub const BLOCKS_MAX: u64 = 20;
/// Most entries in an answer.
pub const ENTRIES_MAX: u64 = 100;

/// Looks into one store.
pub struct Explorer {
    store: Arc<dyn Store>,
    days: Days,
}

/// The ledger's name, and its newest blocks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Overview {
    /// What a verifier trusts.
    pub identity: IdentityAnswer,
    /// The newest block that look-ups reach.
    pub head: BlockAnswer,
    /// That one and those before it, the newest first, at most 20.
    pub blocks: Vec<BlockAnswer>,
}

/// The identity of a ledger.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IdentityAnswer {
    /// Its name.
    pub origin: String,
    /// The leaf hash of its genesis entry, hex.
    pub ledger: String,
    /// Both, as verifiers are given them.
    pub text: String,
}

/// Some blocks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BlocksAnswer {
    /// The newest first.
    pub blocks: Vec<BlockAnswer>,
}

/// Some entries of a block.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EntriesAnswer {
    /// Their block.
    pub block: BlockAnswer,
    /// In the order of the ledger.
    pub entries: Vec<EntryAnswer>,
}

/// One entry.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OneEntryAnswer {
    /// The block that sealed it.
    pub block: BlockAnswer,
    /// The entry.
    pub entry: EntryAnswer,
}

/// Documents certified on each of some days.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DaysAnswer {
    /// The oldest first; the last is the day of the newest block.
    pub days: Vec<DayAnswer>,
}

impl Explorer {
    /// Into a store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, days: Days::default() }
    }

    /// The newest blocks that look-ups reach.
    ///
    /// # Errors
    /// [`Error::Busy`] while look-ups lag, here as below; [`Error::Stop`] for damage.
    pub fn overview(&self, identity: &Identity) -> Result<Overview, Error> {
        let blocks = self.blocks(self.newest()?)?.ok_or_else(lag::behind)?.blocks;
        let identity = IdentityAnswer {
            origin: identity.origin.to_string(),
            ledger: identity.ledger.to_string(),
            text: identity.to_string(),
        };
        Ok(Overview { identity, head: blocks[0].clone(), blocks })
    }

    /// A block and those before it; `None` above the head.
    ///
    /// # Errors
    /// Those of [`Explorer::overview`].
    pub fn blocks(&self, height: u64) -> Result<Option<BlocksAnswer>, Error> {
        let Some(mut upper) = self.link(height)? else { return Ok(None) };
        let mut blocks = Vec::new();
        for height in (0..=height).rev().take(BLOCKS_MAX as usize) {
            let lower = self.before(height)?;
            blocks.push(BlockAnswer::of(&upper, lower.as_ref()));
            let Some(lower) = lower else { break };
            upper = lower;
        }
        Ok(Some(BlocksAnswer { blocks }))
    }

    /// Entries of a block, from an index on; `None` where the block has no such entry.
    ///
    /// # Errors
    /// Those of [`Explorer::overview`].
    pub fn entries(
        &self,
        height: u64,
        from: u64,
        registry: &Registry,
    ) -> Result<Option<EntriesAnswer>, Error> {
        let Some(block) = self.block(height)? else { return Ok(None) };
        let end = block.size;
        if !(block.first..end).contains(&from) {
            return Ok(None);
        }
        let entries = (from..end.min(from.saturating_add(ENTRIES_MAX))).map(|index| {
            let (statement, _) = self.statement(index)?.ok_or_else(lag::behind)?;
            EntryAnswer::of(index, &statement, &block, registry, &*self.store)
        });
        let entries = entries.collect::<Result<_, _>>()?;
        Ok(Some(EntriesAnswer { block, entries }))
    }

    /// An entry; `None` where there is none.
    ///
    /// # Errors
    /// Those of [`Explorer::overview`].
    pub fn entry(&self, index: u64, registry: &Registry) -> Result<Option<OneEntryAnswer>, Error> {
        let Some((statement, height)) = self.statement(index)? else { return Ok(None) };
        let block = self.block(height)?.ok_or_else(lag::behind)?;
        let entry = EntryAnswer::of(index, &statement, &block, registry, &*self.store)?;
        Ok(Some(OneEntryAnswer { block, entry }))
    }

    /// Documents certified on each of the last days.
    ///
    /// # Errors
    /// Those of [`Explorer::overview`].
    pub fn days(&self) -> Result<DaysAnswer, Error> {
        let newest = self.newest()?;
        let read = |height| Ok(self.link(height)?.ok_or_else(lag::behind)?.block);
        Ok(DaysAnswer { days: self.days.up_to(newest, read)? })
    }

    /// Height of the newest block that look-ups reach.
    fn newest(&self) -> Result<u64, Error> {
        self.store.derived().checked_sub(1).ok_or_else(lag::behind)
    }

    fn block(&self, height: u64) -> Result<Option<BlockAnswer>, Error> {
        let Some(link) = self.link(height)? else { return Ok(None) };
        Ok(Some(BlockAnswer::of(&link, self.before(height)?.as_ref())))
    }

    /// What the last entry of a block says.
    fn link(&self, height: u64) -> Result<Option<Link>, Error> {
        let Some(span) = self.store.span(height)? else { return Ok(None) };
        let (statement, _) = self.statement(span.size - 1)?.ok_or_else(lag::behind)?;
        Link::of(&statement).map(Some)
    }

    fn before(&self, height: u64) -> Result<Option<Link>, Error> {
        let Some(before) = height.checked_sub(1) else { return Ok(None) };
        Ok(Some(self.link(before)?.ok_or_else(lag::behind)?))
    }

    fn statement(&self, index: u64) -> Result<Option<(Statement, u64)>, Error> {
        let Some((entry, height)) = self.store.entry(index)? else { return Ok(None) };
        let statement = Statement::decode(&entry)
            .map_err(|rejected| Error::Stop(format!("entry {index}: {rejected}")))?;
        Ok(Some((statement, height)))
    }
}
