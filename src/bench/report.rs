//! What a load measured.

use std::{fmt, time::Duration};

/// Latencies, in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Latency(Vec<u32>);

impl Latency {
    /// Takes one.
    pub fn add(&mut self, latency: Duration) {
        self.0.push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }

    /// Takes those of another connection.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// Milliseconds that a share of all took at most, of so many in a thousand.
    fn permille_ms(&self, permille: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        let at = (sorted.len() * permille / 1000).min(last);
        sorted.get(at).map_or(0.0, |us| f64::from(*us) / 1000.0)
    }
}

/// What came of a load.
#[derive(Clone, Debug)]
pub struct Report {
    /// Documents certified, or requests answered.
    pub documents: u64,
    /// How long it took.
    pub seconds: f64,
    /// Answers "try again later".
    pub busy: u64,
    /// Of each final answer.
    pub latency: Latency,
}

impl Report {
    /// Documents or requests a second.
    #[allow(clippy::cast_precision_loss)] // Far below 2^52 documents.
    pub fn rate(&self) -> f64 {
        self.documents as f64 / self.seconds.max(f64::MIN_POSITIVE)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, p999] = [500, 990, 999].map(|permille| self.latency.permille_ms(permille));
        write!(
            f,
            "{} in {:.2} s: {:.0}/s; answers {}, p50 {p50:.2} ms, p99 {p99:.2} ms, p99.9 {p999:.2} ms; \
             {} times busy",
            self.documents,
            self.seconds,
            self.rate(),
            self.latency.count(),
            self.busy
        )
    }
}
