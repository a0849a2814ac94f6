//! Time and randomness: the only file that asks the system for them; everybody else is handed
//! them.
#![allow(clippy::disallowed_methods)]

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use zeroize::Zeroizing;

/// What time it is.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970 by the wall clock, which may step.
    fn now_ms(&self) -> u64;
    /// Time since some fixed point, which never steps.
    fn elapsed(&self) -> Duration;
}

/// A shared clock.
pub type SharedClock = Arc<dyn Clock>;

/// The system's clock.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl SystemClock {
    /// A clock to hand down.
    pub fn shared() -> SharedClock {
        Arc::new(Self(Instant::now()))
    }
}

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

impl fmt::Debug for dyn Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({} ms)", self.now_ms())
    }
}

/// Thirty-two bytes that nobody can guess, wiped when dropped.
///
/// # Panics
/// If the system has no randomness to give: nothing safe can be done then.
pub fn entropy() -> Zeroizing<[u8; 32]> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut()).expect("the system gives random bytes");
    bytes
}

/// A time of the ledger as people and programs read it: `2026-11-22T20:28:07.123Z` (RFC 3339).
pub fn utc(time_ms: u64) -> String {
    // RFC 3339 ends with the year 9999.
    let time_ms = time_ms.min(253_402_300_799_999);
    humantime::format_rfc3339_millis(SystemTime::UNIX_EPOCH + Duration::from_millis(time_ms))
        .to_string()
}

/// The inverse of [`utc`], with or without a fraction; `None` for what is no such time.
pub fn from_utc(text: &str) -> Option<u64> {
    let since = humantime::parse_rfc3339(text).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_like_the_calendar() {
        assert_eq!(utc(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(utc(1_795_379_287_123), "2026-11-22T20:28:07.123Z");
        assert_eq!(utc(u64::MAX), "9999-12-31T23:59:59.999Z");
        assert_eq!(from_utc("2026-11-22T20:28:07.123Z"), Some(1_795_379_287_123));
        assert_eq!(from_utc("2026-11-22T20:28:07Z"), Some(1_795_379_287_000));
        for wrong in ["2026-11-22", "2026-11-22T20:28:07+02:00", "1969-01-01T00:00:00Z", "now"] {
            assert_eq!(from_utc(wrong), None, "{wrong}");
        }
    }
}
