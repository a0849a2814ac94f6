//! A witness that does as it is told; an honest one checks what it is shown, but for who signed it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use probant::witnesses::submission::Submission;
use probant_core::{
    Hash, checkpoint::Checkpoint, cosignature::Cosigner, key, ml_dsa, note::Note, tree,
    verifier_key::VerifierKey,
};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::harness::now_ms;

/// What it does.
#[derive(Clone, Debug)]
pub enum Manner {
    Honest,
    /// The same, after a while.
    Slow(Duration),
    /// It takes the question, and never answers.
    Hangs,
    Answers(StatusCode, &'static str, String),
    /// Signs by this key instead.
    Signs(Arc<Cosigner>),
    /// Repeats what it signed so many seconds ago.
    Repeats(u64),
}

struct Inner {
    cosigner: Cosigner,
    manner: Mutex<Manner>,
    seen: Mutex<Option<(u64, Hash)>>,
    asked: Mutex<Vec<Submission>>,
    newest: Mutex<Option<String>>,
}

/// A running one.
pub struct Fake {
    inner: Arc<Inner>,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

pub fn ed25519(name: &str, seed: u8) -> Cosigner {
    Cosigner::ed25519(name, key::SigningKey::from_seed(&[seed; 32])).unwrap()
}

pub fn ml_dsa(name: &str, seed: u8) -> Cosigner {
    Cosigner::ml_dsa(name, ml_dsa::SigningKey::from_seed(&[seed; 32])).unwrap()
}

impl Fake {
    pub async fn start(cosigner: Cosigner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Inner {
            cosigner,
            manner: Mutex::new(Manner::Honest),
            seen: Mutex::default(),
            asked: Mutex::default(),
            newest: Mutex::default(),
        });
        let routes = Router::new()
            .route("/some/where/add-checkpoint", post(add_checkpoint))
            .route("/some/where/{origin}/checkpoint", get(newest))
            .with_state(Arc::clone(&inner));
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { inner, address, serving }
    }

    pub fn key(&self) -> &VerifierKey {
        self.inner.cosigner.verifier_key()
    }

    pub fn url(&self) -> String {
        format!("http://{}/some/where", self.address)
    }

    pub fn behaves(&self, manner: Manner) {
        *self.inner.manner.lock().unwrap() = manner;
    }

    /// What it was sent.
    pub fn asked(&self) -> Vec<Submission> {
        self.inner.asked.lock().unwrap().clone()
    }

    /// The size that it cosigned last.
    pub fn seen(&self) -> u64 {
        self.inner.seen.lock().unwrap().map_or(0, |(size, _)| size)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn add_checkpoint(State(inner): State<Arc<Inner>>, body: Bytes) -> Response {
    let sent = Submission::parse(std::str::from_utf8(&body).unwrap()).unwrap();
    inner.asked.lock().unwrap().push(sent.clone());
    let manner = inner.manner.lock().unwrap().clone();
    match manner {
        Manner::Honest => inner.cosign(&sent, &inner.cosigner, 0),
        Manner::Signs(cosigner) => inner.cosign(&sent, &cosigner, 0),
        Manner::Repeats(ago_s) => inner.cosign(&sent, &inner.cosigner, ago_s),
        Manner::Slow(pause) => {
            tokio::time::sleep(pause).await;
            inner.cosign(&sent, &inner.cosigner, 0)
        }
        Manner::Hangs => std::future::pending().await,
        Manner::Answers(status, kind, text) => {
            (status, [(header::CONTENT_TYPE, kind)], text).into_response()
        }
    }
}

async fn newest(State(inner): State<Arc<Inner>>) -> Response {
    let newest = inner.newest.lock().unwrap().clone();
    newest.map_or(StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response)
}

impl Inner {
    fn cosign(&self, sent: &Submission, cosigner: &Cosigner, ago_s: u64) -> Response {
        let mut seen = self.seen.lock().unwrap();
        let size = seen.map_or(0, |(size, _)| size);
        if sent.old != size {
            let kind = [(header::CONTENT_TYPE, "text/x.tlog.size")];
            return (StatusCode::CONFLICT, kind, format!("{size}\n")).into_response();
        }
        let checkpoint = Checkpoint::parse(Note::split(&sent.note).unwrap().text()).unwrap();
        let now = (checkpoint.size, checkpoint.root);
        let follows = |before| tree::check_consistency(before, now, &sent.proof).is_ok();
        if !seen.is_none_or(follows) {
            return StatusCode::UNPROCESSABLE_ENTITY.into_response();
        }
        *seen = Some(now);
        let line = cosigner.cosign(&checkpoint, now_ms() / 1000 - ago_s);
        *self.newest.lock().unwrap() = Some(format!("{}{line}", sent.note));
        line.into_response()
    }
}
