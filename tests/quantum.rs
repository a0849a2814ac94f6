//! A ledger whose checkpoints can be checked when Ed25519 signatures can be forged, seen from outside:
//! from `init` to a policy that believes nothing but its ML-DSA-44 key; and one that gets such a key
//! later. What the bytes are worth, the vectors say.

#[path = "harness/mod.rs"]
mod harness;

use std::{fs, path::Path, process::Command};

use harness::{Client, Home, Issuer, Server, bounded};
use probant::keyfile;
use probant_core::{
    Fingerprints, checkpoint::Checkpoint, note::Note, proof::Proof, verifier_key::VerifierKey,
};

const DOCUMENT: &[u8] = b"facture du jour";
const VERIFY: [&str; 4] = ["verify", "bill.pdf", "--proof", "bill.pdf.proof"];
const BY_POLICY: [&str; 6] =
    ["verify", "bill.pdf", "--proof", "bill.pdf.proof", "--policy", "log.policy"];

/// A command that knows the ledger: its exit code, and what it said.
fn run(home: &Home, args: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probant"));
    command.args(args).current_dir(home.folder());
    command.env("PROBANT_IDENTITY", home.identity().to_string()).env_remove("PROBANT_LEDGER");
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

fn expect(home: &Home, args: &[&str], code: i32, words: &str) {
    let said = run(home, args);
    assert!(said.0 == code && said.1.contains(words), "{args:?}: {} {}", said.0, said.1);
}

/// A document, certified; its file and its proof, as of now, lie in the folder.
async fn certified(home: &Home, client: &Client, issuer: &Issuer, document: &[u8]) -> Proof {
    let fingerprint = Fingerprints::of(document).blake3;
    let sent = issuer.certify(vec![fingerprint]);
    assert_eq!(client.post("/entries", sent.bytes).await.status, 201);
    let proof = client.get(&format!("/documents/{fingerprint}/proof")).await;
    assert_eq!(proof.status, 200, "{proof:?}");
    fs::write(home.folder().join("bill.pdf"), document).unwrap();
    fs::write(home.folder().join("bill.pdf.proof"), &proof.body).unwrap();
    Proof::decode(&proof.body).unwrap()
}

async fn checkpoint(client: &Client) -> String {
    let reply = client.get("/checkpoint").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    String::from_utf8(reply.body.to_vec()).unwrap()
}

/// A policy that believes this key and no other.
fn trust(home: &Home, key: &str) {
    fs::write(home.folder().join("log.policy"), format!("log {key}\nquorum none\n")).unwrap();
}

/// The note, of which the second key signed a line, and when it says that it did.
fn signed(note: &str, key: &str) -> (Checkpoint, u64) {
    let key: VerifierKey = key.parse().unwrap();
    let note = Note::split(note).unwrap();
    let signed = note.signatures(&[&key]).unwrap();
    assert_eq!((signed.len(), note.lines().count()), (1, 2));
    (Checkpoint::parse(note.text()).unwrap(), signed[0].time_s().unwrap())
}

/// What an export of the data directory is audited with.
fn exported(home: &Home) -> String {
    let [data, keys] = [home.data(), home.keys()].map(|path| path.to_str().unwrap().to_owned());
    expect(home, &["export", "--from", &data, "--keys", &keys, "site"], 0, "");
    expect(home, &["audit", "site"], 0, "");
    fs::read_to_string(home.folder().join("site/checkpoint")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_ledger_is_believed_by_its_ml_dsa_key_alone() {
    bounded(120, async {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "5"]);
        let client = server.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        let proof = certified(&home, &client, &issuer, DOCUMENT).await;

        let data = home.data().to_str().unwrap().to_owned();
        let told = run(&home, &["identity", "--json", "--data", &data]).1;
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        let key = told["ml_dsa_verifier_key"].as_str().unwrap().to_owned();
        let kid = told["keys"][4]["kid"].as_str().unwrap();
        assert_eq!(told["keys"][4]["use"], "note-ml-dsa");
        let known = client.get(&format!("/keys/{kid}")).await.json();
        assert_eq!(known["verifier_key"], key.as_str());

        expect(&home, &VERIFY, 0, "signed       by ML-DSA-44 too");
        trust(&home, &key);
        expect(&home, &BY_POLICY, 0, "certified  bill.pdf");
        // Who forges Ed25519 leaves that line out, or the whole checkpoint.
        let carried = proof.attested.checkpoint.clone().unwrap();
        let ed25519 = carried.split_inclusive('\n').take(5).collect::<String>();
        for (note, why) in
            [(Some(ed25519), "no log of the policy signed"), (None, "carries no checkpoint")]
        {
            let mut bare = proof.clone();
            bare.attested.checkpoint = note;
            fs::write(home.folder().join("bill.pdf.proof"), bare.encode()).unwrap();
            expect(&home, &VERIFY, 0, "certified  bill.pdf");
            expect(&home, &BY_POLICY, 1, why);
        }

        let note = checkpoint(&client).await;
        let (head, time_s) = signed(&note, &key);
        assert_eq!((head.size, time_s), client_head(&client).await);
        assert_eq!(server.stop(), Some(0));
        // Whoever signs it, and whenever: the bytes are the same.
        assert_eq!(exported(&home), note);
        let server = home.serve(&[]);
        assert_eq!(checkpoint(&server.client()).await, note);
        let url = format!("http://{}", server.address);
        expect(&home, &["export", "--from", &url, "another"], 0, "");
        assert_eq!(fs::read_to_string(home.folder().join("another/checkpoint")).unwrap(), note);
        assert_eq!(server.stop(), Some(0));
    })
    .await;
}

/// Size and time of the newest block.
async fn client_head(client: &Client) -> (u64, u64) {
    let (height, size) = client.head().await;
    let block = client.get(&format!("/blocks/{height}")).await.body;
    let block = probant_core::block::Block::decode(&block).unwrap();
    (size, block.header().time_ms / 1000)
}

fn replace(home: &Home, server: &Server, new: &Path) -> (i32, String) {
    let [url, new] = [format!("http://{}", server.address), new.display().to_string()];
    let operator = home.keys().join("operator.pem").display().to_string();
    let args = ["key", "replace", "--use", "note-ml-dsa", "--new", &new, "--ledger", &url];
    run(home, &[&args[..], &["--operator-key", &operator]].concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_ledger_gets_such_a_key_and_then_another() {
    bounded(120, async {
        let home = Home::init_without_ml_dsa();
        let server = home.serve(&["--interval-ms", "5"]);
        let client = server.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        let old = certified(&home, &client, &issuer, DOCUMENT).await;
        assert_eq!(old.attested.checkpoint, None, "the ledger's one line says what its seal says");
        assert_eq!(checkpoint(&client).await.lines().count(), 5);

        // What the node does not hold, the ledger does not get.
        let elsewhere = home.folder().join("elsewhere.pem");
        expect(&home, &["key", "new", "--ml-dsa", "elsewhere.pem"], 0, "made elsewhere.pem");
        let refused = replace(&home, &server, &elsewhere);
        assert!(refused.0 == 2 && refused.1.contains("key-not-held"), "{refused:?}");
        let [first, next] = ["", "-2"].map(|n| home.keys().join(format!("note-ml-dsa{n}.pem")));
        fs::rename(&elsewhere, &first).unwrap();
        let (code, said) = replace(&home, &server, &first);
        let key = said.lines().find_map(|line| line.strip_prefix("log ")).unwrap_or_default();
        assert_eq!(code, 0, "{said}");
        trust(&home, key);

        // A proof of before knows nothing of it, and one of now does.
        expect(&home, &VERIFY, 0, "certified  bill.pdf");
        expect(&home, &BY_POLICY, 1, "carries no checkpoint");
        certified(&home, &client, &issuer, b"facture de demain").await;
        expect(&home, &BY_POLICY, 0, "certified  bill.pdf");
        signed(&checkpoint(&client).await, key);

        // Replaced: what it signed stays, what comes is by the next.
        let second = keyfile::ml_dsa::create(&next).unwrap();
        let (code, said) = replace(&home, &server, &next);
        assert_eq!(code, 0, "{said}");
        expect(&home, &BY_POLICY, 0, "certified  bill.pdf");
        certified(&home, &client, &issuer, b"facture d'apres-demain").await;
        expect(&home, &BY_POLICY, 1, "no log of the policy signed");
        let origin = harness::ORIGIN.parse().unwrap();
        let key = probant_core::checkpoint::ml_dsa_verifier_key(&origin, second.public());
        trust(&home, &key.to_string());
        expect(&home, &BY_POLICY, 0, "certified  bill.pdf");
        assert_eq!(server.stop(), Some(0));
        assert_eq!(signed(&exported(&home), &key.to_string()).0.size, 14);

        // A node without it does not start, and says which file it wants.
        fs::rename(&next, &elsewhere).unwrap();
        let (code, said) = home.refused(&[]);
        assert!(code == 2 && said.contains("note-ml-dsa*.pem"), "{code}: {said}");
    })
    .await;
}
