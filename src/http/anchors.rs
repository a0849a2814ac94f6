//! Timestamps of an authority over heads of the ledger, from a folder that `probant anchor` fills. It
//! is looked at whenever somebody asks, and into when it has changed.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    ASK_AGAIN, Inner, Service,
    blocks::immutable,
    body::Binary,
    delivery::NotModified,
    path::{At, number},
    problem::Problem,
    proofs::{is_there, place_of, too_many},
};
use crate::{Error, anchor::Anchored, lag, receipt};

/// How many are listed.
const LISTED_MAX: usize = 100;

pub fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new().routes(routes!(anchors)).routes(routes!(anchor)).routes(routes!(anchored))
}

/// Heads with a timestamp.
#[derive(Serialize, ToSchema)]
struct Listed {
    /// Their sizes, the newest first, 100 at most.
    sizes: Vec<u64>,
}

/// The newest heads that an authority of time has stamped
#[utoipa::path(
    get,
    path = "/anchors",
    tag = "Audit",
    responses(
        (status = 200, description = "Their sizes", body = Listed),
        NotModified,
    ),
    extensions(("x-problems" = json!([])))
)]
async fn anchors(State(service): State<Service>) -> Result<Response, Problem> {
    let sizes = service.ask_aside(sizes).await?;
    let sizes = sizes.iter().copied().take(LISTED_MAX).collect();
    let headers = [(header::CACHE_CONTROL, ASK_AGAIN)];
    Ok((headers, Json(Listed { sizes })).into_response())
}

/// The timestamp over the head of a size
///
/// It is over the text of the checkpoint of that size: origin, size, root.
#[utoipa::path(
    get,
    path = "/anchors/{size}",
    tag = "Audit",
    params(("size" = u64, Path, description = "Entries in the tree")),
    responses(
        (
            status = 200,
            description = "The authority's reply (RFC 3161, TimeStampResp)",
            body = Binary,
            content_type = "application/timestamp-reply",
        ),
    ),
    extensions(("x-problems" = json!(["malformed-path", "not-found"])))
)]
async fn anchor(State(service): State<Service>, At(size): At<String>) -> Result<Response, Problem> {
    let size = number(&size)?;
    let reply = service.ask_aside(move |inner: &Inner| reply(inner, size)).await?;
    let none =
        || Problem::not_found(format!("the head of size {size} has no timestamp: see /anchors"));
    Ok(immutable("application/timestamp-reply", reply.ok_or_else(none)?))
}

/// The earliest timestamp that covers an entry, and the paths that show it
///
/// For a proof whose head has `size` entries. CBOR: an array of the size of the head that is stamped,
/// the path of the entry in its tree, that the larger of the two trees grew from the smaller, and the
/// authority's reply.
#[utoipa::path(
    get,
    path = "/proofs/anchor/{entry}/{size}",
    tag = "Audit",
    params(
        ("entry" = u64, Path, description = "Index of the entry"),
        ("size" = u64, Path, description = "Entries under the head of the proof, more than the index", minimum = 1),
    ),
    responses(
        (
            status = 200,
            description = "Size, two paths, reply (docs/anchors.md)",
            body = Binary,
            content_type = "application/cbor",
        ),
        NotModified,
    ),
    extensions(("x-problems" = json!(["malformed-path", "not-found"])))
)]
async fn anchored(
    State(service): State<Service>,
    At(place): At<(String, String)>,
) -> Result<Response, Problem> {
    let (entry, size) = place_of(&place)?;
    if !is_there(&service, size) {
        return Err(too_many(size));
    }
    let found = service.ask_aside(move |inner: &Inner| covering(inner, entry, size)).await?;
    let none = || Problem::not_found(format!("no head with a timestamp covers entry {entry} yet"));
    let headers = [(header::CONTENT_TYPE, "application/cbor"), (header::CACHE_CONTROL, ASK_AGAIN)];
    Ok((headers, found.ok_or_else(none)?.encode()).into_response())
}

/// Faults of the folder are the operator's, whoever asks.
fn sizes(inner: &Inner) -> Result<Arc<[u64]>, Error> {
    let clock = &**inner.ledger.clock();
    let sizes = inner.anchors.as_ref().map_or(Ok(Arc::default()), |listing| listing.sizes(clock));
    sizes.map_err(|why| Error::Stop(format!("anchors: {why}")))
}

fn reply(inner: &Inner, size: u64) -> Result<Option<Vec<u8>>, Error> {
    let reply = inner.anchors.as_ref().map_or(Ok(None), |listing| listing.anchors().reply(size));
    reply.map_err(|why| Error::Stop(format!("anchors: {why}")))
}

/// For a proof whose head has `own` entries.
fn covering(inner: &Inner, entry: u64, own: u64) -> Result<Option<Anchored>, Error> {
    let sizes = sizes(inner)?;
    // The newest is first.
    let above = &sizes[..sizes.partition_point(|size| *size > entry)];
    let Some(&size) = above.last() else { return Ok(None) };
    let Some(reply) = reply(inner, size)? else { return Ok(None) };
    let store = &**inner.ledger.store();
    let (path, grown) =
        (receipt::path(store, entry, size)?, receipt::grown(store, size.min(own), size.max(own))?);
    // The head was seen elsewhere: this node may be behind it.
    let (path, grown) = (path.ok_or_else(lag::behind)?, grown.ok_or_else(lag::behind)?);
    Ok(Some(Anchored { size, path, grown, reply }))
}
