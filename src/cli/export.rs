//! `probant export`: the whole ledger as files, for web servers, C2SP clients and auditors.

use std::{
    io::IsTerminal as _,
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    database::{Credentials, shown},
    interrupt,
    ledger::KnownIdentity,
    say,
};
use crate::{
    Error,
    clock::{SharedClock, utc},
    export::{self, Settings, Source, Written},
    keyring::Keyring,
    place,
    store::{
        head_mark::HeadMark,
        postgres::{
            Postgres,
            server::{Access, address::is_url},
        },
    },
};

/// Between two lines of progress, where there is no terminal to draw on.
const LINE_EVERY: Duration = Duration::from_secs(10);

const EXAMPLES: &str = "\
Examples:
  probant export public --from https://ledger.example/fr
      up to the checkpoint that the ledger shows; run it again, and only what is new is written
  probant export public --from ledger-data --keys ledger-keys
      the operator's own, up to the newest block, for which the note key in ledger-keys signs
  probant export s3://bucket/ledger --from postgres://probant@db.internal/ledger
      into an object store, with region, endpoint and keys from the usual AWS_ variables

Any web server can serve the result: what has no checkpoint yet is not told to anybody. C2SP clients
find checkpoint, tile/ and tile/entries/ there; `probant audit` reads it too. One run at a time writes.

Exit codes: 0 it is there; 2 mend the input; 3 it ended early, and the same command goes on; 4 the
ledger is not the one that was exported before, or what it shows contradicts itself.";

/// Write the whole ledger as files that any web server can serve
///
/// Tiles, bundles of entries, blocks, and the checkpoint last. A run goes on where the one before
/// ended, however that was.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Export {
    /// Directory to write to, made where it is missing, or a bucket: `s3://bucket/prefix`
    #[arg(value_name = "DIR|URL")]
    to: String,
    /// Data directory, or URL of the ledger or of its database
    #[arg(long, value_name = "DIR|URL", env = "PROBANT_LEDGER", hide_env_values = true)]
    from: String,
    #[command(flatten)]
    known: KnownIdentity,
    /// Directory of the ledger's keys: the note key signs for what is read from a data directory or a
    /// database
    #[arg(
        long,
        value_name = "DIR",
        default_value = "ledger-keys",
        env = "PROBANT_KEYS",
        hide_env_values = true
    )]
    keys: PathBuf,
    #[command(flatten)]
    credentials: Credentials,
}

impl Export {
    /// Runs to the end, or to Ctrl-C.
    ///
    /// # Errors
    /// Those of [`export::export`].
    pub async fn run(self, clock: &SharedClock) -> Result<u8, Error> {
        let (clock, stop) = (clock.clone(), interrupt::flag());
        let exported = tokio::task::spawn_blocking(move || self.export(clock, &stop));
        exported.await.map_err(|error| Error::Stop(error.to_string()))?
    }

    fn export(&self, clock: SharedClock, stop: &AtomicBool) -> Result<u8, Error> {
        let expected = self.known.get()?;
        let source = self.source()?;
        let place = place::create(&self.to)?;
        let mut progress = Progress::new(clock);
        let mut settings =
            Settings { expected, stop, progress: &mut |written| progress.show(written) };
        let written = export::export(source, &*place, &mut settings)?;
        progress.bar.finish_and_clear();
        let Written { origin, height, size, .. } = written;
        say(&format!("{}: {origin} up to block {height}, {size} entries", place.name()))?;
        Ok(0)
    }

    fn source(&self) -> Result<Source, Error> {
        let from = &self.from;
        if from.starts_with("http://") || from.starts_with("https://") {
            return Source::served(from);
        }
        let keys = Arc::new(Keyring::in_directory(&self.keys));
        if is_url(from) {
            let store = Postgres::open_read_only(self.credentials.server(from, Access::Read)?)?;
            return Ok(Source::stored(shown(from), Arc::new(store), keys));
        }
        // Only what was acknowledged is signed: a crash may have left more.
        let mark = HeadMark::read(&self.keys.join("head-mark"))?.ok_or_else(|| {
            let keys = self.keys.display();
            Error::input(format!("{keys}: no head mark; --keys names the ledger's keys"))
        })?;
        Ok(Source::directory(from, keys, Some(mark.height)))
    }
}

/// A line that moves on a terminal, else one from time to time.
struct Progress {
    bar: ProgressBar,
    clock: SharedClock,
    shown: Duration,
}

impl Progress {
    fn new(clock: SharedClock) -> Self {
        let bar = ProgressBar::new_spinner();
        bar.set_style(ProgressStyle::with_template("{spinner} {msg}").expect("a constant"));
        if !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let shown = clock.elapsed();
        Self { bar, clock, shown }
    }

    fn show(&mut self, written: &Written) {
        let Written { height, size, .. } = written;
        let reached = format!("block {height}, {size} entries");
        let now = self.clock.elapsed();
        if self.bar.is_hidden() && now.saturating_sub(self.shown) >= LINE_EVERY {
            self.shown = now;
            eprintln!("{} exported up to {reached}", utc(self.clock.now_ms()));
        }
        self.bar.set_message(reached);
        self.bar.tick();
    }
}
