//! For verifiers: the verdict on a document, and its proofs. A document that is sent is hashed as it
//! comes and never stored.

use axum::{
    Json, Router,
    body::Body,
    extract::{DefaultBodyLimit, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::StreamExt as _;
use probant_core::{Algorithm, Fingerprint, Fingerprints, fingerprint::Hasher};
use serde::Serialize;

use super::{
    ASK_AGAIN, NEVER, Service,
    path::{At, number},
    problem::Problem,
};
use crate::{Error, lookup::DocumentAnswer};

/// Most proofs in one answer; others are at `/documents/{fingerprint}/proof/{entry}`.
const STATUS_PROOFS_MAX: usize = 16;

pub fn router() -> Router<Service> {
    Router::new()
        .route("/documents/{fingerprint}", get(document))
        .route("/documents/{fingerprint}/proof", get(newest_proof))
        .route("/documents/{fingerprint}/proof/{entry}", get(proof))
        .route("/status/{fingerprint}", get(status))
        .route("/verify", post(verify).layer(DefaultBodyLimit::disable()))
}

#[derive(Serialize)]
struct ByFingerprint {
    fingerprint: String,
    #[serde(flatten)]
    answer: DocumentAnswer,
}

#[derive(Serialize)]
struct WithProofs {
    fingerprint: String,
    #[serde(flatten)]
    answer: DocumentAnswer,
    /// Of the newest certifications.
    proofs: Vec<ProofOf>,
}

#[derive(Serialize)]
struct ProofOf {
    /// Index of the certifying entry.
    entry: u64,
    /// The proof file (docs/format.md 11), base64.
    proof: String,
}

#[derive(Serialize)]
struct ByDocument {
    fingerprints: Both,
    #[serde(flatten)]
    answer: DocumentAnswer,
}

#[derive(Serialize)]
struct Both {
    blake3: String,
    #[serde(rename = "sha-256")]
    sha256: String,
}

fn parse(text: &str) -> Result<Fingerprint, Problem> {
    Ok(text.parse::<Fingerprint>().map_err(Error::from)?)
}

async fn document(
    State(service): State<Service>,
    At(text): At<String>,
) -> Result<Response, Problem> {
    let fingerprint = parse(&text)?;
    let registry = service.0.ledger.registry();
    let answer = service.ask(|inner| inner.lookup.answer(&[fingerprint], &registry)).await?;
    let answer = Json(ByFingerprint { fingerprint: text, answer });
    Ok(([(header::CACHE_CONTROL, ASK_AGAIN)], answer).into_response())
}

async fn newest_proof(
    State(service): State<Service>,
    At(text): At<String>,
) -> Result<Response, Problem> {
    prove(&service, &text, None).await
}

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
    let registry = service.0.ledger.registry();
    let proof = service.0.prover.prove(fingerprint, location, &registry).await?;
    let headers = [(header::CONTENT_TYPE, "application/cose"), (header::CACHE_CONTROL, ASK_AGAIN)];
    Ok((headers, proof).into_response())
}

/// The verdict with the proofs behind it: of each certification, that it is under the newest
/// checkpoint, and what became of it as of that block.
async fn status(State(service): State<Service>, At(text): At<String>) -> Result<Response, Problem> {
    let fingerprint = parse(&text)?;
    let registry = service.0.ledger.registry();
    let answer = service.ask(|inner| inner.lookup.answer(&[fingerprint], &registry)).await?;
    let places = service.ask(|inner| inner.lookup.locations(&fingerprint)).await?;
    let mut proofs = Vec::new();
    for location in places.into_iter().take(STATUS_PROOFS_MAX) {
        let proof = service.0.prover.prove(fingerprint, location, &registry).await?;
        proofs.push(ProofOf { entry: location.entry, proof: STANDARD.encode(proof) });
    }
    let answer = Json(WithProofs { fingerprint: text, answer, proofs });
    Ok(([(header::CACHE_CONTROL, ASK_AGAIN)], answer).into_response())
}

/// Hashes the body both ways in one pass, and looks both up.
async fn verify(State(service): State<Service>, body: Body) -> Result<Response, Problem> {
    let limit = service.0.document_bytes_max;
    let mut hashers = [Algorithm::Blake3, Algorithm::Sha256].map(Hasher::new);
    let (mut bytes, mut stream) = (0_u64, body.into_data_stream());
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|error| {
            Problem::from(Error::input(format!("the document did not arrive whole: {error}")))
        })?;
        bytes += piece.len() as u64;
        if bytes > limit {
            let why = format!("the document is longer than {limit} bytes: send its fingerprint");
            return Err(Problem(StatusCode::PAYLOAD_TOO_LARGE, Error::input(why)));
        }
        for hasher in &mut hashers {
            hasher.update(&piece);
        }
    }
    let [blake3, sha256] = hashers.map(Hasher::finish);
    let both = Fingerprints { blake3, sha256 };
    let registry = service.0.ledger.registry();
    let document = [both.blake3, both.sha256];
    let answer = service.ask(|inner| inner.lookup.answer(&document, &registry)).await?;
    let fingerprints = Both { blake3: both.blake3.to_string(), sha256: both.sha256.to_string() };
    let answer = Json(ByDocument { fingerprints, answer });
    Ok(([(header::CACHE_CONTROL, NEVER)], answer).into_response())
}
