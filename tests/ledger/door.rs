//! What strangers can do to those who would revoke: certify the same document, and ask.

use std::{ops::Range, sync::Arc, time::Duration};

use probant::{
    ledger::{Ledger, Sealing},
    lookup::{CERTIFICATIONS_MAX, Lookup},
    store::{Store, embedded::settings::Settings, memory::Memory},
};
use probant_core::{
    LedgerId, List, Statement,
    key::SigningKey,
    statement::{Body, Certify, Revoke},
    status::Reason,
};

use crate::world::{
    Dirs, ISSUER, START_MS, TestClock, append, certify, documents, enroll, enroll_as, found_in,
    key, keyring, revoke, start, submission,
};

const MALLORY: &str = "mallory.example";

fn mallory() -> SigningKey {
    key(66)
}

fn one(number: u32) -> List {
    List::new(documents(number, 1)).unwrap()
}

/// The same document again and again: each time it says another second.
fn flood(store: &dyn Store, ledger: LedgerId, list: &List, seconds: Range<u64>) {
    let body = Body::Certify(Certify::new(list, "application/pdf").unwrap());
    let certify = |second| {
        let iat_s = START_MS / 1000 - second;
        let statement = Statement::sign(&mallory(), MALLORY, Some(ledger), iat_s, body.clone());
        (statement, Some(list.clone()))
    };
    let seconds: Vec<_> = seconds.collect();
    for seconds in seconds.chunks(16_384) {
        append(store, START_MS, seconds.iter().map(|second| certify(*second)).collect());
    }
}

fn both_enrolled(store: &dyn Store) -> LedgerId {
    let ledger = found_in(store).ledger;
    let mallory = enroll_as(ledger, MALLORY, &mallory());
    append(store, START_MS, vec![(enroll(ledger), None), (mallory, None)]);
    ledger
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_certified_among_many_others_may_revoke_and_holds_nobody_up() {
    let (dirs, clock) = (Dirs::new(), TestClock::new());
    let store: Arc<dyn Store> = Arc::new(dirs.create(Settings::default()));
    let ledger_id = both_enrolled(&*store);
    let list = one(7);
    flood(&*store, ledger_id, &list, 0..1);
    append(&*store, START_MS, vec![(certify(ledger_id, &list), Some(list.clone()))]);
    flood(&*store, ledger_id, &list, 1..66_000);
    let ledger = Arc::new(start(Arc::clone(&store), clock));
    // Others ask, in vain, and all at once.
    let never = (key(67), "never.example");
    let enrolled = enroll_as(ledger_id, never.1, &never.0).to_submission(None);
    ledger.submit(enrolled).await.unwrap();
    let ask = |second| {
        let body = Body::Revoke(Revoke::new(&list, Reason::Withdrawn).unwrap());
        let iat_s = START_MS / 1000 - second;
        let asked = Statement::sign(&never.0, never.1, Some(ledger_id), iat_s, body);
        let (ledger, asked) = (Arc::clone(&ledger), asked.to_submission(Some(&list)));
        tokio::spawn(async move { ledger.submit(asked).await })
    };
    let asked: Vec<_> = (0..8).map(ask).collect();
    ledger.submit(submission(ledger_id, 1000, 1000)).await.unwrap();
    assert!(asked.iter().any(|asked| !asked.is_finished()), "certifying waits for who revokes");
    let withdraw = revoke(ledger_id, &list, Reason::Withdrawn);
    ledger.submit(withdraw.to_submission(Some(&list))).await.unwrap();
    for asked in asked {
        let refused = asked.await.unwrap().unwrap_err().to_string();
        assert!(refused.starts_with("not-certified"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_certified_first_is_always_listed() {
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let ledger_id = both_enrolled(&*store);
    let list = one(7);
    append(&*store, START_MS, vec![(certify(ledger_id, &list), Some(list.clone()))]);
    flood(&*store, ledger_id, &list, 0..CERTIFICATIONS_MAX as u64 + 20);
    let chain = store.chain().unwrap().unwrap();
    let answer = Lookup::new(store).answer(&documents(7, 1), chain.registry()).unwrap();
    let listed: Vec<_> = answer.certifications.iter().map(|one| one.issuer.as_str()).collect();
    assert_eq!(listed.len(), CERTIFICATIONS_MAX);
    assert_eq!((listed[0], listed[CERTIFICATIONS_MAX - 1]), (MALLORY, ISSUER));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_fallen_is_refused_at_the_door() {
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let ledger_id = both_enrolled(&*store);
    let list = one(7);
    append(&*store, START_MS, vec![(certify(ledger_id, &list), Some(list.clone()))]);
    let withdraw = |reason| revoke(ledger_id, &list, reason);
    append(&*store, START_MS, vec![(withdraw(Reason::Withdrawn), Some(list.clone()))]);
    // Nothing is sealed in the time of this test.
    let sealing = Sealing { interval: Duration::from_secs(600), ..Sealing::default() };
    let ledger = Ledger::start(store, keyring(), TestClock::new(), sealing).unwrap();
    let again = withdraw(Reason::ObtainedByFraud).to_submission(Some(&list));
    let refused = tokio::time::timeout(Duration::from_secs(60), ledger.submit(again)).await;
    let refused = refused.expect("the sealer is not asked").unwrap_err().to_string();
    assert!(refused.starts_with("fallen"), "{refused}");
}
