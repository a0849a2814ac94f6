//! Which ledgers a witness follows: where their blocks are, and who each has to be.

use std::{fs, path::Path, str::FromStr};

use probant_core::Identity;

use crate::Error;

/// One of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ledger {
    /// Of the ledger, or of an export of it that is kept up to date.
    pub url: String,
    /// Which ledger that has to be.
    pub identity: Identity,
}

impl FromStr for Ledger {
    type Err = Error;

    /// `<URL>=<identity>`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::input(format!("{text:?} is not <URL>=<identity>"));
        let (url, identity) = text.rsplit_once('=').ok_or_else(wrong)?;
        Self::new(url, identity)
    }
}

impl Ledger {
    fn new(url: &str, identity: &str) -> Result<Self, Error> {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Error::input(format!("{url:?} is no http or https URL of a ledger")));
        }
        Ok(Self { url: url.to_owned(), identity: identity.parse()? })
    }

    /// Those of a file: a line each, of URL and identity; empty lines, and those that begin with `#`, are
    /// none.
    ///
    /// # Errors
    /// [`Error::Input`] that names the line.
    pub fn read(path: &Path) -> Result<Vec<Self>, Error> {
        let text = fs::read_to_string(path).map_err(Error::file(path))?;
        let mut ledgers = Vec::new();
        for (number, line) in (1..).zip(text.lines().map(str::trim)) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let of_line =
                |why: &str| Error::input(format!("{}, line {number}: {why}", path.display()));
            let words: Vec<_> = line.split_whitespace().collect();
            let [url, identity] = words[..] else {
                return Err(of_line("URL and identity are wanted"));
            };
            ledgers.push(Self::new(url, identity).map_err(|why| of_line(&why.to_string()))?);
        }
        Ok(ledgers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ledgers_are_read_from_words_and_from_a_file() {
        let identity = format!("ledger.example/fr+{}", "ab".repeat(32));
        let ledger: Ledger = format!("https://l.example/a?b=c={identity}").parse().unwrap();
        assert_eq!(
            (&*ledger.url, ledger.identity.to_string()),
            ("https://l.example/a?b=c", identity.clone())
        );
        for wrong in
            ["", "https://l.example", "ftp://l.example=x", &format!("l.example={identity}")]
        {
            assert!(wrong.parse::<Ledger>().is_err(), "{wrong}");
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ledgers");
        fs::write(&path, format!("# ours\n\n  https://l.example/a?b=c  {identity}\n")).unwrap();
        assert_eq!(Ledger::read(&path).unwrap(), [ledger]);
        fs::write(&path, format!("https://l.example {identity}\nhttps://l.example\n")).unwrap();
        assert!(Ledger::read(&path).unwrap_err().to_string().contains("line 2: URL and identity"));
    }
}
