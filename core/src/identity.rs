//! Names: of a ledger (its origin and identity) and of an issuer (format.md 3).

use std::{fmt, str::FromStr};

use crate::{Hash, Rejected, tree};

/// Longest origin, as C2SP allows for a key name that ML-DSA signs.
const ORIGIN_BYTES_MAX: usize = 255;
/// Longest DNS name.
const ISSUER_BYTES_MAX: usize = 253;

/// Checks a lower-case DNS name of two labels or more.
fn check_dns_name(name: &str) -> Result<(), &'static str> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > ISSUER_BYTES_MAX {
        return Err("it is longer than 253 bytes");
    }
    if !name.contains('.') || !name.split('.').all(label) {
        return Err("a lower-case DNS name of two labels or more is needed (energie.example)");
    }
    Ok(())
}

/// The id of an issuer: a lower-case DNS name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct IssuerId(String);

impl IssuerId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IssuerId {
    type Err = Rejected;

    fn from_str(name: &str) -> Result<Self, Rejected> {
        check_dns_name(name).map_err(|why| Rejected::field("issuer", "id", why))?;
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for IssuerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a ledger: a URL without its scheme, also the C2SP origin and key name.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Origin(String);

impl Origin {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first slash.
    pub fn host(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }
}

impl FromStr for Origin {
    type Err = Rejected;

    fn from_str(text: &str) -> Result<Self, Rejected> {
        let refuse = |why: &str| Err(Rejected::Origin(format!("{why}, here is {text:?}")));
        if text.len() > ORIGIN_BYTES_MAX {
            return refuse("at most 255 bytes");
        }
        let (host, path) = text.split_once('/').map_or((text, None), |(h, p)| (h, Some(p)));
        if let Err(why) = check_dns_name(host) {
            return refuse(why);
        }
        let segment = |segment: &str| {
            !segment.is_empty()
                && segment
                    .bytes()
                    .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_'))
        };
        if !path.is_none_or(|path| path.split('/').all(segment)) {
            return refuse("a path of lower-case letters, digits and -._ without empty parts");
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a ledger: the leaf hash of its genesis entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LedgerId(pub Hash);

impl LedgerId {
    /// The id that a genesis entry gives its ledger.
    pub fn of_genesis(entry: &[u8]) -> Self {
        Self(tree::leaf_hash(entry))
    }

    /// What a statement for this ledger says in `aud`.
    pub fn audience(&self) -> String {
        format!("probant:{}", self.0)
    }
}

impl fmt::Display for LedgerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What a verifier must know to trust a ledger; its keys follow from genesis. As text:
/// `<origin>+<64 hex of the ledger id>`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Identity {
    /// The ledger's name.
    pub origin: Origin,
    /// The leaf hash of its genesis entry.
    pub ledger: LedgerId,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.origin, self.ledger)
    }
}

impl FromStr for Identity {
    type Err = Rejected;

    fn from_str(text: &str) -> Result<Self, Rejected> {
        let wrong = || {
            Rejected::Origin(format!(
                "an identity is <origin>+<64 lower-case hex digits>, as `probant identity` prints it, not {text:?}"
            ))
        };
        let (origin, id) = text.rsplit_once('+').ok_or_else(wrong)?;
        let ledger = LedgerId(Hash::from_hex(id).ok_or_else(wrong)?);
        if ledger.to_string() != id {
            return Err(wrong());
        }
        Ok(Self { origin: origin.parse()?, ledger })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_strict() {
        for good in ["energie.example", "a.b", "x-1.y2.example"] {
            good.parse::<IssuerId>().expect(good);
        }
        for bad in ["", "example", "A.example", "a..b", "-a.b", "a-.b", "a.b.", "é.fr", "a.b/c"] {
            assert!(bad.parse::<IssuerId>().is_err(), "{bad}");
        }
        for good in ["ledger.example", "ledger.example/fr/2026"] {
            good.parse::<Origin>().expect(good);
        }
        for bad in ["https://ledger.example", "ledger.example/", "ledger.example/a+b", "l e.x"] {
            assert!(bad.parse::<Origin>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_identity_round_trips() {
        let identity = Identity {
            origin: "ledger.example/fr".parse().unwrap(),
            ledger: LedgerId::of_genesis(b"genesis"),
        };
        assert_eq!(identity.to_string().parse::<Identity>().unwrap(), identity);
        let text = identity.to_string();
        let upper = text.replace(&identity.ledger.to_string(), &"A".repeat(64));
        for bad in ["ledger.example+12".into(), format!("{text} "), format!(" {text}"), upper] {
            assert!(bad.parse::<Identity>().is_err(), "{bad}");
        }
    }
}
