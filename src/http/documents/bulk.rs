//! Many documents in one request: the verdicts as of one head, and little else. What it costs is
//! bounded by the documents, however often each is named or was certified.

use std::{
    cmp::Reverse,
    collections::{HashMap, hash_map::Entry},
};

use axum::{
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use probant_core::Fingerprint;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::{
    Inner, NEVER, Service,
    body::check_type,
    problem::{Kind, Problem},
};
use crate::{
    Error,
    lookup::{AnswerHead, Certification, DocumentAnswer, RESTS_ON},
    verdict::Verdict,
};

/// Most documents in one request.
const DOCUMENTS_MAX: usize = 1000;
/// Most certifications of one document in an answer.
const CERTIFICATIONS_MAX: usize = 4;
/// Longest body: so many fingerprints, generously laid out.
pub const BODY_BYTES_MAX: usize = 128 << 10;

/// Which documents are asked about.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// 1 to 1,000 fingerprints.
    // Held to their form one by one, so that the first wrong one can be named.
    #[schema(value_type = Vec<Text>, min_items = 1, max_items = 1000)]
    fingerprints: Vec<serde_json::Value>,
}

/// How a fingerprint is written.
#[derive(ToSchema)]
#[schema(title = "Fingerprint", pattern = "^(blake3|sha-256):[0-9a-f]{64}$")]
#[allow(dead_code)] // It is only described.
struct Text(String);

/// The verdicts, all as of one head.
#[derive(Serialize, ToSchema)]
struct ManyDocuments {
    head: AnswerHead,
    /// What the reader must believe.
    rests_on: &'static str,
    /// In the order in which they were asked about.
    documents: Vec<OneOfMany>,
}

/// One of them.
#[derive(Clone, Serialize, ToSchema)]
struct OneOfMany {
    fingerprint: String,
    /// By all that `count` counts.
    verdict: Verdict,
    /// Certifications that `/documents/{fingerprint}` lists: at most 100.
    count: usize,
    /// Of those that stand first, then of the newest, and the very first; at most 4, the newest
    /// first.
    certifications: Vec<Certification>,
}

impl OneOfMany {
    fn new(fingerprint: &Fingerprint, answer: DocumentAnswer) -> Self {
        let DocumentAnswer { verdict, mut certifications, .. } = answer;
        let count = certifications.len();
        let very_first = certifications.pop();
        // Stable: of those that stand alike the newest come first.
        certifications.sort_by_key(|one| one.verdict);
        certifications.truncate(CERTIFICATIONS_MAX - 1);
        certifications.sort_by_key(|one| Reverse(one.entry));
        certifications.extend(very_first);
        Self { fingerprint: fingerprint.to_string(), verdict, count, certifications }
    }
}

/// The verdicts on up to 1,000 documents, all as of one head
///
/// Of each at most 4 certifications are listed: more are at `/documents/{fingerprint}`. A document is
/// certified by one hash, BLAKE3 unless its issuer chose SHA-256: ask for both.
#[utoipa::path(
    post,
    path = "/documents",
    tag = "Documents",
    request_body = Asked,
    responses(
        (
            status = 200,
            description = "The verdicts, in the order in which they were asked about",
            body = ManyDocuments,
        ),
    ),
    extensions(("x-problems" = json!(["malformed-body", "too-large", "unsupported-media-type"])))
)]
pub async fn documents(
    State(service): State<Service>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    check_type(&headers, "application/json")?;
    let asked = read(&body.map_err(|rejection| not_whole(&rejection))?)?;
    let acknowledged = service.acknowledged();
    let ask = move |inner: &Inner| {
        acknowledged(inner)?;
        let (head, registry) = (inner.lookup.head()?, inner.ledger.registry());
        let mut known = HashMap::new();
        let documents = asked.iter().map(|fingerprint| match known.entry(fingerprint) {
            Entry::Occupied(known) => Ok(OneOfMany::clone(known.get())),
            Entry::Vacant(new) => {
                let answer = inner.lookup.answer_at(head, &[*fingerprint], &registry)?;
                Ok(new.insert(OneOfMany::new(fingerprint, answer)).clone())
            }
        });
        let documents = documents.collect::<Result<_, Error>>()?;
        let answer = ManyDocuments { head, rests_on: RESTS_ON, documents };
        // Here, and not on a thread that serves others: it may be megabytes.
        Ok(serde_json::to_vec(&answer).expect("text, numbers and lists are JSON"))
    };
    let answer = service.ask_aside(ask).await?;
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, NEVER)];
    Ok((headers, answer).into_response())
}

fn not_whole(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(Kind::TooLarge, format!("the limit is {BODY_BYTES_MAX} bytes"));
    }
    Problem::new(Kind::MalformedBody, format!("the body did not arrive whole: {rejection}"))
}

/// The fingerprints of a body.
fn read(body: &[u8]) -> Result<Vec<Fingerprint>, Problem> {
    let wrong = |why: String| Problem::new(Kind::MalformedBody, why);
    let Asked { fingerprints } = serde_json::from_slice(body).map_err(|error| {
        wrong(format!(
            "{{\"fingerprints\": [\"blake3:…\", …]}} is wanted, and nothing else: {error}"
        ))
    })?;
    if !(1..=DOCUMENTS_MAX).contains(&fingerprints.len()) {
        let count = fingerprints.len();
        return Err(wrong(format!(
            "fingerprints: {count} were sent, 1 to {DOCUMENTS_MAX} are taken"
        )));
    }
    let parse = |(at, value): (usize, &serde_json::Value)| {
        let text =
            value.as_str().ok_or_else(|| wrong(format!("fingerprints[{at}]: not a text")))?;
        text.parse().map_err(|rejected| wrong(format!("fingerprints[{at}]: {rejected}")))
    };
    fingerprints.iter().enumerate().map(parse).collect()
}
