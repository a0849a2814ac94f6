//! Whether a certification stands: what its key, and the act that felled the document, amount to
//! (format.md 9.4). Look-ups and proofs answer with the same function.

use super::{Fall, KeyStatus, Reason};

/// Whether a certification stands, as of some block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It stands.
    Certified,
    /// Its issuer withdrew the document.
    Revoked(Fall),
    /// Its issuer replaced the document by another.
    Superseded(Fall),
    /// Its key was in other hands when it was sealed: it counts as never said.
    Distrusted(KeyStatus),
}

impl Standing {
    /// Of a certification sealed at `sealed_ms` with a key that has this status, of a document whose
    /// fall stands.
    pub fn of(sealed_ms: u64, key: Option<&KeyStatus>, fall: Option<Fall>) -> Self {
        if let Some(status) = key.filter(|status| status.voids(sealed_ms)) {
            return Self::Distrusted(*status);
        }
        match fall {
            None => Self::Certified,
            Some(fall) if fall.reason == Reason::Superseded => Self::Superseded(fall),
            Some(fall) => Self::Revoked(fall),
        }
    }

    /// The word for it, on the wire and on the page.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Certified => "certified",
            Self::Revoked(_) => "revoked",
            Self::Superseded(_) => "superseded",
            Self::Distrusted(_) => "distrusted",
        }
    }
}
