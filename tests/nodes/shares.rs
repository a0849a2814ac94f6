//! What is shared among nodes: the quota of an issuer.

use crate::{
    cluster::Database, harness::bounded, load::attempt, nodes::Nodes, truth::Acknowledged,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_quota_holds_across_nodes() {
    bounded(120, async {
        let database = Database::new();
        let limit = ["--issuer-documents-per-day", "30"];
        let nodes = Nodes::start_with(&database.url_of("postgres"), 2, &limit).await;
        let acknowledged = Acknowledged::default();
        for number in 0..10 {
            let sent = nodes.issuer.certify_made_up(&format!("share-{number}"), 4);
            let reply = attempt(&nodes.addresses.client(number), &sent.bytes).await.unwrap();
            if number < 7 {
                assert_eq!(reply.status, 201, "{reply:?}");
                acknowledged.add(sent.leaf, &reply.body);
            } else {
                assert_eq!(reply.status, 429, "{reply:?}");
            }
        }
        assert_eq!(nodes.check(&acknowledged).head.documents, 28);
    })
    .await;
}
