//! The real binary on a free port of loopback: a home of two directories, a server that is
//! stopped or killed by its own id, and whoever certifies there. Every wait is bounded.
#![allow(dead_code, unused_imports)] // Each test file uses what it needs.

pub mod certificate;
pub mod client;
pub mod issuer;
pub mod varied;

use std::{
    fs::{self, DirBuilder, File},
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc,
    time::Duration,
};

use probant::{
    clock::SystemClock,
    keyfile,
    store::{
        Store as _,
        embedded::segments::{Position, SegmentReader},
        postgres::{
            Postgres,
            server::{Access, Server as Connections, address::Address},
        },
    },
};
use probant_core::{
    Identity,
    block::Block,
    chain::Chain,
    key::{SigningKey, Use},
};
use tempfile::TempDir;

pub use client::{Client, Reply};
pub use issuer::Issuer;

pub const ORIGIN: &str = "ledger.example/fr";
/// The longest that a start, a stop or a refusal may take, on a machine that does other things.
const PATIENCE: Duration = Duration::from_secs(180);
/// So many times slower may a machine be than the one that a test's bound was thought for.
const SLOWNESS: u32 = 5;
/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Runs a test to its end or fails it.
pub async fn bounded<T>(seconds: u64, test: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(seconds) * SLOWNESS;
    tokio::time::timeout(limit, test).await.expect("the test took too long")
}

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    SystemClock::shared().now_ms()
}

/// The directories of one ledger, or of one node of it.
pub struct Home {
    temp: TempDir,
    data: PathBuf,
    keys: PathBuf,
    /// URL of the database that it is in, instead of the directory of data.
    store: Option<String>,
}

impl Home {
    /// `probant init` in directories that vanish with the test.
    pub fn init() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let (data, keys) = (temp.path().join("data"), temp.path().join("keys"));
        Self::init_at(temp, data, keys)
    }

    /// The same of a ledger with another name.
    pub fn init_as(origin: &str) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let (data, keys) = (temp.path().join("data"), temp.path().join("keys"));
        Self { temp, data, keys, store: None }.made_as(origin, &[])
    }

    /// The same with the data elsewhere.
    pub fn init_at(temp: TempDir, data: PathBuf, keys: PathBuf) -> Self {
        Self { temp, data, keys, store: None }.made()
    }

    /// The first node of a ledger in the database at a URL.
    pub fn init_in(url: &str) -> Self {
        Self::node_of(url).made()
    }

    /// A node that has no keys yet.
    fn node_of(url: &str) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let (data, keys) = (temp.path().join("data"), temp.path().join("keys"));
        Self { temp, data, keys, store: Some(url.to_owned()) }
    }

    /// Another node of the ledger: the keys that sign, and the mark of this one.
    pub fn another(&self) -> Self {
        let other = Self::node_of(self.store.as_deref().expect("a ledger in a database"));
        DirBuilder::new().mode(0o700).create(&other.keys).unwrap();
        for key in ["seal.pem", "note.pem", "note-ml-dsa.pem"] {
            fs::copy(self.keys.join(key), other.keys.join(key)).unwrap();
        }
        let shown = said(self.command("mark").arg("show"));
        let of = |name: &str| {
            let line = shown.lines().find_map(|line| line.strip_prefix(name));
            line.expect("a line of the mark").trim().to_owned()
        };
        let to = ["--height".into(), of("height"), "--root".into(), of("root")];
        said(other.command("mark").arg("set").args(to));
        other
    }

    /// From now on the database is there.
    pub fn move_store(&mut self, url: &str) {
        self.store = Some(url.into());
    }

    /// One whose checkpoints are signed by Ed25519 alone.
    pub fn init_without_ml_dsa() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let (data, keys) = (temp.path().join("data"), temp.path().join("keys"));
        Self { temp, data, keys, store: None }.made_as(ORIGIN, &["--without-ml-dsa"])
    }

    fn made(self) -> Self {
        self.made_as(ORIGIN, &[])
    }

    fn made_as(self, origin: &str, args: &[&str]) -> Self {
        said(self.command("init").args(["--origin", origin]).args(args));
        self
    }

    pub fn mark_path(&self) -> PathBuf {
        self.keys.join("head-mark")
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    pub fn keys(&self) -> &Path {
        &self.keys
    }

    pub fn folder(&self) -> &Path {
        self.temp.path()
    }

    /// From now on the data is there, in a directory.
    pub fn move_data(&mut self, data: PathBuf) {
        (self.data, self.store) = (data, None);
    }

    /// A command of the binary on these directories.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_probant"));
        command.arg(name).arg("--keys").arg(&self.keys).env_remove("PROBANT_STORE");
        match &self.store {
            Some(url) => command.args(["--store", url]),
            None => command.arg("--data").arg(&self.data),
        };
        command.stdin(Stdio::null());
        command
    }

    pub fn key(&self, r#use: Use) -> SigningKey {
        keyfile::read(&self.keys.join(format!("{}.pem", r#use.name()))).unwrap()
    }

    /// What block 0 says, read from the segments: not asked of the server.
    pub fn genesis(&self) -> Chain {
        let bytes = self.block_0();
        let block = Block::decode(&bytes).unwrap();
        let (chain, extension) = Chain::found(&block).unwrap();
        extension.signatures.check(&block).unwrap();
        chain
    }

    fn block_0(&self) -> Vec<u8> {
        let Some(url) = &self.store else {
            let reader = SegmentReader::open(&self.data.join("segments")).unwrap();
            return reader.read(Position::FIRST).unwrap();
        };
        let address = Address::new(url, None, None).unwrap();
        let connections = Connections::connect(&address, Access::Read).unwrap();
        Postgres::open_read_only(connections).unwrap().block(0).unwrap().unwrap()
    }

    pub fn identity(&self) -> Identity {
        self.genesis().identity()
    }

    /// `probant serve` on a free port, as soon as it says where.
    pub fn serve(&self, args: &[&str]) -> Server {
        self.spawn(args).unwrap_or_else(|| panic!("it did not start: {}", self.log()))
    }

    /// The same for a caller that may kill it before it has begun to serve.
    pub fn spawn(&self, args: &[&str]) -> Option<Server> {
        Starting::new(self, args, "").wait()
    }

    /// [`Home::serve`] with a log of all that this filter lets through.
    pub fn serve_logging(&self, filter: &str, args: &[&str]) -> Server {
        let started = Starting::new(self, args, filter).wait();
        started.unwrap_or_else(|| panic!("it did not start: {}", self.log()))
    }

    /// Starts the server without waiting for it.
    pub fn start(&self, args: &[&str]) -> Starting {
        Starting::new(self, args, "")
    }

    fn log_path(&self) -> PathBuf {
        self.temp.path().join("log")
    }

    /// What the servers of this home said on their way.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// `serve` where it must end at once by itself: its exit code, and what it said.
    pub fn refused(&self, args: &[&str]) -> (i32, String) {
        let mut command = self.command("serve");
        if !args.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let piped = command.args(args).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut guard = Guard(piped.spawn().unwrap());
        let status = guard.wait();
        let mut said = String::new();
        guard.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (status.code().expect("it ended by itself"), said)
    }
}

/// What a command says, which must end well.
pub fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A child that does not outlive its owner.
struct Guard(Child);

impl Guard {
    fn wait(&mut self) -> ExitStatus {
        let clock = SystemClock::shared();
        while clock.elapsed() < PATIENCE {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(PAUSE);
        }
        panic!("process {} did not end", self.0.id());
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Both fail where it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server that may not have begun to serve.
pub struct Starting {
    guard: Guard,
    line: mpsc::Receiver<(String, BufReader<ChildStdout>)>,
}

impl Starting {
    fn new(home: &Home, args: &[&str], filter: &str) -> Self {
        let log = File::options().create(true).append(true).open(home.log_path()).unwrap();
        let mut command = home.command("serve");
        if !args.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        if !filter.is_empty() {
            command.env("PROBANT_LOG", filter);
        }
        let child = command.args(args).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut guard = Guard(child);
        let mut stdout = BufReader::new(guard.0.stdout.take().unwrap());
        let (sender, line) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            if stdout.read_line(&mut line).is_ok() {
                let _ = sender.send((line, stdout));
            }
        });
        Self { guard, line }
    }

    /// The server, once it has said where it serves; none if it ended instead.
    pub fn wait(self) -> Option<Server> {
        let (line, stdout) = self.line.recv_timeout(PATIENCE).expect("it says where it serves");
        let address = line.split_once("://")?.1.trim();
        let address = address.parse().expect("an address");
        Some(Server { guard: self.guard, address, _stdout: stdout })
    }

    /// SIGTERM, and its exit code.
    pub fn stop(mut self) -> Option<i32> {
        let pid = self.guard.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.guard.wait().code()
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.guard.0.kill().unwrap();
        self.guard.wait();
    }
}

/// A server that answers.
pub struct Server {
    guard: Guard,
    pub address: SocketAddr,
    /// Held, so that the server may go on printing.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// SIGTERM, without waiting for its end.
    pub fn ask_to_stop(&self) {
        self.signal("-TERM");
    }

    /// A signal, by its id.
    pub fn signal(&self, name: &str) {
        let pid = self.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    pub fn id(&self) -> u32 {
        self.guard.0.id()
    }

    /// SIGTERM, and its exit code.
    pub fn stop(self) -> Option<i32> {
        self.ask_to_stop();
        self.wait()
    }

    /// Its exit code.
    pub fn wait(mut self) -> Option<i32> {
        self.guard.wait().code()
    }

    /// SIGKILL, by its id.
    pub fn kill(mut self) {
        self.guard.0.kill().unwrap();
        self.guard.wait();
    }
}
