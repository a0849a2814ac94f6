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
pub use evidence::EvidenceFile;
pub use past::{Past, SeenReport, Standing};
pub use report::{Report, Verdict};
pub use signed_head::{HeadReport, SignedHead};
pub use since::{Extends, Since, SinceReport};
pub use stored::Stored;
pub use tally::Tally;

use crate::clock::SharedClock;
use blocks::{Ended, Read};
use replay::{Checked, Finding, Folded, Replay};

mod blocks;
mod directory;
mod evidence;
mod past;
mod remote;
mod replay;
mod report;
mod seen;
mod signed_head;
mod since;
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
    blocks: Box<dyn Blocks>,
    settings: &Settings,
    mut past: Past,
    progress: &mut dyn FnMut(&Tally),
) -> Report {
    let (source, begun) = (blocks.name(), settings.clock.elapsed());
    let mut replay = Replay::new(settings.expected.clone(), past.size());
    let mut tally = Tally::default();
    let reads = blocks::read_ahead(blocks);
    let end = Run { replay: &mut replay, tally: &mut tally, past: &mut past, stop: &settings.stop }
        .all(&reads, progress);
    let seconds = settings.clock.elapsed().saturating_sub(begun).as_secs_f64();
    let pinned = settings.expected.is_some();
    let whole = matches!(end, End::Whole { .. });
    let registry = replay.chain().map(|chain| &**chain.registry());
    let (compared, evidence) = past.conclude(registry, replay.root_since(), (&tally, whole));
    let (now_ms, identity) = (settings.clock.now_ms(), replay.identity());
    let mut report = Report::new(source, now_ms, seconds, (identity, pinned), &tally, compared);
    let block = report.end(end);
    report.save_evidence(&evidence, block.as_deref());
    report
}

/// An audit under way.
struct Run<'a> {
    replay: &'a mut Replay,
    tally: &'a mut Tally,
    past: &'a mut Past,
    stop: &'a AtomicBool,
}

impl Run<'_> {
    /// Each turn of the loop keeps all cores busy: the signatures of one chunk are checked while
    /// the next one is decoded and folded.
    fn all(mut self, reads: &Receiver<Read>, progress: &mut dyn FnMut(&Tally)) -> End {
        let mut folded = Folded::default();
        loop {
            let (chunk, ended) = match next(reads, self.stop) {
                Some(Read::Chunk(chunk)) => (chunk, None),
                Some(Read::End(ended)) => (Vec::new(), Some(ended)),
                None => return End::Interrupted,
            };
            let before = std::mem::take(&mut folded);
            let checked;
            (checked, folded) = rayon::join(|| before.check(), || self.replay.fold(chunk));
            let found = self.count(checked).or_else(|| {
                // Lower blocks of this chunk come first, should a signature among them be wrong.
                let is_last = folded.is_faulty();
                is_last.then(|| self.count(std::mem::take(&mut folded).check())).flatten()
            });
            progress(self.tally);
            match (found, ended) {
                (Some(end), _) => return end,
                (None, Some(ended)) => return conclude(ended, self.tally),
                (None, None) => {}
            }
        }
    }

    /// Adds what passed, in order, up to the first finding.
    fn count(&mut self, checked: Vec<Checked>) -> Option<End> {
        let identity = self.replay.identity();
        for checked in checked {
            let passed = match checked {
                Ok(passed) => passed,
                Err(finding) => return Some(End::Fault(finding)),
            };
            let shown = passed.signed_head.clone();
            self.tally.add(passed);
            let identity = identity.as_ref().expect("a block passed");
            if !self.past.meet(shown, identity) {
                return Some(End::Fork);
            }
        }
        None
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
