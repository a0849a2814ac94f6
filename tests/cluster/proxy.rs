//! A proxy between a node and its database that goes wrong on command: at a message that a test has
//! learned the number of, at COMMIT, or at a statement. It tells messages apart, and knows of no
//! database but the one behind it: what it leaves behind there is what PostgreSQL does of itself.
//!
//! ```ignore
//! let proxy = Proxy::start(database);          // the node connects to proxy.address(), without TLS
//! proxy.count_from("BEGIN");                   // numbers begin there, on that connection
//! seal();
//! for number in 1..=proxy.count() {
//!     proxy.count_from("BEGIN");
//!     proxy.plan(Fault::at_message(number).drop_after());
//!     seal();                                  // and then the test looks what is there
//!     assert!(proxy.is_struck());
//! }
//! ```
//! A `refuse`d statement must fail in the database too, or the session would be in another state than
//! the node thinks: one that cannot be parsed goes in its place, and the code of the error is changed.
//! In place of COMMIT goes ROLLBACK, in place of rows of COPY a `CopyFail`. A class of code after which
//! the database hangs up (57P0x, 53300) is said as FATAL, and the connection is closed on both sides.

#![allow(dead_code)] // Each test file uses what it needs.

#[path = "link.rs"]
mod link;
#[path = "wire.rs"]
pub mod wire;

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use link::Link;
use wire::Message;

/// What goes wrong, where, and how often: once, unless said otherwise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    at: At,
    act: Act,
    times: usize,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum At {
    Connect,
    Message(usize),
    Commit,
    Statement(String),
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Act {
    DropBefore,
    DropAfter,
    DropAnswered,
    Abandon,
    Refuse(String),
    Freeze(Duration),
}

/// A fault without what it does.
pub struct Place(At);

impl Fault {
    /// When a connection is made.
    pub fn at_connect() -> Place {
        Place(At::Connect)
    }

    /// At the message of the node with this number, from 1, as [`Proxy::count_from`] counts.
    pub fn at_message(number: usize) -> Place {
        Place(At::Message(number))
    }

    pub fn at_commit() -> Place {
        Place(At::Commit)
    }

    /// Where a statement is executed, or queried, that has this text in it.
    pub fn at_statement(text: &str) -> Place {
        Place(At::Statement(text.into()))
    }

    /// At the first so many that it fits.
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }
}

impl Place {
    fn does(self, act: Act) -> Fault {
        Fault { at: self.0, act, times: 1 }
    }

    /// The connection ends before the message is passed on: COMMIT has failed.
    pub fn drop_before(self) -> Fault {
        self.does(Act::DropBefore)
    }

    /// The connection ends just after it was passed on. The database has it, and acts on it.
    pub fn drop_after(self) -> Fault {
        self.does(Act::DropAfter)
    }

    /// The connection ends when the database has answered and is ready again, and none of the answer
    /// was passed on: COMMIT has failed, but persisted.
    pub fn drop_answered(self) -> Fault {
        self.does(Act::DropAnswered)
    }

    /// The node's end of the connection ends before the message is passed on, and the database does not
    /// notice before [`Proxy::let_go`].
    pub fn abandon(self) -> Fault {
        self.does(Act::Abandon)
    }

    /// An error of this SQLSTATE is the answer: to the next message, where this is one that the
    /// database answers no error to (`Sync`, `Flush`, `Close`).
    pub fn refuse(self, sqlstate: &str) -> Fault {
        self.does(Act::Refuse(sqlstate.into()))
    }

    /// Nothing passes for a while, in any direction, on any connection; then everything does.
    pub fn freeze(self, time: Duration) -> Fault {
        self.does(Act::Freeze(time))
    }
}

/// A message that came by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Passed {
    /// Connections are numbered in the order in which they were made.
    pub connection: usize,
    pub from_node: bool,
    /// The letter of the message, or [`wire::CONNECT`].
    pub kind: char,
    /// Of a message of the node: the SQL in it, or that it refers to.
    pub sql: Option<String>,
    /// Its number among those that are counted.
    pub number: Option<usize>,
}

/// Listens on loopback until it is dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<thread::JoinHandle<()>>,
}

struct Shared {
    database: SocketAddr,
    plan: Mutex<Plan>,
    links: Mutex<Vec<Arc<Link>>>,
    frozen: Mutex<bool>,
    thawed: Condvar,
    delay_ms: AtomicU64,
    closing: AtomicBool,
}

#[derive(Default)]
struct Plan {
    /// Counting begins at the first message with this text, on its connection; `None`: all count.
    from: Option<String>,
    counting_on: Option<usize>,
    count: usize,
    fault: Option<Fault>,
    struck: usize,
    log: Vec<Passed>,
}

impl Proxy {
    pub fn start(database: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port of loopback");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            database,
            plan: Mutex::default(),
            links: Mutex::default(),
            frozen: Mutex::default(),
            thawed: Condvar::new(),
            delay_ms: AtomicU64::new(0),
            closing: AtomicBool::new(false),
        });
        let of_listener = Arc::clone(&shared);
        let listening = Some(thread::spawn(move || of_listener.listen(&listener)));
        Self { address, shared, listening }
    }

    /// Where the node finds its database.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Forgets plan and log, and counts the messages of the node anew: from the first that has this
    /// text in its SQL, on that connection only. With an empty text: all, on all connections. The
    /// message that says goodbye never counts.
    pub fn count_from(&self, text: &str) {
        let from = (!text.is_empty()).then(|| text.to_lowercase());
        *locked(&self.shared.plan) = Plan { from, ..Plan::default() };
    }

    /// Messages counted so far.
    pub fn count(&self) -> usize {
        locked(&self.shared.plan).count
    }

    /// Sets what goes wrong, in place of what was set before.
    pub fn plan(&self, fault: Fault) {
        let mut plan = locked(&self.shared.plan);
        (plan.fault, plan.struck) = (Some(fault), 0);
    }

    /// Whether what was planned has happened, once at least.
    pub fn is_struck(&self) -> bool {
        locked(&self.shared.plan).struck > 0
    }

    /// All messages since the last [`Proxy::count_from`], those that were not passed on too.
    pub fn log(&self) -> Vec<Passed> {
        locked(&self.shared.plan).log.clone()
    }

    /// A slow network: everything that comes in one piece is this much later, in both directions.
    pub fn delay(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).expect("a time that a test waits");
        self.shared.delay_ms.store(millis, Ordering::SeqCst);
    }

    /// A network that is cut: nothing passes, nothing is closed, until [`Proxy::thaw`].
    pub fn freeze(&self) {
        self.shared.set_frozen(true);
    }

    pub fn thaw(&self) {
        self.shared.set_frozen(false);
    }

    /// Ends all connections, on both sides.
    pub fn drop_all(&self) {
        for link in locked(&self.shared.links).drain(..) {
            link.cut();
        }
    }

    /// Ends the database's end of the connections that were abandoned.
    pub fn let_go(&self) {
        for link in locked(&self.shared.links).iter().filter(|link| link.is_cut()) {
            link.cut();
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        self.thaw();
        self.drop_all();
        let _ = TcpStream::connect(self.address);
        self.listening.take().map(thread::JoinHandle::join);
    }
}

impl Shared {
    fn listen(self: &Arc<Self>, listener: &TcpListener) {
        for (number, node) in listener.incoming().enumerate() {
            let Ok(node) = node else { continue };
            if self.closing.load(Ordering::SeqCst) {
                return;
            }
            // A database that is down: the node's connection is closed, as if it were refused.
            let Ok(database) = TcpStream::connect(self.database) else { continue };
            let _ = (node.set_nodelay(true), database.set_nodelay(true));
            let link = Link { number, node, database, state: Mutex::default() };
            let (link, shared) = (Arc::new(link), Arc::clone(self));
            locked(&self.links).push(Arc::clone(&link));
            thread::spawn(move || {
                let answers = (Arc::clone(&link), Arc::clone(&shared));
                let back = thread::spawn(move || answers.0.back(&answers.1));
                let _ = link.forth(&shared);
                let _ = back.join();
                locked(&shared.links).retain(|other| !Arc::ptr_eq(other, &link));
            });
        }
    }

    fn set_frozen(&self, frozen: bool) {
        *locked(&self.frozen) = frozen;
        self.thawed.notify_all();
    }

    /// Holds a message back where everything is slow or frozen; one of a piece pays for all of it.
    fn hold(&self, begins_a_piece: bool) {
        if begins_a_piece {
            thread::sleep(Duration::from_millis(self.delay_ms.load(Ordering::SeqCst)));
        }
        let frozen = locked(&self.frozen);
        drop(self.thawed.wait_while(frozen, |frozen| *frozen));
    }

    /// Notes a message of the node, and says what goes wrong with it.
    fn meet(&self, connection: usize, message: &Message, sql: Option<String>) -> Option<Act> {
        let mut plan = locked(&self.plan);
        let text = sql.as_ref().map(|sql| sql.to_lowercase()).unwrap_or_default();
        if plan.counting_on.is_none() && plan.from.as_ref().is_some_and(|from| text.contains(from))
        {
            plan.counting_on = Some(connection);
        }
        let is_on = plan.from.is_none() || plan.counting_on == Some(connection);
        // A goodbye comes whenever it likes.
        let counts = is_on && message.kind != wire::TERMINATE;
        plan.count += usize::from(counts);
        let number = counts.then_some(plan.count);
        let kind = char::from(message.kind);
        plan.log.push(Passed { connection, from_node: true, kind, sql, number });
        let runs = matches!(message.kind, wire::QUERY | wire::EXECUTE);
        let fault = plan.fault.as_ref()?;
        let strikes = match &fault.at {
            At::Connect => message.kind == wire::CONNECT,
            At::Message(at) if matches!(fault.act, Act::Refuse(_)) => {
                number >= Some(*at) && message.is_refusable()
            }
            At::Message(at) => number == Some(*at),
            At::Commit => runs && is_commit(&text),
            At::Statement(part) => runs && text.contains(&part.to_lowercase()),
        };
        let act = fault.act.clone();
        if !strikes || plan.struck >= fault.times {
            return None;
        }
        plan.struck += 1;
        Some(act)
    }
}

fn is_commit(sql: &str) -> bool {
    sql.trim_end_matches(';').trim().eq_ignore_ascii_case("commit")
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
