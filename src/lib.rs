//! Probant.
pub mod audit;
pub mod cli;
pub mod clock;
pub mod error;
pub mod store;

pub use error::Error;
