//! The ledger over its stores: every submission is answered once, finally, and what was answered
//! is provable by a stranger, before and after a restart.

mod door;
mod nodes;
#[path = "../world/mod.rs"]
mod world;

use std::{fs, sync::Arc, time::Duration};

use probant::{
    Error,
    ledger::{Ledger, Sealing, found},
    lookup::Lookup,
    prove::Prover,
    store::{
        Location, Store, StoredBlock,
        embedded::settings::Settings,
        memory::{Fail, Memory},
    },
    verdict::Verdict,
};
use probant_core::{
    List, Statement, Verifier, checkpoint::Checkpoint, key::Use, registry::WITHHELD_S_MAX,
    status::Reason,
};
use world::{
    Dirs, ORIGIN, START_MS, TestClock, caught_up, documents, enroll, found_in, key, keyring,
    ledger_keys, revoke, start, submission,
};

async fn prove_all(store: &Arc<dyn Store>, clock: &Arc<TestClock>, from: u32, count: u32) {
    let chain = store.chain().unwrap().unwrap();
    let prover = Prover::new(Arc::clone(store), Some(keyring()), clock.clone());
    let (lookup, registry) = (Lookup::new(Arc::clone(store)), || Arc::clone(chain.registry()));
    let mut verifier = Verifier::new(chain.identity());
    for document in documents(from, count) {
        let answer = lookup.answer(&[document], chain.registry()).unwrap();
        assert_eq!(answer.verdict, Verdict::Certified);
        let locations: Vec<Location> = lookup.locations(&document).unwrap();
        let head = prover.checkpoint_beyond(locations[0].entry, &registry).await.unwrap();
        let proof = prover.prove(document, locations[0], &head, &registry).await.unwrap();
        let verified = verifier.verify(&[document], &proof).unwrap();
        assert_eq!(verified.entry(), answer.certifications[0].entry);
        assert_eq!(verified.sealed().time_ms, answer.certifications[0].time_ms);
    }
    let note = prover.checkpoint(&registry).await.unwrap().note.clone().unwrap();
    let (origin, key) = (chain.registry().origin(), chain.registry().ledger_key(Use::Note));
    assert!(Checkpoint::open(&note, origin, key).unwrap().size > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_is_answered_finally_and_provable_for_ever() {
    let (dirs, clock) = (Dirs::new(), TestClock::new());
    let store: Arc<dyn Store> = Arc::new(dirs.create(Settings::default()));
    let ledger_id = found_in(&*store).ledger;
    let ledger = start(Arc::clone(&store), clock.clone());
    ledger.submit(enroll(ledger_id).to_submission(None)).await.unwrap();
    clock.advance(1000);
    let batch = submission(ledger_id, 0, 50);
    let accepted = ledger.submit(batch.clone()).await.unwrap();
    let single = ledger.submit(submission(ledger_id, 100, 1)).await.unwrap();
    assert_ne!(accepted.index, single.index);
    clock.advance(2000);
    // The same again: the first receipt, to the byte.
    let again = ledger.submit(batch.clone()).await.unwrap();
    assert_eq!(again.receipt.encode(), accepted.receipt.encode());
    prove_all(&store, &clock, 0, 50).await;
    prove_all(&store, &clock, 100, 1).await;
    drop(ledger);
    drop(store);
    let store: Arc<dyn Store> = Arc::new(dirs.open().unwrap());
    prove_all(&store, &clock, 0, 50).await;
    let ledger = start(Arc::clone(&store), clock.clone());
    let again = ledger.submit(batch).await.unwrap();
    assert_eq!(again.receipt.encode(), accepted.receipt.encode());
    let unknown = Lookup::new(store).answer(&documents(5000, 1), &ledger.registry()).unwrap();
    assert_eq!(unknown.verdict, Verdict::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_share_blocks_and_twins_share_an_entry() {
    let (store, clock): (Arc<dyn Store>, _) = (Arc::new(Memory::default()), TestClock::new());
    let ledger_id = found_in(&*store).ledger;
    let ledger = Arc::new(start(Arc::clone(&store), clock));
    ledger.submit(enroll(ledger_id).to_submission(None)).await.unwrap();
    let submit = |number: u32| {
        let ledger = Arc::clone(&ledger);
        tokio::spawn(async move { ledger.submit(submission(ledger_id, number / 2, 1)).await })
    };
    let tasks: Vec<_> = (0..200).map(submit).collect();
    let mut indexes = Vec::new();
    for task in tasks {
        indexes.push(task.await.unwrap().unwrap().index);
    }
    assert!(indexes.chunks(2).all(|twins| twins[0] == twins[1]));
    indexes.sort_unstable();
    indexes.dedup();
    assert_eq!(indexes.len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_stops_the_ledger_and_nobody_waits() {
    for fail in [Fail::Lost, Fail::Persisted] {
        let (memory, clock) = (Arc::new(Memory::default()), TestClock::new());
        let ledger_id = found_in(&*memory).ledger;
        let ledger = start(memory.clone(), clock.clone());
        ledger.submit(enroll(ledger_id).to_submission(None)).await.unwrap();
        memory.fail_next(fail);
        let batch = submission(ledger_id, 0, 5);
        let failed = ledger.submit(batch.clone()).await.unwrap_err();
        assert!(matches!(failed, Error::Stop(_)), "{failed}");
        assert!(ledger.failure().is_some_and(|why| why.contains("restart")));
        assert_eq!(ledger.alarm(), ledger.failure());
        let next = tokio::time::timeout(Duration::from_secs(60), ledger.submit(batch.clone()));
        assert!(next.await.unwrap().is_ok() == (fail == Fail::Persisted));
        drop(ledger);
        // After a restart the same statement is answered, whether it was kept or not.
        let store: Arc<dyn Store> = Arc::new(memory.reopen());
        let ledger = start(Arc::clone(&store), clock.clone());
        let accepted = ledger.submit(batch).await.unwrap();
        assert_eq!(accepted.index, 4, "the entry after genesis, enrollment and their blocks");
        prove_all(&store, &clock, 0, 5).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_statements_change_nothing() {
    let (store, clock): (Arc<dyn Store>, _) = (Arc::new(Memory::default()), TestClock::new());
    let ledger_id = found_in(&*store).ledger;
    let ledger = start(Arc::clone(&store), clock);
    let before = store.head();
    let mut flipped = enroll(ledger_id).to_submission(None);
    *flipped.last_mut().unwrap() ^= 1;
    let unenrolled = submission(ledger_id, 0, 3);
    let cut = unenrolled[..unenrolled.len() - 1].to_vec();
    let cases = [(flipped, "signature"), (unenrolled, "unknown-key"), (cut, "malformed")];
    for (bytes, code) in cases {
        let refused = ledger.submit(bytes).await.unwrap_err().to_string();
        assert!(refused.starts_with(code), "{refused}");
    }
    assert_eq!(store.head(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_not_believed_raises_an_alarm_that_setting_it_right_ends() {
    let (store, ahead): (Arc<dyn Store>, _) = (Arc::new(Memory::default()), TestClock::new());
    let ledger_id = found_in(&*store).ledger;
    ahead.advance(10_000);
    let ledger = start(Arc::clone(&store), ahead);
    ledger.submit(enroll(ledger_id).to_submission(None)).await.unwrap();
    drop(ledger);
    let behind = TestClock::new();
    let ledger = start(store, behind.clone());
    let refused = ledger.submit(submission(ledger_id, 0, 1)).await.unwrap_err();
    assert!(matches!(refused, Error::Busy { .. }), "{refused}");
    assert!(ledger.alarm().is_some_and(|alarm| alarm.contains("set the clock right")));
    assert_eq!(ledger.failure(), None);
    behind.advance(10_000);
    ledger.submit(submission(ledger_id, 0, 1)).await.unwrap();
    assert_eq!(ledger.alarm(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_has_gone_silent_raises_an_alarm() {
    let (store, clock): (Arc<dyn Store>, _) = (Arc::new(Memory::default()), TestClock::new());
    found_in(&*store);
    let heartbeat = Duration::from_secs(3600);
    let sealing = Sealing { heartbeat, ..Sealing::default() };
    let ledger = Ledger::start(store, keyring(), clock.clone(), sealing).unwrap();
    assert_eq!(ledger.alarm(), None);
    // A sealer that looks just now does not believe a clock that steps so far: an alarm as well.
    clock.advance(2 * 3600 * 1000 + 61 * 1000);
    assert!(ledger.alarm().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_statements_do_not_stop_the_heartbeat() {
    let (store, clock) = (Arc::new(Memory::default()), TestClock::new());
    // Block time is ahead of the clock: what is fresh enough at the door is stale in its block.
    let (origin, ahead_ms) = (ORIGIN.parse().unwrap(), START_MS + 4000);
    let ledger_id = found(&*store, &origin, &ledger_keys(), &[42; 32], ahead_ms).unwrap().ledger;
    let ms = Duration::from_millis;
    let sealing = Sealing { interval: ms(1), heartbeat: ms(40), ..Sealing::default() };
    let ledger = Ledger::start(store.clone(), keyring(), clock.clone(), sealing).unwrap();
    let (iat_s, body) = (START_MS / 1000 + 1 - WITHHELD_S_MAX, enroll(ledger_id).body().clone());
    let stale = Statement::sign(&key(3), ORIGIN, Some(ledger_id), iat_s, body).to_submission(None);
    for _ in 0..20 {
        clock.advance(20);
        let refused = ledger.submit(stale.clone()).await.unwrap_err().to_string();
        assert!(refused.starts_with("stale"), "{refused}");
    }
    let sealed = store.head().unwrap().height;
    assert!((9..=11).contains(&sealed), "{sealed} blocks in 400 ms, where one is due each 40 ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_says_wrongly_where_statuses_are_is_not_kept() {
    let (dirs, clock) = (Dirs::new(), TestClock::new());
    let store: Arc<dyn Store> = Arc::new(dirs.create(Settings::default()));
    for block in world::blocks(6) {
        store.append(store.head().as_ref(), block).unwrap();
    }
    let ledger_id = store.chain().unwrap().unwrap().identity().ledger;
    // The count of inner nodes, by which new ones are numbered, in the newest block's record.
    let path = dirs.data().join("derived").join("blocks");
    let mut rows = fs::read(&path).unwrap();
    let at = rows.len() - 16;
    rows[at] ^= 8;
    fs::write(&path, rows).unwrap();
    clock.advance(1000);
    let ledger = start(Arc::clone(&store), clock);
    for number in 50_000..50_003 {
        ledger.submit(submission(ledger_id, number, 1)).await.unwrap();
        let list = List::new(documents(number, 1)).unwrap();
        let withdraw = revoke(ledger_id, &list, Reason::Withdrawn).to_submission(Some(&list));
        let withdrawn = || async {
            match ledger.submit(withdraw.clone()).await {
                Err(Error::Busy { .. }) => None,
                answer => Some(answer.unwrap()),
            }
        };
        let mut tries = 0..500;
        while withdrawn().await.is_none() {
            assert!(tries.next().is_some(), "document {number} cannot be withdrawn");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    caught_up(&*store);
    let (mut truth, blocks) = (None, Memory::default());
    for height in 0..=store.head().unwrap().height {
        let bytes = store.block(height).unwrap().unwrap();
        let block = StoredBlock::check(bytes, &mut truth, &blocks).unwrap();
        blocks.append(blocks.head().as_ref(), block).unwrap();
    }
}
