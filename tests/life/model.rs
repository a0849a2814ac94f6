//! The naive model: everything that was accepted, and every question answered from all of it, as
//! format.md 9 puts it. It shares the words of the core, and none of its rules.

use std::collections::BTreeMap;

use probant_core::{
    Fingerprint, Hash, LedgerId, List, Statement,
    key::{Kid, Use},
    status::{
        Fall, IssuerState, IssuerStatus, KeyState, KeyStatus, Reason, Slot, Standing, Status,
    },
};

use crate::{
    judged::{Judged, flaw_at},
    map,
    said::Said,
};

pub struct Model {
    pub said: Vec<Said>,
    /// The slots of keys and issuers: what is `current` or `reinstated` has a history.
    marks: BTreeMap<Slot, Status>,
    pub ledger: LedgerId,
    /// Time, height and next entry of the open block.
    pub time_ms: u64,
    height: u64,
    entry: u64,
}

impl Model {
    /// After block 0.
    pub fn of(genesis: Statement, time_ms: u64) -> Self {
        let ledger = LedgerId(genesis.leaf());
        let marks = BTreeMap::new();
        let mut model = Self { said: Vec::new(), marks, ledger, time_ms, height: 0, entry: 0 };
        model.accept(genesis, None);
        model.seal();
        model
    }

    /// The time of the open block is chosen.
    pub fn open(&mut self, time_ms: u64) {
        self.time_ms = time_ms;
    }

    pub fn accept(&mut self, statement: Statement, list: Option<List>) -> u64 {
        let (entry, height, time_ms) = (self.entry, self.height, self.time_ms);
        self.said.push(Said { entry, height, time_ms, statement, list });
        self.entry += 1;
        self.settle();
        entry
    }

    /// The block ends: its own statement is the last, and replacements take effect.
    pub fn seal(&mut self) {
        self.entry += 1;
        self.height += 1;
        self.settle();
    }

    pub fn judged(&self) -> Judged {
        Judged::of(&self.said, self.height)
    }

    /// Sets what has another value than before (9.3, 3 and 4).
    fn settle(&mut self) {
        let (judged, newest) = (self.judged(), self.said.last().expect("genesis").clone());
        for (kid, key) in &judged.keys {
            let undone = newest.key_status(KeyState::Current, newest.time_ms);
            let value = key.value.map(Status::Key);
            self.set(Slot::key(&key.owner, kid), value, Status::Key(undone));
        }
        for id in judged.issuers.keys() {
            let undone = newest.issuer_status(IssuerState::Reinstated);
            let value = judged.issuer_values.get(id).copied().map(Status::Issuer);
            self.set(Slot::issuer(id), value, Status::Issuer(undone));
        }
    }

    fn set(&mut self, slot: Slot, value: Option<Status>, undone: Status) {
        if let Some(value) = value {
            self.marks.insert(slot, value);
        } else if self.marks.get(&slot).is_some_and(|before| !is_undone(before)) {
            self.marks.insert(slot, undone);
        }
    }

    /// What is in the slot of a key.
    pub fn key_value(&self, owner: &str, kid: &Kid) -> Option<KeyStatus> {
        match self.marks.get(&Slot::key(owner, kid)) {
            Some(Status::Key(value)) => Some(*value),
            _ => None,
        }
    }

    pub fn compromised_since(&self, owner: &str, kid: &Kid) -> Option<u64> {
        let value = self.key_value(owner, kid)?;
        (value.state == KeyState::Compromised).then_some(value.since_ms)
    }

    /// What is in the slot of an issuer.
    pub fn issuer_value(&self, id: &str) -> Option<IssuerStatus> {
        match self.marks.get(&Slot::issuer(id)) {
            Some(Status::Issuer(value)) => Some(*value),
            _ => None,
        }
    }

    pub fn is_suspended(&self, id: &str) -> bool {
        self.issuer_value(id).is_some_and(|value| value.state == IssuerState::Suspended)
    }

    /// Whether a key may sign, or something may become of it.
    pub fn is_in_force(&self, now: &Judged, kid: &Kid) -> bool {
        now.keys.get(kid).is_some_and(|key| {
            let value = self.key_value(&key.owner, kid);
            !key.waits && value.is_none_or(|value| value.state == KeyState::Current)
        })
    }

    /// Whether an issuer is enrolled, and not void.
    pub fn is_enrolled(now: &Judged, id: &str) -> bool {
        now.issuers.get(id).is_some_and(|issuer| issuer.void.is_none())
    }

    pub fn next_seq(&self, subject: &str) -> u64 {
        let about = |said: &Said| said.subjects().iter().filter(|of| *of == subject).count() as u64;
        1 + self.said.iter().map(about).sum::<u64>()
    }

    /// What is in the slots of a document: each revoke of its issuer that names it, in order, the
    /// last of sixteen replaced.
    pub fn falls(&self, issuer: &str, document: &Fingerprint) -> Vec<Fall> {
        let mut falls = Vec::new();
        for said in self.said.iter().filter(|said| said.statement.issuer() == issuer) {
            let (Some(revoke), Some(list)) = (said.statement.as_revoke(), &said.list) else {
                continue;
            };
            if let Some((_, replacement)) = list.pairs().find(|(old, _)| old == document) {
                let (entry, time_ms, kid) = (said.entry, said.time_ms, said.by());
                falls.truncate(15);
                falls.push(Fall { entry, time_ms, kid, reason: revoke.reason, replacement });
            }
        }
        falls
    }

    /// The first fall of a document, for this issuer, by an act that stands.
    pub fn has_fallen(&self, issuer: &str, document: &Fingerprint) -> Option<Fall> {
        let flaw = |fall: &Fall| flaw_at(self.key_value(issuer, &fall.kid), fall.time_ms);
        self.falls(issuer, document).into_iter().find(|fall| flaw(fall).is_none())
    }

    /// Whether a certification stands (9.4).
    pub fn standing(&self, certified: &Said, document: &Fingerprint) -> Standing {
        let issuer = certified.statement.issuer();
        let value = self.key_value(issuer, &certified.by());
        if let Some(flaw) = flaw_at(value, certified.time_ms) {
            return Standing::Distrusted(flaw);
        }
        match self.has_fallen(issuer, document) {
            None => Standing::Certified,
            Some(fall) if fall.reason == Reason::Superseded => Standing::Superseded(fall),
            Some(fall) => Standing::Revoked(fall),
        }
    }

    pub fn has_certified(&self, issuer: &str, document: &Fingerprint) -> bool {
        let by_issuer = |said: &&Said| said.statement.issuer() == issuer;
        self.said.iter().filter(by_issuer).any(|said| said.certifies(document))
    }

    pub fn documents_certified(&self) -> u64 {
        let count = |said: &Said| said.list.as_ref().map_or(0, List::count) as u64;
        self.said.iter().filter(|said| said.statement.as_certify().is_some()).map(count).sum()
    }

    /// Every slot that holds something.
    pub fn slots(&self) -> BTreeMap<Slot, Status> {
        let mut slots = self.marks.clone();
        for said in self.said.iter().filter(|said| said.statement.as_revoke().is_some()) {
            let issuer = said.statement.issuer();
            for document in said.list.iter().flat_map(List::iter) {
                for (fall, nth) in self.falls(issuer, &document).into_iter().zip(0..) {
                    slots.insert(Slot::fall(issuer, &document, nth), Status::Document(fall));
                }
            }
        }
        slots
    }

    pub fn status_root(&self) -> Hash {
        map::root(&self.slots())
    }

    pub fn own_key(&self, r#use: Use) -> Kid {
        self.judged().own[&r#use]
    }
}

fn is_undone(status: &Status) -> bool {
    match status {
        Status::Key(value) => value.state == KeyState::Current,
        Status::Issuer(value) => value.state == IssuerState::Reinstated,
        Status::Document(_) => false,
    }
}
