//! Verifier keys: who signs a note, in the one line that tools hand each other
//! (format.md 8.5; c2sp.org/signed-note: vkey).
//!
//! No private key is here: [`crate::cosignature::Cosigner`] signs.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use crate::{Rejected, cosignature, key, ml_dsa, note::is_key_name};

/// Bytes of a key id.
pub const KEY_ID_BYTES: usize = 4;
/// Longest name that an ML-DSA-44 cosignature can sign.
pub const NAME_BYTES_MAX: usize = 255;

/// First bytes of a hash over name, type and key: with the name, what a signature line goes by.
pub type KeyId = [u8; KEY_ID_BYTES];

/// A public key, with what it signs: C2SP's signature types.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Material {
    /// 0x01: the text of a note, by Ed25519.
    Ed25519(key::PublicKey),
    /// 0x04: a checkpoint and a time, by Ed25519: `cosignature/v1`.
    Ed25519Cosignature(key::PublicKey),
    /// 0x06: a checkpoint, a time and the signer's name, by ML-DSA-44: `subtree/v1`.
    MlDsaCosignature(ml_dsa::PublicKey),
}

impl Material {
    fn signature_type(&self) -> u8 {
        match self {
            Self::Ed25519(_) => 0x01,
            Self::Ed25519Cosignature(_) => 0x04,
            Self::MlDsaCosignature(_) => 0x06,
        }
    }

    /// The bytes of the public key: two keys with the same are one, whatever they are called.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Ed25519(key) | Self::Ed25519Cosignature(key) => key.as_bytes(),
            Self::MlDsaCosignature(key) => key.as_bytes(),
        }
    }

    /// Whether a log signs its own checkpoints so.
    pub fn may_sign_as_log(&self) -> bool {
        !matches!(self, Self::Ed25519Cosignature(_))
    }

    /// Whether a witness signs so.
    pub fn may_cosign(&self) -> bool {
        !matches!(self, Self::Ed25519(_))
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Rejected> {
        let refuse = |why: &str| Rejected::VerifierKey(why.into());
        let (kind, bytes) = bytes.split_first().ok_or_else(|| refuse("it holds no key"))?;
        let ed25519 = || {
            let bytes = bytes.try_into().map_err(|_| refuse("an Ed25519 key has 32 bytes"))?;
            key::PublicKey::from_bytes(bytes)
        };
        match kind {
            0x01 => ed25519().map(Self::Ed25519),
            0x04 => ed25519().map(Self::Ed25519Cosignature),
            0x06 => {
                let bytes = bytes.try_into();
                let bytes = bytes.map_err(|_| refuse("an ML-DSA-44 key has 1,312 bytes"))?;
                Ok(Self::MlDsaCosignature(ml_dsa::PublicKey::from_bytes(bytes)))
            }
            _ => Err(refuse("its signature type is none of 0x01, 0x04 and 0x06")),
        }
    }
}

/// A name and a public key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifierKey {
    name: String,
    id: KeyId,
    material: Material,
}

impl VerifierKey {
    /// The key of that name.
    ///
    /// # Errors
    /// [`Rejected::VerifierKey`] if it has not 1 to 255 bytes, or a blank, a `+` or a control
    /// character.
    pub fn new(name: &str, material: Material) -> Result<Self, Rejected> {
        if !is_key_name(name) || name.len() > NAME_BYTES_MAX {
            let why = format!("a name has 1 to 255 bytes, no blank and no '+', here is {name:?}");
            return Err(Rejected::VerifierKey(why));
        }
        let digest = Sha256::new()
            .chain_update(name)
            .chain_update([b'\n', material.signature_type()])
            .chain_update(material.as_bytes())
            .finalize();
        let id = *digest.first_chunk().expect("a digest has 32 bytes");
        Ok(Self { name: name.to_owned(), id, material })
    }

    /// The name, as it stands in signature lines.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// First 4 bytes of SHA-256(name || 0x0A || type || key).
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The public key.
    pub fn material(&self) -> &Material {
        &self.material
    }

    /// Bytes of a line by it in a note, of types 0x04 and 0x06 with their time.
    pub fn line_bytes(&self) -> usize {
        let signature = match &self.material {
            Material::Ed25519(_) => 64,
            Material::Ed25519Cosignature(_) => 8 + 64,
            Material::MlDsaCosignature(_) => 8 + ml_dsa::SIGNATURE_BYTES,
        };
        // Dash, blank, name, blank, base64 of the key id and that, LF.
        "\u{2014} ".len() + self.name.len() + 1 + (4 + signature).div_ceil(3) * 4 + 1
    }

    /// Whether it signed the text of a note; the time that it says, in seconds since 1970, if it
    /// says one.
    pub(crate) fn verify(&self, text: &str, signature: &[u8]) -> Result<Option<u64>, Rejected> {
        match &self.material {
            Material::Ed25519(key) => {
                key.verify("note", text.as_bytes(), signature)?;
                Ok(None)
            }
            Material::Ed25519Cosignature(key) => cosignature::verify_ed25519(key, text, signature),
            Material::MlDsaCosignature(key) => {
                cosignature::verify_ml_dsa(&self.name, key, text, signature)
            }
        }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.material.signature_type()], self.material.as_bytes()].concat();
        write!(f, "{}+{}+{}", self.name, hex::encode(self.id), STANDARD.encode(key))
    }
}

impl FromStr for VerifierKey {
    type Err = Rejected;

    /// Takes a verifier key in its one spelling.
    fn from_str(text: &str) -> Result<Self, Rejected> {
        let refuse = |why: &str| Rejected::VerifierKey(why.into());
        // The base64 may have a '+' of its own.
        let parts: Vec<_> = text.splitn(3, '+').collect();
        let &[name, _, key] = parts.as_slice() else {
            return Err(refuse("it is not <name>+<key id>+<base64>"));
        };
        let key = STANDARD.decode(key).map_err(|_| refuse("its key is not base64"))?;
        let parsed = Self::new(name, Material::from_bytes(&key)?)?;
        if parsed.to_string() != text {
            return Err(refuse("its key id is not that of its name and key, in lower case"));
        }
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_key_is_read_as_it_is_printed() {
        let example = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        let key: VerifierKey = example.parse().unwrap();
        assert_eq!((key.name(), key.id()), ("example.com/foo", [0x53, 0x0d, 0x90, 0x3a]));
        assert_eq!(key.to_string(), example);
        let ed25519 = key::SigningKey::from_seed(&[7; 32]).public().clone();
        let ml_dsa = ml_dsa::SigningKey::from_seed(&[7; 32]).public().clone();
        let materials = [
            Material::Ed25519(ed25519.clone()),
            Material::Ed25519Cosignature(ed25519),
            Material::MlDsaCosignature(ml_dsa),
        ];
        for material in materials {
            let key = VerifierKey::new("witness.example/w1", material).unwrap();
            assert_eq!(key.to_string().parse(), Ok(key));
        }
    }
}
