//! What a follower came to: how it stands with a ledger, the heads that it has replayed, and the keys
//! that the ledger has by then. Written by the follower alone.

use std::{collections::VecDeque, fmt, sync::Arc};

use probant_core::registry::Registry;

use crate::audit::SignedHead;

/// Newest heads that are kept in memory: a ledger asks for cosignatures under its newest.
pub const HEADS_MAX: usize = 4096;

/// How it stands with a ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// What it shows was not read yet.
    Begins,
    /// All that it shows was replayed.
    Follows,
    /// Its blocks are not to be had now.
    Unreached(String),
    /// It shows less than before: it lags, or was rolled back.
    Behind(String),
    /// A block breaks the rules, or says a time that cannot be.
    Fault(String),
    /// It has signed two histories: nothing of it is cosigned ever again, unless an operator says so.
    Stopped(String),
    /// What this witness keeps of it cannot be read or written.
    Damaged(String),
}

impl Standing {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Begins => "begins",
            Self::Follows => "follows",
            Self::Unreached(_) => "unreached",
            Self::Behind(_) => "behind",
            Self::Fault(_) => "fault",
            Self::Stopped(_) => "stopped",
            Self::Damaged(_) => "damaged",
        }
    }

    /// All of them.
    pub const WORDS: [&str; 7] =
        ["begins", "follows", "unreached", "behind", "fault", "stopped", "damaged"];

    /// Whether somebody has to look.
    pub fn is_alarm(&self) -> bool {
        matches!(self, Self::Behind(_) | Self::Fault(_) | Self::Stopped(_) | Self::Damaged(_))
    }

    /// Whether nothing is cosigned while it stands so.
    pub fn forbids(&self) -> bool {
        matches!(self, Self::Fault(_) | Self::Stopped(_) | Self::Damaged(_))
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begins => f.write_str("its blocks are being replayed"),
            Self::Follows => f.write_str("all that it shows was replayed"),
            Self::Unreached(why)
            | Self::Behind(why)
            | Self::Fault(why)
            | Self::Stopped(why)
            | Self::Damaged(why) => f.write_str(why),
        }
    }
}

/// A head that was replayed.
#[derive(Clone, Debug)]
pub struct Replayed {
    pub head: SignedHead,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

/// All of it.
#[derive(Debug)]
pub struct View {
    pub standing: Standing,
    /// After the newest head; none before block 0 was replayed.
    pub registry: Option<Arc<Registry>>,
    /// Blocks that were replayed.
    pub blocks: u64,
    /// Of them, those that were taken from the state: when each was shown is not known to the second.
    pub loaded: u64,
    /// When the newest look that came to its end began, in milliseconds since 1970.
    pub looked_ms: Option<u64>,
    /// Looks of this process that have ended, however.
    pub looks: u64,
    /// Whether there is one under way.
    pub looking: bool,
    heads: VecDeque<Replayed>,
}

/// What is known of a tree of some size.
#[derive(Debug)]
pub enum At<'a> {
    /// It is the one after this block.
    Head(&'a SignedHead),
    /// It is larger than what was replayed.
    Beyond,
    /// No block ends there, or it is older than what is remembered.
    Nothing,
}

impl View {
    /// Before anything was read.
    pub fn new(standing: Standing) -> Self {
        let heads = VecDeque::new();
        let (registry, blocks, loaded, looked_ms) = (None, 0, 0, None);
        Self { standing, registry, blocks, loaded, looked_ms, looks: 0, looking: false, heads }
    }

    /// Takes the next head.
    pub fn push(&mut self, replayed: Replayed) {
        if self.heads.len() == HEADS_MAX {
            self.heads.pop_front();
        }
        self.blocks = replayed.head.height + 1;
        self.heads.push_back(replayed);
    }

    /// The newest head.
    pub fn newest(&self) -> Option<&SignedHead> {
        self.heads.back().map(|replayed| &replayed.head)
    }

    /// What is known of the tree of so many entries.
    pub fn at(&self, size: u64) -> At<'_> {
        if self.newest().is_none_or(|newest| newest.size < size) {
            return At::Beyond;
        }
        let place = self.heads.binary_search_by_key(&size, |replayed| replayed.head.size);
        place.map_or(At::Nothing, |place| At::Head(&self.heads[place].head))
    }

    /// The head after a block, if it is remembered.
    pub fn of(&self, height: u64) -> Option<&SignedHead> {
        let oldest = self.heads.front()?.head.height;
        let place = usize::try_from(height.checked_sub(oldest)?).ok()?;
        self.heads.get(place).map(|replayed| &replayed.head)
    }

    /// The first head of more entries, if there is one.
    pub fn after(&self, size: u64) -> Option<&Replayed> {
        let place = self.heads.partition_point(|replayed| replayed.head.size <= size);
        self.heads.get(place)
    }
}
