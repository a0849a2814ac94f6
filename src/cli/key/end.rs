//! `probant key retire` and `key stop`: a key signs nothing more; what it signed before stands.

use probant_core::statement::{Body, KeyAct, KeyStatement};

use super::name::KeyName;
use crate::{
    Error,
    cli::{
        dispatch::{Dispatch, Numbering},
        speaker::Speaker,
    },
    clock::Clock,
};

pub const RETIRE_EXAMPLES: &str = "\
Examples:
  probant key retire energie.pem --issuer energie.example --key next.pem
  probant key retire 5e0c… --operator-key operator.pem

It signs nothing more, and what it signed before stays certified. The last current key of an issuer
is not retired: `probant key rotate` adds another first, `probant key stop` ends it all the same.";

pub const STOP_EXAMPLES: &str = "\
Examples:
  probant key stop energie.pem --issuer energie.example --key energie.pem
  probant key stop 5e0c… --operator-key operator.pem

For a key that may be in other hands: nothing more is accepted from it once this is sealed, also if
it is the last one. What was sealed before stands; if it was in other hands before, tell the
ledger's operator since when: `probant key compromise`.";

/// Which key, and who says so.
#[derive(Debug, clap::Args)]
pub struct EndKey {
    /// The key: its name, 64 hex digits, or the file of its private half
    #[arg(value_name = "KID|FILE")]
    name: KeyName,
    #[command(flatten)]
    speaker: Speaker,
    #[command(flatten)]
    numbering: Numbering,
    #[command(flatten)]
    dispatch: Dispatch,
}

impl EndKey {
    pub async fn retire(&self, clock: &dyn Clock) -> Result<u8, Error> {
        self.end(KeyAct::Retire, "retired", clock).await
    }

    pub async fn stop(&self, clock: &dyn Clock) -> Result<u8, Error> {
        self.end(KeyAct::Stop, "stopped", clock).await
    }

    async fn end(&self, act: KeyAct, state: &str, clock: &dyn Clock) -> Result<u8, Error> {
        let (kid, voice) = (self.name.kid()?, self.speaker.voice()?);
        let mut desk = self.dispatch.open(clock).await?;
        let seq = self.numbering.next(&desk, &format!("key:{kid}")).await?;
        let statement = desk.sign(&voice, Body::Key(KeyStatement::about(kid, seq, act)));
        let done = |entry| format!("{kid} is {state} in entry {entry}: it signs nothing more");
        desk.conclude(&statement, done).await
    }
}
