//! Files as a web server hands them out: the checkpoint of a ledger, and whatever an export of one has.

use reqwest::{Method, StatusCode};

use super::Client;
use crate::Error;

impl Client {
    /// What is at a path, of at most `limit` bytes; `None` where there is nothing. It is for the caller
    /// to check.
    ///
    /// # Errors
    /// Those of every request.
    pub async fn file(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, Error> {
        let answer = self.exchange(self.request(Method::GET, path), limit).await?;
        match answer.status {
            StatusCode::OK => Ok(Some(answer.body)),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(answer.refusal(self.url())),
        }
    }
}
