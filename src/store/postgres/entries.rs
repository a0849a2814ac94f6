//! Entries, and whatever else is a part of a block: where it stands, and its bytes.

use std::{collections::HashMap, ops::Range};

use deadpool_postgres::ClientWrapper;
use futures_util::future::try_join_all;
use probant_core::{Hash, tree};
use tokio_postgres::{Row, types::ToSql};

use super::{
    cell::{big, cell, damage, hash, int, number},
    rows::PART_BYTES,
    server::unavailable,
};
use crate::store::StoreError;

const BLOCK: &str = "SELECT bytes FROM block_parts WHERE height = $1 ORDER BY part";
/// What stands in a block from a byte on, in the parts that hold any of it.
const RANGE: &str = "SELECT substring(bytes FROM $2 - part * $4 + 1 FOR $3) FROM block_parts \
     WHERE height = $1 AND part BETWEEN $2 / $4 AND ($2 + $3 - 1) / $4 ORDER BY part";
const RECORDS: &str = "SELECT entry, height, start, bytes, list_start, list_bytes, leaf \
     FROM entries WHERE entry = ANY($1)";

/// The rows of one question, by a statement that is prepared once a connection.
pub async fn ask(
    client: &ClientWrapper,
    sql: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, StoreError> {
    let failed = |error| unavailable("look something up", &error);
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.query(&statement, values).await.map_err(failed)
}

/// Where an entry and its list stand.
pub struct Record {
    pub height: u64,
    pub entry: Range<usize>,
    /// Empty where it has none.
    pub list: Range<usize>,
    pub leaf: Hash,
}

impl Record {
    fn of(row: &Row) -> Result<Self, StoreError> {
        let range = |start, bytes| {
            let [start, bytes] = [cell::<i32>(row, start)?, cell::<i32>(row, bytes)?];
            let start = usize::try_from(start).map_err(|why| damage("entries", &why))?;
            let bytes = usize::try_from(bytes).map_err(|why| damage("entries", &why))?;
            Ok::<_, StoreError>(start..start + bytes)
        };
        let (height, leaf) = (number(row, 1)?, hash(row, 6)?);
        Ok(Self { height, entry: range(2, 3)?, list: range(4, 5)?, leaf })
    }
}

/// Where some entries stand, in the order asked for.
pub async fn records(client: &ClientWrapper, entries: &[u64]) -> Result<Vec<Record>, StoreError> {
    let asked: Vec<_> = entries.iter().map(|entry| big(*entry)).collect();
    let rows = ask(client, RECORDS, &[&asked]).await?;
    let numbered = rows.iter().map(|row| Ok((number(row, 0)?, row)));
    let found: HashMap<_, _> = numbered.collect::<Result<_, StoreError>>()?;
    let missing = |entry| damage("entries", &format!("there is no entry {entry}"));
    let record = |entry| found.get(entry).ok_or_else(|| missing(entry)).copied();
    entries.iter().map(|entry| Record::of(record(entry)?)).collect()
}

/// Where one entry stands.
pub async fn record(client: &ClientWrapper, entry: u64) -> Result<Record, StoreError> {
    Ok(records(client, &[entry]).await?.pop().expect("one for one"))
}

/// Entries with the heights of their blocks, as they stand there, held to their leaves.
pub async fn entries(
    client: &ClientWrapper,
    entries: &[u64],
) -> Result<Vec<(Vec<u8>, u64)>, StoreError> {
    let records = records(client, entries).await?;
    let bytes = records.iter().map(|at| range(client, at.height, at.entry.clone()));
    let bytes = try_join_all(bytes).await?;
    let held = |((bytes, record), entry): ((Vec<u8>, Record), &u64)| {
        if tree::leaf_hash(&bytes) == record.leaf {
            return Ok((bytes, record.height));
        }
        Err(damage("entries", &format!("entry {entry} is another")))
    };
    bytes.into_iter().zip(records).zip(entries).map(held).collect()
}

/// What stands in a block.
pub async fn range(
    client: &ClientWrapper,
    height: u64,
    range: Range<usize>,
) -> Result<Vec<u8>, StoreError> {
    if range.is_empty() {
        return Ok(Vec::new());
    }
    let [start, bytes, part] = [range.start, range.len(), PART_BYTES].map(int);
    let found = joined(&ask(client, RANGE, &[&big(height), &start, &bytes, &part]).await?)?;
    if found.len() == range.len() {
        return Ok(found);
    }
    Err(damage("block_parts", &format!("block {height} is shorter than byte {}", range.end)))
}

/// A block; none where no part of it is there.
pub async fn block(client: &ClientWrapper, height: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let rows = ask(client, BLOCK, &[&big(height)]).await?;
    Ok(Some(joined(&rows)?).filter(|bytes| !bytes.is_empty()))
}

fn joined(parts: &[Row]) -> Result<Vec<u8>, StoreError> {
    let parts = parts.iter().map(|row| cell::<&[u8]>(row, 0));
    Ok(parts.collect::<Result<Vec<_>, _>>()?.concat())
}
