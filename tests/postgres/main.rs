//! Nodes of one ledger in one database: what they see of each other, and what they refuse.

#[path = "../cluster/mod.rs"]
mod cluster;
#[path = "../cluster/proxy.rs"]
mod proxy;
#[path = "../store/truth.rs"]
mod truth;
#[path = "../world/mod.rs"]
mod world;

// It waits for half a minute: first by name, so that the others run meanwhile.
mod afar;
mod deriving;
mod forged;
mod large;
mod nodes;
mod refusals;
mod strangers;

use std::path::PathBuf;

use cluster::Database;
use probant::store::{
    Store, StoreError, StoredBlock,
    head_mark::{HeadMark, Mark},
    postgres::Postgres,
};
use probant_core::chain::Head;
use tempfile::TempDir;

/// A node's own directory, with its head mark.
struct Keys(TempDir);

impl Keys {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Those of a node that has answered of this block.
    fn at(head: &Head) -> Self {
        let keys = Self::new();
        drop(HeadMark::create(&keys.mark(), mark_of(head)).unwrap());
        keys
    }

    fn mark(&self) -> PathBuf {
        self.0.path().join("head-mark")
    }

    fn marked(&self) -> Option<Mark> {
        HeadMark::read(&self.mark()).unwrap()
    }

    fn create(&self, database: &Database) -> Postgres {
        Postgres::create(database.connect(), &self.mark()).unwrap()
    }

    fn open(&self, database: &Database) -> Result<Postgres, StoreError> {
        world::free(|| Postgres::open(database.connect(), &self.mark()))
    }
}

fn mark_of(head: &Head) -> Mark {
    Mark { ledger_id: head.ledger.0.0, height: head.height, size: head.size, root: head.root.0 }
}

fn append_all(store: &dyn Store, blocks: &[StoredBlock]) {
    for block in blocks {
        store.append(store.head().as_ref(), block.clone()).unwrap();
    }
}

/// A database with these blocks, and the directory of the node that brought them.
fn holding(blocks: &[StoredBlock]) -> (Database, Keys) {
    let (database, keys) = (Database::new(), Keys::new());
    append_all(&keys.create(&database), blocks);
    (database, keys)
}
