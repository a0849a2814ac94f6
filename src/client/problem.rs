//! Problem details, as CBOR (RFC 9290) and as JSON (RFC 9457): title and detail, for people to
//! read. A stranger's text: control characters would reach a terminal, and are not shown.

use crate::plain::plain_start;

/// Longest text that is shown.
const TEXT_CHARS_MAX: usize = 1000;

/// The detail of {-1: title, -2: detail}, else its title.
pub(super) fn from_cbor(bytes: &[u8]) -> Option<String> {
    let (&head, mut rest) = bytes.split_first()?;
    let entries = head.checked_sub(0xa0).filter(|count| *count <= 2)?;
    let (mut title, mut detail) = (None, None);
    for _ in 0..entries {
        let (&label, after) = rest.split_first()?;
        let (value, after) = text(after)?;
        match label {
            0x20 => title = Some(value),
            0x21 => detail = Some(value),
            _ => return None,
        }
        rest = after;
    }
    detail.or(title).map(shown)
}

/// A CBOR text string, and what follows it.
fn text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (&head, rest) = bytes.split_first()?;
    let (width, short) = match head {
        0x60..=0x77 => (0, usize::from(head - 0x60)),
        0x78 => (1, 0),
        0x79 => (2, 0),
        _ => return None,
    };
    let (length, rest) = rest.split_at_checked(width)?;
    let length = length.iter().fold(short, |length, byte| length << 8 | usize::from(*byte));
    let (value, rest) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(value).ok()?, rest))
}

/// The detail, else the title.
pub(super) fn from_json(bytes: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Problem {
        title: Option<String>,
        detail: Option<String>,
    }
    let problem: Problem = serde_json::from_slice(bytes).ok()?;
    problem.detail.or(problem.title).map(|text| shown(&text))
}

/// The last part of its type, `/problems/{kind}`, the same text on every ledger
/// (docs/decisions/0010).
pub(super) fn kind(bytes: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Problem {
        r#type: String,
    }
    let Problem { r#type } = serde_json::from_slice(bytes).ok()?;
    r#type.strip_prefix("/problems/").map(str::to_owned)
}

fn shown(text: &str) -> String {
    plain_start(text, TEXT_CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_give_the_detail() {
        let detail = "unknown-key: key 00 is not enrolled on this ledger, nor on any other one";
        let mut cbor = vec![0xa2, 0x20, 0x67];
        cbor.extend(b"Refused");
        cbor.extend([0x21, 0x78, u8::try_from(detail.len()).unwrap()]);
        cbor.extend(detail.as_bytes());
        assert_eq!(from_cbor(&cbor).unwrap(), detail);
        for cut in 0..cbor.len() {
            assert_eq!(from_cbor(&cbor[..cut]), None, "cut at {cut}");
        }
        assert_eq!(from_cbor(b"\xa1\x20\x62No").unwrap(), "No");
        assert_eq!(
            from_json(br#"{"title":"No","detail":"list-count: 2"}"#).unwrap(),
            "list-count: 2"
        );
        assert_eq!(from_json(br#"{"title":"No\u001b[2J"}"#).unwrap(), "No\u{fffd}[2J");
        assert_eq!(from_json(b"<html>"), None);
    }
}
