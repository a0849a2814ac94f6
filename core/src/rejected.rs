//! Every reason for which bytes of a stranger are turned away, each with a stable code.
//!
//! One enumeration serves submission, replay and proof verification, so that a hostile vector can
//! name the refusal it must get. The codes are listed in docs/format.md 12; the words may change.

/// A refusal that names the step and what was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // The messages say what the fields are.
pub enum Rejected {
    // Bytes
    #[error("{what} is not deterministic CBOR of the expected shape: {why}")]
    Malformed { what: &'static str, why: String },
    #[error("{what} has {value} bytes, the limit is {limit}")]
    TooLarge { what: &'static str, limit: usize, value: usize },
    #[error("fingerprint: {0}")]
    Fingerprint(String),
    #[error("origin: {0}")]
    Origin(String),
    #[error("header outside the closed set: {0}")]
    Header(String),
    #[error(
        "algorithm {0} is not accepted: statements are signed with -8 (Ed25519), and possessions of a \
         note-ml-dsa key with -48"
    )]
    Algorithm(String),
    #[error("unknown kind of statement {0:?}")]
    UnknownKind(String),
    #[error("format version {0} is newer than this program knows (1)")]
    Version(u64),
    #[error("{kind}: field {field}: {why}")]
    Field { kind: &'static str, field: &'static str, why: String },

    // Keys and signatures
    #[error("the Ed25519 key is not canonical or is of small order")]
    WeakKey,
    #[error("the signature of {0} does not verify strictly")]
    Signature(&'static str),
    #[error("key {0} is not enrolled on this ledger")]
    UnknownKey(String),
    #[error("a key for use {found} may not sign a statement of kind {kind}")]
    KeyUse { found: &'static str, kind: &'static str },
    #[error("key {kid} is {state}: it signs nothing more, and nothing more becomes of it so")]
    KeyState { kid: String, state: &'static str },
    #[error("the statement says it is by {claimed:?}, its key belongs to {owner:?}")]
    Issuer { claimed: String, owner: String },
    #[error("possession of key {kid}: {why}")]
    Possession { kid: String, why: &'static str },

    // Lists
    #[error("the statement names a list, which must travel with it")]
    ListMissing,
    #[error("this kind of statement carries no list")]
    ListUnexpected,
    #[error("the list has {0} fingerprints, 1 to {1} are allowed")]
    ListCount(usize, usize),
    #[error("fingerprint {0} of the list is not above the one before it")]
    ListOrder(usize),
    #[error("the list's {what} is {found}, the statement says {stated}")]
    ListMismatch { what: &'static str, found: String, stated: String },

    // Rules of the registry
    #[error("the statement is for {found:?}, this ledger is {expected:?}")]
    Audience { found: String, expected: String },
    #[error("subject {found:?} is not {expected:?}")]
    Subject { found: String, expected: String },
    #[error("issued at {iat_s} s, more than {limit_s} s ahead of block time {time_s} s")]
    Future { iat_s: u64, time_s: u64, limit_s: u64 },
    #[error("issued at {iat_s} s, more than {limit_s} s before block time {time_s} s")]
    Stale { iat_s: u64, time_s: u64, limit_s: u64 },
    #[error("sequence number {found} for {subject}, expected {expected}")]
    Sequence { subject: String, found: u64, expected: u64 },
    #[error("issuer {0:?} is already enrolled")]
    IssuerExists(String),
    #[error("issuer id {0:?} is the ledger's own name")]
    IssuerReserved(String),
    #[error("issuer {0:?} is not enrolled on this ledger")]
    IssuerUnknown(String),
    #[error("issuer {issuer:?} is {state}")]
    IssuerState { issuer: String, state: &'static str },
    #[error("key {0} already has an owner and a use")]
    KeyInUse(String),
    #[error("issuer {issuer:?} has {limit} {what}")]
    KeyLimit { issuer: String, what: &'static str, limit: usize },
    #[error("it is the last key of {0:?} that signs: add another first, or stop it")]
    LastKey(String),
    #[error(
        "compromised since {since_ms} ms: not between {from_ms}, when the key came, and {to_ms}"
    )]
    Since { since_ms: u64, from_ms: u64, to_ms: u64 },
    #[error("document {document} has fallen already, by entry {entry}")]
    Fallen { document: String, entry: u64 },
    #[error("a statement of kind {0} may stand only where the ledger puts it")]
    Misplaced(&'static str),

    // At the door of a ledger only: no audit replays these
    #[error("{issuer:?} never certified document {document} here: it has nothing to revoke")]
    NotCertified { document: String, issuer: String },
    #[error("{why}")]
    KeyNotHeld { why: String },

    // Blocks
    #[error("block statement: {what} is {found}, the chain has {expected}")]
    Chain { what: &'static str, found: String, expected: String },

    // Proofs
    #[error("{what}: index {index} is not below {size}")]
    PathIndex { what: &'static str, index: u64, size: u64 },
    #[error("{what}: path of {found} hashes, {expected} are needed")]
    PathLength { what: &'static str, found: usize, expected: usize },
    #[error("{what}: the path leads to {found}, not to {expected}")]
    PathRoot { what: &'static str, found: String, expected: String },
    #[error("the proof is for ledger {found}, not {expected}")]
    Ledger { found: String, expected: String },
    #[error("the proof is for document {found}, not {expected}")]
    Document { found: String, expected: String },
    #[error("{what} does not fit the rest of the proof: {why}")]
    Proof { what: &'static str, why: String },
    #[error("checkpoint: {0}")]
    Checkpoint(String),
    #[error("verifier key: {0}")]
    VerifierKey(String),
    #[error("trust policy, line {line}: {why}")]
    TrustPolicy { line: usize, why: String },

    // Status
    #[error("status: {why}")]
    Status { why: String },
    #[error("what is derived could not be read: {0}")]
    Unreadable(String),
}

impl Rejected {
    /// The stable code of the refusal: what vectors, problem details and scripts compare.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed",
            Self::TooLarge { .. } => "too-large",
            Self::Fingerprint(_) => "fingerprint",
            Self::Origin(_) => "origin",
            Self::Header(_) => "header",
            Self::Algorithm(_) => "algorithm",
            Self::UnknownKind(_) => "unknown-kind",
            Self::Version(_) => "version",
            Self::Field { .. } => "field",
            Self::WeakKey => "weak-key",
            Self::Signature(_) => "signature",
            Self::UnknownKey(_) => "unknown-key",
            Self::KeyUse { .. } => "key-use",
            Self::KeyState { .. } => "key-state",
            Self::Issuer { .. } => "issuer",
            Self::Possession { .. } => "possession",
            Self::ListMissing => "list-missing",
            Self::ListUnexpected => "list-unexpected",
            Self::ListCount(..) => "list-count",
            Self::ListOrder(_) => "list-order",
            Self::ListMismatch { .. } => "list-mismatch",
            Self::Audience { .. } => "audience",
            Self::Subject { .. } => "subject",
            Self::Future { .. } => "future",
            Self::Stale { .. } => "stale",
            Self::Sequence { .. } => "sequence",
            Self::IssuerExists(_) => "issuer-exists",
            Self::IssuerReserved(_) => "issuer-reserved",
            Self::IssuerUnknown(_) => "issuer-unknown",
            Self::IssuerState { .. } => "issuer-state",
            Self::KeyInUse(_) => "key-in-use",
            Self::KeyLimit { .. } => "key-limit",
            Self::LastKey(_) => "last-key",
            Self::Since { .. } => "since",
            Self::Fallen { .. } => "fallen",
            Self::Misplaced(_) => "misplaced",
            Self::NotCertified { .. } => "not-certified",
            Self::KeyNotHeld { .. } => "key-not-held",
            Self::Chain { .. } => "chain",
            Self::PathIndex { .. } => "path-index",
            Self::PathLength { .. } => "path-length",
            Self::PathRoot { .. } => "path-root",
            Self::Ledger { .. } => "ledger",
            Self::Document { .. } => "document",
            Self::Proof { .. } => "proof",
            Self::Checkpoint(_) => "checkpoint",
            Self::VerifierKey(_) => "verifier-key",
            Self::TrustPolicy { .. } => "trust-policy",
            Self::Status { .. } => "status",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// For a value that its closed set does not hold.
    pub(crate) fn field(kind: &'static str, field: &'static str, why: impl Into<String>) -> Self {
        Self::Field { kind, field, why: why.into() }
    }

    /// For a status path or value that does not fit.
    pub(crate) fn status(why: impl Into<String>) -> Self {
        Self::Status { why: why.into() }
    }
}
