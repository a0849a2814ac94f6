//! `probant certify`: certifies documents, and writes a proof beside each. The work is that of
//! [`crate::certify`]; here are its words, and how it is seen.

mod display;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use probant_core::{Algorithm, IssuerId, list::LIST_COUNT_MAX, statement::MEDIA_TYPES};

use super::{
    dispatch, documents,
    interrupt::{self, INTERRUPTED},
    ledger::Ledger,
    say,
};
use crate::{
    Error,
    certify::{self, Event, Order, Outcome, Watch},
    clock::SharedClock,
    keyfile,
};
use display::Display;

const EXAMPLES: &str = "\
Example:
  export PROBANT_LEDGER=https://ledger.example PROBANT_IDENTITY=ledger.example+5e0c…
  probant certify bills/2026-11 --issuer energie.example --key energie.pem

Each document gets its proof beside it: bill.pdf.proof. Hidden files, proofs and links to folders
are passed over, and so are private keys and folders that hold a ledger, which are refused where
they are named. Run the same command again after an interruption: documents that have a proof of
this issuer are done. Batches that were signed wait in the folder .probant, in the folder that
holds everything named (or a folder above, if one is there), until their proofs are written; do not
delete it while it is there.

A proof beside a document is replaced if the document has changed since, or the proof fell with its
key, and never otherwise; one by another issuer, or for another ledger, is left alone, and reported. So is a folder in which another run
works, or was interrupted: what it signed may be certified already, and its own run goes on first.
With --spool, name the same one until everything has its proof: it is not looked for elsewhere.

With --out nothing is sent: `probant submit` sends the file from another machine, and `probant
verify --save` then brings the proof of a document.

A document that you have revoked or superseded stays so, whoever certifies it again: its proof is
written, says so, and is counted at the end. One that is distrusted, since its key was in other
hands, is certified again with another key, and its proof replaced.

Exit codes: 0 done, 1 some documents have fallen, 2 some could not be certified, 3 the ledger is
out of reach, or another run is at work there, 4 the ledger's answer is a lie or damaged, or a
signed batch is, 130 interrupted.";

/// Certify documents, and write a proof beside each
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Certify {
    /// Documents, and folders of them
    #[arg(required = true, value_name = "FILE|FOLDER")]
    paths: Vec<PathBuf>,
    /// Your id on the ledger
    #[arg(long, value_name = "ID")]
    issuer: IssuerId,
    /// Your private key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// blake3 or sha-256
    #[arg(long, default_value = "blake3")]
    hash: Algorithm,
    /// Most documents of one statement
    #[arg(long, value_name = "COUNT", default_value_t = 10_000,
        value_parser = clap::value_parser!(u32).range(1..=LIST_COUNT_MAX as i64))]
    batch: u32,
    /// What all documents are [default: by their extension]
    #[arg(long, value_name = "TYPE", value_parser = MEDIA_TYPES)]
    media_type: Option<String>,
    /// Sign only: write the statement here instead of sending it (further ones to FILE.2, …)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where signed batches wait for their proofs [default: a folder .probant, see below]
    #[arg(long, value_name = "FOLDER", conflicts_with = "out")]
    spool: Option<PathBuf>,
    #[command(flatten)]
    ledger: Ledger,
}

impl Certify {
    pub async fn run(self, clock: &SharedClock) -> Result<u8, Error> {
        let key = keyfile::read(&self.key)?;
        let (identity, _) = self.ledger.identity().await?;
        let display = Arc::new(Display::new());
        let shown = display.clone();
        let listener = Arc::new(move |event: &Event<'_>| shown.show(event));
        let order = Order {
            paths: self.paths.clone(),
            issuer: self.issuer.clone(),
            key,
            identity,
            algorithm: self.hash,
            batch_count: self.batch as usize,
            media_type: self.media_type.as_deref().and_then(media_type),
            clock: clock.clone(),
        };
        if let Some(out) = &self.out {
            // Ctrl-C ends it at once: nobody has seen what it signed.
            let signed = sign(order, &Watch { listener, stop: Arc::default() }, out);
            display.finish();
            return signed;
        }
        let client = self.ledger.client()?.patient();
        let spool = self.spool.clone().map_or_else(|| certify::place_for(&self.paths), Ok)?;
        let watch = Watch { listener, stop: interrupt::flag() };
        let ended = certify::certify(order, client, spool, watch).await;
        display.finish();
        let outcome = ended.map_err(again)?;
        say(&summary(&outcome))?;
        if outcome.stopped {
            eprintln!("probant: interrupted; run the same command again to go on");
            return Ok(INTERRUPTED);
        }
        Ok(exit_code(&outcome))
    }
}

/// One of the closed set, as which clap has taken it.
fn media_type(given: &str) -> Option<&'static str> {
    MEDIA_TYPES.into_iter().find(|known| *known == given)
}

/// Writes what is signed to `out`, `out.2` and so on.
fn sign(order: Order, watch: &Watch, out: &Path) -> Result<u8, Error> {
    let mut written = Vec::new();
    let outcome = certify::sign(order, watch, |signed| {
        let path = dispatch::nth(out, written.len());
        dispatch::create(&path, &signed.statement.to_submission(Some(&signed.list)))?;
        written.push(format!("wrote {}: {}", path.display(), documents(signed.list.count())));
        Ok(())
    })?;
    if written.is_empty() {
        written.push(summary(&outcome));
    }
    written.iter().try_for_each(|line| say(line))?;
    Ok(exit_code(&outcome))
}

fn again(error: Error) -> Error {
    match error {
        Error::Busy { what, retry_after_s } => {
            let what = format!("{what}; run the same command again to go on");
            Error::Busy { what, retry_after_s }
        }
        other => other,
    }
}

fn exit_code(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome { failed: 1.., .. } => 2,
        Outcome { fallen: 1.., .. } => 1,
        _ => 0,
    }
}

fn summary(outcome: &Outcome) -> String {
    let Outcome { certified, entries, done, failed, fallen, .. } = outcome;
    let statements = if *entries == 1 { "entry" } else { "entries" };
    let mut parts = vec![format!("{certified} certified in {entries} {statements}")];
    if *done > 0 {
        parts.push(format!("{done} had their proof"));
    }
    if *failed > 0 {
        parts.push(format!("{failed} failed"));
    }
    if *fallen > 0 {
        parts.push(format!("{fallen} of these do not stand: they had fallen before"));
    }
    parts.join(", ")
}
