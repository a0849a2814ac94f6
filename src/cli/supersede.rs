//! `probant supersede`: a corrected document takes the place of another, for good.

use std::path::PathBuf;

use probant_core::status::Reason;

use super::withdrawal::{self, Withdrawal};
use crate::{
    Error,
    clock::SharedClock,
    revoke::{Target, Wanted},
};

const EXAMPLES: &str = "\
Examples:
  probant certify corrected.pdf --issuer energie.example --key energie.pem
  probant supersede bill.pdf corrected.pdf --issuer energie.example --key energie.pem
  probant supersede --from pairs.txt --issuer energie.example --key energie.pem

Whoever verifies the old document is told the fingerprint of the new one, which must be certified
before. It is for good. All else is as for `probant revoke`: see its help. A line of --from holds
two fingerprints, old and new.";

/// Put a corrected document in the place of another
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Supersede {
    /// Files or fingerprints: the old one, the new one, and further pairs
    #[arg(value_names = ["OLD", "NEW"], num_args = 2.., required_unless_present = "from")]
    documents: Vec<PathBuf>,
    /// A file with two fingerprints a line; - for standard input
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    withdrawal: Withdrawal,
}

impl Supersede {
    pub async fn run(self, clock: &SharedClock) -> Result<u8, Error> {
        let (pairs, rest) = self.documents.as_chunks::<2>();
        if let [alone] = rest {
            let alone = alone.display();
            return Err(Error::input(format!("what takes the place of {alone}? Name it after it")));
        }
        let mut wanted = Vec::new();
        for [old, new] in pairs {
            wanted.push(Wanted::replaced([Target::parse(old)?, Target::parse(new)?]));
        }
        if let Some(from) = &self.from {
            wanted.extend(withdrawal::read::<2>(from)?.into_iter().map(Wanted::replaced));
        }
        self.withdrawal.run(wanted, Reason::Superseded, &**clock).await
    }
}
