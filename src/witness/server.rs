//! A witness as others see it: `POST /add-checkpoint`, `GET /<hex sha-256 of the origin>/checkpoint`, and
//! for whoever runs it `/healthz`, `/readyz` and `/metrics`.

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path as InPath, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use probant_core::{Origin, cosignature::Cosigner};
use prometheus_client::registry::Registry;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

use super::{
    Ledger, Times,
    cosigned::Cosigned,
    figures::Figures,
    followed::{Followed, Refusal, Sent},
    follower::Follower,
    view::Standing,
};
use crate::{
    Error, audit,
    clock::{SharedClock, utc},
    http::{Door, Limits, Tls, told},
    witnesses::submission,
};

/// The type of an answer that says a size.
const SIZE_TYPE: &str = "text/x.tlog.size";
const TEXT_TYPE: &str = "text/plain; charset=utf-8";
/// When to come back for what is not replayed yet, in seconds.
const RETRY_AFTER_S: u64 = 2;
/// How long a stop waits for a follower that a ledger makes wait.
const FOLLOWER_STOP: Duration = Duration::from_secs(5);

/// All that is followed, with the threads that do it.
pub struct Witness {
    followed: Arc<[Arc<Followed>]>,
    followers: Vec<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    clock: SharedClock,
}

/// What handlers are given.
#[derive(Clone)]
struct Service(Arc<Inner>);

struct Inner {
    by_origin: HashMap<Origin, Arc<Followed>>,
    /// The same, by the hash that is in paths.
    by_hash: HashMap<String, Arc<Followed>>,
    all: Arc<[Arc<Followed>]>,
    registry: Registry,
    figures: Figures,
}

impl Witness {
    /// Begins to follow these ledgers, with its state in a directory.
    ///
    /// # Errors
    /// `Input` for two ledgers of one name, and where the directory is not to be had; `Stop` where what
    /// was cosigned is damaged.
    pub fn start(
        ledgers: Vec<Ledger>,
        cosigners: Vec<Cosigner>,
        state: &Path,
        times: Times,
        clock: &SharedClock,
    ) -> Result<Self, Error> {
        let (stop, cosigners) = (Arc::new(AtomicBool::new(false)), Arc::from(cosigners));
        let mut begun: Vec<(Arc<Followed>, Follower)> = Vec::new();
        for ledger in ledgers {
            let origin = &ledger.identity.origin;
            if begun.iter().any(|(other, _)| other.ledger.identity.origin == *origin) {
                return Err(Error::input(format!(
                    "{origin} is named twice: a name is one ledger's"
                )));
            }
            let cosigned = Cosigned::open(state, &ledger.identity)?;
            let url = ledger.url.clone();
            let (followed, woken) =
                Followed::new(ledger, cosigned, Arc::clone(&cosigners), Arc::clone(clock));
            let source = Box::new(move |height| audit::open_from(&url, height));
            let (state, told) = (state.to_owned(), (woken, Arc::clone(&stop)));
            let follower = Follower::new(Arc::clone(&followed), source, state, times, told);
            begun.push((followed, follower));
        }
        let followed = begun.iter().map(|(followed, _)| Arc::clone(followed)).collect();
        let run = |(_, follower): (_, Follower)| thread::spawn(move || follower.run());
        let followers = begun.into_iter().map(run).collect();
        Ok(Self { followed, followers, stop, clock: Arc::clone(clock) })
    }

    /// Has the followers end, with what they have kept, and waits a while for them.
    fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        let until = self.clock.elapsed() + FOLLOWER_STOP;
        while self.clock.elapsed() < until {
            if self.followers.iter().all(JoinHandle::is_finished) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        // As if it were killed: what it has not kept it replays again.
        tracing::warn!("stopping although a ledger has not answered");
    }
}

/// A witness that is asked over HTTP.
pub struct Server {
    pub socket: TcpListener,
    pub tls: Option<Tls>,
    pub limits: Limits,
}

impl Server {
    /// Answers until `stop` is ready, and ends the witness.
    pub async fn until(self, witness: Witness, stop: impl Future<Output = ()>) {
        let Self { socket, tls, limits } = self;
        let (mut registry, figures) = (Registry::default(), Figures::default());
        let ours = registry.sub_registry_with_prefix("probant");
        figures.register(ours);
        let door = Door::new(limits, &witness.clock, ours);
        let service = Service::new(Arc::clone(&witness.followed), registry, figures);
        door.serve(service.routes(), (socket, tls), stop).await;
        let ended = tokio::task::spawn_blocking(move || witness.end()).await;
        ended.expect("it waits, and does not panic");
    }
}

impl Service {
    fn new(all: Arc<[Arc<Followed>]>, registry: Registry, figures: Figures) -> Self {
        let origin = |followed: &Arc<Followed>| followed.ledger.identity.origin.clone();
        let by_origin = all.iter().map(|of| (origin(of), Arc::clone(of))).collect();
        let hash = |of: &Arc<Followed>| hex::encode(Sha256::digest(origin(of).as_str()));
        let by_hash = all.iter().map(|of| (hash(of), Arc::clone(of))).collect();
        Self(Arc::new(Inner { by_origin, by_hash, all, registry, figures }))
    }

    fn routes(self) -> Router {
        let adding = post(add_checkpoint).layer(DefaultBodyLimit::max(submission::BYTES_MAX));
        Router::new()
            .route("/add-checkpoint", adding)
            .route("/{origin}/checkpoint", get(checkpoint))
            .route("/healthz", get(alive))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics))
            .with_state(self)
    }
}

async fn add_checkpoint(State(service): State<Service>, body: Bytes) -> Response {
    let decided = match Sent::parse(&body) {
        Err(refusal) => Err(refusal),
        Ok(sent) => match service.0.by_origin.get(&sent.checkpoint.origin) {
            None => Err(Refusal::Unknown),
            Some(followed) => followed.add_checkpoint(sent).await,
        },
    };
    service.0.figures.decided(&decided);
    match decided {
        Ok(lines) => ([(header::CONTENT_TYPE, TEXT_TYPE)], lines).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let said = |status: StatusCode, why: String| {
            (status, [(header::CONTENT_TYPE, TEXT_TYPE)], why + "\n").into_response()
        };
        let later = |kind: &'static str, text: String| {
            let headers = [
                (header::CONTENT_TYPE, kind.to_owned()),
                (header::RETRY_AFTER, RETRY_AFTER_S.to_string()),
            ];
            (StatusCode::SERVICE_UNAVAILABLE, headers, text).into_response()
        };
        match self {
            Self::Malformed(why) => said(StatusCode::BAD_REQUEST, why),
            Self::Unknown => {
                said(StatusCode::NOT_FOUND, "no ledger of this origin is followed".into())
            }
            Self::Unsigned => {
                said(StatusCode::FORBIDDEN, "it is not signed by the note key of the ledger".into())
            }
            Self::Size(size) => {
                let kind = [(header::CONTENT_TYPE, SIZE_TYPE)];
                (StatusCode::CONFLICT, kind, format!("{size}\n")).into_response()
            }
            Self::Inconsistent(why) => said(StatusCode::UNPROCESSABLE_ENTITY, why),
            Self::NotReplayed(size) => later(SIZE_TYPE, format!("{size}\n")),
            Self::NotNow(why) => later(TEXT_TYPE, why + "\n"),
        }
    }
}

async fn checkpoint(State(service): State<Service>, InPath(origin): InPath<String>) -> Response {
    let followed = service.0.by_hash.get(&origin);
    let note = followed.and_then(|of| of.cosigned().newest().map(|newest| newest.note.clone()));
    let Some(note) = note else {
        let headers = [(header::CONTENT_TYPE, TEXT_TYPE), (header::CACHE_CONTROL, "no-store")];
        let why = "nothing was cosigned of a ledger whose origin has this hash\n";
        return (StatusCode::NOT_FOUND, headers, why).into_response();
    };
    let headers = [(header::CONTENT_TYPE, TEXT_TYPE), (header::CACHE_CONTROL, "public, max-age=1")];
    (headers, note).into_response()
}

async fn alive() -> Response {
    ([(header::CACHE_CONTROL, "no-store")], "ok\n").into_response()
}

/// Whether it answers, and how it stands with each ledger.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    /// What somebody has to look at.
    alarm: Option<String>,
    ledgers: Vec<OneLedger>,
}

/// How it stands with one.
#[derive(Serialize)]
struct OneLedger {
    identity: String,
    url: String,
    /// `begins`, `follows`, `unreached`, `behind`, `fault`, `stopped` or `damaged`.
    standing: &'static str,
    /// The same in words.
    why: String,
    /// Blocks that were replayed.
    blocks: u64,
    /// Entries in them.
    entries: u64,
    /// Entries up to the checkpoint that was cosigned last.
    cosigned: u64,
    /// When the newest look began that came to its end.
    looked: Option<String>,
}

async fn ready(State(service): State<Service>) -> Response {
    let ledgers: Vec<_> = service.0.all.iter().map(|followed| OneLedger::of(followed)).collect();
    let alarm = service.0.all.iter().find_map(|followed| {
        let standing = followed.view.borrow().standing.clone();
        let identity = &followed.ledger.identity;
        standing.is_alarm().then(|| format!("{identity}: {standing}"))
    });
    // A ledger that lies is no reason to send others away; a disk that fails is.
    let is_damaged =
        |of: &&Arc<Followed>| matches!(of.view.borrow().standing, Standing::Damaged(_));
    let ready = !service.0.all.iter().any(|of| is_damaged(&of));
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let headers = [(header::CACHE_CONTROL, "no-store")];
    (status, headers, Json(Readiness { ready, alarm, ledgers })).into_response()
}

impl OneLedger {
    fn of(followed: &Followed) -> Self {
        let cosigned = followed.cosigned().size();
        let view = followed.view.borrow();
        Self {
            identity: followed.ledger.identity.to_string(),
            url: followed.ledger.url.clone(),
            standing: view.standing.word(),
            why: view.standing.to_string(),
            blocks: view.blocks,
            entries: view.newest().map_or(0, |newest| newest.size),
            cosigned,
            looked: view.looked_ms.map(utc),
        }
    }
}

async fn metrics(State(service): State<Service>) -> Response {
    service.0.figures.read(&service.0.all);
    told(&service.0.registry)
}
