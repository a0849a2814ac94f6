//! Somebody who certifies, with a key of its own; and receipts held to what they must lead to.

use probant_core::{
    Fingerprint, Fingerprints, Hash, LedgerId, List, Statement,
    chain::Chain,
    key::{SigningKey, Use},
    seal::{Receipt, Seal},
    statement::{Body, Certify, Enroll, IssuerRecord, prove_possession},
};

use super::{Client, Home, ORIGIN, now_ms};

pub const ISSUER: &str = "energie.example";
pub const PDF: &str = "application/pdf";

/// An issuer of one ledger.
#[derive(Clone)]
pub struct Issuer {
    pub id: String,
    pub key: SigningKey,
    pub ledger: LedgerId,
}

/// What is sent, with what is known of it beforehand.
#[derive(Clone)]
pub struct Submission {
    pub bytes: Vec<u8>,
    pub leaf: Hash,
    pub documents: List,
}

impl Issuer {
    /// One that the ledger does not know yet.
    pub fn new(home: &Home, id: &str, seed: u8) -> Self {
        let key = SigningKey::from_seed(&[seed; 32]);
        Self { id: id.into(), key, ledger: home.identity().ledger }
    }

    /// One that has been enrolled.
    pub async fn enrolled(home: &Home, client: &Client) -> Self {
        let issuer = Self::new(home, ISSUER, 9);
        let reply = client.post("/entries", issuer.enrollment(&home.key(Use::Operator))).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        issuer
    }

    /// The operator's statement about it.
    pub fn enrollment(&self, operator: &SigningKey) -> Vec<u8> {
        let scope = &self.ledger.0.0;
        let possession = prove_possession(&self.key, Use::Issuer, &self.id, 1, scope);
        let record = IssuerRecord {
            legal_name: "Énergie du Ponant".into(),
            country: "FR".into(),
            registration: "123456789".into(),
        };
        let (id, key) = (self.id.parse().unwrap(), self.key.public().clone());
        let body = Body::Enroll(Enroll { seq: 1, id, record, key, possession });
        let ledger = Some(self.ledger);
        Statement::sign(operator, ORIGIN, ledger, now_ms() / 1000, body).to_submission(None)
    }

    /// Certifies documents of the given content.
    pub fn certify(&self, documents: Vec<Fingerprint>) -> Submission {
        let documents = List::new(documents).unwrap();
        let statement = self.statement(&documents, now_ms() / 1000);
        let bytes = statement.to_submission(Some(&documents));
        Submission { bytes, leaf: statement.leaf(), documents }
    }

    /// Certifies so many documents that nobody else names.
    pub fn certify_made_up(&self, name: &str, count: u32) -> Submission {
        self.certify(made_up(name, count))
    }

    pub fn statement(&self, documents: &List, issued_at_s: u64) -> Statement {
        let body = Body::Certify(Certify::new(documents, PDF).unwrap());
        Statement::sign(&self.key, &self.id, Some(self.ledger), issued_at_s, body)
    }
}

/// Fingerprints of documents that nobody else names.
pub fn made_up(name: &str, count: u32) -> Vec<Fingerprint> {
    (0..count)
        .map(|number| Fingerprints::of(format!("{name}-{number}").as_bytes()).blake3)
        .collect()
}

/// Holds a receipt to the block that it names, as `Client` found it: entry, path, seal.
pub async fn check_receipt(client: &Client, home: &Home, leaf: Hash, receipt: &[u8]) -> Receipt {
    let receipt = Receipt::decode(receipt).unwrap();
    let block = client.get(&format!("/blocks/{}", receipt.seal.height())).await.body;
    let block = probant_core::block::Block::decode(&block).unwrap();
    let at = usize::try_from(receipt.index - block.header().first).unwrap();
    assert_eq!(block.entries[at].leaf(), leaf, "another entry stands at its index");
    assert_eq!(receipt.size, block.header().size);
    check_seal(&home.genesis(), &receipt.seal, block.header().time_ms, receipt.root(leaf).unwrap());
    receipt
}

/// Checks a seal with the key that genesis names.
pub fn check_seal(genesis: &Chain, seal: &Seal, time_ms: u64, root: Hash) {
    let registry = genesis.registry();
    seal.verify(registry.ledger_key(Use::Seal), registry.origin(), time_ms, root).unwrap();
}
