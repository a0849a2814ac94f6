//! How answers travel: tags and caches, compression, browsers of other origins.

use std::collections::HashSet;

use hyper::Method;
use probant_core::Fingerprints;
use serde_json::json;

use crate::harness::{Client, Home, Reply, Server, bounded, varied::Varied};

async fn served() -> (Home, Server, Client, Varied) {
    let home = Home::init();
    let server = home.serve(&["--interval-ms", "5", "--heartbeat-s", "3600"]);
    let client = server.client();
    let varied = Varied::say(&home, &client).await;
    (home, server, client, varied)
}

async fn get(client: &Client, path: &str, headers: &[(&str, &str)]) -> Reply {
    client.send_with(Method::GET, path, headers, vec![]).await
}

#[tokio::test]
async fn what_may_change_has_a_tag_and_is_not_sent_again_while_it_is_the_same() {
    bounded(120, async {
        let (_home, _server, client, varied) = served().await;
        let document = varied.certified;
        let mutable = [
            format!("/documents/{document}"),
            format!("/documents/{document}/proof"),
            format!("/status/{document}"),
            format!("/prefixes/{}", &document.to_string()[..12]),
            "/issuers".into(),
            "/issuers/energie.example".into(),
            "/policy".into(),
            "/lineage".into(),
            "/checkpoint".into(),
            "/explorer".into(),
            "/explorer/days".into(),
            "/problems".into(),
            "/.well-known/scitt-keys".into(),
        ];
        let mut tags = HashSet::new();
        // A second on, no newer checkpoint comes.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        for path in &mutable {
            let first = client.get(path).await;
            let tag = first.header("etag").to_owned();
            assert!(tag.starts_with('"') && tag.len() == 34, "{path}: {tag}");
            assert!(tags.insert(tag.clone()), "{path}");
            let again = client.get(path).await;
            assert_eq!((again.header("etag"), &again.body), (&*tag, &first.body), "{path}");
            for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".into()] {
                let same = get(&client, path, &[("if-none-match", &known)]).await;
                assert_eq!((same.status.as_u16(), same.body.len()), (304, 0), "{path}");
                assert_eq!(same.header("etag"), tag);
                assert_eq!(same.header("cache-control"), first.header("cache-control"));
                assert_eq!((same.header("content-type"), same.header("content-length")), ("", ""));
            }
            let other = get(&client, path, &[("if-none-match", "\"x\"")]).await;
            assert_eq!((other.status.as_u16(), other.body), (200, first.body.clone()));
            let head = client.send(Method::HEAD, path, vec![]).await;
            assert_eq!((head.header("etag"), head.body.len()), (&*tag, 0));
            assert_eq!(head.header("content-length"), first.body.len().to_string(), "{path}");
        }
        // What changes has another tag.
        let path = format!("/documents/{document}");
        let before = client.get(&path).await.header("etag").to_owned();
        let sent = varied.issuer.certify_made_up("more", 1);
        assert_eq!(client.post("/entries", sent.bytes).await.status, 201);
        let changed = get(&client, &path, &[("if-none-match", &before)]).await;
        assert_eq!(changed.status, 200);
        // What never changes, or is true for a moment, needs none; nor does a problem.
        for path in ["/blocks/0", "/explorer/blocks/0", "/entries/0", "/readyz", "/blocks/99999"] {
            let reply = get(&client, path, &[("if-none-match", "*")]).await;
            assert_ne!(reply.status, 304, "{path}");
            assert_eq!(reply.header("etag"), "", "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn text_is_compressed_where_that_is_accepted_and_each_form_has_its_tag() {
    bounded(120, async {
        let (_home, _server, client, varied) = served().await;
        let path = "/explorer";
        let plain = client.get(path).await;
        assert_eq!(
            (plain.header("content-encoding"), plain.header("vary")),
            ("", "accept-encoding")
        );
        let mut forms = HashSet::from([plain.header("etag").to_owned()]);
        for coding in ["gzip", "br"] {
            let accept = ("accept-encoding", coding);
            let coded = get(&client, path, &[accept]).await;
            assert_eq!(coded.header("content-encoding"), coding);
            assert_eq!(coded.header("vary"), "accept-encoding");
            assert!(coded.body.len() < plain.body.len() / 2, "{}", coded.body.len());
            let tag = coded.header("etag").to_owned();
            assert!(forms.insert(tag.clone()), "{tag}");
            let same = get(&client, path, &[accept, ("if-none-match", &tag)]).await;
            assert_eq!((same.status.as_u16(), same.header("etag")), (304, &*tag));
            assert_eq!(same.header("vary"), "accept-encoding");
            // Another form's tag is not this one's.
            let other = get(&client, path, &[("if-none-match", &tag)]).await;
            assert_eq!((other.status.as_u16(), &other.body), (200, &plain.body));
        }
        // Hashes and signatures, and what is short, travel as they are.
        let root = varied.batch.root();
        for path in [
            "/blocks/0".to_owned(),
            "/blocks/from/0".into(),
            format!("/lists/{root}"),
            format!("/documents/{}/proof", varied.certified),
            "/policy".into(),
        ] {
            let reply = get(&client, &path, &[("accept-encoding", "gzip, br")]).await;
            assert_eq!(
                (reply.status.as_u16(), reply.header("content-encoding")),
                (200, ""),
                "{path}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_of_any_origin_may_ask_and_nothing_depends_on_which() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&[]);
        let client = server.client();
        let origin = ("origin", "https://bank.example");
        for path in ["/checkpoint", "/blocks/0", "/blocks/7", "/nothing"] {
            let asked = get(&client, path, &[origin]).await;
            let direct = client.get(path).await;
            assert_eq!(asked.header("access-control-allow-origin"), "*");
            assert!(asked.header("access-control-expose-headers").contains("retry-after"));
            assert_eq!(asked.header("access-control-allow-credentials"), "");
            assert_eq!((asked.header("vary"), &asked.body), (direct.header("vary"), &direct.body));
            assert_eq!(asked.header("x-content-type-options"), "nosniff");
            assert!(asked.header("content-security-policy").contains("default-src 'none'"));
        }
        for (path, sends) in [("/explorer", false), ("/documents", true), ("/entries", false)] {
            let method = if sends { "POST" } else { "GET" };
            let asks = [
                origin,
                ("access-control-request-method", method),
                ("access-control-request-headers", "content-type"),
            ];
            let allowed = client.send_with(Method::OPTIONS, path, &asks, vec![]).await;
            assert_eq!(allowed.status, 200);
            assert_eq!(allowed.header("access-control-allow-origin"), "*");
            assert!(allowed.header("access-control-allow-methods").contains(method));
            // Without leave for the type that it wants, no page sends a statement.
            assert_eq!(allowed.header("access-control-allow-methods").contains("POST"), sends);
            let types = allowed.header("access-control-allow-headers").contains("content-type");
            assert_eq!(types, sends);
        }
        let unknown = Fingerprints::of(b"nobody's").blake3.to_string();
        let body = json!({ "fingerprints": [unknown] }).to_string();
        let headers = [origin, ("content-type", "application/json")];
        let answer = client.send_with(Method::POST, "/documents", &headers, body.into()).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.json()["documents"][0]["verdict"], "unknown");
    })
    .await;
}

#[tokio::test]
async fn a_body_of_another_type_is_refused_and_one_without_is_read() {
    bounded(60, async {
        let (_home, _server, client, varied) = served().await;
        let bytes = varied.issuer.certify_made_up("typed", 1).bytes;
        let post = async |content_type: &str| {
            let headers = [("content-type", content_type)];
            client.send_with(Method::POST, "/entries", &headers, bytes.clone()).await
        };
        for wrong in ["application/cbor", "text/plain", "application/x-www-form-urlencoded", "x"] {
            assert!(post(wrong).await.concise(415).contains("application/cose"), "{wrong}");
        }
        for right in ["application/cose", "Application/COSE; cose-type=\"cose-sign1\""] {
            assert_eq!(post(right).await.status, 201, "{right}");
        }
        assert_eq!(client.post("/entries", bytes.clone()).await.status, 201);
        // But for a page: it could send that without being given leave.
        let page = [("origin", "https://evil.example")];
        let sent = client.send_with(Method::POST, "/entries", &page, bytes.clone()).await;
        assert!(sent.concise(415).contains("pages must say"));
    })
    .await;
}
