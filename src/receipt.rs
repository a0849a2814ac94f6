//! First receipts, put together from look-ups: nothing is signed, the path leads to the tree of the
//! entry's own block, under its stored seal. The ledger answers with them, proofs hold them. The same
//! in the tree of any later block is in `sized`, with what shows that one tree grew from another.

mod sized;

use probant_core::{
    Hash, Rejected, Statement,
    key::Use,
    registry::Registry,
    seal::{Receipt, Seal},
    tree,
};

use crate::{Error, lag, store::Store};

pub use sized::{consistency, grown, inclusion, path, root};

/// Receipt of an entry under the seal of its own block, which nobody has checked; `None` beyond the
/// head.
///
/// # Errors
/// [`Error::Busy`] while look-ups lag.
pub fn read_first(store: &dyn Store, index: u64) -> Result<Option<Receipt>, Error> {
    let Some((_, height)) = store.entry(index)? else { return Ok(None) };
    let Some(span) = store.span(height)? else { return Ok(None) };
    let path = tree::prove(index, span.size, |nodes| store.hashes(nodes))?;
    let seal = Seal::decode(&span.seal)?;
    Ok(Some(Receipt { seal, size: span.size, index, path }))
}

/// [`read_first`], held to the seal: a flipped bit in a table would be a false receipt.
///
/// # Errors
/// [`Error::Busy`] while look-ups lag, or are rebuilt.
pub fn first(store: &dyn Store, registry: &Registry, index: u64) -> Result<Option<Receipt>, Error> {
    let Some(receipt) = read_first(store, index)? else { return Ok(None) };
    let (entry, _) = store.entry(index)?.ok_or_else(lag::behind)?;
    let (last, _) = store.entry(receipt.size - 1)?.ok_or_else(lag::behind)?;
    lag::trusted(store, check(&receipt, &entry, &last, registry))?;
    Ok(Some(receipt))
}

fn check(
    receipt: &Receipt,
    entry: &[u8],
    last: &[u8],
    registry: &Registry,
) -> Result<(), Rejected> {
    let root = receipt.root(tree::leaf_hash(entry))?;
    check_seal(&receipt.seal, root, last, registry)
}

/// Holds the root of a tree to the seal of the block whose statement is its last entry.
fn check_seal(seal: &Seal, root: Hash, last: &[u8], registry: &Registry) -> Result<(), Rejected> {
    let statement = Statement::decode(last)?;
    let block = statement.as_block().ok_or(Rejected::Misplaced("block"))?;
    let key = registry.ledger_key_at(Use::Seal, block.first);
    seal.verify(key, registry.origin(), block.time_ms, root)
}
