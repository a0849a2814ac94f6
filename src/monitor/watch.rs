//! What a block says about one issuer. It has been replayed before.

use std::collections::BTreeMap;

use probant_core::{
    Identity, IssuerId, Statement,
    block::Block,
    key::{Kid, Use},
    registry::Registry,
    statement::{Body, Enroll, IssuerRecord, IssuerStatement, KeyAct, KeyStatement},
    status::IssuerState,
};

use super::{
    report::{Event, Report},
    resemblance::Appearance,
};
use crate::clock::utc;

/// Who is watched.
pub struct Watch {
    id: IssuerId,
    /// Keys whose statements are the user's own.
    known: Vec<Kid>,
    /// By its newest enrollment; before that, its id alone.
    own: Appearance,
}

/// Where something was said.
#[derive(Clone, Copy)]
struct Place<'a> {
    ledger: &'a Identity,
    block: u64,
    time_ms: u64,
}

impl Watch {
    /// An issuer that may not be enrolled yet: nobody is to take its place.
    pub fn new(id: IssuerId, known: Vec<Kid>) -> Self {
        let nothing = String::new;
        let record =
            IssuerRecord { legal_name: nothing(), country: nothing(), registration: nothing() };
        let own = Appearance::new(&id, &record);
        Self { id, known, own }
    }

    /// Takes it as it is enrolled by now, where older blocks are not read again.
    pub fn recall(&mut self, registry: &Registry) {
        if let Some(issuer) = registry.issuer(self.id.as_str()) {
            self.own = Appearance::new(&self.id, &issuer.record);
        }
    }

    /// The issuer that is watched.
    pub fn id(&self) -> &IssuerId {
        &self.id
    }

    /// What the newest block says about it, in the order of its entries; `registry` is that after it.
    pub fn read(&mut self, block: &Block, registry: &Registry) -> Vec<Report> {
        let (header, ledger) = (block.header(), registry.identity());
        let place = Place { ledger: &ledger, block: header.height, time_ms: header.time_ms };
        let mut reports = Vec::new();
        let mut certified: BTreeMap<Kid, (u64, u64, u64)> = BTreeMap::new();
        for (index, statement) in (header.first..).zip(&block.entries) {
            if statement.as_certify().is_some() && statement.issuer() == self.id.as_str() {
                let (_, statements, documents) =
                    certified.entry(statement.kid()).or_insert((index, 0, 0));
                *statements += 1;
                *documents += statement.documents();
            } else if let Some(event) = self.event(statement, registry) {
                let expected = self.expects(&event, statement.kid());
                reports.push(self.report(place, (index, Some(statement.kid()), expected), event));
            }
            if let Body::Enroll(enroll) = statement.body() {
                reports.extend(self.resembling(enroll, index, (place, registry)));
            }
        }
        for (kid, (first, statements, documents)) in certified {
            let expected = self.known.contains(&kid);
            let event = Event::Certified { statements, documents };
            reports.push(self.report(place, (first, Some(kid), expected), event));
        }
        reports.sort_by_key(|report| report.entry);
        reports
    }

    /// What a statement other than a certification says about it, or about everybody.
    fn event(&self, statement: &Statement, registry: &Registry) -> Option<Event> {
        let is_own = |id: &IssuerId| *id == self.id;
        match statement.body() {
            Body::Revoke(revoke) if statement.issuer() == self.id.as_str() => {
                let reason = revoke.reason.name().to_owned();
                Some(Event::Revoked { documents: revoke.listed.count.into(), reason })
            }
            Body::Enroll(Enroll { id, record, key, .. }) if is_own(id) => {
                let IssuerRecord { legal_name, country, registration } = record.clone();
                let key = key.kid().to_string();
                Some(Event::Enrolled { legal_name, country, registration, key })
            }
            Body::Issuer(IssuerStatement { id, state, .. }) if is_own(id) => Some(match state {
                IssuerState::Suspended => Event::Suspended,
                IssuerState::Reinstated => Event::Reinstated,
            }),
            Body::Policy(body) => {
                Some(Event::Policy { list_count_max: body.policy.list_count_max })
            }
            Body::Key(body) => self.key_event(body, statement, registry),
            _ => None,
        }
    }

    fn key_event(
        &self,
        KeyStatement { kid, act, .. }: &KeyStatement,
        statement: &Statement,
        registry: &Registry,
    ) -> Option<Event> {
        let signer = registry.key(kid)?;
        let key = kid.to_string();
        if signer.r#use != Use::Issuer {
            let (act, r#use) = (act.name().to_owned(), signer.r#use.name().to_owned());
            return Some(Event::LedgerKey { act, r#use, key });
        }
        if signer.owner != self.id.as_str() {
            return None;
        }
        Some(match act {
            KeyAct::Add { .. } => {
                let by_operator = statement.issuer() != self.id.as_str();
                Event::KeyAdded { key, by_operator }
            }
            KeyAct::Retire => Event::KeyRetired { key },
            KeyAct::Stop => Event::KeyStopped { key },
            KeyAct::Compromise { since_ms } => Event::KeyCompromised { key, since_ms: *since_ms },
            KeyAct::Replace { .. } => return None,
        })
    }

    /// The user's own keys certify, revoke and bring keys that the user knows.
    fn expects(&self, event: &Event, by: Kid) -> bool {
        let knows = |key: &String| self.known.iter().any(|kid| kid.to_string() == *key);
        match event {
            Event::Revoked { .. } => self.known.contains(&by),
            Event::KeyAdded { key, by_operator: false } => self.known.contains(&by) && knows(key),
            Event::Enrolled { key, .. } => knows(key),
            _ => false,
        }
    }

    /// Whoever is enrolled and resembles it; with its own enrollment, whoever was there before.
    fn resembling(
        &mut self,
        enroll: &Enroll,
        index: u64,
        (place, registry): (Place<'_>, &Registry),
    ) -> Vec<Report> {
        if enroll.id != self.id {
            let other = Appearance::new(&enroll.id, &enroll.record);
            let event = self.resembles(&enroll.id, &enroll.record, &other);
            let report = event.map(|event| self.report(place, (index, None, false), event));
            return report.into_iter().collect();
        }
        self.own = Appearance::new(&self.id, &enroll.record);
        let before = registry.issuers().filter(|(_, issuer)| issuer.enrolled.entry < index);
        let events = before.filter_map(|(id, issuer)| {
            let other = Appearance::new(id, &issuer.record);
            let event = self.resembles(id, &issuer.record, &other)?;
            Some(self.report(place, (issuer.enrolled.entry, None, false), event))
        });
        events.collect()
    }

    fn resembles(&self, id: &IssuerId, record: &IssuerRecord, other: &Appearance) -> Option<Event> {
        let likenesses = self.own.likenesses(other);
        let IssuerRecord { legal_name, country, registration } = record.clone();
        let other = id.to_string();
        (!likenesses.is_empty()).then_some(Event::Resembling {
            other,
            legal_name,
            country,
            registration,
            likenesses,
        })
    }

    /// The same event in the same block has the same id, whenever it is read.
    fn report(
        &self,
        place: Place<'_>,
        (entry, kid, expected): (u64, Option<Kid>, bool),
        event: Event,
    ) -> Report {
        let Place { ledger, block, time_ms } = place;
        let kid = kid.map(|kid| kid.to_string());
        Report {
            id: format!("{}-{block}-{entry}-{}", ledger.ledger, event.name()),
            expected,
            ledger: ledger.to_string(),
            issuer: self.id.to_string(),
            time_ms,
            time: utc(time_ms),
            block: Some(block),
            entry: Some(entry),
            kid,
            event,
        }
    }

    /// A report of what no block says, found out now.
    pub fn condition(
        &self,
        ledger: &Identity,
        now_ms: u64,
        expected: bool,
        event: Event,
    ) -> Report {
        Report {
            id: format!("{}-{now_ms}-{}", ledger.ledger, event.name()),
            expected,
            ledger: ledger.to_string(),
            issuer: self.id.to_string(),
            time_ms: now_ms,
            time: utc(now_ms),
            block: None,
            entry: None,
            kid: None,
            event,
        }
    }
}
