//! The chain, with its registry folded again from the few entries that change it. They were checked
//! when they came; that it is these and no others is held to the newest block, for rows have no
//! checksum, and what is sealed over another registry no audit takes.

use std::collections::BTreeMap;

use probant_core::{
    Rejected, Statement,
    block::Block,
    chain::{Chain, head_of},
    key::Use,
    registry::Registry,
    status::{Map, Slot, Status},
    tree::Frontier,
};

use super::{BlockRecord, Derived};
use crate::store::{StoreError, embedded::segments::SegmentReader};

impl Derived {
    /// The chain after the newest derived block, its head checked against tree and seal key.
    pub fn chain(&self, reader: &SegmentReader) -> Result<Option<Chain>, StoreError> {
        let Some(height) = self.blocks().checked_sub(1) else { return Ok(None) };
        let wrong = |rejected: Rejected| self.wrong(format!("block {height}: {rejected}"));
        let record = BlockRecord::decode(&self.blocks.get(height)?);
        let bytes = reader.read(record.position)?;
        let block = Block::decode(&bytes).map_err(|fault| wrong(fault.rejected))?;
        let header = block.header();
        // Where the record ends, the next block begins: from anywhere else a scan would call torn,
        // and cut off, what is not.
        let found = (header.height, header.first, header.size, bytes.len() as u64);
        let same = found == (height, record.first, record.size, record.bytes.into());
        if !same || record.status.root_hash() != header.status {
            return Err(self.wrong(format!("block {height} is another")));
        }
        let registry = self.registry(&record.status, reader)?;
        let frontier = Frontier::read(header.size, |nodes| self.hashes(nodes))?;
        let root = frontier.root().expect("a block has entries");
        let (key, origin) = (registry.ledger_key_at(Use::Seal, header.first), registry.origin());
        block.seal.verify(key, origin, header.time_ms, root).map_err(wrong)?;
        let head = head_of(&block, registry.ledger(), root);
        Ok(Some(Chain::resume(registry, record.status, frontier, head)))
    }

    /// The registry after the newest block, whose status map this is.
    fn registry(&self, map: &Map, reader: &SegmentReader) -> Result<Registry, StoreError> {
        let mut folded: Option<(Registry, Sealed)> = None;
        for at in 0..self.registry.len() {
            let (index, statement, height) = self.change(at, reader)?;
            folded = Some(match folded {
                None => {
                    let sealed = self.sealed(index, height, reader)?;
                    let founded = Registry::found(&statement, sealed.time_ms);
                    (founded.map_err(|rejected| self.damaged(index, &rejected))?, sealed)
                }
                Some((mut registry, mut sealed)) => {
                    if sealed.height != height {
                        registry.end_block(sealed.time_ms);
                        sealed = self.sealed(index, height, reader)?;
                    }
                    registry.apply(&statement, index, sealed.time_ms);
                    (registry, sealed)
                }
            });
        }
        let (mut registry, sealed) = folded.ok_or_else(|| self.damaged(0, &"no genesis"))?;
        registry.end_block(sealed.time_ms);
        self.check_statuses(&registry, map)?;
        Ok(registry)
    }

    /// The entry that a row names. There are as many rows as entries that change the registry: while
    /// each names one, and they ascend, none is left out, and the fold meets what the rules let pass.
    fn change(&self, at: u64, reader: &SegmentReader) -> Result<(u64, Statement, u64), StoreError> {
        let row = |at| self.registry.get(at).map(u64::from_le_bytes);
        let (index, before) = (row(at)?, at.checked_sub(1).map(row).transpose()?);
        let (statement, height) = self.statement_at(index, reader)?;
        if before >= Some(index) || !Registry::is_changed_by(&statement) {
            return Err(self.damaged(index, &"not the next that changes the registry"));
        }
        Ok((index, statement, height))
    }

    /// What the blocks table calls the block of an entry, held to what that block says of itself.
    fn sealed(
        &self,
        index: u64,
        height: u64,
        reader: &SegmentReader,
    ) -> Result<Sealed, StoreError> {
        let size = BlockRecord::decode(&self.blocks.get(height)?).size;
        let wrong = || self.damaged(index, &format!("not in block {height}"));
        let (statement, _) = self.statement_at(size.checked_sub(1).ok_or_else(wrong)?, reader)?;
        let block = statement
            .as_block()
            .filter(|block| block.height == height && (block.first..block.size).contains(&index));
        Ok(Sealed { height, time_ms: block.ok_or_else(wrong)?.time_ms })
    }

    /// What became of every key and issuer is in the map too.
    fn check_statuses(&self, registry: &Registry, map: &Map) -> Result<(), StoreError> {
        let keys = registry.signers().map(|signer| {
            let slot = Slot::key(&signer.owner, &signer.key.kid());
            (slot, signer.status.map(Status::Key))
        });
        let issuers = registry
            .issuers()
            .map(|(id, issuer)| (Slot::issuer(id.as_str()), issuer.status.map(Status::Issuer)));
        let folded: BTreeMap<_, _> = keys.chain(issuers).collect();
        let slots: Vec<_> = folded.keys().copied().collect();
        let found = map.find(&slots, self);
        let found = found.map_err(|rejected| self.wrong(rejected.to_string()))?;
        if folded.into_values().eq(found) {
            return Ok(());
        }
        Err(self.wrong("the registry is not that of the status map"))
    }

    /// An entry as a statement, and the height of its block.
    pub(super) fn statement_at(
        &self,
        index: u64,
        reader: &SegmentReader,
    ) -> Result<(Statement, u64), StoreError> {
        let (entry, height) =
            self.entry(index, reader)?.ok_or_else(|| self.damaged(index, &"there is none"))?;
        let statement = Statement::decode(&entry).map_err(|why| self.damaged(index, &why))?;
        Ok((statement, height))
    }

    fn damaged(&self, index: u64, why: &dyn ToString) -> StoreError {
        self.wrong(format!("entry {index}: {}", why.to_string()))
    }
}

/// A block, and when it was sealed.
#[derive(Clone, Copy)]
struct Sealed {
    height: u64,
    time_ms: u64,
}
