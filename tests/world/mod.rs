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
    keyring::Keyring,
    ledger::{Ledger, LedgerKeys, Sealing, found},
    store::{
        Store, StoreError, StoredBlock,
        embedded::{Embedded, Opening, segments::SEGMENT_BYTES, settings::Settings},
        memory::Memory,
    },
};
use probant_core::{
    Algorithm, Fingerprint, Fingerprints, Identity, LedgerId, List, Statement,
    chain::Chain,
    draft::Draft,
    key::{SigningKey, Use},
    statement::{Body, Certify, Enroll, IssuerRecord, Revoke, prove_possession},
    status::{Nodes, Reason},
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
    LedgerKeys { seal: key(1), note: key(2), operator: key(3), recovery: key(4), note_ml_dsa: None }
}

/// What a node holds: the seal and the note key.
pub fn keyring() -> Arc<Keyring> {
    Arc::new(Keyring::of([key(1), key(2)]))
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
        free(|| opening(&data, &mark).open())
    }
}

/// Opens what may be locked for a moment yet: a child that another test has just started holds what
/// this process held, until it becomes another program.
pub fn free<T>(open: impl Fn() -> Result<T, StoreError>) -> Result<T, StoreError> {
    for _ in 0..50 {
        match open() {
            Err(StoreError::Input(why)) if why.contains("in use by another process") => {
                std::thread::sleep(Duration::from_millis(10));
            }
            opened => return opened,
        }
    }
    open()
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
    Ledger::start(store, keyring(), clock, sealing).unwrap()
}

/// Waits until look-ups reach the head.
pub fn caught_up(store: &dyn Store) {
    let blocks = store.head().map_or(0, |head| head.height + 1);
    for _ in 0..500 {
        if store.derived() == blocks {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("look-ups do not reach the head");
}

pub fn documents(from: u32, count: u32) -> Vec<Fingerprint> {
    (from..from + count).map(|i| Fingerprints::of(&i.to_be_bytes()).blake3).collect()
}

pub fn enroll(ledger: LedgerId) -> Statement {
    enroll_as(ledger, ISSUER, &issuer_key())
}

pub fn enroll_as(ledger: LedgerId, id: &str, new: &SigningKey) -> Statement {
    let possession = prove_possession(new, Use::Issuer, id, 1, &ledger.0.0);
    let record = IssuerRecord {
        legal_name: "Énergie du Ponant".into(),
        country: "FR".into(),
        registration: "123456789".into(),
    };
    let (id, new) = (id.parse().unwrap(), new.public().clone());
    let body = Body::Enroll(Enroll { seq: 1, id, record, key: new, possession });
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

/// The issuer withdraws a list of documents, or replaces them by others.
pub fn revoke(ledger: LedgerId, list: &List, reason: Reason) -> Statement {
    let body = Body::Revoke(Revoke::new(list, reason).unwrap());
    Statement::sign(&issuer_key(), ISSUER, Some(ledger), START_MS / 1000, body)
}

/// Seals the next block of a store, and appends it.
pub fn append(store: &dyn Store, time_ms: u64, entries: Vec<(Statement, Option<List>)>) {
    let chain = store.chain().unwrap().unwrap();
    let mut draft = Draft::new(&chain, time_ms, store);
    for (statement, list) in entries {
        draft.add(statement, list).unwrap();
    }
    let bytes = draft.seal(&key(1)).unwrap().block.encode();
    let mut after = Some(chain.clone());
    let stored = StoredBlock::check(bytes, &mut after, store).unwrap();
    store.append(Some(chain.head()), stored).unwrap();
}

/// All blocks of a store, as another is given them.
pub fn all(store: &Memory) -> Vec<StoredBlock> {
    let (mut chain, nodes): (Option<Chain>, &dyn Nodes) = (None, store);
    let blocks = (0..store.derived()).map(|height| store.block(height).unwrap().unwrap());
    blocks.map(|bytes| StoredBlock::check(bytes, &mut chain, nodes).unwrap()).collect()
}

/// Blocks of a small ledger, for stores: genesis, enrollment, then certifications, some of which
/// fall in the next block.
pub fn blocks(count: usize) -> Vec<StoredBlock> {
    let memory = Memory::default();
    let ledger = found_in(&memory).ledger;
    for number in 1..count as u32 {
        let mut entries = Vec::new();
        if number == 1 {
            entries.push((enroll(ledger), None));
        } else {
            let sizes = [1, number % 40 + 1];
            for (at, size) in sizes.into_iter().enumerate() {
                // Every third block certifies what the one before did, and one document twice.
                let of = if number % 3 == 0 { number - 1 } else { number };
                let from =
                    if number % 3 == 0 { of * 1000 + 500 } else { of * 1000 + at as u32 * 500 };
                let list = List::new(documents(from, size)).unwrap();
                entries.push((certify(ledger, &list), Some(list)));
            }
            let old = documents((number - 1) * 1000, 1)[0];
            if number % 3 == 2 && number > 2 {
                let list = List::new(vec![old]).unwrap();
                entries.push((revoke(ledger, &list, Reason::Withdrawn), Some(list)));
            } else if number % 6 == 4 {
                let new = documents(number * 1000, 1)[0];
                let list = List::replacements(vec![(old, new)]).unwrap();
                entries.push((revoke(ledger, &list, Reason::Superseded), Some(list)));
            }
        }
        append(&memory, START_MS + u64::from(number) * 100, entries);
    }
    all(&memory)
}

/// Blocks that certify one document again and again, each with another beside it.
pub fn repeated(count: u32) -> Vec<StoredBlock> {
    let memory = Memory::default();
    let ledger = found_in(&memory).ledger;
    append(&memory, START_MS + 100, vec![(enroll(ledger), None)]);
    for number in 0..count {
        let both = [documents(1, 1), documents(1000 + number, 1)].concat();
        let list = List::new(both).unwrap();
        let time_ms = START_MS + 101 + u64::from(number);
        append(&memory, time_ms, vec![(certify(ledger, &list), Some(list))]);
    }
    all(&memory)
}

/// Blocks that certify fingerprints of both kinds, with the same digests, and some of them again.
pub fn both_kinds() -> Vec<StoredBlock> {
    let memory = Memory::default();
    let ledger = found_in(&memory).ledger;
    append(&memory, START_MS + 100, vec![(enroll(ledger), None)]);
    for (count, time_ms) in [3, 9, 6].into_iter().zip(START_MS + 101..) {
        let kinds = |document: Fingerprint| {
            let digest = document.digest().try_into().unwrap();
            [Algorithm::Blake3, Algorithm::Sha256].map(|kind| Fingerprint::new(kind, digest))
        };
        let list = documents(1, count).into_iter().flat_map(kinds).collect();
        let list = List::new(list).unwrap();
        append(&memory, time_ms, vec![(certify(ledger, &list), Some(list))]);
    }
    all(&memory)
}
