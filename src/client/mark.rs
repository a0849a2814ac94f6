//! How far a node of a ledger has been, for its other nodes: a word, to be believed from one's own.

use probant_core::{Hash, LedgerId};
use reqwest::{Method, StatusCode};
use serde::Deserialize;

use super::Client;
use crate::Error;

const ANSWER_BYTES_MAX: usize = 4096;

/// The newest block that a node knows to be durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Remembered {
    /// Which ledger's node it is.
    pub ledger: LedgerId,
    /// Height of the block.
    pub height: u64,
    /// Entries in the tree after it.
    pub size: u64,
    /// Root of that tree.
    pub root: Hash,
}

#[derive(Deserialize)]
struct Answered {
    ledger: String,
    height: u64,
    size: u64,
    root: String,
}

impl Client {
    /// What this node remembers, asked once; `None` where it keeps no head mark, as one that only
    /// reads, or is no node.
    ///
    /// # Errors
    /// [`Error::Busy`] where no node answers.
    pub async fn remembered(&self) -> Result<Option<Remembered>, Error> {
        let answer = self.once(self.request(Method::GET, "mark"), ANSWER_BYTES_MAX).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if answer.status != StatusCode::OK {
            return Err(answer.refusal(self.url()));
        }
        let Answered { ledger, height, size, root } = self.read_json("mark", &answer.body)?;
        let hash = |hex: &str| {
            let wrong = || Error::busy(format!("{}/mark: {hex:?} is no hash", self.url()));
            Hash::from_hex(hex).ok_or_else(wrong)
        };
        let (ledger, root) = (LedgerId(hash(&ledger)?), hash(&root)?);
        Ok(Some(Remembered { ledger, height, size, root }))
    }
}
