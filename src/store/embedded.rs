//! The embedded store.

pub mod index;
pub mod segments;
pub mod table;
