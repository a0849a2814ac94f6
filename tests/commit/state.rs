//! What is where at one moment: nodes, the database with its open transactions, and what the world
//! has been told.

use crate::chain::{Block, Chain, Statements, block};

/// More transactions than these are never left behind: one for each fault.
pub const LEFT_BEHIND: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct State<const N: usize> {
    pub nodes: [Node; N],
    pub database: Database,
    /// The longest chain that anybody outside was told of, by an answer or a look-up.
    pub told: Chain,
    /// Statements whose sender has an answer, with the entry.
    pub answered: Statements,
    /// Kills, lost connections, aborted transactions and restarts that may still happen.
    pub faults: u8,
    /// Failovers, restores and broken waits for the standby that may still happen.
    pub disasters: u8,
    /// What must never happen, and has.
    pub wrongs: Wrongs,
}

/// What cannot be seen from one moment alone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[allow(clippy::struct_excessive_bools)]
pub struct Wrongs {
    /// Two blocks at a height, in the database or among those told.
    pub fork: bool,
    /// A mark was to go down or aside, which `HeadMark::raise` refuses by a panic.
    pub mark_fell: bool,
    /// "Nothing was appended" was said of a block that could still be.
    pub denied: bool,
}

/// What a node does; a block is the one that it has signed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Phase {
    /// Not running: only the mark is left.
    Down,
    Idle,
    /// Holds the head, and has read it.
    Claimed,
    /// Has signed the block, which is nowhere but here.
    Signed(Block),
    /// The same, without a claim: only where a guard is missing.
    Early(Block),
    /// Has inserted the block.
    Inserted(Block),
    /// Has sent COMMIT.
    Asked(Block),
    /// COMMIT failed, or its answer was lost.
    Doubt(Block),
    /// Knows that the block is durable.
    Durable(Block),
    /// Found the database behind its mark or different at it, and refuses for good.
    Refusing,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Node {
    pub phase: Phase,
    /// The head mark, on disk.
    pub mark: Chain,
    /// The believed chain, which look-ups answer from.
    pub head: Chain,
    /// The chain on which it builds, from claim to commit.
    pub base: Chain,
    /// Statements taken in and not yet answered.
    pub pending: Statements,
    pub session: Session,
    /// Whether it has compared the database with the marks of its peers, where it must.
    pub trusting: bool,
}

/// The database's end of a node's connection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Session {
    /// No transaction, or none any more.
    None,
    Open(Transaction),
    /// Committed, and the answer is on its way.
    Done,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Transaction {
    pub base: Chain,
    /// What it has inserted.
    pub block: Option<Block>,
    /// Holds the row lock on the head.
    pub locked: bool,
    /// COMMIT has arrived.
    pub committing: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Database {
    /// What is committed, and seen by everybody.
    pub chain: Chain,
    /// What the synchronous standby has of it.
    pub standby: Chain,
    /// Transactions in backends whose node has given up, or died.
    pub left_behind: [Option<Transaction>; LEFT_BEHIND],
}

impl Node {
    pub const NEW: Self = Self {
        phase: Phase::Idle,
        mark: Chain::GENESIS,
        head: Chain::GENESIS,
        base: Chain::GENESIS,
        pending: 0,
        session: Session::None,
        trusting: true,
    };

    pub fn is_up(&self) -> bool {
        self.phase != Phase::Down
    }

    /// Runs, and has not refused.
    pub fn is_well(&self) -> bool {
        self.is_up() && self.phase != Phase::Refusing
    }

    /// The block that it has signed and not yet seen the end of.
    pub fn signed(&self) -> Option<Chain> {
        match self.phase {
            Phase::Signed(block)
            | Phase::Early(block)
            | Phase::Inserted(block)
            | Phase::Asked(block)
            | Phase::Doubt(block)
            | Phase::Durable(block) => Some(self.base.with(block)),
            Phase::Down | Phase::Idle | Phase::Claimed | Phase::Refusing => None,
        }
    }

    pub fn rest(&mut self) {
        self.phase = Phase::Idle;
        self.base = Chain::GENESIS;
    }

    pub fn transaction(&self) -> Option<Transaction> {
        match self.session {
            Session::Open(transaction) => Some(transaction),
            Session::None | Session::Done => None,
        }
    }
}

impl Transaction {
    pub fn makes(self) -> Option<Chain> {
        self.block.map(|block| self.base.with(block))
    }
}

impl<const N: usize> State<N> {
    pub fn new(faults: u8, disasters: u8) -> Self {
        Self {
            nodes: [Node::NEW; N],
            database: Database {
                chain: Chain::GENESIS,
                standby: Chain::GENESIS,
                left_behind: [None; LEFT_BEHIND],
            },
            told: Chain::GENESIS,
            answered: 0,
            faults,
            disasters,
            wrongs: Wrongs::default(),
        }
    }

    /// Every transaction that the database has open, whoever waits for it.
    pub fn transactions(&self) -> impl Iterator<Item = Transaction> {
        let of_nodes = self.nodes.iter().filter_map(Node::transaction);
        of_nodes.chain(self.database.left_behind.iter().flatten().copied())
    }

    pub fn is_locked(&self) -> bool {
        self.transactions().any(|transaction| transaction.locked)
    }

    pub fn is_at_rest(&self) -> bool {
        self.nodes.iter().all(|node| match node.phase {
            Phase::Down | Phase::Refusing => true,
            Phase::Idle => node.head == self.database.chain,
            _ => false,
        })
    }

    /// The next block on `base`: another than every block that there is a trace of.
    pub fn fresh(&self, base: Chain, statements: Statements) -> Block {
        let used = |chain: Chain| {
            let next = |known: &Chain| chain.begins(*known);
            let of_nodes = |node: &Node| {
                next(&node.mark) || next(&node.head) || node.signed().is_some_and(|c| next(&c))
            };
            next(&self.told)
                || next(&self.database.chain)
                || next(&self.database.standby)
                || self.nodes.iter().any(of_nodes)
                || self.transactions().any(|t| t.makes().is_some_and(|c| next(&c)))
        };
        let mut blocks = (0..).map(|number| block(statements, number));
        blocks.find(|block| !used(base.with(*block))).expect("not all are in use")
    }

    /// Nodes are alike, and so are transactions left behind: one state stands for all orders.
    pub fn sorted(mut self) -> Self {
        self.nodes.sort_unstable();
        self
    }

    pub fn leave_behind(&mut self, transaction: Transaction) {
        let free = self.database.left_behind.iter_mut().find(|place| place.is_none());
        *free.expect("one place for each fault") = Some(transaction);
        self.database.left_behind.sort_unstable();
    }
}
