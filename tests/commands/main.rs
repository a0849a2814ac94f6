//! The commands that need a ledger, run as a user runs them, against a fake one; and the client, where
//! no command asks.

mod audit;
mod bulk;
mod certify;
#[path = "../fake_ledger/mod.rs"]
mod fake_ledger;
mod prefixes;
mod refresh;
#[path = "../sample_world/mod.rs"]
mod sample_world;
mod spools;
mod statements;
mod statuses;
mod unnamed;
mod verify;
mod witnessed;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use ed25519_dalek::pkcs8::{EncodePrivateKey as _, KeypairBytes, spki::der::pem::LineEnding};
use fake_ledger::FakeLedger;
use probant_core::{Fingerprints, Verifier};
use sample_world::{ISSUER, World};
use tempfile::TempDir;

const CERTIFY: [&str; 6] = ["certify", "bills", "--issuer", ISSUER, "--key", "issuer.pem"];

struct Desk {
    dir: TempDir,
    ledger: FakeLedger,
}

impl Desk {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        write_key(&dir.path().join("issuer.pem"), 9);
        write_key(&dir.path().join("operator.pem"), 3);
        Self { dir, ledger: FakeLedger::start(World::with_issuer()).await }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        fs::write(self.at(name), content).unwrap();
    }

    fn run(&self, args: &[&str]) -> Ran {
        Ran(tokio::task::block_in_place(|| self.command(args).output()).unwrap())
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_probant"));
        command.args(args).current_dir(self.dir.path()).env_clear();
        command.env("PROBANT_LEDGER", &self.ledger.url);
        command.env("PROBANT_IDENTITY", self.ledger.world().identity().to_string());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn certify(&self, more: &[&str]) -> Ran {
        self.run(&[&CERTIFY, more].concat())
    }

    /// Begins to certify, and signals the process once there are so many proofs.
    fn certify_until(&self, proofs: usize, signal: &str) -> Ran {
        let mut child = self.command(&[&CERTIFY[..], &["--batch", "20"]].concat()).spawn().unwrap();
        tokio::task::block_in_place(|| {
            while self.proofs() < proofs && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            let pid = child.id().to_string();
            Command::new("kill").args([signal, &pid]).status().unwrap();
            Ran(child.wait_with_output().unwrap())
        })
    }

    fn proofs(&self) -> usize {
        let names = fs::read_dir(self.at("bills")).unwrap().map(|entry| entry.unwrap().path());
        names.filter(|path| path.extension().is_some_and(|e| e == "proof")).count()
    }

    /// Whether the proof beside a document verifies.
    fn is_proven(&self, name: &str) -> bool {
        let document = fs::read(self.at(name)).unwrap();
        let Ok(proof) = fs::read(self.at(&format!("{name}.proof"))) else { return false };
        let Fingerprints { blake3, sha256 } = Fingerprints::of(&document);
        let identity = self.ledger.world().identity();
        Verifier::new(identity).verify(&[blake3, sha256], &proof).is_ok()
    }
}

struct Ran(Output);

impl Ran {
    fn code(&self) -> i32 {
        self.0.status.code().unwrap_or(-1)
    }

    fn text(&self) -> String {
        let [out, err] = [&self.0.stdout, &self.0.stderr].map(|b| String::from_utf8_lossy(b));
        format!("{out}{err}")
    }

    fn expect(self, code: i32, words: &str) -> Self {
        assert!(
            self.code() == code && self.text().contains(words),
            "{}: {}",
            self.code(),
            self.text()
        );
        self
    }
}

fn write_key(path: &Path, seed: u8) {
    let pair = KeypairBytes { secret_key: [seed; 32], public_key: None };
    fs::write(path, pair.to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes()).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
