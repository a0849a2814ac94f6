//! Blocks of several parts, lists of the most documents, and their falls.

use probant::store::{Location, Store, memory::Memory};
use probant_core::{
    Fingerprint, List,
    list::Batch,
    status::{Reason, Slot},
};

use crate::{
    Keys, append_all,
    cluster::Database,
    world::{self, ISSUER, START_MS, all, append, certify, documents, revoke},
};

const MOST: u32 = 65_536;

/// Two lists of the most documents in one block; then half of one falls, and all of the other.
fn large() -> (Memory, [List; 2]) {
    let memory = Memory::default();
    let ledger = world::found_in(&memory).ledger;
    append(&memory, START_MS + 100, vec![(world::enroll(ledger), None)]);
    let lists = [0, MOST / 2].map(|from| List::new(documents(from, MOST)).unwrap());
    let entries = lists.iter().map(|list| (certify(ledger, list), Some(list.clone())));
    append(&memory, START_MS + 200, entries.collect());
    let falls = [documents(0, MOST / 2), documents(MOST / 2, MOST)];
    for (falls, time_ms) in falls.into_iter().zip(START_MS + 300..) {
        let list = List::new(falls).unwrap();
        append(&memory, time_ms, vec![(revoke(ledger, &list, Reason::Withdrawn), Some(list))]);
    }
    (memory, lists)
}

#[test]
fn lists_of_the_most_documents_and_blocks_of_several_parts_are_answered() {
    let (memory, lists) = large();
    let (blocks, database, keys) = (all(&memory), Database::new(), Keys::new());
    let store = keys.create(&database);
    append_all(&store, &blocks);
    let parts = "SELECT max(part) + 1, max(length(bytes)) FROM block_parts WHERE height = 2";
    assert_eq!(database.sql(parts), "9|524288");
    for block in &blocks {
        assert_eq!(store.block(block.head.height).unwrap().unwrap(), block.bytes);
    }
    let first = blocks[2].block.header().first;
    for (list, entry) in lists.iter().zip(first..) {
        assert_eq!(store.list(&list.root()).unwrap().as_deref(), Some(list.as_bytes()));
        let batch = Batch::new(list.clone());
        for position in (0..=u16::MAX).step_by(997).chain([1, 15, 16, 65_534, 65_535]) {
            let location = Location { entry, position };
            let path = store.document_path(location).unwrap();
            assert_eq!(path, batch.path(position.into()), "{position}");
            let document = list.iter().nth(position.into()).unwrap();
            assert_eq!(store.place(&document, entry).unwrap(), Some(location));
        }
    }
    let ends = [[0; 34], [255; 34]].map(|mut bytes| {
        (bytes[0], bytes[1]) = (0x1e, 0x20);
        Fingerprint::from_bytes(&bytes).unwrap()
    });
    let certified = store.certified(ends[0]..=ends[1], usize::MAX).unwrap();
    let mut expected = documents(0, MOST / 2 * 3);
    expected.sort_unstable();
    assert!(certified == expected);
    assert_same_statuses(&store, &memory, blocks.len() as u64);
    drop(store);
    // Another node puts it together from look-ups, and knows no node of the map.
    let opened = keys.open(&database).unwrap();
    assert_eq!(opened.chain().unwrap().unwrap().head(), &blocks.last().unwrap().head);
    assert_same_statuses(&opened, &memory, blocks.len() as u64);
}

fn assert_same_statuses(store: &dyn Store, memory: &Memory, blocks: u64) {
    let mut slots: Vec<_> = documents(0, MOST / 2 * 3 + 9)
        .iter()
        .map(|document| Slot::document(ISSUER, document))
        .collect();
    slots.sort_unstable();
    for height in 0..blocks {
        let (map, expected) = (store.status(height).unwrap(), memory.status(height).unwrap());
        assert_eq!(map, expected);
        let found = map.unwrap().find(&slots, store).unwrap();
        assert!(found == expected.unwrap().find(&slots, memory).unwrap(), "block {height}");
    }
}
