//! The replay: blocks in, findings out. What is right is decided in the core alone; this file
//! spreads its checks over the cores without changing what is found: the lowest block at fault,
//! and in it the first fault in the order bytes, lists, chain and rules, signatures, seal, each by
//! entry.

use std::path::Path;

use probant_core::{
    Hash, Identity, LedgerId, Rejected, Statement,
    block::{Block, Fault, Layout},
    chain::{Chain, Extension, Head, Signatures},
    key::{PublicKey, Use},
    status::{Growth, Kept, Map},
    tree::Frontier,
};
use rayon::prelude::*;

use super::{
    changes::Changes,
    fallen::{Fallen, Files},
    tally::Passed,
};
use crate::{Error, clock::utc};

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
    /// What stands there, and what should, where the refusal compares two values.
    pub compared: Option<(String, String)>,
    /// The block, as it was read.
    pub block: Vec<u8>,
}

/// What became of a block.
pub type Checked = Result<Passed, Box<Finding>>;

/// Folds chunk after chunk. Of no use after a finding.
pub struct Replay {
    expected: Option<Identity>,
    chain: Option<Chain>,
    /// Of the status map after the newest block.
    nodes: Fallen,
    /// Where the entries that change the registry are kept, if they are.
    changes: Option<Changes>,
    /// What the auditor's own disk did not take.
    failed: Option<Error>,
    /// Number of entries after which the root is taken on the way, and that root.
    since: Option<(u64, Option<Hash>)>,
    times: Option<Times>,
}

/// When blocks may have been sealed that an auditor who looks again and again sees for the first time,
/// in milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The first block that nobody saw before.
    pub height: u64,
    pub not_before_ms: u64,
    pub not_after_ms: u64,
}

/// A chunk after the fold: signatures are still to be checked.
#[derive(Default)]
pub struct Folded {
    blocks: Vec<FoldedBlock>,
    /// What ended the fold, after all of `blocks`.
    finding: Option<Box<Finding>>,
}

struct FoldedBlock {
    place: Place,
    block: Block,
    signatures: Signatures,
    seal_key: PublicKey,
    head: Head,
    bytes: Vec<u8>,
}

impl Replay {
    /// A replay from block 0 of the ledger that is expected, or of any; it takes the root after
    /// `since` entries.
    pub fn new(expected: Option<Identity>, since: Option<u64>) -> Self {
        let since = since.map(|size| (size, None));
        let nodes = Fallen::Memory(Kept::newest());
        Self { expected, chain: None, nodes, changes: None, failed: None, since, times: None }
    }

    /// A replay that goes on after the blocks that made this chain.
    pub fn resume(chain: Chain, (nodes, changes): (Fallen, Changes), since: Option<u64>) -> Self {
        let (expected, changes) = (Some(chain.identity()), Some(changes));
        let since = since.map(|size| (size, None));
        Self { expected, chain: Some(chain), nodes, changes, failed: None, since, times: None }
    }

    /// From now on blocks have to be sealed within these times.
    pub fn within(&mut self, times: Times) {
        self.times = Some(times);
    }

    /// Keeps what it needs to be resumed in a directory, and the status map there instead of in
    /// memory. To be said before the first block.
    ///
    /// # Errors
    /// Where the auditor's disk does not take it.
    pub fn keep_in(&mut self, dir: &Path) -> Result<(), Error> {
        self.nodes = Fallen::Files(Box::new(Files::open(dir, &Map::EMPTY)?));
        self.changes = Some(Changes::open(dir, 0)?);
        Ok(())
    }

    /// Makes durable what it keeps, and gives the length of the entries that change the registry;
    /// none where it keeps nothing.
    ///
    /// # Errors
    /// Where the auditor's disk does not take it.
    pub fn sync(&mut self) -> Result<Option<u64>, Error> {
        if let Fallen::Files(files) = &self.nodes {
            files.sync()?;
        }
        self.changes.as_mut().map(Changes::sync).transpose()
    }

    /// What the auditor's own disk did not take: the fold ended there.
    pub fn failed(&mut self) -> Option<Error> {
        self.failed.take()
    }

    /// Registry, tree and head after the newest block that was folded.
    pub fn chain(&self) -> Option<&Chain> {
        self.chain.as_ref()
    }

    /// The root after as many entries as was asked for, once they were folded.
    pub fn root_since(&self) -> Option<Hash> {
        self.since.and_then(|(_, root)| root)
    }

    /// The ledger that is expected, or else the one that block 0 made.
    pub fn identity(&self) -> Option<Identity> {
        self.expected.clone().or_else(|| self.chain.as_ref().map(Chain::identity))
    }

    /// Decodes blocks on all cores and folds them in order, up to the first that is refused.
    pub fn fold(&mut self, chunk: Vec<Vec<u8>>) -> Folded {
        let decoded: Vec<_> = chunk.into_par_iter().map(decode).collect();
        let mut folded = Folded::default();
        for decoded in decoded {
            match self.extend(decoded) {
                Ok(block) => {
                    folded.blocks.push(block);
                    if self.failed.is_some() {
                        break;
                    }
                }
                Err(finding) => {
                    folded.finding = Some(finding);
                    break;
                }
            }
        }
        folded
    }

    fn extend(&mut self, decoded: Decoded) -> Result<FoldedBlock, Box<Finding>> {
        let place = self.next_place();
        let (block, bytes) = match decoded {
            (Ok(block), bytes) => (block, bytes),
            (Err((fault, kind)), bytes) => return Err(place.finding(fault, kind, bytes)),
        };
        self.take_root(&block);
        let of_chain = self.chain.as_ref().map(seal_key);
        let found = match &mut self.chain {
            Some(chain) => {
                chain.extend(&block, &self.nodes).map(|extension| (chain.head().clone(), extension))
            }
            None => self.found(&block),
        };
        let (head, extension) = match found {
            Ok(found) => found,
            Err(fault) => return Err(place.finding_in(&block, fault, bytes)),
        };
        if let Some(rejected) = self.times.and_then(|times| times.check(&head)) {
            let fault = Fault { entry: Some(block.entries.len() - 1), rejected };
            return Err(place.finding_in(&block, fault, bytes));
        }
        self.failed = self.keep(&block, place.first, &extension.growth).err();
        let signatures = extension.signatures;
        // Block 0 is sealed with the key that it lists.
        let seal_key = of_chain.or_else(|| self.chain.as_ref().map(seal_key));
        let seal_key = seal_key.expect("a block was folded");
        Ok(FoldedBlock { place, block, signatures, seal_key, head, bytes })
    }

    /// Takes what a block adds to what is kept.
    fn keep(&mut self, block: &Block, first: u64, growth: &Growth) -> Result<(), Error> {
        self.nodes.grow(growth)?;
        self.changes.as_mut().map_or(Ok(()), |changes| changes.add(block, first))
    }

    /// Takes the root after as many entries as was asked for, if they end in this block.
    fn take_root(&mut self, block: &Block) {
        let before = self.chain.as_ref().map(Chain::frontier);
        let first = before.map_or(0, Frontier::size);
        let Some((size, root)) = &mut self.since else { return };
        let entries = (*size).checked_sub(first).filter(|count| *count > 0);
        let Some(count) = entries.and_then(|count| usize::try_from(count).ok()) else { return };
        if count <= block.entries.len() {
            let mut frontier = before.cloned().unwrap_or_default();
            block.entries[..count].iter().for_each(|entry| frontier.push(entry.leaf()));
            *root = frontier.root();
        }
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

impl Times {
    /// What is wrong with the time of a head.
    fn check(self, head: &Head) -> Option<Rejected> {
        let Self { height, not_before_ms, not_after_ms } = self;
        let chain =
            |expected| Some(Rejected::Chain { what: "time", found: utc(head.time_ms), expected });
        if head.height >= height && head.time_ms < not_before_ms {
            let bound = utc(not_before_ms);
            return chain(format!(
                "{bound} or later: what was sealed before, this auditor has seen"
            ));
        }
        if head.height >= height && head.time_ms > not_after_ms {
            return chain(format!("{} or earlier: it is not later yet", utc(not_after_ms)));
        }
        None
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
        let Self { place, block, signatures, seal_key, head, bytes } = self;
        match check_signatures(&signatures, &block) {
            Err(fault) => Err(place.finding_in(&block, fault, bytes)),
            Ok(()) => Ok(Passed::new(&block, head, &seal_key, bytes.len() as u64)),
        }
    }
}

/// All signatures of a block, on all cores: the first fault in the order of the entries, the seal last.
///
/// # Errors
/// That fault.
fn check_signatures(signatures: &Signatures, block: &Block) -> Result<(), Fault> {
    let entries = block.entries.len();
    let faulty = (0..entries.div_ceil(SIGNATURES_AT_ONCE))
        .into_par_iter()
        .map(|part| part * SIGNATURES_AT_ONCE)
        .map(|start| start..entries.min(start + SIGNATURES_AT_ONCE))
        .find_map_first(|part| signatures.check_entries(block, part).err());
    faulty.map_or_else(|| signatures.check_seal(block), Err)
}

/// The seal key in force for the next block.
fn seal_key(chain: &Chain) -> PublicKey {
    chain.registry().ledger_key(Use::Seal).clone()
}

/// A block, or its fault with the kind of the entry that is named; and its bytes.
type Decoded = (Result<Block, (Fault, Option<&'static str>)>, Vec<u8>);

fn decode(bytes: Vec<u8>) -> Decoded {
    let block = decode_block(&bytes).map_err(|fault| {
        let kind = fault.entry.and_then(|at| kind_at(&bytes, at));
        (fault, kind)
    });
    (block, bytes)
}

/// The ledger that a block 0 says it makes: no more than a name, until it is replayed.
pub fn identity_of(block: &[u8]) -> Option<Identity> {
    let first = Layout::of(block).ok()?.entries.first()?.clone();
    let genesis = Statement::decode(&block[first]).ok()?;
    Some(Identity { origin: genesis.issuer().parse().ok()?, ledger: LedgerId(genesis.leaf()) })
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
    fn finding(self, fault: Fault, kind: Option<&'static str>, block: Vec<u8>) -> Box<Finding> {
        Box::new(Finding {
            height: self.height,
            entry: fault.entry,
            index: fault.entry.map(|at| self.first + at as u64),
            kind,
            code: fault.rejected.code(),
            compared: compared(&fault.rejected),
            why: match fault.rejected {
                // The core's words are about a proof.
                Rejected::Ledger { found, expected } => {
                    format!(
                        "this is ledger {found}, the audit is to be of {expected}: is the identity wrong, or \
                         the address?"
                    )
                }
                rejected => rejected.to_string(),
            },
            block,
        })
    }

    fn finding_in(self, block: &Block, fault: Fault, bytes: Vec<u8>) -> Box<Finding> {
        let kind = fault.entry.map(|at| block.entries[at].body().kind());
        self.finding(fault, kind, bytes)
    }
}

/// What was found and what was expected, where the refusal compares two values.
fn compared(rejected: &Rejected) -> Option<(String, String)> {
    match rejected {
        Rejected::Chain { found, expected, .. }
        | Rejected::Ledger { found, expected }
        | Rejected::Audience { found, expected }
        | Rejected::Subject { found, expected } => Some((found.clone(), expected.clone())),
        Rejected::ListMismatch { found, stated, .. } => Some((found.clone(), stated.clone())),
        Rejected::Issuer { claimed, owner } => Some((claimed.clone(), owner.clone())),
        Rejected::Sequence { found, expected, .. } => {
            Some((found.to_string(), expected.to_string()))
        }
        _ => None,
    }
}
