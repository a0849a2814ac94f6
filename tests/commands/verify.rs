//! Asking and being answered, by a ledger that may lie; auditing it.

use std::fs;

use probant_core::{
    Fingerprints, List,
    statement::{Body, Certify},
    status::Reason,
};

use super::{
    Desk,
    fake_ledger::{Lie, now_ms},
    sample_world::ISSUER,
};

#[tokio::test(flavor = "multi_thread")]
async fn verify_asks_both_ways_and_offline_needs_no_ledger() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    desk.write("b.pdf", "b");
    desk.certify(&["--hash", "sha-256"]).expect(0, "1 certified");
    desk.run(&["verify", "b.pdf"]).expect(1, "unknown  b.pdf");
    desk.run(&["verify", "bills/a.pdf", "--ledger", &desk.ledger.url.clone()])
        .expect(0, "Énergie du Ponant (FR 123456789), energie.example");
    fs::remove_file(desk.at("bills/a.pdf.proof")).unwrap();
    desk.run(&["verify", "bills/a.pdf", "--save"]).expect(0, "certified  bills/a.pdf");
    desk.run(&["verify", "bills/a.pdf", "--save"]).expect(0, "certified  bills/a.pdf");
    let nowhere = ["--ledger", "http://127.0.0.1:9"];
    desk.run(&[&["verify", "b.pdf"], &nowhere[..]].concat()).expect(3, "out of reach");
    desk.ledger.faults().no_proofs = true;
    desk.run(&["verify", "bills/a.pdf", "--proof", "bills/a.pdf.proof"])
        .expect(0, "certified  bills/a.pdf");
    desk.run(&["verify", "b.pdf", "--proof", "bills/a.pdf.proof"])
        .expect(1, "it was altered, or is another one");
    let json = ["verify", "b.pdf", "--proof", "bills/a.pdf.proof", "--json"];
    desk.run(&json).expect(1, "\"code\": \"document\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_says_certified_has_to_show_it() {
    let desk = Desk::new().await;
    desk.write("a.pdf", "a");
    for (lie, why) in [
        (Lie::Boast, "it says certified, and lists no certification"),
        (Lie::MadeUp(1), "entry 1000000 certifies this, and has no proof"),
    ] {
        desk.ledger.faults().lie = Some(lie);
        desk.run(&["verify", "a.pdf"]).expect(4, why);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_is_given_in_any_way_is_asked_and_the_answer_says_so() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    desk.certify(&[]).expect(0, "1 certified");
    desk.revoke("a", (ISSUER, 9), Reason::Withdrawn);
    let url = desk.ledger.url.clone();
    let against = format!("checked      against {url}");
    desk.run(&["verify", "bills/a.pdf"]).expect(1, &against);
    desk.run(&["verify", "bills/a.pdf", "--ledger", &url]).expect(1, &against);
    let offline = "checked      offline, with bills/a.pdf.proof";
    desk.run(&["verify", "bills/a.pdf", "--proof", "bills/a.pdf.proof"]).expect(0, offline);
    let mut alone = desk.command(&["verify", "bills/a.pdf"]);
    let alone = alone.env_remove("PROBANT_LEDGER").output().unwrap();
    assert!(String::from_utf8_lossy(&alone.stdout).contains(offline));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verdict_comes_first_and_a_better_proof_takes_the_place_of_the_one_that_is_there() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    desk.certify(&[]).expect(0, "1 certified");
    let offline = ["verify", "bills/a.pdf", "--proof", "bills/a.pdf.proof"];
    desk.revoke("a", (ISSUER, 9), Reason::Withdrawn);
    desk.run(&offline).expect(0, "certified  bills/a.pdf");
    desk.run(&["verify", "bills/a.pdf", "--save"]).expect(1, "revoked  bills/a.pdf");
    desk.run(&offline).expect(1, "revoked  bills/a.pdf");
    let kept = fs::read(desk.at("bills/a.pdf.proof")).unwrap();
    desk.certified("other", (ISSUER, 9));
    desk.ledger.faults().lie = Some(Lie::Grown);
    let said = desk.run(&["verify", "bills/a.pdf", "--save"]).expect(4, "the ledger contradicts");
    assert!(said.text().contains("revoked  bills/a.pdf"), "{}", said.text());
    assert_eq!(fs::read(desk.at("bills/a.pdf.proof")).unwrap(), kept);
    desk.ledger.faults().lie = None;
    desk.write("bills/a.pdf.proof", "my notes");
    let said = desk.run(&["verify", "bills/a.pdf", "--save"]).expect(2, "is left alone");
    assert!(said.text().contains("revoked  bills/a.pdf"), "{}", said.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_ledger_than_the_trusted_one_is_no_liar() {
    let desk = Desk::new().await;
    desk.certified("a", (ISSUER, 9));
    let other = format!("ledger.example/fr+{}", "0".repeat(64));
    for file in ["a.pdf", "issuer.pem"] {
        let ran = desk.run(&["verify", file, "--identity", &other]);
        ran.expect(4, "and you trust ledger.example/fr+000");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_is_out_of_reach_was_asked_who_it_is() {
    let desk = Desk::new().await;
    desk.write("a.pdf", "a");
    let mut ask = desk.command(&["verify", "a.pdf", "--ledger", "http://127.0.0.1:9"]);
    let asked = super::Ran(ask.env_remove("PROBANT_IDENTITY").output().unwrap());
    asked.expect(3, "it was asked who it is, as no --identity is given");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_for_something_else_is_named() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    desk.certify(&[]).expect(0, "1 certified");
    desk.run(&["verify", "bills/a.pdf", "--proof", "bills/a.pdf"]).expect(2, "is no proof file");
    desk.run(&["verify", "bills/a.pdf.proof"])
        .expect(2, "name the document that it is of, as bills/a.pdf");
    desk.run(&["proof", "refresh", "bills"]).expect(2, "name the proofs in it, bills/*.proof");
    desk.run(&["verify", "bills/a.pdf", "--max-age", "1"]).expect(2, "as 90s, 10m, 1h or 30days");
    desk.run(&["serve", "--listen", "8080"]).expect(2, "as 127.0.0.1:8080");
    let request = ["issuer", "request", "--id", ISSUER, "--key", "issuer.pem", "--out"];
    desk.run(&[&request[..], &["bills/a.pdf"]].concat()).expect(2, "is there already: choose");
    let compromise = ["key", "compromise", "operator.pem", "--since", "1795377600000"];
    let by_operator = [&compromise[..], &["--operator-key", "operator.pem"]].concat();
    desk.run(&by_operator).expect(2, "give --recovery-key");
    let missing = ["certify", "bills", "--issuer", ISSUER, "--key", "missing.pem"];
    let said = desk.run(&missing).expect(2, "missing.pem: there is no key file here").text();
    assert!(!said.contains("key new"), "{said}");
}

/// Certifies the same document in so many entries, one a second.
fn certify_often(desk: &Desk, from_ms: u64, count: u64) {
    let list = List::new(vec![Fingerprints::of(b"a").blake3]).unwrap();
    for time_ms in (0..count).map(|number| from_ms + 1000 * number) {
        let body = Body::Certify(Certify::new(&list, "text/plain").unwrap());
        desk.ledger.world().say((ISSUER, 9), (body, Some(list.clone())), time_ms);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_checked_is_counted_as_far_as_it_is_known() {
    let desk = Desk::new().await;
    desk.write("a.pdf", "a");
    let from_ms = now_ms() - 100_000;
    certify_often(&desk, from_ms, 10);
    desk.run(&["verify", "a.pdf"]).expect(0, "and 2 more, which were not checked");
    certify_often(&desk, from_ms, 100);
    desk.run(&["verify", "a.pdf"]).expect(0, "and at least 92 more, which were not checked");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_expects_the_identity_that_every_command_expects() {
    let desk = Desk::new().await;
    let url = desk.ledger.url.clone();
    let ran = desk.run(&["audit", &url]).expect(0, "(identity given by the auditor)");
    assert!(ran.text().contains("- status: every block"), "{}", ran.text());
    let other = format!("ledger.example/fr+{}", "0".repeat(64));
    let ran = desk.run(&["audit", &url, "--identity", &other]).expect(1, "FAULT in block 0");
    assert!(!ran.text().contains("\nchecked"), "nothing was: {}", ran.text());
    desk.write("identity", "nonsense");
    desk.run(&["audit", &url, "--identity", "identity"]).expect(2, "does not hold an identity");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_of_a_data_directory_is_read_where_it_lies() {
    let desk = Desk::new().await;
    let init = ["init", "--origin", "ledger.example/here", "--data", "data", "--keys", "keys"];
    let made = desk.run(&init).expect(0, "ledger    ledger.example/here+").text();
    let identity = made.lines().next().unwrap().trim_start_matches("ledger    ").to_owned();
    let ask = ["identity", "--data", "data", "--identity"];
    let ran = desk.run(&[&ask[..], &[&identity]].concat()).expect(0, "");
    assert_eq!(ran.text(), format!("{identity}\n"));
    desk.run(&ask[..3]).expect(4, "and not ledger.example/fr+");
    desk.run(&["identity", "--data", "keys"]).expect(2, "keys is no data directory");
    desk.run(&["identity", "--data", "data", "--ledger", "http://l"]).expect(2, "cannot be used");
    fs::create_dir_all(desk.at("empty/segments")).unwrap();
    desk.run(&["identity", "--data", "empty"]).expect(2, "");
    let segment = fs::read_dir(desk.at("data/segments")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&segment).unwrap();
    bytes[99] ^= 1;
    fs::write(&segment, bytes).unwrap();
    desk.run(&[&ask[..], &[&identity]].concat()).expect(4, "damage at");
}
