//! An audit under way: what was replayed, what it adds up to, and what it is held to. It goes on over
//! one source after the other, as a witness does, and concludes once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::RecvTimeoutError,
    },
    time::Duration,
};

use probant_core::{Identity, block::Layout, chain::Chain, registry::Registry};

use super::{
    Blocks, End, Past, Report, Settings, SignedHead, Tally,
    blocks::{self, Ahead, Ended, Read},
    replay::{self, Checked, Finding, Folded, Replay, Times},
};
use crate::Error;

/// How long an interruption may go unseen while the source is silent.
const STOP_POLL: Duration = Duration::from_millis(100);
/// Between two times that what passed is kept.
const KEEP_EVERY: Duration = Duration::from_secs(60);
/// The code of what is derived and cannot be read (docs/format.md 12).
const UNREADABLE: &str = "unreadable";

/// An audit under way.
pub(crate) struct Run {
    replay: Replay,
    tally: Tally,
    past: Past,
    /// What an earlier audit checked.
    earlier: Option<Earlier>,
    settings: Settings,
    begun: Duration,
    /// When what passed was last kept.
    kept: Duration,
}

/// An earlier audit that this one goes on with.
pub(super) struct Earlier {
    /// When it ended.
    pub audited: String,
    /// What it had checked.
    pub tally: Tally,
}

/// Whoever hears of the head of each block that passed.
pub(crate) type Passed<'a> = dyn FnMut(&SignedHead) + 'a;

impl Run {
    /// One that begins at block 0.
    pub fn new(settings: Settings, past: Past) -> Self {
        let replay = Replay::new(settings.expected.clone(), past.size());
        let (tally, begun) = (Tally::default(), settings.clock.elapsed());
        Self { replay, tally, past, earlier: None, settings, begun, kept: begun }
    }

    /// Goes on where what was kept ends, if that was asked for, in a source that has it too.
    ///
    /// # Errors
    /// `Input` where nothing was kept, `Busy` where the source ends before it, `Stop` for damage, and
    /// where the source has another block there.
    pub fn resume_in(&mut self, blocks: &mut dyn Blocks) -> Result<(), Error> {
        if !self.past.is_resuming() {
            return Ok(());
        }
        let first = if self.settings.expected.is_some() { None } else { blocks.next()? };
        let found = first.as_deref().and_then(replay::identity_of);
        let identity = self.settings.expected.clone().or(found);
        let no_ledger = || Error::input("there is no block 0 that says which ledger it is");
        let (replay, tally, audited) = self.past.resume(&identity.ok_or_else(no_ledger)?)?;
        go_to_last(blocks, first, &tally)?;
        self.take_up(replay, tally, audited);
        Ok(())
    }

    /// Goes on where what was kept of the ledger ends; where nothing was, at block 0.
    ///
    /// # Errors
    /// `Busy` while another audit has it, `Stop` for damage.
    pub fn resume(&mut self, identity: &Identity) -> Result<(), Error> {
        if self.past.has_snapshot(identity)? {
            let (replay, tally, audited) = self.past.resume(identity)?;
            self.take_up(replay, tally, audited);
        }
        Ok(())
    }

    fn take_up(&mut self, replay: Replay, tally: Tally, audited: String) {
        self.earlier = Some(Earlier { audited, tally: tally.clone() });
        (self.replay, self.tally) = (replay, tally);
    }

    /// What passed so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The registry after the newest block that passed; of no use after a finding.
    pub fn registry(&self) -> Option<&Arc<Registry>> {
        self.replay.chain().map(Chain::registry)
    }

    /// What this auditor keeps and has seen.
    pub fn past(&self) -> &Past {
        &self.past
    }

    /// Whether this is the newest block that passed, by its seal.
    pub fn is_last(&self, block: &[u8]) -> bool {
        is_last(block, &self.tally)
    }

    /// From now on, blocks that nobody saw before have to be sealed within these times.
    pub fn within(&mut self, times: Times) {
        self.replay.within(times);
    }

    /// Goes on over the next blocks to the end of their source; `progress` hears of each chunk that
    /// passed. After a fault, a fork, or a failure of the auditor's own, all that is left is to conclude.
    ///
    /// Each turn of the loop keeps all cores busy: the signatures of one chunk are checked while
    /// the next one is decoded and folded.
    pub fn advance(
        &mut self,
        blocks: Box<dyn Blocks>,
        progress: &mut dyn FnMut(&Tally),
        passed: &mut Passed<'_>,
    ) -> End {
        let reads = blocks::read_ahead(blocks);
        let mut folded = Folded::default();
        loop {
            let (chunk, ended) = match next(&reads, &self.settings.stop) {
                Some(Read::Chunk(chunk)) => (chunk, None),
                Some(Read::End(ended)) => (Vec::new(), Some(ended)),
                None => return self.count(folded.check(), passed).unwrap_or(End::Interrupted),
            };
            self.begin(&chunk);
            let before = std::mem::take(&mut folded);
            let checked;
            (checked, folded) = rayon::join(|| before.check(), || self.replay.fold(chunk));
            let found = self.count(checked, passed).or_else(|| {
                // Lower blocks of this chunk come first, should a signature among them be wrong.
                let is_last = folded.is_faulty() || self.is_due();
                let checked = is_last.then(|| std::mem::take(&mut folded).check());
                checked.and_then(|checked| self.count(checked, passed))
            });
            progress(&self.tally);
            let found = found.or_else(|| self.keep_if_due());
            match (found, ended) {
                (Some(end), _) => return end,
                (None, Some(ended)) => return end_of_all(ended, &self.tally),
                (None, None) => {}
            }
        }
    }

    /// Takes the next block alone, for whoever hands on each as it passes; says what it ended with, if
    /// it did not pass.
    pub fn take(&mut self, block: Vec<u8>) -> Option<End> {
        let chunk = vec![block];
        self.begin(&chunk);
        let checked = self.replay.fold(chunk).check();
        let height = self.tally.blocks;
        self.count(checked, &mut |_| {})
            .or_else(|| self.replay.failed().map(|error| End::Unreadable { height, error }))
    }

    /// Block 0 says which ledger it is, and so where what is kept of it is.
    fn begin(&mut self, chunk: &[Vec<u8>]) {
        let begins = self.replay.chain().is_none();
        let Some(first) = chunk.first().filter(|_| begins) else { return };
        let expected = self.settings.expected.as_ref();
        let identity = replay::identity_of(first);
        if let Some(found) = identity.filter(|found| expected.is_none_or(|of| of == found)) {
            self.past.begin(&found, expected.is_some(), &mut self.replay);
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
            self.keep();
        }
        None
    }

    /// Makes durable what passed. What the disk does not take is in [`Past::failure`].
    pub fn keep(&mut self) {
        self.past.keep(&mut self.replay, &self.tally, self.settings.clock.now_ms());
        self.kept = self.settings.clock.elapsed();
    }

    /// Adds what passed, in order, up to the first finding.
    fn count(&mut self, checked: Vec<Checked>, heard: &mut Passed<'_>) -> Option<End> {
        for checked in checked {
            let passed = match checked {
                Ok(passed) => passed,
                Err(finding) => return Some(end_of(finding)),
            };
            let shown = passed.signed_head.clone();
            self.tally.add(passed);
            if !self.past.meet(&shown) {
                return Some(End::Fork);
            }
            heard(&shown);
        }
        None
    }

    /// The report. What passed is kept, and what was caught is saved.
    pub fn conclude(mut self, source: String, end: End) -> Report {
        let clock = &self.settings.clock;
        let seconds = clock.elapsed().saturating_sub(self.begun).as_secs_f64();
        let (whole, now_ms) = (matches!(end, End::Whole { .. }), clock.now_ms());
        if !matches!(end, End::Fault(_) | End::Fork) {
            self.past.keep(&mut self.replay, &self.tally, now_ms);
        }
        let Self { replay, tally, past, earlier, settings, .. } = self;
        let registry = replay.chain().map(|chain| &**chain.registry());
        let (compared, evidence) = past.conclude(registry, replay.root_since(), (&tally, whole));
        let identity = (replay.identity(), settings.expected.is_some());
        let mut report =
            Report::new(source, now_ms, seconds, identity, (&tally, earlier.as_ref()), compared);
        let block = report.end(end);
        report.save_evidence(&evidence, block.as_deref());
        report
    }
}

/// Goes on in a source after the last block that an earlier audit checked, which must be there.
fn go_to_last(blocks: &mut dyn Blocks, first: Option<Vec<u8>>, tally: &Tally) -> Result<(), Error> {
    let last = tally.blocks - 1;
    let block = match first {
        Some(first) if last == 0 => Some(first),
        first => {
            blocks.skip(last - u64::from(first.is_some()))?;
            blocks.next()?
        }
    };
    let block = block.ok_or_else(|| {
        Error::busy(format!(
            "it ends before block {last}, up to which it was audited: audit without --resume, which \
             says how it stands"
        ))
    })?;
    if is_last(&block, tally) {
        return Ok(());
    }
    Err(Error::Stop(format!(
        "block {last} is not the one up to which it was audited: audit without --resume, which says \
         where it differs"
    )))
}

fn is_last(block: &[u8], tally: &Tally) -> bool {
    let seal = Layout::of(block).ok().map(|layout| &block[layout.seal]);
    seal == tally.signed_head.as_ref().map(|head| head.seal.as_slice())
}

/// What the auditor keeps for itself and cannot read again is no fault of the ledger.
fn end_of(finding: Box<Finding>) -> End {
    if finding.code != UNREADABLE {
        return End::Fault(finding);
    }
    let Finding { height, why, .. } = *finding;
    let error = Error::Stop(format!("what this auditor keeps is damaged: {why}"));
    End::Unreadable { height, error }
}

fn next(reads: &Ahead, stop: &AtomicBool) -> Option<Read> {
    loop {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        match reads.next(STOP_POLL) {
            Ok(read) => return Some(read),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => panic!("the reading thread ends with an end"),
        }
    }
}

fn end_of_all(ended: Ended, tally: &Tally) -> End {
    let height = tally.blocks;
    match ended.error {
        Some(error) => End::Unreadable { height, error },
        None if height == 0 => {
            let error = Error::input("there is no block: a ledger begins with block 0");
            End::Unreadable { height, error }
        }
        None => End::Whole { notes: ended.notes },
    }
}
