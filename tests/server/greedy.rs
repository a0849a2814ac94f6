//! Clients that take all they can get, each of one thing: turns, connections, memory, patience. Each
//! has its share of it, and the next one is served.

use std::net::SocketAddr;

use futures_util::future::join_all;
use hyper::Method;
use probant_core::key::Use;
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpSocket, TcpStream},
};

use crate::{
    harness::{Client, Home, Issuer, bounded},
    raw::{self, Came},
};

fn from(last: u8) -> String {
    format!("x-forwarded-for: 192.0.2.{last}\r\n")
}

/// Begins a request, and does not end it.
async fn begun(address: SocketAddr, request: &str, body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    // What is refused may be closed to the rest.
    let _ = stream.write_all(body).await;
    stream
}

/// Asks until the answer is the one that is awaited: what was sent may not have been read yet.
async fn until(ask: impl AsyncFn() -> Came, status: u16) -> Came {
    loop {
        let came = ask().await;
        if came.status() == status {
            return came;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn who_sends_nothing_holds_no_turn_of_another() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&["--behind-proxy", "1"]);
        let (address, client) = (server.address, server.client());
        let mut silent = Vec::new();
        for (path, count) in [("/documents", 70), ("/verify", 40)] {
            let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\n{}", from(1));
            let head = format!("{head}content-length: 100\r\n\r\n");
            for _ in 0..count {
                silent.push(begun(address, &head, b"{").await);
            }
        }
        let verify = async |last| raw::post(address, "/verify", &from(last), b"bill").await;
        let own = until(async || verify(1).await, 503).await;
        own.refuses(503, "as one address may");
        assert!(own.retry_after() >= 1);
        assert_eq!(verify(2).await.status(), 200);
        let asked = br#"{"fingerprints":["blake3:0000000000000000000000000000000000000000000000000000000000000000"]}"#;
        for last in [1, 2] {
            assert_eq!(raw::post(address, "/documents", &from(last), asked).await.status(), 200);
        }
        assert_eq!(client.get("/healthz").await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn who_has_much_proved_leaves_turns_to_others() {
    bounded(120, async {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "5", "--behind-proxy", "1"]);
        let (address, client) = (server.address, server.client());
        let issuer = Issuer::enrolled(&home, &client).await;
        let batch = issuer.certify_made_up("batch", 5000);
        let document = batch.documents.iter().next().unwrap().to_string();
        assert_eq!(client.post("/entries", batch.bytes).await.status, 201);
        let (height, _) = client.head().await;
        let found = client.get(&format!("/documents/{document}")).await.json();
        let entry = &found["certifications"][0]["entry"];
        let much = format!("/proofs/statuses/{entry}/{height}");
        let greedy = (0..70).map(|_| {
            let much = much.clone();
            tokio::spawn(async move { raw::get(address, &much, &from(1)).await.status() })
        });
        let greedy: Vec<_> = greedy.collect();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let asked = raw::get(address, &format!("/status/{document}"), &from(2)).await;
        assert_eq!(asked.status(), 200, "{asked:?}");
        let answers: Vec<_> = join_all(greedy).await.into_iter().map(Result::unwrap).collect();
        assert!(answers.contains(&200) && answers.contains(&503), "{answers:?}");
    })
    .await;
}

#[tokio::test]
async fn one_address_has_its_share_of_the_connections() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&["--connections", "16"]);
        let client = server.client();
        let mut taken = Vec::new();
        for _ in 0..2 {
            let mut one = client.connect().await.unwrap();
            one.send(Method::GET, "/healthz", Vec::new()).await.unwrap();
            taken.push(one);
        }
        let refused = raw::get(server.address, "/checkpoint", "").await;
        refused.refuses(503, "or of this address");
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        let mut other = socket.connect(server.address).await.unwrap();
        let asks = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        other.write_all(asks).await.unwrap();
        assert_eq!(raw::read(&mut other).await.status(), 200);
        taken.pop();
        let ask = async || raw::get(server.address, "/healthz", "").await;
        assert_eq!(until(ask, 200).await.status(), 200);
    })
    .await;
}

#[tokio::test]
async fn metrics_take_no_files_from_the_ledger() {
    bounded(60, async {
        let home = Home::init();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let server = home.serve(&["--metrics-listen", &free.to_string()]);
        let watcher = Client::new(free);
        let mut taken = Vec::new();
        for _ in 0..16 {
            let mut one = watcher.connect().await.unwrap();
            one.send(Method::GET, "/metrics", Vec::new()).await.unwrap();
            taken.push(one);
        }
        raw::get(free, "/metrics", "").await.refuses(503, "/problems/overloaded");
        assert_eq!(server.client().get("/healthz").await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn bodies_and_answers_that_are_not_read_have_so_much_room() {
    bounded(120, async {
        let home = Home::init();
        let limits = ["--buffered-bytes", "4000000", "--client-share", "2"];
        let server =
            home.serve(&[&["--interval-ms", "5", "--behind-proxy", "1"][..], &limits].concat());
        let (address, client) = (server.address, server.client());
        let issuer = Issuer::enrolled(&home, &client).await;
        let large = issuer.certify_made_up("large", 28_000);
        let (bytes, root) = (large.bytes, large.documents.root());
        let submit =
            async |last, bytes: &[u8]| raw::post(address, "/entries", &from(last), bytes).await;
        // Each sends nearly two million bytes, and not the last of them.
        let half = async |last| {
            let head = format!("POST /entries HTTP/1.1\r\nhost: x\r\n{}", from(last));
            let head = format!("{head}content-length: 2000000\r\n\r\n");
            begun(address, &head, &vec![7; 1_900_000]).await
        };
        // Again where they have not been read yet: what is sent meanwhile might take their room.
        let (crowded, halves) = loop {
            let halves = [half(1).await, half(2).await];
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            let came = submit(3, &bytes).await;
            if came.status() == 503 {
                break (came, halves);
            }
        };
        crowded.refuses(503, "nothing was taken");
        assert!(crowded.retry_after() >= 1);
        // Short ones need no room.
        let small = issuer.certify_made_up("small", 1).bytes;
        assert_eq!(submit(1, &small).await.status(), 201);
        drop(halves);
        assert_eq!(until(async || submit(3, &bytes).await, 201).await.status(), 201);
        client.wait_for("/readyz", |reply| reply.json()["lag_blocks"] == 0).await;
        let path = format!("/lists/{root}");
        let unread = async |last| {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_recv_buffer_size(4096).unwrap();
            let mut stream = socket.connect(address).await.unwrap();
            let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\n{}\r\n", from(last));
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.readable().await.unwrap();
            stream
        };
        let list = async |last| raw::get(address, &path, &from(last)).await;
        let mut hanging = Vec::new();
        for last in [1, 1, 2, 2] {
            hanging.push(unread(last).await);
        }
        for last in [1, 3] {
            let refused = list(last).await;
            assert_eq!(refused.status(), 503, "of client {last}");
            refused.refuses(503, "on its way to clients");
        }
        assert_eq!(raw::get(address, "/policy", &from(3)).await.status(), 200);
        hanging.truncate(1);
        assert_eq!(until(async || list(3).await, 200).await.status(), 200);
    })
    .await;
}

#[tokio::test]
async fn who_sends_again_what_is_sealed_pays_and_one_who_lost_an_answer_gets_it() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "5", "--read-rate", "1", "--behind-proxy", "1"]);
        let address = server.address;
        let issuer = Issuer::new(&home, "energie.example", 9);
        let enroll = issuer.enrollment(&home.key(Use::Operator));
        let submit =
            async |last| raw::post(address, "/entries", &from(last), &enroll).await.status();
        for _ in 0..5 {
            assert_eq!(submit(1).await, 201);
        }
        let mut statuses = Vec::new();
        for _ in 0..30 {
            statuses.push(submit(2).await);
        }
        let answered = statuses.iter().filter(|status| **status == 201).count();
        assert!((10..25).contains(&answered) && statuses.contains(&429), "{statuses:?}");
        assert_eq!(submit(1).await, 201);
    })
    .await;
}

#[tokio::test]
async fn a_page_does_not_keep_those_who_look_at_it_from_writing() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "5", "--read-rate", "1", "--behind-proxy", "1"]);
        let address = server.address;
        let enroll = Issuer::new(&home, "energie.example", 9).enrollment(&home.key(Use::Operator));
        let mut forged = enroll.clone();
        *forged.last_mut().unwrap() ^= 1;
        // All that a page may send without being given leave.
        let origin = format!("origin: https://evil.example\r\n{}", from(1));
        for of_type in ["content-type: text/plain\r\n", ""] {
            for _ in 0..20 {
                let headers = format!("{of_type}{origin}");
                assert_eq!(raw::post(address, "/entries", &headers, &forged).await.status(), 415);
            }
        }
        assert_eq!(raw::post(address, "/entries", &from(1), &enroll).await.status(), 201);
    })
    .await;
}

#[tokio::test]
async fn asking_for_leave_is_asking() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&["--read-rate", "1"]);
        let headers =
            [("origin", "https://bank.example"), ("access-control-request-method", "GET")];
        let mut limited = None;
        for _ in 0..30 {
            let asked =
                server.client().send_with(Method::OPTIONS, "/checkpoint", &headers, vec![]).await;
            assert!(!asked.header("x-request-id").is_empty());
            assert_eq!(asked.header("access-control-allow-origin"), "*");
            if asked.status == 429 {
                limited = Some(asked);
            }
        }
        assert!(limited.expect("thirty are more than ten").problem(429).contains("try again"));
    })
    .await;
}

#[tokio::test]
async fn a_hangup_without_a_certificate_is_no_reason_to_end() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&[]);
        server.signal("-HUP");
        for _ in 0..10 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            assert_eq!(server.client().get("/healthz").await.status, 200);
        }
        assert_eq!(server.stop(), Some(0));
    })
    .await;
}
