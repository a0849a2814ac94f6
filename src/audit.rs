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

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
    mpsc::{Receiver, RecvTimeoutError},
};
use std::time::Duration;

use probant_core::{Identity, block::Layout};

pub use blocks::{Blocks, open, open_from};
pub use evidence::EvidenceFile;
pub use past::{Past, SeenReport, Standing};
pub use remote::Remote;
pub(crate) use replay::check_signatures;
pub use report::{Report, Verdict};
pub use signed_head::{HeadReport, SignedHead};
pub use since::{Extends, Since, SinceReport};
pub use stored::Stored;
pub use tally::Tally;

use crate::clock::SharedClock;
use blocks::{Ended, Read};
use replay::{Checked, Finding, Folded, Replay};

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
mod seen;
mod signed_head;
mod since;
mod snapshot;
mod stored;
mod tally;
#[cfg(test)]
pub(crate) mod tests;

/// How long an interruption may go unseen while the source is silent.
const STOP_POLL: Duration = Duration::from_millis(100);

/// Between two times that what passed is kept.
const KEEP_EVERY: Duration = Duration::from_secs(60);
/// The code of what is derived and cannot be read (docs/format.md 12).
const UNREADABLE: &str = "unreadable";

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
    mut blocks: Box<dyn Blocks>,
    settings: &Settings,
    mut past: Past,
    progress: &mut dyn FnMut(&Tally),
) -> Report {
    let (source, begun) = (blocks.name(), settings.clock.elapsed());
    let (start, end) = match Start::of(&mut *blocks, settings, &mut past) {
        Ok(mut start) => {
            let reads = blocks::read_ahead(blocks);
            let end = Run::new(&mut start, &mut past, settings).all(&reads, progress);
            (start, end)
        }
        Err(error) => (Start::at_block_0(settings, &past), End::Unreadable { height: 0, error }),
    };
    let Start { mut replay, tally, earlier } = start;
    let seconds = settings.clock.elapsed().saturating_sub(begun).as_secs_f64();
    let whole = matches!(end, End::Whole { .. });
    let now_ms = settings.clock.now_ms();
    if !matches!(end, End::Fault(_) | End::Fork) {
        past.keep(&mut replay, &tally, now_ms);
    }
    let registry = replay.chain().map(|chain| &**chain.registry());
    let (compared, evidence) = past.conclude(registry, replay.root_since(), (&tally, whole));
    let identity = (replay.identity(), settings.expected.is_some());
    let mut report =
        Report::new(source, now_ms, seconds, identity, (&tally, earlier.as_ref()), compared);
    let block = report.end(end);
    report.save_evidence(&evidence, block.as_deref());
    report
}

/// Where an audit begins.
struct Start {
    replay: Replay,
    tally: Tally,
    /// What an earlier audit checked.
    earlier: Option<Earlier>,
}

/// An earlier audit that this one goes on with.
struct Earlier {
    /// When it ended.
    audited: String,
    /// What it had checked.
    tally: Tally,
}

impl Start {
    fn at_block_0(settings: &Settings, past: &Past) -> Self {
        let replay = Replay::new(settings.expected.clone(), past.size());
        Self { replay, tally: Tally::default(), earlier: None }
    }

    fn of(
        blocks: &mut dyn Blocks,
        settings: &Settings,
        past: &mut Past,
    ) -> Result<Self, crate::Error> {
        if !past.is_resuming() {
            return Ok(Self::at_block_0(settings, past));
        }
        let first = if settings.expected.is_some() { None } else { blocks.next()? };
        let found = first.as_deref().and_then(replay::identity_of);
        let identity = settings.expected.clone().or(found);
        let no_ledger = || crate::Error::input("there is no block 0 that says which ledger it is");
        let (replay, tally, audited) = past.resume(&identity.ok_or_else(no_ledger)?)?;
        go_to_last(blocks, first, &tally)?;
        let earlier = Some(Earlier { audited, tally: tally.clone() });
        Ok(Self { replay, tally, earlier })
    }
}

/// Goes on in a source after the last block that an earlier audit checked, which must be there.
fn go_to_last(
    blocks: &mut dyn Blocks,
    first: Option<Vec<u8>>,
    tally: &Tally,
) -> Result<(), crate::Error> {
    let last = tally.blocks - 1;
    let block = match first {
        Some(first) if last == 0 => Some(first),
        first => {
            blocks.skip(last - u64::from(first.is_some()))?;
            blocks.next()?
        }
    };
    let block = block.ok_or_else(|| {
        crate::Error::busy(format!(
            "it ends before block {last}, up to which it was audited: audit without --resume, which \
             says how it stands"
        ))
    })?;
    let seal = Layout::of(&block).ok().map(|layout| &block[layout.seal]);
    if seal == tally.signed_head.as_ref().map(|head| head.seal.as_slice()) {
        return Ok(());
    }
    Err(crate::Error::Stop(format!(
        "block {last} is not the one up to which it was audited: audit without --resume, which says \
         where it differs"
    )))
}

/// An audit under way.
struct Run<'a> {
    replay: &'a mut Replay,
    tally: &'a mut Tally,
    past: &'a mut Past,
    settings: &'a Settings,
    /// When what passed was last kept.
    kept: Duration,
}

impl<'a> Run<'a> {
    fn new(start: &'a mut Start, past: &'a mut Past, settings: &'a Settings) -> Self {
        let Start { replay, tally, .. } = start;
        Self { replay, tally, past, settings, kept: settings.clock.elapsed() }
    }

    /// Each turn of the loop keeps all cores busy: the signatures of one chunk are checked while
    /// the next one is decoded and folded.
    fn all(mut self, reads: &Receiver<Read>, progress: &mut dyn FnMut(&Tally)) -> End {
        let mut folded = Folded::default();
        loop {
            let (chunk, ended) = match next(reads, &self.settings.stop) {
                Some(Read::Chunk(chunk)) => (chunk, None),
                Some(Read::End(ended)) => (Vec::new(), Some(ended)),
                None => return self.count(folded.check()).unwrap_or(End::Interrupted),
            };
            self.begin(&chunk);
            let before = std::mem::take(&mut folded);
            let checked;
            (checked, folded) = rayon::join(|| before.check(), || self.replay.fold(chunk));
            let found = self.count(checked).or_else(|| {
                // Lower blocks of this chunk come first, should a signature among them be wrong.
                let is_last = folded.is_faulty() || self.is_due();
                is_last.then(|| self.count(std::mem::take(&mut folded).check())).flatten()
            });
            progress(self.tally);
            let found = found.or_else(|| self.keep_if_due());
            match (found, ended) {
                (Some(end), _) => return end,
                (None, Some(ended)) => return conclude(ended, self.tally),
                (None, None) => {}
            }
        }
    }

    /// Block 0 says which ledger it is, and so where what is kept of it is.
    fn begin(&mut self, chunk: &[Vec<u8>]) {
        let begins = self.replay.chain().is_none();
        let Some(first) = chunk.first().filter(|_| begins) else { return };
        let expected = self.settings.expected.as_ref();
        let identity = replay::identity_of(first);
        if let Some(found) = identity.filter(|found| expected.is_none_or(|of| of == found)) {
            self.past.begin(&found, self.replay);
        }
    }

    fn is_due(&self) -> bool {
        self.settings.clock.elapsed().saturating_sub(self.kept) >= KEEP_EVERY
    }

    /// From time to time, when all that was folded has passed: an end by force loses no more.
    fn keep_if_due(&mut self) -> Option<End> {
        if let Some(error) = self.replay.failed() {
            return Some(End::Unreadable { height: self.tally.blocks, error });
        }
        if self.is_due() {
            self.past.keep(self.replay, self.tally, self.settings.clock.now_ms());
            self.kept = self.settings.clock.elapsed();
        }
        None
    }

    /// Adds what passed, in order, up to the first finding.
    fn count(&mut self, checked: Vec<Checked>) -> Option<End> {
        for checked in checked {
            let passed = match checked {
                Ok(passed) => passed,
                Err(finding) => return Some(end_of(finding)),
            };
            let shown = passed.signed_head.clone();
            self.tally.add(passed);
            if !self.past.meet(shown) {
                return Some(End::Fork);
            }
        }
        None
    }
}

/// What the auditor keeps for itself and cannot read again is no fault of the ledger.
fn end_of(finding: Box<Finding>) -> End {
    if finding.code != UNREADABLE {
        return End::Fault(finding);
    }
    let Finding { height, why, .. } = *finding;
    let error = crate::Error::Stop(format!("what this auditor keeps is damaged: {why}"));
    End::Unreadable { height, error }
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
