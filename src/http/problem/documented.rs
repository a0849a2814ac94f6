//! `/problems`: what the types of problems mean, and what to do.

use axum::{
    Json, Router,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;

use super::{
    super::{ASK_AGAIN, Service, path::At},
    Kind, Problem,
};

pub fn router() -> Router<Service> {
    Router::new().route("/problems", get(problems)).route("/problems/{kind}", get(problem))
}

/// A kind of problem, documented.
#[derive(Serialize)]
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
#[derive(Serialize)]
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

async fn problems() -> Response {
    let problems = Kind::ALL.map(Documented::of).into();
    ([(header::CACHE_CONTROL, ASK_AGAIN)], Json(AllDocumented { problems })).into_response()
}

async fn problem(At(name): At<String>) -> Result<Response, Problem> {
    let kind = Kind::named(&name)
        .ok_or_else(|| Problem::not_found(format!("no problem is called {name:?}")))?;
    Ok(([(header::CACHE_CONTROL, ASK_AGAIN)], Json(Documented::of(kind))).into_response())
}
