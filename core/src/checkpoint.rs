//! The checkpoint: a tree head as a C2SP signed note, for witnesses and tlog clients
//! (format.md 8.3; c2sp.org/tlog-checkpoint, c2sp.org/signed-note).

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    Hash, Origin, Rejected,
    key::{PublicKey, SigningKey},
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
        let note = Note::split(note)?;
        let checkpoint = Self::parse(note.text())?;
        if checkpoint.origin != *origin {
            return Err(refuse("it is of another origin"));
        }
        let key = verifier_key(origin, key);
        let signed = !note.signatures(&[&key])?.is_empty();
        if signed { Ok(checkpoint) } else { Err(Rejected::Signature("checkpoint")) }
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
