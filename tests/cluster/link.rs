//! One connection through the proxy: a thread for each direction.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    net::{Shutdown, TcpStream},
    sync::Mutex,
    thread,
};

use super::{
    Act, Passed, Shared, is_commit, locked,
    wire::{self, Message, Statements},
};

/// Nothing that can be parsed.
const FAILS: &str = "this statement fails in place of the node's";

pub struct Link {
    pub number: usize,
    pub node: TcpStream,
    pub database: TcpStream,
    pub state: Mutex<State>,
}

#[derive(Default)]
pub struct State {
    /// The node's end is closed; what the database still says goes nowhere.
    cut: bool,
    /// The node gets no answer any more, and at the end of this one the connection is cut.
    withholding: bool,
    /// Rows of a COPY are expected.
    copying: bool,
    /// The next error, or the end of a ROLLBACK in place of COMMIT, is passed on as this SQLSTATE.
    saying: Option<String>,
}

/// Reads the messages that come in one piece without waiting between them.
struct Source(BufReader<TcpStream>);

impl Source {
    fn of(stream: &TcpStream) -> io::Result<Self> {
        Ok(Self(BufReader::with_capacity(1 << 16, stream.try_clone()?)))
    }

    /// Whether the next message begins a new piece.
    fn wait(&mut self) -> io::Result<bool> {
        let begins = self.0.buffer().is_empty();
        self.0.fill_buf()?;
        Ok(begins)
    }
}

impl Link {
    /// What the node says, until either end is closed.
    pub fn forth(&self, shared: &Shared) -> io::Result<()> {
        let passed = self.pass_all(shared);
        if !self.is_cut() {
            // The node has closed it: the database is told, and ends the rest.
            self.cut();
        }
        passed
    }

    fn pass_all(&self, shared: &Shared) -> io::Result<()> {
        let (mut source, mut statements) = (Source::of(&self.node)?, Statements::default());
        let mut is_first = true;
        loop {
            let begins = source.wait()?;
            let message = if is_first {
                Message::read_first(&mut source.0)?
            } else {
                Message::read(&mut source.0)?
            };
            if is_first && message.would_encrypt() {
                (&self.node).write_all(b"N")?;
                continue;
            }
            is_first = false;
            shared.hold(begins);
            let sql = statements.sql(&message);
            let commits = sql.as_deref().is_some_and(is_commit);
            match shared.meet(self.number, &message, sql) {
                None => self.pass(&message)?,
                Some(Act::DropBefore) => return Ok(()),
                Some(Act::DropAfter) => return self.pass(&message),
                Some(Act::DropAnswered) => {
                    locked(&self.state).withholding = true;
                    self.pass(&message)?;
                }
                Some(Act::Abandon) => {
                    self.leave_node();
                    return Ok(());
                }
                Some(Act::Refuse(sqlstate)) if message.kind == wire::CONNECT => {
                    return Message::error("FATAL", &sqlstate).write(&mut &self.node);
                }
                Some(Act::Refuse(sqlstate)) => self.refuse(&message, commits, sqlstate)?,
                Some(Act::Freeze(time)) => {
                    shared.set_frozen(true);
                    thread::sleep(time);
                    shared.set_frozen(false);
                    self.pass(&message)?;
                }
            }
        }
    }

    fn pass(&self, message: &Message) -> io::Result<()> {
        message.write(&mut &self.database)
    }

    /// Has the database fail in place of what the message asks for.
    fn refuse(&self, message: &Message, commits: bool, sqlstate: String) -> io::Result<()> {
        let copying = {
            let mut state = locked(&self.state);
            state.saying = Some(sqlstate);
            state.copying
        };
        match message.kind {
            wire::QUERY if commits => self.pass(&Message::query("ROLLBACK")),
            wire::QUERY => self.pass(&Message::query(FAILS)),
            wire::COPY_DATA | wire::COPY_DONE if copying => self.pass(&Message::copy_fail(FAILS)),
            _ => self.pass(&Message::parse("refused by the proxy", FAILS)),
        }
    }

    /// What the database says, until it closes its end.
    pub fn back(&self, shared: &Shared) {
        let _ = self.pass_answers(shared);
        self.leave_node();
    }

    fn pass_answers(&self, shared: &Shared) -> io::Result<()> {
        let mut source = Source::of(&self.database)?;
        loop {
            let begins = source.wait()?;
            let message = Message::read(&mut source.0)?;
            shared.hold(begins);
            shared.note_answer(self.number, message.kind);
            let Some((message, hangs_up)) = self.answer(message) else { continue };
            if message.write(&mut &self.node).is_err() {
                // The node is gone. The database's end is read on, so that it is closed in order.
                self.leave_node();
            }
            if hangs_up {
                self.cut();
            }
        }
    }

    /// What is passed on of an answer, and whether the connection ends with it.
    fn answer(&self, message: Message) -> Option<(Message, bool)> {
        let mut state = locked(&self.state);
        match message.kind {
            wire::COPY_IN => state.copying = true,
            wire::ERROR | wire::COMPLETE | wire::READY => state.copying = false,
            _ => {}
        }
        if state.withholding {
            if message.kind == wire::READY {
                drop(state);
                self.cut();
            }
            return None;
        }
        if state.cut {
            return None;
        }
        let fails = matches!(message.kind, wire::ERROR)
            || (message.kind == wire::COMPLETE && message.body == b"ROLLBACK\0");
        let Some(sqlstate) = state.saying.take_if(|_| fails) else { return Some((message, false)) };
        let hangs_up = hangs_up(&sqlstate);
        let severity = if hangs_up { "FATAL" } else { "ERROR" };
        Some((Message::error(severity, &sqlstate), hangs_up))
    }

    /// Ends the connection on both sides. The database reads what it was sent before it sees the end:
    /// closing with answers unread would reset the connection, and it might not.
    pub fn cut(&self) {
        self.leave_node();
        let _ = self.database.shutdown(Shutdown::Write);
    }

    pub fn leave_node(&self) {
        locked(&self.state).cut = true;
        let _ = self.node.shutdown(Shutdown::Both);
    }

    pub fn is_cut(&self) -> bool {
        locked(&self.state).cut
    }
}

impl Shared {
    fn note_answer(&self, connection: usize, kind: u8) {
        let kind = char::from(kind);
        let passed = Passed { connection, from_node: false, kind, sql: None, number: None };
        locked(&self.plan).log.push(passed);
    }
}

/// Whether the database closes the connection after it.
fn hangs_up(sqlstate: &str) -> bool {
    sqlstate.starts_with("57P0") || sqlstate == "53300"
}
