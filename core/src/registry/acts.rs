//! What statements do to the registry, and what becomes of that when a key turns out to have been
//! in other hands: what it said from then on counts as never said, and so do the keys that it
//! brought (format.md 9.3).
//!
//! Acts are kept in order. A report of a key has those judged again that it may change; anything
//! else is taken as it comes. Both are the same code, so a registry never depends on how it was reached.

use std::{collections::HashMap, sync::Arc};

use crate::{
    IssuerId,
    cose_key::CoseKey,
    key::{Kid, Use},
    statement::{Body, Enroll, IssuerStatement, KeyAct, KeyStatement, Statement},
    status::{IssuerState, IssuerStatus, KeyState, KeyStatus, Slot, Status},
};

use super::{Act, Issuer, Registry, Signer, position};

/// What changed in the map of statuses.
pub type Changes = Vec<(Slot, Status)>;

/// Why an act counts as never said: the report that made it so.
#[derive(Clone, Copy)]
struct Flaw {
    entry: u64,
    by: Kid,
}

/// What had become of keys and issuers before they were judged again.
struct Statuses {
    keys: Vec<(Kid, Option<KeyStatus>)>,
    issuers: Vec<(IssuerId, Option<IssuerStatus>)>,
}

/// Reports of keys that stand, each with the earliest time reported.
type Reports = HashMap<Kid, KeyStatus>;

impl Registry {
    /// Takes a statement that [`Registry::admit`] has just let pass, at its final index, and says
    /// what it changes in the map of statuses.
    pub fn apply(&mut self, statement: &Statement, entry: u64, time_ms: u64) -> Changes {
        if !Self::is_changed_by(statement) {
            return Vec::new();
        }
        let act = Act { entry, time_ms, by: statement.kid() };
        let body = statement.body();
        if let Body::Key(KeyStatement { act: KeyAct::Replace { r#use, held }, .. }) = body {
            self.add_ledger_key(*r#use, &held.key, act);
            self.due.push((act, *r#use, held.key.kid()));
            return Vec::new();
        }
        *self.accepted.entry(statement.subject().to_owned()).or_default() += 1;
        if let Body::Enroll(Enroll { key, .. }) = body {
            *self.accepted.entry(format!("key:{}", key.kid())).or_default() += 1;
        }
        self.acts.push((act, Arc::new(body.clone())));
        match body {
            Body::Key(KeyStatement { kid, act: KeyAct::Compromise { .. }, .. }) => {
                self.judge_again(act, *kid)
            }
            _ => self.take(act, body, None, &Reports::new()),
        }
    }

    /// Puts the replacements of a block into force, after its last entry: the keys that they
    /// replace are retired as of its time.
    pub fn end_block(&mut self, time_ms: u64) -> Changes {
        let mut changes = Vec::new();
        for (act, r#use, new) in std::mem::take(&mut self.due) {
            let keys = &self.ledger_keys[position(r#use)];
            let at = keys.iter().position(|(_, kid)| *kid == new).expect("added when it came");
            // The first one of an optional use replaces none.
            let Some((_, old)) = at.checked_sub(1).map(|before| keys[before]) else { continue };
            let signer = self.signers.get_mut(&old).expect("a key of the ledger");
            // What was reported stays reported.
            if signer.is_current() {
                let (entry, by) = (act.entry, act.by);
                let state = KeyState::Retired;
                signer.status = Some(KeyStatus { state, since_ms: time_ms, entry, by });
                changes.extend(key_change(signer));
            }
        }
        changes
    }

    /// What an act does; with a flaw, nothing but bring keys that are void.
    fn take(&mut self, act: Act, body: &Body, flaw: Option<Flaw>, reports: &Reports) -> Changes {
        let Act { entry, time_ms: since_ms, by } = act;
        match body {
            Body::Enroll(enroll) => self.take_enroll(act, enroll, flaw, reports),
            Body::Key(KeyStatement { act: KeyAct::Add { issuer, held }, .. }) => {
                self.take_key(act, issuer, &held.key, flaw, reports)
            }
            _ if flaw.is_some() => Vec::new(),
            Body::Key(KeyStatement { kid, act, .. }) => {
                let state = match act {
                    KeyAct::Retire => KeyState::Retired,
                    KeyAct::Stop => KeyState::Stopped,
                    KeyAct::Add { .. } | KeyAct::Replace { .. } | KeyAct::Compromise { .. } => {
                        return Vec::new();
                    }
                };
                let signer = self.signers.get_mut(kid).expect("admitted for a known key");
                // A report, or the void, says more.
                if !signer.is_current() {
                    return Vec::new();
                }
                signer.status = Some(KeyStatus { state, since_ms, entry, by });
                key_change(signer).into_iter().collect()
            }
            Body::Issuer(IssuerStatement { id, state, .. }) => {
                let issuer = self.issuers.get_mut(id).expect("admitted for an issuer");
                issuer.status = Some(IssuerStatus { state: *state, since_ms, entry, by });
                issuer_change(id, issuer).into_iter().collect()
            }
            Body::Policy(statement) => {
                self.policy = statement.policy.clone();
                Vec::new()
            }
            Body::Genesis(_) | Body::Certify(_) | Body::Revoke(_) | Body::Block(_) => Vec::new(),
        }
    }

    fn take_enroll(
        &mut self,
        act: Act,
        enroll: &Enroll,
        flaw: Option<Flaw>,
        reports: &Reports,
    ) -> Changes {
        let Enroll { id, record, key, .. } = enroll;
        let (record, keys) = (record.clone(), Vec::new());
        // Enrolled again, because its enrollment was void, it is as suspended as it was.
        let status = self.issuers.get(id).and_then(|issuer| issuer.status);
        let issuer = Issuer { record, enrolled: act, void: flaw.is_some(), keys, status };
        self.issuers.insert(id.clone(), issuer);
        self.take_key(act, id, &key.clone().into(), flaw, reports)
    }

    /// A key that an issuer is given: void where its giving is flawed, or the issuer itself.
    fn take_key(
        &mut self,
        act: Act,
        id: &IssuerId,
        key: &CoseKey,
        flaw: Option<Flaw>,
        reports: &Reports,
    ) -> Changes {
        let issuer = self.issuers.get_mut(id).expect("admitted for an issuer");
        let kid = key.kid();
        issuer.keys.push(kid);
        let enrolled = issuer.enrolled;
        let of_issuer = if issuer.void { self.flaw(&enrolled) } else { None };
        let status = match flaw.or(of_issuer) {
            Some(Flaw { entry, by }) => {
                Some(KeyStatus { state: KeyState::Void, since_ms: act.time_ms, entry, by })
            }
            None => reports.get(&kid).copied(),
        };
        let (key, owner) = (key.clone(), id.to_string());
        let by = &self.signers[&act.by];
        let depth = if by.r#use == Use::Issuer { by.depth + 1 } else { 0 };
        let (r#use, enrollment) = (Use::Issuer, enrolled.entry);
        let signer = Signer { key, r#use, owner, added: act, enrollment, depth, status };
        let change = key_change(&signer);
        self.signers.insert(kid, signer);
        change.into_iter().collect()
    }

    /// Judges again what the newest report, `act` about a key, may change: all that was said about
    /// its issuer or, if it is an operator's, all.
    fn judge_again(&mut self, act: Act, reported: Kid) -> Changes {
        let signer = &self.signers[&reported];
        let scope = Some(signer.owner.clone()).filter(|_| signer.r#use == Use::Issuer);
        let concerned = |owner: &str| scope.as_ref().is_none_or(|scope| scope == owner);
        let before = self.statuses(concerned);
        let reports = self.reports();
        for (kid, signer) in &mut self.signers {
            if let Some(report) = reports.get(kid).filter(|_| concerned(&signer.owner)) {
                signer.status = Some(*report);
            }
        }
        self.issuers.retain(|id, _| !concerned(id.as_str()));
        if scope.is_none() {
            self.policy = self.founding_policy.clone();
        }
        for (act, body) in self.acts.clone() {
            if self.about(&body).is_none_or(concerned) {
                let flaw = self.flaw(&act);
                self.take(act, &body, flaw, &reports);
            }
        }
        self.differences(before, act)
    }

    /// Whom an act is about; `None` for everybody.
    fn about<'a>(&'a self, body: &'a Body) -> Option<&'a str> {
        match body {
            Body::Enroll(enroll) => Some(enroll.id.as_str()),
            Body::Issuer(about) => Some(about.id.as_str()),
            Body::Key(KeyStatement { act: KeyAct::Add { issuer, .. }, .. }) => {
                Some(issuer.as_str())
            }
            Body::Key(KeyStatement { kid, .. }) => Some(&self.signers[kid].owner),
            _ => None,
        }
    }

    fn statuses(&self, concerned: impl Fn(&str) -> bool) -> Statuses {
        let keys = self.signers.iter().filter(|(_, signer)| concerned(&signer.owner));
        let issuers = self.issuers.iter().filter(|(id, _)| concerned(id.as_str()));
        Statuses {
            keys: keys.map(|(kid, signer)| (*kid, signer.status)).collect(),
            issuers: issuers.map(|(id, issuer)| (id.clone(), issuer.status)).collect(),
        }
    }

    /// The reports that stand: those of operator keys first, which decide about those by them.
    fn reports(&self) -> Reports {
        let mut reports = Reports::new();
        for level in [Use::Recovery, Use::Operator] {
            for (act, body) in &self.acts {
                let Body::Key(KeyStatement { kid, act: KeyAct::Compromise { since_ms }, .. }) =
                    &**body
                else {
                    continue;
                };
                let flawed = reports.get(&act.by).is_some_and(|of| of.voids(act.time_ms));
                if self.signers[&act.by].r#use != level || flawed {
                    continue;
                }
                let (state, entry, by) = (KeyState::Compromised, act.entry, act.by);
                let report = KeyStatus { state, since_ms: *since_ms, entry, by };
                let earliest = reports.entry(*kid).or_insert_with(|| report);
                if report.since_ms < earliest.since_ms {
                    *earliest = report;
                }
            }
        }
        reports
    }

    /// Why an act counts as never said, as keys stand now; `None` where it stands.
    fn flaw(&self, act: &Act) -> Option<Flaw> {
        let status = self.signers[&act.by].flaw_at(act.time_ms)?;
        Some(Flaw { entry: status.entry, by: status.by })
    }

    /// What became of keys and issuers, against before. A fall that was undone leaves a trace:
    /// nothing is ever deleted from the map.
    fn differences(&mut self, before: Statuses, act: Act) -> Changes {
        let Act { entry, time_ms: since_ms, by } = act;
        let mut changes = Vec::new();
        for (kid, old) in before.keys {
            let signer = self.signers.get_mut(&kid).expect("no key is forgotten");
            if signer.status.is_none() {
                signer.status = old.map(|old| match old.state {
                    KeyState::Current => old,
                    _ => KeyStatus { state: KeyState::Current, since_ms, entry, by },
                });
            }
            if signer.status != old {
                changes.extend(key_change(signer));
            }
        }
        for (id, old) in before.issuers {
            let issuer = self.issuers.get_mut(&id).expect("no issuer is forgotten");
            if issuer.status.is_none() {
                issuer.status = old.map(|old| match old.state {
                    IssuerState::Reinstated => old,
                    IssuerState::Suspended => {
                        IssuerStatus { state: IssuerState::Reinstated, since_ms, entry, by }
                    }
                });
            }
            if issuer.status != old {
                changes.extend(issuer_change(&id, issuer));
            }
        }
        changes
    }
}

fn key_change(signer: &Signer) -> Option<(Slot, Status)> {
    let slot = Slot::key(&signer.owner, &signer.key.kid());
    signer.status.map(|status| (slot, Status::Key(status)))
}

fn issuer_change(id: &IssuerId, issuer: &Issuer) -> Option<(Slot, Status)> {
    let slot = Slot::issuer(id.as_str());
    issuer.status.map(|status| (slot, Status::Issuer(status)))
}
