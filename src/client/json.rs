//! The ledger's JSON answers. They are its word: only a proof makes more of them.

use serde::{Deserialize, Serialize};

use crate::verdict::Verdict;

/// Most certifications that a ledger lists (docs/operate.md 11).
const LISTED_MAX: usize = 100;

/// What the ledger says of one fingerprint.
#[derive(Clone, Debug, Deserialize)]
pub struct Documents {
    /// The best of those of its certifications.
    pub verdict: Verdict,
    /// Its certifications: a ledger lists 100 at most, and 4 where many documents are asked about.
    pub certifications: Vec<Certification>,
    /// Of how many, up to 100, where many documents are asked about.
    #[serde(default)]
    pub count: Option<usize>,
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
    /// How the document fell for that issuer, where it did.
    #[serde(default)]
    pub fall: Option<Fall>,
}

/// How a document fell.
#[derive(Clone, Debug, Deserialize)]
pub struct Fall {
    /// Index of the entry that says so.
    pub entry: u64,
}

impl Documents {
    /// Whether there may be certifications that are not listed: those of others may hide ours.
    pub fn may_have_more(&self) -> bool {
        let listed = self.certifications.len();
        let count = self.count.unwrap_or(listed);
        count > listed || count >= LISTED_MAX
    }
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
    /// Whether the enrollment counts as never said.
    pub void: bool,
    /// Whether it was ever suspended, and is.
    pub status: Option<State>,
    /// The sequence number of the next statement about it.
    pub next_seq: u64,
    /// Its keys, oldest first.
    pub keys: Vec<KeyListing>,
}

/// A key of an issuer, or one of the ledger's own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyListing {
    /// Its thumbprint, 64 hex digits.
    pub kid: String,
    /// The 32 bytes of RFC 8032, 64 hex digits.
    pub key: String,
    /// What it may sign.
    pub r#use: String,
    /// The issuer's id, or the ledger's origin.
    pub owner: String,
    /// Index of the entry that brought it.
    pub since: u64,
    /// What became of it.
    pub status: Option<State>,
    /// The sequence number of the next statement about it.
    pub next_seq: u64,
}

/// What a key or an issuer is now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// A word of the closed list.
    pub state: String,
    /// Since when: milliseconds since 1970.
    pub since_ms: u64,
    /// The same, as RFC 3339.
    pub since: String,
    /// Index of the entry that says so.
    pub entry: u64,
}

impl KeyListing {
    /// What it is, in one word.
    pub fn state(&self) -> &str {
        self.status.as_ref().map_or("current", |status| &status.state)
    }

    /// From when on what it signed counts as never said, if it does.
    pub fn voids_from_ms(&self) -> Option<u64> {
        match self.state() {
            "void" => Some(0),
            "compromised" => self.status.as_ref().map(|status| status.since_ms),
            _ => None,
        }
    }
}

impl IssuerListing {
    /// What it is, in one word.
    pub fn state(&self) -> &str {
        if self.void {
            return "void";
        }
        self.status.as_ref().map_or("enrolled", |status| &status.state)
    }
}

/// The limits in force.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PolicyListing {
    /// Most documents of one list.
    pub list_count_max: u64,
    /// The sequence number of the next policy.
    pub next_seq: u64,
}
