//! The nodes of the status maps of all blocks, in the order in which they were made: none is ever
//! replaced, so the map of every block can be read. Whoever follows a link holds the node to it.

use std::path::Path;

use probant_core::{
    Rejected,
    status::{Growth, Inner, Leaf, Nodes},
};

use crate::store::{
    StoreError,
    embedded::table::Table,
    status_nodes::{self, INNER_BYTES, LEAF_BYTES},
};

/// Inner nodes and leaves, numbered apart.
pub struct Statuses {
    inners: Table<INNER_BYTES>,
    leaves: Table<LEAF_BYTES>,
}

impl Statuses {
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let inners = Table::open(&dir.join("status-nodes"))?;
        Ok(Self { inners, leaves: Table::open(&dir.join("status-leaves"))? })
    }

    /// How many nodes there are: inner ones, and leaves.
    pub fn len(&self) -> (u64, u64) {
        (self.inners.len(), self.leaves.len())
    }

    pub fn truncate(&self, (inners, leaves): (u64, u64)) -> Result<(), StoreError> {
        self.inners.truncate(inners)?;
        self.leaves.truncate(leaves)
    }

    /// Adds what a block adds; nothing at all where nothing fell.
    pub fn grow(&self, growth: &Growth) -> Result<(), StoreError> {
        let (inners, leaves) = self.len();
        let made = (inners + growth.inners.len() as u64, leaves + growth.leaves.len() as u64);
        if made != (growth.map.inners, growth.map.leaves) {
            return Err(StoreError::damage("derived statuses", "nodes are missing"));
        }
        if growth.leaves.is_empty() {
            return Ok(());
        }
        let inners: Vec<_> = growth.inners.iter().map(status_nodes::encode_inner).collect();
        let leaves: Vec<_> = growth.leaves.iter().map(status_nodes::encode_leaf).collect();
        self.inners.push_all(&inners)?;
        self.leaves.push_all(&leaves)
    }

    pub fn sync(&self) -> Result<(), StoreError> {
        self.inners.sync()?;
        self.leaves.sync()
    }
}

impl Nodes for Statuses {
    fn inner(&self, at: u64) -> Result<Inner, Rejected> {
        let row = self.inners.get(at).map_err(|error| unreadable(&error))?;
        Ok(status_nodes::decode_inner(&row))
    }

    fn leaf(&self, at: u64) -> Result<Leaf, Rejected> {
        let row = self.leaves.get(at).map_err(|error| unreadable(&error))?;
        status_nodes::decode_leaf(&row).map_err(|rejected| unreadable(&rejected))
    }
}

fn unreadable(error: &impl ToString) -> Rejected {
    Rejected::Unreadable(error.to_string())
}
