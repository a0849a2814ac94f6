//! Who may say what, when: a pure fold over entries (format.md 9).
//!
//! The same two functions decide admission, are replayed by every audit, and run over the few
//! entries that a proof carries. What needs the index of documents is no rule and is not here.

use std::collections::{BTreeMap, HashMap};

use crate::{
    IssuerId, LedgerId, Origin, Rejected,
    key::{Kid, PublicKey, Use},
    statement::{Body, Enroll, Genesis, IssuerRecord, Policy, Statement},
};

/// How far ahead of block time a statement's own time may be.
pub const AHEAD_S_MAX: u64 = 5 * 60;
/// How long an operator's statement may be withheld before it is admitted.
pub const WITHHELD_S_MAX: u64 = 30 * 24 * 60 * 60;

/// A key with its one use and owner.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The key.
    pub key: PublicKey,
    /// What it may sign.
    pub r#use: Use,
    /// The origin, or the issuer's id.
    pub owner: String,
    /// Index of the entry that brought it.
    pub since: u64,
}

/// An enrolled issuer.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Who that is, in the operator's words.
    pub record: IssuerRecord,
    /// Index of its enrollment.
    pub enrolled: u64,
    /// Its keys, oldest first.
    pub keys: Vec<Kid>,
}

/// Issuers, keys and policy, as the entries so far make them.
#[derive(Clone, Debug)]
pub struct Registry {
    origin: Origin,
    ledger: LedgerId,
    policy: Policy,
    ledger_keys: [Kid; Use::LEDGER.len()],
    signers: HashMap<Kid, Signer>,
    issuers: BTreeMap<IssuerId, Issuer>,
}

impl Registry {
    /// The registry that genesis makes.
    ///
    /// # Errors
    /// [`Rejected::Misplaced`] for another kind; the refusals of names, keys and signatures.
    pub fn found(statement: &Statement) -> Result<Self, Rejected> {
        let Body::Genesis(genesis) = statement.body() else {
            return Err(Rejected::Misplaced(statement.body().kind()));
        };
        let origin: Origin = statement.issuer().parse()?;
        let operator = genesis.key(Use::Operator);
        if statement.kid() != operator.kid() {
            return Err(Rejected::UnknownKey(statement.kid().to_string()));
        }
        statement.verify(operator)?;
        genesis.check_possessions(origin.as_str())?;
        let mut registry = Self {
            ledger: LedgerId(statement.leaf()),
            policy: genesis.policy.clone(),
            ledger_keys: Use::LEDGER.map(|r#use| genesis.key(r#use).kid()),
            signers: HashMap::new(),
            issuers: BTreeMap::new(),
            origin,
        };
        registry.add_ledger_keys(genesis)?;
        Ok(registry)
    }

    fn add_ledger_keys(&mut self, genesis: &Genesis) -> Result<(), Rejected> {
        genesis.keys.iter().try_for_each(|listed| {
            let owner = self.origin.to_string();
            let signer = Signer { key: listed.key.clone(), r#use: listed.r#use, owner, since: 0 };
            let kid = signer.key.kid();
            match self.signers.insert(kid, signer) {
                None => Ok(()),
                Some(_) => Err(Rejected::KeyInUse(kid.to_string())),
            }
        })
    }

    /// Who must have signed a statement, if it may stand here at all: its key is known, is its
    /// author's, has the use that the kind wants, and the statement is for this ledger. Its
    /// signature and its time are for the caller to check.
    ///
    /// # Errors
    /// The refusals of keys and rules.
    pub fn signer(&self, statement: &Statement) -> Result<&Signer, Rejected> {
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
        let wanted = match statement.body() {
            Body::Genesis(_) => return Err(Rejected::Misplaced(statement.body().kind())),
            Body::Enroll(enroll) => {
                self.check_enroll(enroll)?;
                Use::Operator
            }
            Body::Certify(certify) => {
                self.check_count(u64::from(certify.count))?;
                Use::Issuer
            }
            Body::Block(_) => Use::Seal,
        };
        if signer.r#use != wanted {
            let (found, kind) = (signer.r#use.name(), statement.body().kind());
            return Err(Rejected::KeyUse { found, kind });
        }
        Ok(signer)
    }

    fn check_count(&self, count: u64) -> Result<(), Rejected> {
        let limit = self.policy.list_count_max;
        if count > limit {
            let to_usize = |n| usize::try_from(n).unwrap_or(usize::MAX);
            return Err(Rejected::ListCount(to_usize(count), to_usize(limit)));
        }
        Ok(())
    }

    fn check_enroll(&self, enroll: &Enroll) -> Result<(), Rejected> {
        let id = enroll.id.as_str();
        if id == self.origin.as_str() || id == self.origin.host() {
            return Err(Rejected::IssuerReserved(id.to_owned()));
        }
        if self.issuers.contains_key(&enroll.id) {
            return Err(Rejected::IssuerExists(id.to_owned()));
        }
        let kid = enroll.key.kid();
        if self.signers.contains_key(&kid) {
            return Err(Rejected::KeyInUse(kid.to_string()));
        }
        enroll.check_possession(self.ledger)
    }

    /// The windows on a statement's own time, against block time.
    ///
    /// # Errors
    /// [`Rejected::Future`]; for the operator's statements also [`Rejected::Stale`].
    pub fn check_time(statement: &Statement, time_ms: u64) -> Result<(), Rejected> {
        let (iat_s, time_s) = (statement.issued_at_s(), time_ms / 1000);
        if iat_s > time_s.saturating_add(AHEAD_S_MAX) {
            return Err(Rejected::Future { iat_s, time_s, limit_s: AHEAD_S_MAX });
        }
        let windowed = matches!(statement.body(), Body::Enroll(_));
        if windowed && iat_s.saturating_add(WITHHELD_S_MAX) < time_s {
            return Err(Rejected::Stale { iat_s, time_s, limit_s: WITHHELD_S_MAX });
        }
        Ok(())
    }

    /// Takes a statement that [`Registry::signer`] has just let pass, at its final index.
    pub fn apply(&mut self, statement: &Statement, index: u64) {
        if let Body::Enroll(enroll) = statement.body() {
            let (key, owner) = (enroll.key.clone(), enroll.id.to_string());
            let kid = key.kid();
            self.signers.insert(kid, Signer { key, r#use: Use::Issuer, owner, since: index });
            let record = enroll.record.clone();
            self.issuers
                .insert(enroll.id.clone(), Issuer { record, enrolled: index, keys: vec![kid] });
        }
    }

    /// Whether a statement of this kind changes the registry: those that do are the ones from
    /// which it is rebuilt without reading all the others.
    pub fn is_changed_by(statement: &Statement) -> bool {
        matches!(statement.body(), Body::Genesis(_) | Body::Enroll(_))
    }

    /// The ledger's name.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The ledger's id.
    pub fn ledger(&self) -> LedgerId {
        self.ledger
    }

    /// The limits in force.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The ledger's own key for a use.
    ///
    /// # Panics
    /// For [`Use::Issuer`], which is none of its own.
    pub fn ledger_key(&self, r#use: Use) -> &PublicKey {
        let at = Use::LEDGER.iter().position(|of| *of == r#use).expect("a use of the ledger");
        &self.signers[&self.ledger_keys[at]].key
    }

    /// A key by its name.
    pub fn key(&self, kid: &Kid) -> Option<&Signer> {
        self.signers.get(kid)
    }

    /// An issuer by its id.
    pub fn issuer(&self, id: &str) -> Option<&Issuer> {
        self.issuers.get(&id.parse().ok()?)
    }

    /// All issuers, by id.
    pub fn issuers(&self) -> impl ExactSizeIterator<Item = (&IssuerId, &Issuer)> {
        self.issuers.iter()
    }
}
