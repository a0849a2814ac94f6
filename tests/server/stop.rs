//! The pool when it is full, and the server when it is told to stop.

use std::{collections::BTreeMap, time::Duration};

use hyper::Method;
use probant::{
    clock::SystemClock,
    store::embedded::segments::{Position, SegmentReader},
};
use probant_core::{Hash, block::Block};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpSocket, TcpStream},
    task::JoinHandle,
};

use crate::harness::{Client, Home, Issuer, Reply, bounded, issuer::Submission};

/// A home with an enrolled issuer, served by nobody.
async fn enrolled() -> (Home, Issuer) {
    let home = Home::init();
    let server = home.serve(&["--interval-ms", "5"]);
    let issuer = Issuer::enrolled(&home, &server.client()).await;
    assert_eq!(server.stop(), Some(0));
    (home, issuer)
}

fn submit(client: Client, sent: Submission) -> JoinHandle<Reply> {
    tokio::spawn(async move { client.post("/entries", sent.bytes).await })
}

/// Submits two statements to a pool of one, and returns that which is in it, unanswered: the other
/// was sent away.
async fn fill_pool_of_one(client: Client, issuer: &Issuer) -> (Submission, JoinHandle<Reply>) {
    let [one, two] = ["one", "two"].map(|name| issuer.certify_made_up(name, 3));
    let (mut first, mut second) = (submit(client, one.clone()), submit(client, two.clone()));
    let (away, waits) = tokio::select! {
        away = &mut first => (away, (two, second)),
        away = &mut second => (away, (one, first)),
    };
    assert!(away.unwrap().concise(503).contains("the pool is full"));
    waits
}

#[tokio::test]
async fn a_full_pool_sends_away_without_taking_anything() {
    bounded(120, async {
        let (home, issuer) = enrolled().await;
        let server = home.serve(&["--interval-ms", "2000", "--pool", "4"]);
        let client = server.client();
        let (height, size) = client.head().await;
        let sent: Vec<_> =
            (0..6).map(|number| issuer.certify_made_up(&format!("bill {number}"), 1)).collect();
        let answers: Vec<_> = sent.iter().map(|sent| submit(client, sent.clone())).collect();
        let mut away = Vec::new();
        for (sent, answer) in sent.iter().zip(answers) {
            let reply = answer.await.unwrap();
            if reply.status == 201 {
                continue;
            }
            assert!(reply.concise(503).contains("is full: nothing was taken"));
            assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
            away.push(sent.clone());
        }
        assert_eq!(away.len(), 4, "two found room");
        assert_eq!(client.head().await, (height + 1, size + 3), "two entries and their block");
        // Who comes back later is served.
        let later = submit(client, away[0].clone());
        assert_eq!(later.await.unwrap().status, 201);
        assert_eq!(server.stop(), Some(0));
    })
    .await;
}

#[tokio::test]
async fn told_to_stop_it_seals_at_once_what_waits_and_answers() {
    bounded(120, async {
        let (home, issuer) = enrolled().await;
        let server = home.serve(&["--interval-ms", "600000", "--pool", "1"]);
        let (sent, answer) = fill_pool_of_one(server.client(), &issuer).await;
        let clock = SystemClock::shared();
        server.ask_to_stop();
        let receipt = answer.await.unwrap();
        assert_eq!((receipt.status.as_u16(), server.wait()), (201, Some(0)));
        assert!(clock.elapsed() < Duration::from_secs(120), "it waited for its interval");
        let server = home.serve(&["--interval-ms", "5"]);
        let again = server.client().post("/entries", sent.bytes).await;
        assert_eq!(again.body, receipt.body);
    })
    .await;
}

#[tokio::test]
async fn stopped_under_load_it_has_answered_exactly_what_it_kept() {
    bounded(180, async {
        let (home, issuer) = enrolled().await;
        let mut kept = BTreeMap::new();
        for round in 0..3 {
            let server = home.serve(&["--interval-ms", "100"]);
            let client = server.client();
            let load: Vec<_> = (0..8)
                .map(|number| {
                    tokio::spawn(certify_until_refused(client, issuer.clone(), round, number))
                })
                .collect();
            // Until every connection has several receipts, give or take.
            client
                .wait_for("/readyz", |reply| {
                    reply.json()["head"]["documents"].as_u64() > Some(round * 500 + 100)
                })
                .await;
            assert_eq!(server.stop(), Some(0));
            for receipts in load {
                kept.extend(receipts.await.unwrap());
            }
            let found = certified(&home);
            assert!(found.iter().all(|leaf| kept.contains_key(leaf)), "kept, and nobody was told");
            assert_eq!(found.len(), kept.len(), "told, and not kept");
        }
        let server = home.serve(&[]);
        let client = server.client();
        for receipt in kept.values() {
            let same = client.get(receipt.header("location")).await;
            assert_eq!(same.body, receipt.body);
        }
    })
    .await;
}

/// Receipts by leaf, until the server takes no more.
async fn certify_until_refused(
    client: Client,
    issuer: Issuer,
    round: u64,
    number: u64,
) -> BTreeMap<Hash, Reply> {
    let mut receipts = BTreeMap::new();
    let mut connection = client.connect().await.unwrap();
    for turn in 0.. {
        let name = format!("{round}/{number}/{turn}");
        let sent = issuer.certify_made_up(&name, if turn % 4 == 0 { 20 } else { 1 });
        match connection.send(Method::POST, "/entries", sent.bytes).await {
            Ok(reply) if reply.status == 201 => receipts.insert(sent.leaf, reply),
            Ok(reply) => {
                assert!(reply.concise(503).contains("stopping: nothing was taken"));
                break;
            }
            Err(_) => break,
        };
    }
    receipts
}

/// Leaves of all certifications in the segments.
fn certified(home: &Home) -> Vec<Hash> {
    let reader = SegmentReader::open(&home.data().join("segments")).unwrap();
    let blocks = reader.scan_from(Position::FIRST, None);
    blocks
        .flat_map(|record| Block::decode(&record.unwrap().1).unwrap().entries)
        .filter(|entry| entry.as_certify().is_some())
        .map(|entry| entry.leaf())
        .collect()
}

/// More than the threads that a runtime lends for work that blocks.
const READERS: usize = 520;

#[tokio::test]
async fn readers_that_do_not_read_do_not_keep_issuers_waiting() {
    bounded(120, async {
        let (home, issuer) = enrolled().await;
        let server = home.serve(&["--interval-ms", "5", "--client-share", "1"]);
        let client = server.client();
        for number in 0..80 {
            let batch = issuer.certify_made_up(&format!("block {number}"), 3000);
            assert_eq!(client.post("/entries", batch.bytes).await.status, 201);
        }
        let mut hanging = Vec::new();
        for _ in 0..READERS {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_recv_buffer_size(4096).unwrap();
            let mut stream = socket.connect(client.address()).await.unwrap();
            stream.write_all(b"GET /blocks/from/0 HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
            // It has begun to be answered.
            stream.readable().await.unwrap();
            hanging.push(stream);
        }
        let batch = issuer.certify_made_up("while they hang", 3000);
        let answer =
            tokio::time::timeout(Duration::from_secs(20), client.post("/entries", batch.bytes));
        assert_eq!(answer.await.expect("an issuer waits for readers").status, 201);
        drop(hanging);
        assert_eq!(server.stop(), Some(0));
    })
    .await;
}

#[tokio::test]
async fn clients_that_hang_do_not_keep_it_from_stopping() {
    bounded(120, async {
        let (home, issuer) = enrolled().await;
        let server = home.serve(&["--interval-ms", "5"]);
        let client = server.client();
        // More than the buffers of a connection hold.
        for number in 0..12 {
            let batch = issuer.certify_made_up(&format!("large {number}"), 20_000);
            assert_eq!(client.post("/entries", batch.bytes).await.status, 201);
        }
        let mut hanging = Vec::new();
        for request in [
            "",
            "GET /blocks/0 HT",
            "GET /blocks/from/0 HTTP/1.1\r\nhost: x\r\n\r\n",
            "POST /entries HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf",
            "POST /verify HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        ] {
            let mut stream = TcpStream::connect(client.address()).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            hanging.push(stream);
        }
        // Its turn came after theirs.
        client.head().await;
        let clock = SystemClock::shared();
        assert_eq!(server.stop(), Some(0));
        assert!(clock.elapsed() < Duration::from_secs(30));
        drop(hanging);
        assert_eq!(certified(&home).len(), 12);
    })
    .await;
}
