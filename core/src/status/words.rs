//! The closed lists of words in status values (format.md 6.1).

use std::str::FromStr;

use crate::Rejected;

/// Why a document fell, in its issuer's words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    /// None is given.
    Unspecified,
    /// It should never have been certified.
    IssuedInError,
    /// It was right, and holds no longer.
    Withdrawn,
    /// Somebody deceived the issuer.
    ObtainedByFraud,
    /// Another document stands in its place.
    Superseded,
}

impl Reason {
    /// The whole list.
    pub const ALL: [Self; 5] = [
        Self::Unspecified,
        Self::IssuedInError,
        Self::Withdrawn,
        Self::ObtainedByFraud,
        Self::Superseded,
    ];

    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::IssuedInError => "issued-in-error",
            Self::Withdrawn => "withdrawn",
            Self::ObtainedByFraud => "obtained-by-fraud",
            Self::Superseded => "superseded",
        }
    }
}

impl FromStr for Reason {
    type Err = Rejected;

    fn from_str(word: &str) -> Result<Self, Rejected> {
        find(&Self::ALL, Self::name, "reason", word)
    }
}

/// What a key is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum KeyState {
    /// In use again: what felled it was undone.
    Current,
    /// Replaced by another; what it signed before stands.
    Retired,
    /// Nothing more is accepted from it; what it signed before stands.
    Stopped,
    /// In other hands: what it signed and was sealed since then counts as never said.
    Compromised,
    /// Brought by what counts as never said, and so does all that it signed.
    Void,
}

impl KeyState {
    /// The whole list.
    pub const ALL: [Self; 5] =
        [Self::Current, Self::Retired, Self::Stopped, Self::Compromised, Self::Void];

    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Retired => "retired",
            Self::Stopped => "stopped",
            Self::Compromised => "compromised",
            Self::Void => "void",
        }
    }
}

impl FromStr for KeyState {
    type Err = Rejected;

    fn from_str(word: &str) -> Result<Self, Rejected> {
        find(&Self::ALL, Self::name, "state", word)
    }
}

/// What an issuer is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum IssuerState {
    /// Nothing new is accepted from it; what was sealed before stands.
    Suspended,
    /// Its suspension is over.
    Reinstated,
}

impl IssuerState {
    /// The whole list.
    pub const ALL: [Self; 2] = [Self::Suspended, Self::Reinstated];

    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Suspended => "suspended",
            Self::Reinstated => "reinstated",
        }
    }
}

impl FromStr for IssuerState {
    type Err = Rejected;

    fn from_str(word: &str) -> Result<Self, Rejected> {
        find(&Self::ALL, Self::name, "state", word)
    }
}

fn find<T: Copy>(
    all: &[T],
    name: fn(T) -> &'static str,
    field: &'static str,
    word: &str,
) -> Result<T, Rejected> {
    all.iter().copied().find(|known| name(*known) == word).ok_or_else(|| {
        let why = format!("{word:?} is not in the closed list of docs/format.md 6.1");
        Rejected::field("status", field, why)
    })
}
