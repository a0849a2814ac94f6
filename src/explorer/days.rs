//! Documents a day. A block statement holds the count of all documents so far and time never goes
//! backwards, so the end of a day is found by halving; what a past day amounts to never changes.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use probant_core::statement::BlockStatement;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Error, clock::utc};

/// Days in an answer.
const DAYS: u64 = 90;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct DayAnswer {
    /// In UTC, by the time of blocks: `2026-11-25`.
    pub date: String,
    /// Documents certified on it.
    pub documents: u64,
}

/// The first block after a past day, and the documents certified until then.
#[derive(Clone, Copy)]
struct End {
    height: u64,
    documents: u64,
}

/// Ends of past days, by the number of the day since 1970.
#[derive(Default)]
pub struct Days(Mutex<BTreeMap<u64, End>>);

impl Days {
    /// The days up to that of a block; `read` gives what blocks up to that one say.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn up_to(
        &self,
        height: u64,
        read: impl Fn(u64) -> Result<BlockStatement, Error>,
    ) -> Result<Vec<DayAnswer>, Error> {
        let newest = read(height)?;
        let today = newest.time_ms / DAY_MS;
        let oldest = today.saturating_sub(DAYS - 1);
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut answer = Vec::new();
        let mut before = match oldest.checked_sub(1) {
            Some(day) => end(&mut ends, day, 0, height, &read)?,
            None => End { height: 0, documents: 0 },
        };
        for day in oldest..today {
            let after = end(&mut ends, day, before.height, height, &read)?;
            answer.push(day_of(day, after.documents - before.documents));
            before = after;
        }
        answer.push(day_of(today, newest.documents.saturating_sub(before.documents)));
        ends.retain(|day, _| day + 1 >= oldest);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = ends;
        Ok(answer)
    }
}

fn day_of(day: u64, documents: u64) -> DayAnswer {
    let time = utc(day.saturating_mul(DAY_MS));
    DayAnswer { date: time.split('T').next().unwrap_or_default().to_owned(), documents }
}

/// The end of a day that is over by the block at `high`: the first block of a later day is not
/// below `low`.
fn end(
    ends: &mut BTreeMap<u64, End>,
    day: u64,
    low: u64,
    high: u64,
    read: &impl Fn(u64) -> Result<BlockStatement, Error>,
) -> Result<End, Error> {
    if let Some(end) = ends.get(&day) {
        return Ok(*end);
    }
    let (mut low, mut high) = (low, high);
    while low < high {
        let middle = low + (high - low) / 2;
        if read(middle)?.time_ms / DAY_MS > day {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    let documents = low.checked_sub(1).map(|last| read(last).map(|block| block.documents));
    let end = End { height: low, documents: documents.transpose()?.unwrap_or(0) };
    ends.insert(day, end);
    Ok(end)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use probant_core::Hash;

    use super::*;

    /// Blocks at these times (day, documents certified in it).
    fn chain(blocks: &[(u64, u64)]) -> Vec<BlockStatement> {
        let mut documents = 0;
        let blocks = blocks.iter().zip(0..).map(|((time_ms, count), height)| {
            documents += count;
            let hash = Hash([0; 32]);
            BlockStatement {
                height,
                previous: hash,
                first: height,
                size: height + 1,
                documents,
                time_ms: *time_ms,
                status: hash,
            }
        });
        blocks.collect()
    }

    #[test]
    fn every_document_is_counted_on_the_day_of_its_block() {
        let start = 20_000 * DAY_MS;
        let times = [0, 1, DAY_MS - 1, DAY_MS, 3 * DAY_MS, 3 * DAY_MS + 5, 95 * DAY_MS];
        let blocks: Vec<_> = times.iter().zip(1..).map(|(at, n)| (start + at, n)).collect();
        let chain = chain(&blocks);
        let days = Days::default();
        let reads = Cell::new(0);
        let read = |height: u64| {
            reads.set(reads.get() + 1);
            Ok(chain[height as usize].clone())
        };
        for height in 0..chain.len() as u64 {
            let newest = &chain[height as usize];
            let answer = days.up_to(height, read).unwrap();
            assert_eq!(answer.len(), 90);
            let today = newest.time_ms / DAY_MS;
            for (day, at) in answer.iter().zip(today - 89..) {
                let of_day = blocks[..=height as usize].iter().filter(|(t, _)| t / DAY_MS == at);
                let documents: u64 = of_day.map(|(_, count)| count).sum();
                assert_eq!(day, &day_of(at, documents), "up to block {height}");
            }
        }
        let date = |answer: &[DayAnswer]| answer.last().unwrap().date.clone();
        assert_eq!(date(&days.up_to(0, read).unwrap()), "2024-10-04");
        let again = days.up_to(6, read).unwrap();
        reads.set(0);
        assert_eq!(days.up_to(6, read).unwrap(), again);
        assert_eq!(reads.get(), 1, "past days are remembered");
    }

    #[test]
    fn a_ledger_of_the_first_days_of_time_has_days_too() {
        let chain = chain(&[(0, 3), (DAY_MS, 4)]);
        let answer = Days::default().up_to(1, |height| Ok(chain[height as usize].clone())).unwrap();
        assert_eq!(answer, [day_of(0, 3), day_of(1, 4)]);
    }
}
