//! A ledger moved from one store into another: nothing is opened that did not arrive whole.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use probant::{
    Error,
    clock::SystemClock,
    migrate::{Step, copy, verify},
    store::{Store, memory::Memory},
};

use crate::{append_all, stores, truth::check_all, world::blocks};

fn holding(count: usize) -> Arc<dyn Store> {
    let store = Memory::default();
    append_all(&store, &blocks(count));
    Arc::new(store)
}

fn copied(from: &Arc<dyn Store>, to: &dyn Store) -> Result<u64, Error> {
    copy(&**from, to, &AtomicBool::new(false), &mut |_| {}).map(|head| head.height)
}

fn verified(from: &dyn Store, to: Arc<dyn Store>) -> Result<(), Error> {
    let chain = from.chain().unwrap().unwrap();
    let end = (SystemClock::shared(), Arc::default());
    verify("new", to, chain.identity(), chain.head(), end, &mut |_| {})
}

#[test]
fn what_arrives_is_the_same_in_every_store_and_is_replayed() {
    for (name, to, _dirs) in stores() {
        println!("{name}");
        let from = holding(12);
        assert_eq!(copied(&from, &*to).unwrap(), 11);
        check_all(&*to, &blocks(12));
        verified(&*from, Arc::clone(&to)).unwrap();
        // Once more: nothing is left to do.
        assert_eq!(copied(&from, &*to).unwrap(), 11);
        check_all(&*to, &blocks(12));
    }
}

#[test]
fn a_copy_goes_on_from_wherever_it_was_interrupted() {
    for (name, to, _dirs) in stores() {
        println!("{name}");
        let from = holding(12);
        for ends_after in [1, 5, 11] {
            let stop = AtomicBool::new(false);
            let progress = &mut |step: Step<'_>| {
                let Step::Copied { blocks } = step else { panic!("it copies") };
                stop.store(blocks == ends_after, Ordering::Relaxed);
            };
            let ended = copy(&*from, &*to, &stop, progress).unwrap_err();
            assert!(matches!(ended, Error::Busy { .. }), "{ended}");
            check_all(&*to, &blocks(12)[..usize::try_from(ends_after).unwrap()]);
            assert!(verified(&*from, Arc::clone(&to)).is_err(), "it is not all of it");
        }
        assert_eq!(copied(&from, &*to).unwrap(), 11);
        check_all(&*to, &blocks(12));
    }
}

#[test]
fn another_ledger_or_a_longer_one_is_not_written_over() {
    let to = holding(9);
    let longer = copied(&holding(5), &*to).unwrap_err();
    assert!(matches!(&longer, Error::Input(why) if why.contains("ahead")), "{longer}");
    let other = Memory::default();
    append_all(&other, &crate::world::both_kinds());
    let refused = copied(&holding(9), &other).unwrap_err();
    assert!(matches!(&refused, Error::Input(why) if why.contains("another block")), "{refused}");
    check_all(&*to, &blocks(9));
}
