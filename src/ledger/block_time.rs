//! The rules of time (format.md 10.2): block time never goes back, and a clock that jumped is not
//! believed without the operator.

use std::time::Duration;

use crate::clock::Clock;

/// How far the previous block may be ahead of this clock.
const BEHIND_MS_MAX: u64 = 5_000;
/// The largest step forward of the wall clock that is believed while running.
const STEP_MS_MAX: u64 = 60 * 60 * 1000;

/// Chooses the time of each block.
pub struct BlockTime {
    /// Wall clock and steady clock when they were last read.
    last: Option<(u64, Duration)>,
}

impl BlockTime {
    /// For a process that has just started: however long it was down, its clock is believed.
    pub fn new() -> Self {
        Self { last: None }
    }

    /// The time of the block after one of `previous_ms`.
    ///
    /// # Errors
    /// Why this clock is not believed; the operator must look, and restart to confirm it.
    pub fn next(&mut self, clock: &dyn Clock, previous_ms: u64) -> Result<u64, String> {
        let (now_ms, elapsed) = (clock.now_ms(), clock.elapsed());
        if let Some((wall_ms, then)) = self.last {
            let steady_ms =
                u64::try_from(elapsed.saturating_sub(then).as_millis()).unwrap_or(u64::MAX);
            let step_ms = now_ms.saturating_sub(wall_ms.saturating_add(steady_ms));
            if step_ms > STEP_MS_MAX {
                return Err(format!(
                    "the clock jumped {} s ahead while running: set it right, or restart to confirm",
                    step_ms / 1000
                ));
            }
        }
        if previous_ms > now_ms + BEHIND_MS_MAX {
            return Err(format!(
                "the newest block is {} ms ahead of this clock: set the clock right",
                previous_ms - now_ms
            ));
        }
        self.last = Some((now_ms, elapsed));
        Ok(now_ms.max(previous_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    struct Hand(Mutex<(u64, u64)>);

    impl Clock for Hand {
        fn now_ms(&self) -> u64 {
            self.0.lock().unwrap().0
        }
        fn elapsed(&self) -> Duration {
            Duration::from_millis(self.0.lock().unwrap().1)
        }
    }

    #[test]
    fn time_never_goes_back_and_jumps_are_not_believed() {
        let hour = 3_600_000;
        let hand = Hand(Mutex::new((10 * hour, 0)));
        let mut time = BlockTime::new();
        let mut at = |wall, steady, previous| {
            *hand.0.lock().unwrap() = (wall, steady);
            time.next(&hand, previous)
        };
        assert_eq!(at(10 * hour, 0, 0), Ok(10 * hour));
        assert_eq!(at(10 * hour + 7, 7, 10 * hour), Ok(10 * hour + 7));
        // A step back within bounds: time stands still.
        assert_eq!(at(10 * hour - 4000, 8, 10 * hour + 7), Ok(10 * hour + 7));
        assert!(at(10 * hour - 6000, 9, 10 * hour + 7).is_err());
        // A step ahead of more than an hour is refused, again and again, until set right.
        assert!(at(12 * hour, 10, 10 * hour + 7).is_err());
        assert!(at(12 * hour, 11, 10 * hour + 7).is_err());
        assert_eq!(at(10 * hour + 20, 12, 10 * hour + 7), Ok(10 * hour + 20));
        // A long night with the clock running is no jump.
        assert_eq!(at(22 * hour, 12 * hour, 10 * hour + 20), Ok(22 * hour));
    }
}
