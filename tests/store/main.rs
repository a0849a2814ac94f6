//! One conformance suite that every store passes: the guarantees of `store::Store`, each by name,
//! compared with the whole truth after every step.

#[path = "../cluster/mod.rs"]
mod cluster;
mod damage;
mod moved;
mod truth;
#[path = "../world/mod.rs"]
mod world;

use std::{any::Any, fs, sync::Arc, time::Duration};

use cluster::Database;
use probant::{
    Error,
    store::{
        Store, StoreError, StoredBlock,
        embedded::{index::Engine, settings::Settings},
        memory::{Fail, Memory},
        postgres::Postgres,
    },
    tile::{self, Tile},
};
use probant_core::Hash;
use truth::check_all;
use world::{Dirs, blocks, caught_up, opening};

/// What a store needs to stay.
type Kept = Box<dyn Any>;

/// Every store that must pass, by name, with what keeps it alive.
fn stores() -> Vec<(&'static str, Arc<dyn Store>, Kept)> {
    let embedded = |name, index| {
        let dirs = Dirs::new();
        let store: Arc<dyn Store> = Arc::new(dirs.create(Settings { index }));
        (name, store, Box::new(dirs) as Kept)
    };
    let (database, dirs) = (Database::new(), Dirs::new());
    let postgres = Postgres::create(database.connect(), &dirs.mark()).unwrap();
    vec![
        ("memory", Arc::new(Memory::default()), Box::new(())),
        embedded("embedded, fjall", Engine::Fjall),
        embedded("embedded, sled", Engine::Sled),
        ("postgres", Arc::new(postgres), Box::new((database, dirs))),
    ]
}

fn append_all(store: &dyn Store, blocks: &[StoredBlock]) {
    for block in blocks {
        store.append(store.head().as_ref(), block.clone()).unwrap();
    }
}

#[test]
fn what_is_appended_is_answered_after_every_step() {
    for (name, store, _dirs) in stores() {
        println!("{name}");
        let blocks = blocks(12);
        for count in 1..=blocks.len() {
            append_all(&*store, &blocks[count - 1..count]);
            check_all(&*store, &blocks[..count]);
        }
    }
}

#[test]
fn tiles_that_lead_to_another_root_are_not_handed_out() {
    for (name, store, _dirs) in stores() {
        println!("{name}");
        let blocks = blocks(6);
        append_all(&*store, &blocks);
        check_all(&*store, &blocks);
        let (tile, size) = (Tile { level: 0, index: 0, width: 1 }, blocks[5].head.size);
        let answer = tile::bundle(&*store, tile, (size, Hash([7; 32])));
        assert!(matches!(answer, Err(Error::Busy { .. })), "{name}: {answer:?}");
    }
}

#[test]
fn append_is_compare_and_swap_on_the_head() {
    for (name, store, _dirs) in stores() {
        println!("{name}");
        let blocks = blocks(4);
        append_all(&*store, &blocks[..3]);
        caught_up(&*store);
        let conflict = |expected, block: &StoredBlock| {
            let answer = store.append(expected, block.clone());
            assert!(matches!(answer, Err(StoreError::Conflict)), "{name}: {answer:?}");
        };
        conflict(None, &blocks[3]);
        conflict(Some(&blocks[1].head), &blocks[3]);
        // The identical block again is fine, another one at its height is not.
        store.append(Some(&blocks[1].head), blocks[2].clone()).unwrap();
        let mut other = blocks[3].clone();
        other.head.height = 2;
        conflict(Some(&blocks[1].head), &other);
        check_all(&*store, &blocks[..3]);
        append_all(&*store, &blocks[3..]);
        check_all(&*store, &blocks);
    }
}

#[test]
fn a_failed_append_poisons_whether_or_not_it_persisted() {
    for fail in [Fail::Lost, Fail::Persisted] {
        let store = Memory::default();
        let blocks = blocks(4);
        append_all(&store, &blocks[..2]);
        store.fail_next(fail);
        let failed = store.append(store.head().as_ref(), blocks[2].clone());
        assert!(matches!(failed, Err(StoreError::Io { .. })));
        let after = store.append(store.head().as_ref(), blocks[3].clone());
        assert!(matches!(after, Err(StoreError::Poisoned)));
        let count = if fail == Fail::Persisted { 3 } else { 2 };
        let reopened = store.reopen();
        check_all(&reopened, &blocks[..count]);
        append_all(&reopened, &blocks[count..]);
        check_all(&reopened, &blocks);
    }
}

#[test]
fn a_reopened_store_says_the_same_whatever_became_of_what_was_derived() {
    for index in [Engine::Fjall, Engine::Sled] {
        let (dirs, blocks) = (Dirs::new(), blocks(10));
        let store = dirs.create(Settings { index });
        append_all(&store, &blocks);
        store.close().unwrap();
        let derived = dirs.data().join("derived");
        let reopen = |what: &str| {
            println!("{index}: {what}");
            let store = dirs.open().unwrap();
            check_all(&store, &blocks);
            store.close().unwrap();
        };
        reopen("as it was");
        fs::remove_dir_all(&derived).unwrap();
        reopen("deleted");
        fs::remove_file(derived.join("complete")).unwrap();
        reopen("not complete");
        fs::remove_dir_all(derived.join(format!("index-{index}"))).unwrap();
        reopen("index deleted");
        for table in ["blocks", "entries", "tree-0", "list-nodes", "registry"] {
            let path = derived.join(table);
            let bytes = fs::read(&path).unwrap();
            fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
            reopen(&format!("{table} cut"));
            fs::write(&path, [&bytes[..], &[7; 50]].concat()).unwrap();
            reopen(&format!("{table} too long"));
        }
        let other = if index == Engine::Fjall { Engine::Sled } else { Engine::Fjall };
        Settings { index: other }.write(&dirs.data()).unwrap();
        reopen("another engine");
    }
}

#[test]
fn every_cut_of_the_segment_reopens_to_a_prefix_or_is_named() {
    let (dirs, blocks) = (Dirs::new(), blocks(5));
    let store = dirs.create(Settings::default());
    append_all(&store, &blocks[..3]);
    store.close().unwrap();
    let old_mark = fs::read(dirs.mark()).unwrap();
    let store = dirs.open().unwrap();
    append_all(&store, &blocks[3..]);
    store.close().unwrap();
    let segment = dirs.data().join("segments").join(format!("{:020}.seg", 0));
    let whole = fs::read(&segment).unwrap();
    let new_mark = fs::read(dirs.mark()).unwrap();
    let ends: Vec<usize> = blocks
        .iter()
        .scan(16, |end, block| {
            *end += block.bytes.len() + 8;
            Some(*end)
        })
        .collect();
    assert_eq!(*ends.last().unwrap(), whole.len());
    // Around every end of a record, and between; segments/tests.rs cuts at every single byte.
    let around = ends.iter().flat_map(|end| end.saturating_sub(5)..(end + 9).min(whole.len() + 1));
    let mut cuts: Vec<_> = (0..whole.len()).step_by(397).chain(around).collect();
    cuts.sort_unstable();
    cuts.dedup();
    for cut in cuts {
        for (mark, marked) in [(&old_mark, 3), (&new_mark, 5)] {
            let data = tempfile::tempdir().unwrap();
            let dir = data.path().join("data");
            fs::create_dir_all(dir.join("segments")).unwrap();
            fs::write(dir.join("segments").join(segment.file_name().unwrap()), &whole[..cut])
                .unwrap();
            let mark_path = data.path().join("head-mark");
            fs::write(&mark_path, mark).unwrap();
            let kept = ends.iter().filter(|end| **end <= cut).count();
            match opening(&dir, &mark_path).open() {
                Ok(store) => {
                    assert!(kept >= marked, "cut at {cut}: lost what the mark names");
                    check_all(&store, &blocks[..kept]);
                }
                Err(error) => {
                    assert!(kept < marked, "cut at {cut}: {error}");
                    assert!(matches!(error, StoreError::Damage { .. }), "cut at {cut}: {error}");
                }
            }
        }
    }
}

#[test]
fn a_directory_that_is_not_right_is_refused_with_what_to_do() {
    let (dirs, blocks) = (Dirs::new(), blocks(4));
    let refused = |dirs: &Dirs| dirs.open().err().expect("it must be refused").to_string();
    assert!(refused(&dirs).contains("probant init"));
    let store = dirs.create(Settings::default());
    append_all(&store, &blocks[..2]);
    assert!(refused(&dirs).contains("in use"));
    store.close().unwrap();
    let old = (fs::read(dirs.mark()).unwrap(), copy(&dirs));
    let store = dirs.open().unwrap();
    append_all(&store, &blocks[2..]);
    store.close().unwrap();
    // A restored backup of the data, with the true mark.
    let (old_mark, old_data) = old;
    let error = opening(&old_data.path().join("data"), &dirs.mark()).open().err().unwrap();
    assert!(error.to_string().contains("behind its head mark"), "{error}");
    // No mark, a damaged mark, an old mark.
    let new_mark = fs::read(dirs.mark()).unwrap();
    fs::remove_file(dirs.mark()).unwrap();
    assert!(refused(&dirs).contains("head mark"));
    fs::write(dirs.mark(), vec![0; new_mark.len()]).unwrap();
    assert!(refused(&dirs).contains("head-mark"));
    fs::write(dirs.mark(), old_mark).unwrap();
    check_all(&dirs.open().unwrap(), &blocks);
}

#[test]
fn when_look_ups_cannot_follow_the_store_takes_no_more_and_says_why() {
    let (dirs, blocks) = (Dirs::new(), blocks(60));
    let store = dirs.create(Settings::default());
    append_all(&store, &blocks[..4]);
    caught_up(&store);
    // Somebody cleaned up while it ran, and what was derived cannot be made again.
    let derived = dirs.data().join("derived");
    fs::remove_dir_all(&derived).unwrap();
    fs::write(&derived, b"no directory").unwrap();
    store.distrust_derived();
    let mut taken = 4;
    let refused = blocks[4..].iter().find_map(|block| {
        std::thread::sleep(Duration::from_millis(5));
        let refused = store.append(store.head().as_ref(), block.clone()).err();
        taken += usize::from(refused.is_none());
        refused
    });
    let refused = refused.expect("it goes on without look-ups").to_string();
    assert!(refused.contains("look-ups") && refused.contains("derived"), "{refused}");
    drop(store);
    fs::remove_file(&derived).unwrap();
    check_all(&dirs.open().unwrap(), &blocks[..taken]);
}

fn copy(dirs: &Dirs) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    let status = std::process::Command::new("cp")
        .args(["-r".as_ref(), dirs.data().as_os_str(), to.path().as_os_str()])
        .status();
    assert!(status.unwrap().success());
    to
}

#[test]
fn blocks_above_an_older_mark_are_kept_where_they_are() {
    let (dirs, blocks) = (Dirs::new(), blocks(8));
    let store = dirs.create(Settings::default());
    append_all(&store, &blocks[..2]);
    store.close().unwrap();
    let old_mark = fs::read(dirs.mark()).unwrap();
    let store = dirs.open().unwrap();
    append_all(&store, &blocks[2..]);
    store.close().unwrap();
    let segment = dirs.data().join("segments").join(format!("{:020}.seg", 0));
    let whole = fs::read(&segment).unwrap();
    for derived in [true, false] {
        fs::write(dirs.mark(), &old_mark).unwrap();
        if !derived {
            fs::remove_dir_all(dirs.data().join("derived")).unwrap();
        }
        let store = dirs.open().unwrap();
        assert_eq!(fs::read(&segment).unwrap(), whole);
        assert_ne!(fs::read(dirs.mark()).unwrap(), old_mark, "the mark follows");
        check_all(&store, &blocks);
        store.close().unwrap();
    }
}

#[test]
fn two_copies_of_the_data_cannot_share_one_mark() {
    let (dirs, blocks) = (Dirs::new(), blocks(3));
    let store = dirs.create(Settings::default());
    append_all(&store, &blocks[..2]);
    let other = copy(&dirs);
    let error = opening(&other.path().join("data"), &dirs.mark()).open().err().unwrap();
    assert!(error.to_string().contains("never share"), "{error}");
    append_all(&store, &blocks[2..]);
    check_all(&store, &blocks);
}

#[test]
fn a_rebuild_that_finds_damage_costs_no_answer_and_stops_the_writer() {
    let (dirs, blocks) = (Dirs::new(), blocks(5));
    let store = dirs.create(Settings::default());
    append_all(&store, &blocks[..4]);
    caught_up(&store);
    let segment = dirs.data().join("segments").join(format!("{:020}.seg", 0));
    let good = fs::read(&segment).unwrap();
    let mut bad = good.clone();
    let in_block_2 = 16 + blocks[0].bytes.len() + 8 + blocks[1].bytes.len() + 8 + 100;
    bad[in_block_2] ^= 1;
    fs::write(&segment, &bad).unwrap();
    store.distrust_derived();
    for _ in 0..500 {
        if store.failure().is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(store.failure().is_some(), "the damage is named");
    assert_eq!(store.block(0).unwrap().unwrap(), blocks[0].bytes);
    assert_eq!(store.entry(u64::MAX).unwrap(), None);
    let refused = store.append(store.head().as_ref(), blocks[4].clone());
    assert!(matches!(refused, Err(StoreError::Damage { .. })), "{refused:?}");
    drop(store);
    fs::write(&segment, good).unwrap();
    check_all(&dirs.open().unwrap(), &blocks[..4]);
}

#[test]
fn one_certification_among_many_of_the_same_document_is_found() {
    let (dirs, blocks) = (Dirs::new(), world::repeated(130));
    let store = dirs.create(Settings::default());
    append_all(&store, &blocks);
    check_all(&store, &blocks);
}

#[test]
fn both_kinds_of_fingerprints_are_kept_apart_and_counted_once() {
    for (name, store, _dirs) in stores() {
        println!("{name}");
        let blocks = world::both_kinds();
        append_all(&*store, &blocks);
        check_all(&*store, &blocks);
    }
}

#[test]
fn a_certified_document_is_never_missing_from_a_range_whatever_look_ups_do_meanwhile() {
    for (name, store, _dirs) in stores() {
        println!("{name}");
        let blocks = world::repeated(60);
        let asked = world::documents(1000, 60);
        for (number, block) in blocks.iter().enumerate() {
            append_all(&*store, std::slice::from_ref(block));
            if number == 40 {
                store.distrust_derived();
            }
            // Two blocks come before the first that certifies.
            let Some(last) = number.checked_sub(2) else { continue };
            for document in [asked[last], asked[last / 2]] {
                match store.certified(document..=document, 2) {
                    Ok(found) => assert_eq!(found, [document], "{name}: after block {number}"),
                    Err(StoreError::Behind { .. }) => {}
                    Err(other) => panic!("{name}: {other}"),
                }
            }
        }
        check_all(&*store, &blocks);
    }
}
