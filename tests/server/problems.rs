//! The kinds of problems: stable names, each documented where its type leads.

use hyper::Method;
use serde_json::{Value as Json, json};

use crate::harness::{Client, Home, bounded};

const NAMES: [&str; 18] = [
    "not-found",
    "no-such-path",
    "method-not-allowed",
    "malformed-path",
    "malformed-body",
    "unsupported-media-type",
    "rejected",
    "read-only",
    "prefix-too-short",
    "too-large",
    "headers-too-large",
    "timeout",
    "rate-limited",
    "quota",
    "busy",
    "overloaded",
    "stopping",
    "stopped",
];

#[tokio::test]
async fn every_kind_is_documented_where_its_type_leads() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&[]);
        let client = server.client();
        let all = client.get("/problems").await.json();
        let all = all["problems"].as_array().unwrap().clone();
        let types: Vec<_> = all.iter().map(|one| one["type"].as_str().unwrap()).collect();
        assert_eq!(types, NAMES.map(|name| format!("/problems/{name}")));
        for one in &all {
            let found = client.get(one["type"].as_str().unwrap()).await;
            assert_eq!(&found.json(), one);
            found.expect(200, "application/json", "no-cache");
        }
        client.get("/problems/teapot").await.problem(404);
    })
    .await;
}

#[tokio::test]
async fn a_problem_says_its_kind_its_status_and_what_was_wrong() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&["--document-bytes-max", "9"]);
        let client = server.client();
        let said = async |method, path, body| -> Json {
            let reply = Client::send(&client, method, path, body).await;
            let problem = reply.json();
            assert_eq!(problem["status"], reply.status.as_u16());
            json!([problem["type"], problem["title"], problem["detail"], problem["code"]])
        };
        let get = Method::GET;
        assert_eq!(
            said(get.clone(), "/blocks/07", vec![]).await,
            json!([
                "/problems/malformed-path",
                "Malformed path",
                "this path makes no sense: \"07\" is no number of 64 bits in decimal digits",
                null
            ])
        );
        assert_eq!(
            said(get, "/nothing", vec![]).await,
            json!(["/problems/no-such-path", "Not Found", "there is nothing at this path", null])
        );
        assert_eq!(
            said(Method::PUT, "/verify", vec![]).await,
            json!([
                "/problems/method-not-allowed",
                "Method Not Allowed",
                "this path does not take this method",
                null
            ])
        );
        assert_eq!(
            said(Method::POST, "/verify", vec![0; 10]).await,
            json!([
                "/problems/too-large",
                "Content Too Large",
                "the document is longer than 9 bytes: send its fingerprint",
                null
            ])
        );
    })
    .await;
}
