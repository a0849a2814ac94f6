//! `probant witness`, the program: its keys, its state, its process.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
};

use probant_core::{checkpoint::Checkpoint, verifier_key::VerifierKey};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::{
    harness::{Client, Home, said},
    opened, policy, with_policy,
};

pub const NAME: &str = "witness.example/w";

/// Our witness: its keys, its state and where it listens, which outlive its process.
pub struct Ours {
    folder: TempDir,
    pub address: SocketAddr,
    pub keys: [VerifierKey; 2],
    pub ledgers: Vec<String>,
}

/// Its process: ended by its id.
pub struct Running {
    child: Child,
    _stdout: BufReader<ChildStdout>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

pub fn probant() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probant"));
    command.stdin(Stdio::null());
    command
}

/// Where a witness shows what it cosigned of a ledger.
pub fn path_of(origin: &str) -> String {
    format!("/{}/checkpoint", hex::encode(Sha256::digest(origin)))
}

impl Ours {
    /// One that is going to follow these ledgers, each at its address.
    pub fn of(ledgers: &[(&Home, SocketAddr)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = |file: &str, more: &[&str]| -> VerifierKey {
            let mut command = probant();
            command.args(["witness", "key"]).arg(folder.path().join(file));
            said(command.args(["--name", NAME]).args(more)).trim().parse().unwrap()
        };
        let keys = [key("w.pem", &[]), key("w-mldsa.pem", &["--ml-dsa"])];
        assert_eq!(key("w.pem", &[]), keys[0], "a key is made once");
        let ledgers = ledgers.iter().map(|(home, at)| format!("http://{at}={}", home.identity()));
        let ledgers = ledgers.collect();
        Self { folder, address: free_port(), keys, ledgers }
    }

    pub fn start(&self) -> Running {
        let log = File::options().create(true).append(true).open(self.at("log")).unwrap();
        let mut command = probant();
        command.args(["witness", "--name", NAME, "--every-s", "1", "--read-rate", "0"]);
        command.arg("--state").arg(self.at("state"));
        command.arg("--key").arg(self.at("w.pem")).arg("--key").arg(self.at("w-mldsa.pem"));
        command.args(["--listen", &self.address.to_string()]);
        for ledger in &self.ledgers {
            command.args(["--ledger", ledger]);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(line.contains(" witnesses on http://"), "{line}{}", self.log());
        Running { child, _stdout: stdout }
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.at("log")).unwrap_or_default()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// A ledger's arguments, whose quorum are both keys of this witness.
    pub fn args(&self, home: &Home, at: SocketAddr) -> Vec<String> {
        let (url, [one, two]) = (self.url(), &self.keys);
        let mut args = with_policy(&policy(home, 2, &[(one, &url), (two, &url)]));
        args.extend(["--listen".into(), at.to_string()]);
        args
    }

    /// Where it keeps what it has of a ledger.
    pub fn state(&self, home: &Home) -> PathBuf {
        self.at("state").join(home.identity().ledger.to_string())
    }

    /// What it has on disk of what it cosigned, and the cosignatures verified.
    pub fn kept(&self, home: &Home) -> Option<Checkpoint> {
        let text = fs::read_to_string(self.state(home).join("cosigned")).ok()?;
        let note = text.split_once('\n').unwrap().1.strip_suffix('\n').unwrap();
        let (checkpoint, names) = opened(home, note, &[&self.keys[0], &self.keys[1]]);
        assert_eq!(names, [NAME, NAME]);
        Some(checkpoint)
    }
}

impl Running {
    /// SIGTERM, and its exit code.
    pub fn stop(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
