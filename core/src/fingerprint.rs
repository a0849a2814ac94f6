//! The fingerprint of a document: what is certified in the place of its bytes (format.md 2).

use std::{fmt, str::FromStr};

use sha2::Digest as _;

use crate::Rejected;

/// Which hash made a fingerprint; the discriminant is its multihash code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Algorithm {
    /// SHA-256, for archives and regulators that ask for it.
    Sha256 = 0x12,
    /// BLAKE3, the default: several times as fast on a document.
    Blake3 = 0x1e,
}

impl Algorithm {
    /// The name that stands before the colon in text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Blake3 => "blake3",
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        match code {
            0x12 => Some(Self::Sha256),
            0x1e => Some(Self::Blake3),
            // 0x81 to 0x83 are reserved: two blinded kinds and a root over separately hashed
            // fields. No multihash code is one byte above 0x7f, so they can never clash.
            _ => None,
        }
    }
}

impl FromStr for Algorithm {
    type Err = Rejected;

    fn from_str(text: &str) -> Result<Self, Rejected> {
        match text {
            "blake3" => Ok(Self::Blake3),
            "sha-256" => Ok(Self::Sha256),
            _ => Err(Rejected::Fingerprint("the hash is blake3 or sha-256".into())),
        }
    }
}

/// The hash of a document's bytes. As bytes: algorithm code, 0x20, 32-byte digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; Fingerprint::BYTES]);

impl Fingerprint {
    /// Length of a fingerprint as bytes.
    pub const BYTES: usize = 34;

    /// A fingerprint from its parts.
    pub fn new(algorithm: Algorithm, digest: [u8; 32]) -> Self {
        let mut bytes = [0; Self::BYTES];
        bytes[0] = algorithm as u8;
        bytes[1] = 0x20;
        bytes[2..].copy_from_slice(&digest);
        Self(bytes)
    }

    /// Reads the 34 bytes; the inverse of [`Fingerprint::as_bytes`].
    ///
    /// # Errors
    /// [`Rejected::Fingerprint`] for another length, an unknown or reserved algorithm.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Rejected> {
        let bytes: [u8; Self::BYTES] = bytes.try_into().map_err(|_| {
            Rejected::Fingerprint(format!("34 bytes are needed, here are {}", bytes.len()))
        })?;
        if Algorithm::from_code(bytes[0]).is_none() || bytes[1] != 0x20 {
            return Err(Rejected::Fingerprint(format!(
                "kind {:#04x} with length {} is not known (blake3 is 0x1e, sha-256 is 0x12)",
                bytes[0], bytes[1]
            )));
        }
        Ok(Self(bytes))
    }

    /// The 34 bytes that lists hold.
    pub fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// Which hash made it.
    pub fn algorithm(&self) -> Algorithm {
        Algorithm::from_code(self.0[0]).expect("checked when it was made")
    }

    /// The digest alone.
    pub fn digest(&self) -> &[u8] {
        &self.0[2..]
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm().name(), hex::encode(self.digest()))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = Rejected;

    /// Reads `blake3:<64 hex>` or `sha-256:<64 hex>`, lower case only: one fingerprint, one spelling.
    fn from_str(text: &str) -> Result<Self, Rejected> {
        let wrong = |why: &str| Rejected::Fingerprint(format!("{why} in {text:?}"));
        let (name, digits) = text
            .split_once(':')
            .ok_or_else(|| wrong("no colon (blake3:<64 hex> or sha-256:<64 hex>)"))?;
        let algorithm = name.parse()?;
        if digits.len() != 64 || digits.bytes().any(|b| !matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(wrong("64 lower-case hex digits are needed"));
        }
        let mut digest = [0; 32];
        hex::decode_to_slice(digits, &mut digest).expect("64 hex digits, just checked");
        Ok(Self::new(algorithm, digest))
    }
}

/// Hashes a document one way; feed it the bytes in pieces of any size.
#[derive(Clone)]
#[allow(clippy::large_enum_variant)] // One lives at a time, on the stack of whoever reads.
pub enum Hasher {
    /// By BLAKE3.
    Blake3(blake3::Hasher),
    /// By SHA-256.
    Sha256(sha2::Sha256),
}

impl Hasher {
    /// Begins a document.
    pub fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Blake3 => Self::Blake3(blake3::Hasher::new()),
            Algorithm::Sha256 => Self::Sha256(sha2::Sha256::new()),
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Blake3(state) => drop(state.update(bytes)),
            Self::Sha256(state) => state.update(bytes),
        }
    }

    /// Ends the document.
    pub fn finish(self) -> Fingerprint {
        match self {
            Self::Blake3(state) => {
                Fingerprint::new(Algorithm::Blake3, *state.finalize().as_bytes())
            }
            Self::Sha256(state) => Fingerprint::new(Algorithm::Sha256, state.finalize().into()),
        }
    }
}

/// Both fingerprints of one document: a verifier cannot know which one its issuer chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprints {
    /// By BLAKE3.
    pub blake3: Fingerprint,
    /// By SHA-256.
    pub sha256: Fingerprint,
}

impl Fingerprints {
    /// Of a document that is in memory.
    pub fn of(document: &[u8]) -> Self {
        let by = |algorithm| {
            let mut hasher = Hasher::new(algorithm);
            hasher.update(document);
            hasher.finish()
        };
        Self { blake3: by(Algorithm::Blake3), sha256: by(Algorithm::Sha256) }
    }

    /// The one made by `algorithm`.
    pub fn by(&self, algorithm: Algorithm) -> Fingerprint {
        match algorithm {
            Algorithm::Blake3 => self.blake3,
            Algorithm::Sha256 => self.sha256,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_round_trip_and_have_one_spelling() {
        let both = Fingerprints::of(b"facture");
        for fingerprint in [both.blake3, both.sha256] {
            assert_eq!(fingerprint.to_string().parse::<Fingerprint>().unwrap(), fingerprint);
            assert_eq!(Fingerprint::from_bytes(fingerprint.as_bytes()).unwrap(), fingerprint);
            let shouted = fingerprint.to_string().to_uppercase();
            assert!(shouted.parse::<Fingerprint>().is_err());
        }
    }

    #[test]
    fn reserved_kinds_are_refused() {
        for code in (0..=255).filter(|c| ![0x12, 0x1e].contains(c)) {
            let mut bytes = *Fingerprints::of(b"").blake3.as_bytes();
            bytes[0] = code;
            assert!(Fingerprint::from_bytes(&bytes).is_err(), "{code:#x}");
        }
    }

    #[test]
    fn pieces_hash_like_the_whole() {
        for algorithm in [Algorithm::Blake3, Algorithm::Sha256] {
            let mut hasher = Hasher::new(algorithm);
            hasher.update(b"fact");
            hasher.update(b"ure");
            assert_eq!(hasher.finish(), Fingerprints::of(b"facture").by(algorithm));
        }
    }
}
