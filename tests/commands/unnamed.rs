//! `verify --by-prefix`: what the ledger is told, and what the user is.

use std::fs;

use probant_core::{Fingerprints, status::Reason};
use serde_json::Value;

use super::{
    Desk,
    fake_ledger::now_ms,
    sample_world::{ISSUER, TIME_MS},
};

const BY_PREFIX: [&str; 3] = ["verify", "a.pdf", "--by-prefix"];

/// All that may be asked about "a" with so many digits, one more each time.
fn asked(digits: usize) -> Vec<String> {
    let Fingerprints { blake3, sha256 } = Fingerprints::of(b"a");
    let (blake3, sha256) = (blake3.to_string(), sha256.to_string());
    let mut asked = vec!["GET /blocks/0".to_owned()];
    for (name, whole) in [("blake3:", blake3), ("sha-256:", sha256)] {
        let ends = name.len() + 4..=name.len() + digits;
        asked.extend(ends.map(|end| format!("GET /prefixes/{}", &whole[..end])));
    }
    asked
}

impl Desk {
    /// What the ledger was asked since the last time.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.ledger.faults().requests)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_is_told_how_the_fingerprints_begin_and_nothing_else() {
    let desk = Desk::new().await;
    desk.write("a.pdf", "a");
    desk.crowd((ISSUER, 9), 1, now_ms() - 9000);
    let how = format!("against {}, by prefix: it was not told which document", desk.ledger.url);
    desk.run(&BY_PREFIX).expect(0, &how);
    assert_eq!(desk.asked(), asked(4));
    desk.crowd((ISSUER, 9), 63, now_ms() - 8000);
    desk.run(&BY_PREFIX).expect(0, "one of 64 documents");
    assert_eq!(desk.asked(), asked(4));
    desk.ledger.faults().digits_min = 7;
    desk.run(&BY_PREFIX).expect(0, "certified  a.pdf");
    assert_eq!(desk.asked(), asked(7));
    desk.revoke("a", (ISSUER, 9), Reason::Withdrawn);
    desk.run(&BY_PREFIX).expect(1, "revoked  a.pdf");
    assert_eq!(desk.asked(), asked(7));
    desk.write("a.pdf", "a forged one");
    desk.run(&BY_PREFIX).expect(1, "unknown  a.pdf");
    assert_eq!(desk.asked().len(), asked(7).len());
    // 65 begin like the document until its last two digits.
    desk.write("a.pdf", "a");
    desk.ledger.faults().digits_min = 4;
    desk.crowd((ISSUER, 9), 64, now_ms());
    desk.run(&BY_PREFIX).expect(2, "wants more than 8 digits, and was not told which document");
    assert_eq!(desk.asked(), asked(8)[..6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proof_that_came_is_kept_and_one_that_is_there_is_left_alone() {
    let desk = Desk::new().await;
    desk.write("a.pdf", "a");
    desk.crowd((ISSUER, 9), 1, now_ms() - 9000);
    let save = [&BY_PREFIX[..], &["--save"]].concat();
    desk.run(&save).expect(0, "certified  a.pdf");
    assert!(desk.is_proven("a.pdf"));
    assert_eq!(desk.asked(), asked(4));
    let kept = fs::read(desk.at("a.pdf.proof")).unwrap();
    desk.revoke("a", (ISSUER, 9), Reason::Withdrawn);
    let said = desk.run(&save).expect(2, "a.pdf.proof is left alone").text();
    assert!(said.contains("revoked  a.pdf"), "{said}");
    assert_eq!(fs::read(desk.at("a.pdf.proof")).unwrap(), kept);
    assert_eq!(desk.asked(), asked(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_ledger_did_not_prove_is_said_and_who_was_first_above_all() {
    let desk = Desk::new().await;
    desk.write("a.pdf", "a");
    for ago_s in (1..=6).rev() {
        desk.crowd((ISSUER, 9), 0, now_ms() - 1000 * ago_s);
    }
    let more = "and 2 more, which were not checked, the oldest among them";
    desk.run(&BY_PREFIX).expect(0, more);
    let ran = desk.run(&[&BY_PREFIX[..], &["--json"]].concat()).expect(0, "");
    let answer: Value = serde_json::from_slice(&ran.0.stdout).unwrap();
    assert_eq!(answer["checked"], "online");
    assert_eq!(answer["certifications"].as_array().unwrap().len(), 4);
    assert_eq!(answer["not_shown"], 2);
    let rests_on = answer["rests_on"].as_str().unwrap();
    assert!(rests_on.contains("; so does who certified first"), "{rests_on}");
    let ran = desk.run(&["verify", "a.pdf", "--json"]).expect(0, "");
    assert!(!ran.text().contains("so does who certified first"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_head_is_no_answer_and_no_ledger_none_either() {
    let desk = Desk::new().await;
    desk.write("a.pdf", "a");
    desk.run(&BY_PREFIX).expect(3, "not fresh  a.pdf");
    desk.crowd((ISSUER, 9), 1, TIME_MS + 200);
    desk.run(&BY_PREFIX).expect(3, "not fresh  a.pdf");
    desk.run(&[&BY_PREFIX[..], &["--max-age", "10000days"]].concat()).expect(0, "certified  a.pdf");
    desk.run(&[&BY_PREFIX[..], &["--proof", "a.pdf.proof"]].concat()).expect(2, "cannot be used");
    let mut alone = desk.command(&BY_PREFIX);
    let alone = super::Ran(alone.env_remove("PROBANT_LEDGER").output().unwrap());
    alone.expect(2, "Give its URL with --ledger");
}
