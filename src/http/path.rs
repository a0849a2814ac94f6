//! Parts of a path. One that makes no sense is the client's to mend, and is said as a problem like
//! any other: axum's own refusals are plain text.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use super::problem::{Kind, Problem};

/// The parts of a path, as text.
pub struct At<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(parts)| Self(parts)).map_err(|refused| malformed(refused.body_text()))
    }
}

/// A height or an index, in its one spelling: what is immutable has one name.
pub fn number(text: &str) -> Result<u64, Problem> {
    let number = text.parse().ok().filter(|number: &u64| number.to_string() == text);
    number.ok_or_else(|| malformed(format!("{text:?} is no number of 64 bits in decimal digits")))
}

/// For a part of a path that is not in its one spelling.
pub fn malformed(why: impl std::fmt::Display) -> Problem {
    Problem::new(Kind::MalformedPath, format!("this path makes no sense: {why}"))
}
