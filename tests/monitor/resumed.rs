//! A monitor goes on where its last run ended: it reads no more than is new, tells nothing twice and
//! leaves nothing out, whatever became of what it kept.

use std::{fs, path::Path};

use probant_core::{List, status::Reason};

use crate::{
    follow::world,
    harness::{bounded, issuer::made_up, now_ms},
    sample_world::{ISSUER, World},
    shown::{Shown, Watcher, certify, encoded, enroll},
};

/// Copies a directory with all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_reads_what_is_new_and_judges_it_by_all_that_was() {
    bounded(60, async {
        let mut world = world();
        certify(&mut world, 9, "bills", 4);
        let ledger = Shown::start(&world).await;
        let watcher = Watcher::new(&ledger.url);
        watcher.expect(&[], 1, &["enrolled", "certified"]);
        assert_eq!(ledger.asked(), [0]);
        watcher.expect(&[], 0, &[]);
        assert_eq!(ledger.asked(), [2], "the newest block, to see that it is the same");
        // By the names and keys of blocks that are not read again.
        enroll(&mut world, ("autre.example", 21), ("ENERGIE DU PONANT", "2"));
        certify(&mut world, 9, "more", 3);
        ledger.show(encoded(&world));
        let ran = watcher.expect(&[], 1, &["resembling", "certified"]);
        assert_eq!(ran.reports[0]["likenesses"][0], "name-same");
        assert_eq!(ledger.asked(), [2]);
        // And it still checks: a block with a flipped bit is as much of a fault as ever.
        certify(&mut world, 9, "last", 1);
        let (whole, mut flipped) = (encoded(&world), encoded(&world));
        let middle = flipped[5].len() / 2;
        flipped[5][middle] ^= 1;
        ledger.show(flipped);
        let ran = watcher.expect(&[], 4, &["fault"]);
        assert!(ran.reports[0]["why"].as_str().unwrap().starts_with("block 5"), "{}", ran.all);
        ledger.show(whole);
        watcher.expect(&[], 1, &["certified"]);
        assert_eq!(ledger.asked(), [4, 4], "a fault is not kept");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_became_of_what_was_kept_nothing_is_left_out() {
    bounded(60, async {
        let mut world = world();
        let ledger = Shown::start(&world).await;
        let watcher = Watcher::new(&ledger.url);
        watcher.expect(&[], 1, &["enrolled"]);
        let (older, state) = (watcher.replay().with_extension("older"), watcher.state());
        copy(&watcher.replay(), &older);
        let before = fs::read(&state).unwrap();
        certify(&mut world, 9, "bills", 4);
        ledger.show(encoded(&world));
        watcher.expect(&[], 1, &["certified"]);
        ledger.asked();
        // A crash before the replay was kept: it is read again, and not told again.
        fs::remove_dir_all(watcher.replay()).unwrap();
        copy(&older, &watcher.replay());
        watcher.expect(&[], 0, &[]);
        assert_eq!(ledger.asked(), [1]);
        // A state from before the replay, or none: all that is not in it is told.
        fs::write(&state, &before).unwrap();
        watcher.expect(&[], 1, &["certified"]);
        fs::remove_file(&state).unwrap();
        watcher.expect(&[], 1, &["enrolled", "certified"]);
        assert_eq!(ledger.asked(), [0, 0]);
        // The replay is gone: the state is enough.
        fs::remove_dir_all(watcher.replay()).unwrap();
        watcher.expect(&[], 0, &[]);
        assert_eq!(ledger.asked(), [0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_of_what_was_kept_is_no_fault_of_the_ledger() {
    bounded(60, async {
        let mut world = world();
        certify(&mut world, 9, "bills", 4);
        let revoke = |world: &mut World, name: &str| {
            let list = List::new(made_up(name, 1)).unwrap();
            world.revoke((ISSUER, 9), list, Reason::Withdrawn, now_ms());
        };
        revoke(&mut world, "bills");
        let ledger = Shown::start(&world).await;
        let watcher = Watcher::new(&ledger.url);
        watcher.expect(&[], 1, &["enrolled", "certified", "revoked"]);
        // The registry, which is read at the start; the map of what fell, when something falls.
        for (file, left) in [("registry", &[][..]), ("leaves", &["revoked"])] {
            let kept = watcher.replay().join(world.identity().ledger.to_string());
            let folds = fs::read_dir(kept).unwrap().map(|entry| entry.unwrap().path());
            let path = folds.map(|fold| fold.join(file)).find(|path| path.exists()).unwrap();
            let flipped: Vec<u8> = fs::read(&path).unwrap().iter().map(|byte| byte ^ 1).collect();
            fs::write(&path, flipped).unwrap();
            if !left.is_empty() {
                certify(&mut world, 9, "more", 4);
                revoke(&mut world, "more");
                ledger.show(encoded(&world));
            }
            let ran = watcher.once(&["--no-domain"]);
            assert_eq!(ran.code, 2, "{}", ran.all);
            assert!(ran.reports.iter().all(|report| report["report"] == "certified"));
            assert!(ran.all.contains("move it away, and it replays from block 0"), "{}", ran.all);
            fs::rename(watcher.replay(), watcher.replay().with_extension(file)).unwrap();
            watcher.expect(&[], i32::from(!left.is_empty()), left);
        }
    })
    .await;
}
