//! Look-ups that are derived anew, while nodes answer and write.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Mutex,
    thread::{self, Scope, sleep},
    time::Duration,
};

use probant::store::{
    Store, StoreError,
    postgres::{Postgres, server::Access},
};

use crate::{Keys, append_all, cluster::Database, holding, truth::check_all, world::blocks};

const DERIVED: [&str; 8] = [
    "blocks",
    "entries",
    "tree",
    "lists",
    "documents",
    "registry",
    "status_inners",
    "status_leaves",
];

fn derive_anew(database: &Database) -> Result<u64, StoreError> {
    Postgres::derive_anew(&database.connect(), &|_, _| {})
}

fn tables(database: &Database) -> String {
    database.sql(&format!(
        "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables \
         WHERE schemaname = '{}'",
        database.schema
    ))
}

#[test]
fn whatever_became_of_look_ups_they_are_made_anew_for_nodes_that_run_and_nodes_that_start() {
    let blocks = blocks(12);
    let (database, keys) = holding(&blocks);
    let running = Keys::at(&blocks[11].head);
    let running = running.open(&database).unwrap();
    let before = tables(&database);
    for table in DERIVED {
        for harm in [format!("DELETE FROM {table}"), format!("DROP TABLE {table}")] {
            database.sql(&harm);
            assert_eq!(derive_anew(&database).unwrap(), 12, "{harm}");
            check_all(&running, &blocks);
            check_all(&keys.open(&database).unwrap(), &blocks);
            assert_eq!(tables(&database), before, "{harm}");
        }
    }
    database.sql("UPDATE entries SET leaf = sha256(leaf)");
    database.sql("UPDATE documents SET place = place + 1");
    assert!(keys.open(&database).is_err());
    assert_eq!(derive_anew(&database).unwrap(), 12);
    check_all(&keys.open(&database).unwrap(), &blocks);
    check_all(&running, &blocks);
    assert_eq!(
        derive_anew(&Database::new()).err().map(|e| e.to_string().contains("init")),
        Some(true)
    );
}

#[test]
fn what_is_appended_meanwhile_is_derived_too() {
    let blocks = blocks(9);
    let (database, keys) = holding(&blocks[..4]);
    let running = keys.open(&database).unwrap();
    let rest = Mutex::new(blocks[4..].iter());
    let append_one = |_, _| {
        if let Some(block) = rest.lock().unwrap().next() {
            running.append(running.head().as_ref(), block.clone()).unwrap();
        }
    };
    assert_eq!(Postgres::derive_anew(&database.connect(), &append_one).unwrap(), 9);
    check_all(&running, &blocks);
    // By the database alone: what is there was derived from what was appended.
    let count = "SELECT count(*), count(DISTINCT height) FROM blocks";
    assert_eq!(database.sql(count), "9|9");
    append_all(&running, &[]);
    drop(running);
    check_all(&keys.open(&database).unwrap(), &blocks);
}

#[test]
fn after_a_crash_it_goes_on_where_it_was() {
    let blocks = blocks(8);
    let (database, keys) = holding(&blocks);
    database.sql("DELETE FROM documents");
    let before = tables(&database);
    for crash in 1..=8 {
        let dies = |done, _| assert!(done < crash, "killed");
        let server = database.connect();
        let died = catch_unwind(AssertUnwindSafe(|| Postgres::derive_anew(&server, &dies)));
        assert!(died.is_err());
        assert_eq!(database.sql("SELECT count(*) FROM blocks_anew"), crash.to_string());
        // Nodes see nothing of it.
        assert_eq!(database.sql("SELECT count(*) FROM documents"), "0");
        check_block(&keys, &database, &blocks[7].bytes);
    }
    assert_eq!(derive_anew(&database).unwrap(), 8);
    check_all(&keys.open(&database).unwrap(), &blocks);
    assert_eq!(tables(&database), before);
}

fn check_block(keys: &Keys, database: &Database, bytes: &[u8]) {
    assert_eq!(keys.open(database).unwrap().block(7).unwrap().as_deref(), Some(bytes));
}

#[test]
fn nothing_is_exchanged_for_what_comes_of_damaged_blocks() {
    let blocks = blocks(6);
    let (database, keys) = holding(&blocks);
    let flip = "UPDATE block_parts SET bytes = set_byte(bytes, 200, get_byte(bytes, 200) # 1) \
         WHERE height = 4";
    database.sql(flip);
    let refused = derive_anew(&database).unwrap_err();
    assert!(matches!(refused, StoreError::Damage { .. }), "{refused}");
    assert!(refused.to_string().contains("block 4"), "{refused}");
    database.sql(flip);
    check_all(&keys.open(&database).unwrap(), &blocks);
    // Tables of other blocks beside.
    database.sql("UPDATE blocks_anew SET height = height + 100 WHERE height = 3");
    assert!(matches!(derive_anew(&database), Err(StoreError::Input(_))));
    check_all(&keys.open(&database).unwrap(), &blocks);
}

#[test]
fn who_could_use_the_look_ups_before_still_can_and_others_may_not_derive_them() {
    let blocks = blocks(5);
    let (database, keys) = holding(&blocks[..4]);
    let (schema, role) = (&database.schema, format!("node_{}", database.schema));
    for sql in [
        format!("CREATE ROLE \"{role}\" LOGIN"),
        format!("GRANT USAGE ON SCHEMA {schema} TO \"{role}\""),
        format!("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {schema} TO \"{role}\""),
        format!("GRANT UPDATE ON head, usage TO \"{role}\""),
    ] {
        database.sql(&sql);
    }
    let server = || database.connect_as(&role, Access::Write);
    let refused = Postgres::derive_anew(&server(), &|_, _| {}).unwrap_err();
    assert!(matches!(refused, StoreError::Input(_)), "{refused}");
    let before = tables(&database);
    assert_eq!(derive_anew(&database).unwrap(), 4);
    assert_eq!(tables(&database), before);
    let store = Postgres::open(server(), &keys.mark()).unwrap();
    append_all(&store, &blocks[4..]);
    check_all(&store, &blocks);
}

/// Reads a table as a dump does, in one transaction, until it is dropped.
struct Dump<'a>(&'a Database);

impl<'a> Dump<'a> {
    fn start<'s>(scope: &'s Scope<'s, '_>, database: &'a Database) -> Self
    where
        'a: 's,
    {
        let reads = "DO $$ BEGIN LOCK TABLE documents IN ACCESS SHARE MODE; \
             WHILE NOT EXISTS (SELECT FROM pg_tables WHERE tablename = 'done' \
             AND schemaname = current_schema()) LOOP PERFORM pg_sleep(0.02); END LOOP; END $$";
        scope.spawn(move || database.sql(reads));
        let dump = Self(database);
        wait_for_lock(database, "AccessShareLock", true);
        dump
    }
}

impl Drop for Dump<'_> {
    fn drop(&mut self) {
        self.0.sql("CREATE TABLE done ()");
    }
}

fn wait_for_lock(database: &Database, mode: &str, granted: bool) {
    let locks = format!(
        "SELECT count(*) FROM pg_locks WHERE relation = 'documents'::regclass \
         AND mode = '{mode}' AND granted = {granted}"
    );
    for _ in 0..3000 {
        if database.sql(&locks) != "0" {
            return;
        }
        sleep(Duration::from_millis(10));
    }
    panic!("nobody has, or wants, {mode}");
}

#[test]
fn whoever_reads_the_tables_for_long_keeps_no_node_from_writing() {
    let blocks = blocks(9);
    let (database, keys) = holding(&blocks[..4]);
    let running = keys.open(&database).unwrap();
    thread::scope(|scope| {
        let dump = Dump::start(scope, &database);
        let derived = scope.spawn(|| derive_anew(&database));
        for count in 5..=8 {
            wait_for_lock(&database, "AccessExclusiveLock", false);
            append_all(&running, &blocks[count - 1..count]);
            check_all(&running, &blocks[..count]);
            assert!(!derived.is_finished(), "the tables were exchanged under a reader");
        }
        drop(dump);
        assert_eq!(derived.join().unwrap().unwrap(), 8);
    });
    database.sql("DROP TABLE done");
    check_all(&running, &blocks[..8]);
    append_all(&running, &blocks[8..]);
    drop(running);
    check_all(&keys.open(&database).unwrap(), &blocks);
}

#[test]
fn where_a_reader_does_not_end_it_gives_up_and_goes_on_later() {
    let blocks = blocks(5);
    let (database, keys) = holding(&blocks);
    let before = tables(&database);
    thread::scope(|scope| {
        let _dump = Dump::start(scope, &database);
        let refused = derive_anew(&database).unwrap_err();
        assert!(matches!(refused, StoreError::Input(_)), "{refused}");
        assert!(refused.to_string().contains("a dump?"), "{refused}");
    });
    database.sql("DROP TABLE done");
    check_all(&keys.open(&database).unwrap(), &blocks);
    assert_eq!(derive_anew(&database).unwrap(), 5);
    assert_eq!(tables(&database), before);
    check_all(&keys.open(&database).unwrap(), &blocks);
}
