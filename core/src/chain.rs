//! The chain: what all blocks so far amount to, and the one function that adds a block to it
//! (format.md 10). Ledger, opening and audit fold with it; none of them has rules of its own.

use std::{ops::Range, sync::Arc};

use crate::{
    Hash, Identity, LedgerId, Rejected,
    block::{Block, Fault},
    cose_key::CoseKey,
    fold::Fold,
    key::{PublicKey, Use},
    registry::Registry,
    statement::{BlockStatement, Statement},
    status::{Growth, Kept, Map, Nodes},
    tree::Frontier,
};

/// Entries of block 0.
const FOUNDING_SIZE: u64 = 2;

/// The newest block, as the next one sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Id of the ledger.
    pub ledger: LedgerId,
    /// Number of the block, from 0.
    pub height: u64,
    /// Entries in the tree.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
    /// Leaf hash of its block statement.
    pub statement: Hash,
    /// Documents certified so far.
    pub documents: u64,
    /// When it was sealed.
    pub time_ms: u64,
}

/// Registry, status map, tree and head after some block.
#[derive(Clone, Debug)]
pub struct Chain {
    /// Shared with whoever admits statements: copied only by a block that changes it.
    pub(crate) registry: Arc<Registry>,
    pub(crate) status: Map,
    pub(crate) frontier: Frontier,
    pub(crate) head: Head,
}

/// What a block adds: its signatures, still to be checked, and nodes of the status map.
#[must_use]
pub struct Extension {
    /// For the caller to check, on all cores if it likes.
    pub signatures: Signatures,
    /// For the caller to keep: the next block reads them.
    pub growth: Growth,
}

/// The signatures of a block, still to be checked: apart from the fold, which is sequential, so
/// that they can be checked on all cores.
#[must_use]
#[derive(Debug)]
pub struct Signatures {
    signers: Vec<CoseKey>,
    seal_key: PublicKey,
    identity: Identity,
    time_ms: u64,
    root: Hash,
}

impl Chain {
    /// The chain that block 0 makes. Its genesis signature is checked here.
    ///
    /// # Errors
    /// A [`Fault`] that names the entry.
    pub fn found(block: &Block) -> Result<(Self, Extension), Fault> {
        let genesis = &block.entries[0];
        let time_ms = block.header().time_ms;
        let registry = Registry::found(genesis, time_ms).map_err(Fault::of_entry(0))?;
        let operator = registry.ledger_key(Use::Operator).clone();
        let mut chain = Self::before(registry);
        let extension = chain.fold(block, vec![operator.into()], &Kept::all())?;
        Ok((chain, extension))
    }

    /// What comes before block 0: no entry, no time; its statement is named by the ledger id.
    pub(crate) fn before(registry: Registry) -> Self {
        let ledger = registry.ledger();
        let head = Head {
            ledger,
            height: u64::MAX,
            size: 0,
            root: Hash::ZERO,
            statement: ledger.0,
            documents: 0,
            time_ms: 0,
        };
        let (registry, status) = (Arc::new(registry), Map::EMPTY);
        Self { registry, status, frontier: Frontier::default(), head }
    }

    /// Puts together a chain from its parts, which the caller answers for: a store that kept the
    /// registry's entries, the status map and the tree, and checked the head's seal.
    pub fn resume(registry: Registry, status: Map, frontier: Frontier, head: Head) -> Self {
        Self { registry: Arc::new(registry), status, frontier, head }
    }

    /// Adds the next block: its chain, times, tree, rules, statuses; `nodes` are those that the
    /// blocks before added to the status map. After a fault the chain is of no use.
    ///
    /// # Errors
    /// A [`Fault`] that names the entry.
    pub fn extend(&mut self, block: &Block, nodes: &dyn Nodes) -> Result<Extension, Fault> {
        self.fold(block, Vec::new(), nodes)
    }

    /// `signers` are those of the entries that have been looked at already: genesis.
    fn fold(
        &mut self,
        block: &Block,
        mut signers: Vec<CoseKey>,
        nodes: &dyn Nodes,
    ) -> Result<Extension, Fault> {
        let time_ms = block.header().time_ms;
        let (first, last) = (self.head.size, block.entries.len() - 1);
        let of_last = Fault::of_entry(last);
        self.check_header(block).map_err(&of_last)?;
        let seal_key = self.registry.ledger_key(Use::Seal).clone();
        let mut fold = Fold::new(&self.registry, self.status, time_ms, nodes);
        for (at, (statement, list)) in block.entries.iter().zip(&block.lists).enumerate() {
            let fault = Fault::of_entry(at);
            if at < signers.len() {
                Registry::check_time(statement, time_ms).map_err(&fault)?;
            } else if statement.as_block().is_some() != (at == last) {
                return Err(fault(Rejected::Misplaced(statement.body().kind())));
            } else {
                signers
                    .push(fold.take(statement, list.as_ref(), first + at as u64).map_err(fault)?);
            }
            self.frontier.push(statement.leaf());
        }
        let (registry, growth) = fold.end().map_err(&of_last)?;
        same("status root", block.header().status, growth.map.root_hash()).map_err(&of_last)?;
        (self.registry, self.status) = (registry, growth.map);
        let root = self.frontier.root().expect("a block has entries");
        self.head = head_of(block, self.registry.ledger(), root);
        let identity = self.registry.identity();
        let signatures = Signatures { signers, seal_key, identity, time_ms, root };
        Ok(Extension { signatures, growth })
    }

    fn check_header(&self, block: &Block) -> Result<(), Rejected> {
        let (header, head) = (block.header(), &self.head);
        let height = head.height.wrapping_add(1);
        let size = head.size + block.entries.len() as u64;
        let documents = head.documents + block.documents();
        same("height", header.height, height)?;
        same("previous", header.previous, head.statement)?;
        same("first", header.first, head.size)?;
        same("size", header.size, size)?;
        check_founding(height, size)?;
        same("documents", header.documents, documents)?;
        check_iat(block.statement(), header)?;
        same("height of the seal", block.seal.height(), height)?;
        if header.time_ms < head.time_ms {
            let (found, expected) =
                (header.time_ms.to_string(), format!("{} or later", head.time_ms));
            return Err(Rejected::Chain { what: "time", found, expected });
        }
        Ok(())
    }

    /// Registry after the newest block.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Tree after the newest block.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// The newest block.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Status map after the newest block.
    pub fn status(&self) -> Map {
        self.status
    }

    /// Name and id of the ledger.
    pub fn identity(&self) -> Identity {
        self.registry.identity()
    }
}

/// The head that a block makes, whose tree has this root.
pub fn head_of(block: &Block, ledger: LedgerId, root: Hash) -> Head {
    let header = block.header();
    Head {
        ledger,
        height: header.height,
        size: header.size,
        root,
        statement: block.statement().leaf(),
        documents: header.documents,
        time_ms: header.time_ms,
    }
}

/// What a block statement must say whatever came before it: for replay and proofs alike.
pub(crate) fn check_iat(statement: &Statement, header: &BlockStatement) -> Result<(), Rejected> {
    same("iat", statement.issued_at_s(), header.time_ms / 1000)
}

/// Block 0 is genesis and its statement, and nothing else.
pub(crate) fn check_founding(height: u64, size: u64) -> Result<(), Rejected> {
    if height == 0 { same("size of block 0", size, FOUNDING_SIZE) } else { Ok(()) }
}

#[allow(clippy::needless_pass_by_value)] // Numbers and hashes.
fn same<T: PartialEq + ToString + Copy>(
    what: &'static str,
    found: T,
    expected: T,
) -> Result<(), Rejected> {
    if found == expected {
        return Ok(());
    }
    Err(Rejected::Chain { what, found: found.to_string(), expected: expected.to_string() })
}

impl Signatures {
    /// Checks the signature of every entry of the block, and its seal.
    ///
    /// # Errors
    /// A [`Fault`] that names the entry.
    pub fn check(&self, block: &Block) -> Result<(), Fault> {
        self.check_entries(block, 0..block.entries.len())?;
        self.check_seal(block)
    }

    /// Checks the signatures of some of the block's entries: a block can be split over all cores.
    ///
    /// # Errors
    /// A [`Fault`] that names the entry.
    pub fn check_entries(&self, block: &Block, entries: Range<usize>) -> Result<(), Fault> {
        entries.into_iter().try_for_each(|at| {
            block.entries[at].verify(&self.signers[at]).map_err(Fault::of_entry(at))
        })
    }

    /// Checks the seal alone, where the entries' signatures were checked before.
    ///
    /// # Errors
    /// A [`Fault`] of the block.
    pub fn check_seal(&self, block: &Block) -> Result<(), Fault> {
        block
            .seal
            .verify(&self.seal_key, &self.identity.origin, self.time_ms, self.root)
            .map_err(Fault::of_block)
    }
}
