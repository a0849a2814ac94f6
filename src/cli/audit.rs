//! `probant audit`: the replay of a whole ledger, by anybody, and a report to file.

use std::{
    fs,
    io::{IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use probant_core::Identity;
use tokio::{runtime::Builder, signal::ctrl_c};

use crate::{
    Error,
    audit::{self, Report, Settings, Tally},
    clock::{SharedClock, SystemClock, utc},
    store::durable,
};

const REPORT_MODE: u32 = 0o644;
const INTERRUPTED: i32 = 130;
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

Without --identity, block 0 says which ledger this is, and the report says so: everything is then
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
    /// Data directory, or URL of the ledger
    #[arg(value_name = "DIR|URL")]
    source: String,
    /// The ledger it must be: `<origin>+<64 hex>`, or a file that holds it
    #[arg(long, value_name = "ID|FILE")]
    identity: Option<String>,
    /// Report as JSON
    #[arg(long)]
    json: bool,
    /// Write the report to this file too, in the place of one that is there
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl Audit {
    /// Runs to the end, a finding or Ctrl-C; the exit code is that of the report.
    ///
    /// # Errors
    /// Where there is nothing to report on: a bad argument, no ledger, nobody there.
    pub fn run(self) -> Result<u8, Error> {
        let expected = self.identity.as_deref().map(read_identity).transpose()?;
        if let Some(path) = &self.report {
            check_writable(path)?;
        }
        let blocks = audit::open(&self.source)?;
        let clock = SystemClock::shared();
        let mut progress = Progress::new(blocks.bytes_total(), Arc::clone(&clock));
        let settings = Settings { expected, clock, stop: stop_on_ctrl_c()? };
        let report = audit::audit(blocks, &settings, &mut |tally| progress.show(tally));
        progress.bar.finish_and_clear();
        self.publish(&report)?;
        Ok(report.exit_code())
    }

    fn publish(&self, report: &Report) -> Result<(), Error> {
        let mut text = if self.json {
            serde_json::to_string_pretty(report).expect("a report has nothing that JSON lacks")
        } else {
            report.to_string()
        };
        if !text.ends_with('\n') {
            text.push('\n');
        }
        let mut stdout = std::io::stdout().lock();
        let printed = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        if let Some(path) = &self.report {
            durable::replace_file(path, text.as_bytes(), REPORT_MODE)?;
        }
        printed.map_err(|error| Error::input(format!("standard output: {error}")))?;
        eprintln!("{}", report.headline());
        Ok(())
    }
}

fn read_identity(argument: &str) -> Result<Identity, Error> {
    let why = match argument.trim().parse() {
        Ok(identity) => return Ok(identity),
        Err(why) => why,
    };
    let path = Path::new(argument);
    if !path.is_file() {
        return Err(Error::input(format!("--identity: no such file, and as an identity: {why}")));
    }
    Ok(fs::read_to_string(path).map_err(Error::file(path))?.trim().parse()?)
}

/// Before hours of work, not after.
fn check_writable(path: &Path) -> Result<(), Error> {
    let parent = path.parent().filter(|parent| *parent != Path::new(""));
    if path.is_dir() || !parent.is_none_or(Path::is_dir) {
        return Err(Error::input(format!("--report {}: no place for a file", path.display())));
    }
    Ok(())
}

/// A flag that Ctrl-C raises; a second Ctrl-C does not wait for the report.
fn stop_on_ctrl_c() -> Result<Arc<AtomicBool>, Error> {
    let stop = Arc::new(AtomicBool::new(false));
    let runtime = Builder::new_current_thread().enable_io().build();
    let runtime = runtime.map_err(|error| Error::Stop(format!("listen for Ctrl-C: {error}")))?;
    let raised = Arc::clone(&stop);
    thread::spawn(move || {
        runtime.block_on(async {
            // An error only means that nobody can interrupt.
            if ctrl_c().await.is_ok() {
                raised.store(true, Ordering::Relaxed);
            }
            if ctrl_c().await.is_ok() {
                std::process::exit(INTERRUPTED);
            }
        });
    });
    Ok(stop)
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
        let reached = format!("block {}, {entries} entries, {documents} documents", head.height);
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

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        audit: Audit,
    }

    fn exit_code(arguments: &[&str]) -> u8 {
        let arguments = ["audit"].iter().chain(arguments);
        Cli::parse_from(arguments).audit.run().unwrap_err().exit_code()
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

    #[test]
    fn an_identity_is_given_as_it_is_or_in_a_file() {
        let id = format!("ledger.example/fr+{}", "5b".repeat(32));
        assert_eq!(read_identity(&id).unwrap().to_string(), id);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.txt");
        fs::write(&path, format!("{id}\n")).unwrap();
        assert_eq!(read_identity(path.to_str().unwrap()).unwrap().to_string(), id);
    }
}
