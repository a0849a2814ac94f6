//! A node that only reads, on a standby: it follows, proves and takes nothing.

use probant_core::Verifier;

use crate::{
    cluster::Cluster,
    harness::{Home, bounded},
    load::attempt,
    nodes::{ARGS, Nodes},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_on_a_standby_follows_and_answers_and_takes_nothing() {
    bounded(200, async {
        let primary = Cluster::start();
        let standby = primary.standby(false);
        let name = primary.database();
        let nodes = Nodes::start(&primary.url(&name), 1).await;
        let mut home: Home = nodes.homes[0].another();
        let behind = primary.sql("postgres", "SELECT pg_current_wal_lsn()");
        let replayed = format!("SELECT pg_last_wal_replay_lsn() >= '{behind}'");
        while standby.sql("postgres", &replayed) != "t" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        home.move_store(&standby.url(&name));
        let server = home.serve(&[&ARGS[..], &["--read-only"]].concat());
        let client = server.client();

        standby.sql("postgres", "SELECT pg_wal_replay_pause()");
        let before = client.head().await;
        let sent = nodes.issuer.certify_made_up("bill", 5);
        let receipt = nodes.addresses.send(0, &sent.bytes).await;
        let reached = nodes.addresses.client(0).head().await;
        assert_eq!(client.head().await, before, "its head shows how far the standby is");
        standby.sql("postgres", "SELECT pg_wal_replay_resume()");
        client.wait_for("/readyz", |reply| reply.json()["head"]["height"] == reached.0).await;

        let mut stranger = Verifier::new(nodes.homes[0].identity());
        for document in sent.documents.iter() {
            let proof = client.get(&format!("/documents/{document}/proof")).await;
            assert_eq!(proof.status, 200, "{proof:?}");
            stranger.verify(&[document], &proof.body).unwrap();
        }
        let index = probant_core::seal::Receipt::decode(&receipt).unwrap().index;
        assert_eq!(client.get(&format!("/entries/{index}")).await.body, receipt);
        let told = attempt(&client, &sent.bytes).await.unwrap();
        assert!(told.concise(403).contains("takes no statements"), "{told:?}");
        assert_ne!(client.get("/checkpoint").await.problem(404), "");
        assert_eq!(client.get("/mark").await.status, 404);
        assert_eq!(client.head().await, reached);

        // Nor does it remember anything for others.
        let url = format!("http://{}", server.address);
        let other = nodes.homes[0].another();
        let waiting = other.start(&["--peer", &url]);
        let said = format!("{url} keeps no head mark and cannot be a peer");
        let mut tries = 0..200;
        while !other.log().contains(&said) {
            assert!(tries.next().is_some(), "{}", other.log());
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert!(!other.log().contains("does not answer"), "{}", other.log());
        assert_eq!(waiting.stop(), Some(0));
    })
    .await;
}
