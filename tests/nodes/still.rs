//! A node that stands still while it holds the head, a clock that is wrong, and a standby that has not
//! yet what its primary shows.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use probant::{
    Error,
    ledger::{Ledger, Quota, Sealing},
    store::{Store, head_mark::HeadMark, postgres::Postgres},
};
use probant_core::Statement;
use tempfile::TempDir;

use super::{Receipts, SERVE, check, send};
use crate::{
    cluster::{Cluster, Database},
    harness::{Home, Issuer, Server, bounded},
    proxy::{Fault, Proxy},
    world::{TestClock, enroll, found_in, keyring, start, submission},
};

/// A second node in this process: the keys are the same, the mark is its own.
fn beside(first: &Postgres, database: &Database, keys: &TempDir) -> Arc<Postgres> {
    let mark = keys.path().join("head-mark");
    let head = first.head().unwrap();
    let (ledger_id, root) = (head.ledger.0.0, head.root.0);
    let (height, size) = (head.height, head.size);
    let made = probant::store::head_mark::Mark { ledger_id, height, size, root };
    drop(HeadMark::create(&mark, made).unwrap());
    Arc::new(Postgres::open(database.connect(), &mark).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stands_still_with_the_head_is_not_waited_for_and_loses_nothing() {
    bounded(200, async {
        let cluster = Cluster::start();
        let name = cluster.database();
        let proxy = Proxy::start(([127, 0, 0, 1], cluster.port).into());
        let direct = Home::init_in(&cluster.url(&name));
        let port = proxy.address().port().to_string();
        let behind = direct.another_node();
        let behind =
            behind.in_database(&cluster.url(&name).replace(&cluster.port.to_string(), &port));
        let servers = [direct.serve(&SERVE), behind.serve(&SERVE)];
        let clients: Arc<Vec<_>> = Arc::new(servers.iter().map(Server::client).collect());
        let issuer = Issuer::enrolled(&direct, &clients[0]).await;
        // It stops in the middle of its transaction, for a minute.
        proxy.plan(Fault::at_statement("SET LOCAL").freeze(Duration::from_secs(60)));
        let held = issuer.certify_made_up("held", 3);
        let waits = {
            let (clients, held) = (Arc::clone(&clients), held.clone());
            tokio::spawn(async move { send(&clients, 1, &held).await })
        };
        while !proxy.is_struck() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut receipts = Receipts::new();
        for number in 0..5 {
            let sent = issuer.certify_made_up(&format!("goes on {number}"), 2);
            receipts.insert(sent.leaf, send(&clients[..1], 0, &sent).await);
        }
        assert!(!waits.is_finished(), "the others did not wait for the one that stands still");
        receipts.insert(held.leaf, waits.await.unwrap());
        check(&direct.store(), &receipts);
        clients[1].wait_for("/readyz", |reply| reply.status == 200).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clocks_that_differ_never_turn_time_back() {
    bounded(60, async {
        let (database, keys) = (Database::new(), [(); 3].map(|()| tempfile::tempdir().unwrap()));
        let mark = keys[0].path().join("head-mark");
        let store = Arc::new(Postgres::create(database.connect(), &mark).unwrap());
        let id = found_in(&*store).ledger;
        let clocks = [(); 3].map(|()| TestClock::new());
        clocks[1].advance(4_000);
        let stores = [
            store.clone(),
            beside(&store, &database, &keys[1]),
            beside(&store, &database, &keys[2]),
        ];
        let [first, ahead, right] =
            [0, 1, 2].map(|node: usize| start(stores[node].clone(), clocks[node].clone()));
        let mut receipts = Receipts::new();
        let mut seal = async |node: &Ledger, bytes: Vec<u8>| {
            let leaf = Statement::decode_submission(&bytes).unwrap().0.leaf();
            let sealed = node.submit(bytes).await?;
            receipts.insert(leaf, sealed.receipt.encode());
            Ok::<_, Error>(())
        };
        seal(&first, enroll(id).to_submission(None)).await.unwrap();
        seal(&ahead, submission(id, 0, 2)).await.unwrap();
        // Within bounds: time stands still until its clock has caught up.
        seal(&first, submission(id, 10, 2)).await.unwrap();
        clocks[1].advance(6_000);
        seal(&ahead, submission(id, 20, 2)).await.unwrap();
        let refused = seal(&right, submission(id, 30, 2)).await.unwrap_err();
        assert!(refused.to_string().contains("ahead of this clock"), "{refused}");
        assert!(right.alarm().is_some());
        clocks[2].advance(10_000);
        seal(&right, submission(id, 30, 2)).await.unwrap();
        assert_eq!(right.alarm(), None);
        check(&*stores[2], &receipts);
        let time = |height| {
            let block = stores[2].block(height).unwrap().unwrap();
            probant_core::block::Block::decode(&block).unwrap().header().time_ms
        };
        let times: Vec<_> = (0..=stores[2].head().unwrap().height).map(time).collect();
        assert!(times.is_sorted(), "{times:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quota_holds_whichever_node_is_asked_and_after_a_restart() {
    bounded(60, async {
        let (database, keys) = (Database::new(), [(); 2].map(|()| tempfile::tempdir().unwrap()));
        let mark = keys[0].path().join("head-mark");
        let store = Arc::new(Postgres::create(database.connect(), &mark).unwrap());
        let (id, clock) = (found_in(&*store).ledger, TestClock::new());
        let quota = Quota { documents_a_day: 30, ..Quota::default() };
        let sealing = Sealing { interval: Duration::from_millis(5), quota, ..Sealing::default() };
        let node =
            |store: Arc<Postgres>| Ledger::start(store, keyring(), clock.clone(), sealing).unwrap();
        let (one, other) = (node(store.clone()), node(beside(&store, &database, &keys[1])));
        one.submit(enroll(id).to_submission(None)).await.unwrap();
        let mut sealed = BTreeMap::new();
        for number in 0..10_u32 {
            let asked = if number % 2 == 0 { &one } else { &other };
            match asked.submit(submission(id, number * 10, 4)).await {
                Ok(accepted) => drop(sealed.insert(accepted.index, number)),
                Err(Error::OverQuota { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(sealed.len(), 7, "of 4 documents each, where 30 are had");
        drop((one, other, store));
        let again = node(Arc::new(Postgres::open(database.connect(), &mark).unwrap()));
        let over = again.submit(submission(id, 900, 3)).await.unwrap_err();
        assert!(over.to_string().contains("28 so far"), "{over}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_standby_lacks_is_not_answered_of_and_is_lost_without_a_fork() {
    bounded(200, async {
        let mut cluster = Cluster::start();
        let name = cluster.database();
        let home = Home::init_in(&cluster.url(&name));
        let standby = cluster.standby(true);
        let server = home.serve(&SERVE);
        let issuer = Issuer::enrolled(&home, &server.client()).await;
        let mut receipts = Receipts::new();
        let sent = issuer.certify_made_up("there", 2);
        receipts.insert(sent.leaf, send(&[server.client()], 0, &sent).await);
        let before = server.client().head().await;
        // The primary commits, the standby does not hear of it; then the primary is restarted.
        standby.pause(true);
        let lost = issuer.certify_made_up("lost", 2);
        let client = server.client();
        let waits = tokio::spawn(async move { client.post("/entries", lost.bytes).await.status });
        tokio::time::sleep(Duration::from_millis(1500)).await;
        cluster.kill();
        cluster.start_again();
        let written = "SELECT max(height) FROM blocks";
        assert!(
            cluster.sql(&name, written).parse::<u64>().unwrap() > before.0,
            "it shows the block"
        );
        tokio::time::sleep(Duration::from_secs(12)).await;
        assert_eq!(server.client().head().await, before, "a node does not believe it");
        assert_eq!(super::mark_height(&home), before.0);
        assert_ne!(waits.await.unwrap(), 201);
        server.kill();
        drop(cluster);
        standby.pause(false);
        standby.promote();
        let home = home.in_database(&standby.url(&name));
        let server = home.serve(&SERVE);
        let sent = issuer.certify_made_up("goes on", 2);
        receipts.insert(sent.leaf, send(&[server.client()], 0, &sent).await);
        check(&home.store(), &receipts);
    })
    .await;
}
