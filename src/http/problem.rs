//! Errors as RFC 9457 problem details, and on the SCITT endpoints as RFC 9290 concise ones. Causes
//! inside the ledger are logged, not sent.

mod documented;
mod kind;

use std::borrow::Cow;

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use coset::cbor::value::Value;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Error;

pub use documented::router;
pub use kind::Kind;

/// When to come back, where the error does not say.
const RETRY_AFTER_S: u64 = 1;
/// All that is told of a failure of the ledger's own.
const STOPPED: &str = "the ledger met a failure of its own and says no more; it is logged there. A \
                       statement that was sent may have been kept: send it again, and it has one \
                       receipt";
/// The same of a database or a directory that its operator must mend.
const UNUSABLE: &str =
    "what the ledger is kept in cannot be used now, and whoever runs it is told why";

/// An error as JSON.
#[derive(Debug)]
pub struct Problem {
    kind: Kind,
    detail: Cow<'static, str>,
    code: Option<Cow<'static, str>>,
    retry_after_s: Option<u64>,
}

/// An error on a SCITT endpoint, as CBOR.
#[derive(Debug)]
pub struct Concise {
    title: &'static str,
    problem: Problem,
}

/// Name of [`Details`] in the description of the API.
pub const SCHEMA: &str = "Problem";

/// Why there is no answer (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Details<'a> {
    /// Which kind of problem it is: `/problems/{kind}`, which explains it.
    r#type: String,
    title: &'static str,
    status: u16,
    /// What was wrong this time.
    detail: &'a str,
    /// The refusal code (docs/format.md 12).
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
}

impl Problem {
    /// Of a kind, with what was wrong this time: field, limit, value.
    pub fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, detail: detail.into(), code: None, retry_after_s: None }
    }

    /// For a resource that is not there.
    pub fn not_found(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::NotFound, what)
    }

    /// The same, saying when to come back.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// As an answer at a path, in the form that is spoken there: on SCITT endpoints the concise one.
    pub fn at(self, path: &str) -> Response {
        let is_scitt =
            ["/entries", "/.well-known/scitt-keys"].iter().any(|at| path.starts_with(at));
        if is_scitt { Concise::from(self).into_response() } else { self.into_response() }
    }

    /// The refusal code of what the rules refuse: the detail begins with it, too.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    fn respond(&self, content_type: &'static str, body: Vec<u8>) -> Response {
        let status = self.kind.status();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(super::NEVER));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::No(what) => Self::not_found(what),
            Error::Refused { code, why } => Self {
                code: Some(code.clone()),
                ..Self::new(Kind::Rejected, format!("{code}: {why}"))
            },
            Error::Input(why) => Self::new(Kind::MalformedBody, why),
            Error::Busy { what, retry_after_s } => {
                Self::new(Kind::Busy, what).retry_after(retry_after_s.unwrap_or(RETRY_AFTER_S))
            }
            Error::OverQuota { what, retry_after_s } => {
                Self::new(Kind::Quota, what).retry_after(retry_after_s)
            }
            // Neither the asker's fault nor its business.
            Error::Unusable(why) => {
                tracing::error!(error = %why, "the store cannot be used");
                Self::new(Kind::Busy, UNUSABLE).retry_after(RETRY_AFTER_S)
            }
            Error::Stop(why) => {
                tracing::error!(error = %why, "an answer could not be given");
                Self::new(Kind::Stopped, STOPPED)
            }
        }
    }
}

impl Concise {
    /// With one of the titles of SCRAPI, for what is said at one place only.
    pub fn titled(title: &'static str, problem: Problem) -> Self {
        Self { title, problem }
    }
}

impl From<Problem> for Concise {
    /// With the title that SCRAPI has for it, if any.
    fn from(problem: Problem) -> Self {
        let title = match problem.code() {
            Some("malformed") if problem.detail.contains("the payload is nil") => "Payload Missing",
            Some("malformed") => Kind::MalformedBody.facts().title,
            Some("algorithm") => "Bad Signature Algorithm",
            Some("possession") => "Confirmation Missing",
            _ => problem.kind.facts().title,
        };
        Self { title, problem }
    }
}

impl From<Error> for Concise {
    fn from(error: Error) -> Self {
        Problem::from(error).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let facts = self.kind.facts();
        let details = Details {
            r#type: self.kind.uri(),
            title: facts.title,
            status: facts.status.as_u16(),
            detail: &self.detail,
            code: self.code(),
        };
        let body = serde_json::to_vec(&details).expect("strings and numbers are JSON");
        self.respond("application/problem+json", body)
    }
}

impl IntoResponse for Concise {
    fn into_response(self) -> Response {
        let text = |text: &str| Value::Text(text.into());
        let details = Value::Map(vec![
            (Value::from(-1), text(self.title)),
            (Value::from(-2), text(&self.problem.detail)),
        ]);
        let mut body = Vec::new();
        coset::cbor::ser::into_writer(&details, &mut body).expect("a vector takes all bytes");
        self.problem.respond("application/concise-problem-details+cbor", body)
    }
}

/// For every path that is none of ours.
pub async fn not_found() -> Problem {
    Problem::new(Kind::NoSuchPath, "there is nothing at this path")
}

/// For a method that a path does not have.
pub async fn method_not_allowed() -> Problem {
    Problem::new(Kind::MethodNotAllowed, "this path does not take this method")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &'static str, why: &str) -> Error {
        Error::Refused { code: code.into(), why: why.into() }
    }

    #[test]
    fn an_error_becomes_the_kind_that_says_what_to_do() {
        let problem = |error: Error| Problem::from(error);
        let rejected = problem(refused("key-state", "key 00 is stopped"));
        assert_eq!((rejected.kind, rejected.code()), (Kind::Rejected, Some("key-state")));
        assert_eq!(rejected.detail, "key-state: key 00 is stopped");
        // Whatever the words look like.
        let input = problem(Error::input("document: it is cut off"));
        assert_eq!((input.kind, input.code()), (Kind::MalformedBody, None));
        let busy = problem(Error::busy("look-ups lag"));
        assert_eq!((busy.kind, busy.retry_after_s), (Kind::Busy, Some(1)));
        let stopped = problem(Error::Stop("/srv/secret: no space".into()));
        assert_eq!((stopped.kind, &*stopped.detail), (Kind::Stopped, STOPPED));
        assert_eq!(problem(Error::No("x".into())).kind, Kind::NotFound);
    }

    #[test]
    fn scitt_endpoints_speak_in_the_titles_of_scrapi() {
        let title = |code, why| Concise::from(refused(code, why)).title;
        assert_eq!(title("malformed", "cut"), "Malformed request");
        assert_eq!(Concise::from(Error::input("it ended early")).title, "Malformed request");
        assert_eq!(title("algorithm", "-7"), "Bad Signature Algorithm");
        assert_eq!(title("possession", "of key 00"), "Confirmation Missing");
        assert_eq!(title("unknown-key", "00"), "Rejected");
        assert_eq!(Concise::from(Problem::not_found("x")).title, "Not Found");
        for kind in [Kind::RateLimited, Kind::Quota] {
            assert_eq!(Concise::from(Problem::new(kind, "x")).title, "Too Many Requests");
        }
    }
}
