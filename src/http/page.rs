//! The page that anyone verifies with, the explorer, and the API to look through: the files of page/ and js/, served as they
//! lie there, at the same paths, so that whoever wants to know what verifies their document reads
//! these. No file that is not listed is served, and none asks anything of another host: the policy
//! below does not let it. One worker asks issuers' domains for their keys, and has a policy of its own
//! (docs/decisions/0025).

use std::{collections::HashMap, sync::LazyLock};

use axum::{
    Router,
    http::{HeaderName, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};

use super::{ASK_AGAIN, Service, problem};

/// Lists files by their paths from the root of this repository.
macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_bytes!(concat!("../../", $path)))),*]
    };
}

const FILES: &[(&str, &[u8])] = files![
    "js/blake3.js",
    "js/bytes.js",
    "js/cbor.js",
    "js/chain.js",
    "js/change.js",
    "js/checkpoint.js",
    "js/cose.js",
    "js/cosignature.js",
    "js/ed25519.js",
    "js/fingerprint.js",
    "js/identity.js",
    "js/index.js",
    "js/judgement.js",
    "js/key.js",
    "js/list.js",
    "js/ml_dsa.js",
    "js/note.js",
    "js/parts.js",
    "js/payload.js",
    "js/proof.js",
    "js/refused.js",
    "js/registry.js",
    "js/rules.js",
    "js/seal.js",
    "js/sha256.js",
    "js/standing.js",
    "js/statement.js",
    "js/status.js",
    "js/status_map.js",
    "js/tlog_proof.js",
    "js/tree.js",
    "js/trust_policy.js",
    "js/verifier_key.js",
    "page/answer.css",
    "page/answer.js",
    "page/api.css",
    "page/api.html",
    "page/api.js",
    "page/attestation.js",
    "page/domain-worker.js",
    "page/domain.js",
    "page/element.js",
    "page/explorer.css",
    "page/explorer.html",
    "page/explorer.js",
    "page/explorer/answers.js",
    "page/explorer/block.js",
    "page/explorer/chain.js",
    "page/explorer/days.js",
    "page/explorer/entry.js",
    "page/explorer/issuers.js",
    "page/explorer/sentence.js",
    "page/hashing-worker.js",
    "page/hashing.js",
    "page/index.html",
    "page/index.js",
    "page/intake.js",
    "page/judge.js",
    "page/ledger.js",
    "page/moment.js",
    "page/name.js",
    "page/outcome.js",
    "page/print.css",
    "page/rosette.js",
    "page/rosette.svg",
    "page/shape.js",
    "page/standing.js",
    "page/steps.js",
    "page/style.css",
    "page/trust.js",
    "page/words.js",
    "page/words/en-explorer.js",
    "page/words/en.js",
    "page/words/fr-explorer.js",
    "page/words/fr.js",
];

/// The pages themselves are at the root, where their links are short and their paths relative.
const PAGES: [(&str, &str); 3] =
    [("/", "page/index.html"), ("/explorer.html", "page/explorer.html"), ("/api", "page/api.html")];

/// Where a browser may get from what, for the page and whatever gets into it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      img-src 'self' data:; connect-src 'self'; worker-src 'self'; \
                      form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// The worker that asks issuers' domains. Its policy is its own, and not that of the page that starts
/// it: the page, and whatever gets into it, can but give it the name of
/// a domain.
const ASKER: &str = "page/domain-worker.js";
/// One path of any host, and nothing else.
const ASKER_POLICY: &str = "default-src 'none'; connect-src https://*/.well-known/probant-keys";

/// What else a browser must not do.
const GUARDS: [(HeaderName, &str); 5] = [
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

static SERVED: LazyLock<HashMap<&str, &[u8]>> = LazyLock::new(|| FILES.iter().copied().collect());

pub fn router() -> Router<Service> {
    let pages = PAGES.into_iter().fold(Router::new(), |router, (at, path)| {
        router.route(at, get(move || async move { answer(path) }))
    });
    pages.route("/page/{*path}", get(file)).route("/js/{*path}", get(file))
}

async fn file(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    // The pages are not here a second time: their links would lead elsewhere.
    let is_page = PAGES.iter().any(|(_, page)| *page == path);
    if SERVED.contains_key(path) && !is_page {
        answer(path)
    } else {
        problem::not_found().await.into_response()
    }
}

fn answer(path: &str) -> Response {
    let policy = if path == ASKER { ASKER_POLICY } else { POLICY };
    let about = [
        (header::CONTENT_TYPE, media_type(path)),
        (header::CACHE_CONTROL, ASK_AGAIN),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (about, GUARDS, SERVED[path]).into_response()
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        fs,
        path::{Path, PathBuf},
    };

    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())
    }

    fn files_under(folder: &Path) -> Vec<PathBuf> {
        let inside = |path: PathBuf| if path.is_dir() { files_under(&path) } else { vec![path] };
        entries(folder).flat_map(inside).collect()
    }

    #[test]
    fn the_asker_may_ask_for_keys_where_domains_publish_them_and_for_nothing_else() {
        assert!(SERVED.contains_key(ASKER));
        let (_, sources) = ASKER_POLICY.split_once("connect-src ").unwrap();
        assert_eq!(sources, format!("https://*{}", crate::domain::PATH));
        let script = String::from_utf8(SERVED[ASKER].to_vec()).unwrap();
        assert!(script.contains(&format!("\"{}\"", crate::domain::PATH)));
    }

    /// All that the pages are made of, and of the verifier what a browser reads: no test, type or
    /// package.
    #[test]
    fn all_of_the_page_is_served_and_nothing_else() {
        let is_script = |path: &PathBuf| path.extension().is_some_and(|name| name == "js");
        let page = files_under(&root().join("page")).into_iter();
        let verifier = entries(&root().join("js")).filter(is_script);
        let relative =
            |path: PathBuf| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let wanted: BTreeSet<_> = page.chain(verifier).map(relative).collect();
        let listed: BTreeSet<_> = FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(listed, wanted);
    }
}
