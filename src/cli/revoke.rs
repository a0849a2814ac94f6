//! `probant revoke`: an issuer takes documents back, for good.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use probant_core::status::Reason;

use super::withdrawal::{self, Withdrawal};
use crate::{
    Error,
    clock::SharedClock,
    revoke::{Target, Wanted},
};

const EXAMPLES: &str = "\
Examples:
  probant revoke bill.pdf --reason issued-in-error --issuer energie.example --key energie.pem
  probant revoke bills/2026-10 --reason withdrawn --issuer energie.example --key energie.pem
  probant revoke --from list.txt --reason obtained-by-fraud --issuer … --key …

Reasons:
  unspecified        none is given
  issued-in-error    it should never have been certified
  withdrawn          it was right, and holds no longer
  obtained-by-fraud  somebody deceived the issuer
A corrected bill takes the place of another by `probant supersede`.

It is for good: to certify the same bytes again changes nothing. Proofs that people hold say what
was so when they were made; whoever asks the ledger is told.

The ledger is asked about all of them first, by both hashes. One that the issuer has not certified
is named, and nothing is revoked. What has fallen already is left out and counted, so the same
command again goes on after an interruption. Folders are walked as by `probant certify`; a line of
--from holds one fingerprint.

With --out nothing is sent. Where no ledger is to be asked, give --identity, and --hash if it was
not blake3; `probant submit` sends the file from another machine.

Exit codes: 0 done, 2 some were not certified by this issuer, or the ledger refuses, 3 the ledger is
out of reach, 4 its answer is a lie or damaged, 130 interrupted.";

/// Take certified documents back, for good
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Revoke {
    /// Documents, folders of them, and fingerprints
    #[arg(value_name = "FILE|FOLDER|FINGERPRINT", required_unless_present = "from")]
    documents: Vec<PathBuf>,
    /// A file with a fingerprint a line; - for standard input
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Why: a word of the list below
    #[arg(long, value_name = "WORD", value_parser = reasons(), hide_possible_values = true)]
    reason: Reason,
    #[command(flatten)]
    withdrawal: Withdrawal,
}

/// All but the one of `probant supersede`.
fn reasons() -> impl clap::builder::TypedValueParser<Value = Reason> {
    let words = Reason::ALL.into_iter().filter(|reason| *reason != Reason::Superseded);
    PossibleValuesParser::new(words.map(Reason::name)).try_map(|word| word.parse::<Reason>())
}

impl Revoke {
    pub async fn run(self, clock: &SharedClock) -> Result<u8, Error> {
        let mut targets = Target::all(&self.documents)?;
        if let Some(from) = &self.from {
            targets.extend(withdrawal::read::<1>(from)?.into_iter().flatten());
        }
        let wanted = targets.into_iter().map(Wanted::alone).collect();
        self.withdrawal.run(wanted, self.reason, &**clock).await
    }
}
