//! What Probant writes, checked by implementations that are not Probant's, and the reverse:
//! pycose and scitt-cose for statements, receipts and proofs (tests/interop/check.py), the Go
//! checksum database's packages for checkpoints and the tree (tests/interop/note), and
//! filippo.io/torchwood for trust policies and tlog-proofs (tests/witness/torchwood).
//!
//! tests/setup installs them. Nothing is skipped where they are missing: the test fails.

mod ledger;
mod tlog_proof;
mod world;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use ledger::Ledger;
use probant_core::{
    Fingerprints, Statement, Verifier, checkpoint::Checkpoint, key::SigningKey, proof::DocumentPath,
};
use serde_json::json;

const TIME_MS: u64 = 1_790_000_000_000;
const ORIGIN: &str = "ledger.example/fr";
const ISSUER: &str = "energie.example";
const ISSUER_SEED: u8 = 9;
const KEYS: [(&str, u8); 3] = [("seal", 1), ("operator", 3), ("issuer", ISSUER_SEED)];
const NOTE_SEED: u8 = 2;
/// Entry of the batch.
const BATCH: u64 = 4;

#[test]
fn pycose_and_scitt_cose_verify_every_statement_receipt_and_proof() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::new();
    let document = b"%PDF-1.7 a bill";
    let order = json!({
        "seed": hex::encode([ISSUER_SEED; 32]),
        "x": hex::encode(key(ISSUER_SEED).public().as_bytes()),
        "iss": ISSUER,
        "aud": ledger.id().audience(),
        "iat": TIME_MS / 1000,
    });
    fs::write(folder.path().join("document"), document).unwrap();
    fs::write(folder.path().join("order.json"), order.to_string()).unwrap();
    python("envelope", folder.path());

    let theirs = fs::read(folder.path().join("envelope.cose")).unwrap();
    let (envelope, list) = Statement::decode_submission(&theirs).unwrap();
    assert!(list.is_none());
    assert_eq!(envelope.entry(), theirs);
    let fingerprint = Fingerprints::of(document).sha256;
    assert_eq!(envelope.enveloped(), Some(fingerprint));
    ledger.fill(Some(envelope));

    let envelope_at = BATCH + 2;
    let path = DocumentPath { fingerprint, index: 0, path: vec![] };
    let proofs = [
        (ledger.proof(ledger.batched(17), BATCH), Some(40)),
        (ledger.proof(path, envelope_at), None),
    ];
    for (proof, _) in &proofs {
        let mut verifier = Verifier::new(ledger.chain.identity());
        verifier.verify(&[proof.document.fingerprint], &proof.encode()).unwrap();
    }
    ledger.write(folder.path(), &proofs);
    python("verify", folder.path());
}

#[test]
fn sumdb_opens_every_checkpoint_and_recomputes_every_tree() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::new();
    ledger.fill(None);
    ledger.write(folder.path(), &[]);
    let mut go = Command::new("go");
    go.args(["run", "."]).arg(folder.path()).current_dir(here().join("note"));
    // Only what tests/setup put there: no other toolchain, workspace, flags or download.
    go.envs([("GOTOOLCHAIN", "local"), ("GOWORK", "off"), ("GOFLAGS", ""), ("GOPROXY", "off")]);
    run(go);

    // Theirs read by us: the witness's line is ignored, any other change refused.
    let cosigned = fs::read(folder.path().join("cosigned")).unwrap();
    let (origin, note_key) = (ORIGIN.parse().unwrap(), key(NOTE_SEED));
    let open = |note: &[u8]| {
        let note = str::from_utf8(note).ok()?;
        Checkpoint::open(note, &origin, note_key.public()).ok()
    };
    let newest = ledger.checkpoints().pop().unwrap();
    let ours = newest.sign(&note_key).len();
    assert_eq!(open(&cosigned), Some(newest));
    for bit in 0..ours * 8 {
        let mut bad = cosigned[..ours].to_vec();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open(&bad), None, "bit {bit}");
    }
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop")
}

fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("target/tmp is in target")
}

fn python(command: &str, folder: &Path) {
    let venv = target().join("interop-venv");
    let (wanted, there) = (here().join("requirements.txt"), venv.join("requirements.txt"));
    assert!(
        fs::read(&there).ok() == Some(fs::read(&wanted).unwrap()),
        "{} is missing or not what {} asks for: `make test-setup` installs it",
        venv.display(),
        wanted.display(),
    );
    let mut python = Command::new(venv.join("bin/python3"));
    python.arg("-I").arg(here().join("check.py")).arg(command).arg(folder);
    run(python);
}

fn run(mut command: Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; run `make test-setup`"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{out}{err}\nWhere a module is missing: `make test-setup`",
        output.status,
    );
    print!("{out}");
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}
