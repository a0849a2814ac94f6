//! The commit protocol of many nodes on one database (src/store/postgres/claim.rs and follow.rs), as a
//! model that is checked in every order of its steps, for small numbers. It is a model of the design and
//! not of the code: read it beside claim.rs, step by step.
//!
//! - `state.rs`: a node has its head mark (on disk), the chain that it believes and answers from, and a
//!   phase: what claim.rs holds in its local variables between two calls to the database. The database
//!   has the committed chain, what the synchronous standby has of it, the open transaction of each
//!   node, and those left behind in backends whose node has given up. The lock on the head is held by
//!   a transaction until it ends, and by nothing else.
//! - `node.rs`: Claim (BEGIN, FOR UPDATE) · Follow (raise the mark) · Publish · Sign · Insert · Commit ·
//!   Receive · Raise (the mark) and answer; after a COMMIT in doubt `ReadBack` under the lock,
//!   or `GiveUp`.
//! - `database.rs`: COMMIT is carried out, or not, at once or late. Kill: a node dies between any two
//!   steps. Lose: a connection ends between any two. Abort: the server ends a transaction, for
//!   serialisation, a deadlock, or a node paused too long. A paused node is one that takes no step, and
//!   wakes when it does. Restart; failover; a restored backup.
//! - `chain.rs`: blocks are what they contain and all before them, so a signature is a chain.
//! - `properties.rs`: what must hold in every state. Clients may send each statement to any node, to
//!   several at once and again, at any time until it is answered. `endings.rs`: every run ends.
//!
//! Each guard of the protocol is taken away once, and then the check must fail where it matters.
//! Not in the model: two primaries at once, a database that lies about fsync, damaged bytes, time.

mod chain;
mod database;
mod endings;
mod node;
mod properties;
mod protocol;
mod state;

use std::collections::BTreeSet;

use properties::{
    MARK_RISES, MARKED, NO_FORK, NO_REFUSAL, NOTHING_LOST, ONCE, ONE_SIGNATURE, TRUE_DENIAL,
};
use protocol::{Asks, Commit, Disaster, Guard, Guard::*};
use stateright::{Checker, HasDiscoveries, Model};

/// No disaster, and no guard missing.
fn plain<const N: usize>(statements: u8, faults: u8) -> Commit<N> {
    Commit {
        statements,
        faults,
        disasters: 0,
        disaster: Disaster::None,
        asks: Asks::Never,
        without: &[],
        sorted: true,
    }
}

/// All states are visited; answers what fails, as a set.
fn failures<const N: usize>(model: &Commit<N>) -> BTreeSet<&'static str> {
    let checker = model.clone().checker().spawn_bfs().join();
    let found = checker.discoveries();
    let (must_not, must): (Vec<_>, Vec<_>) = model
        .properties()
        .into_iter()
        .partition(|property| property.expectation.discovery_is_failure());
    let states = checker.unique_state_count();
    println!("{states} states, at most {} steps, {N} nodes: {model:?}", checker.max_depth());
    for property in must {
        assert!(found.contains_key(property.name), "out of reach: {}", property.name);
    }
    must_not.iter().map(|p| p.name).filter(|name| found.contains_key(name)).collect()
}

fn assert_holds<const N: usize>(model: &Commit<N>) {
    let failures = failures(model);
    for failure in &failures {
        tell(model, failure);
    }
    assert!(failures.is_empty(), "{failures:?}, of {model:?}");
}

/// Exactly these fail, with one statement already; the first is told with the shortest way to it.
fn assert_fails<const N: usize>(model: &Commit<N>, expected: &[&'static str]) {
    let small = Commit { statements: 1, ..model.clone() };
    assert_eq!(failures(&small), expected.iter().copied().collect(), "{small:?}");
    tell(&small, expected[0]);
}

/// The shortest way to a failure, with every node in its place.
fn tell<const N: usize>(model: &Commit<N>, failure: &'static str) {
    let first = HasDiscoveries::AnyOf([failure].into());
    let told = Commit { sorted: false, ..model.clone() };
    let checker = told.checker().finish_when(first).spawn_bfs().join();
    let path = checker.discovery(failure).expect("it was found before");
    println!("  not {failure:?}:");
    for (state, action) in path.into_vec() {
        let marks: Vec<_> = state.nodes.iter().map(|node| node.mark).collect();
        println!("    chain {:?}, marks {marks:?}; {action:?}", state.database.chain);
    }
}

fn without(guards: &'static [Guard]) -> Commit<2> {
    Commit { without: guards, ..plain(2, 1) }
}

fn failover(faults: u8, disasters: u8, without: &'static [Guard]) -> Commit<2> {
    Commit { disasters, disaster: Disaster::Failover, without, ..plain(2, faults) }
}

fn restored(disaster: Disaster, asks: Asks, faults: u8) -> Commit<2> {
    Commit { disasters: 1, disaster, asks, ..plain(2, faults) }
}

#[test]
fn two_nodes_and_any_three_faults() {
    assert_holds(&plain::<2>(2, 3));
}

#[test]
fn three_blocks() {
    assert_holds(&plain::<2>(3, 1));
}

#[test]
fn three_nodes() {
    assert_holds(&plain::<3>(2, 1));
    assert_holds(&plain::<3>(1, 3));
}

#[test]
fn every_run_ends() {
    let count = endings::assert_every_run_ends(&plain::<2>(2, 2));
    println!("{count} states, none of which comes back");
    endings::assert_every_run_ends(&failover(1, 1, &[]));
}

#[test]
fn lock_key_and_swap_each_prevent_a_fork_but_only_the_lock_a_signature_in_vain() {
    for guards in [&[Key] as &[_], &[Swap], &[Key, Swap]] {
        assert_holds(&without(guards));
    }
    for guards in [&[Lock] as &[_], &[Lock, Key], &[Lock, Swap]] {
        assert_fails(&without(guards), &[ONE_SIGNATURE, TRUE_DENIAL]);
    }
    assert_fails(&without(&[Lock, Key, Swap]), &[NO_FORK, ONE_SIGNATURE, TRUE_DENIAL]);
}

#[test]
fn a_lock_that_runs_out_and_leaves_its_transaction_alive_is_none() {
    assert_fails(&without(&[EndWithLock]), &[ONE_SIGNATURE]);
    assert_fails(&without(&[EndWithLock, Key, Swap]), &[NO_FORK, ONE_SIGNATURE]);
}

#[test]
fn a_statement_must_be_looked_up_under_the_claim() {
    assert_fails(&without(&[LookUp]), &[ONCE]);
}

#[test]
fn nobody_may_be_answered_before_commit_is() {
    let all = [NOTHING_LOST, NO_FORK, ONE_SIGNATURE, MARKED];
    assert_fails(&without(&[AnswerAfterCommit]), &all);
}

#[test]
fn a_commit_in_doubt_must_be_read_back_and_under_the_lock() {
    assert_fails(&without(&[ReadBack]), &[ONE_SIGNATURE]);
    assert_fails(&without(&[ReadBack, Key, Swap]), &[NO_FORK, ONE_SIGNATURE]);
    // No fork even then, since the next claim waits: but its sender was told what is not so.
    assert_fails(&without(&[ReadBackLocked]), &[TRUE_DENIAL]);
}

#[test]
fn a_synchronous_standby_may_take_over() {
    assert_holds(&failover(2, 1, &[]));
    let all = [NOTHING_LOST, NO_FORK, ONE_SIGNATURE, MARK_RISES, NO_REFUSAL];
    assert_fails(&failover(0, 1, &[Synchronous]), &all);
}

/// `PostgreSQL` shows what the standby lacks in two cases: after a restart, when COMMIT had been
/// flushed here and not there, and when a backend that waits for the standby is ended.
#[test]
fn what_the_standby_lacks_must_not_be_read() {
    let all = [NOTHING_LOST, NO_FORK, ONE_SIGNATURE, MARK_RISES, NO_REFUSAL];
    assert_fails(&failover(1, 1, &[ReadReplicated]), &all);
    assert_holds(&failover(0, 2, &[ReadReplicated]));
    assert_fails(&failover(0, 2, &[ReadReplicated, SpareWaiting]), &all);
    assert_holds(&failover(0, 2, &[SpareWaiting]));
}

/// A node that was down, or has not followed yet, cannot know what the others know.
#[test]
fn an_old_backup_forks_unless_a_node_that_starts_asks_every_peer() {
    let at_rest = |asks, faults| restored(Disaster::RestoreAtRest, asks, faults);
    assert_fails(&at_rest(Asks::Never, 1), &[NO_FORK, ONE_SIGNATURE]);
    // With two nodes down, the one that knows may start last.
    assert_holds(&at_rest(Asks::Starting, 1));
    assert_fails(&at_rest(Asks::Starting, 2), &[NO_FORK, ONE_SIGNATURE]);
    assert_holds(&at_rest(Asks::StartingAll, 2));
}

#[test]
fn an_old_backup_beneath_running_nodes_forks_unless_each_connection_asks_every_settled_peer() {
    let running = |asks| restored(Disaster::Restore, asks, 1);
    // A node that runs may not have followed to the end.
    assert_fails(&running(Asks::StartingAll), &[NO_FORK, ONE_SIGNATURE, MARK_RISES]);
    // A peer may have its COMMIT answered, and not yet raised its mark.
    assert_fails(&running(Asks::ConnectingAll), &[NO_FORK, ONE_SIGNATURE, MARK_RISES]);
    assert_holds(&running(Asks::ConnectingSettled));
}

#[test]
fn the_mark_must_be_raised_before_anything_is_told() {
    assert_fails(&without(&[MarkBeforeAnswer]), &[MARKED]);
    assert_fails(&without(&[MarkOnFollowing]), &[MARKED]);
    // What comes of it.
    let old_backup = |without, faults| Commit {
        without,
        ..restored(Disaster::RestoreAtRest, Asks::StartingAll, faults)
    };
    let all = [NO_FORK, ONE_SIGNATURE, MARKED];
    // It takes a second statement: nobody sends the first again, once it is answered.
    assert_eq!(failures(&old_backup(&[MarkBeforeAnswer], 2)), all.into());
    assert_fails(&old_backup(&[MarkOnFollowing], 1), &all);
}
