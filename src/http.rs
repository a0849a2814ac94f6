//! The web service. All authority is in signatures: there is no password, token or session.
//!
//! | who | what |
//! |---|---|
//! | issuers | `POST /entries`, `GET /entries/{index}` (`entries`) |
//! | verifiers | `/documents/…`, `POST /verify` (`documents`), `GET /prefixes/…` (`prefixes`) |
//! | auditors | `GET /blocks/…`, `/lists/{root}`, `/checkpoint` (`blocks`) |
//! | holders of proofs | `GET /proofs/…` (`proofs`) |
//! | everybody | `/issuers`, `/.well-known/scitt-keys`, `/healthz`, `/readyz` (`registry`, `health`) |
//! | people who look around | `/explorer/…` (`explorer`) |
//! | anyone with a document | `/`, `/explorer.html`, and what they load (`page`) |
//! | whoever was refused | `/problems` (`problem`) |
//! | developers | `/openapi.json`, `/api` (`api`) |

mod api;
mod blocks;
mod body;
mod delivery;
mod documents;
mod entries;
mod explorer;
mod health;
mod page;
mod path;
mod prefixes;
mod problem;
mod proofs;
mod registry;

use std::{
    future::{Future, IntoFuture as _},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use probant_core::registry::Registry;
use tokio::{net::TcpListener, sync::oneshot};
use utoipa_axum::router::OpenApiRouter;

use crate::{Error, explorer::Explorer, lag, ledger::Ledger, lookup::Lookup, prove::Prover};

/// Cache rule of what never changes: a year is what caches take for ever.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// Cache rule of what may have changed when it is asked again.
const ASK_AGAIN: &str = "no-cache";
/// Cache rule of what is true at this moment only.
const NEVER: &str = "no-store";

/// How long clients that are slow or hang may take to end, once the ledger is told to stop.
const STOP_WAIT: Duration = Duration::from_secs(10);

/// What every handler is given.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    ledger: Ledger,
    prover: Prover,
    lookup: Lookup,
    explorer: Explorer,
    issuers: registry::Rendered,
    document_bytes_max: u64,
}

/// What is served, with what the handlers say of themselves.
fn routes() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .merge(documents::router())
        .merge(prefixes::router())
        .merge(entries::router())
        .merge(registry::router())
        .merge(blocks::router())
        .merge(proofs::router())
        .merge(explorer::router())
        .merge(api::router())
        .merge(problem::router())
        .merge(health::router())
}

impl Service {
    /// Serves a ledger; documents sent to `/verify` may have so many bytes.
    pub fn new(ledger: Ledger, prover: Prover, document_bytes_max: u64) -> Self {
        let lookup = Lookup::new(Arc::clone(ledger.store()));
        let explorer = Explorer::new(Arc::clone(ledger.store()));
        let issuers = registry::Rendered::default();
        Self(Arc::new(Inner { ledger, prover, lookup, explorer, issuers, document_bytes_max }))
    }

    /// All routes.
    pub fn router(&self) -> Router {
        let (routes, _) = routes().split_for_parts();
        let routes = routes
            .merge(api::page())
            .merge(page::router())
            .fallback(problem::not_found)
            .method_not_allowed_fallback(problem::method_not_allowed)
            .with_state(self.clone());
        delivery::delivered(routes)
    }

    /// Serves until `shutdown` is ready, then seals and answers what was accepted; whoever has not
    /// sent a whole request by then, or does not read its answer, is waited for 10 s.
    ///
    /// # Errors
    /// [`Error::Stop`] if the listener fails.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Error> {
        let (told, stopping) = oneshot::channel();
        let service = self.clone();
        let shutdown = async move {
            shutdown.await;
            service.0.ledger.close();
            // Fails only where the listener has ended before.
            let _ = told.send(());
        };
        let serving = axum::serve(listener, self.router()).with_graceful_shutdown(shutdown);
        let hanging = async {
            if stopping.await.is_err() {
                return std::future::pending().await;
            }
            tokio::time::sleep(STOP_WAIT).await;
        };
        let served = tokio::select! {
            served = serving.into_future() => served,
            () = hanging => {
                tracing::warn!("stopping although some clients have not ended");
                Ok(())
            }
        };
        self.0.ledger.stop();
        served.map_err(|error| Error::Stop(format!("the listener failed: {error}")))
    }

    /// Why the ledger could not go on, where it could not.
    pub fn failure(&self) -> Option<String> {
        self.0.ledger.failure()
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

    /// The same for what reads and hashes much: not on a thread that serves others.
    async fn ask_aside<T: Send + 'static>(
        &self,
        ask: impl Fn(&Inner) -> Result<T, Error> + Clone + Send + 'static,
    ) -> Result<T, Error> {
        let ask = || async {
            let (inner, ask) = (Arc::clone(&self.0), ask.clone());
            tokio::task::spawn_blocking(move || ask(&inner)).await.expect("reading never panics")
        };
        lag::caught_up(&**self.0.ledger.clock(), ask).await
    }
}
