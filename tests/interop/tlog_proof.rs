//! A proof as C2SP's tlog-proof, and a trust policy: read and verified by filippo.io/torchwood.

use std::{fs, path::Path, process::Command};

use probant_core::{
    checkpoint::{Checkpoint, verifier_key},
    cosignature::Cosigner,
    ml_dsa,
    proof::Proof,
};

use crate::{BATCH, NOTE_SEED, ORIGIN, TIME_MS, key, ledger::Ledger, target};

const EXACT: &str = "tlog record inclusion proof verification failed";

fn witness(number: u8) -> Cosigner {
    Cosigner::ed25519(&format!("witness{number}.example"), key(170 + number)).unwrap()
}

/// The ledger, and so many of three witnesses.
fn policy(wanted: usize) -> String {
    let log = verifier_key(&ORIGIN.parse().unwrap(), key(NOTE_SEED).public());
    let line = |number| format!("witness w{number} {}\n", witness(number).verifier_key());
    let witnesses = [1, 2, 3].map(line).concat();
    format!("log {log}\n{witnesses}group g {wanted} w1 w2 w3\nquorum g\n")
}

/// Of a document in the batch, with a checkpoint that two of them cosigned, and one more that their
/// tool does not know.
fn proof() -> Proof {
    let mut ledger = Ledger::new();
    ledger.fill(None);
    let mut proof = ledger.proof(ledger.batched(17), BATCH);
    let root = proof.receipt.root(proof.statement.leaf()).unwrap();
    let head = Checkpoint { origin: ORIGIN.parse().unwrap(), size: proof.receipt.size, root };
    let stranger = ml_dsa::SigningKey::from_seed(&[7; 32]);
    let stranger = Cosigner::ml_dsa("witness4.example", stranger).unwrap();
    let lines = [witness(1), witness(3), stranger].map(|one| one.cosign(&head, TIME_MS / 1000));
    proof.attested.checkpoint = Some(head.sign(&key(NOTE_SEED)) + &lines.concat());
    proof
}

/// Their verdict; an error in their words.
fn theirs(folder: &Path, policy: &str, proof: &str) -> Result<(), String> {
    let [policy_file, proof_file] = ["policy", "tlog-proof"].map(|name| folder.join(name));
    fs::write(&policy_file, policy).unwrap();
    fs::write(&proof_file, proof).unwrap();
    let tool = target().join("tools/torchwood");
    assert!(tool.is_file(), "{} is missing: `make test-setup` builds it", tool.display());
    let output = Command::new(tool).arg("verify").args([policy_file, proof_file]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(said) }
}

#[test]
fn torchwood_verifies_a_tlog_proof_by_a_policy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bill.proof");
    fs::write(&file, proof().encode()).unwrap();
    let written = Command::new(env!("CARGO_BIN_EXE_probant"))
        .args(["proof", "tlog"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let written = String::from_utf8(written.stdout).unwrap();
    let judge = |wanted, proof: &str| theirs(folder.path(), &policy(wanted), proof);
    assert_eq!(judge(2, &written), Ok(()));
    assert!(judge(3, &written).is_err(), "two of them signed");
    // Another entry, another index, another path: the signatures are good, and the tree is not so.
    let index = format!("index {BATCH}\n");
    assert!(written.contains(&index));
    let moved = written.replacen(&index, &format!("index {}\n", BATCH - 1), 1);
    assert!(judge(2, &moved).unwrap_err().contains(EXACT));
    let (before, rest) = written.split_once(&index).unwrap();
    let (first, second) = rest.split_once('\n').unwrap();
    let (second, rest) = second.split_once('\n').unwrap();
    let turned = format!("{before}{index}{second}\n{first}\n{rest}");
    assert!(judge(2, &turned).unwrap_err().contains(EXACT));
    let other = written.replacen("extra 0", "extra 1", 1);
    assert!(judge(2, &other).unwrap_err().contains(EXACT));
}

#[test]
fn a_tlog_proof_is_of_the_checkpoint_that_the_proof_leads_to() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut bare = proof();
    let note = bare.attested.checkpoint.take().unwrap();
    fs::write(at("bare.proof"), bare.encode()).unwrap();
    fs::write(at("whole.proof"), proof().encode()).unwrap();
    fs::write(at("good"), &note).unwrap();
    fs::write(at("other"), note.replacen(&format!("\n{}\n", bare.receipt.size), "\n3\n", 1))
        .unwrap();
    let run = |args: &[&str]| {
        let mut probant = Command::new(env!("CARGO_BIN_EXE_probant"));
        let output =
            probant.args(["proof", "tlog"]).args(args).current_dir(folder.path()).output().unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let (code, said) = run(&["bare.proof"]);
    assert!(code == Some(2) && said.contains("carries no checkpoint"), "{said}");
    let given = run(&["bare.proof", "--checkpoint", "good"]);
    assert_eq!(given, run(&["whole.proof"]));
    assert_eq!(given.0, Some(0));
    let (code, said) = run(&["bare.proof", "--checkpoint", "other"]);
    assert!(code == Some(2) && said.contains("path-"), "{said}");
}
