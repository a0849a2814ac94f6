//! `probant key compromise`: a key was in other hands, and what it said since then counts as never
//! said.

use std::str::FromStr;

use probant_core::statement::{Body, KeyAct, KeyStatement};

use super::name::KeyName;
use crate::{
    Error,
    cli::{
        dispatch::{Dispatch, Numbering},
        speaker::Authority,
    },
    clock::{Clock, from_utc, utc},
};

const EXAMPLES: &str = "\
Examples:
  probant key compromise 5e0c… --since 2026-11-22T20:00:00Z --operator-key operator.pem
  probant key compromise 7a31… --since 1795377600000 --recovery-key recovery.pem

What the key signed counts as never said if it was sealed at that time or later, by the ledger's
time, and so do keys that it added; what was sealed before stands. The second is for an operator's
key, which the recovery key alone reports. The time is never before the key came, nor to come; a
later report may only name an earlier time. It cannot be taken back.

If a thief may be at work now, `probant key stop` is faster: it needs no time, and the issuer can.";

/// As the operator: report that a key was in other hands, and since when
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct CompromiseKey {
    /// The key: its name, 64 hex digits, or the file of its private half
    #[arg(value_name = "KID|FILE")]
    name: KeyName,
    /// Since when: 2026-11-22T20:00:00Z, or milliseconds since 1970
    #[arg(long, value_name = "TIME")]
    since: Time,
    #[command(flatten)]
    authority: Authority,
    #[command(flatten)]
    numbering: Numbering,
    #[command(flatten)]
    dispatch: Dispatch,
}

/// A time of the ledger.
#[derive(Clone, Copy, Debug)]
struct Time {
    ms: u64,
}

impl FromStr for Time {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let ms = text.parse().ok().or_else(|| from_utc(text));
        let ms = ms.ok_or("2026-11-22T20:00:00Z (UTC), or milliseconds since 1970")?;
        Ok(Self { ms })
    }
}

/// The rules speak of milliseconds: their times once more, for people.
fn in_utc(error: Error) -> Error {
    match error {
        Error::Refused { code, why } if code == "since" => {
            let numbers = why.split(|c: char| !c.is_ascii_digit()).map(str::parse);
            let times: Vec<_> = numbers.flatten().map(utc).collect();
            Error::Refused { code, why: format!("{why} (in UTC: {})", times.join(", ")) }
        }
        other => other,
    }
}

impl CompromiseKey {
    pub async fn run(&self, clock: &dyn Clock) -> Result<u8, Error> {
        let (kid, voice) = (self.name.kid()?, self.authority.voice()?);
        if self.authority.operator_key.is_some() && voice.key.public().kid() == kid {
            let why = "this is the operator's own key, which its thief has too";
            return Err(Error::input(format!("{why}: give --recovery-key")));
        }
        let mut desk = self.dispatch.open(clock).await?;
        let seq = self.numbering.next(&desk, &format!("key:{kid}")).await?;
        let act = KeyAct::Compromise { since_ms: self.since.ms };
        let statement = desk.sign(&voice, Body::Key(KeyStatement::about(kid, seq, act)));
        let since = utc(self.since.ms);
        let done = |entry| {
            format!(
                "{kid} is compromised since {since}, in entry {entry}: what it signed and was \
                 sealed from then on counts as never said"
            )
        };
        desk.conclude(&statement, done).await.map_err(in_utc)
    }
}

#[cfg(test)]
mod tests {
    use probant_core::Rejected;

    use super::*;

    #[test]
    fn refusals_give_their_times_in_utc_too() {
        let (since_ms, from_ms) = (1_795_377_600_000, 1_795_377_700_000);
        let refused = Error::from(Rejected::Since { since_ms, from_ms, to_ms: from_ms + 1 });
        let words = in_utc(refused).to_string();
        assert!(
            words.ends_with(&format!(
                "(in UTC: {}, {}, {})",
                utc(since_ms),
                utc(from_ms),
                utc(from_ms + 1)
            )),
            "{words}"
        );
    }
}
