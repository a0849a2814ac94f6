//! What a node does not open, and what it stops at while it runs.

use probant::store::{
    Store, StoreError, StoredBlock,
    head_mark::HeadMark,
    postgres::{Postgres, server::Access},
};

use crate::{
    Keys, append_all,
    cluster::Database,
    holding, mark_of,
    truth::check_all,
    world::{self, blocks},
};

/// Makes the database one of an older backup, with so many blocks.
fn restore(database: &Database, blocks: &[StoredBlock]) {
    let head = &blocks.last().unwrap().head;
    let (height, size, map) = (head.height, head.size, &blocks.last().unwrap().growth.map);
    for sql in [
        format!("DELETE FROM block_parts WHERE height > {height}"),
        format!("DELETE FROM blocks WHERE height > {height}"),
        format!("DELETE FROM entries WHERE entry >= {size}"),
        format!("DELETE FROM tree WHERE (number + 1) << level > {size}"),
        format!("DELETE FROM lists WHERE entry >= {size}"),
        format!("DELETE FROM documents WHERE place >= {size} * 65536"),
        format!("DELETE FROM registry WHERE entry >= {size}"),
        format!("DELETE FROM status_inners WHERE number >= {}", map.inners),
        format!("DELETE FROM status_leaves WHERE number >= {}", map.leaves),
        format!(
            "UPDATE head SET height = b.height, size = b.size, root = b.root, \
             statement = b.statement, documents = b.documents, time_ms = b.time_ms, \
             changes = (SELECT count(*) FROM registry) \
             FROM blocks b WHERE b.height = {height}"
        ),
    ] {
        database.sql(&sql);
    }
}

fn is_damage(error: &StoreError, says: &str) {
    assert!(matches!(error, StoreError::Damage { .. }), "{error}");
    assert!(error.to_string().contains(says), "{error}");
}

fn is_input(error: &StoreError, says: &str) {
    assert!(matches!(error, StoreError::Input(_)), "{error}");
    assert!(error.to_string().contains(says), "{error}");
}

#[test]
fn a_database_behind_the_head_mark_is_refused_open_or_not() {
    let blocks = blocks(6);
    let (database, keys) = holding(&blocks);
    let store = keys.open(&database).unwrap();
    restore(&database, &blocks[..4]);
    is_damage(&store.claim().err().unwrap(), "behind its head mark");
    is_damage(&store.follow().err().unwrap(), "behind its head mark");
    drop(store);
    is_damage(&keys.open(&database).err().unwrap(), "behind its head mark");
    assert_eq!(keys.marked(), Some(mark_of(&blocks[5].head)));
    // A node that answered of no more goes on.
    let older = Keys::at(&blocks[3].head);
    let store = older.open(&database).unwrap();
    check_all(&store, &blocks[..4]);
    append_all(&store, &blocks[4..]);
    // And the true blocks brought back satisfy the other.
    check_all(&keys.open(&database).unwrap(), &blocks);
}

#[test]
fn a_node_that_only_reads_waits_for_a_standby_that_lags_behind() {
    let (blocks, other) = (blocks(6), world::repeated(4));
    let (database, keys) = holding(&blocks);
    let reader = Postgres::open_read_only(database.connect_as("postgres", Access::Read)).unwrap();
    check_all(&reader, &blocks);
    restore(&database, &blocks[..4]);
    for _ in 0..2 {
        let waits = reader.follow().unwrap_err();
        assert!(matches!(waits, StoreError::Unavailable(_)) && waits.passes(), "{waits}");
        assert!(waits.to_string().contains("the standby is behind"), "{waits}");
        assert_eq!(reader.head().as_ref(), Some(&blocks[5].head));
    }
    // It has caught up.
    let writer = Keys::at(&blocks[3].head);
    append_all(&writer.open(&database).unwrap(), &blocks[4..]);
    reader.follow().unwrap();
    check_all(&reader, &blocks);
    drop((keys, database));
    // Another history is none that it waits for.
    let (database, _keys) = holding(&blocks[..3]);
    let reader = Postgres::open_read_only(database.connect_as("postgres", Access::Read)).unwrap();
    restore(&database, &blocks[..2]);
    let liar = Keys::at(&blocks[1].head);
    append_all(&liar.open(&database).unwrap(), &other[2..3]);
    is_damage(&reader.follow().unwrap_err(), "another history");
}

#[test]
fn another_history_is_refused_at_the_mark_and_above_it() {
    let (blocks, other) = (blocks(6), world::repeated(4));
    assert_eq!(blocks[0].head, other[0].head);
    let (theirs, _keys) = holding(&other);
    // At the mark, above it, and below.
    for height in [2, 5] {
        let keys = Keys::at(&blocks[height].head);
        is_damage(&keys.open(&theirs).err().unwrap(), "not the one of the head mark");
    }
    let keys = Keys::at(&blocks[0].head);
    assert!(keys.open(&theirs).is_ok());
    // While it runs: the newest block becomes another, and one more follows it.
    let (database, keys) = holding(&blocks[..3]);
    let store = keys.open(&database).unwrap();
    restore(&database, &blocks[..2]);
    let liar = Keys::at(&blocks[1].head);
    let liar = liar.open(&database).unwrap();
    for count in 3..=4 {
        append_all(&liar, &other[count - 1..count]);
        is_damage(&store.claim().err().unwrap(), "another history");
        is_damage(&store.follow().err().unwrap(), "another history");
        assert_eq!(keys.marked(), Some(mark_of(&blocks[2].head)));
        assert_eq!(store.head().as_ref(), Some(&blocks[2].head));
    }
}

#[test]
fn a_block_that_is_not_whole_is_taken_up_by_nobody() {
    let blocks = blocks(6);
    let (database, one) = holding(&blocks[..4]);
    let other = Keys::at(&blocks[3].head);
    let store = other.open(&database).unwrap();
    append_all(&one.open(&database).unwrap(), &blocks[4..]);
    let flip = |height: u64| {
        database.sql(&format!(
            "UPDATE block_parts SET bytes = set_byte(bytes, 200, get_byte(bytes, 200) # 1) \
             WHERE height = {height}"
        ));
    };
    for height in [4, 5] {
        flip(height);
        is_damage(&store.follow().err().unwrap(), "does not follow");
        is_damage(&store.claim().err().unwrap(), "does not follow");
        assert_eq!(other.marked(), Some(mark_of(&blocks[3].head)));
        check_all(&store, &blocks[..4]);
        flip(height);
    }
    store.follow().unwrap();
    check_all(&store, &blocks);
}

#[test]
fn a_missing_or_strange_mark_is_refused_with_what_to_do() {
    let blocks = blocks(3);
    let (database, keys) = holding(&blocks);
    let none = Keys::new();
    is_input(&none.open(&database).err().unwrap(), "probant mark set");
    is_input(&Postgres::create(database.connect(), &keys.mark()).err().unwrap(), "head mark");
    is_input(&Postgres::create(database.connect(), &none.mark()).err().unwrap(), "already");
    assert_eq!(none.marked(), None);
    let held = HeadMark::open(&keys.mark()).unwrap();
    is_input(&keys.open(&database).err().unwrap(), "never share");
    drop(held);
    let store = keys.open(&database).unwrap();
    is_input(&keys.open(&database).err().unwrap(), "never share");
    drop(store);
    // A ledger's mark, and a database in which there is none.
    let empty = Database::new();
    drop(Keys::new().create(&empty));
    is_damage(&keys.open(&empty).err().unwrap(), "behind its head mark");
}

#[test]
fn tables_that_are_not_there_or_of_another_version_are_refused_with_what_to_do() {
    let (blocks, database) = (blocks(3), Database::new());
    let keys = Keys::at(&blocks[0].head);
    is_input(&keys.open(&database).err().unwrap(), "probant init --store");
    database.sql("CREATE TABLE head (of text)");
    is_input(&keys.open(&database).err().unwrap(), "schema of its own");
    database.sql("DROP TABLE head");
    let (database, keys) = holding(&blocks);
    for (version, says) in [(2, "upgrade probant"), (0, "probant migrate schema")] {
        database.sql(&format!("UPDATE head SET version = {version}"));
        is_input(&keys.open(&database).err().unwrap(), says);
    }
    database.sql("UPDATE head SET version = 1");
    database.sql("ALTER TABLE lists RENAME TO listed");
    is_damage(&keys.open(&database).err().unwrap(), "lists");
    database.sql("ALTER TABLE listed RENAME TO lists");
    let running = keys.open(&database).unwrap();
    for (state, says) in [("moved", "goes on elsewhere"), ("arriving", "being moved into")] {
        database.sql(&format!("UPDATE head SET state = '{state}'"));
        is_input(&running.claim().err().unwrap(), says);
        is_input(&Keys::at(&blocks[0].head).open(&database).err().unwrap(), says);
        check_all(&Postgres::open_read_only(database.connect()).unwrap(), &blocks);
    }
    database.sql("UPDATE head SET state = 'open'");
    drop(running);
    check_all(&keys.open(&database).unwrap(), &blocks);
}

#[test]
fn missing_rights_are_named() {
    let blocks = blocks(4);
    let (database, keys) = holding(&blocks[..3]);
    let (schema, role) = (&database.schema, format!("node_{}", database.schema));
    let open = || Postgres::open(database.connect_as(&role, Access::Write), &keys.mark());
    database.sql(&format!("CREATE ROLE {role} LOGIN"));
    assert!(open().is_err());
    database.sql(&format!("GRANT USAGE ON SCHEMA {schema} TO {role}"));
    is_input(&open().err().unwrap(), "head");
    database.sql(&format!("GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}"));
    is_input(&open().err().unwrap(), "GRANT INSERT ON blocks");
    database.sql(&format!("GRANT INSERT ON ALL TABLES IN SCHEMA {schema} TO {role}"));
    is_input(&open().err().unwrap(), "GRANT UPDATE ON head");
    database.sql(&format!("GRANT UPDATE ON head TO {role}"));
    is_input(&open().err().unwrap(), "GRANT UPDATE ON usage");
    database.sql(&format!("GRANT UPDATE ON usage TO {role}"));
    // No more than that is needed.
    database.sql(&format!("REVOKE INSERT ON head FROM {role}"));
    let store = open().unwrap();
    append_all(&store, &blocks[3..]);
    check_all(&store, &blocks);
    drop(store);
    database.sql(&format!("REVOKE SELECT ON tree FROM {role}"));
    is_input(&open().err().unwrap(), "GRANT SELECT ON tree");
    let server = Database::new().connect_as(&role, Access::Write);
    is_input(&Postgres::create(server, &Keys::new().mark()).err().unwrap(), "make the tables");
}
