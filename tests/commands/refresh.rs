//! Proofs that move to the present head, of a ledger that may have two histories.

use std::fs;

use probant_core::{
    List,
    proof::Proof,
    statement::{Body, Certify},
    status::Reason,
};

use super::{
    Desk,
    fake_ledger::{Lie, now_ms},
    sample_world::{ISSUER, World},
    statuses::document,
};

const BY: (&str, u8) = (ISSUER, 9);

impl Desk {
    /// A document with its proof beside it, as of now.
    fn proven(&self, content: &str) -> Vec<u8> {
        let entry = self.certified(content, BY);
        let proof = self.proof(content, entry).encode();
        fs::write(self.at(&format!("{content}.pdf.proof")), &proof).unwrap();
        proof
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.at(name)).unwrap()
    }

    /// What a ledger would have that had gone another way since its founding.
    fn fork(&self) {
        let mut other = World::with_issuer();
        std::mem::swap(&mut *self.ledger.world(), &mut other);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_moves_to_the_newest_head_and_says_what_it_shows() {
    let desk = Desk::new().await;
    let old = desk.proven("a");
    desk.proven("b");
    let refresh = ["proof", "refresh", "a.pdf.proof"];
    desk.run(&refresh).expect(0, "certified  a.pdf.proof: as of block 3");
    let newer = desk.read("a.pdf.proof");
    assert_ne!(newer, old);
    desk.run(&refresh).expect(0, "the ledger has nothing newer");
    assert_eq!(desk.read("a.pdf.proof"), newer);
    desk.revoke("a", BY, Reason::Withdrawn);
    let both = ["proof", "refresh", "a.pdf.proof", "b.pdf.proof"];
    let ran = desk.run(&both).expect(1, "revoked  a.pdf.proof: revoked at");
    assert!(ran.text().contains("certified  b.pdf.proof: as of block 4"), "{}", ran.text());
    desk.run(&["verify", "a.pdf"]).expect(1, "as withdrawn");
    desk.run(&["verify", "b.pdf", "--max-age", "10m"]).expect(0, "certified  b.pdf");
    let [kept, moved] = [old, desk.read("a.pdf.proof")].map(|bytes| Proof::decode(&bytes).unwrap());
    assert_eq!(kept.first_receipt.encode(), moved.first_receipt.encode());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_moves_over_a_rotation_of_the_seal_key() {
    let desk = Desk::new().await;
    desk.proven("a");
    desk.ledger.world().replace_seal_key(21, now_ms());
    desk.proven("b");
    desk.run(&["proof", "refresh", "a.pdf.proof"]).expect(0, "as of block 4");
    desk.run(&["proof", "show", "a.pdf.proof"]).expect(0, "replaces the ledger's seal key");
    desk.run(&["verify", "a.pdf"]).expect(0, "certified  a.pdf");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_histories_are_kept_as_evidence_and_never_taken() {
    let desk = Desk::new().await;
    // The same entry, receipt and all, in both histories; what comes after differs.
    let time_ms = now_ms();
    let list = List::new(vec![document("a")]).unwrap();
    let statement = desk.ledger.world().certify(&list, "application/pdf");
    let submit = || {
        let mut world = desk.ledger.world();
        world.submit(statement.clone(), Some(list.clone()), time_ms).unwrap().index
    };
    let entry = submit();
    desk.certified("b", BY);
    let old = desk.proof("a", entry).encode();
    fs::write(desk.at("a.pdf.proof"), &old).unwrap();
    desk.fork();
    assert_eq!(submit(), entry);
    desk.certified("c", BY);
    let refresh = ["proof", "refresh", "a.pdf.proof"];
    desk.run(&refresh).expect(4, "the ledger contradicts this proof: path-root");
    desk.certified("d", BY);
    let ran = desk.run(&refresh).expect(4, "a.pdf.proof.contradicts.2");
    assert_eq!(ran.text().lines().count(), 1, "{}", ran.text());
    assert_eq!(desk.read("a.pdf.proof"), old);
    let kept = ["a.pdf.proof.contradicts", "a.pdf.proof.contradicts.2"].map(|name| desk.read(name));
    assert!(kept.iter().all(|kept| Proof::decode(kept).is_ok()) && kept[0] != kept[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_hold_is_kept_beside_the_proof_that_does() {
    let desk = Desk::new().await;
    let old = desk.proven("a");
    desk.proven("b");
    let refresh = ["proof", "refresh", "a.pdf.proof"];
    for (lie, why) in [(Lie::Bit, "contradicts this proof"), (Lie::Grown, "path-root")] {
        desk.ledger.faults().lie = Some(lie);
        desk.run(&refresh).expect(4, why);
    }
    desk.ledger.faults().lie = None;
    // Another certification of the same document, which verifies.
    let list = List::new(vec![document("a")]).unwrap();
    let body = Body::Certify(Certify::new(&list, "text/plain").unwrap());
    let again = desk.ledger.world().say(BY, (body, Some(list)), now_ms()).index;
    desk.ledger.faults().lie = Some(Lie::ProofsOf(again));
    desk.run(&refresh).expect(4, "the proof is of");
    assert_eq!(desk.read("a.pdf.proof"), old);
    assert!(desk.at("a.pdf.proof.contradicts.3").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_is_behind_or_gone_changes_nothing() {
    let desk = Desk::new().await;
    let older = desk.proven("a");
    desk.proven("b");
    let refresh = ["proof", "refresh", "a.pdf.proof"];
    desk.run(&refresh).expect(0, "as of block 3");
    let newer = desk.read("a.pdf.proof");
    desk.ledger.faults().shown = Some(older);
    desk.run(&refresh).expect(3, "shows block 2, and this proof knows block 3");
    desk.ledger.faults().shown = None;
    desk.ledger.faults().no_proofs = true;
    desk.run(&refresh).expect(3, "is no ledger");
    let nowhere = [&refresh[..], &["b.pdf.proof", "--ledger", "http://127.0.0.1:9"]].concat();
    desk.run(&nowhere).expect(3, "2 of 2 not refreshed");
    assert_eq!(desk.read("a.pdf.proof"), newer);
    assert!(!desk.at("a.pdf.proof.contradicts").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_fails_is_named_and_the_others_go_on() {
    let desk = Desk::new().await;
    desk.proven("a");
    desk.proven("b");
    desk.write("notes.proof", "my own notes");
    let files = ["proof", "refresh", "missing.proof", "notes.proof", "a.pdf.proof"];
    let ran = desk.run(&files).expect(2, "missing.proof: No such file");
    for words in ["notes.proof: this proof does not hold", "certified  a.pdf.proof"] {
        assert!(ran.text().contains(words), "{}", ran.text());
    }
    assert_eq!(desk.read("notes.proof"), b"my own notes");
}
