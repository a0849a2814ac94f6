//! What is said on the ledger: a signed COSE_Sign1 of one of a closed set of kinds (format.md 5).
//!
//! Decoding checks the shape and never the signature: that takes a key, which only the registry
//! knows.

mod block;
mod certify;
mod enroll;
mod genesis;
mod issuer;
mod key;
mod listed;
mod policy;
mod possession;
mod revoke;

pub use block::BlockStatement;
pub use certify::{Certify, MEDIA_TYPES};
pub use enroll::{Enroll, IssuerRecord};
pub use genesis::{Genesis, LedgerKey};
pub use issuer::IssuerStatement;
pub use key::{HeldKey, KeyAct, KeyStatement};
pub use listed::Listed;
pub use policy::{Policy, PolicyStatement};
pub use possession::prove_possession;
pub use revoke::Revoke;

use coset::{Label, cbor::value::Value};

use crate::{
    Fingerprint, Hash, LedgerId, List, Rejected,
    cose::{Claims, Headers, LABEL_LIST, Payload, Signed},
    cose_key::VerifyingHalf,
    key::{Kid, SigningKey},
    list::{LIST_BYTES_MAX, Shape, Summary},
    tree::leaf_hash,
};

/// Longest entry (C2SP tlog-tiles: a length of two bytes).
pub const ENTRY_BYTES_MAX: usize = 65_535;
/// Longest submission: an entry, its list, and the few bytes that name the list.
pub const SUBMISSION_BYTES_MAX: usize = ENTRY_BYTES_MAX + LIST_BYTES_MAX + 16;
/// The one format version.
pub const VERSION: u64 = 1;

const CONTENT_PREFIX: &str = "application/vnd.probant.";
const CONTENT_SUFFIX: &str = "+cbor";

fn content_type(kind: &str) -> String {
    format!("{CONTENT_PREFIX}{kind}{CONTENT_SUFFIX}")
}

/// What a statement says, by kind.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::large_enum_variant)] // One in memory at a time, and blocks are mostly certify.
pub enum Body {
    /// Entry 0: the ledger's keys and first policy.
    Genesis(Genesis),
    /// The operator enrolls an issuer.
    Enroll(Enroll),
    /// What becomes of a key.
    Key(KeyStatement),
    /// The operator suspends an issuer, or takes it back.
    Issuer(IssuerStatement),
    /// The operator sets the limits.
    Policy(PolicyStatement),
    /// An issuer certifies the documents of a list.
    Certify(Certify),
    /// An issuer withdraws the documents of a list.
    Revoke(Revoke),
    /// The ledger ends a block.
    Block(BlockStatement),
}

impl Body {
    /// The name of the kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Genesis(_) => Genesis::KIND,
            Self::Enroll(_) => Enroll::KIND,
            Self::Key(_) => KeyStatement::KIND,
            Self::Issuer(_) => IssuerStatement::KIND,
            Self::Policy(_) => PolicyStatement::KIND,
            Self::Certify(_) => Certify::KIND,
            Self::Revoke(_) => Revoke::KIND,
            Self::Block(_) => BlockStatement::KIND,
        }
    }

    fn decode(signed: &Signed) -> Result<Self, Rejected> {
        let payload = signed.payload().ok_or_else(|| Rejected::Malformed {
            what: "statement",
            why: "the payload is nil: a statement holds it".into(),
        })?;
        let (content_type, claims) = match &signed.headers {
            Headers::Statement { content_type, claims } => (content_type, claims),
            Headers::HashEnvelope { media_type, .. } => {
                return Certify::decode_envelope(payload, media_type).map(Self::Certify);
            }
            Headers::Seal { .. } | Headers::Possession { .. } => {
                return Err(Rejected::Header("a statement has content type and claims".into()));
            }
        };
        crate::cbor::check(payload, "payload")?;
        let kind = content_type
            .strip_prefix(CONTENT_PREFIX)
            .and_then(|rest| rest.strip_suffix(CONTENT_SUFFIX));
        let subject = &claims.subject;
        match kind {
            Some(Genesis::KIND) => Genesis::decode(payload).map(Self::Genesis),
            Some(Enroll::KIND) => Enroll::decode(payload).map(Self::Enroll),
            Some(KeyStatement::KIND) => KeyStatement::decode(payload, subject).map(Self::Key),
            Some(IssuerStatement::KIND) => {
                IssuerStatement::decode(payload, subject).map(Self::Issuer)
            }
            Some(PolicyStatement::KIND) => PolicyStatement::decode(payload).map(Self::Policy),
            Some(Certify::KIND) => Certify::decode(payload, subject).map(Self::Certify),
            Some(Revoke::KIND) => Revoke::decode(payload, subject).map(Self::Revoke),
            Some(BlockStatement::KIND) => BlockStatement::decode(payload).map(Self::Block),
            _ => Err(Rejected::UnknownKind(content_type.clone())),
        }
    }

    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Genesis(body) => body.encode(),
            Self::Enroll(body) => body.encode(),
            Self::Key(body) => body.encode(),
            Self::Issuer(body) => body.encode(),
            Self::Policy(body) => body.encode(),
            Self::Certify(body) => body.encode(),
            Self::Revoke(body) => body.encode(),
            Self::Block(body) => body.encode(),
        }
    }

    /// What it says of a list that travels with it, and what the leaves of that are.
    fn listed(&self) -> Option<(&Listed, Shape)> {
        match self {
            Self::Certify(body) if body.bears_list() => Some((&body.listed, Shape::Documents)),
            Self::Revoke(body) => Some((&body.listed, body.shape())),
            _ => None,
        }
    }

    /// The one form of `sub` for this statement.
    fn subject(&self) -> String {
        match self {
            Self::Genesis(_) => "genesis".into(),
            Self::Enroll(body) => format!("issuer:{}", body.id),
            Self::Key(body) => body.subject(),
            Self::Issuer(body) => format!("issuer:{}", body.id),
            Self::Policy(_) => "policy".into(),
            Self::Certify(body) => body.listed.subject(),
            Self::Revoke(body) => body.listed.subject(),
            Self::Block(body) => format!("block:{}", body.height),
        }
    }
}

/// A statement whose shape is right. Its signature is checked by [`Statement::verify`].
#[derive(Clone, Debug)]
pub struct Statement {
    signed: Signed,
    claims: Claims,
    body: Body,
    entry: Vec<u8>,
    leaf: Hash,
}

impl Statement {
    /// Reads an entry: the unprotected header is empty.
    ///
    /// # Errors
    /// The refusals of bytes, headers, subject and fields.
    pub fn decode(entry: &[u8]) -> Result<Self, Rejected> {
        let (statement, unprotected) = Self::decode_open(entry)?;
        if !unprotected.is_empty() {
            return Err(Rejected::Header("the unprotected header of an entry is empty".into()));
        }
        Ok(statement)
    }

    /// Reads what an issuer or operator sends: a statement with its list, where its kind has one.
    ///
    /// # Errors
    /// Those of [`Statement::decode`] and of lists; root and count are compared.
    pub fn decode_submission(bytes: &[u8]) -> Result<(Self, Option<List>), Rejected> {
        let (limit, value) = (SUBMISSION_BYTES_MAX, bytes.len());
        if value > limit {
            return Err(Rejected::TooLarge { what: "submission", limit, value });
        }
        let (statement, mut unprotected) = Self::decode_open(bytes)?;
        let list = match (unprotected.pop(), unprotected.is_empty()) {
            (None, _) => None,
            (Some((Label::Int(LABEL_LIST), Value::Bytes(bytes))), true) => {
                let shape = statement.list_shape().ok_or(Rejected::ListUnexpected)?;
                Some(List::decode(bytes, shape)?)
            }
            _ => {
                return Err(Rejected::Header(
                    "only a list may stand in the unprotected one".into(),
                ));
            }
        };
        statement.check_list(list.as_ref().map(List::summary))?;
        Ok((statement, list))
    }

    /// A statement with whatever stands in its unprotected header, which is handed back.
    pub(crate) fn decode_open(bytes: &[u8]) -> Result<(Self, Vec<(Label, Value)>), Rejected> {
        let (signed, unprotected) = Signed::decode(bytes, "statement")?;
        let body = Body::decode(&signed)?;
        let statement = Self::assemble(signed, body);
        let (limit, value) = (ENTRY_BYTES_MAX, statement.entry.len());
        if value > limit {
            return Err(Rejected::TooLarge { what: "entry", limit, value });
        }
        statement.check_claims()?;
        Ok((statement, unprotected))
    }

    /// Signs a statement of `issuer` for `audience` (none for genesis only).
    pub fn sign(
        key: &SigningKey,
        issuer: &str,
        audience: Option<LedgerId>,
        issued_at_s: u64,
        body: Body,
    ) -> Self {
        let claims = Claims {
            issuer: issuer.to_owned(),
            subject: body.subject(),
            audience: audience.map(|ledger| ledger.audience()),
            issued_at_s,
        };
        let headers = Headers::Statement { content_type: content_type(body.kind()), claims };
        let signed = Signed::sign(key, headers, Payload::Inline(body.encode()));
        Self::assemble(signed, body)
    }

    fn assemble(signed: Signed, body: Body) -> Self {
        let (Headers::Statement { claims, .. } | Headers::HashEnvelope { claims, .. }) =
            &signed.headers
        else {
            unreachable!("Body::decode refuses the other header sets")
        };
        let (claims, entry) = (claims.clone(), signed.encode(Vec::new()));
        Self { claims, body, leaf: leaf_hash(&entry), entry, signed }
    }

    fn check_claims(&self) -> Result<(), Rejected> {
        let (found, expected) = (&self.claims.subject, self.body.subject());
        if *found != expected {
            return Err(Rejected::Subject { found: found.clone(), expected });
        }
        let is_genesis = matches!(self.body, Body::Genesis(_));
        if self.claims.audience.is_some() == is_genesis {
            return Err(Rejected::Header("every statement but genesis has claim aud (3)".into()));
        }
        Ok(())
    }

    /// Compares a list with what this statement says of it.
    ///
    /// # Errors
    /// [`Rejected::ListMissing`], [`Rejected::ListUnexpected`], [`Rejected::ListMismatch`].
    pub(crate) fn check_list(&self, list: Option<Summary>) -> Result<(), Rejected> {
        match (self.body.listed(), list) {
            (Some((listed, _)), Some(list)) => listed.check(list),
            (Some(_), None) => Err(Rejected::ListMissing),
            (None, None) => Ok(()),
            (None, Some(_)) => Err(Rejected::ListUnexpected),
        }
    }

    /// What the leaves of the list are that travels with it; `None` where there is none.
    pub fn list_shape(&self) -> Option<Shape> {
        self.body.listed().map(|(_, shape)| shape)
    }

    /// Root of the list that travels with it, where there is more in it than the subject says.
    pub fn list_root(&self) -> Option<Hash> {
        let (listed, shape) = self.body.listed()?;
        (listed.count > 1 || shape == Shape::Replacements).then_some(listed.root)
    }

    /// The statement as sent to a ledger; the inverse of [`Statement::decode_submission`].
    pub fn to_submission(&self, list: Option<&List>) -> Vec<u8> {
        let list = list.map(|list| (LABEL_LIST, Value::Bytes(list.as_bytes().to_vec())));
        self.signed.encode(list.into_iter().collect())
    }

    /// The statement with these unprotected headers, labels ascending.
    pub(crate) fn encode_open(&self, unprotected: Vec<(i64, Value)>) -> Vec<u8> {
        self.signed.encode(unprotected)
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// [`Rejected::Signature`].
    pub fn verify(&self, key: &impl VerifyingHalf) -> Result<(), Rejected> {
        self.signed.verify(self.body.kind(), key)
    }

    /// What it says.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The leaf's bytes: empty unprotected header.
    pub fn entry(&self) -> &[u8] {
        &self.entry
    }

    /// SHA-256(0x00 || entry).
    pub fn leaf(&self) -> Hash {
        self.leaf
    }

    /// Claim iss: who says it.
    pub fn issuer(&self) -> &str {
        &self.claims.issuer
    }

    /// Claim sub: about what.
    pub fn subject(&self) -> &str {
        &self.claims.subject
    }

    /// Claim aud: for which ledger.
    pub fn audience(&self) -> Option<&str> {
        self.claims.audience.as_deref()
    }

    /// Claim iat: when, in seconds, by its author's clock.
    pub fn issued_at_s(&self) -> u64 {
        self.claims.issued_at_s
    }

    /// The signer.
    pub fn kid(&self) -> Kid {
        self.signed.kid
    }

    /// The block statement that it is, if it is one.
    pub fn as_block(&self) -> Option<&BlockStatement> {
        if let Body::Block(body) = &self.body { Some(body) } else { None }
    }

    /// The certification that it is, if it is one.
    pub fn as_certify(&self) -> Option<&Certify> {
        if let Body::Certify(body) = &self.body { Some(body) } else { None }
    }

    /// The revocation that it is, if it is one.
    pub fn as_revoke(&self) -> Option<&Revoke> {
        if let Body::Revoke(body) = &self.body { Some(body) } else { None }
    }

    /// How many documents it certifies.
    pub fn documents(&self) -> u64 {
        self.as_certify().map_or(0, |body| u64::from(body.listed.count))
    }

    /// The document of a hash envelope, which has no list to name it.
    pub fn enveloped(&self) -> Option<Fingerprint> {
        self.as_certify().and_then(Certify::enveloped)
    }
}
