//! Answers about all documents that begin so: what is taken of them, and what is a lie.

use probant::{
    Error,
    client::{Asked, Client, Shown},
    verdict::Verdict,
};
use probant_core::{
    Algorithm, Fingerprint, Fingerprints, List, Verifier,
    statement::{Body, Certify},
    status::Reason,
};
use serde_json::{Value, json};

use super::{
    Desk,
    fake_ledger::{Lie, now_ms},
    sample_world::ISSUER,
    statuses::document,
};

/// What is done to an answer.
pub type Edit = fn(&mut Value);

const OTHER: &str = "telecom.example";

/// What begins like the document "a", and ends otherwise.
fn neighbour(last: u8) -> Fingerprint {
    let mut digest: [u8; 32] = document("a").digest().try_into().unwrap();
    digest[31] = last;
    Fingerprint::new(Algorithm::Blake3, digest)
}

impl Desk {
    /// An issuer certifies "a" and so many neighbours, of which the first is after it in order.
    pub fn crowd(&self, by: (&str, u8), neighbours: u8, time_ms: u64) -> u64 {
        let neighbours = (0..neighbours).map(|number| neighbour(number.wrapping_sub(1)));
        let list = List::new(neighbours.chain([document("a")]).collect()).unwrap();
        let body = Body::Certify(Certify::new(&list, "application/pdf").unwrap());
        self.ledger.world().say(by, (body, Some(list)), time_ms).index
    }

    async fn ask(&self) -> Result<Asked, Error> {
        let mut verifier = Verifier::new(self.ledger.world().identity());
        let client = Client::new(&self.ledger.url).unwrap();
        client.verify_by_prefix(&mut verifier, &Fingerprints::of(b"a")).await
    }

    async fn shown(&self) -> Shown {
        match self.ask().await.unwrap() {
            Asked::Shown(shown) => shown,
            Asked::Lie(why) => panic!("{why}"),
        }
    }

    async fn expect_lie(&self, why: &str) {
        match self.ask().await.unwrap() {
            Asked::Lie(lie) => assert!(lie.to_string().contains(why), "{lie}, not {why}"),
            Asked::Shown(shown) => panic!("{shown:?}, not {why}"),
        }
    }
}

fn documents(answer: &mut Value) -> &mut Vec<Value> {
    answer["documents"].as_array_mut().unwrap()
}

/// The answer about "a", where it is this one.
fn ours(answer: &mut Value) -> Option<&mut Value> {
    let name = document("a").to_string();
    documents(answer).iter_mut().find(|one| one["fingerprint"] == name)
}

const OF_THE_ANSWER: [(Edit, &str); 10] = [
    (|answer| answer["prefix"] = "blake3:0000".into(), "it is about another prefix"),
    (
        |answer| {
            let name = format!("blake3:{}", "0".repeat(64));
            let stranger = json!({
                "fingerprint": name, "verdict": "unknown", "certifications": [], "proofs": [],
            });
            documents(answer).insert(0, stranger);
        },
        "it holds what does not begin with blake3:1776",
    ),
    (
        |answer| {
            let prefix = answer["prefix"].clone();
            documents(answer)
                .iter_mut()
                .take(1)
                .for_each(|one| one["fingerprint"] = prefix.clone());
        },
        "it holds what does not begin with",
    ),
    (
        |answer| {
            let again = documents(answer).first().cloned();
            documents(answer).splice(0..0, again);
        },
        "are not in order, each once",
    ),
    (|answer| documents(answer).reverse(), "are not in order, each once"),
    (
        |answer| {
            if let Some(one) = documents(answer).first().cloned() {
                documents(answer).resize(65, one);
            }
        },
        "65 documents begin with blake3:1776, 64 may",
    ),
    (
        |answer| {
            let proofs = documents(answer)[0]["proofs"].clone();
            documents(answer)[2]["proofs"] = proofs;
        },
        "the proof is for document blake3:1776",
    ),
    (
        |answer| answer["head"]["height"] = 3.into(),
        "it is as of block 3, and its proof of entry 4 as of block 2",
    ),
    (|answer| answer["head"]["size"] = 7.into(), "it is as of block 2, and its proof"),
    (|answer| answer["head"]["time_ms"] = 7.into(), "it is as of block 2, and its proof"),
];

const OF_THE_DOCUMENT: [(Edit, &str); 9] = [
    (|one| one["proofs"] = json!([]), "it lists 1, and has 0 proofs of them"),
    (|one| one["certifications"] = json!([]), "it says certified, and lists no certification"),
    (|one| one["certifications"][0]["entry"] = 3.into(), "it proves entry 4, and does not list it"),
    (
        |one| {
            let again = one["proofs"][0].clone();
            one["proofs"].as_array_mut().unwrap().push(again);
        },
        "it proves entry 4 twice",
    ),
    (
        |one| {
            one["proofs"][0]["entry"] = 3.into();
            one["certifications"][0]["entry"] = 3.into();
        },
        "a proof of entry 3 was wanted, and it is of 4",
    ),
    (
        |one| {
            let more = json!({"entry": 9, "proof": one["proofs"][0]["proof"]});
            one["proofs"].as_array_mut().unwrap().push(more);
        },
        "it proves entry 9, and does not list it",
    ),
    (|one| one["proofs"][0]["proof"] = "=".into(), "the proof of entry 4 is not base64"),
    (|one| one["proofs"][0]["proof"] = "AAAA".into(), "deterministic CBOR"),
    (|one| one["proofs"][0]["proof"] = "A".repeat(2 << 20).into(), "the limit is 1048576"),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_the_answer_to_the_question_is_a_lie() {
    let desk = Desk::new().await;
    assert_eq!(desk.crowd((ISSUER, 9), 3, now_ms()), 4);
    assert_eq!(desk.shown().await.certifications.len(), 1);
    for (edit, why) in OF_THE_ANSWER {
        desk.ledger.faults().edit = Some(Box::new(edit));
        desk.expect_lie(why).await;
    }
    for (edit, why) in OF_THE_DOCUMENT {
        let ours = move |answer: &mut Value| ours(answer).map_or((), edit);
        desk.ledger.faults().edit = Some(Box::new(ours));
        desk.expect_lie(why).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_left_out_is_unknown_by_the_ledgers_word_and_others_are_not_believed() {
    let desk = Desk::new().await;
    desk.crowd((ISSUER, 9), 3, now_ms());
    desk.ledger.faults().edit = Some(Box::new(|answer| {
        let name = document("a").to_string();
        documents(answer).retain(|one| one["fingerprint"] != name);
        for one in documents(answer) {
            one["proofs"] = json!([{"entry": 7, "proof": "of nothing"}]);
        }
    }));
    let shown = desk.shown().await;
    assert_eq!((shown.certifications.len(), shown.not_asked), (0, 0));
    assert_eq!((shown.head.height, shown.may_have_more, shown.lacks_oldest), (2, false, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_is_better_than_the_proofs_is_asked_about_again_and_then_a_lie() {
    let desk = Desk::new().await;
    let entry = desk.crowd((ISSUER, 9), 0, now_ms());
    desk.revoke("a", (ISSUER, 9), Reason::Withdrawn);
    let shown = desk.shown().await;
    assert_eq!(Verdict::of(shown.certifications[0].0.standing()), Verdict::Revoked);
    desk.ledger.faults().lie = Some(Lie::Says("certified"));
    desk.ledger.faults().requests.clear();
    desk.expect_lie(&format!(
        "it says that entry {entry} is certified, and its proof shows revoked"
    ))
    .await;
    assert_eq!(desk.ledger.faults().requests, ["GET /prefixes/blake3:1776"; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_ledger_does_not_prove_is_counted_and_is_not_the_better() {
    let desk = Desk::new().await;
    let other = desk.ledger.world().enroll(OTHER, 10, now_ms() - 9000);
    desk.ledger.world().submit(other, None, now_ms() - 9000).unwrap();
    let mut entries = vec![desk.crowd((OTHER, 10), 0, now_ms() - 8000)];
    entries.extend((1..=4).map(|at| desk.crowd((ISSUER, 9), 0, now_ms() - 8000 + 1000 * at)));
    let shown = desk.shown().await;
    let proven = shown.certifications.iter().map(|(one, _)| one.entry());
    assert!(proven.eq(entries[1..].iter().rev().copied()));
    assert_eq!((shown.not_asked, shown.lacks_oldest, shown.may_have_more), (1, true, false));
    // The fake ledger proves the newest, whatever became of them.
    desk.revoke("a", (ISSUER, 9), Reason::Withdrawn);
    desk.expect_lie("it says certified, and what it proves is revoked").await;
    // Where the oldest is proven, nothing is said to be lacking.
    desk.ledger.faults().edit = Some(Box::new(move |answer| {
        if let Some(one) = ours(answer) {
            one["certifications"].as_array_mut().unwrap().pop();
            one["verdict"] = "revoked".into();
        }
    }));
    let shown = desk.shown().await;
    assert_eq!((shown.certifications.len(), shown.not_asked, shown.lacks_oldest), (4, 0, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_wants_the_name_or_says_too_much_is_stopped() {
    let desk = Desk::new().await;
    desk.crowd((ISSUER, 9), 3, now_ms());
    desk.ledger.faults().digits_min = 9;
    match desk.ask().await {
        Err(Error::Input(why)) => assert!(why.contains("more than 8 digits"), "{why}"),
        other => panic!("{other:?}"),
    }
    let whole = document("a").to_string();
    let asked: Vec<_> =
        (11..=15).map(|length| format!("GET /prefixes/{}", &whole[..length])).collect();
    assert_eq!(desk.ledger.faults().requests, asked);
    desk.ledger.faults().digits_min = 0;
    desk.ledger.faults().edit =
        Some(Box::new(|answer| answer["padding"] = " ".repeat(64 << 20).into()));
    match desk.ask().await {
        Err(Error::Stop(why)) => assert!(why.contains("longer than 67108864 bytes"), "{why}"),
        other => panic!("{other:?}"),
    }
    desk.ledger.faults().edit = Some(Box::new(|answer| answer["documents"] = Value::Null));
    let no_ledger = desk.ask().await;
    assert!(matches!(no_ledger, Err(Error::Busy { .. })), "{no_ledger:?}");
    desk.ledger.faults().no_prefixes = true;
    match desk.ask().await {
        Err(Error::Input(why)) => assert!(why.contains("does not answer by prefix"), "{why}"),
        other => panic!("{other:?}"),
    }
}
