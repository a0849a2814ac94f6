//! The client as other programs use it: the example in `examples/`, and a client that is told "not
//! now" by a real server.

use std::time::Duration;

use probant::{Error, client, client::NoReceipt, clock::SystemClock};
use probant_core::{
    Fingerprints, List,
    statement::{Body, Certify},
};

use crate::{
    harness::{Home, Issuer, Server, bounded, now_ms},
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
            let statement = probant_core::Statement::sign(&issuer.key, id, ledger, now_s, body);
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
