//! An authority of RFC 3161 over HTTP (3.4): asked once, its answer bounded in bytes and in time.

use std::time::Duration;

use reqwest::{
    StatusCode, Url,
    header::{ACCEPT, CONTENT_TYPE},
};

use crate::{
    Error,
    timestamp::{REPLY_BYTES_MAX, Refused, Request, Roots, Timestamp},
    transport,
};

const QUERY: &str = "application/timestamp-query";
const REPLY: &str = "application/timestamp-reply";
/// The longest that an authority may take for a whole answer.
const REQUEST_MAX: Duration = Duration::from_secs(30);

/// Who gives timestamps.
#[derive(Debug)]
pub struct Authority {
    http: reqwest::Client,
    url: Url,
    timeout: Duration,
}

impl Authority {
    /// At a URL, `http` or `https`. What it answers is signed, so `http` is as good, but for those
    /// who would rather not be seen asking.
    ///
    /// # Errors
    /// [`Error::Input`] for what is no such URL.
    pub fn new(url: &str) -> Result<Self, Error> {
        let parsed = Url::parse(url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
        // It is not repeated: there may be a password in it.
        let url = parsed.ok_or_else(|| {
            Error::input("the authority's URL: http:// or https:// and a host are needed")
        })?;
        Ok(Self { http: transport::http_client(&url)?, url, timeout: REQUEST_MAX })
    }

    /// That waits no longer for an answer than this, instead of 30 s.
    #[must_use]
    pub fn patient_for(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Where it is, without what it is asked with.
    pub fn name(&self) -> String {
        transport::shown(&self.url)
    }

    /// Asks for a timestamp, verifies it, and gives the reply as it came.
    ///
    /// # Errors
    /// [`Error::No`] for the authority's refusal; [`Error::Busy`] where none answers;
    /// [`Error::Input`] where its certificates do not lead to a root; [`Error::Stop`] for an answer
    /// that is wrong.
    pub async fn stamp(
        &self,
        request: &Request<'_>,
        roots: &Roots,
    ) -> Result<(Timestamp, Vec<u8>), Error> {
        let reply = self.ask(request.to_der()).await?;
        let timestamp = request.verify(&reply, roots).map_err(|refused| self.refusal(&refused))?;
        Ok((timestamp, reply))
    }

    fn refusal(&self, refused: &Refused) -> Error {
        let what = format!("{}: {refused}", self.name());
        match refused {
            Refused::Status(_) => Error::No(what),
            Refused::Chain(_) => Error::Input(format!("{what}; --root has to hold its root")),
            Refused::Algorithm(_) => Error::Input(format!("{what}: choose another authority")),
            _ => Error::Stop(format!("the timestamp from {what}; nothing was kept")),
        }
    }

    async fn ask(&self, query: Vec<u8>) -> Result<Vec<u8>, Error> {
        let request = self.http.post(self.url.clone()).timeout(self.timeout);
        let request = request.header(CONTENT_TYPE, QUERY).header(ACCEPT, REPLY).body(query);
        let unreached = |error: reqwest::Error| {
            let cause = transport::reason(&error.without_url());
            Error::busy(format!("{} is out of reach: {cause}", self.name()))
        };
        let response = request.send().await.map_err(unreached)?;
        self.check_kind(&response)?;
        let reply = transport::body(response, REPLY_BYTES_MAX).await.map_err(unreached)?;
        reply.ok_or_else(|| self.refusal(&Refused::TooLong { max: REPLY_BYTES_MAX }))
    }

    /// Whether this is an authority's answer.
    fn check_kind(&self, response: &reqwest::Response) -> Result<(), Error> {
        let (name, status) = (self.name(), response.status());
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Error::busy(format!("{name} cannot answer now: {status}")));
        }
        if status != StatusCode::OK {
            let why = format!("{name} answers {status}: is this the authority's URL?");
            return Err(Error::input(why));
        }
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case(REPLY) {
            return Ok(());
        }
        let why = format!("what answers at {name} is no authority: it sends {kind:?}, not {REPLY}");
        Err(Error::input(why))
    }
}
