//! Follows one ledger: an audit that goes on, look after look. It runs on a thread of its own, and what
//! it came to is in the [`View`](super::view::View). It cosigns nothing.
//!
//! A crash loses nothing: the audit resumes where it was kept, and what was not kept is replayed again.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use probant_core::{block::Layout, checkpoint::Checkpoint};

use super::{
    alarm::Alarm,
    contradiction::Contradiction,
    cosigned::{looked_ms, set_looked_ms},
    followed::Followed,
    view::{HEADS_MAX, Replayed, Standing, View},
};
use crate::{
    Error,
    audit::{self, Blocks, End, Past, Report, Run, Settings, SignedHead, Verdict},
};

/// How long a stop may go unseen.
const STOP_POLL: Duration = Duration::from_millis(100);

/// When a follower looks, and what it thinks of the times of seals.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Between two looks, where nothing wakes it.
    pub every: Duration,
    /// How far the clock of a ledger may be off.
    pub tolerance: Duration,
}

/// Where the blocks from a height on are.
pub type Source = Box<dyn Fn(u64) -> Result<Box<dyn Blocks>, Error> + Send>;

/// Whoever follows it.
pub struct Follower {
    followed: Arc<Followed>,
    source: Source,
    state: PathBuf,
    times: Times,
    woken: Receiver<()>,
    stop: Arc<AtomicBool>,
    /// The audit; none before it was begun, and after what it cannot go on from.
    run: Option<Run>,
    /// What was cosigned, until the replay has come there.
    unmet: Option<Checkpoint>,
    looked_ms: Option<u64>,
    alarm: Alarm,
    /// The last word of the log about it.
    said: &'static str,
}

/// What the ledger shows after the newest block that was replayed.
enum Next {
    Blocks(Box<dyn Blocks>),
    /// It ends before that block.
    Behind,
    /// It has another block in its place.
    Another,
}

impl Follower {
    pub fn new(
        followed: Arc<Followed>,
        source: Source,
        state: PathBuf,
        times: Times,
        (woken, stop): (Receiver<()>, Arc<AtomicBool>),
    ) -> Self {
        let (run, unmet, looked_ms, alarm, said) = (None, None, None, Alarm::default(), "");
        Self { followed, source, state, times, woken, stop, run, unmet, looked_ms, alarm, said }
    }

    /// Follows it until it is to stop.
    pub fn run(mut self) {
        while !self.stop.load(Ordering::Relaxed) {
            self.look_once();
            self.pause();
        }
    }

    /// Whether somebody has asked for a look since this was asked last.
    #[cfg(test)]
    pub fn is_woken(&self) -> bool {
        self.woken.try_recv().is_ok()
    }

    /// Looks once, and says how it stands then.
    pub fn look_once(&mut self) {
        self.followed.view.send_modify(|view| view.looking = true);
        let stopped = self.followed.cosigned().stopped().map(str::to_owned);
        let standing = match stopped {
            Some(why) => Standing::Stopped(why),
            None => self.look().unwrap_or_else(|error| match error {
                Error::Busy { what, .. } => Standing::Unreached(what),
                error => Standing::Damaged(error.to_string()),
            }),
        };
        let standing = self.alarm.after(standing);
        let cosigned = self.followed.cosigned();
        // A submission may have shown a fork meanwhile.
        let standing = cosigned.stopped().map_or(standing, |why| Standing::Stopped(why.to_owned()));
        self.followed.view.send_modify(|view| {
            view.standing = standing.clone();
            (view.looks, view.looking) = (view.looks + 1, false);
        });
        drop(cosigned);
        if self.said != standing.word() {
            self.said = standing.word();
            let identity = &self.followed.ledger.identity;
            match &standing {
                Standing::Begins | Standing::Follows => tracing::info!("{identity}: {standing}"),
                of if of.is_alarm() => tracing::error!("{identity}: {standing}"),
                _ => tracing::warn!("{identity}: {standing}"),
            }
        }
    }

    /// Errors are of what the witness keeps; what the ledger sends is in how it stands.
    fn look(&mut self) -> Result<Standing, Error> {
        let began_ms = self.followed.clock.now_ms();
        let mut run = match self.run.take() {
            Some(run) => run,
            None => self.begin()?,
        };
        let blocks = match self.next(&run) {
            Ok(Next::Blocks(blocks)) => blocks,
            Ok(Next::Another) => return Ok(self.examine(run)),
            Ok(Next::Behind) => {
                let blocks = run.tally().blocks;
                self.run = Some(run);
                let why = format!("it ends before block {}, which it has shown", blocks - 1);
                return Ok(Standing::Behind(why));
            }
            Err(error) => {
                self.run = Some(run);
                return Ok(Standing::Unreached(error.to_string()));
            }
        };
        run.within(self.bounds(&run, began_ms));
        let mut new = std::collections::VecDeque::new();
        let mut met = Ok(());
        let (unmet, view) = (&mut self.unmet, &self.followed.view);
        let end = run.advance(
            blocks,
            &mut |tally| view.send_modify(|view| view.blocks = tally.blocks),
            &mut |head| {
                met = std::mem::replace(&mut met, Ok(())).and_then(|()| meet(unmet, head));
                if new.len() == HEADS_MAX {
                    new.pop_front();
                }
                new.push_back(head.clone());
            },
        );
        if let Err(head) = met {
            return Ok(self.contradicted(&head));
        }
        self.concluded(run, end, began_ms, new.into())
    }

    /// When blocks that nobody saw before may have been sealed: after the look before, which saw all that
    /// there was, and not after this one. The first look has no lower bound.
    fn bounds(&self, run: &Run, began_ms: u64) -> audit::Times {
        let tolerance = self.times.tolerance.as_millis() as u64;
        audit::Times {
            height: run.past().blocks().max(run.tally().blocks),
            not_before_ms: self.looked_ms.map_or(0, |looked| looked.saturating_sub(tolerance)),
            not_after_ms: began_ms.saturating_add(tolerance),
        }
    }

    /// Keeps what a look came to, and shows it.
    fn concluded(
        &mut self,
        mut run: Run,
        end: End,
        began_ms: u64,
        new: Vec<SignedHead>,
    ) -> Result<Standing, Error> {
        if !matches!(end, End::Whole { .. }) {
            let is_ours = run.past().failure().is_some();
            let report = run.conclude(self.followed.ledger.url.clone(), end);
            return Ok(self.judged(&report, is_ours));
        }
        run.keep();
        if let Some(error) = run.past().failure() {
            return Ok(Standing::Damaged(error.to_string()));
        }
        set_looked_ms(&self.state, &self.followed.ledger.identity, began_ms)?;
        self.looked_ms = Some(began_ms);
        let (at_ms, registry) = (self.followed.clock.now_ms(), run.registry().cloned());
        self.followed.view.send_modify(|view| {
            for head in new {
                view.push(Replayed { head, at_ms });
            }
            (view.registry, view.looked_ms) = (registry, Some(began_ms));
            // Whoever waits for these heads is answered at once.
            if !matches!(view.standing, Standing::Stopped(_)) {
                view.standing = Standing::Follows;
            }
        });
        self.run = Some(run);
        Ok(Standing::Follows)
    }

    /// Goes on where the state ends.
    fn begin(&mut self) -> Result<Run, Error> {
        let identity = &self.followed.ledger.identity;
        let mut run = Run::new(self.settings(), Past::default().kept_in(&self.state));
        run.resume(identity)?;
        self.looked_ms = looked_ms(&self.state, identity)?;
        let at_ms = self.looked_ms.unwrap_or(0);
        self.unmet = self.followed.cosigned().newest().map(|newest| newest.checkpoint.clone());
        let (mut view, mut met) = (View::new(Standing::Begins), Ok(()));
        let unmet = &mut self.unmet;
        run.past().heads(&mut |head| {
            met = std::mem::replace(&mut met, Ok(())).and_then(|()| meet(unmet, &head));
            view.push(Replayed { head, at_ms });
        })?;
        if let Err(head) = met {
            return Err(Error::busy(self.contradicted(&head).to_string()));
        }
        (view.registry, view.looked_ms) = (run.registry().cloned(), self.looked_ms);
        view.loaded = view.blocks;
        self.followed.view.send_modify(|shown| {
            // What forbids to cosign does so until this look has ended.
            std::mem::swap(&mut view.standing, &mut shown.standing);
            (view.looks, view.looking) = (shown.looks, shown.looking);
            *shown = view;
        });
        Ok(run)
    }

    fn settings(&self) -> Settings {
        let expected = Some(self.followed.ledger.identity.clone());
        Settings { expected, clock: Arc::clone(&self.followed.clock), stop: Arc::clone(&self.stop) }
    }

    fn next(&self, run: &Run) -> Result<Next, Error> {
        let Some(newest) = run.tally().blocks.checked_sub(1) else {
            return (self.source)(0).map(Next::Blocks);
        };
        let mut blocks = match (self.source)(newest) {
            Err(Error::No(_)) => return self.behind(newest),
            opened => opened?,
        };
        match blocks.next()? {
            Some(block) if run.is_last(&block) => Ok(Next::Blocks(blocks)),
            Some(_) => Ok(Next::Another),
            None => self.behind(newest),
        }
    }

    /// Whether what ends before a block is the beginning of what was seen, as far as that is remembered.
    fn behind(&self, newest: u64) -> Result<Next, Error> {
        let (mut height, mut back) = (newest, 1);
        let mut blocks = loop {
            height = height.saturating_sub(back);
            match (self.source)(height) {
                Err(Error::No(_)) if height > 0 => back *= 2,
                opened => break opened?,
            }
        };
        // Whatever it has beyond: it showed less a moment ago.
        while height <= newest && !self.stop.load(Ordering::Relaxed) {
            let Some(block) = blocks.next()? else { break };
            let seal = Layout::of(&block).ok().map(|layout| &block[layout.seal]);
            let view = self.followed.view.borrow();
            if view.of(height).is_some_and(|head| Some(head.seal.as_slice()) != seal) {
                return Ok(Next::Another);
            }
            height += 1;
        }
        if height <= newest && !self.stop.load(Ordering::Relaxed) {
            return Ok(Next::Behind);
        }
        Err(Error::busy(format!(
            "it did not have block {newest} a moment ago, and may have it now"
        )))
    }

    /// Audits from block 0 what is another ledger than before, as far as that was seen: it is held to the
    /// head of every block, and the two signatures are saved.
    fn examine(&mut self, run: Run) -> Standing {
        let left = run.tally().blocks;
        // It holds the lock; what it saw is durable.
        drop(run);
        let blocks = match (self.source)(0) {
            Ok(blocks) => Box::new(Upto { blocks, left }),
            Err(error) => return Standing::Unreached(error.to_string()),
        };
        let past = Past::default().kept_in(&self.state);
        let report = audit::audit_since(blocks, &self.settings(), past, &mut |_| {});
        self.judged(&report, false)
    }

    /// How it stands with a ledger whose audit ended so.
    fn judged(&self, report: &Report, is_ours: bool) -> Standing {
        let files = report.evidence.iter().map(|file| format!("; saved in {}", file.file));
        let why = report.headline() + &files.collect::<String>();
        match report.verdict {
            Verdict::Fork => {
                self.followed.stop_for(&mut self.followed.cosigned(), &why);
                Standing::Stopped(why)
            }
            Verdict::Fault => Standing::Fault(why),
            Verdict::Behind => Standing::Behind(why),
            _ if is_ours => Standing::Damaged(why),
            Verdict::Interrupted => Standing::Begins,
            _ => Standing::Unreached(why),
        }
    }

    /// The blocks make another head than was cosigned.
    fn contradicted(&self, head: &SignedHead) -> Standing {
        let mut cosigned = self.followed.cosigned();
        let (size, note) = match cosigned.newest() {
            Some(newest) => (newest.checkpoint.size, newest.note.clone()),
            None => (0, String::new()),
        };
        let identity = &self.followed.ledger.identity;
        let caught = Contradiction::of_head(identity, size, &note, head);
        Standing::Stopped(self.followed.stop(&mut cosigned, caught))
    }

    /// Waits until it is woken, it is time, or the end.
    fn pause(&self) {
        let clock = &self.followed.clock;
        let until = clock.elapsed() + self.times.every;
        while !self.stop.load(Ordering::Relaxed) {
            let left = until.saturating_sub(clock.elapsed());
            if left.is_zero() {
                return;
            }
            match self.woken.recv_timeout(left.min(STOP_POLL)) {
                Ok(()) => return,
                Err(RecvTimeoutError::Timeout) => {}
                // Nobody is left who could wake it.
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(left.min(STOP_POLL)),
            }
        }
    }
}

/// Holds the next head to what was cosigned, which ends with it, or comes later.
fn meet(unmet: &mut Option<Checkpoint>, head: &SignedHead) -> Result<(), SignedHead> {
    let Some(cosigned) = unmet.take_if(|cosigned| cosigned.size <= head.size) else {
        return Ok(());
    };
    let is_same = (cosigned.size, cosigned.root) == (head.size, head.root);
    if is_same { Ok(()) } else { Err(head.clone()) }
}

/// The first blocks of a source.
struct Upto {
    blocks: Box<dyn Blocks>,
    left: u64,
}

impl Blocks for Upto {
    fn name(&self) -> String {
        self.blocks.name()
    }

    fn bytes_total(&self) -> Option<u64> {
        self.blocks.bytes_total()
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        self.blocks.next()
    }

    fn notes(&mut self) -> Vec<String> {
        self.blocks.notes()
    }
}
