//! What an authority of time states beside a proof: offline, as the proof is.

use std::path::PathBuf;

use probant_core::{Identity, proof::Proof};
use serde::Serialize;

use crate::{
    Error,
    anchor::{ANCHORED_BYTES_MAX, existed},
    cli::{anchor, plain},
    clock::utc,
    planted,
    timestamp::Refused,
};

/// The options.
#[derive(Debug, clap::Args)]
pub struct Beside {
    /// A timestamp of an authority over a head of the ledger: what `probant proof anchor` wrote, or the
    /// reply over a head that the proof knows
    #[arg(long, value_name = "FILE", requires_all = ["proof", "timestamp_root"])]
    timestamp: Option<PathBuf>,
    /// The authority's root certificate, or several, as PEM
    #[arg(long, value_name = "FILE", requires = "timestamp")]
    timestamp_root: Option<PathBuf>,
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
    /// Verifies it, if one was given, for a proof that holds.
    pub fn verify(
        &self,
        proof: &[u8],
        identity: &Identity,
    ) -> Result<Option<Result<Stated, Refused>>, Error> {
        let (Some(file), Some(root)) = (&self.timestamp, &self.timestamp_root) else {
            return Ok(None);
        };
        let roots = anchor::roots(root)?;
        let bytes = planted::read(file, ANCHORED_BYTES_MAX).map_err(Error::file(file))?;
        let proof = Proof::decode(proof)?;
        Ok(Some(existed(&bytes, &proof, &identity.origin, &roots).map(|(timestamp, size)| {
            Stated {
                no_later_than_ms: timestamp.no_later_than_ms(),
                no_later_than: utc(timestamp.no_later_than_ms()),
                time_ms: timestamp.time_ms,
                accuracy_ms: timestamp.accuracy_ms,
                authority: plain(&timestamp.authority),
                policy: timestamp.policy,
                serial: timestamp.serial,
                size,
            }
        })))
    }
}

impl Stated {
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
