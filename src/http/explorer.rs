//! For people who look around: blocks, entries in words, documents a day. All that does not change
//! is immutable; the rest is asked again.

use axum::{
    Json, Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;

use super::{
    ASK_AGAIN, IMMUTABLE, Inner, Service,
    path::{At, number},
    problem::Problem,
};

pub fn router() -> Router<Service> {
    Router::new()
        .route("/explorer", get(overview))
        .route("/explorer/days", get(days))
        .route("/explorer/blocks/{height}", get(blocks))
        .route("/explorer/blocks/{height}/entries/{from}", get(entries))
        .route("/explorer/entries/{index}", get(entry))
}

fn cached(rule: &'static str, answer: impl Serialize) -> Response {
    ([(header::CACHE_CONTROL, rule)], Json(answer)).into_response()
}

async fn overview(State(service): State<Service>) -> Result<Response, Problem> {
    let ask = |inner: &Inner| inner.explorer.overview(&inner.ledger.identity());
    Ok(cached(ASK_AGAIN, service.ask_aside(ask).await?))
}

async fn days(State(service): State<Service>) -> Result<Response, Problem> {
    Ok(cached(ASK_AGAIN, service.ask_aside(|inner: &Inner| inner.explorer.days()).await?))
}

async fn blocks(
    State(service): State<Service>,
    At(height): At<String>,
) -> Result<Response, Problem> {
    let height = number(&height)?;
    let found = service.ask_aside(move |inner: &Inner| inner.explorer.blocks(height)).await?;
    let none = || Problem::not_found(format!("there is no block {height}"));
    Ok(cached(IMMUTABLE, found.ok_or_else(none)?))
}

async fn entries(
    State(service): State<Service>,
    At((height, from)): At<(String, String)>,
) -> Result<Response, Problem> {
    let (height, from) = (number(&height)?, number(&from)?);
    let ask = move |inner: &Inner| inner.explorer.entries(height, from, &inner.ledger.registry());
    let none = || Problem::not_found(format!("there is no entry {from} in a block {height}"));
    Ok(cached(IMMUTABLE, service.ask_aside(ask).await?.ok_or_else(none)?))
}

async fn entry(State(service): State<Service>, At(index): At<String>) -> Result<Response, Problem> {
    let index = number(&index)?;
    let ask = move |inner: &Inner| inner.explorer.entry(index, &inner.ledger.registry());
    let none = || Problem::not_found(format!("there is no entry {index}"));
    Ok(cached(IMMUTABLE, service.ask_aside(ask).await?.ok_or_else(none)?))
}
