//! A ledger that starts: what its witnesses have seen, its store must hold.

use std::{fs, path::Path, process::Command};

use axum::http::StatusCode;

use crate::{
    Fake, cosigned,
    fake::{Manner, ed25519, ml_dsa},
    harness::{Home, Issuer, bounded},
    policy, policy_of, texts, with_policy, witnesses,
};

pub fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}

/// A ledger that one witness has followed, restored with its keys and its mark from before its end.
async fn restored(home: &mut Home, fake: &Fake) -> Vec<String> {
    let args = with_policy(&policy_of(home, 1, &[fake]));
    let server = home.serve(&texts(&args));
    let issuer = Issuer::enrolled(home, &server.client()).await;
    assert_eq!(server.stop(), Some(0));
    let (data, keys) = (home.folder().join("old-data"), home.folder().join("old-keys"));
    copy(home.data(), &data);
    copy(home.keys(), &keys);

    let server = home.serve(&texts(&args));
    let sent = issuer.certify_made_up("bill", 3);
    assert_eq!(server.client().post("/entries", sent.bytes).await.status, 201);
    let (_, size) = server.client().head().await;
    cosigned(&server.client(), size).await;
    assert_eq!(server.stop(), Some(0));
    for (old, now) in [(data, home.data()), (keys, home.keys())] {
        fs::remove_dir_all(now).unwrap();
        copy(&old, now);
    }
    args
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_backup_writes_nothing_where_a_witness_has_seen_more_or_something_else() {
    bounded(90, async {
        let (mut home, fake) = (Home::init(), Fake::start(ed25519("one.example", 1)).await);
        let args = restored(&mut home, &fake).await;
        let (code, said) = home.refused(&texts(&args));
        assert!(code == 4 && said.contains("more than this store holds"), "{code} {said}");
        assert!(said.contains("that this ledger signed"), "{said}");
        // Without witnesses nothing tells that it is old: then it goes another way, and they know.
        let server = home.serve(&["--interval-ms", "5"]);
        let issuer = Issuer::new(&home, crate::harness::issuer::ISSUER, 9);
        for number in 0..5 {
            let sent = issuer.certify_made_up(&format!("other bill {number}"), 3);
            assert_eq!(server.client().post("/entries", sent.bytes).await.status, 201);
        }
        assert!(server.client().head().await.1 > fake.seen());
        assert_eq!(server.stop(), Some(0));
        let (code, said) = home.refused(&texts(&args));
        assert!(code == 4 && said.contains("has seen another history"), "{code} {said}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_before_a_quorum_has_been_heard() {
    bounded(90, async {
        let home = Home::init();
        let fakes = [
            Fake::start(ed25519("one.example", 1)).await,
            Fake::start(ed25519("two.example", 2)).await,
        ];
        let three = Fake::start(ed25519("three.example", 3)).await;
        let args = with_policy(&policy_of(&home, 2, &[&fakes[0], &fakes[1], &three]));
        for fake in &fakes {
            fake.behaves(Manner::Answers(
                StatusCode::SERVICE_UNAVAILABLE,
                "text/plain",
                String::new(),
            ));
        }
        let starting = home.start(&texts(&args));
        let clock = probant::clock::SystemClock::shared();
        while fakes[0].asked().len() < 2 {
            assert!(clock.elapsed().as_secs() < 60, "it is not asked again");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert!(home.log().contains("nothing is written until a quorum"), "{}", home.log());
        // One that does not know the ledger has never cosigned for it.
        fakes[0].behaves(Manner::Answers(StatusCode::NOT_FOUND, "text/plain", String::new()));
        let server =
            tokio::task::spawn_blocking(|| starting.wait().expect("it starts")).await.unwrap();
        assert_eq!(server.stop(), Some(0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_witness_signed_before_is_no_answer_of_now() {
    bounded(90, async {
        let (home, one) = (Home::init(), Fake::start(ed25519("one.example", 1)).await);
        let args = with_policy(&policy_of(&home, 1, &[&one]));
        one.behaves(Manner::Repeats(600));
        let starting = home.start(&texts(&args));
        while !home.log().contains("somebody repeats what it said before") {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert!(home.log().contains("nothing is written until a quorum"), "{}", home.log());
        one.behaves(Manner::Repeats(200));
        let server =
            tokio::task::spawn_blocking(|| starting.wait().expect("it starts")).await.unwrap();
        assert_eq!(server.stop(), Some(0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witness_with_two_keys_that_signs_with_one_has_been_heard_by_that() {
    bounded(60, async {
        let (home, one) = (Home::init(), Fake::start(ed25519("one.example", 1)).await);
        // Its name and password are for the witness alone.
        let url = one.url().replace("http://", "http://ledger:secret@");
        let other = ml_dsa("one.example", 2).verifier_key().clone();
        let named = [(one.key(), url.as_str()), (&other, url.as_str())];
        let server = home.serve(&texts(&with_policy(&policy(&home, 1, &named))));
        let stands = witnesses(&server.client()).await["witnesses"][0].clone();
        assert_eq!((&stands["standing"], &stands["url"]), (&"refuses".into(), &one.url().into()));
        assert!(!home.log().contains("secret"), "{}", home.log());
        assert_eq!(server.stop(), Some(0));
        let many: Vec<_> = (0..20).map(|seed| ml_dsa("many.example", seed)).collect();
        let named: Vec<_> = many.iter().map(|one| (one.verifier_key(), url.as_str())).collect();
        let (code, said) = home.refused(&texts(&with_policy(&policy(&home, 1, &named))));
        assert!(code == 2 && said.contains("name fewer"), "{code} {said}");
    })
    .await;
}
