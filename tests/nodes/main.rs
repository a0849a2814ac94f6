//! One ledger on several nodes: the real binary, over private PostgreSQL clusters. After each case all
//! blocks are replayed, and every receipt that was given is found in them, once and to the byte.

#[path = "../cluster/mod.rs"]
mod cluster;
#[path = "../harness/mod.rs"]
mod harness;
#[path = "../cluster/proxy.rs"]
mod proxy;
#[path = "../world/mod.rs"]
mod world;

mod cut;
mod moving;
mod restored;
mod rolling;
mod still;

use std::{collections::BTreeMap, time::Duration};

use harness::{Client, Home, issuer::Submission};
use probant::store::{Store, StoredBlock, memory::Memory};
use probant_core::{Hash, seal::Receipt};

/// All of the load comes from one address.
const SERVE: [&str; 6] = ["--interval-ms", "20", "--read-rate", "0", "--client-share", "1"];
const PAUSE: Duration = Duration::from_millis(50);

/// What was sent, with the bytes of its receipt.
type Receipts = BTreeMap<Hash, Vec<u8>>;

/// Sends a statement until it is answered finally, as a client does: to the next node where one is away.
async fn send(nodes: &[Client], first: usize, submission: &Submission) -> Vec<u8> {
    for tried in 0..1200 {
        let node = &nodes[(first + tried) % nodes.len()];
        if let Ok(mut connection) = node.connect().await {
            let sent = submission.bytes.clone();
            match connection.send(hyper::Method::POST, "/entries", sent).await {
                Ok(reply) if reply.status == 201 => return reply.body.to_vec(),
                Ok(reply) if reply.status.as_u16() < 500 => panic!("{reply:?}"),
                _ => {}
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    panic!("never answered finally");
}

/// The chain from the bytes of its blocks, which must hold each statement once, with these receipts.
fn check(store: &dyn Store, receipts: &Receipts) {
    let (mut chain, kept, mut entries) = (None, Memory::default(), BTreeMap::new());
    for height in 0..=store.head().unwrap().height {
        let bytes = store.block(height).unwrap().unwrap();
        let block = StoredBlock::check(bytes, &mut chain, &kept).unwrap();
        let header = block.block.header().clone();
        for (entry, index) in block.block.entries.iter().zip(header.first..) {
            let before = entries.insert(entry.leaf(), (index, header.size));
            assert_eq!(before, None, "one statement, two entries");
        }
        kept.append(kept.head().as_ref(), block).unwrap();
    }
    for (leaf, receipt) in receipts {
        let (index, size) = entries[leaf];
        let receipt = Receipt::decode(receipt).unwrap();
        assert_eq!((receipt.index, receipt.size), (index, size));
        let first = probant::receipt::read_first(store, index).unwrap().unwrap();
        assert_eq!(first.encode(), receipt.encode());
    }
}

/// Block `height` or a later one is the newest, and the mark of a node says so.
fn mark_height(home: &Home) -> u64 {
    let path = home.keys().join("head-mark");
    probant::store::head_mark::HeadMark::read(&path).unwrap().unwrap().height
}
