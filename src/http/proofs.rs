//! For whoever holds proofs, or makes them: that one head grew from another, that an entry is in one,
//! and what became of the documents of a list. What is JSON is of any size; a receipt needs a seal.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use probant_core::Hash;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    IMMUTABLE, Inner, Service,
    blocks::immutable,
    body::Binary,
    path::{At, malformed, number},
    problem::Problem,
};
use crate::{lag, receipt};

const COSE: &str = "application/cose";

pub fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .routes(routes!(consistency))
        .routes(routes!(consistency_receipt))
        .routes(routes!(inclusion))
        .routes(routes!(inclusion_receipt))
        .routes(routes!(statuses))
}

/// That the tree of the first `to` entries grew from that of the first `from` (RFC 9162).
#[derive(Serialize, ToSchema)]
struct Consistency {
    from: u64,
    to: u64,
    /// Hashes, hex.
    path: Vec<String>,
}

/// That an entry is in the tree of the first `size` (RFC 9162).
#[derive(Serialize, ToSchema)]
struct Inclusion {
    entry: u64,
    size: u64,
    /// Hashes, hex, from the leaf up.
    path: Vec<String>,
}

/// That one tree head grew from another (RFC 9162)
#[utoipa::path(
    get,
    path = "/proofs/consistency/{from}/{to}",
    tag = "Audit",
    params(
        ("from" = u64, Path, description = "Entries of the older tree", minimum = 1),
        ("to" = u64, Path, description = "Entries of the newer tree, at least as many", minimum = 1),
    ),
    responses((status = 200, description = "The proof", body = Consistency)),
    extensions(("x-problems" = json!(["malformed-path", "not-found"])))
)]
async fn consistency(
    State(service): State<Service>,
    At(sizes): At<(String, String)>,
) -> Result<Response, Problem> {
    let (from, to) = sizes_of(&sizes)?;
    let ask = move |inner: &Inner| receipt::grown(&**inner.ledger.store(), from, to);
    let found = if is_there(&service, to) { service.ask_aside(ask).await? } else { None };
    let path = hex(&found.ok_or_else(|| too_many(to))?);
    Ok(([(header::CACHE_CONTROL, IMMUTABLE)], Json(Consistency { from, to, path })).into_response())
}

/// The receipt of consistency of two tree heads (RFC 9942)
///
/// Under the seal of the block that ends at the newer one.
#[utoipa::path(
    get,
    path = "/proofs/consistency/{from}/{to}/receipt",
    tag = "Audit",
    params(
        ("from" = u64, Path, description = "Entries of the older tree", minimum = 1),
        ("to" = u64, Path, description = "Entries of the newer tree, at which a block ends", minimum = 2),
    ),
    responses(
        (
            status = 200,
            description = "The receipt: a COSE_Sign1",
            body = Binary,
            content_type = "application/cose",
        ),
    ),
    extensions(("x-problems" = json!(["malformed-path", "not-found"])))
)]
async fn consistency_receipt(
    State(service): State<Service>,
    At(sizes): At<(String, String)>,
) -> Result<Response, Problem> {
    let (from, to) = sizes_of(&sizes)?;
    if !is_there(&service, to) {
        return Err(too_many(to));
    }
    if from == to {
        let why = "a receipt of consistency has a path of one hash or more (RFC 9942), and from a tree \
                   to itself there is none";
        return Err(Problem::not_found(why));
    }
    let ask = move |inner: &Inner| {
        let (store, registry) = (inner.ledger.store(), inner.ledger.registry());
        receipt::consistency(&**store, &registry, from, to)
    };
    let found = service.ask_aside(ask).await?.ok_or_else(|| unsealed(to))?;
    Ok(immutable(COSE, found.encode()))
}

/// That an entry is in the tree of any size (RFC 9162)
#[utoipa::path(
    get,
    path = "/proofs/inclusion/{entry}/{size}",
    tag = "Audit",
    params(
        ("entry" = u64, Path, description = "Index of the entry"),
        ("size" = u64, Path, description = "Entries of the tree, more than the index", minimum = 1),
    ),
    responses((status = 200, description = "The proof", body = Inclusion)),
    extensions(("x-problems" = json!(["malformed-path", "not-found"])))
)]
async fn inclusion(
    State(service): State<Service>,
    At(place): At<(String, String)>,
) -> Result<Response, Problem> {
    let (entry, size) = place_of(&place)?;
    let ask = move |inner: &Inner| receipt::path(&**inner.ledger.store(), entry, size);
    let found = if is_there(&service, size) { service.ask_aside(ask).await? } else { None };
    let path = hex(&found.ok_or_else(|| too_many(size))?);
    Ok(([(header::CACHE_CONTROL, IMMUTABLE)], Json(Inclusion { entry, size, path }))
        .into_response())
}

/// The receipt of an entry under the seal of any later block (RFC 9942)
#[utoipa::path(
    get,
    path = "/proofs/inclusion/{entry}/{size}/receipt",
    tag = "Audit",
    params(
        ("entry" = u64, Path, description = "Index of the entry"),
        ("size" = u64, Path, description = "Entries of the tree, at which a block ends", minimum = 2),
    ),
    responses(
        (
            status = 200,
            description = "The receipt: a COSE_Sign1",
            body = Binary,
            content_type = "application/cose",
        ),
    ),
    extensions(("x-problems" = json!(["malformed-path", "not-found"])))
)]
async fn inclusion_receipt(
    State(service): State<Service>,
    At(place): At<(String, String)>,
) -> Result<Response, Problem> {
    let (entry, size) = place_of(&place)?;
    if !is_there(&service, size) {
        return Err(too_many(size));
    }
    let ask = move |inner: &Inner| {
        let (store, registry) = (inner.ledger.store(), inner.ledger.registry());
        receipt::inclusion(&**store, &registry, entry, size)
    };
    let found = service.ask_aside(ask).await?.ok_or_else(|| unsealed(size))?;
    Ok(immutable(COSE, found.encode()))
}

/// Sizes of two trees, in order.
fn sizes_of((from, to): &(String, String)) -> Result<(u64, u64), Problem> {
    let (from, to) = (number(from)?, number(to)?);
    if from == 0 {
        return Err(malformed("from 0: a tree of 1 entry or more is asked for"));
    }
    if from > to {
        let why = format!("from {from} to {to}: a tree does not grow from a larger one");
        return Err(Problem::not_found(why));
    }
    Ok((from, to))
}

/// An entry, and the size of a tree that has it.
pub(super) fn place_of((entry, size): &(String, String)) -> Result<(u64, u64), Problem> {
    let (entry, size) = (number(entry)?, number(size)?);
    if entry >= size {
        let why = format!("a tree of {size} entries has no entry {entry}: the first is 0");
        return Err(Problem::not_found(why));
    }
    Ok((entry, size))
}

/// Whether there is a tree of this size: asked before anything waits for look-ups.
pub(super) fn is_there(service: &Service, size: u64) -> bool {
    size <= service.0.ledger.head().size
}

pub(super) fn too_many(size: u64) -> Problem {
    Problem::not_found(format!("there are not {size} entries: see /checkpoint"))
}

fn unsealed(size: u64) -> Problem {
    Problem::not_found(format!(
        "no block ends at {size} entries, so there is no seal to make a receipt of: ask for the path \
         without /receipt, or for the size of a block, see /explorer"
    ))
}

fn hex(path: &[Hash]) -> Vec<String> {
    path.iter().map(Hash::to_string).collect()
}

/// What became of each document of a certifying entry, as of a block
///
/// The status paths in the order of its list: what its issuer cannot make, and all that its proofs do
/// not share.
#[utoipa::path(
    get,
    path = "/proofs/statuses/{entry}/{height}",
    tag = "Audit",
    params(
        ("entry" = u64, Path, description = "Index of the certifying entry"),
        ("height" = u64, Path, description = "Number of the block"),
    ),
    responses(
        (
            status = 200,
            description = "The status paths (docs/format.md 11.3)",
            body = Binary,
            content_type = "application/cbor",
        ),
    ),
    extensions(("x-problems" = json!(["malformed-path", "not-found"])))
)]
async fn statuses(
    State(service): State<Service>,
    At((entry, height)): At<(String, String)>,
) -> Result<Response, Problem> {
    let (entry, height) = (number(&entry)?, number(&height)?);
    let reached = |inner: &Inner| {
        let (store, head) = (inner.ledger.store(), inner.ledger.head());
        let is_there = entry < head.size && height <= head.height;
        if is_there && store.derived() <= head.height { Err(lag::behind()) } else { Ok(is_there) }
    };
    let found = if service.ask(reached).await? {
        service.0.prover.statuses(entry, height).await?
    } else {
        None
    };
    let none = || {
        let why = format!("entry {entry} certifies no list, or there is no block {height}");
        Problem::not_found(why)
    };
    Ok(immutable("application/cbor", found.ok_or_else(none)?))
}
