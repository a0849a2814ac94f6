//! A witness of ledgers.
pub mod submission;
