//! `probant audit`: the replay of a whole ledger, by anybody, and a report to file.

use std::{
    env,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use super::{
    database::{Database, shown},
    interrupt, json,
    ledger::KnownIdentity,
    progress::Progress,
    read, say,
};
use crate::{
    Error,
    audit::{self, Blocks, Past, Report, Settings, Since, Stored, Tally, Verdict},
    clock::SharedClock,
    durable,
    store::postgres::{
        Postgres,
        server::{Access, address::is_database_url},
    },
};
use clap::Args;
use probant_core::note::NOTE_BYTES_MAX;

const REPORT_MODE: u32 = 0o644;

const NOTHING_KEPT: &str = "what was seen is not kept, there being no home directory: give --state, \
                            and the next audit is held to it";

const RESUME: &str = "the same command with --resume goes on after the last block that passed";

const EXAMPLES: &str = "\
Examples:
  probant audit ledger-data
      the ledger in this directory, also while a server is writing to it
  probant audit https://ledger.example/fr --identity ledger.example/fr+5b1c…e2
      over the network, and only if it is that ledger
  probant audit --store postgres://probant@db.internal/ledger --identity identity.txt
      in a database, also while nodes write to it; PROBANT_STORE may name it
  probant audit ledger-data --identity identity.txt --json --report audit-2026-11.json
      the same facts for programs, kept in a file too
  probant audit https://ledger.example --since checkpoint.txt --html audit.html
      and only if it extends the checkpoint that somebody saw; the report as a page too

What passes is kept, below --state: the signed head of every block. The next audit of the same ledger,
from wherever, is held to it: a block that is another one than was seen is a fork, and both signed
heads are saved there as evidence. A ledger that ends before what was seen is behind: a copy that
lags, or a ledger that was rolled back.

An audit that was interrupted, broke off, or was ended by force can be gone on with: --resume begins
after the last block that was kept, and the report says which part is of which audit.

Without an identity, block 0 says which ledger this is, and the report says so: everything is then
held to a genesis that nobody vouched for. Ask the operator, or read it from a proof you trust.

Exit codes: 0 every block passed; 1 a fault was found, or a fork; 2 there is no ledger there, or
nothing that it can be held to; 3 it could not be reached, the stream broke off, or it is behind;
4 a block is damaged, or what this auditor kept; 130 interrupted, the report says how far it got.";

/// Replay a whole ledger from block 0 and report what holds
///
/// Every signature, list, rule, hash and seal is checked again, with nothing taken from the ledger
/// but its blocks. The report goes to standard output, progress to standard error.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Audit {
    /// Data directory, or URL of the ledger or of its database; or an export, in a directory, at a URL
    /// or in a bucket; else the database of --store
    #[arg(value_name = "DIR|URL", required_unless_present = "store")]
    source: Option<String>,
    #[command(flatten)]
    known: KnownIdentity,
    /// Report as JSON
    #[arg(long)]
    json: bool,
    /// Write the report to this file too, in the place of one that is there
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write the report to this file too, as a page to read and print
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// File that holds a checkpoint, a signed note that the ledger must extend
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    #[arg(
        long,
        value_name = "DIR",
        env = "PROBANT_AUDIT_STATE",
        hide_env_values = true,
        help = "Directory of what this auditor has seen [default: probant/audit in \
                $XDG_STATE_HOME, or in ~/.local/state]"
    )]
    state: Option<PathBuf>,
    /// Neither hold it to what was seen before, nor keep what is seen, wherever that would be
    #[arg(long)]
    no_state: bool,
    /// Go on after the last block that an earlier audit kept, without reading what is before it
    #[arg(long, conflicts_with = "no_state")]
    resume: bool,
    #[command(flatten)]
    database: Database,
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
        for (option, path) in [("--report", &self.report), ("--html", &self.html)] {
            path.as_ref().map_or(Ok(()), |path| check_writable(option, path))?;
        }
        let (past, kept) = self.past()?;
        let blocks = self.blocks()?;
        let mut progress = Progress::on_bytes(blocks.bytes_total(), clock.clone());
        let settings = Settings { expected, clock, stop };
        let mut report = audit::audit_since(blocks, &settings, past, &mut |tally| {
            if tally.blocks > 0 {
                progress.show(reached(tally), Some(tally.bytes));
            }
        });
        if !kept && !self.no_state {
            report.notes.push(NOTHING_KEPT.to_owned());
        }
        if kept && report.verdict == Verdict::Interrupted && report.passed.is_some() {
            report.notes.push(RESUME.to_owned());
        }
        progress.end();
        self.publish(&report)?;
        Ok(report.exit_code())
    }

    /// What it is held to, and whether what is seen is kept.
    fn past(&self) -> Result<(Past, bool), Error> {
        let since = self.since.as_deref().map(checkpoint).transpose()?;
        let past = since.map_or_else(Past::default, |since| Past::default().since(since));
        let past = if self.resume { past.resuming() } else { past };
        let state = self.state.clone().or_else(default_state).filter(|_| !self.no_state);
        Ok(match state {
            Some(state) => (past.kept_in(state), true),
            None => (past, false),
        })
    }

    fn blocks(&self) -> Result<Box<dyn Blocks>, Error> {
        let twice = self.source.is_some() && self.database.is_argument();
        let (name, server) = match &self.source {
            Some(_) if twice => {
                return Err(Error::input("--store, or a directory or URL: not both"));
            }
            Some(source) if !is_database_url(source) => return audit::open(source),
            Some(url) => (Some(shown(url)), Some(self.database.at(url, Access::Read)?)),
            None => (self.database.name(), self.database.server(Access::Read)?),
        };
        let (Some(name), Some(server)) = (name, server) else {
            return Err(Error::input("which ledger? Give its directory or URL, or --store"));
        };
        Ok(Box::new(Stored::new(name, Arc::new(Postgres::open_read_only(server)?))))
    }

    fn publish(&self, report: &Report) -> Result<(), Error> {
        let text = if self.json { json(report) } else { report.to_string() };
        let text = text.trim_end();
        let said = say(text);
        // Also where nobody could be told.
        if let Some(path) = &self.report {
            durable::replace_file(path, format!("{text}\n").as_bytes(), REPORT_MODE)?;
        }
        if let Some(path) = &self.html {
            durable::replace_file(path, report.html().as_bytes(), REPORT_MODE)?;
        }
        said?;
        eprintln!("{}", super::plain(&report.headline()));
        Ok(())
    }
}

/// Where states are kept that outlive a program, after the XDG base directories; none for a user who
/// has no home.
fn default_state() -> Option<PathBuf> {
    let of = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = of("XDG_STATE_HOME").or_else(|| of("HOME").map(|home| home.join(".local/state")));
    state.map(|state| state.join("probant/audit"))
}

/// Before hours of work, not after.
fn check_writable(option: &str, path: &Path) -> Result<(), Error> {
    let parent = path.parent().filter(|parent| *parent != Path::new(""));
    if path.is_dir() || !parent.is_none_or(Path::is_dir) {
        return Err(Error::input(format!("{option} {}: no place for a file", path.display())));
    }
    Ok(())
}

fn reached(tally: &Tally) -> String {
    let height = tally.blocks.saturating_sub(1);
    let documents = super::documents(tally.documents());
    format!("audited up to block {height}, {} entries, {documents}", tally.entries)
}

/// The signed note in a file.
fn checkpoint(path: &Path) -> Result<Since, Error> {
    let note = String::from_utf8(read(path, NOTE_BYTES_MAX)?).ok();
    note.and_then(Since::of).ok_or_else(|| {
        let path = path.display();
        Error::input(format!(
            "{path} is no checkpoint: a signed note is needed, as GET /checkpoint answers it"
        ))
    })
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
        assert_eq!(exit_code(&[path, "--html", path]), 2);
        assert_eq!(exit_code(&[path, "--since", path]), 2);
    }
}
