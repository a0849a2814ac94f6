//! Nodes whose clocks differ: the time of blocks never goes back, and a node that is too far behind
//! says so and writes nothing until its clock is right.

use std::{path::Path, sync::Arc, time::Duration};

use probant::{
    Error,
    ledger::Ledger,
    store::{
        head_mark::HeadMark,
        postgres::{Postgres, server::Access},
    },
};
use tempfile::TempDir;

use crate::{
    cluster::{Database, connect},
    truth::Truth,
    world::{START_MS, TestClock, enroll, found_in, start, submission},
};

/// A node whose clock is so far ahead, with the mark of the first.
fn node(url: &str, first: &Path, keys: &Path, ahead_ms: u64) -> (Arc<Ledger>, Arc<TestClock>) {
    let (clock, mark) = (TestClock::new(), keys.join(format!("mark-{ahead_ms}")));
    clock.advance(ahead_ms);
    HeadMark::create(&mark, HeadMark::read(first).unwrap().unwrap()).unwrap();
    let store = Postgres::open(connect(url, Access::Write), &mark).unwrap();
    (Arc::new(start(Arc::new(store), clock.clone())), clock)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn block_time_never_goes_back_and_a_clock_far_behind_raises_its_alarm() {
    let (database, keys) = (Database::new(), TempDir::new().unwrap());
    let (url, first) = (database.url_of("postgres"), keys.path().join("head-mark"));
    let id = found_in(&Postgres::create(database.connect(), &first).unwrap()).ledger;
    let (right, clock) = node(&url, &first, keys.path(), 0);
    let (ahead, _) = node(&url, &first, keys.path(), 4000);
    right.submit(enroll(id).to_submission(None)).await.unwrap();
    for number in 0..6 {
        let sealing = if number % 2 == 0 { &ahead } else { &right };
        sealing.submit(submission(id, number * 10, 1)).await.unwrap();
    }
    assert_eq!(Truth::of(&url).head.time_ms, START_MS + 4000);

    let (far, _) = node(&url, &first, keys.path(), 10_000);
    far.submit(submission(id, 100, 1)).await.unwrap();
    let late = submission(id, 200, 1);
    let told = right.submit(late.clone()).await.unwrap_err();
    assert!(matches!(told, Error::Busy { .. }), "{told:?}");
    assert!(right.alarm().unwrap().contains("set the clock right"), "{:?}", right.alarm());
    let before = Truth::of(&url).head;
    // The others go on, and what it refused is taken there.
    let accepted = far.submit(late.clone()).await.unwrap();
    assert_eq!(Truth::of(&url).head.height, before.height + 1);

    // A proxy sends nothing to a node that is not ready: it finds out by itself.
    clock.advance(10_000);
    let mut tries = 0..200;
    while let Some(alarm) = right.alarm() {
        assert!(tries.next().is_some(), "{alarm}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    right.submit(submission(id, 300, 1)).await.unwrap();
    let again = right.submit(late).await.unwrap();
    assert_eq!(again.receipt.encode(), accepted.receipt.encode());
    assert_eq!(Truth::of(&url).head.time_ms, START_MS + 10_000);
}
