//! The steps of the database, and all that goes wrong.

use crate::{
    chain::Chain,
    protocol::{Asks, Commit, Disaster, Guard},
    state::{Node, Phase, Session, State, Transaction},
};

impl<const N: usize> Commit<N> {
    /// Whether the head may be read: not while the standby lacks some of it.
    pub fn is_readable(&self, state: &State<N>) -> bool {
        self.disaster != Disaster::Failover
            || !self.has(Guard::Synchronous)
            || !self.has(Guard::ReadReplicated)
            || state.database.chain == state.database.standby
    }

    /// COMMIT, carried out: on the standby too.
    pub fn persist(&self, state: &mut State<N>, n: usize) {
        let node = &mut state.nodes[n];
        let Session::Open(transaction) = std::mem::replace(&mut node.session, Session::Done) else {
            unreachable!("it commits")
        };
        self.carry_out(state, transaction);
    }

    pub fn persist_left(&self, state: &mut State<N>, k: usize) {
        let transaction = state.database.left_behind[k].expect("it commits");
        state.forget_left(k);
        self.carry_out(state, transaction);
    }

    fn carry_out(&self, state: &mut State<N>, transaction: Transaction) {
        state.append(transaction);
        if self.has(Guard::Synchronous) {
            state.database.standby = state.database.chain;
        }
    }

    /// The connection is gone, and the database need not have noticed.
    pub fn lose(&self, state: &mut State<N>, n: usize) {
        state.faults -= 1;
        if let Some(transaction) = state.nodes[n].transaction() {
            state.leave_behind(transaction);
        }
        state.nodes[n].cut_off();
        self.connect_anew(&mut state.nodes[n]);
    }

    /// The database ends a transaction: serialisation, deadlock, a node that was paused too long. The
    /// node finds out when it goes on.
    pub fn abort(&self, state: &mut State<N>, n: usize) {
        state.faults -= 1;
        match &mut state.nodes[n].session {
            Session::Open(transaction) if !self.has(Guard::EndWithLock) => {
                transaction.locked = false;
            }
            session => *session = Session::None,
        }
    }

    pub fn restart(&self, state: &mut State<N>, carried_out: bool) {
        state.faults -= 1;
        // What was flushed is there after a restart, before the standby has it.
        self.end_all(state, carried_out);
        if self.disaster != Disaster::Failover {
            state.database.standby = state.database.chain;
        }
    }

    pub fn failover(&self, state: &mut State<N>, carried_out: bool) {
        state.disasters -= 1;
        state.database.chain = state.database.standby;
        self.end_all(state, carried_out && self.has(Guard::Synchronous));
        state.database.standby = state.database.chain;
    }

    pub fn restore(&self, state: &mut State<N>, height: u32) {
        state.disasters -= 1;
        self.end_all(state, false);
        state.database.chain = state.database.chain.cut(height);
        state.database.standby = state.database.chain;
    }

    /// All connections end; a COMMIT under way was carried out or not.
    fn end_all(&self, state: &mut State<N>, carried_out: bool) {
        let open: Vec<Transaction> = state.transactions().collect();
        for transaction in open.into_iter().filter(|t| t.committing && carried_out) {
            if state.database.chain == transaction.base {
                state.append(transaction);
            }
        }
        state.database.left_behind = Default::default();
        for node in &mut state.nodes {
            node.session = Session::None;
            self.connect_anew(node);
        }
    }

    fn connect_anew(&self, node: &mut Node) {
        let compares = matches!(self.asks, Asks::ConnectingAll | Asks::ConnectingSettled);
        node.trusting &= !compares;
    }
}

impl<const N: usize> State<N> {
    /// The node dies: the mark is left, and its transaction, until the database notices.
    pub fn kill(&mut self, n: usize) {
        self.faults -= 1;
        if let Some(transaction) = self.nodes[n].transaction() {
            self.leave_behind(transaction);
        }
        let mark = self.nodes[n].mark;
        self.nodes[n] = Node { phase: Phase::Down, mark, ..Node::NEW };
    }

    /// A backend that waits for the standby is ended: its block is seen at once.
    pub fn expose(&mut self, n: usize) {
        self.disasters -= 1;
        let transaction = self.nodes[n].transaction().expect("it waits");
        self.nodes[n].session = Session::None;
        self.append(transaction);
    }

    fn append(&mut self, transaction: Transaction) {
        let made: Chain = transaction.makes().expect("what commits has inserted");
        if self.database.chain == transaction.base {
            self.database.chain = made;
        } else {
            self.wrongs.fork = true;
        }
    }

    pub fn forget_left(&mut self, k: usize) {
        self.database.left_behind[k] = None;
        self.database.left_behind.sort_unstable();
    }
}
