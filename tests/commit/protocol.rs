//! The protocol as a model: which steps there are in a state, and who takes which. The steps of a
//! node are in node.rs, those of the database, and all that goes wrong, in database.rs.

use stateright::{Model, Property};

use crate::{
    chain::Statements,
    properties,
    state::{Phase, Session, State},
};

/// The protocol among `N` nodes, bounded.
#[derive(Clone, Debug)]
pub struct Commit<const N: usize> {
    /// That many different statements are sent, at most three.
    pub statements: u8,
    /// At most three.
    pub faults: u8,
    pub disasters: u8,
    pub disaster: Disaster,
    pub asks: Asks,
    /// The guards that are missing.
    pub without: &'static [Guard],
    /// Takes nodes for alike: fewer states, but paths in which nodes change places.
    pub sorted: bool,
}

/// What keeps something from going wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Guard {
    /// `SELECT … FROM head FOR UPDATE`.
    Lock,
    /// The primary key on height.
    Key,
    /// `UPDATE head … WHERE` it is still the old one.
    Swap,
    /// The server ends a transaction when it frees its lock. Without: a lock that only runs out.
    EndWithLock,
    /// A statement is looked up under the claim, not only when it comes in.
    LookUp,
    /// Nobody is answered before COMMIT is.
    AnswerAfterCommit,
    /// The mark is raised after COMMIT, before anybody is answered.
    MarkBeforeAnswer,
    /// The mark is raised at a block of another node, before it is answered from.
    MarkOnFollowing,
    /// After a COMMIT in doubt the height is read back before anything is signed.
    ReadBack,
    /// And that under the lock.
    ReadBackLocked,
    /// COMMIT waits for the standby.
    Synchronous,
    /// No backend that waits for the standby is ended.
    SpareWaiting,
    /// After a restart nothing is read that the standby has not.
    ReadReplicated,
}

/// What may happen beside faults.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disaster {
    None,
    /// The primary is gone, the standby takes over.
    Failover,
    /// An old backup takes the place of the database, while each node does whatever it does.
    Restore,
    /// The same, while each node is down, or idle and has followed to the end.
    RestoreAtRest,
}

/// When a node compares the database with the marks of its peers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asks {
    Never,
    /// When it starts, those that run.
    Starting,
    /// When it starts, and it waits until all of them answered.
    StartingAll,
    /// At each new connection to the database, all of them.
    ConnectingAll,
    /// The same, and a peer answers only when no commit of its own is under way or in doubt.
    ConnectingSettled,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Somebody sends a statement, for the first time, to another node at once, or again.
    Send(usize, Statements),
    // A node's own steps.
    Start(usize),
    Compare(usize),
    Claim(usize),
    Follow(usize),
    Publish(usize),
    Sign(usize),
    Insert(usize),
    Commit(usize),
    Receive(usize),
    Raise(usize),
    NoticeEnd(usize),
    ReadBack(usize),
    GiveUp(usize),
    // The database's.
    Persist(usize),
    PersistLeft(usize),
    RollBackLeft(usize),
    Replicate,
    // Faults; `true`: a COMMIT under way is carried out.
    Kill(usize),
    Lose(usize),
    Abort(usize),
    Restart(bool),
    // Disasters.
    Failover(bool),
    Expose(usize),
    Restore(u32),
}

impl<const N: usize> Commit<N> {
    pub fn has(&self, guard: Guard) -> bool {
        !self.without.contains(&guard)
    }

    pub fn all_statements(&self) -> Statements {
        (1 << self.statements) - 1
    }

    /// What a node may do next, and what its client and its backend may.
    fn steps(&self, state: &State<N>, n: usize, actions: &mut Vec<Action>) {
        let node = &state.nodes[n];
        let lock_free = !self.has(Guard::Lock) || !state.is_locked();
        let readable = node.trusting && self.is_readable(state);
        for bit in (0..self.statements).map(|place| 1 << place) {
            if node.is_well() && (state.answered | node.pending) & bit == 0 {
                actions.push(Action::Send(n, bit));
            }
        }
        if node.is_well() && !node.trusting && self.peers_answer(state, n) {
            actions.push(Action::Compare(n));
        }
        if node.is_well() && readable && state.database.chain != node.mark {
            actions.push(Action::Follow(n));
        }
        if node.is_well() && node.head != node.mark && node.head.begins(node.mark) {
            actions.push(Action::Publish(n));
        }
        let open = node.transaction().is_some();
        match node.phase {
            Phase::Down => actions.push(Action::Start(n)),
            Phase::Idle if node.pending != 0 && lock_free && readable => {
                actions.push(Action::Claim(n));
            }
            Phase::Early(_) if lock_free && readable => actions.push(Action::Claim(n)),
            Phase::Claimed if open && node.base.begins(node.head) => actions.push(Action::Sign(n)),
            Phase::Signed(_) if open && self.may_insert(state, n) => {
                actions.push(Action::Insert(n));
            }
            Phase::Inserted(_) => actions.push(Action::Commit(n)),
            Phase::Asked(_) if node.session == Session::Done => actions.push(Action::Receive(n)),
            Phase::Asked(_) if open => actions.push(Action::Persist(n)),
            Phase::Doubt(_) => {
                if (lock_free || !self.has(Guard::ReadBackLocked)) && readable {
                    actions.push(Action::ReadBack(n));
                }
                if !self.has(Guard::ReadBack) {
                    actions.push(Action::Sign(n));
                }
                actions.push(Action::GiveUp(n));
            }
            Phase::Durable(_) => actions.push(Action::Raise(n)),
            _ => {}
        }
        let in_transaction = matches!(
            node.phase,
            Phase::Claimed | Phase::Signed(_) | Phase::Inserted(_) | Phase::Asked(_)
        );
        if in_transaction && node.session == Session::None {
            actions.push(Action::NoticeEnd(n));
        }
    }

    fn faults(&self, state: &State<N>, actions: &mut Vec<Action>) {
        let committing = state.transactions().any(|transaction| transaction.committing);
        if state.faults > 0 {
            for (n, node) in state.nodes.iter().enumerate() {
                if node.is_up() {
                    actions.push(Action::Kill(n));
                }
                if node.session != Session::None {
                    actions.push(Action::Lose(n));
                }
                if node.transaction().is_some() {
                    actions.push(Action::Abort(n));
                }
            }
            if state.transactions().next().is_some() {
                actions.push(Action::Restart(false));
            }
            if committing {
                actions.push(Action::Restart(true));
            }
        }
        if state.disasters == 0 {
            return;
        }
        match self.disaster {
            Disaster::None => {}
            Disaster::Failover => {
                actions.push(Action::Failover(false));
                if committing {
                    actions.push(Action::Failover(true));
                }
                for (n, node) in state.nodes.iter().enumerate() {
                    let waits = node.transaction().is_some_and(|t| t.committing);
                    if waits && !self.has(Guard::SpareWaiting) {
                        actions.push(Action::Expose(n));
                    }
                }
            }
            Disaster::RestoreAtRest if !state.is_at_rest() => {}
            Disaster::Restore | Disaster::RestoreAtRest => {
                actions.extend((0..state.database.chain.height()).map(Action::Restore));
            }
        }
    }
}

impl<const N: usize> Model for Commit<N> {
    type State = State<N>;
    type Action = Action;

    fn init_states(&self) -> Vec<State<N>> {
        vec![State::new(self.faults, self.disasters)]
    }

    fn actions(&self, state: &State<N>, actions: &mut Vec<Action>) {
        if state.wrongs.fork || state.database.chain.repeats() {
            return;
        }
        for n in 0..N {
            self.steps(state, n, actions);
        }
        for (k, left) in state.database.left_behind.iter().enumerate() {
            if let Some(transaction) = left {
                actions.push(Action::RollBackLeft(k));
                if transaction.committing {
                    actions.push(Action::PersistLeft(k));
                }
            }
        }
        if self.disaster == Disaster::Failover && state.database.standby != state.database.chain {
            actions.push(Action::Replicate);
        }
        self.faults(state, actions);
    }

    fn next_state(&self, last: &State<N>, action: Action) -> Option<State<N>> {
        let mut state = *last;
        match action {
            Action::Send(n, statement) => state.send(n, statement),
            Action::Start(n) => self.start(&mut state, n),
            Action::Compare(n) => state.compare(n),
            Action::Claim(n) => self.claim(&mut state, n),
            Action::Follow(n) => self.follow(&mut state, n),
            Action::Publish(n) => state.publish(n),
            Action::Sign(n) => self.sign(&mut state, n),
            Action::Insert(n) => self.insert(&mut state, n),
            Action::Commit(n) => self.commit(&mut state, n),
            Action::Receive(n) => self.receive(&mut state, n),
            Action::Raise(n) => state.raise(n),
            Action::NoticeEnd(n) => state.notice_end(n),
            Action::ReadBack(n) => state.read_back(n),
            Action::GiveUp(n) => state.give_up(n),
            Action::Persist(n) => self.persist(&mut state, n),
            Action::PersistLeft(k) => self.persist_left(&mut state, k),
            Action::RollBackLeft(k) => state.forget_left(k),
            Action::Replicate => state.database.standby = state.database.chain,
            Action::Kill(n) => state.kill(n),
            Action::Lose(n) => self.lose(&mut state, n),
            Action::Abort(n) => self.abort(&mut state, n),
            Action::Restart(carried_out) => self.restart(&mut state, carried_out),
            Action::Failover(carried_out) => self.failover(&mut state, carried_out),
            Action::Expose(n) => state.expose(n),
            Action::Restore(height) => self.restore(&mut state, height),
        }
        Some(if self.sorted { state.sorted() } else { state })
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all(self)
    }
}

impl Action {
    /// What need not happen.
    pub fn is_fault(self) -> bool {
        matches!(
            self,
            Self::Kill(_)
                | Self::Lose(_)
                | Self::Abort(_)
                | Self::Restart(_)
                | Self::Failover(_)
                | Self::Expose(_)
                | Self::Restore(_)
        )
    }
}
