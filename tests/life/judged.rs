//! What is so, judged from everything that was said (format.md 9.2 and 9.3), as if nothing had ever
//! been known before: the reports first, then who was brought by whom, then what became of them.

use std::collections::BTreeMap;

use probant_core::{
    key::{Kid, Use},
    registry::Act,
    statement::{Body, Genesis, IssuerRecord, KeyAct, KeyStatement},
    status::{IssuerStatus, KeyState, KeyStatus},
};

use crate::{cast::ORIGIN, said::Said};

/// A key, with what is to be seen of it.
pub struct Key {
    pub r#use: Use,
    pub owner: String,
    pub brought: Act,
    /// It is to replace another, and has not yet.
    pub waits: bool,
    pub value: Option<KeyStatus>,
}

/// The newest enrollment under an id.
pub struct Issuer {
    pub record: IssuerRecord,
    pub enrolled: Act,
    /// What the key that enrolled it is, if that makes the enrollment void.
    pub void: Option<KeyStatus>,
}

pub struct Judged {
    pub keys: BTreeMap<Kid, Key>,
    pub issuers: BTreeMap<String, Issuer>,
    pub issuer_values: BTreeMap<String, IssuerStatus>,
    pub list_count_max: u64,
    /// The ledger's own keys in force, for the block that is open.
    pub own: BTreeMap<Use, Kid>,
    reported: BTreeMap<Kid, KeyStatus>,
}

impl Judged {
    /// `height` is that of the open block: what stands in it has not replaced anything yet.
    pub fn of(said: &[Said], height: u64) -> Self {
        let Body::Genesis(genesis) = said[0].statement.body() else { panic!("genesis is first") };
        let mut judged = Self::of_genesis(genesis, &said[0]);
        for one in said {
            judged.replace(one, height);
        }
        for by in [Use::Recovery, Use::Operator] {
            for one in said {
                judged.report(one, by);
            }
        }
        for one in said {
            judged.hear(one);
        }
        judged
    }

    fn of_genesis(genesis: &Genesis, said: &Said) -> Self {
        let own: BTreeMap<_, _> =
            genesis.keys.iter().map(|listed| (listed.r#use, listed.key.kid())).collect();
        let key = |(r#use, kid): (&Use, &Kid)| (*kid, Key::new(*r#use, ORIGIN, said));
        Self {
            keys: own.iter().map(key).collect(),
            issuers: BTreeMap::new(),
            issuer_values: BTreeMap::new(),
            list_count_max: genesis.policy.list_count_max,
            own,
            reported: BTreeMap::new(),
        }
    }

    /// Replacements of the ledger's own keys are never void.
    fn replace(&mut self, said: &Said, height: u64) {
        let Some(KeyStatement { kid, act: KeyAct::Replace { r#use, .. }, .. }) = said.about_key()
        else {
            return;
        };
        let waits = said.height == height;
        self.keys.insert(*kid, Key { waits, ..Key::new(*r#use, ORIGIN, said) });
        if !waits {
            let replaced = self.own.insert(*r#use, *kid);
            let value = said.key_status(KeyState::Retired, said.time_ms);
            // Of a use that genesis does not list, the first replaces none.
            if let Some(replaced) = replaced {
                self.key_mut(&replaced).value = Some(value);
            }
        }
    }

    /// Of the reports about one key that stand, the one with the earliest time is its value.
    fn report(&mut self, said: &Said, by: Use) {
        let Some(KeyStatement { kid, act: KeyAct::Compromise { since_ms }, .. }) = said.about_key()
        else {
            return;
        };
        if self.keys[&said.by()].r#use != by || self.flaw(said).is_some() {
            return;
        }
        if self.reported.get(kid).is_none_or(|known| *since_ms < known.since_ms) {
            let value = said.key_status(KeyState::Compromised, *since_ms);
            self.reported.insert(*kid, value);
            // Keys of issuers are brought later.
            if let Some(key) = self.keys.get_mut(kid) {
                key.value = Some(value);
            }
        }
    }

    fn hear(&mut self, said: &Said) {
        let flaw = self.flaw(said);
        match said.statement.body() {
            Body::Enroll(enroll) => {
                let (record, enrolled) = (enroll.record.clone(), said.act());
                let id = enroll.id.as_str();
                self.issuers.insert(id.to_owned(), Issuer { record, enrolled, void: flaw });
                self.bring(enroll.key.kid(), id, said, flaw);
            }
            Body::Key(KeyStatement { kid, act: KeyAct::Add { issuer, .. }, .. }) => {
                let void = flaw.or(self.issuers[issuer.as_str()].void);
                self.bring(*kid, issuer.as_str(), said, void);
            }
            _ if flaw.is_some() => {}
            Body::Key(KeyStatement { kid, act: KeyAct::Retire, .. }) => {
                self.end(kid, said, KeyState::Retired);
            }
            Body::Key(KeyStatement { kid, act: KeyAct::Stop, .. }) => {
                self.end(kid, said, KeyState::Stopped);
            }
            Body::Issuer(issuer) => {
                let status = said.issuer_status(issuer.state);
                self.issuer_values.insert(issuer.id.as_str().to_owned(), status);
            }
            Body::Policy(policy) => self.list_count_max = policy.policy.list_count_max,
            _ => {}
        }
    }

    fn bring(&mut self, kid: Kid, owner: &str, said: &Said, void: Option<KeyStatus>) {
        let voided = |report: KeyStatus| KeyStatus {
            state: KeyState::Void,
            since_ms: said.time_ms,
            entry: report.entry,
            by: report.by,
        };
        let value = void.map(voided).or_else(|| self.reported.get(&kid).copied());
        self.keys.insert(kid, Key { value, ..Key::new(Use::Issuer, owner, said) });
    }

    fn end(&mut self, kid: &Kid, said: &Said, state: KeyState) {
        let key = self.key_mut(kid);
        if key.value.is_none() {
            key.value = Some(said.key_status(state, said.time_ms));
        }
    }

    /// What makes an act void.
    fn flaw(&self, said: &Said) -> Option<KeyStatus> {
        flaw_at(self.keys[&said.by()].value, said.time_ms)
    }

    fn key_mut(&mut self, kid: &Kid) -> &mut Key {
        self.keys.get_mut(kid).expect("accepted, so it is known")
    }
}

impl Key {
    fn new(r#use: Use, owner: &str, said: &Said) -> Self {
        let (owner, brought) = (owner.to_owned(), said.act());
        Self { r#use, owner, brought, waits: false, value: None }
    }
}

/// Whether a key of this value was in other hands at that time.
pub fn flaw_at(value: Option<KeyStatus>, time_ms: u64) -> Option<KeyStatus> {
    value.filter(|value| match value.state {
        KeyState::Void => true,
        KeyState::Compromised => value.since_ms <= time_ms,
        KeyState::Current | KeyState::Retired | KeyState::Stopped => false,
    })
}
