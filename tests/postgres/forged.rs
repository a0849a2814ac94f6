//! Entries that somebody with rights in the tables puts in the place of those that were sealed: no
//! node starts on them.

use probant::store::{Store as _, StoreError, StoredBlock, memory::Memory};
use probant_core::{List, tree::leaf_hash};

use crate::{
    Keys,
    cluster::Database,
    holding,
    truth::check_all,
    world::{self, START_MS, documents},
};

/// Enough for a subtree that is kept: the leaves below are not read to find the root.
const CERTIFIED: u32 = 260;
/// The enrollment, and the statement of its block.
const ENROLLMENT: u64 = 2;
const SECOND_BLOCK: u64 = 3;

fn many() -> Vec<StoredBlock> {
    let memory = Memory::default();
    let ledger = world::found_in(&memory).ledger;
    world::append(&memory, START_MS + 100, vec![(world::enroll(ledger), None)]);
    let certify = |number| {
        let list = List::new(documents(number, 1)).unwrap();
        (world::certify(ledger, &list), Some(list))
    };
    world::append(&memory, START_MS + 200, (0..CERTIFIED).map(certify).collect());
    world::all(&memory)
}

/// Puts an entry of the same length where another stands, in both tables that say what it is.
fn put(database: &Database, entry: u64, bytes: &[u8]) {
    let (leaf, bytes) = (hex::encode(leaf_hash(bytes).0), hex::encode(bytes));
    let at = format!("FROM entries e WHERE e.entry = {entry} AND p.height = e.height AND part = 0");
    let length = database.sql(&format!("SELECT bytes FROM entries WHERE entry = {entry}"));
    assert_eq!(length, (bytes.len() / 2).to_string());
    database.sql(&format!(
        "UPDATE block_parts p \
         SET bytes = overlay(p.bytes PLACING '\\x{bytes}'::bytea FROM e.start + 1) {at}; \
         UPDATE entries SET leaf = '\\x{leaf}' WHERE entry = {entry}"
    ));
}

fn is_refused(keys: &Keys, database: &Database, names: &str, says: &str) {
    let refused = keys.open(database).err().expect("a node starts on it");
    assert!(matches!(refused, StoreError::Damage { .. }), "{refused}");
    let refused = refused.to_string();
    assert!(refused.contains(names) && refused.contains(says), "{refused}");
}

fn sealed_at(blocks: &[StoredBlock], index: u64) -> &[u8] {
    let mut entries = blocks.iter().flat_map(|block| &block.block.entries);
    entries.nth(index as usize).unwrap().entry()
}

/// Another enrollment of the same issuer that the operator signed.
fn other(blocks: &[StoredBlock]) -> Vec<u8> {
    let other = world::enroll_as(blocks[0].head.ledger, world::ISSUER, &world::key(50));
    other.entry().to_vec()
}

#[test]
fn an_enrollment_that_nobody_signed_is_named_and_refused() {
    let blocks = many();
    let (database, keys) = holding(&blocks);
    let sealed = sealed_at(&blocks, ENROLLMENT);
    // A bit of the signature, which stands last.
    let mut flipped = sealed.to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    put(&database, ENROLLMENT, &flipped);
    is_refused(&keys, &database, "entry 2", "signature");
    // A key that the operator never heard of, with a signature of somebody else.
    let mut unsigned = other(&blocks);
    let signature = unsigned.len() - 64..;
    unsigned[signature.clone()].copy_from_slice(&sealed[signature]);
    put(&database, ENROLLMENT, &unsigned);
    is_refused(&keys, &database, "entry 2", "signature");
    put(&database, ENROLLMENT, sealed);
    check_all(&keys.open(&database).unwrap(), &blocks);
}

#[test]
fn what_was_signed_and_never_sealed_is_refused() {
    let blocks = many();
    let (database, keys) = holding(&blocks);
    let sealed = sealed_at(&blocks, ENROLLMENT);
    put(&database, ENROLLMENT, &other(&blocks));
    is_refused(&keys, &database, "entries 0 to 3", "not as it was sealed");
    put(&database, ENROLLMENT, sealed);
    // When a block was sealed says its statement, whose signature nobody looks at here.
    let statement = sealed_at(&blocks, SECOND_BLOCK);
    let mut flipped = statement.to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    put(&database, SECOND_BLOCK, &flipped);
    is_refused(&keys, &database, "entries 0 to 3", "not as it was sealed");
    put(&database, SECOND_BLOCK, statement);
    let opened = keys.open(&database).unwrap();
    assert_eq!(opened.chain().unwrap().unwrap().head(), &blocks[2].head);
}
