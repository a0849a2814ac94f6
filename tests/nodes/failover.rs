//! A synchronous standby becomes the primary: what was acknowledged is on it, and what only the old
//! primary showed was never believed.

use std::time::Duration;

use probant::store::head_mark::HeadMark;
use tokio::time::sleep;

use crate::{
    cluster::Cluster,
    harness::{Reply, bounded, issuer::Submission},
    load::{Load, attempt},
    nodes::Nodes,
    truth::Acknowledged,
};

/// For nodes: whichever of the two takes statements.
fn url(primary: &Cluster, standby: &Cluster) -> String {
    let name = primary.database();
    let (one, other) = (primary.port, standby.port);
    format!(
        "postgres://postgres@127.0.0.1:{one},127.0.0.1:{other}/{name}?target_session_attrs=read-write"
    )
}

/// Each node has taken up the newest block: while the standby is away, it takes up none.
async fn all_know(nodes: &Nodes, height: u64) {
    for home in &nodes.homes {
        let mut tries = 0..200;
        while HeadMark::read(&home.mark_path()).unwrap().unwrap().height < height {
            assert!(tries.next().is_some(), "it follows");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Whoever waited was refused, or waited until the new primary had it; from either node it has one receipt.
async fn has_one_receipt(
    nodes: &Nodes,
    acknowledged: &Acknowledged,
    sent: &Submission,
    told: Option<Reply>,
) {
    if let Some(reply) = told {
        assert!(reply.status == 503 || reply.status == 201, "{reply:?}");
        if reply.status == 201 {
            acknowledged.add(sent.leaf, &reply.body);
        }
    }
    for node in 0..2 {
        acknowledged.add(sent.leaf, &nodes.addresses.send(node, &sent.bytes).await);
    }
    assert!(nodes.check(acknowledged).has(sent.leaf));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_standby_takes_over_under_load_and_lacks_nothing_acknowledged() {
    bounded(240, async {
        let mut primary = Cluster::start();
        let standby = primary.standby(true);
        let nodes = Nodes::start(&url(&primary, &standby), 2).await;
        let load = Load::start(&nodes.issuer, &nodes.addresses, 6);
        load.go_on(40).await;
        primary.kill();
        standby.promote();
        load.go_on(40).await;
        nodes.check(&*load.end().await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_restarted_primary_shows_is_not_believed_before_the_standby_has_it() {
    bounded(240, async {
        let mut primary = Cluster::start();
        let mut standby = primary.standby(true);
        let url = url(&primary, &standby);
        let nodes = Nodes::start(&url, 2).await;
        let acknowledged = Acknowledged::default();
        let before = nodes.issuer.certify_made_up("before", 1);
        acknowledged.add(before.leaf, &nodes.addresses.send(0, &before.bytes).await);
        let known = nodes.check(&acknowledged).head.height;
        all_know(&nodes, known).await;

        // A COMMIT waits for a standby that is away; the primary has it all the same.
        standby.stop();
        let sent = nodes.issuer.certify_made_up("committed and not waited for", 1);
        let (client, bytes) = (nodes.addresses.client(0), sent.bytes.clone());
        let waits = tokio::spawn(async move { attempt(&client, &bytes).await });
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query = 'COMMIT'";
        while primary.sql("postgres", waiting) == "0" {
            sleep(Duration::from_millis(20)).await;
        }
        primary.kill();
        primary.start_again();
        let name = url.rsplit_once('/').unwrap().1.split('?').next().unwrap();
        let shown: u64 = primary.sql(name, "SELECT height FROM head").parse().unwrap();
        assert_eq!(shown, known + 1, "the primary shows what its standby lacks");

        for _ in 0..40 {
            for (node, home) in nodes.homes.iter().enumerate() {
                let mark = HeadMark::read(&home.mark_path()).unwrap().unwrap();
                assert_eq!(mark.height, known, "node {node} believed it");
                assert_eq!(nodes.addresses.client(node).head().await.0, known);
            }
            sleep(Duration::from_millis(100)).await;
        }
        primary.kill();
        standby.start_again();
        standby.promote();
        has_one_receipt(&nodes, &acknowledged, &sent, waits.await.unwrap()).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_somebody_had_committed_without_the_standby_is_believed_by_no_node() {
    bounded(240, async {
        let mut primary = Cluster::start();
        let standby = primary.standby(true);
        let url = url(&primary, &standby);
        let nodes = Nodes::start(&url, 2).await;
        let acknowledged = Acknowledged::default();
        let before = nodes.issuer.certify_made_up("before", 1);
        acknowledged.add(before.leaf, &nodes.addresses.send(0, &before.bytes).await);
        let head = nodes.check(&acknowledged).head;
        let (known, next) = (head.height, head.size);
        all_know(&nodes, known).await;

        standby.pause(true);
        let sent = nodes.issuer.certify_made_up("committed and not waited for", 1);
        let (client, bytes) = (nodes.addresses.client(0), sent.bytes.clone());
        let waits = tokio::spawn(async move { attempt(&client, &bytes).await });
        let name = url.rsplit_once('/').unwrap().1.split('?').next().unwrap();
        let height = || primary.sql(name, "SELECT height FROM head").parse::<u64>().unwrap();
        // An administrator who wants a session to end.
        let end = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity \
             WHERE wait_event = 'SyncRep' AND query = 'COMMIT'";
        while height() == known {
            primary.sql("postgres", end);
            sleep(Duration::from_millis(20)).await;
        }
        // The question waits for the standby as long as a connection may.
        let receipt = nodes.addresses.client(1).get(&format!("/entries/{next}")).await;
        assert_ne!(receipt.status, 200, "it gave a receipt");
        for (node, home) in nodes.homes.iter().enumerate() {
            let mark = HeadMark::read(&home.mark_path()).unwrap().unwrap();
            assert_eq!(mark.height, known, "node {node} believed it");
            assert_eq!(nodes.addresses.client(node).head().await.0, known);
        }
        primary.kill();
        standby.pause(false);
        standby.promote();
        has_one_receipt(&nodes, &acknowledged, &sent, waits.await.unwrap()).await;
    })
    .await;
}
