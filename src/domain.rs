//! What an issuer's own domain says of its keys: `https://<id>/.well-known/probant-keys`, a COSE key
//! set as `/.well-known/scitt-keys` has it. Who an issuer is rests on the operator's word; where its
//! domain lists the same keys, it rests on the domain's, too.
//!
//! Nothing here knows a ledger. Whoever asks names the domain: a server never asks one because a
//! stranger wants it to (docs/decisions/0021).

mod confirmation;

use std::{net::SocketAddr, time::Duration};

use probant_core::{
    IssuerId,
    key::{PublicKey, read_key_set},
};
use reqwest::{Certificate, Client, Response, StatusCode, Url, redirect};

use crate::{
    Error,
    transport::{body, choose_provider, reason},
};

pub use confirmation::{Confirmation, Word};

/// Where a domain says it.
pub const PATH: &str = "/.well-known/probant-keys";
/// Most keys of one domain; an issuer has no more on a ledger.
pub const KEYS_MAX: usize = 1024;
/// Longest key set that is read: as many keys of 76 bytes each, and the head of their array.
const KEY_SET_BYTES_MAX: usize = 96 << 10;
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// Longest question, with its whole answer.
const ASK_MAX: Duration = Duration::from_secs(20);

/// How domains are reached.
#[derive(Clone, Default)]
pub struct Reach {
    /// The authorities that are believed; none: those of the system.
    pub authorities: Option<Vec<Certificate>>,
    /// Addresses that are asked in the place of those that DNS has. The certificate has to be for the
    /// domain all the same.
    pub addresses: Vec<(IssuerId, SocketAddr)>,
}

/// Why a domain says nothing of keys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Silence {
    /// It answers, and publishes no keys.
    Unpublished(String),
    /// What it publishes there is no key set.
    Unusable(String),
    /// It was not reached, or not for certain.
    Unreachable(String),
}

/// Asks domains.
#[derive(Clone, Debug)]
pub struct Domains {
    http: Client,
}

impl Domains {
    /// # Errors
    /// [`Error::Input`] where there are no certificates to trust.
    pub fn new(reach: Reach) -> Result<Self, Error> {
        choose_provider();
        let mut builder = Client::builder()
            .user_agent(concat!("probant/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_MAX)
            .timeout(ASK_MAX)
            .https_only(true)
            // Another name must not speak for this one, and an open redirector on it neither.
            .redirect(redirect::Policy::none());
        if let Some(authorities) = reach.authorities {
            builder = builder.tls_certs_only(authorities);
        }
        if !reach.addresses.is_empty() {
            // A proxy would look the names up itself.
            builder = builder.no_proxy();
        }
        for (id, address) in &reach.addresses {
            builder = builder.resolve(id.as_str(), *address);
        }
        let http = builder.build().map_err(|error| {
            Error::input(format!("no TLS on this machine (are there root certificates?): {error}"))
        })?;
        Ok(Self { http })
    }

    /// The keys that the issuer's domain lists, asked for now.
    ///
    /// # Errors
    /// [`Silence`].
    pub async fn keys(&self, id: &IssuerId) -> Result<Vec<PublicKey>, Silence> {
        let unreached = |error: reqwest::Error| {
            Silence::Unreachable(format!("out of reach: {}", reason(&error)))
        };
        let url = url(id).ok_or_else(|| {
            Silence::Unreachable("the id is an address, and no domain that can be asked".into())
        })?;
        let response = self.http.get(url).send().await.map_err(unreached)?;
        check_status(&response)?;
        let bytes = body(response, KEY_SET_BYTES_MAX).await.map_err(unreached)?;
        read(&bytes.ok_or_else(|| {
            Silence::Unusable(format!("it is longer than {KEY_SET_BYTES_MAX} bytes: no key set is"))
        })?)
    }
}

/// Where an issuer's domain publishes its keys; `None` for an id such as 127.0.0.1, which a URL takes
/// for an address.
pub fn url(id: &IssuerId) -> Option<Url> {
    let url = Url::parse(&format!("https://{id}{PATH}")).ok()?;
    (url.domain() == Some(id.as_str())).then_some(url)
}

fn check_status(response: &Response) -> Result<(), Silence> {
    let status = response.status();
    match status {
        StatusCode::OK => Ok(()),
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            Err(Silence::Unpublished(format!("it has no {PATH} ({status})")))
        }
        _ if status.is_redirection() => Err(Silence::Unusable(format!(
            "it sends elsewhere ({status}), and that is not followed: the file has to be there itself"
        ))),
        _ => Err(Silence::Unreachable(format!("it answers {status}"))),
    }
}

fn read(bytes: &[u8]) -> Result<Vec<PublicKey>, Silence> {
    let unusable = |why: String| Err(Silence::Unusable(why));
    if bytes.trim_ascii_start().starts_with(b"<") {
        return unusable("it is a page (HTML), no COSE key set".into());
    }
    match read_key_set(bytes) {
        Ok(keys) if keys.len() > KEYS_MAX => {
            unusable(format!("it has {} keys, and {KEYS_MAX} are allowed", keys.len()))
        }
        Ok(keys) => Ok(keys),
        Err(why) => unusable(format!("it is no COSE key set: {}: {why}", why.code())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use probant_core::key::{SigningKey, key_set};

    fn set(count: u16) -> Vec<u8> {
        let seed = |number: u16| {
            let mut seed = [7; 32];
            seed[..2].copy_from_slice(&number.to_be_bytes());
            SigningKey::from_seed(&seed).public().clone()
        };
        let keys: Vec<_> = (0..count).map(seed).collect();
        key_set(keys.iter())
    }

    #[test]
    fn an_address_is_not_asked() {
        let asked = |id: &str| url(&id.parse().unwrap()).map(|url| url.to_string());
        let expected = "https://energie.example/.well-known/probant-keys";
        assert_eq!(asked("energie.example").as_deref(), Some(expected));
        assert!(asked("xn--nergie-9ua.example").is_some(), "a domain in its one form");
        for id in ["127.0.0.1", "10.1", "1.2.3", "a.0x7f", "169.254.169.254"] {
            assert_eq!(asked(id), None, "{id}");
        }
    }

    #[test]
    fn as_many_keys_as_a_ledger_allows_and_no_more() {
        let (most, more) = (set(KEYS_MAX as u16), set(KEYS_MAX as u16 + 1));
        assert!(most.len() <= KEY_SET_BYTES_MAX, "{}", most.len());
        assert_eq!(read(&most).unwrap().len(), KEYS_MAX);
        let why = format!("{:?}", read(&more).unwrap_err());
        assert!(why.contains("1024 are allowed"), "{why}");
        assert_eq!(read(&set(0)).unwrap(), []);
    }

    #[test]
    fn what_is_no_key_set_is_named() {
        for (bytes, words) in [
            (&b"<!doctype html><title>Home</title>"[..], "HTML"),
            (b"\n <html>", "HTML"),
            (b"", "no COSE key set"),
            (b"[]", "no COSE key set"),
            (b"\xa1\x01\x01", "no COSE key set"),
            (&[set(1), vec![0]].concat(), "no COSE key set"),
            (&set(2)[..100], "no COSE key set"),
            // An array that says it has 2^64 - 1 members, and has none.
            (b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "no COSE key set"),
        ] {
            let Err(Silence::Unusable(why)) = read(bytes) else { panic!("{bytes:?}") };
            assert!(why.contains(words), "{why}");
        }
    }
}
