//! Where the status of something stands: its place in the map (format.md 6.1).

use sha2::{Digest as _, Sha256};

use crate::{Fingerprint, Hash, key::Kid};

/// What every slot begins to hash, so that none is the hash of anything else.
const DOMAIN: &[u8] = b"probant/status/v1\0";
const DOCUMENT: u8 = 1;
const KEY: u8 = 2;
const ISSUER: u8 = 3;
const FALLEN_AGAIN: u8 = 4;

/// A place in the map: its bits, the most significant first, are the way there from the root.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Slot(pub Hash);

impl Slot {
    /// Number of bits, so of levels at most.
    pub const BITS: usize = 256;

    /// Falls of one document of one issuer that are kept apart; of more, the last takes the place
    /// of the one before.
    pub const FALLS_MAX: u8 = 16;

    /// Of a document, as this issuer certified it: its first fall.
    ///
    /// # Panics
    /// Like the others, if the name is longer than 65,535 bytes, which no name is.
    pub fn document(issuer: &str, fingerprint: &Fingerprint) -> Self {
        Self::new(DOCUMENT, issuer, fingerprint.as_bytes())
    }

    /// Of a document's fall number `nth`, from 0: there is a next one only where all before count
    /// as never said. Each has a slot of its own, since a report can be undone, and the fall that
    /// it had voided stands again.
    pub fn fall(issuer: &str, fingerprint: &Fingerprint, nth: u8) -> Self {
        match nth {
            0 => Self::document(issuer, fingerprint),
            _ => Self::new(FALLEN_AGAIN, issuer, &[fingerprint.as_bytes(), &[nth][..]].concat()),
        }
    }

    /// Of a key; the owner is an issuer's id or, for the ledger's own, the origin.
    pub fn key(owner: &str, kid: &Kid) -> Self {
        Self::new(KEY, owner, &kid.0)
    }

    /// Of an issuer.
    pub fn issuer(id: &str) -> Self {
        Self::new(ISSUER, id, &[])
    }

    /// SHA-256("probant/status/v1" || 0x00 || kind || length of iss as u16 || iss || rest).
    fn new(kind: u8, iss: &str, rest: &[u8]) -> Self {
        let length = u16::try_from(iss.len()).expect("a name has at most 255 bytes");
        let hasher = Sha256::new().chain_update(DOMAIN).chain_update([kind]);
        let hasher = hasher.chain_update(length.to_be_bytes()).chain_update(iss);
        Self(Hash(hasher.chain_update(rest).finalize().into()))
    }

    /// Whether the way goes right, below `depth` bits.
    pub(super) fn goes_right(&self, depth: usize) -> bool {
        self.0.0[depth / 8] >> (7 - depth % 8) & 1 == 1
    }

    /// How many bits two ways have in common.
    pub(super) fn shared_bits(&self, other: &Self) -> usize {
        let differing = self.0.0.iter().zip(&other.0.0).map(|(one, another)| one ^ another);
        let mut before = 0;
        for bits in differing {
            before += bits.leading_zeros() as usize;
            if bits != 0 {
                break;
            }
        }
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted_from_the_most_significant() {
        let zero = Slot(Hash::ZERO);
        assert_eq!(zero.shared_bits(&zero), Slot::BITS);
        for depth in 0..Slot::BITS {
            let mut other = zero;
            other.0.0[depth / 8] |= 0x80 >> (depth % 8);
            assert_eq!(zero.shared_bits(&other), depth);
            for at in 0..Slot::BITS {
                assert_eq!(other.goes_right(at), at == depth);
            }
        }
    }
}
