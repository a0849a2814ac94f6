//! What an authority of time states beside a proof: offline, as the proof is.

use std::path::PathBuf;

use probant_core::{Verified, proof::Proof};
use serde::Serialize;

use crate::{
    Error,
    anchor::{ANCHORED_BYTES_MAX, carried, existed},
    cli::{anchor, plain},
    clock::utc,
    planted,
    timestamp::{Refused, Timestamp},
};

/// The options.
#[derive(Debug, clap::Args)]
pub struct Beside {
    /// Believe the timestamps of this authority, whose root certificate this is, as PEM: those that the
    /// proof carries, or the one that is given
    #[arg(long, value_name = "FILE", requires = "proof")]
    timestamp_root: Option<PathBuf>,
    /// A timestamp over a head of the ledger: what `probant proof anchor` wrote for this proof, or an
    /// authority's reply over its head
    #[arg(long, value_name = "FILE", requires = "timestamp_root")]
    timestamp: Option<PathBuf>,
}

/// What is stated.
#[derive(Clone, Debug, Serialize)]
pub struct Stated {
    no_later_than_ms: u64,
    no_later_than: String,
    time_ms: u64,
    accuracy_ms: u64,
    authority: String,
    policy: String,
    serial: String,
    /// Entries in the tree under the head that is stamped.
    size: u64,
}

impl Beside {
    /// Verifies it, if there is a root to believe, for a proof that holds.
    pub fn verify(
        &self,
        verified: &Verified,
        proof: &[u8],
    ) -> Result<Option<Result<Stated, Refused>>, Error> {
        let Some(root) = &self.timestamp_root else { return Ok(None) };
        let roots = anchor::roots(root)?;
        let found = match &self.timestamp {
            None => carried(verified, &roots),
            Some(file) => {
                let bytes = planted::read(file, ANCHORED_BYTES_MAX).map_err(Error::file(file))?;
                existed(&bytes, &Proof::decode(proof)?, &verified.identity().origin, &roots)
            }
        };
        Ok(Some(found.map(|(timestamp, size)| Stated::of(timestamp, size))))
    }
}

impl Stated {
    fn of(timestamp: Timestamp, size: u64) -> Self {
        let no_later_than_ms = timestamp.no_later_than_ms();
        let Timestamp { time_ms, accuracy_ms, authority, policy, serial } = timestamp;
        let (no_later_than, authority) = (utc(no_later_than_ms), plain(&authority));
        Self {
            no_later_than_ms,
            no_later_than,
            time_ms,
            accuracy_ms,
            authority,
            policy,
            serial,
            size,
        }
    }

    /// In words; `sealed_ms` is the ledger's own word for when.
    pub fn to_text(&self, sealed_ms: u64) -> String {
        let Self { no_later_than, authority, .. } = self;
        let mut text = format!("sealed no later than {no_later_than}, by the clock of {authority}");
        if self.no_later_than_ms < sealed_ms {
            text.push_str(": before the ledger says that it was; one of the clocks is wrong");
        }
        text
    }
}
