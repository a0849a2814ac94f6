//! Bodies: what requests say that theirs are, and how those that are not JSON are described.

use axum::http::{HeaderMap, header};

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

use super::problem::{Kind, Problem};

/// Refuses a body that says it is of another type than the one that a path takes. Whoever says
/// nothing is believed, for what a body is shows when it is read; but for a page in a browser, which
/// may send that anywhere without being asked for leave, in the name of whoever looks at it.
pub fn check_type(headers: &HeaderMap, wanted: &'static str) -> Result<(), Problem> {
    let Some(found) = headers.get(header::CONTENT_TYPE) else {
        if headers.contains_key(header::ORIGIN) {
            let why = format!("this path takes {wanted}, and pages must say that they send it");
            return Err(Problem::new(Kind::UnsupportedMediaType, why));
        }
        return Ok(());
    };
    let media_type = found.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    if media_type.trim().eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let why = format!("this path takes {wanted}, and here is {found:?}");
    Err(Problem::new(Kind::UnsupportedMediaType, why))
}

/// Bytes of another format than JSON, as the API describes them.
pub struct Binary;

impl PartialSchema for Binary {
    fn schema() -> RefOr<Schema> {
        let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
        ObjectBuilder::new().schema_type(Type::String).format(Some(binary)).into()
    }
}

impl ToSchema for Binary {}
