//! What is told to those who watch: `/metrics`, read strictly, and a log that names no document.

use std::collections::BTreeMap;

use crate::{
    harness::{Client, Home, Issuer, bounded},
    raw,
};

type Samples = BTreeMap<String, f64>;

/// Reads `OpenMetrics` text, and fails on what is none: every line is a sample of a family that was
/// described before, once, and the end is said.
fn parse(text: &str) -> Samples {
    let (mut samples, mut kinds) = (Samples::new(), BTreeMap::new());
    let body = text.strip_suffix("# EOF\n").expect("the end is said");
    for line in body.lines() {
        if let Some(described) = line.strip_prefix("# ") {
            let mut words = described.splitn(3, ' ');
            let (what, name, rest) = (words.next(), words.next().unwrap(), words.next().unwrap());
            assert!(matches!(what, Some("HELP" | "TYPE" | "UNIT")), "{line}");
            if what == Some("TYPE") {
                assert!(["counter", "gauge", "histogram"].contains(&rest), "{line}");
                assert!(kinds.insert(name.to_owned(), rest.to_owned()).is_none(), "{line}");
            }
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
        let family = name.split('{').next().unwrap();
        let labels = name.strip_prefix(family).unwrap();
        assert!(
            labels.is_empty() || (labels.starts_with('{') && labels.ends_with("\"}")),
            "{line}"
        );
        let ends: &[&str] = match kind_of(&kinds, family) {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_sum", "_count"],
            _ => &[""],
        };
        assert!(ends.iter().any(|end| family.ends_with(end)), "{line}");
        assert!(samples.insert(name.to_owned(), value).is_none(), "twice: {line}");
    }
    samples
}

fn kind_of<'a>(kinds: &'a BTreeMap<String, String>, sample: &str) -> &'a str {
    let ends = ["", "_total", "_bucket", "_sum", "_count"];
    let mut names = ends.iter().filter_map(|end| sample.strip_suffix(end));
    let kind = names.find_map(|name| kinds.get(name));
    kind.unwrap_or_else(|| panic!("{sample} was not described"))
}

/// Whether a figure is this whole number.
fn is(figure: f64, number: u32) -> bool {
    (figure - f64::from(number)).abs() < 1e-9
}

async fn scrape(client: &Client) -> Samples {
    let told = client.get("/metrics").await;
    let body =
        told.expect(200, "application/openmetrics-text; version=1.0.0; charset=utf-8", "no-store");
    parse(std::str::from_utf8(&body).unwrap())
}

#[tokio::test]
async fn figures_move_with_what_happens() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "5", "--read-rate", "1"]);
        let client = server.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        let before = scrape(&client).await;
        assert!(before["process_start_time_seconds"] > 1.7e9);
        assert!(is(before["probant_ready"], 1));
        let sent = issuer.certify_made_up("bill", 7);
        assert_eq!(client.post("/entries", sent.bytes.clone()).await.status, 201);
        assert_eq!(client.post("/entries", sent.bytes.clone()).await.status, 201);
        let mut forged = issuer.certify_made_up("forged", 1).bytes;
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(client.post("/entries", forged).await.status, 400);
        let document = sent.documents.iter().next().unwrap();
        client.get(&format!("/documents/{document}")).await;
        assert_eq!(client.get(&format!("/nothing/{document}")).await.status, 404);
        let after = scrape(&client).await;
        let moved = |name: &str| {
            after.get(name).copied().unwrap_or_default()
                - before.get(name).copied().unwrap_or_default()
        };
        for (name, by) in [
            ("probant_submissions_total{outcome=\"accepted\"}", 2),
            ("probant_submissions_total{outcome=\"refused\"}", 1),
            ("probant_refusals_total{code=\"signature\"}", 1),
            ("probant_head_height", 1),
            ("probant_head_entries", 2),
            ("probant_head_documents", 7),
            ("probant_seal_seconds_count", 1),
            ("probant_append_seconds_count", 1),
            (
                "probant_http_requests_total{method=\"GET\",route=\"/documents/{fingerprint}\",\
                 status=\"200\"}",
                1,
            ),
            ("probant_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"}", 1),
            ("probant_http_requests_total{method=\"POST\",route=\"/entries\",status=\"400\"}", 1),
            ("probant_http_request_seconds_count{route=\"/entries\"}", 3),
        ] {
            assert!(is(moved(name), by), "{name}, from {before:#?} to {after:#?}");
        }
        for name in ["probant_pool_statements", "probant_pool_bytes", "probant_lookup_lag_blocks"] {
            assert!(after.contains_key(name), "{name}");
        }
        assert!(after["probant_append_seconds_sum"] <= after["probant_seal_seconds_sum"]);
        assert!(after["probant_http_connections"] >= 1.0);
        assert!(after.keys().all(|name| !name.contains(&document.to_string())));
    })
    .await;
}

#[tokio::test]
async fn on_a_listener_of_their_own_they_are_there_only() {
    bounded(60, async {
        let home = Home::init();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let server = home.serve(&["--read-rate", "1", "--metrics-listen", &free.to_string()]);
        assert_eq!(server.client().get("/metrics").await.status, 404);
        let mut limited = 0;
        for _ in 0..30 {
            if server.client().get("/policy").await.status == 429 {
                limited += 1;
            }
        }
        let watcher = Client::new(free);
        let told = scrape(&watcher).await;
        assert!(is(told["probant_http_rate_limited_total{of=\"reading\"}"], limited));
        assert!(limited > 0);
        assert_eq!(watcher.get("/policy").await.status, 404);
        assert_eq!(server.stop(), Some(0));
    })
    .await;
}

#[tokio::test]
async fn the_log_has_every_request_and_no_document() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve_logging("trace", &["--interval-ms", "5", "--log-format", "json"]);
        let client = server.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        let sent = issuer.certify_made_up("bill", 3);
        assert_eq!(client.post("/entries", sent.bytes.clone()).await.status, 201);
        let documents: Vec<_> = sent.documents.iter().map(|one| one.to_string()).collect();
        for document in &documents {
            for path in ["/documents/", "/status/", "/nothing/", "/documents/x"] {
                client.get(&format!("{path}{document}")).await;
            }
            client.get(&format!("/documents/{document}/proof")).await;
        }
        client.post("/verify", b"bill-0".to_vec()).await;
        client.post("/entries", sent.bytes[..90].to_vec()).await;
        // The client's name for it comes back, unless it is none.
        let document = &documents[0];
        let hex = document.split_once(':').unwrap().1;
        let named = |id: &str| format!("x-request-id: {id}\r\n");
        let came =
            raw::get(server.address, &format!("/documents/{document}"), &named("mine-1")).await;
        assert_eq!(came.header("x-request-id"), "mine-1");
        // What caches keep says nothing of whoever came first.
        let kept = raw::get(server.address, "/blocks/0", &named("mine-2")).await;
        assert_eq!((kept.status(), kept.header("x-request-id")), (200, ""));
        let came = raw::get(server.address, "/healthz", &named(hex)).await;
        assert!(!came.header("x-request-id").is_empty() && came.header("x-request-id") != hex);
        assert_eq!(server.stop(), Some(0));
        let log = home.log();
        for document in &documents {
            let hex = document.split_once(':').unwrap().1;
            assert!(!log.contains(hex), "{document} is in the log");
        }
        let lines: Vec<serde_json::Value> =
            log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        let requests: Vec<_> =
            lines.iter().filter(|line| line["target"] == "probant::request").collect();
        assert_eq!(requests.len(), 1 + 1 + 3 * 5 + 2 + 3, "{log}");
        let mine = requests.iter().find(|line| line["id"] == "mine-1").expect("it is there");
        assert_eq!(mine["method"], "GET");
        assert_eq!(mine["route"], "/documents/{fingerprint}");
        assert_eq!(mine["status"], 200);
        assert!(mine["ms"].is_u64() && mine["bytes"].as_u64() > Some(0), "{mine}");
    })
    .await;
}
