//! Nodes under load, of which one is killed, and another is stopped to be upgraded.

use crate::{cluster::Database, harness::bounded, load::Load, nodes::Nodes};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_are_killed_and_upgraded_one_by_one_and_nothing_is_lost() {
    bounded(240, async {
        let database = Database::new();
        let mut nodes = Nodes::start(&database.url_of("postgres"), 3).await;
        let load = Load::start(&nodes.issuer, &nodes.addresses, 9);
        load.go_on(60).await;
        nodes.take(1).kill();
        load.go_on(40).await;
        nodes.start_again(1);
        load.go_on(40).await;
        for node in [2, 0, 1] {
            assert_eq!(nodes.take(node).stop(), Some(0), "it finishes what it accepted");
            load.go_on(20).await;
            nodes.start_again(node);
            load.go_on(20).await;
        }
        let acknowledged = load.end().await;
        let truth = nodes.check(&acknowledged);
        assert!(acknowledged.count() >= 260 && truth.head.size > 260);
    })
    .await;
}
