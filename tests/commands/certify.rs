//! Certifying, by a ledger that is well, busy, or lies.

use std::fs;

use probant_core::status::Reason;

use super::{Desk, fake_ledger::Lie, sample_world::ISSUER};

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_certified_once_and_every_document_proven() {
    let desk = Desk::new().await;
    for i in 0..25 {
        desk.write(&format!("bills/{i}.pdf"), &format!("bill {i}"));
    }
    desk.write("bills/deep/note.txt", "a note");
    desk.write("bills/deep/copy.pdf", "bill 3");
    desk.write("bills/.hidden", "hidden");
    desk.certify(&["--batch", "10"]).expect(0, "27 certified in 4 entries");
    for name in ["0.pdf", "24.pdf", "3.pdf", "deep/note.txt", "deep/copy.pdf"] {
        assert!(desk.is_proven(&format!("bills/{name}")), "{name}");
    }
    assert!(!desk.at("bills/.hidden.proof").exists() && !desk.at("bills/.probant").exists());
    let height = desk.ledger.world().chain.head().height;
    desk.certify(&[]).expect(0, "0 certified in 0 entries, 27 had their proof");
    desk.write("bills/7.pdf", "bill 7, corrected");
    desk.write("bills/new copy.pdf", "bill 8");
    desk.certify(&[]).expect(0, "2 certified in 1 entry, 26 had their proof");
    assert_eq!(desk.ledger.world().chain.head().height, height + 1);
    assert!(desk.is_proven("bills/7.pdf") && desk.is_proven("bills/new copy.pdf"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_ledger_is_waited_for_and_a_lost_answer_asked_for_again() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    (desk.ledger.faults().busy, desk.ledger.faults().forget_answer) = (1, 0);
    desk.ledger.faults().forget_answer = 1;
    desk.certify(&[]).expect(0, "1 certified in 1 entry");
    assert_eq!(desk.ledger.faults().submissions, 3);
    assert_eq!(desk.ledger.world().chain.head().height, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_certified_is_named_and_the_rest_goes_on() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    desk.write("bills/b.pdf", "b");
    desk.write("bills/b.pdf.proof", "my own notes");
    std::os::unix::fs::symlink("nowhere", desk.at("bills/broken.pdf")).unwrap();
    let ran = desk.certify(&[]).expect(2, "1 certified in 1 entry, 2 failed");
    assert!(ran.text().contains("b.pdf.proof is left alone"), "{}", ran.text());
    assert_eq!(fs::read(desk.at("bills/b.pdf.proof")).unwrap(), b"my own notes");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fell_with_a_stolen_key_is_certified_again_with_another() {
    let desk = Desk::new().await;
    desk.write("bills/before.pdf", "before");
    desk.certify(&[]).expect(0, "1 certified in 1 entry");
    let since_ms = desk.ledger.world().chain.head().time_ms + 1;
    std::thread::sleep(std::time::Duration::from_millis(2));
    desk.write("bills/after.pdf", "after");
    desk.certify(&[]).expect(0, "1 certified in 1 entry, 1 had their proof");
    desk.run(&["key", "new", "new.pem"]).expect(0, "kid");
    let add = ["key", "add", "--issuer", ISSUER, "--new", "new.pem"];
    desk.run(&[&add[..], &["--operator-key", "operator.pem"]].concat()).expect(0, "one more key");
    let kid = super::sample_world::key(9).public().kid();
    let compromise = probant_core::statement::KeyAct::Compromise { since_ms };
    let now_ms = super::fake_ledger::now_ms();
    desk.ledger.world().key_act((super::sample_world::ORIGIN, 3), kid, compromise, now_ms);
    // With the stolen key nothing is said again.
    desk.certify(&[]).expect(0, "0 certified in 0 entries, 2 had their proof");
    let again = ["certify", "bills", "--issuer", ISSUER, "--key", "new.pem"];
    desk.run(&again).expect(0, "1 certified in 1 entry, 1 had their proof");
    desk.run(&["verify", "bills/after.pdf"]).expect(0, "certified  bills/after.pdf");
    desk.run(&again).expect(0, "0 certified in 0 entries, 2 had their proof");
    assert!(desk.is_proven("bills/before.pdf") && desk.is_proven("bills/after.pdf"));
}

#[tokio::test(flavor = "multi_thread")]
async fn private_keys_and_ledgers_are_not_certified() {
    let desk = Desk::new().await;
    let init = ["init", "--origin", "ledger.example/x", "--data", "all/data", "--keys", "all/keys"];
    desk.run(&init).expect(0, "ledger    ");
    desk.write("all/a.pdf", "a");
    for name in ["all/1.pem", "all/2.pem"] {
        desk.run(&["key", "new", name]).expect(0, "kid");
    }
    let certify = |what| desk.run(&[&["certify", what], &super::CERTIFY[2..]].concat());
    let said = certify("all").expect(0, "1 certified in 1 entry").text();
    assert!(said.contains("all/1.pem is a private key: passed over"), "{said}");
    assert!(said.contains("all/data holds a ledger: passed over"), "{said}");
    assert!(!said.contains("2.pem") && !said.contains("all/keys"), "said once: {said}");
    certify("all/1.pem").expect(2, "all/1.pem: it is a private key: it is not certified");
    certify("all/keys").expect(2, "all/keys: it holds a ledger: it is not certified");
    assert!(!desk.at("all/1.pem.proof").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lying_ledger_gets_no_proof_written_and_no_document_called_certified() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    desk.ledger.faults().lie = Some(Lie::Bit);
    desk.certify(&[]).expect(4, "the ledger's proof does not hold");
    assert!(!desk.at("bills/a.pdf.proof").exists());
    desk.run(&["verify", "bills/a.pdf"]).expect(4, "not verified  bills/a.pdf");
    let json = desk.run(&["verify", "bills/a.pdf", "--json"]).expect(4, "not verified");
    let json: serde_json::Value = serde_json::from_slice(&json.0.stdout).unwrap();
    assert_eq!(json["verdict"], "not verified");
    assert_eq!(json["certifications"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_gets_no_proof_but_that_of_the_entry_that_we_signed() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    desk.certify(&[]).expect(0, "1 certified in 1 entry");
    desk.write("again/a.pdf", "a");
    let again = ["certify", "again", "--issuer", ISSUER, "--key", "issuer.pem"];
    desk.run(&[&again[..], &["--out", "again.cose", "--media-type", "text/plain"]].concat())
        .expect(0, "wrote again.cose");
    desk.run(&["submit", "again.cose"]).expect(0, "entry 6");
    desk.write("bills/copy.pdf", "a");
    desk.ledger.faults().lie = Some(Lie::ProofsOf(6));
    desk.certify(&[]).expect(4, "it is of entry 6, and not of our 4");
    assert!(!desk.at("bills/copy.pdf.proof").exists());
    desk.ledger.faults().lie = None;
    desk.certify(&[]).expect(0, "1 certified in 0 entries, 1 had their proof");
    assert!(desk.is_proven("bills/copy.pdf"));
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_proven_where_others_have_fallen_and_what_had_fallen_is_said() {
    let desk = Desk::new().await;
    for content in ["x", "y", "z"] {
        desk.certified(content, (ISSUER, 9));
        desk.revoke(content, (ISSUER, 9), Reason::Withdrawn);
    }
    for i in 0..30 {
        desk.write(&format!("bills/{i}.pdf"), &format!("bill {i}"));
    }
    desk.certify(&["--batch", "20"]).expect(0, "30 certified in 2 entries");
    assert!((0..30).all(|i| desk.is_proven(&format!("bills/{i}.pdf"))));
    desk.write("bills/x.pdf", "x");
    desk.write("bills/deep/x.pdf", "x");
    desk.write("bills/new.pdf", "new");
    let certified = "3 certified in 1 entry, 30 had their proof, 2 of these do not stand";
    let ran = desk.certify(&[]).expect(1, certified);
    assert!(ran.text().contains("bills/x.pdf: revoked at"), "{}", ran.text());
    assert!(desk.is_proven("bills/x.pdf") && desk.is_proven("bills/new.pdf"));
    desk.run(&["verify", "bills/x.pdf"]).expect(1, "as withdrawn");
    desk.certify(&[]).expect(1, "0 certified in 0 entries, 33 had their proof, 2 of these do not");
}
