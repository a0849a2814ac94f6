//! What goes wrong above the core, in the few kinds that a caller would treat differently; each
//! has an exit code, so that scripts can too.

use std::borrow::Cow;

use probant_core::Rejected;

/// A failure, by what the user does next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The answer is no: a proof rejected, a document unknown, a fault found.
    #[error("{0}")]
    No(String),
    /// Mend the input: an argument, a file, a request.
    #[error("{0}")]
    Input(String),
    /// Mend the input too: the rules refuse it, here or at a ledger that answered so.
    #[error("{code}: {why}")]
    Refused {
        /// Of docs/format.md 12.
        code: Cow<'static, str>,
        /// What was wrong: field, limit, value.
        why: String,
    },
    /// Mend what the ledger is kept in: a setting, a right, a place. Whoever asked is not at fault.
    #[error("{0}")]
    Unusable(String),
    /// Try again later: busy, out of reach, not caught up. Nothing was changed.
    #[error("{what}")]
    Busy {
        /// What is not to be had now.
        what: String,
        /// When to try again, where the other side said so.
        retry_after_s: Option<u64>,
    },
    /// You have had your share: try again when the time has come. Nothing was changed.
    #[error("{what}")]
    OverQuota {
        /// Which share.
        what: String,
        /// When there is more.
        retry_after_s: u64,
    },
    /// Stop: damage, a failed sync, a lie. Somebody must look.
    #[error("{0}")]
    Stop(String),
}

impl Error {
    /// For arguments, files and statements that must be mended.
    pub fn input(why: impl Into<String>) -> Self {
        Self::Input(why.into())
    }

    /// For what may work later.
    pub fn busy(what: impl Into<String>) -> Self {
        Self::Busy { what: what.into(), retry_after_s: None }
    }

    /// For a file that cannot be read or written.
    pub fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.display().to_string();
        move |error| Self::Input(format!("{path}: {error}"))
    }

    /// The exit code: 1 no, 2 mend the input, 3 try again, 4 stop.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::No(_) => 1,
            Self::Input(_) | Self::Refused { .. } | Self::Unusable(_) => 2,
            Self::Busy { .. } | Self::OverQuota { .. } => 3,
            Self::Stop(_) => 4,
        }
    }
}

impl From<Rejected> for Error {
    fn from(rejected: Rejected) -> Self {
        Self::Refused { code: rejected.code().into(), why: rejected.to_string() }
    }
}
