//! What every endpoint answers when all is well, and that a stranger can check it.

use hyper::body::Bytes;
use probant_core::{
    Fingerprints, Hash, List, Verifier,
    block::Block,
    chain::Chain,
    checkpoint::Checkpoint,
    framing,
    key::{Use, read_key_set},
    list::Shape,
    status::Kept,
};

use crate::harness::{
    Client, Home, Issuer, Reply, Server, bounded,
    issuer::{ISSUER, PDF, check_receipt},
};

const COSE: &str = "application/cose";
const CBOR: &str = "application/cbor";
const JSON: &str = "application/json";
const BYTES: &str = "application/octet-stream";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

async fn served() -> (Home, Server, Client, Issuer) {
    let home = Home::init();
    let server = home.serve(&["--interval-ms", "10"]);
    let client = server.client();
    let issuer = Issuer::enrolled(&home, &client).await;
    (home, server, client, issuer)
}

#[tokio::test]
async fn a_submission_is_answered_with_its_first_receipt_however_often_it_is_sent() {
    bounded(120, async {
        let (home, server, client, issuer) = served().await;
        let sent = issuer.certify_made_up("bill", 20);
        let reply = client.post("/entries", sent.bytes.clone()).await;
        let location = reply.header("location").to_owned();
        let first = reply.expect(201, COSE, "");
        let receipt = check_receipt(&client, &home, sent.leaf, &first).await;
        assert_eq!(location, format!("/entries/{}", receipt.index));
        // The ledger goes on; the receipt stays.
        for other in ["a", "b", "c"] {
            client.post("/entries", issuer.certify_made_up(other, 1).bytes).await;
        }
        let again = client.post("/entries", sent.bytes.clone()).await;
        assert_eq!(again.header("location"), location);
        assert_eq!(again.expect(201, COSE, ""), first);
        assert_eq!(client.get(&location).await.expect(200, COSE, IMMUTABLE), first);
        assert_eq!(server.stop(), Some(0));
        let server = home.serve(&[]);
        assert_eq!(server.client().get(&location).await.expect(200, COSE, IMMUTABLE), first);
    })
    .await;
}

#[tokio::test]
async fn a_document_is_certified_and_its_proof_convinces_a_stranger() {
    bounded(120, async {
        let (home, _server, client, issuer) = served().await;
        let sent = issuer.certify_made_up("bill", 20);
        client.post("/entries", sent.bytes).await;
        let mut stranger = Verifier::new(home.identity());
        for document in sent.documents.iter() {
            let path = format!("/documents/{document}");
            let answer = client.get(&path).await;
            answer.clone().expect(200, JSON, "no-cache");
            let answer = answer.json();
            assert_eq!(answer["verdict"], "certified");
            assert_eq!(answer["fingerprint"], document.to_string());
            let found = &answer["certifications"][0];
            assert_eq!((&found["issuer"], &found["list_count"]), (&ISSUER.into(), &20.into()));
            let entry = found["entry"].as_u64().unwrap();
            let proof = client.get(&format!("{path}/proof")).await.expect(200, COSE, "no-cache");
            let verified = stranger.verify(&[document], &proof).unwrap();
            assert_eq!((verified.issuer(), verified.media_type()), (ISSUER, PDF));
            assert_eq!((verified.entry(), verified.list_count()), (entry, 20));
            assert_eq!(found["time_ms"], verified.sealed().time_ms);
            let same = client.get(&format!("{path}/proof/{entry}")).await;
            stranger.verify(&[document], &same.expect(200, COSE, "no-cache")).unwrap();
            let other = client.get(&format!("{path}/proof/{}", entry + 1)).await;
            assert!(other.problem(404).contains("does not certify"));
        }
    })
    .await;
}

#[tokio::test]
async fn the_newest_of_several_certifications_comes_first() {
    bounded(120, async {
        let (_home, _server, client, issuer) = served().await;
        let document = Fingerprints::of(b"twice").blake3;
        let one = issuer.certify(vec![document]);
        let more = [vec![document], crate::harness::issuer::made_up("other", 3)].concat();
        let two = issuer.certify(more);
        for bytes in [one.bytes, two.bytes] {
            assert_eq!(client.post("/entries", bytes).await.status, 201);
        }
        // An answer claims no block that look-ups have not reached.
        let (height, size) = client.head().await;
        let path = format!("/documents/{document}");
        let reaches = |reply: &Reply| reply.json()["head"]["height"].as_u64() == Some(height);
        let answer = client.wait_for(&path, reaches).await.json();
        assert_eq!(answer["head"]["size"], size);
        let found = answer["certifications"].as_array().unwrap();
        assert_eq!(found.len(), 2);
        assert!(found[0]["entry"].as_u64() > found[1]["entry"].as_u64());
        assert_eq!(found[0]["list_count"], 4);
    })
    .await;
}

#[tokio::test]
async fn a_document_that_is_sent_is_hashed_both_ways_as_it_comes() {
    bounded(120, async {
        let home = Home::init();
        let limit = 21 << 20;
        let server =
            home.serve(&["--interval-ms", "10", "--document-bytes-max", &limit.to_string()]);
        let client = server.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        let piece = Bytes::from((0..=u8::MAX).cycle().take(1 << 20).collect::<Vec<_>>());
        let pieces = vec![piece.clone(); 20];
        let both = Fingerprints::of(&pieces.concat());
        let unknown = client.stream("/verify", pieces.clone()).await;
        unknown.clone().expect(200, JSON, "no-store");
        assert_eq!(unknown.json()["verdict"], "unknown");
        for document in [both.sha256, both.blake3] {
            let certified = client.post("/entries", issuer.certify(vec![document]).bytes).await;
            assert_eq!(certified.status, 201);
            let answer = client.stream("/verify", pieces.clone()).await.json();
            assert_eq!(answer["verdict"], "certified");
            assert_eq!(answer["certifications"][0]["fingerprint"], document.to_string());
            assert_eq!(answer["fingerprints"]["blake3"], both.blake3.to_string());
            assert_eq!(answer["fingerprints"]["sha-256"], both.sha256.to_string());
        }
        // Announced or not, what is too long is refused; the limit itself is not.
        let exact = client.post("/verify", vec![0; limit]).await;
        assert_eq!(exact.json()["verdict"], "unknown");
        let refused = client.post("/verify", vec![0; limit + 1]).await;
        assert!(refused.problem(413).contains(&limit.to_string()));
        let longer = [vec![piece; 21], vec![Bytes::from_static(&[0])]].concat();
        let refused = client.stream("/verify", longer).await;
        assert!(refused.problem(413).contains("send its fingerprint"));
    })
    .await;
}

#[tokio::test]
async fn an_auditor_reads_every_block_list_and_checkpoint() {
    bounded(120, async {
        let (home, _server, client, issuer) = served().await;
        let sent: Vec<_> =
            (1..6).map(|number| issuer.certify_made_up(&number.to_string(), number)).collect();
        for submission in &sent {
            client.post("/entries", submission.bytes.clone()).await;
            let root = submission.documents.root();
            let list = client.get(&format!("/lists/{root}")).await;
            if submission.documents.count() > 1 {
                let bytes = list.expect(200, BYTES, IMMUTABLE).into();
                let list = List::decode(bytes, Shape::Documents).unwrap();
                assert_eq!((list.root(), &list), (root, &submission.documents));
            } else {
                assert!(list.problem(404).contains("no list"));
            }
        }
        let (height, size) = client.head().await;
        let mut blocks = Vec::new();
        for height in 0..=height {
            let block = client.get(&format!("/blocks/{height}")).await;
            blocks.push(block.expect(200, CBOR, IMMUTABLE));
        }
        let all: Vec<_> = blocks.iter().map(|block| framing::frame(block).unwrap()).collect();
        for from in [0, 1, height] {
            let stream = client.get(&format!("/blocks/from/{from}")).await;
            let stream = stream.expect(200, BYTES, "no-store");
            assert_eq!(stream, all[usize::try_from(from).unwrap()..].concat());
        }
        let chain = replay(&blocks);
        assert_eq!((chain.identity(), chain.head().size), (home.identity(), size));
        let note = client.wait_for("/checkpoint", |reply| {
            String::from_utf8_lossy(&reply.body).lines().nth(1) == Some(&size.to_string())
        });
        let note = note.await.expect(200, "text/plain; charset=utf-8", "public, max-age=1");
        let registry = chain.registry();
        let note = str::from_utf8(&note).unwrap();
        let opened = Checkpoint::open(note, registry.origin(), registry.ledger_key(Use::Note));
        assert_eq!(opened.unwrap().root, chain.head().root);
    })
    .await;
}

fn replay(blocks: &[Bytes]) -> Chain {
    let mut blocks = blocks.iter().map(|block| Block::decode(block).unwrap());
    let first = blocks.next().unwrap();
    let (mut chain, extension) = Chain::found(&first).unwrap();
    extension.signatures.check(&first).unwrap();
    for block in blocks {
        let extension = chain.extend(&block, &Kept::all()).unwrap();
        extension.signatures.check(&block).unwrap();
    }
    chain
}

#[tokio::test]
async fn keys_issuers_and_health_are_there_for_everybody() {
    bounded(120, async {
        let (home, _server, client, issuer) = served().await;
        let seal = home.key(Use::Seal).public().clone();
        let keys = client.get("/.well-known/scitt-keys").await.expect(200, CBOR, "no-cache");
        assert_eq!(read_key_set(&keys).unwrap(), std::slice::from_ref(&seal));
        let base64 = {
            use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
            URL_SAFE_NO_PAD.encode(seal.kid().0)
        };
        for kid in [seal.kid().to_string(), base64] {
            let key = client.get(&format!("/.well-known/scitt-keys/{kid}")).await;
            assert_eq!(key.expect(200, CBOR, "no-cache"), seal.to_cose_with_kid());
        }
        let stranger = Hash([7; 32]);
        client.get(&format!("/.well-known/scitt-keys/{stranger}")).await.concise(404);
        let issuers = client.get("/issuers").await;
        issuers.clone().expect(200, JSON, "no-cache");
        let issuers = issuers.json();
        assert_eq!(issuers.as_array().unwrap().len(), 1);
        assert_eq!((&issuers[0]["id"], &issuers[0]["country"]), (&ISSUER.into(), &"FR".into()));
        assert_eq!(issuers[0]["keys"][0]["key"], hex::encode(issuer.key.public().as_bytes()));
        let health = client.get("/healthz").await;
        assert_eq!(health.expect(200, "text/plain; charset=utf-8", "no-store"), "ok\n");
        let ready = client.get("/readyz").await;
        ready.clone().expect(200, JSON, "no-store");
        let ready = ready.json();
        assert_eq!((&ready["ready"], &ready["alarm"]), (&true.into(), &().into()));
        assert!(client.get("/blocks/0").await.status == 200);
    })
    .await;
}
