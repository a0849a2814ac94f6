//! Tiles and bundles as C2SP clients read them: all of a tree that a checkpoint covers, in one
//! spelling, and nothing else; whatever becomes of what is derived.

use std::{collections::BTreeSet, fs, io::Write as _};

use hyper::{Method, body::Bytes};
use probant::tile::{Rows, Tile};
use probant_core::{
    Hash,
    checkpoint::Checkpoint,
    key::Use,
    tree::{leaf_hash, root},
};

use crate::harness::{Client, Home, Issuer, Server, bounded};

const BYTES: &str = "application/octet-stream";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// A ledger of more entries than a tile has.
async fn served() -> (Home, Server, Client, Issuer) {
    let home = Home::init();
    let server = home.serve(&["--interval-ms", "20", "--heartbeat-s", "3600"]);
    let client = server.client();
    let issuer = Issuer::enrolled(&home, &client).await;
    certify(&client, &issuer, "first", 300).await;
    (home, server, client, issuer)
}

async fn certify(client: &Client, issuer: &Issuer, name: &str, count: u32) {
    let sent = (0..count).map(|number| {
        let bytes = issuer.certify_made_up(&format!("{name}-{number}"), 1).bytes;
        async move { assert_eq!(client.post("/entries", bytes).await.status, 201) }
    });
    futures_util::future::join_all(sent).await;
}

/// The newest head, and every entry below it as the blocks have them.
async fn truth(home: &Home, client: &Client) -> (Checkpoint, Vec<Vec<u8>>) {
    let (height, size) = client.head().await;
    let note = client.wait_for("/checkpoint", |reply| {
        String::from_utf8_lossy(&reply.body).lines().nth(1) == Some(&size.to_string())
    });
    let note = String::from_utf8(note.await.body.into()).unwrap();
    let genesis = home.genesis();
    let (origin, key) = (genesis.registry().origin(), genesis.registry().ledger_key(Use::Note));
    let head = Checkpoint::open(&note, origin, key).unwrap();
    let mut entries = Vec::new();
    for height in 0..=height {
        let block = client.get(&format!("/blocks/{height}")).await.body;
        let block = probant_core::block::Block::decode(&block).unwrap();
        entries.extend(block.entries.iter().map(|entry| entry.entry().to_vec()));
    }
    assert_eq!(entries.len() as u64, head.size);
    (head, entries)
}

async fn tile(client: &Client, tile: Tile) -> Bytes {
    client.get(&format!("/{tile}")).await.expect(200, BYTES, IMMUTABLE)
}

async fn bundle(client: &Client, tile: Tile) -> Vec<Vec<u8>> {
    let bytes = client.get(&format!("/{}", tile.bundle_path())).await;
    split(&bytes.expect(200, BYTES, IMMUTABLE))
}

fn split(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let (entry, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)));
        entries.push(entry.to_vec());
        bytes = rest;
    }
    assert!(bytes.is_empty(), "half a length is left");
    entries
}

fn flat(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

#[tokio::test]
async fn the_root_of_the_checkpoint_is_that_of_the_entries_in_the_bundles() {
    bounded(120, async {
        let (home, _server, client, issuer) = served().await;
        for more in [0, 1, 230] {
            certify(&client, &issuer, &format!("more-{more}"), more).await;
            let (head, entries) = truth(&home, &client).await;
            let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
            assert_eq!(root(leaves.clone()), Some(head.root));
            let (mut rows, mut whole) = (Rows::default(), Vec::new());
            for leaf in &leaves {
                rows.push(*leaf, |tile, hashes| whole.push((tile, flat(hashes))));
            }
            let edge = rows.edge().map(|(tile, hashes)| (tile, flat(hashes)));
            for (of, hashes) in whole.into_iter().chain(edge) {
                assert_eq!(tile(&client, of).await, hashes, "{of}");
                if of.level == 0 {
                    let start = usize::try_from(of.start()).unwrap();
                    let there = &entries[start..start + usize::from(of.width)];
                    assert_eq!(bundle(&client, of).await, there, "{of}");
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_last_tiles_of_every_checkpoint_there_was_are_there() {
    bounded(120, async {
        let (home, server, client, _issuer) = served().await;
        let (head, entries) = truth(&home, &client).await;
        let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        let (mut sizes, mut size) = (BTreeSet::new(), 0);
        // A checkpoint may have been issued at the end of any block.
        for height in 0..=client.head().await.0 {
            let block = client.get(&format!("/blocks/{height}")).await.body;
            size += probant_core::block::Block::decode(&block).unwrap().entries.len();
            sizes.insert(size);
        }
        assert_eq!(sizes.last().copied(), usize::try_from(head.size).ok());
        assert!(sizes.len() > 3);
        // Also after a restart, of whose checkpoints only the last is one.
        assert_eq!(server.stop(), Some(0));
        let server = home.serve(&[]);
        let client = server.client();
        for size in sizes {
            let mut rows = Rows::default();
            leaves[..size].iter().for_each(|leaf| rows.push(*leaf, |_, _| {}));
            for (of, hashes) in rows.edge() {
                assert_eq!(tile(&client, of).await, flat(hashes), "{of}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_no_tile_of_the_tree_is_a_problem_that_no_cache_keeps() {
    bounded(120, async {
        let (home, _server, client, _issuer) = served().await;
        let (head, _) = truth(&home, &client).await;
        let (whole, width) = (head.size / 256, head.size % 256);
        for path in [
            "/tile/0/000.p/0".to_owned(),
            "/tile/0/000.p/256".into(),
            "/tile/0/000.p/01".into(),
            "/tile/0/0".into(),
            "/tile/0/x000/000".into(),
            "/tile/0/000/".into(),
            "/tile/0/000.p".into(),
            "/tile/0/%ff".into(),
            "/tile/00/000".into(),
            "/tile/64/000".into(),
            "/tile/-1/000".into(),
            "/tile/entries/000.p/0".into(),
            "/tile/entries/0".into(),
            "/tile/0/..%2f..%2fnote.pem".into(),
            format!("/tile/entries/{}", "x000/".repeat(3000)),
        ] {
            let why = client.get(&path).await.problem(404);
            assert!(why.contains("no tile is called so"), "{path}: {why}");
        }
        for path in [
            format!("/tile/0/{whole:03}"),
            format!("/tile/0/{whole:03}.p/{}", width + 1),
            format!("/tile/entries/{whole:03}.p/{}", width + 1),
            format!("/tile/0/{:03}.p/1", whole + 1),
            format!("/tile/1/000.p/{}", whole + 1),
            "/tile/2/000.p/1".into(),
            "/tile/0/x018/x446/x744/x073/x709/x551/000".into(),
            "/tile/7/000".into(),
            "/tile/63/000.p/1".into(),
        ] {
            client.get(&path).await.problem(404);
        }
        for path in ["/tile", "/tile/", "/tile/0", "/tile/0/", "/tile/entries", "/tile/entries/"] {
            client.get(path).await.problem(404);
        }
        let post = client.send(Method::POST, "/tile/0/000", vec![]).await;
        assert_eq!(post.header("allow"), "GET,HEAD");
        post.problem(405);
        let headed = client.send(Method::HEAD, "/tile/0/000", vec![]).await;
        assert_eq!((headed.status.as_u16(), headed.header("content-length")), (200, "8192"));
    })
    .await;
}

#[tokio::test]
async fn a_flipped_bit_in_a_table_is_never_served_and_is_mended() {
    bounded(240, async {
        let (home, server, client, _issuer) = served().await;
        let (_, entries) = truth(&home, &client).await;
        let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        assert_eq!(server.stop(), Some(0));
        // A hash of the whole tile, and one of the last: the edge of the tree is read at the start.
        for at in [77, 256 + 5] {
            let path = home.data().join("derived/tree-0");
            let mut bytes = fs::read(&path).unwrap();
            let place = bytes.windows(32).position(|hash| hash == leaves[at].0).unwrap();
            bytes[place + 9] ^= 4;
            let mut table = fs::File::create(&path).unwrap();
            table.write_all(&bytes).unwrap();
            drop(table);
            let server = home.serve(&[]);
            let client = server.client();
            for (index, leaves) in (0..).zip(leaves.chunks(256)) {
                let of = Tile { level: 0, index, width: leaves.len() as u16 };
                let path = format!("/{of}");
                let reply = client.wait_for(&path, |reply| {
                    // Not before it is right.
                    assert!(reply.status == 503 || reply.body == flat(leaves), "{of}");
                    reply.status == 200
                });
                reply.await.expect(200, BYTES, IMMUTABLE);
            }
            // Found at the start, where what the registry rests on is near it.
            let found =
                ["contradict", "opening again"].iter().any(|word| home.log().contains(word));
            assert!(found || at > 256, "{}", home.log());
            assert_eq!(server.stop(), Some(0));
        }
    })
    .await;
}
