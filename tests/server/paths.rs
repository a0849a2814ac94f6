//! Paths, methods and names that make no sense: always a problem that a program can read, never a
//! failure of the ledger.

use hyper::Method;

use crate::harness::{Home, bounded};

const NUMBERS: [&str; 9] = [
    "18446744073709551616", // 2^64
    "99999999999999999999999999999",
    "-1",
    "+1",
    "01",
    "0x1",
    "1.0",
    "%00",
    "%ff%fe",
];

#[tokio::test]
async fn a_number_that_is_none_is_a_problem_of_the_client() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&[]);
        let client = server.client();
        let fingerprint = format!("blake3:{}", "0".repeat(64));
        for number in NUMBERS {
            client.get(&format!("/blocks/{number}")).await.problem(400);
            client.get(&format!("/blocks/from/{number}")).await.problem(400);
            client.get(&format!("/documents/{fingerprint}/proof/{number}")).await.problem(400);
            client.get(&format!("/entries/{number}")).await.concise(404);
        }
        for number in ["7", "18446744073709551615", "9223372036854775808"] {
            client.get(&format!("/blocks/{number}")).await.problem(404);
            client.get(&format!("/blocks/from/{number}")).await.problem(404);
            client.get(&format!("/documents/{fingerprint}/proof/{number}")).await.problem(404);
            client.get(&format!("/entries/{number}")).await.concise(404);
        }
        assert_eq!(client.head().await, (0, 2));
        assert_eq!(server.stop(), Some(0));
    })
    .await;
}

#[tokio::test]
async fn a_name_has_one_spelling_and_an_unknown_one_is_said_to_be_unknown() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&[]);
        let client = server.client();
        let digits = "ab".repeat(32);
        for wrong in [
            digits.clone(),
            format!("blake3:{}", digits.to_uppercase()),
            format!("BLAKE3:{digits}"),
            format!("blake3:{}", &digits[1..]),
            format!("blake3:{digits}0"),
            format!("sha256:{digits}"),
            format!("md5:{digits}"),
            "blake3%ff".into(),
            "x".repeat(5000),
        ] {
            let detail = client.get(&format!("/documents/{wrong}")).await.problem(400);
            assert!(detail.starts_with("fingerprint") || wrong.contains('%'), "{detail}");
            client.get(&format!("/documents/{wrong}/proof")).await.problem(400);
            client.get(&format!("/documents/{wrong}/proof/1")).await.problem(400);
        }
        for right in ["blake3", "sha-256"].map(|name| format!("{name}:{digits}")) {
            let answer = client.get(&format!("/documents/{right}")).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json()["verdict"]),
                (200, &"unknown".into())
            );
            assert!(
                client
                    .get(&format!("/documents/{right}/proof"))
                    .await
                    .problem(404)
                    .contains("unknown")
            );
        }
        for root in ["0", &digits[1..], &"g".repeat(64), "%ff", "..%2f..%2fsettings.json"] {
            client.get(&format!("/lists/{root}")).await.problem(400);
        }
        client.get(&format!("/lists/{digits}")).await.problem(404);
        for kid in ["0", "%ff", "..%2fseal.pem"] {
            client.get(&format!("/.well-known/scitt-keys/{kid}")).await.concise(404);
        }
        assert_eq!(client.head().await, (0, 2));
    })
    .await;
}

#[tokio::test]
async fn a_wrong_method_names_the_right_ones_and_an_unknown_path_says_so() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&[]);
        let client = server.client();
        let get = [
            "/entries/0",
            "/documents/x",
            "/documents/x/proof",
            "/blocks/0",
            "/blocks/from/0",
            "/lists/x",
            "/checkpoint",
            "/issuers",
            "/.well-known/scitt-keys",
            "/healthz",
            "/readyz",
        ];
        for (paths, method, allowed) in [
            (&get[..], Method::POST, "GET,HEAD"),
            (&get[..], Method::DELETE, "GET,HEAD"),
            (&["/entries", "/verify"], Method::GET, "POST"),
            (&["/entries", "/verify"], Method::PUT, "POST"),
        ] {
            for path in paths {
                let reply = client.send(method.clone(), path, Vec::new()).await;
                assert_eq!(reply.header("allow"), allowed, "{method} {path}");
                reply.problem(405);
            }
        }
        for path in ["/nothing", "/entries/", "/blocks/", "/blocks/0/0", "//blocks/0", "/%2e%2e/"] {
            client.get(path).await.problem(404);
        }
        let head = client.send(Method::HEAD, "/blocks/0", Vec::new()).await;
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
        assert_eq!(client.head().await, (0, 2));
    })
    .await;
}

#[tokio::test]
async fn a_tree_grows_from_a_smaller_one_only() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&[]);
        let client = server.client();
        let detail = client.get("/proofs/consistency/0/1").await.problem(400);
        assert!(detail.contains("from 0"), "{detail}");
        for (from, to) in [(2, 1), (u64::MAX, 2), (1, 3), (1, u64::MAX)] {
            client.get(&format!("/proofs/consistency/{from}/{to}")).await.problem(404);
        }
        let same = client.get("/proofs/consistency/2/2").await;
        assert_eq!(same.json(), serde_json::json!({ "from": 2, "to": 2, "path": [] }));
        let grown = client.get("/proofs/consistency/1/2").await.json();
        assert_eq!(grown["path"].as_array().unwrap().len(), 1);
    })
    .await;
}
