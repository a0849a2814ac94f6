//! The API, described: a document that is made from the handlers (OpenAPI 3.1). `page` serves what
//! shows it.
//!
//! A handler lists the kinds of problems that its path has, as `x-problems`; those that any path may
//! have are added here, and all of them become answers of the document.

use std::{collections::BTreeMap, sync::LazyLock};

use axum::{
    body::Bytes,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use utoipa::{
    PartialSchema as _,
    openapi::{
        Content, Info, License, OpenApi, Ref, RefOr, Response as Described, ResponseBuilder,
        Server, extensions::Extensions, path::Operation, tag::Tag,
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    ASK_AGAIN, Service,
    delivery::NotModified,
    problem::{self, Kind},
};

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
const CONCISE: &str = "application/concise-problem-details+cbor";

/// What any request may meet.
const ANYWHERE: [Kind; 5] =
    [Kind::HeadersTooLarge, Kind::RateLimited, Kind::Busy, Kind::Overloaded, Kind::Stopped];
/// Groups of paths; those of SCITT answer with concise problems.
const SCITT: &str = "SCITT";
const TAGS: [(&str, &str); 7] = [
    ("Documents", "For verifiers: is this document certified?"),
    (SCITT, "For issuers: submit a statement, get its receipt (SCRAPI). Problems are RFC 9290."),
    ("Registry", "For everybody: issuers, keys, limits."),
    ("Audit", "For auditors: blocks, lists, checkpoints, and how one head grew from another."),
    ("Explorer", "For people who look around."),
    ("Health", "For whoever runs it."),
    ("API", "For developers: this description, and what problems mean."),
];
const ABOUT: &str = "A document certification ledger. All inputs are in the path; all authority is in \
                     signatures, so there is nothing to log in to. What is answered without a proof is \
                     the ledger's word. Every problem has a type that GET /problems explains.";

/// The document: the same as long as the program runs.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
    let document = described(super::routes().into_openapi());
    serde_json::to_vec_pretty(&document).expect("a description is JSON").into()
});

pub fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new().routes(routes!(document))
}

/// This description
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "API",
    responses(
        (status = 200, description = "OpenAPI 3.1", body = serde_json::Value),
        NotModified,
    ),
    extensions(("x-problems" = json!([])))
)]
async fn document() -> Response {
    let headers = [(header::CONTENT_TYPE, JSON), (header::CACHE_CONTROL, ASK_AGAIN)];
    (headers, DOCUMENT.clone()).into_response()
}

/// Completes what the handlers say of themselves.
fn described(mut document: OpenApi) -> OpenApi {
    document.info = Info::new("Probant", env!("CARGO_PKG_VERSION"));
    document.info.description = Some(ABOUT.into());
    document.info.license = Some(License::new("MIT OR Apache-2.0"));
    // Beside the document, wherever that is served.
    document.servers = Some(vec![Server::new("./")]);
    let tag = |(name, description): (&str, &str)| {
        let mut tag = Tag::new(name);
        tag.description = Some(description.into());
        tag
    };
    document.tags = Some(TAGS.map(tag).into());
    let schemas = &mut document.components.get_or_insert_default().schemas;
    schemas.insert(problem::SCHEMA.into(), problem::Details::schema());
    // The rest of a path is a parameter like any other: OpenAPI has no sign for it.
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths =
        paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    for (path, item) in &mut document.paths.paths {
        let reads = item.get.iter_mut().map(|operation| ("get", operation));
        let writes = item.post.iter_mut().map(|operation| ("post", operation));
        for (method, operation) in reads.chain(writes) {
            operation.operation_id = Some(id(method, path));
            complete(operation);
        }
    }
    document
}

/// A name of its own for each: `get-documents-fingerprint-proof`.
fn id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("-")
}

/// Adds the problems of a path.
fn complete(operation: &mut Operation) {
    let is_scitt = operation.tags.iter().flatten().any(|tag| tag == SCITT);
    let mut kinds = problems_of(operation.extensions.as_ref());
    kinds.extend(ANYWHERE);
    if operation.request_body.is_some() {
        kinds.push(Kind::Timeout);
    }
    let mut by_status: BTreeMap<StatusCode, Vec<Kind>> = BTreeMap::new();
    for kind in kinds {
        by_status.entry(kind.status()).or_default().push(kind);
    }
    for (status, kinds) in by_status {
        let described = problems(&kinds, is_scitt);
        let responses = &mut operation.responses.responses;
        match responses.get_mut(status.as_str()) {
            Some(RefOr::T(other)) => other.content.extend(described.content),
            _ => drop(responses.insert(status.as_str().into(), described.into())),
        }
    }
}

/// The kinds that a handler names.
fn problems_of(extensions: Option<&Extensions>) -> Vec<Kind> {
    let named = extensions.and_then(|all| all.get("x-problems")?.as_array());
    let kind = |name: &serde_json::Value| {
        let name = name.as_str().unwrap_or_default();
        Kind::named(name).unwrap_or_else(|| panic!("no problem is called {name:?}"))
    };
    named.into_iter().flatten().map(kind).collect()
}

/// The answer for kinds of problems with the same status.
fn problems(kinds: &[Kind], is_scitt: bool) -> Described {
    let names: Vec<_> = kinds.iter().map(|kind| format!("`{}`", kind.uri())).collect();
    let content = if is_scitt {
        (CONCISE, Content::new(None::<RefOr<utoipa::openapi::Schema>>))
    } else {
        (PROBLEM, Content::new(Some(Ref::from_schema_name(problem::SCHEMA))))
    };
    ResponseBuilder::new().description(names.join(", ")).content(content.0, content.1).build()
}

#[cfg(test)]
mod tests {
    use std::{
        collections::HashSet,
        fs,
        path::{Path, PathBuf},
    };

    use super::*;

    fn sources(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
    }

    /// A route comes with its description, so only a route that is made without one could be
    /// missing: those are the pages, what may have a listener of its own, and what says that it is
    /// not ready before there is a ledger.
    #[test]
    fn every_route_is_described_and_every_description_is_of_a_route() {
        let document = described(super::super::routes().into_openapi());
        let items = document.paths.paths.values();
        let described = items.flat_map(|item| [&item.get, &item.post]).flatten().count();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
        let (mut handlers, mut bare) = (0, Vec::new());
        for path in sources(&folder) {
            let source = fs::read_to_string(&path).unwrap();
            let code = source.split("#[cfg(test)]").next().unwrap();
            handlers += code.matches("#[utoipa::path(").count();
            if code.contains(".route(") {
                bare.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
            }
        }
        assert_eq!(described, handlers, "a handler that is described is not routed");
        bare.retain(|name| !["page", "metrics", "health"].contains(&name.as_str()));
        assert_eq!(bare, [""; 0], "routes without a description");
    }

    #[test]
    fn every_operation_has_its_own_id_and_names_its_problems() {
        let document = serde_json::to_value(described(super::super::routes().into_openapi()));
        let document = document.unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let mut ids = HashSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap();
                assert!(ids.insert(id.to_owned()), "{method} {path}");
                assert!(operation["summary"].as_str().is_some_and(|words| !words.is_empty()));
                let answers = operation["responses"].as_object().unwrap();
                assert!(answers.contains_key("200") || answers.contains_key("201"), "{id}");
                assert!(answers.contains_key("500") && answers.contains_key("503"), "{id}");
                let has_body = operation.get("requestBody").is_some();
                assert_eq!((answers.contains_key("408"), method == "post"), (has_body, has_body));
            }
        }
        assert!(ids.contains("get-documents-fingerprint-proof-entry"));
        // Whatever is referred to is there.
        let text = document.to_string();
        for name in text.split("#/components/schemas/").skip(1) {
            let name = name.split('"').next().unwrap();
            assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
        }
    }
}
