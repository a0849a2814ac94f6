//! `probant audit`: the replay of a whole ledger, by anybody, and a report to file.

use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    database::{Credentials, shown},
    interrupt, json,
    ledger::KnownIdentity,
    say,
};
use crate::{
    Error,
    audit::{self, Blocks, Report, Settings, Stored, Tally},
    clock::{SharedClock, utc},
    durable,
    store::postgres::{
        Postgres,
        server::{Access, address::is_url},
    },
};

const REPORT_MODE: u32 = 0o644;
/// Between two lines of progress, where there is no terminal to draw a bar on.
const LINE_EVERY: Duration = Duration::from_secs(10);

const EXAMPLES: &str = "\
Examples:
  probant audit ledger-data
      the ledger in this directory, also while a server is writing to it
  probant audit https://ledger.example/fr --identity ledger.example/fr+5b1c…e2
      over the network, and only if it is that ledger
  probant audit ledger-data --identity identity.txt --json --report audit-2026-11.json
      the same facts for programs, kept in a file too

Without an identity, block 0 says which ledger this is, and the report says so: everything is then
held to a genesis that nobody vouched for. Ask the operator, or read it from a proof you trust.

Exit codes: 0 every block passed; 1 a fault was found; 2 there is no ledger there; 3 it could not
be reached, or the stream broke off; 4 a block is damaged; 130 interrupted, the report says how far
it got.";

/// Replay a whole ledger from block 0 and report what holds
///
/// Every signature, list, rule, hash and seal is checked again, with nothing taken from the ledger
/// but its blocks. The report goes to standard output, progress to standard error.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Audit {
    /// Data directory, or URL of the ledger or of its database; or an export, in a directory, at a URL
    /// or in a bucket
    #[arg(value_name = "DIR|URL")]
    source: String,
    #[command(flatten)]
    known: KnownIdentity,
    /// Report as JSON
    #[arg(long)]
    json: bool,
    /// Write the report to this file too, in the place of one that is there
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    credentials: Credentials,
}

impl Audit {
    /// Runs to the end, a finding or Ctrl-C; the exit code is that of the report.
    ///
    /// # Errors
    /// Where there is nothing to report on: a bad argument, no ledger, nobody there.
    pub async fn run(self, clock: &SharedClock) -> Result<u8, Error> {
        let (clock, stop) = (clock.clone(), interrupt::flag());
        let audited = tokio::task::spawn_blocking(move || self.audit(clock, stop));
        audited.await.map_err(|error| Error::Stop(error.to_string()))?
    }

    fn audit(&self, clock: SharedClock, stop: Arc<AtomicBool>) -> Result<u8, Error> {
        let expected = self.known.get()?;
        if let Some(path) = &self.report {
            check_writable(path)?;
        }
        let blocks = self.blocks()?;
        let mut progress = Progress::new(blocks.bytes_total(), clock.clone());
        let settings = Settings { expected, clock, stop };
        let report = audit::audit(blocks, &settings, &mut |tally| progress.show(tally));
        progress.bar.finish_and_clear();
        self.publish(&report)?;
        Ok(report.exit_code())
    }

    fn blocks(&self) -> Result<Box<dyn Blocks>, Error> {
        if !is_url(&self.source) {
            return audit::open(&self.source);
        }
        let server = self.credentials.server(&self.source, Access::Read)?;
        let store = Arc::new(Postgres::open_read_only(server)?);
        Ok(Box::new(Stored::new(shown(&self.source), store)))
    }

    fn publish(&self, report: &Report) -> Result<(), Error> {
        let text = if self.json { json(report) } else { report.to_string() };
        let text = text.trim_end();
        let said = say(text);
        // Also where nobody could be told.
        if let Some(path) = &self.report {
            durable::replace_file(path, format!("{text}\n").as_bytes(), REPORT_MODE)?;
        }
        said?;
        eprintln!("{}", report.headline());
        Ok(())
    }
}

/// Before hours of work, not after.
fn check_writable(path: &Path) -> Result<(), Error> {
    let parent = path.parent().filter(|parent| *parent != Path::new(""));
    if path.is_dir() || !parent.is_none_or(Path::is_dir) {
        return Err(Error::input(format!("--report {}: no place for a file", path.display())));
    }
    Ok(())
}

/// A bar on a terminal, else a line from time to time.
struct Progress {
    bar: ProgressBar,
    clock: SharedClock,
    /// When the last line was written.
    shown: Duration,
}

impl Progress {
    fn new(bytes_total: Option<u64>, clock: SharedClock) -> Self {
        let bar = bytes_total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let template = match bytes_total {
            Some(_) => "{bar:32} {percent}% {msg}, {eta} left",
            None => "{spinner} {bytes} {msg}",
        };
        bar.set_style(ProgressStyle::with_template(template).expect("a constant"));
        if !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let shown = clock.elapsed();
        Self { bar, clock, shown }
    }

    fn show(&mut self, tally: &Tally) {
        let Some(head) = &tally.head else { return };
        let (entries, documents) = (tally.entries, tally.documents());
        let documents = super::documents(documents);
        let reached = format!("block {}, {entries} entries, {documents}", head.height);
        let now = self.clock.elapsed();
        if self.bar.is_hidden() && now.saturating_sub(self.shown) >= LINE_EVERY {
            self.shown = now;
            eprintln!("{} audited up to {reached}", utc(self.clock.now_ms()));
        }
        self.bar.set_position(tally.bytes);
        self.bar.set_message(reached);
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser};

    use super::*;
    use crate::clock::SystemClock;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        audit: Audit,
    }

    fn exit_code(arguments: &[&str]) -> u8 {
        let arguments = ["audit"].iter().chain(arguments);
        let audit = Cli::parse_from(arguments).audit;
        audit.audit(SystemClock::shared(), Arc::default()).unwrap_err().exit_code()
    }

    #[test]
    fn what_cannot_be_audited_is_said_before_the_work() {
        Cli::command().debug_assert();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_str().unwrap();
        assert_eq!(exit_code(&[path]), 2);
        assert_eq!(exit_code(&[path, "--identity", "ledger.example+12"]), 2);
        assert_eq!(exit_code(&[path, "--report", path]), 2);
    }
}
