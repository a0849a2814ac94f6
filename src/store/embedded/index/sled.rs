//! The index in sled 0.34: a B-link tree over a log.
//!
//! Slower than fjall and larger, in memory too, where it grows with the keys whatever cache it is
//! given: for ledgers of up to about a million documents.

use std::ops::RangeInclusive;
use std::path::Path;

use ::sled::{Config, Db, Error, Mode};

use super::{BLOCKS, Index, Name, Rows, Start, StoreError, name_key, names, number, rests, span};

/// Pages kept in memory; sled holds several times as much.
const CACHE_BYTES: u64 = 64 << 20;

pub struct Sled {
    tree: Db,
    place: String,
}

impl Sled {
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let place = dir.display().to_string();
        let config = Config::new().path(dir).cache_capacity(CACHE_BYTES);
        let tree = config.mode(Mode::HighThroughput).open();
        Ok(Self { tree: tree.map_err(|error| explain(&place, error))?, place })
    }

    fn number(&self, key: &[u8]) -> Result<Option<u64>, StoreError> {
        let value = self.tree.get(key).map_err(|error| explain(&self.place, error))?;
        value.map(|bytes| number(&bytes, &self.place)).transpose()
    }
}

impl Index for Sled {
    // Row by row: a batch would keep kilobytes of memory per key for ever. A crash keeps a prefix
    // of the log, so the count, inserted last, is never there without its rows.
    fn insert(&self, rows: &Rows, blocks: u64) -> Result<(), StoreError> {
        rows.stored(blocks)
            .try_for_each(|(key, number)| {
                let number = number.as_ref().map_or(&[][..], |bytes| bytes);
                self.tree.insert(key, number).map(drop)
            })
            .map_err(|error| explain(&self.place, error))
    }

    fn scan(
        &self,
        prefix: &[u8],
        start: Start<'_>,
        limit: usize,
    ) -> Result<Vec<Box<[u8]>>, StoreError> {
        let rows = self.tree.range(span(prefix, start)).keys();
        rests(rows, prefix, start, limit).map_err(|error| explain(&self.place, error))
    }

    fn get(&self, name: &Name) -> Result<Option<u64>, StoreError> {
        self.number(&name_key(name))
    }

    fn names(&self, range: RangeInclusive<Name>, limit: usize) -> Result<Vec<Name>, StoreError> {
        let rows = self.tree.range(name_key(range.start())..=name_key(range.end())).keys();
        names(rows, limit).map_err(|error| explain(&self.place, error))
    }

    fn blocks(&self) -> Result<u64, StoreError> {
        Ok(self.number(BLOCKS)?.unwrap_or(0))
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.tree.flush().map(drop).map_err(|error| explain(&self.place, error))
    }
}

/// What an error of the engine means to the caller: rebuild, or look at the disk.
fn explain(place: &str, error: Error) -> StoreError {
    match error {
        // The lock is the one error of this kind, and has no other mark.
        Error::Io(source) if source.to_string().starts_with("could not acquire lock") => {
            StoreError::Input(format!("{place} is open elsewhere"))
        }
        Error::Io(source) => StoreError::io(format!("index {place}"))(source),
        error => StoreError::damage(place, error.to_string()),
    }
}
