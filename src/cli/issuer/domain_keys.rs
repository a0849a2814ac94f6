//! `probant issuer domain-keys`: the file by which an issuer's domain confirms its keys.

use std::path::PathBuf;

use probant_core::key::key_set;

use crate::{Error, cli::say, domain, durable, keyfile};

const MODE: u32 = 0o644;

const EXAMPLE: &str = "\
Example:
  probant issuer domain-keys energie.pem next.pem --out probant-keys

Serve the file at https://<your id>/.well-known/probant-keys, over HTTPS, at that URL itself: a
redirect is not followed. As its type give application/cbor; to let the ledger's page ask for it,
add the header `Access-Control-Allow-Origin: *`. It holds public keys and nothing secret.

Keys are files of private keys, or of public ones as `openssl pkey -pubout` writes them. List every
key that is in force, the next one before you give it to the ledger, and those that were only
retired, as the page asks about the key that signed; take out one that was stopped or stolen.
`probant issuer check` says what others see.";

/// As an issuer: write the file by which your domain confirms your keys
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct DomainKeys {
    /// Your keys, private or public
    #[arg(value_name = "KEY", required = true)]
    keys: Vec<PathBuf>,
    /// Where to write the file, in the place of one that is there
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl DomainKeys {
    pub fn run(&self) -> Result<u8, Error> {
        let mut keys = Vec::new();
        for path in &self.keys {
            let key = keyfile::read_public(path)?;
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        let (count, most) = (keys.len(), domain::KEYS_MAX);
        if count > most {
            return Err(Error::input(format!("{count} keys are too many: {most} are allowed")));
        }
        durable::replace_file(&self.out, &key_set(keys.iter()), MODE)
            .map_err(|error| Error::input(error.to_string()))?;
        let (out, path) = (self.out.display(), domain::PATH);
        let kids: Vec<_> = keys.iter().map(|key| format!("  {}", key.kid())).collect();
        say(&format!("wrote {out}, for https://<your id>{path}, with\n{}", kids.join("\n")))?;
        Ok(0)
    }
}
