//! For everybody: who may certify, and the ledger's own keys.

use axum::{
    Json, Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use probant_core::{
    Hash,
    key::{Use, key_set},
    registry::Registry,
};
use serde::Serialize;

use super::{
    ASK_AGAIN, Service,
    path::At,
    problem::{Concise, Problem},
};

pub fn router() -> Router<Service> {
    Router::new()
        .route("/issuers", get(issuers))
        .route("/.well-known/scitt-keys", get(keys))
        .route("/.well-known/scitt-keys/{kid}", get(key))
}

/// An issuer as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct IssuerAnswer {
    /// Its id.
    pub id: String,
    /// Who it is, in the operator's words.
    pub legal_name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Number in that country's register of companies.
    pub registration: String,
    /// Index of its enrollment.
    pub enrolled: u64,
    /// Its keys, oldest first.
    pub keys: Vec<KeyAnswer>,
}

/// A key as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct KeyAnswer {
    /// RFC 9679 thumbprint, hex.
    pub kid: String,
    /// The 32 bytes of RFC 8032, hex.
    pub key: String,
    /// Index of the entry that brought it.
    pub since: u64,
}

/// All issuers of a registry.
pub fn issuer_answers(registry: &Registry) -> Vec<IssuerAnswer> {
    let key = |kid: &Hash| {
        registry.key(kid).map(|signer| KeyAnswer {
            kid: kid.to_string(),
            key: hex::encode(signer.key.as_bytes()),
            since: signer.since,
        })
    };
    let answer =
        |(id, issuer): (&probant_core::IssuerId, &probant_core::registry::Issuer)| IssuerAnswer {
            id: id.to_string(),
            legal_name: issuer.record.legal_name.clone(),
            country: issuer.record.country.clone(),
            registration: issuer.record.registration.clone(),
            enrolled: issuer.enrolled,
            keys: issuer.keys.iter().filter_map(key).collect(),
        };
    registry.issuers().map(answer).collect()
}

async fn issuers(State(service): State<Service>) -> Response {
    let issuers = Json(issuer_answers(&service.0.ledger.registry()));
    ([(header::CACHE_CONTROL, ASK_AGAIN)], issuers).into_response()
}

fn cbor(bytes: Vec<u8>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/cbor"), (header::CACHE_CONTROL, ASK_AGAIN)];
    (headers, bytes).into_response()
}

/// The keys that receipts verify with (SCRAPI): the seal key, and in time those it replaced.
async fn keys(State(service): State<Service>) -> Response {
    let registry = service.0.ledger.registry();
    cbor(key_set([registry.ledger_key(Use::Seal)].into_iter()))
}

async fn key(
    State(service): State<Service>,
    name: Result<At<String>, Problem>,
) -> Result<Response, Concise> {
    let registry = service.0.ledger.registry();
    let key = registry.ledger_key(Use::Seal);
    let names = [URL_SAFE_NO_PAD.encode(key.kid().0), key.kid().to_string()];
    match name {
        Ok(At(name)) if names.contains(&name) => Ok(cbor(key.to_cose_with_kid())),
        _ => Err(Concise(Problem::not_found("No such key"))),
    }
}
