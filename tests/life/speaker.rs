//! From what is said in the abstract to the signed statement: names are found for numbers, in what
//! the model knows by then.

use std::{cmp::Reverse, collections::BTreeMap};

use probant_core::{
    Fingerprint, Hash, LedgerId, List, Statement,
    key::{Kid, Use},
    statement::{
        Body, Certify, Enroll, HeldKey, IssuerRecord, IssuerStatement, KeyAct, KeyStatement,
        Policy, PolicyStatement, Revoke,
    },
    status::{IssuerState, Reason},
};

use crate::{
    cast::{self, HOST, ISSUERS, ORIGIN},
    judged::Judged,
    model::Model,
    says::{Pick, Say, Since, Slip, What},
};

/// A statement, and the list that travels with it.
pub type Speech = (Statement, Option<List>);

struct Speaker<'a> {
    model: &'a Model,
    now: Judged,
    by: Pick,
    slip: Slip,
}

impl Say {
    /// `heard` is all that was said before, accepted or not.
    pub fn utter(&self, model: &Model, heard: &[Speech]) -> Speech {
        let speaker = Speaker { model, now: model.judged(), by: self.by, slip: self.slip };
        match &self.what {
            What::Again { number } => heard[usize::from(*number) % heard.len()].clone(),
            What::Certify { documents } => speaker.certify(documents),
            What::Revoke { documents, reason } => speaker.revoke(documents, *reason),
            What::Supersede { pairs } => speaker.supersede(pairs),
            other => speaker.govern(other),
        }
    }
}

/// One of those that fit, or of all.
fn choose<T: Clone>(pick: Pick, fitting: &[T], all: &[T]) -> T {
    let among = if pick.wild || fitting.is_empty() { all } else { fitting };
    among[usize::from(pick.number) % among.len()].clone()
}

impl Speaker<'_> {
    fn govern(&self, what: &What) -> Speech {
        let (signers, body) = match what {
            What::Enroll { issuer, key } => (self.own(Use::Operator), self.enroll(*issuer, *key)),
            What::Add { issuer, key } => self.add(*issuer, *key),
            What::Replace { r#use, key } => self.replace(*r#use, *key),
            What::Retire { key } => self.end(*key, KeyAct::Retire),
            What::Stop { key } => self.end(*key, KeyAct::Stop),
            What::Compromise { of, key, since } => self.report(*of, *key, *since),
            What::Suspend { issuer } => self.turn(*issuer, IssuerState::Suspended),
            What::Reinstate { issuer } => self.turn(*issuer, IssuerState::Reinstated),
            What::Policy { list_count_max } => {
                let policy = Policy { list_count_max: *list_count_max };
                let body = PolicyStatement { seq: self.seq("policy"), policy };
                (self.own(Use::Operator), Body::Policy(body))
            }
            _ => unreachable!("the others bear lists, or were said before"),
        };
        (self.sign(self.signer(&signers), body), None)
    }

    fn enroll(&self, issuer: Pick, key: Pick) -> Body {
        let fitting: Vec<_> = ISSUERS.into_iter().filter(|id| !self.is_enrolled(id)).collect();
        let id = choose(issuer, &fitting, &[&ISSUERS[..], &[HOST]].concat());
        let seq = self.seq(&format!("issuer:{id}"));
        let HeldKey { key, possession } = self.held(Use::Issuer, key, id, seq);
        let key = key.as_ed25519().unwrap().clone();
        let record = IssuerRecord {
            legal_name: format!("{id} no. {seq}"),
            country: "FR".into(),
            registration: "123456789".into(),
        };
        Body::Enroll(Enroll { seq, id: id.parse().unwrap(), record, key, possession })
    }

    fn add(&self, issuer: Pick, key: Pick) -> (Vec<Kid>, Body) {
        let fitting: Vec<_> = ISSUERS.into_iter().filter(|id| self.is_enrolled(id)).collect();
        let id = choose(issuer, &fitting, &ISSUERS);
        let held = self.held(Use::Issuer, key, id, 1);
        let signers = [self.of_issuer(id), self.own(Use::Operator)].concat();
        let body = KeyStatement::bringing(KeyAct::Add { issuer: id.parse().unwrap(), held });
        (signers, self.brought(body))
    }

    fn replace(&self, r#use: Use, key: Pick) -> (Vec<Kid>, Body) {
        let held = self.held(r#use, key, ORIGIN, 1);
        let by = match r#use {
            Use::Operator | Use::Recovery => Use::Recovery,
            _ => Use::Operator,
        };
        let body = KeyStatement::bringing(KeyAct::Replace { r#use, held });
        (self.own(by), self.brought(body))
    }

    fn brought(&self, body: KeyStatement) -> Body {
        let seq = self.seq(&format!("key:{}", body.kid));
        // A key in use is no wrong number.
        Body::Key(KeyStatement { seq, ..body })
    }

    fn end(&self, key: Pick, act: KeyAct) -> (Vec<Kid>, Body) {
        let in_force = self.in_force(Use::Issuer);
        let kid = choose(key, &in_force, &cast::all_kids());
        let siblings = self.now.keys.get(&kid).map(|key| self.of_issuer(&key.owner));
        let signers = [siblings.unwrap_or_default(), self.own(Use::Operator)].concat();
        let seq = self.seq(&format!("key:{kid}"));
        (signers, Body::Key(KeyStatement::about(kid, seq, act)))
    }

    fn report(&self, of: Use, key: Pick, since: Since) -> (Vec<Kid>, Body) {
        let known = self.now.keys.iter().filter(|(_, key)| key.r#use == of);
        let mut fitting: Vec<_> = known.map(|(kid, _)| *kid).collect();
        let spoke = |kid: &Kid| self.model.said.iter().rposition(|said| said.by() == *kid);
        fitting.sort_by_key(|kid| Reverse(spoke(kid)));
        let kid = choose(key, &fitting, &cast::all_kids());
        let known = self.now.keys.get(&kid);
        let is_operator = known.is_some_and(|key| key.r#use == Use::Operator);
        let by = if is_operator { Use::Recovery } else { Use::Operator };
        let since_ms = self.since(since, known.map_or(0, |key| key.brought.time_ms));
        let seq = self.seq(&format!("key:{kid}"));
        let body = KeyStatement::about(kid, seq, KeyAct::Compromise { since_ms });
        (self.own(by), Body::Key(body))
    }

    /// Beside the time of a block from when the key came.
    fn since(&self, since: Since, brought_ms: u64) -> u64 {
        let times = self.model.said.iter().map(|said| said.time_ms);
        let times: Vec<_> = times.chain([self.model.time_ms]).collect();
        let fitting: Vec<_> = times.iter().copied().filter(|time| *time >= brought_ms).collect();
        let since_ms = choose(since.time, &fitting, &times).saturating_add_signed(since.beside_ms);
        if since.time.wild { since_ms } else { since_ms.clamp(brought_ms, self.model.time_ms) }
    }

    fn turn(&self, issuer: Pick, state: IssuerState) -> (Vec<Kid>, Body) {
        let suspends = state == IssuerState::Suspended;
        let fits = |id: &&str| self.is_enrolled(id) && self.model.is_suspended(id) != suspends;
        let fitting: Vec<_> = ISSUERS.into_iter().filter(fits).collect();
        let id = choose(issuer, &fitting, &ISSUERS);
        let seq = self.seq(&format!("issuer:{id}"));
        let body = Body::Issuer(IssuerStatement { seq, id: id.parse().unwrap(), state });
        (self.own(Use::Operator), body)
    }

    fn certify(&self, documents: &[Pick]) -> Speech {
        let all = cast::documents();
        let documents = documents.iter().map(|pick| choose(*pick, &all, &all)).collect();
        let list = List::new(documents).unwrap();
        let body = Body::Certify(Certify::new(&list, "application/pdf").unwrap());
        (self.sign(self.signer(&self.issuing()), body), Some(list))
    }

    fn revoke(&self, documents: &[Pick], reason: Reason) -> Speech {
        let (signer, all) = (self.signer(&self.issuing()), cast::documents());
        let fitting = self.revocable(&signer);
        let documents = documents.iter().map(|pick| choose(*pick, &fitting, &all)).collect();
        let list = List::new(documents).unwrap();
        let body = Body::Revoke(Revoke::new(&list, reason).unwrap());
        (self.sign(signer, body), Some(list))
    }

    fn supersede(&self, pairs: &[(Pick, Pick)]) -> Speech {
        let (signer, all) = (self.signer(&self.issuing()), cast::documents());
        let (own, fitting) = (self.certified(&signer), self.revocable(&signer));
        let pair = |(old, new): &(Pick, Pick)| {
            let old = choose(*old, &fitting, &all);
            let others: Vec<_> = all.iter().copied().filter(|other| *other != old).collect();
            let own: Vec<_> = others.iter().copied().filter(|other| own.contains(other)).collect();
            (old, choose(*new, &own, &others))
        };
        let pairs: BTreeMap<_, _> = pairs.iter().map(pair).collect();
        let list = List::replacements(pairs.into_iter().collect()).unwrap();
        let body = Body::Revoke(Revoke::new(&list, Reason::Superseded).unwrap());
        (self.sign(signer, body), Some(list))
    }

    /// What the owner of a key certified and has not felled.
    fn revocable(&self, signer: &Kid) -> Vec<Fingerprint> {
        let issuer = self.owner(signer);
        let stands = |document: &Fingerprint| self.model.has_fallen(&issuer, document).is_none();
        self.certified(signer).into_iter().filter(stands).collect()
    }

    fn certified(&self, signer: &Kid) -> Vec<Fingerprint> {
        let issuer = self.owner(signer);
        let is_own = |document: &Fingerprint| self.model.has_certified(&issuer, document);
        cast::documents().into_iter().filter(is_own).collect()
    }

    fn held(&self, r#use: Use, pick: Pick, owner: &str, seq: u64) -> HeldKey {
        let new = cast::kids(r#use).into_iter().filter(|kid| !self.now.keys.contains_key(kid));
        // A key of another algorithm than its use has is not even read.
        let wild = if r#use == Use::NoteMlDsa { cast::kids(r#use) } else { cast::all_kids() };
        let kid = choose(pick, &new.collect::<Vec<_>>(), &wild);
        let owner = if self.slip == Slip::Possession { "stranger.example" } else { owner };
        cast::held(&kid, r#use, owner, seq, self.model.ledger)
    }

    fn seq(&self, subject: &str) -> u64 {
        let seq = self.model.next_seq(subject);
        if let Slip::Seq { by } = self.slip { seq.saturating_add_signed(by) } else { seq }
    }

    fn signer(&self, fitting: &[Kid]) -> Kid {
        let can_sign = |kid: &&Kid| self.now.keys[*kid].r#use != Use::NoteMlDsa;
        let known: Vec<_> = self.now.keys.keys().filter(can_sign).copied().collect();
        let fitting = if fitting.is_empty() { &known } else { fitting };
        choose(self.by, fitting, &cast::all_kids())
    }

    fn sign(&self, signer: Kid, body: Body) -> Statement {
        let mut issuer = self.owner(&signer);
        let mut audience = self.model.ledger;
        let mut iat_s = self.model.time_ms / 1000;
        match self.slip {
            Slip::Issuer { number } => {
                let names = [&ISSUERS[..], &[ORIGIN]].concat();
                names[usize::from(number) % names.len()].clone_into(&mut issuer);
            }
            Slip::Audience => audience = LedgerId(Hash([1; 32])),
            Slip::Iat { by_s } => iat_s = iat_s.saturating_add_signed(by_s),
            _ => {}
        }
        Statement::sign(cast::secret(&signer), &issuer, Some(audience), iat_s, body)
    }

    fn owner(&self, kid: &Kid) -> String {
        self.now.keys.get(kid).map_or_else(|| ISSUERS[0].to_owned(), |key| key.owner.clone())
    }

    fn is_enrolled(&self, id: &str) -> bool {
        Model::is_enrolled(&self.now, id)
    }

    fn in_force(&self, r#use: Use) -> Vec<Kid> {
        let of_use = self.now.keys.iter().filter(|(_, key)| key.r#use == r#use);
        let in_force = of_use.filter(|(kid, _)| self.model.is_in_force(&self.now, kid));
        in_force.map(|(kid, _)| *kid).collect()
    }

    fn own(&self, r#use: Use) -> Vec<Kid> {
        self.in_force(r#use)
    }

    fn of_issuer(&self, id: &str) -> Vec<Kid> {
        let kids = self.in_force(Use::Issuer).into_iter();
        kids.filter(|kid| self.now.keys[kid].owner == id).collect()
    }

    /// The keys that may certify.
    fn issuing(&self) -> Vec<Kid> {
        let kids = self.in_force(Use::Issuer).into_iter();
        kids.filter(|kid| !self.model.is_suspended(&self.now.keys[kid].owner)).collect()
    }
}
