//! The lines of a policy, as items between blanks. What they mean is not known here.

use super::{POLICY_BYTES_MAX, refuse};
use crate::{Rejected, verifier_key::VerifierKey};

/// A line that says something.
pub(super) struct Line<'a> {
    /// From 1.
    pub number: usize,
    /// One or more.
    pub items: Vec<&'a [u8]>,
}

impl Line<'_> {
    pub fn refuse(&self, why: &str) -> Rejected {
        refuse(self.number, why)
    }

    pub fn key(&self, item: &[u8]) -> Result<VerifierKey, Rejected> {
        let text = str::from_utf8(item).map_err(|_| self.refuse("a verifier key is UTF-8"))?;
        text.parse().map_err(|rejected: Rejected| self.refuse(&rejected.to_string()))
    }
}

/// Every line that is neither empty nor a comment, in its order.
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    number: usize,
}

impl<'a> Lines<'a> {
    pub fn of(bytes: &'a [u8]) -> Result<Self, Rejected> {
        if bytes.len() > POLICY_BYTES_MAX {
            let (what, limit, value) = ("trust policy", POLICY_BYTES_MAX, bytes.len());
            return Err(Rejected::TooLarge { what, limit, value });
        }
        Ok(Self { rest: bytes, number: 0 })
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<Line<'a>, Rejected>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            self.number += 1;
            let Some(end) = self.rest.iter().position(|octet| *octet == b'\n') else {
                self.rest = &[];
                return Some(Err(refuse(self.number, "the last line is not ended by a newline")));
            };
            let (line, rest) = self.rest.split_at(end);
            self.rest = &rest[1..];
            if line.iter().any(|octet| octet.is_ascii_control() && *octet != b'\t') {
                self.rest = &[];
                return Some(Err(refuse(self.number, "a control character other than tab")));
            }
            let blank = |octet: &u8| matches!(octet, b' ' | b'\t');
            let items: Vec<_> = line.split(blank).filter(|item| !item.is_empty()).collect();
            if items.first().is_some_and(|item| !item.starts_with(b"#")) {
                return Some(Ok(Line { number: self.number, items }));
            }
        }
        None
    }
}
