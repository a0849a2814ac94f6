//! A ledger moved into another store: copied block by block, each checked against those before it, then
//! replayed from block 0 as an auditor would, from what the new store hands out. Only then may anything
//! be written to it; who calls this keeps others from writing to either store meanwhile.
//!
//! A copy that ended early goes on where it was: every block is durable once it is appended.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use probant_core::{
    Identity,
    chain::{Chain, Head},
};

use crate::{
    Error,
    audit::{self, Settings, Stored, Tally, Verdict},
    clock::SharedClock,
    store::{Store, StoredBlock},
};

/// How far it is.
pub enum Step<'a> {
    /// So much is copied.
    Copied {
        /// Blocks, those of an earlier run included.
        blocks: u64,
    },
    /// So much of the new store has passed the audit.
    Audited(&'a Tally),
}

/// Copies all blocks of `from` into `to`, which is empty or holds the first of them.
///
/// # Errors
/// [`Error::Input`] if `to` holds something else; [`Error::Busy`] if it was told to stop; what either
/// store meets.
pub fn copy(
    from: &dyn Store,
    to: &dyn Store,
    stop: &AtomicBool,
    progress: &mut dyn FnMut(Step<'_>),
) -> Result<Head, Error> {
    let newest = from.head().ok_or_else(|| Error::input("there is no ledger to be moved"))?;
    let (mut chain, there) = (to.chain()?, to.head());
    if let Some(there) = &there {
        check_begins(from, to, there, &newest)?;
    }
    for height in there.map_or(0, |there| there.height + 1)..=newest.height {
        if stop.load(Ordering::Relaxed) {
            let why = format!("interrupted after {height} blocks: the same command goes on");
            return Err(Error::busy(why));
        }
        append(to, block(from, height)?, &mut chain, height)?;
        progress(Step::Copied { blocks: height + 1 });
    }
    Ok(newest)
}

/// The bytes of a block that must be there.
///
/// # Errors
/// [`Error::Stop`] where it is not; what the store meets.
pub fn block(from: &dyn Store, height: u64) -> Result<Vec<u8>, Error> {
    let missing = || Error::Stop(format!("block {height} is not there"));
    from.block(height)?.ok_or_else(missing)
}

/// Where an earlier run ended, both must agree; the chain answers for all before.
fn check_begins(
    from: &dyn Store,
    to: &dyn Store,
    there: &Head,
    newest: &Head,
) -> Result<(), Error> {
    if there.height > newest.height {
        return Err(Error::input(format!(
            "the new store has {} blocks, the old one {}: it is ahead of what is to be moved into it",
            there.height + 1,
            newest.height + 1
        )));
    }
    if block(from, there.height)? == block(to, there.height)? {
        return Ok(());
    }
    Err(Error::input(format!(
        "the new store holds another block {} than the old one: another ledger, or another history of \
         it; give an empty one",
        there.height
    )))
}

fn append(
    to: &dyn Store,
    block: Vec<u8>,
    chain: &mut Option<Chain>,
    height: u64,
) -> Result<(), Error> {
    let before = to.head();
    let stored = StoredBlock::check(block, chain, to)
        .map_err(|fault| Error::Stop(format!("block {height}: {}", fault.rejected)))?;
    Ok(to.append(before.as_ref(), stored)?)
}

/// Replays all that the new store hands out, every signature included.
///
/// # Errors
/// [`Error::Stop`] for anything but the whole ledger up to `head`; [`Error::Busy`] if it was told to
/// stop.
pub fn verify(
    name: &str,
    to: Arc<dyn Store>,
    expected: Identity,
    head: &Head,
    (clock, stop): (SharedClock, Arc<AtomicBool>),
    progress: &mut dyn FnMut(Step<'_>),
) -> Result<(), Error> {
    let settings = Settings { expected: Some(expected), clock, stop };
    let blocks = Box::new(Stored::new(name, to));
    let mut reached = None;
    let report = audit::audit(blocks, &settings, &mut |tally| {
        reached.clone_from(&tally.head);
        progress(Step::Audited(tally));
    });
    match report.verdict {
        Verdict::Whole if reached.as_ref() == Some(head) => Ok(()),
        Verdict::Interrupted => Err(Error::busy("interrupted: the same command goes on")),
        _ => Err(Error::Stop(format!(
            "what arrived is not what was sent, and nothing is opened for writing: {report}"
        ))),
    }
}
