//! What became of a certification, in words: one line for whether it stands, one for each thing that
//! changes nothing about that, and is still worth knowing.

use probant_core::status::{
    Fall, IssuerState, IssuerStatus, KeyState, KeyStatus, Reason, Standing,
};

use crate::clock::utc;

/// Whether it stands, and if not, why and since when.
pub fn standing(standing: &Standing) -> String {
    match standing {
        Standing::Certified => "certified".into(),
        Standing::Superseded(fall) | Standing::Revoked(fall) => self::fall(fall),
        Standing::Distrusted(status) => format!("distrusted: {}", key(status)),
    }
}

/// How a document fell.
pub fn fall(fall: &Fall) -> String {
    let (time, entry) = (utc(fall.time_ms), fall.entry);
    match fall.replacement {
        Some(new) => format!("superseded at {time} by entry {entry}, by {new}"),
        None => format!("revoked at {time} by entry {entry}, {}", reason(fall.reason)),
    }
}

/// Why, in the issuer's words.
fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Unspecified => "without a reason",
        Reason::IssuedInError => "as issued in error",
        Reason::Withdrawn => "as withdrawn",
        Reason::ObtainedByFraud => "as obtained by fraud",
        Reason::Superseded => "as superseded",
    }
}

/// What became of a key.
pub fn key(status: &KeyStatus) -> String {
    let (since, entry) = (utc(status.since_ms), status.entry);
    match status.state {
        KeyState::Current => format!("its key is in force again since {since} (entry {entry})"),
        KeyState::Retired => format!("its key was retired at {since} (entry {entry})"),
        KeyState::Stopped => format!("its key was stopped at {since} (entry {entry})"),
        KeyState::Compromised => {
            format!("its key was in other hands since {since} (entry {entry})")
        }
        KeyState::Void => {
            format!("its key came by what counts as never said, at {since} (entry {entry})")
        }
    }
}

/// What became of an issuer.
pub fn issuer(status: &IssuerStatus) -> String {
    let (since, entry) = (utc(status.since_ms), status.entry);
    match status.state {
        IssuerState::Suspended => format!("its issuer is suspended since {since} (entry {entry})"),
        IssuerState::Reinstated => {
            format!("its issuer was suspended, and reinstated at {since} (entry {entry})")
        }
    }
}
