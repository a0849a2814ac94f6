//! What a verifier is told of statuses, by a ledger that may lie about them.

use probant_core::{
    Fingerprint, Fingerprints, List,
    proof::Proof,
    statement::{Body, Certify, IssuerStatement, KeyAct},
    status::{IssuerState, Reason},
};
use serde_json::{Value, json};

use super::{
    Desk,
    fake_ledger::{Lie, now_ms},
    sample_world::{ISSUER, ORIGIN, key},
};

const OTHER: &str = "telecom.example";

pub fn document(content: &str) -> Fingerprint {
    Fingerprints::of(content.as_bytes()).blake3
}

impl Desk {
    /// A document that an issuer certifies now; gives the entry.
    pub fn certified(&self, content: &str, by: (&str, u8)) -> u64 {
        self.write(&format!("{content}.pdf"), content);
        let list = List::new(vec![document(content)]).unwrap();
        let body = Body::Certify(Certify::new(&list, "application/pdf").unwrap());
        self.ledger.world().say(by, (body, Some(list)), now_ms()).index
    }

    pub fn revoke(&self, content: &str, by: (&str, u8), reason: Reason) {
        let list = List::new(vec![document(content)]).unwrap();
        self.ledger.world().revoke(by, list, reason, now_ms());
    }

    /// The proof of an entry, as of now.
    pub fn proof(&self, content: &str, entry: u64) -> Proof {
        self.ledger.world().proof(document(content), entry).unwrap()
    }

    fn verify_json(&self, args: &[&str], code: i32) -> Value {
        let ran = self.run(&[&["verify", "--json"], args].concat()).expect(code, "");
        serde_json::from_slice(&ran.0.stdout).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_verdict_is_told_with_what_is_behind_it() {
    let desk = Desk::new().await;
    let by = (ISSUER, 9);
    for content in ["stands", "revoked", "old", "new"] {
        desk.certified(content, by);
    }
    desk.revoke("revoked", by, Reason::IssuedInError);
    let pair = List::replacements(vec![(document("old"), document("new"))]).unwrap();
    desk.ledger.world().revoke(by, pair, Reason::Superseded, now_ms());
    desk.run(&["verify", "stands.pdf"]).expect(0, "status       certified");
    desk.run(&["verify", "revoked.pdf"]).expect(1, "by entry 12, as issued in error");
    let ran = desk.run(&["verify", "old.pdf"]).expect(1, "superseded  old.pdf");
    assert!(ran.text().contains(&format!("by {}", document("new"))), "{}", ran.text());
    let told = desk.verify_json(&["old.pdf"], 1);
    assert_eq!(told["verdict"], "superseded");
    let one = &told["certifications"][0];
    assert_eq!((&one["verdict"], &one["fall"]["entry"]), (&json!("superseded"), &json!(14)));
    assert_eq!(one["fall"]["replacement"], document("new").to_string());
    assert_eq!((&one["key"]["status"], &one["issuer_status"]), (&Value::Null, &Value::Null));
    assert!(one["age_s"].as_i64().unwrap() < 60, "{one}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_issuers_are_told_of_and_only_compromise_distrusts() {
    let desk = Desk::new().await;
    let (by, kid) = ((ISSUER, 9), key(9).public().kid());
    let entry = desk.certified("a", by);
    let time_ms = desk.ledger.world().chain.head().time_ms;
    let suspend =
        IssuerStatement { seq: 2, id: ISSUER.parse().unwrap(), state: IssuerState::Suspended };
    desk.ledger.world().say((ORIGIN, 3), (Body::Issuer(suspend), None), now_ms());
    desk.run(&["verify", "a.pdf"]).expect(0, "note         its issuer is suspended since");
    desk.ledger.world().key_act((ORIGIN, 3), kid, KeyAct::Stop, now_ms());
    desk.run(&["verify", "a.pdf"]).expect(0, "note         its key was stopped at");
    assert_eq!(
        desk.verify_json(&["a.pdf"], 0)["certifications"][0]["key"]["status"]["state"],
        "stopped"
    );
    let compromise = KeyAct::Compromise { since_ms: time_ms };
    desk.ledger.world().key_act((ORIGIN, 3), kid, compromise, now_ms());
    desk.run(&["verify", "a.pdf"]).expect(1, "distrusted: its key was in other hands since");
    assert_eq!(desk.proof("a", entry).statuses.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_certification_that_stands_is_enough_and_all_are_told() {
    let desk = Desk::new().await;
    let statement = desk.ledger.world().enroll(OTHER, 10, now_ms());
    desk.ledger.world().submit(statement, None, now_ms()).unwrap();
    desk.certified("a", (OTHER, 10));
    desk.certified("a", (ISSUER, 9));
    desk.revoke("a", (ISSUER, 9), Reason::Withdrawn);
    let told = desk.verify_json(&["a.pdf"], 0);
    assert_eq!(told["verdict"], "certified");
    let verdicts: Vec<_> =
        told["certifications"].as_array().unwrap().iter().map(|one| &one["verdict"]).collect();
    assert_eq!(verdicts, ["certified", "revoked"]);
    desk.revoke("a", (OTHER, 10), Reason::Unspecified);
    assert_eq!(desk.verify_json(&["a.pdf"], 1)["verdict"], "revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_head_cannot_hide_a_revocation() {
    let desk = Desk::new().await;
    let list = List::new(vec![document("a")]).unwrap();
    desk.write("a.pdf", "a");
    let body = Body::Certify(Certify::new(&list, "application/pdf").unwrap());
    let entry =
        desk.ledger.world().say((ISSUER, 9), (body, Some(list)), now_ms() - 3_600_000).index;
    let ran = desk.run(&["verify", "a.pdf"]).expect(3, "not fresh  a.pdf");
    assert!(
        ran.text().contains("59 minutes ago") || ran.text().contains("60 minutes ago"),
        "{}",
        ran.text()
    );
    desk.run(&["verify", "a.pdf", "--max-age", "2h"]).expect(0, "certified  a.pdf");
    let old = desk.proof("a", entry).encode();
    desk.write("a.pdf.proof", "");
    std::fs::write(desk.at("a.pdf.proof"), &old).unwrap();
    desk.revoke("a", (ISSUER, 9), Reason::Withdrawn);
    desk.ledger.faults().shown = Some(old);
    desk.ledger.faults().lie = Some(Lie::Says("certified"));
    desk.run(&["verify", "a.pdf", "--ledger", &desk.ledger.url.clone()]).expect(3, "not fresh");
    desk.run(&["verify", "a.pdf"]).expect(3, "not fresh");
    let offline = ["a.pdf", "--proof", "a.pdf.proof", "--max-age", "10m"];
    desk.run(&[&["verify"], &offline[..3]].concat()).expect(0, "minutes ago");
    desk.run(&[&["verify"], &offline[..]].concat()).expect(1, "probant proof refresh");
    assert_eq!(desk.verify_json(&offline, 1)["reason"]["code"], "not-fresh");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_of_a_time_to_come_is_refused() {
    let desk = Desk::new().await;
    let list = List::new(vec![document("a")]).unwrap();
    desk.write("a.pdf", "a");
    let body = Body::Certify(Certify::new(&list, "application/pdf").unwrap());
    desk.ledger.world().say((ISSUER, 9), (body, Some(list)), now_ms() + 600_000);
    desk.run(&["verify", "a.pdf"]).expect(3, "ahead of this machine's clock");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_says_more_than_its_proofs_show_lies() {
    let desk = Desk::new().await;
    let entry = desk.certified("a", (ISSUER, 9));
    let other = desk.certified("b", (ISSUER, 9));
    let before = desk.proof("a", entry);
    desk.revoke("a", (ISSUER, 9), Reason::Withdrawn);
    desk.ledger.faults().lie = Some(Lie::Says("certified"));
    desk.run(&["verify", "a.pdf"]).expect(4, "is certified, and its proof shows revoked");
    // Its word may be worse: the proofs decide.
    desk.ledger.faults().lie = Some(Lie::Says("distrusted"));
    desk.run(&["verify", "a.pdf"]).expect(1, "revoked  a.pdf");
    desk.ledger.faults().lie = None;
    // Statuses of an older map, or of another slot, lead to another root.
    let now = desk.proof("a", entry);
    for statuses in [before.statuses, desk.proof("b", other).statuses] {
        let forged = Proof { statuses, ..now.clone() };
        desk.ledger.faults().shown = Some(forged.encode());
        desk.run(&["verify", "a.pdf"]).expect(4, "says more than its proofs show");
    }
    desk.ledger.faults().shown = Some(desk.proof("b", other).encode());
    desk.run(&["verify", "a.pdf"]).expect(4, "document: ");
}
