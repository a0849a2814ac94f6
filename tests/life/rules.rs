//! Who may say what (format.md 9.1): the checks in their order, the first that fails decides.

use probant_core::{
    List, Statement,
    key::{Kid, Use},
    statement::{Body, Enroll, KeyAct, KeyStatement},
    status::IssuerState,
};

use crate::{
    cast::{self, HOST, ORIGIN},
    judged::{Judged, Key},
    model::Model,
};

/// The code of a refusal.
pub type Code = &'static str;
type Checked = Result<(), Code>;

const AHEAD_S: u64 = 300;
const WITHHELD_S: u64 = 2_592_000;

fn must(holds: bool, code: Code) -> Checked {
    if holds { Ok(()) } else { Err(code) }
}

impl Model {
    /// Whether the rules refuse a statement as the next entry of the open block.
    pub fn refusal(&self, statement: &Statement, list: Option<&List>) -> Option<Code> {
        self.check(statement, list).err()
    }

    fn check(&self, statement: &Statement, list: Option<&List>) -> Checked {
        let now = self.judged();
        must(statement.as_block().is_none(), "misplaced")?;
        let audience = format!("probant:{}", self.ledger);
        must(statement.audience().is_none_or(|aud| aud == audience), "audience")?;
        let signer = now.keys.get(&statement.kid()).ok_or("unknown-key")?;
        must(statement.issuer() == signer.owner, "issuer")?;
        must(!matches!(statement.body(), Body::Genesis(_)), "misplaced")?;
        must(uses(&now, statement.body()).contains(&signer.r#use), "key-use")?;
        must(self.is_in_force(&now, &statement.kid()), "key-state")?;
        must(!self.is_suspended(&signer.owner), "issuer-state")?;
        self.check_table(&now, signer, statement)?;
        self.check_times(statement)?;
        self.check_fallen(statement, list)
    }

    fn check_table(&self, now: &Judged, signer: &Key, statement: &Statement) -> Checked {
        match statement.body() {
            Body::Enroll(enroll) => self.check_enroll(now, enroll),
            Body::Key(about) => self.check_key(now, signer, about),
            Body::Issuer(about) => {
                let id = about.id.as_str();
                must(Self::is_enrolled(now, id), "issuer-unknown")?;
                let suspends = about.state == IssuerState::Suspended;
                must(self.is_suspended(id) != suspends, "issuer-state")?;
                self.check_seq(&format!("issuer:{id}"), about.seq)
            }
            Body::Policy(about) => self.check_seq("policy", about.seq),
            Body::Certify(certify) => {
                must(u64::from(certify.listed.count) <= now.list_count_max, "list-count")
            }
            Body::Revoke(revoke) => {
                must(u64::from(revoke.listed.count) <= now.list_count_max, "list-count")
            }
            Body::Genesis(_) | Body::Block(_) => unreachable!("refused before"),
        }
    }

    fn check_enroll(&self, now: &Judged, enroll: &Enroll) -> Checked {
        let id = enroll.id.as_str();
        must(id != ORIGIN && id != HOST, "issuer-reserved")?;
        must(!Self::is_enrolled(now, id), "issuer-exists")?;
        let kid = enroll.key.kid();
        must(!now.keys.contains_key(&kid), "key-in-use")?;
        self.check_seq(&format!("issuer:{id}"), enroll.seq)?;
        self.check_possession(&kid, Use::Issuer, id, enroll.seq, &enroll.possession)
    }

    fn check_key(&self, now: &Judged, signer: &Key, about: &KeyStatement) -> Checked {
        let KeyStatement { seq, kid, act } = about;
        match act {
            KeyAct::Add { issuer, held } => {
                let id = issuer.as_str();
                must(signer.r#use == Use::Operator || signer.owner == id, "issuer")?;
                must(Self::is_enrolled(now, id), "issuer-unknown")?;
                must(!now.keys.contains_key(kid), "key-in-use")?;
                self.check_seq(&format!("key:{kid}"), *seq)?;
                self.check_possession(kid, Use::Issuer, id, *seq, &held.possession)
            }
            KeyAct::Replace { r#use, held } => {
                must(!now.keys.contains_key(kid), "key-in-use")?;
                self.check_seq(&format!("key:{kid}"), *seq)?;
                self.check_possession(kid, *r#use, ORIGIN, *seq, &held.possession)
            }
            KeyAct::Retire => self.check_end(now, signer, about, true),
            KeyAct::Stop => self.check_end(now, signer, about, false),
            KeyAct::Compromise { since_ms } => self.check_report(now, about, *since_ms),
        }
    }

    fn check_end(
        &self,
        now: &Judged,
        signer: &Key,
        about: &KeyStatement,
        another_must_stay: bool,
    ) -> Checked {
        let key = now.keys.get(&about.kid).ok_or("unknown-key")?;
        must(key.r#use == Use::Issuer, "field")?;
        must(signer.r#use == Use::Operator || key.owner == signer.owner, "issuer")?;
        must(self.is_in_force(now, &about.kid), "key-state")?;
        let is_sibling = |(kid, of): &(&Kid, &Key)| of.owner == key.owner && **kid != about.kid;
        let mut siblings = now.keys.iter().filter(is_sibling);
        let another_stays = siblings.any(|(kid, _)| self.is_in_force(now, kid));
        must(another_stays || !another_must_stay, "last-key")?;
        self.check_seq(&format!("key:{}", about.kid), about.seq)
    }

    fn check_report(&self, now: &Judged, about: &KeyStatement, since_ms: u64) -> Checked {
        let key = now.keys.get(&about.kid).ok_or("unknown-key")?;
        must(matches!(key.r#use, Use::Issuer | Use::Operator), "field")?;
        must((key.brought.time_ms..=self.time_ms).contains(&since_ms), "since")?;
        let known = self.compromised_since(&key.owner, &about.kid);
        must(known.is_none_or(|known| since_ms < known), "key-state")?;
        self.check_seq(&format!("key:{}", about.kid), about.seq)
    }

    fn check_seq(&self, subject: &str, seq: u64) -> Checked {
        must(seq == self.next_seq(subject), "sequence")
    }

    /// Possessions are made in one way only, so the right one can be made again.
    fn check_possession(
        &self,
        kid: &Kid,
        r#use: Use,
        owner: &str,
        seq: u64,
        found: &[u8],
    ) -> Checked {
        let right = cast::held(kid, r#use, owner, seq, self.ledger);
        must(found == right.possession, "possession")
    }

    fn check_times(&self, statement: &Statement) -> Checked {
        let (iat_s, time_s) = (statement.issued_at_s(), self.time_ms / 1000);
        must(iat_s <= time_s + AHEAD_S, "future")?;
        let may_be_withheld = matches!(statement.body(), Body::Certify(_) | Body::Revoke(_));
        must(may_be_withheld || iat_s + WITHHELD_S >= time_s, "stale")
    }

    fn check_fallen(&self, statement: &Statement, list: Option<&List>) -> Checked {
        let revoked = list.filter(|_| statement.as_revoke().is_some());
        let fallen = |document| self.has_fallen(statement.issuer(), &document).is_some();
        must(!revoked.is_some_and(|list| list.iter().any(fallen)), "fallen")
    }
}

/// The uses of keys that may sign it.
fn uses(now: &Judged, body: &Body) -> &'static [Use] {
    match body {
        Body::Genesis(_) | Body::Block(_) => &[],
        Body::Enroll(_) | Body::Issuer(_) | Body::Policy(_) => &[Use::Operator],
        Body::Certify(_) | Body::Revoke(_) => &[Use::Issuer],
        Body::Key(KeyStatement { kid, act, .. }) => match act {
            KeyAct::Add { .. } | KeyAct::Retire | KeyAct::Stop => &[Use::Operator, Use::Issuer],
            KeyAct::Replace { r#use: Use::Operator | Use::Recovery, .. } => &[Use::Recovery],
            KeyAct::Replace { .. } => &[Use::Operator],
            KeyAct::Compromise { .. } => match now.keys.get(kid).map(|key| key.r#use) {
                Some(Use::Operator) => &[Use::Recovery],
                _ => &[Use::Operator],
            },
        },
    }
}
