//! Keys: Ed25519 with one predicate everywhere, COSE keys, and what each key is used for
//! (format.md 4).

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::{
    Hash, Rejected,
    cbor::{Reader, Writer},
    cose_key::Algorithm,
};

/// A key's name: its RFC 9679 thumbprint.
pub type Kid = Hash;

/// p = 2^255 - 19, little-endian: a key's y coordinate is below it.
const P: [u8; 32] = {
    let mut p = [0xff; 32];
    p[0] = 0xed;
    p[31] = 0x7f;
    p
};

/// What a key may sign. A key has one use, for ever.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Use {
    /// Block statements and seals.
    Seal,
    /// Checkpoints, as Ed25519 signed notes.
    Note,
    /// Checkpoints, as ML-DSA-44 cosignatures beside those.
    NoteMlDsa,
    /// Statements of the ledger's operator.
    Operator,
    /// Replacing the operator key, and itself; kept offline.
    Recovery,
    /// Statements of one issuer.
    Issuer,
}

impl Use {
    /// The uses for which every ledger has a key, in the order in which genesis lists them.
    pub const LEDGER: [Self; 4] = [Self::Seal, Self::Note, Self::Operator, Self::Recovery];
    /// All uses that a ledger's own keys have: the last one is optional.
    pub const LEDGER_ALL: [Self; 5] =
        [Self::Seal, Self::Note, Self::Operator, Self::Recovery, Self::NoteMlDsa];

    /// The algorithm of its keys.
    pub fn algorithm(self) -> Algorithm {
        match self {
            Self::NoteMlDsa => Algorithm::MlDsa44,
            Self::Seal | Self::Note | Self::Operator | Self::Recovery | Self::Issuer => {
                Algorithm::EdDsa
            }
        }
    }

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Seal => "seal",
            Self::Note => "note",
            Self::NoteMlDsa => "note-ml-dsa",
            Self::Operator => "operator",
            Self::Recovery => "recovery",
            Self::Issuer => "issuer",
        }
    }
}

/// An Ed25519 public key that is canonical and not of small order.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    verifying: VerifyingKey,
    kid: Kid,
}

impl PublicKey {
    /// Checks and takes the 32 bytes of RFC 8032.
    ///
    /// # Errors
    /// [`Rejected::WeakKey`] if they are no point, not its one encoding, or of small order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Rejected> {
        let mut y = *bytes;
        y[31] &= 0x7f;
        let canonical = y.iter().rev().lt(P.iter().rev());
        let verifying = VerifyingKey::from_bytes(bytes).map_err(|_| Rejected::WeakKey)?;
        if !canonical || verifying.is_weak() {
            return Err(Rejected::WeakKey);
        }
        Ok(Self { kid: Hash(Sha256::digest(cose_key(bytes)).into()), verifying })
    }

    /// The key's name.
    pub fn kid(&self) -> Kid {
        self.kid
    }

    /// The 32 bytes of RFC 8032.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.verifying.as_bytes()
    }

    /// The one Ed25519 predicate of Probant: S and R canonical, neither R nor the key of small
    /// order, and the equation of RFC 8032 without cofactor (format.md 4.2).
    ///
    /// # Errors
    /// [`Rejected::Signature`], naming `what` was signed.
    pub fn verify(
        &self,
        what: &'static str,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Rejected> {
        let signature = Signature::from_slice(signature).map_err(|_| Rejected::Signature(what))?;
        self.verifying.verify_strict(message, &signature).map_err(|_| Rejected::Signature(what))
    }

    /// The minimal COSE_Key {1: 1, -1: 6, -2: x}: what payloads hold and thumbprints hash.
    pub fn to_cose(&self) -> Vec<u8> {
        cose_key(self.as_bytes())
    }

    /// The COSE_Key for a key set: with kid (2) and alg (3), as SCRAPI serves it.
    pub fn to_cose_with_kid(&self) -> Vec<u8> {
        let writer = Writer::default().map(5).uint(1).uint(1).uint(2).bytes(&self.kid.0);
        writer.uint(3).nint(7).nint(0).uint(6).nint(1).bytes(self.as_bytes()).finish()
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Rejected> {
        Self::read_as(reader, Self::to_cose)
    }

    /// Reads a COSE_Key of which `encode` gives the one accepted encoding, x last.
    fn read_as(reader: &mut Reader<'_>, encode: fn(&Self) -> Vec<u8>) -> Result<Self, Rejected> {
        let item = reader.item()?;
        let x = item.last_chunk().ok_or_else(|| reader.malformed("a COSE_Key expected"))?;
        let key = Self::from_bytes(x)?;
        if encode(&key) == item {
            Ok(key)
        } else {
            Err(reader.malformed("the COSE_Key is not of the one accepted form"))
        }
    }
}

/// A COSE key set as SCRAPI serves it: an array of COSE_Key {1: 1, 2: kid, 3: -8, -1: 6, -2: x}.
pub fn key_set<'a>(keys: impl ExactSizeIterator<Item = &'a PublicKey>) -> Vec<u8> {
    let writer = Writer::default().array(keys.len());
    keys.fold(writer, |writer, key| writer.raw(&key.to_cose_with_kid())).finish()
}

/// The inverse of [`key_set`].
///
/// # Errors
/// [`Rejected::Malformed`] and [`Rejected::WeakKey`].
pub fn read_key_set(bytes: &[u8]) -> Result<Vec<PublicKey>, Rejected> {
    let mut reader = Reader::new(bytes, "key set");
    let count = reader.array()?;
    let read = |_| PublicKey::read_as(&mut reader, PublicKey::to_cose_with_kid);
    let keys = (0..count).map(read).collect::<Result<_, _>>()?;
    reader.finish()?;
    Ok(keys)
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.kid)
    }
}

fn cose_key(x: &[u8; 32]) -> Vec<u8> {
    Writer::default().map(3).uint(1).uint(1).nint(0).uint(6).nint(1).bytes(x).finish()
}

/// A private key. Its bytes are zeroized when it is dropped, and it has no `Debug` of them.
#[derive(Clone)]
pub struct SigningKey {
    signing: ed25519_dalek::SigningKey,
    public: PublicKey,
}

impl SigningKey {
    /// The key that RFC 8032 derives from 32 random bytes, which the caller zeroizes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let signing = ed25519_dalek::SigningKey::from_bytes(seed);
        let public = PublicKey::from_bytes(signing.verifying_key().as_bytes())
            .expect("an honest key is canonical and in the prime-order group");
        Self { signing, public }
    }

    /// Its public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs; the inverse of [`PublicKey::verify`].
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.signing.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public.kid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_rfc_9679_deterministic_cbor() {
        let key = SigningKey::from_seed(&[7; 32]).public().clone();
        let mut preimage = hex::decode("a301012006215820").unwrap();
        preimage.extend(key.as_bytes());
        assert_eq!(key.to_cose(), preimage);
        assert_eq!(key.kid().0, <[u8; 32]>::from(Sha256::digest(&preimage)));
    }

    #[test]
    fn keys_that_are_not_canonical_or_of_small_order_are_refused() {
        let weak = [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p
            "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p + 3: decodes
            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        ];
        for text in weak {
            let bytes = hex::decode(text).unwrap().try_into().unwrap();
            assert_eq!(PublicKey::from_bytes(&bytes), Err(Rejected::WeakKey), "{text}");
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_breaks_a_signature() {
        let key = SigningKey::from_seed(&[7; 32]);
        let signature = key.sign(b"bill");
        key.public().verify("bill", b"bill", &signature).unwrap();
        for bit in 0..512 {
            let mut bad = signature;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(key.public().verify("bill", b"bill", &bad).is_err(), "bit {bit}");
        }
        assert!(key.public().verify("bill", b"bill", &signature[..63]).is_err());
    }
}
