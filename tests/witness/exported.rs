//! Our witness follows a ledger by an export of it, on a web server that knows nothing but files.

use std::{fs, path::Path};

use serde_json::Value as Json;

use crate::{
    harness::{Home, Issuer, Reply, bounded, said},
    ours::{Ours, probant},
    site,
};

fn export(home: &Home, to: &Path) {
    let mut command = probant();
    command.arg("export").arg(to).arg("--from").arg(home.data()).arg("--keys").arg(home.keys());
    command.env_remove("PROBANT_LEDGER").env_remove("PROBANT_IDENTITY");
    said(&mut command);
}

/// How it stands with its ledger, once it stands so, with so many blocks at least.
async fn stands(ours: &Ours, standing: &str, blocks: u64) -> Json {
    let is_so = |reply: &Reply| {
        let ledger = &reply.json()["ledgers"][0];
        ledger["standing"] == standing && ledger["blocks"].as_u64() >= Some(blocks)
    };
    ours.client().wait_for("/readyz", is_so).await.json()["ledgers"][0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_that_grows_is_followed_and_one_that_became_shorter_is_behind() {
    bounded(120, async {
        let home = Home::init();
        let public = home.folder().join("public");
        export(&home, &public);
        let address = site::serve(public.clone()).await;
        let ours = Ours::of(&[(&home, address)]);
        let _witness = ours.start();
        let first = stands(&ours, "follows", 1).await["blocks"].as_u64().unwrap();
        // As it is now, to be put in the place of a newer one.
        let older = fs::read(public.join("checkpoint")).unwrap();
        let served = home.serve(&["--interval-ms", "5"]);
        let client = served.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        for number in 0..3 {
            let sent = issuer.certify_made_up(&format!("bill {number}"), 1);
            assert_eq!(client.post("/entries", sent.bytes).await.status, 201);
        }
        assert_eq!(served.stop(), Some(0));
        export(&home, &public);
        stands(&ours, "follows", first + 3).await;
        fs::write(public.join("checkpoint"), older).unwrap();
        stands(&ours, "behind", first + 3).await;
    })
    .await;
}
