//! The ledger's own private keys that this node holds: those in force, and those that are to
//! replace them. A node that does not hold a key refuses the statement that puts it into force.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use probant_core::{
    checkpoint::{Checkpoint, NoteKeys},
    cose_key::{Algorithm, SigningHalf as _},
    cosignature::Cosigner,
    key::{Kid, SigningKey, Use},
    ml_dsa,
};

use crate::{Error, keyfile};

/// What a node signs with: it has to hold the key of each that the ledger has one for.
pub const USES: [Use; 3] = [Use::Seal, Use::Note, Use::NoteMlDsa];

/// Seal and note keys by their names. Operator and recovery keys are none of a node's business.
pub struct Keyring {
    held: Mutex<HashMap<Kid, Secret>>,
    /// Where keys that are to replace others are put.
    dir: Option<PathBuf>,
}

/// A private key of either algorithm; zeroized when it is dropped.
#[derive(Clone)]
enum Secret {
    Ed25519(Box<SigningKey>),
    MlDsa(Box<ml_dsa::SigningKey>),
}

impl Secret {
    fn kid(&self) -> Kid {
        match self {
            Self::Ed25519(key) => key.public().kid(),
            Self::MlDsa(key) => key.cose_key().kid(),
        }
    }

    /// The key in a file, of the algorithm that the use has.
    fn read(path: &Path, r#use: Use) -> Result<Self, Error> {
        match r#use.algorithm() {
            Algorithm::EdDsa => keyfile::read(path).map(|key| Self::Ed25519(Box::new(key))),
            Algorithm::MlDsa44 => {
                keyfile::ml_dsa::read_only(path).map(|key| Self::MlDsa(Box::new(key)))
            }
        }
    }
}

impl Keyring {
    /// These keys, and no others.
    pub fn of(keys: impl IntoIterator<Item = SigningKey>) -> Self {
        let held = keys.into_iter().map(|key| (key.public().kid(), Secret::Ed25519(Box::new(key))));
        Self { held: Mutex::new(held.collect()), dir: None }
    }

    /// These, and one of ML-DSA-44.
    #[must_use]
    pub fn and_ml_dsa(self, key: ml_dsa::SigningKey) -> Self {
        let secret = Secret::MlDsa(Box::new(key));
        self.held().insert(secret.kid(), secret);
        self
    }

    /// The keys in the files `seal*.pem`, `note*.pem` and `note-ml-dsa*.pem` of a directory, read when they are asked
    /// for.
    pub fn in_directory(dir: &Path) -> Self {
        Self { held: Mutex::default(), dir: Some(dir.to_owned()) }
    }

    /// The private half of an Ed25519 key.
    ///
    /// # Errors
    /// [`Error::Input`] if this node does not hold it.
    pub fn get(&self, r#use: Use, kid: Kid) -> Result<SigningKey, Error> {
        match self.find(r#use, kid)? {
            Secret::Ed25519(key) => Ok(*key),
            Secret::MlDsa(_) => Err(Error::Stop(format!("{kid} is no Ed25519 key"))),
        }
    }

    /// Whether this node holds a key.
    ///
    /// # Errors
    /// Those of [`Keyring::get`].
    pub fn check(&self, r#use: Use, kid: Kid) -> Result<(), Error> {
        // Asked often, and a key of ML-DSA-44 is long once it is expanded.
        if self.held().contains_key(&kid) { Ok(()) } else { self.read(r#use, kid).map(drop) }
    }

    /// A checkpoint as a signed note, by each key that the ledger has for that. The time goes with the
    /// one by ML-DSA-44: that of the head's block, in seconds since 1970. So every node signs the same
    /// bytes, whenever it does.
    ///
    /// # Errors
    /// Those of [`Keyring::get`].
    pub fn sign(
        &self,
        checkpoint: &Checkpoint,
        keys: NoteKeys<'_>,
        time_s: u64,
    ) -> Result<String, Error> {
        let note = checkpoint.sign(&self.get(Use::Note, keys.ed25519.kid())?);
        let Some(key) = keys.ml_dsa else { return Ok(note) };
        match self.find(Use::NoteMlDsa, key.kid())? {
            Secret::MlDsa(key) => {
                let own = Cosigner::ml_dsa(checkpoint.origin.as_str(), *key)?;
                Ok(note + &own.cosign(checkpoint, time_s))
            }
            Secret::Ed25519(_) => Err(Error::Stop(format!("{} is no ML-DSA-44 key", key.kid()))),
        }
    }

    fn find(&self, r#use: Use, kid: Kid) -> Result<Secret, Error> {
        if let Some(key) = self.held().get(&kid) {
            return Ok(key.clone());
        }
        self.read(r#use, kid)
    }

    /// Whether the file of a key is there as of now: what is only remembered is gone after a restart.
    ///
    /// # Errors
    /// Those of [`Keyring::get`].
    pub fn check_file(&self, r#use: Use, kid: Kid) -> Result<(), Error> {
        self.read(r#use, kid).map(drop)
    }

    fn read(&self, r#use: Use, kid: Kid) -> Result<Secret, Error> {
        let Some(dir) = &self.dir else {
            let missing =
                || Error::input(format!("this node does not hold {} {kid}", r#use.name()));
            return self.held().get(&kid).cloned().ok_or_else(missing);
        };
        // A file that cannot be read is none of anybody's business who asks for another key.
        let mut unread = Vec::new();
        for path in files(dir, r#use)? {
            match Secret::read(&path, r#use) {
                Ok(key) if key.kid() == kid => {
                    self.held().insert(kid, key.clone());
                    return Ok(key);
                }
                Ok(_) => {}
                Err(why) => unread.push(format!("; not read: {why}")),
            }
        }
        let name = r#use.name();
        Err(Error::input(format!(
            "{}: neither this nor another {name}*.pem beside it holds the {name} key {kid}: wrong \
             directory of keys? --keys names the one that `probant init` made{}",
            dir.join(format!("{name}.pem")).display(),
            unread.concat()
        )))
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Kid, Secret>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The files that may hold keys for a use.
fn files(dir: &Path, r#use: Use) -> Result<Vec<PathBuf>, Error> {
    let failed = |error: std::io::Error| Error::input(format!("{}: {error}", dir.display()));
    let entries = dir.read_dir().map_err(failed)?;
    let mut paths = entries
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    paths.retain(|path| {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        // note-ml-dsa.pem is no note key, though its name begins so.
        let another = r#use == Use::Note && name.starts_with(Use::NoteMlDsa.name());
        name.starts_with(r#use.name())
            && !another
            && path.extension().is_some_and(|end| end == "pem")
    });
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_that_cannot_be_read_hides_no_other_key_and_is_named_where_one_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let key = keyfile::create(&dir.path().join("seal-2.pem")).unwrap();
        fs::write(dir.path().join("seal.pem"), "half of a key").unwrap();
        let keys = Keyring::in_directory(dir.path());
        assert!(keys.get(Use::Seal, key.public().kid()).is_ok());
        let missing = keys.get(Use::Seal, Kid::ZERO).err().unwrap().to_string();
        assert!(missing.contains("seal.pem: others than its owner"), "{missing}");
        assert!(keys.check_file(Use::Note, key.public().kid()).is_err(), "it is no note*.pem");
    }

    #[test]
    fn a_key_that_was_deleted_is_no_longer_there_when_it_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let (path, keys) = (dir.path().join("seal.pem"), Keyring::in_directory(dir.path()));
        let kid = keyfile::create(&path).unwrap().public().kid();
        assert!(keys.check_file(Use::Seal, kid).is_ok() && keys.get(Use::Seal, kid).is_ok());
        fs::remove_file(&path).unwrap();
        assert!(keys.check_file(Use::Seal, kid).is_err());
        assert!(keys.get(Use::Seal, kid).is_ok(), "what seals now goes on");
    }
    #[test]
    fn the_two_note_keys_are_told_apart_by_their_names() {
        let dir = tempfile::tempdir().unwrap();
        let note = keyfile::create(&dir.path().join("note.pem")).unwrap();
        let second = keyfile::ml_dsa::create(&dir.path().join("note-ml-dsa.pem")).unwrap();
        let keys = Keyring::in_directory(dir.path());
        let (kid, second_kid) = (note.public().kid(), second.public().kid());
        assert!(
            keys.check(Use::Note, kid).is_ok() && keys.check(Use::NoteMlDsa, second_kid).is_ok()
        );
        let missing = keys.check(Use::Note, Kid::ZERO).unwrap_err().to_string();
        assert!(!missing.contains("not read"), "{missing}");
        let missing = keys.check(Use::NoteMlDsa, Kid::ZERO).unwrap_err().to_string();
        assert!(missing.contains("note-ml-dsa*.pem"), "{missing}");
        let checkpoint = Checkpoint {
            origin: "ledger.example".parse().unwrap(),
            size: 7,
            root: probant_core::Hash([9; 32]),
        };
        let public = NoteKeys { ed25519: note.public(), ml_dsa: Some(second.public()) };
        let signed = keys.sign(&checkpoint, public, 5).unwrap();
        let opened = Checkpoint::open_by(&signed, &checkpoint.origin, public).unwrap();
        assert!(opened.is_signed_by_ml_dsa());
        assert_eq!(keys.sign(&checkpoint, public, 5).unwrap(), signed);
        let alone = NoteKeys { ml_dsa: None, ..public };
        let signed = keys.sign(&checkpoint, alone, 5).unwrap();
        assert!(
            !Checkpoint::open_by(&signed, &checkpoint.origin, public)
                .unwrap()
                .is_signed_by_ml_dsa()
        );
    }
}
