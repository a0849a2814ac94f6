//! The client as other programs use it: the example in `examples/`, questions about many documents and
//! without a name, and a client that is told "not now" by a real server.

use std::{iter, time::Duration};

use probant::{
    Error, client,
    client::{Asked, NoReceipt},
    clock::SystemClock,
    freshness::{Freshness, NotFresh, ONLINE_MAX},
    verdict::Verdict,
};
use probant_core::{
    Algorithm, Fingerprint, Fingerprints, List, Statement, Verifier,
    seal::Receipt,
    statement::{Body, Certify},
};

use crate::{
    harness::{Home, Issuer, Server, bounded, issuer::made_up, now_ms},
    shares::away_from_midnight,
};

#[path = "../../examples/client.rs"]
#[allow(dead_code)]
mod example;

fn client_of(server: &Server) -> client::Client {
    client::Client::new(&format!("http://{}", server.address)).unwrap()
}

#[tokio::test]
async fn the_example_certifies_looks_up_and_verifies() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "5"]);
        let issuer = Issuer::enrolled(&home, &server.client()).await;
        let (client, identity) = (client_of(&server), home.identity());
        let document = Fingerprints::of(b"a bill");
        let nothing = example::verify(&client, identity.clone(), &document).await.unwrap();
        assert!(nothing.is_empty());
        let (id, key) = (&issuer.id, &issuer.key);
        let entry = example::certify(&client, &identity, id, key, &document).await.unwrap();
        assert_eq!(entry, 4, "genesis and its block, the enrollment and its block");
        let lines = example::verify(&client, identity.clone(), &document).await.unwrap();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with("certified by energie.example, as of 2"), "{lines:?}");
        let other = Fingerprints::of(b"another bill");
        let stranger = Issuer::new(&home, "telecom.example", 8);
        let refused = example::certify(&client, &identity, &stranger.id, &stranger.key, &other);
        let refused = refused.await.unwrap_err().to_string();
        assert!(refused.starts_with("unknown-key: "), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn many_documents_are_asked_about_and_one_without_its_name() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "5"]);
        let issuer = Issuer::enrolled(&home, &server.client()).await;
        let (client, identity) = (client_of(&server), home.identity());
        let document = Fingerprints::of(b"a bill");
        // 65 others begin with the same 4 digits, and 16 of them at most with the same 5.
        let neighbour = |number: u8| {
            let mut digest: [u8; 32] = document.blake3.digest().try_into().unwrap();
            (digest[2], digest[31]) = (digest[2].wrapping_add(number), !digest[31]);
            Fingerprint::new(Algorithm::Blake3, digest)
        };
        let mut lists = vec![(0..65).map(neighbour).collect::<Vec<_>>()];
        lists.extend(made_up("another", 4).into_iter().map(|other| vec![other]));
        let mut entries = Vec::new();
        for list in lists {
            let submission = issuer.certify([list, vec![document.blake3]].concat());
            let reply = server.client().post("/entries", submission.bytes).await;
            entries.push(Receipt::decode(&reply.body).unwrap().index);
        }
        let mut verifier = Verifier::new(identity);
        let asked = client.verify_by_prefix(&mut verifier, &document).await.unwrap();
        let Asked::Shown(mut shown) = asked else { panic!("{asked:?}") };
        let proven = shown.certifications.iter().map(|(one, _)| one.entry());
        assert!(proven.eq(entries[1..].iter().rev().copied()), "the newest: {shown:?}");
        assert_eq!((shown.not_asked, shown.lacks_oldest), (1, true));
        let in_ms = |ms| Freshness::new(now_ms() + ms, Some(ONLINE_MAX));
        shown.check_fresh(in_ms(0)).unwrap();
        // The ledger's word is new, its proofs are not.
        shown.head.time_ms += 601_000;
        assert!(matches!(shown.check_fresh(in_ms(601_000)), Err(NotFresh::Stale { .. })));
        let nobody = Fingerprints::of(b"a forged bill");
        let asked = client.verify_by_prefix(&mut verifier, &nobody).await.unwrap();
        let Asked::Shown(shown) = asked else { panic!("{asked:?}") };
        assert!(shown.certifications.is_empty() && shown.head.size > entries[4]);
        let asked = [made_up("nobody's", 1000), vec![document.blake3]].concat();
        let said = client.documents_of(&asked).await.unwrap();
        let verdicts = said.iter().map(|one| one.verdict);
        let expected = iter::repeat_n(Verdict::Unknown, 1000).chain([Verdict::Certified]);
        assert!(verdicts.eq(expected));
        let found = said[1000].certifications.iter().map(|one| one.entry);
        assert!(found.eq([4, 3, 2, 0].map(|at| entries[at])), "the newest, and the very first");
        assert_eq!((said[1000].count, said[1000].may_have_more()), (Some(5), true));
    })
    .await;
}

#[tokio::test]
async fn a_client_waits_as_long_as_it_is_asked_to_and_no_longer_than_is_sensible() {
    bounded(100, async {
        away_from_midnight().await;
        let home = Home::init();
        let quota = ["--issuer-rate", "1", "--issuer-documents-per-day", "13"];
        let server = home.serve(&[["--interval-ms", "5"].as_slice(), &quota].concat());
        let issuer = Issuer::enrolled(&home, &server.client()).await;
        let (client, clock) = (client_of(&server), SystemClock::shared());
        let submit = async |number: u32| {
            let list = List::new(vec![Fingerprints::of(&number.to_be_bytes()).blake3]).unwrap();
            let body = Body::Certify(Certify::new(&list, "application/pdf").unwrap());
            let (id, ledger) = (&issuer.id, Some(issuer.ledger));
            let now_s = now_ms() / 1000;
            let statement = Statement::sign(&issuer.key, id, ledger, now_s, body);
            client.submit(&statement, Some(&list)).await
        };
        for number in 0..13 {
            // Ten at once, then one a second.
            submit(number).await.unwrap();
        }
        assert!(clock.elapsed() >= Duration::from_secs(2));
        let before = clock.elapsed();
        let refused = submit(13).await.unwrap_err();
        let NoReceipt::Unknown(Error::Busy { what, retry_after_s }) = refused else {
            panic!("{refused}")
        };
        assert!(what.contains("13 documents of energie.example a day (13 so far)"), "{what}");
        assert!(what.contains("; try again in "), "{what}");
        assert!(retry_after_s > Some(30), "{retry_after_s:?}");
        let waited = clock.elapsed().saturating_sub(before);
        assert!(waited < Duration::from_secs(20), "it waits for tomorrow");
    })
    .await;
}
