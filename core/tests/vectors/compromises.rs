//! Keys that were in other hands: what they said counts as never said, downwards, and what that
//! undoes (format.md 9.3). The block vectors hold the status roots; what may be said next tells
//! what the registry is.

use probant_core::{
    key::Use,
    status::{KeyState, Slot, Status},
};

use crate::{
    ledger::{
        Entry, GAS, GAS_KEY, GAS_SECOND, ISSUER, ISSUER_KEY, NEW_OPERATOR, NEW_RECOVERY, NEW_SEAL,
        OPERATOR, ORIGIN, OTHER, SECOND, THIRD, key, list,
    },
    say::{
        BY_ISSUER, BY_NEW_OPERATOR, BY_NEW_RECOVERY, BY_OPERATOR, BY_OTHER, BY_RECOVERY, BY_SECOND,
        Voice,
    },
    story::{Story, time},
    vector::Vector,
};

const BY_THIRD: Voice = Voice(THIRD, ISSUER);
const BY_GAS: Voice = Voice(GAS_KEY, GAS);
const BY_GAS_SECOND: Voice = Voice(GAS_SECOND, GAS);

pub fn all() -> Vec<Vector> {
    let of_issuers = [chains(), undone_stops()].concat();
    let of_operators = [operator(), enrolled_again(), suspended_again(), reports(), replacements()];
    [of_issuers, of_operators.concat()].concat()
}

fn state_of(story: &Story, issuer: &str, seed: u8) -> Option<KeyState> {
    match story.status(Slot::key(issuer, &key(seed).public().kid())).status() {
        Some(Status::Key(status)) => Some(status.state),
        Some(other) => panic!("{other:?}"),
        None => None,
    }
}

/// A key adds one that adds another: all fall with the first, and each alone with what it signed.
fn chains() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let certify = |by| ledger.certify_by(by, &list(1));
    story.block("key_added_by_the_first", vec![ledger.add(BY_ISSUER, ISSUER, SECOND)]);
    story.block("key_added_by_the_second", vec![ledger.add(BY_SECOND, ISSUER, THIRD)]);
    let (mut second, mut late) = (story.fork(), story.fork());
    let report = |seed, since| vec![ledger.compromise(BY_OPERATOR, seed, 2, since)];
    story.block("first_of_three_was_in_other_hands", report(ISSUER_KEY, time(2)));
    assert_eq!(state_of(&story, ISSUER, SECOND), Some(KeyState::Void));
    assert_eq!(state_of(&story, ISSUER, THIRD), Some(KeyState::Void));
    story.case("certified_by_a_key_of_a_void_key", "key-state", certify(BY_THIRD));
    second.block("second_of_three_was_in_other_hands", report(SECOND, time(3)));
    second.case("certified_by_a_key_above_one_in_other_hands", "ok", certify(BY_ISSUER));
    second.case("certified_by_a_key_below_one_in_other_hands", "key-state", certify(BY_THIRD));
    late.block("first_of_three_was_in_other_hands_later", report(ISSUER_KEY, time(2) + 1));
    assert_eq!(state_of(&late, ISSUER, SECOND), None);
    late.case("certified_by_a_key_added_before_its_adder_fell", "ok", certify(BY_THIRD));
    late.case("key_added_by_a_key_in_other_hands", "key-state", {
        ledger.add(BY_ISSUER, ISSUER, GAS_KEY)
    });
    let at_once = |first: Vec<Entry>| [first, report(SECOND, late.now())].concat();
    let added = at_once(vec![ledger.add(BY_SECOND, ISSUER, GAS_KEY)]);
    late.block("where_a_key_is_void_at_once", added);
    assert_eq!(state_of(&late, ISSUER, GAS_KEY), Some(KeyState::Void));
    late.case("certified_by_a_key_void_at_once", "key-state", {
        ledger.certify_by(Voice(GAS_KEY, ISSUER), &list(1))
    });
    [story.vectors(), second.vectors(), late.vectors()].concat()
}

/// A stop by a key that turns out to have been in other hands is undone.
fn undone_stops() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let certify = |by| ledger.certify_by(by, &list(1));
    story.block("key_added_that_will_stop", vec![ledger.add(BY_ISSUER, ISSUER, SECOND)]);
    story.block("key_stopped_by_its_younger", vec![ledger.stop(BY_SECOND, ISSUER_KEY, 2)]);
    let mut late = story.fork();
    let report = |since| vec![ledger.compromise(BY_OPERATOR, SECOND, 2, since)];
    story.block("stop_undone", report(time(3)));
    assert_eq!(state_of(&story, ISSUER, ISSUER_KEY), Some(KeyState::Current));
    story.case("certified_by_a_key_current_again", "ok", certify(BY_ISSUER));
    story.case("key_stopped_by_the_undone", "key-state", ledger.stop(BY_SECOND, ISSUER_KEY, 2));
    story.case("key_stopped_anew_with_seq_2", "sequence", ledger.stop(BY_OPERATOR, ISSUER_KEY, 2));
    story.case("key_stopped_anew", "ok", ledger.stop(BY_OPERATOR, ISSUER_KEY, 3));
    let again = |since| vec![ledger.compromise(BY_OPERATOR, SECOND, 3, since)];
    story.block("key_current_again_and_another_report", again(time(2)));
    assert_eq!(state_of(&story, ISSUER, ISSUER_KEY), Some(KeyState::Current));
    late.block("stop_not_undone", report(time(3) + 1));
    assert_eq!(state_of(&late, ISSUER, ISSUER_KEY), Some(KeyState::Stopped));
    late.case("certified_by_a_key_still_stopped", "key-state", certify(BY_ISSUER));
    late.block("stop_undone_by_an_earlier_time", again(time(3)));
    late.case("certified_by_a_key_current_at_last", "ok", certify(BY_ISSUER));
    [story.vectors(), late.vectors()].concat()
}

/// The operator key is in other hands in block 2: it enrolls, adds, stops, suspends, sets a policy.
fn rogue() -> Story {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let acts = vec![
        ledger.enroll_by(BY_OPERATOR, GAS, GAS_KEY, 1),
        ledger.add(BY_OPERATOR, ISSUER, THIRD),
        ledger.stop(BY_OPERATOR, ISSUER_KEY, 2),
        ledger.suspend(BY_OPERATOR, OTHER, 2),
        ledger.limit(BY_OPERATOR, 2, 2),
        ledger.add(BY_GAS, GAS, GAS_SECOND),
    ];
    story.block("operator_in_other_hands", acts);
    let replaced = vec![ledger.replace(BY_RECOVERY, Use::Operator, NEW_OPERATOR)];
    story.block("operator_replaced", replaced);
    story
}

fn report_operator(story: &Story, seq: u64, since: u64) -> Vec<Entry> {
    vec![story.ledger.compromise(BY_RECOVERY, OPERATOR, seq, since)]
}

fn operator() -> Vec<Vector> {
    let mut story = rogue();
    let ledger = story.ledger.clone();
    let certify = |by, count| ledger.certify_by(by, &list(count));
    let mut case = |name: &str, code: &str, entry| story.case(name, code, entry);
    case("certified_by_an_issuer_of_a_rogue", "ok", certify(BY_GAS, 1));
    case("certified_by_an_issuer_suspended_by_a_rogue", "issuer-state", certify(BY_OTHER, 1));
    case("suspended_by_an_operator_replaced", "key-state", ledger.suspend(BY_OPERATOR, GAS, 2));
    let report = report_operator(&story, 2, time(2));
    story.block("operator_was_in_other_hands", report);
    assert_eq!(state_of(&story, ORIGIN, OPERATOR), Some(KeyState::Compromised));
    let mut case = |name: &str, code: &str, entry| story.case(name, code, entry);
    case("certified_by_a_void_issuer", "key-state", certify(BY_GAS, 1));
    case("certified_by_another_key_of_a_void_issuer", "key-state", certify(BY_GAS_SECOND, 1));
    case("certified_by_a_key_that_a_rogue_added", "key-state", certify(BY_THIRD, 1));
    case("certified_by_a_key_that_a_rogue_stopped", "ok", certify(BY_ISSUER, 1));
    case("certified_by_an_issuer_that_a_rogue_suspended", "ok", certify(BY_OTHER, 1));
    case("certified_beyond_the_policy_of_a_rogue", "ok", certify(BY_ISSUER, 3));
    case("suspended_by_an_operator_in_other_hands", "key-state", {
        ledger.suspend(BY_OPERATOR, OTHER, 3)
    });
    case("suspended_as_a_rogue_said", "sequence", ledger.suspend(BY_NEW_OPERATOR, OTHER, 2));
    case("suspended_anew", "ok", ledger.suspend(BY_NEW_OPERATOR, OTHER, 3));
    case("reinstated_that_a_rogue_suspended", "issuer-state", {
        ledger.reinstate(BY_NEW_OPERATOR, OTHER, 3)
    });
    case("policy_after_that_of_a_rogue", "ok", ledger.limit(BY_NEW_OPERATOR, 3, 10));
    case("policy_with_the_seq_of_a_rogue", "sequence", ledger.limit(BY_NEW_OPERATOR, 2, 10));
    case("suspended_that_is_void", "issuer-unknown", ledger.suspend(BY_NEW_OPERATOR, GAS, 2));
    case("key_added_to_a_void_issuer", "issuer-unknown", ledger.add(BY_NEW_OPERATOR, GAS, 30));
    case("key_added_that_a_rogue_added", "key-in-use", ledger.add(BY_ISSUER, ISSUER, THIRD));
    case("operator_reported_again", "key-state", {
        ledger.compromise(BY_RECOVERY, OPERATOR, 3, time(2))
    });
    let all = report_operator(&story, 3, time(1));
    story.block("operator_was_in_other_hands_from_the_start", all);
    story.case("certified_where_all_are_void", "key-state", certify(BY_ISSUER, 1));
    story.case("enrollment_again_where_all_are_void", "ok", {
        ledger.enroll_by(BY_NEW_OPERATOR, ISSUER, 30, 2)
    });
    story.vectors()
}

fn enrolled_again() -> Vec<Vector> {
    let mut story = rogue().fork();
    let ledger = story.ledger.clone();
    story.case("enrollment_again_before_it_is_void", "issuer-exists", {
        ledger.enroll_by(BY_NEW_OPERATOR, GAS, 30, 2)
    });
    let report = report_operator(&story, 2, time(2));
    story.block("enrollment_is_void", report);
    let enroll = |seed, seq| ledger.enroll_by(BY_NEW_OPERATOR, GAS, seed, seq);
    let mut case = |name: &str, code: &str, entry| story.case(name, code, entry);
    case("enrollment_again_of_a_void_issuer", "ok", enroll(30, 2));
    case("enrollment_again_of_a_void_issuer_with_seq_1", "sequence", enroll(30, 1));
    case("enrollment_again_with_a_void_key", "key-in-use", enroll(GAS_KEY, 2));
    story.block("enrolled_again", vec![enroll(30, 2)]);
    let by_new = Voice(30, GAS);
    let mut case = |name: &str, code: &str, entry| story.case(name, code, entry);
    case("certified_by_an_issuer_enrolled_again", "ok", ledger.certify_by(by_new, &list(1)));
    case("certified_by_its_void_key", "key-state", ledger.certify_by(BY_GAS, &list(1)));
    case("key_retired_that_is_last_but_for_void_ones", "last-key", ledger.retire(by_new, 30, 2));
    case("enrollment_of_a_void_issuer_a_third_time", "issuer-exists", enroll(31, 3));
    let earlier = report_operator(&story, 3, time(2) - 1);
    story.block("enrolled_again_and_judged_again", earlier);
    story.case("certified_by_an_issuer_judged_again", "ok", ledger.certify_by(by_new, &list(1)));
    story.case("certified_by_its_key_void_still", "key-state", ledger.certify_by(BY_GAS, &list(1)));
    story.vectors()
}

/// Suspended by an act that stands, void, and enrolled again: it is suspended still.
fn suspended_again() -> Vec<Vector> {
    let mut story = rogue().fork();
    let ledger = story.ledger.clone();
    story.block("issuer_of_a_rogue_suspended", vec![ledger.suspend(BY_NEW_OPERATOR, GAS, 2)]);
    let report = report_operator(&story, 2, time(2));
    story.block("suspended_issuer_is_void", report);
    let enroll = vec![ledger.enroll_by(BY_NEW_OPERATOR, GAS, 30, 3)];
    story.block("suspended_issuer_enrolled_again", enroll);
    let by_new = Voice(30, GAS);
    story.case("certified_by_an_issuer_enrolled_again_suspended", "issuer-state", {
        ledger.certify_by(by_new, &list(1))
    });
    story.block("it_is_reinstated", vec![ledger.reinstate(BY_NEW_OPERATOR, GAS, 4)]);
    story.case("certified_by_an_issuer_enrolled_again_reinstated", "ok", {
        ledger.certify_by(by_new, &list(1))
    });
    story.vectors()
}

/// Reports by an operator key that was in other hands are undone, and others take their place.
fn reports() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let certify = |by| ledger.certify_by(by, &list(1));
    story.block("key_that_will_be_slandered", vec![ledger.add(BY_ISSUER, ISSUER, SECOND)]);
    story.block("slander", vec![ledger.compromise(BY_OPERATOR, ISSUER_KEY, 2, time(2))]);
    story.case("certified_by_a_slandered_key", "key-state", certify(BY_ISSUER));
    let undone = report_operator(&story, 2, time(3));
    story.block("slander_undone", undone);
    assert_eq!(state_of(&story, ISSUER, ISSUER_KEY), Some(KeyState::Current));
    assert_eq!(state_of(&story, ISSUER, SECOND), Some(KeyState::Current));
    let mut case = |name: &str, code: &str, entry| story.case(name, code, entry);
    case("certified_by_a_key_slandered_before", "ok", certify(BY_ISSUER));
    case("certified_by_a_key_void_before", "ok", certify(BY_SECOND));
    case("policy_where_no_operator_is_in_force", "key-state", ledger.limit(BY_OPERATOR, 2, 2));
    let replaced = vec![ledger.replace(BY_RECOVERY, Use::Operator, NEW_OPERATOR)];
    story.block("operator_replaced_after_its_report", replaced);
    assert_eq!(state_of(&story, ORIGIN, OPERATOR), Some(KeyState::Compromised));
    let report = |seq, since| ledger.compromise(BY_NEW_OPERATOR, ISSUER_KEY, seq, since);
    story.case("key_reported_after_a_slander_with_seq_2", "sequence", report(2, time(2)));
    story.case("key_reported_after_a_slander", "ok", report(3, time(2)));
    story.block("slander_was_true_but_later", vec![report(3, time(4))]);
    assert_eq!(state_of(&story, ISSUER, SECOND), Some(KeyState::Current));
    story.case("certified_by_a_key_after_all_reported", "key-state", certify(BY_ISSUER));
    story.case("certified_by_a_key_added_before_all_that", "ok", certify(BY_SECOND));
    story.vectors()
}

/// Replacements of the ledger's own keys stand, whoever held the key that signed them.
fn replacements() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let acts = vec![
        ledger.replace(BY_OPERATOR, Use::Seal, NEW_SEAL),
        ledger.replace(BY_RECOVERY, Use::Recovery, NEW_RECOVERY),
    ];
    story.block("seal_and_recovery_replaced", acts);
    story.case("operator_reported_by_a_replaced_recovery_key", "key-state", {
        ledger.compromise(BY_RECOVERY, OPERATOR, 2, time(2))
    });
    let report = vec![ledger.compromise(BY_NEW_RECOVERY, OPERATOR, 2, time(2))];
    story.block("operator_was_in_other_hands_when_it_replaced", report);
    assert_eq!(state_of(&story, ORIGIN, NEW_SEAL), None);
    let mut by_old = story.fork();
    by_old.ledger.sealer = crate::ledger::SEAL;
    by_old.block_case("by_the_seal_key_before_a_rogue", "key-state", vec![]);
    story.block("by_the_seal_key_of_a_rogue", vec![]);
    [story.vectors(), by_old.vectors()].concat()
}
