//! Probant: a document certification ledger. The tour, in the order in which data flows:
//!
//! 1. [`probant_core`]: fingerprints, statements, the registry, blocks, seals, proofs, and their
//!    one verification, as pure functions;
//! 2. [`document`], [`certify`] and [`client`]: an issuer's files become fingerprints, these become
//!    signed batches, which go to a ledger; proofs come back, and are verified; [`revoke`] takes
//!    documents back;
//! 3. [`http`]: the web service that takes them;
//! 4. [`ledger`]: the only writer of a node: admission, the pool, sealing, the commit point; a ledger
//!    may have many nodes, and [`peers`] are the others;
//! 5. [`store`]: what keeps the blocks, and answers look-ups in them; [`lag`]: they may be behind;
//! 6. [`receipt`], [`prove`], [`lookup`] and [`explorer`]: first receipts, proof files, checkpoints,
//!    verdicts, and the ledger to look at, from look-ups; [`tile`]: its tree and entries in tiles, as
//!    C2SP clients read them;
//! 7. [`audit`]: the replay of all of it, which shares no code with the writer but the core
//!    and the reader of segments;
//! 8. [`export`]: the whole ledger as files that any web server serves, at a [`place`];
//! 9. [`migrate`]: a ledger moved into another store, and replayed there before anything is written;
//! 10. [`anchor`] and [`timestamp`]: an authority states of a head that it existed, and when; that is
//!     verified offline;
//! 11. [`witnesses`]: who cosigns the checkpoints, and says at the start how far the ledger had been;
//!     [`witness`]: a witness of our own, which replays the ledgers that it cosigns;
//! 12. [`monitor`]: a ledger followed for one issuer, and [`domain`]: what its domain says of its keys.
//!
//! [`cli`] puts it all on the command line, [`mod@bench`] puts a load on it. [`clock`], [`durable`],
//! [`error`], [`freshness`], [`keyfile`], [`mod@plain`] and [`verdict`] serve everybody, `transport` all who ask
//! over HTTP.
//!
//! Without the feature `server` there is what issuers and verifiers need, for programs of their own:
//! [`client`] shows how.
#![forbid(unsafe_code)]

pub mod anchor;
#[cfg(feature = "server")]
pub mod audit;
#[cfg(feature = "server")]
pub mod bench;
pub mod certify;
#[cfg(feature = "server")]
mod checksum;
#[cfg(feature = "server")]
pub mod cli;
pub mod client;
pub mod clock;
pub mod document;
#[cfg(feature = "server")]
pub mod domain;
pub mod durable;
pub mod error;
#[cfg(feature = "server")]
pub mod explorer;
#[cfg(feature = "server")]
pub mod export;
pub mod freshness;
#[cfg(feature = "server")]
pub mod http;
pub mod keyfile;
#[cfg(feature = "server")]
pub mod keyring;
#[cfg(feature = "server")]
pub mod lag;
#[cfg(feature = "server")]
pub mod ledger;
mod lock;
#[cfg(feature = "server")]
pub mod lookup;
#[cfg(feature = "server")]
pub mod migrate;
#[cfg(feature = "server")]
pub mod monitor;
#[cfg(feature = "server")]
pub mod peers;
#[cfg(feature = "server")]
pub mod place;
pub mod plain;
mod planted;
#[cfg(feature = "server")]
pub mod prove;
#[cfg(feature = "server")]
mod rate;
#[cfg(feature = "server")]
pub mod receipt;
pub mod revoke;
#[cfg(feature = "server")]
pub mod store;
#[cfg(feature = "server")]
pub mod tile;
pub mod timestamp;
mod transport;
pub mod verdict;
#[cfg(feature = "server")]
pub mod witness;
#[cfg(feature = "server")]
pub mod witnesses;

pub use error::Error;
