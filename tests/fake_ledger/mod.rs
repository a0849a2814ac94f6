//! The world of `world`, served over HTTP on loopback by the contract of the ledger, with faults
//! on demand.

mod many;

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use probant_core::{
    Fingerprint, Hash, IssuerId, Statement, Verifier, framing::frame, key::Kid, seal::Seal,
};
use serde_json::{Value, json};

use crate::sample_world::{World, key};

/// A lie of the ledger.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// A bit of every proof is flipped.
    Bit,
    /// Proofs are those of this entry, whatever was asked for.
    ProofsOf(u64),
    /// Receipts are sealed by somebody else's key.
    Seal,
    /// Every document is called certified, and nothing is shown.
    Boast,
    /// So many certifications of every document are made up.
    MadeUp(u64),
    /// Every certification is said to stand like this.
    Says(&'static str),
    /// The tree is said to have grown by a path of zero bytes.
    Grown,
}

/// What goes wrong, and what was asked.
#[derive(Default)]
pub struct Faults {
    /// So many submissions are answered 503 before they are looked at.
    pub busy: usize,
    /// So many submissions are sealed, and answered 503 all the same.
    pub forget_answer: usize,
    /// Submissions are sealed, and answered with this and a long page: a gateway's word.
    pub gateway: Option<StatusCode>,
    /// Proofs are answered 404 without words, as by a proxy.
    pub no_proofs: bool,
    /// That begins after so many proofs.
    pub proofs_left: Option<usize>,
    /// Submissions are refused with these words, which begin with a code.
    pub refusal: Option<&'static str>,
    /// It lies.
    pub lie: Option<Lie>,
    /// All proofs are these bytes.
    pub shown: Option<Vec<u8>>,
    /// It knows no prefixes, as one of before.
    pub no_prefixes: bool,
    /// Prefixes of fewer digits are too short.
    pub digits_min: usize,
    /// Done to every answer about many documents.
    pub edit: Option<Edit>,
    /// Submissions that arrived.
    pub submissions: usize,
    /// Requests that arrived: method and path.
    pub requests: Vec<String>,
}

type Edit = Box<dyn Fn(&mut Value) + Send>;

#[derive(Clone)]
pub struct FakeLedger {
    pub url: String,
    /// Locked after `faults`, by whoever locks both.
    world: Arc<Mutex<World>>,
    faults: Arc<Mutex<Faults>>,
}

impl FakeLedger {
    pub async fn start(world: World) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (world, faults) = (Arc::new(Mutex::new(world)), Arc::default());
        let ledger = Self { url, world, faults };
        let router = Router::new()
            .route("/entries", post(submit))
            .route("/documents", post(many::documents))
            .route("/documents/{fingerprint}", get(documents))
            .route("/prefixes/{prefix}", get(many::prefix))
            .route("/documents/{fingerprint}/proof/{entry}", get(proof))
            .route("/blocks/{height}", get(block))
            .route("/blocks/from/0", get(blocks))
            .route("/issuers", get(issuers))
            .route("/issuers/{id}", get(issuer))
            .route("/lineage", get(lineage))
            .route("/proofs/statuses/{entry}/{height}", get(statuses))
            .route("/proofs/consistency/{from}/{to}", get(consistency))
            .layer(DefaultBodyLimit::max(4 << 20))
            .layer(middleware::from_fn_with_state(ledger.clone(), note))
            .with_state(ledger.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        ledger
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap()
    }
}

#[allow(clippy::disallowed_methods)] // The commands under test go by the system's clock.
pub fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

async fn note(State(ledger): State<FakeLedger>, request: Request, next: Next) -> Response {
    let asked = format!("{} {}", request.method(), request.uri());
    ledger.faults().requests.push(asked);
    next.run(request).await
}

async fn submit(State(ledger): State<FakeLedger>, body: Bytes) -> Response {
    let mut faults = ledger.faults();
    faults.submissions += 1;
    if faults.busy > 0 {
        faults.busy -= 1;
        return concise(StatusCode::SERVICE_UNAVAILABLE, "busy: the pool is full");
    }
    if let Some(words) = faults.refusal {
        return concise(StatusCode::BAD_REQUEST, words);
    }
    let sealed = Statement::decode_submission(&body).and_then(|(statement, list)| {
        let leaf = statement.leaf();
        let mut receipt = ledger.world().submit(statement, list, now_ms())?;
        if faults.lie == Some(Lie::Seal) {
            let (world, height) = (ledger.world(), receipt.seal.height());
            let time_ms = world.blocks[usize::try_from(height).unwrap()].block.header().time_ms;
            let origin = world.identity().origin;
            receipt.seal = Seal::sign(&key(77), &origin, height, time_ms, receipt.root(leaf)?);
        }
        Ok(receipt)
    });
    if faults.forget_answer > 0 {
        faults.forget_answer -= 1;
        return concise(StatusCode::SERVICE_UNAVAILABLE, "busy: who knows");
    }
    if let Some(status) = faults.gateway {
        let page = "<p>our apologies</p>".repeat(4096);
        return (status, [("location", "https://elsewhere.example/")], page).into_response();
    }
    match sealed {
        Ok(receipt) => {
            let location = format!("/entries/{}", receipt.index);
            let headers = [("location", location.as_str()), ("content-type", "application/cose")];
            (StatusCode::CREATED, headers, receipt.encode()).into_response()
        }
        Err(rejected) => {
            let detail = format!("{}: {rejected}", rejected.code());
            concise(StatusCode::BAD_REQUEST, &detail)
        }
    }
}

/// {-2: detail}
fn concise(status: StatusCode, detail: &str) -> Response {
    let length = u16::try_from(detail.len()).unwrap().to_be_bytes();
    let body = [&[0xa1, 0x21, 0x79], length.as_slice(), detail.as_bytes()].concat();
    let content_type = "application/concise-problem-details+cbor";
    (status, [("content-type", content_type), ("retry-after", "0")], body).into_response()
}

/// A resource that is not there.
fn missing(detail: &str) -> Response {
    let body = json!({"title": "Not Found", "status": 404, "detail": detail});
    let headers = [("content-type", "application/problem+json")];
    (StatusCode::NOT_FOUND, headers, body.to_string()).into_response()
}

async fn documents(State(ledger): State<FakeLedger>, Path(name): Path<String>) -> Response {
    let (faults, world) = (ledger.faults(), ledger.world());
    let mut answer = said(&faults, &world, name.parse().unwrap());
    answer["head"] = head(&world);
    answer["rests_on"] = json!("the ledger's word");
    axum::Json(answer).into_response()
}

fn head(world: &World) -> Value {
    let head = world.chain.head();
    json!({"height": head.height, "size": head.size, "time_ms": head.time_ms})
}

/// What is said of a document, newest first.
fn said(faults: &Faults, world: &World, fingerprint: Fingerprint) -> Value {
    let standing = |entry| match faults.lie {
        Some(Lie::Says(word)) => word,
        _ => standing(world, fingerprint, entry),
    };
    let entries = world.certifying(&fingerprint).into_iter().rev();
    let mut words: Vec<_> = entries.map(|entry| (entry, standing(entry))).collect();
    if let Some(Lie::MadeUp(count)) = faults.lie {
        words.extend((0..count).map(|made_up| (1_000_000 + made_up, "certified")));
    }
    let best = ["certified", "superseded", "revoked", "distrusted"];
    let best = best.into_iter().find(|word| words.iter().any(|(_, found)| found == word));
    let boast = (faults.lie == Some(Lie::Boast)).then_some("certified");
    let one = |(entry, word): &(u64, &str)| json!({"entry": entry, "issuer": "energie.example", "verdict": word});
    let certifications: Vec<_> = words.iter().map(one).collect();
    json!({
        "fingerprint": fingerprint.to_string(), "verdict": boast.or(best).unwrap_or("unknown"),
        "certifications": certifications,
    })
}

fn standing(world: &World, fingerprint: Fingerprint, entry: u64) -> &'static str {
    let proof = world.proof(fingerprint, entry).unwrap().encode();
    let verified = Verifier::new(world.identity()).verify(&[fingerprint], &proof);
    verified.unwrap().standing().name()
}

async fn lineage(State(ledger): State<FakeLedger>) -> Response {
    ([("content-type", "application/cbor")], ledger.world().lineage_bytes()).into_response()
}

async fn statuses(
    State(ledger): State<FakeLedger>,
    Path((entry, height)): Path<(u64, usize)>,
) -> Response {
    let paths = ledger.world().list_statuses(entry, height);
    ([("content-type", "application/cbor")], paths).into_response()
}

async fn consistency(
    State(ledger): State<FakeLedger>,
    Path((from, to)): Path<(u64, u64)>,
) -> Response {
    let mut path = ledger.world().consistency(from, to);
    if ledger.faults().lie == Some(Lie::Grown) {
        path.fill(Hash::ZERO);
    }
    let path: Vec<_> = path.iter().map(Hash::to_string).collect();
    axum::Json(json!({"from": from, "to": to, "path": path})).into_response()
}

async fn proof(
    State(ledger): State<FakeLedger>,
    Path((name, entry)): Path<(String, u64)>,
) -> Response {
    let (mut faults, world) = (ledger.faults(), ledger.world());
    if let Some(left) = faults.proofs_left {
        faults.no_proofs = left == 0;
        faults.proofs_left = left.checked_sub(1);
    }
    let entry = if let Some(Lie::ProofsOf(other)) = faults.lie { other } else { entry };
    if faults.no_proofs {
        return StatusCode::NOT_FOUND.into_response();
    }
    let Some(proof) = world.proof(name.parse().unwrap(), entry) else {
        return missing("no such certification");
    };
    let mut bytes = faults.shown.clone().unwrap_or_else(|| proof.encode());
    if faults.lie == Some(Lie::Bit) {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    }
    ([("content-type", "application/cose")], bytes).into_response()
}

async fn block(State(ledger): State<FakeLedger>, Path(height): Path<usize>) -> Response {
    ledger.world().blocks[height].block.encode().into_response()
}

async fn blocks(State(ledger): State<FakeLedger>) -> Response {
    let world = ledger.world();
    let framed = world.blocks.iter().flat_map(|sealed| frame(&sealed.block.encode()).unwrap());
    let headers = [("content-type", "application/octet-stream")];
    (headers, framed.collect::<Vec<u8>>()).into_response()
}

fn key_listing(world: &World, kid: &Kid) -> Option<Value> {
    let signer = world.chain.registry().key(kid)?;
    Some(json!({
        "kid": kid.to_string(), "key": hex::encode(signer.key.as_bytes()),
        "use": signer.r#use.name(), "owner": signer.owner, "since": signer.added.entry,
        "status": signer.status.map(|status| json!({
            "state": status.state.name(), "since_ms": status.since_ms, "since": "",
            "entry": status.entry,
        })),
        "next_seq": world.chain.registry().next_seq(&format!("key:{kid}")),
    }))
}

fn issuer_listing(world: &World, id: &IssuerId) -> Option<Value> {
    let registry = world.chain.registry();
    let issuer = registry.issuer(id.as_str())?;
    let keys: Vec<_> = issuer.keys.iter().filter_map(|kid| key_listing(world, kid)).collect();
    Some(json!({
        "id": id.as_str(), "legal_name": issuer.record.legal_name,
        "country": issuer.record.country, "registration": issuer.record.registration,
        "enrolled": issuer.enrolled.entry, "void": issuer.void, "status": null,
        "next_seq": registry.next_seq(&format!("issuer:{id}")), "keys": keys,
    }))
}

async fn issuers(State(ledger): State<FakeLedger>) -> Response {
    let world = ledger.world();
    let ids = world.chain.registry().issuers().map(|(id, _)| id);
    axum::Json(ids.filter_map(|id| issuer_listing(&world, id)).collect::<Vec<_>>()).into_response()
}

async fn issuer(State(ledger): State<FakeLedger>, Path(id): Path<String>) -> Response {
    let listing = id.parse().ok().and_then(|id| issuer_listing(&ledger.world(), &id));
    listing.map_or_else(|| missing("no such issuer"), |found| axum::Json(found).into_response())
}
