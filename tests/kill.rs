//! A real server killed with SIGKILL fifty times under load, by a client that keeps every receipt:
//! none is ever lost, none ever changes, and what nobody was told of is there once or not at all.

mod harness;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use harness::{
    Client, Home, Issuer, Server, bounded,
    issuer::{Submission, check_seal},
};
use hyper::Method;
use probant::store::embedded::segments::{Position, SegmentReader};
use probant_core::{Hash, Verifier, block::Block, chain::Chain, seal::Receipt, status::Kept};

const KILLS: u32 = 50;
const CONNECTIONS: u32 = 6;
/// All of the load comes from one address, which asks more often than one may.
const SERVE: [&str; 4] = ["--interval-ms", "10", "--read-rate", "0"];
/// Receipts looked at again after each restart.
const SAMPLE: usize = 25;

/// What the client holds: by leaf, the submission and the bytes of its receipt.
type Receipts = BTreeMap<Hash, (Submission, Vec<u8>)>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_under_load_lose_no_receipt() {
    bounded(400, async {
        let home = Home::init();
        let server = home.serve(&SERVE);
        let issuer = Issuer::enrolled(&home, &server.client()).await;
        server.kill();
        let (mut receipts, mut unanswered) = (Receipts::new(), Vec::new());
        for round in 0..KILLS {
            if round % 5 == 4 {
                kill_while_it_opens(&home, round).await;
            }
            let server = home.serve(&SERVE);
            check_sample(&home, &server.client(), &receipts, round).await;
            settle(&server.client(), &mut receipts, std::mem::take(&mut unanswered)).await;
            let load = load(&server, &issuer, round);
            tokio::time::sleep(Duration::from_millis(250 + u64::from(round * 37 % 250))).await;
            server.kill();
            for of_one in load {
                let (answered, cut_off) = of_one.await.unwrap();
                receipts.extend(answered);
                unanswered.extend(cut_off);
            }
        }
        println!(
            "{} receipts, {} submissions cut off by the last kill",
            receipts.len(),
            unanswered.len()
        );
        assert!(receipts.len() > 500, "there was a load");
        let server = home.serve(&SERVE);
        check_all(&server.client(), &receipts).await;
        settle(&server.client(), &mut receipts, unanswered).await;
        assert_eq!(server.stop(), Some(0));
        replay(&home, &receipts);
    })
    .await;
}

/// A second fault, in the midst of mending the first.
async fn kill_while_it_opens(home: &Home, round: u32) {
    let starting = home.start(&SERVE);
    tokio::time::sleep(Duration::from_millis(u64::from(round))).await;
    starting.kill();
}

type OfOne = (Vec<(Hash, (Submission, Vec<u8>))>, Option<Submission>);

/// Every connection certifies until it breaks, documents one by one and in batches.
fn load(server: &Server, issuer: &Issuer, round: u32) -> Vec<tokio::task::JoinHandle<OfOne>> {
    let client = server.client();
    let of_one = |number: u32| {
        let issuer = issuer.clone();
        tokio::spawn(async move {
            let mut answered = Vec::new();
            let Ok(mut connection) = client.connect().await else { return (answered, None) };
            for turn in 0.. {
                let count = if (turn + number).is_multiple_of(3) { 1 + turn * 17 % 200 } else { 1 };
                let sent = issuer.certify_made_up(&format!("{round}/{number}/{turn}"), count);
                match connection.send(Method::POST, "/entries", sent.bytes.clone()).await {
                    Ok(reply) => {
                        assert_eq!(reply.status, 201, "{reply:?}");
                        answered.push((sent.leaf, (sent, reply.body.into())));
                    }
                    Err(_) => return (answered, Some(sent)),
                }
            }
            unreachable!("it ends with the connection")
        })
    };
    (0..CONNECTIONS).map(of_one).collect()
}

/// Sends again what was cut off: whether it was kept or not, it has one receipt from now on.
async fn settle(client: &Client, receipts: &mut Receipts, unanswered: Vec<Submission>) {
    for sent in unanswered {
        let reply = client.post("/entries", sent.bytes.clone()).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        receipts.insert(sent.leaf, (sent, reply.body.into()));
    }
}

async fn check_sample(home: &Home, client: &Client, receipts: &Receipts, round: u32) {
    let step = (receipts.len() / SAMPLE).max(1);
    let sample = receipts.values().skip(round as usize % step).step_by(step);
    let mut stranger = Verifier::new(home.identity());
    for (number, (sent, receipt)) in sample.enumerate() {
        check_one(client, receipt).await;
        if number % 8 == 0 {
            let again = client.post("/entries", sent.bytes.clone()).await;
            assert_eq!((again.status.as_u16(), &again.body[..]), (201, &receipt[..]));
        }
        if number % 5 == 0 {
            let document = sent.documents.iter().last().unwrap();
            let proof = client.get(&format!("/documents/{document}/proof")).await;
            assert_eq!(proof.status, 200, "{proof:?}");
            let verified = stranger.verify(&[document], &proof.body).unwrap();
            assert_eq!(verified.entry(), Receipt::decode(receipt).unwrap().index);
        }
    }
}

async fn check_one(client: &Client, receipt: &[u8]) {
    let index = Receipt::decode(receipt).unwrap().index;
    let same = client.get(&format!("/entries/{index}")).await;
    assert_eq!((same.status.as_u16(), &same.body[..]), (200, receipt), "entry {index}");
}

/// All of them, over connections that stay.
async fn check_all(client: &Client, receipts: &Receipts) {
    let all: Arc<Vec<Vec<u8>>> =
        Arc::new(receipts.values().map(|(_, bytes)| bytes.clone()).collect());
    let share = all.len().div_ceil(CONNECTIONS as usize);
    let of_one = |number: usize| {
        let (all, client) = (Arc::clone(&all), *client);
        tokio::spawn(async move {
            let mut connection = client.connect().await.unwrap();
            for receipt in all.iter().skip(number * share).take(share) {
                let index = Receipt::decode(receipt).unwrap().index;
                let path = format!("/entries/{index}");
                let same = connection.send(Method::GET, &path, Vec::new()).await.unwrap();
                let found = (same.status.as_u16(), &same.body[..]);
                assert_eq!(found, (200, &receipt[..]), "entry {index}");
            }
        })
    };
    let checks: Vec<_> = (0..CONNECTIONS as usize).map(of_one).collect();
    for check in checks {
        check.await.unwrap();
    }
}

/// Replays the ledger from its segments with nothing but the core: every signature and rule, every
/// receipt under the root of its block, and every certification answered for.
fn replay(home: &Home, receipts: &Receipts) {
    let reader = SegmentReader::open(&home.data().join("segments")).unwrap();
    let (mut chain, mut roots, mut leaves) = (None::<Chain>, Vec::new(), Vec::new());
    let mut nodes = Kept::newest();
    for record in reader.scan_from(Position::FIRST, None) {
        let block = Block::decode(&record.unwrap().1).unwrap();
        let extension = if let Some(chain) = &mut chain {
            chain.extend(&block, &nodes).unwrap()
        } else {
            let (founded, extension) = Chain::found(&block).unwrap();
            chain = Some(founded);
            extension
        };
        nodes.grow(&extension.growth);
        extension.signatures.check(&block).unwrap();
        roots.push((block.header().time_ms, chain.as_ref().unwrap().head().root));
        leaves.extend(block.entries.iter().map(|entry| (entry.leaf(), entry.documents())));
    }
    let genesis = home.genesis();
    for (leaf, (_, bytes)) in receipts {
        let receipt = Receipt::decode(bytes).unwrap();
        let (time_ms, root) = roots[usize::try_from(receipt.seal.height()).unwrap()];
        assert_eq!(leaves[usize::try_from(receipt.index).unwrap()].0, *leaf);
        assert_eq!(receipt.root(*leaf).unwrap(), root);
        check_seal(&genesis, &receipt.seal, time_ms, root);
    }
    let certifying = leaves.iter().filter(|(_, documents)| *documents > 0).count();
    assert_eq!(certifying, receipts.len(), "each was kept once");
    println!("{} blocks, {} entries replayed", roots.len(), leaves.len());
}
