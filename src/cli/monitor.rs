//! `probant monitor`: what is said in an issuer's name, as it is sealed.

use std::{path::PathBuf, sync::Arc, time::Duration};

use clap::Args;
use probant_core::{Identity, IssuerId};

use super::{
    domain::DomainReach,
    interrupt::{self, INTERRUPTED},
    key::KeyName,
    ledger::KnownIdentity,
    say,
};
use crate::{
    Error,
    client::Client,
    clock::SharedClock,
    monitor::{Delivery, Ended, Monitor, Report, Say, Settings, State, StateFile, Watch, Webhook},
};

const EXAMPLES: &str = "\
Examples:
  probant monitor https://ledger.example --issuer energie.example --known-key energie.pem
      goes on until Ctrl-C, a line for each report; those that begin with ! are not expected
  probant monitor https://ledger.example --issuer energie.example --known-key 5e0c…91 \\
    --unexpected-only --webhook https://hooks.example/probant
  probant monitor https://ledger.example --issuer energie.example --once --json
      for cron: reads what is new, and the exit code says whether something was found

Every block is replayed, from block 0, before anything in it is believed; the next run goes on where
this one ends. Reported is every statement in the issuer's name or about it (certifications by key
and block, with counts), what the operator changes for everybody, every enrollment that resembles it
(docs/monitor.md 3 says how that is measured), what its domain says of its keys, and a ledger that
breaks its rules, shows another history than before, shows less, or stands still. An issuer that is
not enrolled is watched, too: nobody is to take its place.

With --known-key, what your own keys certify and revoke is expected: compare the counts with your
books, for a stolen key of yours is a known key. All else is not, such as keys that you do not know.

The state file says up to where reports were delivered, and STATE.replay beside it has what was
replayed: after any interruption the next run goes on there. Everything is reported at least once,
and what comes again has the same id. A webhook gets each report as a POST of JSON, with its id as
Idempotency-Key, in order, until it answers 2xx; redirects are not followed.

Exit codes: 130 Ctrl-C. With --once: 0 nothing unexpected; 1 something was reported that is; 3 the
ledger or the webhook is out of reach, and the next run goes on there. Always: 2 mend the input;
4 the ledger breaks its rules or shows two histories (both signed heads are in the report).

JSON, whose fields stay: {report, id, expected, ledger, issuer, time_ms, time, block, entry, kid},
where block, entry and kid are null for what no block says, and by report: certified {statements,
documents}, revoked {documents, reason}, enrolled {legal_name, country, registration, key},
key-added {key, by_operator}, key-retired, key-stopped {key}, key-compromised {key, since_ms},
suspended, reinstated, policy {list_count_max}, ledger-key {act, use, key}, resembling {other,
legal_name, country, registration, likenesses}, domain {confirmation, as `issuer check`}, forked
{before, now: {height, size, root, time_ms, seal}}, fault {why}, behind {before, now}, stale
{newest_ms}.";

/// Follow a ledger for an issuer: what is said in its name, and who resembles it
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
#[allow(clippy::struct_excessive_bools)] // Each is an option of its own.
pub struct MonitorCommand {
    /// URL of the ledger
    #[arg(value_name = "URL")]
    url: String,
    /// The issuer to watch
    #[arg(long, value_name = "ID")]
    issuer: IssuerId,
    /// A key of yours, by its kid or its file: what it signs is expected; may be repeated
    #[arg(long, value_name = "KID|FILE")]
    known_key: Vec<KeyName>,
    /// Report only what is not expected
    #[arg(long)]
    unexpected_only: bool,
    /// A JSON object for each report, one a line
    #[arg(long)]
    json: bool,
    /// Post each report to this URL, too
    #[arg(long, value_name = "URL", env = "PROBANT_WEBHOOK", hide_env_values = true)]
    webhook: Option<String>,
    /// Remember here what was reported [default: ID.monitor]
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Read what is new, deliver it, and end
    #[arg(long)]
    once: bool,
    /// How often to ask the ledger
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = every)]
    every: Duration,
    /// Do not ask the issuer's domain about its keys
    #[arg(long)]
    no_domain: bool,
    #[command(flatten)]
    reach: DomainReach,
    #[command(flatten)]
    known: KnownIdentity,
}

fn every(text: &str) -> Result<Duration, &'static str> {
    let wanted = "a number and its unit are wanted, from 1s to 1h, as 30s or 5m";
    let every = humantime::parse_duration(text).map_err(|_| wanted)?;
    let allowed = Duration::from_secs(1)..=Duration::from_secs(3600);
    if allowed.contains(&every) { Ok(every) } else { Err(wanted) }
}

impl MonitorCommand {
    pub async fn run(self, clock: &SharedClock) -> Result<u8, Error> {
        let known = self.known_key.iter().map(KeyName::kid).collect::<Result<Vec<_>, _>>()?;
        let domains = if self.no_domain { None } else { Some(self.reach.domains()?) };
        let webhook = self.webhook.as_deref().map(Webhook::new).transpose()?;
        let path = self.state.clone();
        let path = path.unwrap_or_else(|| format!("{}.monitor", self.issuer).into());
        let (file, mut state) = StateFile::open(&path, &self.issuer)?;
        let ledger = self.ledger(&state).await?;
        state.pin(&ledger, &path)?;
        let settings = Settings {
            url: self.url,
            ledger,
            replay: file.replay(),
            every: self.every,
            once: self.once,
            unexpected_only: self.unexpected_only,
            domains,
            clock: Arc::clone(clock),
            stop: interrupt::flag(),
        };
        let said: Say = if self.json { Box::new(say_json) } else { Box::new(say_text) };
        let delivery = Delivery::new((file, state), (said, webhook), Arc::clone(clock));
        let monitor = Monitor::new(settings, Watch::new(self.issuer, known), delivery)?;
        let ended = tokio::task::spawn_blocking(move || monitor.run()).await;
        Ok(match ended.map_err(|error| Error::Stop(error.to_string()))?? {
            Ended::Quiet => 0,
            Ended::Found => 1,
            Ended::Convicted => 4,
            Ended::Stopped => INTERRUPTED,
        })
    }

    /// The ledger that the user names; else the one of the state; else, on first use, its own word.
    async fn ledger(&self, state: &State) -> Result<Identity, Error> {
        if let Some(known) = self.known.get()?.or_else(|| state.identity()) {
            return Ok(known);
        }
        let client = Client::new(&self.url)?;
        let identity = client.identity().await?;
        eprintln!(
            "probant: first use: taking the word of {} that it is\n  {identity}\n\
             Compare that with what its operator publishes; from now on the state file holds it.",
            client.url()
        );
        Ok(identity)
    }
}

fn say_text(report: &Report) -> Result<(), Error> {
    say(&report.to_string())
}

fn say_json(report: &Report) -> Result<(), Error> {
    say(&serde_json::to_string(report).expect("these values have string keys"))
}
