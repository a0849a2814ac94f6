//! Documents that fall (format.md 5.7, 9.1), and the status root of the block in which they do.

use probant_core::{Hash, List, Statement, statement::BlockStatement, status::Reason};

use crate::{
    ledger::{Entry, ISSUER, ISSUER_KEY, Ledger, SECOND, key, list},
    raw::{Item, bytes, int, map, payload, text},
    say::{
        BY_ISSUER, BY_OPERATOR, BY_OTHER, BY_RECOVERY, BY_SECOND, documents, first, replacements,
    },
    story::{Story, time},
    vector::{Vector, refused},
};

pub fn all() -> Vec<Vector> {
    [lists(), falls(), blocks(), voided(), roots()].concat()
}

/// A revocation with a list of somebody's making.
fn with_list(ledger: &Ledger, sub: &str, list: &List, reason: &str, sent: &[u8]) -> Item {
    let body = payload(&[bytes(&list.root().0), int(list.count() as i64), text(reason)]);
    let revoke = ledger.say("revoke", ISSUER_KEY, ISSUER, sub, &body);
    let list = map(&[(probant_core::LABEL_LIST, bytes(sent))]);
    revoke.unprotected(list).sign(&key(ISSUER_KEY))
}

fn lists() -> Vec<Vector> {
    let ledger = Story::after_block(1).ledger;
    let (two, pairs) = (documents([1, 2]), replacements([(1, 101), (2, 102)]));
    let (one, pair) = (documents([1]), replacements([(1, 101)]));
    let batch = |list: &List| format!("batch:{}", list.root());
    let refuse = |name: &str, code: &str, list: &List, reason: &str, sent: &[u8]| {
        let sub = if list.count() == 1 { first(list).to_string() } else { batch(list) };
        let bytes = with_list(&ledger, &sub, list, reason, sent);
        refused(format!("submission_revoked_{name}"), code, bytes)
    };
    let withdraw = ledger.withdraw(BY_ISSUER, [1, 2]);
    let good = with_list(&ledger, &batch(&two), &two, "withdrawn", two.as_bytes());
    assert_eq!(good, withdraw.0.to_submission(Some(&two)));
    let other = first(&documents([2])).to_string();
    let (a, b) = pairs.as_bytes().split_at(68);
    let (unsorted, same) = ([b, a].concat(), [&a[..34], &a[..34]].concat());
    let by_two = [a, &a[..34], &b[34..]].concat();
    let (c, d) = two.as_bytes().split_at(34);
    let (swapped, others) = ([d, c].concat(), documents([1, 3]));
    let other_pair = replacements([(1, 102)]);
    let (old, replaced) = (documents([2]), replacements([(2, 1)]));
    vec![
        refused("submission_revoked_without_its_list", "list-missing", {
            withdraw.0.to_submission(None)
        }),
        refuse("with_another_list", "list-mismatch", &two, "withdrawn", others.as_bytes()),
        refuse("with_a_list_one_shorter", "list-mismatch", &two, "withdrawn", one.as_bytes()),
        refuse("with_a_list_unsorted", "list-order", &two, "withdrawn", &swapped),
        refuse("by_a_replacement", "list-mismatch", &old, "withdrawn", replaced.as_bytes())
            .why("read as two fingerprints, which ascend"),
        refuse("superseded_by_a_list_of_fingerprints", "list-mismatch", &pairs, "superseded", {
            two.as_bytes()
        })
        .why("read as one replacement"),
        refuse("superseded_by_one_fingerprint", "malformed", &pair, "superseded", one.as_bytes()),
        refuse("superseded_unsorted", "list-order", &pairs, "superseded", &unsorted),
        refuse("superseded_by_two", "list-order", &pairs, "superseded", &by_two),
        refuse("superseded_by_itself", "field", &pair, "superseded", &same),
        refuse("superseded_by_another", "list-mismatch", &pair, "superseded", {
            other_pair.as_bytes()
        }),
        refused("submission_revoked_superseded_of_another_document", "list-mismatch", {
            with_list(&ledger, &other, &pair, "superseded", pair.as_bytes())
        })
        .why("count and root are those signed; sub is another document"),
        refused("submission_issuer_suspended_with_a_list", "list-unexpected", {
            ledger.suspend(BY_OPERATOR, ISSUER, 2).0.to_submission(Some(&one))
        }),
    ]
}

fn falls() -> Vec<Vector> {
    let mut story = Story::after_block(2);
    let ledger = story.ledger.clone();
    let mut case = |name: &str, code: &str, entry| story.case(name, code, entry);
    case("revoked", "ok", ledger.withdraw(BY_ISSUER, [1]));
    case("revoked_a_list", "ok", ledger.withdraw(BY_ISSUER, 1..=40));
    case("superseded", "ok", ledger.supersede(BY_ISSUER, [(1, 101)]));
    case("superseded_a_list", "ok", ledger.supersede(BY_ISSUER, [(1, 101), (2, 101)]));
    case("revoked_by_the_operator", "key-use", ledger.withdraw(BY_OPERATOR, [1]));
    case("revoked_by_recovery", "key-use", ledger.withdraw(BY_RECOVERY, [1]));
    case("revoked_that_was_never_certified", "ok", ledger.withdraw(BY_OTHER, [1]));
    story.why("refused at the door, where the index is; no rule of the chain");
    let superseded = ledger.supersede(BY_ISSUER, [(2, 102), (3, 103)]);
    story.block("documents_fell", vec![ledger.withdraw(BY_ISSUER, [1]), superseded]);
    let mut case = |name: &str, code: &str, entry| story.case(name, code, entry);
    case("revoked_again", "fallen", ledger.withdraw(BY_ISSUER, [1]));
    case("revoked_for_another_reason", "fallen", {
        ledger.revoke(BY_ISSUER, &documents([1]), Reason::ObtainedByFraud)
    });
    case("superseded_that_was_revoked", "fallen", ledger.supersede(BY_ISSUER, [(1, 101)]));
    case("revoked_that_was_superseded", "fallen", ledger.withdraw(BY_ISSUER, [3]));
    case("revoked_a_list_of_which_one_has_fallen", "fallen", ledger.withdraw(BY_ISSUER, 3..=40));
    case("revoked_beside_what_has_fallen", "ok", ledger.withdraw(BY_ISSUER, 4..=40));
    case("revoked_that_replaced_another", "ok", ledger.withdraw(BY_ISSUER, [102]));
    case("revoked_that_fell_for_another_issuer", "ok", ledger.withdraw(BY_OTHER, [1]));
    case("certified_that_has_fallen", "ok", ledger.certify(&list(1)));
    story.why("it stays fallen");
    let (statement, list) = ledger.withdraw(BY_ISSUER, [1]);
    let (body, ahead) = (statement.body().clone(), story.now() / 1000 + 301);
    let late = Statement::sign(&key(ISSUER_KEY), ISSUER, Some(ledger.id), ahead, body);
    story.case("revoked_again_301_s_ahead", "future", (late, list.clone()));
    let mut forged = statement.to_submission(list.as_ref());
    *forged.last_mut().unwrap() ^= 1;
    story.push_case("revoked_again_and_forged", "fallen", forged);
    story.why("the signature comes last");
    story.vectors()
}

/// Falls take effect with the next entry, for good.
fn blocks() -> Vec<Vector> {
    let mut story = Story::after_block(2);
    let ledger = story.ledger.clone();
    let revoke = || ledger.withdraw(BY_ISSUER, [1]);
    story.block_case("where_a_document_falls_twice", "fallen", vec![revoke(), revoke()]);
    story.block_case("where_a_document_falls_alone_and_in_a_list", "fallen", {
        vec![revoke(), ledger.supersede(BY_ISSUER, [(1, 101), (2, 102)])]
    });
    let with_list = |list: Option<List>| {
        let mut block = story.ledger.block(story.header(&[revoke()]), vec![revoke()]);
        block.lists[0] = list;
        block
    };
    let (without, other) = (with_list(None), with_list(Some(documents([2]))));
    story.push_block("where_a_fall_has_no_list", "list-missing", &without);
    story.push_block("where_a_fall_has_another_list", "list-mismatch", &other);
    let entries = vec![revoke(), ledger.certify(&list(1)), ledger.withdraw(BY_OTHER, [1])];
    story.block("where_a_document_falls_for_two_issuers", entries);
    story.vectors()
}

/// The key that felled a document was in other hands.
fn voided() -> Vec<Vector> {
    let mut story = Story::after_block(2);
    let ledger = story.ledger.clone();
    story.block("second_key", vec![ledger.add(BY_ISSUER, ISSUER, SECOND)]);
    let mut same = story.fork();
    story.block("fell_by_it", vec![ledger.withdraw(BY_SECOND, [1, 2])]);
    story.case("revoked_again_by_another_key", "fallen", ledger.withdraw(BY_ISSUER, [1]));
    let report = |since| vec![ledger.compromise(BY_OPERATOR, SECOND, 2, since)];
    let mut after = story.fork();
    story.block("it_was_in_other_hands", report(time(4)));
    story.case("revoked_that_fell_by_a_key_in_other_hands", "ok", ledger.withdraw(BY_ISSUER, [1]));
    story.block("fell_again", vec![ledger.withdraw(BY_ISSUER, [1])]);
    story.case("revoked_that_fell_again", "fallen", ledger.withdraw(BY_ISSUER, [1]));
    after.block("it_was_in_other_hands_later", report(time(4) + 1));
    after.case("revoked_that_fell_before_its_key_was_in_other_hands", "fallen", {
        ledger.withdraw(BY_ISSUER, [1])
    });
    let entries = vec![
        ledger.withdraw(BY_SECOND, [1]),
        ledger.compromise(BY_OPERATOR, SECOND, 2, time(4)),
        ledger.withdraw(BY_ISSUER, [1]),
    ];
    same.block("where_a_fall_is_void_at_once", entries);
    same.case("revoked_that_fell_twice_in_one_block", "fallen", ledger.withdraw(BY_ISSUER, [1]));
    [story.vectors(), after.vectors(), same.vectors()].concat()
}

fn roots() -> Vec<Vector> {
    let mut story = Story::after_block(2);
    let ledger = story.ledger.clone();
    let fall = || vec![ledger.withdraw(BY_ISSUER, [1, 2])];
    let with_root = |story: &mut Story, name: &str, entries: Vec<Entry>, status: Hash| {
        let header = BlockStatement { status, ..story.ledger.header(&entries) };
        let block = story.ledger.block(header, entries);
        story.push_block(&format!("status_root_{name}"), "chain", &block);
    };
    let of = |story: &Story, entries: &[Entry]| story.header(entries).status;
    let one = of(&story, &[ledger.withdraw(BY_ISSUER, [1])]);
    with_root(&mut story, "that_hides_a_fall", fall(), Hash::ZERO);
    with_root(&mut story, "that_hides_one_fall_of_two", fall(), one);
    with_root(&mut story, "of_a_fall_that_was_not", vec![], one);
    let by_other = of(&story, &[ledger.withdraw(BY_OTHER, [1, 2])]);
    with_root(&mut story, "of_the_falls_of_another_issuer", fall(), by_other);
    let later = {
        let mut later = story.fork();
        later.block("nothing", vec![]);
        of(&later, &fall())
    };
    with_root(&mut story, "of_falls_one_block_later", fall(), later);
    let stop = || vec![ledger.stop(BY_OPERATOR, ISSUER_KEY, 2)];
    let suspended = of(&story, &[ledger.suspend(BY_OPERATOR, ISSUER, 2)]);
    with_root(&mut story, "that_hides_a_key_stopped", stop(), Hash::ZERO);
    with_root(&mut story, "of_a_suspension_for_a_key_stopped", stop(), suspended);
    story.block("two_fell", fall());
    let before = story.status_root();
    with_root(&mut story, "that_forgets", vec![], Hash::ZERO);
    with_root(
        &mut story,
        "of_the_block_before_where_one_more_fell",
        vec![ledger.withdraw(BY_ISSUER, [3])],
        before,
    );
    story.block("nothing_more_fell", vec![]);
    assert_eq!(story.status_root(), before);
    story.block("policy_after_falls", vec![ledger.limit(BY_OPERATOR, 2, 1000)]);
    assert_eq!(story.status_root(), before);
    story.vectors()
}
