//! The verdict on a document, in the words of the command line, of the web service and of its
//! clients.

use probant_core::status::Standing;
use serde::{Deserialize, Serialize};

/// Whether a document is certified; of several certifications, the first of these that one has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Exactly these bytes were certified, and that stands.
    Certified,
    /// The issuer replaced the document by another.
    Superseded,
    /// The issuer withdrew the document.
    Revoked,
    /// The key was in other hands when it was sealed: it counts as never said.
    Distrusted,
    /// The ledger knows nothing of these bytes. It does not say that they are forged.
    Unknown,
}

impl Verdict {
    /// On one certification.
    pub fn of(standing: &Standing) -> Self {
        match standing {
            Standing::Certified => Self::Certified,
            Standing::Superseded(_) => Self::Superseded,
            Standing::Revoked(_) => Self::Revoked,
            Standing::Distrusted(_) => Self::Distrusted,
        }
    }

    /// On a document with certifications of these verdicts.
    pub fn of_all(each: impl IntoIterator<Item = Self>) -> Self {
        each.into_iter().min().unwrap_or(Self::Unknown)
    }

    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Certified => "certified",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
            Self::Distrusted => "distrusted",
            Self::Unknown => "unknown",
        }
    }
}
