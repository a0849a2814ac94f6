//! Many documents at once, and documents by the beginning of their fingerprint.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hyper::Method;
use probant_core::{
    Algorithm, Fingerprint, List, Statement, Verifier,
    key::Use,
    statement::{Body, Revoke},
    status::Reason,
};
use serde_json::{Value as Json, json};

use crate::harness::{
    Client, Home, Issuer, Reply, Server, bounded, issuer::made_up, now_ms, varied::Varied,
};

const JSON: &str = "application/json";

async fn served() -> (Home, Server, Client, Varied) {
    let home = Home::init();
    let server = home.serve(&["--interval-ms", "5"]);
    let client = server.client();
    let varied = Varied::say(&home, &client).await;
    (home, server, client, varied)
}

async fn ask(client: &Client, body: &Json) -> Reply {
    let json = [("content-type", JSON)];
    client.send_with(Method::POST, "/documents", &json, body.to_string().into()).await
}

#[tokio::test]
async fn a_thousand_documents_are_answered_in_order_and_as_of_one_head() {
    bounded(120, async {
        let (_home, _server, client, varied) = served().await;
        let mut asked = vec![
            (varied.certified, "certified"),
            (varied.revoked, "revoked"),
            (varied.superseded, "superseded"),
            (varied.enveloped, "certified"),
            (varied.certified, "certified"),
        ];
        let batch = varied.batch.iter().enumerate();
        asked.extend(batch.map(|(at, one)| (one, if at < 2 { "revoked" } else { "certified" })));
        asked.extend(made_up("nobody's", 975).into_iter().map(|one| (one, "unknown")));
        let names: Vec<_> = asked.iter().map(|(document, _)| document.to_string()).collect();
        assert_eq!(names.len(), 1000);
        let reply = ask(&client, &json!({ "fingerprints": names })).await;
        reply.clone().expect(200, JSON, "no-store");
        let answer = reply.json();
        let found = answer["documents"].as_array().unwrap();
        let said: Vec<_> = found.iter().map(|one| (&one["fingerprint"], &one["verdict"])).collect();
        let expected: Vec<_> =
            asked.iter().map(|(one, verdict)| (json!(one.to_string()), json!(verdict))).collect();
        assert!(said.into_iter().eq(expected.iter().map(|(one, verdict)| (one, verdict))));
        // What is said of each is what is said of it alone.
        for (document, one) in asked.iter().zip(found).take(8) {
            let alone = client.get(&format!("/documents/{}", document.0)).await.json();
            assert_eq!(one["certifications"], alone["certifications"]);
            assert_eq!(one["count"], alone["certifications"].as_array().unwrap().len());
            assert_eq!(
                (&answer["head"], &answer["rests_on"]),
                (&alone["head"], &alone["rests_on"])
            );
        }
    })
    .await;
}

/// Certifies one document again and again, each time beside another: twice the same statement would
/// be one entry.
async fn certify_beside(client: &Client, issuer: &Issuer, document: Fingerprint, names: &[&str]) {
    for name in names {
        let certified = issuer.certify([vec![document], made_up(name, 1)].concat());
        assert_eq!(client.post("/entries", certified.bytes).await.status, 201);
    }
}

#[tokio::test]
async fn what_is_certified_or_named_again_and_again_makes_no_long_answer() {
    bounded(120, async {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "5"]);
        let client = server.client();
        let [issuer, other] = [("energie.example", 9), ("telecom.example", 8)]
            .map(|(id, seed)| Issuer::new(&home, id, seed));
        for one in [&issuer, &other] {
            let enroll = one.enrollment(&home.key(Use::Operator));
            assert_eq!(client.post("/entries", enroll).await.status, 201);
        }
        let document = made_up("again", 1)[0];
        for (one, beside) in
            [(&issuer, &["a", "b"][..]), (&other, &["c"]), (&issuer, &["d", "e", "f", "g"])]
        {
            certify_beside(&client, one, document, beside).await;
        }
        let list = List::new(vec![document]).unwrap();
        let body = Body::Revoke(Revoke::new(&list, Reason::Withdrawn).unwrap());
        let ledger = Some(issuer.ledger);
        let revoke = Statement::sign(&issuer.key, &issuer.id, ledger, now_ms() / 1000, body);
        let revoked = client.post("/entries", revoke.to_submission(Some(&list))).await;
        assert_eq!(revoked.status, 201, "{revoked:?}");

        let named = vec![document.to_string(); 1000];
        let reply = ask(&client, &json!({ "fingerprints": named })).await;
        assert!(reply.body.len() < 4 << 20, "{} bytes", reply.body.len());
        let answer = reply.json();
        let found = answer["documents"].as_array().unwrap();
        assert!(found.len() == 1000 && found.iter().all(|one| *one == found[0]));
        let alone = client.get(&format!("/documents/{document}")).await.json();
        let all = alone["certifications"].as_array().unwrap();
        let stands: Vec<_> = all.iter().map(|one| one["verdict"] == "certified").collect();
        assert_eq!(stands, [false, false, false, false, true, false, false]);
        let listed = [&all[0], &all[1], &all[4], &all[6]];
        assert_eq!(found[0]["certifications"], json!(listed));
        assert_eq!((&found[0]["verdict"], &found[0]["count"]), (&json!("certified"), &json!(7)));
        assert_eq!(alone["verdict"], "certified");
    })
    .await;
}

#[tokio::test]
async fn a_request_about_many_documents_that_is_not_right_names_what_is_wrong() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&[]);
        let client = server.client();
        let good = format!("blake3:{}", "ab".repeat(32));
        let many = vec![good.clone(); 1001];
        let cases = [
            (json!({ "fingerprints": [good, good, "blake3:AB", "x"] }), "fingerprints[2]: fingerp"),
            (json!({ "fingerprints": [good, 7] }), "fingerprints[1]: not a text"),
            (json!({ "fingerprints": [] }), "0 were sent, 1 to 1000"),
            (json!({ "fingerprints": many }), "1001 were sent"),
            (json!({ "fingerprints": [good], "also": 1 }), "unknown field `also`"),
            (json!({ "fingerprint": [good] }), "unknown field"),
            (json!([good]), "is wanted"),
            (json!("x"), "is wanted"),
        ];
        for (body, words) in cases {
            let problem = ask(&client, &body).await;
            assert_eq!(problem.json()["type"], "/problems/malformed-body");
            assert!(problem.problem(400).contains(words), "{words}: {problem:?}");
        }
        for body in [&b""[..], b"{", b"\xff", b"{\"fingerprints\":[]}{}"] {
            client.post("/documents", body.to_vec()).await.problem(400);
        }
        let long = vec![b' '; (128 << 10) + 1];
        assert!(client.post("/documents", long).await.problem(413).contains("131072"));
        let text = [("content-type", "text/plain")];
        let body = json!({ "fingerprints": [good] }).to_string();
        let refused = client.send_with(Method::POST, "/documents", &text, body.into()).await;
        assert_eq!(refused.json()["type"], "/problems/unsupported-media-type");
        assert!(refused.problem(415).contains("takes application/json"));
    })
    .await;
}

/// Fingerprints that begin with the same digits, as nobody finds documents for.
fn crowd(count: u8) -> Vec<Fingerprint> {
    let digest = |last: u8| {
        let mut digest = [0x5a; 32];
        digest[31] = last;
        digest
    };
    (0..count).map(|last| Fingerprint::new(Algorithm::Blake3, digest(last))).collect()
}

#[tokio::test]
async fn a_prefix_is_answered_with_all_that_begin_so_and_proofs_that_convince_a_stranger() {
    bounded(120, async {
        let (home, _server, client, varied) = served().await;
        let mut stranger = Verifier::new(home.identity());
        let all: Vec<_> = [varied.certified, varied.revoked, varied.superseded, varied.enveloped]
            .into_iter()
            .chain(varied.batch.iter())
            .collect();
        for document in &all {
            let text = document.to_string();
            let digits = text.len() - 64;
            for length in [4, 5, 9, 64] {
                let prefix = &text[..digits + length];
                let reply = client.get(&format!("/prefixes/{prefix}")).await;
                reply.clone().expect(200, JSON, "no-cache");
                let answer = reply.json();
                assert_eq!(answer["prefix"], prefix);
                let found = answer["documents"].as_array().unwrap();
                let mut expected: Vec<_> =
                    all.iter().map(ToString::to_string).filter(|t| t.starts_with(prefix)).collect();
                expected.sort();
                let names: Vec<_> = found.iter().map(|one| one["fingerprint"].clone()).collect();
                assert_eq!(names, expected);
                let one = found.iter().find(|one| one["fingerprint"] == text).unwrap();
                let alone = client.get(&format!("/status/{text}")).await.json();
                for member in ["verdict", "certifications"] {
                    assert_eq!(one[member], alone[member], "{prefix}");
                }
                let proof = &one["proofs"][0];
                let bytes = STANDARD.decode(proof["proof"].as_str().unwrap()).unwrap();
                let verified = stranger.verify(&[*document], &bytes).unwrap();
                assert_eq!(proof["entry"], verified.entry());
                assert_eq!(answer["head"]["height"], verified.head().height);
            }
        }
        let none = client.get("/prefixes/blake3:0123456789").await.json();
        assert_eq!(none["documents"], json!([]));
        for wrong in ["blake3:123", "1234", "md5:1234", "blake3:12g4", "blake3:ABCD"] {
            assert!(
                client.get(&format!("/prefixes/{wrong}")).await.problem(400).contains("4 to 64")
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_prefix_is_answered_with_all_that_its_head_knows_while_others_are_certified() {
    bounded(120, async {
        let (_home, _server, client, varied) = served().await;
        let reads = tokio::spawn(async move {
            let mut answers = Vec::new();
            while answers.len() < 4 {
                answers.push(client.get("/prefixes/blake3:5a5a5").await.json());
            }
            answers
        });
        let mut heights = BTreeMap::new();
        for document in crowd(60) {
            let name = document.to_string();
            let certified = client.post("/entries", varied.issuer.certify(vec![document]).bytes);
            assert_eq!(certified.await.status, 201);
            let answer = client.get(&format!("/documents/{name}")).await.json();
            heights.insert(name, answer["certifications"][0]["block"].as_u64().unwrap());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        for answer in reads.await.unwrap() {
            let head = answer["head"]["height"].as_u64().unwrap();
            let known = heights.iter().filter(|(_, height)| **height <= head);
            let known: Vec<_> = known.map(|(name, _)| json!(name)).collect();
            let found = answer["documents"].as_array().unwrap();
            let found: Vec<_> = found.iter().map(|one| one["fingerprint"].clone()).collect();
            assert_eq!(found, known, "as of block {head}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_prefix_of_too_many_asks_for_one_more_digit_and_each_document_counts_once() {
    bounded(120, async {
        let (_home, _server, client, varied) = served().await;
        let issuer = &varied.issuer;
        for _ in 0..2 {
            let certified = client.post("/entries", issuer.certify(crowd(64)).bytes).await;
            assert_eq!(certified.status, 201);
            // Within a second it would be the same statement.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let found = client.get("/prefixes/blake3:5a5a5").await.json();
        assert_eq!(found["documents"].as_array().unwrap().len(), 64);
        assert_eq!(found["documents"][0]["certifications"].as_array().unwrap().len(), 2);
        assert_eq!(found["documents"][0]["proofs"].as_array().unwrap().len(), 2);
        let certified = client.post("/entries", issuer.certify(crowd(65)).bytes).await;
        assert_eq!(certified.status, 201);
        let refused = client.get("/prefixes/blake3:5a5a5").await;
        assert_eq!(refused.json()["type"], "/problems/prefix-too-short");
        assert!(refused.problem(400).contains("one more digit"));
        let narrower = format!("/prefixes/blake3:{}0", "5a".repeat(31));
        assert_eq!(client.get(&narrower).await.json()["documents"].as_array().unwrap().len(), 16);
    })
    .await;
}
