//! The ledger's witnesses: what they cosigned, how it stands with them, and the task that asks them.

use std::sync::Arc;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Service, delivery::NotModified, problem::Problem};

/// How it stands with the witnesses.
#[derive(Serialize, ToSchema)]
pub struct WitnessHealth {
    /// What somebody has to look at; receipts go on.
    alarm: Option<String>,
    /// For so many seconds there has been a checkpoint that no quorum of them has cosigned; null while
    /// the newest one is cosigned.
    waiting_s: Option<u64>,
    /// The newest block that a quorum of them has cosigned.
    height: Option<u64>,
    /// Each of them.
    witnesses: Vec<OneWitness>,
}

/// How it stands with one of them.
#[derive(Serialize, ToSchema)]
struct OneWitness {
    url: String,
    /// `cosigns`, `unasked`, `replays`, `unknown`, `silent`, `refuses`, `ahead` or `contradicts`.
    standing: &'static str,
    /// The same in words.
    why: String,
    /// Entries up to the checkpoint that it cosigned last, as far as is known.
    size: u64,
}

pub fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new().routes(routes!(cosigned))
}

/// The newest tree head that a quorum of the ledger's witnesses has cosigned, as a signed note
///
/// `/checkpoint` may be newer, with the signatures that have come by then.
#[utoipa::path(
    get,
    path = "/checkpoint/cosigned",
    tag = "Audit",
    responses(
        (status = 200, description = "The note", body = String, content_type = "text/plain"),
        NotModified,
    ),
    extensions(("x-problems" = json!(["not-found"])))
)]
async fn cosigned(State(service): State<Service>) -> Result<Response, Problem> {
    let none = || Problem::not_found("no quorum of witnesses has cosigned a checkpoint yet");
    let note = service.0.prover.cosigned().and_then(|published| published.note.clone());
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=1"),
    ];
    Ok((headers, note.ok_or_else(none)?).into_response())
}

impl Service {
    /// Has checkpoints cosigned for ever; without witnesses there is nothing to do.
    pub(super) async fn attend_witnesses(self) {
        let Some(witnesses) = &self.0.witnesses else { return };
        let store = Arc::clone(self.0.ledger.store());
        witnesses.attend(&self.0.prover, &store, &self.newest_registry()).await;
    }

    /// How it stands with the witnesses, where there are any.
    pub(super) fn witnessed(&self) -> Option<WitnessHealth> {
        let report = self.0.witnesses.as_ref()?.report();
        let height = self.0.prover.cosigned().map(|published| published.block.height);
        let waiting_s = report.waiting.map(|waiting| waiting.as_secs());
        let of = |(url, standing, size): (String, crate::witnesses::Standing, u64)| {
            let (why, standing) = (standing.to_string(), standing.word());
            OneWitness { url, standing, why, size }
        };
        let witnesses = report.witnesses.into_iter().map(of).collect();
        Some(WitnessHealth { alarm: report.alarm, waiting_s, height, witnesses })
    }
}
