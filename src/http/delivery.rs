//! What every answer is given on its way out: a tag of its bytes, a compressed form, and what
//! browsers must know. An answer depends on method, path and body alone, so that caches cannot mix
//! answers up; the one header that changes its form is Accept-Encoding, which Vary names.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{
        Extensions, HeaderMap, HeaderValue, Method, StatusCode, Version, header, response::Parts,
    },
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use tower::ServiceBuilder;
use tower_http::{
    compression::{CompressionLayer, Predicate as _, predicate::SizeAbove},
    cors::{Any, CorsLayer},
    set_header::SetResponseHeaderLayer,
};
use utoipa::IntoResponses;

use super::{
    IMMUTABLE, NEVER,
    gate::{self, Gate},
};

/// Shorter answers are sent as they are.
const COMPRESSED_BYTES_MIN: u16 = 1024;
/// How long a browser remembers that anybody may ask.
const CORS_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// Headers that foreign pages may read, beside those that they always may.
const EXPOSED: &str = "allow,etag,location,retry-after,x-request-id";
/// For answers that are no page: nothing in them is run, loaded or framed.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'";

/// Wraps all routes, with the gate before them, in one stack: a layer of its own for each would be
/// boxed at every request. The first is the first that a request meets.
pub fn delivered(router: Router, gate: &Arc<Gate>) -> Router {
    let is_long = SizeAbove::new(COMPRESSED_BYTES_MIN);
    let header =
        |name, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    let stack = ServiceBuilder::new()
        // What the gate answers, foreign pages may read, too.
        .layer(header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .layer(header(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED))
        .layer(header(header::CONTENT_SECURITY_POLICY, NO_PAGE))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(from_fn(not_modified))
        .layer(CompressionLayer::new().compress_when(is_long.and(pays)))
        .layer(from_fn(tagged))
        .layer(from_fn_with_state(Arc::clone(gate), gate::pass))
        .layer(from_fn(asking_only))
        .layer(cors());
    router.layer(stack)
}

/// Open to every origin: there is no cookie or password that a foreign page could use, and whoever is
/// not a browser can ask in any case.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers([header::CONTENT_TYPE, header::IF_NONE_MATCH])
        .max_age(CORS_AGE)
        // The same for every origin, so that a cache needs to keep one answer only.
        .vary([])
}

/// Paths where a foreign page may send something, for it is a question.
const QUESTIONS: [&str; 2] = ["/documents", "/verify"];

/// Nothing else: a foreign page would submit in the name of whoever looks at it, and what is refused
/// keeps their address from writing. Without leave to say what it sends, it sends nothing that is read.
async fn asking_only(request: Request, next: Next) -> Response {
    let is_asked =
        request.method() == Method::OPTIONS && !QUESTIONS.contains(&request.uri().path());
    let mut answer = next.run(request).await;
    if is_asked {
        let headers = answer.headers_mut();
        let reading = HeaderValue::from_static("GET,HEAD");
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, reading);
        let conditional = HeaderValue::from_static("if-none-match");
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, conditional);
    }
    answer
}

/// Whether compression makes an answer shorter: hashes and signatures it does not.
fn pays(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_text = |name: &str| {
        ["text/", "application/json", "image/svg+xml"].iter().any(|text| name.starts_with(text))
    };
    media_type.is_some_and(is_text)
}

/// What the API says of an answer that is not sent again.
#[derive(IntoResponses)]
#[response(status = 304, description = "The answer is the one that If-None-Match names")]
pub struct NotModified;

/// Tags what may be another when it is asked again with a hash of its bytes.
async fn tagged(request: Request, next: Next) -> Response {
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    let response = next.run(request).await;
    let rule = response.headers().get(header::CACHE_CONTROL);
    let is_mutable = rule.is_some_and(|rule| rule != NEVER && rule != IMMUTABLE);
    let is_tagged = response.headers().contains_key(header::ETAG);
    if !is_read || !is_mutable || is_tagged || response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.expect("what is mutable is answered from memory");
    let hash = blake3::hash(&bytes).to_hex();
    let tag = HeaderValue::try_from(format!("\"{}\"", &hash[..32])).expect("hex digits");
    parts.headers.insert(header::ETAG, tag);
    Response::from_parts(parts, Body::from(bytes))
}

/// 304 to whoever has the answer in the form that would be sent: the tag is of the bytes, so each
/// compression has its own. A body that is compressed as it is read costs nothing if it is not.
async fn not_modified(request: Request, next: Next) -> Response {
    let known = request.headers().get_all(header::IF_NONE_MATCH).iter();
    let known: Vec<_> = known.filter_map(|tags| Some(tags.to_str().ok()?.to_owned())).collect();
    let (mut parts, body) = next.run(request).await.into_parts();
    let Some(tag) = tag_of_form(&parts) else { return Response::from_parts(parts, body) };
    let is_known = known.iter().flat_map(|tags| tags.split(',')).map(str::trim).any(|of| {
        let strong = of.strip_prefix("W/").unwrap_or(of);
        strong == "*" || strong == tag
    });
    parts.headers.insert(header::ETAG, HeaderValue::try_from(tag).expect("it was a tag before"));
    if !is_known {
        return Response::from_parts(parts, body);
    }
    for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING] {
        parts.headers.remove(name);
    }
    (StatusCode::NOT_MODIFIED, parts.headers).into_response()
}

/// The tag of an answer, with the name of its compression.
fn tag_of_form(parts: &Parts) -> Option<String> {
    let tag = parts.headers.get(header::ETAG)?.to_str().ok()?;
    let coding = parts.headers.get(header::CONTENT_ENCODING).and_then(|name| name.to_str().ok());
    match (coding, tag.strip_suffix('"')) {
        (Some(coding), Some(open)) => Some(format!("{open}-{coding}\"")),
        _ => Some(tag.to_owned()),
    }
}
