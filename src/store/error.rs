//! Why a store could not do what was asked, split by what the caller does next.

use std::io;

use crate::{Error, durable};

/// What a store answers instead of a result.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another writer moved the head: reload it, build the block anew, try again.
    #[error("the head has moved")]
    Conflict,
    /// What keeps the blocks is out of reach, or gave up halfway: nothing was appended, try again.
    #[error("the store is out of reach: {0}")]
    Unavailable(String),
    /// What keeps the blocks went out of reach while it made one durable: the next claim finds out
    /// whether it did. Whoever waits sends the same again.
    #[error("the store went out of reach, and the outcome is not known yet: {0}")]
    Unknown(String),
    /// Where it is kept is at fault (a directory, a version, a permission, a lock): whoever runs it mends
    /// that.
    #[error("{0}")]
    Input(String),
    /// The look-up tables have not caught up with the head: try again shortly.
    #[error("look-ups reach {derived} of {blocks} blocks: try again shortly")]
    Behind {
        /// Number of blocks that look-ups are complete for; 0 while rebuilt ones take their place.
        derived: u64,
        /// Number of blocks that they must reach.
        blocks: u64,
    },
    /// What is stored is not what was written: stop, and look at the place named.
    #[error("damage at {place}: {what}")]
    Damage {
        /// File and byte, or block height.
        place: String,
        /// What was found there.
        what: String,
    },
    /// A write or sync failed before, so what is on disk is unknown: only a restart may go on.
    #[error("the store refuses everything since a write or sync failed; restart to reopen it")]
    Poisoned,
    /// The operating system refused; after a write the outcome is unknown and must be re-read.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, with the path.
        doing: String,
        /// The cause.
        source: io::Error,
    },
}

impl StoreError {
    /// Wraps an operating-system error with what was being done, for `map_err`.
    pub fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    /// Whether the same may work when it is tried again, as nothing was appended or the next claim finds
    /// out.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Conflict | Self::Unavailable(_) | Self::Unknown(_))
    }

    /// Names damage found at a place.
    pub fn damage(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Damage { place: place.into(), what: what.into() }
    }
}

impl From<durable::Failed> for StoreError {
    fn from(durable::Failed { doing, source }: durable::Failed) -> Self {
        Self::Io { doing, source }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Input(why) => Self::Unusable(why),
            StoreError::Conflict
            | StoreError::Behind { .. }
            | StoreError::Unavailable(_)
            | StoreError::Unknown(_) => Self::busy(error.to_string()),
            StoreError::Damage { .. } | StoreError::Poisoned | StoreError::Io { .. } => {
                Self::Stop(error.to_string())
            }
        }
    }
}
