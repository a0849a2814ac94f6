//! `probant proof anchor`: asks a ledger for the earliest timestamp that covers what a proof certifies,
//! verifies it, and keeps it beside the proof.

use std::path::{Path, PathBuf};

use probant_core::{Verifier, proof::Proof};

use super::read;
use crate::{
    Error,
    anchor::existed,
    cli::{anchor, beside, ledger::Ledger, plain, say},
    client::Client,
    clock::utc,
    durable,
    timestamp::{Refused, Roots},
};

const EXAMPLE: &str = "\
Example:
  probant proof anchor bill.pdf.proof --root tsa-root.pem --ledger https://ledger.example
  probant verify bill.pdf --proof bill.pdf.proof \\
      --timestamp bill.pdf.proof.anchor --timestamp-root tsa-root.pem

The ledger gives the timestamp that an authority has put over one of its heads, the path from the
certifying entry to that head, and that this head and the proof's are one history: written to
FILE.anchor, they show offline, and without believing the ledger, that the entry was sealed by then.
Which authority that is, its operator says. A proof that was refreshed has another head: ask again.

Exit codes, the highest of all files: 0 anchored; 1 nothing covers the entry yet, or the proof is
rejected; 2 mend the input, or the root; 3 the ledger is out of reach; 4 what the ledger gave does not hold.";

/// Keep, beside proofs, what an authority of time states of the ledger's head
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Anchor {
    /// Proofs
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The authority's root certificate, or several, as PEM
    #[arg(long, value_name = "FILE")]
    root: PathBuf,
    #[command(flatten)]
    ledger: Ledger,
}

impl Anchor {
    pub async fn run(&self) -> Result<u8, Error> {
        let roots = anchor::roots(&self.root)?;
        let client = self.ledger.client()?;
        let (identity, _) = self.ledger.identity().await?;
        let mut verifier = Verifier::new(identity);
        let mut worst = 0;
        for file in &self.files {
            if let Err(error) = anchor_one(file, &mut verifier, &client, &roots).await {
                worst = worst.max(error.exit_code());
                eprintln!("probant: {}: {error}", file.display());
            }
        }
        Ok(worst)
    }
}

/// A crash on the way leaves what was there before, or all of the new.
async fn anchor_one(
    file: &Path,
    verifier: &mut Verifier,
    client: &Client,
    roots: &Roots,
) -> Result<(), Error> {
    let proof = verified(verifier, &read(file)?)?;
    let answer = client.anchored(proof.receipt.index, proof.receipt.size).await?;
    let found = existed(&answer, &proof, &verifier.identity().origin, roots);
    let (timestamp, size) = found.map_err(|why| {
        let what = format!("the timestamp from {}: {why}", client.url());
        // One of two is wrong, and this is the likelier one.
        if matches!(why, Refused::Chain(_)) { Error::input(what) } else { Error::Stop(what) }
    })?;
    durable::replace_file(&beside::anchor(file), &answer, 0o644)?;
    let (time, by) = (utc(timestamp.no_later_than_ms()), plain(&timestamp.authority));
    let file = file.display();
    say(&format!("anchored  {file}: no later than {time}, by {by}, over {size} entries"))
}

fn verified(verifier: &mut Verifier, bytes: &[u8]) -> Result<Proof, Error> {
    let no = |rejected: probant_core::Rejected| {
        Error::No(format!("this proof does not hold: {}: {rejected}", rejected.code()))
    };
    let proof = Proof::decode(bytes).map_err(no)?;
    verifier.verify(&[proof.document.fingerprint], bytes).map_err(no)?;
    Ok(proof)
}
