//! For issuers: send a statement, get its receipt (SCRAPI).

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State, rejection::BytesRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use probant_core::{seal::Receipt, statement::SUBMISSION_BYTES_MAX};

use super::{
    Service,
    problem::{Concise, Problem},
};
use crate::Error;

const COSE: &str = "application/cose";

pub fn router() -> Router<Service> {
    Router::new()
        .route("/entries", post(submit).layer(DefaultBodyLimit::max(SUBMISSION_BYTES_MAX)))
        .route("/entries/{index}", get(receipt))
}

/// 201 with the receipt, once the block is durable.
async fn submit(
    State(service): State<Service>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Concise> {
    let body = body.map_err(|rejection| {
        let why = format!("too-large: {rejection}; the limit is {SUBMISSION_BYTES_MAX} bytes");
        Concise(Problem(rejection.status(), Error::input(why)))
    })?;
    let accepted = service.0.ledger.submit(body).await?;
    Ok(answer(StatusCode::CREATED, &accepted.receipt))
}

/// The first receipt of an entry.
async fn receipt(
    State(service): State<Service>,
    Path(index): Path<String>,
) -> Result<Response, Concise> {
    let unknown = || Concise(Problem::not_found(format!("there is no entry {index:?}")));
    let number: u64 = index.parse().map_err(|_| unknown())?;
    let receipt = service.ask(|inner| inner.ledger.first_receipt(number)).await?;
    Ok(answer(StatusCode::OK, &receipt.ok_or_else(unknown)?))
}

fn answer(status: StatusCode, receipt: &Receipt) -> Response {
    let location = format!("/entries/{}", receipt.index);
    let headers = [(header::CONTENT_TYPE, COSE.to_owned()), (header::LOCATION, location)];
    (status, headers, receipt.encode()).into_response()
}
