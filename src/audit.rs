//! The audit: all blocks, from block 0, replayed with the rules of the core and nothing else. It
//! shares no code with the ledger that wrote them but the core, the segment reader, and how nodes of the
//! status map are written down.
//!
//! ```text
//! source -> reading thread -> chunks -> decode (all cores) -> fold (in order) -> signatures (all cores)
//!           blocks.rs         bounded   replay.rs: chunk n + 1 is decoded and folded while
//!                             in bytes             the signatures of chunk n are checked
//! ```
//! What the report says was checked has been: a block counts once its signatures are verified.
//!
//! What an auditor saw stays with it (`seen.rs`): the next audit is held to that (`past.rs`), and can
//! go on where the last one ended (`snapshot.rs`).

use std::sync::{Arc, atomic::AtomicBool};

use probant_core::Identity;

pub use blocks::{Blocks, open, open_from};
pub(crate) use evidence::Evidence;
pub use evidence::EvidenceFile;
pub use past::{Past, SeenReport, Standing};
pub use remote::Remote;
pub(crate) use replay::Times;
pub use report::{Report, Verdict};
pub(crate) use run::Run;
pub use signed_head::{HeadReport, SignedHead};
pub use since::{Extends, Since, SinceReport};
pub use stored::Stored;
pub use tally::Tally;

use crate::clock::SharedClock;
use replay::Finding;
use run::Earlier;

mod blocks;
mod changes;
mod directory;
mod evidence;
mod exported;
mod fallen;
mod past;
mod remote;
mod replay;
mod report;
mod run;
mod seen;
mod signed_head;
mod since;
mod snapshot;
mod stored;
mod tally;
#[cfg(test)]
pub(crate) mod tests;

/// What an audit needs to know besides the blocks.
#[derive(Clone)]
pub struct Settings {
    /// The ledger that it must be; none: whatever block 0 says it is.
    pub expected: Option<Identity>,
    /// Dates the report and times the work.
    pub clock: SharedClock,
    /// Set by whoever wants it to end early; the report then says how far it got.
    pub stop: Arc<AtomicBool>,
}

/// How an audit came to its end.
#[derive(Debug)]
pub(crate) enum End {
    /// All that the source had.
    Whole { notes: Vec<String> },
    /// The ledger is not what its rules make it.
    Fault(Box<Finding>),
    /// It is not the ledger that was seen before.
    Fork,
    /// The block at `height` was not to be had.
    Unreadable { height: u64, error: crate::Error },
    /// It was told to.
    Interrupted,
}

/// Replays all blocks; `progress` hears of each chunk that passed, about once in a second.
///
/// Never fails: whatever happens is in the report, with how far it got before.
pub fn audit(
    blocks: Box<dyn Blocks>,
    settings: &Settings,
    progress: &mut dyn FnMut(&Tally),
) -> Report {
    audit_since(blocks, settings, Past::default(), progress)
}

/// [`audit`], holding the ledger to what was seen of it before; what passes is kept there.
pub fn audit_since(
    mut blocks: Box<dyn Blocks>,
    settings: &Settings,
    past: Past,
    progress: &mut dyn FnMut(&Tally),
) -> Report {
    let source = blocks.name();
    let mut run = Run::new(settings.clone(), past);
    let end = match run.resume_in(&mut *blocks) {
        Ok(()) => run.advance(blocks, progress, &mut |_| {}),
        Err(error) => End::Unreadable { height: 0, error },
    };
    run.conclude(source, end)
}
