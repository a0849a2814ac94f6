//! Taking up what other nodes have appended: every block is added to the chain as an auditor would,
//! and the head mark is raised, before anything is answered of it.

use std::{cell::RefCell, fmt::Display};

use probant_core::{
    Rejected,
    chain::{Chain, Head},
    status::{Inner, Leaf, Nodes},
};

use super::{
    Marked, Postgres,
    cell::damage,
    entries,
    head::{self, HeadRow},
    server::{Server, unavailable},
};
use crate::store::{
    StoreError, StoredBlock,
    head_mark::{HeadMark, Mark},
};

/// Blocks that are taken up between two raises of the mark.
const PUBLISHED_EVERY: u64 = 64;

/// Reads the newest block that the database has, without waiting for anybody.
pub fn newest(server: &Server) -> Result<HeadRow, StoreError> {
    server.wait(async {
        let client = server.reader().await?;
        head::read(&client).await.map_err(|error| unavailable("read the head", &error))?
    })
}

impl Postgres {
    pub(super) fn take_up_new(&self) -> Result<(), StoreError> {
        // Asked for first: what was there before the question must be in the answer.
        let before = self.newest();
        let row = newest(&self.server)?;
        // Whoever only reads may look at what goes on elsewhere.
        let only_reads = matches!(*self.marked(), Marked::No);
        if !only_reads {
            row.state.check(self.state)?;
        }
        if row.head == before {
            return Ok(());
        }
        // Another standby lags behind, and catches up; what is missing was acknowledged elsewhere.
        if only_reads && height(row.head.as_ref()) < height(before.as_ref()) {
            return Err(lags(before.as_ref(), row.head.as_ref()));
        }
        check_not_behind(before.as_ref(), row.head.as_ref())?;
        self.take_up(&row)
    }

    /// Takes up the blocks up to one that the database has.
    pub(super) fn take_up(&self, row: &HeadRow) -> Result<(), StoreError> {
        let mut marked = self.marked();
        // Another thread may have been faster.
        let (mut chain, Some(newest)) = (self.chain_now(), &row.head) else { return Ok(()) };
        let next = chain.as_ref().map_or(0, |chain| chain.head().height + 1);
        // Nothing is answered of a block that a failover would take back. Whoever only reads trusts in what
        // it follows.
        if next <= newest.height && row.standby && !matches!(*marked, Marked::No) {
            self.server.wait(self.server.confirm())?;
        }
        for height in next..=newest.height {
            self.take_up_one(height, &mut chain)?;
            let (head, last) = (chain.as_ref().map(Chain::head), height == newest.height);
            if last && head != Some(newest) {
                return Err(another_history(height, &"the head is of another block"));
            }
            // Whoever has much to take up does not begin again where the database goes away.
            if let Some(chain) = chain.as_ref().filter(|_| last || height % PUBLISHED_EVERY == 0) {
                self.publish(&mut marked, chain.clone())?;
            }
        }
        Ok(())
    }

    /// Adds one block to the chain, and remembers what it adds to the status map.
    fn take_up_one(&self, height: u64, chain: &mut Option<Chain>) -> Result<(), StoreError> {
        let read = async { entries::block(&*self.server.reader().await?, height).await };
        let missing = || damage("block_parts", &format!("block {height} is missing"));
        let bytes = self.server.wait(read)?.ok_or_else(missing)?;
        let nodes = Asked { store: self, failed: RefCell::new(None) };
        let checked = StoredBlock::check(bytes, chain, &nodes);
        // The database that went out of reach has not lost a node.
        let failed = nodes.failed.into_inner();
        let refused = |rejected| failed.unwrap_or_else(|| another_history(height, &rejected));
        let stored = checked.map_err(|fault| refused(fault.rejected))?;
        self.statuses.grow(&stored.growth);
        Ok(())
    }

    /// Raises the head mark, and only then answers of the newest block.
    pub(super) fn publish(&self, marked: &mut Marked, chain: Chain) -> Result<(), StoreError> {
        let known = self.newest();
        if known.is_some_and(|known| known.height >= chain.head().height) {
            return Ok(());
        }
        // A crash before this leaves the mark below the newest block: raised on opening.
        marked.raise(Mark::of(chain.head()))?;
        *self.chain_mut() = Some(chain);
        Ok(())
    }
}

/// Of the newest block; block 0 is above no block.
fn height(head: Option<&Head>) -> Option<u64> {
    head.map(|head| head.height)
}

/// What passes by itself.
fn lags(before: Option<&Head>, found: Option<&Head>) -> StoreError {
    let block = |head| height(head).map_or_else(|| "no block".into(), |at| format!("block {at}"));
    StoreError::Unavailable(format!(
        "the standby is behind what this node has seen of the ledger: it ends at {}, and not at {}",
        block(found),
        block(before)
    ))
}

/// A database can only have gone on since.
pub fn check_not_behind(before: Option<&Head>, found: Option<&Head>) -> Result<(), StoreError> {
    let Some(before) = before else { return Ok(()) };
    match found {
        Some(found) if found.height > before.height || found == before => Ok(()),
        Some(found) if found.height == before.height => {
            Err(another_history(found.height, &"another block is the newest"))
        }
        found => Err(behind(found, Mark::of(before))),
    }
}

/// The database has less than this node has answered of.
pub fn behind(found: Option<&Head>, mark: Mark) -> StoreError {
    let found = found.map_or_else(|| "no block".into(), |head| format!("block {}", head.height));
    StoreError::damage(
        "database",
        format!(
            "the store ends at {found}, behind its head mark at block {}: an old copy was \
             restored, or blocks were lost; nothing is written. Bring the newer copy back",
            mark.height
        ),
    )
}

fn another_history(height: u64, why: &impl Display) -> StoreError {
    StoreError::damage(
        "database",
        format!(
            "block {height} does not follow the blocks that were here before ({why}): this is \
             another ledger or another history; nothing is written"
        ),
    )
}

impl Marked {
    fn raise(&mut self, mark: Mark) -> Result<(), StoreError> {
        match self {
            Self::No => {}
            Self::Yet(path) => *self = Self::At(HeadMark::create(path, mark)?),
            Self::At(held) => held.raise(mark)?,
        }
        Ok(())
    }
}

/// The nodes of a store, and why one could not be had.
struct Asked<'a> {
    store: &'a Postgres,
    failed: RefCell<Option<StoreError>>,
}

impl Asked<'_> {
    fn note<T>(&self, answer: Result<T, StoreError>) -> Result<T, Rejected> {
        answer.map_err(|error| {
            let rejected = Rejected::Unreadable(error.to_string());
            self.failed.borrow_mut().get_or_insert(error);
            rejected
        })
    }
}

impl Nodes for Asked<'_> {
    fn inner(&self, at: u64) -> Result<Inner, Rejected> {
        Ok(self.inners(&[at])?[0])
    }

    fn leaf(&self, at: u64) -> Result<Leaf, Rejected> {
        Ok(self.leaves(&[at])?[0])
    }

    fn inners(&self, at: &[u64]) -> Result<Vec<Inner>, Rejected> {
        self.note(self.store.statuses.inners(&self.store.server, at))
    }

    fn leaves(&self, at: &[u64]) -> Result<Vec<Leaf>, Rejected> {
        self.note(self.store.statuses.leaves(&self.store.server, at))
    }
}
