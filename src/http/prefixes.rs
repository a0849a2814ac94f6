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
    Error,
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
    let too_many = || {
        let why = format!(
            "more than {DOCUMENTS_MAX} documents begin with {text}: ask with one more digit"
        );
        Problem::new(Kind::PrefixTooShort, why)
    };
    let (acknowledged, asked) = (service.acknowledged(), prefix.clone());
    let newest = move |inner: &Inner| {
        acknowledged(inner)?;
        beginning(inner, &asked, inner.lookup.head()?)
    };
    let newest = service.ask_aside(newest).await?.ok_or_else(too_many)?;
    let head = documents::head_for(&service, newest.iter().map(|(_, answer)| answer)).await?;
    let as_of = AnswerHead::of(&head.block);
    // Looked for again: that head may know documents which were not there before.
    let known = service.ask_aside(move |inner| beginning(inner, &prefix, as_of)).await?;
    let mut documents = Vec::new();
    for (fingerprint, answer) in known.ok_or_else(too_many)? {
        let proofs = documents::proofs(&service, fingerprint, &answer, &head, PROOFS_MAX).await?;
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

/// Every document that begins so and is certified as of a head that look-ups reach, with the answer
/// about it; none where they are too many.
fn beginning(
    inner: &Inner,
    prefix: &Prefix,
    head: AnswerHead,
) -> Result<Option<Vec<(Fingerprint, DocumentAnswer)>>, Error> {
    let found = inner.ledger.store().certified(prefix.range(), DOCUMENTS_MAX + 1)?;
    if found.len() > DOCUMENTS_MAX {
        return Ok(None);
    }
    let (registry, mut known) = (inner.ledger.registry(), Vec::new());
    for fingerprint in found {
        let answer = inner.lookup.answer_at(head, &[fingerprint], &registry)?;
        // Certified after that head: for it, it is not there yet.
        if !answer.certifications.is_empty() {
            known.push((fingerprint, answer));
        }
    }
    Ok(Some(known))
}
