//! Issuers that are enrolled, suspended and reinstated, and the policy (format.md 9.1).

use probant_core::{
    Statement,
    statement::{Body, IssuerStatement, KeyStatement, Policy, PolicyStatement},
    status::IssuerState,
};

use crate::{
    ledger::{
        GAS, GAS_KEY, ISSUER, OPERATOR, ORIGIN, OTHER, OTHER_KEY, SECOND, STRANGER, THIRD, key,
        list,
    },
    say::{BY_ISSUER, BY_OPERATOR, BY_OTHER, BY_RECOVERY, Voice, documents},
    story::Story,
    vector::Vector,
};

pub fn all() -> Vec<Vector> {
    [enrolled(), suspended(), blocks(), policies(), times()].concat()
}

fn enrolled() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let enroll = |by, id, seq| ledger.enroll_by(by, id, GAS_KEY, seq);
    let mut case = |name: &str, code: &str, entry| {
        story.case(&format!("enrollment_{name}"), code, entry);
    };
    case("with_seq_0", "sequence", enroll(BY_OPERATOR, GAS, 0));
    case("with_seq_2", "sequence", enroll(BY_OPERATOR, GAS, 2));
    case("again_with_seq_2", "issuer-exists", enroll(BY_OPERATOR, ISSUER, 2));
    case("by_a_stranger", "unknown-key", enroll(Voice(STRANGER, ORIGIN), GAS, 1));
    story.vectors()
}

fn suspended() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let suspend = |by, id, seq| ledger.suspend(by, id, seq);
    let reinstate = |by, id, seq| ledger.reinstate(by, id, seq);
    let mut case = |name: &str, code: &str, entry| {
        story.case(&format!("issuer_{name}"), code, entry);
    };
    case("suspended", "ok", suspend(BY_OPERATOR, OTHER, 2));
    case("suspended_by_another", "key-use", suspend(BY_ISSUER, OTHER, 2));
    case("suspended_by_itself", "key-use", suspend(BY_OTHER, OTHER, 2));
    case("suspended_by_recovery", "key-use", suspend(BY_RECOVERY, OTHER, 2));
    case("suspended_that_is_not_enrolled", "issuer-unknown", suspend(BY_OPERATOR, GAS, 1));
    case("suspended_with_seq_1", "sequence", suspend(BY_OPERATOR, OTHER, 1));
    case("suspended_with_seq_3", "sequence", suspend(BY_OPERATOR, OTHER, 3));
    case("reinstated_that_is_not_enrolled", "issuer-unknown", reinstate(BY_OPERATOR, GAS, 1));
    case("reinstated_that_is_not_suspended", "issuer-state", reinstate(BY_OPERATOR, OTHER, 2));
    story.block("issuer_suspended", vec![suspend(BY_OPERATOR, OTHER, 2)]);
    let mut case = |name: &str, code: &str, entry| story.case(name, code, entry);
    case("issuer_suspended_again", "issuer-state", suspend(BY_OPERATOR, OTHER, 2));
    case("issuer_suspended_twice", "issuer-state", suspend(BY_OPERATOR, OTHER, 3));
    case("certified_by_a_suspended_issuer", "issuer-state", ledger.certify_by(BY_OTHER, &list(1)));
    case("revoked_by_a_suspended_issuer", "issuer-state", ledger.withdraw(BY_OTHER, [1]));
    case("key_added_by_a_suspended_issuer", "issuer-state", ledger.add(BY_OTHER, OTHER, SECOND));
    case("key_stopped_by_a_suspended_issuer", "issuer-state", ledger.stop(BY_OTHER, OTHER_KEY, 2));
    case("key_added_to_a_suspended_issuer", "ok", ledger.add(BY_OPERATOR, OTHER, SECOND));
    case("key_stopped_of_a_suspended_issuer", "ok", ledger.stop(BY_OPERATOR, OTHER_KEY, 2));
    case("certified_beside_a_suspended_issuer", "ok", ledger.certify_by(BY_ISSUER, &list(1)));
    case("issuer_reinstated", "ok", reinstate(BY_OPERATOR, OTHER, 3));
    case("issuer_reinstated_by_itself", "key-use", reinstate(BY_OTHER, OTHER, 3));
    case("issuer_reinstated_with_seq_2", "sequence", reinstate(BY_OPERATOR, OTHER, 2));
    story.block("issuer_reinstated", vec![reinstate(BY_OPERATOR, OTHER, 3)]);
    let mut case = |name: &str, code: &str, entry| story.case(name, code, entry);
    case("certified_by_a_reinstated_issuer", "ok", ledger.certify_by(BY_OTHER, &list(1)));
    case("issuer_suspended_by_what_was_said_before", "sequence", {
        suspend(BY_OPERATOR, OTHER, 2)
    });
    case("issuer_reinstated_again", "issuer-state", reinstate(BY_OPERATOR, OTHER, 3));
    case("issuer_suspended_anew", "ok", suspend(BY_OPERATOR, OTHER, 4));
    story.vectors()
}

/// What takes effect with the next entry.
fn blocks() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let suspend = || ledger.suspend(BY_OPERATOR, OTHER, 2);
    let certify = || ledger.certify_by(BY_OTHER, &list(1));
    story.block_case("where_an_issuer_certifies_after_its_suspension", "issuer-state", {
        vec![suspend(), certify()]
    });
    story.block_case("where_a_list_is_beyond_a_policy_just_before", "list-count", {
        vec![ledger.limit(BY_OPERATOR, 2, 2), ledger.certify_by(BY_OTHER, &list(3))]
    });
    story.block("where_an_issuer_certifies_before_its_suspension", vec![certify(), suspend()]);
    story.vectors()
}

fn policies() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let limit = |by, seq, max| ledger.limit(by, seq, max);
    let mut case = |name: &str, code: &str, entry| story.case(name, code, entry);
    case("policy", "ok", limit(BY_OPERATOR, 2, 2));
    case("policy_by_an_issuer", "key-use", limit(BY_ISSUER, 2, 2));
    case("policy_by_recovery", "key-use", limit(BY_RECOVERY, 2, 2));
    case("policy_with_seq_1", "sequence", limit(BY_OPERATOR, 1, 2));
    case("policy_with_seq_3", "sequence", limit(BY_OPERATOR, 3, 2));
    story.block("policy", vec![limit(BY_OPERATOR, 2, 2)]);
    let mut case = |name: &str, code: &str, entry| story.case(name, code, entry);
    case("policy_again", "sequence", limit(BY_OPERATOR, 2, 2));
    case("certified_within_the_policy", "ok", ledger.certify(&list(2)));
    case("certified_beyond_the_policy", "list-count", ledger.certify(&list(3)));
    case("revoked_within_the_policy", "ok", ledger.withdraw(BY_ISSUER, 1..=2));
    case("revoked_beyond_the_policy", "list-count", ledger.withdraw(BY_ISSUER, 1..=3));
    case("superseded_beyond_the_policy", "list-count", {
        ledger.supersede(BY_ISSUER, [(1, 101), (2, 102), (3, 103)])
    });
    case("policy_raised", "ok", limit(BY_OPERATOR, 3, 65_536));
    story.vectors()
}

/// The windows on iat, for each kind.
fn times() -> Vec<Vector> {
    let mut story = Story::after_block(1);
    let ledger = story.ledger.clone();
    let now_s = story.now() / 1000;
    let issuer = |state| IssuerStatement { seq: 2, id: OTHER.parse().unwrap(), state };
    let suspend = Body::Issuer(issuer(IssuerState::Suspended));
    let policy = PolicyStatement { seq: 2, policy: Policy { list_count_max: 2 } };
    let add = ledger.add(BY_OPERATOR, ISSUER, THIRD).0.body().clone();
    assert!(matches!(add, Body::Key(KeyStatement { seq: 1, .. })));
    for (what, body) in
        [("key_added", add), ("suspension", suspend), ("policy", Body::Policy(policy))]
    {
        let at = |iat_s| {
            let signed =
                Statement::sign(&key(OPERATOR), ORIGIN, Some(ledger.id), iat_s, body.clone());
            (signed, None)
        };
        let days_30 = 30 * 24 * 60 * 60;
        story.case(&format!("{what}_withheld_30_days"), "ok", at(now_s - days_30));
        story.case(&format!("{what}_withheld_30_days_and_1_s"), "stale", at(now_s - days_30 - 1));
        story.case(&format!("{what}_issued_301_s_ahead"), "future", at(now_s + 301));
    }
    let revoke = ledger.withdraw(BY_ISSUER, [1]).0.body().clone();
    let Voice(seed, name) = BY_ISSUER;
    let at = |iat_s| {
        let signed = Statement::sign(&key(seed), name, Some(ledger.id), iat_s, revoke.clone());
        (signed, Some(documents([1])))
    };
    story.case("revoked_issued_in_1970", "ok", at(0));
    story.case("revoked_issued_301_s_ahead", "future", at(now_s + 301));
    story.vectors()
}
