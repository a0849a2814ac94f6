//! Hashes of complete subtrees: level 0 is the leaves of the entries, every eighth level is kept, and
//! what lies between is hashed again.

use std::ops::Range;

use deadpool_postgres::ClientWrapper;
use futures_util::future::try_join_all;
use probant_core::{
    Hash,
    tree::{self, Node},
};

use super::{
    cell::{big, damage, hash},
    entries::ask,
    rows::TILE_LEVELS,
};
use crate::store::StoreError;

const LEAVES: &str = "SELECT leaf FROM entries WHERE entry >= $1 AND entry < $2 ORDER BY entry";
const SUBTREES: &str =
    "SELECT hash FROM tree WHERE level = $1 AND number >= $2 AND number < $3 ORDER BY number";

/// In the order asked for; those that lie side by side are read together, and nothing waits for
/// anything else.
pub async fn hashes(client: &ClientWrapper, nodes: &[Node]) -> Result<Vec<Hash>, StoreError> {
    let (mut runs, mut widths) = (Vec::<(u8, Range<u64>)>::new(), Vec::new());
    for node in nodes {
        let rest = node.level % TILE_LEVELS;
        let (level, below) = (node.level - rest, node.index << rest..(node.index + 1) << rest);
        widths.push(1 << rest);
        match runs.last_mut() {
            Some((last, run)) if *last == level && run.end == below.start => run.end = below.end,
            _ => runs.push((level, below)),
        }
    }
    let rows = runs.into_iter().map(|(level, run)| kept(client, level, run));
    let mut row = try_join_all(rows).await?.into_iter().flatten();
    let mut root = |width| tree::root(row.by_ref().take(width).collect());
    Ok(widths.into_iter().map(|width| root(width).expect("a subtree has leaves")).collect())
}

/// Neighbours at a kept level, all of them.
async fn kept(
    client: &ClientWrapper,
    level: u8,
    range: Range<u64>,
) -> Result<Vec<Hash>, StoreError> {
    let (start, end) = (big(range.start), big(range.end));
    let rows = match level {
        0 => ask(client, LEAVES, &[&start, &end]).await?,
        level => ask(client, SUBTREES, &[&i32::from(level), &start, &end]).await?,
    };
    let hashes: Vec<_> = rows.iter().map(|row| hash(row, 0)).collect::<Result<_, _>>()?;
    if hashes.len() as u64 == range.end - range.start {
        return Ok(hashes);
    }
    Err(damage("tree", &format!("level {level} has holes in {range:?}")))
}
