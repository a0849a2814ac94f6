//! What people see who look around, against the blocks themselves.

use probant::clock::utc;
use probant_core::{Statement, block::Block, key::Use};
use serde_json::{Value as Json, json};

use crate::harness::{
    Client, Home, ORIGIN, Server, bounded,
    issuer::{ISSUER, PDF},
    varied::Varied,
};

const JSON: &str = "application/json";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

async fn served() -> (Home, Server, Client, Varied, Vec<Block>) {
    let home = Home::init();
    let server = home.serve(&["--interval-ms", "5"]);
    let client = server.client();
    let varied = Varied::say(&home, &client).await;
    let mut blocks = Vec::new();
    for height in 0..=client.head().await.0 {
        let block = client.get(&format!("/blocks/{height}")).await.body;
        blocks.push(Block::decode(&block).unwrap());
    }
    (home, server, client, varied, blocks)
}

/// What must be said of a block.
fn block_json(blocks: &[Block], height: usize) -> Json {
    let (block, header) = (&blocks[height], blocks[height].header());
    let documents: u64 = block.entries.iter().map(Statement::documents).sum();
    json!({
        "height": height, "time_ms": header.time_ms, "time": utc(header.time_ms),
        "first": header.first, "size": header.size, "entries": block.entries.len(),
        "documents": documents, "documents_total": header.documents,
        "previous": header.previous.to_string(),
        "statement": block.entries.last().unwrap().leaf().to_string(),
        "status_root": header.status.to_string(),
    })
}

/// What must be said of every entry, but for what it says.
fn entry_json(statement: &Statement, index: u64) -> Json {
    let kind =
        if statement.enveloped().is_some() { "hash-envelope" } else { statement.body().kind() };
    json!({
        "index": index, "kind": kind, "issuer": statement.issuer(),
        "kid": statement.kid().to_string(), "iat": statement.issued_at_s(),
        "iat_time": utc(statement.issued_at_s() * 1000), "subject": statement.subject(),
        "leaf": statement.leaf().to_string(), "bytes": statement.entry().len(),
    })
}

#[tokio::test]
async fn blocks_and_entries_are_shown_as_they_are() {
    bounded(
        120,
        Box::pin(async {
            let (home, _server, client, _varied, blocks) = served().await;
            let newest_first = |from: usize| -> Vec<Json> {
                (0..=from).rev().take(20).map(|height| block_json(&blocks, height)).collect()
            };
            let newest = blocks.len() - 1;
            let shown = client.wait_for("/explorer", |reply| {
                reply.json()["head"]["height"].as_u64() == Some(newest as u64)
            });
            let identity = home.identity();
            let shown = shown.await.expect(200, JSON, "no-cache");
            assert_eq!(
                serde_json::from_slice::<Json>(&shown).unwrap(),
                json!({
                    "identity": { "origin": ORIGIN, "ledger": identity.ledger.to_string(),
                                  "text": identity.to_string() },
                    "head": block_json(&blocks, newest),
                    "blocks": newest_first(newest),
                })
            );
            for (height, block) in blocks.iter().enumerate() {
                let path = format!("/explorer/blocks/{height}");
                let shown = client.get(&path).await;
                assert_eq!(shown.json(), json!({ "blocks": newest_first(height) }));
                shown.expect(200, JSON, IMMUTABLE);
                let first = block.header().first;
                for (from, index) in (first..).take(block.entries.len()).enumerate() {
                    let one = client.get(&format!("/explorer/entries/{index}")).await;
                    let mut entry = one.json()["entry"].clone();
                    let all = client.get(&format!("{path}/entries/{index}")).await;
                    assert_eq!(all.json()["entries"][0], entry);
                    assert_eq!(
                        all.json()["entries"].as_array().unwrap().len(),
                        block.entries.len() - from
                    );
                    for shown in [one, all] {
                        assert_eq!(shown.json()["block"], block_json(&blocks, height));
                        shown.expect(200, JSON, IMMUTABLE);
                    }
                    entry.as_object_mut().unwrap().remove("says");
                    assert_eq!(entry, entry_json(&block.entries[from], index));
                }
                for outside in [first.wrapping_sub(1), block.header().size] {
                    client.get(&format!("{path}/entries/{outside}")).await.problem(404);
                }
            }
            let beyond = [
                format!("/explorer/blocks/{}", blocks.len()),
                format!("/explorer/blocks/{}/entries/0", blocks.len()),
                format!("/explorer/entries/{}", blocks[newest].header().size),
                format!("/explorer/entries/{}", u64::MAX),
            ];
            for path in beyond {
                client.get(&path).await.problem(404);
            }
            for path in
                ["/explorer/blocks/01", "/explorer/blocks/x/entries/1", "/explorer/entries/-1"]
            {
                client.get(path).await.problem(400);
            }
        }),
    )
    .await;
}

#[tokio::test]
async fn every_kind_of_entry_is_explained() {
    bounded(120, async {
        let (home, _server, client, varied, blocks) = served().await;
        let genesis = home.genesis();
        let kids = Use::LEDGER_ALL.map(|of| {
            let kid = genesis.registry().own_key(of).unwrap().kid().to_string();
            json!({ "use": of.name(), "kid": kid })
        });
        let (issuer_kid, second) = (
            varied.issuer.key.public().kid().to_string(),
            varied.second.public().kid().to_string(),
        );
        let one = |document: &probant_core::Fingerprint| {
            let root = probant_core::tree::leaf_hash(document.as_bytes()).to_string();
            json!({ "documents": 1, "root": root, "media_type": PDF,
                    "fingerprint": document.to_string() })
        };
        let fell = |height: usize| blocks[height].lists[0].as_ref().unwrap().root().to_string();
        let since_ms = blocks[10].header().time_ms;
        let expected = [
            json!({ "keys": kids, "list_count_max": 65_536 }),
            json!({ "id": ISSUER, "legal_name": "Énergie du Ponant", "country": "FR",
                    "registration": "123456789", "kid": issuer_kid }),
            one(&varied.certified),
            one(&varied.revoked),
            one(&varied.superseded),
            json!({ "documents": 20, "root": varied.batch.root().to_string(), "media_type": PDF }),
            one(&varied.enveloped),
            json!({ "documents": 1, "reason": "issued-in-error", "superseded": false,
                    "root": fell(7), "fingerprint": varied.revoked.to_string() }),
            json!({ "documents": 2, "reason": "unspecified", "superseded": false,
                    "root": fell(8) }),
            json!({ "documents": 1, "reason": "superseded", "superseded": true, "root": fell(9),
                    "fingerprint": varied.superseded.to_string(),
                    "replacement": varied.certified.to_string() }),
            json!({ "act": "add", "kid": second, "owner": ISSUER, "use": "issuer" }),
            json!({ "act": "compromise", "kid": second, "owner": ISSUER, "use": "issuer",
                    "since_ms": since_ms, "since": utc(since_ms) }),
            json!({ "act": "suspend", "id": ISSUER }),
            json!({ "act": "reinstate", "id": ISSUER }),
            json!({ "list_count_max": 60_000 }),
        ];
        assert_eq!(expected.len(), blocks.len());
        for (height, says) in expected.into_iter().enumerate() {
            let first = blocks[height].header().first;
            let shown = client.get(&format!("/explorer/blocks/{height}/entries/{first}")).await;
            let entries = shown.json()["entries"].clone();
            assert_eq!(entries[0]["says"], says, "block {height}");
            assert_eq!(entries[1]["says"], block_json(&blocks, height));
            assert_eq!(entries[2], Json::Null);
        }
    })
    .await;
}

#[tokio::test]
async fn documents_are_counted_by_day() {
    bounded(120, async {
        let (_home, _server, client, _varied, blocks) = served().await;
        let total = blocks.last().unwrap().header().documents;
        assert_eq!(total, 24);
        let counted = |days: &Json| -> u64 {
            let days = days["days"].as_array().unwrap();
            assert_eq!(days.len(), 90);
            days.iter().map(|day| day["documents"].as_u64().unwrap()).sum()
        };
        let reply =
            client.wait_for("/explorer/days", |reply| counted(&reply.json()) == total).await;
        reply.clone().expect(200, JSON, "no-cache");
        let days = reply.json();
        let today = &utc(blocks.last().unwrap().header().time_ms)[..10];
        assert_eq!(days["days"][89]["date"], today);
    })
    .await;
}
