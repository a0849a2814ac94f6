//! The steps of a node. Each is what it does between two moments at which it may be cut off.

use crate::{
    chain::{Chain, Statements},
    protocol::{Asks, Commit, Guard},
    state::{Node, Phase, Session, State, Transaction},
};

impl<const N: usize> Commit<N> {
    pub fn start(&self, state: &mut State<N>, n: usize) {
        let mark = state.nodes[n].mark;
        if !mark.begins(state.database.chain) {
            return refuse(state, n);
        }
        state.nodes[n] = Node { mark, head: mark, trusting: self.asks == Asks::Never, ..Node::NEW };
        state.tell(mark);
    }

    /// Whether the peers that it asks for their marks can answer.
    pub fn peers_answer(&self, state: &State<N>, n: usize) -> bool {
        state.nodes.iter().enumerate().all(|(m, peer)| {
            let settled =
                || !matches!(peer.phase, Phase::Asked(_) | Phase::Doubt(_) | Phase::Durable(_));
            m == n
                || match self.asks {
                    Asks::Never | Asks::Starting => true,
                    Asks::StartingAll | Asks::ConnectingAll => peer.is_up(),
                    Asks::ConnectingSettled => peer.is_up() && settled(),
                }
        })
    }

    /// BEGIN, the lock on the head, and what it says.
    pub fn claim(&self, state: &mut State<N>, n: usize) {
        let (chain, node) = (state.database.chain, &mut state.nodes[n]);
        if !node.mark.begins(chain) {
            return refuse(state, n);
        }
        node.phase = if let Phase::Early(block) = node.phase {
            Phase::Signed(block)
        } else {
            node.base = chain;
            Phase::Claimed
        };
        node.session = Session::Open(Transaction {
            base: node.base,
            block: None,
            locked: self.has(Guard::Lock),
            committing: false,
        });
    }

    /// Reads the head, at any time, under a claim too, and raises the mark.
    pub fn follow(&self, state: &mut State<N>, n: usize) {
        let chain = state.database.chain;
        if !state.nodes[n].mark.begins(chain) {
            return refuse(state, n);
        }
        if self.has(Guard::MarkOnFollowing) {
            state.mark(n, chain);
        } else {
            state.nodes[n].head = chain;
            state.tell(chain);
        }
    }

    /// Looks up what is pending, and signs a block of the rest; without a rest the claim is dropped.
    /// Where a COMMIT is in doubt: signs at once, on what it believed before.
    pub fn sign(&self, state: &mut State<N>, n: usize) {
        let early = matches!(state.nodes[n].phase, Phase::Doubt(_));
        let base = state.nodes[n].base;
        if self.has(Guard::LookUp) {
            state.answer(n, base.statements());
        }
        let pending = state.nodes[n].pending;
        let block = (pending != 0).then(|| state.fresh(base, pending));
        let node = &mut state.nodes[n];
        match block {
            Some(block) if early => node.phase = Phase::Early(block),
            Some(block) => node.phase = Phase::Signed(block),
            None => {
                node.session = Session::None;
                node.rest();
            }
        }
    }

    /// Another transaction that has inserted at this height is waited for.
    pub fn may_insert(&self, state: &State<N>, n: usize) -> bool {
        let height = state.nodes[n].base.height() + 1;
        let others = || {
            let others = state.nodes.iter().enumerate().filter(|(m, _)| *m != n);
            let others = others.filter_map(|(_, node)| node.transaction());
            others.chain(state.database.left_behind.iter().flatten().copied())
        };
        !(self.has(Guard::Key) || self.has(Guard::Swap))
            || others().filter_map(Transaction::makes).all(|chain| chain.height() != height)
    }

    /// The block and what is derived, and the head swapped. Conflict: what is pending waits on.
    pub fn insert(&self, state: &mut State<N>, n: usize) {
        let (chain, node) = (state.database.chain, &mut state.nodes[n]);
        let taken = self.has(Guard::Key) && chain.height() > node.base.height();
        let moved = self.has(Guard::Swap) && chain != node.base;
        let (Phase::Signed(block), Session::Open(transaction)) = (node.phase, &mut node.session)
        else {
            unreachable!("it has signed under a claim")
        };
        if taken || moved {
            node.session = Session::None;
            node.rest();
        } else {
            transaction.block = Some(block);
            node.phase = Phase::Inserted(block);
        }
    }

    /// COMMIT is sent; to nobody, where the transaction was ended while the node was paused.
    pub fn commit(&self, state: &mut State<N>, n: usize) {
        let node = &mut state.nodes[n];
        let Phase::Inserted(block) = node.phase else { unreachable!("it has inserted") };
        if let Session::Open(transaction) = &mut node.session {
            transaction.committing = true;
        }
        node.phase = Phase::Asked(block);
        if !self.has(Guard::AnswerAfterCommit) {
            state.publish_own(n);
        }
    }

    pub fn receive(&self, state: &mut State<N>, n: usize) {
        let node = &mut state.nodes[n];
        let Phase::Asked(block) = node.phase else { unreachable!("it has asked") };
        node.session = Session::None;
        node.phase = Phase::Durable(block);
        if !self.has(Guard::MarkBeforeAnswer) {
            state.publish_own(n);
        }
    }
}

impl Node {
    /// Its connection or its transaction is gone: before COMMIT, nothing was appended.
    pub fn cut_off(&mut self) {
        self.session = Session::None;
        match self.phase {
            Phase::Asked(block) => self.phase = Phase::Doubt(block),
            Phase::Claimed | Phase::Signed(_) | Phase::Inserted(_) => self.rest(),
            _ => {}
        }
    }
}

impl<const N: usize> State<N> {
    /// Durable statements are answered at once, the others wait.
    pub fn send(&mut self, n: usize, statement: Statements) {
        if self.nodes[n].head.statements() & statement == 0 {
            self.nodes[n].pending |= statement;
        } else {
            self.answered |= statement;
        }
    }

    pub fn compare(&mut self, n: usize) {
        let chain = self.database.chain;
        if self.nodes.iter().all(|peer| !peer.is_up() || peer.mark.begins(chain)) {
            self.nodes[n].trusting = true;
        } else {
            refuse(self, n);
        }
    }

    /// The marked chain is the believed one. From here on anybody may be answered from it.
    pub fn publish(&mut self, n: usize) {
        let mark = self.nodes[n].mark;
        self.nodes[n].head = mark;
        self.tell(mark);
    }

    /// Its block is durable: the mark first, and when that is published, the answers.
    pub fn raise(&mut self, n: usize) {
        let node = &self.nodes[n];
        let own = node.signed().expect("a durable block is a signed one");
        if !own.begins(node.mark) {
            return self.mark(n, own);
        }
        self.publish_own(n);
        self.nodes[n].rest();
    }

    /// What it does next fails, because the database has ended its transaction.
    pub fn notice_end(&mut self, n: usize) {
        self.nodes[n].cut_off();
    }

    /// Whether its block is there, after a COMMIT in doubt.
    pub fn read_back(&mut self, n: usize) {
        let node = &self.nodes[n];
        let (Phase::Doubt(block), Some(own)) = (node.phase, node.signed()) else {
            unreachable!("its COMMIT is in doubt")
        };
        let chain = self.database.chain;
        if !node.mark.begins(chain) {
            return refuse(self, n);
        }
        if own.begins(chain) {
            self.nodes[n].phase = Phase::Durable(block);
            return;
        }
        let may_be = self.transactions().any(|t| t.committing && t.makes() == Some(own));
        self.wrongs.denied |= may_be;
        self.nodes[n].rest();
    }

    /// Says that it does not know, and leaves it to the next claim.
    pub fn give_up(&mut self, n: usize) {
        let node = &mut self.nodes[n];
        let unknown = node.signed().map_or(0, Chain::statements);
        node.pending &= !unknown;
        node.rest();
    }

    /// Durable when it returns; a kill in the midst of it is one before or after.
    fn mark(&mut self, n: usize, to: Chain) {
        if self.nodes[n].mark.begins(to) {
            self.nodes[n].mark = to;
        } else {
            self.wrongs.mark_fell = true;
            refuse(self, n);
        }
    }

    /// Who sent what is in these has an answer.
    fn answer(&mut self, n: usize, statements: Statements) {
        let node = &mut self.nodes[n];
        self.answered |= node.pending & statements;
        node.pending &= !statements;
    }

    fn publish_own(&mut self, n: usize) {
        let own = self.nodes[n].signed().expect("it has signed");
        if self.nodes[n].head.begins(own) {
            self.nodes[n].head = own;
        }
        self.tell(own);
        self.answer(n, own.statements());
    }

    fn tell(&mut self, chain: Chain) {
        self.wrongs.fork |= !self.told.agrees(chain);
        if self.told.begins(chain) {
            self.told = chain;
        }
    }
}

/// The database is not what it was: nothing more from this node.
fn refuse<const N: usize>(state: &mut State<N>, n: usize) {
    let transaction = state.nodes[n].transaction();
    if let Some(transaction) = transaction.filter(|transaction| transaction.committing) {
        state.leave_behind(transaction);
    }
    let Node { mark, head, .. } = state.nodes[n];
    state.nodes[n] = Node { phase: Phase::Refusing, mark, head, ..Node::NEW };
}
