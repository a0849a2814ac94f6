//! Blocks of a store that is open, as it hands out their bytes: a database has no segments to read.

use std::sync::Arc;

use super::Blocks;
use crate::{Error, store::Store};

/// All blocks up to the head that the store had when this began.
pub struct Stored {
    name: String,
    store: Arc<dyn Store>,
    /// The block that comes next.
    height: u64,
    /// Number of blocks.
    blocks: u64,
}

impl Stored {
    /// Of a store, under the name that an auditor calls it by.
    pub fn new(name: impl Into<String>, store: Arc<dyn Store>) -> Self {
        Self::from_height(name, store, 0)
    }

    /// The same without the blocks below a height.
    pub fn from_height(name: impl Into<String>, store: Arc<dyn Store>, height: u64) -> Self {
        let blocks = store.head().map_or(0, |head| head.height + 1);
        Self { name: name.into(), store, height, blocks }
    }
}

impl Blocks for Stored {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn bytes_total(&self) -> Option<u64> {
        None
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if self.height >= self.blocks {
            return Ok(None);
        }
        let missing = || Error::Stop(format!("block {} is not there", self.height));
        let block = self.store.block(self.height)?.ok_or_else(missing)?;
        self.height += 1;
        Ok(Some(block))
    }

    fn skip(&mut self, count: u64) -> Result<(), Error> {
        self.height = self.height.saturating_add(count).min(self.blocks);
        Ok(())
    }

    fn notes(&mut self) -> Vec<String> {
        Vec::new()
    }
}
