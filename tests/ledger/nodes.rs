//! Several ledgers over one store, as nodes have it, and a store that goes away: whoever submits
//! notices nothing of it, or is told to send the same again.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use probant::{
    Error,
    ledger::{Accepted, Ledger, Quota, Sealing},
    store::{
        Store, StoredBlock,
        memory::{Fail, Memory},
    },
};
use probant_core::{LedgerId, Statement};

use crate::world::{TestClock, enroll, found_in, keyring, start, submission};

const NODES: usize = 3;

async fn nodes(memory: &Memory) -> (Vec<Arc<Ledger>>, LedgerId, Arc<TestClock>) {
    let (clock, ledger_id) = (TestClock::new(), found_in(memory).ledger);
    let node = |_| Arc::new(start(Arc::new(memory.clone()), clock.clone()));
    let nodes: Vec<_> = (0..NODES).map(node).collect();
    nodes[0].submit(enroll(ledger_id).to_submission(None)).await.unwrap();
    (nodes, ledger_id, clock)
}

/// As a client does: the same again while it is told so.
async fn send(node: &Ledger, bytes: &[u8]) -> Accepted {
    for _ in 0..200 {
        match node.submit(bytes.to_vec()).await {
            Err(Error::Busy { .. }) => tokio::time::sleep(Duration::from_millis(10)).await,
            answer => return answer.unwrap(),
        }
    }
    panic!("never answered finally");
}

/// The chain from its bytes: by leaf, the index of every entry. None is there twice.
fn replayed(store: &dyn Store) -> BTreeMap<[u8; 32], u64> {
    let (mut chain, kept, mut indexes) = (None, Memory::default(), BTreeMap::new());
    for height in 0..=store.head().unwrap().height {
        let bytes = store.block(height).unwrap().unwrap();
        let block = StoredBlock::check(bytes, &mut chain, &kept).unwrap();
        for (entry, index) in block.block.entries.iter().zip(block.block.header().first..) {
            assert_eq!(indexes.insert(entry.leaf().0, index), None, "one statement, two entries");
        }
        kept.append(kept.head().as_ref(), block).unwrap();
    }
    indexes
}

fn leaf(bytes: &[u8]) -> [u8; 32] {
    Statement::decode_submission(bytes).unwrap().0.leaf().0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_seal_in_turn_and_the_same_statement_has_one_entry_and_one_receipt() {
    let memory = Memory::default();
    let (nodes, ledger_id, _) = nodes(&memory).await;
    let mut sent = Vec::new();
    for number in 0..120 {
        let bytes = submission(ledger_id, number * 10, 1 + number % 3);
        // Every third to all nodes at once, the others to one.
        let to = if number % 3 == 0 {
            0..NODES
        } else {
            number as usize % NODES..number as usize % NODES + 1
        };
        for node in &nodes[to] {
            let (node, bytes) = (Arc::clone(node), bytes.clone());
            let answer = async move { (leaf(&bytes), send(&node, &bytes).await) };
            sent.push(tokio::spawn(answer));
        }
    }
    let mut receipts: BTreeMap<_, Accepted> = BTreeMap::new();
    for answer in sent {
        let (leaf, accepted) = answer.await.unwrap();
        let first = receipts.entry(leaf).or_insert_with(|| accepted.clone());
        assert_eq!(first.receipt.encode(), accepted.receipt.encode());
    }
    let indexes = replayed(&memory);
    assert!(receipts.iter().all(|(leaf, accepted)| indexes[leaf] == accepted.index));
    assert_eq!(receipts.len(), 120);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_that_goes_away_costs_at_most_sending_again() {
    for fail in [Fail::Away, Fail::UnknownLost, Fail::UnknownPersisted] {
        let memory = Memory::default();
        let (nodes, ledger_id, _) = nodes(&memory).await;
        let known = send(&nodes[1], &submission(ledger_id, 0, 1)).await;
        for number in 1..20 {
            memory.fail_next(fail);
            let bytes = submission(ledger_id, number * 10, 2);
            let first = nodes[0].submit(bytes.clone()).await;
            match fail {
                Fail::Away => assert!(first.is_ok(), "nobody hears of it: {first:?}"),
                _ => assert!(matches!(first, Err(Error::Busy { .. })), "{first:?}"),
            }
            let accepted = send(&nodes[number as usize % NODES], &bytes).await;
            assert!(accepted.index > known.index);
            let indexes = replayed(&memory);
            assert_eq!(indexes[&leaf(&bytes)], accepted.index);
        }
        assert!(nodes.iter().all(|node| node.failure().is_none()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_follow_what_others_seal_without_a_submission_of_their_own() {
    let memory = Memory::default();
    let (nodes, ledger_id, _) = nodes(&memory).await;
    let sealed = send(&nodes[0], &submission(ledger_id, 0, 5)).await;
    for node in &nodes {
        let mut tries = 0..500;
        while node.registry().issuers().next().is_none() {
            assert!(tries.next().is_some(), "it does not follow");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let receipt = node.first_receipt(sealed.index).unwrap().unwrap();
        assert_eq!(receipt.encode(), sealed.receipt.encode());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_quota_holds_across_nodes_and_only_what_is_sealed_counts() {
    let memory = Memory::default();
    let (unlimited, ledger_id, clock) = nodes(&memory).await;
    drop(unlimited);
    let quota = Quota { documents_a_day: 30, ..Quota::default() };
    let sealing = Sealing { interval: Duration::from_millis(5), quota, ..Sealing::default() };
    let node = || {
        let store = Arc::new(memory.clone());
        Ledger::start(store, keyring(), clock.clone(), sealing).unwrap()
    };
    let nodes = [node(), node(), node()];
    let mut sealed = 0;
    for number in 0..10 {
        // What goes wrong costs nothing.
        memory.fail_next(Fail::UnknownLost);
        let bytes = submission(ledger_id, number * 10, 4);
        match nodes[number as usize % NODES].submit(bytes.clone()).await {
            Err(Error::OverQuota { .. }) => {
                memory.fail_next(Fail::Never);
                continue;
            }
            lost => assert!(matches!(lost, Err(Error::Busy { .. })), "{lost:?}"),
        }
        let accepted = nodes[(number as usize + 1) % NODES].submit(bytes.clone()).await.unwrap();
        // Again, to a third: it has its receipt and costs nothing.
        let again = nodes[(number as usize + 2) % NODES].submit(bytes).await.unwrap();
        assert_eq!(again.index, accepted.index);
        sealed += 1;
    }
    assert_eq!(sealed, 7, "of 4 documents each, where 30 are had");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_that_only_follows_answers_and_takes_nothing() {
    let memory = Memory::default();
    let (nodes, ledger_id, clock) = nodes(&memory).await;
    let follower = Ledger::follow(Arc::new(memory.clone()), clock).unwrap();
    let bytes = submission(ledger_id, 0, 5);
    let refused = follower.submit(bytes.clone()).await.unwrap_err();
    assert!(matches!(&refused, Error::Input(why) if why.contains("one that writes")), "{refused}");
    let before = memory.head();
    let sealed = send(&nodes[0], &bytes).await;
    let receipt = follower.first_receipt(sealed.index).unwrap().unwrap();
    assert_eq!(receipt.encode(), sealed.receipt.encode());
    assert_eq!(memory.head().unwrap().height, before.unwrap().height + 1);
}
