//! Clients that are slow, long-winded, many, or do not read: each meets its limit, and nobody else
//! notices.

use std::{process::Command, time::Duration};

use probant::clock::SystemClock;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::sleep,
};

use crate::{
    harness::{Client, Home, Issuer, bounded},
    raw,
};

async fn opened(client: &Client, sent: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(client.address()).await.unwrap();
    stream.write_all(sent).await.unwrap();
    stream
}

#[tokio::test]
async fn heads_that_do_not_come_and_idle_connections_are_closed() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&["--head-timeout-s", "1"]);
        let client = server.client();
        let whole = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
        let mut trickling = opened(&client, &whole[..9]).await;
        for byte in &whole[9..] {
            sleep(Duration::from_millis(100)).await;
            if trickling.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
        assert_eq!(raw::read(&mut trickling).await.0, "");
        assert_eq!(raw::read(&mut opened(&client, b"").await).await.0, "");
        // One that was answered, and asks nothing more.
        assert_eq!(raw::read(&mut opened(&client, whole).await).await.status(), 200);
    })
    .await;
}

#[tokio::test]
async fn bodies_that_trickle_are_given_up() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&["--body-timeout-s", "1"]);
        let client = server.client();
        let before = client.head().await;
        for (path, words) in
            [("/entries", "the body did not arrive in time"), ("/verify", "/problems/timeout")]
        {
            let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n");
            let mut silent = opened(&client, format!("{head}half").as_bytes()).await;
            let mut trickling = opened(&client, head.as_bytes()).await;
            for _ in 0..20 {
                sleep(Duration::from_millis(100)).await;
                if trickling.write_all(b".").await.is_err() {
                    break;
                }
            }
            for stream in [&mut silent, &mut trickling] {
                let came = raw::read(stream).await;
                came.refuses(408, words);
                assert_eq!(came.header("connection"), "close");
                assert!(came.retry_after() >= 1, "{came:?}");
            }
        }
        // One that comes slowly, and fast enough.
        let mut stream = opened(
            &client,
            b"POST /verify HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 20000\r\n\r\n",
        )
        .await;
        for _ in 0..20 {
            sleep(Duration::from_millis(100)).await;
            stream.write_all(&[b'.'; 1000]).await.unwrap();
        }
        assert_eq!(raw::read(&mut stream).await.status(), 200);
        assert_eq!(client.head().await, before);
    })
    .await;
}

#[tokio::test]
async fn who_is_still_sending_too_much_comes_to_read_that_it_is() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&["--document-bytes-max", "1000"]);
        let client = server.client();
        for (path, words) in [("/entries", "Content Too Large"), ("/verify", "/problems/too-large")]
        {
            // All of it is sent before anything is read; announced or not.
            let body = vec![7; 24 << 20];
            raw::post(client.address(), path, "", &body).await.refuses(413, words);
            let chunked = format!(
                "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: \
                 chunked\r\n\r\n1800000\r\n"
            );
            let sent = [chunked.as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
            raw::send(client.address(), &sent).await.refuses(413, words);
            // Whoever asks first is told before it sends.
            let waits = format!(
                "POST {path} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: \
                 99999999\r\n\r\n"
            );
            raw::send(client.address(), waits.as_bytes()).await.refuses(413, words);
        }
        // A body that nobody asked for.
        assert_eq!(
            raw::post(client.address(), "/checkpoint", "", &vec![7; 9 << 20]).await.status(),
            405
        );
        assert_eq!(client.get("/healthz").await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&[]);
        let address = server.address;
        let padding = |bytes| format!("x-padding: {}\r\n", "x".repeat(bytes));
        assert_eq!(raw::get(address, "/healthz", &padding(15_000)).await.status(), 200);
        let came = raw::get(address, "/checkpoint", &padding(17_000)).await;
        came.refuses(431, "/problems/headers-too-large");
        assert_eq!(raw::get(address, "/healthz", &padding(1_000_000)).await.status(), 431);
        let long = format!("/documents/{}", "x".repeat(100_000));
        assert!([414, 431].contains(&raw::get(address, &long, "").await.status()));
    })
    .await;
}

#[tokio::test]
async fn more_connections_than_there_are_wait_and_are_told_to_come_back() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&["--connections", "2", "--client-share", "1"]);
        let client = server.client();
        // Each has been answered, and so has its place.
        let mut taken = Vec::new();
        for _ in 0..2 {
            let mut one = client.connect().await.unwrap();
            one.send(hyper::Method::GET, "/healthz", Vec::new()).await.unwrap();
            taken.push(one);
        }
        let came = raw::get(client.address(), "/checkpoint", "").await;
        came.refuses(503, "/problems/overloaded");
        assert!(came.retry_after() >= 1);
        // Whoever waits while one ends is served.
        let waiting = raw::get(client.address(), "/healthz", "");
        let (came, ()) = tokio::join!(waiting, async {
            sleep(Duration::from_millis(50)).await;
            taken.pop();
        });
        assert_eq!(came.status(), 200);
        assert_eq!(client.get("/healthz").await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn clients_that_do_not_read_are_cut_off_and_slow_ones_are_served() {
    bounded(120, async {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "5", "--write-timeout-s", "2"]);
        let client = server.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        for number in 0..16 {
            let batch = issuer.certify_made_up(&format!("large {number}"), 30_000);
            assert_eq!(client.post("/entries", batch.bytes).await.status, 201);
        }
        client.wait_for("/readyz", |reply| reply.json()["lag_blocks"] == 0).await;
        let whole = client.get("/blocks/from/0").await.body.len();
        let ask = async || {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_recv_buffer_size(64 << 10).unwrap();
            let mut stream = socket.connect(client.address()).await.unwrap();
            let request = b"GET /blocks/from/0 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            stream.write_all(request).await.unwrap();
            stream
        };
        let (mut hanging, mut slow) = (ask().await, ask().await);
        let clock = SystemClock::shared();
        let (mut read, mut piece) = (0, vec![0; 1 << 20]);
        // Six times as long as one may hang.
        while clock.elapsed() < Duration::from_secs(6) {
            read += slow.read(&mut piece[..300_000]).await.unwrap();
            sleep(Duration::from_millis(250)).await;
        }
        loop {
            match slow.read(&mut piece).await.unwrap() {
                0 => break,
                count => read += count,
            }
        }
        assert!(read > whole, "{read} of {whole}, and the framing of chunks");
        assert!(raw::read(&mut hanging).await.0.len() < whole);
    })
    .await;
}

/// Limits how many files a process may have open.
fn limit_files(id: u32, files: &str) {
    let limit = format!("--nofile={files}");
    let done = Command::new("prlimit").args(["--pid", &id.to_string(), &limit]).status();
    assert!(done.expect("`prlimit` (util-linux) is there").success());
}

#[tokio::test]
async fn without_files_to_open_it_waits_for_some_and_goes_on() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "5"]);
        let client = server.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        let mut open = client.connect().await.unwrap();
        open.send(hyper::Method::GET, "/healthz", Vec::new()).await.unwrap();
        limit_files(server.id(), "3:");
        let mut newcomer = opened(&client, b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
        let mut first = [0; 12];
        let answered = newcomer.read_exact(&mut first);
        assert!(tokio::time::timeout(Duration::from_secs(1), answered).await.is_err());
        // Whoever is there is served.
        let sent = issuer.certify_made_up("while it cannot open a file", 1);
        let reply = open.send(hyper::Method::POST, "/entries", sent.bytes).await.unwrap();
        assert_eq!(reply.status, 201);
        limit_files(server.id(), "1024:");
        newcomer.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        assert!(home.log().contains("no connection can be taken"), "{}", home.log());
        assert_eq!(server.stop(), Some(0));
    })
    .await;
}

#[tokio::test]
async fn few_files_to_open_are_few_connections() {
    let home = Home::init();
    let mut command = Command::new("prlimit");
    command.args(["--nofile=400", "--"]).arg(env!("CARGO_BIN_EXE_probant")).arg("serve");
    // It says so before it finds that there is nothing to serve.
    let nothing = home.folder().join("nothing");
    command.arg("--data").arg(nothing).arg("--keys").arg(home.keys());
    let output = command.args(["--listen", "127.0.0.1:0"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("too few files for 4096 connections at once: it serves 16"), "{said}");
    assert!(said.contains("holds no ledger"), "{said}");
}
