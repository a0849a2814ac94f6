//! Probant: a document certification ledger. The tour, in the order in which data flows:
//!
//! 1. [`probant_core`]: fingerprints, statements, the registry, blocks, seals, proofs, and their
//!    one verification, as pure functions;
//! 2. [`ledger`]: the only writer: admission, the pool, sealing, the commit point;
//! 3. [`store`]: what keeps the blocks, and answers look-ups in them;
//! 4. [`prove`] and [`lookup`]: proof files, checkpoints and verdicts, from look-ups;
//! 5. [`http`]: all of that as a web service;

pub mod bench;
pub mod cli;
pub mod clock;
pub mod error;
pub mod http;
pub mod keyfile;
pub mod ledger;
pub mod lookup;
pub mod prove;
pub mod store;

pub use error::Error;
