//! ML-DSA-44 (FIPS 204): pure, with an empty context, and signed without randomness. It signs
//! cosignatures (c2sp.org/tlog-cosignature), and that such a key is held: no statement and no seal.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use ml_dsa::{MlDsa44, Signature, signature::Keypair as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroize as _;

use crate::{
    Hash, Rejected,
    cbor::{Reader, Writer},
    key::Kid,
};

/// Bytes of a public key.
pub const PUBLIC_KEY_BYTES: usize = 1312;
/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 2420;

/// A public key; each of the 1,312 bytes' values is one.
#[derive(Clone)]
pub struct PublicKey {
    bytes: Arc<[u8; PUBLIC_KEY_BYTES]>,
    /// With the matrix that the first 32 bytes stand for: expanded once, by the first signature.
    /// Many read a genesis, and few a checkpoint.
    verifying: Arc<OnceLock<ml_dsa::VerifyingKey<MlDsa44>>>,
}

impl PublicKey {
    /// Takes the encoding of FIPS 204.
    pub fn from_bytes(bytes: &[u8; PUBLIC_KEY_BYTES]) -> Self {
        Self { bytes: Arc::new(*bytes), verifying: Arc::default() }
    }

    /// The key's name: the RFC 9679 thumbprint, over what RFC 9964 requires of an AKP key.
    pub fn kid(&self) -> Kid {
        Hash(Sha256::digest(self.to_cose()).into())
    }

    /// The minimal COSE_Key {1: 7, 3: -48, -1: pub}: what payloads hold and thumbprints hash.
    pub fn to_cose(&self) -> Vec<u8> {
        let writer = Writer::with_capacity(PUBLIC_KEY_BYTES + 16).map(3).uint(1).uint(7);
        writer.uint(3).nint(47).nint(0).bytes(self.as_bytes()).finish()
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Rejected> {
        let item = reader.item()?;
        let key = item.last_chunk().map(Self::from_bytes);
        let key = key.filter(|key| key.to_cose() == item);
        key.ok_or_else(|| reader.malformed("a COSE_Key of ML-DSA-44 in its one form expected"))
    }

    /// The encoding of FIPS 204.
    pub fn as_bytes(&self) -> &[u8; PUBLIC_KEY_BYTES] {
        &self.bytes
    }

    /// Whether it signed the message. Encodings that are not canonical, or out of bounds, are none.
    ///
    /// # Errors
    /// [`Rejected::Signature`], naming `what` was signed.
    pub fn verify(
        &self,
        what: &'static str,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Rejected> {
        let signature =
            Signature::<MlDsa44>::try_from(signature).map_err(|_| Rejected::Signature(what))?;
        let decode = || ml_dsa::VerifyingKey::decode(&(*self.bytes).into());
        let good = self.verifying.get_or_init(decode).verify_with_context(message, &[], &signature);
        if good { Ok(()) } else { Err(Rejected::Signature(what)) }
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ml_dsa::PublicKey({}\u{2026})", hex::encode(&self.bytes[..8]))
    }
}

/// A private key. Its bytes are zeroized when it is dropped, and it has no `Debug` of them.
#[derive(Clone)]
pub struct SigningKey {
    signing: ml_dsa::SigningKey<MlDsa44>,
    public: PublicKey,
}

impl SigningKey {
    /// The key that FIPS 204 derives from 32 random bytes, which the caller zeroizes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let mut xi = ml_dsa::Seed::from(*seed);
        let signing = ml_dsa::SigningKey::from_seed(&xi);
        xi.zeroize();
        let encoded = signing.verifying_key().encode();
        Self { public: PublicKey::from_bytes(&encoded.into()), signing }
    }

    /// Its public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs; the inverse of [`PublicKey::verify`]. The same message has the same signature.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let signed = self.signing.expanded_key().sign_deterministic(message, &[]);
        signed.expect("an empty context is never too long").encode().into()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey of {:?}", self.public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_bit_breaks_a_signature_and_nothing_else_signs() {
        let key = SigningKey::from_seed(&[7; 32]);
        let signature = key.sign(b"bill");
        assert_eq!(key.sign(b"bill"), signature);
        let check =
            |message: &[u8], signature: &[u8]| key.public().verify("bill", message, signature);
        check(b"bill", &signature).unwrap();
        // Every byte once; challenge, response and hints are all among them.
        for at in 0..SIGNATURE_BYTES {
            let mut bad = signature;
            bad[at] ^= 1 << (at % 8);
            assert!(check(b"bill", &bad).is_err(), "byte {at}");
        }
        assert!(check(b"bill.", &signature).is_err());
        assert!(check(b"bill", &signature[..SIGNATURE_BYTES - 1]).is_err());
        assert!(check(b"bill", &[&signature[..], &[0]].concat()).is_err());
        let other = SigningKey::from_seed(&[8; 32]);
        assert!(other.public().verify("bill", b"bill", &signature).is_err());
    }

    #[test]
    fn the_thumbprint_is_over_kty_alg_and_pub() {
        let key = SigningKey::from_seed(&[7; 32]).public().clone();
        let mut preimage = hex::decode("a3010703382f20590520").unwrap();
        preimage.extend(key.as_bytes());
        assert_eq!(key.to_cose(), preimage);
        assert_eq!(key.kid().0, <[u8; 32]>::from(Sha256::digest(&preimage)));
    }
}
