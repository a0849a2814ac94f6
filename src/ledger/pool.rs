//! The pool: statements that were admitted and wait for their block. It is bounded; when it is
//! full, submitters are told to come back, and nothing is dropped.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use probant_core::{List, Statement};
use tokio::sync::oneshot;

use super::Answered;
use crate::Error;

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
    /// When it came, by the clock's steady side.
    came: Duration,
    answer: oneshot::Sender<Answered>,
}

impl Pending {
    pub fn new(
        statement: Statement,
        list: Option<List>,
        came: Duration,
    ) -> (Self, oneshot::Receiver<Answered>) {
        let (answer, receiver) = oneshot::channel();
        (Self { statement, list, came, answer }, receiver)
    }

    fn bytes(&self) -> usize {
        let list = self.list.as_ref().map_or(0, |list| list.as_bytes().len());
        self.statement.entry().len() + list
    }

    /// Splits it into what is sealed and what is answered.
    pub fn open(self) -> (Statement, Option<List>, Reply) {
        (self.statement, self.list, Reply(self.answer))
    }
}

/// Where an answer goes; a submitter that has gone away is no fault.
pub struct Reply(oneshot::Sender<Answered>);

impl Reply {
    pub fn send(self, answer: Answered) {
        drop(self.0.send(answer));
    }
}

/// The waiting statements, first come first sealed.
pub struct Pool {
    limits: Limits,
    waiting: Mutex<Waiting>,
    came: Condvar,
}

#[derive(Default)]
struct Waiting {
    pending: Vec<Pending>,
    bytes: usize,
    closed: bool,
}

impl Pool {
    pub fn new(limits: Limits) -> Self {
        Self { limits, waiting: Mutex::default(), came: Condvar::new() }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a statement.
    ///
    /// # Errors
    /// [`Error::Busy`] when the pool is full, or closed.
    pub fn put(&self, pending: Pending) -> Result<(), Error> {
        let mut waiting = self.waiting();
        if waiting.closed {
            return Err(Error::busy("the ledger is stopping: nothing was taken, try again later"));
        }
        let bytes = waiting.bytes + pending.bytes();
        let full = waiting.pending.len() >= self.limits.pool_count;
        if full || (bytes > self.limits.pool_bytes && !waiting.pending.is_empty()) {
            let what = "the pool is full: nothing was taken, try again".into();
            return Err(Error::Busy { what, retry_after_s: Some(1) });
        }
        waiting.bytes = bytes;
        waiting.pending.push(pending);
        self.came.notify_one();
        Ok(())
    }

    /// Takes nothing more, and wakes the sealer to seal what is here.
    pub fn close(&self) {
        self.waiting().closed = true;
        self.came.notify_all();
    }

    /// Waits until something is here, the timeout ends, or the pool is closed.
    pub fn wait(&self, timeout: Duration) {
        let waiting = self.waiting();
        if waiting.pending.is_empty() && !waiting.closed {
            drop(self.came.wait_timeout(waiting, timeout));
        }
    }

    /// Waits until a block is full, the first statement came `interval` ago, or the pool is closed;
    /// not at all where nothing is here. `now` is by the clock that says when statements came.
    pub fn fill(&self, interval: Duration, now: Duration) {
        let waiting = self.waiting();
        let Some(first) = waiting.pending.first() else { return };
        let timeout = first.came.saturating_add(interval).saturating_sub(now);
        let not_full = |waiting: &mut Waiting| {
            waiting.pending.len() < self.limits.block_count
                && waiting.bytes < self.limits.block_bytes
                && !waiting.closed
        };
        drop(self.came.wait_timeout_while(waiting, timeout, not_full));
    }

    /// Whether nothing will come any more, and nothing is left.
    pub fn is_done(&self) -> bool {
        let waiting = self.waiting();
        waiting.closed && waiting.pending.is_empty()
    }

    /// Takes what the next block holds, in order.
    pub fn take(&self) -> Vec<Pending> {
        let mut waiting = self.waiting();
        let mut bytes = 0;
        let fits = |pending: &&Pending| {
            let room = bytes < self.limits.block_bytes;
            bytes += pending.bytes();
            room
        };
        let count = waiting.pending.iter().take(self.limits.block_count).take_while(fits).count();
        let rest = waiting.pending.split_off(count);
        let taken = std::mem::replace(&mut waiting.pending, rest);
        waiting.bytes -= taken.iter().map(Pending::bytes).sum::<usize>();
        taken
    }
}

#[cfg(test)]
mod tests {
    use probant_core::{
        Fingerprints,
        key::SigningKey,
        statement::{Body, Certify},
    };

    use super::*;
    use crate::clock::SystemClock;

    fn pending(came: Duration) -> Pending {
        let list = List::new(vec![Fingerprints::of(b"bill").blake3]).unwrap();
        let body = Body::Certify(Certify::new(&list, "application/pdf").unwrap());
        let key = SigningKey::from_seed(&[9; 32]);
        let statement = Statement::sign(&key, "energie.example", None, 0, body);
        Pending::new(statement, Some(list), came).0
    }

    #[test]
    fn the_interval_counts_from_the_first_statement() {
        let (pool, clock) = (Pool::new(Limits::default()), SystemClock::shared());
        let interval = Duration::from_secs(60);
        let waits = |now_ms| {
            let before = clock.elapsed();
            pool.fill(interval, Duration::from_millis(now_ms));
            clock.elapsed().saturating_sub(before)
        };
        assert!(waits(0) < interval, "nothing is here");
        pool.put(pending(Duration::ZERO)).unwrap();
        pool.put(pending(Duration::from_secs(59))).unwrap();
        assert!(waits(60_000) < interval && waits(90_000) < interval, "it is over");
        assert!(waits(59_950) >= Duration::from_millis(50), "it has 50 ms to go");
    }
}
