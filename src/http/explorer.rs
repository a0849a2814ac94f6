//! For people who look around: blocks, entries in words, documents a day. All that does not change
//! is immutable; the rest is asked again.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    ASK_AGAIN, IMMUTABLE, Inner, Service,
    delivery::NotModified,
    path::{At, number},
    problem::Problem,
};
use crate::explorer::{BlocksAnswer, DaysAnswer, EntriesAnswer, OneEntryAnswer, Overview};

pub fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .routes(routes!(overview))
        .routes(routes!(days))
        .routes(routes!(blocks))
        .routes(routes!(entries))
        .routes(routes!(entry))
}

fn cached(rule: &'static str, answer: impl Serialize) -> Response {
    ([(header::CACHE_CONTROL, rule)], Json(answer)).into_response()
}

/// The ledger's identity, and its newest blocks
#[utoipa::path(
    get,
    path = "/explorer",
    tag = "Explorer",
    responses(
        (status = 200, description = "Identity, head, and the 20 newest blocks", body = Overview),
        NotModified,
    ),
    extensions(("x-problems" = json!([])))
)]
async fn overview(State(service): State<Service>) -> Result<Response, Problem> {
    let ask = |inner: &Inner| inner.explorer.overview(&inner.ledger.identity());
    Ok(cached(ASK_AGAIN, service.ask_aside(ask).await?))
}

/// Documents certified on each of the last 90 days
#[utoipa::path(
    get,
    path = "/explorer/days",
    tag = "Explorer",
    responses(
        (status = 200, description = "The days, oldest first", body = DaysAnswer),
        NotModified,
    ),
    extensions(("x-problems" = json!([])))
)]
async fn days(State(service): State<Service>) -> Result<Response, Problem> {
    Ok(cached(ASK_AGAIN, service.ask_aside(|inner: &Inner| inner.explorer.days()).await?))
}

/// A block and up to 19 before it
#[utoipa::path(
    get,
    path = "/explorer/blocks/{height}",
    tag = "Explorer",
    params(("height" = u64, Path, description = "Number of the newest of them")),
    responses((status = 200, description = "The blocks, newest first", body = BlocksAnswer)),
    extensions(("x-problems" = json!(["malformed-path", "not-found"])))
)]
async fn blocks(
    State(service): State<Service>,
    At(height): At<String>,
) -> Result<Response, Problem> {
    let height = number(&height)?;
    let found = service.ask_aside(move |inner: &Inner| inner.explorer.blocks(height)).await?;
    let none = || Problem::not_found(format!("there is no block {height}"));
    Ok(cached(IMMUTABLE, found.ok_or_else(none)?))
}

/// Up to 100 entries of a block
#[utoipa::path(
    get,
    path = "/explorer/blocks/{height}/entries/{from}",
    tag = "Explorer",
    params(
        ("height" = u64, Path, description = "Number of the block"),
        ("from" = u64, Path, description = "Index of the first of them"),
    ),
    responses(
        (
            status = 200,
            description = "The block, and its entries from that one on",
            body = EntriesAnswer,
        ),
    ),
    extensions(("x-problems" = json!(["malformed-path", "not-found"])))
)]
async fn entries(
    State(service): State<Service>,
    At((height, from)): At<(String, String)>,
) -> Result<Response, Problem> {
    let (height, from) = (number(&height)?, number(&from)?);
    let ask = move |inner: &Inner| inner.explorer.entries(height, from, &inner.ledger.registry());
    let none = || Problem::not_found(format!("there is no entry {from} in a block {height}"));
    Ok(cached(IMMUTABLE, service.ask_aside(ask).await?.ok_or_else(none)?))
}

/// An entry, and what it says
#[utoipa::path(
    get,
    path = "/explorer/entries/{index}",
    tag = "Explorer",
    params(("index" = u64, Path, description = "Index of the entry")),
    responses((status = 200, description = "The entry, and its block", body = OneEntryAnswer)),
    extensions(("x-problems" = json!(["malformed-path", "not-found"])))
)]
async fn entry(State(service): State<Service>, At(index): At<String>) -> Result<Response, Problem> {
    let index = number(&index)?;
    let ask = move |inner: &Inner| inner.explorer.entry(index, &inner.ledger.registry());
    let none = || Problem::not_found(format!("there is no entry {index}"));
    Ok(cached(IMMUTABLE, service.ask_aside(ask).await?.ok_or_else(none)?))
}
