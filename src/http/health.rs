//! For whoever runs it: is the process alive, and can it take statements.

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;

use super::{NEVER, Service};

/// Look-ups that lag by more blocks than this make a ledger not ready.
const LAG_BLOCKS_MAX: u64 = 100;

pub fn router() -> Router<Service> {
    let alive = || async { ([(header::CACHE_CONTROL, NEVER)], "ok\n") };
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready))
}

async fn ready(State(service): State<Service>) -> Response {
    let ledger = &service.0.ledger;
    let (head, derived, alarm) = (ledger.head(), ledger.store().derived(), ledger.alarm());
    let lag = (head.height + 1).saturating_sub(derived);
    let ready = alarm.is_none() && lag <= LAG_BLOCKS_MAX;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let answer = json!({
        "ready": ready,
        "alarm": alarm,
        "head": { "height": head.height, "size": head.size, "documents": head.documents,
                  "time_ms": head.time_ms },
        "lag_blocks": lag,
    });
    (status, [(header::CACHE_CONTROL, NEVER)], Json(answer)).into_response()
}
