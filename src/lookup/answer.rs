//! What is answered about a document, as JSON (operate.md 11).

use probant_core::{
    statement::BlockStatement,
    status::{IssuerStatus, KeyStatus, Standing},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{clock::utc, verdict::Verdict};

/// One certification of a document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Certification {
    /// Which fingerprint of the document was certified.
    pub fingerprint: String,
    /// Index of the certifying entry.
    pub entry: u64,
    /// Id of the issuer.
    pub issuer: String,
    /// Who that is, in the operator's words.
    pub legal_name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Number in that country's register of companies.
    pub registration: String,
    /// What kind of document the issuer said it is.
    pub media_type: String,
    /// The block that sealed it.
    pub block: u64,
    /// When: milliseconds since 1970.
    pub time_ms: u64,
    /// The same, as RFC 3339.
    pub time: String,
    /// Documents certified by the same statement.
    pub list_count: u64,
    /// Whether it stands.
    pub verdict: Verdict,
    /// How the document fell, where it did.
    pub fall: Option<FallAnswer>,
    /// The key that signed it, and what became of that.
    pub key: KeyAnswer,
    /// Whether the issuer was ever suspended, and is: what was sealed before stands.
    pub issuer_status: Option<StateAnswer>,
    /// The newest entry that says anything of this.
    #[serde(skip)]
    pub newest_about: u64,
}

/// How a document fell.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FallAnswer {
    /// A word of the closed list (docs/format.md 6.1).
    pub reason: &'static str,
    /// When: milliseconds since 1970.
    pub time_ms: u64,
    /// The same, as RFC 3339.
    pub time: String,
    /// Index of the entry that says so.
    pub entry: u64,
    /// The document in its place.
    pub replacement: Option<String>,
}

/// A key, and what became of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KeyAnswer {
    /// RFC 9679 thumbprint, hex.
    pub kid: String,
    /// What became of it; null while nothing did.
    pub status: Option<StateAnswer>,
}

/// What a key or an issuer is now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StateAnswer {
    /// A word of the closed list (docs/format.md 6.1).
    pub state: &'static str,
    /// Since when: milliseconds since 1970.
    pub since_ms: u64,
    /// The same, as RFC 3339.
    pub since: String,
    /// Index of the entry that says so.
    pub entry: u64,
}

impl FallAnswer {
    /// Where a certification does not stand because its document fell.
    pub fn of(standing: &Standing) -> Option<Self> {
        let (Standing::Superseded(fall) | Standing::Revoked(fall)) = standing else { return None };
        Some(Self {
            reason: fall.reason.name(),
            time_ms: fall.time_ms,
            time: utc(fall.time_ms),
            entry: fall.entry,
            replacement: fall.replacement.map(|replacement| replacement.to_string()),
        })
    }
}

impl StateAnswer {
    /// Of a key.
    pub fn of_key(status: &KeyStatus) -> Self {
        Self::new(status.state.name(), status.since_ms, status.entry)
    }

    /// Of an issuer.
    pub fn of_issuer(status: &IssuerStatus) -> Self {
        Self::new(status.state.name(), status.since_ms, status.entry)
    }

    fn new(state: &'static str, since_ms: u64, entry: u64) -> Self {
        Self { state, since_ms, since: utc(since_ms), entry }
    }
}

/// The newest block that look-ups reach: what an answer knows.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct AnswerHead {
    /// Its height.
    pub height: u64,
    /// Entries in the tree.
    pub size: u64,
    /// When it was sealed.
    pub time_ms: u64,
}

impl AnswerHead {
    /// What that block says of itself.
    pub fn of(block: &BlockStatement) -> Self {
        Self { height: block.height, size: block.size, time_ms: block.time_ms }
    }
}

/// The answer about a document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentAnswer {
    /// Whether it is certified.
    pub verdict: Verdict,
    /// The newest first, at most 100; the very first is always the last of them.
    pub certifications: Vec<Certification>,
    /// Up to which block.
    pub head: AnswerHead,
    /// What the reader must believe.
    pub rests_on: String,
}
