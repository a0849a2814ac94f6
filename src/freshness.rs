//! How old the head of a proof may be. What a proof does not know of, it cannot tell: an old one says
//! nothing of a revocation since.

use std::{fmt, time::Duration};

use crate::clock::utc;

/// What an answer that was just asked for must not be older than: a ledger with nothing to seal
/// seals all the same, every 4 minutes.
pub const ONLINE_MAX: Duration = Duration::from_secs(10 * 60);
/// Most that a head may be ahead of the local clock: as much as a ledger lets statements be.
const AHEAD_MS_MAX: u64 = 5 * 60 * 1000;

/// What is still fresh at some moment.
#[derive(Clone, Copy, Debug)]
pub struct Freshness {
    now_ms: u64,
    age_max: Option<Duration>,
}

/// Why a head is refused, by what the user does next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotFresh {
    /// It is older than it may be.
    Stale {
        /// When it was sealed.
        time_ms: u64,
        /// How old that is.
        age: Duration,
        /// How old it may be.
        age_max: Duration,
    },
    /// It is of a time that has not come: one of two clocks is wrong.
    Ahead {
        /// When it was sealed.
        time_ms: u64,
        /// How far that is from now.
        by: Duration,
    },
}

impl Freshness {
    /// At `now_ms` by the local clock; without a limit, all ages are fresh.
    pub fn new(now_ms: u64, age_max: Option<Duration>) -> Self {
        Self { now_ms, age_max }
    }

    /// The local clock.
    pub fn now_ms(self) -> u64 {
        self.now_ms
    }

    /// Whether a head sealed at `time_ms` may be relied on.
    ///
    /// # Errors
    /// [`NotFresh`].
    pub fn check(self, time_ms: u64) -> Result<(), NotFresh> {
        let ahead_ms = time_ms.saturating_sub(self.now_ms);
        if ahead_ms > AHEAD_MS_MAX {
            return Err(NotFresh::Ahead { time_ms, by: Duration::from_millis(ahead_ms) });
        }
        let age = Duration::from_millis(self.now_ms.saturating_sub(time_ms));
        match self.age_max {
            Some(age_max) if age > age_max => Err(NotFresh::Stale { time_ms, age, age_max }),
            _ => Ok(()),
        }
    }
}

/// What follows "the ledger shows" or "the proof shows".
impl fmt::Display for NotFresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale { time_ms, age, age_max } => {
                let (time, age) = (utc(*time_ms), span(*age));
                let age_max = humantime::format_duration(*age_max);
                write!(f, "nothing sealed since {time}, {age} ago, and {age_max} is allowed")
            }
            Self::Ahead { time_ms, by } => {
                let (time, by) = (utc(*time_ms), span(*by));
                write!(f, "a block of {time}, {by} ahead of this machine's clock")
            }
        }
    }
}

/// How long ago that was.
pub fn ago(time_ms: u64, now_ms: u64) -> String {
    match now_ms.checked_sub(time_ms) {
        None => "ahead of this machine's clock".into(),
        Some(0..=1999) => "just now".into(),
        Some(age_ms) => format!("{} ago", span(Duration::from_millis(age_ms))),
    }
}

/// In one unit, of which there are two at least, but for one second.
fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let units = [(86_400, "days"), (3600, "hours"), (60, "minutes")];
    let unit = units.into_iter().find(|(unit_s, _)| seconds / unit_s >= 2);
    let (unit_s, name) = unit.unwrap_or((1, "seconds"));
    match seconds / unit_s {
        1 => "1 second".into(),
        count => format!("{count} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_read_in_one_unit() {
        assert_eq!(ago(0, 1999), "just now");
        assert_eq!(span(Duration::from_secs(1)), "1 second");
        assert_eq!(ago(0, 119_000), "119 seconds ago");
        assert_eq!(ago(0, 7_200_000), "2 hours ago");
        assert_eq!(ago(0, 86_400_000 * 100), "100 days ago");
        assert_eq!(ago(1, 0), "ahead of this machine's clock");
    }

    #[test]
    fn a_head_may_be_as_old_as_allowed_and_five_minutes_ahead() {
        let fresh = Freshness::new(1_000_000, Some(Duration::from_secs(600)));
        let any_age = Freshness::new(1_000_000, None);
        assert!(fresh.check(400_000).is_ok() && any_age.check(0).is_ok());
        assert!(matches!(fresh.check(399_999), Err(NotFresh::Stale { .. })));
        assert!(fresh.check(1_300_000).is_ok());
        for freshness in [fresh, any_age] {
            assert!(matches!(freshness.check(1_300_001), Err(NotFresh::Ahead { .. })));
            assert!(freshness.check(u64::MAX).is_err());
        }
    }
}
