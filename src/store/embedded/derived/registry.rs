//! The registry, folded again from the few entries that change it. They were checked when they came.

use probant_core::{Statement, registry::Registry};

use super::{BlockRecord, Derived};
use crate::store::{StoreError, embedded::segments::SegmentReader};

impl Derived {
    /// The registry after the newest block. What it changes in the status map is there already.
    pub(super) fn registry(&self, reader: &SegmentReader) -> Result<Registry, StoreError> {
        let mut folded: Option<(Registry, Sealed)> = None;
        for at in 0..self.registry.len() {
            let index = u64::from_le_bytes(self.registry.get(at)?);
            let (statement, height) = self.statement_at(index, reader)?;
            folded = Some(match folded {
                None => {
                    let sealed = self.sealed(height, reader)?;
                    let founded = Registry::found(&statement, sealed.time_ms);
                    (founded.map_err(|rejected| self.damaged(index, &rejected))?, sealed)
                }
                Some((mut registry, mut sealed)) => {
                    if sealed.height != height {
                        registry.end_block(sealed.time_ms);
                        sealed = self.sealed(height, reader)?;
                    }
                    registry.apply(&statement, index, sealed.time_ms);
                    (registry, sealed)
                }
            });
        }
        let (mut registry, sealed) = folded.ok_or_else(|| self.damaged(0, &"no genesis"))?;
        registry.end_block(sealed.time_ms);
        Ok(registry)
    }

    fn sealed(&self, height: u64, reader: &SegmentReader) -> Result<Sealed, StoreError> {
        let last = BlockRecord::decode(&self.blocks.get(height)?).size - 1;
        let (statement, _) = self.statement_at(last, reader)?;
        let block = statement.as_block().ok_or_else(|| self.damaged(last, &"no block statement"));
        block.map(|block| Sealed { height, time_ms: block.time_ms })
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
        let what = format!("entry {index}: {}", why.to_string());
        StoreError::damage(self.dir.display().to_string(), what)
    }
}

/// A block, and when it was sealed.
#[derive(Clone, Copy)]
struct Sealed {
    height: u64,
    time_ms: u64,
}
