//! The index in fjall: two log-structured merge trees over one journal.
//!
//! The set has no bloom filters, since they hold whole keys and a scan knows only a prefix; the map
//! has them on every level, so that a miss, the usual answer at admission, reads no data.

use std::io::{self, ErrorKind};
use std::path::Path;

use ::fjall::config::{BloomConstructionPolicy, FilterPolicy, FilterPolicyEntry};
use ::fjall::{Database, Error, Keyspace, KeyspaceCreateOptions, LsmError, PersistMode};

use super::{Index, Rows, Start, StoreError, number, rests, span};

/// Blocks of tables kept in memory, filters and indexes among them.
const CACHE_BYTES: u64 = 64 << 20;
/// A memtable becomes a table at this size; up to five per tree exist when writes outrun the disk.
/// In tests a few blocks make many tables.
const MEMTABLE_BYTES: u64 = if cfg!(test) { 64 << 10 } else { 16 << 20 };
/// Journals beyond this make the trees write their memtables out: what a restart may have to replay.
const JOURNAL_BYTES: u64 = 128 << 20;
/// One false positive in about 120 misses, for 1.25 bytes per hash.
const FILTER_BITS_PER_HASH: f32 = 10.0;
/// Rows in one write: bounds memory however many blocks come at once.
const BATCH_ROWS: usize = 10_000;

/// The count's key in the map; no hash has six bytes.
const BLOCKS: &[u8] = b"blocks";

pub struct Fjall {
    db: Database,
    keys: Keyspace,
    numbers: Keyspace,
    place: String,
}

impl Fjall {
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let place = dir.display().to_string();
        let open = || {
            let db = Database::builder(dir)
                .cache_size(CACHE_BYTES)
                .max_journaling_size(JOURNAL_BYTES)
                .open()?;
            let keys = db.keyspace("keys", || options(FilterPolicyEntry::None))?;
            let bloom = BloomConstructionPolicy::BitsPerKey(FILTER_BITS_PER_HASH);
            let numbers = db.keyspace("numbers", || options(FilterPolicyEntry::Bloom(bloom)))?;
            Ok((db, keys, numbers))
        };
        let (db, keys, numbers) = open().map_err(|error| explain(&place, error))?;
        Ok(Self { db, keys, numbers, place })
    }

    fn number(&self, key: &[u8]) -> Result<Option<u64>, StoreError> {
        let value = self.numbers.get(key).map_err(|error| explain(&self.place, error))?;
        value.map(|bytes| number(&bytes, &self.place)).transpose()
    }
}

fn options(filter: FilterPolicyEntry) -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .max_memtable_size(MEMTABLE_BYTES)
        .filter_policy(FilterPolicy::all(filter))
}

impl Index for Fjall {
    // Batches reach the journal in order and whole or not at all, and a crash keeps a prefix of
    // them: the count is in the last.
    fn insert(&self, rows: &Rows, blocks: u64) -> Result<(), StoreError> {
        let write = || {
            let mut batch = self.db.batch();
            for key in rows.keys() {
                batch.insert(&self.keys, key, []);
                if batch.len() == BATCH_ROWS {
                    std::mem::replace(&mut batch, self.db.batch()).commit()?;
                }
            }
            for (hash, number) in &rows.numbers {
                batch.insert(&self.numbers, hash, number.to_be_bytes());
            }
            batch.insert(&self.numbers, BLOCKS, blocks.to_be_bytes());
            batch.commit()
        };
        write().map_err(|error| explain(&self.place, error))
    }

    fn scan(
        &self,
        prefix: &[u8],
        start: Start<'_>,
        limit: usize,
    ) -> Result<Vec<Box<[u8]>>, StoreError> {
        let rows = self.keys.range(span(prefix, start)).map(::fjall::Guard::key);
        rests(rows, start, prefix.len(), limit).map_err(|error| explain(&self.place, error))
    }

    fn get(&self, hash: &[u8; 32]) -> Result<Option<u64>, StoreError> {
        self.number(hash)
    }

    fn blocks(&self) -> Result<u64, StoreError> {
        Ok(self.number(BLOCKS)?.unwrap_or(0))
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.db.persist(PersistMode::SyncData).map_err(|error| explain(&self.place, error))
    }

    fn disk_bytes(&self) -> Result<u64, StoreError> {
        self.db.disk_space().map_err(|error| explain(&self.place, error))
    }
}

/// What an error of the engine means to the caller: rebuild, or look at the disk.
///
/// Poisoned is damage too: a worker failed and kept the reason to itself. Were it an error of the
/// disk's, a corrupt table would poison every restart anew and never be rebuilt.
fn explain(place: &str, error: Error) -> StoreError {
    match error {
        Error::Locked => StoreError::Input(format!("{place} is open elsewhere")),
        Error::Io(source) | Error::Storage(LsmError::Io(source)) if !is_damage(&source) => {
            StoreError::io(format!("index {place}"))(source)
        }
        error => StoreError::damage(place, error.to_string()),
    }
}

/// Whether the file is at fault and not the disk: too short, gone, or senseless.
fn is_damage(error: &io::Error) -> bool {
    use ErrorKind::{InvalidData, InvalidInput, NotFound, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | InvalidData | InvalidInput | NotFound)
}
