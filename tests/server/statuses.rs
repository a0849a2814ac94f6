//! What became of certifications, as a stranger is told of it: by verdicts, by proofs, offline and
//! online, and that all of them agree.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::pkcs8::{EncodePrivateKey as _, KeypairBytes, spki::der::pem::LineEnding};
use probant::{
    client::{Asked, Client as Asker},
    keyfile,
    verdict::Verdict,
};
use probant_core::{
    Fingerprint, Fingerprints, List, Statement, Verifier,
    key::{SigningKey, Use},
    statement::{Body, Certify, HeldKey, IssuerStatement, KeyAct, KeyStatement, Revoke},
    status::{IssuerState, Reason},
};
use serde_json::Value;

use crate::harness::{Client, Home, Issuer, ORIGIN, Reply, Server, bounded, issuer::PDF, now_ms};

/// A ledger, two issuers, and whoever asks.
struct Scene {
    home: Home,
    server: Server,
    client: Client,
    issuers: Vec<Issuer>,
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn write_key(path: &Path, seed: u8) {
    let pair = KeypairBytes { secret_key: [seed; 32], public_key: None };
    fs::write(path, pair.to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes()).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn of(content: &str) -> Fingerprint {
    Fingerprints::of(content.as_bytes()).blake3
}

fn list(contents: &[&str]) -> List {
    List::new(contents.iter().map(|content| of(content)).collect()).unwrap()
}

impl Scene {
    async fn new() -> Self {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "10"]);
        let client = server.client();
        let other = Issuer::new(&home, "telecom.example", 10);
        let issuers = vec![Issuer::enrolled(&home, &client).await, other];
        let enrollment = issuers[1].enrollment(&home.key(Use::Operator));
        assert_eq!(client.post("/entries", enrollment).await.status, 201);
        Self { home, server, client, issuers }
    }

    /// Something is said; it may be refused.
    async fn post(&self, key: &SigningKey, owner: &str, body: Body, list: Option<&List>) -> Reply {
        let ledger = Some(self.issuers[0].ledger);
        let statement = Statement::sign(key, owner, ledger, now_ms() / 1000, body);
        self.client.post("/entries", statement.to_submission(list)).await
    }

    async fn by_issuer(&self, number: usize, body: Body, list: &List) -> Reply {
        let issuer = &self.issuers[number];
        self.post(&issuer.key, &issuer.id, body, Some(list)).await
    }

    async fn certify(&self, number: usize, list: &List) -> Reply {
        self.by_issuer(number, Body::Certify(Certify::new(list, PDF).unwrap()), list).await
    }

    async fn revoke(&self, number: usize, list: &List, reason: Reason) -> Reply {
        self.by_issuer(number, Body::Revoke(Revoke::new(list, reason).unwrap()), list).await
    }

    async fn by_operator(&self, body: Body) -> Reply {
        self.post(&self.home.key(Use::Operator), ORIGIN, body, None).await
    }

    async fn next_seq(&self, path: &str) -> u64 {
        self.client.get(path).await.json()["next_seq"].as_u64().unwrap()
    }

    async fn set_issuer(&self, number: usize, state: IssuerState) -> Reply {
        let id = &self.issuers[number].id;
        let seq = self.next_seq(&format!("/issuers/{id}")).await;
        self.by_operator(Body::Issuer(IssuerStatement { seq, id: id.parse().unwrap(), state }))
            .await
    }

    async fn compromise(&self, key: &SigningKey, since_ms: u64) -> Reply {
        let kid = key.public().kid();
        let seq = self.next_seq(&format!("/keys/{kid}")).await;
        let act = KeyAct::Compromise { since_ms };
        self.by_operator(Body::Key(KeyStatement::about(kid, seq, act))).await
    }

    /// The operator gives an issuer another key, which it signs with from then on.
    async fn renew(&mut self, number: usize, seed: u8) {
        let (id, ledger) = (self.issuers[number].id.clone(), self.issuers[number].ledger);
        let held = HeldKey::prove(&key(seed), Use::Issuer, &id, 1, ledger);
        let act = KeyAct::Add { issuer: id.parse().unwrap(), held };
        let reply = self.by_operator(Body::Key(KeyStatement::bringing(act))).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        self.issuers[number].key = key(seed);
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.folder().join(name)
    }

    fn run(&self, args: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_probant"));
        command.args(args).current_dir(self.home.folder()).env_clear();
        command.env("PROBANT_LEDGER", format!("http://{}", self.server.address));
        command.env("PROBANT_IDENTITY", self.home.identity().to_string());
        Ran(tokio::task::block_in_place(|| command.output()).unwrap())
    }

    /// What is said of a document everywhere, which has to be the same everywhere.
    async fn verdict(&self, content: &str) -> Verdict {
        let (document, mut stranger) = (of(content), Verifier::new(self.home.identity()));
        let answer = self.client.get(&format!("/documents/{document}")).await.json();
        let said = verdict(&answer);
        for certification in answer["certifications"].as_array().unwrap() {
            let path = format!("/documents/{document}/proof/{}", certification["entry"]);
            let proof = self.client.get(&path).await.body;
            let verified = stranger.verify(&[document], &proof).unwrap();
            let offline = Verdict::of(verified.standing());
            assert_eq!(verdict(certification), offline, "{content}: {certification}");
        }
        check_status(&self.client, &mut stranger, document, Some(said)).await;
        let asker = Asker::new(&format!("http://{}", self.server.address)).unwrap();
        let both = Fingerprints::of(content.as_bytes());
        let Asked::Shown(shown) = asker.verify(&mut stranger, &both).await.unwrap() else {
            panic!("{content}: a lie");
        };
        let online = shown.certifications.iter().map(|(one, _)| Verdict::of(one.standing()));
        assert_eq!(Verdict::of_all(online), said, "{content}");
        said
    }
}

fn verdict(answer: &Value) -> Verdict {
    serde_json::from_value(answer["verdict"].clone()).unwrap()
}

/// `/status` says of each certification what its own proof shows, of the same head.
async fn check_status(
    client: &Client,
    stranger: &mut Verifier,
    document: Fingerprint,
    said: Option<Verdict>,
) {
    let status = client.get(&format!("/status/{document}")).await.json();
    assert!(said.is_none_or(|said| said == verdict(&status)), "{said:?}: {status}");
    let listed = status["certifications"].as_array().unwrap();
    for one in status["proofs"].as_array().unwrap() {
        let proof = STANDARD.decode(one["proof"].as_str().unwrap()).unwrap();
        let verified = stranger.verify(&[document], &proof).unwrap();
        let of = listed.iter().find(|listed| listed["entry"] == one["entry"]).unwrap();
        assert_eq!(verdict(of), Verdict::of(verified.standing()), "{status}");
        assert_eq!(status["head"]["height"], verified.head().height);
    }
    assert_eq!(status["proofs"].as_array().unwrap().len(), listed.len().min(16));
}

struct Ran(Output);

impl Ran {
    #[track_caller]
    fn expect(&self, code: i32, words: &str) {
        let [out, err] = [&self.0.stdout, &self.0.stderr].map(|b| String::from_utf8_lossy(b));
        let found = self.0.status.code() == Some(code) && out.contains(words);
        assert!(found, "{:?}: {out}{err}", self.0.status.code());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_a_certification_as_a_verifier_sees_it() {
    bounded(120, async {
        let mut scene = Scene::new().await;
        let bills = ["a", "b", "c", "d"];
        for bill in bills {
            fs::write(scene.file(&format!("{bill}.pdf")), bill).unwrap();
        }
        assert_eq!(scene.certify(0, &list(&bills)).await.status, 201);
        for bill in bills {
            scene.run(&["verify", &format!("{bill}.pdf"), "--save"]).expect(0, "certified");
        }
        // At once: what was acknowledged is known to whoever asks next.
        assert_eq!(scene.revoke(0, &list(&["a"]), Reason::IssuedInError).await.status, 201);
        let offline = ["verify", "a.pdf", "--proof", "a.pdf.proof", "--max-age", "10m"];
        scene.run(&offline).expect(0, "certified  a.pdf");
        let url = format!("http://{}", scene.server.address);
        scene.run(&["verify", "a.pdf", "--ledger", &url]).expect(1, "as issued in error");
        let pair = List::replacements(vec![(of("b"), of("c"))]).unwrap();
        assert_eq!(scene.revoke(0, &pair, Reason::Superseded).await.status, 201);
        let proofs = ["proof", "refresh", "a.pdf.proof", "b.pdf.proof", "c.pdf.proof"];
        let ran = scene.run(&proofs);
        for words in ["revoked  a.pdf.proof", "superseded  b.pdf.proof", "certified  c.pdf.proof"] {
            ran.expect(1, words);
        }
        scene.run(&["verify", "b.pdf"]).expect(1, &format!("by {}", of("c")));
        scene.run(&["proof", "show", "b.pdf.proof"]).expect(0, "the document: superseded at");
        // Certified by another, too: that one stands.
        assert_eq!(scene.certify(1, &list(&["a"])).await.status, 201);
        scene.run(&["verify", "a.pdf", "--ledger", &url]).expect(0, "telecom.example");
        assert_eq!(scene.set_issuer(0, IssuerState::Suspended).await.status, 201);
        scene.run(&["verify", "c.pdf", "--ledger", &url]).expect(0, "its issuer is suspended");
        // The seal key is replaced; proofs go on, receipts too, and the issuer's key falls.
        let seal = scene.file("keys/seal-2.pem");
        scene.run(&["key", "new", seal.to_str().unwrap()]).expect(0, "kid");
        let (new, ledger) = (keyfile::read(&seal).unwrap(), scene.issuers[0].ledger);
        let held = HeldKey::prove(&new, Use::Seal, ORIGIN, 1, ledger);
        let act = KeyAct::Replace { r#use: Use::Seal, held };
        let reply = scene.by_operator(Body::Key(KeyStatement::bringing(act))).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        scene.renew(1, 11).await;
        let lost = scene.issuers[0].key.clone();
        let time_ms = first_time_ms(&scene, "c").await;
        assert_eq!(scene.compromise(&lost, time_ms).await.status, 201);
        scene.run(&["proof", "refresh", "c.pdf.proof"]).expect(1, "its key was in other hands");
        scene.run(&["verify", "c.pdf"]).expect(1, "distrusted  c.pdf");
        scene.run(&["proof", "show", "c.pdf.proof"]).expect(0, "replaces the ledger's seal key");
        // What it withdrew then was never withdrawn, and what it certified never certified.
        for bill in ["b", "c", "d"] {
            assert_eq!(scene.verdict(bill).await, Verdict::Distrusted);
        }
        assert_eq!(scene.verdict("a").await, Verdict::Certified);
        assert_eq!(scene.verdict("never seen").await, Verdict::Unknown);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_proven_whatever_has_fallen_before() {
    bounded(120, async {
        let mut scene = Scene::new().await;
        let before = ["0", "1", "2", "3", "4", "5"];
        assert_eq!(scene.certify(0, &list(&before)).await.status, 201);
        assert_eq!(scene.revoke(0, &list(&before[..3]), Reason::Withdrawn).await.status, 201);
        // With the key that enrolled the issuer, then with another.
        for (folder, seed) in [("bills", 9), ("more", 20)] {
            if folder == "more" {
                scene.renew(0, seed).await;
            }
            write_key(&scene.file("issuer.pem"), seed);
            fs::create_dir(scene.file(folder)).unwrap();
            for number in 0..40 {
                let name = format!("{folder}/{number}.pdf");
                fs::write(scene.file(&name), number.to_string()).unwrap();
            }
            let certify = ["certify", folder, "--issuer", &scene.issuers[0].id];
            let certify = [&certify[..], &["--key", "issuer.pem"]].concat();
            let sum = "40 certified in 1 entry, 3 of these do not stand";
            scene.run(&certify).expect(1, sum);
            scene.run(&["verify", &format!("{folder}/9.pdf")]).expect(0, "certified  ");
            scene.run(&["verify", &format!("{folder}/2.pdf")]).expect(1, "revoked  ");
        }
        for (path, status) in
            [("6/0", 200), ("7/0", 404), ("6/99", 404), ("99/1", 404), ("6/x", 400)]
        {
            let path = format!("/proofs/statuses/{path}");
            assert_eq!(scene.client.get(&path).await.status, status, "{path}");
        }
    })
    .await;
}

/// When a document was first certified.
async fn first_time_ms(scene: &Scene, content: &str) -> u64 {
    let answer = scene.client.get(&format!("/documents/{}", of(content))).await.json();
    answer["certifications"][0]["time_ms"].as_u64().unwrap()
}

/// Numbers that look random, the same on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

const CONTENTS: [&str; 8] = ["p", "q", "r", "s", "t", "u", "v", "w"];

/// Something happens; the rules may refuse it.
async fn happen(scene: &mut Scene, numbers: &mut Numbers, seed: u8) {
    let by = usize::try_from(numbers.below(2)).unwrap();
    let one = |numbers: &mut Numbers| CONTENTS[usize::try_from(numbers.below(8)).unwrap()];
    match numbers.below(10) {
        0..=3 => {
            let three = [one(numbers), one(numbers), one(numbers)];
            let mut three = three.to_vec();
            three.sort_unstable();
            three.dedup();
            scene.certify(by, &list(&three)).await;
        }
        4 | 5 => drop(scene.revoke(by, &list(&[one(numbers)]), Reason::Withdrawn).await),
        6 => {
            let pair = List::replacements(vec![(of(one(numbers)), of(one(numbers)))]);
            if let Ok(pair) = pair {
                scene.revoke(by, &pair, Reason::Superseded).await;
            }
        }
        7 => drop(scene.set_issuer(by, IssuerState::Suspended).await),
        8 => drop(scene.set_issuer(by, IssuerState::Reinstated).await),
        _ => {
            let lost = scene.issuers[by].key.clone();
            scene.renew(by, seed).await;
            scene.compromise(&lost, now_ms() - numbers.below(200)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn verdicts_agree_online_offline_and_in_answers_whatever_happened() {
    bounded(180, async {
        let mut scene = Scene::new().await;
        let (client, identity) = (scene.client, scene.home.identity());
        // Somebody asks all the time: no answer is ever better or worse than its own proofs.
        let asking = tokio::spawn(async move {
            let mut stranger = Verifier::new(identity);
            loop {
                for content in CONTENTS {
                    check_status(&client, &mut stranger, of(content), None).await;
                }
            }
        });
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        for seed in 40..100 {
            happen(&mut scene, &mut numbers, seed).await;
            if seed % 10 == 0 {
                scene.verdict(CONTENTS[usize::from(seed / 10) % 8]).await;
            }
        }
        assert!(!asking.is_finished(), "{:?}", asking.await);
        asking.abort();
        let mut told = Vec::new();
        for content in CONTENTS {
            told.push(scene.verdict(content).await);
        }
        told.sort_unstable();
        told.dedup();
        assert!(told.len() > 1, "nothing happened: {told:?}");
    })
    .await;
}
