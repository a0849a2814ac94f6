//! Whoever is told something by one node, and asks another.

use crate::{cluster::Database, harness::bounded, nodes::Nodes, truth::Acknowledged};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_has_acknowledged_every_node_knows_at_once() {
    bounded(60, async {
        let database = Database::new();
        let nodes = Nodes::start(&database.url_of("postgres"), 2).await;
        let acknowledged = Acknowledged::default();
        for number in 0..20 {
            let sent = nodes.issuer.certify_made_up(&format!("{number}"), 2);
            acknowledged.add(sent.leaf, &nodes.addresses.send(number, &sent.bytes).await);
            let document = sent.documents.iter().next().unwrap();
            let other = nodes.addresses.client(number + 1);
            let known = other.get(&format!("/documents/{document}")).await;
            assert_eq!(known.json()["verdict"], "certified", "{known:?}");
        }
        nodes.check(&acknowledged);
    })
    .await;
}
