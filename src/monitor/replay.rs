//! The ledger, replayed block by block: what the monitor reports has been checked before, by the rules
//! of the core, and a ledger that hides a statement cannot go on without contradicting itself. The
//! audit does the same for a whole ledger at the speed of the machine; this keeps up with a live one.

use std::fmt;

use probant_core::{
    Hash, Identity, Rejected,
    block::{Block, Fault},
    chain::{Chain, Extension, Head},
    registry::Registry,
    status::Kept as Nodes,
    tree::leaf_hash,
};

use crate::audit;

/// Registry, tree and status map after the newest block.
pub struct Replay {
    expected: Option<Identity>,
    chain: Option<Chain>,
    nodes: Nodes,
    /// Of the newest block's bytes.
    newest: Hash,
}

/// Why a block does not follow.
#[derive(Debug)]
pub struct Refused {
    /// Place of the block in the chain.
    pub height: u64,
    /// Index of the entry in the ledger, where one is at fault.
    pub entry: Option<u64>,
    /// The refusal.
    pub rejected: Rejected,
}

impl Replay {
    /// From block 0, of the ledger that is expected or of any.
    pub fn new(expected: Option<Identity>) -> Self {
        Self { expected, chain: None, nodes: Nodes::newest(), newest: Hash::ZERO }
    }

    /// The newest block.
    pub fn head(&self) -> Option<&Head> {
        self.chain.as_ref().map(Chain::head)
    }

    /// Who may say what, after the newest block.
    pub fn registry(&self) -> Option<&Registry> {
        self.chain.as_ref().map(|chain| &**chain.registry())
    }

    /// Whether these are the bytes of the newest block.
    pub fn is_newest(&self, bytes: &[u8]) -> bool {
        self.newest == leaf_hash(bytes)
    }

    /// Checks the next block, with all its signatures, and takes it.
    ///
    /// # Errors
    /// [`Refused`]; after it the replay is of no use.
    pub fn add(&mut self, bytes: &[u8]) -> Result<Block, Refused> {
        let (height, first) = self.head().map_or((0, 0), |head| (head.height + 1, head.size));
        self.extend(bytes).map_err(|Fault { entry, rejected }| Refused {
            height,
            entry: entry.map(|at| first + at as u64),
            rejected,
        })
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<Block, Fault> {
        let block = Block::decode(bytes)?;
        let extension = if let Some(chain) = &mut self.chain {
            chain.extend(&block, &self.nodes)?
        } else {
            self.found(&block)?
        };
        audit::check_signatures(&extension.signatures, &block)?;
        self.nodes.grow(&extension.growth);
        self.newest = leaf_hash(bytes);
        Ok(block)
    }

    fn found(&mut self, block: &Block) -> Result<Extension, Fault> {
        let (chain, extension) = Chain::found(block)?;
        let found = chain.identity();
        if let Some(expected) = self.expected.as_ref().filter(|known| **known != found) {
            let (found, expected) = (found.to_string(), expected.to_string());
            return Err(Fault { entry: Some(0), rejected: Rejected::Ledger { found, expected } });
        }
        self.chain = Some(chain);
        Ok(extension)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "block {}", self.height)?;
        if let Some(entry) = self.entry {
            write!(f, ", entry {entry}")?;
        }
        match &self.rejected {
            // The core's words are about a proof.
            Rejected::Ledger { found, expected } => {
                write!(f, ": ledger: this is ledger {found}, and {expected} is watched")
            }
            rejected => write!(f, ": {}: {rejected}", rejected.code()),
        }
    }
}
