//! Probant.
pub mod clock;
pub mod error;
pub mod store;

pub use error::Error;
