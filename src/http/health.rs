//! For whoever runs it: is the process alive, can it take statements; and for its other nodes: how
//! far has it been.

use std::{path::PathBuf, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    NEVER, Service,
    problem::{Kind, Problem},
    witnesses::WitnessHealth,
};
use crate::store::head_mark::{HeadMark, Mark};

/// Whether it is ready, and what it would be asked about.
#[derive(Serialize, ToSchema)]
pub struct Readiness {
    pub ready: bool,
    /// Why nothing can be written now, or soon cannot.
    alarm: Option<String>,
    /// The newest block; null while the ledger is being opened.
    head: Option<ReadyHead>,
    /// Blocks that look-ups lag behind; null while the ledger is being opened.
    lag_blocks: Option<u64>,
    /// Who cosigns checkpoints; null without --witness-policy.
    witnesses: Option<WitnessHealth>,
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

/// The newest block that a node knows to be durable, which it never forgets.
#[derive(Serialize, ToSchema)]
struct Remembered {
    /// Id of the ledger, hex.
    ledger: String,
    height: u64,
    /// Entries in the tree.
    size: u64,
    /// Root of the tree, hex.
    root: String,
}

/// Where a node has its head mark; one that only reads has none.
#[derive(Clone)]
pub struct MarkFile(pub Option<Arc<PathBuf>>);

/// What keeps a ledger from being open: for strangers, too. The log says more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opening {
    /// What look-ups lack is derived from the blocks.
    Deriving,
    /// The database cannot be reached.
    Unreached,
    /// The store is not what this node, or a peer, has seen.
    Refused,
    /// A peer has not said how far it has been.
    WaitsForPeers,
}

impl Opening {
    fn why(self) -> &'static str {
        match self {
            Self::Deriving => {
                "the ledger is being opened: what its look-ups lack is derived from its blocks"
            }
            Self::Unreached => {
                "the ledger is being opened: its database cannot be used yet, and the log says why"
            }
            Self::Refused => {
                "the ledger is being opened: what it is kept in is not what was seen before, and the \
                 log says why"
            }
            Self::WaitsForPeers => {
                "the ledger is being opened: a peer or a witness has not said how far it has been, and the log \
                 names it"
            }
        }
    }
}

/// Look-ups that lag by more blocks than this make a ledger not ready.
const LAG_BLOCKS_MAX: u64 = 100;

pub fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new().routes(routes!(alive)).routes(routes!(ready)).routes(routes!(mark))
}

/// All that there is while the ledger is being opened, with what it waits for at the moment.
pub fn opening(file: MarkFile, waits: watch::Receiver<Opening>) -> Router {
    let waits_too = waits.clone();
    let not_ready = || async move {
        let alarm = Some(waits.borrow().why().to_owned());
        Readiness { ready: false, alarm, head: None, lag_blocks: None, witnesses: None }
            .into_response()
    };
    let not_yet = |uri: Uri| async move {
        Problem::new(Kind::Busy, waits_too.borrow().why()).retry_after(5).at(uri.path())
    };
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(not_ready))
        .route("/mark", get(move || async move { file.answer() }))
        .fallback(not_yet)
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
    service.readiness().into_response()
}

/// The newest block that this node knows to be durable
///
/// A node that starts asks its peers, also while they are being opened: a database that was restored from
/// a backup ends before what they have seen.
#[utoipa::path(
    get,
    path = "/mark",
    tag = "Health",
    responses((status = 200, description = "The block", body = Remembered)),
    extensions(("x-problems" = json!(["not-found"])))
)]
async fn mark(State(service): State<Service>) -> Result<Response, Problem> {
    service.0.mark.answer()
}

impl MarkFile {
    /// As it is on disk at this moment.
    fn answer(&self) -> Result<Response, Problem> {
        let none = || Problem::not_found("this node keeps no head mark");
        let path = self.0.as_ref().ok_or_else(none)?;
        let read = HeadMark::read(path).map_err(crate::Error::from)?;
        let Mark { ledger_id, height, size, root } = read.ok_or_else(none)?;
        let (ledger, root) = (hex::encode(ledger_id), hex::encode(root));
        let remembered = Json(Remembered { ledger, height, size, root });
        Ok(([(header::CACHE_CONTROL, NEVER)], remembered).into_response())
    }
}

impl Service {
    /// Whether statements can be taken and questions answered.
    pub(super) fn readiness(&self) -> Readiness {
        let ledger = &self.0.ledger;
        let (head, derived) = (ledger.head(), ledger.store().derived());
        let stopping = || self.0.gate.is_stopping().then(|| "the ledger is stopping".to_owned());
        let alarm = ledger.alarm().or_else(stopping);
        let lag = (head.height + 1).saturating_sub(derived);
        let ready = alarm.is_none() && lag <= LAG_BLOCKS_MAX;
        let head = ReadyHead {
            height: head.height,
            size: head.size,
            documents: head.documents,
            time_ms: head.time_ms,
        };
        let witnesses = self.witnessed();
        Readiness { ready, alarm, head: Some(head), lag_blocks: Some(lag), witnesses }
    }
}

impl IntoResponse for Readiness {
    fn into_response(self) -> Response {
        let status = if self.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (status, [(header::CACHE_CONTROL, NEVER)], Json(self)).into_response()
    }
}
