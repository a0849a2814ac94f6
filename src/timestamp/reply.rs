//! What an authority answers: `TimeStampResp`, which says how it went, and holds the token. Nothing
//! of it but the token is signed.

use der::{
    Decode as _, Reader as _, Tag,
    asn1::{AnyRef, BitStringRef},
};

use super::{
    REPLY_BYTES_MAX, Refused,
    der::{Error, items, optional, part, within},
};
use crate::plain::plain_start;

/// Longest text of an authority that is passed on, in characters.
const TEXT_CHARS_MAX: usize = 200;

const STATUSES: [&str; 6] = [
    "granted",
    "granted with modifications",
    "rejection",
    "waiting",
    "a revocation is imminent",
    "a revocation has happened",
];
/// `PKIFailureInfo`, by its bits.
const FAILURES: [(usize, &str); 8] = [
    (0, "it does not know the algorithm"),
    (2, "it does not permit the request"),
    (5, "it cannot read the request"),
    (14, "its source of time is not available"),
    (15, "it does not know the policy"),
    (16, "it does not know the extension"),
    (17, "it does not have what was asked for besides"),
    (25, "it has failed"),
];

/// The token in a reply that grants one, or the token that this is.
///
/// # Errors
/// [`Refused::Status`] for a reply that grants none; what is neither is refused for its form.
pub fn token(file: &[u8]) -> Result<&[u8], Refused> {
    if file.len() > REPLY_BYTES_MAX {
        return Err(Refused::TooLong { max: REPLY_BYTES_MAX });
    }
    // A token begins with an object identifier, a reply with its status.
    let (first, token) = part("reply", file, |any| {
        any.header().tag().assert_eq(Tag::Sequence)?;
        within(any, |items| {
            let first: AnyRef<'_> = items.decode()?;
            let token = if items.is_finished() { None } else { Some(items.tlv_bytes()?) };
            Ok((first, token))
        })
    })?;
    if first.header().tag() != Tag::Sequence {
        return Ok(file);
    }
    let form = |_| Refused::Form { part: "status" };
    let (status, words) = within(first, status).map_err(form)?;
    match (status, token) {
        (0 | 1, Some(token)) => Ok(token),
        (0 | 1, None) => Err(Refused::Rule("the authority grants a timestamp, and sends none")),
        _ => Err(Refused::Status(words)),
    }
}

fn status(items: &mut super::der::Items<'_>) -> Result<(u8, String), Error> {
    let status: u8 = items.decode()?;
    let text = optional(items, Tag::Sequence)?;
    let failure = if items.is_finished() { None } else { Some(BitStringRef::decode(items)?) };
    let mut words = vec![
        STATUSES
            .get(usize::from(status))
            .map_or_else(|| format!("status {status}"), |name| (*name).to_owned()),
    ];
    words.extend(failure.into_iter().flat_map(reasons).map(str::to_owned));
    words.extend(text.map(said).transpose()?);
    Ok((status, words.join("; ")))
}

fn reasons(failure: BitStringRef<'_>) -> impl Iterator<Item = &'static str> {
    let is_set = move |bit: &usize| failure.bits().nth(*bit) == Some(true);
    FAILURES.into_iter().filter(move |(bit, _)| is_set(bit)).map(|(_, text)| text)
}

/// Its own words, safe for a terminal.
fn said(text: AnyRef<'_>) -> Result<String, Error> {
    let mut words = Vec::new();
    for item in items(text)? {
        words.push(String::from_utf8_lossy(AnyRef::from_der(item)?.value()).into_owned());
    }
    Ok(format!("in its words: {:?}", readable(&words.join(" "))))
}

/// A stranger's text, cut and fit to be shown.
pub fn readable(text: &str) -> String {
    plain_start(text, TEXT_CHARS_MAX)
}
