//! `probant verify`: was this document certified, by whom, when? Offline from a proof, or online by
//! asking a ledger for its proofs; either way the one verification of the core decides, and an
//! answer that it refuses is never shown as certified.

mod certification;
mod report;
mod save;
mod timestamp;
mod witnessed;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use probant_core::{
    Fingerprints, Identity, Verified, Verifier,
    proof::{PROOF_BYTES_MAX, Proof},
    trust_policy::TrustPolicy,
};

use super::{json, ledger::Ledger, read, say};
use crate::{
    Error,
    client::{Asked, Client},
    clock::Clock,
    document,
    freshness::{Freshness, ONLINE_MAX},
};
use report::{Refused, Report, Way};
use timestamp::Beside;
use witnessed::Trusted;

const EXAMPLES: &str = "\
Examples:
  probant verify bill.pdf --identity ledger.example+5e0c…    with bill.pdf.proof beside it
  probant verify bill.pdf --ledger https://ledger.example    asks the ledger, and checks
  probant verify bill.pdf --ledger https://ledger.example --save    and keeps its proof
  probant verify bill.pdf --ledger https://ledger.example --by-prefix    not saying which document
  probant verify bill.pdf --proof bill.pdf.proof    asks no ledger, whatever the environment says
  probant verify bill.pdf --policy witnesses.policy    and a quorum of witnesses has to agree

The document is hashed here and sent nowhere. Where a ledger is given, by --ledger or by
PROBANT_LEDGER, it is asked; a proof is checked offline where it is given by --proof, or where no
ledger is given. The answer says which was done. The identity says which ledger is trusted; online
and without one, the ledger's own word is taken for it, and said so.

With --by-prefix the ledger is told the first 4 digits of each fingerprint, or more where over 64
documents begin so, 8 at most. It answers with all that do, and with their proofs, and is asked
nothing else: it does not learn which of them is checked, if any. Of a small ledger that is often
one alone. It proves at least 4 certifications of each, as it chooses: of more, the oldest may be
one that is not checked, and the answer says so. --save then leaves a proof that is there alone.

Several issuers may have certified the same bytes. The verdict is certified if one of these
certifications stands, else superseded, revoked or distrusted (its key was in other hands). A proof
knows what happened up to its newest block, and nothing later: that block's age is always said, and
refused if it is above --max-age, or more than 5 minutes ahead of this machine's clock.

With --policy, a C2SP trust policy, there is no verdict unless a log that it lists, if it lists
one, signed the head that the proof leads to, and a quorum of its witnesses cosigned that. Once
Ed25519 can be forged, list the ledger's ML-DSA-44 key alone: `log <verifier key>`, `quorum none`.
Their times then say by when the certification was there (not after); with --earlier, a cosigned
checkpoint from before it, also until when they had not been shown it (not before). A ledger can
keep back what it has sealed: it was sealed before the one, and shown after the other. Both are by
the witnesses' clocks; `when` is by the ledger's.

Exit codes: 0 certified; 1 superseded, revoked, distrusted, unknown, or the proof is rejected, older
than --max-age or without a quorum; 2 mend the input; 3 the ledger is out of reach, or has sealed
nothing for longer than --max-age, or shows no quorum; 4 the ledger's answer is a lie or damaged.

With --timestamp-root, an authority of time that is no part of the ledger bounds when it was sealed
(docs/anchors.md); where its timestamp does not hold, or is missing, there is no verdict: exit code 1.

JSON (--json), whose fields stay: file, verdict (certified, superseded, revoked, distrusted,
unknown, not verified, not fresh, not witnessed), fingerprints {blake3, sha-256}, ledger,
identity_from (given, first use), checked (offline, online), certifications [{fingerprint, issuer,
legal_name, country, registration, media_type, entry, list_count, block, time_ms, time, verdict,
fall {reason, time_ms, time, entry, replacement} or null, key {kid, status}, issuer_status, head
{height, size, time_ms, time}, signed_by_ml_dsa, age_s, witnessed {quorum, witnesses [{name,
first}], not_after, not_before} or null, timestamp {no_later_than_ms, no_later_than, time_ms,
accuracy_ms, authority, policy, serial, size} or null}], not_shown (further certifications,
unchecked; a ledger lists 100, so there may be more), reason {code, text} or null, rests_on. A
status is {state, since_ms, since, entry}, or null while nothing happened; first, not_after and
not_before are {time_s, time} or null. Unless 2 is the exit code, or the ledger is out of reach, or
is another one than the identity says.";

/// The first byte of every proof: the tag of `COSE_Sign1`.
const COSE_SIGN1: u8 = 0xd2;

const PROOF_HELP: &str =
    "Check offline, with this proof [default: FILE.proof, where no ledger is given]";
const MAX_AGE_HELP: &str = "\
Refuse what is older: 90s, 10m, 30days [default: 10m where the ledger is asked, any age otherwise]";

const POLICY_HELP: &str = "Want a quorum of these witnesses: a C2SP trust policy";
const EARLIER_HELP: &str =
    "A cosigned checkpoint that does not hold it yet: since when, for witnesses";

/// Check by whom a document was certified, when, and whether that stands
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Verify {
    /// The document
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long, value_name = "PROOF", conflicts_with = "url", help = PROOF_HELP)]
    proof: Option<PathBuf>,
    /// Ask the ledger, and keep the best proof beside the document, for offline use
    #[arg(long, conflicts_with = "proof")]
    save: bool,
    /// Ask the ledger without telling it which document: it is told how the fingerprints begin
    #[arg(long, conflicts_with = "proof")]
    by_prefix: bool,
    #[arg(long, value_name = "DURATION", help = MAX_AGE_HELP,
        value_parser = duration)]
    max_age: Option<Duration>,
    #[arg(long, value_name = "FILE", help = POLICY_HELP)]
    policy: Option<PathBuf>,
    #[arg(long, value_name = "CHECKPOINT", requires = "policy", help = EARLIER_HELP)]
    earlier: Option<PathBuf>,
    /// The answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    beside: Beside,
    #[command(flatten)]
    ledger: Ledger,
}

impl Verify {
    pub async fn run(self, clock: &dyn Clock) -> Result<u8, Error> {
        check_is_document(&self.file)?;
        let fingerprints = document::fingerprints(&self.file).map_err(Error::file(&self.file))?;
        let proof = self.proof_file()?;
        let trusted = self.trusted()?;
        let policy = trusted.as_ref().map(Trusted::policy).cloned();
        let (identity, first_use) = self.ledger.identity().await?;
        let begin = |way, age_max| {
            let freshness = Freshness::new(clock.now_ms(), age_max);
            Report::new(&self.file, fingerprints, (&identity, first_use), way, freshness)
                .trusting(trusted)
        };
        if let Some(proof) = proof {
            let begun = begin(Way::offline(&proof), self.max_age);
            return self.tell(&offline(begun, &identity, &proof, &self.beside)?);
        }
        let client = self.ledger.client()?;
        // What another ledger says is neither a verdict nor a lie.
        if !first_use {
            client.founding_of(&identity).await?;
        }
        let age_max = Some(self.max_age.unwrap_or(ONLINE_MAX));
        let way = if self.by_prefix { Way::by_prefix } else { Way::online };
        let begin = || begin(way(client.url()), age_max);
        let asked = self.ask(&client, &identity, &fingerprints).await?;
        // Dated now: asking may have taken long.
        let (report, best) = online(begin(), &asked);
        let code = self.tell(&report)?;
        if let Some(best) = best.filter(|_| self.save) {
            self.keep(best, &fingerprints, (&client, &identity), policy).await?;
        }
        Ok(code)
    }

    fn trusted(&self) -> Result<Option<Trusted>, Error> {
        let read = |policy| Trusted::read(policy, self.earlier.as_deref());
        self.policy.as_deref().map(read).transpose()
    }

    async fn ask(
        &self,
        client: &Client,
        identity: &Identity,
        document: &Fingerprints,
    ) -> Result<Asked, Error> {
        let mut verifier = Verifier::new(identity.clone());
        if self.by_prefix {
            return client.verify_by_prefix(&mut verifier, document).await;
        }
        client.verify(&mut verifier, document).await
    }

    async fn keep(
        &self,
        best: (&Verified, &[u8]),
        document: &Fingerprints,
        ledger: (&Client, &Identity),
        policy: Option<TrustPolicy>,
    ) -> Result<(), Error> {
        let path = document::proof_path(&self.file);
        if self.by_prefix {
            return save::save_new(&path, best.1);
        }
        save::save(&path, best, document, ledger, policy).await
    }

    fn tell(&self, report: &Report) -> Result<u8, Error> {
        say(&if self.json { json(report) } else { report.to_text() })?;
        Ok(report.exit_code())
    }

    /// The proof to check offline; none where the ledger is to be asked.
    fn proof_file(&self) -> Result<Option<PathBuf>, Error> {
        if let Some(proof) = &self.proof {
            return Ok(Some(proof.clone()));
        }
        if self.ledger.has_url() || self.by_prefix {
            return Ok(None);
        }
        let beside = document::proof_path(&self.file);
        if !self.save && beside.is_file() {
            return Ok(Some(beside));
        }
        Err(Error::input(format!(
            "there is no {} and no ledger to ask: give --proof FILE or --ledger URL",
            beside.display()
        )))
    }
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    let wanted = "a number and its unit are wanted, as 90s, 10m, 1h or 30days";
    humantime::parse_duration(text).map_err(|_| wanted)
}

/// A proof that is given for its document verifies nothing.
fn check_is_document(file: &Path) -> Result<(), Error> {
    let is_named_so = file.extension().is_some_and(|end| end == document::PROOF_EXTENSION);
    if !is_named_so || Proof::decode(&read(file, PROOF_BYTES_MAX)?).is_err() {
        return Ok(());
    }
    let (name, document) = (file.display(), file.with_extension(""));
    let document = document.display();
    Err(Error::input(format!("{name} is a proof: name the document that it is of, as {document}")))
}

fn offline(
    mut report: Report,
    identity: &Identity,
    proof: &Path,
    beside: &Beside,
) -> Result<Report, Error> {
    let bytes = read(proof, PROOF_BYTES_MAX)?;
    if bytes.first() != Some(&COSE_SIGN1) {
        return Err(Error::input(format!("{}: this is no proof file", proof.display())));
    }
    let Fingerprints { blake3, sha256 } = report.fingerprints();
    match Verifier::new(identity.clone()).verify(&[blake3, sha256], &bytes) {
        Ok(verified) => {
            report.add([&verified]);
            match beside.verify(&verified, &bytes)? {
                Some(Ok(stated)) => report.stamp(stated),
                Some(Err(why)) => report.refuse_timestamp(&why),
                None => {}
            }
        }
        Err(rejected) => report.reject(Refused::Proof, &rejected),
    }
    Ok(report)
}

/// What came of asking, with the proof to keep.
fn online(mut report: Report, asked: &Asked) -> (Report, Option<(&Verified, &[u8])>) {
    let proof = match asked {
        Asked::Shown(shown) => {
            report.show(shown);
            shown.best_proof().filter(|_| report.has_verdict())
        }
        Asked::Lie(rejected) => {
            report.reject(Refused::Lie, rejected);
            None
        }
    };
    (report, proof)
}
