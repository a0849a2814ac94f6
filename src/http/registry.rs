//! For everybody: who may certify, what became of keys, the ledger's own keys, and the limits.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use probant_core::{
    Hash, Origin, Statement, checkpoint,
    cose_key::CoseKey,
    key::{PublicKey, Use, key_set},
    registry::{Issuer, Registry, Signer, write_lineage},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    ASK_AGAIN, Inner, Service,
    body::Binary,
    delivery::NotModified,
    path::At,
    problem::{Concise, Problem},
};
use crate::{Error, lag, lookup::StateAnswer};

pub fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .routes(routes!(issuers))
        .routes(routes!(issuer))
        .routes(routes!(key))
        .routes(routes!(policy))
        .routes(routes!(lineage))
        .routes(routes!(seal_keys))
        .routes(routes!(seal_key))
}

/// An issuer as JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
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
    /// Whether the enrollment counts as never said: the operator's key was in other hands.
    pub void: bool,
    /// Whether it was ever suspended, and is; null while it never was.
    pub status: Option<StateAnswer>,
    /// The sequence number of the next statement about it.
    pub next_seq: u64,
    /// Its keys, oldest first.
    pub keys: Vec<SignerAnswer>,
}

/// A key as JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SignerAnswer {
    /// RFC 9679 thumbprint, hex.
    pub kid: String,
    /// The 32 bytes of RFC 8032, or the 1,312 of FIPS 204, hex.
    pub key: String,
    /// What it may sign.
    pub r#use: &'static str,
    /// The origin, or the issuer's id.
    pub owner: String,
    /// Index of the entry that brought it.
    pub since: u64,
    /// What became of it; null while nothing did.
    pub status: Option<StateAnswer>,
    /// The sequence number of the next statement about it.
    pub next_seq: u64,
    /// Of a key that signs checkpoints: its C2SP verifier key, for a policy's `log` line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verifier_key: Option<String>,
}

/// The limits as JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct PolicyAnswer {
    /// Most documents of one list.
    list_count_max: u64,
    /// The sequence number of the next policy.
    next_seq: u64,
}

fn signer_answer(registry: &Registry, kid: &Hash) -> Option<SignerAnswer> {
    let signer = registry.key(kid)?;
    Some(SignerAnswer {
        kid: kid.to_string(),
        key: hex::encode(signer.key.as_bytes()),
        r#use: signer.r#use.name(),
        owner: signer.owner.clone(),
        since: signer.added.entry,
        status: signer.status.as_ref().map(StateAnswer::of_key),
        next_seq: registry.next_seq(&format!("key:{kid}")),
        verifier_key: verifier_key(registry.origin(), signer),
    })
}

fn verifier_key(origin: &Origin, signer: &Signer) -> Option<String> {
    let key = match (signer.r#use, &signer.key) {
        (Use::Note, CoseKey::Ed25519(key)) => checkpoint::verifier_key(origin, key),
        (Use::NoteMlDsa, CoseKey::MlDsa44(key)) => checkpoint::ml_dsa_verifier_key(origin, key),
        _ => return None,
    };
    Some(key.to_string())
}

fn issuer_answer(registry: &Registry, id: &str, issuer: &Issuer) -> IssuerAnswer {
    let keys = issuer.keys.iter().filter_map(|kid| signer_answer(registry, kid));
    IssuerAnswer {
        id: id.to_owned(),
        legal_name: issuer.record.legal_name.clone(),
        country: issuer.record.country.clone(),
        registration: issuer.record.registration.clone(),
        enrolled: issuer.enrolled.entry,
        void: issuer.void,
        status: issuer.status.as_ref().map(StateAnswer::of_issuer),
        next_seq: registry.next_seq(&format!("issuer:{id}")),
        keys: keys.collect(),
    }
}

/// All issuers of a registry.
pub fn issuer_answers(registry: &Registry) -> Vec<IssuerAnswer> {
    let issuers = registry.issuers();
    issuers.map(|(id, issuer)| issuer_answer(registry, id.as_str(), issuer)).collect()
}

fn json(answer: impl Serialize) -> Response {
    ([(header::CACHE_CONTROL, ASK_AGAIN)], Json(answer)).into_response()
}

/// All issuers as JSON, with the registry that they are of: made anew only for another one.
#[derive(Default)]
pub struct Rendered(Mutex<Option<(Arc<Registry>, Bytes)>>);

impl Rendered {
    /// Of a registry. Whoever asks meanwhile waits instead of making the same.
    fn of(&self, registry: &Arc<Registry>) -> Bytes {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, bytes)) = &*held
            && Arc::ptr_eq(of, registry)
        {
            return bytes.clone();
        }
        let bytes = serde_json::to_vec(&issuer_answers(registry)).expect("names are JSON");
        held.insert((Arc::clone(registry), bytes.into())).1.clone()
    }
}

/// All issuers, their keys, and what became of them
#[utoipa::path(
    get,
    path = "/issuers",
    tag = "Registry",
    responses(
        (
            status = 200,
            description = "Every issuer that was ever enrolled",
            body = Vec<IssuerAnswer>,
        ),
        NotModified,
    ),
    extensions(("x-problems" = json!([])))
)]
async fn issuers(State(service): State<Service>) -> Result<Response, Problem> {
    let render = |inner: &Inner| Ok(inner.issuers.of(&inner.ledger.registry()));
    let bytes = service.ask_aside(render).await?;
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, ASK_AGAIN)];
    Ok((headers, bytes).into_response())
}

/// One issuer
#[utoipa::path(
    get,
    path = "/issuers/{id}",
    tag = "Registry",
    params(("id" = String, Path, description = "Its id, a DNS name")),
    responses(
        (status = 200, description = "The issuer", body = IssuerAnswer),
        NotModified,
    ),
    extensions(("x-problems" = json!(["malformed-path", "not-found"])))
)]
async fn issuer(State(service): State<Service>, At(id): At<String>) -> Result<Response, Problem> {
    let registry = service.0.ledger.registry();
    match registry.issuer(&id) {
        Some(issuer) => Ok(json(issuer_answer(&registry, &id, issuer))),
        None => Err(Problem::not_found(format!("no issuer {id:?} is enrolled"))),
    }
}

/// A key of an issuer, or one of the ledger's own
#[utoipa::path(
    get,
    path = "/keys/{kid}",
    tag = "Registry",
    params(
        (
            "kid" = String,
            Path,
            description = "RFC 9679 thumbprint, hex",
            pattern = "^[0-9a-f]{64}$",
        ),
    ),
    responses(
        (status = 200, description = "The key", body = SignerAnswer),
        NotModified,
    ),
    extensions(("x-problems" = json!(["malformed-path", "not-found"])))
)]
async fn key(State(service): State<Service>, At(text): At<String>) -> Result<Response, Problem> {
    let registry = service.0.ledger.registry();
    let kid = Hash::from_hex(&text).filter(|kid| kid.to_string() == text);
    match kid.and_then(|kid| signer_answer(&registry, &kid)) {
        Some(answer) => Ok(json(answer)),
        None => Err(Problem::not_found(format!("no key {text:?} is known"))),
    }
}

/// The limits
#[utoipa::path(
    get,
    path = "/policy",
    tag = "Registry",
    responses(
        (status = 200, description = "The limits", body = PolicyAnswer),
        NotModified,
    ),
    extensions(("x-problems" = json!([])))
)]
async fn policy(State(service): State<Service>) -> Response {
    let registry = service.0.ledger.registry();
    let list_count_max = registry.policy().list_count_max;
    json(PolicyAnswer { list_count_max, next_seq: registry.next_seq("policy") })
}

/// The entries that lead from genesis to the ledger's own keys
///
/// All that a client must know to check a receipt.
#[utoipa::path(
    get,
    path = "/lineage",
    tag = "Registry",
    responses(
        (
            status = 200,
            description = "The entries with their indexes",
            body = Binary,
            content_type = "application/cbor",
        ),
        NotModified,
    ),
    extensions(("x-problems" = json!([])))
)]
async fn lineage(State(service): State<Service>) -> Result<Response, Problem> {
    let registry = service.0.ledger.registry();
    let seal = registry.ledger_key(Use::Seal).kid();
    let indexes = registry.lineage(&seal, u64::MAX);
    let ask = |inner: &Inner| {
        let entry = |index: &u64| {
            let (entry, _) = inner.ledger.store().entry(*index)?.ok_or_else(lag::behind)?;
            let statement = lag::trusted(&**inner.ledger.store(), Statement::decode(&entry))?;
            Ok((*index, statement))
        };
        indexes.iter().map(entry).collect::<Result<Vec<_>, Error>>()
    };
    let entries = service.ask(ask).await?;
    let entries: Vec<_> = entries.iter().map(|(index, statement)| (*index, statement)).collect();
    Ok(cbor(write_lineage(&entries)))
}

fn cbor(bytes: Vec<u8>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/cbor"), (header::CACHE_CONTROL, ASK_AGAIN)];
    (headers, bytes).into_response()
}

/// The keys that receipts verify with: the seal key, and those that it replaced
#[utoipa::path(
    get,
    path = "/.well-known/scitt-keys",
    tag = "SCITT",
    responses(
        (
            status = 200,
            description = "A COSE key set",
            body = Binary,
            content_type = "application/cbor",
        ),
        NotModified,
    ),
    extensions(("x-problems" = json!([])))
)]
async fn seal_keys(State(service): State<Service>) -> Response {
    let registry = service.0.ledger.registry();
    cbor(key_set(registry.ledger_keys(Use::Seal).map(|(_, key)| key)))
}

/// One of the keys that receipts verify with
#[utoipa::path(
    get,
    path = "/.well-known/scitt-keys/{kid}",
    tag = "SCITT",
    params(
        (
            "kid" = String,
            Path,
            description = "RFC 9679 thumbprint, in hex or in base64url without padding",
        ),
    ),
    responses(
        (
            status = 200,
            description = "A COSE_Key",
            body = Binary,
            content_type = "application/cbor",
        ),
        NotModified,
    ),
    extensions(("x-problems" = json!(["not-found"])))
)]
async fn seal_key(
    State(service): State<Service>,
    name: Result<At<String>, Problem>,
) -> Result<Response, Concise> {
    let registry = service.0.ledger.registry();
    let key = name.ok().and_then(|At(name)| {
        let is_named = |key: &PublicKey| {
            [URL_SAFE_NO_PAD.encode(key.kid().0), key.kid().to_string()].contains(&name)
        };
        registry.ledger_keys(Use::Seal).map(|(_, key)| key).find(|key| is_named(key))
    });
    let key = key.ok_or_else(|| {
        let none = Problem::not_found("no seal key of this ledger has this kid");
        Concise::titled("No such key", none)
    })?;
    Ok(cbor(key.to_cose_with_kid()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ledger::{LedgerKeys, found},
        store::{Store as _, memory::Memory},
    };
    use probant_core::key::SigningKey;

    #[test]
    fn issuers_are_rendered_once_for_each_registry() {
        let key = |seed| SigningKey::from_seed(&[seed; 32]);
        let keys = LedgerKeys {
            seal: key(1),
            note: key(2),
            operator: key(3),
            recovery: key(4),
            note_ml_dsa: None,
        };
        let store = Memory::default();
        found(&store, &"ledger.example/fr".parse().unwrap(), &keys, &[42; 32], 0).unwrap();
        let registry = || Arc::clone(store.chain().unwrap().unwrap().registry());
        let (rendered, one, another) = (Rendered::default(), registry(), registry());
        let first = rendered.of(&one);
        assert_eq!(first, "[]");
        assert_eq!(rendered.of(&one).as_ptr(), first.as_ptr());
        assert_ne!(rendered.of(&another).as_ptr(), first.as_ptr());
    }
}
