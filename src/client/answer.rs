//! One HTTP answer, read whole, and what its status and problem details mean to the caller.

use reqwest::{
    StatusCode,
    header::{CONTENT_TYPE, DATE, HeaderMap, LOCATION, RETRY_AFTER},
};

use super::{problem, refusal::NoReceipt};
use crate::Error;

/// When to try again where the ledger does not say.
const RETRY_AFTER_S: u64 = 1;
const CONCISE: &str = "application/concise-problem-details+cbor";
const JSON: &str = "application/problem+json";

/// Status, the headers that matter, and the body.
pub(super) struct Answer {
    pub status: StatusCode,
    content_type: String,
    location: String,
    retry_after: String,
    date: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn new(status: StatusCode, headers: &HeaderMap) -> Self {
        let text = |name| {
            let value = headers
                .get(name)
                .and_then(|value: &reqwest::header::HeaderValue| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        Self {
            status,
            content_type: text(CONTENT_TYPE),
            location: text(LOCATION),
            retry_after: text(RETRY_AFTER),
            date: text(DATE),
            body: Vec::new(),
        }
    }

    /// The index in `Location: …/entries/{index}`.
    pub fn located_index(&self) -> Option<u64> {
        let (before, index) = self.location.rsplit_once('/')?;
        before.ends_with("/entries").then(|| index.parse().ok())?
    }

    fn media_type(&self) -> &str {
        self.content_type.split(';').next().unwrap_or_default().trim()
    }

    /// Whether this is a refusal for that reason, by its type: its words are for people.
    pub fn is_problem(&self, kind: &str) -> bool {
        self.status.is_client_error()
            && self.media_type() == JSON
            && problem::kind(&self.body).is_some_and(|found| found == kind)
    }

    /// The ledger's own words, where this is a problem details document of either kind.
    fn words(&self) -> Option<String> {
        match self.media_type() {
            CONCISE => problem::from_cbor(&self.body),
            JSON => problem::from_json(&self.body),
            _ => None,
        }
    }

    /// A definite no: the ledger's refusal, or not a ledger's answer at all.
    pub fn refusal(&self, url: &str) -> Error {
        match self.words() {
            _ if self.is_problem("no-such-path") => Error::input(format!(
                "{url} is not the URL of a ledger, or its ledger is of another version: it knows no such \
                 path"
            )),
            Some(words) if self.status == StatusCode::NOT_FOUND => Error::No(words),
            Some(words) if self.status.is_client_error() => Error::Input(words),
            _ if self.status.is_redirection() => Error::input(format!(
                "{url} sends elsewhere, to {:?}: give that URL instead",
                self.location
            )),
            // A proxy, or another service: nothing is known about what became of the request.
            _ => Error::busy(format!("what answers at {url} is no ledger: {}", self.status)),
        }
    }

    /// What a submission met: a refusal only in the ledger's own words. After anything else the
    /// statement may be an entry.
    pub fn no_receipt(&self, url: &str) -> NoReceipt {
        let is_refusal =
            matches!(self.status, StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE)
                && self.media_type() == CONCISE;
        let unknown = match self.words() {
            Some(words) => match NoReceipt::refusal(&words) {
                Some(refusal) if is_refusal => return refusal,
                _ => format!("{url} answers {}: {words}", self.status),
            },
            None => self.refusal(url).to_string(),
        };
        Error::busy(unknown).into()
    }

    /// Whether the ledger, or what stands before it, cannot answer now.
    pub fn is_not_now(&self) -> bool {
        let not_now = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
        self.status.is_server_error() || not_now.contains(&self.status)
    }

    /// What `Retry-After` asks for, in seconds: it says so, or until when, which is held to the time
    /// that it was said at. Clocks that differ make no difference.
    fn asked_s(&self) -> Option<u64> {
        if let Ok(seconds) = self.retry_after.trim().parse() {
            return Some(seconds);
        }
        let date = |text| httpdate::parse_http_date(text).ok();
        let until = date(self.retry_after.trim())?.duration_since(date(self.date.trim())?);
        Some(until.map_or(0, |wait| wait.as_secs()))
    }

    /// That, as an error.
    pub fn not_now(&self, url: &str) -> Error {
        let words = self.words().unwrap_or_else(|| self.status.to_string());
        // 500 is a fault of the ledger, which coming back soon does not mend.
        let soon = self.status != StatusCode::INTERNAL_SERVER_ERROR;
        let retry_after_s = self.asked_s().or(soon.then_some(RETRY_AFTER_S));
        Error::Busy { what: format!("{url} cannot answer now: {words}"), retry_after_s }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &[u8]) -> Answer {
        let headers = headers.iter().map(|(name, value)| {
            (reqwest::header::HeaderName::from_static(name), value.parse().unwrap())
        });
        let mut answer =
            Answer::new(StatusCode::from_u16(status).unwrap(), &headers.collect::<HeaderMap>());
        answer.body = body.to_vec();
        answer
    }

    #[test]
    fn the_location_names_the_entry() {
        for (location, index) in [
            ("/entries/7", Some(7)),
            ("https://ledger.example/fr/entries/12", Some(12)),
            ("/entries/", None),
            ("/blocks/7", None),
            ("", None),
        ] {
            assert_eq!(answer(201, &[("location", location)], b"").located_index(), index);
        }
    }

    #[test]
    fn a_refusal_is_known_by_its_type() {
        let json = ("content-type", "application/problem+json");
        let body = br#"{"type":"/problems/prefix-too-short","detail":"ask with one more digit"}"#;
        let is = |answer: Answer| answer.is_problem("prefix-too-short");
        assert!(is(answer(400, &[json], body)));
        assert!(!is(answer(200, &[json], body)));
        assert!(!is(answer(400, &[("content-type", "text/html")], body)));
        for body in [
            r#"{"type":"/problems/malformed-path","detail":"prefix-too-short"}"#,
            r#"{"type":"https://elsewhere.example/problems/prefix-too-short"}"#,
            r#"{"detail":"prefix-too-short: ask with one more digit"}"#,
        ] {
            assert!(!is(answer(400, &[json], body.as_bytes())), "{body}");
        }
    }

    #[test]
    fn a_status_without_the_ledgers_words_is_nobodys_refusal() {
        let json = ("content-type", "application/problem+json; charset=utf-8");
        let body = br#"{"title":"Unknown","status":404,"detail":"no such entry"}"#;
        let kind = |answer: Answer| answer.refusal("http://l").exit_code();
        assert_eq!(kind(answer(404, &[json], body)), 1);
        assert_eq!(kind(answer(422, &[json], body)), 2);
        assert_eq!(kind(answer(404, &[], b"<html>")), 3);
        assert_eq!(kind(answer(301, &[("location", "https://l")], b"")), 2);
        let elsewhere = answer(308, &[("location", "https://l")], b"");
        let unknown = |answer: Answer| {
            matches!(answer.no_receipt("http://l"), NoReceipt::Unknown(Error::Busy { .. }))
        };
        assert!(unknown(elsewhere) && unknown(answer(400, &[json], body)));
        let busy = answer(503, &[("retry-after", "7")], b"").not_now("http://l");
        assert!(matches!(busy, Error::Busy { retry_after_s: Some(7), .. }));
        let asked = |status, headers: &[(&'static str, &str)]| {
            let answer = answer(status, headers, b"");
            assert!(answer.is_not_now());
            match answer.not_now("http://l") {
                Error::Busy { retry_after_s, .. } => retry_after_s,
                other => panic!("{other}"),
            }
        };
        let until = ("retry-after", "Wed, 25 Nov 2026 02:00:30 GMT");
        let at = |time| ("date", time);
        assert_eq!(asked(429, &[until, at("Wed, 25 Nov 2026 02:00:00 GMT")]), Some(30));
        assert_eq!(asked(503, &[until, at("Wed, 25 Nov 2026 02:01:00 GMT")]), Some(0));
        // Without a date of its own, or in no form at all, nothing is known but that it is not now.
        assert_eq!(asked(408, &[until]), Some(RETRY_AFTER_S));
        assert_eq!(asked(429, &[("retry-after", "soon")]), Some(RETRY_AFTER_S));
        let failed = answer(500, &[], b"").not_now("http://l");
        assert!(matches!(failed, Error::Busy { retry_after_s: None, .. }));
    }
}
