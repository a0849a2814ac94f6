//! Whether a server says truly that it is ready: while its ledger is opened, and while it stops.

use std::{fs, net::TcpListener, time::Duration};

use probant::clock::SystemClock;
use tokio::time::sleep;

use crate::{
    harness::{Client, Home, Issuer, bounded},
    raw,
};

#[tokio::test]
async fn while_look_ups_are_derived_it_is_alive_and_not_ready() {
    bounded(180, async {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "5"]);
        let client = server.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        for number in 0..12 {
            let batch = issuer.certify_made_up(&format!("many {number}"), 30_000);
            assert_eq!(client.post("/entries", batch.bytes).await.status, 201);
        }
        let head = client.head().await;
        assert_eq!(server.stop(), Some(0));
        fs::remove_dir_all(home.data().join("derived")).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let client = Client::new(free);
        let start = async || {
            let starting = home.start(&["--listen", &free.to_string()]);
            let clock = SystemClock::shared();
            while client.connect().await.is_err() {
                assert!(clock.elapsed() < Duration::from_secs(120), "it never listens");
                sleep(Duration::from_millis(1)).await;
            }
            starting
        };
        // Told to stop, it ends, and derives at its next start what it had not.
        let starting = start().await;
        assert_eq!(client.get("/readyz").await.status, 503);
        assert_eq!(starting.stop(), Some(0));
        let starting = start().await;
        let not_ready = client.get("/readyz").await;
        assert_eq!(not_ready.status, 503, "360,000 documents are derived in no time");
        let said = not_ready.json();
        assert_eq!(said["ready"], false);
        assert!(said["alarm"].as_str().unwrap().contains("is being opened"), "{said}");
        assert_eq!(client.get("/healthz").await.status, 200);
        let refused = client.get("/checkpoint").await;
        assert!(refused.problem(503).contains("is being opened"));
        assert_eq!(refused.header("retry-after"), "5");
        let sent = issuer.certify_made_up("too early", 1).bytes;
        let refused = client.post("/entries", sent.clone()).await;
        assert!(refused.concise(503).contains("is being opened"));
        let server = starting.wait().expect("it opens");
        assert_eq!(
            client.wait_for("/readyz", |reply| reply.status == 200).await.json()["ready"],
            true
        );
        assert_eq!(client.head().await, head);
        assert_eq!(client.post("/entries", sent).await.status, 201);
        assert_eq!(server.stop(), Some(0));
    })
    .await;
}

#[tokio::test]
async fn told_to_stop_it_says_so_and_serves_until_it_is_let_go() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "5", "--drain-s", "5"]);
        let client = server.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        let mut kept = client.connect().await.unwrap();
        server.ask_to_stop();
        let said = client.wait_for("/readyz", |reply| reply.status == 503).await.json();
        assert!(said["alarm"].as_str().unwrap().contains("stopping"), "{said}");
        let sent = issuer.certify_made_up("while it drains", 1).bytes;
        let reply = kept.send(hyper::Method::POST, "/entries", sent).await.unwrap();
        assert_eq!(reply.status, 201);
        assert_eq!(server.wait(), Some(0));
        assert!(kept.send(hyper::Method::GET, "/healthz", Vec::new()).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_client_that_is_answered_while_it_stops_is_told_that_the_connection_ends() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "600000", "--heartbeat-s", "900"]);
        assert_eq!(server.stop(), Some(0));
        let server = home.serve(&["--interval-ms", "5"]);
        let issuer = Issuer::enrolled(&home, &server.client()).await;
        assert_eq!(server.stop(), Some(0));
        let server = home.serve(&["--interval-ms", "600000"]);
        let (client, address) = (server.client(), server.address);
        let sent = issuer.certify_made_up("it waits for its block", 1).bytes;
        let head =
            format!("POST /entries HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", sent.len());
        let waiting =
            tokio::spawn(
                async move { raw::send(address, &[head.as_bytes(), &sent].concat()).await },
            );
        client
            .wait_for("/metrics", |told| {
                String::from_utf8_lossy(&told.body).contains("probant_pool_statements 1\n")
            })
            .await;
        server.ask_to_stop();
        let came = waiting.await.unwrap();
        assert_eq!((came.status(), came.header("connection")), (201, "close"), "{came:?}");
        assert_eq!(server.wait(), Some(0));
    })
    .await;
}
