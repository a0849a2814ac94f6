//! A stranger's program follows the ledger, from the checkpoints that it saw on its way.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use probant_core::{checkpoint::verifier_key, key::Use};

use crate::harness::{Client, Home, Issuer, bounded};

/// `tests/interop/note/tiles`: what it said, or why it refused.
pub async fn follow(url: &str, home: &Home, checkpoints: &[PathBuf]) -> Result<String, String> {
    let genesis = home.genesis();
    let (origin, key) = (genesis.registry().origin(), genesis.registry().ledger_key(Use::Note));
    let mut go = Command::new("go");
    go.args(["run", "./tiles", url, &verifier_key(origin, key).to_string()]).args(checkpoints);
    go.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/note"));
    // Only what tests/setup put there: no other toolchain, workspace, flags or download.
    go.envs([("GOTOOLCHAIN", "local"), ("GOWORK", "off"), ("GOFLAGS", ""), ("GOPROXY", "off")]);
    let run = tokio::task::spawn_blocking(move || go.output());
    let output = run.await.unwrap().expect("`make test-setup` installs Go");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// Documents one by one, an entry for each, and the checkpoint that covers them.
pub async fn grow(
    home: &Home,
    client: &Client,
    issuer: &Issuer,
    name: &str,
    count: u32,
) -> PathBuf {
    let sent = (0..count).map(|number| {
        let bytes = issuer.certify_made_up(&format!("{name}-{number}"), 1).bytes;
        async move { assert_eq!(client.post("/entries", bytes).await.status, 201) }
    });
    futures_util::future::join_all(sent).await;
    let size = client.head().await.1.to_string();
    let covers = |reply: &crate::harness::Reply| {
        String::from_utf8_lossy(&reply.body).lines().nth(1) == Some(&size)
    };
    let note = client.wait_for("/checkpoint", covers).await.body;
    let path = home.folder().join(format!("checkpoint-{name}"));
    fs::write(&path, note).unwrap();
    path
}

#[tokio::test]
async fn sumdb_recomputes_the_ledger_from_its_tiles_and_sees_it_grow() {
    bounded(180, async {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "20", "--heartbeat-s", "3600"]);
        let (client, url) = (server.client(), format!("http://{}", server.address));
        let issuer = Issuer::enrolled(&home, &client).await;
        let mut seen = Vec::new();
        for (name, count) in [("few", 3), ("many", 300), ("more", 230)] {
            seen.push(grow(&home, &client, &issuer, name, count).await);
            let said = follow(&url, &home, &seen).await.unwrap();
            assert!(said.contains(&format!("{} older checkpoints", seen.len())), "{said}");
        }
        // The checkpoint of another history of this ledger is none of it.
        let origin = home.genesis().registry().origin().clone();
        let other = probant_core::checkpoint::Checkpoint {
            origin,
            size: 6,
            root: probant_core::Hash([7; 32]),
        };
        let path = home.folder().join("forked");
        fs::write(&path, other.sign(&home.key(Use::Note))).unwrap();
        let refused = follow(&url, &home, &[path]).await.unwrap_err();
        assert!(refused.contains("from 6 to"), "{refused}");
        assert_eq!(server.stop(), Some(0));
    })
    .await;
}
