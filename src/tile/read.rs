//! Tiles from the look-ups of a store. What is derived is never believed: the hashes of a tile must
//! lead to the root of a tree head that was held to its seal, or nothing is handed out.

use probant_core::{
    Hash, Rejected,
    tree::{self, Frontier, Node},
};

use super::{LEVELS, Tile, WIDTH, append_entry};
use crate::{Error, lag, store::Store};

/// The hashes of a tile of the tree with this size and root; the caller has compared [`Tile::entries`]
/// with the size.
///
/// One read of 256 hashes at most and one of as many as a path has.
///
/// # Errors
/// [`Error::Busy`] while look-ups lag, or are rebuilt because they contradict the root.
pub fn hashes(
    store: &dyn Store,
    tile: Tile,
    (size, root): (u64, Hash),
) -> Result<Vec<Hash>, Error> {
    // All that there is of the tile: a part of it leads to no root.
    let there = (size >> bits(tile.level)) - tile.start();
    let width = there.min(WIDTH.into());
    let at = |place| Node { level: bits(tile.level) as u8, index: tile.start() + place };
    let nodes: Vec<_> = (0..width).map(at).collect();
    let mut row = store.hashes(&nodes)?;
    let found = if width == u64::from(WIDTH) {
        of_whole(store, tile, &row, size)?
    } else {
        of_edge(store, tile, &row, size)?
    };
    let held = found.filter(|found| *found == root).map(drop);
    let differs = || Rejected::Proof { what: "tile", why: format!("{tile} leads to another root") };
    lag::trusted(store, held.ok_or_else(differs))?;
    row.truncate(tile.width.into());
    Ok(row)
}

/// The bytes of a bundle of entries of the same tree.
///
/// # Errors
/// Those of [`hashes`].
pub fn bundle(store: &dyn Store, tile: Tile, head: (u64, Hash)) -> Result<Vec<u8>, Error> {
    let leaves = hashes(store, tile, head)?;
    let entries = store.entries(tile.start()..tile.start() + u64::from(tile.width))?;
    let entries = entries.ok_or_else(lag::behind)?;
    let same = entries.len() == leaves.len()
        && entries.iter().zip(&leaves).all(|(entry, leaf)| tree::leaf_hash(entry) == *leaf);
    let differs = || Rejected::Proof { what: "tile", why: format!("{tile} is of other entries") };
    lag::trusted(store, same.then_some(()).ok_or_else(differs))?;
    let mut bytes = Vec::with_capacity(entries.iter().map(|entry| 2 + entry.len()).sum());
    for entry in &entries {
        append_entry(&mut bytes, entry);
    }
    Ok(bytes)
}

/// The root to which a whole tile leads: it is a node of the tree, and above it stands what stands
/// above any of its leaves.
fn of_whole(store: &dyn Store, tile: Tile, row: &[Hash], size: u64) -> Result<Option<Hash>, Error> {
    let above = bits(tile.level) + u32::from(LEVELS);
    let path = tree::prove(tile.index << above, size, |nodes| store.hashes(nodes))?;
    let (node, path) = (tree::root(row.to_vec()), path.get(above as usize..));
    let (Some(node), Some(path)) = (node, path) else { return Ok(None) };
    Ok(tree::root_from_path("tile", node, tile.index, size.div_ceil(1 << above), path).ok())
}

/// The root of the whole tree, with what the last tile of a level gives of its edge.
fn of_edge(store: &dyn Store, tile: Tile, row: &[Hash], size: u64) -> Result<Option<Hash>, Error> {
    let low = bits(tile.level);
    let frontier = Frontier::read(size, |nodes| {
        let own = |node: &Node| (low..low + u32::from(LEVELS)).contains(&node.level.into());
        let others: Vec<_> = nodes.iter().filter(|node| !own(node)).copied().collect();
        let mut read = store.hashes(&others)?.into_iter();
        let of_row = |node: &Node| {
            let height = u32::from(node.level) - low;
            let start = ((node.index << height) - tile.start()) as usize;
            let part = row.get(start..start + (1 << height))?;
            tree::root(part.to_vec())
        };
        let each = nodes.iter().map(|node| if own(node) { of_row(node) } else { read.next() });
        Ok::<_, Error>(each.map(|hash| hash.unwrap_or(Hash::ZERO)).collect())
    })?;
    Ok(frontier.root())
}

/// Levels of the tree below the hashes of a tile.
fn bits(level: u8) -> u32 {
    u32::from(level) * u32::from(LEVELS)
}
