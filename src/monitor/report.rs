//! What the monitor reports: an event, with what anybody needs to look into it. As text by `Display`,
//! as JSON by serde, both with the same facts.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::resemblance::Likeness;
use crate::{audit::SignedHead, domain::Confirmation};

/// One report. It may come more than once, always with the same id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// By which a receiver knows what it has had.
    pub id: String,
    /// Whether the user's own keys said it: no reason for alarm.
    pub expected: bool,
    /// Origin and id of the ledger.
    pub ledger: String,
    /// The issuer that is watched.
    pub issuer: String,
    /// When the block was sealed, or when the monitor found out: milliseconds since 1970.
    pub time_ms: u64,
    /// The same, as RFC 3339.
    pub time: String,
    /// Number of the block; none for what no block says.
    pub block: Option<u64>,
    /// Index of the entry, the first where there are many.
    pub entry: Option<u64>,
    /// Thumbprint of the key that signed, hex.
    pub kid: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "kebab-case")]
pub enum Event {
    /// Documents were certified in its name, in one block with one key.
    Certified { statements: u64, documents: u64 },
    /// Documents were withdrawn or replaced in its name.
    Revoked { documents: u64, reason: String },
    /// It was enrolled.
    Enrolled { legal_name: String, country: String, registration: String, key: String },
    /// It has one more key, by its own word or by the operator's.
    KeyAdded { key: String, by_operator: bool },
    /// One of its keys signs nothing more.
    KeyRetired { key: String },
    /// The same, as it may be in other hands.
    KeyStopped { key: String },
    /// One of its keys was in other hands since then: what it signed since counts as never said.
    KeyCompromised { key: String, since_ms: u64 },
    /// The operator accepts nothing more from it.
    Suspended,
    /// The operator does again.
    Reinstated,
    /// The operator set the limits for everybody.
    Policy { list_count_max: u64 },
    /// One of the ledger's own keys was replaced, or reported: what hangs on it may be judged again.
    LedgerKey { act: String, r#use: String, key: String },
    /// Another issuer resembles it.
    Resembling {
        /// Its id.
        other: String,
        legal_name: String,
        country: String,
        registration: String,
        likenesses: Vec<Likeness>,
    },
    /// Its domain's word on its keys is another than before.
    Domain { confirmation: Confirmation },
    /// The ledger shows another history than before.
    Forked { before: SealedHead, now: SealedHead },
    /// The ledger breaks its own rules.
    Fault { why: String },
    /// The ledger shows less than before: it lags, or went back.
    Behind { before: u64, now: Option<u64> },
    /// The ledger has sealed nothing for long: what happened since is not known.
    Stale { newest_ms: u64 },
    /// Its newest block is of a time that has not come: one of two clocks is wrong, or it is to look
    /// fresh while it stands still.
    Ahead { newest_ms: u64 },
}

/// A head with its seal: two of one height with different roots convict the ledger.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SealedHead {
    /// Number of the block, from 0.
    pub height: u64,
    /// Entries in the tree.
    pub size: u64,
    /// Its root, hex.
    pub root: String,
    /// When it was sealed: milliseconds since 1970.
    pub time_ms: u64,
    /// The seal, COSE_Sign1 over the detached root, hex.
    pub seal: String,
}

impl From<&SignedHead> for SealedHead {
    fn from(head: &SignedHead) -> Self {
        Self {
            height: head.height,
            size: head.size,
            root: head.root.to_string(),
            time_ms: head.time_ms,
            seal: hex::encode(&head.seal),
        }
    }
}

impl Event {
    /// The word for it, as in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Certified { .. } => "certified",
            Self::Revoked { .. } => "revoked",
            Self::Enrolled { .. } => "enrolled",
            Self::KeyAdded { .. } => "key-added",
            Self::KeyRetired { .. } => "key-retired",
            Self::KeyStopped { .. } => "key-stopped",
            Self::KeyCompromised { .. } => "key-compromised",
            Self::Suspended => "suspended",
            Self::Reinstated => "reinstated",
            Self::Policy { .. } => "policy",
            Self::LedgerKey { .. } => "ledger-key",
            Self::Resembling { .. } => "resembling",
            Self::Domain { .. } => "domain",
            Self::Forked { .. } => "forked",
            Self::Fault { .. } => "fault",
            Self::Behind { .. } => "behind",
            Self::Stale { .. } => "stale",
            Self::Ahead { .. } => "ahead",
        }
    }
}

/// A line that begins with `!` where it is not expected; details on lines of their own.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.expected { ' ' } else { '!' };
        write!(f, "{mark} {}", self.time)?;
        if let Some(block) = self.block {
            write!(f, " block {block}")?;
        }
        if let Some(entry) = self.entry {
            write!(f, " entry {entry}")?;
        }
        write!(f, ": {}", self.event)?;
        match &self.kid {
            Some(kid) => write!(f, ", signed by {kid}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certified { statements, documents } => {
                write!(f, "certified: {documents} documents in {statements} statements")
            }
            Self::Revoked { documents, reason } => {
                write!(f, "revoked: {documents} documents, {reason}")
            }
            Self::Enrolled { legal_name, country, registration, key } => {
                write!(f, "enrolled: {legal_name}, {country} {registration}, with key {key}")
            }
            Self::KeyAdded { key, by_operator: false } => write!(f, "key added: {key}"),
            Self::KeyAdded { key, by_operator: true } => {
                write!(f, "key added by the operator: {key}")
            }
            Self::KeyRetired { key } => write!(f, "key retired: {key}"),
            Self::KeyStopped { key } => write!(f, "key stopped: {key}"),
            Self::KeyCompromised { key, since_ms } => {
                write!(f, "key in other hands since {}: {key}", crate::clock::utc(*since_ms))
            }
            Self::Suspended => f.write_str("suspended by the operator"),
            Self::Reinstated => f.write_str("reinstated by the operator"),
            Self::Policy { list_count_max } => {
                write!(f, "policy: at most {list_count_max} documents a list")
            }
            Self::LedgerKey { act, r#use, key } => {
                write!(f, "the ledger's own {use} key: {act} {key}", r#use = r#use)
            }
            Self::Resembling { other, legal_name, country, registration, likenesses } => {
                write!(f, "{} resembles it: {legal_name}, {country} {registration}", shown(other))?;
                likenesses.iter().try_for_each(|likeness| write!(f, "; {likeness}"))
            }
            Self::Domain { confirmation } => write!(f, "domain: {confirmation}"),
            Self::Forked { before, now } => write!(
                f,
                "FORKED: block {} had root {}, and has root {}; both are signed",
                before.height, before.root, now.root
            ),
            Self::Fault { why } => write!(f, "FAULT in the ledger: {why}"),
            Self::Behind { before, now: Some(now) } => {
                write!(
                    f,
                    "behind: the ledger shows block {now} as its newest, and had shown {before}"
                )
            }
            Self::Behind { before, now: None } => {
                write!(f, "behind: the ledger has no block {before}, and had shown it")
            }
            Self::Stale { newest_ms } => write!(
                f,
                "stale: nothing sealed since {}; what happened since is not known",
                crate::clock::utc(*newest_ms)
            ),
            Self::Ahead { newest_ms } => write!(
                f,
                "ahead: its newest block is of {}, which has not come: one of two clocks is wrong, or \
                 it stands still and is to look fresh",
                crate::clock::utc(*newest_ms)
            ),
        }
    }
}

/// An id, and what a browser would make of it where that differs.
fn shown(id: &str) -> String {
    match idna::domain_to_unicode(id) {
        (written, Ok(())) if written != id => format!("{id} ({written})"),
        _ => id.to_owned(),
    }
}
