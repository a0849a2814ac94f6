//! The ledger's JSON answers. They are its word: only a proof makes more of them.

use serde::{Deserialize, Serialize};

use crate::verdict::Verdict;

/// What the ledger says of one fingerprint.
#[derive(Clone, Debug, Deserialize)]
pub struct Documents {
    /// The best of those of its certifications.
    pub verdict: Verdict,
    /// Its certifications: a ledger lists 100 at most.
    pub certifications: Vec<Certification>,
    /// Up to where the ledger looked.
    pub head: Head,
}

/// One certification, of which more is known than is needed to ask for its proof.
#[derive(Clone, Debug, Deserialize)]
pub struct Certification {
    /// Index of the certifying entry.
    pub entry: u64,
    /// The issuer's id.
    pub issuer: String,
    /// Whether it stands.
    pub verdict: Verdict,
}

/// The ledger's newest block.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Head {
    /// Its number, from 0.
    pub height: u64,
    /// Entries in the tree.
    pub size: u64,
    /// When it was sealed.
    pub time_ms: u64,
}

/// That one tree grew from another.
#[derive(Debug, Deserialize)]
pub(super) struct Consistency {
    /// Hashes, hex.
    pub path: Vec<String>,
}

/// An enrolled issuer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IssuerListing {
    /// A lower-case DNS name.
    pub id: String,
    /// The name in the register of companies.
    pub legal_name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// The number there.
    pub registration: String,
    /// Index of its enrollment.
    pub enrolled: u64,
    /// Its keys, oldest first.
    pub keys: Vec<IssuerKey>,
}

/// A key of an issuer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IssuerKey {
    /// Its thumbprint, 64 hex digits.
    pub kid: String,
    /// The 32 bytes of RFC 8032, 64 hex digits.
    pub key: String,
    /// Index of the entry that brought it.
    pub since: u64,
}
