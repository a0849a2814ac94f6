//! The ledger, replayed block by block: what the monitor reports has been checked before, by the rules
//! of the core, and a ledger that hides a statement cannot go on without contradicting itself. It is an
//! audit (src/audit/run.rs) that takes one block at a time, keeps what it saw beside the monitor's state,
//! and goes on there in the next run.

use std::path::{Path, PathBuf};

use probant_core::{Identity, block::Block, chain::Head, registry::Registry};

use super::report::SealedHead;
use crate::{
    Error,
    audit::{End, Past, Run, Settings},
};

/// Registry, tree and status map after the newest block.
pub struct Replay {
    run: Run,
    settings: Settings,
    dir: PathBuf,
    /// After how many blocks it was kept.
    kept: u64,
}

/// Why a block is not taken.
#[derive(Debug)]
pub enum Refused {
    /// It breaks the rules: its place in the chain, and how.
    Fault { height: u64, why: String },
    /// It is not the one that was seen at its height: the head then, and now.
    Forked(Box<[SealedHead; 2]>),
    /// Nothing about the ledger: what is kept here could not be read or written.
    Failed(Error),
}

impl Replay {
    /// From block 0. What was seen before and lies in this directory is held against it.
    pub fn from_block_0(settings: Settings, dir: &Path) -> Self {
        let run = Run::new(settings.clone(), Past::default().kept_in(dir));
        Self { run, settings, dir: dir.to_owned(), kept: 0 }
    }

    /// Goes on where the run before kept it; at block 0 where nothing was kept, or what was lies after
    /// block `told`: what came between would never be told.
    ///
    /// # Errors
    /// [`Error::Input`] where what was kept cannot be used.
    pub fn resume(
        ledger: &Identity,
        settings: Settings,
        dir: &Path,
        told: Option<u64>,
    ) -> Result<Self, Error> {
        let mut replay = Self::from_block_0(settings, dir);
        replay.run.resume(ledger).map_err(|why| replay.unusable(&why))?;
        if replay.head().map(|head| head.height) > told {
            return Ok(replay.again());
        }
        replay.kept = replay.run.tally().blocks;
        Ok(replay)
    }

    /// The same from block 0.
    pub fn again(&self) -> Self {
        Self::from_block_0(self.settings.clone(), &self.dir)
    }

    /// The newest block.
    pub fn head(&self) -> Option<&Head> {
        self.run.tally().head.as_ref()
    }

    /// The newest block, with its seal.
    pub fn sealed(&self) -> Option<SealedHead> {
        self.run.tally().signed_head.as_ref().map(SealedHead::from)
    }

    /// Who may say what, after the newest block.
    pub fn registry(&self) -> Option<&Registry> {
        self.run.registry().map(|registry| &**registry)
    }

    /// Whether this is the newest block.
    pub fn is_newest(&self, bytes: &[u8]) -> bool {
        self.run.is_last(bytes)
    }

    /// Checks the next block, with all its signatures, and takes it.
    ///
    /// # Errors
    /// [`Refused`]; after it the replay is of no use.
    pub fn add(&mut self, bytes: &[u8]) -> Result<Block, Refused> {
        match self.run.take(bytes.to_vec()) {
            None => Ok(Block::decode(bytes).expect("a block that has passed")),
            Some(End::Fault(finding)) => {
                let entry = finding.index.map(|index| format!(", entry {index}"));
                let (height, entry) = (finding.height, entry.unwrap_or_default());
                let why = format!("block {height}{entry}: {}: {}", finding.code, finding.why);
                Err(Refused::Fault { height, why })
            }
            Some(End::Fork) => {
                let (before, now) = self.run.past().forked().expect("it has just forked");
                Err(Refused::Forked(Box::new([before.into(), now.into()])))
            }
            Some(End::Unreadable { error, .. }) => Err(Refused::Failed(self.unusable(&error))),
            Some(End::Whole { .. } | End::Interrupted) => unreachable!("a block is no source"),
        }
    }

    /// Makes it durable, so that the next run goes on here: once all up to here was delivered.
    ///
    /// # Errors
    /// [`Error::Input`] where that fails.
    pub fn keep(&mut self) -> Result<(), Error> {
        let blocks = self.run.tally().blocks;
        if blocks > self.kept {
            self.run.keep();
            self.kept = blocks;
        }
        self.run.past().failure().map_or(Ok(()), |why| Err(self.unusable(why)))
    }

    fn unusable(&self, why: &Error) -> Error {
        let dir = self.dir.display();
        Error::input(format!(
            "{dir}, where this monitor keeps its replay: {why}; move it away, and it replays from block 0"
        ))
    }
}
