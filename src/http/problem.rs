//! Errors as RFC 9457 problem details, and on the SCITT endpoints as RFC 9290 concise ones. Causes
//! inside the ledger are logged, not sent.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use coset::cbor::value::Value;
use serde::Serialize;

use crate::Error;

/// When to come back, where the error does not say.
const RETRY_AFTER_S: u64 = 1;

/// RFC 9457.
#[derive(Serialize)]
struct Details<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
}

/// An error as JSON.
pub struct Problem(pub StatusCode, pub Error);

/// An error on a SCITT endpoint, as CBOR.
pub struct Concise(pub Problem);

impl Problem {
    /// For a resource that is not there.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self(StatusCode::NOT_FOUND, Error::No(what.into()))
    }

    fn title(&self) -> &'static str {
        match (self.0, &self.1) {
            (StatusCode::NOT_FOUND, _) => "Not Found",
            (StatusCode::PAYLOAD_TOO_LARGE, _) => "Too large",
            (StatusCode::METHOD_NOT_ALLOWED, _) => "Method not allowed",
            (_, Error::Input(_)) => "Rejected",
            (_, Error::Busy { .. }) => "Try again later",
            _ => "The ledger has stopped",
        }
    }

    fn detail(&self) -> String {
        if self.0 == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(error = %self.1, "an answer could not be given");
            return "the ledger met a failure of its own and says no more; it is logged there. A \
                    statement that was sent may have been kept: send it again, and it has one \
                    receipt"
                .into();
        }
        self.1.to_string()
    }

    fn retry_after(&self) -> Option<HeaderValue> {
        match &self.1 {
            Error::Busy { retry_after_s, .. } => {
                Some(HeaderValue::from(retry_after_s.unwrap_or(RETRY_AFTER_S)))
            }
            _ => None,
        }
    }

    fn respond(&self, content_type: &'static str, body: Vec<u8>) -> Response {
        let mut response = (self.0, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::No(_) => StatusCode::NOT_FOUND,
            Error::Input(_) => StatusCode::BAD_REQUEST,
            Error::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Error::Stop(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self(status, error)
    }
}

impl From<Error> for Concise {
    fn from(error: Error) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let detail = self.detail();
        let (title, status) = (self.title(), self.0.as_u16());
        let details = Details { r#type: "about:blank", title, status, detail: &detail };
        let body = serde_json::to_vec(&details).expect("strings and numbers are JSON");
        self.respond("application/problem+json", body)
    }
}

impl IntoResponse for Concise {
    fn into_response(self) -> Response {
        let text = |text: String| Value::Text(text);
        let details = Value::Map(vec![
            (Value::from(-1), text(self.0.title().into())),
            (Value::from(-2), text(self.0.detail())),
        ]);
        let mut body = Vec::new();
        coset::cbor::ser::into_writer(&details, &mut body).expect("a vector takes all bytes");
        self.0.respond("application/concise-problem-details+cbor", body)
    }
}

/// For every path that is none of ours.
pub async fn not_found() -> Problem {
    Problem::not_found("there is nothing at this path")
}

/// For a method that a path does not have.
pub async fn method_not_allowed() -> Problem {
    let why = Error::input("this path does not take this method");
    Problem(StatusCode::METHOD_NOT_ALLOWED, why)
}
