//! Payloads of revoke, key, issuer and policy (format.md 5.7 to 5.10), by hand, each signed as it
//! stands.

use crate::{
    ledger::{
        Entry, ISSUER, ISSUER_KEY, LEDGER, NEW_SEAL, OPERATOR, ORIGIN, OTHER_KEY, SECOND, document,
        key,
    },
    raw::{Item, Sign1, array, bytes, int, map, payload, replace, text},
    say::{BY_ISSUER, BY_OPERATOR, documents, first, replacements},
    vector::{Vector, good, refused},
};
use probant_core::{List, key::Use, status::Reason};

pub fn all() -> Vec<Vector> {
    [every_act(), revoke(), revoke_subjects(), keys(), brought_keys(), issuers(), policies()]
        .concat()
}

/// Every kind, act and reason as it is signed.
fn every_act() -> Vec<Vector> {
    let with = |name: &str, (entry, _): Entry, seed| {
        good(format!("entry_{name}"), entry.entry())
            .with("key", hex::encode(key(seed).public().as_bytes()))
            .with("leaf", entry.leaf())
    };
    let issuer = |name: &str, entry| with(name, entry, ISSUER_KEY);
    let operator = |name: &str, entry| with(name, entry, OPERATOR);
    let reasons = Reason::ALL.into_iter().filter(|reason| *reason != Reason::Superseded);
    let reasons = reasons.map(|reason| {
        let name = format!("revoke_{}", reason.name().replace('-', "_"));
        issuer(&name, LEDGER.revoke(BY_ISSUER, &documents([1]), reason))
    });
    let acts = [
        issuer("revoke_a_list", LEDGER.withdraw(BY_ISSUER, 1..=40)),
        issuer("revoke_superseded", LEDGER.supersede(BY_ISSUER, [(1, 101)])),
        issuer("revoke_a_list_superseded", LEDGER.supersede(BY_ISSUER, [(1, 101), (2, 102)])),
        issuer("key_add", LEDGER.add(BY_ISSUER, ISSUER, SECOND)),
        operator("key_replace", LEDGER.replace(BY_OPERATOR, Use::Seal, NEW_SEAL)),
        issuer("key_retire", LEDGER.retire(BY_ISSUER, SECOND, 2)),
        issuer("key_stop", LEDGER.stop(BY_ISSUER, SECOND, 2)),
        operator("key_compromise", LEDGER.compromise(BY_OPERATOR, SECOND, 2, 1_790_000_000_100)),
        operator("issuer_suspend", LEDGER.suspend(BY_OPERATOR, ISSUER, 2)),
        operator("issuer_reinstate", LEDGER.reinstate(BY_OPERATOR, ISSUER, 3)),
        operator("policy", LEDGER.limit(BY_OPERATOR, 2, 1000)),
    ];
    reasons.chain(acts).collect()
}

/// By hand; the good one is equal to what core signs.
fn said(kind: &str, seed: u8, iss: &str, sub: &str, body: &[u8]) -> Sign1 {
    LEDGER.say(kind, seed, iss, sub, body)
}

fn case(name: &str, code: &str, sign1: &Sign1, seed: u8) -> Vector {
    refused(format!("entry_{name}"), code, sign1.sign(&key(seed)))
}

fn by_hand(kind: &str, seed: u8, iss: &str, sub: &str, body: &[u8], entry: Entry) {
    assert_eq!(said(kind, seed, iss, sub, body).sign(&key(seed)), entry.0.entry());
}

fn revoke() -> Vec<Vector> {
    let list = documents(1..=40);
    let (root, sub) = (bytes(&list.root().0), format!("batch:{}", list.root()));
    let of = |count: Item, reason: Item| payload(&[root.clone(), count, reason]);
    let good = of(int(40), text("withdrawn"));
    by_hand("revoke", ISSUER_KEY, ISSUER, &sub, &good, LEDGER.withdraw(BY_ISSUER, 1..=40));
    let refuse = |name: &str, code: &str, body: Item| {
        let sign1 = said("revoke", ISSUER_KEY, ISSUER, &sub, &body);
        case(&format!("revoke_{name}"), code, &sign1, ISSUER_KEY)
    };
    let pair = |count| of(int(count), text("superseded"));
    vec![
        refuse("count_0", "list-count", of(int(0), text("withdrawn"))),
        refuse("count_65537", "list-count", of(int(65_537), text("withdrawn"))),
        refuse("superseded_count_32768", "ok", pair(32_768)),
        refuse("superseded_count_32769", "list-count", pair(32_769)),
        refuse("count_negative", "malformed", of(int(-1), text("withdrawn"))),
        refuse("root_of_31_bytes", "malformed", {
            payload(&[bytes(&[7; 31]), int(40), text("withdrawn")])
        }),
        refuse("reason_unknown", "field", of(int(40), text("regretted"))),
        refuse("reason_upper_case", "field", of(int(40), text("Withdrawn"))),
        refuse("reason_empty", "field", of(int(40), text(""))),
        refuse("reason_is_a_number", "malformed", of(int(40), int(3))),
        refuse("without_reason", "malformed", payload(&[root.clone(), int(40)])),
        refuse("with_a_fourth_field", "malformed", {
            payload(&[root.clone(), int(40), text("withdrawn"), text("facture")])
        }),
        refuse("is_an_array", "malformed", array(&[root, int(40), text("withdrawn")])),
        refuse("with_a_byte_after", "malformed", [&good[..], &[0]].concat()),
    ]
}

fn revoke_subjects() -> Vec<Vector> {
    let (many, one, pair) = (documents(1..=40), documents([1]), replacements([(1, 101)]));
    let refuse = |name: &str, code: &str, list: &List, reason: &str, sub: &str| {
        let body = payload(&[bytes(&list.root().0), int(list.count() as i64), text(reason)]);
        let sign1 = said("revoke", ISSUER_KEY, ISSUER, sub, &body);
        case(&format!("revoke_subject_{name}"), code, &sign1, ISSUER_KEY)
    };
    let (document, other) = (first(&one).to_string(), document(2).blake3.to_string());
    let batch = |list: &List| format!("batch:{}", list.root());
    vec![
        refuse("of_a_list_is_a_document", "subject", &many, "withdrawn", &document),
        refuse("of_a_list_is_another_root", "subject", &many, "withdrawn", &batch(&one)),
        refuse("of_one_document_is_a_batch", "fingerprint", &one, "withdrawn", &batch(&one)),
        refuse("of_one_document_is_another", "subject", &one, "withdrawn", &other),
        refuse("of_one_superseded_is_a_batch", "fingerprint", &pair, "superseded", &batch(&pair)),
        refuse("of_one_superseded_is_another", "ok", &pair, "superseded", &other)
            .why("which document is under the root only the list can tell"),
        refuse("of_one_is_that_of_replacements", "subject", &pair, "withdrawn", &document),
    ]
}

fn kid_of(seed: u8) -> String {
    format!("key:{}", key(seed).public().kid())
}

/// About a key that is known.
fn keys() -> Vec<Vector> {
    let sub = kid_of(SECOND);
    let of = |act: &str, arguments: &[Item]| payload(&[int(2), text(act), array(arguments)]);
    by_hand("key", ISSUER_KEY, ISSUER, &sub, &of("retire", &[]), {
        LEDGER.retire(BY_ISSUER, SECOND, 2)
    });
    by_hand("key", OPERATOR, ORIGIN, &sub, &of("compromise", &[int(7)]), {
        LEDGER.compromise(BY_OPERATOR, SECOND, 2, 7)
    });
    let with = |name: &str, code: &str, sub: &str, body: Item| {
        let sign1 = said("key", OPERATOR, ORIGIN, sub, &body);
        case(&format!("key_{name}"), code, &sign1, OPERATOR)
    };
    let refuse = |name: &str, code: &str, body: Item| with(name, code, &sub, body);
    let retire = of("retire", &[]);
    vec![
        refuse("act_unknown", "field", of("resume", &[])),
        refuse("act_upper_case", "field", of("Retire", &[])),
        refuse("act_void", "field", of("void", &[]))
            .why("what a key is, but nothing that somebody says of it"),
        refuse("act_is_a_number", "malformed", payload(&[int(2), int(1), array(&[])])),
        refuse("seq_negative", "malformed", payload(&[int(-2), text("retire"), array(&[])])),
        refuse("without_arguments", "malformed", payload(&[int(2), text("retire")])),
        refuse("arguments_are_a_map", "malformed", {
            payload(&[int(2), text("retire"), map(&[])])
        }),
        refuse("with_a_fourth_field", "malformed", {
            payload(&[int(2), text("retire"), array(&[]), text("facture")])
        }),
        refuse("with_a_byte_after", "malformed", [&retire[..], &[0]].concat()),
        refuse("retire_with_a_time", "malformed", of("retire", &[int(7)])),
        refuse("stop_with_a_time", "malformed", of("stop", &[int(7)]))
            .why("an earlier time is for the operator to say"),
        refuse("compromise_without_a_time", "malformed", of("compromise", &[])),
        refuse("compromise_with_two_times", "malformed", of("compromise", &[int(7), int(8)])),
        refuse("compromise_since_before_1970", "malformed", of("compromise", &[int(-1)])),
        refuse("compromise_since_a_text", "malformed", of("compromise", &[text("2026")])),
        with("subject_without_prefix", "subject", &sub[4..], retire.clone()),
        with("subject_of_another_prefix", "subject", &sub.replace("key", "kid"), retire.clone()),
        with(
            "subject_upper_case",
            "subject",
            &format!("key:{}", sub[4..].to_uppercase()),
            retire.clone(),
        ),
        with("subject_of_31_bytes", "subject", &sub[..66], retire.clone()),
        with("subject_empty", "subject", "", retire.clone()),
    ]
}

/// With a key that it brings.
fn brought_keys() -> Vec<Vector> {
    let held = |r#use: &str, owner: &str, seed| {
        bytes(&LEDGER.possession(seed, r#use, &owner, 1).sign(&key(seed)))
    };
    let cose = |seed: u8| key(seed).public().to_cose();
    let of = |act: &str, parts: &[Item]| payload(&[int(1), text(act), array(parts)]);
    let added = [text(ISSUER), cose(SECOND), held("issuer", ISSUER, SECOND)];
    let replaced = [text("seal"), cose(NEW_SEAL), held("seal", ORIGIN, NEW_SEAL)];
    by_hand("key", OPERATOR, ORIGIN, &kid_of(SECOND), &of("add", &added), {
        LEDGER.add(BY_OPERATOR, ISSUER, SECOND)
    });
    by_hand("key", OPERATOR, ORIGIN, &kid_of(NEW_SEAL), &of("replace", &replaced), {
        LEDGER.replace(BY_OPERATOR, Use::Seal, NEW_SEAL)
    });
    let with = |name: &str, code: &str, sub: &str, body: Item| {
        let sign1 = said("key", OPERATOR, ORIGIN, sub, &body);
        case(&format!("key_{name}"), code, &sign1, OPERATOR)
    };
    let add = |name: &str, code: &str, at: usize, part: Item| {
        let mut parts = added.clone();
        parts[at] = part;
        with(&format!("add_{name}"), code, &kid_of(SECOND), of("add", &parts))
    };
    let replace_with = |name: &str, code: &str, r#use: &str| {
        let parts = [text(r#use), cose(NEW_SEAL), held(r#use, ORIGIN, NEW_SEAL)];
        with(&format!("replace_{name}"), code, &kid_of(NEW_SEAL), of("replace", &parts))
    };
    let weak = replace(
        &cose(SECOND),
        key(SECOND).public().as_bytes(),
        &[[1].as_slice(), &[0; 31]].concat(),
    );
    vec![
        add("to_an_id_upper_case", "field", 0, text("Energie.example")),
        add("to_an_id_of_one_label", "field", 0, text("energie")),
        add("to_a_number", "malformed", 0, int(1)),
        add("key_of_small_order", "weak-key", 1, weak),
        add("key_as_bytes", "malformed", 1, bytes(key(SECOND).public().as_bytes())),
        add("possession_is_null", "malformed", 2, crate::raw::NIL.to_vec()),
        with("add_without_possession", "malformed", &kid_of(SECOND), of("add", &added[..2])),
        with("add_without_issuer", "malformed", &kid_of(SECOND), of("add", &added[1..])),
        with("add_of_another_subject", "subject", &kid_of(OTHER_KEY), of("add", &added)),
        with("add_for_an_issuer", "subject", &format!("issuer:{ISSUER}"), of("add", &added)),
        with("retire_with_a_key", "malformed", &kid_of(SECOND), of("retire", &added)),
        replace_with("use_issuer", "field", "issuer"),
        replace_with("use_of_another_algorithm", "malformed", "note-ml-dsa"),
        replace_with("use_upper_case", "field", "Seal"),
        with("replace_of_another_subject", "subject", &kid_of(SECOND), of("replace", &replaced)),
        with("replace_without_possession", "malformed", &kid_of(NEW_SEAL), {
            of("replace", &replaced[..2])
        }),
    ]
}

fn issuers() -> Vec<Vector> {
    let sub = format!("issuer:{ISSUER}");
    let suspend = payload(&[int(2), text("suspend")]);
    by_hand("issuer", OPERATOR, ORIGIN, &sub, &suspend, LEDGER.suspend(BY_OPERATOR, ISSUER, 2));
    let with = |name: &str, code: &str, sub: &str, body: Item| {
        let sign1 = said("issuer", OPERATOR, ORIGIN, sub, &body);
        case(&format!("issuer_{name}"), code, &sign1, OPERATOR)
    };
    let refuse = |name: &str, code: &str, body: Item| with(name, code, &sub, body);
    vec![
        refuse("act_unknown", "field", payload(&[int(2), text("forgive")])),
        refuse("act_is_a_state", "field", payload(&[int(2), text("suspended")])),
        refuse("act_is_bytes", "malformed", payload(&[int(2), bytes(b"suspend")])),
        refuse("seq_is_text", "malformed", payload(&[text("2"), text("suspend")])),
        refuse("without_act", "malformed", payload(&[int(2)])),
        refuse("with_a_third_field", "malformed", {
            payload(&[int(2), text("suspend"), text("why")])
        }),
        refuse("with_a_byte_after", "malformed", [&suspend[..], &[0]].concat()),
        with("subject_without_prefix", "subject", ISSUER, suspend.clone()),
        with("subject_upper_case", "subject", "issuer:Energie.example", suspend.clone()),
        with("subject_is_a_key", "subject", &kid_of(ISSUER_KEY), suspend.clone()),
        with("subject_of_one_label", "subject", "issuer:energie", suspend.clone()),
    ]
}

fn policies() -> Vec<Vector> {
    let of = |version, limit: Item| payload(&[int(2), int(version), limit]);
    let good = of(1, payload(&[int(1000)]));
    by_hand("policy", OPERATOR, ORIGIN, "policy", &good, LEDGER.limit(BY_OPERATOR, 2, 1000));
    let with = |name: &str, code: &str, sub: &str, body: Item| {
        let sign1 = said("policy", OPERATOR, ORIGIN, sub, &body);
        case(&format!("policy_{name}"), code, &sign1, OPERATOR)
    };
    let refuse = |name: &str, code: &str, body: Item| with(name, code, "policy", body);
    vec![
        refuse("of_version_2", "version", of(2, payload(&[int(1000)]))),
        refuse("of_version_0", "version", of(0, payload(&[int(1000)]))),
        refuse("list_count_max_0", "field", of(1, payload(&[int(0)]))),
        refuse("list_count_max_65537", "field", of(1, payload(&[int(65_537)]))),
        refuse("with_a_second_limit", "malformed", of(1, payload(&[int(1000), int(1)]))),
        refuse("without_limits", "malformed", of(1, payload(&[]))),
        refuse("limit_is_bare", "malformed", of(1, int(1000))),
        refuse("without_version", "malformed", payload(&[int(2), payload(&[int(1000)])])),
        refuse("with_a_fourth_field", "malformed", {
            payload(&[int(2), int(1), payload(&[int(1000)]), int(0)])
        }),
        with("of_another_subject", "subject", "policies", good),
    ]
}
