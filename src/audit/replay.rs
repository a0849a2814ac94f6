//! The replay: blocks in, findings out. What is right is decided in the core alone; this file
//! spreads its checks over the cores without changing what is found: the lowest block at fault,
//! and in it the first fault in the order bytes, lists, chain and rules, signatures, seal, each by
//! entry.

use probant_core::{
    Identity, Rejected, Statement,
    block::{Block, Fault, Layout},
    chain::{Chain, Extension, Head, Signatures},
    status::Kept,
};
use rayon::prelude::*;

use super::tally::Passed;

/// Signatures checked in one go: a few milliseconds.
const SIGNATURES_AT_ONCE: usize = 64;

/// The first thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Place of the block in the chain, whatever it says itself.
    pub height: u64,
    /// Place of the entry in the block; none: the block as a whole, or its seal.
    pub entry: Option<usize>,
    /// Place of the entry in the ledger.
    pub index: Option<u64>,
    /// The entry's kind, where it can be read.
    pub kind: Option<&'static str>,
    /// The code of the refusal.
    pub code: &'static str,
    /// The refusal in words.
    pub why: String,
}

/// What became of a block.
pub type Checked = Result<Passed, Finding>;

/// Folds chunk after chunk. Of no use after a finding.
pub struct Replay {
    expected: Option<Identity>,
    chain: Option<Chain>,
    /// Of the status map after the newest block.
    nodes: Kept,
}

/// A chunk after the fold: signatures are still to be checked.
#[derive(Default)]
pub struct Folded {
    blocks: Vec<FoldedBlock>,
    /// What ended the fold, after all of `blocks`.
    finding: Option<Finding>,
}

struct FoldedBlock {
    place: Place,
    block: Block,
    signatures: Signatures,
    head: Head,
    bytes: u64,
}

impl Replay {
    /// A replay from block 0 of the ledger that is expected, or of any.
    pub fn new(expected: Option<Identity>) -> Self {
        Self { expected, chain: None, nodes: Kept::newest() }
    }

    /// The ledger that is expected, or else the one that block 0 made.
    pub fn identity(&self) -> Option<Identity> {
        self.expected.clone().or_else(|| self.chain.as_ref().map(Chain::identity))
    }

    /// Decodes blocks on all cores and folds them in order, up to the first that is refused.
    pub fn fold(&mut self, chunk: Vec<Vec<u8>>) -> Folded {
        let decoded: Vec<_> = chunk.into_par_iter().map(|bytes| decode(&bytes)).collect();
        let mut folded = Folded::default();
        for decoded in decoded {
            match self.extend(decoded) {
                Ok(block) => folded.blocks.push(block),
                Err(finding) => {
                    folded.finding = Some(finding);
                    break;
                }
            }
        }
        folded
    }

    fn extend(&mut self, decoded: Decoded) -> Result<FoldedBlock, Finding> {
        let place = self.next_place();
        let (block, bytes) = decoded.map_err(|(fault, kind)| place.finding(fault, kind))?;
        let found = match &mut self.chain {
            Some(chain) => {
                chain.extend(&block, &self.nodes).map(|extension| (chain.head().clone(), extension))
            }
            None => self.found(&block),
        };
        let (head, extension) = found.map_err(|fault| place.finding_in(&block, fault))?;
        self.nodes.grow(&extension.growth);
        let signatures = extension.signatures;
        Ok(FoldedBlock { place, block, signatures, head, bytes })
    }

    fn found(&mut self, block: &Block) -> Result<(Head, Extension), Fault> {
        let (chain, extension) = Chain::found(block)?;
        let (head, found) = (chain.head().clone(), chain.identity());
        if let Some(expected) = self.expected.as_ref().filter(|expected| **expected != found) {
            let (found, expected) = (found.to_string(), expected.to_string());
            return Err(Fault { entry: Some(0), rejected: Rejected::Ledger { found, expected } });
        }
        self.chain = Some(chain);
        Ok((head, extension))
    }

    fn next_place(&self) -> Place {
        self.chain.as_ref().map_or(Place::default(), |chain| {
            let head = chain.head();
            Place { height: head.height + 1, first: head.size }
        })
    }
}

impl Folded {
    /// Whether the fold ended in it.
    pub fn is_faulty(&self) -> bool {
        self.finding.is_some()
    }

    /// Checks all signatures, on all cores.
    pub fn check(self) -> Vec<Checked> {
        let checked = self.blocks.into_par_iter().map(FoldedBlock::check);
        let mut checked: Vec<_> = checked.collect();
        checked.extend(self.finding.map(Err));
        checked
    }
}

impl FoldedBlock {
    fn check(self) -> Checked {
        let Self { place, block, signatures, head, bytes } = self;
        let entries = block.entries.len();
        let faulty = (0..entries.div_ceil(SIGNATURES_AT_ONCE))
            .into_par_iter()
            .map(|part| part * SIGNATURES_AT_ONCE)
            .map(|start| start..entries.min(start + SIGNATURES_AT_ONCE))
            .find_map_first(|part| signatures.check_entries(&block, part).err());
        match faulty.or_else(|| signatures.check_seal(&block).err()) {
            Some(fault) => Err(place.finding_in(&block, fault)),
            None => Ok(Passed::new(&block, head, bytes)),
        }
    }
}

/// A block and its length, or its fault with the kind of the entry that is named.
type Decoded = Result<(Block, u64), (Fault, Option<&'static str>)>;

fn decode(bytes: &[u8]) -> Decoded {
    match decode_block(bytes) {
        Ok(block) => Ok((block, bytes.len() as u64)),
        Err(fault) => {
            let kind = fault.entry.and_then(|at| kind_at(bytes, at));
            Err((fault, kind))
        }
    }
}

/// The block without its lists: they are checked where they stand, on all cores.
fn decode_block(bytes: &[u8]) -> Result<Block, Fault> {
    let of_block = |rejected| Fault { entry: None, rejected };
    let (block, lists) = Block::open(bytes, &Layout::of(bytes).map_err(of_block)?)?;
    let faulty =
        (0..lists.len()).into_par_iter().find_map_first(|at| lists.check(&block, at).err());
    faulty.map_or(Ok(block), Err)
}

/// The kind of an entry of a block that cannot be decoded as a whole.
fn kind_at(bytes: &[u8], at: usize) -> Option<&'static str> {
    let entry = Layout::of(bytes).ok()?.entries.get(at)?.clone();
    Some(Statement::decode(&bytes[entry]).ok()?.body().kind())
}

/// Where the next block stands in the ledger.
#[derive(Clone, Copy, Default)]
struct Place {
    height: u64,
    /// Index of its first entry.
    first: u64,
}

impl Place {
    fn finding(self, fault: Fault, kind: Option<&'static str>) -> Finding {
        Finding {
            height: self.height,
            entry: fault.entry,
            index: fault.entry.map(|at| self.first + at as u64),
            kind,
            code: fault.rejected.code(),
            why: match fault.rejected {
                // The core's words are about a proof.
                Rejected::Ledger { found, expected } => {
                    format!("this is ledger {found}, the audit is to be of {expected}")
                }
                rejected => rejected.to_string(),
            },
        }
    }

    fn finding_in(self, block: &Block, fault: Fault) -> Finding {
        let kind = fault.entry.map(|at| block.entries[at].body().kind());
        self.finding(fault, kind)
    }
}
