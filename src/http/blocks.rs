//! For auditors: blocks, lists, the checkpoint.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use probant_core::{Hash, framing};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    IMMUTABLE, Inner, NEVER, Service,
    body::Binary,
    delivery::NotModified,
    path::{At, malformed, number},
    problem::Problem,
};
use crate::store::{Store, StoreError};

pub fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .routes(routes!(block))
        .routes(routes!(blocks))
        .routes(routes!(list))
        .routes(routes!(checkpoint))
}

/// What never changes.
pub fn immutable(content_type: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, IMMUTABLE)];
    (headers, bytes).into_response()
}

/// A block
#[utoipa::path(
    get,
    path = "/blocks/{height}",
    tag = "Audit",
    params(("height" = u64, Path, description = "Number of the block")),
    responses(
        (
            status = 200,
            description = "The block (docs/format.md 7)",
            body = Binary,
            content_type = "application/cbor",
        ),
    ),
    extensions(("x-problems" = json!(["malformed-path", "not-found"])))
)]
async fn block(
    State(service): State<Service>,
    At(height): At<String>,
) -> Result<Response, Problem> {
    let height = number(&height)?;
    let read = move |inner: &Inner| Ok(inner.ledger.store().block(height)?);
    let block = service.ask_aside(read).await?;
    let block = block.ok_or_else(|| Problem::not_found(format!("there is no block {height}")))?;
    Ok(immutable("application/cbor", block))
}

/// Every block from a height up to the head of now
///
/// Each is framed (docs/format.md 7.4).
#[utoipa::path(
    get,
    path = "/blocks/from/{height}",
    tag = "Audit",
    params(("height" = u64, Path, description = "Number of the first block")),
    responses(
        (
            status = 200,
            description = "The blocks, one after the other",
            body = Binary,
            content_type = "application/octet-stream",
        ),
    ),
    extensions(("x-problems" = json!(["malformed-path", "not-found"])))
)]
async fn blocks(
    State(service): State<Service>,
    At(height): At<String>,
) -> Result<Response, Problem> {
    let height = number(&height)?;
    let head = service.0.ledger.head().height;
    if height > head {
        let why = format!("there is no block {height}: the newest is {head}");
        return Err(Problem::not_found(why));
    }
    // Blocks are found by look-ups: the stream would break off at the first that they do not reach.
    service.ask(service.acknowledged()).await?;
    let store = Arc::clone(service.0.ledger.store());
    // A thread is lent for each block, not for the stream: a client that does not read holds none.
    let body = Body::from_stream(stream::unfold(height..=head, move |mut left| {
        let store = Arc::clone(&store);
        async move {
            let height = left.next()?;
            let read = tokio::task::spawn_blocking(move || framed(&*store, height));
            let framed = read.await.expect("reading never panics");
            // An error cuts the answer off, which the auditor sees: the head is not reached.
            Some((framed, left))
        }
    }));
    let headers =
        [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, NEVER)];
    Ok((headers, body).into_response())
}

fn framed(store: &dyn Store, height: u64) -> Result<Bytes, StoreError> {
    let wrong = |what: &str| StoreError::damage(format!("block {height}"), what);
    let block = store.block(height)?.ok_or_else(|| wrong("it is missing"))?;
    Ok(framing::frame(&block).map_err(|why| wrong(&why.to_string()))?.into())
}

/// A list of two or more documents
#[utoipa::path(
    get,
    path = "/lists/{root}",
    tag = "Audit",
    params(
        (
            "root" = String,
            Path,
            description = "Root of the list's tree, hex",
            pattern = "^[0-9a-f]{64}$",
        ),
    ),
    responses(
        (
            status = 200,
            description = "The fingerprints, one after the other (docs/format.md 6)",
            body = Binary,
            content_type = "application/octet-stream",
        ),
    ),
    extensions(("x-problems" = json!(["malformed-path", "not-found"])))
)]
async fn list(State(service): State<Service>, At(root): At<String>) -> Result<Response, Problem> {
    let wrong = || malformed("a root is 64 hex digits");
    let hash = Hash::from_hex(&root).ok_or_else(wrong)?;
    let read = move |inner: &Inner| Ok(inner.ledger.store().list(&hash)?);
    let list = service.ask_aside(read).await?;
    let none = || Problem::not_found(format!("there is no list with root {root}"));
    Ok(immutable("application/octet-stream", list.ok_or_else(none)?))
}

/// The newest tree head as a C2SP signed note
#[utoipa::path(
    get,
    path = "/checkpoint",
    tag = "Audit",
    responses(
        (
            status = 200,
            description = "The note; a new one at most once a second",
            body = String,
            content_type = "text/plain",
        ),
        NotModified,
    ),
    extensions(("x-problems" = json!(["not-found"])))
)]
async fn checkpoint(State(service): State<Service>) -> Result<Response, Problem> {
    let published = service.0.prover.checkpoint(&service.newest_registry()).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=1"),
    ];
    let none = "this node holds no note key: ask one that writes";
    let note = published.note.clone().ok_or_else(|| Problem::not_found(none))?;
    Ok((headers, note).into_response())
}
