//! An issuer's withdrawal: from documents to the lists by which they fall, for good.
//!
//! ```text
//! named -> hashed -> asked: certified? fallen? -> lists, for the caller to sign and send
//! ```
//! All are asked about before any is signed for, so what was never certified changes nothing. Nothing
//! is kept on disk: wherever we crash, the next run asks again, and leaves out what has fallen.

mod falls;
mod inquiry;
mod target;

pub use falls::Falls;
pub use inquiry::{Answers, Inquiry, Source};
pub use target::{Target, Wanted};
