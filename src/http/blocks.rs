//! For auditors: blocks, lists, the checkpoint.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::stream;
use probant_core::{Hash, framing};

use super::{
    IMMUTABLE, Inner, NEVER, Service,
    path::{At, malformed, number},
    problem::Problem,
};
use crate::store::{Store, StoreError};

pub fn router() -> Router<Service> {
    Router::new()
        .route("/blocks/{height}", get(block))
        .route("/blocks/from/{height}", get(blocks))
        .route("/lists/{root}", get(list))
        .route("/checkpoint", get(checkpoint))
}

/// What never changes.
pub fn immutable(content_type: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, IMMUTABLE)];
    (headers, bytes).into_response()
}

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

/// Every block from a height up to the head of now, each framed (format.md 7.4).
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

async fn list(State(service): State<Service>, At(root): At<String>) -> Result<Response, Problem> {
    let wrong = || malformed("a root is 64 hex digits");
    let hash = Hash::from_hex(&root).ok_or_else(wrong)?;
    let read = move |inner: &Inner| Ok(inner.ledger.store().list(&hash)?);
    let list = service.ask_aside(read).await?;
    let none = || Problem::not_found(format!("there is no list with root {root}"));
    Ok(immutable("application/octet-stream", list.ok_or_else(none)?))
}

async fn checkpoint(State(service): State<Service>) -> Result<Response, Problem> {
    let published = service.0.prover.checkpoint(&service.newest_registry()).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=1"),
    ];
    Ok((headers, published.note.clone()).into_response())
}
