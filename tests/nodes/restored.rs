//! A database that was restored from an older copy: who saw more refuses, and who was away asks.

use probant::store::head_mark::HeadMark;

use crate::{
    cluster::Cluster,
    harness::{Home, bounded},
    nodes::Nodes,
    truth::Acknowledged,
};

fn height(home: &Home) -> u64 {
    HeadMark::read(&home.mark_path()).unwrap().unwrap().height
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_database_is_refused_by_who_saw_more_and_by_who_asks_them() {
    bounded(120, async {
        let mut cluster = Cluster::start();
        let mut nodes = Nodes::start(&cluster.url(&cluster.database()), 2).await;
        let acknowledged = Acknowledged::default();
        let sent = nodes.issuer.certify_made_up("before", 3);
        acknowledged.add(sent.leaf, &nodes.addresses.send(0, &sent.bytes).await);
        for node in [0, 1] {
            assert_eq!(nodes.take(node).stop(), Some(0));
        }
        let older = cluster.backup();
        nodes.start_again(0);
        let sent = nodes.issuer.certify_made_up("after", 3);
        acknowledged.add(sent.leaf, &nodes.addresses.send(0, &sent.bytes).await);
        assert_eq!(nodes.take(0).stop(), Some(0));
        let newer = cluster.backup();
        cluster.restore(&older);
        // Who saw more refuses by itself.
        let (code, said) = nodes.homes[0].refused(&[]);
        assert!(code == 4 && said.contains("behind its head mark"), "{said}");
        // With a peer it does not end: it says what it has seen, and opens nothing.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let listen = ["--listen", &free.to_string(), "--peer", "http://127.0.0.1:1"];
        let awake = nodes.homes[0].start(&listen);
        // Who was away knows nothing of it, and asks.
        assert!(height(&nodes.homes[1]) < height(&nodes.homes[0]));
        let (code, said) = nodes.homes[1].refused(&["--peer", &format!("http://{free}")]);
        assert!(code == 4 && said.contains("has seen block"), "{said}");
        awake.kill();
        cluster.restore(&newer);
        nodes.start_again(1);
        let sent = nodes.issuer.certify_made_up("again", 3);
        acknowledged.add(sent.leaf, &nodes.addresses.send(1, &sent.bytes).await);
        nodes.check(&acknowledged);
    })
    .await;
}
