//! What is counted and timed where it happens, for whoever watches: made with the ledger, and known
//! to nobody else until they are asked for.

use prometheus_client::metrics::{counter::Counter, family::Family, histogram::Histogram};

use super::Accepted;
use crate::Error;

/// From a tenth of a millisecond to half a minute.
const SECONDS: [f64; 14] =
    [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0];

/// Counters and times of one ledger.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Submissions, by what came of them: `accepted`, `refused`, `busy`, `quota` or `failed`.
    pub submissions: Family<[(&'static str, &'static str); 1], Counter>,
    /// Refused ones, by their code (format.md 12).
    pub refusals: Family<[(&'static str, String); 1], Counter>,
    /// A block, from what waits to what is durable.
    pub seal: Histogram,
    /// Of that, until the store has written and synced it.
    pub append: Histogram,
}

impl Default for Figures {
    fn default() -> Self {
        let [seal, append] = [(); 2].map(|()| Histogram::new(SECONDS));
        Self { submissions: Family::default(), refusals: Family::default(), seal, append }
    }
}

impl Figures {
    pub(super) fn answered(&self, answer: &Result<Accepted, Error>) {
        let outcome = match answer {
            Ok(_) => "accepted",
            Err(Error::Busy { .. } | Error::Unusable(_)) => "busy",
            Err(Error::OverQuota { .. }) => "quota",
            Err(Error::No(_) | Error::Input(_) | Error::Refused { .. }) => "refused",
            Err(Error::Stop(_)) => "failed",
        };
        self.submissions.get_or_create(&[("outcome", outcome)]).inc();
        if let Err(Error::Refused { code, .. }) = answer {
            self.refusals.get_or_create(&[("code", code.to_string())]).inc();
        }
    }
}
