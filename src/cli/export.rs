//! `probant export`: the whole ledger as files, for web servers, C2SP clients and auditors.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
};

use clap::Args;

use super::{
    database::{Credentials, shown},
    interrupt,
    ledger::KnownIdentity,
    progress::Progress,
    say,
};
use crate::{
    Error,
    clock::SharedClock,
    export::{self, Settings, Source, Written},
    keyring::Keyring,
    place,
    store::{
        head_mark::HeadMark,
        postgres::{
            Postgres,
            server::{Access, address::is_database_url},
        },
    },
};

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
        let exported =
            tokio::task::spawn_blocking(move || interrupt::code(self.export(clock, &stop), &stop));
        exported.await.map_err(|error| Error::Stop(error.to_string()))?
    }

    fn export(&self, clock: SharedClock, stop: &AtomicBool) -> Result<u8, Error> {
        let expected = self.known.get()?;
        let source = self.source()?;
        let place = place::create(&self.to)?;
        let mut progress = Progress::without_end(clock).later();
        let mut show = |Written { height, size, .. }: &Written| {
            progress.show(format!("exported up to block {height}, {size} entries"), None);
        };
        let mut settings = Settings { expected, stop, progress: &mut show };
        let written = export::export(source, &*place, &mut settings)?;
        progress.end();
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
        if is_database_url(from) {
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
