//! For verifiers: the verdict on a document or on many, and proofs. A document that is sent is hashed
//! as it comes and never stored.

mod bulk;

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::{DefaultBodyLimit, State},
    http::header,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::StreamExt as _;
use probant_core::{Algorithm, Fingerprint, Fingerprints, Rejected, fingerprint::Hasher};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt as _},
    routes,
};

use super::{
    ASK_AGAIN, Inner, NEVER, Service,
    body::Binary,
    delivery::NotModified,
    path::{At, number},
    problem::{Kind, Problem},
};
use crate::{
    lag,
    lookup::{AnswerHead, DocumentAnswer},
    prove::Published,
};

/// Most proofs in one answer; others are at `/documents/{fingerprint}/proof/{entry}`.
const STATUS_PROOFS_MAX: usize = 16;

pub fn router() -> OpenApiRouter<Service> {
    let bulk = routes!(bulk::documents).layer(DefaultBodyLimit::max(bulk::BODY_BYTES_MAX));
    OpenApiRouter::new()
        .routes(bulk)
        .routes(routes!(document))
        .routes(routes!(newest_proof))
        .routes(routes!(proof))
        .routes(routes!(status))
        .routes(routes!(verify).layer(DefaultBodyLimit::disable()))
}

/// The answer about a fingerprint.
#[derive(Serialize, ToSchema)]
struct ByFingerprint {
    fingerprint: String,
    #[serde(flatten)]
    answer: DocumentAnswer,
}

/// The answer about a fingerprint, with proofs.
#[derive(Serialize, ToSchema)]
struct WithProofs {
    fingerprint: String,
    #[serde(flatten)]
    answer: DocumentAnswer,
    /// Of those that stand first, then of the newest.
    proofs: Vec<ProofOf>,
}

/// A proof of one certification.
#[derive(Serialize, ToSchema)]
pub struct ProofOf {
    /// Index of the certifying entry.
    entry: u64,
    /// The proof file (docs/format.md 11), base64.
    proof: String,
}

/// The answer about a document that was sent.
#[derive(Serialize, ToSchema)]
struct ByDocument {
    fingerprints: Both,
    #[serde(flatten)]
    answer: DocumentAnswer,
}

/// Both fingerprints of a document.
#[derive(Serialize, ToSchema)]
struct Both {
    blake3: String,
    #[serde(rename = "sha-256")]
    sha256: String,
}

/// How a path names a document.
#[derive(IntoParams)]
#[into_params(names("fingerprint"), parameter_in = Path)]
#[allow(dead_code)] // It is only described.
struct OfDocument(
    /// `blake3:` or `sha-256:`, and 64 lower-case hex digits
    #[param(pattern = "^(blake3|sha-256):[0-9a-f]{64}$")]
    String,
);

fn parse(text: &str) -> Result<Fingerprint, Problem> {
    let wrong = |rejected: Rejected| {
        Problem::new(Kind::MalformedPath, format!("{}: {rejected}", rejected.code()))
    };
    text.parse().map_err(wrong)
}

/// The answer as of a block that knows all that was acknowledged when the question came: whoever has
/// just withdrawn a document is not told that it is certified.
async fn answer(service: &Service, document: &[Fingerprint]) -> Result<DocumentAnswer, Problem> {
    let acknowledged = service.acknowledged();
    let answer = |inner: &Inner| {
        acknowledged(inner)?;
        inner.lookup.answer(document, &inner.ledger.registry())
    };
    Ok(service.ask(answer).await?)
}

/// A published head that knows all that these answers say.
pub async fn head_for(
    service: &Service,
    answers: impl IntoIterator<Item = &DocumentAnswer>,
) -> Result<Arc<Published>, Problem> {
    let certifications = answers.into_iter().flat_map(|answer| &answer.certifications);
    let newest = certifications.map(|one| one.newest_about).max().unwrap_or_default();
    Ok(service.0.prover.head_beyond(newest, &service.newest_registry()).await?)
}

/// Proofs of the certifications of an answer as of this head: of those that stand first, then of
/// the newest, at most so many.
pub async fn proofs(
    service: &Service,
    fingerprint: Fingerprint,
    answer: &DocumentAnswer,
    head: &Arc<Published>,
    limit: usize,
) -> Result<Vec<ProofOf>, Problem> {
    let mut shown: Vec<_> = answer.certifications.iter().collect();
    shown.sort_by_key(|one| one.verdict);
    let mut proofs = Vec::new();
    for entry in shown.into_iter().take(limit).map(|one| one.entry) {
        let place = |inner: &Inner| Ok(inner.ledger.store().place(&fingerprint, entry)?);
        let location = service.ask(place).await?.ok_or_else(lag::rebuilding)?;
        let registry = service.newest_registry();
        let proof = service.0.prover.prove(fingerprint, location, head, &registry).await?;
        proofs.push(ProofOf { entry, proof: STANDARD.encode(proof) });
    }
    Ok(proofs)
}

/// The verdict on a document
///
/// A document is certified by one hash, BLAKE3 unless its issuer chose SHA-256: ask for both, since
/// `unknown` for one says nothing of the other. `POST /verify` hashes both ways.
#[utoipa::path(
    get,
    path = "/documents/{fingerprint}",
    tag = "Documents",
    params(OfDocument),
    responses(
        (
            status = 200,
            description = "Whether it is certified, and every certification",
            body = ByFingerprint,
        ),
        NotModified,
    ),
    extensions(("x-problems" = json!(["malformed-path"])))
)]
async fn document(
    State(service): State<Service>,
    At(text): At<String>,
) -> Result<Response, Problem> {
    let fingerprint = parse(&text)?;
    let answer = answer(&service, &[fingerprint]).await?;
    let answer = Json(ByFingerprint { fingerprint: text, answer });
    Ok(([(header::CACHE_CONTROL, ASK_AGAIN)], answer).into_response())
}

/// The proof of the newest certification of a document
#[utoipa::path(
    get,
    path = "/documents/{fingerprint}/proof",
    tag = "Documents",
    params(OfDocument),
    responses(
        (
            status = 200,
            description = "A proof file (docs/format.md 11)",
            body = Binary,
            content_type = "application/cose",
        ),
        NotModified,
    ),
    extensions(("x-problems" = json!(["malformed-path", "not-found"])))
)]
async fn newest_proof(
    State(service): State<Service>,
    At(text): At<String>,
) -> Result<Response, Problem> {
    prove(&service, &text, None).await
}

/// The proof of one certification of a document
#[utoipa::path(
    get,
    path = "/documents/{fingerprint}/proof/{entry}",
    tag = "Documents",
    params(
        OfDocument,
        ("entry" = u64, Path, description = "Index of the certifying entry"),
    ),
    responses(
        (
            status = 200,
            description = "A proof file (docs/format.md 11)",
            body = Binary,
            content_type = "application/cose",
        ),
        NotModified,
    ),
    extensions(("x-problems" = json!(["malformed-path", "not-found"])))
)]
async fn proof(
    State(service): State<Service>,
    At((text, entry)): At<(String, String)>,
) -> Result<Response, Problem> {
    prove(&service, &text, Some(number(&entry)?)).await
}

async fn prove(service: &Service, text: &str, entry: Option<u64>) -> Result<Response, Problem> {
    let fingerprint = parse(text)?;
    let location = match entry {
        Some(entry) => {
            service.ask(|inner| Ok(inner.ledger.store().place(&fingerprint, entry)?)).await?
        }
        None => service.ask(|inner| inner.lookup.locations(&fingerprint)).await?.first().copied(),
    };
    let location = location.ok_or_else(|| {
        Problem::not_found(match entry {
            Some(entry) => format!("entry {entry} does not certify {text}"),
            None => format!("unknown: this ledger has not certified {text}"),
        })
    })?;
    let acknowledged = service.acknowledged();
    let newest_about = |inner: &Inner| {
        acknowledged(inner)?;
        inner.lookup.newest_about(&fingerprint, location, &inner.ledger.registry())
    };
    let newest = service.ask(newest_about).await?;
    let (prover, registry) = (&service.0.prover, service.newest_registry());
    let head = prover.head_beyond(newest, &registry).await?;
    let proof = prover.prove(fingerprint, location, &head, &registry).await?;
    let headers = [(header::CONTENT_TYPE, "application/cose"), (header::CACHE_CONTROL, ASK_AGAIN)];
    Ok((headers, proof).into_response())
}

/// The verdict on a document, with the proofs behind it
///
/// All as of one published head: of each certification, that it is under that, and what became of it
/// as of that block.
#[utoipa::path(
    get,
    path = "/status/{fingerprint}",
    tag = "Documents",
    params(OfDocument),
    responses(
        (status = 200, description = "The verdict, with at most 16 proofs", body = WithProofs),
        NotModified,
    ),
    extensions(("x-problems" = json!(["malformed-path"])))
)]
async fn status(State(service): State<Service>, At(text): At<String>) -> Result<Response, Problem> {
    let fingerprint = parse(&text)?;
    let newest = answer(&service, &[fingerprint]).await?;
    let head = head_for(&service, [&newest]).await?;
    let as_of = AnswerHead::of(&head.block);
    let answer =
        |inner: &Inner| inner.lookup.answer_at(as_of, &[fingerprint], &inner.ledger.registry());
    let answer = service.ask(answer).await?;
    let proofs = proofs(&service, fingerprint, &answer, &head, STATUS_PROOFS_MAX).await?;
    let answer = Json(WithProofs { fingerprint: text, answer, proofs });
    Ok(([(header::CACHE_CONTROL, ASK_AGAIN)], answer).into_response())
}

/// The verdict on a document that is sent
///
/// The body is hashed both ways in one pass, and never stored.
#[utoipa::path(
    post,
    path = "/verify",
    tag = "Documents",
    request_body(
        content = Option<Binary>,
        description = "The document",
        content_type = "application/octet-stream",
    ),
    responses(
        (
            status = 200,
            description = "Whether it is certified by either fingerprint",
            body = ByDocument,
        ),
    ),
    extensions(("x-problems" = json!(["malformed-body", "too-large"])))
)]
async fn verify(State(service): State<Service>, body: Body) -> Result<Response, Problem> {
    let limit = service.0.document_bytes_max;
    let mut hashers = [Algorithm::Blake3, Algorithm::Sha256].map(Hasher::new);
    let (mut bytes, mut stream) = (0_u64, body.into_data_stream());
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|error| {
            Problem::new(Kind::MalformedBody, format!("the document did not arrive whole: {error}"))
        })?;
        bytes += piece.len() as u64;
        if bytes > limit {
            let why = format!("the document is longer than {limit} bytes: send its fingerprint");
            return Err(Problem::new(Kind::TooLarge, why));
        }
        for hasher in &mut hashers {
            hasher.update(&piece);
        }
    }
    let [blake3, sha256] = hashers.map(Hasher::finish);
    let both = Fingerprints { blake3, sha256 };
    let answer = answer(&service, &[both.blake3, both.sha256]).await?;
    let fingerprints = Both { blake3: both.blake3.to_string(), sha256: both.sha256.to_string() };
    let answer = Json(ByDocument { fingerprints, answer });
    Ok(([(header::CACHE_CONTROL, NEVER)], answer).into_response())
}
