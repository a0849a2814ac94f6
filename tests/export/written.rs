//! What an export writes: the same whatever it is made from and however often it is interrupted, and
//! nothing a second time.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use probant_core::framing;

use crate::{
    cluster::Database,
    followed::{follow, grow},
    harness::{Client, Home, Issuer, Server, bounded},
    site,
};

const SERVED: [&str; 4] = ["--interval-ms", "20", "--heartbeat-s", "3600"];

async fn served(home: &Home) -> (Server, Client, Issuer) {
    let server = home.serve(&SERVED);
    let client = server.client();
    let issuer = Issuer::enrolled(home, &client).await;
    (server, client, issuer)
}

pub fn command(home: &Home, from: &str, to: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probant"));
    command.arg("export").arg(to).args(["--from", from]).arg("--keys").arg(home.keys());
    command.env_remove("PROBANT_LEDGER").env_remove("PROBANT_IDENTITY").stdin(Stdio::null());
    command
}

fn run(home: &Home, from: &str, to: &Path) -> Output {
    run_command(&mut command(home, from, to))
}

/// What it said. Whatever this process serves to it is served on another thread.
pub fn run_command(command: &mut Command) -> Output {
    tokio::task::block_in_place(|| command.output().unwrap())
}

/// An export that must end well.
pub fn export(home: &Home, from: &str, to: &Path) {
    let output = run(home, from, to);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// One that must not: its exit code and why.
fn refused(home: &Home, from: &str, to: &Path) -> (i32, String) {
    let output = run(home, from, to);
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Every file, with its inode: one that is written again has another.
fn files(dir: &Path) -> BTreeMap<PathBuf, (u64, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(at) = dirs.pop() {
        for entry in fs::read_dir(at).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                dirs.push(entry);
            } else {
                let name = entry.strip_prefix(dir).unwrap().to_owned();
                let inode = fs::metadata(&entry).unwrap().ino();
                found.insert(name, (inode, fs::read(&entry).unwrap()));
            }
        }
    }
    found
}

pub fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    files(dir).into_iter().map(|(path, (_, bytes))| (path, bytes)).collect()
}

fn is_part(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str().to_string_lossy().ends_with(".p"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_is_what_the_server_serves_and_a_second_run_writes_only_what_is_new() {
    bounded(240, async {
        let home = Home::init();
        let (server, client, issuer) = served(&home).await;
        let (dir, url) = (home.folder().join("public"), format!("http://{}", server.address));
        let mut seen = Vec::new();
        let mut before: BTreeMap<PathBuf, (u64, Vec<u8>)> = BTreeMap::new();
        for (name, count) in [("few", 3), ("many", 300), ("none", 0), ("more", 230)] {
            seen.push(grow(&home, &client, &issuer, name, count).await);
            export(&home, &url, &dir);
            let after = files(&dir);
            for (path, (inode, bytes)) in &before {
                let (now, same) = &after[path];
                let moves = ["checkpoint", "export.json"].contains(&path.to_str().unwrap());
                assert!(inode == now && bytes == same || moves && count > 0, "{}", path.display());
            }
            // All of it is what the server hands out of the same name.
            for (path, (_, bytes)) in &after {
                let name = path.to_str().unwrap();
                if name.starts_with("tile/") || name == "checkpoint" {
                    let reply = client.get(&format!("/{name}")).await;
                    assert!(reply.status == 200 && reply.body == bytes, "{name}");
                }
            }
            before = after;
        }
        // The blocks, one after the other, are the stream of the wire.
        let mut stream = Vec::new();
        for height in 0..=client.head().await.0 {
            stream.extend(fs::read(dir.join(probant::export::block_path(height))).unwrap());
            let block = client.get(&format!("/blocks/{height}")).await.body;
            assert!(stream.ends_with(&framing::frame(&block).unwrap()));
        }
        assert_eq!(client.get("/blocks/from/0").await.body, stream);
        // A stranger's program follows the files as it follows the server.
        let address = site::serve(dir.clone()).await;
        let said = follow(&format!("http://{address}"), &home, &seen).await.unwrap();
        assert!(said.contains("4 older checkpoints"), "{said}");
        assert_eq!(server.stop(), Some(0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_directory_in_use_or_not_from_a_url_and_from_a_database_it_is_the_same() {
    bounded(240, async {
        let home = Home::init();
        let (server, client, issuer) = served(&home).await;
        grow(&home, &client, &issuer, "some", 270).await;
        let to = |name: &str| home.folder().join(name);
        export(&home, &format!("http://{}", server.address), &to("served"));
        let expected = contents(&to("served"));
        assert!(expected.contains_key(Path::new("tile/1/000.p/1")));
        let data = home.data().to_str().unwrap().to_owned();
        export(&home, &data, &to("in-use"));
        assert_eq!(server.stop(), Some(0));
        export(&home, &data, &to("at-rest"));
        let database = Database::new();
        let url = database.url_of("postgres");
        let mut migrate = Command::new(env!("CARGO_BIN_EXE_probant"));
        migrate.args(["migrate", "--from", &data, "--to", &url, "--keys"]).arg(home.keys());
        assert!(migrate.env_remove("PROBANT_STORE").status().unwrap().success());
        export(&home, &url, &to("database"));
        for name in ["in-use", "at-rest", "database"] {
            assert!(contents(&to(name)) == expected, "{name}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_tells_nobody_of_what_is_not_there_and_goes_on() {
    bounded(300, async {
        let home = Home::init();
        let (server, client, issuer) = served(&home).await;
        for round in 0..20 {
            grow(&home, &client, &issuer, &format!("round-{round}"), 30).await;
        }
        assert_eq!(server.stop(), Some(0));
        let data = home.data().to_str().unwrap().to_owned();
        let (whole, dir) = (home.folder().join("whole"), home.folder().join("killed"));
        export(&home, &data, &whole);
        let expected = contents(&whole);
        for delay_ms in 0_u64.. {
            let mut child = command(&home, &data, &dir).stderr(Stdio::piped()).spawn().unwrap();
            tokio::time::sleep(Duration::from_micros(delay_ms * 7500 % 160_000)).await;
            child.kill().unwrap();
            let ended = child.wait().unwrap();
            // Until there is a checkpoint nobody is told; then all that it covers is there.
            let is_told = dir.join("checkpoint").exists();
            let there = if dir.exists() { contents(&dir) } else { BTreeMap::new() };
            let finished =
                there.iter().filter(|(path, _)| path.extension().is_none_or(|end| end != "new"));
            for (path, bytes) in finished.filter(|(path, _)| !is_part(path)) {
                let is_state = path == Path::new("export.json") || path == Path::new(".lock");
                assert!(is_state || expected[path] == *bytes, "{}", path.display());
            }
            if is_told {
                assert!(expected.iter().all(|(path, bytes)| there[path] == *bytes), "{delay_ms}");
            }
            if ended.success() {
                break;
            }
            assert!(delay_ms < 200, "it never ends");
        }
        export(&home, &data, &dir);
        let there = contents(&dir);
        assert!(expected.iter().all(|(path, bytes)| there[path] == *bytes));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_and_another_ledger_change_nothing() {
    bounded(240, async {
        let (home, other) = (Home::init(), Home::init());
        let (server, client, issuer) = served(&home).await;
        grow(&home, &client, &issuer, "first", 5).await;
        assert_eq!(server.stop(), Some(0));
        let older = home.folder().join("older");
        assert!(
            Command::new("cp").arg("-r").args([home.data(), &older]).status().unwrap().success()
        );
        let server = home.serve(&SERVED);
        let issuer = Issuer::new(&home, crate::harness::issuer::ISSUER, 9);
        grow(&home, &server.client(), &issuer, "second", 5).await;
        assert_eq!(server.stop(), Some(0));
        let dir = home.folder().join("public");
        export(&home, home.data().to_str().unwrap(), &dir);
        let before = files(&dir);
        let (code, why) = refused(&home, older.to_str().unwrap(), &dir);
        assert!(code == 4 && why.contains("or is not there"), "{code} {why}");
        let (stranger, client, issuer) = served(&other).await;
        grow(&other, &client, &issuer, "stranger", 60).await;
        let url = format!("http://{}", stranger.address);
        let (code, why) = refused(&other, &url, &dir);
        assert!(code == 4 && why.contains("another one"), "{code} {why}");
        // A head of fewer entries than were exported is older, or lags.
        let shown = site::serve(dir.clone()).await;
        let behind = home.folder().join("behind");
        export(&other, &url, &behind);
        fs::copy(dir.join("checkpoint"), behind.join("checkpoint")).unwrap();
        let (code, why) = refused(&other, &format!("http://{shown}"), &behind);
        assert!(code == 3 && why.contains("lags"), "{code} {why}");
        assert!(files(&dir) == before, "nothing was written");
        // Who expects another ledger gets none of this one.
        let fresh = home.folder().join("fresh");
        let mut pinned = command(&other, &url, &fresh);
        let output = pinned.args(["--identity", &home.identity().to_string()]).output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{output:?}");
        assert!(files(&fresh).keys().eq([Path::new(".lock")]));
        assert_eq!(stranger.stop(), Some(0));
    })
    .await;
}
