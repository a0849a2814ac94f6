//! Answers about many documents, edited on demand.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use probant_core::Fingerprint;
use serde_json::{Value, json};

use super::{FakeLedger, Faults, head, missing, said};
use crate::sample_world::World;

/// Most documents of a prefix.
const DOCUMENTS_MAX: usize = 64;
/// Most proofs of one document.
const PROOFS_MAX: usize = 4;

pub async fn documents(State(ledger): State<FakeLedger>, body: String) -> Response {
    let (faults, world) = (ledger.faults(), ledger.world());
    let asked: Value = serde_json::from_str(&body).unwrap();
    let asked = asked["fingerprints"].as_array().unwrap();
    assert!((1..=1000).contains(&asked.len()));
    let names = asked.iter().map(|name| name.as_str().unwrap().parse().unwrap());
    let counted = |name| {
        let mut one = said(&faults, &world, name);
        one["count"] = one["certifications"].as_array().unwrap().len().into();
        one
    };
    let documents: Vec<_> = names.map(counted).collect();
    edited(&faults, json!({"head": head(&world), "documents": documents}))
}

pub async fn prefix(State(ledger): State<FakeLedger>, Path(prefix): Path<String>) -> Response {
    let (faults, world) = (ledger.faults(), ledger.world());
    if faults.no_prefixes {
        return missing("no such path");
    }
    let (_, digits) = prefix.split_once(':').unwrap();
    let all = world.certified().into_iter();
    let found: Vec<_> = all.filter(|one| one.to_string().starts_with(&prefix)).collect();
    if found.len() > DOCUMENTS_MAX || digits.len() < faults.digits_min {
        let body = json!({"type": "/problems/prefix-too-short", "detail": "not these words"});
        let headers = [("content-type", "application/problem+json")];
        return (StatusCode::BAD_REQUEST, headers, body.to_string()).into_response();
    }
    let documents: Vec<_> = found.into_iter().map(|one| proven(&faults, &world, one)).collect();
    edited(&faults, json!({"prefix": prefix, "head": head(&world), "documents": documents}))
}

/// What is said of a document, with proofs of the newest.
fn proven(faults: &Faults, world: &World, document: Fingerprint) -> Value {
    let mut answer = said(faults, world, document);
    let entries = world.certifying(&document).into_iter().rev().take(PROOFS_MAX);
    let proof = |entry| {
        let proof = world.proof(document, entry).unwrap().encode();
        json!({"entry": entry, "proof": STANDARD.encode(proof)})
    };
    answer["proofs"] = entries.map(proof).collect();
    answer
}

fn edited(faults: &Faults, mut answer: Value) -> Response {
    if let Some(edit) = &faults.edit {
        edit(&mut answer);
    }
    axum::Json(answer).into_response()
}
