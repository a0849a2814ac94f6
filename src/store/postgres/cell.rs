//! What stands in a row of an answer. A value of another kind than the schema says is damage.

use probant_core::Hash;
use tokio_postgres::{Row, types::FromSql};

use crate::store::StoreError;

pub fn cell<'r, T: FromSql<'r>>(row: &'r Row, at: usize) -> Result<T, StoreError> {
    row.try_get(at).map_err(|error| wrong(row, at, &error))
}

/// A number of the ledger, which is never negative.
pub fn number(row: &Row, at: usize) -> Result<u64, StoreError> {
    u64::try_from(cell::<i64>(row, at)?).map_err(|error| wrong(row, at, &error))
}

pub fn hash(row: &Row, at: usize) -> Result<Hash, StoreError> {
    bytes(row, at).map(Hash)
}

/// Bytes of one length.
pub fn bytes<const N: usize>(row: &Row, at: usize) -> Result<[u8; N], StoreError> {
    cell::<&[u8]>(row, at)?.try_into().map_err(|error| wrong(row, at, &error))
}

fn wrong(row: &Row, at: usize, why: &(impl ToString + ?Sized)) -> StoreError {
    damage(row.columns().get(at).map_or("rows", |column| column.name()), why)
}

/// Names what is wrong in the database.
pub fn damage(table: &str, why: &(impl ToString + ?Sized)) -> StoreError {
    StoreError::damage(format!("database, {table}"), why.to_string())
}

/// A number as the database keeps it. No ledger grows so far; what is beyond is nowhere.
pub fn big(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A place within a block.
pub fn int(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
