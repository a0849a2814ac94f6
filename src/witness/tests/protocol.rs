//! The answers of c2sp.org/tlog-witness, and what is on disk after each.

use super::*;
use crate::audit::tests::world::list;

fn world() -> World {
    let mut world = World::new();
    world.seal(vec![world.certify(list(0, 40)), world.certify(list(0, 1))]);
    world.seal(vec![]);
    world.seal(vec![world.certify(list(200, 8))]);
    world
}

#[test]
fn heads_that_were_replayed_are_cosigned_one_after_the_other_and_kept_first() {
    let world = world();
    let (mut bench, blocks) = (Bench::of(&world), world.encode());
    let first = submission(&world, 0, size_at(&world, 1));
    // Which key is the ledger's is not known before block 0.
    assert_eq!(bench.add(&first), Err(Refusal::NotReplayed(0)));
    assert_eq!(bench.look(&blocks[..2]), Standing::Follows);
    let mut old = 0;
    for height in 1..blocks.len() {
        let sent = submission(&world, old, size_at(&world, height));
        if height > 1 {
            assert_eq!(bench.add(&sent), Err(Refusal::NotReplayed(old)));
            assert_eq!(bench.look(&blocks[..=height]), Standing::Follows);
        }
        let lines = bench.add(&sent).unwrap();
        let checkpoint = opened(&sent, &lines);
        assert_eq!(bench.kept(), Some(checkpoint.clone()), "before it was told");
        let shown = bench.followed.cosigned().newest().unwrap().note.clone();
        assert_eq!(shown, sent.note.clone() + &lines);
        // The same again gets the same again, after a while with a newer time.
        let again = submission(&world, checkpoint.size, checkpoint.size);
        assert_eq!(bench.add(&again), Ok(lines.clone()));
        bench.later(20_000);
        let newer = bench.add(&again).unwrap();
        assert_ne!(newer, lines);
        assert_eq!(opened(&again, &newer), checkpoint);
        bench = bench.restarted();
        assert_eq!(bench.look(&blocks[..=height]), Standing::Follows);
        assert_eq!(bench.add(&sent), Err(Refusal::Size(checkpoint.size)), "never one again");
        old = checkpoint.size;
    }
}

#[test]
fn what_was_replayed_before_is_cosigned_while_the_ledger_is_away() {
    let world = world();
    let mut bench = Bench::of(&world);
    bench.look(&world.encode());
    let mut bench = bench.restarted();
    assert!(matches!(bench.look(&[]), Standing::Unreached(_)));
    let sent = submission(&world, 0, world.chain.head().size);
    opened(&sent, &bench.add(&sent).unwrap());
}

#[test]
fn whatever_is_wrong_is_refused_in_the_words_of_the_protocol_and_changes_nothing() {
    let world = world();
    let (mut bench, blocks) = (Bench::of(&world), world.encode());
    bench.look(&blocks);
    let [one, two, three] = [1, 2, 3].map(|height| size_at(&world, height));
    let good = submission(&world, 0, one);
    bench.add(&good).unwrap();
    let kept = bench.kept();
    let is_malformed =
        |refused: Result<String, Refusal>| matches!(refused, Err(Refusal::Malformed(_)));
    let is_inconsistent =
        |refused: Result<String, Refusal>| matches!(refused, Err(Refusal::Inconsistent(_)));
    let next = submission(&world, one, two);
    let with = |change: &dyn Fn(&mut Submission)| {
        let mut sent = next.clone();
        change(&mut sent);
        bench.add(&sent)
    };
    assert!(is_malformed(with(&|sent| sent.old = two + 1)), "old above new");
    let in_another_form = |sent: &mut Submission| {
        sent.note = sent.note.replacen(&format!("\n{two}\n"), &format!("\n0{two}\n"), 1);
    };
    assert!(is_malformed(with(&in_another_form)));
    assert!(is_malformed(with(&|sent| sent.note.truncate(40))));
    for seed in [1, 77] {
        assert_eq!(bench.add(&signed_by(&world, (one, two), seed)), Err(Refusal::Unsigned));
    }
    assert_eq!(with(&|sent| sent.old = 0), Err(Refusal::Size(one)));
    assert_eq!(with(&|sent| sent.old = two), Err(Refusal::Size(one)));
    assert!(is_inconsistent(with(&|sent| sent.proof[0].0[5] ^= 1)));
    assert!(is_inconsistent(with(&|sent| sent.proof.push(Hash::ZERO))));
    assert!(is_inconsistent(with(&|sent| sent.proof.clear())));
    let broken = with(&|sent| {
        let at = sent.note.len() - 6;
        let other = if sent.note.as_bytes()[at] == b'A' { "B" } else { "A" };
        sent.note.replace_range(at..=at, other);
    });
    assert_eq!(broken, Err(Refusal::Unsigned));
    // No block ends there, though the entries are true.
    assert!(is_inconsistent(bench.add(&submission(&world, one, three + 1))));
    assert_eq!(bench.kept(), kept);
    assert_eq!(bench.followed.view.borrow().standing, Standing::Follows);
    assert!(!bench.state().join("stopped").exists());
    // And it goes on.
    let sent = submission(&world, one, three);
    opened(&sent, &bench.add(&sent).unwrap());
}

#[test]
fn what_the_disk_changed_in_its_state_ends_it_and_accuses_nobody() {
    let world = world();
    let mut bench = Bench::of(&world);
    bench.look(&world.encode());
    bench.add(&submission(&world, 0, size_at(&world, 2))).unwrap();
    let path = bench.state().join("cosigned");
    let whole = fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(37) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        let opened = Cosigned::open(bench.dir.path(), &bench.ledger.identity);
        assert_eq!(opened.err().map(|error| error.exit_code()), Some(4), "byte {at}");
    }
    fs::write(&path, whole).unwrap();
    fs::write(bench.state().join("looked"), "1").unwrap();
    let mut bench = bench.restarted();
    assert!(matches!(bench.look(&world.encode()), Standing::Damaged(_)));
    let sent = submission(&world, size_at(&world, 2), size_at(&world, 3));
    assert!(bench.add(&sent).is_err());
}
