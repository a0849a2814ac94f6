//! What an entry says, flat, for each kind of statement. None has other members, and the API says so:
//! that tells them apart.

use probant_core::{
    List, Statement,
    key::Use,
    list::Shape,
    registry::Registry,
    statement::{Body, Certify, Enroll, Genesis, IssuerStatement, KeyAct, KeyStatement, Revoke},
    status::{IssuerState, Reason},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::BlockAnswer;
use crate::{Error, clock::utc, lag, store::Store};

/// What an entry says, by its kind.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Says {
    /// `genesis`.
    Genesis(GenesisSays),
    /// `certify` and `hash-envelope`.
    Certify(CertifySays),
    /// `revoke`.
    Revoke(RevokeSays),
    /// `enroll`.
    Enroll(EnrollSays),
    /// `key`.
    Key(KeySays),
    /// `issuer`.
    Issuer(IssuerSays),
    /// `policy`.
    Policy(PolicySays),
    /// `block`: its block.
    Block(BlockAnswer),
}

/// The ledger begins: its own keys, and its first limits.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GenesisSays {
    pub keys: Vec<LedgerKeySays>,
    /// Most documents of one list.
    pub list_count_max: u64,
}

/// One of the ledger's own keys.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LedgerKeySays {
    /// What it signs.
    pub r#use: &'static str,
    /// Its thumbprint, hex.
    pub kid: String,
}

/// An issuer certifies documents.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertifySays {
    /// How many.
    pub documents: u32,
    /// Root of the tree of their fingerprints, hex.
    pub root: String,
    /// What kind of documents they are.
    pub media_type: &'static str,
    /// The document, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

/// An issuer withdraws or replaces documents.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeSays {
    /// How many.
    pub documents: u32,
    /// Why: a word of the closed list (docs/format.md 6.1).
    pub reason: &'static str,
    /// Whether each has another in its place.
    pub superseded: bool,
    /// Root of the tree of its list, hex.
    pub root: String,
    /// The document, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The one in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replacement: Option<String>,
}

/// The operator enrolls an issuer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrollSays {
    /// Its id, a DNS name.
    pub id: String,
    /// Who it is, in the operator's words.
    pub legal_name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Number in that country's register of companies.
    pub registration: String,
    /// Thumbprint of its first key, hex.
    pub kid: String,
}

/// What becomes of a key.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeySays {
    /// `add`, `replace`, `retire`, `stop` or `compromise`.
    pub act: &'static str,
    /// Its thumbprint, hex.
    pub kid: String,
    /// The origin, or the issuer's id.
    pub owner: String,
    /// What it signs.
    pub r#use: &'static str,
    /// Since when it was in other hands, where that is said: milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<u64>,
    /// The same, as RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

/// The operator suspends an issuer, or takes it back.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssuerSays {
    /// `suspend` or `reinstate`.
    pub act: &'static str,
    /// The issuer.
    pub id: String,
}

/// The operator sets the limits.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicySays {
    /// Most documents of one list.
    pub list_count_max: u64,
}

impl Says {
    /// Of a statement in this block, on the ledger of this registry and store.
    ///
    /// # Errors
    /// [`Error::Busy`] where look-ups do not know yet what it speaks of.
    pub fn of(
        statement: &Statement,
        block: &BlockAnswer,
        registry: &Registry,
        store: &dyn Store,
    ) -> Result<Self, Error> {
        Ok(match statement.body() {
            Body::Genesis(body) => Self::Genesis(GenesisSays::of(body)),
            Body::Certify(body) => Self::Certify(CertifySays::of(body, statement)),
            Body::Revoke(body) => Self::Revoke(RevokeSays::of(body, statement, store)?),
            Body::Enroll(body) => Self::Enroll(EnrollSays::of(body)),
            Body::Key(body) => Self::Key(KeySays::of(body, registry)?),
            Body::Issuer(body) => Self::Issuer(IssuerSays::of(body)),
            Body::Policy(body) => {
                Self::Policy(PolicySays { list_count_max: body.policy.list_count_max })
            }
            Body::Block(_) => Self::Block(block.clone()),
        })
    }
}

impl GenesisSays {
    fn of(body: &Genesis) -> Self {
        let keys = body.keys.iter().map(|ledger| LedgerKeySays {
            r#use: ledger.r#use.name(),
            kid: ledger.key.kid().to_string(),
        });
        Self { keys: keys.collect(), list_count_max: body.policy.list_count_max }
    }
}

/// The subject of a list of one is its document.
fn single(statement: &Statement, count: u32) -> Option<String> {
    (count == 1).then(|| statement.subject().to_owned())
}

impl CertifySays {
    fn of(body: &Certify, statement: &Statement) -> Self {
        Self {
            documents: body.listed.count,
            root: body.listed.root.to_string(),
            media_type: body.media_type,
            fingerprint: single(statement, body.listed.count),
        }
    }
}

impl RevokeSays {
    fn of(body: &Revoke, statement: &Statement, store: &dyn Store) -> Result<Self, Error> {
        let superseded = body.reason == Reason::Superseded;
        let replacement = if superseded && body.listed.count == 1 {
            let list = store.list(&body.listed.root)?.ok_or_else(lag::behind)?;
            let list = List::decode(list, Shape::Replacements).map_err(|_| lag::rebuilding())?;
            list.pairs().next().and_then(|(_, replacement)| replacement)
        } else {
            None
        };
        Ok(Self {
            documents: body.listed.count,
            reason: body.reason.name(),
            superseded,
            root: body.listed.root.to_string(),
            fingerprint: single(statement, body.listed.count),
            replacement: replacement.map(|document| document.to_string()),
        })
    }
}

impl EnrollSays {
    fn of(body: &Enroll) -> Self {
        let record = body.record.clone();
        Self {
            id: body.id.to_string(),
            legal_name: record.legal_name,
            country: record.country,
            registration: record.registration,
            kid: body.key.kid().to_string(),
        }
    }
}

impl KeySays {
    /// Whose a key is, and for what, never changes: of one that was there before, the registry says.
    fn of(body: &KeyStatement, registry: &Registry) -> Result<Self, Error> {
        let (owner, r#use) = match &body.act {
            KeyAct::Add { issuer, .. } => (issuer.to_string(), Use::Issuer),
            KeyAct::Replace { r#use, .. } => (registry.origin().to_string(), *r#use),
            KeyAct::Retire | KeyAct::Stop | KeyAct::Compromise { .. } => {
                let signer = registry.key(&body.kid).ok_or_else(lag::behind)?;
                (signer.owner.clone(), signer.r#use)
            }
        };
        let since_ms = match body.act {
            KeyAct::Compromise { since_ms } => Some(since_ms),
            _ => None,
        };
        Ok(Self {
            act: body.act.name(),
            kid: body.kid.to_string(),
            owner,
            r#use: r#use.name(),
            since_ms,
            since: since_ms.map(utc),
        })
    }
}

impl IssuerSays {
    fn of(body: &IssuerStatement) -> Self {
        let act = match body.state {
            IssuerState::Suspended => "suspend",
            IssuerState::Reinstated => "reinstate",
        };
        Self { act, id: body.id.to_string() }
    }
}
