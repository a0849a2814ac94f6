//! What has passed so far: the figures of the report, and of the progress until then.

use std::collections::BTreeMap;

use probant_core::{block::Block, chain::Head};

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
}

/// One block's share.
#[derive(Debug)]
pub(super) struct Passed {
    pub head: Head,
    pub bytes: u64,
    statements: BTreeMap<&'static str, u64>,
}

impl Passed {
    pub fn new(block: &Block, head: Head, bytes: u64) -> Self {
        let mut statements = BTreeMap::new();
        for statement in &block.entries {
            *statements.entry(statement.body().kind()).or_default() += 1;
        }
        Self { head, bytes, statements }
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
        self.head = Some(passed.head);
    }

    /// Documents certified so far.
    pub fn documents(&self) -> u64 {
        self.head.as_ref().map_or(0, |head| head.documents)
    }
}
