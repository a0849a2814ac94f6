//! `/problems`: what the types of problems mean, and what to do.

use axum::{
    Json,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::{ASK_AGAIN, Service, delivery::NotModified, path::At},
    Kind, Problem,
};

pub fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new().routes(routes!(problems)).routes(routes!(problem))
}

/// A kind of problem, documented.
#[derive(Serialize, ToSchema)]
struct Documented {
    /// What the member `type` of a problem says.
    r#type: String,
    /// Its short name.
    title: &'static str,
    /// The status that it is answered with.
    status: u16,
    /// What it means.
    meaning: &'static str,
    /// What to do.
    remedy: &'static str,
}

/// All kinds of problems.
#[derive(Serialize, ToSchema)]
struct AllDocumented {
    problems: Vec<Documented>,
}

impl Documented {
    fn of(kind: Kind) -> Self {
        let facts = kind.facts();
        Self {
            r#type: kind.uri(),
            title: facts.title,
            status: facts.status.as_u16(),
            meaning: facts.meaning,
            remedy: facts.remedy,
        }
    }
}

/// What kinds of problems there are, and what to do about each
#[utoipa::path(
    get,
    path = "/problems",
    tag = "API",
    responses(
        (status = 200, description = "Every kind", body = AllDocumented),
        NotModified,
    ),
    extensions(("x-problems" = json!([])))
)]
async fn problems() -> Response {
    let problems = Kind::ALL.iter().copied().map(Documented::of).collect();
    ([(header::CACHE_CONTROL, ASK_AGAIN)], Json(AllDocumented { problems })).into_response()
}

/// What a kind of problem means, and what to do
#[utoipa::path(
    get,
    path = "/problems/{kind}",
    tag = "API",
    params(("kind" = String, Path, description = "The end of a type")),
    responses(
        (status = 200, description = "The kind", body = Documented),
        NotModified,
    ),
    extensions(("x-problems" = json!(["malformed-path", "not-found"])))
)]
async fn problem(At(name): At<String>) -> Result<Response, Problem> {
    let kind = Kind::named(&name)
        .ok_or_else(|| Problem::not_found(format!("no problem is called {name:?}")))?;
    Ok(([(header::CACHE_CONTROL, ASK_AGAIN)], Json(Documented::of(kind))).into_response())
}
