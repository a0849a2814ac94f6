//! Ledgers over HTTP: whole, broken off, spoilt, absent.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
};

use super::*;

fn record(block: &[u8]) -> Vec<u8> {
    let length = u32::try_from(block.len()).unwrap().to_le_bytes();
    let covered = [&length, block].concat();
    [&covered[..], &crc32fast::hash(&covered).to_le_bytes()].concat()
}

fn records(blocks: &[Vec<u8>]) -> Vec<u8> {
    blocks.iter().flat_map(|block| record(block)).collect()
}

/// The report on a server that gives one answer, in pieces, and hangs up.
fn answered(head: &str, body: &[u8]) -> Result<Report, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (head, body) = (head.to_owned(), body.to_vec());
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let count = socket.read(&mut request).unwrap();
        assert!(request[..count].starts_with(b"GET /blocks/from/0 HTTP/1.1\r\n"));
        write!(socket, "HTTP/1.1 {head}\r\nconnection: close\r\n\r\n").unwrap();
        // The client may hang up first, where what it got is wrong.
        let _ = body.chunks(777).try_for_each(|piece| socket.write_all(piece));
    });
    let report = open(&url).map(|blocks| audit(blocks, &settings(None), &mut |_| {}));
    server.join().unwrap();
    report
}

fn stream(declared: usize, body: &[u8]) -> Report {
    let kind = "content-type: application/octet-stream";
    answered(&format!("200 OK\r\n{kind}\r\ncontent-length: {declared}"), body).unwrap()
}

#[test]
fn a_ledger_is_audited_over_http() {
    let world = ledger();
    let body = records(&world.encode());
    let report = stream(body.len(), &body);
    assert_eq!(report.exit_code(), 0, "{report}");
    assert_eq!(report.passed.unwrap().root, world.chain.head().root.to_string());
    assert_eq!(report.notes.len(), 1);
}

#[test]
fn a_stream_that_breaks_off_or_is_spoilt_names_the_block() {
    let blocks = ledger().encode();
    let (body, four) = (records(&blocks), records(&blocks[..4]).len());
    let unreadable = |declared: usize, body: &[u8]| {
        let report = stream(declared, body);
        let code = report.exit_code();
        let unreadable = report.unreadable.unwrap();
        assert!(unreadable.why.contains(&format!("block {}", unreadable.block)));
        (code, unreadable.block)
    };
    assert_eq!(unreadable(body.len(), &body[..four + 100]), (3, 4), "the server died");
    assert_eq!(unreadable(body.len(), &body[..four]), (3, 4), "between two blocks");
    assert_eq!(unreadable(four + 100, &body[..four + 100]), (3, 4), "a proxy cut it");
    assert_eq!(unreadable(four + 2, &body[..four + 2]), (3, 4), "within a length");
    let mut spoilt = body.clone();
    spoilt[four + 50] ^= 1;
    assert_eq!(unreadable(body.len(), &spoilt), (4, 4));
    let mut long = body.clone();
    long[four..four + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(unreadable(body.len(), &long), (4, 4));
}

#[test]
fn what_is_no_ledger_and_what_does_not_answer_are_told_apart() {
    let code = |head: &str| answered(head, b"").err().unwrap().exit_code();
    assert_eq!(code("404 Not Found\r\ncontent-length: 0"), 2);
    assert_eq!(code("200 OK\r\ncontent-type: text/html\r\ncontent-length: 0"), 2);
    assert_eq!(code("503 Service Unavailable\r\ncontent-length: 0"), 3);
    let elsewhere = "308 Permanent Redirect\r\nlocation: http://127.0.0.1:1\r\ncontent-length: 0";
    let elsewhere = answered(elsewhere, b"").err().unwrap();
    assert!(elsewhere.to_string().contains("sends elsewhere"), "not followed: {elsewhere}");
    assert_eq!(open("http://127.0.0.1:1").err().unwrap().exit_code(), 3);
    assert_eq!(open("http://[").err().unwrap().exit_code(), 2);
}
