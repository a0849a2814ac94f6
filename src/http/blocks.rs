//! For auditors: blocks, lists and the checkpoint.

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
use probant_core::Hash;
use tokio::sync::mpsc;

use super::{
    IMMUTABLE, NEVER, Service,
    path::{At, number},
    problem::Problem,
};
use crate::{
    Error,
    store::{Store, StoreError, embedded::segments},
};

/// Blocks read ahead of a slow client.
const AHEAD_BLOCKS: usize = 2;

pub fn router() -> Router<Service> {
    Router::new()
        .route("/blocks/{height}", get(block))
        .route("/blocks/from/{height}", get(blocks))
        .route("/lists/{root}", get(list))
        .route("/checkpoint", get(checkpoint))
}

fn immutable(content_type: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, IMMUTABLE)];
    (headers, bytes).into_response()
}

async fn block(
    State(service): State<Service>,
    At(height): At<String>,
) -> Result<Response, Problem> {
    let height = number(&height)?;
    let block = service.ask(|inner| Ok(inner.ledger.store().block(height)?)).await?;
    let block = block.ok_or_else(|| Problem::not_found(format!("there is no block {height}")))?;
    Ok(immutable("application/cbor", block))
}

/// Every block from a height up to the head of now, each framed as in the segments.
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
    let (sender, receiver) = mpsc::channel(AHEAD_BLOCKS);
    let store = Arc::clone(service.0.ledger.store());
    tokio::task::spawn_blocking(move || send_blocks(&*store, height..=head, &sender));
    let next = |mut receiver: mpsc::Receiver<_>| async move {
        receiver.recv().await.map(|block| (block, receiver))
    };
    let body = Body::from_stream(stream::unfold(receiver, next));
    let headers =
        [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, NEVER)];
    Ok((headers, body).into_response())
}

fn send_blocks(
    store: &dyn Store,
    heights: std::ops::RangeInclusive<u64>,
    sender: &mpsc::Sender<Result<Bytes, StoreError>>,
) {
    for height in heights {
        // An error cuts the answer off, which the auditor sees: the last frame is not whole, or
        // the head is not reached.
        let framed = match store.block(height) {
            Ok(Some(block)) => segments::frame(&block).map(Bytes::from),
            Ok(None) => Err(StoreError::damage(format!("block {height}"), "it is missing")),
            Err(error) => Err(error),
        };
        let ends = framed.is_err();
        if sender.blocking_send(framed).is_err() || ends {
            return;
        }
    }
}

async fn list(State(service): State<Service>, At(root): At<String>) -> Result<Response, Problem> {
    let wrong = || Problem::from(Error::input("a root is 64 hex digits"));
    let hash = Hash::from_hex(&root).ok_or_else(wrong)?;
    let list = service.ask(|inner| Ok(inner.ledger.store().list(&hash)?)).await?;
    let none = || Problem::not_found(format!("there is no list with root {root}"));
    Ok(immutable("application/octet-stream", list.ok_or_else(none)?))
}

async fn checkpoint(State(service): State<Service>) -> Result<Response, Problem> {
    let registry = service.0.ledger.registry();
    let published = service.0.prover.checkpoint(&registry).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=1"),
    ];
    Ok((headers, published.note.clone()).into_response())
}
