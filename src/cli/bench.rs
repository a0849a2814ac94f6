//! `probant bench`: a load on a ledger of one's own, and what it reached.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use axum::{Json, Router, routing::get};
use hyper::{Method, StatusCode};
use probant_core::{
    LedgerId, Statement,
    block::Block,
    key::{SigningKey, Use},
    statement::{Body, Enroll, IssuerRecord, prove_possession},
};
use tokio::net::TcpListener;

use super::say;
use crate::{
    Error,
    bench::{self, Connection, Load, LoadIssuer, Says},
    clock::{SharedClock, entropy},
    keyfile,
};

const EXAMPLES: &str = "\
Examples, against a ledger that `probant serve --read-rate 0 --client-share 1` runs here:
  probant bench --batch 10000 --documents 10000000 --data ledger-data
  probant bench --batch 1 --documents 300000 --connections 1024
  probant bench --batch 10000 --documents 1000000 --lookups 10
  probant bench --batch 10000 --documents 1000000 --revoke 1000000 --proofs 10

It enrolls issuers bench-1.example, … with the operator key, and fills the ledger with made-up
fingerprints: never point it at one that matters.";

/// How long the look-ups of the ledger may lag after the load.
const LAG_SECONDS_MAX: u32 = 60;

/// Put a load on a ledger of your own, and report what it reached
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Bench {
    /// Address of the ledger; repeated, of its nodes, among which connections take turns
    #[arg(long, default_value = "127.0.0.1:8080")]
    address: Vec<SocketAddr>,
    /// The operator key, which enrolls the issuers of the load
    #[arg(long, value_name = "FILE", default_value = "ledger-keys/operator.pem")]
    operator_key: PathBuf,
    /// Issuers
    #[arg(long, default_value_t = 8)]
    issuers: usize,
    /// Connections at once, each with one statement under way
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Documents of one statement, 1 to 65536
    #[arg(long, default_value_t = 10_000)]
    batch: usize,
    /// Documents in all
    #[arg(long, default_value_t = 1_000_000)]
    documents: u64,
    /// Then look documents up for so many seconds, beside a bare axum JSON GET
    #[arg(long, value_name = "S", default_value_t = 0)]
    lookups: u64,
    /// Then withdraw so many of the documents, in lists of the same length
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    revoke: u64,
    /// Then fetch proofs for so many seconds
    #[arg(long, value_name = "S", default_value_t = 0)]
    proofs: u64,
    /// Data directory of the ledger, if it is here: reports bytes a document
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Process of the ledger, if it is here: reports its memory
    #[arg(long)]
    pid: Option<u32>,
}

impl Bench {
    pub async fn run(&self, clock: &SharedClock) -> Result<u8, Error> {
        let mut connection = Connection::open(self.first()).await?;
        let (ledger, origin) = identity(&mut connection).await?;
        let operator = keyfile::read(&self.operator_key)?;
        let mut issuers = Vec::new();
        for number in 0..self.issuers.max(1) {
            let issuer = enroll(&mut connection, ledger, &origin, &operator, number, clock).await?;
            issuers.push(issuer);
        }
        let seed = *entropy();
        let load = Load {
            addresses: self.address.clone(),
            ledger,
            issuers,
            connections: self.connections,
            batch: self.batch.clamp(1, 65_536),
            documents: self.documents,
            seed,
        };
        self.submit_all(&load, Says::Certify, clock).await?;
        if self.revoke > 0 {
            // A fall that comes before look-ups know the document waits for them.
            self.wait_for_lookups().await?;
            let load = Load { documents: self.revoke.min(self.documents), ..load.clone() };
            self.submit_all(&load, Says::Revoke, clock).await?;
        }
        if self.lookups > 0 {
            self.look_up(&load, clock).await?;
        }
        if self.proofs > 0 {
            self.fetch_proofs(&load, clock).await?;
        }
        Ok(0)
    }

    async fn submit_all(&self, load: &Load, says: Says, clock: &SharedClock) -> Result<(), Error> {
        let name = if says == Says::Certify { "certify" } else { "revoke" };
        let before = self.disk_bytes()?;
        let tell = |done| eprintln!("{name}: {done} documents");
        let report = bench::submit_all(load, says, clock, tell).await?;
        say(&format!("{name:<9} {report}"))?;
        self.wait_for_lookups().await?;
        if let (Some(before), Some(after)) = (before, self.disk_bytes()?) {
            let bytes = after.saturating_sub(before);
            say(&format!("disk      {} bytes a document", bytes / report.documents.max(1)))?;
        }
        if let Some(pid) = self.pid {
            say(&format!("memory    {}", memory(pid)?))?;
        }
        Ok(())
    }

    /// Whole proofs, with what became of the document and its key, made anew for each request.
    async fn fetch_proofs(&self, load: &Load, clock: &SharedClock) -> Result<(), Error> {
        self.wait_for_lookups().await?;
        let (seed, documents) = (load.seed, load.documents);
        let path = move |number: u64| {
            let number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % documents;
            format!("/documents/{}/proof", bench::document(&seed, number))
        };
        let mut connection = Connection::open(self.first()).await?;
        let (_, proof) = connection.send(Method::GET, &path(1), Vec::new()).await?;
        let duration = Duration::from_secs(self.proofs);
        let report = bench::get(self.first(), self.connections, duration, clock, path).await?;
        say(&format!("proofs    {report}; one has {} bytes", proof.len()))
    }

    /// Look-ups of certified documents, then as many of a bare JSON GET, in the same run.
    async fn look_up(&self, load: &Load, clock: &SharedClock) -> Result<(), Error> {
        self.wait_for_lookups().await?;
        let duration = Duration::from_secs(self.lookups);
        let (seed, documents) = (load.seed, load.documents);
        let path = move |number: u64| {
            let number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % documents;
            format!("/documents/{}", bench::document(&seed, number))
        };
        let ours = bench::get(self.first(), self.connections, duration, clock, path).await?;
        say(&format!("look-ups  {ours}"))?;
        let bare = bare_server().await?;
        let theirs = bench::get(bare, self.connections, duration, clock, |_| "/".into()).await?;
        say(&format!("bare GET  {theirs}"))?;
        say(&format!("ratio     {:.2}", ours.rate() / theirs.rate()))
    }

    /// Until look-ups have caught up with what was certified.
    async fn wait_for_lookups(&self) -> Result<(), Error> {
        let mut connection = Connection::open(self.first()).await?;
        for _ in 0..LAG_SECONDS_MAX {
            let (_, answer) = connection.send(Method::GET, "/readyz", Vec::new()).await?;
            let answer: serde_json::Value = serde_json::from_slice(&answer)
                .map_err(|error| Error::Stop(format!("/readyz: {error}")))?;
            if answer["lag_blocks"] == 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Err(Error::busy("look-ups lag for longer than a minute"))
    }

    /// Who answers questions.
    fn first(&self) -> SocketAddr {
        self.address[0]
    }

    fn disk_bytes(&self) -> Result<Option<u64>, Error> {
        self.data.as_deref().map(walk_bytes).transpose()
    }
}

async fn identity(connection: &mut Connection) -> Result<(LedgerId, String), Error> {
    let (_, block) = connection.send(Method::GET, "/blocks/0", Vec::new()).await?;
    let block = Block::decode(&block)
        .map_err(|fault| Error::Stop(format!("block 0: {}", fault.rejected)))?;
    let genesis = &block.entries[0];
    Ok((LedgerId::of_genesis(genesis.entry()), genesis.issuer().to_owned()))
}

/// Enrolls an issuer of the load under a name that no run before has used.
async fn enroll(
    connection: &mut Connection,
    ledger: LedgerId,
    origin: &str,
    operator: &SigningKey,
    number: usize,
    clock: &SharedClock,
) -> Result<LoadIssuer, Error> {
    let key = SigningKey::from_seed(&entropy());
    let id = format!("bench-{number}-{}.example", &key.public().kid().to_string()[..12]);
    let possession = prove_possession(&key, Use::Issuer, &id, 1, &ledger.0.0);
    let record = IssuerRecord {
        legal_name: format!("Load of a bench, {number}"),
        country: "FR".into(),
        registration: number.to_string(),
    };
    let public = key.public().clone();
    let body = Body::Enroll(Enroll { seq: 1, id: id.parse()?, record, key: public, possession });
    let statement = Statement::sign(operator, origin, Some(ledger), clock.now_ms() / 1000, body);
    let sent = connection.send(Method::POST, "/entries", statement.to_submission(None)).await?;
    if sent.0 != StatusCode::CREATED {
        let why = String::from_utf8_lossy(&sent.1).into_owned();
        return Err(Error::input(format!("enrollment was refused: {} {why}", sent.0)));
    }
    Ok(LoadIssuer { id, key })
}

/// The baseline: axum with one route, answering a small JSON object.
async fn bare_server() -> Result<SocketAddr, Error> {
    let failed = |error: std::io::Error| Error::Stop(format!("the baseline server: {error}"));
    let answer = || async { Json(serde_json::json!({ "verdict": "certified" })) };
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let router = Router::new().route("/", get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

fn walk_bytes(dir: &Path) -> Result<u64, Error> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir).map_err(Error::file(dir))? {
        let path = entry.map_err(Error::file(dir))?.path();
        // A file that the index has just deleted counts for nothing.
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        bytes += if metadata.is_dir() { walk_bytes(&path)? } else { metadata.len() };
    }
    Ok(bytes)
}

/// Memory of a process now, and the most that it ever had.
fn memory(pid: u32) -> Result<String, Error> {
    let path = PathBuf::from(format!("/proc/{pid}/status"));
    let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
    let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let (now, most) = (line("VmRSS:").unwrap_or("?"), line("VmHWM:").unwrap_or("?"));
    Ok(format!("{now} now, {most} at most"))
}
