//! How long ago a block was sealed, by the clock's steady side: when the next is due, and whether the
//! ledger has gone silent although nothing has failed, as where a sync hangs.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Two heartbeats and this long without a block are silence: more than a slow disk.
const GRACE: Duration = Duration::from_secs(60);

/// The heartbeat of one process: its start counts as a block.
pub struct Pulse {
    heartbeat: Duration,
    last: Mutex<Duration>,
}

impl Pulse {
    pub fn new(heartbeat: Duration, now: Duration) -> Self {
        Self { heartbeat, last: Mutex::new(now) }
    }

    /// A block was begun then, and is sealed.
    pub fn beat(&self, began: Duration) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = began;
    }

    fn idle(&self, now: Duration) -> Duration {
        now.saturating_sub(*self.last.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How long until a block is due, even of nothing.
    pub fn due_in(&self, now: Duration) -> Duration {
        self.heartbeat.saturating_sub(self.idle(now))
    }

    /// That there is none, long after it was due.
    pub fn silence(&self, now: Duration) -> Option<String> {
        let (idle, limit) =
            (self.idle(now), self.heartbeat.saturating_mul(2).saturating_add(GRACE));
        (idle > limit).then(|| {
            let [idle_s, heartbeat_s] = [idle, self.heartbeat].map(|time| time.as_secs());
            format!(
                "nothing was sealed for {idle_s} s, and a block is due each {heartbeat_s} s: look \
                 at the disk, a sync may hang"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_heartbeats_and_a_minute_are_silence() {
        let s = Duration::from_secs;
        let pulse = Pulse::new(s(240), s(1000));
        assert_eq!(
            [s(1000), s(1100), s(1240), s(9999)].map(|now| pulse.due_in(now)),
            [s(240), s(140), s(0), s(0)]
        );
        assert_eq!([s(0), s(1000), s(1540)].map(|now| pulse.silence(now)), [None, None, None]);
        let silence = pulse.silence(s(1541)).unwrap();
        assert!(silence.starts_with("nothing was sealed for 541 s"), "{silence}");
        assert!(silence.contains("each 240 s"), "{silence}");
        pulse.beat(s(1541));
        assert_eq!((pulse.due_in(s(1542)), pulse.silence(s(1542))), (s(239), None));
        assert_eq!(Pulse::new(Duration::MAX, s(0)).silence(Duration::MAX), None);
    }
}
