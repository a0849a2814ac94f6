//! One statement that was accepted, with the time and place that its block gave it.

use probant_core::{
    Fingerprint, List, Statement,
    key::Kid,
    registry::Act,
    statement::{Body, KeyStatement},
    status::{IssuerState, IssuerStatus, KeyState, KeyStatus},
};

#[derive(Clone, Debug)]
pub struct Said {
    pub entry: u64,
    pub height: u64,
    pub time_ms: u64,
    pub statement: Statement,
    pub list: Option<List>,
}

impl Said {
    pub fn by(&self) -> Kid {
        self.statement.kid()
    }

    pub fn act(&self) -> Act {
        Act { entry: self.entry, time_ms: self.time_ms, by: self.by() }
    }

    pub fn about_key(&self) -> Option<&KeyStatement> {
        if let Body::Key(about) = self.statement.body() { Some(about) } else { None }
    }

    /// Subjects that it counts for (format.md 9.1, seq).
    pub fn subjects(&self) -> Vec<String> {
        let key = |kid| format!("key:{kid}");
        match self.statement.body() {
            Body::Genesis(genesis) => {
                let keys = genesis.keys.iter().map(|listed| key(listed.key.kid()));
                keys.chain(["policy".to_owned()]).collect()
            }
            Body::Enroll(enroll) => vec![format!("issuer:{}", enroll.id), key(enroll.key.kid())],
            _ => vec![self.statement.subject().to_owned()],
        }
    }

    pub fn certifies(&self, document: &Fingerprint) -> bool {
        self.statement.as_certify().is_some()
            && self.list.iter().flat_map(List::iter).any(|listed| listed == *document)
    }

    pub fn key_status(&self, state: KeyState, since_ms: u64) -> KeyStatus {
        KeyStatus { state, since_ms, entry: self.entry, by: self.by() }
    }

    pub fn issuer_status(&self, state: IssuerState) -> IssuerStatus {
        IssuerStatus { state, since_ms: self.time_ms, entry: self.entry, by: self.by() }
    }
}
