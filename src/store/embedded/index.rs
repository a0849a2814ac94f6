//! The look-up index behind one seam: which keys there are under a prefix, and the number that
//! belongs to a name.
//!
//! It is not the truth (the segments are) and nothing acknowledged waits for it: whatever is wrong
//! with it, the embedded store deletes its folder and inserts every block anew. It knows nothing of
//! fingerprints or statements; the store makes the keys.

use std::fmt;
use std::mem;
use std::ops::{Bound, RangeInclusive};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::str::FromStr;

use crate::store::StoreError;

mod fjall;
mod sled;
#[cfg(test)]
mod tests;

/// A **set** of byte keys in ascending order and a **map** from names to numbers; both only grow. One caller inserts at a time, any number read meanwhile.
///
/// 1. *The count is last.* `blocks()` = n implies every row inserted with a count up to n, after a
///    crash at any point too. Rows beyond the count may be there, whole or in part.
/// 2. *Inserting the same again changes nothing*, so the blocks after `blocks()` can always be
///    repeated. A name that is inserted with another number takes that number.
/// 3. *Order.* `scan` answers keys ascending as bytes from `First` or `After`, descending from
///    `Last` or `Before`; no key outside the prefix, none twice, and at most `limit`. So does
///    `names`, ascending.
/// 4. *What `sync` answered Ok for outlives a power cut*; what was inserted since may be lost, from
///    the newest back.
/// 5. *Damage is named.* Files that were tampered with open and answer as before, or give
///    [`StoreError::Damage`]; no call panics.
pub trait Index: Send + Sync {
    /// Adds what some whole blocks add, then the count of blocks that are complete with them.
    fn insert(&self, rows: &Rows, blocks: u64) -> Result<(), StoreError>;

    /// The keys that begin with `prefix`, each without it; from the last answered one can go on.
    fn scan(
        &self,
        prefix: &[u8],
        start: Start<'_>,
        limit: usize,
    ) -> Result<Vec<Box<[u8]>>, StoreError>;

    /// The number of a name; a miss is the cheapest answer.
    fn get(&self, name: &Name) -> Result<Option<u64>, StoreError>;

    /// The names of the map from one to another, both included: ascending, the first `limit`.
    fn names(&self, range: RangeInclusive<Name>, limit: usize) -> Result<Vec<Name>, StoreError>;

    /// How many blocks, from the first on, are complete; 0 when new.
    fn blocks(&self) -> Result<u64, StoreError>;

    /// Makes every row inserted so far durable: at a clean stop, and now and then.
    fn sync(&self) -> Result<(), StoreError>;
}

/// A name in the map: a byte for what is named, and the 32 bytes of a hash.
pub type Name = [u8; 33];

/// Where a scan starts, and so which way it walks; a rest is what follows the prefix in a key.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// At the lowest key, upwards.
    First,
    /// Above this rest, upwards.
    After(&'a [u8]),
    /// At the highest key, downwards: newest first, where locations ascend with time.
    Last,
    /// Below this rest, downwards.
    Before(&'a [u8]),
}

/// What some blocks add, in flat buffers.
#[derive(Default)]
pub struct Rows {
    bytes: Vec<u8>,
    ends: Vec<(usize, Option<u64>)>,
}

impl Rows {
    /// Adds a key to the set, given in parts: at most 65,534 bytes together. Ascending is fastest.
    pub fn key(&mut self, parts: &[&[u8]]) {
        self.bytes.push(KEY);
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self.ends.push((self.bytes.len(), None));
    }

    /// Adds a name and its number to the map.
    pub fn number(&mut self, name: &Name, number: u64) {
        self.bytes.extend_from_slice(&name_key(name));
        self.ends.push((self.bytes.len(), Some(number)));
    }

    /// What an engine stores, the count last: a key, and the eight bytes of a number or nothing.
    fn stored(&self, blocks: u64) -> impl Iterator<Item = (&[u8], Option<[u8; 8]>)> {
        let rows = self.ends.iter().scan(0, |start, &(end, number)| {
            Some((&self.bytes[mem::replace(start, end)..end], number.map(u64::to_be_bytes)))
        });
        rows.chain([(BLOCKS, Some(blocks.to_be_bytes()))])
    }
}

// Everything is in one tree, told apart by the first byte. In two, each written out at its own
// pace, a journal damaged in the middle could leave a count in one without its rows in the other.
const KEY: u8 = b'k';
const NUMBER: u8 = b'n';
const BLOCKS: &[u8] = b"blocks";

fn name_key(name: &Name) -> [u8; 34] {
    let mut key = [NUMBER; 34];
    key[1..].copy_from_slice(name);
    key
}

/// The engines that can hold the index; one may take another's place at any time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// A log-structured merge tree: fast at any size.
    #[default]
    Fjall,
    /// A B-link tree over a log: up to about a million documents.
    Sled,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fjall => "fjall",
            Self::Sled => "sled",
        })
    }
}

impl FromStr for Engine {
    type Err = StoreError;

    fn from_str(name: &str) -> Result<Self, StoreError> {
        [Self::Fjall, Self::Sled].into_iter().find(|engine| engine.to_string() == name).ok_or_else(
            || StoreError::Input(format!("the index engine is fjall or sled, not {name:?}")),
        )
    }
}

/// Opens the index in `dir`, which is this engine's alone, and creates it if there is none.
///
/// # Errors
/// `Damage`: delete `dir`, if it is still there, and open it again. `Input`: it is open elsewhere.
pub fn open(engine: Engine, dir: &Path) -> Result<Box<dyn Index>, StoreError> {
    let place = dir.display().to_string();
    let engine = contained(&place, || {
        Ok(match engine {
            Engine::Fjall => Box::new(fjall::Fjall::open(dir)?) as Box<dyn Index>,
            Engine::Sled => Box::new(sled::Sled::open(dir)?),
        })
    })?;
    Ok(Box::new(Contained { engine, place }))
}

/// An engine whose panics are damage, whatever it was asked.
struct Contained {
    engine: Box<dyn Index>,
    place: String,
}

impl Index for Contained {
    fn insert(&self, rows: &Rows, blocks: u64) -> Result<(), StoreError> {
        contained(&self.place, || self.engine.insert(rows, blocks))
    }

    fn scan(
        &self,
        prefix: &[u8],
        start: Start<'_>,
        limit: usize,
    ) -> Result<Vec<Box<[u8]>>, StoreError> {
        contained(&self.place, || self.engine.scan(prefix, start, limit))
    }

    fn get(&self, name: &Name) -> Result<Option<u64>, StoreError> {
        contained(&self.place, || self.engine.get(name))
    }

    fn names(&self, range: RangeInclusive<Name>, limit: usize) -> Result<Vec<Name>, StoreError> {
        contained(&self.place, || self.engine.names(range, limit))
    }

    fn blocks(&self) -> Result<u64, StoreError> {
        contained(&self.place, || self.engine.blocks())
    }

    fn sync(&self) -> Result<(), StoreError> {
        contained(&self.place, || self.engine.sync())
    }
}

/// Runs an engine's code and takes a panic in it for damage: both engines meet some corruption so.
fn contained<T>(
    place: &str,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let what = panic.downcast_ref::<String>().map(String::as_str);
        let what = what.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(StoreError::damage(place, what.unwrap_or("the engine panicked")))
    })
}

type Span = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// The stored keys that a scan may answer: those between a prefix and the next byte string that
/// does not begin with it, less what the start leaves out.
fn span(prefix: &[u8], start: Start<'_>) -> Span {
    let low = [&[KEY], prefix].concat();
    let mut high = low.clone();
    while high.pop_if(|byte| *byte == u8::MAX).is_some() {}
    high.last_mut().into_iter().for_each(|byte| *byte += 1);
    let at = |rest: &[u8]| Bound::Excluded([&low, rest].concat());
    match start {
        Start::First | Start::Last => (Bound::Included(low), Bound::Excluded(high)),
        Start::After(rest) => (at(rest), Bound::Excluded(high)),
        Start::Before(rest) => (Bound::Included(low.clone()), at(rest)),
    }
}

/// Walks the rows of a span in the direction of the start and cuts the prefix off each key.
fn rests<K: AsRef<[u8]>, E>(
    rows: impl DoubleEndedIterator<Item = Result<K, E>>,
    prefix: &[u8],
    start: Start<'_>,
    limit: usize,
) -> Result<Vec<Box<[u8]>>, E> {
    let cut = |row: Result<K, E>| row.map(|key| key.as_ref()[1 + prefix.len()..].into());
    match start {
        Start::First | Start::After(_) => rows.take(limit).map(cut).collect(),
        Start::Last | Start::Before(_) => rows.rev().take(limit).map(cut).collect(),
    }
}

/// The names in the first rows of a range of them.
fn names<K: AsRef<[u8]>, E>(
    rows: impl Iterator<Item = Result<K, E>>,
    limit: usize,
) -> Result<Vec<Name>, E> {
    // Rows of another length are none of ours, as no name has it.
    let name = |key: K| key.as_ref().strip_prefix(&[NUMBER])?.try_into().ok();
    rows.filter_map(|row| row.map(name).transpose()).take(limit).collect()
}

/// A number as stored: eight bytes, big-endian.
fn number(bytes: &[u8], place: &str) -> Result<u64, StoreError> {
    let wrong = |_| StoreError::damage(place, format!("a number of {} bytes", bytes.len()));
    bytes.try_into().map(u64::from_be_bytes).map_err(wrong)
}
