//! A revocation of 65,536 documents on a status map of many falls, in one private PostgreSQL: by a node
//! that made the map, and by one that has just been opened. `cargo bench --bench falls -- 16` (so many
//! revocations before).

#[path = "../tests/cluster/mod.rs"]
mod cluster;
#[path = "../tests/world/mod.rs"]
mod world;

use std::{env, path::Path, time::Duration};

use cluster::{Cluster, connect};
use probant::{
    clock::{SharedClock, SystemClock},
    store::{Store, StoredBlock, postgres::Postgres, postgres::server::Access},
};
use probant_core::{List, draft::Draft, status::Reason};
use world::{START_MS, documents, enroll, found_in, key, revoke};

const EACH: u32 = 65_536;
const SETTINGS: [&str; 2] = ["shared_buffers=1GB", "max_wal_size=8GB"];

fn main() {
    let mut numbers = env::args().skip(1).filter_map(|argument| argument.parse::<u32>().ok());
    let before = numbers.next().unwrap_or(2);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("# after {before} revocations of {EACH}; load {load}");
    let cluster = Cluster::with(&SETTINGS);
    let url = cluster.url(&cluster.database());
    let keys = tempfile::tempdir().unwrap();
    let mark = keys.path().join("head-mark");
    let store = Postgres::create(connect(&url, Access::Write), &mark).unwrap();
    let ledger = found_in(&store).ledger;
    world::append(&store, START_MS + 1, vec![(enroll(ledger), None)]);
    for number in 0..=before {
        let took = append_falls(&store, number);
        if number == 0 || number == before {
            print("made the map", number, took);
        }
    }
    drop(store);
    let store = reopened(&url, &mark);
    print("just opened", before + 1, append_falls(&store, before + 1));
}

fn reopened(url: &str, mark: &Path) -> Postgres {
    Postgres::open(connect(url, Access::Write), mark).unwrap()
}

fn print(who: &str, number: u32, [draft, check, append]: [Duration; 3]) {
    let falls = u64::from(number) * u64::from(EACH);
    println!("{who}, {falls} falls before: fold {draft:?}, check {check:?}, append {append:?}");
}

/// One block with one revocation: how long it takes to fold, to check, and to make durable.
fn append_falls(store: &dyn Store, number: u32) -> [Duration; 3] {
    let clock: SharedClock = SystemClock::shared();
    let list = List::new(documents(number * EACH, EACH)).unwrap();
    let chain = store.chain().unwrap().unwrap();
    let statement = revoke(chain.identity().ledger, &list, Reason::Withdrawn);
    let claim = store.claim().unwrap();
    let since = |start: Duration| clock.elapsed().saturating_sub(start);
    let begun = clock.elapsed();
    let mut draft = Draft::new(&chain, START_MS + 2 + u64::from(number), store);
    draft.add(statement, Some(list)).unwrap();
    let bytes = draft.seal(&key(1)).unwrap().block.encode();
    let (fold, begun) = (since(begun), clock.elapsed());
    let block = StoredBlock::check(bytes, &mut Some(chain), store).unwrap();
    let (check, begun) = (since(begun), clock.elapsed());
    claim.append(block).unwrap();
    [fold, check, since(begun)]
}
