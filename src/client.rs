//! A ledger as seen from outside, over HTTP. It carries bytes and never trusts: receipts are held
//! to the statement that was sent, proofs are for the caller to verify with `probant_core`.
//!
//! For programs of others, too: certify, look up, and verify, against the identity that the ledger's
//! operator publishes. (`examples/client.rs` is a whole one; without the feature `server` nothing of
//! the server is compiled.)
//!
//! ```no_run
//! use probant::{Error, client::{Asked, Client}, freshness::{Freshness, ONLINE_MAX}};
//! use probant_core::{
//!     Fingerprints, Identity, List, Statement, Verifier,
//!     key::SigningKey,
//!     statement::{Body, Certify},
//! };
//!
//! async fn certify(key: &SigningKey, now_s: u64, bill: &[u8]) -> Result<(), Error> {
//!     let identity: Identity = "ledger.example+5e0c…".parse()?;
//!     let client = Client::new("https://ledger.example")?;
//!
//!     // An issuer signs what it certifies; the receipt is held to the ledger's keys.
//!     let founding = client.founding_of(&identity).await?;
//!     let document = Fingerprints::of(bill);
//!     let list = List::new(vec![document.blake3])?;
//!     let body = Body::Certify(Certify::new(&list, "application/pdf")?);
//!     let ledger = Some(identity.ledger);
//!     let statement = Statement::sign(key, "energie.example", ledger, now_s, body);
//!     client.submit_verified(&founding, &statement, Some(&list)).await?;
//!
//!     // A verifier believes nothing that it is not shown.
//!     match client.verify(&mut Verifier::new(identity), &document).await? {
//!         Asked::Shown(shown) => {
//!             let fresh = Freshness::new(now_s * 1000, Some(ONLINE_MAX));
//!             shown.check_fresh(fresh).map_err(|old| Error::busy(old.to_string()))?;
//!             assert!(!shown.certifications.is_empty());
//!         }
//!         Asked::Lie(why) => return Err(why.into()),
//!     }
//!     Ok(())
//! }
//! ```
//!
//! [`Client::verify_by_prefix`] does the same without telling the ledger which document it is about.
//! [`Client::documents`], and [`Client::documents_of`] for any number of them at once, show nothing:
//! they give the ledger's word.
//!
//! A ledger that says "not now" (408, 429, 5xx) is asked again, a bounded number of times, after what
//! its `Retry-After` asks for and a little more, by chance: many that were turned away together do
//! not come back together.
//!
//! Error kinds: [`Error::Refused`] is the ledger's own refusal, with its words; [`Error::Busy`] means
//! that no ledger was reached, or not now; [`Error::Stop`] that the answer is a lie or damaged.

mod answer;
mod bulk;
mod checkpoint;
mod file;
mod json;
mod lineage;
mod mark;
mod patience;
mod prefix;
mod problem;
mod proofs;
mod receipt;
mod refresh;
mod refusal;
mod registry;
mod stream;
mod verify;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use probant_core::{
    Fingerprint, Identity, List, Rejected, Statement,
    block::{Block, Fault},
    chain::Chain,
    registry::Registry,
    seal::Receipt,
};
use reqwest::{Method, RequestBuilder, StatusCode, Url, header::CONTENT_TYPE};
use serde::de::DeserializeOwned;

use crate::{
    Error,
    transport::{http_client, reason, shown},
};
use answer::Answer;
use patience::{TRIES_MAX, WAIT_S_MAX, told, wait};

pub use json::{
    Certification, Documents, Fall, Head, IssuerListing, KeyListing, PolicyListing, State,
};
pub use mark::Remembered;
pub use refresh::{Held, Refreshed, Refresher};
pub use refusal::NoReceipt;
pub use stream::Stream;
pub use verify::{Asked, Shown};

/// Longest request, with its whole answer.
const REQUEST_MAX: Duration = Duration::from_secs(60);
/// Longest receipt: a signature, 64 hashes and their headers.
pub(crate) const RECEIPT_BYTES_MAX: usize = 16 << 10;
/// Longest JSON answer.
const JSON_BYTES_MAX: usize = 16 << 20;
/// Longest block; that of the store.
const BLOCK_BYTES_MAX: usize = 256 << 20;
/// Longest block 0: genesis and a block statement.
const GENESIS_BYTES_MAX: usize = 256 << 10;

/// What the ledger answered to a submission, held to the statement.
#[derive(Debug)]
pub struct Accepted {
    /// Index of the entry.
    pub index: u64,
    /// The receipt first given. Its path fits the statement; its seal is verified with a proof, or
    /// by [`Client::submit_verified`].
    pub receipt: Receipt,
    /// The receipt as it came.
    pub receipt_bytes: Vec<u8>,
}

/// A client of one ledger.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    /// The same as people are told of it.
    url: String,
    patient: bool,
    /// From the last lineage that was asked for.
    registry: Arc<Mutex<Option<Arc<Registry>>>>,
}

impl Client {
    /// A client of the ledger at a URL, `http` or `https`, with or without a path.
    ///
    /// # Errors
    /// [`Error::Input`] for what is no such URL.
    pub fn new(url: &str) -> Result<Self, Error> {
        let wrong = |why: &str| {
            Error::input(format!("the ledger's URL: {why} (https://ledger.example), not {url:?}"))
        };
        let mut base =
            Url::parse(url).map_err(|_| wrong("http:// or https:// and a host are needed"))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(wrong("http:// or https:// and a host are needed"));
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(wrong("without '?' and '#'"));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let (http, url) = (http_client(&base)?, shown(&base));
        Ok(Self { http, base, url, patient: false, registry: Arc::default() })
    }

    /// Also tries again where no connection is made, or it breaks: for long runs. Every request
    /// may be made twice: the same statement again is answered with its first receipt.
    #[must_use]
    pub fn patient(self) -> Self {
        Self { patient: true, ..self }
    }

    /// Where the ledger is, without a user and password that its URL may hold.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Submits a statement with its list, and holds the receipt to it.
    ///
    /// # Errors
    /// [`NoReceipt`], which says whether to send it again; [`Error::Stop`] in it for a receipt of
    /// something else.
    pub async fn submit(
        &self,
        statement: &Statement,
        list: Option<&List>,
    ) -> Result<Accepted, NoReceipt> {
        let request = self
            .request(Method::POST, "entries")
            .header(CONTENT_TYPE, "application/cose")
            .body(statement.to_submission(list));
        let answer = self.exchange(request, RECEIPT_BYTES_MAX).await?;
        if answer.status != StatusCode::CREATED {
            return Err(answer.no_receipt(self.url()));
        }
        let lie = |why: String| Error::Stop(format!("the receipt from {}: {why}", self.url()));
        let located = answer.located_index().ok_or_else(|| lie("no Location /entries/…".into()))?;
        let check = |rejected: Rejected| lie(format!("{}: {rejected}", rejected.code()));
        let receipt = Receipt::decode(&answer.body).map_err(check)?;
        if receipt.index != located {
            let why = format!("it is of entry {}, Location says {located}", receipt.index);
            return Err(lie(why).into());
        }
        receipt.root(statement.leaf()).map_err(check)?;
        Ok(Accepted { index: located, receipt, receipt_bytes: answer.body })
    }

    /// What the ledger says of a document. Only a proof makes it more than the ledger's word.
    ///
    /// # Errors
    /// Those of every request.
    pub async fn documents(&self, fingerprint: Fingerprint) -> Result<Documents, Error> {
        self.get_json(&format!("documents/{fingerprint}")).await
    }

    /// A block, as bytes.
    ///
    /// # Errors
    /// [`Error::No`] where there is no such block.
    pub async fn block(&self, height: u64) -> Result<Vec<u8>, Error> {
        let limit = if height == 0 { GENESIS_BYTES_MAX } else { BLOCK_BYTES_MAX };
        self.get(&format!("blocks/{height}"), limit).await
    }

    /// The chain that the ledger's block 0 makes, whose every signature is checked: identity and
    /// first keys of whoever answers here, and nothing about who that ought to be.
    ///
    /// # Errors
    /// [`Error::Stop`] for a block 0 that breaks the rules.
    pub async fn founding(&self) -> Result<Chain, Error> {
        founded(&self.block(0).await?).map_err(|fault| {
            let (code, why) = (fault.rejected.code(), &fault.rejected);
            Error::Stop(format!("block 0 from {}: {code}: {why}", self.url()))
        })
    }

    /// [`Client::founding`], held to the identity that the user trusts.
    ///
    /// # Errors
    /// [`Error::Stop`] for another ledger.
    pub async fn founding_of(&self, known: &Identity) -> Result<Chain, Error> {
        let chain = self.founding().await?;
        let found = chain.identity();
        if found == *known {
            return Ok(chain);
        }
        let url = self.url();
        Err(Error::Stop(format!(
            "{url} serves ledger {found}, and you trust {known}: check --identity and --ledger"
        )))
    }

    /// The identity that block 0 gives the ledger. To be used once, then kept: see
    /// [`Client::founding`].
    ///
    /// # Errors
    /// Those of [`Client::founding`].
    pub async fn identity(&self) -> Result<Identity, Error> {
        self.founding().await.map(|chain| chain.identity())
    }

    async fn get(&self, path: &str, limit: usize) -> Result<Vec<u8>, Error> {
        self.answered(self.request(Method::GET, path), limit).await
    }

    /// The body of an answer that is no refusal.
    async fn answered(&self, request: RequestBuilder, limit: usize) -> Result<Vec<u8>, Error> {
        let answer = self.exchange(request, limit).await?;
        if answer.status == StatusCode::OK {
            return Ok(answer.body);
        }
        Err(answer.refusal(self.url()))
    }

    async fn get_json<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.read_json(path, &self.get(path, JSON_BYTES_MAX).await?)
    }

    fn read_json<T: DeserializeOwned>(&self, path: &str, body: &[u8]) -> Result<T, Error> {
        serde_json::from_slice(body).map_err(|error| {
            let what = format!("what answers at {} is no ledger: /{path}: {error}", self.url());
            Error::busy(what)
        })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.endless(method, path).timeout(REQUEST_MAX)
    }

    /// A request whose answer may last.
    fn endless(&self, method: Method, path: &str) -> RequestBuilder {
        // `documents/blake3:…` would be taken for a URL of its own by Url::join.
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path()));
        self.http.request(method, url)
    }

    /// Makes a request until there is an answer other than "not now", a bounded number of times.
    async fn exchange(&self, request: RequestBuilder, limit: usize) -> Result<Answer, Error> {
        for tried in 1.. {
            let again = request.try_clone().expect("the body is in memory");
            let error = match self.once(again, limit).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let asked_s = match &error {
                Error::Busy { retry_after_s: Some(s), .. } => Some(*s),
                Error::Busy { retry_after_s: None, .. } if self.patient => Some(0),
                _ => None,
            };
            // Who asks for more patience than that is not asked again before its time.
            let waits = |asked_s: &u64| tried < TRIES_MAX && *asked_s <= WAIT_S_MAX;
            let Some(asked_s) = asked_s.filter(waits) else { return Err(told(error)) };
            tracing::info!("{error}; trying again ({tried} of {TRIES_MAX})");
            tokio::time::sleep(wait(tried, asked_s)).await;
        }
        unreachable!("the last try returns")
    }

    /// One request and its whole answer, never longer than `limit`. What only explains a refusal is
    /// cut off there: it may be the page of a proxy.
    async fn once(&self, request: RequestBuilder, limit: usize) -> Result<Answer, Error> {
        let unreached = |error: reqwest::Error| self.unreached(&error);
        let mut response = request.send().await.map_err(unreached)?;
        let mut answer = Answer::new(response.status(), response.headers());
        while let Some(chunk) = response.chunk().await.map_err(unreached)? {
            let room = limit - answer.body.len();
            if chunk.len() > room && answer.status.is_success() {
                let what = format!("an answer of {} is longer than {limit} bytes", self.url());
                return Err(Error::Stop(what));
            }
            answer.body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                break;
            }
        }
        if answer.is_not_now() {
            return Err(answer.not_now(self.url()));
        }
        Ok(answer)
    }

    fn unreached(&self, error: &reqwest::Error) -> Error {
        Error::busy(format!("{} is out of reach: {}", self.url(), reason(error)))
    }
}

/// The chain that a block 0 makes, with every signature checked.
pub(crate) fn founded(block: &[u8]) -> Result<Chain, Fault> {
    let block = Block::decode(block)?;
    let (chain, extension) = Chain::found(&block)?;
    extension.signatures.check(&block).map(|()| chain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_http_or_https_and_may_have_a_path() {
        for (url, path) in [
            ("http://127.0.0.1:7000", "/issuers"),
            ("https://l.example/fr", "/fr/issuers"),
            ("https://l.example/fr/", "/fr/issuers"),
        ] {
            let request = Client::new(url).unwrap().request(Method::GET, "issuers");
            assert_eq!(request.build().unwrap().url().path(), path);
        }
        for url in ["ledger.example", "ftp://l.example", "http://l.example/?a", ""] {
            assert!(matches!(Client::new(url), Err(Error::Input(_))), "{url}");
        }
    }
}
