//! The database of nodes under load is killed, stops answering, or is out of reach.

use std::time::Duration;

use tokio::time::sleep;

use crate::{
    cluster::Cluster,
    harness::bounded,
    load::{Load, attempt},
    nodes::Nodes,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_database_is_killed_under_load_and_started_again() {
    bounded(240, async {
        let mut cluster = Cluster::start();
        let nodes = Nodes::start(&cluster.url(&cluster.database()), 2).await;
        let load = Load::start(&nodes.issuer, &nodes.addresses, 6);
        for _ in 0..3 {
            load.go_on(30).await;
            cluster.kill();
            cluster.start_again();
        }
        load.go_on(30).await;
        nodes.check(&*load.end().await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_database_stops_answering_for_15_s() {
    bounded(240, async {
        let cluster = Cluster::start();
        let nodes = Nodes::start(&cluster.url(&cluster.database()), 2).await;
        let load = Load::start(&nodes.issuer, &nodes.addresses, 6);
        load.go_on(30).await;
        cluster.pause(true);
        sleep(Duration::from_secs(15)).await;
        cluster.pause(false);
        load.go_on(30).await;
        nodes.check(&*load.end().await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn out_of_reach_for_long_those_who_wait_are_told_and_all_goes_on_by_itself() {
    bounded(240, async {
        let mut cluster = Cluster::start();
        let name = cluster.database();
        let nodes = Nodes::start(&cluster.url(&name), 2).await;
        let load = Load::start(&nodes.issuer, &nodes.addresses, 4);
        load.go_on(20).await;
        let acknowledged = load.end().await;
        // Both wait for the head, which somebody else holds when the database ends.
        let other = cluster.connect(&name);
        let held = other.writer().await.unwrap();
        held.batch_execute("BEGIN; SELECT height FROM head FOR UPDATE").await.unwrap();
        let waits = nodes.issuer.certify_made_up("waits", 1);
        let waiting = [0, 1].map(|node| {
            let (client, bytes) = (nodes.addresses.client(node), waits.bytes.clone());
            tokio::spawn(async move { attempt(&client, &bytes).await.expect("an answer") })
        });
        let asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
        while cluster.sql(&name, asked) != "2" {
            sleep(Duration::from_millis(20)).await;
        }
        cluster.stop();
        for (node, waiting) in waiting.into_iter().enumerate() {
            let told = waiting.await.unwrap();
            assert!(told.concise(503).contains("nothing can be sealed now"), "{told:?}");
            // Who comes now is told at once.
            let client = nodes.addresses.client(node);
            let told = attempt(&client, &waits.bytes).await.expect("an answer").concise(503);
            assert!(told.contains("out of reach"), "{told}");
            let ready = client.get("/readyz").await;
            assert_eq!(ready.status, 503);
            let alarm = ready.json()["alarm"].as_str().unwrap().to_owned();
            assert!(alarm.contains("database"), "{alarm}");
            assert_eq!(client.get("/healthz").await.status, 200);
        }
        cluster.start_again();
        for node in 0..2 {
            nodes.addresses.client(node).wait_for("/readyz", |reply| reply.status == 200).await;
        }
        let receipt = nodes.addresses.send(0, &waits.bytes).await;
        acknowledged.add(waits.leaf, &receipt);
        acknowledged.add(waits.leaf, &nodes.addresses.send(1, &waits.bytes).await);
        nodes.check(&acknowledged);
    })
    .await;
}
