//! Witnesses, from both sides: a real ledger with witnesses that are honest, slow, dead or lie, and
//! `litewitness`, which is not ours; our own witness with ledgers that fork, roll back, or break the
//! rules, and with a client that is not ours.

mod asked;
mod client;
mod exported;
mod fake;
#[path = "../harness/mod.rs"]
mod harness;
mod litewitness;
mod ours;
mod restored;
mod served;
#[path = "../export/site.rs"]
mod site;

use std::path::{Path, PathBuf};

use fake::Fake;
use harness::{Client, Home};
use probant_core::{checkpoint::Checkpoint, key::Use, note::Note, verifier_key::VerifierKey};
use serde_json::Value as Json;

/// Writes a policy of these witnesses, of which so many make a quorum.
fn policy(home: &Home, quorum: usize, witnesses: &[(&VerifierKey, &str)]) -> PathBuf {
    let named = witnesses.iter().enumerate();
    let named = named.map(|(at, (key, url))| format!("witness w{at} {key} {url}\n"));
    let named = named.collect::<Vec<_>>().concat();
    let names: Vec<_> = (0..witnesses.len()).map(|at| format!("w{at}")).collect();
    let text = format!("{named}group all {quorum} {}\nquorum all\n", names.join(" "));
    let path = home.folder().join("witnesses.policy");
    std::fs::write(&path, text).unwrap();
    path
}

/// The same of fakes.
fn policy_of(home: &Home, quorum: usize, fakes: &[&Fake]) -> PathBuf {
    let of = |fake: &&Fake| (fake.key().clone(), fake.url());
    let named: Vec<_> = fakes.iter().map(of).collect();
    policy(home, quorum, &named.iter().map(|(key, url)| (key, url.as_str())).collect::<Vec<_>>())
}

fn with_policy(path: &Path) -> Vec<String> {
    let path = path.to_str().unwrap();
    ["--witness-policy", path, "--interval-ms", "5"].map(str::to_owned).to_vec()
}

fn texts(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

/// A note of the ledger, whose every line is verified; the names of those who cosigned it.
fn opened(home: &Home, note: &str, keys: &[&VerifierKey]) -> (Checkpoint, Vec<String>) {
    let note_key = home.key(Use::Note);
    let origin = harness::ORIGIN.parse().unwrap();
    let checkpoint = Checkpoint::open(note, &origin, note_key.public()).unwrap();
    let signed = Note::split(note).unwrap().signatures(keys).unwrap();
    assert!(signed.iter().all(|by| by.time_s().is_some()));
    (checkpoint, signed.iter().map(|by| by.key().name().to_owned()).collect())
}

fn text(reply: &harness::Reply) -> String {
    String::from_utf8(reply.body.to_vec()).unwrap()
}

async fn witnesses(client: &Client) -> Json {
    client.get("/readyz").await.json()["witnesses"].clone()
}

/// The newest checkpoint that a quorum has cosigned, once that is of so many entries.
async fn cosigned(client: &Client, size: u64) -> String {
    text(&client.wait_for("/checkpoint/cosigned", |reply| is_of(size, reply)).await)
}

/// Whether it is a checkpoint of so many entries, or more.
fn is_of(size: u64, reply: &harness::Reply) -> bool {
    let text = String::from_utf8_lossy(&reply.body);
    let found = text.lines().nth(1).and_then(|line| line.parse::<u64>().ok());
    reply.status == 200 && found.is_some_and(|found| found >= size)
}

/// Waits until the first witness stands like this.
async fn stands(client: &Client, standing: &str) -> Json {
    let is_so =
        |reply: &harness::Reply| reply.json()["witnesses"]["witnesses"][0]["standing"] == standing;
    client.wait_for("/readyz", is_so).await.json()["witnesses"].clone()
}
