//! A node on a slow link: it is not taken for one that stands still.

use std::{sync::mpsc::sync_channel, thread, time::Duration};

use probant::store::{
    Store, StoreError,
    memory::Memory,
    postgres::{Postgres, server::Access},
};
use probant_core::List;

use crate::{
    Keys, append_all,
    cluster::{self, Database},
    mark_of,
    proxy::Proxy,
    world::{self, START_MS, all, append, certify, documents},
};

/// Documents of a list; four of them are more than 8 MiB.
const MOST: u32 = 65_536;
const LISTS: u32 = 4;
/// With 256 KiB sent at once, such a block takes more than the 30 seconds for which another node
/// waits, and each of its COPYs half of the 20 after which its session counts as a stopped node's.
const DELAY: Duration = Duration::from_secs(1);

#[test]
fn a_block_that_is_long_on_its_way_is_not_ended_while_it_comes() {
    let memory = Memory::default();
    let ledger = world::found_in(&memory).ledger;
    append(&memory, START_MS + 100, vec![(world::enroll(ledger), None)]);
    let lists = (0..LISTS).map(|at| List::new(documents(at * MOST, MOST)).unwrap());
    let entries = lists.map(|list| (certify(ledger, &list), Some(list)));
    append(&memory, START_MS + 200, entries.collect());
    let (blocks, database, keys) = (all(&memory), Database::new(), Keys::new());
    append_all(&keys.create(&database), &blocks[..2]);
    let port = database.cluster.port;
    let proxy = Proxy::start(([127, 0, 0, 1], port).into());
    let url = database.url_of("postgres");
    let slowly = url.replace(&port.to_string(), &proxy.address().port().to_string());
    let far = Keys::at(&blocks[1].head);
    let far = Postgres::open(cluster::connect(&slowly, Access::Write), &far.mark()).unwrap();
    let near = Keys::at(&blocks[1].head);
    let near = near.open(&database).unwrap();
    thread::scope(|scope| {
        let (claimed, wait) = sync_channel(1);
        let (proxy, far, block) = (&proxy, &far, &blocks[2]);
        let made = scope.spawn(move || {
            let claim = far.claim().unwrap();
            proxy.delay(DELAY);
            claimed.send(()).unwrap();
            claim.append(block.clone())
        });
        wait.recv().unwrap();
        let waited = near.claim().err().expect("the head is held");
        assert!(matches!(waited, StoreError::Unavailable(_)), "{waited}");
        assert!(!made.is_finished(), "the link was not slow");
        proxy.delay(Duration::ZERO);
        made.join().unwrap().unwrap();
    });
    near.follow().unwrap();
    assert_eq!(near.head().map(|head| mark_of(&head)), Some(mark_of(&blocks[2].head)));
    assert_eq!(near.block(2).unwrap().unwrap(), blocks[2].bytes);
}
