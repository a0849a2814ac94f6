//! The audit: all blocks, from block 0, replayed with the rules of the core and nothing else. It
//! shares no code with the ledger that wrote them but the core and the segment reader.
//!
//! ```text
//! source -> reading thread -> chunks -> decode (all cores) -> fold (in order) -> signatures (all cores)
//!           blocks.rs         bounded   replay.rs: chunk n + 1 is decoded and folded while
//!                             in bytes             the signatures of chunk n are checked
//! ```
//! What the report says was checked has been: a block counts once its signatures are verified.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
    mpsc::{Receiver, RecvTimeoutError},
};
use std::time::Duration;

use probant_core::Identity;

pub use blocks::{Blocks, open};
pub use remote::Remote;
pub use report::{Report, Verdict};
pub use stored::Stored;
pub use tally::Tally;

use crate::clock::SharedClock;
use blocks::{Ended, Read};
use replay::{Checked, Finding, Folded, Replay};

mod blocks;
mod directory;
mod remote;
mod replay;
mod report;
mod stored;
mod tally;
#[cfg(test)]
mod tests;

/// How long an interruption may go unseen while the source is silent.
const STOP_POLL: Duration = Duration::from_millis(100);

/// What an audit needs to know besides the blocks.
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
enum End {
    /// All that the source had.
    Whole { notes: Vec<String> },
    /// The ledger is not what its rules make it.
    Fault(Finding),
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
    let (source, begun) = (blocks.name(), settings.clock.elapsed());
    let mut replay = Replay::new(settings.expected.clone());
    let mut tally = Tally::default();
    let reads = blocks::read_ahead(blocks);
    let end = run(&reads, &mut replay, &mut tally, &settings.stop, progress);
    let seconds = settings.clock.elapsed().saturating_sub(begun).as_secs_f64();
    let pinned = settings.expected.is_some();
    Report::new(source, settings.clock.now_ms(), seconds, (replay.identity(), pinned), &tally, end)
}

/// Each turn of the loop keeps all cores busy: the signatures of one chunk are checked while the
/// next one is decoded and folded.
fn run(
    reads: &Receiver<Read>,
    replay: &mut Replay,
    tally: &mut Tally,
    stop: &AtomicBool,
    progress: &mut dyn FnMut(&Tally),
) -> End {
    let mut folded = Folded::default();
    loop {
        let read = next(reads, stop);
        let (chunk, ended) = match read {
            Some(Read::Chunk(chunk)) => (chunk, None),
            Some(Read::End(ended)) => (Vec::new(), Some(ended)),
            None => return End::Interrupted,
        };
        let before = std::mem::take(&mut folded);
        let checked;
        (checked, folded) = rayon::join(|| before.check(), || replay.fold(chunk));
        let found = count(checked, tally).or_else(|| {
            // Lower blocks of this chunk come first, should a signature among them be wrong.
            let is_last = folded.is_faulty();
            is_last.then(|| count(std::mem::take(&mut folded).check(), tally)).flatten()
        });
        progress(tally);
        match (found, ended) {
            (Some(finding), _) => return End::Fault(finding),
            (None, Some(ended)) => return conclude(ended, tally),
            (None, None) => {}
        }
    }
}

fn next(reads: &Receiver<Read>, stop: &AtomicBool) -> Option<Read> {
    loop {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        match reads.recv_timeout(STOP_POLL) {
            Ok(read) => return Some(read),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => panic!("the reading thread ends with an end"),
        }
    }
}

/// Adds what passed, in order, up to the first finding.
fn count(checked: Vec<Checked>, tally: &mut Tally) -> Option<Finding> {
    checked.into_iter().find_map(|checked| checked.map(|passed| tally.add(passed)).err())
}

fn conclude(ended: Ended, tally: &Tally) -> End {
    let height = tally.blocks;
    match ended.error {
        Some(error) => End::Unreadable { height, error },
        None if height == 0 => {
            let error = crate::Error::input("there is no block: a ledger begins with block 0");
            End::Unreadable { height, error }
        }
        None => End::Whole { notes: ended.notes },
    }
}
