//! What one may have of the ledger: a client that asks too often, an issuer over its quota, and one
//! that floods, while others go on as if nothing were.

use std::time::Duration;

use probant_core::key::Use;

use crate::{
    harness::{Client, Home, Issuer, bounded, now_ms},
    raw,
};

fn from(last: u8) -> String {
    format!("x-forwarded-for: 192.0.2.{last}\r\n")
}

#[tokio::test]
async fn one_that_reads_too_often_is_told_and_others_go_on() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "5", "--read-rate", "1", "--behind-proxy", "1"]);
        let address = server.address;
        let mut refused = None;
        for _ in 0..30 {
            let came = raw::get(address, "/policy", &from(1)).await;
            if came.status() == 429 {
                refused = Some(came);
                break;
            }
            assert_eq!(came.status(), 200);
        }
        let refused = refused.expect("thirty are more than ten and those of a moment");
        refused.refuses(429, "/problems/rate-limited");
        assert!(refused.retry_after() >= 1);
        assert_eq!(raw::get(address, "/policy", &from(2)).await.status(), 200);
        for path in ["/healthz", "/readyz"] {
            assert_eq!(raw::get(address, path, &from(1)).await.status(), 200);
        }
        // Nor does it keep anybody there from writing.
        let issuer = Issuer::new(&home, "energie.example", 9);
        let enroll = issuer.enrollment(&home.key(Use::Operator));
        let came = raw::post(address, "/entries", &from(1), &enroll).await;
        assert_eq!(came.status(), 201, "{came:?}");
    })
    .await;
}

#[tokio::test]
async fn a_header_that_nobody_is_trusted_to_write_makes_no_client() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&["--read-rate", "1"]);
        let mut statuses = Vec::new();
        for number in 0..30 {
            statuses.push(raw::get(server.address, "/policy", &from(number)).await.status());
        }
        assert!(statuses.contains(&429), "{statuses:?}");
    })
    .await;
}

#[tokio::test]
async fn forgeries_are_bounded_and_cost_only_their_sender() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "5", "--read-rate", "1", "--behind-proxy", "1"]);
        let address = server.address;
        let issuer = Issuer::new(&home, "energie.example", 9);
        let enroll = issuer.enrollment(&home.key(Use::Operator));
        assert_eq!(raw::post(address, "/entries", &from(1), &enroll).await.status(), 201);
        let mut forged = issuer.certify_made_up("forged", 1).bytes;
        *forged.last_mut().unwrap() ^= 1;
        let mut statuses = Vec::new();
        for _ in 0..30 {
            statuses.push(raw::post(address, "/entries", &from(2), &forged).await.status());
        }
        let looked_at = statuses.iter().filter(|status| **status == 400).count();
        assert!((10..25).contains(&looked_at), "{statuses:?}");
        let came = raw::post(address, "/entries", &from(2), &forged).await;
        came.refuses(429, "nothing was taken");
        assert!(came.retry_after() >= 1);
        assert_eq!(raw::get(address, "/policy", &from(2)).await.status(), 429);
        // Accepted ones cost nobody anything, however many.
        for number in 0..30 {
            let sent = issuer.certify_made_up(&format!("bill {number}"), 1).bytes;
            assert_eq!(raw::post(address, "/entries", &from(1), &sent).await.status(), 201);
        }
        assert_eq!(raw::get(address, "/policy", &from(1)).await.status(), 200);
    })
    .await;
}

/// A day's quota is asked about within one day.
pub async fn away_from_midnight() {
    const DAY_MS: u64 = 24 * 60 * 60 * 1000;
    let left = Duration::from_millis(DAY_MS - now_ms() % DAY_MS);
    if left < Duration::from_secs(40) {
        tokio::time::sleep(left).await;
    }
}

async fn certify(client: &Client, issuer: &Issuer, name: &str, count: u32) -> u16 {
    let sent = issuer.certify_made_up(name, count).bytes;
    client.post("/entries", sent).await.status.as_u16()
}

async fn second_issuer(home: &Home, client: &Client) -> Issuer {
    let issuer = Issuer::new(home, "telecom.example", 8);
    let enroll = issuer.enrollment(&home.key(Use::Operator));
    assert_eq!(client.post("/entries", enroll).await.status, 201);
    issuer
}

#[tokio::test]
async fn an_issuer_over_its_quota_is_told_and_only_what_is_sealed_counts() {
    bounded(100, async {
        away_from_midnight().await;
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "5", "--issuer-documents-per-day", "100"]);
        let client = server.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        let other = second_issuer(&home, &client).await;
        // What is refused, or was sealed before, costs nothing; nor can a stranger spend it.
        let mut forged = issuer.certify_made_up("a", 60).bytes;
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(client.post("/entries", forged).await.status, 400);
        let sent = issuer.certify_made_up("a", 60).bytes;
        for _ in 0..3 {
            assert_eq!(client.post("/entries", sent.clone()).await.status, 201);
        }
        let refused = client.post("/entries", issuer.certify_made_up("b", 41).bytes).await;
        let said = refused.concise(429);
        assert!(said.contains("100 documents of energie.example a day (60 so far)"), "{said}");
        let retry_after: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=24 * 60 * 60).contains(&retry_after));
        assert_eq!(certify(&client, &issuer, "c", 40).await, 201);
        assert_eq!(certify(&client, &issuer, "d", 1).await, 429);
        assert_eq!(certify(&client, &other, "e", 100).await, 201);
        // Who governs the ledger has no quota.
        let third = Issuer::new(&home, "eau.example", 7);
        let enroll = third.enrollment(&home.key(Use::Operator));
        assert_eq!(client.post("/entries", enroll).await.status, 201);
    })
    .await;
}

#[tokio::test]
async fn statements_over_the_rate_come_back_by_the_second() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "5", "--issuer-rate", "1"]);
        let client = server.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        let mut accepted = 0;
        let refused = loop {
            let sent = issuer.certify_made_up(&format!("{accepted}"), 1).bytes;
            let reply = client.post("/entries", sent).await;
            if reply.status != 201 {
                break reply;
            }
            accepted += 1;
            assert!(accepted < 30);
        };
        assert!(accepted >= 10, "{accepted}");
        assert!(refused.concise(429).contains("1 statements of energie.example a second"));
        assert_eq!(refused.header("retry-after"), "1");
    })
    .await;
}

#[tokio::test]
async fn what_the_ledger_could_not_seal_is_given_back() {
    bounded(100, async {
        away_from_midnight().await;
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "5"]);
        let client = server.client();
        let (issuer, other) =
            (Issuer::enrolled(&home, &client).await, second_issuer(&home, &client).await);
        assert_eq!(server.stop(), Some(0));
        let quota = ["--interval-ms", "2000", "--pool", "1", "--issuer-documents-per-day", "10"];
        let server = home.serve(&quota);
        let client = server.client();
        // Another's statement fills the pool for two seconds.
        let held = other.certify_made_up("held", 1).bytes;
        let held = tokio::spawn(async move { client.post("/entries", held).await.status });
        let sent = issuer.certify_made_up("all of it", 10).bytes;
        client
            .wait_for("/metrics", |told| {
                String::from_utf8_lossy(&told.body).contains("probant_pool_statements 1\n")
            })
            .await;
        for _ in 0..5 {
            let busy = client.post("/entries", sent.clone()).await;
            assert!(busy.concise(503).contains("is full: nothing was taken"));
        }
        assert_eq!(held.await.unwrap(), 201);
        assert_eq!(client.post("/entries", sent).await.status, 201);
        assert_eq!(certify(&client, &issuer, "no more", 1).await, 429);
    })
    .await;
}

#[tokio::test]
async fn another_issuers_statement_is_in_the_next_block_however_much_one_sends() {
    bounded(120, async {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "5"]);
        let client = server.client();
        let (issuer, other) =
            (Issuer::enrolled(&home, &client).await, second_issuer(&home, &client).await);
        assert_eq!(server.stop(), Some(0));
        // Two of these reach the length of a block.
        let batches: Vec<_> = (0..16)
            .map(|number| issuer.certify_made_up(&format!("flood {number}"), 60_000))
            .collect();
        let server = home.serve(&["--interval-ms", "1500"]);
        let client = server.client();
        let sent = other.certify_made_up("the one bill", 1);
        let flood: Vec<_> = batches
            .into_iter()
            .map(|batch| {
                tokio::spawn(async move { client.post("/entries", batch.bytes).await.status })
            })
            .collect();
        client
            .wait_for("/metrics", |told| {
                let told = String::from_utf8_lossy(&told.body).into_owned();
                let waits =
                    told.lines().find_map(|line| line.strip_prefix("probant_pool_statements "));
                waits.is_some_and(|waits| waits.parse::<u32>().unwrap() >= 4)
            })
            .await;
        // A busy machine may have sealed some of the flood by now.
        let height = client.head().await.0;
        let receipt = client.post("/entries", sent.bytes).await;
        assert_eq!(receipt.status, 201);
        let receipt = probant_core::seal::Receipt::decode(&receipt.body).unwrap();
        let at = receipt.seal.height();
        for answer in flood {
            assert_eq!(answer.await.unwrap(), 201);
        }
        let last = client.head().await.0;
        assert!(at <= height + 2 && last >= at + 2, "{at} of {height} to {last}");
    })
    .await;
}
