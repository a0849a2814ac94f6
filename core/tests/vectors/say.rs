//! Who says what about keys, issuers, policy and documents (format.md 5.7 to 5.10): statements of
//! every kind in one line each, for the stories that are made of them.

use probant_core::{
    Fingerprint, List,
    key::Use,
    statement::{
        Body, Certify, Enroll, HeldKey, IssuerStatement, KeyAct, KeyStatement, Policy,
        PolicyStatement, Revoke,
    },
    status::{IssuerState, Reason},
};

use crate::ledger::{
    Entry, ISSUER, ISSUER_KEY, Ledger, NEW_OPERATOR, NEW_RECOVERY, OPERATOR, ORIGIN, OTHER,
    OTHER_KEY, PDF, RECOVERY, SECOND, document, key,
};

/// A key and the name for which it speaks.
#[derive(Clone, Copy)]
pub struct Voice(pub u8, pub &'static str);

pub const BY_ISSUER: Voice = Voice(ISSUER_KEY, ISSUER);
pub const BY_SECOND: Voice = Voice(SECOND, ISSUER);
pub const BY_OTHER: Voice = Voice(OTHER_KEY, OTHER);
pub const BY_OPERATOR: Voice = Voice(OPERATOR, ORIGIN);
pub const BY_NEW_OPERATOR: Voice = Voice(NEW_OPERATOR, ORIGIN);
pub const BY_RECOVERY: Voice = Voice(RECOVERY, ORIGIN);
pub const BY_NEW_RECOVERY: Voice = Voice(NEW_RECOVERY, ORIGIN);

/// Some documents by BLAKE3.
pub fn documents(numbers: impl IntoIterator<Item = u32>) -> List {
    List::new(numbers.into_iter().map(|number| document(number).blake3).collect()).unwrap()
}

/// Some documents, each with the one that replaces it.
pub fn replacements(pairs: impl IntoIterator<Item = (u32, u32)>) -> List {
    let both = |(old, new): (u32, u32)| (document(old).blake3, document(new).blake3);
    List::replacements(pairs.into_iter().map(both).collect()).unwrap()
}

pub fn first(list: &List) -> Fingerprint {
    list.iter().next().unwrap()
}

impl Ledger {
    pub fn said(&self, Voice(seed, issuer): Voice, body: Body) -> Entry {
        (self.sign(seed, issuer, body), None)
    }

    pub fn certify_by(&self, by: Voice, list: &List) -> Entry {
        let body = Body::Certify(Certify::new(list, PDF).unwrap());
        (self.said(by, body).0, Some(list.clone()))
    }

    pub fn revoke(&self, by: Voice, list: &List, reason: Reason) -> Entry {
        let body = Body::Revoke(Revoke::new(list, reason).unwrap());
        (self.said(by, body).0, Some(list.clone()))
    }

    pub fn withdraw(&self, by: Voice, numbers: impl IntoIterator<Item = u32>) -> Entry {
        self.revoke(by, &documents(numbers), Reason::Withdrawn)
    }

    pub fn supersede(&self, by: Voice, pairs: impl IntoIterator<Item = (u32, u32)>) -> Entry {
        self.revoke(by, &replacements(pairs), Reason::Superseded)
    }

    pub fn held(&self, seed: u8, r#use: Use, owner: &str, seq: u64) -> HeldKey {
        let possession = self.possession(seed, r#use.name(), &owner, seq as i64).sign(&key(seed));
        HeldKey { key: key(seed).public().clone().into(), possession }
    }

    pub fn add(&self, by: Voice, id: &str, seed: u8) -> Entry {
        let held = self.held(seed, Use::Issuer, id, 1);
        let act = KeyAct::Add { issuer: id.parse().unwrap(), held };
        self.said(by, Body::Key(KeyStatement::bringing(act)))
    }

    pub fn replace(&self, by: Voice, r#use: Use, seed: u8) -> Entry {
        let held = self.held(seed, r#use, &self.origin, 1);
        self.said(by, Body::Key(KeyStatement::bringing(KeyAct::Replace { r#use, held })))
    }

    pub fn about(&self, by: Voice, seed: u8, seq: u64, act: KeyAct) -> Entry {
        self.said(by, Body::Key(KeyStatement::about(key(seed).public().kid(), seq, act)))
    }

    pub fn retire(&self, by: Voice, seed: u8, seq: u64) -> Entry {
        self.about(by, seed, seq, KeyAct::Retire)
    }

    pub fn stop(&self, by: Voice, seed: u8, seq: u64) -> Entry {
        self.about(by, seed, seq, KeyAct::Stop)
    }

    pub fn compromise(&self, by: Voice, seed: u8, seq: u64, since_ms: u64) -> Entry {
        self.about(by, seed, seq, KeyAct::Compromise { since_ms })
    }

    fn make(&self, by: Voice, id: &str, seq: u64, state: IssuerState) -> Entry {
        let id = id.parse().unwrap();
        self.said(by, Body::Issuer(IssuerStatement { seq, id, state }))
    }

    pub fn suspend(&self, by: Voice, id: &str, seq: u64) -> Entry {
        self.make(by, id, seq, IssuerState::Suspended)
    }

    pub fn reinstate(&self, by: Voice, id: &str, seq: u64) -> Entry {
        self.make(by, id, seq, IssuerState::Reinstated)
    }

    pub fn limit(&self, by: Voice, seq: u64, list_count_max: u64) -> Entry {
        let policy = Policy { list_count_max };
        self.said(by, Body::Policy(PolicyStatement { seq, policy }))
    }

    pub fn enroll_by(&self, by: Voice, id: &str, seed: u8, seq: u64) -> Entry {
        let possession = self.held(seed, Use::Issuer, id, seq).possession;
        let enrollment = self.enrollment(id, seed);
        self.said(by, Body::Enroll(Enroll { seq, possession, ..enrollment }))
    }
}
