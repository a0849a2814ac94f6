//! A timestamp over a head, handed out by the ledger, and what it says of one document.

use std::{fs, path::Path, sync::Arc};

use probant::{
    anchor::{Anchored, existed},
    timestamp::{Refused, Roots, token},
};
use probant_core::{Fingerprints, proof::Proof};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    authority::{Authority, Keys},
    harness::{Client, Home, Issuer, Reply, Server, bounded},
    service::{Manner, Service},
    stamping::probant,
};

/// A ledger that hands out anchors, an issuer, an authority, and a desk to work at.
pub struct Scene {
    pub authority: Arc<Authority>,
    service: Service,
    pub home: Home,
    server: Server,
    issuer: Issuer,
    folder: TempDir,
}

impl Scene {
    pub async fn new() -> Self {
        let authority = Arc::new(Authority::new(Keys::P256));
        let service = Service::start(Arc::clone(&authority)).await;
        let (home, folder) = (Home::init(), tempfile::tempdir().unwrap());
        let anchors = folder.path().join("anchors");
        let anchors = anchors.to_str().unwrap();
        let server = home.serve(&["--heartbeat-s", "3600", "--anchors", anchors]);
        let issuer = Issuer::enrolled(&home, &server.client()).await;
        fs::write(folder.path().join("root.pem"), authority.root()).unwrap();
        Self { authority, service, home, server, issuer, folder }
    }

    pub fn client(&self) -> Client {
        self.server.client()
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Certifies a document, puts it on the desk, and gives the size of the tree then.
    pub async fn certify(&self, name: &str) -> u64 {
        let document = Fingerprints::of(name.as_bytes()).blake3;
        fs::write(self.path().join(name), name).unwrap();
        let sent = self.client().post("/entries", self.issuer.certify(vec![document]).bytes).await;
        assert_eq!(sent.status, 201);
        let size = self.client().head().await.1;
        let newest = format!("\n{size}\n");
        let is_newest = |reply: &Reply| String::from_utf8_lossy(&reply.body).contains(&newest);
        self.client().wait_for("/checkpoint", is_newest).await;
        size
    }

    /// Puts the newest proof of a document beside it.
    pub async fn prove(&self, name: &str) -> Proof {
        let document = Fingerprints::of(name.as_bytes()).blake3;
        let proof = self.client().get(&format!("/documents/{document}/proof")).await.body;
        fs::write(self.path().join(format!("{name}.proof")), &proof).unwrap();
        Proof::decode(&proof).unwrap()
    }

    pub async fn run(&self, words: &[&str], code: i32) -> String {
        let (url, identity) =
            (format!("http://{}", self.server.address), self.home.identity().to_string());
        let at = |word: &&str| match *word {
            "URL" => url.clone(),
            "ID" => identity.clone(),
            "TSA" => self.service.url.clone(),
            word => word.to_owned(),
        };
        let words: Vec<_> = words.iter().map(at).collect();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let (found, said, why) = probant(self.path(), &words).await;
        assert_eq!(found, code, "{words:?}: {said}{why}");
        said + &why
    }

    pub async fn anchor(&self) {
        let words = ["anchor", "URL", "--authority", "TSA", "--root", "root.pem"];
        self.run(&[&words[..], &["--identity", "ID"]].concat(), 0).await;
    }

    pub async fn anchor_proof(&self, name: &str, code: i32) -> String {
        let words = ["proof", "anchor", name, "--root", "root.pem", "--ledger", "URL"];
        self.run(&[&words[..], &["--identity", "ID"]].concat(), code).await
    }

    pub async fn verify(&self, name: &str, timestamp: &str, root: &str, code: i32) -> String {
        let proof = format!("{name}.proof");
        let words = ["verify", name, "--proof", &proof, "--identity", "ID", "--json"];
        let beside = ["--timestamp", timestamp, "--timestamp-root", root];
        self.run(&[&words[..], &beside].concat(), code).await
    }
}

fn timestamp(said: &str) -> Value {
    let report: Value = serde_json::from_str(said).unwrap();
    report["certifications"][0]["timestamp"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timestamp_over_a_later_head_covers_what_was_sealed_before() {
    bounded(
        60,
        Box::pin(async {
            let scene = Scene::new().await;
            let client = scene.client();
            scene.certify("a.pdf").await;
            scene.prove("a.pdf").await;
            assert_eq!(client.get("/anchors").await.json(), serde_json::json!({ "sizes": [] }));
            client.get("/anchors/5").await.problem(404);
            client.get("/anchors/05").await.problem(400);
            for none in ["0/1", "0/1000", "1/1", "1000/1001"] {
                client.get(&format!("/proofs/anchor/{none}")).await.problem(404);
            }
            client.get("/proofs/anchor/00/1").await.problem(400);
            let said = scene.anchor_proof("a.pdf.proof", 1).await;
            assert!(said.contains("no head with a timestamp covers entry"), "{said}");

            let stamped = scene.certify("b.pdf").await;
            scene.service.is(Manner::Good("accuracy=secs:2"));
            scene.anchor().await;
            // A proof under that very head carries it.
            assert_eq!(scene.prove("b.pdf").await.attested.timestamps.len(), 1);
            let words = ["verify", "b.pdf", "--proof", "b.pdf.proof", "--identity", "ID", "--json"];
            let by = async |root: &str, code| {
                scene.run(&[&words[..], &["--timestamp-root", root]].concat(), code).await
            };
            assert_eq!(timestamp(&by("root.pem", 0).await)["size"], stamped);
            fs::write(scene.path().join("other.pem"), Authority::new(Keys::P256).root()).unwrap();
            assert!(by("other.pem", 1).await.contains("does not lead to a root that was given"));
            // So does the authority's reply alone.
            let file = format!("anchors/{stamped}.tsr");
            let reply_alone = timestamp(&scene.verify("b.pdf", &file, "root.pem", 0).await);
            let newest = scene.certify("c.pdf").await;
            refreshed(&scene, stamped).await;
            let proof = scene.prove("a.pdf").await;
            assert!(proof.first_receipt.size < stamped && stamped < newest);
            assert_eq!(proof.receipt.size, newest);
            assert_eq!(
                client.get("/anchors").await.json(),
                serde_json::json!({ "sizes": [stamped] })
            );
            let reply = client.get(&format!("/anchors/{stamped}")).await;
            let immutable = "public, max-age=31536000, immutable";
            let reply = reply.expect(200, "application/timestamp-reply", immutable);
            assert_eq!(reply, fs::read(scene.path().join(&file)).unwrap());

            // The paths to and from the head that is stamped come with it; with the reply alone none do.
            let said = scene.anchor_proof("a.pdf.proof", 0).await;
            assert!(said.starts_with("anchored  a.pdf.proof: no later than 2"), "{said}");
            let said = scene.verify("a.pdf", "a.pdf.proof.anchor", "root.pem", 0).await;
            let stated = timestamp(&said);
            assert_eq!((&stated["size"], &stated["accuracy_ms"]), (&stamped.into(), &2000.into()));
            assert_eq!(stated["authority"], "good, Example Authority");
            let late = stated["no_later_than_ms"].as_u64().unwrap();
            assert_eq!(late, stated["time_ms"].as_u64().unwrap() + 2000);
            let said = scene.verify("a.pdf", &file, "root.pem", 1).await;
            assert!(said.contains("it is not over the proof's head"), "{said}");
            // The document that was the newest then has a newer head by now, whose proof carries none.
            assert!(scene.prove("b.pdf").await.attested.timestamps.is_empty());
            assert!(by("root.pem", 1).await.contains("the proof carries none"));
            scene.verify("b.pdf", &file, "root.pem", 1).await;
            assert_eq!(reply_alone, stated);
            // What came later is not covered.
            scene.prove("c.pdf").await;
            scene.anchor_proof("c.pdf.proof", 1).await;
            let said = scene.verify("c.pdf", "a.pdf.proof.anchor", "root.pem", 1).await;
            assert!(said.contains("its path is none of the proof's entry"), "{said}");

            // In words, and only for those who ask.
            let words = ["verify", "a.pdf", "--proof", "a.pdf.proof", "--identity", "ID"];
            let beside = ["--timestamp", "a.pdf.proof.anchor", "--timestamp-root", "root.pem"];
            let said = scene.run(&[&words[..], &beside].concat(), 0).await;
            let time = stated["no_later_than"].as_str().unwrap();
            let line =
                format!("sealed no later than {time}, by the clock of good, Example Authority\n");
            assert!(said.contains(&line), "{said}");
            assert!(!scene.run(&words, 0).await.contains("no later than"));
            scene.run(&[&words[..], &beside[..2]].concat(), 2).await;
            hostile(&scene, &proof).await;
        }),
    )
    .await;
}

/// A proof that moves to a newer head leaves its time stamp beside it.
async fn refreshed(scene: &Scene, stamped: u64) {
    let at = |name: &str| scene.path().join(name);
    let carrying = fs::read(at("b.pdf.proof")).unwrap();
    let refresh = ["proof", "refresh", "b.pdf.proof", "--ledger", "URL", "--identity", "ID"];
    // What is there already, by whoever, stays.
    fs::write(at("b.pdf.proof.anchor"), "mine").unwrap();
    let said = scene.run(&refresh, 0).await;
    assert!(said.contains("; the time stamp it had is in "), "{said}");
    assert!(said.trim_end().ends_with("b.pdf.proof.anchor.2"), "{said}");
    assert_ne!(fs::read(at("b.pdf.proof")).unwrap(), carrying);
    let said = scene.verify("b.pdf", "b.pdf.proof.anchor.2", "root.pem", 0).await;
    assert_eq!(timestamp(&said)["size"], stamped);
    assert_eq!(fs::read(at("b.pdf.proof.anchor")).unwrap(), b"mine");
    // A crash before the proof was in its place: once more, and nothing is kept twice.
    fs::write(at("b.pdf.proof"), &carrying).unwrap();
    let said = scene.run(&refresh, 0).await;
    assert!(said.trim_end().ends_with("b.pdf.proof.anchor.2"), "{said}");
    let said = scene.run(&refresh, 0).await;
    assert!(said.contains("nothing newer") && !said.contains("time stamp"), "{said}");
    // The same where `verify` puts the newest in its place.
    fs::write(at("b.pdf.proof"), &carrying).unwrap();
    fs::remove_file(at("b.pdf.proof.anchor")).unwrap();
    let save = ["verify", "b.pdf", "--save", "--ledger", "URL", "--identity", "ID"];
    scene.run(&save, 0).await;
    assert_ne!(fs::read(at("b.pdf.proof")).unwrap(), carrying);
    scene.verify("b.pdf", "b.pdf.proof.anchor", "root.pem", 0).await;
}

async fn hostile(scene: &Scene, proof: &Proof) {
    let other = Authority::new(Keys::P256);
    fs::write(scene.path().join("other.pem"), other.root()).unwrap();
    let said = scene.verify("a.pdf", "a.pdf.proof.anchor", "other.pem", 1).await;
    assert!(said.contains("does not lead to a root that was given"), "{said}");
    for wrong in ["a.pdf", "a.pdf.proof", "root.pem"] {
        let said = scene.verify("a.pdf", wrong, "root.pem", 1).await;
        assert!(said.contains("\"code\": \"timestamp\""), "{said}");
    }
    scene.verify("a.pdf", "missing", "root.pem", 2).await;
    scene.verify("a.pdf", "a.pdf.proof.anchor", "a.pdf", 2).await;

    // Every byte of the file counts, but those of the reply's status, which nobody signs.
    let file = fs::read(scene.path().join("a.pdf.proof.anchor")).unwrap();
    let roots = Roots::from_pem(&scene.authority.root()).unwrap();
    let origin = scene.home.identity().origin;
    let truth = existed(&file, proof, &origin, &roots).unwrap();
    assert_eq!(existed(&file, proof, &"l.example".parse().unwrap(), &roots), Err(Refused::Imprint));
    let anchored = Anchored::decode(&file).unwrap();
    let (reply, token) = (&anchored.reply, token(&anchored.reply).unwrap());
    let root = scene.authority.der("root");
    let root_at = file.windows(root.len()).position(|part| part == root).unwrap();
    let status = file.len() - reply.len()..file.len() - token.len();
    let unsigned = |at| status.contains(&at) || (root_at..root_at + root.len()).contains(&at);
    for at in 0..file.len() {
        for change in [1, 0x80] {
            let mut altered = file.clone();
            altered[at] ^= change;
            if let Ok(said) = existed(&altered, proof, &origin, &roots) {
                assert!(unsigned(at) && said == truth, "byte {at}");
            }
        }
    }

    // A ledger that hands out what does not hold: nothing takes the place of what was kept.
    let folder = scene.path().join("anchors");
    let size = anchored.size;
    fs::write(folder.join(format!("{size}.tsr")), other.reply(&[], "")).unwrap();
    let said = scene.anchor_proof("a.pdf.proof", 4).await;
    assert!(said.contains("the timestamp from http://127.0.0.1"), "{said}");
    fs::write(folder.join(format!("{size}.tsr")), vec![0; 70_000]).unwrap();
    scene.anchor_proof("a.pdf.proof", 3).await;
    assert_eq!(fs::read(scene.path().join("a.pdf.proof.anchor")).unwrap(), file);
}
