//! `probant verify`: was this document certified, by whom, when? Offline from a proof, or online by
//! asking a ledger for its proofs; either way the one verification of the core decides, and an
//! answer that it refuses is never shown as certified.

mod report;

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use probant_core::{Fingerprints, Identity, Verifier, proof::PROOF_BYTES_MAX};

use super::{json, ledger::Ledger, say};
use crate::{
    Error,
    client::{Asked, Client, Shown},
    clock::Clock,
    document, durable,
};
use report::{Checked, Report, Verdict};

const EXAMPLES: &str = "\
Examples:
  probant verify bill.pdf --identity ledger.example+5e0c…    with bill.pdf.proof beside it
  probant verify bill.pdf --ledger https://ledger.example    asks the ledger, and checks
  probant verify bill.pdf --ledger https://ledger.example --save    and keeps its proof

The document is hashed here and sent nowhere. The identity says which ledger is trusted; online
and without one, the ledger's own word is taken for it, and said so.

Exit codes: 0 certified, 1 unknown or the proof is rejected, 2 mend the input, 3 the ledger is out
of reach, 4 the ledger's answer is a lie or damaged.

JSON (--json), whose fields stay: file, verdict (certified, unknown, not verified), fingerprints
{blake3, sha-256}, ledger, identity_from (given, first use), checked (offline, online),
certifications [{fingerprint, issuer, legal_name, country, registration, media_type, entry,
list_count, block, time_ms, time, head {height, size, time_ms, time}}], not_shown (further
certifications, unchecked; a ledger lists 100, so there may be more), reason {code, text} or null,
rests_on. Unless 2 or 3 is the exit code.";

const PROOF_HELP: &str = "Its proof [default: FILE.proof, if it is there and --ledger is not]";

/// Check by whom a document was certified, and when
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Verify {
    /// The document
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long, value_name = "PROOF", conflicts_with = "url", help = PROOF_HELP)]
    proof: Option<PathBuf>,
    /// Ask the ledger, and keep the newest proof beside the document, for offline use
    #[arg(long, conflicts_with = "proof")]
    save: bool,
    /// The answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    ledger: Ledger,
}

impl Verify {
    pub async fn run(self, clock: &dyn Clock) -> Result<u8, Error> {
        let fingerprints = document::fingerprints(&self.file).map_err(Error::file(&self.file))?;
        let proof = self.proof_file()?;
        let (identity, first_use) = self.ledger.identity().await?;
        let mut report = Report::new(&self.file, fingerprints, &identity, first_use);
        if let Some(proof) = proof {
            offline(&mut report, identity, &proof)?;
        } else {
            let shown = online(&mut report, identity, &self.ledger.client()?).await?;
            if let Some(proof) = shown.newest_proof().filter(|_| self.save) {
                save(&document::proof_path(&self.file), proof)?;
            }
        }
        say(&if self.json { json(&report) } else { report.to_text(clock.now_ms()) })?;
        Ok(report.exit_code())
    }

    /// The proof to check offline; none where the ledger is to be asked.
    fn proof_file(&self) -> Result<Option<PathBuf>, Error> {
        if let Some(proof) = &self.proof {
            return Ok(Some(proof.clone()));
        }
        let beside = document::proof_path(&self.file);
        if !self.save && !self.ledger.is_named() && beside.is_file() {
            return Ok(Some(beside));
        }
        if self.ledger.has_url() {
            return Ok(None);
        }
        Err(Error::input(format!(
            "there is no {} and no ledger to ask: give --proof FILE or --ledger URL",
            beside.display()
        )))
    }
}

fn offline(report: &mut Report, identity: Identity, proof: &Path) -> Result<(), Error> {
    let mut bytes = Vec::new();
    let file = File::open(proof).map_err(Error::file(proof))?;
    file.take(PROOF_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(Error::file(proof))?;
    let Fingerprints { blake3, sha256 } = report.fingerprints();
    report.checked = Checked::Offline;
    match Verifier::new(identity).verify(&[blake3, sha256], &bytes) {
        Ok(verified) => report.add(&verified),
        Err(rejected) => report.reject(Verdict::Rejected, &rejected),
    }
    Ok(())
}

async fn online(report: &mut Report, identity: Identity, client: &Client) -> Result<Shown, Error> {
    match client.verify(&mut Verifier::new(identity), &report.fingerprints()).await? {
        Asked::Shown(shown) => {
            report.show(&shown);
            Ok(shown)
        }
        Asked::Lie(rejected) => {
            report.reject(Verdict::Lie, &rejected);
            Ok(Shown::default())
        }
    }
}

/// Never in the place of another: that one may be older, and worth more for it.
fn save(path: &Path, proof: &[u8]) -> Result<(), Error> {
    let saved = durable::create_new_file(path, proof, 0o644);
    saved.map(drop).map_err(|error| Error::input(error.to_string()))
}
