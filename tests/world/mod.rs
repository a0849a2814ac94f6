//! A ledger to test on: fixed keys, a clock that tests set, directories that vanish.
#![allow(dead_code)] // Each test file uses what it needs.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use probant::{
    clock::Clock,
    ledger::{Ledger, LedgerKeys, Sealing, found},
    store::{
        Store, StoreError, StoredBlock,
        embedded::{Embedded, Opening, segments::SEGMENT_BYTES, settings::Settings},
    },
};
use probant_core::{
    Fingerprint, Fingerprints, Identity, LedgerId, List, Statement,
    chain::Chain,
    draft::Draft,
    key::{SigningKey, Use},
    statement::{Body, Certify, Enroll, IssuerRecord, prove_possession},
};
use tempfile::TempDir;

pub const ORIGIN: &str = "ledger.example/fr";
pub const ISSUER: &str = "energie.example";
pub const START_MS: u64 = 1_790_000_000_000;

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

pub fn issuer_key() -> SigningKey {
    key(9)
}

pub fn ledger_keys() -> LedgerKeys {
    LedgerKeys { seal: key(1), note: key(2), operator: key(3), recovery: key(4) }
}

/// A clock that stands still until a test moves it; its steady side moves with it.
pub struct TestClock(AtomicU64);

impl TestClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(START_MS)))
    }

    pub fn advance(&self, by_ms: u64) {
        self.0.fetch_add(by_ms, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.now_ms() - START_MS)
    }
}

/// A data directory and a directory of keys.
pub struct Dirs {
    temp: TempDir,
}

impl Dirs {
    pub fn new() -> Self {
        Self { temp: tempfile::tempdir().unwrap() }
    }

    pub fn data(&self) -> PathBuf {
        self.temp.path().join("data")
    }

    pub fn mark(&self) -> PathBuf {
        self.temp.path().join("head-mark")
    }

    pub fn create(&self, settings: Settings) -> Embedded {
        let (data, mark) = (self.data(), self.mark());
        opening(&data, &mark).create(settings).unwrap()
    }

    pub fn open(&self) -> Result<Embedded, StoreError> {
        let (data, mark) = (self.data(), self.mark());
        opening(&data, &mark).open()
    }
}

pub fn opening<'a>(dir: &'a Path, mark: &'a Path) -> Opening<'a> {
    Opening { dir, mark, segment_bytes: SEGMENT_BYTES, progress: &|_, _| {} }
}

/// Founds the test ledger in a store.
pub fn found_in(store: &dyn Store) -> Identity {
    found(store, &ORIGIN.parse().unwrap(), &ledger_keys(), &[42; 32], START_MS).unwrap()
}

pub fn start(store: Arc<dyn Store>, clock: Arc<TestClock>) -> Ledger {
    let sealing = Sealing { interval: Duration::from_millis(5), ..Sealing::default() };
    Ledger::start(store, key(1), clock, sealing).unwrap()
}

pub fn documents(from: u32, count: u32) -> Vec<Fingerprint> {
    (from..from + count).map(|i| Fingerprints::of(&i.to_be_bytes()).blake3).collect()
}

pub fn enroll(ledger: LedgerId) -> Statement {
    let possession = prove_possession(&issuer_key(), Use::Issuer, ISSUER, 1, &ledger.0.0);
    let record = IssuerRecord {
        legal_name: "Énergie du Ponant".into(),
        country: "FR".into(),
        registration: "123456789".into(),
    };
    let (id, key_) = (ISSUER.parse().unwrap(), issuer_key().public().clone());
    let body = Body::Enroll(Enroll { id, record, key: key_, possession });
    Statement::sign(&key(3), ORIGIN, Some(ledger), START_MS / 1000, body)
}

pub fn certify(ledger: LedgerId, list: &List) -> Statement {
    let body = Body::Certify(Certify::new(list, "application/pdf").unwrap());
    Statement::sign(&issuer_key(), ISSUER, Some(ledger), START_MS / 1000, body)
}

pub fn submission(ledger: LedgerId, from: u32, count: u32) -> Vec<u8> {
    let list = List::new(documents(from, count)).unwrap();
    certify(ledger, &list).to_submission(Some(&list))
}

/// Blocks of a small ledger, for stores: genesis, enrollment, then certifications.
pub fn blocks(count: usize) -> Vec<StoredBlock> {
    let memory = probant::store::memory::Memory::default();
    let identity = found_in(&memory);
    let mut chain = memory.chain().unwrap().unwrap();
    let mut blocks = vec![memory.block(0).unwrap().unwrap()];
    for number in 1..count as u32 {
        let mut draft = Draft::new(&chain, START_MS + u64::from(number) * 100);
        if number == 1 {
            draft.add(enroll(identity.ledger), None).unwrap();
        } else {
            let sizes = [1, number % 40 + 1];
            for (at, size) in sizes.into_iter().enumerate() {
                // Every third block certifies what the one before did, and one document twice.
                let of = if number % 3 == 0 { number - 1 } else { number };
                let from =
                    if number % 3 == 0 { of * 1000 + 500 } else { of * 1000 + at as u32 * 500 };
                let list = List::new(documents(from, size)).unwrap();
                draft.add(certify(identity.ledger, &list), Some(list)).unwrap();
            }
        }
        let bytes = draft.seal(&key(1)).block.encode();
        let mut after = Some(chain);
        StoredBlock::check(bytes.clone(), &mut after).unwrap();
        chain = after.unwrap();
        blocks.push(bytes);
    }
    let mut chain: Option<Chain> = None;
    blocks.into_iter().map(|bytes| StoredBlock::check(bytes, &mut chain).unwrap()).collect()
}

/// Blocks that certify one document again and again, each with another beside it.
pub fn repeated(count: u32) -> Vec<StoredBlock> {
    let mut blocks = blocks(2);
    let mut chain: Option<Chain> = None;
    for block in &blocks {
        StoredBlock::check(block.bytes.clone(), &mut chain).unwrap();
    }
    for number in 0..count {
        let before = chain.clone().unwrap();
        let ledger = before.identity().ledger;
        let mut draft = Draft::new(&before, before.head().time_ms + 1);
        let both = [documents(1, 1), documents(1000 + number, 1)].concat();
        let list = List::new(both).unwrap();
        draft.add(certify(ledger, &list), Some(list)).unwrap();
        let bytes = draft.seal(&key(1)).block.encode();
        blocks.push(StoredBlock::check(bytes, &mut chain).unwrap());
    }
    blocks
}
