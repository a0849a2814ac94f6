//! A document that is to fall, or to take its place, as a user names it: by a file, or by its
//! fingerprint where only that is at hand.

use std::{
    fmt,
    io::{self, BufRead},
    path::{Path, PathBuf},
};

use probant_core::{Algorithm, Fingerprint, Fingerprints};

use crate::{
    Error,
    certify::{Left, Waiting, Walk},
    document,
};

/// Longest line that is read for fingerprints: two of them, and some blanks.
const LINE_BYTES_MAX: usize = 256;

/// One document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    File(PathBuf),
    Fingerprint(Fingerprint),
}

/// A document that is to fall, and what takes its place where something does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    pub document: Target,
    pub replacement: Option<Target>,
}

impl Target {
    /// A fingerprint, if it is spelt as one; else a file.
    ///
    /// # Errors
    /// [`Error::Input`] for a fingerprint that is mistyped.
    pub fn parse(text: &Path) -> Result<Self, Error> {
        let named = |text: &&str| text.starts_with("blake3:") || text.starts_with("sha-256:");
        match text.to_str().filter(named) {
            Some(fingerprint) if !text.exists() => Ok(Self::Fingerprint(fingerprint.parse()?)),
            _ => Ok(Self::File(text.to_owned())),
        }
    }

    /// All documents that these name: folders are walked as for certifying.
    ///
    /// # Errors
    /// [`Error::Input`] for a mistyped fingerprint, for what cannot be looked at, and for what a
    /// batch that waits is about to certify.
    pub fn all(texts: &[PathBuf]) -> Result<Vec<Self>, Error> {
        let (mut targets, mut paths) = (Vec::new(), Vec::new());
        for text in texts {
            match Self::parse(text)? {
                Self::File(path) => paths.push(path),
                fingerprint @ Self::Fingerprint(_) => targets.push(fingerprint),
            }
        }
        let mut files = Vec::new();
        for found in Walk::to_look_up(&paths) {
            match found {
                Ok(file) => files.push(file),
                Err((path, Left::Refused(why))) => return Err(refused(&path, &why)),
                Err((_, Left::PassedOver(_))) => {}
            }
        }
        check_waiting(&files)?;
        targets.extend(files.into_iter().map(Self::File));
        Ok(targets)
    }

    /// What a ledger may know it by: nobody but the issuer knows by which hash it certified.
    pub(super) fn fingerprints(&self) -> io::Result<Vec<Fingerprint>> {
        match self {
            Self::Fingerprint(fingerprint) => Ok(vec![*fingerprint]),
            Self::File(path) => {
                let Fingerprints { blake3, sha256 } = document::fingerprints(path)?;
                Ok(vec![blake3, sha256])
            }
        }
    }

    /// Its fingerprint, by this hash where there is a choice.
    pub(super) fn fingerprint(&self, algorithm: Algorithm) -> io::Result<Fingerprint> {
        match self {
            Self::Fingerprint(fingerprint) => Ok(*fingerprint),
            Self::File(path) => document::fingerprint(path, algorithm),
        }
    }

    /// So many fingerprints a line, between blanks; empty lines are passed over.
    ///
    /// # Errors
    /// [`Error::Input`] naming the line.
    pub fn read_lines<const N: usize>(
        name: &str,
        reader: impl BufRead,
    ) -> Result<Vec<[Self; N]>, Error> {
        let mut rows = Vec::new();
        for (at, line) in reader.lines().enumerate() {
            let wrong = |why: &str| Error::input(format!("{name}, line {}: {why}", at + 1));
            let line = line.map_err(|error| wrong(&error.to_string()))?;
            if line.len() > LINE_BYTES_MAX {
                return Err(wrong("longer than fingerprints are"));
            }
            let words = line.split_whitespace().map(|word| word.parse().map(Self::Fingerprint));
            let words = words.collect::<Result<Vec<_>, _>>();
            let words = words.map_err(|rejected| wrong(&rejected.to_string()))?;
            if words.is_empty() {
                continue;
            }
            let count = words.len();
            let row = words.try_into();
            let row =
                row.map_err(|_| wrong(&format!("{N} a line are needed, here are {count}")))?;
            rows.push(row);
        }
        Ok(rows)
    }
}

/// Whether none of these is in a batch that waits. They are hashed only where one does.
fn check_waiting(files: &[PathBuf]) -> Result<(), Error> {
    let waiting = Waiting::above(files);
    for file in files.iter().filter(|_| !waiting.is_empty()) {
        let Fingerprints { blake3, sha256 } =
            document::fingerprints(file).map_err(Error::file(file))?;
        waiting.check(&[blake3, sha256]).map_err(|why| refused(file, &why))?;
    }
    Ok(())
}

fn refused(path: &Path, why: &str) -> Error {
    Error::input(format!("{}: {why}", path.display()))
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Fingerprint(fingerprint) => fingerprint.fmt(f),
        }
    }
}

impl Wanted {
    /// A document that nothing takes the place of.
    pub fn alone(document: Target) -> Self {
        Self { document, replacement: None }
    }

    /// A document, and the one in its place.
    pub fn replaced([document, replacement]: [Target; 2]) -> Self {
        Self { document, replacement: Some(replacement) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spelt_as_a_fingerprint_is_one() {
        let fingerprint = Fingerprints::of(b"bill").blake3;
        let text = fingerprint.to_string();
        assert_eq!(Target::parse(Path::new(&text)).unwrap(), Target::Fingerprint(fingerprint));
        assert!(Target::parse(Path::new(&text[..70])).is_err());
        let file = Target::File("bill.pdf".into());
        assert_eq!(Target::parse(Path::new("bill.pdf")).unwrap(), file);
    }

    #[test]
    fn lines_hold_so_many_fingerprints_and_nothing_else() {
        let [a, b] = [&b"a"[..], b"b"].map(|bytes| Fingerprints::of(bytes).blake3);
        let both = format!("{a}\n\n  {b}\r\n");
        let read = |text: &str| Target::read_lines::<1>("list", text.as_bytes());
        assert_eq!(read(&both).unwrap(), [[Target::Fingerprint(a)], [Target::Fingerprint(b)]]);
        let refused = |text: &str| read(text).unwrap_err().to_string();
        assert!(refused(&format!("{a}\n{a} {b}")).starts_with("list, line 2: 1 a line"));
        assert!(refused(&format!("{a}\nbill.pdf")).starts_with("list, line 2: fingerprint"));
        assert!(refused(&"a".repeat(999)).contains("line 1: longer"));
        let pairs = Target::read_lines::<2>("list", format!("{a}\t{b}").as_bytes()).unwrap();
        assert_eq!(pairs, [[Target::Fingerprint(a), Target::Fingerprint(b)]]);
    }
}
