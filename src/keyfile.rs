//! A private key in a file: PKCS#8 PEM as `openssl genpkey -algorithm ed25519` makes it. One key a
//! file, readable by its owner alone. It does not know what the key is used for, and it encrypts
//! nothing: that is the disk's and the owner's business.

pub mod ml_dsa;

use std::{fs::File, io::Read as _, os::unix::fs::MetadataExt as _, path::Path};

use ed25519_dalek::pkcs8::{
    DecodePrivateKey as _, EncodePrivateKey as _, KeypairBytes, PublicKeyBytes,
    spki::{DecodePublicKey as _, der::pem::LineEnding},
};
use probant_core::key::{PublicKey, SigningKey};
use zeroize::Zeroizing;

use crate::{Error, clock, durable};

/// Longest key file that is read; one of Ed25519 has 119 bytes, with a public key about 170.
const FILE_BYTES_MAX: u64 = 4096;
/// Read and written by the owner, by nobody else.
const MODE: u32 = 0o600;
/// The permission bits of group and world.
const OTHERS: u32 = 0o077;

/// Makes a key and a file for it, which must not exist: a key is never overwritten.
///
/// A crash on the way leaves no file of this name, and a key that nobody has used yet.
///
/// # Errors
/// [`Error::Input`] if the file exists or cannot be made.
pub fn create(path: &Path) -> Result<SigningKey, Error> {
    check_free(path)?;
    let seed = clock::entropy();
    // Version 1, without the public key: openssl 3.0 does not read version 2.
    let pair = KeypairBytes { secret_key: *seed, public_key: None };
    let pem = pair.to_pkcs8_pem(LineEnding::LF).map_err(|error| Error::Stop(error.to_string()))?;
    durable::create_new_file(path, pem.as_bytes(), MODE)
        .map_err(|error| Error::input(error.to_string()))?;
    Ok(SigningKey::from_seed(&seed))
}

fn check_free(path: &Path) -> Result<(), Error> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    let why = "is there already, and a key is never overwritten: choose another name";
    Err(Error::input(format!("{} {why}", path.display())))
}

/// Reads a key; the inverse of [`create`].
///
/// # Errors
/// [`Error::Input`] that says what to do: for a file that is missing, that others may read, or
/// that holds no Ed25519 key.
pub fn read(path: &Path) -> Result<SigningKey, Error> {
    let name = path.display();
    let file = File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::input(format!(
            "{name}: there is no key file here: name the one that holds the key"
        )),
        _ => Error::input(format!("{name}: {error}")),
    })?;
    check_permissions(path, &file)?;
    let mut pem = Zeroizing::new(String::new());
    file.take(FILE_BYTES_MAX).read_to_string(&mut pem).map_err(Error::file(path))?;
    let pair = KeypairBytes::from_pkcs8_pem(&pem).map_err(|_| {
        Error::input(format!(
            "{name}: no Ed25519 private key in PKCS#8 PEM without a password; `openssl genpkey \
             -algorithm ed25519` and `probant key new` make such files"
        ))
    })?;
    let key = SigningKey::from_seed(&Zeroizing::new(pair.secret_key));
    match &pair.public_key {
        Some(public) if public.to_bytes() != *key.public().as_bytes() => Err(Error::input(
            format!("{name}: the public key in this file is not that of its private key"),
        )),
        _ => Ok(key),
    }
}

/// [`read`] for a key that nothing may have been signed with yet: a missing one can be made.
///
/// # Errors
/// Those of [`read`].
pub fn read_new(path: &Path) -> Result<SigningKey, Error> {
    if path.symlink_metadata().is_ok() {
        return read(path);
    }
    let name = path.display();
    let why = "there is no key file here";
    Err(Error::input(format!("{name}: {why}; `probant key new {name}` makes one")))
}

/// The public half of a key, from the file of its private half or from one that holds no more, as
/// `openssl pkey -pubout` writes it.
///
/// # Errors
/// [`Error::Input`]: those of [`read`] for a private key, and for a public one that is no Ed25519
/// key or a weak one.
pub fn read_public(path: &Path) -> Result<PublicKey, Error> {
    let mut pem = Zeroizing::new(String::new());
    let file = File::open(path).map_err(Error::file(path))?;
    // What is no text is no public key either: the words about it are those of `read`.
    let text = file.take(FILE_BYTES_MAX).read_to_string(&mut pem).is_ok();
    if !text || !pem.contains("-----BEGIN PUBLIC KEY-----") {
        return Ok(read(path)?.public().clone());
    }
    let key = PublicKeyBytes::from_public_key_pem(&pem)
        .map_err(|_| Error::input(format!("{}: no Ed25519 public key in PEM", path.display())))?;
    Ok(PublicKey::from_bytes(&key.to_bytes())?)
}

/// Asks the open file, so that nobody can exchange it between the question and the reading.
pub fn check_permissions(path: &Path, file: &File) -> Result<(), Error> {
    let metadata = file.metadata().map_err(Error::file(path))?;
    let name = path.display();
    if !metadata.is_file() {
        return Err(Error::input(format!("{name}: a key is a file, this is none")));
    }
    if metadata.mode() & OTHERS != 0 {
        return Err(Error::input(format!(
            "{name}: others than its owner may use this key (mode {:03o}); `chmod 600 {name}` \
             mends that; if the machine is shared, make a new key",
            metadata.mode() & 0o777
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

    fn openssl(args: &[&str], dir: &Path) -> Vec<u8> {
        let output = Command::new("openssl").args(args).current_dir(dir).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    #[test]
    fn openssl_reads_what_we_make_and_finds_the_same_public_key() {
        let dir = tempfile::tempdir().unwrap();
        let key = create(&dir.path().join("a.pem")).unwrap();
        let der = openssl(&["pkey", "-in", "a.pem", "-pubout", "-outform", "DER"], dir.path());
        assert_eq!(&der[der.len() - 32..], key.public().as_bytes());
        assert_eq!(read(&dir.path().join("a.pem")).unwrap().public(), key.public());
    }

    #[test]
    fn we_read_what_openssl_makes() {
        let dir = tempfile::tempdir().unwrap();
        openssl(&["genpkey", "-algorithm", "ed25519", "-out", "b.pem"], dir.path());
        let path = dir.path().join("b.pem");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let der = openssl(&["pkey", "-in", "b.pem", "-pubout", "-outform", "DER"], dir.path());
        assert_eq!(&der[der.len() - 32..], read(&path).unwrap().public().as_bytes());
        openssl(&["pkey", "-in", "b.pem", "-pubout", "-out", "b.pub"], dir.path());
        let [public, private] = ["b.pub", "b.pem"].map(|name| read_public(&dir.path().join(name)));
        assert_eq!(public.unwrap(), private.unwrap());
        openssl(&["genpkey", "-algorithm", "x25519", "-out", "c.pem"], dir.path());
        openssl(&["pkey", "-in", "c.pem", "-pubout", "-out", "c.pub"], dir.path());
        let refused = read_public(&dir.path().join("c.pub")).unwrap_err().to_string();
        assert!(refused.contains("no Ed25519 public key"), "{refused}");
    }

    #[test]
    fn version_2_is_read_and_a_wrong_public_half_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("v2.pem");
        let key = SigningKey::from_seed(&[5; 32]);
        let write = |public: [u8; 32]| {
            let bytes = [[5; 32], public].concat().try_into().unwrap();
            let pem = KeypairBytes::from_bytes(&bytes).to_pkcs8_pem(LineEnding::LF).unwrap();
            fs::write(&path, pem.as_bytes()).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        };
        write(*key.public().as_bytes());
        assert_eq!(read(&path).unwrap().public(), key.public());
        write([9; 32]);
        assert!(read(&path).unwrap_err().to_string().contains("is not that of"));
    }

    #[test]
    fn refusals_say_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("k.pem");
        let refused = || read(&path).unwrap_err().to_string();
        assert!(!refused().contains("key new"), "what signs is there, or was lost");
        assert!(read_new(&path).unwrap_err().to_string().contains("`probant key new"));
        create(&path).unwrap();
        assert!(create(&path).unwrap_err().to_string().contains("never overwritten"));
        for mode in [0o640, 0o604, 0o660] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(refused().contains("`chmod 600"), "{mode:o}");
        }
        fs::remove_file(&path).unwrap();
        openssl(&["genpkey", "-algorithm", "x25519", "-out", "k.pem"], dir.path());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(refused().contains("no Ed25519 private key"));
        assert!(read(dir.path()).unwrap_err().to_string().contains("a key is a file"));
    }
}
