//! Where a ledger's data and keys are, for the commands of whoever runs it. Keys never live with
//! the data, which can be copied, served and archived without thought.

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use probant_core::key::Use;

use crate::{
    Error, durable,
    store::embedded::{Embedded, Opening, segments::SEGMENT_BYTES},
};

/// In a data directory, where the ledger has moved to.
const MOVED: &str = "moved";
const MOVED_MODE: u32 = 0o644;

/// The two directories, as arguments.
#[derive(Debug, Clone, clap::Args)]
pub struct Directories {
    /// Directory of the ledger's blocks and look-ups
    #[arg(
        long,
        value_name = "DIR",
        default_value = "ledger-data",
        env = "PROBANT_DATA",
        hide_env_values = true,
        conflicts_with = "store"
    )]
    pub data: PathBuf,
    /// Directory of the ledger's keys and its head mark; never inside the data directory
    #[arg(
        long,
        value_name = "DIR",
        default_value = "ledger-keys",
        env = "PROBANT_KEYS",
        hide_env_values = true
    )]
    pub keys: PathBuf,
}

impl Directories {
    /// The file of a ledger key.
    pub fn key_path(&self, r#use: Use) -> PathBuf {
        self.keys.join(format!("{}.pem", r#use.name()))
    }

    /// The head mark.
    pub fn mark_path(&self) -> PathBuf {
        self.keys.join("head-mark")
    }

    /// Runs `open` with an opening that shows its progress.
    pub fn opening<T>(&self, open: impl FnOnce(&Opening<'_>) -> T) -> T {
        let mark = self.mark_path();
        let bar = bar("{bytes}/{total_bytes}, {bytes_per_sec}");
        let progress = |done: u64, of: u64| {
            bar.set_length(of);
            bar.set_position(done);
        };
        let (dir, segment_bytes): (&Path, u64) = (&self.data, SEGMENT_BYTES);
        let opened = open(&Opening { dir, mark: &mark, segment_bytes, progress: &progress });
        bar.finish_and_clear();
        opened
    }

    /// Opens the ledger that is there, and goes on there.
    pub fn open(&self) -> Result<Embedded, Error> {
        if let Some(to) = self.moved_to()? {
            let data = self.data.display();
            return Err(Error::input(format!(
                "{data}: the ledger has moved to {to} and goes on there; what is here is a copy of \
                 what it was"
            )));
        }
        self.open_moved()
    }

    /// Where the ledger has moved to from here, if it has.
    pub fn moved_to(&self) -> Result<Option<String>, Error> {
        let path = self.data.join(MOVED);
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            read => read.map(|to| Some(to.trim().to_owned())).map_err(Error::file(&path)),
        }
    }

    /// Says that the ledger goes on elsewhere.
    pub fn leave_for(&self, to: &str) -> Result<(), Error> {
        let path = self.data.join(MOVED);
        Ok(durable::replace_file(&path, format!("{to}\n").as_bytes(), MOVED_MODE)?)
    }

    /// Opens the ledger that is there, wherever it goes on.
    #[allow(clippy::redundant_closure_for_method_calls)] // The method has one lifetime, not all.
    pub fn open_moved(&self) -> Result<Embedded, Error> {
        Ok(self.opening(|opening| opening.open())?)
    }

    /// Keeps every other process out of the data directory.
    #[allow(clippy::redundant_closure_for_method_calls)] // As above.
    pub fn lock(&self) -> Result<File, Error> {
        Ok(self.opening(|opening| opening.lock())?)
    }
}

/// On a terminal, a bar over what look-ups are derived from again, and how much of it is done.
pub fn bar(done: &str) -> ProgressBar {
    let style = format!("deriving look-ups {{bar:30}} {done}, {{eta}} left");
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    bar.with_style(ProgressStyle::with_template(&style).expect("a constant template"))
}
