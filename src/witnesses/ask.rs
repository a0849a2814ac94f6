//! One question to one witness, and what its answer means in both published versions of the protocol
//! (c2sp.org/tlog-witness, main and v1.0.0). Signatures in it are still to be verified.

use std::time::Duration;

use probant_core::Origin;
use reqwest::{Response, StatusCode, Url, header::CONTENT_TYPE};
use sha2::{Digest as _, Sha256};

use super::submission::{self, Submission};
use crate::{
    Error,
    plain::plain_start,
    transport::{body, http_client, reason, shown},
};

/// Longest that a witness may take for its whole answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Longest answer: more signature lines than a witness has keys, or a note with them.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// The type of a 409 that says a size.
const SIZE_TYPE: &str = "text/x.tlog.size";

/// What a witness says.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// Signature lines.
    Lines(String),
    /// It saw this size last, and not the one that was named.
    Size(u64),
    /// It saw the size last that was named, and cosigns once it has replayed what it is shown.
    Later,
    /// What it saw is not the beginning of what it is shown.
    Inconsistent,
    /// It does not know the ledger, so it never cosigned for it.
    Unknown,
    /// It wants something else than it was sent: the operators have to talk.
    Refused(String),
    /// Nothing, nothing that makes sense, or not now.
    Silent(String),
}

/// Where a witness is.
#[derive(Clone, Debug)]
pub struct Line {
    http: reqwest::Client,
    prefix: Url,
}

impl Line {
    /// To the witness whose submission prefix this is.
    ///
    /// # Errors
    /// [`Error::Input`] for what is no URL of HTTP.
    pub fn new(prefix: &str) -> Result<Self, Error> {
        let wrong = || Error::input(format!("{prefix:?} is no http or https URL of a witness"));
        let mut url = Url::parse(prefix).map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(wrong());
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self { http: http_client(&url)?, prefix: url })
    }

    /// Where it is, as people are told of it.
    pub fn name(&self) -> String {
        shown(&self.prefix)
    }

    /// Shows it a checkpoint of this size.
    pub async fn add_checkpoint(&self, submission: &Submission, size: u64) -> Said {
        let request = self.http.post(self.at("add-checkpoint")).timeout(ANSWER_MAX);
        match request.body(submission.to_text()).send().await {
            Ok(answer) => said(answer, submission.old, size).await,
            Err(error) => Said::Silent(reason(&error)),
        }
    }

    /// The newest checkpoint that it says it cosigned, as a note; `None` where it has or shows none.
    pub async fn newest(&self, origin: &Origin) -> Option<String> {
        let path = format!("{}/checkpoint", hex::encode(Sha256::digest(origin.as_str())));
        let answer = self.http.get(self.at(&path)).timeout(ANSWER_MAX).send().await.ok()?;
        let found = answer.status() == StatusCode::OK;
        text(answer).await.ok().filter(|_| found)
    }

    fn at(&self, path: &str) -> Url {
        let mut url = self.prefix.clone();
        url.set_path(&format!("{}{path}", self.prefix.path()));
        url
    }
}

async fn said(answer: Response, old: u64, size: u64) -> Said {
    let status = answer.status();
    let is_size = answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == SIZE_TYPE);
    let text = match text(answer).await {
        Ok(text) => text,
        Err(why) => return Said::Silent(why),
    };
    match status {
        StatusCode::OK => Said::Lines(text),
        StatusCode::CONFLICT => conflict(&text, is_size, old, size),
        StatusCode::SERVICE_UNAVAILABLE if is_size => later(&text, old),
        // Without an older size there is nothing that this one could contradict.
        StatusCode::UNPROCESSABLE_ENTITY if old > 0 => Said::Inconsistent,
        StatusCode::NOT_FOUND => Said::Unknown,
        StatusCode::TOO_MANY_REQUESTS => Said::Silent(status.to_string()),
        status if status.is_client_error() => Said::Refused(format!("{status}: {}", short(&text))),
        status => Said::Silent(format!("{status}: {}", short(&text))),
    }
}

/// In v1.0.0, 409 also says that a checkpoint of the size that it saw last has another root.
fn conflict(text: &str, is_size: bool, old: u64, size: u64) -> Said {
    match text.strip_suffix('\n').and_then(submission::size).filter(|_| is_size) {
        Some(seen) if seen != old => Said::Size(seen),
        _ if old == size => Said::Inconsistent,
        _ => Said::Silent(format!("409 with {:?}", short(text))),
    }
}

/// A witness that replays says with 503 what it saw last, for it has checked that before
/// (docs/witnesses.md 6).
fn later(text: &str, old: u64) -> Said {
    match text.strip_suffix('\n').and_then(submission::size) {
        Some(seen) if seen == old => Said::Later,
        Some(seen) => Said::Size(seen),
        None => Said::Silent(format!("503 with {:?}", short(text))),
    }
}

/// A stranger's words, as far as they are worth a log line.
fn short(text: &str) -> String {
    plain_start(text, 100)
}

async fn text(answer: Response) -> Result<String, String> {
    let bytes = body(answer, ANSWER_BYTES_MAX).await.map_err(|error| reason(&error))?;
    let bytes = bytes.ok_or_else(|| format!("an answer of more than {ANSWER_BYTES_MAX} bytes"))?;
    String::from_utf8(bytes).map_err(|_| "an answer that is no text".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_503_may_say_a_size() {
        assert_eq!(later("5\n", 5), Said::Later);
        assert_eq!(later("7\n", 5), Said::Size(7));
        assert!(matches!(later("5", 5), Said::Silent(_)));
    }

    #[test]
    fn a_409_says_a_size_or_that_the_root_is_another() {
        assert_eq!(conflict("7\n", true, 5, 9), Said::Size(7));
        assert_eq!(conflict("0\n", true, 5, 5), Said::Size(0));
        assert_eq!(conflict("5\n", true, 5, 5), Said::Inconsistent);
        assert_eq!(conflict("another root\n", false, 5, 5), Said::Inconsistent);
        for (text, is_size) in [
            ("5\n", true),
            ("7", true),
            ("07\n", true),
            ("rubbish", true),
            ("7\n", false),
            ("", true),
        ] {
            assert!(matches!(conflict(text, is_size, 5, 9), Said::Silent(_)), "{text:?}");
        }
    }
}
