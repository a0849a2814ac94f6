//! What a refusal means for a statement that is the same when it is sent again (codes:
//! docs/format.md 12).

use crate::Error;

/// Codes of what no time and no enrollment mends.
const FOR_GOOD: [&str; 28] = [
    "too-large",
    "fingerprint",
    "origin",
    "header",
    "algorithm",
    "unknown-kind",
    "version",
    "field",
    "weak-key",
    "signature",
    "key-use",
    "key-state",
    "issuer",
    "possession",
    "list-missing",
    "list-unexpected",
    "list-count",
    "list-order",
    "list-mismatch",
    "audience",
    "subject",
    "stale",
    "sequence",
    "issuer-exists",
    "issuer-reserved",
    "key-in-use",
    "fallen",
    "misplaced",
];
/// Codes of what passes: the statement's time comes, its key is enrolled, its issuer reinstated.
const FOR_NOW: [&str; 9] = [
    "future",
    "unknown-key",
    "issuer-unknown",
    "issuer-state",
    "last-key",
    "key-limit",
    "since",
    "not-certified",
    "key-not-held",
];

/// Why a statement got no receipt.
#[derive(Debug, thiserror::Error)]
pub enum NoReceipt {
    /// The ledger refuses it for good: it is no entry, and will not become one.
    #[error("{code}: {why}")]
    Refused {
        /// Of docs/format.md 12.
        code: &'static str,
        /// The ledger's own words.
        why: String,
    },
    /// The ledger refuses it as things are: it is no entry, and may become one.
    #[error("{code}: {why}")]
    RefusedNow {
        /// Of docs/format.md 12.
        code: &'static str,
        /// The ledger's own words.
        why: String,
    },
    /// Whether it is an entry is not known: only sending it again tells.
    #[error(transparent)]
    Unknown(#[from] Error),
}

impl NoReceipt {
    /// From the ledger's own words, which begin with a code; `None` where they are no refusal of
    /// a statement. So is `malformed`: it is said of a body that was cut on the way, too.
    pub(super) fn refusal(words: &str) -> Option<Self> {
        let (code, why) = words.split_once(": ")?;
        let known = |codes: &[&'static str]| codes.iter().copied().find(|known| *known == code);
        if let Some(code) = known(&FOR_GOOD) {
            return Some(Self::Refused { code, why: why.into() });
        }
        known(&FOR_NOW).map(|code| Self::RefusedNow { code, why: why.into() })
    }
}

impl From<NoReceipt> for Error {
    fn from(none: NoReceipt) -> Self {
        match none {
            NoReceipt::Refused { code, why } | NoReceipt::RefusedNow { code, why } => {
                Self::Refused { code: code.into(), why }
            }
            NoReceipt::Unknown(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Said of blocks and proofs, which are not submitted; or of what was cut on the way.
    const NO_ANSWER: [&str; 13] = [
        "malformed",
        "chain",
        "path-index",
        "path-length",
        "path-root",
        "ledger",
        "document",
        "proof",
        "checkpoint",
        "verifier-key",
        "trust-policy",
        "status",
        "unreadable",
    ];

    #[test]
    fn every_code_of_the_core_is_classified_once() {
        let source = include_str!("../../core/src/rejected.rs");
        let arms = source.lines().filter_map(|line| line.trim().split_once(" => \""));
        let codes: Vec<_> = arms.map(|(_, code)| code.trim_end_matches("\",")).collect();
        assert!(codes.contains(&"sequence") && codes.contains(&"checkpoint"), "{codes:?}");
        let classified = || FOR_GOOD.iter().chain(&FOR_NOW).chain(&NO_ANSWER);
        for code in &codes {
            assert_eq!(classified().filter(|known| *known == code).count(), 1, "{code}");
        }
        assert_eq!(classified().count(), codes.len());
    }

    #[test]
    fn only_the_ledgers_own_codes_refuse_and_some_of_them_pass() {
        let refusal = |words| NoReceipt::refusal(words);
        assert!(matches!(refusal("signature: it is wrong"), Some(NoReceipt::Refused { .. })));
        assert!(matches!(refusal("sequence: 2 for x"), Some(NoReceipt::Refused { .. })));
        assert!(matches!(refusal("future: issued at 9 s"), Some(NoReceipt::RefusedNow { .. })));
        assert!(matches!(refusal("unknown-key: key 00"), Some(NoReceipt::RefusedNow { .. })));
        for words in ["malformed: cut", "proof: it is not", "teapot: short", "signature", ""] {
            assert!(refusal(words).is_none(), "{words}");
        }
    }
}
