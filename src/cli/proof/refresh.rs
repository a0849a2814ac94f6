//! `probant proof refresh`: moves whole proofs to the ledger's present head. The comparing is that of
//! [`crate::client`]; here are the files, and what is kept where a ledger contradicts itself.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use probant_core::{Verified, Verifier, status::Standing};

use super::read;
use crate::{
    Error,
    cli::{beside, ledger::Ledger, say, standing, trust_policy},
    client::{Held, Refreshed, Refresher},
    clock::{Clock, utc},
    durable,
    freshness::{Freshness, ago},
    verdict::Verdict,
};

const EXAMPLES: &str = "\
Example:
  probant proof refresh bills/*.proof --ledger https://ledger.example

Each proof is verified; the newest one of the same entry is asked for, verified, and held to it: the
same statement, the same first receipt, a head that is not older, in a tree that grew from the one
that the old proof knows. Then it takes its place, all or nothing. Where that does not hold, the
ledger has shown two histories: the proof stays as it is, and the answer is kept beside it, in
FILE.contradicts. Keep both, and show them to an auditor.

A time stamp is over one head: what the old proof carries goes into FILE.anchor, as `proof anchor`
writes it, or into FILE.anchor.2 where that is taken. Such files are for one head, too: they are
brought to the new one.

A file that fails is named, and the others go on; a ledger that is out of reach ends the run.

Exit codes, the highest of all files: 0 certified as of the new head; 1 superseded, revoked or
distrusted (the new proof, which shows that, is in its place), or the old proof is rejected; 2 mend
the input; 3 the ledger is out of reach, or behind the proof; 4 the ledger contradicts the proof.";

/// Move proofs to the ledger's present head, after checking that its history only grew
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Refresh {
    /// Proofs
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How many witnesses are enough for a newer proof: a C2SP trust policy. Without it, all have to have
    /// cosigned it who cosigned the older one
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    ledger: Ledger,
}

impl Refresh {
    pub async fn run(&self, clock: &dyn Clock) -> Result<u8, Error> {
        let client = self.ledger.client()?;
        let (identity, _) = self.ledger.identity().await?;
        let policy = self.policy.as_deref().map(trust_policy).transpose()?;
        let mut refresher = Refresher::new(client, Verifier::new(identity)).by_policy(policy);
        let mut worst = 0;
        for (at, file) in self.files.iter().enumerate() {
            let error = match refresh(&mut refresher, file, clock).await {
                Ok(code) => {
                    worst = worst.max(code);
                    continue;
                }
                Err(error) => error,
            };
            worst = worst.max(error.exit_code());
            eprintln!("probant: {}: {error}", file.display());
            if matches!(error, Error::Busy { .. }) {
                let left = self.files.len() - at;
                eprintln!("probant: {left} of {} not refreshed: try again", self.files.len());
                break;
            }
        }
        Ok(worst)
    }
}

/// A crash on the way leaves the old proof or the new one; its time stamps are in one of the two, or
/// beside it.
async fn refresh(refresher: &mut Refresher, file: &Path, clock: &dyn Clock) -> Result<u8, Error> {
    let place = fs::canonicalize(file).map_err(Error::file(file))?;
    if place.is_dir() {
        let file = file.display();
        return Err(Error::input(format!("a folder: name the proofs in it, {file}/*.proof")));
    }
    let old = refresher.hold(&read(&place)?).map_err(|rejected| {
        let code = rejected.code();
        Error::No(format!("this proof does not hold, and stays as it is: {code}: {rejected}"))
    })?;
    let (new, note) = match refresher.refresh(&old).await? {
        Refreshed::Moved(new, bytes, stamps) => {
            check_time(&new, clock)?;
            let kept = beside::keep_stamps(&place, &stamps)?;
            replace(&place, &bytes)?;
            let said = |at: &PathBuf| format!("; the time stamp it had is in {}", at.display());
            (new, kept.iter().map(said).collect())
        }
        Refreshed::Newest => (Box::new(old), "; the ledger has nothing newer".to_owned()),
        Refreshed::Contradicts(answer, why) => {
            let (code, kept) = (why.code(), beside::keep_contradiction(&place, &answer)?);
            return Err(Error::Stop(format!(
                "the ledger contradicts this proof: {code}: {why}; its answer is in {}: keep both, \
                 somebody must look",
                kept.display()
            )));
        }
    };
    beside::restamp(&place, refresher, &new).await?;
    say(&line(file, &new.verified, &note, clock.now_ms()))?;
    Ok(u8::from(*new.verified.standing() != Standing::Certified))
}

/// `verify` would refuse what is ahead of the clock, and the old one be gone.
fn check_time(new: &Held, clock: &dyn Clock) -> Result<(), Error> {
    let fresh = Freshness::new(clock.now_ms(), None).check(new.verified.head().time_ms);
    fresh.map_err(|why| Error::busy(format!("the ledger shows {why}: set that right first")))
}

fn replace(place: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mode = fs::metadata(place).map_err(Error::file(place))?.permissions().mode() & 0o777;
    durable::place_file(place, bytes, mode)
        .map_err(|error| Error::input(format!("this proof stays as it is: {error}")))?;
    Ok(durable::sync_dir(place.parent().expect("a file lies in a folder"))?)
}

fn line(file: &Path, verified: &Verified, note: &str, now_ms: u64) -> String {
    let (head, word) = (verified.head(), Verdict::of(verified.standing()).name());
    let fallen = match verified.standing() {
        Standing::Certified => String::new(),
        fallen => format!("{}; ", standing::standing(fallen)),
    };
    let (file, height, time) = (file.display(), head.height, utc(head.time_ms));
    let ago = ago(head.time_ms, now_ms);
    format!("{word}  {file}: {fallen}as of block {height}, sealed at {time}, {ago}{note}")
}
