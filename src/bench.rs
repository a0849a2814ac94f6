//! A load on a ledger over HTTP, and what came of it: documents a second, latency of the final
//! answer. It talks to one address, is bounded in count or time, and stops by itself.

mod connection;
mod report;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hyper::{Method, StatusCode};
use probant_core::{
    Algorithm, Fingerprint, LedgerId, List, Statement,
    key::SigningKey,
    seal::Receipt,
    statement::{Body, Certify, Revoke},
    status::Reason,
};

use crate::{Error, clock::SharedClock};

pub use connection::Connection;
pub use report::{Latency, Report};

/// One receipt in so many is decoded and held to its statement: all of them would measure the
/// load, not the ledger.
const CHECK_EVERY: u64 = 64;
/// Pause after a 503.
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// Busy answers to one submission after which the run is given up.
const BUSY_MAX: u32 = 500;

/// What the statements of a load say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Says {
    /// Documents are certified.
    Certify,
    /// They are withdrawn, each by the issuer that certified it.
    Revoke,
}

/// Somebody who certifies.
#[derive(Clone)]
pub struct LoadIssuer {
    /// Its id.
    pub id: String,
    /// Its key, enrolled on the ledger.
    pub key: SigningKey,
}

/// What to send.
#[derive(Clone)]
pub struct Load {
    /// The addresses of the ledger's nodes; connections take turns.
    pub addresses: Vec<SocketAddr>,
    /// The ledger's id.
    pub ledger: LedgerId,
    /// Who speaks; statements take turns, the same of a run that certifies and one that revokes.
    pub issuers: Vec<LoadIssuer>,
    /// Connections at once, each with one submission under way.
    pub connections: usize,
    /// Documents of one statement.
    pub batch: usize,
    /// Documents in all.
    pub documents: u64,
    /// Makes this run's documents unlike those of any other.
    pub seed: [u8; 32],
}

/// The document of a number: what a look-up load asks for again.
pub fn document(seed: &[u8; 32], number: u64) -> Fingerprint {
    let digest = blake3::keyed_hash(seed, &number.to_be_bytes());
    Fingerprint::new(Algorithm::Blake3, *digest.as_bytes())
}

/// What the connections share.
struct Progress {
    next: AtomicU64,
    done: AtomicU64,
    busy: AtomicU64,
}

/// Certifies or revokes `load.documents` documents; `each_second` is told how many are answered.
///
/// # Errors
/// [`Error::Busy`] if the ledger is out of reach or stays full; [`Error::Stop`] if an answer is
/// wrong.
pub async fn submit_all(
    load: &Load,
    says: Says,
    clock: &SharedClock,
    each_second: impl Fn(u64),
) -> Result<Report, Error> {
    let progress = Arc::new(Progress {
        next: AtomicU64::new(0),
        done: AtomicU64::new(0),
        busy: AtomicU64::new(0),
    });
    let begun = clock.elapsed();
    let tasks: Vec<_> = (0..load.connections)
        .map(|number| {
            let (load, clock) = (load.clone(), Arc::clone(clock));
            let address = load.addresses[number % load.addresses.len()];
            tokio::spawn(connection_load(address, load, says, clock, Arc::clone(&progress)))
        })
        .collect();
    let mut latency = Latency::default();
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    for mut task in tasks {
        let of_one = loop {
            tokio::select! {
                joined = &mut task => break joined,
                _ = ticks.tick() => each_second(progress.done.load(Ordering::Relaxed)),
            }
        };
        latency.merge(of_one.map_err(|error| Error::Stop(error.to_string()))??);
    }
    let seconds = clock.elapsed().saturating_sub(begun).as_secs_f64();
    let (documents, busy) =
        (progress.done.load(Ordering::Relaxed), progress.busy.load(Ordering::Relaxed));
    Ok(Report { documents, seconds, busy, latency })
}

async fn connection_load(
    address: SocketAddr,
    load: Load,
    says: Says,
    clock: SharedClock,
    progress: Arc<Progress>,
) -> Result<Latency, Error> {
    let mut connection = Connection::open(address).await?;
    let mut latency = Latency::default();
    loop {
        let from = progress.next.fetch_add(load.batch as u64, Ordering::Relaxed);
        if from >= load.documents {
            return Ok(latency);
        }
        let to = load.documents.min(from + load.batch as u64);
        let number = from / load.batch as u64;
        let issuer = &load.issuers[(number % load.issuers.len() as u64) as usize];
        let (statement, body) = statement(&load, says, issuer, from..to, clock.now_ms())?;
        let begun = clock.elapsed();
        submit(&mut connection, &statement, body, number, &progress).await?;
        latency.add(clock.elapsed().saturating_sub(begun));
        progress.done.fetch_add(to - from, Ordering::Relaxed);
    }
}

fn statement(
    load: &Load,
    says: Says,
    issuer: &LoadIssuer,
    numbers: std::ops::Range<u64>,
    now_ms: u64,
) -> Result<(Statement, Vec<u8>), Error> {
    let list = List::new(numbers.map(|number| document(&load.seed, number)).collect())?;
    let body = match says {
        Says::Certify => Body::Certify(Certify::new(&list, "application/pdf")?),
        Says::Revoke => Body::Revoke(Revoke::new(&list, Reason::Withdrawn)?),
    };
    let ledger = Some(load.ledger);
    let statement = Statement::sign(&issuer.key, &issuer.id, ledger, now_ms / 1000, body);
    let bytes = statement.to_submission(Some(&list));
    Ok((statement, bytes))
}

async fn submit(
    connection: &mut Connection,
    statement: &Statement,
    body: Vec<u8>,
    number: u64,
    progress: &Progress,
) -> Result<(), Error> {
    for _ in 0..BUSY_MAX {
        let (status, answer) = connection.send(Method::POST, "/entries", body.clone()).await?;
        match status {
            StatusCode::CREATED if !number.is_multiple_of(CHECK_EVERY) => return Ok(()),
            StatusCode::CREATED => {
                Receipt::decode(&answer)?.root(statement.leaf())?;
                return Ok(());
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                progress.busy.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(BUSY_PAUSE).await;
            }
            status => {
                let answer = String::from_utf8_lossy(&answer).into_owned();
                return Err(Error::Stop(format!("the ledger answered {status}: {answer}")));
            }
        }
    }
    Err(Error::busy("the ledger stays full: fewer connections, or a larger --pool there"))
}

/// Sends `GET path(n)` over so many connections for so long.
///
/// # Errors
/// As [`submit_all`]; any other status than 200 is [`Error::Stop`].
pub async fn get(
    address: SocketAddr,
    connections: usize,
    duration: Duration,
    clock: &SharedClock,
    path: impl Fn(u64) -> String + Clone + Send + 'static,
) -> Result<Report, Error> {
    let begun = clock.elapsed();
    let tasks: Vec<_> = (0..connections as u64)
        .map(|number| {
            let (clock, path) = (Arc::clone(clock), path.clone());
            tokio::spawn(async move {
                let mut connection = Connection::open(address).await?;
                let (mut latency, mut at) = (Latency::default(), number);
                while clock.elapsed().saturating_sub(begun) < duration {
                    let sent = clock.elapsed();
                    let path = path(at);
                    let (status, _) = connection.send(Method::GET, &path, Vec::new()).await?;
                    if status != StatusCode::OK {
                        return Err(Error::Stop(format!("{path}: the ledger answered {status}")));
                    }
                    latency.add(clock.elapsed().saturating_sub(sent));
                    at += connections as u64;
                }
                Ok(latency)
            })
        })
        .collect();
    let mut latency = Latency::default();
    for task in tasks {
        latency.merge(task.await.map_err(|error| Error::Stop(error.to_string()))??);
    }
    let seconds = clock.elapsed().saturating_sub(begun).as_secs_f64();
    Ok(Report { documents: latency.count(), seconds, busy: 0, latency })
}
