//! The checkpoint: a tree head as a C2SP signed note, for witnesses and tlog clients
//! (format.md 8.3; c2sp.org/tlog-checkpoint, c2sp.org/signed-note).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use crate::{
    Hash, Origin, Rejected,
    key::{PublicKey, SigningKey},
};

/// signed-note: the type of an Ed25519 signature.
const ED25519: u8 = 0x01;
/// signed-note: what comes before the signature.
const KEY_ID_BYTES: usize = 4;
/// Block 0 has two entries: there is no smaller tree.
const SIZE_MIN: u64 = 2;
/// Longest note that is read: 16 signatures and more.
const NOTE_BYTES_MAX: usize = 65_536;

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
        let id = key_id(&self.origin, key.public());
        let signature = key.sign(text.as_bytes());
        let line = STANDARD.encode([id.as_slice(), &signature].concat());
        format!("{text}\n\u{2014} {} {line}\n", self.origin)
    }

    /// Reads a note and checks the ledger's signature, strictly; the inverse of
    /// [`Checkpoint::sign`]. Signatures by other keys are ignored.
    ///
    /// # Errors
    /// [`Rejected::Checkpoint`] for its form, [`Rejected::Signature`].
    pub fn open(note: &str, origin: &Origin, key: &PublicKey) -> Result<Self, Rejected> {
        let refuse = |why: &str| Rejected::Checkpoint(why.into());
        let control = |c: char| c != '\n' && c.is_control();
        if note.len() > NOTE_BYTES_MAX || note.contains(control) {
            return Err(refuse("a control character, or longer than 65,536 bytes"));
        }
        let end = note.rfind("\n\n").ok_or_else(|| refuse("no blank line before signatures"))?;
        let (text, signatures) = (&note[..=end], &note[end + 2..]);
        let checkpoint = Self::parse(text)?;
        if checkpoint.origin != *origin {
            return Err(refuse("it is of another origin"));
        }
        let mut signed = false;
        let lines = signatures.strip_suffix('\n').ok_or_else(|| refuse("no final newline"))?;
        for line in lines.split('\n') {
            let (name, blob) = parse_line(line)
                .ok_or_else(|| refuse("a signature line is not '\u{2014} name base64'"))?;
            if name == origin.as_str() && blob.starts_with(&key_id(origin, key)) {
                key.verify("checkpoint", text.as_bytes(), &blob[KEY_ID_BYTES..])?;
                signed = true;
            }
        }
        if signed { Ok(checkpoint) } else { Err(Rejected::Signature("checkpoint")) }
    }

    fn parse(text: &str) -> Result<Self, Rejected> {
        let refuse = |why: &str| Rejected::Checkpoint(why.into());
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
}

/// The name of a signature line, and the key id with the signature.
fn parse_line(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, blob) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let blob = STANDARD.decode(blob).ok().filter(|blob| blob.len() > KEY_ID_BYTES)?;
    let named = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+');
    named.then_some((name, blob))
}

/// SHA-256(name || 0x0A || type || key), first 4 bytes.
fn key_id(origin: &Origin, key: &PublicKey) -> [u8; KEY_ID_BYTES] {
    let digest = Sha256::new()
        .chain_update(origin.as_str())
        .chain_update([b'\n', ED25519])
        .chain_update(key.as_bytes())
        .finalize();
    digest[..KEY_ID_BYTES].try_into().expect("a digest has 32 bytes")
}

/// The verifier key of the note as other tools take it: `<name>+<key id>+<base64>`.
pub fn verifier_key(origin: &Origin, key: &PublicKey) -> String {
    let encoded = STANDARD.encode([&[ED25519], key.as_bytes().as_slice()].concat());
    format!("{origin}+{}+{encoded}", hex::encode(key_id(origin, key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_id_is_that_of_the_c2sp_example() {
        let example = "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        let key = PublicKey::from_bytes(STANDARD.decode(example).unwrap()[1..].try_into().unwrap());
        let vkey = verifier_key(&"example.com/foo".parse().unwrap(), &key.unwrap());
        assert_eq!(vkey, format!("example.com/foo+530d903a+{example}"));
    }

    #[test]
    fn a_note_opens_only_as_it_was_signed() {
        let origin: Origin = "ledger.example".parse().unwrap();
        let key = SigningKey::from_seed(&[3; 32]);
        let checkpoint = Checkpoint { origin: origin.clone(), size: 7, root: Hash([9; 32]) };
        let note = checkpoint.sign(&key);
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
