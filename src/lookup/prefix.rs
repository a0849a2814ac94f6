//! The beginning of a fingerprint: what is asked instead of all of it, by whoever will not say which
//! document is checked.

use std::{ops::RangeInclusive, str::FromStr};

use probant_core::Fingerprint;

/// Digits of a whole fingerprint.
const DIGITS: usize = 64;
/// Fewest digits of a prefix.
const DIGITS_MIN: usize = 4;

/// All fingerprints that begin so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prefix(RangeInclusive<Fingerprint>);

impl Prefix {
    /// From the lowest to the highest.
    pub fn range(&self) -> RangeInclusive<Fingerprint> {
        self.0.clone()
    }
}

impl FromStr for Prefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "a prefix is blake3: or sha-256: and {DIGITS_MIN} to {DIGITS} lower-case hex \
                 digits, not {text:?}"
            )
        };
        let (_, digits) = text.split_once(':').ok_or_else(wrong)?;
        if !(DIGITS_MIN..=DIGITS).contains(&digits.len()) {
            return Err(wrong());
        }
        let filled = |digit: &str| {
            let whole = format!("{text}{}", digit.repeat(DIGITS - digits.len()));
            whole.parse::<Fingerprint>().map_err(|_| wrong())
        };
        Ok(Self(filled("0")?..=filled("f")?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_the_range_of_what_begins_so() {
        let range = |text: &str| text.parse::<Prefix>().unwrap().range();
        let odd = range("sha-256:0a1b2");
        assert_eq!(odd.start().to_string(), format!("sha-256:0a1b2{}", "0".repeat(59)));
        assert_eq!(odd.end().to_string(), format!("sha-256:0a1b2{}", "f".repeat(59)));
        let whole = format!("blake3:{}", "7".repeat(64));
        assert_eq!((range(&whole).start(), range(&whole).end()).0.to_string(), whole);
        assert_eq!(range(&whole).start(), range(&whole).end());
        for wrong in [
            "blake3:123",
            "blake3:",
            "1234",
            "md5:1234",
            "blake3:12G4",
            "blake3:ABCD",
            "BLAKE3:abcd",
            "blake3:é234",
            &format!("{whole}7"),
        ] {
            assert!(wrong.parse::<Prefix>().unwrap_err().contains("4 to 64"), "{wrong}");
        }
    }
}
