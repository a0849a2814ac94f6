//! Our witness with ledgers that are served: it is restarted, killed and flooded, and a ledger forks.

use std::{fs, time::Duration};

use axum::http::StatusCode;
use probant::witnesses::submission::Submission;
use probant_core::{Hash, checkpoint::Checkpoint, key::Use, note::Note};

use crate::{
    cosigned,
    harness::{Client, Home, Issuer, ORIGIN, Reply, bounded},
    opened,
    ours::{NAME, Ours, free_port, path_of, probant},
    restored::copy,
    text, texts, witnesses,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ledgers_get_their_quorum_from_our_witness_across_restarts_of_both() {
    bounded(120, async {
        let (home, other) = (Home::init(), Home::init());
        let [at, other_at] = [free_port(), free_port()];
        let ours = Ours::of(&[(&home, at)]);
        let mut witness = ours.start();
        let args = ours.args(&home, at);
        // The first start of the ledger, of which the witness knows nothing yet.
        let mut server = home.serve(&texts(&args));
        let client = server.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        let keys = [&ours.keys[0], &ours.keys[1]];
        let mut seen = Vec::new();
        for round in 0..4 {
            let sent = issuer.certify_made_up(&format!("bill {round}"), 2);
            assert_eq!(client.post("/entries", sent.bytes).await.status, 201);
            let (_, size) = client.head().await;
            let (checkpoint, names) = opened(&home, &cosigned(&client, size).await, &keys);
            assert_eq!(names, [NAME, NAME]);
            seen.push((checkpoint.size, checkpoint.root));
            let reply = ours.client().get(&path_of(ORIGIN)).await;
            assert_eq!(
                (reply.status, &reply.headers["cache-control"]),
                (StatusCode::OK, &"public, max-age=1".parse().unwrap())
            );
            let (newest, names) = opened(&home, &text(&reply), &keys);
            assert_eq!((newest.size >= checkpoint.size, names.len()), (true, 2));
            match round {
                // The witness goes away and comes back.
                0 => {
                    assert_eq!(witness.stop(), Some(0), "{}", ours.log());
                    witness = ours.start();
                }
                // The ledger seals what the witness does not see, and both begin anew.
                1 => {
                    assert_eq!(witness.stop(), Some(0));
                    let sent = issuer.certify_made_up("unseen", 2);
                    assert_eq!(client.post("/entries", sent.bytes).await.status, 201);
                    server.kill();
                    witness = ours.start();
                    server = home.serve(&texts(&args));
                }
                _ => {}
            }
        }
        seen.dedup();
        assert!(seen.is_sorted_by_key(|(size, _)| *size));
        let report = witnesses(&client).await;
        assert_eq!(report["witnesses"][0]["standing"], "cosigns", "{report}");
        let ready = ours.client().get("/readyz").await.json();
        assert_eq!((&ready["ready"], &ready["alarm"]), (&true.into(), &serde_json::Value::Null));
        assert_eq!(ready["ledgers"][0]["standing"], "follows", "{ready}");
        assert_eq!(ready["ledgers"][0]["identity"], home.identity().to_string());
        let metrics = text(&ours.client().get("/metrics").await);
        for line in [
            format!(
                "probant_witness_ledger_standing{{ledger=\"{ORIGIN}\",standing=\"follows\"}} 1"
            ),
            format!(
                "probant_witness_ledger_cosigned_entries{{ledger=\"{ORIGIN}\"}} {}",
                ready["ledgers"][0]["cosigned"]
            ),
            "probant_witness_checkpoints_total{outcome=\"cosigned\"}".into(),
        ] {
            assert!(metrics.contains(&line), "{line}\n{metrics}");
        }
        assert_eq!(server.stop(), Some(0));
        assert_eq!(witness.stop(), Some(0));
        // Two ledgers of one name are two histories: it is not asked for that.
        let wrong = Ours::of(&[(&home, at), (&other, other_at)]);
        let ledgers = wrong.ledgers.iter().flat_map(|ledger| ["--ledger", ledger]);
        let mut command = probant();
        command.args(["witness", "--name", NAME, "--listen", "127.0.0.1:0"]).args(ledgers);
        command.arg("--state").arg(wrong.at("state")).arg("--key").arg(wrong.at("w.pem"));
        let ended = command.output().unwrap();
        assert_eq!(ended.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&ended.stderr).contains("is named twice"));
    })
    .await;
}

/// Asks for what the ledger shows, from what was cosigned before; the answer, if there is one.
async fn ask(ledger: &Client, ours: &Ours, old: u64) -> Result<Reply, String> {
    let note = text(&ledger.get("/checkpoint").await);
    let size = Checkpoint::parse(Note::split(&note).unwrap().text()).unwrap().size;
    let proof = match old {
        0 => Vec::new(),
        old => {
            let path = format!("/proofs/consistency/{old}/{size}");
            let found = ledger.get(&path).await.json();
            let hashes = found["path"].as_array().unwrap().iter();
            hashes.map(|hash| Hash::from_hex(hash.as_str().unwrap()).unwrap()).collect()
        }
    };
    let body = Submission { old, proof, note }.to_text().into_bytes();
    let mut connection = ours.client().connect().await?;
    connection.send(hyper::Method::POST, "/add-checkpoint", body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_never_cosigns_another_root_or_a_smaller_size() {
    bounded(120, async {
        let (home, at) = (Home::init(), free_port());
        let server = home.serve(&["--interval-ms", "5", "--listen", &at.to_string()]);
        let ledger = server.client();
        let ours = Ours::of(&[(&home, at)]);
        let issuer = Issuer::enrolled(&home, &ledger).await;
        let (mut old, mut given) = (0, std::collections::BTreeMap::new());
        for round in 0..6_u64 {
            let running = ours.start();
            let sent = issuer.certify_made_up(&format!("bill {round}"), 1);
            assert_eq!(ledger.post("/entries", sent.bytes).await.status, 201);
            // A checkpoint is new once a second at most.
            let head = ledger.head().await.1;
            let is_new =
                |reply: &Reply| text(reply).lines().nth(1).unwrap().parse::<u64>().unwrap() >= head;
            ledger.wait_for("/checkpoint", is_new).await;
            let asked = ask(&ledger, &ours, old);
            let before = ours.kept(&home).map_or(0, |kept| kept.size);
            let answer = if round % 2 == 0 {
                // As soon as it is on disk, mostly before the answer has left.
                let persisted = async {
                    while ours.kept(&home).map_or(0, |kept| kept.size) == before {
                        tokio::time::sleep(Duration::from_micros(100)).await;
                    }
                };
                tokio::select! {
                    biased;
                    () = persisted => None,
                    answer = asked => answer.ok(),
                }
            } else {
                let pause = tokio::time::sleep(Duration::from_millis(3 * round * round));
                tokio::select! { () = pause => None, answer = asked => answer.ok() }
            };
            running.kill();
            if let Some(answer) = answer.filter(|answer| answer.status == 200) {
                let note = text(&ledger.get("/checkpoint").await) + &text(&answer);
                let (checkpoint, names) = opened(&home, &note, &[&ours.keys[0], &ours.keys[1]]);
                assert_eq!(names.len(), 2);
                let root = *given.entry(checkpoint.size).or_insert(checkpoint.root);
                assert_eq!(root, checkpoint.root);
                assert_eq!(ours.kept(&home), Some(checkpoint), "what was given is kept");
            }
            if let Some(kept) = ours.kept(&home) {
                assert!(kept.size >= old, "{} after {old}", kept.size);
                let root = *given.entry(kept.size).or_insert(kept.root);
                assert_eq!(root, kept.root);
                old = kept.size;
            }
        }
        // And it goes on from there.
        let running = ours.start();
        let reply = loop {
            let reply = ask(&ledger, &ours, old).await.unwrap();
            if reply.status != 503 {
                break reply;
            }
        };
        assert_eq!(reply.status, 200, "{}", ours.log());
        assert!(old > 0 && given.len() > 1, "{given:?}");
        assert_eq!((running.stop(), server.stop()), (Some(0), Some(0)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_witness_follows_two_ledgers_and_a_lie_of_one_is_not_the_others() {
    bounded(90, async {
        const OTHER: &str = "other.example";
        let homes = [(Home::init(), free_port()), (Home::init_as(OTHER), free_port())];
        let ours = Ours::of(&[(&homes[0].0, homes[0].1), (&homes[1].0, homes[1].1)]);
        let running = ours.start();
        let serve = |(home, at): &(Home, _)| home.serve(&texts(&ours.args(home, *at)));
        let servers = [serve(&homes[0]), serve(&homes[1])];
        for server in &servers {
            let note = cosigned(&server.client(), 2).await;
            let keys = [&ours.keys[0], &ours.keys[1]];
            assert_eq!(Note::split(&note).unwrap().signatures(&keys).unwrap().len(), 2);
        }
        // The other one signs another root for what it has shown.
        let lie = Checkpoint { origin: OTHER.parse().unwrap(), size: 2, root: Hash([7; 32]) };
        let note = lie.sign(&homes[1].0.key(Use::Note));
        let body = Submission { old: 2, proof: Vec::new(), note }.to_text().into_bytes();
        let reply = ours.client().post("/add-checkpoint", body).await;
        assert!(reply.status == 422 && text(&reply).starts_with("FORK: "), "{}", text(&reply));
        let ready = ours.client().get("/readyz").await;
        assert_eq!(ready.status, 200, "a ledger that lies sends no other away");
        let ready = ready.json();
        assert!(ready["alarm"].as_str().unwrap().starts_with("other.example+"), "{ready}");
        let standings = [0, 1].map(|at| ready["ledgers"][at]["standing"].as_str().unwrap());
        assert_eq!(standings, ["follows", "stopped"]);
        let issuer = Issuer::enrolled(&homes[0].0, &servers[0].client()).await;
        let sent = issuer.certify_made_up("bill", 2);
        assert_eq!(servers[0].client().post("/entries", sent.bytes).await.status, 201);
        let (_, size) = servers[0].client().head().await;
        cosigned(&servers[0].client(), size).await;
        let shown = text(&ours.client().get(&path_of(OTHER)).await);
        assert!(!shown.contains(&lie.text()));
        for server in servers {
            assert_eq!(server.stop(), Some(0));
        }
        assert_eq!(running.stop(), Some(0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_of_rubbish_keep_no_ledger_from_its_cosignatures() {
    bounded(90, async {
        let (home, at) = (Home::init(), free_port());
        let server = home.serve(&["--interval-ms", "5", "--listen", &at.to_string()]);
        let ledger = server.client();
        let ours = Ours::of(&[(&home, at)]);
        let running = ours.start();
        let follows = |reply: &Reply| reply.json()["ledgers"][0]["standing"] == "follows";
        ours.client().wait_for("/readyz", follows).await;
        let post = |body: Vec<u8>| {
            let client = ours.client();
            // Of a flood, connections are turned away, too.
            async move {
                let mut connection = client.connect().await.ok()?;
                let sent = connection.send(hyper::Method::POST, "/add-checkpoint", body).await;
                Some(sent.ok()?.status.as_u16())
            }
        };
        let note = text(&ledger.get("/checkpoint").await);
        let with = |note: &str| {
            Submission { old: 0, proof: Vec::new(), note: note.into() }.to_text().into_bytes()
        };
        let last = note.len() - 4;
        let unsigned = note[..last].to_owned() + "AAA=";
        let elsewhere = note.replacen(ORIGIN, "other.example", 1);
        assert_eq!(post(vec![b'x'; 100 << 10]).await, Some(413));
        assert_eq!(post(vec![0xff; 100]).await, Some(400));
        assert_eq!(post(with("")).await, Some(400));
        assert_eq!(post(with(&elsewhere)).await, Some(404));
        let forged = with(&(unsigned.clone() + "\n"));
        assert_eq!(post(forged.clone()).await, Some(403));
        let flood = (0..400).map(|at| match at % 3 {
            0 => post(forged.clone()),
            1 => post(with(&elsewhere)),
            _ => post(vec![b'x'; 60 << 10]),
        });
        let flood = futures_util::future::join_all(flood);
        let good = async {
            loop {
                match ask(&ledger, &ours, 0).await {
                    Ok(reply) if reply.status != 503 => return reply,
                    _ => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        };
        let (flooded, good) = tokio::join!(flood, good);
        let refused =
            |status: &Option<u16>| status.is_none_or(|of| [400, 403, 404, 503].contains(&of));
        assert!(flooded.iter().all(refused), "{flooded:?}");
        assert!(flooded.iter().flatten().count() > 10, "{flooded:?}");
        assert_eq!(good.status, 200);
        let reply = ours.client().get(&path_of("other.example")).await;
        assert_eq!(reply.status, 404);
        assert_eq!((running.stop(), server.stop()), (Some(0), Some(0)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_ledger_that_goes_another_way_is_named_and_never_cosigned_again() {
    bounded(120, async {
        let (home, at) = (Home::init(), free_port());
        let ours = Ours::of(&[(&home, at)]);
        let running = ours.start();
        let args = ours.args(&home, at);
        let server = home.serve(&texts(&args));
        let issuer = Issuer::enrolled(&home, &server.client()).await;
        assert_eq!(server.stop(), Some(0));
        let [data, keys] = ["data", "keys"].map(|name| home.folder().join(format!("old-{name}")));
        copy(home.data(), &data);
        copy(home.keys(), &keys);
        let server = home.serve(&texts(&args));
        let sent = issuer.certify_made_up("bill", 3);
        assert_eq!(server.client().post("/entries", sent.bytes).await.status, 201);
        let (_, size) = server.client().head().await;
        cosigned(&server.client(), size).await;
        let kept = ours.kept(&home).unwrap();
        assert_eq!(server.stop(), Some(0));
        for (old, now) in [(&data, home.data()), (&keys, home.keys())] {
            fs::remove_dir_all(now).unwrap();
            copy(old, now);
        }
        let (code, said) = home.refused(&texts(&args));
        assert!(code == 4 && said.contains("more than this store holds"), "{code} {said}");
        // Whoever starts it without its witness goes another way, and is caught.
        let server = home.serve(&["--interval-ms", "5", "--listen", &at.to_string()]);
        for number in 0..3 {
            let sent = issuer.certify_made_up(&format!("other bill {number}"), 3);
            assert_eq!(server.client().post("/entries", sent.bytes).await.status, 201);
        }
        let stopped = |reply: &Reply| reply.json()["ledgers"][0]["standing"] == "stopped";
        let ready = ours.client().wait_for("/readyz", stopped).await;
        let alarm = ready.json()["alarm"].as_str().unwrap().to_owned();
        assert!(alarm.contains("FORK: block 2 is not the one that this auditor saw"), "{alarm}");
        assert!(ours.log().contains("nothing of it is cosigned any more"), "{}", ours.log());
        assert_eq!(ask(&server.client(), &ours, kept.size).await.unwrap().status, 422);
        assert_eq!(ours.kept(&home), Some(kept.clone()));
        assert_eq!(server.stop(), Some(0));
        assert_eq!(running.stop(), Some(0));
        // The next start of the ledger with its witness, which remembers.
        let running = ours.start();
        let (code, said) = home.refused(&texts(&args));
        assert!(code == 4 && said.contains("another history"), "{code} {said}");
        assert_eq!(running.stop(), Some(0));
    })
    .await;
}
