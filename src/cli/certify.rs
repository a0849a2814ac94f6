//! `probant certify`: from folders of documents to a verified proof beside each of them.
//!
//! ```text
//! walk -> scan (hash, all cores) -> batches -> sign -> SPOOL (fsync) -> submit -> proofs -> unspool
//! ```
//! A signed batch is on disk before the ledger sees it, and leaves the disk when each of its
//! proofs is. Wherever we crash, the next run sends what is spooled again, unchanged, gets the
//! receipt first given, and goes on: nothing is certified twice. Documents stream through, one
//! batch a media type at a time; what grows with their number is 50 bytes for each.

mod batches;
mod crew;
mod deliver;
mod progress;
mod scan;
mod spool;
mod walk;

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::{StreamExt as _, stream};
use probant_core::{
    Algorithm, Fingerprint, IssuerId, LedgerId, Verifier, key::SigningKey, list::LIST_COUNT_MAX,
    statement::MEDIA_TYPES,
};
use tokio::sync::mpsc;

use super::{ledger::Ledger, say};
use crate::{Error, clock::SharedClock, keyfile, store::durable};
use batches::Signer;
use crew::Crew;
use deliver::Courier;
use progress::Progress;
use scan::{Scan, Scanner};
use spool::Spool;

/// Batches between the first byte sent and the last proof written.
const IN_FLIGHT_MAX: usize = 4;
/// The exit code of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

const EXAMPLES: &str = "\
Example:
  export PROBANT_LEDGER=https://ledger.example PROBANT_IDENTITY=ledger.example+5e0c…
  probant certify bills/2026-11 --issuer energie.example --key energie.pem

Each document gets its proof beside it: bill.pdf.proof. Hidden files, proofs and links to folders
are passed over. Run the same command again after an interruption: documents that have a proof of
this issuer are done. Batches that were signed wait in the folder .probant, in the folder that
holds everything named (or a folder above, if one is there), until their proofs are written; do not
delete it while it is there.

A proof beside a document is replaced only if the document has changed since; one by another
issuer, or for another ledger, is left alone, and reported.

With --out nothing is sent: `probant submit` sends the file from another machine, and `probant
verify --save` then brings the proof of a document.

Exit codes: 0 done, 2 some documents could not be certified, 3 the ledger is out of reach, 130
interrupted.";

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
        let ledger = identity.ledger;
        let crew = Arc::new(Crew::new(&Verifier::new(identity.clone()))?);
        let stop = Arc::new(AtomicBool::new(false));
        let progress = Arc::new(Progress::new());
        let scanner = Scanner {
            paths: self.paths.clone(),
            algorithm: self.hash,
            issuer: self.issuer.to_string(),
            media_type: self.media_type.clone(),
            batch_count: self.batch as usize,
            crew: crew.clone(),
            stop: stop.clone(),
            progress: progress.clone(),
        };
        let signer = self.signer(key, ledger, clock);
        if let Some(out) = &self.out {
            return sign_only(scanner, &signer, out);
        }
        let client = self.ledger.client()?.patient();
        // Another ledger refuses what this one may have sealed: it is not to be asked.
        client.founding_of(&identity).await?;
        let spool = Arc::new(self.open_spool()?);
        let courier = Courier { client, crew, spool, progress, ledger };
        watch_interrupts(stop.clone());
        Run { courier, stop, entries: HashMap::new() }.all(scanner, signer).await
    }

    fn signer(&self, key: SigningKey, ledger: LedgerId, clock: &SharedClock) -> Signer {
        Signer { key, issuer: self.issuer.to_string(), ledger, clock: clock.clone() }
    }

    fn open_spool(&self) -> Result<Spool, Error> {
        self.spool.as_ref().map_or_else(
            || Spool::open(&spool::place_for(&self.paths)?),
            |folder| Spool::open(folder),
        )
    }
}

/// One run: what waited, then what is new, then copies of what was in earlier batches.
struct Run {
    courier: Courier,
    stop: Arc<AtomicBool>,
    /// Entries by the number of the batch in this run.
    entries: HashMap<usize, u64>,
}

impl Run {
    async fn all(mut self, scanner: Scanner, signer: Signer) -> Result<u8, Error> {
        let ended = self.steps(scanner, signer).await;
        self.courier.progress.finish();
        let stopped = self.stop.load(Ordering::SeqCst);
        // What is not on its way into a proof is still spooled: the next run begins with it.
        self.courier.spool.close();
        match ended {
            Err(Error::Busy { what, retry_after_s }) => {
                let what = format!("{what}; run the same command again to go on");
                Err(Error::Busy { what, retry_after_s })
            }
            Err(error) => Err(error),
            Ok(scan) => {
                say(&self.courier.progress.summary(&scan))?;
                if stopped {
                    eprintln!("probant: interrupted; run the same command again to go on");
                    return Ok(INTERRUPTED);
                }
                Ok(if self.courier.progress.failures() > 0 { 2 } else { 0 })
            }
        }
    }

    async fn steps(&mut self, scanner: Scanner, signer: Signer) -> Result<Scan, Error> {
        let (sender, receiver) = mpsc::channel(1);
        let courier = self.courier.clone();
        let waiting = tokio::task::spawn_blocking(move || courier.resume(&sender));
        self.deliver(receiver).await?;
        joined(waiting.await)?;

        let (sender, receiver) = mpsc::channel(1);
        let spool = self.courier.spool.clone();
        let scan = tokio::task::spawn_blocking(move || {
            scanner.run(|batch| {
                let number = batch.number;
                let signed = signer.sign(batch)?;
                let spooled = spool.put(number, signed)?;
                // Nobody receives any more after a failure: what was spooled waits.
                Ok(sender.blocking_send(spooled).is_ok())
            })
        });
        self.deliver(receiver).await?;
        let scan = joined(scan.await)?;
        self.copies(&scan.late).await?;
        Ok(scan)
    }

    /// Delivers batches, a few at a time. After a failure or Ctrl-C those under way end, and the
    /// others stay where they are: spooled.
    async fn deliver(&mut self, mut batches: mpsc::Receiver<spool::Spooled>) -> Result<(), Error> {
        let arriving = stream::poll_fn(|context| batches.poll_recv(context));
        let (courier, stop) = (&self.courier, &self.stop);
        let mut deliveries = arriving
            .map(|batch| async move {
                let number = batch.number;
                if stop.load(Ordering::SeqCst) {
                    return Ok(None);
                }
                let delivered = courier.deliver(batch).await;
                if delivered.is_err() {
                    stop.store(true, Ordering::SeqCst);
                }
                delivered.map(|entry| Some((number, entry)))
            })
            .buffer_unordered(IN_FLIGHT_MAX);
        let mut first_error = None;
        while let Some(delivered) = deliveries.next().await {
            match delivered {
                Ok(delivered) => self.entries.extend(delivered),
                Err(error) => drop(first_error.get_or_insert(error)),
            }
        }
        first_error.map_or(Ok(()), Err)
    }

    /// Documents whose bytes an earlier batch holds: the same entry, another file.
    async fn copies(&self, late: &BTreeMap<Fingerprint, scan::Copies>) -> Result<(), Error> {
        for (fingerprint, copies) in late {
            let entry = match copies.of {
                scan::Whereabouts::Entry(entry) => Some(entry),
                scan::Whereabouts::Batch(number) => self.entries.get(&number).copied(),
            };
            let Some(entry) = entry.filter(|_| !self.stop.load(Ordering::SeqCst)) else { continue };
            self.courier.copy(*fingerprint, entry, copies.paths.clone()).await?;
        }
        Ok(())
    }
}

/// Signs without a ledger: for keys that never meet a network.
fn sign_only(scanner: Scanner, signer: &Signer, out: &Path) -> Result<u8, Error> {
    let progress = scanner.progress.clone();
    let mut written = Vec::new();
    let scan = scanner.run(|batch| {
        let path = match written.len() {
            0 => out.to_owned(),
            count => PathBuf::from(format!("{}.{}", out.display(), count + 1)),
        };
        let signed = signer.sign(batch)?;
        let bytes = signed.statement.to_submission(Some(&signed.list));
        durable::create_new_file(&path, &bytes, 0o644)
            .map_err(|error| Error::input(error.to_string()))?;
        written.push(format!("wrote {}: {} documents", path.display(), signed.list.count()));
        Ok(true)
    })?;
    progress.finish();
    written.iter().try_for_each(|line| say(line))?;
    if written.is_empty() {
        say(&progress.summary(&scan))?;
    }
    Ok(if progress.failures() > 0 { 2 } else { 0 })
}

/// Ctrl-C once: what is under way ends. Twice: at once, which the spool makes as safe.
fn watch_interrupts(stop: Arc<AtomicBool>) {
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.store(true, Ordering::SeqCst);
            eprintln!("probant: finishing what is under way; Ctrl-C again stops at once");
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(i32::from(INTERRUPTED));
            }
        }
    });
}

/// The result of a blocking task, which passes its panic on.
fn joined<T>(result: Result<Result<T, Error>, tokio::task::JoinError>) -> Result<T, Error> {
    result.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
