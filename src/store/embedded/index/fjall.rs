//! The index in fjall: a log-structured merge tree with a journal.
//!
//! Bloom filters on every level let a miss in the map, the usual answer at admission, read no data.
//! They hold whole keys, and fjall has none for prefixes: a scan costs the same whether it finds
//! anything or not.

use std::io::{self, ErrorKind};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;
use std::{fs, mem};

use ::fjall::config::{BloomConstructionPolicy, FilterPolicy, FilterPolicyEntry};
use ::fjall::{Database, Error, Guard, Keyspace, KeyspaceCreateOptions, LsmError, PersistMode};

use super::{BLOCKS, Index, Name, Rows, Start, StoreError, name_key, names, number, rests, span};

/// Blocks of tables kept in memory, filters and indexes among them.
const CACHE_BYTES: u64 = 64 << 20;
/// A memtable becomes a table at this size; up to five exist while writes outrun the disk. In
/// tests a few blocks make many tables.
const MEMTABLE_BYTES: u64 = if cfg!(test) { 64 << 10 } else { 16 << 20 };
/// Journals beyond this are written out as tables: the most that an opening has to replay.
const JOURNAL_BYTES: u64 = 128 << 20;
/// One false positive in about 120 misses, for 1.25 bytes per row.
const FILTER_BITS_PER_ROW: f32 = 10.0;
/// How long a sync waits for tables to be written.
const TABLES_WAIT: Duration = Duration::from_secs(10);
/// Rows in one write: bounds memory however many blocks come at once.
const BATCH_ROWS: usize = 10_000;

pub struct Fjall {
    db: Database,
    tree: Keyspace,
    place: String,
}

impl Fjall {
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let place = dir.display().to_string();
        let sealed = sealed_journals(dir).map_err(StoreError::io(format!("index {place}")))?;
        let open = || {
            let builder = Database::builder(dir).cache_size(CACHE_BYTES);
            let db = builder.max_journaling_size(JOURNAL_BYTES).open()?;
            let tree = db.keyspace("rows", options)?;
            Ok((db, tree))
        };
        let (db, tree) = open().map_err(|error| explain(&place, error))?;
        // fjall cuts a journal where it can read no further. At the end of the newest that is a
        // write torn by a crash; in one before, rows are now missing below the count.
        let is_cut = |path, bytes| fs::metadata(path).is_ok_and(|now| now.len() < bytes);
        let Some((path, _)) = sealed.iter().find(|(path, bytes)| is_cut(path, *bytes)) else {
            return Ok(Self { db, tree, place });
        };
        // It is cut for good: a second opening would find nothing wrong, so it must find nothing.
        drop((db, tree));
        fs::remove_dir_all(dir).map_err(StoreError::io(format!("index {place}")))?;
        Err(StoreError::damage(path.display().to_string(), "unreadable in the middle"))
    }

    /// Writes what is in memory into tables, so that the next opening has no journal to replay. On a
    /// thread of its own: fjall waits for ever for a worker that died, as on a full disk.
    fn write_tables(&self) {
        let (tree, (done, wait)) = (self.tree.clone(), mpsc::channel());
        std::thread::spawn(move || {
            let written = tree.rotate_memtable_and_wait().is_ok();
            let _ = done.send(written);
        });
        if wait.recv_timeout(TABLES_WAIT) != Ok(true) {
            tracing::warn!(index = self.place, "tables were not written: the journal stays");
        }
    }

    fn number(&self, key: &[u8]) -> Result<Option<u64>, StoreError> {
        let value = self.tree.get(key).map_err(|error| explain(&self.place, error))?;
        value.map(|bytes| number(&bytes, &self.place)).transpose()
    }
}

fn options() -> KeyspaceCreateOptions {
    let bloom = BloomConstructionPolicy::BitsPerKey(FILTER_BITS_PER_ROW);
    KeyspaceCreateOptions::default()
        .max_memtable_size(MEMTABLE_BYTES)
        .filter_policy(FilterPolicy::all(FilterPolicyEntry::Bloom(bloom)))
}

/// All journals but the newest, with the bytes of each before the zeros that it was made with.
fn sealed_journals(dir: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
    let paths = fs::read_dir(dir).into_iter().flatten().map(|entry| Ok(entry?.path()));
    let mut journals = paths.collect::<io::Result<Vec<_>>>()?;
    journals.retain(|path| path.extension().is_some_and(|end| end == "jnl"));
    journals.sort_by_key(|path| path.file_stem()?.to_str()?.parse::<u64>().ok());
    journals.pop();
    let with_bytes = |path: PathBuf| {
        let used = fs::read(&path)?.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        Ok((path, used as u64))
    };
    journals.into_iter().map(with_bytes).collect()
}

impl Index for Fjall {
    // Batches reach the journal in order, each whole or not at all, and a crash keeps a prefix of
    // them: the count is in the last.
    fn insert(&self, rows: &Rows, blocks: u64) -> Result<(), StoreError> {
        let write = || {
            let mut batch = self.db.batch();
            for (key, number) in rows.stored(blocks) {
                batch.insert(&self.tree, key, number.as_ref().map_or(&[][..], |bytes| bytes));
                if batch.len() == BATCH_ROWS {
                    mem::replace(&mut batch, self.db.batch()).commit()?;
                }
            }
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
        let rows = self.tree.range(span(prefix, start)).map(Guard::key);
        rests(rows, prefix, start, limit).map_err(|error| explain(&self.place, error))
    }

    fn get(&self, name: &Name) -> Result<Option<u64>, StoreError> {
        self.number(&name_key(name))
    }

    fn names(&self, range: RangeInclusive<Name>, limit: usize) -> Result<Vec<Name>, StoreError> {
        let rows = self.tree.range(name_key(range.start())..=name_key(range.end())).map(Guard::key);
        names(rows, limit).map_err(|error| explain(&self.place, error))
    }

    fn blocks(&self) -> Result<u64, StoreError> {
        Ok(self.number(BLOCKS)?.unwrap_or(0))
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.db.persist(PersistMode::SyncData).map_err(|error| explain(&self.place, error))?;
        self.write_tables();
        Ok(())
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
