//! Paths and receipts between trees of any size, held to the entries alone.

use std::collections::BTreeSet;

use probant_core::{
    Hash,
    block::Block,
    key::Use,
    seal::{ConsistencyReceipt, Receipt},
    tree::{check_consistency, leaf_hash, root, root_from_path},
};

use crate::harness::{Client, Home, Reply, bounded, issuer::check_seal, varied::Varied};

const COSE: &str = "application/cose";
const JSON: &str = "application/json";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// The leaves of the ledger, and of each block its size and time.
async fn truth(client: &Client) -> (Vec<Hash>, Vec<(u64, u64)>) {
    let (mut leaves, mut blocks) = (Vec::new(), Vec::new());
    for height in 0..=client.head().await.0 {
        let block = Block::decode(&client.get(&format!("/blocks/{height}")).await.body).unwrap();
        leaves.extend(block.entries.iter().map(|entry| leaf_hash(entry.entry())));
        blocks.push((block.header().size, block.header().time_ms));
    }
    (leaves, blocks)
}

fn path(reply: &Reply) -> Vec<Hash> {
    reply.clone().expect(200, JSON, IMMUTABLE);
    let path = reply.json()["path"].as_array().unwrap().clone();
    path.iter().map(|hash| Hash::from_hex(hash.as_str().unwrap()).unwrap()).collect()
}

#[tokio::test]
async fn any_tree_grew_from_any_smaller_one_and_where_a_block_ends_a_receipt_says_so() {
    bounded(120, async {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "5", "--heartbeat-s", "3600"]);
        let client = server.client();
        Varied::say(&home, &client).await;
        let (leaves, blocks) = truth(&client).await;
        let (size, genesis) = (leaves.len() as u64, home.genesis());
        let of = |size: u64| root(leaves[..size as usize].to_vec()).unwrap();
        let ends: BTreeSet<_> = blocks.iter().map(|(size, _)| *size).collect();
        for to in [size, size - 1, 7, 2, 1] {
            for from in 1..=to {
                let what = format!("/proofs/consistency/{from}/{to}");
                let shown = path(&client.get(&what).await);
                assert_eq!(check_consistency((from, of(from)), (to, of(to)), &shown), Ok(()));
                let receipt = client.get(&format!("{what}/receipt")).await;
                if from == to || !ends.contains(&to) {
                    let why = receipt.problem(404);
                    assert!(
                        why.contains(if from == to { "itself" } else { "no block ends" }),
                        "{why}"
                    );
                    continue;
                }
                let receipt = receipt.expect(200, COSE, IMMUTABLE);
                let receipt = ConsistencyReceipt::decode(&receipt).unwrap();
                assert_eq!((receipt.from, receipt.to, &receipt.path), (from, to, &shown));
                let (_, time_ms) = blocks.iter().find(|(size, _)| *size == to).unwrap();
                let registry = genesis.registry();
                let (key, origin) = (registry.ledger_key(Use::Seal), registry.origin());
                assert_eq!(receipt.verify(key, origin, *time_ms, (of(from), of(to))), Ok(()));
            }
            for entry in 0..to {
                let what = format!("/proofs/inclusion/{entry}/{to}");
                let (leaf, shown) = (leaves[entry as usize], path(&client.get(&what).await));
                assert_eq!(root_from_path("entry", leaf, entry, to, &shown), Ok(of(to)));
                let receipt = client.get(&format!("{what}/receipt")).await;
                if !ends.contains(&to) {
                    assert!(receipt.problem(404).contains("no block ends"));
                    continue;
                }
                let receipt = Receipt::decode(&receipt.expect(200, COSE, IMMUTABLE)).unwrap();
                assert_eq!((receipt.index, receipt.size, &receipt.path), (entry, to, &shown));
                let (_, time_ms) = blocks.iter().find(|(size, _)| *size == to).unwrap();
                check_seal(&genesis, &receipt.seal, *time_ms, receipt.root(leaf).unwrap());
            }
        }
        // The receipt under the seal of its own block is the first one, byte for byte.
        let first = client.get("/entries/2").await.body;
        let size = Receipt::decode(&first).unwrap().size;
        assert_eq!(client.get(&format!("/proofs/inclusion/2/{size}/receipt")).await.body, first);
    })
    .await;
}

#[tokio::test]
async fn there_is_no_tree_beyond_the_head_and_no_entry_beyond_its_tree() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&[]);
        let client = server.client();
        for end in ["", "/receipt"] {
            for (from, to) in [("0", "1"), ("x", "1"), ("1", "01"), ("1", "18446744073709551616")] {
                client.get(&format!("/proofs/consistency/{from}/{to}{end}")).await.problem(400);
                client.get(&format!("/proofs/inclusion/{from}x/{to}{end}")).await.problem(400);
            }
            for (small, large) in [(2, 1), (1, 3), (1, u64::MAX), (u64::MAX, 2)] {
                client.get(&format!("/proofs/consistency/{small}/{large}{end}")).await.problem(404);
                client.get(&format!("/proofs/inclusion/{small}/{large}{end}")).await.problem(404);
            }
            for (entry, size) in [(0, 0), (2, 2), (u64::MAX, u64::MAX)] {
                client.get(&format!("/proofs/inclusion/{entry}/{size}{end}")).await.problem(404);
            }
        }
        let lone = client.get("/proofs/inclusion/0/1").await.json();
        assert_eq!(lone, serde_json::json!({ "entry": 0, "size": 1, "path": [] }));
        assert_eq!(server.stop(), Some(0));
    })
    .await;
}
