//! That the pool is bounded and fair, and waits no longer than it has to.

use probant_core::{
    Fingerprints,
    key::SigningKey,
    statement::{Body, Certify},
};

use super::*;
use crate::clock::SystemClock;

fn pending(came: Duration) -> Pending {
    of("energie.example", 0, came)
}

/// The same statement for the same number.
fn of(issuer: &str, number: u64, came: Duration) -> Pending {
    batch(issuer, &list(1), number, came)
}

fn list(documents: u32) -> List {
    let documents = (0..documents).map(|n| Fingerprints::of(&n.to_be_bytes()).blake3);
    List::new(documents.collect()).unwrap()
}

fn batch(issuer: &str, list: &List, number: u64, came: Duration) -> Pending {
    let body = Body::Certify(Certify::new(list, "application/pdf").unwrap());
    let key = SigningKey::from_seed(&[9; 32]);
    let statement = Statement::sign(&key, issuer, None, number, body);
    Pending::new(statement, Some(list.clone()), came).0
}

/// As an issuer does.
fn put(pool: &Pool, pending: Pending) -> Result<(), Error> {
    pool.put(pending, Use::Issuer)
}

/// Puts as many as there is room for.
fn flood(pool: &Pool, issuer: &str) -> usize {
    let put = |number: &u64| put(pool, of(issuer, *number, Duration::ZERO)).is_ok();
    (0..1000).take_while(put).count()
}

fn issuers(taken: &[Pending]) -> Vec<&str> {
    taken.iter().map(|pending| pending.statement.issuer()).collect()
}

#[test]
fn no_issuer_takes_all_of_the_pool_and_each_has_its_turn() {
    let limits = Limits { pool_count: 100, block_count: 10, ..Limits::default() };
    let pool = Pool::new(limits);
    assert_eq!(flood(&pool, "a.example"), 47);
    assert_eq!(flood(&pool, "b.example"), 24);
    assert_eq!(flood(&pool, "c.example"), 12);
    assert_eq!(pool.waits().0, 83);
    let taken = pool.take();
    let (a, b, c) = ("a.example", "b.example", "c.example");
    assert_eq!(issuers(&taken), [a, b, c, a, b, c, a, b, c, a]);
    // Of each the first that came, and the turns go on where they were.
    let times: Vec<_> = taken.iter().map(|pending| pending.statement.issued_at_s()).collect();
    assert_eq!(times, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]);
    assert_eq!(issuers(&pool.take())[..3], [b, c, a]);
    while !pool.take().is_empty() {}
    assert_eq!(pool.waits(), (0, 0));
    assert_eq!(flood(&pool, "a.example"), 47);
}

#[test]
fn what_is_long_costs_as_many_turns() {
    let pool = Pool::new(Limits::default());
    let now = Duration::ZERO;
    // More than 1 MiB: each lets 20 turns pass. A block ends with the fourth.
    let long = list(40_000);
    for number in 0..20 {
        put(&pool, batch("a.example", &long, number, now)).unwrap();
    }
    for number in 0..60 {
        put(&pool, of("b.example", number, now)).unwrap();
    }
    let taken = pool.take();
    let of_a = |taken: &[Pending]| issuers(taken).iter().filter(|id| **id == "a.example").count();
    assert_eq!((of_a(&taken), taken.len()), (4, 64), "all of b are in the first block");
    // Alone it waits for nobody.
    let taken = pool.take();
    assert_eq!((of_a(&taken), taken.len()), (4, 4));
    // However many send one at a time.
    for number in 10..30 {
        put(&pool, batch(&format!("{number}.example"), &long, 0, now)).unwrap();
    }
    for number in 0..20 {
        put(&pool, of("b.example", number, now)).unwrap();
    }
    let taken = pool.take();
    assert_eq!(issuers(&taken)[..20], ["b.example"; 20]);
    assert_eq!(taken.len(), 24);
}

#[test]
fn however_many_flood_it_those_who_govern_find_room() {
    let issuer = |n: u32| format!("{n}.example");
    let bytes = of(&issuer(10), 0, Duration::ZERO).bytes();
    let by_bytes = Limits { pool_bytes: 160 * bytes, ..Limits::default() };
    let by_count = Limits { pool_count: 160, ..Limits::default() };
    for limits in [by_count, by_bytes] {
        let pool = Pool::new(limits);
        let flooded: usize = (10..99).map(|n| flood(&pool, &issuer(n))).sum();
        // Some weigh a byte or two more.
        assert!((145..=150).contains(&flooded), "{flooded}");
        let operators = || of("ledger.example", 0, Duration::ZERO);
        let refused = put(&pool, operators()).unwrap_err().to_string();
        assert!(refused.contains("the pool is full"), "{refused}");
        pool.put(operators(), Use::Operator).unwrap();
    }
}

#[test]
fn the_share_is_of_bytes_too_and_one_always_finds_room_in_an_empty_pool() {
    let bytes = pending(Duration::ZERO).bytes();
    let pool = |pool_bytes| Pool::new(Limits { pool_bytes, ..Limits::default() });
    assert_eq!(flood(&pool(10 * bytes), "a.example"), 5);
    assert_eq!(flood(&pool(1), "a.example"), 1);
    let one = Pool::new(Limits { pool_count: 1, ..Limits::default() });
    assert_eq!((flood(&one, "a.example"), flood(&one, "b.example")), (1, 0));
}

#[test]
fn the_interval_counts_from_the_first_statement() {
    let (pool, clock) = (Pool::new(Limits::default()), SystemClock::shared());
    let interval = Duration::from_secs(60);
    let waits = |now_ms| {
        let before = clock.elapsed();
        pool.fill(interval, Duration::from_millis(now_ms));
        clock.elapsed().saturating_sub(before)
    };
    assert!(waits(0) < interval, "nothing is here");
    put(&pool, pending(Duration::ZERO)).unwrap();
    put(&pool, pending(Duration::from_secs(59))).unwrap();
    assert!(waits(60_000) < interval && waits(90_000) < interval, "it is over");
    assert!(waits(59_950) >= Duration::from_millis(50), "it has 50 ms to go");
}
