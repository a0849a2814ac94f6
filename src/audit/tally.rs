//! What has passed so far: the figures of the report, and of the progress until then.

use std::collections::BTreeMap;

use probant_core::{block::Block, chain::Head, key::PublicKey};

use super::SignedHead;

/// Totals over the blocks that passed every check.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Number of blocks.
    pub blocks: u64,
    /// Number of entries.
    pub entries: u64,
    /// Number of entries of each kind.
    pub statements: BTreeMap<&'static str, u64>,
    /// Bytes of these blocks.
    pub bytes: u64,
    /// When block 0 was sealed.
    pub first_time_ms: u64,
    /// The newest of them.
    pub head: Option<Head>,
    /// The same, with the ledger's signature.
    pub signed_head: Option<SignedHead>,
    /// Its block statement, as the entry that it is.
    pub(super) statement: Vec<u8>,
}

/// One block's share.
#[derive(Debug)]
pub(super) struct Passed {
    pub head: Head,
    pub bytes: u64,
    pub signed_head: SignedHead,
    /// The block statement.
    statement: Vec<u8>,
    statements: BTreeMap<&'static str, u64>,
}

impl Passed {
    pub fn new(block: &Block, head: Head, key: &PublicKey, bytes: u64) -> Self {
        let mut statements = BTreeMap::new();
        for statement in &block.entries {
            *statements.entry(statement.body().kind()).or_default() += 1;
        }
        let signed_head = SignedHead {
            height: head.height,
            size: head.size,
            time_ms: head.time_ms,
            root: head.root,
            key: *key.as_bytes(),
            seal: block.seal.encode(),
        };
        let statement = block.statement().entry().to_vec();
        Self { head, bytes, signed_head, statement, statements }
    }
}

impl Tally {
    pub(super) fn add(&mut self, passed: Passed) {
        if self.blocks == 0 {
            self.first_time_ms = passed.head.time_ms;
        }
        self.blocks += 1;
        self.entries = passed.head.size;
        self.bytes += passed.bytes;
        for (kind, count) in passed.statements {
            *self.statements.entry(kind).or_default() += count;
        }
        (self.head, self.signed_head) = (Some(passed.head), Some(passed.signed_head));
        self.statement = passed.statement;
    }

    /// Documents certified so far.
    pub fn documents(&self) -> u64 {
        self.head.as_ref().map_or(0, |head| head.documents)
    }
}
