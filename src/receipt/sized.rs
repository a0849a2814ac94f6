//! Paths between trees of sizes that the asker chooses, from look-ups. Where a block ends at a size its
//! seal makes a receipt of the path; of any other size there is the path alone.

use probant_core::{
    Hash, Rejected,
    registry::Registry,
    seal::{ConsistencyReceipt, Receipt, Seal},
    tree::{self, Frontier, Node},
};

use super::check_seal;
use crate::{Error, lag, store::Store};

/// Path of an entry in the tree of the first `size`, `index < size`; `None` beyond the head.
///
/// # Errors
/// [`Error::Busy`] while look-ups lag, or are rebuilt because the path leads to another root.
pub fn path(store: &dyn Store, index: u64, size: u64) -> Result<Option<Vec<Hash>>, Error> {
    Ok(rooted(store, index, size)?.map(|(path, _)| path))
}

/// That the tree of the first `to` entries grew from that of the first `from`, `0 < from <= to`;
/// `None` beyond the head.
///
/// # Errors
/// Those of [`path`].
pub fn grown(store: &dyn Store, from: u64, to: u64) -> Result<Option<Vec<Hash>>, Error> {
    Ok(grown_to(store, from, to)?.map(|(path, _)| path))
}

/// The receipt of an entry in the tree of the first `size`; `None` where no block ends there.
///
/// # Errors
/// Those of [`path`].
pub fn inclusion(
    store: &dyn Store,
    registry: &Registry,
    index: u64,
    size: u64,
) -> Result<Option<Receipt>, Error> {
    let Some(seal) = seal_at(store, size)? else { return Ok(None) };
    let (path, root) = rooted(store, index, size)?.ok_or_else(lag::behind)?;
    hold(store, registry, &seal, size, root)?;
    Ok(Some(Receipt { seal, size, index, path }))
}

/// The receipt of consistency of two trees, `0 < from < to`; `None` where no block ends at `to`.
///
/// # Errors
/// Those of [`path`].
pub fn consistency(
    store: &dyn Store,
    registry: &Registry,
    from: u64,
    to: u64,
) -> Result<Option<ConsistencyReceipt>, Error> {
    let Some(seal) = seal_at(store, to)? else { return Ok(None) };
    let (path, root) = grown_to(store, from, to)?.ok_or_else(lag::behind)?;
    hold(store, registry, &seal, to, root)?;
    Ok(Some(ConsistencyReceipt { seal, from, to, path }))
}

/// The seal of the block that ends at `size` entries.
fn seal_at(store: &dyn Store, size: u64) -> Result<Option<Seal>, Error> {
    let Some(last) = size.checked_sub(1) else { return Ok(None) };
    let Some((_, height)) = store.entry(last)? else { return Ok(None) };
    let span = store.span(height)?.filter(|span| span.size == size);
    Ok(span.map(|span| Seal::decode(&span.seal)).transpose()?)
}

/// A path and the root that it was found to lead to.
type Rooted = (Vec<Hash>, Hash);

fn rooted(store: &dyn Store, index: u64, size: u64) -> Result<Option<Rooted>, Error> {
    if store.entry(size - 1)?.is_none() {
        return Ok(None);
    }
    let (entry, _) = store.entry(index)?.ok_or_else(lag::behind)?;
    let (path, root) = (tree::prove(index, size, read(store))?, root_of(store, size)?);
    let found = tree::root_from_path("entry", tree::leaf_hash(&entry), index, size, &path);
    let differs = |found: Hash| Rejected::PathRoot {
        what: "entry",
        found: found.to_string(),
        expected: root.to_string(),
    };
    let same = found.and_then(|found| if found == root { Ok(()) } else { Err(differs(found)) });
    lag::trusted(store, same)?;
    Ok(Some((path, root)))
}

fn grown_to(store: &dyn Store, from: u64, to: u64) -> Result<Option<Rooted>, Error> {
    if store.entry(to - 1)?.is_none() {
        return Ok(None);
    }
    let path = tree::prove_consistency(from, to, read(store))?;
    let (older, newer) = (root_of(store, from)?, root_of(store, to)?);
    lag::trusted(store, tree::check_consistency((from, older), (to, newer), &path))?;
    Ok(Some((path, newer)))
}

fn hold(
    store: &dyn Store,
    registry: &Registry,
    seal: &Seal,
    size: u64,
    root: Hash,
) -> Result<(), Error> {
    let (last, _) = store.entry(size - 1)?.ok_or_else(lag::behind)?;
    lag::trusted(store, check_seal(seal, root, &last, registry))
}

/// The root of the tree of the first `size` entries, one or more; `None` beyond the head.
///
/// # Errors
/// Those of [`path`].
pub fn root(store: &dyn Store, size: u64) -> Result<Option<Hash>, Error> {
    if store.entry(size - 1)?.is_none() {
        return Ok(None);
    }
    root_of(store, size).map(Some)
}

fn root_of(store: &dyn Store, size: u64) -> Result<Hash, Error> {
    Frontier::read(size, read(store))?.root().ok_or_else(lag::rebuilding)
}

fn read(store: &dyn Store) -> impl Fn(&[Node]) -> Result<Vec<Hash>, Error> + '_ {
    |nodes| Ok(store.hashes(nodes)?)
}
