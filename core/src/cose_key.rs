//! Keys as payloads list them: a COSE_Key of one of two algorithms (format.md 4.1).
//!
//! Which algorithm, the use decides ([`Use::algorithm`]). What a key may sign is not known here.

use crate::{
    Rejected,
    cbor::Reader,
    key::{self, Kid, Use},
    ml_dsa,
};

/// The algorithms of the ledger's keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    /// alg -8, with Ed25519: all that signs statements, seals and notes.
    EdDsa,
    /// alg -48 (RFC 9964): checkpoints, beside Ed25519.
    MlDsa44,
}

/// A public key.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::large_enum_variant)] // Nearly all are of the longer one.
pub enum CoseKey {
    /// kty OKP.
    Ed25519(key::PublicKey),
    /// kty AKP.
    MlDsa44(ml_dsa::PublicKey),
}

/// The half of a key that signs.
pub trait SigningHalf {
    /// The other half.
    fn cose_key(&self) -> CoseKey;

    /// The signature of a message, as COSE carries it.
    fn signature(&self, message: &[u8]) -> Vec<u8>;
}

/// The half of a key that others have.
pub trait VerifyingHalf {
    /// Whether the other half signed the message.
    ///
    /// # Errors
    /// [`Rejected::Signature`], naming `what` was signed.
    fn check(&self, what: &'static str, message: &[u8], signature: &[u8]) -> Result<(), Rejected>;
}

impl CoseKey {
    /// The key's name: its RFC 9679 thumbprint.
    pub fn kid(&self) -> Kid {
        match self {
            Self::Ed25519(key) => key.kid(),
            Self::MlDsa44(key) => key.kid(),
        }
    }

    /// The 32 bytes of RFC 8032, or the 1,312 of FIPS 204.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Ed25519(key) => key.as_bytes(),
            Self::MlDsa44(key) => key.as_bytes(),
        }
    }

    /// The key, if it is one that may sign statements.
    pub fn as_ed25519(&self) -> Option<&key::PublicKey> {
        if let Self::Ed25519(key) = self { Some(key) } else { None }
    }

    /// The key, if it is of ML-DSA-44.
    pub fn as_ml_dsa(&self) -> Option<&ml_dsa::PublicKey> {
        if let Self::MlDsa44(key) = self { Some(key) } else { None }
    }

    /// What it signs with.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::EdDsa,
            Self::MlDsa44(_) => Algorithm::MlDsa44,
        }
    }

    /// The minimal COSE_Key: what payloads hold and thumbprints hash.
    pub fn to_cose(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.to_cose(),
            Self::MlDsa44(key) => key.to_cose(),
        }
    }

    /// Reads a key for a use: one of its algorithm, in its one form.
    pub(crate) fn read(reader: &mut Reader<'_>, r#use: Use) -> Result<Self, Rejected> {
        match r#use.algorithm() {
            Algorithm::EdDsa => key::PublicKey::read(reader).map(Self::Ed25519),
            Algorithm::MlDsa44 => ml_dsa::PublicKey::read(reader).map(Self::MlDsa44),
        }
    }
}

impl From<key::PublicKey> for CoseKey {
    fn from(key: key::PublicKey) -> Self {
        Self::Ed25519(key)
    }
}

impl From<ml_dsa::PublicKey> for CoseKey {
    fn from(key: ml_dsa::PublicKey) -> Self {
        Self::MlDsa44(key)
    }
}

impl SigningHalf for key::SigningKey {
    fn cose_key(&self) -> CoseKey {
        self.public().clone().into()
    }

    fn signature(&self, message: &[u8]) -> Vec<u8> {
        self.sign(message).to_vec()
    }
}

impl SigningHalf for ml_dsa::SigningKey {
    fn cose_key(&self) -> CoseKey {
        self.public().clone().into()
    }

    fn signature(&self, message: &[u8]) -> Vec<u8> {
        self.sign(message).to_vec()
    }
}

impl VerifyingHalf for key::PublicKey {
    fn check(&self, what: &'static str, message: &[u8], signature: &[u8]) -> Result<(), Rejected> {
        self.verify(what, message, signature)
    }
}

impl VerifyingHalf for CoseKey {
    fn check(&self, what: &'static str, message: &[u8], signature: &[u8]) -> Result<(), Rejected> {
        match self {
            Self::Ed25519(key) => key.verify(what, message, signature),
            Self::MlDsa44(key) => key.verify(what, message, signature),
        }
    }
}
