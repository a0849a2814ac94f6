//! Connections over HTTP: what TLS rests on, how long one waits, and why one was not had. What is asked
//! over them is none of its business.

use std::{sync::Once, time::Duration};

use reqwest::{Url, redirect};
#[cfg(feature = "server")]
use tokio::runtime::{Builder, Runtime};

use crate::Error;

const CONNECT_MAX: Duration = Duration::from_secs(10);
/// Longest silence within an answer that may last.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Idle connections are kept no longer: a ledger ends its own after 30 s.
const IDLE_MAX: Duration = Duration::from_secs(20);

/// Chooses what TLS rests on, for this program and once.
pub(crate) fn choose_provider() {
    static PROVIDER: Once = Once::new();
    // Fails only where the program has chosen another provider already, which is as good.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

/// For a host by this URL: bounded times, no redirects.
pub(crate) fn http_client(base: &Url) -> Result<reqwest::Client, Error> {
    choose_provider();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("probant/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_MAX)
        .read_timeout(SILENCE_MAX)
        .pool_idle_timeout(IDLE_MAX)
        // A statement goes where it was told to go; a redirect is for the user to follow.
        .redirect(redirect::Policy::none());
    if base.scheme() == "http" {
        // The machine's certificates are not needed, and a bare container has none to load.
        builder = builder.tls_certs_only([]);
    }
    if base.host_str().is_some_and(|host| host == "localhost" || host.starts_with("127.")) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| {
        Error::input(format!("no TLS on this machine (are there root certificates?): {error}"))
    })
}

/// What a thread that may block waits on.
///
/// # Errors
/// [`Error::Stop`] where the system has none to give.
#[cfg(feature = "server")]
pub(crate) fn runtime() -> Result<Runtime, Error> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Error::Stop(format!("start a runtime: {error}")))
}

/// A URL as people are told of it: without user and password, nor what is asked with it.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Both fail only for URLs without a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.as_str().trim_end_matches('/').to_owned()
}

/// The whole of an answer; none of one that is longer than `limit` bytes, of which no more is read.
///
/// # Errors
/// Why it broke off.
pub(crate) async fn body(
    mut answer: reqwest::Response,
    limit: usize,
) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        if piece.len() > limit - bytes.len() {
            return Ok(None);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(Some(bytes))
}

/// The innermost cause: "connection refused" rather than "error sending request".
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
