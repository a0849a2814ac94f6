//! The seam between the ledger and what keeps it.

pub mod durable;
pub mod embedded;
mod error;
pub mod head_mark;

pub use error::StoreError;
