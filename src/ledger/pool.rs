//! The pool: statements that were admitted and wait for their block. It is bounded; when it is
//! full, submitters are told to come back, and nothing is dropped.
//!
//! It is fair: each issuer has a queue of its own, and the queues take turns, so that none waits for
//! another's flood; what is long waits for as many turns as it is long. An issuer may hold no more than is
//! left free, so that there is room for one who comes: alone it has half of the pool, with one other
//! a third. The last of the pool is for those who govern the ledger, however many flood it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use probant_core::{List, Statement, key::Use};
use tokio::sync::oneshot;

use super::Answered;
use crate::Error;

/// What one turn is worth: what is longer goes when its issuer has let enough of them pass. Before, and
/// not after: an issuer that sends one at a time would owe nothing by its next.
const TURN_BYTES: usize = 64 << 10;
/// The part of the pool that issuers cannot fill: room to suspend them.
const SPARE: usize = 16;

/// How much may wait, and how much one block holds.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most statements that wait.
    pub pool_count: usize,
    /// Most bytes of statements and lists that wait.
    pub pool_bytes: usize,
    /// Most statements of one block.
    pub block_count: usize,
    /// A block ends with the statement that reaches this many bytes.
    pub block_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { pool_count: 65_536, pool_bytes: 64 << 20, block_count: 16_384, block_bytes: 4 << 20 }
    }
}

/// A statement on its way into a block, and where to send the answer.
pub struct Pending {
    pub statement: Statement,
    pub list: Option<List>,
    reply: Reply,
}

impl Pending {
    pub fn new(
        statement: Statement,
        list: Option<List>,
        came: Duration,
    ) -> (Self, oneshot::Receiver<Answered>) {
        let (to, receiver) = oneshot::channel();
        (Self { statement, list, reply: Reply { to, came } }, receiver)
    }

    fn bytes(&self) -> usize {
        let list = self.list.as_ref().map_or(0, |list| list.as_bytes().len());
        self.statement.entry().len() + list
    }

    /// Splits it into what is sealed and what is answered.
    pub fn open(self) -> (Statement, Option<List>, Reply) {
        (self.statement, self.list, self.reply)
    }

    /// The same put together again, where nothing came of its block.
    pub fn again(statement: Statement, list: Option<List>, reply: Reply) -> Self {
        Self { statement, list, reply }
    }
}

/// Where an answer goes; a submitter that has gone away is no fault.
pub struct Reply {
    to: oneshot::Sender<Answered>,
    /// When the question came, by the clock's steady side.
    came: Duration,
}

impl Reply {
    pub fn send(self, answer: Answered) {
        drop(self.to.send(answer));
    }
}

/// The waiting statements: of one issuer, first come first sealed.
pub struct Pool {
    limits: Limits,
    waiting: Mutex<Waiting>,
    came: Condvar,
}

#[derive(Default)]
struct Waiting {
    /// By issuer; none is empty.
    queues: HashMap<String, Queue>,
    /// Whose turn it is: each issuer that has a queue, once.
    turns: VecDeque<String>,
    count: usize,
    bytes: usize,
    closed: bool,
}

#[derive(Default)]
struct Queue {
    pending: VecDeque<Pending>,
    bytes: usize,
    /// Turns that its first has let pass.
    passed: usize,
}

impl Waiting {
    fn put(&mut self, pending: Pending) {
        self.queue_for(&pending).pending.push_back(pending);
    }

    fn put_first(&mut self, pending: Pending) {
        self.queue_for(&pending).pending.push_front(pending);
    }

    /// The queue that it goes into, counted already.
    fn queue_for(&mut self, pending: &Pending) -> &mut Queue {
        let (issuer, bytes) = (pending.statement.issuer(), pending.bytes());
        if !self.queues.contains_key(issuer) {
            self.turns.push_back(issuer.to_owned());
            self.queues.insert(issuer.to_owned(), Queue::default());
        }
        self.count += 1;
        self.bytes += bytes;
        let queue = self.queues.get_mut(issuer).expect("just made");
        queue.bytes += bytes;
        queue
    }

    /// The next one of whoever's turn it is.
    fn take(&mut self) -> Option<Pending> {
        loop {
            let issuer = self.turns.pop_front()?;
            let queue = self.queues.get_mut(&issuer).expect("who has a turn has a queue");
            let bytes = queue.pending.front().expect("no queue is empty").bytes();
            if queue.passed < bytes / TURN_BYTES {
                queue.passed += 1;
                self.turns.push_back(issuer);
                continue;
            }
            let pending = queue.pending.pop_front().expect("it was the front");
            queue.bytes -= bytes;
            queue.passed = 0;
            self.count -= 1;
            self.bytes -= bytes;
            if queue.pending.is_empty() {
                self.queues.remove(&issuer);
            } else {
                self.turns.push_back(issuer);
            }
            return Some(pending);
        }
    }

    /// When the first of all came.
    fn first_came(&self) -> Option<Duration> {
        self.queues.values().filter_map(|queue| Some(queue.pending.front()?.reply.came)).min()
    }
}

impl Pool {
    pub fn new(limits: Limits) -> Self {
        Self { limits, waiting: Mutex::default(), came: Condvar::new() }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a statement, signed by a key for this.
    ///
    /// # Errors
    /// [`Error::Busy`] when the pool is full, or its issuer's share of it, or it is closed.
    pub fn put(&self, pending: Pending, r#use: Use) -> Result<(), Error> {
        let mut waiting = self.waiting();
        if waiting.closed {
            return Err(Error::busy("the ledger is stopping: nothing was taken, try again later"));
        }
        let again = |what: &str| {
            let what = format!("{what} is full: nothing was taken, try again");
            Err(Error::Busy { what, retry_after_s: Some(1) })
        };
        let of = |limit: usize| if r#use == Use::Issuer { limit - limit / SPARE } else { limit };
        let free = of(self.limits.pool_count).saturating_sub(waiting.count);
        let free_bytes = of(self.limits.pool_bytes).saturating_sub(waiting.bytes);
        if free == 0 || (pending.bytes() > free_bytes && waiting.count > 0) {
            return again("the pool");
        }
        if let Some(own) = waiting.queues.get(pending.statement.issuer())
            && (own.pending.len() >= free || own.bytes + pending.bytes() > free_bytes)
        {
            return again("what the pool has for one issuer");
        }
        waiting.put(pending);
        self.came.notify_one();
        Ok(())
    }

    /// Takes back what came of no block, before whatever came since: it was taken once, and no limit
    /// holds for it.
    pub fn put_back(&self, pending: Vec<Pending>) {
        let mut waiting = self.waiting();
        for pending in pending.into_iter().rev() {
            waiting.put_first(pending);
        }
    }

    /// Takes nothing more, and wakes the sealer to seal what is here.
    pub fn close(&self) {
        self.waiting().closed = true;
        self.came.notify_all();
    }

    /// Waits until something is here, the timeout ends, or the pool is closed.
    pub fn wait(&self, timeout: Duration) {
        let waiting = self.waiting();
        if waiting.count == 0 && !waiting.closed {
            drop(self.came.wait_timeout(waiting, timeout));
        }
    }

    /// Waits until a block is full, the first statement came `interval` ago, or the pool is closed;
    /// not at all where nothing is here. `now` is by the clock that says when statements came.
    pub fn fill(&self, interval: Duration, now: Duration) {
        let waiting = self.waiting();
        let Some(first) = waiting.first_came() else { return };
        let timeout = first.saturating_add(interval).saturating_sub(now);
        let not_full = |waiting: &mut Waiting| {
            waiting.count < self.limits.block_count
                && waiting.bytes < self.limits.block_bytes
                && !waiting.closed
        };
        drop(self.came.wait_timeout_while(waiting, timeout, not_full));
    }

    /// Whether nothing will come any more, and nothing is left.
    pub fn is_done(&self) -> bool {
        let waiting = self.waiting();
        waiting.closed && waiting.count == 0
    }

    /// Whether nothing will come any more.
    pub fn is_closed(&self) -> bool {
        self.waiting().closed
    }

    /// Statements that wait, and their bytes.
    pub fn waits(&self) -> (usize, usize) {
        let waiting = self.waiting();
        (waiting.count, waiting.bytes)
    }

    /// Takes what the next block holds, one of each issuer in turn.
    pub fn take(&self) -> Vec<Pending> {
        let mut waiting = self.waiting();
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while taken.len() < self.limits.block_count && bytes < self.limits.block_bytes {
            let Some(pending) = waiting.take() else { break };
            bytes += pending.bytes();
            taken.push(pending);
        }
        taken
    }
}

#[cfg(test)]
mod tests;
