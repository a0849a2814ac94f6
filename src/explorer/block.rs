//! A block, in the words of its own statement and of the one before.

use probant_core::{Hash, Statement, statement::BlockStatement};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Error, clock::utc, lag};

/// A block as JSON. None of it changes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct BlockAnswer {
    /// Its number, from 0.
    pub height: u64,
    /// When it was sealed: milliseconds since 1970.
    pub time_ms: u64,
    /// The same, as RFC 3339.
    pub time: String,
    /// Index of its first entry.
    pub first: u64,
    /// Entries in the tree after it.
    pub size: u64,
    /// Entries in it, the last of which is the block statement.
    pub entries: u64,
    /// Documents certified in it.
    pub documents: u64,
    /// Documents certified up to it.
    pub documents_total: u64,
    /// Leaf hash of the block statement before, hex; of block 0 the ledger id.
    pub previous: String,
    /// Leaf hash of its own block statement, hex.
    pub statement: String,
    /// Root of the status map after it, hex.
    pub status_root: String,
}

/// A block statement, and the hash that the next one names.
#[derive(Clone)]
pub struct Link {
    pub block: BlockStatement,
    pub leaf: Hash,
}

impl Link {
    /// What an entry that ends a block says.
    ///
    /// # Errors
    /// [`Error::Busy`] where another entry is there: look-ups are being rebuilt.
    pub fn of(statement: &Statement) -> Result<Self, Error> {
        let block = statement.as_block().cloned().ok_or_else(lag::rebuilding)?;
        Ok(Self { block, leaf: statement.leaf() })
    }
}

impl BlockAnswer {
    /// Of a block, with the one before.
    pub fn of(Link { block, leaf }: &Link, before: Option<&Link>) -> Self {
        let documents_before = before.map_or(0, |before| before.block.documents);
        Self {
            height: block.height,
            time_ms: block.time_ms,
            time: utc(block.time_ms),
            first: block.first,
            size: block.size,
            entries: block.size - block.first,
            documents: block.documents - documents_before,
            documents_total: block.documents,
            previous: block.previous.to_string(),
            statement: leaf.to_string(),
            status_root: block.status.to_string(),
        }
    }
}
