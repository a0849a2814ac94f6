//! `probant key rotate`: an issuer's next key, made, added by the current one, and what to do then.

use std::path::PathBuf;

use probant_core::{
    IssuerId,
    key::{SigningKey, Use},
    statement::HeldKey,
};

use super::add::added;
use crate::{
    Error,
    cli::{
        dispatch::{Desk, Dispatch},
        say,
        speaker::Voice,
    },
    client::KeyListing,
    clock::Clock,
    keyfile,
};

const EXAMPLE: &str = "\
Example:
  probant key rotate --issuer energie.example --key energie.pem --new next.pem
  probant key retire energie.pem --issuer energie.example --key next.pem

Both keys are valid from the first command to the second: give every machine the new one in
between. What the old one signed stays certified. The new key is made if its file is not there, and
running the first command again is harmless.";

/// As an issuer: make the next key, and add it by the current one
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct RotateKey {
    /// Your id on the ledger
    #[arg(long, value_name = "ID")]
    issuer: IssuerId,
    /// Your current private key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The next one: made if there is no such file
    #[arg(long, value_name = "FILE")]
    new: PathBuf,
    #[command(flatten)]
    dispatch: Dispatch,
}

impl RotateKey {
    pub async fn run(&self, clock: &dyn Clock) -> Result<u8, Error> {
        let voice = Voice::issuer(&self.issuer, &self.key)?;
        let mut desk = self.dispatch.open(clock).await?;
        if !self.dispatch.is_written() {
            self.check_current(&desk, &voice.key).await?;
        }
        // A crash from here on leaves a key that the next run finds, and goes on with.
        let next = self.next()?;
        let kid = next.public().kid();
        if !self.dispatch.is_written()
            && let Some(known) = desk.client().await?.key(kid).await?
            && self.is_ours(&known)
        {
            say(&format!("{kid} is a key of {} since entry {}", self.issuer, known.since))?;
            say(&self.what_then())?;
            return Ok(0);
        }
        let (owner, ledger) = (self.issuer.as_str(), desk.identity().ledger);
        let held = HeldKey::prove(&next, Use::Issuer, owner, 1, ledger);
        let statement = desk.sign(&voice, added(&self.issuer, held, desk.identity())?);
        let done = |entry| {
            let done = format!("{} has one more key, {kid}, in entry {entry}", self.issuer);
            format!("{done}\n{}", self.what_then())
        };
        desk.conclude(&statement, done).await
    }

    fn next(&self) -> Result<SigningKey, Error> {
        if self.new.symlink_metadata().is_ok() {
            return keyfile::read(&self.new);
        }
        let key = keyfile::create(&self.new)?;
        say(&format!("made {}: only you can read it; keep a copy offline", self.new.display()))?;
        Ok(key)
    }

    /// Before a key is made that could not be added.
    async fn check_current(&self, desk: &Desk<'_>, key: &SigningKey) -> Result<(), Error> {
        let (file, id) = (self.key.display(), &self.issuer);
        match desk.client().await?.key(key.public().kid()).await? {
            Some(known) if !self.is_ours(&known) => {
                let (owner, state) = (&known.owner, known.state());
                let why = format!("{file} is a key of {owner}, and {state}");
                Err(Error::input(format!("{why}: {id} needs a current key of its own")))
            }
            Some(_) => Ok(()),
            None => Err(Error::input(format!(
                "the ledger does not know the key in {file}: {id} needs a current key of its own"
            ))),
        }
    }

    fn is_ours(&self, known: &KeyListing) -> bool {
        known.owner == self.issuer.as_str() && known.state() == "current"
    }

    fn what_then(&self) -> String {
        let (old, id, new) = (self.key.display(), &self.issuer, self.new.display());
        format!(
            "Both keys are valid until the old one is retired. Give every machine the new one, then:\
             \n  probant key retire {old} --issuer {id} --key {new}"
        )
    }
}
