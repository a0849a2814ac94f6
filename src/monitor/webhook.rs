//! Reports, posted to a URL as JSON, one at a time and in order. What is delivered is for the caller to
//! remember; what may have been delivered is posted again, with the same id.

use std::time::Duration;

use reqwest::{Client, Url, header, redirect};

use super::report::Report;
use crate::{
    Error, clock,
    transport::{choose_provider, reason},
};

const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Longest that one delivery may take.
const POST_MAX: Duration = Duration::from_secs(10);
/// Longest wait, without the half that chance may add.
const WAIT_MAX: Duration = Duration::from_secs(300);

/// Where reports go.
#[derive(Debug)]
pub struct Webhook {
    http: Client,
    url: Url,
}

impl Webhook {
    /// # Errors
    /// [`Error::Input`] for what is no URL of the web.
    pub fn new(url: &str) -> Result<Self, Error> {
        // It may hold a secret, and is not repeated.
        let wrong = || Error::input("the webhook's URL: http:// or https:// and a host are needed");
        let url = Url::parse(url).map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(wrong());
        }
        choose_provider();
        let mut builder = Client::builder()
            .user_agent(concat!("probant/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_MAX)
            .timeout(POST_MAX)
            // Reports go where they were told to go.
            .redirect(redirect::Policy::none());
        if url.scheme() == "http" {
            builder = builder.tls_certs_only([]);
        }
        if url.host_str().is_some_and(|host| host == "localhost" || host.starts_with("127.")) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| {
            Error::input(format!("no TLS on this machine (are there root certificates?): {error}"))
        })?;
        Ok(Self { http, url })
    }

    /// Delivers a report: done where the answer is 2xx.
    ///
    /// # Errors
    /// [`Error::Busy`] for everything else, without the URL.
    pub async fn post(&self, report: &Report) -> Result<(), Error> {
        let body = serde_json::to_vec(report).expect("these values have string keys");
        let request =
            self.http.post(self.url.clone()).header(header::CONTENT_TYPE, "application/json");
        let answer = request.header("idempotency-key", &report.id).body(body).send().await;
        let host = self.url.host_str().unwrap_or_default();
        // The body of the answer is nobody's business here, and is not waited for.
        match answer {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) if answer.status().is_redirection() => Err(Error::busy(format!(
                "the webhook at {host} sends elsewhere ({}): give that URL instead",
                answer.status()
            ))),
            Ok(answer) => {
                Err(Error::busy(format!("the webhook at {host} answers {}", answer.status())))
            }
            Err(error) => {
                let why = reason(&error.without_url());
                Err(Error::busy(format!("the webhook at {host} is out of reach: {why}")))
            }
        }
    }
}

/// How long to wait after so many failures in a row: doubling, and up to half as much again by chance.
pub fn wait(failures: u32) -> Duration {
    let floor = Duration::from_millis(500 << failures.clamp(1, 10)).min(WAIT_MAX);
    let [a, b, ..] = *clock::entropy();
    floor + floor * u32::from(u16::from_be_bytes([a, b])) / (2 * u32::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_are_bounded() {
        for failures in [0, 1, 2, 5, 9, 10, 11, u32::MAX] {
            let floor = Duration::from_millis(500 << failures.clamp(1, 10)).min(WAIT_MAX);
            assert!(wait(failures) >= floor && wait(failures) <= floor * 3 / 2);
        }
        assert!(wait(u32::MAX) >= WAIT_MAX);
    }

    #[test]
    fn a_refused_url_is_not_repeated() {
        for url in ["hooks.example/secret", "ftp://a/secret", ""] {
            assert!(!Webhook::new(url).unwrap_err().to_string().contains("secret"));
        }
    }
}
