//! The web service. All authority is in signatures: there is no password, token or session.
//!
//! | who | what |
//! |---|---|
//! | issuers | `POST /entries`, `GET /entries/{index}` (`entries`) |
//! | verifiers | `/documents/…`, `POST /verify` (`documents`), `GET /prefixes/…` (`prefixes`) |
//! | auditors | `GET /blocks/…`, `/lists/{root}`, `/checkpoint` (`blocks`) |
//! | C2SP clients | `GET /tile/…` (`tiles`) |
//! | holders of proofs | `GET /proofs/…` (`proofs`), timestamps over heads (`anchors`) |
//! | who demands witnesses | `/checkpoint/cosigned` (`witnesses`) |
//! | everybody | `/issuers`, `/.well-known/scitt-keys`, `/healthz`, `/readyz`, `/mark` (`registry`, `health`) |
//! | people who look around | `/explorer/…` (`explorer`) |
//! | anyone with a document | `/`, `/explorer.html`, and what they load (`page`) |
//! | whoever was refused | `/problems` (`problem`) |
//! | developers | `/openapi.json` (`api`), `/api` (`page`) |
//! | whoever watches it | `/metrics` (`metrics`) |
//!
//! On its way a request passes the `listener`, which has a `socket` and perhaps `tls`, and the `gate`,
//! which knows `clients`, their `shares` and `turns`; the `limits` are in one place. Bodies come by `upload`
//! and go by `download`. On its way out an answer passes `delivery`. The `door` is all of that before
//! something else than a ledger.

mod anchors;
mod api;
mod blocks;
mod body;
mod clients;
mod delivery;
mod documents;
mod door;
mod download;
mod entries;
mod explorer;
mod gate;
mod health;
mod limits;
mod listener;
mod metrics;
mod page;
mod path;
mod prefixes;
mod problem;
mod proofs;
mod registry;
mod shares;
mod socket;
mod tiles;
mod tls;
mod turns;
mod upload;
mod witnesses;

use std::{future::Future, path::PathBuf, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    http::Method,
    middleware::{self, Next},
    response::Response,
};
use probant_core::registry::Registry;
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
    task::JoinHandle,
    time,
};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    Error,
    anchor::{Anchors, Listing},
    clock::SharedClock,
    explorer::Explorer,
    lag,
    ledger::Ledger,
    lookup::Lookup,
    prove::Prover,
    witnesses::Witnesses,
};
use gate::Gate;
use health::MarkFile;
use listener::{Listener, Routes};
use metrics::Metrics;
use problem::Problem;

pub(crate) use door::{Door, told};
pub use health::Opening;
pub use limits::Limits;
pub use listener::bind;
pub use tls::Tls;

/// Cache rule of what never changes: a year is what caches take for ever.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// Cache rule of what may have changed when it is asked again.
const ASK_AGAIN: &str = "no-cache";
/// Cache rule of what is true at this moment only.
const NEVER: &str = "no-store";

/// What every handler is given.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    ledger: Ledger,
    prover: Prover,
    witnesses: Option<Witnesses>,
    lookup: Lookup,
    explorer: Explorer,
    issuers: registry::Rendered,
    gate: Arc<Gate>,
    metrics: Metrics,
    mark: MarkFile,
    document_bytes_max: u64,
    anchors: Option<Listing>,
}

/// What is served, with what the handlers say of themselves.
fn routes() -> OpenApiRouter<Service> {
    of_ledger().merge(of_itself())
}

/// What is answered whatever becomes of the ledger.
fn of_itself() -> OpenApiRouter<Service> {
    OpenApiRouter::new().merge(api::router()).merge(problem::router()).merge(health::router())
}

/// What is answered from the ledger.
fn of_ledger() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .merge(documents::router())
        .merge(prefixes::router())
        .merge(entries::router())
        .merge(registry::router())
        .merge(blocks::router())
        .merge(tiles::router())
        .merge(proofs::router())
        .merge(anchors::router())
        .merge(witnesses::router())
        .merge(explorer::router())
}

/// Before a question: takes up what other nodes have sealed, for whoever asks may have been told of it
/// there. What is submitted waits for the sealer, which does that itself.
async fn follow(State(service): State<Service>, request: Request, next: Next) -> Response {
    let asks = request.method() != Method::POST || request.uri().path() != entries::PATH;
    if asks && let Err(error) = service.0.ledger.follow_now().await {
        return Problem::from(error).at(request.uri().path());
    }
    next.run(request).await
}

/// A web service that answers from its start: while its ledger is being opened, that it is.
pub struct Web {
    limits: Limits,
    mark: MarkFile,
    gate: Arc<Gate>,
    routes: Arc<Routes>,
    opening: watch::Sender<Opening>,
    /// Ends the listener.
    end: oneshot::Sender<()>,
    listening: JoinHandle<()>,
    /// Another listener, for metrics alone.
    watched: Option<TcpListener>,
    anchors: Option<Anchors>,
}

impl Web {
    /// Begins to listen; `mark` is the head mark of a node that writes. Metrics are for whoever asks
    /// here, unless they have a listener of their own.
    pub fn start(
        socket: TcpListener,
        tls: Option<Tls>,
        watched: Option<TcpListener>,
        limits: Limits,
        mark: Option<PathBuf>,
        clock: &SharedClock,
    ) -> Self {
        let mark = MarkFile(mark.map(Arc::new));
        let figures = metrics::Figures::default();
        let gate = Arc::new(Gate::new(&limits, clock, figures.clone()));
        let (opening, waits) = watch::channel(Opening::Deriving);
        let not_yet = health::opening(mark.clone(), waits);
        let routes = Arc::new(Routes::new(delivery::delivered(not_yet, &gate)));
        let listener = Listener::new(Arc::clone(&routes), tls, &limits, figures);
        let (end, ended) = oneshot::channel();
        let ended = async move {
            // An error says that nobody is left to end it.
            let _ = ended.await;
        };
        let listening = tokio::spawn(listener.run(socket, ended));
        Self { limits, mark, gate, routes, opening, end, listening, watched, anchors: None }
    }

    /// What keeps the ledger from being open, from now on.
    pub fn waits(&self, opening: Opening) {
        self.opening.send_replace(opening);
    }

    /// Gives out the timestamps in this folder.
    #[must_use]
    pub fn with_anchors(self, anchors: Option<Anchors>) -> Self {
        Self { anchors, ..self }
    }

    /// From now on the ledger is served.
    pub fn open(self, ledger: Ledger, prover: Prover, witnesses: Option<Witnesses>) -> Open {
        let (bytes_max, anchors) = (self.limits.document_bytes, self.anchors);
        let cosigned = (prover, witnesses);
        let service = Service::new(ledger, cosigned, &self.gate, self.mark, bytes_max, anchors);
        let mut routes = service.router();
        let metrics = metrics::router().with_state(service.clone());
        match self.watched {
            None => routes = routes.merge(metrics),
            Some(socket) => {
                // It counts for itself: who watches is no part of what is watched.
                let (routes, figures) = (Routes::new(metrics), metrics::Figures::default());
                let limits = self.limits.of_watched();
                let listener = Listener::new(Arc::new(routes), None, &limits, figures);
                tokio::spawn(listener.run(socket, std::future::pending()));
            }
        }
        self.routes.open(delivery::delivered(routes, &self.gate));
        let Self { limits, end, listening, .. } = self;
        let attending = tokio::spawn(service.clone().attend_witnesses());
        Open { service, limits, end, listening, attending }
    }
}

/// A web service whose ledger is open.
pub struct Open {
    service: Service,
    limits: Limits,
    end: oneshot::Sender<()>,
    listening: JoinHandle<()>,
    /// Has checkpoints cosigned.
    attending: JoinHandle<()>,
}

impl Open {
    /// Serves until `stop` is ready, then seals and answers what was accepted; whoever has not sent a
    /// whole request by then, or does not read its answer, is waited for a while.
    ///
    /// # Errors
    /// [`Error::Stop`] where the ledger could not go on.
    pub async fn until(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let Inner { ledger, gate, .. } = &*self.service.0;
        stop.await;
        gate.stop();
        time::sleep(self.limits.drain).await;
        gate.close();
        ledger.close();
        // Fails only where the listener has ended before.
        let _ = self.end.send(());
        if time::timeout(self.limits.stop, self.listening).await.is_err() {
            tracing::warn!("stopping although some clients have not ended");
        }
        self.attending.abort();
        ledger.stop();
        ledger.failure().map_or(Ok(()), |why| Err(Error::Stop(why)))
    }
}

impl Service {
    /// Serves a ledger; documents sent to `/verify` may have so many bytes.
    fn new(
        ledger: Ledger,
        (prover, witnesses): (Prover, Option<Witnesses>),
        gate: &Arc<Gate>,
        mark: MarkFile,
        document_bytes_max: u64,
        anchors: Option<Anchors>,
    ) -> Self {
        let lookup = Lookup::new(Arc::clone(ledger.store()));
        let explorer = Explorer::new(Arc::clone(ledger.store()));
        let issuers = registry::Rendered::default();
        let metrics = Metrics::new(&ledger, &gate.figures, witnesses.as_ref());
        let gate = Arc::clone(gate);
        Self(Arc::new(Inner {
            ledger,
            prover,
            witnesses,
            lookup,
            explorer,
            issuers,
            gate,
            metrics,
            mark,
            document_bytes_max,
            anchors: anchors.map(Listing::of),
        }))
    }

    /// All routes.
    fn router(&self) -> Router {
        let (of_ledger, _) = of_ledger().split_for_parts();
        let (of_itself, _) = of_itself().split_for_parts();
        of_ledger
            .route_layer(middleware::from_fn_with_state(self.clone(), follow))
            .merge(of_itself)
            .merge(page::router())
            .fallback(problem::not_found)
            .method_not_allowed_fallback(problem::method_not_allowed)
            .with_state(self.clone())
    }

    /// The registry after the newest block, whenever that is asked for.
    fn newest_registry(&self) -> impl Fn() -> Arc<Registry> + Sync {
        || self.0.ledger.registry()
    }

    /// Whether look-ups know all that was acknowledged until now, whenever that is asked: whoever has
    /// just withdrawn a document is not told that it is certified.
    fn acknowledged(&self) -> impl Fn(&Inner) -> Result<(), Error> + Copy + use<> {
        let height = self.0.ledger.head().height;
        move |inner| match inner.ledger.store().derived() {
            derived if derived > height => Ok(()),
            _ => Err(lag::behind()),
        }
    }

    /// Asks until look-ups have caught up with what was durable when the question came.
    async fn ask<T>(&self, ask: impl Fn(&Inner) -> Result<T, Error>) -> Result<T, Error> {
        lag::caught_up(&**self.0.ledger.clock(), || async { ask(&self.0) }).await
    }

    /// The same for what reads and hashes much: in turn, and not on a thread that serves others.
    async fn ask_aside<T: Send + 'static>(
        &self,
        ask: impl Fn(&Inner) -> Result<T, Error> + Clone + Send + 'static,
    ) -> Result<T, Error> {
        let turn = turns::mine()?;
        let ask = || async {
            let (inner, ask, turn) = (Arc::clone(&self.0), ask.clone(), turn.clone());
            let ask = move || {
                // Held to the end of the work, even if nobody waits for it any more.
                let _turn = turn;
                ask(&inner)
            };
            tokio::task::spawn_blocking(ask).await.expect("reading never panics")
        };
        lag::caught_up(&**self.0.ledger.clock(), ask).await
    }
}
