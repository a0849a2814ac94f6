//! Probant.
#![forbid(unsafe_code)]

pub mod cli;
pub mod client;
pub mod clock;
pub mod document;
pub mod error;
pub mod keyfile;
pub mod store;

pub use error::Error;
