//! A database that was restored from an older copy: who saw more refuses, and who was away asks.

use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use probant::store::head_mark::HeadMark;

use crate::{
    cluster::Cluster,
    harness::{Client, Home, Reply, bounded},
    nodes::Nodes,
    truth::Acknowledged,
};

fn height(home: &Home) -> u64 {
    HeadMark::read(&home.mark_path()).unwrap().unwrap().height
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// It says to everybody that the store is not what was seen.
async fn not_opened(address: SocketAddr) {
    let (client, mut tries) = (Client::new(address), 0..200);
    while client.connect().await.is_err() {
        assert!(tries.next().is_some(), "it never listens");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let refused = |reply: &Reply| {
        let said = reply.json()["alarm"].as_str().map(ToOwned::to_owned).unwrap_or_default();
        reply.status == 503 && said.contains("not what was seen before")
    };
    client.wait_for("/readyz", refused).await;
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
        // With a peer it does not end: it says what it has seen, and opens nothing. Who was away knows
        // nothing of it, asks, and does not end either: its peer may have to ask it.
        assert!(height(&nodes.homes[1]) < height(&nodes.homes[0]));
        let [first, second] = [(); 2].map(|()| free());
        let [saw, away] = [(0, first, second), (1, second, first)].map(|(node, own, other)| {
            let listen = own.to_string();
            nodes.homes[node].start(&["--listen", &listen, "--peer", &format!("http://{other}")])
        });
        for (node, address, why) in
            [(0, first, "behind its head mark"), (1, second, "has seen block")]
        {
            not_opened(address).await;
            assert!(nodes.homes[node].log().contains(why), "{}", nodes.homes[node].log());
        }
        // Once the newer one is back, they go on by themselves.
        cluster.restore(&newer);
        for (node, starting) in [(0, saw), (1, away)] {
            let server = starting.wait().expect("it opens");
            nodes.addresses.set(node, server.address);
            nodes.servers[node] = Some(server);
        }
        let sent = nodes.issuer.certify_made_up("again", 3);
        acknowledged.add(sent.leaf, &nodes.addresses.send(1, &sent.bytes).await);
        nodes.check(&acknowledged);
    })
    .await;
}
