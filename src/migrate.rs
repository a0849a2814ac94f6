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
    audit::{self, Blocks, Settings, Stored, Tally, Verdict},
    clock::SharedClock,
    store::{Store, StoredBlock},
};

/// How far it is.
pub enum Step<'a> {
    /// So many blocks and bytes are copied; of how many bytes, if that is known.
    Copied {
        /// Blocks, those of an earlier run included.
        blocks: u64,
        /// Bytes of them that were read in this run.
        bytes: u64,
        /// Bytes that there are.
        total: Option<u64>,
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
    from: &mut dyn Blocks,
    to: &dyn Store,
    stop: &AtomicBool,
    progress: &mut dyn FnMut(Step<'_>),
) -> Result<Head, Error> {
    let total = from.bytes_total();
    let (mut chain, there) = (to.chain()?, to.head());
    let (mut blocks, mut bytes) = (0, 0);
    while let Some(block) = from.next()? {
        if stop.load(Ordering::Relaxed) {
            let why = format!("interrupted after {blocks} blocks: the same command goes on");
            return Err(Error::busy(why));
        }
        bytes += block.len() as u64;
        match &there {
            Some(head) if blocks < head.height => {}
            Some(head) if blocks == head.height => check_same(to, head, &block)?,
            _ => append(to, block, &mut chain, blocks)?,
        }
        blocks += 1;
        progress(Step::Copied { blocks, bytes, total });
    }
    let copied = to.head().ok_or_else(|| Error::input("there is no ledger to be moved"))?;
    if copied.height + 1 != blocks {
        return Err(Error::input(format!(
            "the new store has {} blocks, the old one {blocks}: it is ahead of what is to be moved \
             into it",
            copied.height + 1
        )));
    }
    Ok(copied)
}

/// Where an earlier run ended, both must agree; the chain answers for all before.
fn check_same(to: &dyn Store, head: &Head, block: &[u8]) -> Result<(), Error> {
    if to.block(head.height)?.as_deref() == Some(block) {
        return Ok(());
    }
    Err(Error::input(format!(
        "the new store holds another block {} than the old one: another ledger, or another history of \
         it; give an empty one",
        head.height
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
