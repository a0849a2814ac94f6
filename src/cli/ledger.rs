//! Which ledger: its URL, and the identity by which its answers are checked. The options that
//! several commands share.

use std::{env, fs, io::Read as _, path::Path};

use probant_core::Identity;

use crate::{Error, client::Client};

/// Longest file that holds an identity.
const FILE_BYTES_MAX: u64 = 4096;

const IDENTITY_HELP: &str = "\
Identity of the ledger, <origin>+<64 hex>, or a file that holds it [env: PROBANT_IDENTITY]";

/// URL and identity, each from its option or its environment variable.
#[derive(Debug, clap::Args)]
pub struct Ledger {
    #[arg(long = "ledger", value_name = "URL", help = "URL of the ledger [env: PROBANT_LEDGER]")]
    url: Option<String>,
    #[command(flatten)]
    known: KnownIdentity,
}

/// An identity that the user has, where no URL can help.
#[derive(Debug, clap::Args)]
pub struct KnownIdentity {
    #[arg(long, help = IDENTITY_HELP)]
    identity: Option<String>,
}

impl Ledger {
    /// Whether there is a URL, from wherever.
    pub fn has_url(&self) -> bool {
        self.url().is_some()
    }

    fn url(&self) -> Option<String> {
        self.url.clone().or_else(|| variable("PROBANT_LEDGER"))
    }

    /// A client of the ledger.
    ///
    /// # Errors
    /// [`Error::Input`] without a URL.
    pub fn client(&self) -> Result<Client, Error> {
        let url = self.url().ok_or_else(|| {
            Error::input("which ledger? Give its URL with --ledger, or in PROBANT_LEDGER")
        })?;
        Client::new(&url)
    }

    /// The identity that the user gave, if any.
    ///
    /// # Errors
    /// [`Error::Input`] for what is no identity.
    pub fn known(&self) -> Result<Option<Identity>, Error> {
        self.known.get()
    }

    /// The identity that the user gave; else, on first use, the ledger's own, which is said
    /// aloud; `true` in that case.
    ///
    /// # Errors
    /// [`Error::Input`] where there is neither an identity nor a URL.
    pub async fn identity(&self) -> Result<(Identity, bool), Error> {
        if let Some(identity) = self.known.get()? {
            return Ok((identity, false));
        }
        if !self.has_url() {
            return Err(missing());
        }
        let client = self.client()?;
        let identity = client.identity().await.map_err(why_asked)?;
        eprintln!(
            "probant: first use: taking the word of {} that it is\n  {identity}\n\
             Compare that with what its operator publishes, then set PROBANT_IDENTITY to it.",
            client.url()
        );
        Ok((identity, true))
    }
}

impl KnownIdentity {
    /// The identity, if it was given.
    ///
    /// # Errors
    /// [`Error::Input`] for what is no identity.
    pub fn get(&self) -> Result<Option<Identity>, Error> {
        let given = self.identity.clone().or_else(|| variable("PROBANT_IDENTITY"));
        given.map(|text| read(&text)).transpose()
    }

    /// The identity, which must have been given.
    ///
    /// # Errors
    /// [`Error::Input`].
    pub fn require(&self) -> Result<Identity, Error> {
        self.get()?.ok_or_else(missing)
    }
}

/// Why a ledger was asked at all.
fn why_asked(error: Error) -> Error {
    match error {
        Error::Busy { what, retry_after_s } => {
            let why = "it was asked who it is, as no --identity is given, nor PROBANT_IDENTITY";
            Error::Busy { what: format!("{what}; {why}"), retry_after_s }
        }
        other => other,
    }
}

fn missing() -> Error {
    Error::input(
        "which ledger do you trust? Give its identity with --identity, or in PROBANT_IDENTITY; \
         its operator publishes it, and `probant identity --ledger URL` asks for it",
    )
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// An identity as text, or a file that holds it. No file name ends in '+' and 64 hex digits.
fn read(text: &str) -> Result<Identity, Error> {
    if let Ok(identity) = text.trim().parse() {
        return Ok(identity);
    }
    let path = Path::new(text);
    if !path.is_file() {
        return Err(Error::input(format!(
            "an identity is <origin>+<64 hex digits>, as `probant identity` prints it, or a file \
             that holds that, not {text:?}"
        )));
    }
    let mut held = String::new();
    let file = fs::File::open(path).map_err(Error::file(path))?;
    file.take(FILE_BYTES_MAX).read_to_string(&mut held).map_err(Error::file(path))?;
    held.trim().parse().map_err(|_| {
        Error::input(format!("{text}: this file does not hold an identity, <origin>+<64 hex>"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_given_as_it_is_or_in_a_file() {
        let id = format!("ledger.example/fr+{}", "5b".repeat(32));
        assert_eq!(read(&id).unwrap().to_string(), id);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.txt");
        fs::write(&path, format!("{id}\n")).unwrap();
        assert_eq!(read(path.to_str().unwrap()).unwrap().to_string(), id);
    }
}
