//! Proofs whose head witnesses have cosigned, and a policy that wants them.

use std::fs;

use probant_core::{
    checkpoint::{Checkpoint, verifier_key},
    cosignature::Cosigner,
    ml_dsa,
    proof::Proof,
    status::Reason,
};

use super::{
    Desk,
    fake_ledger::now_ms,
    sample_world::{ISSUER, ORIGIN, key},
};

const BY: (&str, u8) = (ISSUER, 9);
const VERIFY: [&str; 6] =
    ["verify", "a.pdf", "--proof", "a.pdf.proof", "--policy", "witnesses.policy"];

fn witnesses() -> [Cosigner; 3] {
    let named = |number: u8| format!("witness{number}.example");
    let ed25519 = |number| Cosigner::ed25519(&named(number), key(170 + number)).unwrap();
    let ml_dsa = Cosigner::ml_dsa(&named(3), ml_dsa::SigningKey::from_seed(&[183; 32])).unwrap();
    [ed25519(1), ed25519(2), ml_dsa]
}

/// Two of the three, on this ledger.
fn policy() -> String {
    let log = verifier_key(&ORIGIN.parse().unwrap(), key(2).public());
    let names = ["A", "B", "C"].into_iter().zip(witnesses());
    let lines = names.map(|(name, one)| format!("witness {name} {}\n", one.verifier_key()));
    format!("log {log}\n{}group G 2 A B C\nquorum G\n", lines.collect::<Vec<_>>().concat())
}

fn head(proof: &Proof) -> Checkpoint {
    let root = proof.receipt.root(proof.statement.leaf()).unwrap();
    Checkpoint { origin: ORIGIN.parse().unwrap(), size: proof.receipt.size, root }
}

/// By the ledger, and by witnesses of these places, each at its time in seconds.
fn cosigned(head: &Checkpoint, by: &[(usize, u64)]) -> String {
    let lines = by.iter().map(|(at, time_s)| witnesses()[*at].cosign(head, *time_s));
    head.sign(&key(2)) + &lines.collect::<Vec<_>>().concat()
}

impl Desk {
    /// A certified document, a policy, and the proof as of now.
    fn witnessed(&self) -> (Proof, u64) {
        let entry = self.certified("a", BY);
        self.write("witnesses.policy", &policy());
        (self.proof("a", entry), now_ms() / 1000)
    }

    fn carry(&self, proof: &Proof, note: Option<String>) {
        let mut proof = proof.clone();
        proof.attested.checkpoint = note;
        fs::write(self.at("a.pdf.proof"), proof.encode()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_met_by_a_quorum_and_by_nothing_less() {
    let desk = Desk::new().await;
    let (proof, now_s) = desk.witnessed();
    let note = |by: &[(usize, u64)]| Some(cosigned(&head(&proof), by));
    for (carried, who) in [
        (None, "cosigned its head: none did"),
        (note(&[]), "cosigned its head: none did"),
        (note(&[(2, now_s)]), "cosigned its head: witness3.example did"),
        (note(&[(0, now_s), (0, now_s + 1)]), "cosigned its head: witness1.example did"),
    ] {
        desk.carry(&proof, carried);
        let said = desk.run(&VERIFY).expect(1, who);
        assert!(said.text().starts_with("not witnessed  a.pdf\n"), "{}", said.text());
        // Without a policy, what witnesses say changes nothing.
        desk.run(&VERIFY[..4]).expect(0, "certified  a.pdf");
    }
    desk.carry(&proof, note(&[(0, now_s + 7), (2, now_s)]));
    let said = desk.run(&VERIFY).expect(0, "certified  a.pdf");
    let time = probant::clock::utc((now_s + 7) * 1000);
    for line in [
        format!("witnesses    a quorum: witness1.example at {time}, witness3.example at "),
        format!("not after    {time}: by then they had seen it"),
        "not before   unknown: it takes an --earlier checkpoint without it".into(),
    ] {
        assert!(said.text().contains(&line), "{line}: {}", said.text());
    }
    // The ledger, asked, has none.
    let asked = [&VERIFY[..2], &VERIFY[4..]].concat();
    desk.run(&asked).expect(3, "not witnessed  a.pdf");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_does_not_verify_refuses_the_proof_whoever_else_signed() {
    let desk = Desk::new().await;
    let (proof, now_s) = desk.witnessed();
    let other = Checkpoint { size: 3, ..head(&proof) };
    let bad = witnesses()[1].cosign(&other, now_s);
    desk.carry(&proof, Some(cosigned(&head(&proof), &[(0, now_s), (2, now_s)]) + &bad));
    desk.run(&VERIFY).expect(1, "signature: the signature of cosignature");
    desk.carry(&proof, Some(cosigned(&other, &[(0, now_s), (2, now_s)])));
    desk.run(&VERIFY[..4]).expect(1, "proof: checkpoint does not fit");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_checkpoint_says_until_when_it_was_not_shown() {
    let desk = Desk::new().await;
    let entry = desk.certified("before", BY);
    let before = head(&desk.proof("before", entry));
    let (proof, now_s) = desk.witnessed();
    desk.carry(&proof, Some(cosigned(&head(&proof), &[(0, now_s), (1, now_s)])));
    let earlier = [&VERIFY[..], &["--earlier", "earlier.note"]].concat();
    desk.write("earlier.note", &cosigned(&before, &[(1, now_s - 9), (2, now_s - 5)]));
    let time = probant::clock::utc((now_s - 9) * 1000);
    desk.run(&earlier).expect(0, &format!("not before   {time}: until then it was not shown"));
    let json = desk.run(&[&earlier[..], &["--json"]].concat()).expect(0, "");
    let json: serde_json::Value = serde_json::from_slice(&json.0.stdout).unwrap();
    let witnessed = &json["certifications"][0]["witnessed"];
    assert_eq!(witnessed["not_before"]["time_s"], now_s - 9);
    assert_eq!(witnessed["not_after"]["time_s"], now_s);
    assert_eq!(witnessed["witnesses"][1]["name"], "witness2.example");
    // Sealed, by the ledger's clock, long before it was shown.
    desk.write("earlier.note", &cosigned(&before, &[(1, now_s + 900), (2, now_s + 900)]));
    desk.run(&earlier).expect(0, "it kept or dated it back");
    desk.write("earlier.note", &cosigned(&before, &[(1, now_s)]));
    desk.run(&earlier)
        .expect(2, "of --earlier is of no use here: checkpoint: it has no quorum of witnesses");
    desk.write("earlier.note", &cosigned(&head(&proof), &[(1, now_s), (2, now_s)]));
    desk.run(&earlier).expect(2, "and holds entry");
    desk.write("witnesses.policy", &policy().replace("quorum G", "quorum H"));
    desk.run(&VERIFY).expect(2, "line 6: \"H\" is no witness or group of a line before");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cosigned_is_not_given_away_for_a_head_that_nobody_has_seen() {
    let desk = Desk::new().await;
    let (proof, now_s) = desk.witnessed();
    desk.carry(&proof, Some(cosigned(&head(&proof), &[(0, now_s)])));
    let before = fs::read(desk.at("a.pdf.proof")).unwrap();
    desk.certified("after", BY);
    let (refresh, by_policy) = (
        ["proof", "refresh", "a.pdf.proof"],
        ["proof", "refresh", "a.pdf.proof", "--policy", "witnesses.policy"],
    );
    desk.run(&refresh).expect(3, "signed for the newer one: it stays as it is");
    assert_eq!(fs::read(desk.at("a.pdf.proof")).unwrap(), before);
    // A quorum is given away for less by no policy, and less than a quorum is no loss.
    desk.carry(&proof, Some(cosigned(&head(&proof), &[(0, now_s), (2, now_s)])));
    let before = fs::read(desk.at("a.pdf.proof")).unwrap();
    desk.run(&by_policy).expect(3, "this proof satisfies the policy, and the newer one does not");
    assert_eq!(fs::read(desk.at("a.pdf.proof")).unwrap(), before);
    desk.carry(&proof, Some(cosigned(&head(&proof), &[(0, now_s)])));
    desk.run(&by_policy).expect(0, "certified  a.pdf.proof");
    // But whoever holds it hears that it has fallen.
    desk.carry(&proof, Some(cosigned(&head(&proof), &[(0, now_s), (2, now_s)])));
    desk.revoke("a", BY, Reason::Withdrawn);
    desk.run(&refresh).expect(1, "revoked  a.pdf.proof");
}
