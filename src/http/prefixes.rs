//! Look-up by the beginning of a fingerprint: the ledger answers with every certified document that
//! begins so, with proofs, and does not learn which of them, if any, is being checked.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use probant_core::Fingerprint;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    ASK_AGAIN, Inner, Service,
    delivery::NotModified,
    documents::{self, ProofOf},
    path::{At, malformed},
    problem::{Kind, Problem},
};
use crate::{
    lookup::{AnswerHead, Certification, DocumentAnswer, Prefix, RESTS_ON},
    verdict::Verdict,
};

/// Most documents in an answer.
const DOCUMENTS_MAX: usize = 64;
/// Most proofs of one document in an answer.
const PROOFS_MAX: usize = 4;

pub fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new().routes(routes!(prefix))
}

/// Every certified document whose fingerprint begins so.
#[derive(Serialize, ToSchema)]
struct ByPrefix {
    prefix: String,
    head: AnswerHead,
    /// What the reader must believe.
    rests_on: &'static str,
    /// By fingerprint, ascending.
    documents: Vec<OneOfPrefix>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
struct OneOfPrefix {
    fingerprint: String,
    verdict: Verdict,
    /// The newest first, at most 100; the very first is always the last of them.
    certifications: Vec<Certification>,
    /// Of those that stand first, then of the newest; at most 4.
    proofs: Vec<ProofOf>,
}

/// Every certified document whose fingerprint begins so, with proofs
///
/// So the ledger does not learn which of them, if any, is being checked. More than 64 are refused:
/// ask with one more digit.
#[utoipa::path(
    get,
    path = "/prefixes/{prefix}",
    tag = "Documents",
    params(
        (
            "prefix" = String,
            Path,
            description = "`blake3:` or `sha-256:`, and 4 to 64 lower-case hex digits",
            pattern = "^(blake3|sha-256):[0-9a-f]{4,64}$",
        ),
    ),
    responses(
        (status = 200, description = "The documents, ascending by fingerprint", body = ByPrefix),
        NotModified,
    ),
    extensions(("x-problems" = json!(["malformed-path", "prefix-too-short"])))
)]
async fn prefix(State(service): State<Service>, At(text): At<String>) -> Result<Response, Problem> {
    let prefix: Prefix = text.parse().map_err(malformed)?;
    let acknowledged = service.acknowledged();
    let find = move |inner: &Inner| {
        acknowledged(inner)?;
        Ok(inner.ledger.store().certified(prefix.range(), DOCUMENTS_MAX + 1)?)
    };
    let found = service.ask_aside(find).await?;
    if found.len() > DOCUMENTS_MAX {
        let why = format!(
            "more than {DOCUMENTS_MAX} documents begin with {text}: ask with one more digit"
        );
        return Err(Problem::new(Kind::PrefixTooShort, why));
    }
    let newest = answers(&service, &found, None).await?;
    let head = documents::head_for(&service, &newest).await?;
    let as_of = AnswerHead::of(&head.block);
    let mut documents = Vec::new();
    for (fingerprint, answer) in found.iter().zip(answers(&service, &found, Some(as_of)).await?) {
        // Certified after that head: for it, it is not there yet.
        if answer.certifications.is_empty() {
            continue;
        }
        let proofs = documents::proofs(&service, *fingerprint, &answer, &head, PROOFS_MAX).await?;
        documents.push(OneOfPrefix {
            fingerprint: fingerprint.to_string(),
            verdict: answer.verdict,
            certifications: answer.certifications,
            proofs,
        });
    }
    let answer = Json(ByPrefix { prefix: text, head: as_of, rests_on: RESTS_ON, documents });
    Ok(([(header::CACHE_CONTROL, ASK_AGAIN)], answer).into_response())
}

/// The answer about each document as of a head, or of the newest.
async fn answers(
    service: &Service,
    documents: &[Fingerprint],
    head: Option<AnswerHead>,
) -> Result<Vec<DocumentAnswer>, Problem> {
    let documents = documents.to_vec();
    let ask = move |inner: &Inner| {
        let head = head.map_or_else(|| inner.lookup.head(), Ok)?;
        let registry = inner.ledger.registry();
        let answer = |document: &Fingerprint| inner.lookup.answer_at(head, &[*document], &registry);
        documents.iter().map(answer).collect::<Result<_, _>>()
    };
    Ok(service.ask_aside(ask).await?)
}
