//! ML-DSA-44 (FIPS 204): pure, with an empty context, and signed without randomness. It signs
//! cosignatures only (c2sp.org/tlog-cosignature): no statement and no seal.

use std::{fmt, sync::Arc};

use ml_dsa::{MlDsa44, Signature, signature::Keypair as _};
use zeroize::Zeroize as _;

use crate::Rejected;

/// Bytes of a public key.
pub const PUBLIC_KEY_BYTES: usize = 1312;
/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 2420;

/// A public key; each of the 1,312 bytes' values is one.
#[derive(Clone)]
pub struct PublicKey {
    bytes: Arc<[u8; PUBLIC_KEY_BYTES]>,
    /// With the matrix that the first 32 bytes stand for, expanded once.
    verifying: Arc<ml_dsa::VerifyingKey<MlDsa44>>,
}

impl PublicKey {
    /// Takes the encoding of FIPS 204.
    pub fn from_bytes(bytes: &[u8; PUBLIC_KEY_BYTES]) -> Self {
        let verifying = ml_dsa::VerifyingKey::decode(&(*bytes).into());
        Self { bytes: Arc::new(*bytes), verifying: Arc::new(verifying) }
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
        let good = self.verifying.verify_with_context(message, &[], &signature);
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
}
