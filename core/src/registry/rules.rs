//! The rules: who may sign what, in which state (the tables of format.md 9). Nothing changes here.

use crate::{
    IssuerId, Rejected,
    key::{Kid, Use},
    statement::{
        Body, Enroll, HeldKey, IssuerStatement, KeyAct, KeyStatement, PolicyStatement, Statement,
    },
    status::{IssuerState, KeyState},
};

use super::{Issuer, Registry, Signer};

/// How far ahead of block time a statement's own time may be.
pub const AHEAD_S_MAX: u64 = 5 * 60;
/// How long a statement that changes the registry may be withheld before it is admitted.
pub const WITHHELD_S_MAX: u64 = 30 * 24 * 60 * 60;
/// Most keys that an issuer is ever given.
pub const KEYS_MAX: usize = 1024;
/// Most additions that lead from what the operator signed to a key.
pub const DEPTH_MAX: u16 = 64;

impl Registry {
    /// Who must have signed a statement, if it may be sealed at `time_ms`. Its signature is for the
    /// caller to check, and so is what [`crate::status`] knows of the documents that it names.
    ///
    /// # Errors
    /// The refusals of keys and rules.
    pub fn admit(&self, statement: &Statement, time_ms: u64) -> Result<&Signer, Rejected> {
        let signer = self.speaker(statement)?;
        self.check_state(statement.kid(), signer)?;
        match statement.body() {
            Body::Genesis(_) | Body::Block(_) => {}
            Body::Enroll(enroll) => self.check_enroll(enroll)?,
            Body::Key(about) => self.check_key(about, signer, time_ms)?,
            Body::Issuer(about) => self.check_issuer(about)?,
            Body::Policy(PolicyStatement { seq, .. }) => self.check_seq("policy", *seq)?,
            Body::Certify(certify) => self.check_count(certify.listed.count)?,
            Body::Revoke(revoke) => self.check_count(revoke.listed.count)?,
        }
        Self::check_time(statement, time_ms)?;
        Ok(signer)
    }

    /// Who must have signed a statement, whatever became of that key since: it is known, is its
    /// author's, has a use that the kind wants, and the statement is for this ledger.
    ///
    /// # Errors
    /// The refusals of keys.
    pub(crate) fn speaker(&self, statement: &Statement) -> Result<&Signer, Rejected> {
        let expected = self.ledger.audience();
        if statement.audience().is_some_and(|found| found != expected) {
            let found = statement.audience().unwrap_or_default().to_owned();
            return Err(Rejected::Audience { found, expected });
        }
        let kid = statement.kid();
        let signer = self.signers.get(&kid).ok_or_else(|| Rejected::UnknownKey(kid.to_string()))?;
        if statement.issuer() != signer.owner {
            let (claimed, owner) = (statement.issuer().to_owned(), signer.owner.clone());
            return Err(Rejected::Issuer { claimed, owner });
        }
        if !self.may_sign(signer.r#use, statement.body())? {
            let (found, kind) = (signer.r#use.name(), statement.body().kind());
            return Err(Rejected::KeyUse { found, kind });
        }
        Ok(signer)
    }

    fn may_sign(&self, found: Use, body: &Body) -> Result<bool, Rejected> {
        Ok(match body {
            Body::Genesis(_) => return Err(Rejected::Misplaced(body.kind())),
            Body::Block(_) => found == Use::Seal,
            Body::Enroll(_) | Body::Issuer(_) | Body::Policy(_) => found == Use::Operator,
            Body::Certify(_) | Body::Revoke(_) => found == Use::Issuer,
            Body::Key(KeyStatement { act, kid, .. }) => match act {
                KeyAct::Add { .. } | KeyAct::Retire | KeyAct::Stop => {
                    matches!(found, Use::Operator | Use::Issuer)
                }
                KeyAct::Replace { r#use: Use::Seal | Use::Note | Use::NoteMlDsa, .. } => {
                    found == Use::Operator
                }
                KeyAct::Replace { .. } => found == Use::Recovery,
                // Voiding goes strictly downwards: recovery over operator over issuers.
                KeyAct::Compromise { .. } => match self.signers.get(kid).map(|of| of.r#use) {
                    Some(Use::Operator) => found == Use::Recovery,
                    _ => found == Use::Operator,
                },
            },
        })
    }

    /// A key that signs is current, and its issuer is not suspended.
    fn check_state(&self, kid: Kid, signer: &Signer) -> Result<(), Rejected> {
        if !signer.is_current() {
            return Err(key_state(kid, signer));
        }
        if signer.r#use == Use::Issuer {
            let issuer = self.issuer(&signer.owner).expect("an issuer key has an issuer");
            return if issuer.is_suspended() {
                Err(issuer_state(&signer.owner, issuer))
            } else {
                Ok(())
            };
        }
        if self.own_key(signer.r#use).is_some_and(|key| key.kid() == kid) {
            Ok(())
        } else {
            Err(Rejected::KeyState { kid: kid.to_string(), state: "not in force yet" })
        }
    }

    fn check_count(&self, count: u32) -> Result<(), Rejected> {
        let limit = self.policy.list_count_max;
        let refuse = || Rejected::ListCount(count as usize, limit as usize);
        refuse_if(u64::from(count) > limit, refuse)
    }

    fn check_seq(&self, subject: &str, found: u64) -> Result<(), Rejected> {
        match self.next_seq(subject) {
            expected if expected == found => Ok(()),
            expected => Err(Rejected::Sequence { subject: subject.to_owned(), found, expected }),
        }
    }

    fn check_enroll(&self, enroll: &Enroll) -> Result<(), Rejected> {
        self.check_reserved(&enroll.id)?;
        let exists = self.issuers.get(&enroll.id).is_some_and(|issuer| !issuer.void);
        refuse_if(exists, || Rejected::IssuerExists(enroll.id.to_string()))?;
        self.check_new(enroll.key.kid())?;
        self.check_seq(&format!("issuer:{}", enroll.id), enroll.seq)?;
        enroll.check_possession(self.ledger)
    }

    pub(super) fn check_reserved(&self, id: &IssuerId) -> Result<(), Rejected> {
        let own = [self.origin.as_str(), self.origin.host()];
        if own.contains(&id.as_str()) {
            Err(Rejected::IssuerReserved(id.to_string()))
        } else {
            Ok(())
        }
    }

    pub(super) fn check_new(&self, kid: Kid) -> Result<(), Rejected> {
        if self.signers.contains_key(&kid) {
            Err(Rejected::KeyInUse(kid.to_string()))
        } else {
            Ok(())
        }
    }

    pub(super) fn check_key(
        &self,
        about: &KeyStatement,
        by: &Signer,
        time_ms: u64,
    ) -> Result<(), Rejected> {
        let check_held = |r#use, owner: &str, held: &HeldKey| {
            self.check_new(about.kid)?;
            self.check_seq(&about.subject(), about.seq)?;
            held.check(r#use, owner, about.seq, self.ledger)
        };
        match &about.act {
            KeyAct::Add { issuer, held } => {
                if by.r#use == Use::Issuer && by.owner != issuer.as_str() {
                    let (claimed, owner) = (issuer.to_string(), by.owner.clone());
                    return Err(Rejected::Issuer { claimed, owner });
                }
                Self::check_room(issuer, self.enrolled(issuer)?, by)?;
                check_held(Use::Issuer, issuer.as_str(), held)
            }
            KeyAct::Replace { r#use, held } => check_held(*r#use, self.origin.as_str(), held),
            KeyAct::Retire | KeyAct::Stop => {
                let signer = self.issuer_key(about.kid)?;
                if by.r#use == Use::Issuer && by.owner != signer.owner {
                    let (claimed, owner) = (by.owner.clone(), signer.owner.clone());
                    return Err(Rejected::Issuer { claimed, owner });
                }
                if !signer.is_current() {
                    return Err(key_state(about.kid, signer));
                }
                if about.act == KeyAct::Retire && self.current_keys(&signer.owner) < 2 {
                    return Err(Rejected::LastKey(signer.owner.clone()));
                }
                self.check_seq(&about.subject(), about.seq)
            }
            KeyAct::Compromise { since_ms } => {
                self.check_compromise(about, *since_ms, time_ms)?;
                self.check_seq(&about.subject(), about.seq)
            }
        }
    }

    /// Keys are few, and near the enrollment: everybody keeps them, and proofs carry what leads to
    /// one.
    fn check_room(id: &IssuerId, issuer: &Issuer, by: &Signer) -> Result<(), Rejected> {
        let refuse = |what, limit| Rejected::KeyLimit { issuer: id.to_string(), what, limit };
        refuse_if(issuer.keys.len() >= KEYS_MAX, || refuse("keys, ever", KEYS_MAX))?;
        refuse_if(by.depth >= DEPTH_MAX, || {
            refuse("keys added one by the other: the operator adds the next", DEPTH_MAX as usize)
        })
    }

    fn issuer_key(&self, kid: Kid) -> Result<&Signer, Rejected> {
        let signer = self.signers.get(&kid).ok_or_else(|| Rejected::UnknownKey(kid.to_string()))?;
        match signer.r#use {
            Use::Issuer => Ok(signer),
            of => {
                let why = format!("the {} key is replaced, and not retired or stopped", of.name());
                Err(Rejected::field("key", "act", why))
            }
        }
    }

    fn current_keys(&self, owner: &str) -> usize {
        let keys = self.issuer(owner).map_or(&[][..], |issuer| &issuer.keys);
        keys.iter().filter(|kid| self.signers[*kid].is_current()).count()
    }

    /// A key is reported from some time in its life on; once reported, only from an earlier one.
    fn check_compromise(
        &self,
        about: &KeyStatement,
        since_ms: u64,
        time_ms: u64,
    ) -> Result<(), Rejected> {
        let kid = about.kid;
        let signer = self.signers.get(&kid).ok_or_else(|| Rejected::UnknownKey(kid.to_string()))?;
        if !matches!(signer.r#use, Use::Issuer | Use::Operator) {
            let why = format!("the {} key is replaced, and not reported", signer.r#use.name());
            return Err(Rejected::field("key", "act", why));
        }
        let (from_ms, to_ms) = (signer.added.time_ms, time_ms);
        if !(from_ms..=to_ms).contains(&since_ms) {
            return Err(Rejected::Since { since_ms, from_ms, to_ms });
        }
        let status = signer.status.as_ref();
        let known = status.filter(|status| status.state == KeyState::Compromised);
        let later = known.is_some_and(|known| known.since_ms <= since_ms);
        refuse_if(later, || key_state(kid, signer))
    }

    fn enrolled(&self, id: &IssuerId) -> Result<&Issuer, Rejected> {
        let issuer = self.issuers.get(id).filter(|issuer| !issuer.void);
        issuer.ok_or_else(|| Rejected::IssuerUnknown(id.to_string()))
    }

    fn check_issuer(&self, about: &IssuerStatement) -> Result<(), Rejected> {
        let issuer = self.enrolled(&about.id)?;
        if issuer.is_suspended() == (about.state == IssuerState::Suspended) {
            return Err(issuer_state(about.id.as_str(), issuer));
        }
        self.check_seq(&format!("issuer:{}", about.id), about.seq)
    }

    /// The windows on a statement's own time, against block time.
    ///
    /// # Errors
    /// [`Rejected::Future`]; for what changes the registry also [`Rejected::Stale`].
    pub(crate) fn check_time(statement: &Statement, time_ms: u64) -> Result<(), Rejected> {
        let (iat_s, time_s) = (statement.issued_at_s(), time_ms / 1000);
        if iat_s > time_s.saturating_add(AHEAD_S_MAX) {
            return Err(Rejected::Future { iat_s, time_s, limit_s: AHEAD_S_MAX });
        }
        let windowed = Self::is_changed_by(statement) && statement.audience().is_some();
        if windowed && iat_s.saturating_add(WITHHELD_S_MAX) < time_s {
            return Err(Rejected::Stale { iat_s, time_s, limit_s: WITHHELD_S_MAX });
        }
        Ok(())
    }
}

fn refuse_if(wrong: bool, why: impl FnOnce() -> Rejected) -> Result<(), Rejected> {
    if wrong { Err(why()) } else { Ok(()) }
}

fn key_state(kid: Kid, signer: &Signer) -> Rejected {
    let state = signer.status.as_ref().map_or("current", |status| status.state.name());
    Rejected::KeyState { kid: kid.to_string(), state }
}

fn issuer_state(id: &str, issuer: &Issuer) -> Rejected {
    let state = if issuer.is_suspended() { "suspended" } else { "not suspended" };
    Rejected::IssuerState { issuer: id.to_owned(), state }
}
