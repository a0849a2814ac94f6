//! What every request passes, in one layer over all routes: it is given a name, held to the limits,
//! counted, and written to the log. Of the path the log has the template alone: what was looked up
//! is nobody's business.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header},
    middleware::Next,
    response::Response,
};
use hyper::body::Body as _;
use probant_core::statement::SUBMISSION_BYTES_MAX;
use tracing::Instrument as _;

use super::{
    clients::{Client, InVain, Rates},
    download::Download,
    limits::Limits,
    listener::Peer,
    metrics::Figures,
    problem::{Kind, Problem},
    shares::Shares,
    turns::{Place, Turns},
    upload::Fate,
};
use crate::clock::{SharedClock, entropy};

/// The name of a request: given by its client, or by us.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest name that a client may give its request: too short for a fingerprint.
const REQUEST_ID_MAX: usize = 48;
/// How hyper counts a line of the head: name, value, `: ` and the end of the line.
const HEADER_BYTES: usize = 4;

/// The limits, and what they are held to.
pub struct Gate {
    limits: Limits,
    clock: SharedClock,
    pub figures: Figures,
    rates: Option<Rates>,
    turns: Turns,
    /// Bytes of bodies that are under way.
    buffered: Arc<Shares>,
    /// Names of requests: of this process, and one after the other.
    process: String,
    requests: AtomicU64,
    stopping: AtomicBool,
    closed: AtomicBool,
}

/// A request as limits and figures see it.
struct Asked {
    method: Method,
    /// The template of its path; none where there is nothing.
    route: Option<MatchedPath>,
    client: Option<Client>,
    uri: Uri,
    /// Of its body, if it says so.
    length: Option<u64>,
}

impl Asked {
    fn of(request: &Request, limits: &Limits) -> Self {
        let peer = request.extensions().get::<Peer>();
        let client = peer.map(|peer| Client::of(peer.0, request.headers(), limits.proxies));
        let route = request.extensions().get::<MatchedPath>().cloned();
        let length = request.headers().get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let (method, uri) = (request.method().clone(), request.uri().clone());
        Self { method, route, client, uri, length }
    }

    fn template(&self) -> &str {
        self.route.as_ref().map_or("none", MatchedPath::as_str)
    }

    fn is_submission(&self) -> bool {
        self.method == Method::POST && self.template() == "/entries"
    }

    /// Whoever watches over the ledger is never sent away.
    fn is_free(&self) -> bool {
        matches!(self.template(), "/healthz" | "/readyz")
    }

    fn is_verify(&self) -> bool {
        self.template() == "/verify"
    }

    /// Those with a body take their turn once that is here: or silent senders would hold all.
    fn is_proof(&self) -> bool {
        matches!(
            self.template(),
            "/documents/{fingerprint}/proof"
                | "/documents/{fingerprint}/proof/{entry}"
                | "/status/{fingerprint}"
                | "/prefixes/{prefix}"
                | "/proofs/statuses/{entry}/{height}"
        )
    }
}

impl Gate {
    pub fn new(limits: &Limits, clock: &SharedClock, figures: Figures) -> Self {
        Self {
            rates: Rates::new(limits),
            turns: Turns::new(limits),
            buffered: Shares::new(limits.buffered_bytes, limits.share_of(limits.buffered_bytes)),
            limits: limits.clone(),
            clock: Arc::clone(clock),
            figures,
            process: hex::encode(&entropy()[..6]),
            requests: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }

    /// From now on the ledger is going to stop.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// From now on no submission is taken.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Whether a client asks too often.
    fn check_rate(&self, asked: &Asked) -> Result<(), Problem> {
        let (Some(rates), Some(client)) = (&self.rates, asked.client) else { return Ok(()) };
        let now = self.clock.elapsed();
        let (allowed, of) = if asked.is_submission() {
            (rates.submit(client, now), "refused")
        } else {
            (rates.read(client, now), "reading")
        };
        allowed.map_err(|wait| {
            self.figures.rate_limited(of);
            let rate = self.limits.read_rate;
            let why = if asked.is_submission() {
                "so much of what comes from this address was refused that the ledger looks at no \
                 more for a while: nothing was taken"
                    .into()
            } else {
                format!("one address may ask {rate} times a second: try again later")
            };
            Problem::new(Kind::RateLimited, why).retry_after(seconds(wait))
        })
    }

    /// Where it takes its turn at work; taken, where it needs one from the start.
    fn place(&self, asked: &Asked) -> Result<Option<Place>, Problem> {
        if asked.is_submission() {
            return Ok(None);
        }
        let place = if asked.is_verify() {
            self.turns.document(asked.client)
        } else {
            self.turns.place(asked.client)
        };
        if asked.is_verify() || asked.is_proof() {
            place.take()?;
        }
        Ok(Some(place))
    }

    /// What is announced to be too long is refused before a byte of it is read: its handler would only
    /// find out on the way.
    fn check_length(&self, asked: &Asked) -> Result<(), Problem> {
        let limit = match asked.template() {
            "/entries" => SUBMISSION_BYTES_MAX as u64,
            "/verify" => self.limits.document_bytes,
            _ => return Ok(()),
        };
        if asked.length.is_none_or(|length| length <= limit) {
            return Ok(());
        }
        let why = if asked.is_submission() {
            format!("too-large: the limit is {limit} bytes")
        } else {
            format!("the document is longer than {limit} bytes: send its fingerprint")
        };
        Err(Problem::new(Kind::TooLarge, why))
    }

    /// What a request is refused for before anybody looks at it; or where it takes its turn.
    fn admit(&self, asked: &Asked, headers: &HeaderMap) -> Result<Option<Place>, Problem> {
        let bytes: usize =
            headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        let (bytes, limit) = (bytes + headers.len() * HEADER_BYTES, self.limits.head_bytes);
        if bytes > limit {
            let why = format!("the headers have {bytes} bytes, the limit is {limit}");
            return Err(Problem::new(Kind::HeadersTooLarge, why));
        }
        self.check_length(asked)?;
        if asked.is_submission() && self.closed.load(Ordering::Relaxed) {
            let why = "the ledger is stopping: nothing was taken, try again later";
            return Err(Problem::new(Kind::Stopping, why).retry_after(5));
        }
        if !asked.is_free() {
            self.check_rate(asked)?;
        }
        self.place(asked)
    }

    async fn answer(&self, asked: &Asked, request: Request, next: Next) -> Response {
        let fate = Fate::default();
        // Whoever waits to be told to send reads the answer first.
        let waits = request.headers().contains_key(header::EXPECT);
        let watched = if request.body().is_end_stream() {
            request
        } else {
            let kept = (!asked.is_verify()).then(|| (Arc::clone(&self.buffered), asked.client));
            request.map(|body| fate.of(body, &self.limits, kept))
        };
        let answer = match self.admit(asked, watched.headers()) {
            Ok(None) => next.run(watched).await,
            Ok(Some(place)) => place.while_answering(next.run(watched)).await,
            Err(problem) => {
                drop(watched);
                problem.at(asked.uri.path())
            }
        };
        if fate.is_slow() {
            let why = "the body did not arrive in time: nothing was taken";
            let problem = Problem::new(Kind::Timeout, why).retry_after(1);
            let mut answer = problem.at(asked.uri.path());
            answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            return answer;
        }
        if !waits {
            fate.linger(&self.limits);
        }
        if fate.is_crowded() {
            let why = "too much is being sent to the ledger, or by this address: nothing was taken";
            return Problem::new(Kind::Busy, why).retry_after(1).at(asked.uri.path());
        }
        let (head, body) = answer.into_parts();
        match Download::of(body, &self.buffered, asked.client) {
            Ok(body) => Response::from_parts(head, body),
            Err(busy) => Problem::from(busy).at(asked.uri.path()),
        }
    }

    /// Submissions in vain draw on their sender's rate; but for the quota, which only the issuer
    /// itself can be over. What never came to the rules counts as reading does: a page can send that
    /// in the name of whoever looks at it, and is not to keep them from writing.
    fn draw(&self, asked: &Asked, answer: &Response) {
        if !asked.is_submission() {
            return;
        }
        let in_vain = answer.extensions().get::<InVain>().is_some();
        let is_refused = answer.status().is_client_error() && answer.status() != 429;
        if let (Some(rates), Some(client)) = (&self.rates, asked.client)
            && (in_vain || is_refused)
        {
            let now = self.clock.elapsed();
            if in_vain {
                let bytes = asked.length.unwrap_or(SUBMISSION_BYTES_MAX as u64);
                rates.in_vain(client, bytes, now);
            } else {
                rates.sent_nothing(client, now);
            }
        }
    }

    /// A name for a request that has none.
    fn request_id(&self) -> HeaderValue {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let id = format!("{}-{number}", self.process);
        HeaderValue::try_from(id).expect("hex digits and a number")
    }
}

/// The name that a client gave its request, if it is one.
fn named(headers: &HeaderMap) -> Option<HeaderValue> {
    let is_sane = |id: &&HeaderValue| {
        let sane = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        (1..=REQUEST_ID_MAX).contains(&id.len()) && id.as_bytes().iter().all(sane)
    };
    headers.get(REQUEST_ID).filter(is_sane).cloned()
}

/// At least one, for there is no half in `Retry-After`.
fn seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).max(1) as u64
}

/// Passes a request through it.
pub async fn pass(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let began = gate.clock.elapsed();
    let asked = Asked::of(&request, &gate.limits);
    let named = named(request.headers());
    let is_named = named.is_some();
    let id = named.unwrap_or_else(|| gate.request_id());
    let name = id.to_str().unwrap_or_default();
    let span = tracing::error_span!("request", id = name);
    let mut answer = gate.answer(&asked, request, next).instrument(span).await;
    gate.draw(&asked, &answer);
    let (status, took) = (answer.status().as_u16(), gate.clock.elapsed().saturating_sub(began));
    let (method, route) = (&asked.method, asked.template());
    gate.figures.answered(method, route, status, took);
    let (ms, bytes) = (took.as_millis() as u64, answer.body().size_hint().exact());
    tracing::debug!(target: "probant::request", %method, route, status, ms, bytes, id = name);
    if gate.closed.load(Ordering::Relaxed) {
        // The listener may hear of the end later than whoever seals the last block.
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    // A cache would show the name that one client gave to all who ask later.
    let rule = answer.headers().get(header::CACHE_CONTROL);
    if !is_named || rule.is_none_or(|rule| !rule.as_bytes().starts_with(b"public")) {
        answer.headers_mut().insert(REQUEST_ID, id);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn a_client_may_name_its_request_and_not_by_a_fingerprint() {
        let gate = Gate::new(&Limits::default(), &SystemClock::shared(), Figures::default());
        let given = |name: &str| {
            let headers = [(REQUEST_ID, HeaderValue::from_str(name).unwrap())];
            named(&headers.into_iter().collect())
        };
        assert_eq!(given("a-B_9.z").unwrap(), "a-B_9.z");
        for name in ["", "a b", "a\"b", "blake3:00", &"0".repeat(49)] {
            assert_eq!(given(name), None);
        }
        assert_ne!(gate.request_id(), gate.request_id());
    }

    #[test]
    fn who_waits_waits_whole_seconds() {
        let ms = Duration::from_millis;
        assert_eq!([0, 1, 1000, 1001].map(|wait| seconds(ms(wait))), [1, 1, 1, 2]);
    }
}
