//! The monitor: a ledger followed for one issuer. It replays every block, and reports what was said in
//! the issuer's name, who looks like it, what its domain says of its keys, and a ledger that shows two
//! histories or breaks its rules.
//!
//! ```text
//! ledger -> blocks -> replay.rs -> watch.rs -> report.rs -> delivery.rs -> said, posted -> state.rs
//!                     checked      resemblance/             in order       webhook.rs      position
//! ```
//! A first start replays from block 0, as only that is believed. A later one goes on where the replay was
//! kept, which is never after the position up to which reports were delivered.

mod condition;
mod delivery;
mod replay;
mod report;
pub mod resemblance;
mod state;
mod watch;
mod webhook;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use probant_core::{Identity, key::Kid};
use tokio::runtime::Handle;

pub use delivery::{Delivery, Say};
pub use report::{Event, Report, SealedHead};
pub use state::{State, StateFile};
pub use watch::Watch;
pub use webhook::Webhook;

use crate::{
    Error,
    audit::{self, Blocks as _, Remote},
    clock::SharedClock,
    domain::Domains,
};
use replay::{Refused, Replay};

/// How often a webhook is tried where the monitor ends by itself.
const TRIES_MAX: u32 = 4;
/// How long a stop may go unseen.
const STOP_POLL: Duration = Duration::from_millis(100);

/// What is watched, and how.
pub struct Settings {
    /// URL of the ledger.
    pub url: String,
    /// Which ledger that has to be.
    pub ledger: Identity,
    /// Where the replay is kept, for the next run to go on.
    pub replay: PathBuf,
    /// Between two questions to the ledger.
    pub every: Duration,
    /// Ends once everything was read and delivered.
    pub once: bool,
    /// Reports what is not expected, and nothing else.
    pub unexpected_only: bool,
    /// Whoever asks the issuer's domain; none: it is not asked.
    pub domains: Option<Domains>,
    pub clock: SharedClock,
    /// Set by whoever wants it to end.
    pub stop: Arc<AtomicBool>,
}

/// How it ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// Everything was read, and nothing unexpected was reported.
    Quiet,
    /// Everything was read, and something was.
    Found,
    /// The ledger is not what it says it is.
    Convicted,
    /// It was told to.
    Stopped,
}

/// A ledger on its way past.
pub struct Monitor {
    settings: Settings,
    watch: Watch,
    delivery: Delivery,
    replay: Replay,
    /// The newest block that this ledger has ever shown us.
    seen: Option<SealedHead>,
    /// Up to which block reports were told, now or by a run before.
    told: Option<u64>,
    /// Whether something unexpected was.
    found: bool,
    /// The keys that the domain was asked about, and when to ask again.
    asked: Option<(Vec<Kid>, Duration)>,
    runtime: Handle,
}

/// How far a look at the ledger got.
#[derive(Clone, Copy, PartialEq)]
enum Look {
    /// Up to its newest block.
    Whole,
    /// As far as there is room for reports, or time.
    Full,
    /// It shows another block in the place of the newest: a replay from block 0 tells what that is.
    Other,
    Convicted,
    Stopped,
}

impl Monitor {
    /// To be called within the runtime.
    ///
    /// # Errors
    /// [`Error::Input`] where the replay that was kept cannot be used.
    pub fn new(settings: Settings, mut watch: Watch, delivery: Delivery) -> Result<Self, Error> {
        let seen = delivery.state.head.clone();
        let told = seen.as_ref().map(|head| head.height);
        let audit = audit::Settings {
            expected: Some(settings.ledger.clone()),
            clock: Arc::clone(&settings.clock),
            stop: Arc::clone(&settings.stop),
        };
        let replay = Replay::resume(&settings.ledger, audit, &settings.replay, told)?;
        if let Some(registry) = replay.registry() {
            watch.recall(registry);
        }
        let (found, asked, runtime) = (false, None, Handle::current());
        Ok(Self { settings, watch, delivery, replay, seen, told, found, asked, runtime })
    }

    /// Follows the ledger, on a thread that may block.
    ///
    /// # Errors
    /// [`Error::Busy`] where it is to end by itself, and the ledger or the webhook is not there: what
    /// was not delivered is by the next run. [`Error::Input`] where no ledger answers.
    /// [`Error::Stop`] where the state cannot be kept.
    pub fn run(mut self) -> Result<Ended, Error> {
        loop {
            let looked = self.look();
            if !matches!(looked, Ok(Look::Full | Look::Other)) {
                self.look_at_age()?;
            }
            if matches!(looked, Ok(Look::Whole)) {
                self.look_at_domain()?;
            }
            let delivered = self.deliver();
            if matches!(looked, Ok(Look::Whole | Look::Full | Look::Stopped)) {
                self.keep()?;
            }
            if let Some(end) = self.end(&looked, &delivered) {
                looked?;
                delivered?;
                return Ok(end);
            }
            for error in [looked.as_ref().err(), delivered.as_ref().err()].into_iter().flatten() {
                tracing::warn!("{error}; trying again");
            }
            let goes_on = delivered.is_ok() && matches!(looked, Ok(Look::Full | Look::Other));
            if !goes_on && !self.pause(self.settings.every) {
                return Ok(Ended::Stopped);
            }
        }
    }

    /// Whether that was all, and how it ended; errors end it with themselves.
    fn end(&self, looked: &Result<Look, Error>, delivered: &Result<(), Error>) -> Option<Ended> {
        let quiet = if self.found { Ended::Found } else { Ended::Quiet };
        match (looked, delivered) {
            (_, Err(Error::Stop(_))) => Some(quiet),
            // A wrong URL. One that was right before is asked again.
            (Err(Error::Input(_)), _) if self.replay.head().is_none() => Some(quiet),
            (Ok(Look::Stopped), _) => Some(Ended::Stopped),
            (Ok(Look::Convicted), _) => Some(Ended::Convicted),
            (Err(_), _) | (_, Err(_)) | (Ok(Look::Whole), Ok(())) if self.settings.once => {
                Some(quiet)
            }
            _ => None,
        }
    }

    /// Reads what is new.
    fn look(&mut self) -> Result<Look, Error> {
        if self.delivery.is_full() {
            return Ok(Look::Full);
        }
        let newest = self.replay.head().map(|head| head.height);
        let mut blocks = match Remote::open_from(&self.settings.url, newest.unwrap_or(0)) {
            Ok(blocks) => blocks,
            Err(Error::No(_)) => return self.miss(newest),
            Err(error) => return Err(error),
        };
        if newest.is_some() {
            match blocks.next()? {
                Some(bytes) if self.replay.is_newest(&bytes) => {}
                Some(_) => {
                    self.replay = self.replay.again();
                    return Ok(Look::Other);
                }
                None => return self.miss(newest),
            }
        }
        // An answer without an end would hold back what was found in it.
        let until = self.settings.clock.elapsed() + self.settings.every;
        while let Some(bytes) = blocks.next()? {
            if let Some(end) = self.take(&bytes)? {
                return Ok(end);
            }
            if self.settings.clock.elapsed() > until {
                return Ok(Look::Full);
            }
        }
        let shown = self.replay.head().map(|head| head.height);
        if shown < self.seen.as_ref().map(|seen| seen.height) {
            return self.fall_behind(shown);
        }
        self.delivery.state.behind = false;
        Ok(Look::Whole)
    }

    /// It does not show the newest block, which it has shown before. What it shows in its place, a replay
    /// from block 0 tells, once.
    fn miss(&mut self, newest: Option<u64>) -> Result<Look, Error> {
        if newest.is_none() || self.delivery.state.behind {
            return self.fall_behind(None);
        }
        self.replay = self.replay.again();
        Ok(Look::Other)
    }

    /// Takes the next block; says where looking ends with it.
    fn take(&mut self, bytes: &[u8]) -> Result<Option<Look>, Error> {
        let block = match self.replay.add(bytes) {
            Ok(block) => block,
            Err(Refused::Fault { height, why }) => {
                return self.convict(&format!("{height}-fault"), Event::Fault { why }).map(Some);
            }
            Err(Refused::Forked(heads)) => {
                let [before, now] = *heads;
                return self.convict_forked(before, now);
            }
            Err(Refused::Failed(error)) => {
                self.replay = self.replay.again();
                return Err(error);
            }
        };
        let head = self.replay.sealed().expect("a block was added");
        // Also where what was kept of the replay was moved away.
        let same_height = self.seen.clone().filter(|seen| seen.height == head.height);
        if let Some(before) = same_height.filter(|seen| seen.root != head.root) {
            return self.convict_forked(before, head);
        }
        let registry = self.replay.registry().expect("a block was added");
        let reports = self.watch.read(&block, registry);
        if self.told < Some(head.height) {
            for report in reports {
                self.tell(report)?;
            }
            self.told = Some(head.height);
            self.delivery.pass(head.clone());
        }
        if self.seen.as_ref().is_none_or(|seen| seen.height < head.height) {
            self.seen = Some(head);
        }
        if self.settings.stop.load(Ordering::Relaxed) {
            return Ok(Some(Look::Stopped));
        }
        Ok(self.delivery.is_full().then_some(Look::Full))
    }

    fn tell(&mut self, report: Report) -> Result<(), Error> {
        self.found |= !report.expected;
        if report.expected && self.settings.unexpected_only {
            return Ok(());
        }
        if report.block.is_some() {
            self.delivery.tell(report)
        } else {
            self.delivery.tell_kept(report)
        }
    }

    /// Delivers what can be; where this is to end by itself, with a few tries.
    fn deliver(&mut self) -> Result<(), Error> {
        loop {
            let delivered = self.delivery.deliver();
            let again = self.settings.once && self.delivery.failures() < TRIES_MAX;
            match delivered {
                Err(Error::Busy { .. }) if again && self.pause(self.delivery.next_try_in()) => {}
                delivered => return delivered,
            }
        }
    }

    /// Keeps the replay where everything up to it was delivered. A crash on the way leaves one that was
    /// kept before: what it lacks is replayed again, and not told again.
    fn keep(&mut self) -> Result<(), Error> {
        let delivered = self.delivery.state.head.as_ref().map(|head| head.height);
        if self.replay.head().map(|head| head.height) > delivered {
            return Ok(());
        }
        self.replay.keep()
    }

    /// Waits; false once it is to stop.
    fn pause(&self, time: Duration) -> bool {
        let (clock, stop) = (&self.settings.clock, &self.settings.stop);
        let until = clock.elapsed() + time;
        while !stop.load(Ordering::Relaxed) {
            let left = until.saturating_sub(clock.elapsed());
            if left.is_zero() {
                return true;
            }
            thread::sleep(left.min(STOP_POLL));
        }
        false
    }
}
