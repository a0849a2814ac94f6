//! Ledgers that lie: the same that audits are shown, src/audit/tests/hostile.rs.

use super::*;
use crate::audit::{
    Blocks,
    tests::{
        hostile::{Case, changed, consistent, honest, made_so},
        past::head_of,
        world::{SEAL_SEED, list},
    },
};

/// What is wrong in itself: no head of it is cosigned, and the place is named.
#[test]
fn what_breaks_the_rules_is_named_and_not_cosigned() {
    for Case { what, blocks, words } in changed().into_iter().chain(made_so()) {
        let world = honest();
        let mut bench = Bench::of(&world);
        assert_eq!(bench.look(&world.encode()[..2]), Standing::Follows, "{what}");
        let seen = size_at(&world, 1);
        bench.add(&submission(&world, 0, seen)).unwrap();
        let standing = bench.look(&blocks);
        let Standing::Fault(why) = &standing else { panic!("{what}: {standing:?}") };
        assert!(why.starts_with(words), "{what}: {why}");
        // Whatever it signs now, of what was replayed too.
        for size in [seen, seen + 1, size_at(&world, 4), world.chain.head().size] {
            let refused = bench.add(&submission(&world, seen, size)).unwrap_err();
            assert!(matches!(refused, Refusal::NotNow(_)), "{what}: {refused:?}");
        }
        assert_eq!(bench.kept().unwrap().size, seen, "{what}");
        // What does not begin with a genesis is no block of this ledger.
        let is_ours = what != "the first blocks dropped";
        assert_eq!(bench.state().join("evidence").exists(), is_ours, "{what}: the block at fault");
        // It may have been the network: what is whole again is followed again. But if another block was
        // sealed before the one at fault, that was the ledger.
        let honest = world.encode();
        let at = bench.followed.view.borrow().blocks;
        let is_other = |at: usize| blocks[at] != honest[at];
        let is_fork = is_ours && (0..usize::try_from(at).unwrap()).any(is_other);
        let standing = bench.look(&honest);
        assert_eq!(
            standing.word(),
            if is_fork { "stopped" } else { "follows" },
            "{what}: {standing}"
        );
        let sent = submission(&world, seen, world.chain.head().size);
        let decided = bench.add(&sent);
        assert_eq!(decided.is_ok(), !is_fork, "{what}: {decided:?}");
    }
}

/// A ledger that answers nothing after a fault would else be cosigned up to there.
#[test]
fn what_was_wrong_stands_until_it_was_seen_to_be_whole() {
    let world = honest();
    let (mut bench, blocks) = (Bench::of(&world), world.encode());
    let seen = size_at(&world, 2);
    bench.look(&blocks[..3]);
    bench.add(&submission(&world, 0, size_at(&world, 1))).unwrap();
    let sent = submission(&world, size_at(&world, 1), seen);
    let away = || -> Source { Box::new(|_| Err(Error::busy("503"))) };
    assert!(matches!(bench.look(&blocks[..2]), Standing::Behind(_)));
    assert!(matches!(bench.look_at(away()), Standing::Behind(_)));
    let mut junk = blocks[..3].to_vec();
    junk.push(vec![0; 40]);
    let fault = bench.look(&junk);
    assert!(matches!(fault, Standing::Fault(_)), "{fault:?}");
    for source in [away(), these(&[]), these(&blocks[..2])] {
        assert_eq!(bench.look_at(source), fault);
        assert!(matches!(bench.add(&sent), Err(Refusal::NotNow(_))));
    }
    assert_eq!(bench.look(&blocks), Standing::Follows);
    assert!(matches!(bench.look_at(away()), Standing::Unreached(_)));
    opened(&sent, &bench.add(&sent).unwrap());
}

/// Blocks, and after them what did not arrive.
struct Broken(Memory);

impl Blocks for Broken {
    fn name(&self) -> String {
        self.0.name()
    }

    fn bytes_total(&self) -> Option<u64> {
        None
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let none = || Error::Stop("block 9 did not arrive: a length of 4 GiB".into());
        self.0.next()?.map(Some).ok_or_else(none)
    }

    fn notes(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// `/readyz` is 503 for a disk that fails, and for no ledger.
#[test]
fn whatever_a_ledger_sends_is_no_damage_of_the_witness() {
    let world = honest();
    let (mut bench, blocks) = (Bench::of(&world), world.encode());
    // At block 0, in the block that is known, after it, and further on.
    for (replayed, sent) in [(0, 0), (0, 2), (3, 2), (3, 3), (3, 5)] {
        bench.look(&blocks[..replayed]);
        let blocks = blocks.clone();
        let source: Source = Box::new(move |height| {
            let from = usize::try_from(height).unwrap().min(sent);
            let rest = blocks[from..sent].to_vec();
            Ok(Box::new(Broken(Memory(rest.into_iter()))))
        });
        let standing = bench.look_at(source);
        assert!(matches!(standing, Standing::Unreached(_)), "{replayed} {sent}: {standing:?}");
    }
    assert_eq!(bench.look(&blocks), Standing::Follows);
}

/// Blocks, counted as they are read.
struct Counted(std::vec::IntoIter<Vec<u8>>, Arc<AtomicU64>);

impl Blocks for Counted {
    fn name(&self) -> String {
        "counted".to_owned()
    }

    fn bytes_total(&self) -> Option<u64> {
        None
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Ok(self.0.next())
    }

    fn notes(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// It says that it has less, and then shows more, without end.
#[test]
fn nobody_holds_its_follower_by_showing_more_than_it_has() {
    let world = honest();
    let (mut bench, blocks) = (Bench::of(&world), world.encode());
    bench.look(&blocks[..3]);
    let read = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&read);
    let more = [blocks[1..3].to_vec(), vec![vec![0; 40]; 2000]].concat();
    let source: Source = Box::new(move |height| match height {
        1 => Ok(Box::new(Counted(more.clone().into_iter(), Arc::clone(&counted)))),
        _ => Err(Error::No("no such block".into())),
    });
    let standing = bench.look_at(source);
    assert!(matches!(standing, Standing::Unreached(_)), "{standing:?}");
    assert_eq!(read.load(Ordering::Relaxed), 2);
}

/// What was rewritten as a whole is named by whoever saw it before.
#[test]
fn another_history_by_the_same_keys_ends_it_for_good() {
    for (what, other, words) in consistent() {
        let world = honest();
        let mut bench = Bench::of(&world);
        bench.look(&world.encode());
        let seen = size_at(&world, 2);
        bench.add(&submission(&world, 0, seen)).unwrap();
        let standing = bench.look(&other.encode());
        let size = other.chain.head().size;
        if words.starts_with("BEHIND") {
            assert!(matches!(standing, Standing::Behind(_)), "{what}: {standing:?}");
            assert_eq!(standing.to_string(), "it ends before block 6, which it has shown");
            bench.later(61_000);
            let refused = bench.add(&submission(&other, seen, size)).unwrap_err();
            let Refusal::Inconsistent(why) = refused else { panic!("{what}: {refused:?}") };
            assert!(why.contains("restored from an old copy"), "{why}");
            assert_eq!(bench.look(&world.encode()), Standing::Follows, "a copy that lagged");
            continue;
        }
        let Standing::Stopped(why) = &standing else { panic!("{what}: {standing:?}") };
        assert!(why.starts_with(words), "{what}: {why}");
        let saved = evidence(&bench);
        for head in ["seen", "shown"] {
            head_of(&saved[head]).verify(&world.chain.identity()).unwrap();
        }
        // Neither history, now or after a restart, until somebody has looked.
        for _ in 0..2 {
            for history in [&other, &world] {
                let sent = submission(history, seen.min(size), history.chain.head().size);
                assert!(bench.add(&sent).is_err(), "{what}");
                assert!(matches!(bench.look(&history.encode()), Standing::Stopped(_)), "{what}");
            }
            assert_eq!(bench.kept().unwrap().size, seen, "{what}");
            bench = bench.restarted();
        }
        fs::remove_file(bench.state().join("stopped")).unwrap();
        let mut bench = bench.restarted();
        assert_eq!(bench.look(&world.encode()), Standing::Follows);
        let sent = submission(&world, seen, world.chain.head().size);
        opened(&sent, &bench.add(&sent).unwrap());
    }
}

/// A checkpoint of a history that no block shows: signed by the note key, it convicts the ledger.
#[test]
fn a_checkpoint_with_another_root_than_the_blocks_is_evidence() {
    let other =
        || consistent().into_iter().find(|(what, ..)| what.starts_with("one entry")).unwrap().1;
    let world = honest();
    for same in [true, false] {
        let mut bench = Bench::of(&world);
        bench.look(&world.encode());
        // The histories part in block 3.
        let (seen, size) = (size_at(&world, if same { 4 } else { 2 }), size_at(&world, 4));
        bench.add(&submission(&world, 0, seen)).unwrap();
        let lie = if same {
            Submission { proof: Vec::new(), ..submission(&other(), size, size) }
        } else {
            submission(&other(), seen, size)
        };
        let refused = bench.add(&lie).unwrap_err();
        let Refusal::Inconsistent(why) = &refused else { panic!("{refused:?}") };
        assert!(why.starts_with("FORK: the ledger signed a checkpoint of "), "{why}");
        let (saved, origin) = (evidence(&bench), world.chain.identity().origin);
        let checkpoint = |name: &str| {
            let note = saved[name].as_str().unwrap();
            Checkpoint::open(note, &origin, key(NOTE_SEED).public()).unwrap()
        };
        assert_eq!(checkpoint("note").size, size);
        if same {
            assert_ne!(checkpoint("cosigned").root, checkpoint("note").root);
        } else {
            let head = head_of(&saved["replayed"]);
            head.verify(&world.chain.identity()).unwrap();
            assert_eq!((head.size, head.root == checkpoint("note").root), (size, false));
        }
        assert_eq!(bench.kept().unwrap().size, seen);
        let truth = submission(&world, seen, world.chain.head().size);
        // A start of the ledger hears that, from where it was cosigned last.
        let refused_again = Err(refused.clone());
        let from_0 = Submission { old: 0, proof: Vec::new(), ..truth.clone() };
        assert_eq!(bench.add(&from_0), Err(Refusal::Size(seen)));
        assert_eq!(bench.add(&truth), refused_again);
        let mut bench = bench.restarted();
        assert!(matches!(bench.look(&world.encode()), Standing::Stopped(_)));
        assert_eq!(bench.add(&truth), refused_again);
    }
}

/// Who lies without the note key stops nobody.
#[test]
fn a_forged_checkpoint_stops_nothing() {
    let (world, other) = (honest(), consistent().remove(1).1);
    let mut bench = Bench::of(&world);
    bench.look(&world.encode());
    let size = other.chain.head().size;
    assert_eq!(bench.add(&signed_by(&other, (0, size), SEAL_SEED)), Err(Refusal::Unsigned));
    assert_eq!(bench.followed.view.borrow().standing, Standing::Follows);
}

/// The audit's state is lost, and what was cosigned is not: another history is still another one.
#[test]
fn what_was_cosigned_holds_a_ledger_whose_blocks_were_forgotten() {
    let (world, other) = (honest(), consistent().remove(2).1);
    let mut bench = Bench::of(&world);
    bench.look(&world.encode());
    bench.add(&submission(&world, 0, world.chain.head().size)).unwrap();
    for name in ["heads", "state"] {
        fs::remove_file(bench.state().join(name)).unwrap();
    }
    let mut bench = bench.restarted();
    let standing = bench.look(&other.encode());
    assert!(matches!(&standing, Standing::Stopped(why) if why.starts_with("FORK")), "{standing:?}");
    head_of(&evidence(&bench)["replayed"]).verify(&world.chain.identity()).unwrap();
}

#[test]
fn a_seal_from_before_the_last_look_or_from_the_future_is_named() {
    for (ms, words) in [
        (-1, "or later: what was sealed before, this auditor has seen"),
        (1, "or earlier: it is not later yet"),
    ] {
        let mut world = honest();
        let mut bench = Bench::of(&world);
        assert_eq!(bench.look(&world.encode()), Standing::Follows);
        let seen = world.chain.head().size;
        bench.add(&submission(&world, 0, seen)).unwrap();
        // An hour passes, and it is seen that nothing new was sealed.
        bench.later(3_600_000);
        assert_eq!(bench.look(&world.encode()), Standing::Follows);
        let looked_ms = bench.clock.now_ms();
        bench.later(600_000);
        let time_ms = if ms < 0 {
            looked_ms - TOLERANCE_MS - 1
        } else {
            bench.clock.now_ms() + TOLERANCE_MS + 1
        };
        let entries = vec![world.certify(list(7_000, 1))];
        let lie = world
            .forge(entries, &key(SEAL_SEED), &key(SEAL_SEED), |header| header.time_ms = time_ms);
        world.push(lie);
        for _ in 0..2 {
            let standing = bench.look(&world.encode());
            let Standing::Fault(why) = &standing else { panic!("{standing:?}") };
            assert!(
                why.starts_with("FAULT in block 7, entry 16 (block): chain: ")
                    && why.contains(words),
                "{why}"
            );
            let sent = submission(&world, seen, world.chain.head().size);
            assert!(matches!(bench.add(&sent), Err(Refusal::NotNow(_))));
            assert_eq!(bench.kept().unwrap().size, seen);
            bench = bench.restarted();
        }
        // What is too early becomes true; what is too late does not.
        bench.later(10);
        let becomes = bench.look(&world.encode()) == Standing::Follows;
        assert_eq!(becomes, ms > 0, "{words}");
    }
}

#[test]
fn a_clock_that_is_off_by_less_than_is_borne_is_no_lie() {
    let mut world = honest();
    let mut bench = Bench::of(&world);
    bench.look(&world.encode());
    bench.later(3_600_000);
    bench.look(&world.encode());
    for time_ms in [bench.clock.now_ms() - TOLERANCE_MS, bench.clock.now_ms() + TOLERANCE_MS] {
        let block = world
            .forge(vec![], &key(SEAL_SEED), &key(SEAL_SEED), |header| header.time_ms = time_ms);
        world.push(block);
        assert_eq!(bench.look(&world.encode()), Standing::Follows);
    }
}
