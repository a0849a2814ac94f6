//! For whoever holds proofs, or makes them: that one head grew from another, and what became of the
//! documents of a list.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use probant_core::{
    Hash,
    tree::{Node, prove_consistency},
};
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
use crate::lag;

pub fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new().routes(routes!(consistency)).routes(routes!(statuses))
}

/// That the tree of the first `to` entries grew from that of the first `from` (RFC 9162).
#[derive(Serialize, ToSchema)]
struct Consistency {
    from: u64,
    to: u64,
    /// Hashes, hex.
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
    At((from, to)): At<(String, String)>,
) -> Result<Response, Problem> {
    let (from, to) = (number(&from)?, number(&to)?);
    if from == 0 {
        return Err(malformed("from 0: a tree of 1 entry or more is asked for"));
    }
    if from > to {
        let why = format!("from {from} to {to}: a tree does not grow from a larger one");
        return Err(Problem::not_found(why));
    }
    let found = service.ask(|inner| {
        let store = inner.ledger.store();
        let reached = store.entry(to - 1)?;
        let read = |nodes: &[Node]| store.hashes(nodes);
        reached.map(|_| Ok(prove_consistency(from, to, read)?)).transpose()
    });
    let path = found.await?.ok_or_else(|| {
        Problem::not_found(format!("there are not {to} entries: see /checkpoint"))
    })?;
    let path = path.iter().map(Hash::to_string).collect();
    let headers = [(header::CACHE_CONTROL, IMMUTABLE)];
    Ok((headers, Json(Consistency { from, to, path })).into_response())
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
