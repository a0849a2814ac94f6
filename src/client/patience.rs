//! How long a ledger that says "not now" is waited for.

use std::time::Duration;

use crate::{Error, clock};

/// How often a request is made before the ledger's "not now" is taken for an answer.
pub(super) const TRIES_MAX: u32 = 8;
/// Longest wait before one more try. A ledger that asks for more is told of instead.
pub(super) const WAIT_S_MAX: u64 = 30;

/// At least what the ledger asks for, doubling, plus up to as much again, so that many clients
/// that were turned away together do not come back together.
pub(super) fn wait(tried: u32, asked_s: u64) -> Duration {
    let floor_ms = (250 << tried.min(7)).max(asked_s.saturating_mul(1000)).min(WAIT_S_MAX * 1000);
    let [a, b, ..] = *clock::entropy();
    let jitter_ms = floor_ms * u64::from(u16::from_be_bytes([a, b])) / u64::from(u16::MAX);
    Duration::from_millis(floor_ms + jitter_ms / 2)
}

/// An error, with what the ledger asks for where that is long.
pub(super) fn told(error: Error) -> Error {
    match error {
        Error::Busy { what, retry_after_s: Some(s) } if s > WAIT_S_MAX => {
            let wait = humantime::format_duration(Duration::from_secs(s));
            Error::Busy { what: format!("{what}; try again in {wait}"), retry_after_s: Some(s) }
        }
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_bounded_and_not_below_what_is_asked() {
        for tried in 1..TRIES_MAX {
            for asked_s in [0, 1, 5, u64::MAX] {
                let ms = u64::try_from(wait(tried, asked_s).as_millis()).unwrap();
                assert!(ms <= WAIT_S_MAX * 1500, "{ms}");
                assert!(ms >= asked_s.min(WAIT_S_MAX) * 1000, "{ms}");
            }
        }
    }
}
