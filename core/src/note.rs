//! Signed notes: a text, and lines of those who signed it (format.md 8.3; c2sp.org/signed-note).
//!
//! What the text says is no matter here: [`crate::checkpoint`] reads that.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    Rejected,
    verifier_key::{KEY_ID_BYTES, KeyId, VerifierKey},
};

/// Longest note that is read: 16 signatures and more, also where each is of ML-DSA-44.
pub const NOTE_BYTES_MAX: usize = 65_536;

/// A note of the right shape up to its signature lines, of which nothing has been verified.
#[derive(Clone, Copy, Debug)]
pub struct Note<'a> {
    text: &'a str,
    lines: &'a str,
}

/// One signature line, of which nothing has been verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignatureLine<'a> {
    /// Who is said to have signed.
    pub name: &'a str,
    /// With which key.
    pub id: KeyId,
    /// One byte or more; what they are, the key tells.
    pub signature: Vec<u8>,
}

/// That a key signed a note. Only [`Note::signatures`] makes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signed<'k> {
    key: &'k VerifierKey,
    time_s: Option<u64>,
}

impl<'k> Signed<'k> {
    /// The key.
    pub fn key(&self) -> &'k VerifierKey {
        self.key
    }

    /// What a cosigner says when it signed, in seconds since 1970, 1 to 2^63 - 1; `None` where no
    /// time is said.
    pub fn time_s(&self) -> Option<u64> {
        self.time_s
    }
}

impl<'a> Note<'a> {
    /// Parts text and signature lines, at the last empty line.
    ///
    /// # Errors
    /// [`Rejected::Checkpoint`] for a control character, another length, or no empty line.
    pub fn split(note: &'a str) -> Result<Self, Rejected> {
        let control = |c: char| c != '\n' && c.is_control();
        if note.len() > NOTE_BYTES_MAX || note.contains(control) {
            return Err(refuse("a control character, or longer than 65,536 bytes"));
        }
        let end = note.rfind("\n\n").ok_or_else(|| refuse("no blank line before signatures"))?;
        Ok(Self { text: &note[..=end], lines: &note[end + 2..] })
    }

    /// What is signed: it ends with its last line's LF, without the empty line.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The signature lines in their order.
    pub fn lines(&self) -> impl Iterator<Item = Result<SignatureLine<'a>, Rejected>> + use<'a> {
        let (lines, ended) = match self.lines.strip_suffix('\n') {
            Some(lines) => (lines.split('\n'), None),
            None => ("".split('\n'), Some(Err(refuse("no final newline")))),
        };
        let none = ended.is_none();
        ended.into_iter().chain(lines.filter(move |_| none).map(parse_line))
    }

    /// Who of `keys` signed, in the order of the lines; one that signed twice is there twice.
    /// Other keys are ignored, but for the form of their lines.
    ///
    /// # Errors
    /// [`Rejected::Checkpoint`] for the form of a line, [`Rejected::Signature`] for a line of one
    /// of `keys` that does not verify: no line after it is looked at.
    pub fn signatures<'k>(&self, keys: &[&'k VerifierKey]) -> Result<Vec<Signed<'k>>, Rejected> {
        let mut signed = Vec::new();
        for line in self.lines() {
            let line = line?;
            let named = |key: &&&VerifierKey| key.name() == line.name && key.id() == line.id;
            for &key in keys.iter().filter(named) {
                let time_s = key.verify(self.text, &line.signature)?;
                signed.push(Signed { key, time_s });
            }
        }
        Ok(signed)
    }
}

/// A line as it stands in a note, with its LF.
pub(crate) fn signature_line(key: &VerifierKey, signature: &[u8]) -> String {
    SignatureLine { name: key.name(), id: key.id(), signature: signature.to_vec() }.to_string()
}

/// As it stands in a note, with its LF.
impl fmt::Display for SignatureLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blob = STANDARD.encode([self.id.as_slice(), &self.signature].concat());
        writeln!(f, "\u{2014} {} {blob}", self.name)
    }
}

/// One character or more, none of them white space or `+`.
pub(crate) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

fn parse_line(line: &str) -> Result<SignatureLine<'_>, Rejected> {
    let parsed = || {
        let (name, blob) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        let blob = STANDARD.decode(blob).ok()?;
        let (id, signature) = blob.split_first_chunk::<KEY_ID_BYTES>()?;
        let (id, signature) = (*id, signature.to_vec());
        let whole = is_key_name(name) && !signature.is_empty();
        whole.then_some(SignatureLine { name, id, signature })
    };
    parsed().ok_or_else(|| refuse("a signature line is not '\u{2014} name base64'"))
}

fn refuse(why: &str) -> Rejected {
    Rejected::Checkpoint(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_c2sp_is_signed_by_its_key_and_by_no_other() {
        let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        let key: VerifierKey = key.parse().unwrap();
        let note = "This is an example message.\n\n\u{2014} example.com/foo \
            Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
        let note = Note::split(note).unwrap();
        let signed = note.signatures(&[&key]).unwrap();
        assert_eq!((signed.len(), signed[0].key(), signed[0].time_s()), (1, &key, None));
        let same = VerifierKey::new("example.com/bar", key.material().clone()).unwrap();
        assert_eq!(note.signatures(&[&same]), Ok(vec![]));
        let other = Note { text: "This is another message.\n", ..note };
        assert_eq!(other.signatures(&[&key]), Err(Rejected::Signature("note")));
    }
}
