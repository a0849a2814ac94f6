//! The chain after the newest derived block, from the tables.

use probant_core::{
    Hash, Rejected, Statement,
    block::Block,
    chain::Chain,
    status::{Inner, Leaf, Nodes},
    tree::Node,
};

use super::{BlockRecord, Derived};
use crate::store::{StoreError, embedded::segments::SegmentReader, resume};

impl Derived {
    /// The chain after the newest derived block, its head checked against tree and seal key.
    pub fn chain(&self, reader: &SegmentReader) -> Result<Option<Chain>, StoreError> {
        let Some(height) = self.blocks().checked_sub(1) else { return Ok(None) };
        let record = BlockRecord::decode(&self.blocks.get(height)?);
        let bytes = reader.read(record.position)?;
        let wrong = |rejected: Rejected| self.wrong(format!("block {height}: {rejected}"));
        let block = Block::decode(&bytes).map_err(|fault| wrong(fault.rejected))?;
        let header = block.header();
        // Where the record ends, the next block begins: from anywhere else a scan would call torn,
        // and cut off, what is not.
        let found = (header.height, header.first, header.size, bytes.len() as u64);
        let same = found == (height, record.first, record.size, record.bytes.into());
        if !same || record.status.root_hash() != header.status {
            return Err(self.wrong(format!("block {height} is another")));
        }
        resume::chain(&block, record.status, &Sources { derived: self, reader }).map(Some)
    }

    /// An entry as a statement, and the height of its block.
    pub(super) fn statement_at(
        &self,
        index: u64,
        reader: &SegmentReader,
    ) -> Result<(Statement, u64), StoreError> {
        let damaged = |why: &dyn ToString| self.damaged(index, why);
        let (entry, height) =
            self.entry(index, reader)?.ok_or_else(|| damaged(&"there is none"))?;
        let statement = Statement::decode(&entry).map_err(|why| damaged(&why))?;
        Ok((statement, height))
    }

    fn damaged(&self, index: u64, why: &dyn ToString) -> StoreError {
        self.wrong(format!("entry {index}: {}", why.to_string()))
    }
}

/// The tables, and the segments that they lead into.
struct Sources<'a> {
    derived: &'a Derived,
    reader: &'a SegmentReader,
}

impl Nodes for Sources<'_> {
    fn inner(&self, at: u64) -> Result<Inner, Rejected> {
        self.derived.inner(at)
    }

    fn leaf(&self, at: u64) -> Result<Leaf, Rejected> {
        self.derived.leaf(at)
    }
}

impl resume::Sources for Sources<'_> {
    fn changes(&self) -> Result<Vec<u64>, StoreError> {
        let rows = 0..self.derived.registry.len();
        rows.map(|at| self.derived.registry.get(at).map(u64::from_le_bytes)).collect()
    }

    fn entries(&self, indexes: &[u64]) -> Result<Vec<(Vec<u8>, u64)>, StoreError> {
        let missing = |index| self.derived.damaged(index, &"there is none");
        let entry =
            |index: &u64| self.derived.entry(*index, self.reader)?.ok_or_else(|| missing(*index));
        indexes.iter().map(entry).collect()
    }

    fn sizes(&self, heights: &[u64]) -> Result<Vec<u64>, StoreError> {
        let size = |height: &u64| Ok(BlockRecord::decode(&self.derived.blocks.get(*height)?).size);
        heights.iter().map(size).collect()
    }

    fn hashes(&self, nodes: &[Node]) -> Result<Vec<Hash>, StoreError> {
        self.derived.hashes(nodes)
    }

    fn wrong(&self, what: String) -> StoreError {
        self.derived.wrong(what)
    }
}
