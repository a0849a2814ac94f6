//! Token buckets, one for each of many: how much somebody may take in a time. A bucket can be looked at
//! without taking anything, and kept by somebody else (which the libraries for this do not have, and
//! the rates of clients and the quotas of issuers need).

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// At the most, full buckets are looked for so often.
const SWEEP_PAUSE: Duration = Duration::from_secs(1);

/// How much may be taken.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// A token comes back after so long.
    each: Duration,
    /// So long is an empty bucket not full.
    whole: Duration,
}

impl Rate {
    /// So many tokens a second, and as many as come in `burst_s` at once; none at all for 0.
    pub fn new(a_second: u32, burst_s: u32) -> Option<Self> {
        let each = Duration::from_secs(1).checked_div(a_second)?;
        Some(Self { each, whole: Duration::from_secs(burst_s.max(1).into()) })
    }

    /// Takes a token from a bucket that is full again at `full`.
    ///
    /// # Errors
    /// After how long there will be one; nothing is taken.
    pub fn take(&self, full: &mut Duration, now: Duration) -> Result<(), Duration> {
        let then = (*full).max(now) + self.each;
        let wait = then.saturating_sub(now + self.whole);
        if !wait.is_zero() {
            return Err(wait);
        }
        *full = then;
        Ok(())
    }
}

/// A bucket for each key, at most so many; those beyond share one. A bucket that nobody has is full.
pub struct Buckets<K> {
    rate: Rate,
    most: usize,
    held: Mutex<Held<K>>,
}

struct Held<K> {
    /// When each is full again.
    full: HashMap<K, Duration>,
    /// The same of the one that is shared.
    shared: Duration,
    swept: Duration,
}

impl<K: Hash + Eq> Buckets<K> {
    pub fn new(rate: Rate, most: usize) -> Self {
        let (full, shared, swept) = (HashMap::new(), Duration::ZERO, Duration::ZERO);
        Self { rate, most, held: Mutex::new(Held { full, shared, swept }) }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// After how long there will be one; nothing is taken.
    pub fn take(&self, key: K, now: Duration) -> Result<(), Duration> {
        let mut held = self.held();
        self.rate.take(held.bucket(key, self.most, now), now)
    }

    /// Takes tokens even where there are none: somebody has had them already.
    pub fn draw(&self, key: K, tokens: u32, now: Duration) {
        let (mut held, rate) = (self.held(), self.rate);
        let full = held.bucket(key, self.most, now);
        let then = (*full).max(now).saturating_add(rate.each.saturating_mul(tokens));
        *full = then.min(now + rate.whole);
    }

    /// Whether there is a token.
    ///
    /// # Errors
    /// After how long there will be one.
    pub fn look(&self, key: &K, now: Duration) -> Result<(), Duration> {
        let held = self.held();
        let full = match held.full.get(key) {
            Some(full) => *full,
            None if held.full.len() >= self.most => held.shared,
            None => return Ok(()),
        };
        let wait = (full + self.rate.each).saturating_sub(now + self.rate.whole);
        if wait.is_zero() { Ok(()) } else { Err(wait) }
    }

    fn held(&self) -> MutexGuard<'_, Held<K>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq> Held<K> {
    fn bucket(&mut self, key: K, most: usize, now: Duration) -> &mut Duration {
        if self.full.len() >= most && !self.full.contains_key(&key) {
            if now.saturating_sub(self.swept) >= SWEEP_PAUSE {
                self.swept = now;
                self.full.retain(|_, full| *full > now);
            }
            if self.full.len() >= most {
                return &mut self.shared;
            }
        }
        self.full.entry(key).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn buckets(most: usize) -> Buckets<u32> {
        Buckets::new(Rate::new(10, 1).unwrap(), most)
    }

    fn taken(buckets: &Buckets<u32>, key: u32, now: Duration) -> usize {
        (0..100).take_while(|_| buckets.take(key, now).is_ok()).count()
    }

    #[test]
    fn a_bucket_empties_and_fills() {
        let (buckets, now) = (buckets(9), ms(5000));
        assert_eq!(taken(&buckets, 1, now), 10);
        assert_eq!(buckets.take(1, now), Err(ms(100)));
        assert_eq!(buckets.look(&1, now), Err(ms(100)));
        assert_eq!(buckets.take(1, now + ms(40)), Err(ms(60)));
        assert_eq!(buckets.look(&1, now + ms(100)), Ok(()));
        assert_eq!(taken(&buckets, 1, now + ms(200)), 2);
        assert_eq!(taken(&buckets, 2, now), 10, "another's");
        assert_eq!(taken(&buckets, 1, now + ms(90_000)), 10, "no more than a whole one");
        assert!(Rate::new(0, 1).is_none());
    }

    #[test]
    fn what_somebody_has_had_is_counted_and_is_no_debt_for_ever() {
        let (buckets, now) = (buckets(9), ms(5000));
        for _ in 0..1000 {
            buckets.draw(1, 1, now);
        }
        assert_eq!(buckets.look(&1, now), Err(ms(100)));
        assert_eq!(buckets.look(&1, now + ms(100)), Ok(()));
    }

    #[test]
    fn more_than_it_remembers_share_one_and_the_full_are_forgotten() {
        let (buckets, now) = (buckets(3), ms(5000));
        assert_eq!((0..3).map(|key| taken(&buckets, key, now)).sum::<usize>(), 30);
        assert_eq!((3..9).map(|key| taken(&buckets, key, now)).sum::<usize>(), 10);
        assert_eq!(buckets.look(&99, now), Err(ms(100)));
        assert_eq!(buckets.held().full.len(), 3);
        // A second later all are full, and one is remembered.
        assert_eq!(taken(&buckets, 9, now + ms(1000)), 10);
        assert_eq!(buckets.held().full.len(), 1);
    }
}
