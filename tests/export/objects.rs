//! An export in an object store: a real S3 server, which checks signatures, in this process.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, http::StatusCode, response::Redirect};

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

use crate::{
    followed::{follow, grow},
    harness::{Home, Issuer, bounded},
    site,
    written::{command, contents, export, run_command},
};

const KEY_ID: &str = "exporter";
const SECRET: &str = "a secret of nobody";

/// Serves buckets, directories of `root`, for as long as the test runs.
async fn serve(root: &Path) -> SocketAddr {
    let mut builder = S3ServiceBuilder::new(FileSystem::new(root).unwrap());
    builder.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
    let service = builder.build().into_shared();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let served =
                http1::Builder::new().serve_connection(TokioIo::new(socket), service.clone());
            tokio::spawn(served);
        }
    });
    address
}

const LEDGER: &str = "s3://public/of/the ledger";

fn into_bucket(home: &Home, address: SocketAddr, from: &str, secret: &str) -> Command {
    with_access(command(home, from, Path::new(LEDGER)), address, secret)
}

/// The audit of what is in the bucket.
fn audit(home: &Home, address: SocketAddr) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probant"));
    command.args(["audit", LEDGER, "--no-state", "--identity", &home.identity().to_string()]);
    with_access(command, address, SECRET)
}

fn with_access(mut command: Command, address: SocketAddr, secret: &str) -> Command {
    command.envs([
        ("AWS_ENDPOINT_URL", format!("http://{address}").as_str()),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "eu-west-3"),
        ("AWS_ACCESS_KEY_ID", KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", secret),
    ]);
    command
}

/// The files of an export, without what the server keeps beside its objects.
fn objects(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let is_object = |path: &Path| !path.to_string_lossy().contains(".s3s-fs");
    let mut found: Vec<_> = contents(dir)
        .into_iter()
        .filter(|(path, _)| is_object(path) && !path.ends_with(".lock"))
        .collect();
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_store_holds_what_a_directory_would_and_goes_on_in_the_same_way() {
    bounded(240, async {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "20", "--heartbeat-s", "3600"]);
        let client = server.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        let root = home.folder().join("buckets");
        let bucket = root.join("public");
        std::fs::create_dir_all(&bucket).unwrap();
        let address = serve(&root).await;
        let (url, dir) = (format!("http://{}", server.address), home.folder().join("public"));
        let mut seen = Vec::new();
        for (name, count) in [("some", 270), ("none", 0), ("more", 20)] {
            seen.push(grow(&home, &client, &issuer, name, count).await);
            export(&home, &url, &dir);
            let output = run_command(&mut into_bucket(&home, address, &url, SECRET));
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            assert!(objects(&bucket.join("of/the ledger")) == objects(&dir), "{name}");
        }
        // Whoever serves the bucket serves the ledger.
        let served = site::serve(bucket.join("of/the ledger")).await;
        follow(&format!("http://{served}"), &home, &seen).await.unwrap();
        // An auditor reads it there, and finds what was changed.
        let output = run_command(&mut audit(&home, address));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.contains("WHOLE: blocks 0 to "), "{said}");
        let tile = bucket.join("of/the ledger/tile/0/000");
        let mut bytes = std::fs::read(&tile).unwrap();
        bytes[7] ^= 1;
        std::fs::write(&tile, bytes).unwrap();
        let output = run_command(&mut audit(&home, address));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.code() == Some(4) && said.contains("tile/0/000: hash 0"), "{said}");
        // Who may not write is told so, without the secret.
        let output = run_command(&mut into_bucket(&home, address, &url, "another secret"));
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && !why.contains("another secret"), "{why}");
        assert_eq!(server.stop(), Some(0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_sends_elsewhere_is_not_followed() {
    bounded(60, async {
        let home = Home::init();
        let asked = Arc::new(AtomicUsize::new(0));
        let hears = Arc::clone(&asked);
        let elsewhere = site::answer(Router::new().fallback(async move || {
            hears.fetch_add(1, Ordering::Relaxed);
            StatusCode::NOT_FOUND
        }))
        .await;
        let inside = format!("http://{elsewhere}/latest/meta-data");
        let redirect = Redirect::temporary(&inside);
        let store = site::answer(Router::new().fallback(async move || redirect)).await;
        let data = home.data();
        let mut command = into_bucket(&home, store, data.to_str().unwrap(), SECRET);
        let output = run_command(&mut command);
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), asked.load(Ordering::Relaxed)), (Some(3), 0), "{why}");
        assert!(why.contains("307"), "{why}");
    })
    .await;
}
