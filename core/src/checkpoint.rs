//! The checkpoint: a tree head as a C2SP signed note, for witnesses and tlog clients
//! (format.md 8.3; c2sp.org/tlog-checkpoint, c2sp.org/signed-note).

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    Hash, Origin, Rejected,
    key::{PublicKey, SigningKey},
    ml_dsa,
    note::{Note, signature_line},
    verifier_key::{Material, VerifierKey},
};

/// Block 0 has two entries: there is no smaller tree.
const SIZE_MIN: u64 = 2;

/// Size and root of the tree, without the signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// The ledger's name; also the name of the note key.
    pub origin: Origin,
    /// Number of entries.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
}

/// The keys by which a ledger signs a checkpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoteKeys<'k> {
    /// Signs the text of the note. Its line is in every checkpoint.
    pub ed25519: &'k PublicKey,
    /// Signs a cosignature of the ledger's own, beside that one; not every ledger has it.
    pub ml_dsa: Option<&'k ml_dsa::PublicKey>,
}

/// A checkpoint that its ledger signed. Only [`Checkpoint::open_by`] makes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    checkpoint: Checkpoint,
    ml_dsa: bool,
}

impl Opened {
    /// What was signed.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Whether the ledger's ML-DSA-44 key signed it too.
    pub fn is_signed_by_ml_dsa(&self) -> bool {
        self.ml_dsa
    }
}

impl Checkpoint {
    /// The text of the note: what the ledger, witnesses and time stamps sign.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.0))
    }

    /// The signed note.
    pub fn sign(&self, key: &SigningKey) -> String {
        let text = self.text();
        let signature = key.sign(text.as_bytes());
        format!("{text}\n{}", signature_line(&verifier_key(&self.origin, key.public()), &signature))
    }

    /// Reads a note and checks the ledger's signature, strictly; the inverse of
    /// [`Checkpoint::sign`]. Signatures by other keys are ignored.
    ///
    /// # Errors
    /// [`Rejected::Checkpoint`] for its form, [`Rejected::Signature`].
    pub fn open(note: &str, origin: &Origin, key: &PublicKey) -> Result<Self, Rejected> {
        let keys = NoteKeys { ed25519: key, ml_dsa: None };
        Self::open_by(note, origin, keys).map(|opened| opened.checkpoint)
    }

    /// The same by all keys of the ledger. A line by either has to verify; the one by ML-DSA-44 may
    /// be missing: who wants it has a policy that lists that key as the log ([`crate::trust_policy`]).
    ///
    /// # Errors
    /// Those of [`Checkpoint::open`].
    pub fn open_by(note: &str, origin: &Origin, keys: NoteKeys<'_>) -> Result<Opened, Rejected> {
        let note = Note::split(note)?;
        let checkpoint = Self::parse(note.text())?;
        if checkpoint.origin != *origin {
            return Err(refuse("it is of another origin"));
        }
        let ed25519 = verifier_key(origin, keys.ed25519);
        let ml_dsa = keys.ml_dsa.map(|key| ml_dsa_verifier_key(origin, key));
        let known: Vec<_> = [&ed25519].into_iter().chain(&ml_dsa).collect();
        let signed = note.signatures(&known)?;
        let is_by = |key: &VerifierKey| signed.iter().any(|signed| signed.key() == key);
        if !is_by(&ed25519) {
            return Err(Rejected::Signature("checkpoint"));
        }
        Ok(Opened { checkpoint, ml_dsa: ml_dsa.as_ref().is_some_and(is_by) })
    }

    /// Reads the text of a note; the inverse of [`Checkpoint::text`]. Nobody has signed it yet.
    ///
    /// # Errors
    /// [`Rejected::Checkpoint`] for its form, [`Rejected::Origin`].
    pub fn parse(text: &str) -> Result<Self, Rejected> {
        let [origin, size, root] = text
            .strip_suffix('\n')
            .map(|text| text.split('\n').collect::<Vec<_>>())
            .and_then(|lines| <[&str; 3]>::try_from(lines).ok())
            .ok_or_else(|| refuse("the text is not origin, size and root"))?;
        let number = size.parse().ok().filter(|n: &u64| *n >= SIZE_MIN && n.to_string() == size);
        let size = number.ok_or_else(|| refuse("the size is no number from 2 in its one form"))?;
        let digest = STANDARD.decode(root).ok().and_then(|root| root.try_into().ok());
        let root = digest.map(Hash).ok_or_else(|| refuse("the root is not 32 bytes in base64"))?;
        Ok(Self { origin: origin.parse()?, size, root })
    }

    /// What a note says, whoever signed it.
    ///
    /// # Errors
    /// Those of [`Checkpoint::parse`].
    pub fn unverified(note: &str) -> Result<Self, Rejected> {
        Self::parse(Note::split(note)?.text())
    }
}

fn refuse(why: &str) -> Rejected {
    Rejected::Checkpoint(why.into())
}

/// The verifier key of a ledger's note key, as other tools take it.
pub fn verifier_key(origin: &Origin, key: &PublicKey) -> VerifierKey {
    VerifierKey::new(origin.as_str(), Material::Ed25519(key.clone()))
        .expect("an origin has what a name has")
}

/// The verifier key of a ledger's ML-DSA-44 note key: of a cosigner whose name is the origin.
pub fn ml_dsa_verifier_key(origin: &Origin, key: &ml_dsa::PublicKey) -> VerifierKey {
    VerifierKey::new(origin.as_str(), Material::MlDsaCosignature(key.clone()))
        .expect("an origin has what a name has")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosignature::Cosigner;

    #[test]
    fn a_note_opens_only_as_it_was_signed() {
        let origin: Origin = "ledger.example".parse().unwrap();
        let key = SigningKey::from_seed(&[3; 32]);
        let checkpoint = Checkpoint { origin: origin.clone(), size: 7, root: Hash([9; 32]) };
        let note = checkpoint.sign(&key);
        assert_eq!(Checkpoint::unverified(&note).as_ref(), Ok(&checkpoint));
        assert_eq!(Checkpoint::open(&note, &origin, key.public()), Ok(checkpoint));
        let with_stranger = format!("{note}\u{2014} witness.example AAAAAAAA\n");
        assert!(Checkpoint::open(&with_stranger, &origin, key.public()).is_ok());
        for (from, to) in
            [("\n7\n", "\n8\n"), ("\n7\n", "\n07\n"), ("ledger.e", "ledger.f"), ("=\n", "\n")]
        {
            let bad = note.replacen(from, to, 1);
            assert!(Checkpoint::open(&bad, &origin, key.public()).is_err(), "{bad}");
        }
        assert!(Checkpoint::open(note.trim_end(), &origin, key.public()).is_err());
        let other = SigningKey::from_seed(&[4; 32]);
        assert!(Checkpoint::open(&note, &origin, other.public()).is_err());
    }

    #[test]
    fn each_line_of_the_ledger_has_to_verify_and_only_one_may_be_missing() {
        let origin: Origin = "ledger.example".parse().unwrap();
        let (key, second) =
            (SigningKey::from_seed(&[3; 32]), ml_dsa::SigningKey::from_seed(&[3; 32]));
        let cosigner = Cosigner::ml_dsa("ledger.example", second.clone()).unwrap();
        let checkpoint = Checkpoint { origin: origin.clone(), size: 7, root: Hash([9; 32]) };
        let keys = NoteKeys { ed25519: key.public(), ml_dsa: Some(second.public()) };
        let open = |note: &str| Checkpoint::open_by(note, &origin, keys);
        let (note, line) = (checkpoint.sign(&key), cosigner.cosign(&checkpoint, 5));
        let both = open(&format!("{note}{line}")).unwrap();
        assert_eq!((both.checkpoint(), both.is_signed_by_ml_dsa()), (&checkpoint, true));
        assert!(!open(&note).unwrap().is_signed_by_ml_dsa());
        let of_another = cosigner.cosign(&Checkpoint { size: 8, ..checkpoint.clone() }, 5);
        let alone = format!("{}\n{line}", checkpoint.text());
        for bad in [format!("{note}{of_another}"), format!("{note}{line}{of_another}"), alone] {
            assert!(matches!(open(&bad), Err(Rejected::Signature(_))));
        }
        // Under another name it is somebody else's, whoever that is.
        let named = Cosigner::ml_dsa("witness.example", second.clone()).unwrap();
        let named = format!("{note}{}", named.cosign(&checkpoint, 5));
        assert!(!open(&named).unwrap().is_signed_by_ml_dsa());
    }
}
