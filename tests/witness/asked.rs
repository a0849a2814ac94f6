//! A ledger asks its witnesses: what they sign is handed out, and what becomes of them holds up
//! nothing.

use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use probant_core::{
    Fingerprint, Statement,
    proof::Proof,
    statement::{Body, Revoke},
    status::Reason,
    tree,
};

use crate::{
    Fake, cosigned,
    fake::{Manner, ed25519, ml_dsa},
    harness::{Home, Issuer, bounded, issuer::made_up, now_ms},
    is_of, opened, policy_of, stands, text, texts, with_policy, witnesses,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_checkpoint_is_cosigned_in_both_kinds_and_each_follows_the_one_before() {
    bounded(60, async {
        let home = Home::init();
        let (one, two) = (
            Fake::start(ed25519("one.example/w", 1)).await,
            Fake::start(ml_dsa("two.example", 2)).await,
        );
        let args = with_policy(&policy_of(&home, 2, &[&one, &two]));
        let server = home.serve(&texts(&args));
        let client = server.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        for round in 0..3 {
            let sent = issuer.certify_made_up(&format!("bill {round}"), 3);
            assert_eq!(client.post("/entries", sent.bytes).await.status, 201);
            let (_, size) = client.head().await;
            let note = cosigned(&client, size).await;
            let (checkpoint, names) = opened(&home, &note, &[one.key(), two.key()]);
            assert_eq!(
                (checkpoint.size, names),
                (size, vec!["one.example/w".into(), "two.example".into()])
            );
            let document = sent.documents.iter().next().unwrap();
            let proof = client.get(&format!("/documents/{document}/proof")).await.body;
            let carried = Proof::decode(&proof).unwrap().attested.checkpoint.unwrap();
            let (carried, names) = opened(&home, &carried, &[one.key(), two.key()]);
            assert_eq!((carried, names.len()), (checkpoint.clone(), 2));
            let newest = client.get("/checkpoint").await.body;
            let (newest, names) =
                opened(&home, std::str::from_utf8(&newest).unwrap(), &[one.key(), two.key()]);
            assert_eq!((newest, names.len()), (checkpoint, 2));
        }
        let report = witnesses(&client).await;
        assert!(report["alarm"].is_null(), "{report}");
        assert_eq!(report["witnesses"][1]["standing"], "cosigns", "{report}");
        // What they were sent proves that the tree grew.
        let (asked, mut seen) = (two.asked(), None);
        assert!(asked.len() >= 3);
        for sent in &asked {
            let (checkpoint, _) = opened(&home, &sent.note, &[]);
            let now = (checkpoint.size, checkpoint.root);
            match seen {
                None => assert_eq!((sent.old, sent.proof.len()), (0, 0)),
                Some(before) => tree::check_consistency(before, now, &sent.proof).unwrap(),
            }
            seen = Some(now);
        }
        assert_eq!(server.stop(), Some(0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witness_that_is_slow_or_hangs_holds_up_nothing_and_the_quorum_is_that_of_the_policy() {
    bounded(60, async {
        let home = Home::init();
        let (one, two) = (
            Fake::start(ed25519("one.example", 1)).await,
            Fake::start(ed25519("two.example", 2)).await,
        );
        let three = Fake::start(ed25519("three.example", 3)).await;
        let args = with_policy(&policy_of(&home, 2, &[&one, &two, &three]));
        two.behaves(Manner::Slow(Duration::from_millis(1500)));
        three.behaves(Manner::Hangs);
        let server = home.serve(&texts(&args));
        let client = server.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        let sent = issuer.certify_made_up("bill", 3);
        assert_eq!(client.post("/entries", sent.bytes).await.status, 201);
        let (_, size) = client.head().await;
        let keys = [one.key(), two.key(), three.key()];
        let (checkpoint, names) = opened(&home, &cosigned(&client, size).await, &keys);
        assert_eq!((checkpoint.size, names.len()), (size, 2));
        let report = witnesses(&client).await;
        assert!(report["alarm"].is_null(), "{report}");
        assert_eq!(server.stop(), Some(0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_quorum_receipts_go_on_and_the_alarm_is_seen() {
    bounded(60, async {
        let home = Home::init();
        let one = Fake::start(ed25519("one.example", 1)).await;
        let mut args = with_policy(&policy_of(&home, 1, &[&one]));
        args.extend(["--witness-alarm-s".into(), "1".into()]);
        let server = home.serve(&texts(&args));
        let client = server.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        let (height, size) = client.head().await;
        cosigned(&client, size).await;
        for (at, manner) in rubbish().into_iter().enumerate() {
            one.behaves(manner.clone());
            let sent = issuer.certify_made_up(&format!("bill {at}"), 1);
            assert_eq!(client.post("/entries", sent.bytes).await.status, 201, "{manner:?}");
        }
        let is_alarm = |reply: &crate::harness::Reply| {
            reply.json()["witnesses"]["alarm"]
                .as_str()
                .is_some_and(|why| why.starts_with("no quorum of the witnesses has cosigned for"))
        };
        let ready = client.wait_for("/readyz", is_alarm).await;
        let ready = ready.json();
        assert_eq!((ready["ready"].as_bool(), ready["alarm"].is_null()), (Some(true), true));
        assert_eq!(ready["witnesses"]["height"], height);
        let metrics = text(&client.get("/metrics").await);
        let waiting =
            metrics.lines().find_map(|line| line.strip_prefix("probant_cosigned_waiting_seconds "));
        assert!(waiting.unwrap().parse::<u64>().unwrap() >= 1);
        assert!(
            metrics.contains(&format!("probant_witness_cosigns{{witness=\"{}\"}} 0", one.url())),
            "{metrics}"
        );
        while !home.log().contains("no quorum of the witnesses") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        one.behaves(Manner::Honest);
        let (_, size) = client.head().await;
        cosigned(&client, size).await;
        let report = stands(&client, "cosigns").await;
        assert!(report["alarm"].is_null() || report["waiting_s"].is_null(), "{report}");
        assert_eq!(server.stop(), Some(0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_leads_to_a_cosigned_head_for_as_long_as_there_is_nothing_newer_to_say() {
    bounded(60, async {
        let home = Home::init();
        let one = Fake::start(ed25519("one.example", 1)).await;
        let server = home.serve(&texts(&with_policy(&policy_of(&home, 1, &[&one]))));
        let client = server.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        let sent = issuer.certify_made_up("bill", 1);
        let (list, document) = (sent.documents, made_up("bill", 1)[0]);
        assert_eq!(client.post("/entries", sent.bytes).await.status, 201);
        let (_, size) = client.head().await;
        cosigned(&client, size).await;
        one.behaves(Manner::Hangs);
        let other = issuer.certify_made_up("another bill", 1);
        assert_eq!(client.post("/entries", other.bytes).await.status, 201);
        // Beyond the second for which no newer head would be published.
        let (_, newest) = client.head().await;
        client.wait_for("/checkpoint", |reply| is_of(newest, reply)).await;
        let proof = |document: Fingerprint| {
            let (client, path) = (&client, format!("/documents/{document}/proof"));
            async move {
                let proof = Proof::decode(&client.get(&path).await.body).unwrap();
                (proof.receipt.size, proof.attested.cosigned() > 0)
            }
        };
        assert_eq!(proof(document).await, (size, true));
        assert_eq!(proof(made_up("another bill", 1)[0]).await, (newest, false));
        let body = Body::Revoke(Revoke::new(&list, Reason::Withdrawn).unwrap());
        let (ledger, now_s) = (Some(issuer.ledger), now_ms() / 1000);
        let revoke = Statement::sign(&issuer.key, &issuer.id, ledger, now_s, body);
        let revoked = client.post("/entries", revoke.to_submission(Some(&list))).await;
        assert_eq!(revoked.status, 201);
        let (_, newest) = client.head().await;
        assert_eq!(proof(document).await, (newest, false));
        assert_eq!(server.stop(), Some(0));
    })
    .await;
}

/// What is no cosignature of the witness that was asked.
fn rubbish() -> Vec<Manner> {
    let text = "text/plain";
    vec![
        Manner::Answers(StatusCode::OK, text, String::new()),
        Manner::Answers(StatusCode::OK, text, "\u{2014} one.example AAAA\n".into()),
        Manner::Answers(StatusCode::OK, text, "x".repeat(1 << 20)),
        Manner::Answers(StatusCode::CONFLICT, "text/x.tlog.size", "-1\n".into()),
        Manner::Answers(StatusCode::CONFLICT, text, "another\n".into()),
        Manner::Answers(StatusCode::INTERNAL_SERVER_ERROR, text, "on fire".into()),
        Manner::Answers(StatusCode::FORBIDDEN, text, "whose key?".into()),
        Manner::Signs(Arc::new(ed25519("one.example", 7))),
        Manner::Signs(Arc::new(ed25519("two.example", 1))),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witness_that_has_seen_more_or_something_else_is_an_alarm_at_once() {
    bounded(60, async {
        let home = Home::init();
        let one = Fake::start(ed25519("one.example", 1)).await;
        let args = with_policy(&policy_of(&home, 1, &[&one]));
        let server = home.serve(&texts(&args));
        let client = server.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        let (size_type, plain) = ("text/x.tlog.size", "text/plain");
        let answers = [
            (StatusCode::CONFLICT, size_type, "4000000000\n".to_owned(), "ahead"),
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                plain,
                "the proof is wrong\n".to_owned(),
                "contradicts",
            ),
        ];
        for (status, kind, said, standing) in answers {
            one.behaves(Manner::Answers(status, kind, said));
            let sent = issuer.certify_made_up(standing, 1);
            assert_eq!(client.post("/entries", sent.bytes).await.status, 201);
            let report = stands(&client, standing).await;
            assert!(report["alarm"].as_str().unwrap().contains("the witness http"), "{report}");
            let metrics = text(&client.get("/metrics").await);
            assert!(
                metrics.contains(&format!(
                    "probant_witness_contradicts{{witness=\"{}\"}} 1",
                    one.url()
                ))
            );
            one.behaves(Manner::Honest);
            stands(&client, "cosigns").await;
        }
        assert!(home.log().contains("has seen 4000000000 entries, more than this store holds"));
        assert_eq!(server.stop(), Some(0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_cannot_be_followed_is_refused() {
    let home = Home::init();
    let refused = |text: &str| {
        let path = home.folder().join("policy");
        std::fs::write(&path, text).unwrap();
        home.refused(&["--witness-policy", path.to_str().unwrap()])
    };
    let key = ed25519("one.example", 1).verifier_key().clone();
    for (text, why) in [
        (format!("witness w {key}\nquorum w\n"), "the quorum cannot be reached"),
        (format!("witness w {key} ftp://w.example\nquorum w\n"), "no http or https URL"),
        ("quorum w\n".into(), "policy"),
        ("witness w rubbish http://w.example\nquorum w\n".into(), "verifier key"),
    ] {
        let (code, said) = refused(&text);
        assert!(code == 2 && said.contains(why), "{text}: {code} {said}");
    }
    let (code, said) = home.refused(&["--witness-policy", "/nowhere"]);
    assert!(code == 2 && said.contains("/nowhere"), "{said}");
}
