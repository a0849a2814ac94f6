//! The answers of c2sp.org/tlog-witness, and what is on disk after each.

use probant_core::{
    draft::Draft,
    key::Use,
    note::Signed,
    statement::{Body, HeldKey, KeyAct, KeyStatement},
    status::Kept,
};
use tokio::task::JoinSet;

use super::*;
use crate::audit::tests::world::{ORIGIN, SEAL_SEED, list};

const OPERATOR_SEED: u8 = 3;
const NEW_NOTE_SEED: u8 = 22;

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

/// The times under the submission, by both keys.
fn times_s(sent: &Submission, lines: &str) -> Vec<u64> {
    let (note, cosigners) = (sent.note.clone() + lines, cosigners());
    let keys: Vec<_> = cosigners.iter().map(Cosigner::verifier_key).collect();
    let note = Note::split(&note).unwrap();
    note.signatures(&keys).unwrap().iter().filter_map(Signed::time_s).collect()
}

/// The time says that there was nothing newer (docs/format.md 8.4).
#[test]
fn a_head_that_is_not_the_newest_is_given_no_time_of_now() {
    let world = world();
    let (mut bench, blocks) = (Bench::of(&world), world.encode());
    let [one, two] = [1, 2].map(|height| size_at(&world, height));
    bench.look(&blocks[..2]);
    let sent = submission(&world, 0, one);
    let lines = bench.add(&sent).unwrap();
    let again = submission(&world, one, one);
    bench.later(200_000);
    assert_eq!(bench.look(&blocks[..3]), Standing::Follows);
    let shown_s = bench.clock.now_ms() / 1000;
    bench.later(30_000);
    assert_eq!(bench.add(&again), Ok(lines.clone()), "as they were");
    let kept = bench.kept();
    bench = bench.restarted();
    bench.look(&blocks);
    assert_eq!(bench.add(&again), Ok(lines), "also after a restart");
    bench.later(31_000);
    let refused = bench.add(&again).unwrap_err();
    assert!(
        matches!(&refused, Refusal::Inconsistent(why) if why.contains("old copy")),
        "{refused:?}"
    );
    assert_eq!(bench.kept(), kept);
    // One that was never cosigned, and was the newest until half a minute ago.
    let next = submission(&world, one, two);
    let lines = bench.add(&next).unwrap();
    assert_eq!(times_s(&next, &lines), [shown_s + 30; 2]);
    bench.later(1000);
    let newest = submission(&world, two, world.chain.head().size);
    let lines = bench.add(&newest).unwrap();
    assert_eq!(times_s(&newest, &lines), [bench.clock.now_ms() / 1000; 2]);
}

#[test]
fn of_a_head_that_was_shown_before_the_start_with_a_newer_one_no_time_is_known() {
    let world = world();
    let mut bench = Bench::of(&world);
    bench.look(&world.encode());
    let mut bench = bench.restarted();
    bench.look(&world.encode());
    let refused = bench.add(&submission(&world, 0, size_at(&world, 2)));
    assert!(matches!(&refused, Err(Refusal::NotNow(_))), "{refused:?}");
    assert_eq!(bench.kept(), None);
    let sent = submission(&world, 0, world.chain.head().size);
    opened(&sent, &bench.add(&sent).unwrap());
}

#[test]
fn what_was_replayed_before_is_cosigned_while_the_ledger_is_away() {
    let world = world();
    let mut bench = Bench::of(&world);
    bench.look(&world.encode());
    let mut bench = bench.restarted();
    assert!(matches!(bench.look(&[]), Standing::Unreached(_)));
    let broken: Source =
        Box::new(|_| Err(Error::Stop("block 5 did not arrive: a checksum".into())));
    assert!(matches!(bench.look_at(broken), Standing::Unreached(_)), "that is the network's");
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
        let kept = cosigned::kept(bench.dir.path(), &bench.ledger.identity);
        assert_eq!(kept.err().map(|error| error.exit_code()), Some(4), "byte {at}");
    }
    fs::write(&path, whole).unwrap();
    fs::write(bench.state().join("looked"), "1").unwrap();
    let mut bench = bench.restarted();
    assert!(matches!(bench.look(&world.encode()), Standing::Damaged(_)));
    let sent = submission(&world, size_at(&world, 2), size_at(&world, 3));
    assert!(bench.add(&sent).is_err());
}

/// Each would cosign by what it read at its start.
#[test]
fn a_second_witness_on_the_same_state_is_refused_while_the_first_one_lives() {
    let world = world();
    let mut bench = Bench::of(&world);
    bench.look(&world.encode());
    let open = |bench: &Bench| Cosigned::open(bench.dir.path(), &bench.ledger.identity);
    // Also while no audit is open: a fault ends it, and its lock with it.
    for blocks in [world.encode(), vec![vec![0; 40]]] {
        bench.look(&blocks);
        let refused = open(&bench).err().expect("it is held");
        assert_eq!(refused.exit_code(), 3);
        let path = bench.state().join("cosigning");
        assert!(refused.to_string().contains(&path.display().to_string()), "{refused}");
    }
    let dir = bench.dir;
    drop((bench.followed, bench.follower));
    assert!(Cosigned::open(dir.path(), &bench.ledger.identity).is_ok(), "it goes with its holder");
}

/// The next block, in which the operator puts another note key in the place of the one there was.
fn replace_note_key(world: &mut World) {
    let (ledger, r#use) = (world.chain.identity().ledger, Use::Note);
    let held = HeldKey::prove(&key(NEW_NOTE_SEED), r#use, ORIGIN, 1, ledger);
    let body = Body::Key(KeyStatement::bringing(KeyAct::Replace { r#use, held }));
    let statement =
        Statement::sign(&key(OPERATOR_SEED), ORIGIN, Some(ledger), TIME_MS / 1000, body);
    let (nodes, time_ms) = (Kept::all(), world.chain.head().time_ms + 100);
    let mut draft = Draft::new(&world.chain, time_ms, &nodes);
    draft.add(statement, None).unwrap();
    let block = draft.seal(&key(SEAL_SEED)).unwrap().block;
    world.push(block);
}

#[test]
fn the_note_key_is_the_one_that_the_replayed_blocks_have_in_force() {
    let mut world = World::new();
    let mut bench = Bench::of(&world);
    bench.look(&world.encode());
    let first = world.chain.head().size;
    bench.add(&submission(&world, 0, first)).unwrap();
    replace_note_key(&mut world);
    let size = world.chain.head().size;
    let by = |seed| signed_by(&world, (first, size), seed);
    assert_eq!(bench.add(&by(NEW_NOTE_SEED)), Err(Refusal::Unsigned), "nobody vouched for it yet");
    assert_eq!(bench.add(&by(NOTE_SEED)), Err(Refusal::NotReplayed(first)));
    assert_eq!(bench.look(&world.encode()), Standing::Follows);
    assert_eq!(bench.add(&by(NOTE_SEED)), Err(Refusal::Unsigned), "its time is over");
    opened(&by(NEW_NOTE_SEED), &bench.add(&by(NEW_NOTE_SEED)).unwrap());
}

/// Whose submission it is, nobody can say yet.
#[tokio::test]
async fn strangers_take_no_seat_and_have_nobody_look_before_block_0_was_read() {
    let world = world();
    let mut bench = Bench::of(&world);
    let sent = signed_by(&world, (0, size_at(&world, 1)), 77).to_text();
    let asked_for = |bench: &Bench| bench.follower.is_woken();
    for (later_ms, looks) in [(0, true), (500, false), (1499, false), (1, true), (0, false)] {
        bench.later(later_ms);
        for _ in 0..20 {
            // At once: nobody looks here, and nobody waits.
            let sent = Sent::parse(sent.as_bytes()).unwrap_or_else(|why| panic!("{why:?}"));
            let answer = bench.followed.add_checkpoint(sent).await;
            assert_eq!(answer, Err(Refusal::NotReplayed(0)));
        }
        assert_eq!(asked_for(&bench), looks, "after {later_ms} ms");
    }
    bench.look(&world.encode());
    let sent = Sent::parse(sent.as_bytes()).unwrap_or_else(|why| panic!("{why:?}"));
    assert_eq!(bench.followed.add_checkpoint(sent).await, Err(Refusal::Unsigned));
}

/// The blocks are lost, and what was cosigned is not: a ledger that starts hears whether it follows on.
#[test]
fn before_block_0_was_read_again_it_is_said_what_was_cosigned() {
    let world = world();
    let mut bench = Bench::of(&world);
    bench.look(&world.encode());
    let [one, two] = [1, 2].map(|height| size_at(&world, height));
    bench.add(&submission(&world, 0, one)).unwrap();
    let bench = bench.restarted();
    let mut sent = submission(&world, one, two);
    assert_eq!(bench.add(&sent), Err(Refusal::NotReplayed(one)));
    assert_eq!(bench.add(&submission(&world, 0, two)), Err(Refusal::Size(one)));
    sent.proof[0].0[5] ^= 1;
    assert!(matches!(bench.add(&sent), Err(Refusal::Inconsistent(_))));
    assert!(!bench.state().join("stopped").exists(), "it may be anybody's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_wait_for_the_replay_than_there_are_seats_and_all_of_them_are_answered() {
    let world = world();
    let (mut bench, blocks) = (Bench::of(&world), world.encode());
    bench.look(&blocks[..2]);
    let sent = submission(&world, 0, world.chain.head().size).to_text();
    let mut asked = JoinSet::new();
    for _ in 0..20 {
        let (followed, sent) = (Arc::clone(&bench.followed), sent.clone());
        let sent = Sent::parse(sent.as_bytes()).unwrap_or_else(|why| panic!("{why:?}"));
        asked.spawn(async move { followed.add_checkpoint(sent).await });
    }
    for _ in 0..4 {
        let refused = asked.join_next().await.unwrap().unwrap();
        assert!(
            matches!(&refused, Err(Refusal::NotNow(why)) if why.contains("are waiting")),
            "{refused:?}"
        );
    }
    assert_eq!(tokio::task::block_in_place(|| bench.look(&blocks)), Standing::Follows);
    let answers = asked.join_all().await;
    let cosigned = answers.iter().filter(|answer| answer.is_ok()).count();
    let told = Refusal::Size(world.chain.head().size);
    let others = answers.iter().filter(|answer| answer.as_ref().err() == Some(&told)).count();
    assert_eq!((cosigned, others), (1, 15), "{answers:?}");
}
