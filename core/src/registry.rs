//! Who may say what, when: a pure fold over entries (format.md 9).
//!
//! [`Registry::admit`] holds the rules, [`Registry::apply`] takes what they let pass. The same two
//! decide admission and are replayed by every audit. A proof carries only the few entries that lead
//! to its keys, their lineage. What needs the index of documents is no rule and
//! is not here; what has fallen is in the map of [`crate::status`].

mod acts;
mod lineage;
mod rules;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use crate::{
    Identity, IssuerId, LedgerId, Origin, Rejected,
    checkpoint::NoteKeys,
    cose_key::CoseKey,
    key::{Kid, PublicKey, Use},
    statement::{Body, IssuerRecord, Policy, Statement},
    status::{Fall, IssuerState, IssuerStatus, KeyState, KeyStatus},
};

pub(crate) use lineage::LINEAGE_COUNT_MAX;
pub use lineage::{read_lineage, write_lineage};
pub use rules::{AHEAD_S_MAX, DEPTH_MAX, KEYS_MAX, WITHHELD_S_MAX};

/// Something that was said and sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Act {
    /// Index of the entry.
    pub entry: u64,
    /// When its block was sealed; 0 in a registry that only follows a proof, which does not know.
    pub time_ms: u64,
    /// The key that signed it.
    pub by: Kid,
}

/// A key with its one use and owner.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The key.
    pub key: CoseKey,
    /// What it may sign.
    pub r#use: Use,
    /// The origin, or the issuer's id.
    pub owner: String,
    /// What brought it.
    pub added: Act,
    /// Index of the enrollment of its issuer; 0 for the ledger's own.
    pub enrollment: u64,
    /// Additions that lead to it from what the operator signed.
    pub depth: u16,
    /// What became of it; `None` while nothing did.
    pub status: Option<KeyStatus>,
}

impl Signer {
    /// Whether it may sign: nothing became of it, or that was undone.
    pub fn is_current(&self) -> bool {
        self.status.as_ref().is_none_or(|status| status.state == KeyState::Current)
    }

    /// Why what it signed, sealed at this time, counts as never said; `None` where it stands.
    pub fn flaw_at(&self, time_ms: u64) -> Option<&KeyStatus> {
        self.status.as_ref().filter(|status| status.voids(time_ms))
    }
}

/// An enrolled issuer.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Who that is, in the operator's words.
    pub record: IssuerRecord,
    /// Its enrollment.
    pub enrolled: Act,
    /// Whether the enrollment counts as never said.
    pub void: bool,
    /// Its keys, oldest first.
    pub keys: Vec<Kid>,
    /// Whether it is suspended; `None` while it never was.
    pub status: Option<IssuerStatus>,
}

impl Issuer {
    /// Whether it may say nothing now.
    pub fn is_suspended(&self) -> bool {
        self.status.as_ref().is_some_and(|status| status.state == IssuerState::Suspended)
    }
}

/// Issuers, keys and policy, as the entries so far make them.
#[derive(Clone, Debug)]
pub struct Registry {
    origin: Origin,
    ledger: LedgerId,
    founding_policy: Policy,
    policy: Policy,
    /// The ledger's own keys, each with the entry that brought it, in the order of
    /// [`Use::LEDGER_ALL`].
    ledger_keys: [Vec<(u64, Kid)>; Use::LEDGER_ALL.len()],
    /// Replacements that take effect with the next block.
    due: Vec<(Act, Use, Kid)>,
    signers: HashMap<Kid, Signer>,
    issuers: BTreeMap<IssuerId, Issuer>,
    /// All that has to be judged again when a key turns out to have been in other hands.
    acts: Vec<(Act, Arc<Body>)>,
    /// Statements accepted about each subject.
    accepted: HashMap<String, u64>,
}

impl Registry {
    /// The registry that genesis makes, sealed at `time_ms`.
    ///
    /// # Errors
    /// [`Rejected::Misplaced`] for another kind; the refusals of names, keys and signatures.
    pub fn found(statement: &Statement, time_ms: u64) -> Result<Self, Rejected> {
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
            founding_policy: genesis.policy.clone(),
            policy: genesis.policy.clone(),
            ledger_keys: Default::default(),
            due: Vec::new(),
            signers: HashMap::new(),
            issuers: BTreeMap::new(),
            acts: Vec::new(),
            accepted: HashMap::from([("policy".to_owned(), 1)]),
            origin,
        };
        let added = Act { entry: 0, time_ms, by: operator.kid() };
        for listed in &genesis.keys {
            if registry.signers.contains_key(&listed.key.kid()) {
                return Err(Rejected::KeyInUse(listed.key.kid().to_string()));
            }
            registry.add_ledger_key(listed.r#use, &listed.key, added);
        }
        Ok(registry)
    }

    fn add_ledger_key(&mut self, r#use: Use, key: &CoseKey, added: Act) {
        let (kid, owner) = (key.kid(), self.origin.to_string());
        self.ledger_keys[position(r#use)].push((added.entry, kid));
        *self.accepted.entry(format!("key:{kid}")).or_default() += 1;
        let signer =
            Signer { key: key.clone(), r#use, owner, added, enrollment: 0, depth: 0, status: None };
        self.signers.insert(kid, signer);
    }

    /// Whether a statement of this kind changes the registry: those that do are the ones from
    /// which it is rebuilt without reading all the others.
    pub fn is_changed_by(statement: &Statement) -> bool {
        match statement.body() {
            Body::Genesis(_)
            | Body::Enroll(_)
            | Body::Key(_)
            | Body::Issuer(_)
            | Body::Policy(_) => true,
            Body::Certify(_) | Body::Revoke(_) | Body::Block(_) => false,
        }
    }

    /// The ledger's name.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The ledger's id.
    pub fn ledger(&self) -> LedgerId {
        self.ledger
    }

    /// Name and id of the ledger.
    pub fn identity(&self) -> Identity {
        Identity { origin: self.origin.clone(), ledger: self.ledger }
    }

    /// The limits in force.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The sequence number of the next statement about a subject: `key:…`, `issuer:…`, `policy`.
    pub fn next_seq(&self, subject: &str) -> u64 {
        self.accepted.get(subject).copied().unwrap_or_default() + 1
    }

    /// The ledger's own key for a use that every ledger has, in force for the next block.
    ///
    /// # Panics
    /// For a use that is not among [`Use::LEDGER`].
    pub fn ledger_key(&self, r#use: Use) -> &PublicKey {
        self.own_key(r#use).and_then(CoseKey::as_ed25519).expect("genesis lists one")
    }

    /// The ledger's own key for a use, in force for the next block; none where it has none.
    ///
    /// # Panics
    /// For [`Use::Issuer`], which is none of its own.
    pub fn own_key(&self, r#use: Use) -> Option<&CoseKey> {
        let due = |kid: &Kid| self.due.iter().any(|(_, _, new)| new == kid);
        let keys = &self.ledger_keys[position(r#use)];
        let (_, kid) = keys.iter().rfind(|(_, kid)| !due(kid))?;
        Some(&self.signers[kid].key)
    }

    /// The ledger's own key for a use that was in force for the block whose first entry is `first`.
    ///
    /// # Panics
    /// As [`Registry::ledger_key`].
    pub fn ledger_key_at(&self, r#use: Use, first: u64) -> &PublicKey {
        let keys = &self.ledger_keys[position(r#use)];
        let at = keys.iter().rposition(|(entry, _)| *entry < first).unwrap_or_default();
        self.signers[&keys[at].1].key.as_ed25519().expect("the keys of these uses are Ed25519")
    }

    /// The keys that sign the checkpoint of so many entries: of each use the newest that they hold.
    pub fn note_keys_at(&self, size: u64) -> NoteKeys<'_> {
        let keys = &self.ledger_keys[position(Use::NoteMlDsa)];
        let newest = keys.iter().rfind(|(entry, _)| *entry < size);
        let ml_dsa = newest.and_then(|(_, kid)| self.signers[kid].key.as_ml_dsa());
        NoteKeys { ed25519: self.ledger_key_at(Use::Note, size), ml_dsa }
    }

    /// All keys that the ledger ever had for a use, oldest first, each with the entry that brought
    /// it.
    ///
    /// # Panics
    /// As [`Registry::ledger_key`].
    pub fn ledger_keys(&self, r#use: Use) -> impl ExactSizeIterator<Item = (u64, &PublicKey)> {
        let keys = &self.ledger_keys[position(r#use)];
        let key = |kid| self.signers[kid].key.as_ed25519().expect("the keys of these uses");
        keys.iter().map(move |(entry, kid)| (*entry, key(kid)))
    }

    /// The entries that brought the ledger's keys for a use, ascending.
    pub fn own_entries(&self, r#use: Use) -> impl ExactSizeIterator<Item = u64> {
        self.ledger_keys[position(r#use)].iter().map(|(entry, _)| *entry)
    }

    /// Whether replacements of the ledger's own keys wait for the end of the block.
    pub(crate) fn has_due(&self) -> bool {
        !self.due.is_empty()
    }

    /// Whether a document has fallen by this act, or its key was in other hands by then.
    pub fn stands(&self, fall: &Fall) -> bool {
        self.signers.get(&fall.kid).is_some_and(|signer| signer.flaw_at(fall.time_ms).is_none())
    }

    /// A key by its name.
    pub fn key(&self, kid: &Kid) -> Option<&Signer> {
        self.signers.get(kid)
    }

    /// All keys that were ever brought, in no order.
    pub fn signers(&self) -> impl ExactSizeIterator<Item = &Signer> {
        self.signers.values()
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

fn position(r#use: Use) -> usize {
    Use::LEDGER_ALL.iter().position(|of| *of == r#use).expect("a use of the ledger")
}
