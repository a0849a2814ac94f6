//! Two handles on one database are two nodes.

use std::{
    sync::mpsc::{RecvTimeoutError, sync_channel},
    thread,
    time::Duration,
};

use probant::store::{
    Store, StoreError, StoredBlock,
    memory::Memory,
    postgres::{Postgres, server::Access},
};
use probant_core::{List, Statement};

use crate::{
    Keys, append_all,
    cluster::Database,
    holding, mark_of,
    truth::check_all,
    world::{self, START_MS, blocks, documents},
};

/// The statement that an enrollment is, and others like it.
fn statement_of(blocks: &[StoredBlock]) -> &Statement {
    &blocks.last().unwrap().block.entries[0]
}

#[test]
fn what_one_node_appends_another_answers_once_it_follows() {
    let blocks = blocks(12);
    let (database, one) = (Database::new(), Keys::new());
    let first = one.create(&database);
    append_all(&first, &blocks[..1]);
    let other = Keys::at(&blocks[0].head);
    let second = other.open(&database).unwrap();
    for count in 2..=blocks.len() {
        append_all(&first, &blocks[count - 1..count]);
        // Not before it has taken the block up; what was sent before is known at once.
        check_all(&second, &blocks[..count - 1]);
        let index = blocks[count - 2].head.size;
        let leaf = statement_of(&blocks[..count]).leaf();
        assert_eq!(second.statement(&leaf).unwrap(), Some(index));
        assert_eq!(other.marked(), Some(mark_of(&blocks[count - 2].head)));
        second.follow().unwrap();
        assert_eq!(other.marked(), Some(mark_of(&blocks[count - 1].head)));
        check_all(&second, &blocks[..count]);
    }
}

#[test]
fn nodes_append_in_turn_each_after_what_the_other_did() {
    let blocks = blocks(9);
    let (database, one) = holding(&blocks[..1]);
    let other = Keys::at(&blocks[0].head);
    let nodes = [(one.open(&database).unwrap(), &one), (other.open(&database).unwrap(), &other)];
    for (number, block) in blocks.iter().enumerate().skip(1) {
        let (node, keys) = &nodes[number % 2];
        let claim = node.claim().unwrap();
        assert_eq!(claim.head(), Some(&blocks[number - 1].head));
        assert_eq!(node.head().as_ref(), claim.head(), "a claim follows");
        claim.append(block.clone()).unwrap();
        assert_eq!(keys.marked(), Some(mark_of(&block.head)));
        check_all(node, &blocks[..=number]);
    }
}

#[test]
fn a_node_that_was_away_takes_up_all_that_happened() {
    let blocks = blocks(12);
    let (database, one) = holding(&blocks[..2]);
    let other = Keys::at(&blocks[1].head);
    let away = other.open(&database).unwrap();
    append_all(&one.open(&database).unwrap(), &blocks[2..]);
    away.follow().unwrap();
    check_all(&away, &blocks);
    drop(away);
    // Opened, it puts together from look-ups what it took up block by block.
    check_all(&other.open(&database).unwrap(), &blocks);
    let late = Keys::at(&blocks[1].head);
    check_all(&late.open(&database).unwrap(), &blocks);
    assert_eq!(late.marked(), Some(mark_of(&blocks[11].head)));
}

#[test]
fn while_one_node_has_the_claim_another_waits() {
    let blocks = blocks(4);
    let (database, one) = holding(&blocks[..2]);
    let first = one.open(&database).unwrap();
    let other = Keys::at(&blocks[1].head);
    let second = other.open(&database).unwrap();
    for (number, appends) in [(2, true), (3, false)] {
        let claim = first.claim().unwrap();
        thread::scope(|scope| {
            let (claimed, wait) = sync_channel(1);
            let second = &second;
            scope.spawn(move || {
                let claim = second.claim().unwrap();
                claimed.send(claim.head().cloned()).unwrap();
            });
            let early = wait.recv_timeout(Duration::from_millis(300));
            assert_eq!(early, Err(RecvTimeoutError::Timeout), "two have the claim");
            let expected = if appends { &blocks[number].head } else { &blocks[number - 1].head };
            if appends {
                claim.append(blocks[number].clone()).unwrap();
            } else {
                drop(claim);
            }
            let after = wait.recv_timeout(Duration::from_secs(20)).unwrap();
            assert_eq!(after.as_ref(), Some(expected));
        });
    }
    check_all(&second, &blocks[..3]);
}

#[test]
fn a_claim_that_is_dropped_leaves_nothing_and_keeps_nobody_waiting() {
    let blocks = blocks(5);
    let (database, one) = holding(&blocks[..3]);
    let store = one.open(&database).unwrap();
    for _ in 0..20 {
        drop(store.claim().unwrap());
    }
    let open = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' \
         AND query NOT LIKE '%pg_stat%' AND pid IN (SELECT pid FROM pg_locks \
         WHERE relation = 'head'::regclass)";
    assert_eq!(database.sql(open), "0");
    check_all(&store, &blocks[..3]);
    append_all(&store, &blocks[3..]);
    check_all(&store, &blocks);
}

#[test]
fn the_same_block_from_two_nodes_is_one_block() {
    let blocks = blocks(3);
    let (database, one) = holding(&blocks[..2]);
    let first = one.open(&database).unwrap();
    let other = Keys::at(&blocks[1].head);
    let second = other.open(&database).unwrap();
    let before = &blocks[1].head;
    first.append(Some(before), blocks[2].clone()).unwrap();
    second.append(Some(before), blocks[2].clone()).unwrap();
    check_all(&first, &blocks);
    check_all(&second, &blocks);
}

/// Another block 2 than that of `blocks`.
fn fork() -> Vec<StoredBlock> {
    let memory = Memory::default();
    let ledger = world::found_in(&memory).ledger;
    world::append(&memory, START_MS + 100, vec![(world::enroll(ledger), None)]);
    let list = List::new(documents(77, 2)).unwrap();
    world::append(&memory, START_MS + 200, vec![(world::certify(ledger, &list), Some(list))]);
    world::all(&memory)
}

#[test]
fn of_two_blocks_at_one_height_one_is_refused_by_whatever_way_it_comes() {
    let (blocks, fork) = (blocks(4), fork());
    assert_eq!(blocks[1].head, fork[1].head);
    assert_ne!(blocks[2].head, fork[2].head);
    let (database, one) = holding(&blocks[..2]);
    let first = one.open(&database).unwrap();
    let other = Keys::at(&blocks[1].head);
    let second = other.open(&database).unwrap();
    append_all(&first, &blocks[2..3]);
    let refused = second.append(Some(&blocks[1].head), fork[2].clone());
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    // A claim that is used for another height than the next.
    let refused = second.claim().unwrap().append(fork[2].clone());
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    check_all(&second, &blocks[..3]);
    append_all(&second, &blocks[3..]);
    check_all(&second, &blocks);
    assert_eq!(other.marked(), Some(mark_of(&blocks[3].head)));
}

#[test]
fn the_key_of_the_blocks_refuses_a_fork_even_where_the_lock_does_not() {
    let blocks = blocks(4);
    let (database, one) = holding(&blocks[..3]);
    let store = one.open(&database).unwrap();
    let claim = store.claim().unwrap();
    database.sql("INSERT INTO block_parts VALUES (3, 0, '\\x00')");
    let refused = claim.append(blocks[3].clone());
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    database.sql("DELETE FROM block_parts WHERE height = 3");
    check_all(&store, &blocks[..3]);
    append_all(&store, &blocks[3..]);
    check_all(&store, &blocks);
}

#[test]
fn two_ledgers_in_one_database_know_nothing_of_each_other() {
    let blocks = blocks(5);
    let (one, keys) = holding(&blocks);
    let (two, other_keys) = (Database::new(), Keys::new());
    let other = other_keys.create(&two);
    let other_blocks = {
        let memory = Memory::default();
        let entropy = [43; 32];
        let origin = &world::ORIGIN.parse().unwrap();
        probant::ledger::found(&memory, origin, &world::ledger_keys(), &entropy, START_MS).unwrap();
        world::all(&memory)
    };
    append_all(&other, &other_blocks);
    check_all(&other, &other_blocks);
    drop(other);
    let mixed = keys.open(&two).err().unwrap().to_string();
    let [here, there] = [&other_blocks[0], &blocks[0]].map(|block| block.head.ledger.to_string());
    assert!(mixed.contains(&here) && mixed.contains(&there), "{mixed}");
    check_all(&keys.open(&one).unwrap(), &blocks);
}

#[test]
fn who_only_reads_follows_and_claims_nothing() {
    let blocks = blocks(6);
    let (database, one) = holding(&blocks[..3]);
    let (schema, role) = (&database.schema, format!("reads_{}", database.schema));
    database.sql(&format!("CREATE ROLE {role} LOGIN"));
    database.sql(&format!("GRANT USAGE ON SCHEMA {schema} TO {role}"));
    database.sql(&format!("GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}"));
    let server = database.connect_as(&role, Access::Read);
    let reader = Postgres::open_read_only(server).unwrap();
    check_all(&reader, &blocks[..3]);
    append_all(&one.open(&database).unwrap(), &blocks[3..]);
    check_all(&reader, &blocks[..3]);
    reader.follow().unwrap();
    check_all(&reader, &blocks);
    let refused = reader.claim().err().unwrap();
    assert!(matches!(&refused, StoreError::Input(why) if why.contains("read-only")), "{refused}");
}

#[test]
fn a_node_that_missed_more_than_it_may_take_up_under_a_claim_claims_after_all_of_it() {
    let blocks = world::repeated(150);
    let (database, one) = holding(&blocks[..2]);
    let other = Keys::at(&blocks[1].head);
    let away = other.open(&database).unwrap();
    append_all(&one.open(&database).unwrap(), &blocks[2..151]);
    let claim = away.claim().unwrap();
    assert_eq!(claim.head(), Some(&blocks[150].head));
    assert_eq!(other.marked(), Some(mark_of(&blocks[150].head)));
    claim.append(blocks[151].clone()).unwrap();
    assert_eq!(away.chain().unwrap().unwrap().head(), &blocks[151].head);
    assert_eq!(away.block(151).unwrap().unwrap(), blocks[151].bytes);
}

#[test]
fn a_block_that_takes_longer_than_a_stopped_node_is_given_is_made() {
    let blocks = blocks(4);
    let (database, one) = holding(&blocks[..3]);
    let store = one.open(&database).unwrap();
    let claim = store.claim().unwrap();
    // The database ends idle transactions after ten seconds.
    thread::sleep(Duration::from_secs(12));
    claim.append(blocks[3].clone()).unwrap();
    check_all(&store, &blocks);
}
