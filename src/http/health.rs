//! For whoever runs it: is the process alive, and can it take statements.

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    NEVER, Service,
    problem::{Kind, Problem},
};

/// Whether it is ready, and what it would be asked about.
#[derive(Serialize, ToSchema)]
pub struct Readiness {
    pub ready: bool,
    /// Why nothing can be written now, or soon cannot.
    alarm: Option<String>,
    /// The newest block; null while the ledger is being opened.
    head: Option<ReadyHead>,
    /// Blocks that look-ups lag behind; null while the ledger is being opened.
    lag_blocks: Option<u64>,
}

/// A block.
#[derive(Serialize, ToSchema)]
struct ReadyHead {
    height: u64,
    /// Entries in the tree.
    size: u64,
    /// Documents certified so far.
    documents: u64,
    /// When it was sealed: milliseconds since 1970.
    time_ms: u64,
}

/// Look-ups that lag by more blocks than this make a ledger not ready.
const LAG_BLOCKS_MAX: u64 = 100;
/// What is not ready yet.
const OPENING: &str =
    "the ledger is being opened: what its look-ups lack is derived from its blocks";

pub fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new().routes(routes!(alive)).routes(routes!(ready))
}

/// All that there is while the ledger is being opened.
pub fn opening() -> Router {
    let not_ready = || async {
        let alarm = Some(OPENING.to_owned());
        Readiness { ready: false, alarm, head: None, lag_blocks: None }.into_response()
    };
    Router::new().route("/healthz", get(alive)).route("/readyz", get(not_ready)).fallback(not_yet)
}

async fn not_yet(uri: Uri) -> Response {
    Problem::new(Kind::Busy, OPENING).retry_after(5).at(uri.path())
}

/// Whether the process is alive
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "Health",
    responses((status = 200, description = "It is", body = String, content_type = "text/plain")),
    extensions(("x-problems" = json!([])))
)]
async fn alive() -> Response {
    ([(header::CACHE_CONTROL, NEVER)], "ok\n").into_response()
}

/// Whether the ledger takes statements, and answers
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "Health",
    responses(
        (status = 200, description = "Ready", body = Readiness),
        (status = 503, description = "Not ready", body = Readiness),
    ),
    extensions(("x-problems" = json!([])))
)]
async fn ready(State(service): State<Service>) -> Response {
    service.readiness().into_response()
}

impl Service {
    /// Whether statements can be taken and questions answered.
    pub(super) fn readiness(&self) -> Readiness {
        let ledger = &self.0.ledger;
        let (head, derived) = (ledger.head(), ledger.store().derived());
        let stopping = || self.0.gate.is_stopping().then(|| "the ledger is stopping".to_owned());
        let alarm = ledger.alarm().or_else(stopping);
        let lag = (head.height + 1).saturating_sub(derived);
        let ready = alarm.is_none() && lag <= LAG_BLOCKS_MAX;
        let head = ReadyHead {
            height: head.height,
            size: head.size,
            documents: head.documents,
            time_ms: head.time_ms,
        };
        Readiness { ready, alarm, head: Some(head), lag_blocks: Some(lag) }
    }
}

impl IntoResponse for Readiness {
    fn into_response(self) -> Response {
        let status = if self.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (status, [(header::CACHE_CONTROL, NEVER)], Json(self)).into_response()
    }
}
