//! Probant: a document certification ledger. The tour, in the order in which data flows:
//!
//! 1. [`probant_core`]: fingerprints, statements, the registry, blocks, seals, proofs, and their
//!    one verification, as pure functions;
//! 2. [`document`], [`certify`] and [`client`]: an issuer's files become fingerprints, these become
//!    signed batches, which go to a ledger; proofs come back, and are verified; [`revoke`] takes
//!    documents back;
//! 3. [`http`]: the web service that takes them;
//! 4. [`ledger`]: the only writer: admission, the pool, sealing, the commit point;
//! 5. [`store`]: what keeps the blocks, and answers look-ups in them; [`lag`]: they may be behind;
//! 6. [`receipt`], [`prove`] and [`lookup`]: first receipts, proof files, checkpoints and verdicts,
//!    from look-ups;
//! 7. [`audit`]: the replay of all of it, which shares no code with the writer but the core
//!    and the reader of segments.
//!
//! [`cli`] puts it all on the command line, [`mod@bench`] puts a load on it. [`clock`], [`durable`],
//! [`error`], [`freshness`], [`keyfile`] and [`verdict`] serve everybody.
#![forbid(unsafe_code)]

pub mod audit;
pub mod bench;
mod bucket;
pub mod certify;
pub mod cli;
pub mod client;
pub mod clock;
pub mod document;
pub mod durable;
pub mod error;
pub mod freshness;
pub mod http;
pub mod keyfile;
pub mod keyring;
pub mod lag;
pub mod ledger;
pub mod lookup;
mod planted;
pub mod prove;
pub mod receipt;
pub mod revoke;
pub mod store;
pub mod verdict;

pub use error::Error;
