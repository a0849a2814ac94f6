//! The pool: statements that were admitted and wait for their block. It is bounded; when it is
//! full, submitters are told to come back, and nothing is dropped.
//!
//! It is fair: each issuer has a queue of its own, and the queues take turns, so that none waits for
//! another's flood; what is long costs as many turns as it is long. An issuer may hold no more than is
//! left free, so that there is room for one who comes: alone it has half of the pool, with one other
//! a third. The last of the pool is for those who govern the ledger, however many flood it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use probant_core::{List, Statement, key::Use};
use tokio::sync::oneshot;

use super::{Answer, Answered, quota::Charge};
use crate::Error;

/// What one turn is worth: whoever sent more has none until others have had as many.
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
    /// When it came, by the clock's steady side.
    came: Duration,
    reply: Reply,
}

impl Pending {
    pub fn new(
        statement: Statement,
        list: Option<List>,
        came: Duration,
        charge: Option<Charge>,
    ) -> (Self, oneshot::Receiver<Answered>) {
        let (to, receiver) = oneshot::channel();
        (Self { statement, list, came, reply: Reply { to, charge } }, receiver)
    }

    fn bytes(&self) -> usize {
        let list = self.list.as_ref().map_or(0, |list| list.as_bytes().len());
        self.statement.entry().len() + list
    }

    /// Splits it into what is sealed and what is answered.
    pub fn open(self) -> (Statement, Option<List>, Reply) {
        (self.statement, self.list, self.reply)
    }
}

/// Where an answer goes; a submitter that has gone away is no fault.
pub struct Reply {
    to: oneshot::Sender<Answered>,
    /// Of its issuer's quota, which only what is sealed has cost.
    charge: Option<Charge>,
}

impl Reply {
    pub fn send(mut self, answer: Answered) {
        if let (Ok(Answer::Sealed(..)), Some(charge)) = (&answer, self.charge.take()) {
            charge.keep();
        }
        drop(self.to.send(answer));
    }

    /// The same, and it costs nothing.
    pub fn free(self) -> Self {
        Self { charge: None, ..self }
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
    /// Turns that it has had in advance.
    ahead: usize,
}

impl Waiting {
    fn put(&mut self, pending: Pending) {
        let (issuer, bytes) = (pending.statement.issuer(), pending.bytes());
        if !self.queues.contains_key(issuer) {
            self.turns.push_back(issuer.to_owned());
            self.queues.insert(issuer.to_owned(), Queue::default());
        }
        let queue = self.queues.get_mut(issuer).expect("just made");
        queue.bytes += bytes;
        queue.pending.push_back(pending);
        self.count += 1;
        self.bytes += bytes;
    }

    /// The next one of whoever's turn it is.
    fn take(&mut self) -> Option<Pending> {
        loop {
            let issuer = self.turns.pop_front()?;
            let queue = self.queues.get_mut(&issuer).expect("who has a turn has a queue");
            if let Some(ahead) = queue.ahead.checked_sub(1) {
                queue.ahead = ahead;
                self.turns.push_back(issuer);
                continue;
            }
            let pending = queue.pending.pop_front().expect("no queue is empty");
            let bytes = pending.bytes();
            queue.bytes -= bytes;
            queue.ahead = bytes / TURN_BYTES;
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
        self.queues.values().filter_map(|queue| Some(queue.pending.front()?.came)).min()
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
mod tests {
    use probant_core::{
        Fingerprints,
        key::SigningKey,
        statement::{Body, Certify},
    };

    use super::*;
    use crate::clock::SystemClock;

    fn pending(came: Duration) -> Pending {
        of("energie.example", 0, came)
    }

    /// The same statement for the same number.
    fn of(issuer: &str, number: u64, came: Duration) -> Pending {
        batch(issuer, &list(1), number, came)
    }

    fn list(documents: u32) -> List {
        let documents = (0..documents).map(|n| Fingerprints::of(&n.to_be_bytes()).blake3);
        List::new(documents.collect()).unwrap()
    }

    fn batch(issuer: &str, list: &List, number: u64, came: Duration) -> Pending {
        let body = Body::Certify(Certify::new(list, "application/pdf").unwrap());
        let key = SigningKey::from_seed(&[9; 32]);
        let statement = Statement::sign(&key, issuer, None, number, body);
        Pending::new(statement, Some(list.clone()), came, None).0
    }

    /// As an issuer does.
    fn put(pool: &Pool, pending: Pending) -> Result<(), Error> {
        pool.put(pending, Use::Issuer)
    }

    /// Puts as many as there is room for.
    fn flood(pool: &Pool, issuer: &str) -> usize {
        let put = |number: &u64| put(pool, of(issuer, *number, Duration::ZERO)).is_ok();
        (0..1000).take_while(put).count()
    }

    fn issuers(taken: &[Pending]) -> Vec<&str> {
        taken.iter().map(|pending| pending.statement.issuer()).collect()
    }

    #[test]
    fn no_issuer_takes_all_of_the_pool_and_each_has_its_turn() {
        let limits = Limits { pool_count: 100, block_count: 10, ..Limits::default() };
        let pool = Pool::new(limits);
        assert_eq!(flood(&pool, "a.example"), 47);
        assert_eq!(flood(&pool, "b.example"), 24);
        assert_eq!(flood(&pool, "c.example"), 12);
        assert_eq!(pool.waits().0, 83);
        let taken = pool.take();
        let (a, b, c) = ("a.example", "b.example", "c.example");
        assert_eq!(issuers(&taken), [a, b, c, a, b, c, a, b, c, a]);
        // Of each the first that came, and the turns go on where they were.
        let times: Vec<_> = taken.iter().map(|pending| pending.statement.issued_at_s()).collect();
        assert_eq!(times, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]);
        assert_eq!(issuers(&pool.take())[..3], [b, c, a]);
        while !pool.take().is_empty() {}
        assert_eq!(pool.waits(), (0, 0));
        assert_eq!(flood(&pool, "a.example"), 47);
    }

    #[test]
    fn what_is_long_costs_as_many_turns() {
        let pool = Pool::new(Limits::default());
        let now = Duration::ZERO;
        // More than 1 MiB: 20 turns each beside its own. A block ends with the fourth.
        let long = list(40_000);
        for number in 0..20 {
            put(&pool, batch("a.example", &long, number, now)).unwrap();
        }
        for number in 0..60 {
            put(&pool, of("b.example", number, now)).unwrap();
        }
        let taken = pool.take();
        let of_a =
            |taken: &[Pending]| issuers(taken).iter().filter(|id| **id == "a.example").count();
        assert_eq!((of_a(&taken), taken.len()), (4, 64), "all of b are in the first block");
        // Alone it waits for nobody.
        let taken = pool.take();
        assert_eq!((of_a(&taken), taken.len()), (4, 4));
        // What b had in advance is forgotten with its queue, and a is still ahead.
        put(&pool, of("b.example", 60, now)).unwrap();
        assert_eq!(issuers(&pool.take())[..2], ["b.example", "a.example"]);
    }

    #[test]
    fn however_many_flood_it_those_who_govern_find_room() {
        let issuer = |n: u32| format!("{n}.example");
        let bytes = of(&issuer(10), 0, Duration::ZERO).bytes();
        let by_bytes = Limits { pool_bytes: 160 * bytes, ..Limits::default() };
        let by_count = Limits { pool_count: 160, ..Limits::default() };
        for limits in [by_count, by_bytes] {
            let pool = Pool::new(limits);
            let flooded: usize = (10..99).map(|n| flood(&pool, &issuer(n))).sum();
            // Some weigh a byte or two more.
            assert!((145..=150).contains(&flooded), "{flooded}");
            let operators = || of("ledger.example", 0, Duration::ZERO);
            let refused = put(&pool, operators()).unwrap_err().to_string();
            assert!(refused.contains("the pool is full"), "{refused}");
            pool.put(operators(), Use::Operator).unwrap();
        }
    }

    #[test]
    fn the_share_is_of_bytes_too_and_one_always_finds_room_in_an_empty_pool() {
        let bytes = pending(Duration::ZERO).bytes();
        let pool = |pool_bytes| Pool::new(Limits { pool_bytes, ..Limits::default() });
        assert_eq!(flood(&pool(10 * bytes), "a.example"), 5);
        assert_eq!(flood(&pool(1), "a.example"), 1);
        let one = Pool::new(Limits { pool_count: 1, ..Limits::default() });
        assert_eq!((flood(&one, "a.example"), flood(&one, "b.example")), (1, 0));
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
        put(&pool, pending(Duration::ZERO)).unwrap();
        put(&pool, pending(Duration::from_secs(59))).unwrap();
        assert!(waits(60_000) < interval && waits(90_000) < interval, "it is over");
        assert!(waits(59_950) >= Duration::from_millis(50), "it has 50 ms to go");
    }
}
