//! The next block while it is written: the order of sealing (format.md 10.2), as pure functions.
//!
//! A draft lives between two appends. After a conflict it is thrown away with its signatures.

use crate::{
    Hash, List, Rejected,
    block::Block,
    chain::{Chain, Head, check_founding, head_of},
    key::SigningKey,
    registry::Registry,
    seal::{Receipt, Seal},
    statement::{BlockStatement, Body, Statement},
    tree::Growth,
};

/// Entries folded at their final indexes, with the block's one time.
pub struct Draft {
    chain: Chain,
    time_ms: u64,
    entries: Vec<Statement>,
    lists: Vec<Option<List>>,
    documents: u64,
}

/// A block ready to be appended, with all that its answers need.
#[derive(Debug)]
pub struct SealedBlock {
    /// The block.
    pub block: Block,
    /// The tree after it: gives the path of each of its entries.
    pub growth: Growth,
    /// The head that it makes.
    pub head: Head,
}

impl Draft {
    /// Begins the block after `chain` at a time that is not before its head's.
    pub fn new(chain: &Chain, time_ms: u64) -> Self {
        assert!(time_ms >= chain.head.time_ms, "the time of blocks never goes back");
        Self {
            chain: chain.clone(),
            time_ms,
            entries: Vec::new(),
            lists: Vec::new(),
            documents: chain.head.documents,
        }
    }

    /// Block 0 of a new ledger, from its genesis statement.
    ///
    /// # Errors
    /// Those of [`Registry::found`].
    pub fn genesis(genesis: Statement, time_ms: u64) -> Result<Self, Rejected> {
        let chain = Chain::before(Registry::found(&genesis)?);
        Registry::check_time(&genesis, time_ms)?;
        let (entries, lists) = (vec![genesis], vec![None]);
        Ok(Self { chain, time_ms, entries, lists, documents: 0 })
    }

    /// Adds a statement whose signature and list have been checked, and gives its final index.
    ///
    /// # Errors
    /// The refusals of the rules, by the state that the entries before it make; nothing changes.
    pub fn add(&mut self, statement: Statement, list: Option<List>) -> Result<u64, Rejected> {
        if statement.as_block().is_some() {
            return Err(Rejected::Misplaced(statement.body().kind()));
        }
        self.chain.registry.signer(&statement)?;
        Registry::check_time(&statement, self.time_ms)?;
        let index = self.chain.head.size + self.entries.len() as u64;
        check_founding(self.chain.head.height.wrapping_add(1), index + 2)?;
        self.chain.apply(&statement, index);
        self.documents += statement.documents();
        self.entries.push(statement);
        self.lists.push(list);
        Ok(index)
    }

    /// Number of entries so far.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing has been added: a heartbeat.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Ends the block: status root, block statement, tree root, seal, in this order, none of
    /// which depends on its own hash.
    pub fn seal(mut self, key: &SigningKey) -> SealedBlock {
        let Head { height, size, statement, .. } = self.chain.head;
        let header = BlockStatement {
            height: height.wrapping_add(1),
            previous: statement,
            first: size,
            size: size + self.entries.len() as u64 + 1,
            documents: self.documents,
            time_ms: self.time_ms,
            status: Hash::ZERO,
        };
        let (origin, ledger) = (self.chain.registry.origin(), self.chain.registry.ledger());
        let (height, iat_s) = (header.height, self.time_ms / 1000);
        let statement =
            Statement::sign(key, origin.as_str(), Some(ledger), iat_s, Body::Block(header));
        self.entries.push(statement);
        self.lists.push(None);
        let leaves: Vec<_> = self.entries.iter().map(Statement::leaf).collect();
        let growth = Growth::new(&self.chain.frontier, &leaves);
        let root = growth.root().expect("a block has entries");
        let seal = Seal::sign(key, origin, height, self.time_ms, root);
        let block = Block { seal, entries: self.entries, lists: self.lists };
        let head = head_of(&block, ledger, root);
        SealedBlock { block, growth, head }
    }
}

impl SealedBlock {
    /// Receipt of one of the block's entries.
    pub fn receipt(&self, index: u64) -> Receipt {
        let (seal, size) = (self.block.seal.clone(), self.growth.size());
        Receipt { seal, size, index, path: self.growth.path(index) }
    }
}
