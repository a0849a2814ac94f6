//! An issuer's run: from folders of documents to a verified proof beside each of them.
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
mod folder;
mod foreign;
mod neighbours;
mod progress;
mod proofs;
mod scan;
mod spool;
mod standing;
mod walk;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::{StreamExt as _, stream};
use probant_core::{
    Algorithm, Identity, IssuerId, Verifier, key::SigningKey, list::LIST_COUNT_MAX,
};
use tokio::sync::mpsc;

use crate::{Error, client::Client, clock::SharedClock};
use batches::Signer;
use crew::Crew;
use deliver::{Courier, Delivered};
use progress::Progress;
use scan::{Scan, Scanner, Seen};
use spool::{Spool, Spooled};
use standing::{Entry, Judge, Voided};

pub use batches::{Documents, Signed};
pub use folder::place_for;
pub(crate) use neighbours::Waiting;
pub use progress::{Event, Listener};
pub(crate) use walk::{Left, Walk};

/// Batches between the first byte sent and the last proof written.
const IN_FLIGHT_MAX: usize = 4;

/// What is certified, by whom, on which ledger.
pub struct Order {
    /// Documents, and folders of them.
    pub paths: Vec<PathBuf>,
    /// Who certifies.
    pub issuer: IssuerId,
    /// The issuer's key.
    pub key: SigningKey,
    /// The ledger, by which its proofs are checked.
    pub identity: Identity,
    /// By which hash.
    pub algorithm: Algorithm,
    /// Most documents of one statement.
    pub batch_count: usize,
    /// What all documents are; none: by their extension.
    pub media_type: Option<&'static str>,
    /// Dates the statements.
    pub clock: SharedClock,
}

/// Who hears of a run, and may end it.
#[derive(Clone)]
pub struct Watch {
    /// Hears what happens, on whatever thread it happens.
    pub listener: Listener,
    /// Set by whoever wants it to end early: what is under way ends first.
    pub stop: Arc<AtomicBool>,
}

/// How a run came to its end.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Documents that got their proof.
    pub certified: usize,
    /// In so many entries.
    pub entries: usize,
    /// Documents that had their proof already.
    pub done: usize,
    /// Documents that stay without one.
    pub failed: usize,
    /// Documents whose proof shows that they are not certified: they had fallen, for good.
    pub fallen: usize,
    /// It was told to end early.
    pub stopped: bool,
}

/// Certifies, and writes a proof beside each document. Signed batches wait in the folder `spool`
/// for their proofs, also those of earlier runs, which come first.
///
/// # Errors
/// What ended the run before its time: what is not on its way into a proof is still spooled, and
/// the next run begins with it.
pub async fn certify(
    order: Order,
    client: Client,
    spool: PathBuf,
    watch: Watch,
) -> Result<Outcome, Error> {
    // Another ledger refuses what this one may have sealed: it is not to be asked.
    client.founding_of(&order.identity).await?;
    let spool = Arc::new(Spool::open(&spool)?);
    let issuer = client.issuer(&order.issuer).await?;
    let keys = issuer.iter().flat_map(|issuer| &issuer.keys);
    let voided = keys.filter_map(|key| Some((key.kid.clone(), key.voids_from_ms()?))).collect();
    let (mut scanner, signer) = order.split(&watch, voided)?;
    scanner.spool = Some(spool.id());
    let (judge, progress) = (scanner.judge.clone(), scanner.progress.clone());
    let courier = Courier { client, judge, spool, progress };
    let run = Run { courier, stop: watch.stop, known: Known::default() };
    run.all(scanner, Arc::new(signer)).await
}

/// Signs without a ledger: for keys that never meet a network. `take` keeps each statement.
///
/// # Errors
/// Those of `take`, and of a list that the rules refuse.
pub fn sign(
    order: Order,
    watch: &Watch,
    mut take: impl FnMut(&Signed) -> Result<(), Error>,
) -> Result<Outcome, Error> {
    let (scanner, signer) = order.split(watch, Voided::default())?;
    let progress = scanner.progress.clone();
    let scan = scanner.run(Seen::default(), |batch| take(&signer.sign(batch)?).map(|()| true))?;
    Ok(progress.outcome(&scan, watch.stop.load(Ordering::SeqCst)))
}

impl Order {
    fn split(self, watch: &Watch, voided: Voided) -> Result<(Scanner, Signer), Error> {
        let crew = Arc::new(Crew::new(&Verifier::new(self.identity.clone()))?);
        let issuer = self.issuer.to_string();
        let (ledger, clock, kid) = (self.identity.ledger, self.clock, self.key.public().kid());
        let signer = Signer { key: self.key, issuer: issuer.clone(), ledger, clock };
        let scanner = Scanner {
            paths: self.paths,
            judge: Arc::new(Judge { algorithm: self.algorithm, issuer, kid, voided, crew }),
            media_type: self.media_type,
            batch_count: self.batch_count.clamp(1, LIST_COUNT_MAX),
            spool: None,
            stop: watch.stop.clone(),
            progress: Arc::new(Progress::new(watch.listener.clone())),
        };
        Ok((scanner, signer))
    }
}

/// One run: what waited, then what is new, then copies of what was in earlier batches.
struct Run {
    courier: Courier,
    stop: Arc<AtomicBool>,
    known: Known,
}

/// What the batches delivered so far have certified.
#[derive(Default)]
struct Known {
    /// Entries by the number of the batch in this run.
    entries: HashMap<usize, Entry>,
    /// The documents of batches that waited, wherever they lie now, with or without a proof.
    seen: Seen,
    /// Those batches, if what is where it was has its proof.
    resumed: Vec<Spooled>,
}

impl Known {
    fn add(&mut self, delivered: Delivered) {
        let Delivered { spooled, entry, is_whole } = delivered;
        if let Some(number) = spooled.number {
            self.entries.insert(number, entry);
            return;
        }
        spooled.list.iter().for_each(|document| self.seen.add(document, entry));
        self.resumed.extend(is_whole.then_some(spooled));
    }
}

impl Run {
    async fn all(mut self, scanner: Scanner, signer: Arc<Signer>) -> Result<Outcome, Error> {
        let ended = self.steps(scanner, signer).await;
        self.courier.spool.close();
        let stopped = self.stop.load(Ordering::SeqCst);
        ended.map(|scan| self.courier.progress.outcome(&scan, stopped))
    }

    async fn steps(&mut self, scanner: Scanner, signer: Arc<Signer>) -> Result<Scan, Error> {
        let (sender, receiver) = mpsc::channel(1);
        let (courier, owner) = (self.courier.clone(), signer.clone());
        let waiting = tokio::task::spawn_blocking(move || courier.resume(&owner, &sender));
        self.deliver(receiver).await?;
        joined(waiting.await)?;

        let (sender, receiver) = mpsc::channel(1);
        let (spool, seen) = (self.courier.spool.clone(), std::mem::take(&mut self.known.seen));
        let scan = tokio::task::spawn_blocking(move || {
            scanner.run(seen, |batch| {
                let number = batch.number;
                let signed = signer.sign(batch)?;
                let spooled = spool.put(number, signed)?;
                // Nobody receives any more after a failure: what was spooled waits.
                Ok(sender.blocking_send(spooled).is_ok())
            })
        });
        self.deliver(receiver).await?;
        let scan = joined(scan.await)?;
        // A scan that was stopped has not seen everything that was moved.
        if self.copies(&scan).await? && !self.stop.load(Ordering::SeqCst) {
            self.known.resumed.iter().try_for_each(Spooled::forget)?;
        }
        Ok(scan)
    }

    /// Delivers batches, a few at a time. After a failure or Ctrl-C those under way end, and the
    /// others stay where they are: spooled.
    async fn deliver(&mut self, mut batches: mpsc::Receiver<Spooled>) -> Result<(), Error> {
        let arriving = stream::poll_fn(|context| batches.poll_recv(context));
        let (courier, stop) = (&self.courier, &self.stop);
        let mut deliveries = arriving
            .map(|batch| async move {
                if stop.load(Ordering::SeqCst) {
                    return Ok(None);
                }
                let delivered = Box::pin(courier.deliver(batch)).await;
                if delivered.is_err() {
                    stop.store(true, Ordering::SeqCst);
                }
                delivered.map(Some)
            })
            .buffer_unordered(IN_FLIGHT_MAX);
        let mut first_error = None;
        while let Some(delivered) = deliveries.next().await {
            match delivered {
                Ok(None) => {}
                Ok(Some(delivered)) => self.known.add(delivered),
                Err(error) => drop(first_error.get_or_insert(error)),
            }
        }
        first_error.map_or(Ok(()), Err)
    }

    /// Documents whose bytes an earlier batch holds: the same entry, another file. Gives whether
    /// all of them have their proof.
    async fn copies(&self, scan: &Scan) -> Result<bool, Error> {
        let mut all = true;
        for (fingerprint, copies) in &scan.late {
            let entry = match copies.of {
                scan::Whereabouts::Entry(index) => scan.entry(index),
                scan::Whereabouts::Batch(number) => self.known.entries.get(&number).copied(),
            };
            all &= match entry.filter(|_| !self.stop.load(Ordering::SeqCst)) {
                Some(entry) => self.courier.copy(*fingerprint, entry, &copies.paths).await?,
                None => false,
            };
        }
        Ok(all)
    }
}

/// The result of a blocking task, which passes its panic on.
fn joined<T>(result: Result<Result<T, Error>, tokio::task::JoinError>) -> Result<T, Error> {
    result.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
