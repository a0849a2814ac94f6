//! For issuers: send a statement, get its receipt (SCRAPI).

use axum::{
    Extension,
    body::Bytes,
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use probant_core::{seal::Receipt, statement::SUBMISSION_BYTES_MAX};
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt as _},
    routes,
};

use super::{
    IMMUTABLE, Service,
    body::{Binary, check_type},
    clients::InVain,
    path::{At, number},
    problem::{Concise, Kind, Problem},
};
use crate::Error;

/// Where statements are sent.
pub const PATH: &str = "/entries";
const COSE: &str = "application/cose";

pub fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .routes(routes!(submit).layer(DefaultBodyLimit::max(SUBMISSION_BYTES_MAX)))
        .routes(routes!(receipt))
}

/// Submit a statement, and get its receipt
///
/// Answered once the block is durable. The same statement again gets the same receipt.
#[utoipa::path(
    post,
    path = "/entries",
    tag = "SCITT",
    request_body(
        content = Binary,
        description = "A statement (docs/format.md 5): a COSE_Sign1",
        content_type = "application/cose",
    ),
    responses(
        (
            status = 201,
            description = "The receipt: a COSE_Sign1",
            body = Binary,
            content_type = "application/cose",
            headers(("Location" = String, description = "`/entries/{index}`")),
        ),
    ),
    extensions(("x-problems" = json!(["rejected", "read-only", "malformed-body", "too-large", "unsupported-media-type", "quota", "stopping"])))
)]
async fn submit(
    State(service): State<Service>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Concise> {
    if !service.0.ledger.writes() {
        return Err(Problem::new(Kind::ReadOnly, "this node takes no statements").into());
    }
    check_type(&headers, COSE)?;
    let body = body.map_err(|rejection| not_whole(&rejection))?;
    let (answer, in_vain) = match service.0.ledger.submit(body).await {
        Ok(accepted) => {
            let answer = (StatusCode::CREATED, answer(&accepted.receipt)).into_response();
            (answer, accepted.was_there)
        }
        Err(error) => {
            let by_rules = matches!(error, Error::Refused { .. });
            (Concise::from(error).into_response(), by_rules)
        }
    };
    Ok(if in_vain { (Extension(InVain), answer).into_response() } else { answer })
}

/// A body that is too long, or ended before its length.
fn not_whole(rejection: &BytesRejection) -> Concise {
    Concise::from(if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let why = format!("too-large: the limit is {SUBMISSION_BYTES_MAX} bytes");
        Problem::new(Kind::TooLarge, why)
    } else {
        let why = format!("malformed: the submission did not arrive whole: {rejection}");
        Problem::new(Kind::MalformedBody, why)
    })
}

/// The first receipt of an entry
#[utoipa::path(
    get,
    path = "/entries/{index}",
    tag = "SCITT",
    params(("index" = u64, Path, description = "Index of the entry")),
    responses(
        (
            status = 200,
            description = "The receipt: a COSE_Sign1",
            body = Binary,
            content_type = "application/cose",
            headers(("Location" = String, description = "`/entries/{index}`")),
        ),
    ),
    extensions(("x-problems" = json!(["not-found"])))
)]
async fn receipt(
    State(service): State<Service>,
    index: Result<At<String>, Problem>,
) -> Result<Response, Concise> {
    let unknown = || Problem::not_found("there is no entry of this index");
    // SCRAPI has one status here: whatever names no entry is not found.
    let index = index
        .and_then(|At(index)| number(&index))
        .map_err(|_| Concise::titled("Invalid locator", unknown()))?;
    let receipt = service.ask(|inner| inner.ledger.first_receipt(index)).await?;
    let cached = [(header::CACHE_CONTROL, IMMUTABLE)];
    let receipt = receipt.ok_or_else(|| Concise::from(unknown()))?;
    Ok((cached, answer(&receipt)).into_response())
}

fn answer(receipt: &Receipt) -> Response {
    let location = format!("/entries/{}", receipt.index);
    let headers = [(header::CONTENT_TYPE, COSE.to_owned()), (header::LOCATION, location)];
    (headers, receipt.encode()).into_response()
}
