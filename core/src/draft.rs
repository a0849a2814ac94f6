//! The next block while it is written: the order of sealing (format.md 10.2), as pure functions.
//!
//! A draft lives between two appends. After a conflict it is thrown away with its signatures.

use crate::{
    Hash, List, Rejected,
    block::Block,
    chain::{Chain, Head, head_of},
    fold::Fold,
    key::SigningKey,
    registry::Registry,
    seal::{Receipt, Seal},
    statement::{BlockStatement, Body, Statement},
    status::Nodes,
    tree::Growth,
};

/// Entries folded at their final indexes, with the block's one time.
pub struct Draft<'a> {
    chain: &'a Chain,
    fold: Fold<'a>,
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

impl<'a> Draft<'a> {
    /// Begins the block after `chain` at a time that is not before its head's; `nodes` are those
    /// of the chain's status map.
    pub fn new(chain: &'a Chain, time_ms: u64, nodes: &'a dyn Nodes) -> Self {
        assert!(time_ms >= chain.head.time_ms, "the time of blocks never goes back");
        Self {
            fold: Fold::new(&chain.registry, chain.status, time_ms, nodes),
            entries: Vec::new(),
            lists: Vec::new(),
            documents: chain.head.documents,
            chain,
        }
    }

    /// Adds a statement whose signature and list have been checked, and gives its final index.
    ///
    /// # Errors
    /// The refusals of the rules, by the state that the entries before it make; nothing changes.
    ///
    /// # Panics
    /// If the statement bears a list, and it is not given.
    pub fn add(&mut self, statement: Statement, list: Option<List>) -> Result<u64, Rejected> {
        if statement.as_block().is_some() {
            return Err(Rejected::Misplaced(statement.body().kind()));
        }
        let index = self.chain.head.size + self.entries.len() as u64;
        self.fold.take(&statement, list.as_ref(), index)?;
        self.documents += statement.documents();
        self.entries.push(statement);
        self.lists.push(list);
        Ok(index)
    }

    /// Whether nothing has been added: a heartbeat.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Ends the block: status root, block statement, tree root, seal, in this order, none of
    /// which depends on its own hash. `key` is the seal key in force after the block before.
    ///
    /// # Errors
    /// [`Rejected::Unreadable`] where nodes of the status map are.
    pub fn seal(self, key: &SigningKey) -> Result<SealedBlock, Rejected> {
        let (entries, lists) = (self.entries, self.lists);
        let time_ms = self.fold.time_ms();
        let (_, status) = self.fold.end()?;
        let sums = Sums { documents: self.documents, time_ms, status: status.map.root_hash() };
        Ok(seal(self.chain, sums, entries, lists, key))
    }
}

/// Block 0 of a new ledger, from its genesis statement.
///
/// # Errors
/// Those of [`Registry::found`] and of times.
pub fn founding_block(
    genesis: Statement,
    time_ms: u64,
    key: &SigningKey,
) -> Result<SealedBlock, Rejected> {
    let chain = Chain::before(Registry::found(&genesis, time_ms)?);
    Registry::check_time(&genesis, time_ms)?;
    let sums = Sums { documents: 0, time_ms, status: Hash::ZERO };
    Ok(seal(&chain, sums, vec![genesis], vec![None], key))
}

/// What a block statement says beside its place.
#[derive(Clone, Copy)]
struct Sums {
    documents: u64,
    time_ms: u64,
    status: Hash,
}

fn seal(
    chain: &Chain,
    sums: Sums,
    mut entries: Vec<Statement>,
    mut lists: Vec<Option<List>>,
    key: &SigningKey,
) -> SealedBlock {
    let Head { height, size, statement, .. } = chain.head;
    let Sums { documents, time_ms, status } = sums;
    let header = BlockStatement {
        height: height.wrapping_add(1),
        previous: statement,
        first: size,
        size: size + entries.len() as u64 + 1,
        documents,
        time_ms,
        status,
    };
    let (origin, ledger) = (chain.registry.origin(), chain.registry.ledger());
    let (height, iat_s) = (header.height, time_ms / 1000);
    let statement = Statement::sign(key, origin.as_str(), Some(ledger), iat_s, Body::Block(header));
    entries.push(statement);
    lists.push(None);
    let leaves: Vec<_> = entries.iter().map(Statement::leaf).collect();
    let growth = Growth::new(&chain.frontier, &leaves);
    let root = growth.root().expect("a block has entries");
    let seal = Seal::sign(key, origin, height, time_ms, root);
    let block = Block { seal, entries, lists };
    let head = head_of(&block, ledger, root);
    SealedBlock { block, growth, head }
}

impl SealedBlock {
    /// Receipt of one of the block's entries.
    pub fn receipt(&self, index: u64) -> Receipt {
        let (seal, size) = (self.block.seal.clone(), self.growth.size());
        Receipt { seal, size, index, path: self.growth.path(index) }
    }
}
