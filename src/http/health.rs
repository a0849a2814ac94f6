//! For whoever runs it: is the process alive, and can it take statements.

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;
use serde_json::json;

use super::{
    NEVER, Service,
    problem::{Concise, Kind, Problem},
};

/// Look-ups that lag by more blocks than this make a ledger not ready.
const LAG_BLOCKS_MAX: u64 = 100;
/// What is not ready yet.
const OPENING: &str =
    "the ledger is being opened: what its look-ups lack is derived from its blocks";

pub fn router() -> Router<Service> {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready))
}

/// All that there is while the ledger is being opened.
pub fn opening() -> Router {
    let not_ready = || async {
        let answer = json!({ "ready": false, "alarm": OPENING, "head": null, "lag_blocks": null });
        (StatusCode::SERVICE_UNAVAILABLE, [(header::CACHE_CONTROL, NEVER)], Json(answer))
    };
    Router::new().route("/healthz", get(alive)).route("/readyz", get(not_ready)).fallback(not_yet)
}

async fn alive() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, NEVER)], "ok\n")
}

async fn not_yet(uri: Uri) -> Response {
    let problem = Problem::new(Kind::Busy, OPENING).retry_after(5);
    if uri.path().starts_with("/entries") {
        return Concise::from(problem).into_response();
    }
    problem.into_response()
}

/// Whether statements can be taken and questions answered.
#[derive(Serialize)]
pub struct Readiness {
    pub ready: bool,
    alarm: Option<String>,
    head: Head,
    lag_blocks: u64,
}

#[derive(Serialize)]
struct Head {
    height: u64,
    size: u64,
    documents: u64,
    time_ms: u64,
}

impl Service {
    pub(super) fn readiness(&self) -> Readiness {
        let ledger = &self.0.ledger;
        let (head, derived) = (ledger.head(), ledger.store().derived());
        let stopping = || self.0.gate.is_stopping().then(|| "the ledger is stopping".to_owned());
        let alarm = ledger.alarm().or_else(stopping);
        let lag_blocks = (head.height + 1).saturating_sub(derived);
        let ready = alarm.is_none() && lag_blocks <= LAG_BLOCKS_MAX;
        let (height, size) = (head.height, head.size);
        let head = Head { height, size, documents: head.documents, time_ms: head.time_ms };
        Readiness { ready, alarm, head, lag_blocks }
    }
}

async fn ready(State(service): State<Service>) -> Response {
    let answer = service.readiness();
    let status = if answer.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, NEVER)], Json(answer)).into_response()
}
