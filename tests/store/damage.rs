//! Bits that flip in what is derived: it is rebuilt, or answers as before. The chain that a writer
//! is given is always the true one, for an audit refuses what is sealed over any other.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use probant::store::{
    Store, StoreError, StoredBlock,
    embedded::{Embedded, settings::Settings},
    memory::Memory,
    postgres::Postgres,
};
use probant_core::{
    LedgerId, List, Rejected, Statement,
    chain::Chain,
    draft::Draft,
    key::{Kid, SigningKey, Use},
    registry::Registry,
    statement::{Body, HeldKey, KeyAct, KeyStatement},
    status::{IssuerStatus, KeyStatus, Nodes, Reason},
};

use crate::cluster::Database;
use crate::world::{
    Dirs, ISSUER, START_MS, all, append, certify, documents, enroll, found_in, free, issuer_key,
    key, revoke,
};

fn by_issuer(ledger: LedgerId, statement: KeyStatement) -> Statement {
    let body = Body::Key(statement);
    Statement::sign(&issuer_key(), ISSUER, Some(ledger), START_MS / 1000, body)
}

fn add(ledger: LedgerId, new: &SigningKey) -> Statement {
    let held = HeldKey::prove(new, Use::Issuer, ISSUER, 1, ledger);
    let act = KeyAct::Add { issuer: ISSUER.parse().unwrap(), held };
    by_issuer(ledger, KeyStatement::bringing(act))
}

fn stop(ledger: LedgerId, kid: Kid) -> Statement {
    by_issuer(ledger, KeyStatement::about(kid, 2, KeyAct::Stop))
}

fn one(number: u32) -> List {
    List::new(documents(number, 1)).unwrap()
}

fn withdrawn(ledger: LedgerId, number: u32) -> (Statement, Option<List>) {
    let list = one(number);
    (revoke(ledger, &list, Reason::Withdrawn), Some(list))
}

/// A ledger whose keys come and go: one is stopped by the first of two entries of its block.
fn story() -> Vec<StoredBlock> {
    let memory = Memory::default();
    let ledger = found_in(&memory).ledger;
    append(&memory, START_MS + 10, vec![(enroll(ledger), None)]);
    append(&memory, START_MS + 20, vec![(add(ledger, &key(20)), None)]);
    let certified = [(certify(ledger, &one(1)), Some(one(1))), withdrawn(ledger, 2)];
    append(&memory, START_MS + 30, certified.into());
    append(&memory, START_MS + 40, vec![(stop(ledger, key(20).public().kid()), None)]);
    append(&memory, START_MS + 50, vec![]);
    all(&memory)
}

/// A directory with these blocks, closed.
fn closed(blocks: &[StoredBlock]) -> Dirs {
    let dirs = Dirs::new();
    let store = dirs.create(Settings::default());
    for block in blocks {
        store.append(store.head().as_ref(), block.clone()).unwrap();
    }
    store.close().unwrap();
    dirs
}

fn table(dirs: &Dirs, name: &str) -> PathBuf {
    dirs.data().join("derived").join(name)
}

fn flip(path: &Path, bit: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[bit / 8] ^= 1 << (bit % 8);
    fs::write(path, bytes).unwrap();
}

/// All that the rules look at: keys and issuers, and what became of them.
type Said = (Vec<(Kid, u64, u64, Option<KeyStatus>)>, Vec<(String, u64, Option<IssuerStatus>)>);

fn said(registry: &Registry) -> Said {
    let mut keys: Vec<_> = registry
        .signers()
        .map(|of| (of.key.kid(), of.added.entry, of.added.time_ms, of.status))
        .collect();
    keys.sort_by_key(|(kid, ..)| *kid);
    let issuers = registry.issuers();
    (keys, issuers.map(|(id, of)| (id.to_string(), of.enrolled.time_ms, of.status)).collect())
}

fn the_chain(blocks: &[StoredBlock]) -> (Chain, Memory) {
    let memory = Memory::default();
    for block in blocks {
        memory.append(memory.head().as_ref(), block.clone()).unwrap();
    }
    (memory.chain().unwrap().unwrap(), memory)
}

fn assert_true(store: &dyn Store, truth: &Chain, what: &str) {
    let chain = store.chain().unwrap().unwrap();
    assert_eq!((chain.head(), chain.status()), (truth.head(), truth.status()), "{what}");
    assert_eq!(said(chain.registry()), said(truth.registry()), "{what}");
}

/// The bytes of a block that fells a document and a key.
fn sealed_after(chain: &Chain, nodes: &dyn Nodes) -> Result<Vec<u8>, Rejected> {
    let ledger = chain.identity().ledger;
    let mut draft = Draft::new(chain, START_MS + 60, nodes);
    let (statement, list) = withdrawn(ledger, 1);
    draft.add(statement, list)?;
    Ok(draft.seal(&key(1))?.block.encode())
}

/// While look-ups are replaced there is no chain to be had.
fn rebuilt(store: &Embedded) {
    for _ in 0..500 {
        match store.chain() {
            Err(StoreError::Behind { .. }) => std::thread::sleep(Duration::from_millis(10)),
            chain => return drop(chain.unwrap()),
        }
    }
    panic!("look-ups are not rebuilt");
}

/// Sealed over what the store says, at once or after the rebuild, the block is no other.
fn assert_seals_the_same(store: &Embedded, expected: &[u8], what: &str) {
    let sealed = || sealed_after(&store.chain().unwrap().unwrap(), store);
    let sealed = sealed().or_else(|rejected| {
        assert!(matches!(rejected, Rejected::Unreadable(_)), "{what}: {rejected}");
        store.distrust_derived();
        rebuilt(store);
        sealed()
    });
    assert_eq!(sealed.as_deref(), Ok(expected), "{what}");
}

/// Flips every so many bits of a table, and opens the ledger each time.
fn flip_through(name: &str, stride: usize) {
    let blocks = story();
    let (truth, memory) = the_chain(&blocks);
    let after = sealed_after(&truth, &memory).unwrap();
    let dirs = closed(&blocks);
    let path = table(&dirs, name);
    let good = fs::read(&path).unwrap();
    assert!(!good.is_empty(), "{name}");
    for bit in (0..good.len() * 8).step_by(stride) {
        let what = format!("{name}, bit {bit}");
        flip(&path, bit);
        let store = dirs.open().unwrap();
        assert_true(&store, &truth, &what);
        assert_seals_the_same(&store, &after, &what);
        store.close().unwrap();
        // A rebuilt one is the same to the byte.
        fs::write(&path, &good).unwrap();
    }
}

/// Meets every bit of a byte, in some byte of every field. With a stride of 1 every single bit is
/// flipped, which takes ten minutes.
const STRIDE: usize = 37;

#[test]
fn a_registry_row_that_leads_elsewhere_is_damage_and_not_another_registry() {
    flip_through("registry", 3);
}

#[test]
fn a_block_record_that_claims_other_entries_is_damage_and_moves_no_time() {
    flip_through("blocks", STRIDE);
}

#[test]
fn a_status_node_that_is_another_is_damage() {
    flip_through("status-nodes", STRIDE);
    flip_through("status-leaves", STRIDE);
}

#[test]
fn what_the_tree_is_read_from_is_held_to_its_root() {
    flip_through("entries", STRIDE);
    flip_through("tree-0", STRIDE);
}

/// What to change in a database, one thing at a time, with what undoes it.
fn changes(database: &Database) -> Vec<[String; 2]> {
    let mut changes = Vec::new();
    let rows = |table: &str, key: &str| -> Vec<String> {
        let keys = database.sql(&format!("SELECT {key} FROM {table} ORDER BY {key}"));
        keys.lines().map(str::to_owned).collect()
    };
    let numbers = |table: &str, key: &str, columns: &[&str], changes: &mut Vec<_>| {
        for (row, column) in
            rows(table, key).iter().flat_map(|r| columns.iter().map(move |c| (r, c)))
        {
            let change = |sign| {
                format!("UPDATE {table} SET {column} = {column} {sign} 1 WHERE {key} = {row}")
            };
            changes.push([change('+'), change('-')]);
        }
    };
    let sizes = ["first", "size", "documents", "time_ms", "status_inners", "status_leaves"];
    numbers("blocks", "height", &sizes, &mut changes);
    numbers("blocks", "height", &["bytes", "seal_start", "seal_bytes"], &mut changes);
    numbers("entries", "entry", &["height", "start", "bytes"], &mut changes);
    for (table, key, column, byte) in [
        ("blocks", "height", "root", 31),
        ("blocks", "height", "statement", 7),
        ("blocks", "height", "status_root", 0),
        ("blocks", "height", "status_root", 39),
        ("entries", "entry", "leaf", 0),
        ("status_inners", "number", "bytes", 0),
        ("status_inners", "number", "bytes", 79),
        ("status_leaves", "number", "bytes", 31),
        ("status_leaves", "number", "bytes", 40),
    ] {
        for row in rows(table, key) {
            let flip = format!(
                "UPDATE {table} SET {column} = \
                 set_byte({column}, {byte}, get_byte({column}, {byte}) # 1) WHERE {key} = {row}"
            );
            changes.push([flip.clone(), flip]);
        }
    }
    let others = "SELECT entry FROM entries WHERE entry NOT IN (SELECT entry FROM registry)";
    for row in rows("registry", "entry") {
        let [add, remove] = [
            format!("INSERT INTO registry VALUES ({row})"),
            format!("DELETE FROM registry WHERE entry = {row}"),
        ];
        for other in database.sql(others).lines().chain(["1000"]) {
            let set =
                |to: &str, of: &str| format!("UPDATE registry SET entry = {to} WHERE entry = {of}");
            changes.push([set(other, &row), set(&row, other)]);
        }
        changes.push([remove, add]);
    }
    changes
}

#[test]
fn rows_of_a_database_that_are_others_are_damage_or_change_nothing() {
    let blocks = story();
    let (truth, memory) = the_chain(&blocks);
    let after = sealed_after(&truth, &memory).unwrap();
    let (database, dirs) = (Database::new(), Dirs::new());
    let store = Postgres::create(database.connect(), &dirs.mark()).unwrap();
    for block in &blocks {
        store.append(store.head().as_ref(), block.clone()).unwrap();
    }
    drop(store);
    let mut refused = 0;
    for [change, undo] in changes(&database) {
        database.sql(&change);
        match free(|| Postgres::open(database.connect(), &dirs.mark())) {
            Ok(store) => {
                assert_true(&store, &truth, &change);
                let sealed = sealed_after(&store.chain().unwrap().unwrap(), &store);
                let unreadable = matches!(sealed, Err(Rejected::Unreadable(_)));
                assert!(unreadable || sealed.as_deref() == Ok(&after), "{change}: {sealed:?}");
            }
            Err(StoreError::Damage { .. }) => refused += 1,
            Err(other) => panic!("{change}: {other}"),
        }
        database.sql(&undo);
    }
    assert!(refused > 50, "{refused} refused");
    let store = free(|| Postgres::open(database.connect(), &dirs.mark())).unwrap();
    assert_true(&store, &truth, "as it was");
}

#[test]
fn many_who_meet_the_same_damage_have_look_ups_rebuilt_once() {
    let dirs = closed(&story());
    let store = dirs.open().unwrap();
    let folder = || fs::metadata(dirs.data().join("derived")).map(|folder| folder.ino()).ok();
    let (mut folders, mut asked) = (vec![folder().unwrap()], 0);
    while asked < 400 {
        store.distrust_derived();
        // While it is exchanged, there is none.
        folders.extend(folder().filter(|now| folders.last() != Some(now)));
        std::thread::sleep(Duration::from_millis(1));
        asked += 1;
    }
    rebuilt(&store);
    assert_eq!(folders.len(), 2, "{folders:?}");
}
