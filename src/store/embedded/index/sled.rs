//! The index in sled 0.34: three B-link trees over one log.
//!
//! Slower than fjall and larger, in memory too (about 240 bytes per key, whatever cache it is
//! given): for ledgers of up to some ten million documents.

use std::path::Path;

use ::sled::{Config, Db, Error, Mode, Tree};

use super::{Index, Rows, Start, StoreError, number, rests, span};

/// Pages kept in memory; sled holds several times as much.
const CACHE_BYTES: u64 = 64 << 20;

/// The count's key in the default tree.
const BLOCKS: &[u8] = b"blocks";

pub struct Sled {
    db: Db,
    keys: Tree,
    numbers: Tree,
    place: String,
}

impl Sled {
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let place = dir.display().to_string();
        let open = || {
            let config = Config::new().path(dir).cache_capacity(CACHE_BYTES);
            let db = config.mode(Mode::HighThroughput).open()?;
            let (keys, numbers) = (db.open_tree("keys")?, db.open_tree("numbers")?);
            Ok((db, keys, numbers))
        };
        let (db, keys, numbers) = open().map_err(|error| explain(&place, error))?;
        Ok(Self { db, keys, numbers, place })
    }

    fn number(&self, tree: &Tree, key: &[u8]) -> Result<Option<u64>, StoreError> {
        let value = tree.get(key).map_err(|error| explain(&self.place, error))?;
        value.map(|bytes| number(&bytes, &self.place)).transpose()
    }
}

impl Index for Sled {
    // One insert per key: a batch would keep kilobytes of memory per key for ever. All trees share
    // one log and a crash keeps a prefix of it, so the count, inserted last, never precedes a key.
    fn insert(&self, rows: &Rows, blocks: u64) -> Result<(), StoreError> {
        let write = || {
            for key in rows.keys() {
                self.keys.insert(key, &[])?;
            }
            for (hash, number) in &rows.numbers {
                self.numbers.insert(hash, &number.to_be_bytes())?;
            }
            self.db.insert(BLOCKS, &blocks.to_be_bytes())
        };
        write().map(drop).map_err(|error| explain(&self.place, error))
    }

    fn scan(
        &self,
        prefix: &[u8],
        start: Start<'_>,
        limit: usize,
    ) -> Result<Vec<Box<[u8]>>, StoreError> {
        let rows = self.keys.range(span(prefix, start)).keys();
        rests(rows, start, prefix.len(), limit).map_err(|error| explain(&self.place, error))
    }

    fn get(&self, hash: &[u8; 32]) -> Result<Option<u64>, StoreError> {
        self.number(&self.numbers, hash)
    }

    fn blocks(&self) -> Result<u64, StoreError> {
        Ok(self.number(&self.db, BLOCKS)?.unwrap_or(0))
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.db.flush().map(drop).map_err(|error| explain(&self.place, error))
    }

    fn disk_bytes(&self) -> Result<u64, StoreError> {
        self.db.size_on_disk().map_err(|error| explain(&self.place, error))
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
