//! Keys that are added, retired, stopped and reported: who may, and in which state (format.md 9.1).

use probant_core::{
    Rejected,
    key::{SigningKey, Use},
    statement::{Body, HeldKey, KeyAct, KeyStatement, prove_possession},
};

use crate::{
    ledger::{
        Entry, GAS, GAS_KEY, GAS_SECOND, ISSUER, ISSUER_KEY, Ledger, NEW_NOTE, NEW_OPERATOR,
        NEW_RECOVERY, NEW_SEAL, NOTE, OPERATOR, OTHER, OTHER_KEY, RECOVERY, SEAL, SECOND, STRANGER,
        THIRD, key, list,
    },
    say::{BY_ISSUER, BY_NEW_OPERATOR, BY_OPERATOR, BY_OTHER, BY_RECOVERY, BY_SECOND, Voice},
    story::{Story, time},
    vector::Vector,
};

const BY_SEAL: Voice = Voice(SEAL, "ledger.example/fr");
const BY_STRANGER: Voice = Voice(STRANGER, ISSUER);

pub fn all() -> Vec<Vector> {
    [added(), deep(), replaced(), lives(), stopped(), circle(), reported(), blocks()].concat()
}

/// A key that is brought, with another number or possession.
fn bringing(ledger: &Ledger, seq: u64, r#use: &str, owner: &str, held_seq: i64) -> Entry {
    let possession = ledger.possession(SECOND, r#use, &owner, held_seq).sign(&key(SECOND));
    let held = HeldKey { key: key(SECOND).public().clone().into(), possession };
    let act = KeyAct::Add { issuer: ISSUER.parse().unwrap(), held };
    let kid = key(SECOND).public().kid();
    ledger.said(BY_ISSUER, Body::Key(KeyStatement { seq, kid, act }))
}

fn added() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let add = |by, id, seed| ledger.add(by, id, seed);
    let mut case = |name: &str, code: &str, entry: Entry| {
        story.case(&format!("key_added_{name}"), code, entry);
    };
    case("by_its_issuer", "ok", add(BY_ISSUER, ISSUER, SECOND));
    case("by_the_operator", "ok", add(BY_OPERATOR, ISSUER, SECOND));
    case("by_the_recovery_key", "key-use", add(BY_RECOVERY, ISSUER, SECOND));
    case("by_the_seal_key", "key-use", add(BY_SEAL, ISSUER, SECOND));
    case("by_itself", "unknown-key", add(BY_SECOND, ISSUER, SECOND));
    case("by_another_issuer", "issuer", add(BY_OTHER, ISSUER, SECOND));
    case("to_an_issuer_that_is_not_enrolled", "issuer-unknown", add(BY_OPERATOR, GAS, SECOND));
    case("that_is_its_issuers_already", "key-in-use", add(BY_ISSUER, ISSUER, ISSUER_KEY));
    case("that_is_of_another_issuer", "key-in-use", add(BY_ISSUER, ISSUER, OTHER_KEY));
    case("that_is_the_operators", "key-in-use", add(BY_OPERATOR, ISSUER, OPERATOR));
    case("with_seq_0", "sequence", bringing(&ledger, 0, "issuer", ISSUER, 0));
    case("with_seq_2", "sequence", bringing(&ledger, 2, "issuer", ISSUER, 2));
    case("held_for_another_seq", "possession", bringing(&ledger, 1, "issuer", ISSUER, 2));
    case("held_for_another_owner", "possession", bringing(&ledger, 1, "issuer", OTHER, 1));
    case("held_for_another_use", "possession", bringing(&ledger, 1, "operator", ISSUER, 1));
    story.vectors()
}

/// Each key adds the next, 64 of them: what leads to a key is carried by every proof.
fn deep() -> Vec<Vector> {
    const FIRST: u8 = 100;
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let by = |at: u8| if at == 0 { ISSUER_KEY } else { FIRST + at - 1 };
    let chain = (0..64).map(|at| ledger.add(Voice(by(at), ISSUER), ISSUER, FIRST + at));
    story.block("64_keys_added_one_by_the_other", chain.collect());
    let mut case = |name: &str, code: &str, by| {
        let add = ledger.add(by, ISSUER, FIRST + 64);
        story.case(&format!("key_added_{name}"), code, add);
    };
    case("by_a_key_63_additions_deep", "ok", Voice(by(63), ISSUER));
    case("by_a_key_64_additions_deep", "key-limit", Voice(by(64), ISSUER));
    case("by_the_operator_to_an_issuer_of_deep_keys", "ok", BY_OPERATOR);
    story.vectors()
}

fn replaced() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let mut case = |name: &str, code: &str, by, r#use, seed| {
        story.case(&format!("key_replaced_{name}"), code, ledger.replace(by, r#use, seed));
    };
    case("seal_by_the_operator", "ok", BY_OPERATOR, Use::Seal, NEW_SEAL);
    case("note_by_the_operator", "ok", BY_OPERATOR, Use::Note, NEW_NOTE);
    case("operator_by_recovery", "ok", BY_RECOVERY, Use::Operator, NEW_OPERATOR);
    case("recovery_by_itself", "ok", BY_RECOVERY, Use::Recovery, NEW_RECOVERY);
    case("seal_by_recovery", "key-use", BY_RECOVERY, Use::Seal, NEW_SEAL);
    case("note_by_recovery", "key-use", BY_RECOVERY, Use::Note, NEW_NOTE);
    case("seal_by_itself", "key-use", BY_SEAL, Use::Seal, NEW_SEAL);
    case("seal_by_an_issuer", "key-use", BY_ISSUER, Use::Seal, NEW_SEAL);
    case("operator_by_itself", "key-use", BY_OPERATOR, Use::Operator, NEW_OPERATOR);
    case("recovery_by_the_operator", "key-use", BY_OPERATOR, Use::Recovery, NEW_RECOVERY);
    case("seal_by_the_same", "key-in-use", BY_OPERATOR, Use::Seal, SEAL);
    case("seal_by_the_note_key", "key-in-use", BY_OPERATOR, Use::Seal, NOTE);
    case("operator_by_a_key_of_an_issuer", "key-in-use", BY_RECOVERY, Use::Operator, ISSUER_KEY);
    let held = |r#use| ledger.held(NEW_SEAL, r#use, &ledger.origin, 1);
    let replace = |seq, held| {
        let (kid, act) = (key(NEW_SEAL).public().kid(), KeyAct::Replace { r#use: Use::Seal, held });
        ledger.said(BY_OPERATOR, Body::Key(KeyStatement { seq, kid, act }))
    };
    story.case("key_replaced_with_seq_2", "sequence", replace(2, held(Use::Seal)));
    story.case("key_replaced_held_for_another_use", "possession", replace(1, held(Use::Note)));
    story.vectors()
}

/// The issuer has a second key.
fn with_second() -> Story {
    let mut story = Story::after_block(1);
    let entries = vec![story.ledger.add(BY_ISSUER, ISSUER, SECOND)];
    story.block("key_added", entries);
    story
}

fn lives() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    story.case("key_retired_that_is_the_last", "last-key", ledger.retire(BY_ISSUER, ISSUER_KEY, 2));
    story.case("key_retired_that_is_the_last_by_the_operator", "last-key", {
        ledger.retire(BY_OPERATOR, ISSUER_KEY, 2)
    });
    let mut second = with_second();
    let mut case = |name: &str, code: &str, entry| second.case(name, code, entry);
    case("certified_by_a_key_added", "ok", ledger.certify_by(BY_SECOND, &list(1)));
    case("key_added_again", "key-in-use", ledger.add(BY_ISSUER, ISSUER, SECOND));
    case("key_retired_by_itself", "ok", ledger.retire(BY_ISSUER, ISSUER_KEY, 2));
    case("key_retired_by_the_key_it_added", "ok", ledger.retire(BY_SECOND, ISSUER_KEY, 2));
    case("key_retired_by_the_operator", "ok", ledger.retire(BY_OPERATOR, SECOND, 2));
    case("key_retired_by_another_issuer", "issuer", ledger.retire(BY_OTHER, SECOND, 2));
    case("key_retired_by_the_recovery_key", "key-use", ledger.retire(BY_RECOVERY, SECOND, 2));
    case("key_retired_that_is_unknown", "unknown-key", ledger.retire(BY_ISSUER, STRANGER, 2));
    case("key_retired_that_seals", "field", ledger.retire(BY_OPERATOR, SEAL, 2));
    case("key_retired_of_the_operator", "field", ledger.retire(BY_OPERATOR, OPERATOR, 2));
    case("key_retired_with_seq_1", "sequence", ledger.retire(BY_ISSUER, ISSUER_KEY, 1));
    case("key_retired_with_seq_3", "sequence", ledger.retire(BY_ISSUER, ISSUER_KEY, 3));
    let retired = vec![ledger.retire(BY_SECOND, ISSUER_KEY, 2)];
    second.block("key_retired", retired);
    let mut case = |name: &str, code: &str, entry| second.case(name, code, entry);
    case("certified_by_a_retired_key", "key-state", ledger.certify_by(BY_ISSUER, &list(1)));
    case("revoked_by_a_retired_key", "key-state", ledger.withdraw(BY_ISSUER, [1]));
    case("key_added_by_a_retired_key", "key-state", ledger.add(BY_ISSUER, ISSUER, THIRD));
    case("key_added_that_was_retired", "key-in-use", ledger.add(BY_SECOND, ISSUER, ISSUER_KEY));
    case("key_retired_twice", "key-state", ledger.retire(BY_SECOND, ISSUER_KEY, 3));
    case("key_retired_again", "key-state", ledger.retire(BY_SECOND, ISSUER_KEY, 2));
    case("key_retired_that_is_last_but_for_a_retired_one", "last-key", {
        ledger.retire(BY_SECOND, SECOND, 2)
    });
    case("key_stopped_that_is_retired", "key-state", ledger.stop(BY_OPERATOR, ISSUER_KEY, 3));
    case("key_reported_that_is_retired", "ok", {
        ledger.compromise(BY_OPERATOR, ISSUER_KEY, 3, time(2))
    });
    [story.vectors(), second.vectors()].concat()
}

fn stopped() -> Vec<Vector> {
    let mut story = with_second().fork();
    let ledger = story.ledger.clone();
    let mut case = |name: &str, code: &str, entry| story.case(name, code, entry);
    case("key_stopped_by_itself", "ok", ledger.stop(BY_SECOND, SECOND, 2));
    case("key_stopped_by_the_operator", "ok", ledger.stop(BY_OPERATOR, SECOND, 2));
    case("key_stopped_by_another_issuer", "issuer", ledger.stop(BY_OTHER, SECOND, 2));
    case("key_stopped_by_the_recovery_key", "key-use", ledger.stop(BY_RECOVERY, SECOND, 2));
    case("key_stopped_of_the_operator", "field", ledger.stop(BY_OPERATOR, OPERATOR, 2));
    case("key_stopped_that_is_unknown", "unknown-key", ledger.stop(BY_OPERATOR, STRANGER, 2));
    case("key_stopped_by_a_stranger", "unknown-key", ledger.stop(BY_STRANGER, SECOND, 2));
    case("key_stopped_with_seq_3", "sequence", ledger.stop(BY_ISSUER, SECOND, 3));
    story.block("key_stopped_by_the_operator", vec![ledger.stop(BY_OPERATOR, ISSUER_KEY, 2)]);
    let mut case = |name: &str, code: &str, entry| story.case(name, code, entry);
    case("certified_by_a_stopped_key", "key-state", ledger.certify_by(BY_ISSUER, &list(1)));
    case("key_stopped_again", "key-state", ledger.stop(BY_OPERATOR, ISSUER_KEY, 2));
    case("key_retired_that_is_stopped", "key-state", ledger.retire(BY_SECOND, ISSUER_KEY, 3));
    case("key_stopped_that_is_the_last", "ok", ledger.stop(BY_SECOND, SECOND, 2));
    story.block("last_key_stopped", vec![ledger.stop(BY_SECOND, SECOND, 2)]);
    let mut case = |name: &str, code: &str, entry| story.case(name, code, entry);
    case("key_added_by_a_stopped_key", "key-state", ledger.add(BY_SECOND, ISSUER, THIRD));
    case("key_added_where_all_are_stopped", "ok", ledger.add(BY_OPERATOR, ISSUER, THIRD));
    story.vectors()
}

/// A key and the key that it added stop each other: the first that is sealed stands.
fn circle() -> Vec<Vector> {
    let mut story = with_second().fork();
    let ledger = story.ledger.clone();
    let elder = || ledger.stop(BY_ISSUER, SECOND, 2);
    let younger = || ledger.stop(BY_SECOND, ISSUER_KEY, 2);
    story.block_case("where_two_keys_stop_each_other", "key-state", vec![elder(), younger()]);
    story.block_case("where_two_keys_stop_each_other_the_younger_first", "key-state", {
        vec![younger(), elder()]
    });
    let mut other = story.fork();
    story.block("key_stopped_by_the_key_that_added_it", vec![elder()]);
    story.case("key_stopped_by_the_key_it_stopped", "key-state", younger());
    other.block("key_stopped_by_the_key_it_added", vec![younger()]);
    other.case("key_stopped_by_the_elder_key_it_stopped", "key-state", elder());
    [story.vectors(), other.vectors()].concat()
}

fn reported() -> Vec<Vector> {
    let mut story = with_second().fork();
    let ledger = story.ledger.clone();
    let report = |by, seed, seq, since| ledger.compromise(by, seed, seq, since);
    let now = story.now();
    let mut case = |name: &str, code: &str, entry| {
        story.case(&format!("key_reported_{name}"), code, entry);
    };
    case("since_now", "ok", report(BY_OPERATOR, ISSUER_KEY, 2, now));
    case("in_the_future", "since", report(BY_OPERATOR, ISSUER_KEY, 2, now + 1));
    case("at_the_end_of_time", "since", report(BY_OPERATOR, ISSUER_KEY, 2, u64::MAX));
    case("since_it_came", "ok", report(BY_OPERATOR, SECOND, 2, time(2)));
    case("since_before_it_came", "since", report(BY_OPERATOR, SECOND, 2, time(2) - 1));
    case("since_1970", "since", report(BY_OPERATOR, ISSUER_KEY, 2, 0));
    case("by_its_issuer", "key-use", report(BY_ISSUER, SECOND, 2, now));
    case("by_another_issuer", "key-use", report(BY_OTHER, SECOND, 2, now));
    case("of_an_issuer_by_recovery", "key-use", report(BY_RECOVERY, SECOND, 2, now));
    case("of_the_operator_by_recovery", "ok", report(BY_RECOVERY, OPERATOR, 2, now));
    case("of_the_operator_by_itself", "key-use", report(BY_OPERATOR, OPERATOR, 2, now));
    case("of_the_operator_since_genesis", "ok", report(BY_RECOVERY, OPERATOR, 2, time(0)));
    case("of_the_operator_since_before_genesis", "since", {
        report(BY_RECOVERY, OPERATOR, 2, time(0) - 1)
    });
    case("of_the_seal", "field", report(BY_OPERATOR, SEAL, 2, now));
    case("of_the_seal_by_recovery", "key-use", report(BY_RECOVERY, SEAL, 2, now));
    case("of_recovery_by_the_operator", "field", report(BY_OPERATOR, RECOVERY, 2, now));
    case("of_recovery_by_itself", "key-use", report(BY_RECOVERY, RECOVERY, 2, now));
    case("that_is_unknown", "unknown-key", report(BY_OPERATOR, STRANGER, 2, now));
    case("that_is_unknown_by_recovery", "key-use", report(BY_RECOVERY, STRANGER, 2, now));
    case("with_seq_1", "sequence", report(BY_OPERATOR, SECOND, 1, now));
    case("with_seq_3", "sequence", report(BY_OPERATOR, SECOND, 3, now));
    let since_it_added = vec![report(BY_OPERATOR, ISSUER_KEY, 2, time(2))];
    story.block("key_reported", since_it_added);
    let mut case = |name: &str, code: &str, entry| story.case(name, code, entry);
    case("key_reported_again", "key-state", report(BY_OPERATOR, ISSUER_KEY, 2, time(2)));
    case("key_reported_since_later", "key-state", report(BY_OPERATOR, ISSUER_KEY, 3, time(3)));
    case("key_reported_since_earlier", "ok", report(BY_OPERATOR, ISSUER_KEY, 3, time(1)));
    case("key_reported_since_earlier_with_seq_2", "sequence", {
        report(BY_OPERATOR, ISSUER_KEY, 2, time(1))
    });
    case("certified_by_a_reported_key", "key-state", ledger.certify_by(BY_ISSUER, &list(1)));
    case("certified_by_a_void_key", "key-state", ledger.certify_by(BY_SECOND, &list(1)));
    case("revoked_by_a_void_key", "key-state", ledger.withdraw(BY_SECOND, [1]));
    case("key_added_by_a_void_key", "key-state", ledger.add(BY_SECOND, ISSUER, THIRD));
    case("key_stopped_by_a_void_key", "key-state", ledger.stop(BY_SECOND, ISSUER_KEY, 3));
    case("key_retired_that_is_void", "key-state", ledger.retire(BY_OPERATOR, SECOND, 2));
    case("key_reported_that_is_void", "ok", report(BY_OPERATOR, SECOND, 2, time(2)));
    case("key_added_where_none_is_in_force", "ok", ledger.add(BY_OPERATOR, ISSUER, THIRD));
    story.vectors()
}

/// What takes effect with the next entry.
fn blocks() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let certify = || ledger.certify_by(BY_SECOND, &list(1));
    let add = || ledger.add(BY_ISSUER, ISSUER, SECOND);
    story.block_case("where_a_key_certifies_after_its_addition", "ok", vec![add(), certify()]);
    story.block_case("where_a_key_certifies_before_its_addition", "unknown-key", {
        vec![certify(), add()]
    });
    story.block_case("where_a_key_is_added_twice", "key-in-use", vec![add(), add()]);
    let mut second = with_second().fork();
    let retire = |by, seed| ledger.retire(by, seed, 2);
    second.block_case("where_both_keys_are_retired", "last-key", {
        vec![retire(BY_ISSUER, ISSUER_KEY), retire(BY_SECOND, SECOND)]
    });
    second.block_case("where_a_key_certifies_after_it_is_stopped", "key-state", {
        vec![ledger.stop(BY_ISSUER, SECOND, 2), certify()]
    });
    let before = vec![certify(), ledger.stop(BY_ISSUER, SECOND, 2)];
    second.block("where_a_key_certifies_before_it_is_stopped", before);
    [story.vectors(), second.vectors()].concat()
}

/// Brings the key of this number.
fn add_number(ledger: &Ledger, by: Voice, id: &str, number: u32) -> Entry {
    let mut seed = [0; 32];
    seed[..4].copy_from_slice(&number.to_be_bytes());
    let key = SigningKey::from_seed(&seed);
    let possession = prove_possession(&key, Use::Issuer, id, 1, &ledger.id.0.0);
    let held = HeldKey { key: key.public().clone().into(), possession };
    let act = KeyAct::Add { issuer: id.parse().unwrap(), held };
    ledger.said(by, Body::Key(KeyStatement::bringing(act)))
}

/// Adds a key to an issuer that was given so many: their block is too long to store.
pub fn given(count: u32) -> Result<(), Rejected> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let add = |number| add_number(&ledger, BY_OPERATOR, ISSUER, number);
    story.block("many_keys", (1..count).map(add).collect());
    story.admit(add(count))
}

/// Adds a key to an issuer that was given so many, which are void, and was enrolled anew.
pub fn given_before(count: u32) -> Result<(), Rejected> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let enroll = ledger.enroll_by(BY_OPERATOR, GAS, GAS_KEY, 1);
    let add = |number| add_number(&ledger, BY_OPERATOR, GAS, number);
    story.block("many_keys_of_a_rogue", [enroll].into_iter().chain((1..count).map(add)).collect());
    let replace = ledger.replace(BY_RECOVERY, Use::Operator, NEW_OPERATOR);
    let report = ledger.compromise(BY_RECOVERY, OPERATOR, 2, time(2));
    story.block("many_keys_are_void", vec![replace, report]);
    let again = ledger.enroll_by(BY_NEW_OPERATOR, GAS, GAS_SECOND, 2);
    story.block("enrolled_after_many_keys", vec![again]);
    story.admit(add_number(&ledger, BY_NEW_OPERATOR, GAS, count))
}
