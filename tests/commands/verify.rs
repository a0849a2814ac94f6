//! Asking and being answered, by a ledger that may lie.

use std::fs;

use super::Desk;

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
    desk.run(&["verify", "bills/a.pdf", "--save"]).expect(2, "a.pdf.proof");
    let nowhere = ["--ledger", "http://127.0.0.1:9"];
    desk.run(&[&["verify", "b.pdf"], &nowhere[..]].concat()).expect(3, "out of reach");
    desk.ledger.faults().no_proofs = true;
    desk.run(&["verify", "bills/a.pdf"]).expect(0, "certified  bills/a.pdf");
    desk.run(&["verify", "b.pdf", "--proof", "bills/a.pdf.proof"]).expect(1, "document: ");
}
