//! What is in the database, replayed from block 0 and believed of nobody; what was acknowledged is held
//! to it, and the head marks of nodes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use probant::{
    clock::SystemClock,
    ledger::Ledger,
    store::{
        Store, StoredBlock,
        head_mark::{HeadMark, Mark},
        memory::Memory,
        postgres::{Postgres, server::Access},
    },
};
use probant_core::{Hash, chain::Head, seal::Receipt, tree::Frontier};

use crate::{cluster::connect, harness::Home};

/// Receipts by the leaves of what they acknowledge.
#[derive(Default)]
pub struct Acknowledged(Mutex<BTreeMap<[u8; 32], Vec<u8>>>);

impl Acknowledged {
    /// The same statement has the same receipt, whichever node gives it.
    pub fn add(&self, leaf: Hash, receipt: &[u8]) {
        let mut all = self.0.lock().unwrap();
        let first = all.entry(leaf.0).or_insert_with(|| receipt.to_vec());
        assert_eq!(first, receipt, "another receipt of the same statement");
    }

    pub fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn all(&self) -> BTreeMap<[u8; 32], Vec<u8>> {
        self.0.lock().unwrap().clone()
    }
}

/// The whole ledger.
pub struct Truth {
    pub head: Head,
    pub blocks: Vec<StoredBlock>,
    /// Index of every entry by its leaf.
    indexes: BTreeMap<[u8; 32], u64>,
    /// Size and root of the tree after each block.
    trees: Vec<(u64, Hash)>,
    store: Arc<dyn Store>,
}

impl Truth {
    /// What is in the database at this URL.
    pub fn of(url: &str) -> Self {
        let store = Postgres::open_read_only(connect(url, Access::Read)).unwrap();
        Self::in_store(Arc::new(store))
    }

    pub fn in_store(store: Arc<dyn Store>) -> Self {
        let (kept, mut chain, mut frontier) = (Memory::default(), None, Frontier::default());
        let (mut indexes, mut trees, mut blocks) = (BTreeMap::new(), Vec::new(), Vec::new());
        let head = store.head().unwrap();
        for height in 0..=head.height {
            let bytes = store.block(height).unwrap().expect("a block up to the head");
            let block = StoredBlock::check(bytes.clone(), &mut chain, &kept).unwrap();
            for (entry, index) in block.block.entries.iter().zip(block.block.header().first..) {
                let before = indexes.insert(entry.leaf().0, index);
                assert_eq!(before, None, "one statement has two entries");
                frontier.push(entry.leaf());
            }
            trees.push((frontier.size(), frontier.root().unwrap()));
            kept.append(kept.head().as_ref(), block.clone()).unwrap();
            blocks.push(block);
        }
        assert_eq!(chain.unwrap().head(), &head);
        assert!(blocks.is_sorted_by_key(|block| block.block.header().time_ms));
        Self { head, blocks, indexes, trees, store }
    }

    pub fn has(&self, leaf: Hash) -> bool {
        self.indexes.contains_key(&leaf.0)
    }

    /// Every receipt leads to its entry, in the tree of its block, and is the one that is given again.
    pub fn holds(&self, acknowledged: &Acknowledged) {
        let clock = SystemClock::shared();
        let ledger = Ledger::follow(Arc::clone(&self.store), clock).unwrap();
        for (leaf, bytes) in acknowledged.all() {
            let index = *self.indexes.get(&leaf).expect("what was acknowledged is lost");
            let receipt = Receipt::decode(&bytes).unwrap();
            assert_eq!(receipt.index, index);
            let height = usize::try_from(receipt.seal.height()).unwrap();
            assert_eq!((receipt.size, receipt.root(Hash(leaf)).unwrap()), self.trees[height]);
            assert_eq!(receipt.seal.encode(), self.blocks[height].block.seal.encode());
            assert_eq!(ledger.first_receipt(index).unwrap().unwrap().encode(), bytes);
        }
        ledger.stop();
    }

    /// The mark of a node is at a block of this chain.
    pub fn holds_mark(&self, home: &Home) {
        self.holds_mark_at(&HeadMark::read(&home.mark_path()).unwrap().expect("a mark"));
    }

    pub fn holds_mark_at(&self, mark: &Mark) {
        assert!(mark.height <= self.head.height, "a mark beyond the head");
        let (size, root) = self.trees[usize::try_from(mark.height).unwrap()];
        assert_eq!((mark.ledger_id, mark.size), (self.head.ledger.0.0, size));
        assert_eq!(Hash(mark.root), root, "a mark on another chain");
    }
}
