//! For whoever runs it: is the process alive, and can it take statements.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{NEVER, Service};

/// Whether it is ready, and what it would be asked about.
#[derive(Serialize, ToSchema)]
struct Readiness {
    ready: bool,
    /// Why nothing can be written now.
    alarm: Option<String>,
    /// The newest block.
    head: ReadyHead,
    /// Blocks that look-ups lag behind.
    lag_blocks: u64,
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

pub fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new().routes(routes!(alive)).routes(routes!(ready))
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
    let ledger = &service.0.ledger;
    let (head, derived, alarm) = (ledger.head(), ledger.store().derived(), ledger.alarm());
    let lag = (head.height + 1).saturating_sub(derived);
    let ready = alarm.is_none() && lag <= LAG_BLOCKS_MAX;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let answer = Readiness {
        ready,
        alarm,
        head: ReadyHead {
            height: head.height,
            size: head.size,
            documents: head.documents,
            time_ms: head.time_ms,
        },
        lag_blocks: lag,
    };
    (status, [(header::CACHE_CONTROL, NEVER)], Json(answer)).into_response()
}
