//! From a report to whoever is to have it: said at once, posted when the webhook takes it, and only
//! then is the position behind it kept. The blocks are the spool: what was not delivered is read from
//! them again. Only what no block says waits in the state.

use std::{collections::VecDeque, time::Duration};

use tokio::runtime::Handle;

use super::{
    report::{Report, SealedHead},
    state::{State, StateFile},
    webhook::{Webhook, wait},
};
use crate::{Error, clock::SharedClock};

/// Most that waits for a webhook; more are read from the blocks again, later.
const QUEUE_MAX: usize = 1000;

/// Says a report on the spot.
pub type Say = Box<dyn FnMut(&Report) -> Result<(), Error> + Send>;

/// Reports on their way, and the state.
pub struct Delivery {
    pub state: State,
    file: StateFile,
    say: Say,
    webhook: Option<Webhook>,
    queue: VecDeque<Item>,
    failures: u32,
    /// By the steady clock.
    next_try: Duration,
    clock: SharedClock,
    runtime: Handle,
}

enum Item {
    Report(Box<Report>),
    /// All reports up to this block have gone before.
    Position(SealedHead),
}

impl Delivery {
    /// What waited in the state is delivered first.
    pub fn new(
        (file, state): (StateFile, State),
        (say, webhook): (Say, Option<Webhook>),
        clock: SharedClock,
    ) -> Self {
        let queue = state.pending.iter().cloned().map(|report| Item::Report(report.into()));
        let (queue, runtime) = (queue.collect(), Handle::current());
        let (failures, next_try) = (0, Duration::ZERO);
        Self { state, file, say, webhook, queue, failures, next_try, clock, runtime }
    }

    /// Says a report, and has it posted.
    pub fn tell(&mut self, report: Report) -> Result<(), Error> {
        let waits = |item: &Item| matches!(item, Item::Report(waiting) if waiting.id == report.id);
        (self.say)(&report)?;
        if !self.queue.iter().any(waits) {
            self.queue.push_back(Item::Report(report.into()));
        }
        Ok(())
    }

    /// [`Delivery::tell`] for what no block says: it is kept before anything else happens.
    pub fn tell_kept(&mut self, report: Report) -> Result<(), Error> {
        self.tell(report)?;
        self.save()
    }

    /// Everything that is reported up to this block was told.
    pub fn pass(&mut self, head: SealedHead) {
        if let Some(Item::Position(last)) = self.queue.back_mut() {
            *last = head;
        } else {
            self.queue.push_back(Item::Position(head));
        }
    }

    /// Whether no more fits in.
    pub fn is_full(&self) -> bool {
        self.queue.len() >= QUEUE_MAX
    }

    /// Delivers what can be delivered now, and keeps how far that got.
    ///
    /// # Errors
    /// Why a report could not be posted, as [`Error::Busy`]; [`Error::Stop`] where the state cannot
    /// be kept.
    pub fn deliver(&mut self) -> Result<(), Error> {
        let posted = self.post_all();
        self.save()?;
        posted
    }

    fn post_all(&mut self) -> Result<(), Error> {
        while let Some(item) = self.queue.front() {
            match (item, &self.webhook) {
                (Item::Position(head), _) => self.state.head = Some(head.clone()),
                (Item::Report(_), None) => {}
                (Item::Report(_), Some(_)) if self.clock.elapsed() < self.next_try => return Ok(()),
                (Item::Report(report), Some(webhook)) => {
                    if let Err(error) = self.runtime.block_on(webhook.post(report)) {
                        self.failures += 1;
                        self.next_try = self.clock.elapsed() + wait(self.failures);
                        return Err(error);
                    }
                    self.failures = 0;
                }
            }
            self.queue.pop_front();
        }
        Ok(())
    }

    /// When the webhook is tried again.
    pub fn next_try_in(&self) -> Duration {
        self.next_try.saturating_sub(self.clock.elapsed())
    }

    /// How often in a row the webhook did not take a report.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    fn save(&mut self) -> Result<(), Error> {
        let kept = self.queue.iter().filter_map(|item| match item {
            Item::Report(report) if report.block.is_none() => Some(Report::clone(report)),
            _ => None,
        });
        self.state.pending = kept.collect();
        self.file.save(&self.state)
    }
}
