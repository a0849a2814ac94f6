//! What is judged again when a key is reported, where two readings of format.md 9.3 would differ:
//! the status roots of the blocks tell, and what may be said next.

use probant_core::{
    key::Use,
    status::{IssuerState, KeyState, Slot, Status},
};

use crate::{
    ledger::{
        Entry, GAS, GAS_KEY, GAS_SECOND, ISSUER, ISSUER_KEY, NEW_OPERATOR, OPERATOR, ORIGIN, OTHER,
        SECOND, THIRD, key, list,
    },
    say::{BY_ISSUER, BY_NEW_OPERATOR, BY_OPERATOR, BY_OTHER, BY_RECOVERY, BY_SECOND, Voice},
    story::{Story, time},
    vector::Vector,
};

pub fn all() -> Vec<Vector> {
    let of_reports = [ties(), kept_currents(), operators_of_one_block(), stopped()].concat();
    let of_acts = [policies(), kept_reinstatements(), suspensions(), flaws()].concat();
    [of_reports, of_acts, stops(), retired(), retirements()].concat()
}

/// What became of a key: its state, and the entry that says so.
fn key_of(story: &Story, owner: &str, seed: u8) -> (KeyState, u64) {
    match story.status(Slot::key(owner, &key(seed).public().kid())).status() {
        Some(Status::Key(status)) => (status.state, status.entry),
        other => panic!("{other:?}"),
    }
}

fn issuer_of(story: &Story, id: &str) -> (IssuerState, u64) {
    match story.status(Slot::issuer(id)).status() {
        Some(Status::Issuer(status)) => (status.state, status.entry),
        other => panic!("{other:?}"),
    }
}

fn operator_replaced(story: &Story) -> Entry {
    story.ledger.replace(BY_RECOVERY, Use::Operator, NEW_OPERATOR)
}

fn operator_reported(story: &Story, since: u64) -> Vec<Entry> {
    vec![story.ledger.compromise(BY_RECOVERY, OPERATOR, 2, since)]
}

/// A key that is reported, and void while another report stands, is reported once more; then it is
/// void no longer, and both reports stand.
fn ties() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let report = |by, seed, seq, since| ledger.compromise(by, seed, seq, since);
    story.block("key_added_for_a_tie", vec![ledger.add(BY_ISSUER, ISSUER, SECOND)]);
    story.block("key_reported_first", vec![report(BY_OPERATOR, SECOND, 2, time(2))]);
    let first = story.index(0);
    story.block(
        "its_adder_reported",
        vec![report(BY_OPERATOR, ISSUER_KEY, 2, time(1)), operator_replaced(&story)],
    );
    assert_eq!(key_of(&story, ISSUER, SECOND).0, KeyState::Void);
    story.case("key_reported_that_is_void_and_was_reported", "ok", {
        report(BY_NEW_OPERATOR, SECOND, 3, time(2))
    });
    story.why("it is held to the present value, which is void");
    story.case("key_reported_that_is_void_since_later_than_before", "ok", {
        report(BY_NEW_OPERATOR, SECOND, 3, time(3))
    });
    let mut vectors = Vec::new();
    for (name, since) in [("as_before", time(2)), ("since_later", time(3))] {
        let mut told = story.fork();
        let again = vec![report(BY_NEW_OPERATOR, SECOND, 3, since)];
        told.block(&format!("void_key_reported_{name}"), again);
        assert_eq!(key_of(&told, ISSUER, SECOND).0, KeyState::Void);
        let undone = operator_reported(&told, time(4));
        told.block(&format!("void_undone_of_a_key_reported_{name}"), undone);
        told.why("of equal reports the first entry stands, of others the one since the earliest");
        assert_eq!(key_of(&told, ISSUER, SECOND), (KeyState::Compromised, first));
        vectors.extend(told.vectors());
    }
    [story.vectors(), vectors].concat()
}

/// Current by a report that is void now, and current for another reason: the value stays.
fn kept_currents() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let report = |by, seq, since| vec![ledger.compromise(by, SECOND, seq, since)];
    story.block("key_added_that_stops", vec![ledger.add(BY_ISSUER, ISSUER, SECOND)]);
    story.block("key_stopped_by_it", vec![ledger.stop(BY_SECOND, ISSUER_KEY, 2)]);
    let by_rogue = [report(BY_OPERATOR, 2, time(3)), vec![operator_replaced(&story)]].concat();
    story.block("key_current_by_a_rogue", by_rogue);
    let current = (KeyState::Current, story.index(0));
    assert_eq!(key_of(&story, ISSUER, ISSUER_KEY), current);
    story.block("key_current_by_another_too", report(BY_NEW_OPERATOR, 3, time(2)));
    let undone = operator_reported(&story, time(4));
    story.block("key_current_whose_report_is_void", undone);
    story.why("current as before, so the value stays, though the act that it names is void");
    assert_eq!(key_of(&story, ISSUER, ISSUER_KEY), current);
    story.case("certified_by_a_key_current_still", "ok", ledger.certify_by(BY_ISSUER, &list(1)));
    story.vectors()
}

/// An operator key is reported in the block that brings it.
fn operators_of_one_block() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let report = ledger.compromise(BY_RECOVERY, NEW_OPERATOR, 2, story.now());
    story.block("operator_reported_at_once", vec![operator_replaced(&story), report]);
    assert_eq!(key_of(&story, ORIGIN, NEW_OPERATOR).0, KeyState::Compromised);
    assert_eq!(key_of(&story, ORIGIN, OPERATOR).0, KeyState::Retired);
    let policy = |by| ledger.limit(by, 2, 2);
    story.case("policy_by_an_operator_reported_at_once", "key-state", policy(BY_NEW_OPERATOR));
    story.case("policy_by_the_operator_before_it", "key-state", policy(BY_OPERATOR));
    let next = vec![ledger.replace(BY_RECOVERY, Use::Operator, 30)];
    story.block("operator_replaced_that_was_reported_at_once", next);
    assert_eq!(key_of(&story, ORIGIN, NEW_OPERATOR).0, KeyState::Compromised);
    story.case("policy_by_the_operator_after_it", "ok", policy(Voice(30, ORIGIN)));
    story.vectors()
}

/// A stopped key is reported, since before it was stopped.
fn stopped() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    story.block("key_stopped_that_will_be_reported", vec![ledger.stop(BY_ISSUER, ISSUER_KEY, 2)]);
    let report = || ledger.compromise(BY_OPERATOR, ISSUER_KEY, 3, time(1));
    story.case("key_reported_that_is_stopped", "ok", report());
    let later = vec![ledger.compromise(BY_OPERATOR, ISSUER_KEY, 3, time(3))];
    let mut by_itself = story.fork();
    by_itself.block("key_reported_since_after_its_stop", later);
    assert_eq!(key_of(&by_itself, ISSUER, ISSUER_KEY).0, KeyState::Compromised);
    story.block("key_reported_since_before_its_stop", vec![report()]);
    story.case("key_reported_anew_that_was_stopped", "key-state", {
        ledger.compromise(BY_OPERATOR, ISSUER_KEY, 4, time(1))
    });
    [story.vectors(), by_itself.vectors()].concat()
}

/// A policy before the rogue's stands.
fn policies() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    story.block("policy_before_a_rogue", vec![ledger.limit(BY_OPERATOR, 2, 2)]);
    let rogue = vec![ledger.limit(BY_OPERATOR, 3, 10), operator_replaced(&story)];
    story.block("policy_of_a_rogue", rogue);
    story.case("certified_within_the_policy_of_a_rogue", "ok", ledger.certify(&list(3)));
    let report = operator_reported(&story, time(3));
    story.block("policy_of_a_rogue_is_void", report);
    story.case("certified_beyond_the_policy_before_a_rogue", "list-count", {
        ledger.certify(&list(3))
    });
    story.case("certified_within_the_policy_before_a_rogue", "ok", ledger.certify(&list(2)));
    story.vectors()
}

/// A rogue suspends and reinstates: nothing of that stands, and the value stays.
fn kept_reinstatements() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let rogue = vec![
        ledger.suspend(BY_OPERATOR, OTHER, 2),
        ledger.reinstate(BY_OPERATOR, OTHER, 3),
        operator_replaced(&story),
    ];
    story.block("rogue_suspends_and_reinstates", rogue);
    let by_rogue = (IssuerState::Reinstated, story.index(1));
    let report = operator_reported(&story, time(2));
    story.block("reinstated_by_an_act_that_is_void", report);
    story.why("reinstated as before, so the value stays");
    assert_eq!(issuer_of(&story, OTHER), by_rogue);
    story.case("certified_by_an_issuer_reinstated_by_a_rogue", "ok", {
        ledger.certify_by(BY_OTHER, &list(1))
    });
    story.vectors()
}

/// Suspended, reinstated by a rogue, suspended again: without the rogue, suspended twice, and the
/// last one counts.
fn suspensions() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    story.block("suspended_before_a_rogue", vec![ledger.suspend(BY_OPERATOR, OTHER, 2)]);
    let before = (IssuerState::Suspended, story.index(0));
    let rogue = vec![ledger.reinstate(BY_OPERATOR, OTHER, 3), operator_replaced(&story)];
    story.block("reinstated_by_a_rogue", rogue);
    let mut once = story.fork();
    story.block("suspended_after_a_rogue", vec![ledger.suspend(BY_NEW_OPERATOR, OTHER, 4)]);
    let last = (IssuerState::Suspended, story.index(0));
    let report = |story: &Story| operator_reported(story, time(3));
    let (twice, alone) = (report(&story), report(&once));
    story.block("suspended_twice_without_the_rogue", twice);
    assert_eq!(issuer_of(&story, OTHER), last);
    story.case("suspended_a_third_time", "issuer-state", {
        ledger.suspend(BY_NEW_OPERATOR, OTHER, 5)
    });
    once.block("suspended_once_without_the_rogue", alone);
    assert_eq!(issuer_of(&once, OTHER), before);
    once.case("certified_by_an_issuer_suspended_again", "issuer-state", {
        ledger.certify_by(BY_OTHER, &list(1))
    });
    [story.vectors(), once.vectors()].concat()
}

/// A stop is undone, the key stopped again, and the undoing is undone: the first stop stands.
fn stops() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    story.block("key_added_that_stops_first", vec![ledger.add(BY_ISSUER, ISSUER, SECOND)]);
    story.block("key_stopped_first", vec![ledger.stop(BY_SECOND, ISSUER_KEY, 2)]);
    let first = (KeyState::Stopped, story.index(0));
    let rogue = vec![ledger.compromise(BY_OPERATOR, SECOND, 2, time(3)), operator_replaced(&story)];
    story.block("stop_undone_by_a_rogue", rogue);
    assert_eq!(key_of(&story, ISSUER, ISSUER_KEY).0, KeyState::Current);
    let again = vec![ledger.stop(BY_NEW_OPERATOR, ISSUER_KEY, 3)];
    story.block("key_stopped_a_second_time", again);
    assert_eq!(key_of(&story, ISSUER, ISSUER_KEY), (KeyState::Stopped, story.index(0)));
    let report = operator_reported(&story, time(4));
    story.block("undoing_of_the_first_stop_is_void", report);
    story.why("the second stop finds a key that is not in force");
    assert_eq!(key_of(&story, ISSUER, ISSUER_KEY), first);
    story.case("certified_by_a_key_stopped_twice", "key-state", {
        ledger.certify_by(BY_ISSUER, &list(1))
    });
    story.vectors()
}

/// A retirement by a key that turns out to have been in other hands is undone.
fn retired() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    story.block("key_added_that_retires", vec![ledger.add(BY_ISSUER, ISSUER, SECOND)]);
    story.block("key_retired_by_it", vec![ledger.retire(BY_SECOND, ISSUER_KEY, 2)]);
    let report = vec![ledger.compromise(BY_OPERATOR, SECOND, 2, time(3))];
    story.block("retirement_undone", report);
    assert_eq!(key_of(&story, ISSUER, ISSUER_KEY).0, KeyState::Current);
    story.case("certified_by_a_key_retired_before", "ok", ledger.certify_by(BY_ISSUER, &list(1)));
    story.case("key_retired_that_is_last_again", "last-key", {
        ledger.retire(BY_ISSUER, ISSUER_KEY, 3)
    });
    story.vectors()
}

/// One retirement of two is void: the other stands, as it was. Then it is the other way round.
fn retirements() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let add = |seed| ledger.add(BY_OPERATOR, ISSUER, seed);
    story.block("keys_added_that_retire", vec![add(SECOND), add(THIRD)]);
    story.block(
        "keys_retired_by_operator_and_issuer",
        vec![ledger.retire(BY_OPERATOR, ISSUER_KEY, 2), ledger.retire(BY_SECOND, THIRD, 2)],
    );
    let retired = [0, 1].map(|at| (KeyState::Retired, story.index(at)));
    let states = |story: &Story| [ISSUER_KEY, THIRD].map(|seed| key_of(story, ISSUER, seed));
    let report = |since| vec![ledger.compromise(BY_OPERATOR, SECOND, 2, since)];
    let certify = |seed| ledger.certify_by(Voice(seed, ISSUER), &list(1));
    let mut late = story.fork();
    story.block("retirement_by_issuer_undone", report(time(3)));
    story.why("that by the operator is judged again, and stands as it was");
    assert_eq!(states(&story), [retired[0], (KeyState::Current, story.index(0))]);
    story.case("certified_by_a_key_retired_still", "key-state", certify(ISSUER_KEY));
    story.case("certified_by_a_key_retired_no_more", "ok", certify(THIRD));
    late.block("no_retirement_undone", report(time(3) + 1));
    assert_eq!(states(&late), retired);
    late.case("certified_by_a_key_retired_before_its_retirer_fell", "key-state", certify(THIRD));
    let rogue = [vec![operator_replaced(&story)], operator_reported(&story, time(3))].concat();
    story.block("retirement_by_operator_undone", rogue);
    assert_eq!(states(&story), [(KeyState::Current, story.index(1)), retired[1]]);
    story.case("certified_by_a_key_that_a_rogue_retired", "ok", certify(ISSUER_KEY));
    story.case("certified_by_a_key_retired_after_all", "key-state", certify(THIRD));
    [story.vectors(), late.vectors()].concat()
}

/// The issuer is void by one report, the addition of its key by another: the value names that of
/// the addition.
fn flaws() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let rogue = vec![ledger.enroll_by(BY_OPERATOR, GAS, GAS_KEY, 1), operator_replaced(&story)];
    story.block("enrolled_by_the_first_rogue", rogue);
    let next = vec![
        ledger.add(BY_NEW_OPERATOR, GAS, GAS_SECOND),
        ledger.replace(BY_RECOVERY, Use::Operator, 30),
    ];
    story.block("key_added_by_the_second_rogue", next);
    let mut reversed = story.fork();
    let first = || ledger.compromise(BY_RECOVERY, OPERATOR, 2, time(2));
    let second = || ledger.compromise(BY_RECOVERY, NEW_OPERATOR, 2, time(3));
    story.block("first_rogue_reported", vec![first()]);
    assert_eq!(key_of(&story, GAS, GAS_SECOND), (KeyState::Void, story.index(0)));
    story.block("second_rogue_reported_too", vec![second()]);
    assert_eq!(key_of(&story, GAS, GAS_SECOND), (KeyState::Void, story.index(0)));
    assert_eq!(key_of(&story, GAS, GAS_KEY), (KeyState::Void, story.index(0) - 2));
    reversed.block("both_rogues_reported", vec![second(), first()]);
    assert_eq!(key_of(&reversed, GAS, GAS_SECOND), (KeyState::Void, reversed.index(0)));
    [story.vectors(), reversed.vectors()].concat()
}
