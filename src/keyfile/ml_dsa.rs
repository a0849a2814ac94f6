//! An ML-DSA-44 private key in a file: PKCS#8 PEM that holds the seed alone (RFC 9881), as `openssl
//! genpkey -algorithm ML-DSA-44 -provparam ml-dsa.output_formats=seed-only` makes it.

use std::{fs::File, io::Read as _, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use probant_core::ml_dsa::SigningKey;
use zeroize::Zeroizing;

use super::{FILE_BYTES_MAX, MODE, check_free, check_permissions};
use crate::{Error, clock, durable};

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// Version 0, the algorithm id-ml-dsa-44, and an octet string with the seed under tag 0.
const PREFIX: [u8; 22] = [
    0x30, 0x34, 0x02, 0x01, 0x00, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
    0x03, 0x11, 0x04, 0x22, 0x80, 0x20,
];

/// Makes a key and a file for it, which must not exist; as [`super::create`].
///
/// # Errors
/// [`Error::Input`] if the file exists or cannot be made.
pub fn create(path: &Path) -> Result<SigningKey, Error> {
    check_free(path)?;
    let seed = clock::entropy();
    let der = Zeroizing::new([PREFIX.as_slice(), seed.as_slice()].concat());
    let text = Zeroizing::new(STANDARD.encode(&*der));
    let (one, two) = text.split_at(64);
    let pem = Zeroizing::new(format!("{BEGIN}\n{one}\n{two}\n{END}\n"));
    durable::create_new_file(path, pem.as_bytes(), MODE)
        .map_err(|error| Error::input(error.to_string()))?;
    Ok(SigningKey::from_seed(&seed))
}

/// Reads a key; `None` where the file holds another kind.
///
/// # Errors
/// [`Error::Input`] for a file that is missing, or that others may read.
pub fn read(path: &Path) -> Result<Option<SigningKey>, Error> {
    let file = File::open(path).map_err(Error::file(path))?;
    check_permissions(path, &file)?;
    let mut pem = Zeroizing::new(String::new());
    file.take(FILE_BYTES_MAX).read_to_string(&mut pem).map_err(Error::file(path))?;
    let body = pem.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
    let Some(body) = body else { return Ok(None) };
    let joined = Zeroizing::new(body.split_whitespace().collect::<String>());
    let Ok(der) = STANDARD.decode(joined.as_bytes()).map(Zeroizing::new) else { return Ok(None) };
    let seed = der.strip_prefix(PREFIX.as_slice()).and_then(|seed| seed.first_chunk::<32>());
    let whole = der.len() == PREFIX.len() + 32;
    Ok(seed.filter(|_| whole).map(SigningKey::from_seed))
}

/// [`read`] where no other kind will do.
///
/// # Errors
/// Those of [`read`]; [`Error::Input`] for a file that is missing, or holds another kind.
pub fn read_only(path: &Path) -> Result<SigningKey, Error> {
    let name = path.display();
    read(path)?.ok_or_else(|| {
        Error::input(format!(
            "{name}: no ML-DSA-44 private key in PKCS#8 PEM, as its seed alone and without a password; \
             `openssl genpkey -algorithm ML-DSA-44 -provparam ml-dsa.output_formats=seed-only` and \
             `probant key new --ml-dsa` make such files"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyfile;

    #[test]
    fn a_key_is_read_as_it_was_made_and_no_other_kind_is_taken_for_one() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("w.pem"), dir.path().join("e.pem"));
        let made = create(&path).unwrap();
        assert_eq!(read(&path).unwrap().unwrap().public(), made.public());
        assert!(create(&path).unwrap_err().to_string().contains("never overwritten"));
        assert!(keyfile::read(&path).is_err());
        keyfile::create(&other).unwrap();
        assert!(read(&other).unwrap().is_none());
        // RFC 9881, appendix C.1: the private key of ML-DSA-44 in the seed format.
        let seed = "MDQCAQAwCwYJYIZIAWUDBAMRBCKAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZ\nGhscHR4f";
        std::fs::write(&path, format!("{BEGIN}\n{seed}\n{END}\n")).unwrap();
        let seed: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let expected = SigningKey::from_seed(&seed);
        assert_eq!(read(&path).unwrap().unwrap().public(), expected.public());
    }
}
