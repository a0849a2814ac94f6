//! Bodies of requests: what they say they are.

use axum::http::{HeaderMap, header};

use super::problem::{Kind, Problem};

/// Refuses a body that says it is of another type than the one that a path takes. Whoever says
/// nothing is believed: what a body is shows when it is read.
pub fn check_type(headers: &HeaderMap, wanted: &'static str) -> Result<(), Problem> {
    let Some(found) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let media_type = found.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    if media_type.trim().eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let why = format!("this path takes {wanted}, and here is {found:?}");
    Err(Problem::new(Kind::UnsupportedMediaType, why))
}
