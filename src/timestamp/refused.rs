//! Why a timestamp is not believed, or was not given.

/// The condition that does not hold. Nothing in the words is the other side's but what it says of
/// itself, without control characters.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// It is longer than a token may be.
    #[error("it is longer than {max} bytes")]
    TooLong {
        /// What is read at most.
        max: usize,
    },
    /// It cannot be read.
    #[error("its {part} is not of the form that RFC 3161 gives it, in DER")]
    Form {
        /// The part that is not.
        part: &'static str,
    },
    /// It can be read, and breaks a rule.
    #[error("{0}")]
    Rule(&'static str),
    /// The authority gave none.
    #[error("the authority refuses: {0}")]
    Status(String),
    /// It is over other bytes.
    #[error("it is a timestamp of something else")]
    Imprint,
    /// It is an answer to another question.
    #[error("its nonce is not the one that was sent: it is an answer to another request")]
    Nonce,
    /// It uses an algorithm that is not taken.
    #[error(
        "its {0} is none of those that are taken: SHA-256, SHA-384, SHA-512; RSA, ECDSA P-256, P-384"
    )]
    Algorithm(&'static str),
    /// The signature is wrong.
    #[error("its signature does not verify")]
    Signature,
    /// The certificates do not lead to a root.
    #[error("its signer does not lead to a root that was given: {0}")]
    Chain(String),
    /// No roots are in the file.
    #[error("{0}")]
    Roots(&'static str),
}
