//! Statements that travel: enrollments, batches signed offline, their receipts.

use std::{fs, process::Command};

use probant_core::{Fingerprints, List};

use super::{
    Desk,
    fake_ledger::{Lie, now_ms},
    sample_world::key,
};

const WHO: [&str; 6] =
    ["--legal-name", "Korrigan", "--country", "FR", "--registration", "987654321"];

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_is_enrolled_by_an_operator_who_is_offline() {
    let desk = Desk::new().await;
    desk.run(&["key", "new", "tel.pem"]).expect(0, "kid");
    let id = "telecom.example";
    desk.run(&["issuer", "request", "--id", id, "--key", "tel.pem", "--out", "tel.request"])
        .expect(0, "wrote tel.request");
    let who = ["--legal-name", "Korrigan Télécom", "--country", "FR", "--registration", "987"];
    let how = ["--request", "tel.request", "--operator-key", "operator.pem"];
    let enroll = |id| [&["issuer", "enroll", "--id", id], &who[..], &how].concat();
    desk.run(&enroll("other.example")).expect(2, "the request is for issuer");
    let signed = [&enroll(id), &["--out", "tel.cose"][..]].concat();
    desk.run(&signed).expect(0, "probant submit tel.cose");
    desk.run(&["submit", "tel.cose"]).expect(0, "tel.cose: entry 4, receipt in");
    desk.run(&["submit", "tel.cose"]).expect(0, "tel.cose: entry 4");
    assert!(desk.at("tel.cose.receipt").exists());
    desk.run(&["issuer", "list"]).expect(0, "Korrigan Télécom");
    desk.run(&["issuer", "list", "--json"]).expect(0, "\"kid\"");
    // Within the same second it would be the same statement, which is answered with its receipt.
    let again = [&enroll(id)[..9], &["988"], &how[..]].concat();
    desk.run(&again).expect(2, "issuer-exists: ");
    let identity = desk.ledger.world().identity().to_string();
    desk.run(&["identity"]).expect(0, &identity);
    desk.run(&["identity", "--json"]).expect(0, "\"verifier_key\"");
    let other = format!("ledger.example/fr+{}", "0".repeat(64));
    desk.run(&["identity", "--identity", &other]).expect(4, "and you trust ledger.example/fr+000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_signed_offline_is_submitted_elsewhere() {
    let desk = Desk::new().await;
    for name in ["bills/a.pdf", "bills/b.pdf", "bills/c.txt"] {
        desk.write(name, name);
    }
    desk.certify(&["--out", "signed.cose"]).expect(0, "wrote signed.cose.2: 1 document\n");
    desk.certify(&["--out", "signed.cose"]).expect(2, "signed.cose");
    desk.run(&["submit", "signed.cose", "signed.cose.2"]).expect(0, "signed.cose.2: entry 6");
    desk.run(&["verify", "bills/c.txt"]).expect(0, "as           text/plain");
    let other = format!("ledger.example/fr+{}", "0".repeat(64));
    desk.run(&["submit", "signed.cose", "--identity", &other]).expect(2, "was signed for");
    let list = List::new(vec![Fingerprints::of(b"bills/c.txt").blake3]).unwrap();
    assert_eq!(desk.ledger.world().certifying(&list.iter().next().unwrap()), [6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_the_ledger_never_sealed_makes_nothing_accepted() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    desk.certify(&["--out", "signed.cose"]).expect(0, "wrote signed.cose");
    desk.ledger.faults().lie = Some(Lie::Seal);
    let ran = desk.run(&["submit", "signed.cose"]).expect(4, "the receipt from");
    assert!(!ran.text().contains("receipt in"), "{}", ran.text());
    assert!(!desk.at("signed.cose.receipt").exists());
    desk.run(&["key", "new", "tel.pem"]).expect(0, "kid");
    let how = ["--issuer-key", "tel.pem", "--operator-key", "operator.pem"];
    let enroll = [&["issuer", "enroll", "--id", "telecom.example"], &WHO[..], &how].concat();
    let ran = desk.run(&enroll).expect(4, "the receipt from");
    assert!(!ran.text().contains("enrolled telecom.example in"), "{}", ran.text());
    desk.ledger.faults().lie = None;
    desk.run(&["submit", "signed.cose"]).expect(0, "signed.cose: entry 4");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_checked_with_the_seal_key_of_its_block() {
    let desk = Desk::new().await;
    for name in ["a", "b"] {
        desk.write("bills/x.pdf", name);
        desk.certify(&["--out", &format!("{name}.cose")]).expect(0, "wrote");
    }
    desk.ledger.world().replace_seal_key(21, now_ms());
    let new = hex::encode(key(21).public().as_bytes());
    desk.run(&["identity", "--json"]).expect(0, &new);
    desk.run(&["submit", "a.cose", "b.cose"]).expect(0, "b.cose: entry 8");
    desk.write("bills/y.pdf", "y");
    desk.certify(&[]).expect(0, "2 certified in 1 entry");
    assert!(desk.is_proven("bills/y.pdf"));
    desk.write("bills/z.pdf", "z");
    desk.certify(&["--out", "z.cose"]).expect(0, "wrote");
    desk.ledger.faults().lie = Some(Lie::Seal);
    desk.run(&["submit", "z.cose"]).expect(4, "the receipt from");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_where_a_receipt_goes_is_replaced_only_by_the_same() {
    let desk = Desk::new().await;
    for name in ["a", "b"] {
        desk.write("bills/x.pdf", name);
        desk.certify(&["--out", &format!("{name}.cose")]).expect(0, "wrote");
    }
    let receipt = desk.at("a.cose.receipt");
    assert!(Command::new("mkfifo").arg(&receipt).status().unwrap().success());
    desk.run(&["submit", "a.cose"]).expect(2, "it is no file");
    fs::remove_file(receipt).unwrap();
    desk.write("a.cose.receipt", "my notes");
    desk.run(&["submit", "b.cose", "a.cose"]).expect(2, "a.cose.receipt is no receipt");
    assert_eq!(desk.ledger.faults().submissions, 0, "bad input changes nothing");
    fs::remove_file(desk.at("a.cose.receipt")).unwrap();
    desk.run(&["submit", "a.cose", "b.cose"]).expect(0, "b.cose: entry 6");
    desk.run(&["submit", "a.cose"]).expect(0, "a.cose: entry 4");
    fs::copy(desk.at("b.cose.receipt"), desk.at("a.cose.receipt")).unwrap();
    desk.run(&["submit", "a.cose"]).expect(2, "is another receipt, of entry 6");
    assert_eq!(
        fs::read(desk.at("a.cose.receipt")).unwrap(),
        fs::read(desk.at("b.cose.receipt")).unwrap()
    );
}
