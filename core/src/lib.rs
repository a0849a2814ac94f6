//! The formats and proofs of Probant, as pure functions: no I/O, no clock, no randomness, no
//! async. Whoever embeds this crate can check everything that a ledger says.
//!
//! The tour, in the order in which a document becomes a proof:
//!
//! 1. [`fingerprint`]: the hash that stands for a document;
//! 2. [`list`]: many fingerprints under one root;
//! 3. [`key`], [`cose_key`] and [`identity`]: who signs, and the names of ledgers and issuers;
//! 4. [`statement`]: what an issuer, the operator or the ledger says, as a COSE_Sign1;
//! 5. [`registry`]: who may say what, when: a fold over entries;
//! 6. [`tree`]: the one Merkle tree;
//! 7. [`status`]: what has fallen, in one sparse Merkle map;
//! 8. [`draft`], [`seal`], [`block`], [`chain`]: how entries are sealed, and replayed;
//!    [`framing`]: how blocks follow each other in a file or a stream;
//! 9. [`note`], [`checkpoint`]: the tree head for witnesses; [`verifier_key`], [`cosignature`],
//!    [`ml_dsa`]: how they and others sign it; [`trust_policy`]: whom a verifier believes;
//! 10. [`proof`] and [`verify`]: the file beside a document, and its one verification;
//!     [`tlog_proof`]: its entry alone, for others' tools.
//!
//! Every refusal is a [`Rejected`] with a stable code. The bytes are those of docs/format.md.
#![deny(missing_docs)]

pub mod block;
mod cbor;
pub mod chain;
pub mod checkpoint;
mod cose;
pub mod cose_key;
pub mod cosignature;
pub mod draft;
pub mod fingerprint;
mod fold;
pub mod framing;
mod hash;
pub mod identity;
pub mod key;
pub mod list;
pub mod ml_dsa;
pub mod note;
pub mod proof;
pub mod registry;
mod rejected;
pub mod seal;
pub mod statement;
pub mod status;
pub mod tlog_proof;
pub mod tree;
pub mod trust_policy;
pub mod verifier_key;
pub mod verify;

pub use cose::{LABEL_LIST, LABEL_PROOF};
pub use fingerprint::{Algorithm, Fingerprint, Fingerprints};
pub use hash::Hash;
pub use identity::{Identity, IssuerId, LedgerId, Origin};
pub use list::List;
pub use rejected::Rejected;
pub use statement::Statement;
pub use verify::{Verified, Verifier};
