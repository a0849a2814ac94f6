//! An answer that is read as it comes: all blocks of a ledger are too many to hold.

use reqwest::{Method, Response, StatusCode, header::CONTENT_TYPE};

use super::{Answer, Client, reason};
use crate::Error;

/// The answer, whose body is still to come. It has no limit but that of its reader, and may last as
/// long as bytes go on coming.
pub struct Stream {
    response: Response,
}

impl Client {
    /// Asks for all blocks from a height on, as records.
    ///
    /// # Errors
    /// [`Error::Busy`] where nobody answers, or not now; [`Error::Input`] where it is no ledger
    /// that does; [`Error::No`] where one has no such block. Every ledger has block 0.
    pub async fn blocks_from(&self, height: u64) -> Result<Stream, Error> {
        let path = format!("blocks/from/{height}");
        let response = self.endless(Method::GET, &path).send().await;
        let response = response.map_err(|error| self.unreached(&error))?;
        let answer = Answer::new(response.status(), response.headers());
        if answer.is_not_now() {
            return Err(answer.not_now(self.url()));
        }
        if answer.status.is_redirection() {
            return Err(answer.refusal(self.url()));
        }
        let kind = response.headers().get(CONTENT_TYPE);
        if answer.status == StatusCode::OK && kind.is_some_and(|k| k == "application/octet-stream")
        {
            return Ok(Stream { response });
        }
        let (url, status) = (self.url(), answer.status);
        if status == StatusCode::NOT_FOUND && height > 0 {
            return Err(Error::No(format!("{url} has no block {height}")));
        }
        Err(Error::input(format!("{url}/{path} is no ledger's: {status}")))
    }
}

impl Stream {
    /// How much will come, where that is known.
    pub fn bytes_total(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// What comes next; none at the end.
    ///
    /// # Errors
    /// Why it broke off, in words.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        let piece = self.response.chunk().await.map_err(|error| reason(&error))?;
        Ok(piece.map(Into::into))
    }
}
