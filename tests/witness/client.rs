//! A client that is not ours asks our witness: one that is made of filippo.io/torchwood and Go's sumdb, built
//! by tests/setup (tests/witness/torchwood). That one knows no ML-DSA; the Python package cryptography does.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use probant_core::{checkpoint::verifier_key, key::Use, verifier_key::VerifierKey};

use crate::{
    harness::{Home, Issuer, ORIGIN, Reply, bounded, now_ms},
    ours::{Ours, free_port, path_of},
    text,
};

fn tool(name: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("target/tmp is in target");
    let tool = target.join(name);
    assert!(tool.is_file(), "{} is missing: `make test-setup` builds it", tool.display());
    tool
}

/// The time that an ML-DSA-44 cosignature under a note says; none where it does not verify.
fn ml_dsa_time(key: &VerifierKey, note: &str) -> Option<u64> {
    let mut command = Command::new(tool("interop-venv/bin/python"));
    command.args(["-I", "tests/witness/ml_dsa.py", &key.to_string()]);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    child.stdin.take().unwrap().write_all(note.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() || said.contains("InvalidSignature"), "{said}");
    let time_s = || String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    output.status.success().then(time_s)
}

/// What it says: older and newer size, or its words.
async fn theirs(
    ledger: String,
    log: VerifierKey,
    ours: String,
    key: VerifierKey,
) -> Result<(u64, u64), String> {
    let mut command = Command::new(tool("tools/torchwood"));
    command.arg("witness").args([ledger, log.to_string(), ours, key.to_string()]);
    let run = move || command.stdin(Stdio::null()).output().unwrap();
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let said = String::from_utf8(output.stdout).unwrap();
    let (old, new) = said.trim_end().split_once(' ').unwrap();
    Ok((old.parse().unwrap(), new.parse().unwrap()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_is_not_ours_verifies_what_our_witness_signs() {
    bounded(90, async {
        let (home, at) = (Home::init(), free_port());
        let server = home.serve(&["--interval-ms", "5", "--listen", &at.to_string()]);
        let (ledger, log) = (server.client(), home.key(Use::Note));
        let log = verifier_key(&ORIGIN.parse().unwrap(), log.public());
        let ours = Ours::of(&[(&home, at)]);
        let running = ours.start();
        let follows = |reply: &Reply| reply.json()["ledgers"][0]["standing"] == "follows";
        ours.client().wait_for("/readyz", follows).await;
        let issuer = Issuer::enrolled(&home, &ledger).await;
        let ask = |key: &VerifierKey| {
            theirs(format!("http://{at}"), log.clone(), ours.url(), key.clone())
        };
        let mut before = 0;
        for round in 0..4 {
            for number in 0..=round * 3 {
                let sent = issuer.certify_made_up(&format!("bill {round} {number}"), 2);
                assert_eq!(ledger.post("/entries", sent.bytes).await.status, 201);
            }
            let head = ledger.head().await.1;
            let is_new = |reply: &Reply| {
                let text = String::from_utf8_lossy(&reply.body);
                text.lines().nth(1).is_some_and(|size| size == head.to_string())
            };
            ledger.wait_for("/checkpoint", is_new).await;
            assert_eq!(ask(&ours.keys[0]).await, Ok((before, head)), "{}", ours.log());
            // The same again, from where it is.
            assert_eq!(ask(&ours.keys[0]).await, Ok((head, head)));
            before = head;
        }
        let note = text(&ours.client().get(&path_of(ORIGIN)).await);
        let time_s = ml_dsa_time(&ours.keys[1], &note).unwrap();
        assert!((1..=now_ms() / 1000).contains(&time_s) && time_s + 600 > now_ms() / 1000);
        let larger = note.replacen(&format!("\n{before}\n"), &format!("\n{}\n", before + 1), 1);
        assert_ne!(larger, note);
        assert_eq!(ml_dsa_time(&ours.keys[1], &larger), None);
        // It would see a signature of another key.
        let stranger = Ours::of(&[(&home, at)]);
        let refused = ask(&stranger.keys[0]).await.unwrap_err();
        assert!(refused.contains("1 signatures verify"), "{refused}");
        assert_eq!((running.stop(), server.stop()), (Some(0), Some(0)));
    })
    .await;
}
