//! A ledger that shows whatever blocks it is told to, and a monitor of it.

use std::{
    path::PathBuf,
    process::Command,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::get,
};
use probant_core::{
    List, Statement,
    framing::frame,
    key::Use,
    statement::{Body, Certify, Enroll, IssuerRecord, prove_possession},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    harness::{issuer::made_up, now_ms},
    probant, run,
    sample_world::{ISSUER, World, key},
};

pub type Blocks = Vec<Vec<u8>>;

/// Where blocks are shown.
#[derive(Clone)]
pub struct Shown {
    pub url: String,
    blocks: Arc<Mutex<Blocks>>,
    /// From which heights on blocks were asked for.
    asked: Arc<Mutex<Vec<usize>>>,
}

impl Shown {
    pub async fn start(world: &World) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shown =
            Self { url, blocks: Arc::new(Mutex::new(encoded(world))), asked: Arc::default() };
        let router = Router::new()
            .route("/blocks/{height}", get(block))
            .route("/blocks/from/{height}", get(blocks))
            .with_state(shown.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        shown
    }

    /// From which heights on blocks were asked for since this was asked last.
    pub fn asked(&self) -> Vec<usize> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    pub fn show(&self, blocks: Blocks) {
        *self.blocks.lock().unwrap() = blocks;
    }
}

async fn block(State(shown): State<Shown>, Path(height): Path<usize>) -> Response {
    let block = shown.blocks.lock().unwrap().get(height).cloned();
    block.map_or(StatusCode::NOT_FOUND.into_response(), axum::response::IntoResponse::into_response)
}

async fn blocks(State(shown): State<Shown>, Path(height): Path<usize>) -> Response {
    shown.asked.lock().unwrap().push(height);
    let blocks = shown.blocks.lock().unwrap().clone();
    if height >= blocks.len() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let framed = blocks[height..].iter().flat_map(|block| frame(block).unwrap());
    let headers = [("content-type", "application/octet-stream")];
    (headers, framed.collect::<Vec<u8>>()).into_response()
}

/// All blocks of a world, with their lists.
pub fn encoded(world: &World) -> Blocks {
    world.blocks.iter().map(|sealed| sealed.block.encode()).collect()
}

/// The operator enrolls somebody.
pub fn enroll(world: &mut World, (id, seed): (&str, u8), (legal_name, registration): (&str, &str)) {
    let scope = world.identity().ledger.0.0;
    let possession = prove_possession(&key(seed), Use::Issuer, id, 1, &scope);
    let record = IssuerRecord {
        legal_name: legal_name.into(),
        country: "FR".into(),
        registration: registration.into(),
    };
    let (id, key) = (id.parse().unwrap(), key(seed).public().clone());
    let body = Body::Enroll(Enroll { seq: 1, id, record, key, possession });
    world.say((crate::sample_world::ORIGIN, 3), (body, None), now_ms());
}

/// Somebody with the issuer's key of this seed certifies so many documents.
pub fn certify(world: &mut World, seed: u8, name: &str, count: u32) {
    let list = List::new(made_up(name, count)).unwrap();
    let body = Body::Certify(Certify::new(&list, "application/pdf").unwrap());
    let ledger = Some(world.identity().ledger);
    let statement = Statement::sign(&key(seed), ISSUER, ledger, now_ms() / 1000, body);
    world.submit(statement, Some(list), now_ms()).unwrap();
}

/// A folder from which somebody watches.
pub struct Watcher {
    dir: TempDir,
    pub url: String,
}

/// What a run said.
pub struct Ran {
    pub code: i32,
    pub reports: Vec<Value>,
    pub all: String,
}

impl Watcher {
    pub fn new(url: &str) -> Self {
        Self { dir: tempfile::tempdir().unwrap(), url: url.into() }
    }

    pub fn state(&self) -> PathBuf {
        self.dir.path().join(format!("{ISSUER}.monitor"))
    }

    /// Where it keeps its replay.
    pub fn replay(&self) -> PathBuf {
        self.dir.path().join(format!("{ISSUER}.monitor.replay"))
    }

    pub fn command(&self, more: &[&str]) -> Command {
        let mut command = probant(&["monitor", &self.url, "--issuer", ISSUER, "--json"]);
        command.args(more).current_dir(self.dir.path());
        command
    }

    /// Reads what is new and ends.
    pub fn once(&self, more: &[&str]) -> Ran {
        let (code, all) = run(self.command(&["--once"]).args(more));
        let lines = all.lines().filter(|line| line.starts_with('{'));
        let reports = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
        Ran { code, reports, all }
    }

    /// The same without the domain, with these codes and kinds of reports.
    pub fn expect(&self, more: &[&str], code: i32, reports: &[&str]) -> Ran {
        let ran = self.once(&[&["--no-domain"], more].concat());
        let found: Vec<_> =
            ran.reports.iter().map(|report| report["report"].as_str().unwrap()).collect();
        assert!(ran.code == code && found == reports, "{}: {}", ran.code, ran.all);
        ran
    }
}
