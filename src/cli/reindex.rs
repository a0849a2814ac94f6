//! `probant reindex`: derives all look-ups anew, with the same or another engine.

use super::{directories::Directories, say};
use crate::{
    Error,
    store::{
        Store as _,
        embedded::{index::Engine, settings::Settings},
    },
};

const EXAMPLES: &str = "\
Example, to hold the look-up index in sled:
  probant reindex --index sled

Nothing can be lost: look-ups are derived from the blocks. The ledger must not be served meanwhile.";

/// Derive all look-ups anew, with the same or another index engine
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Reindex {
    /// Engine of the look-up index from now on: fjall or sled
    #[arg(long, value_name = "ENGINE")]
    index: Option<Engine>,
    #[command(flatten)]
    directories: Directories,
}

impl Reindex {
    pub fn run(&self) -> Result<u8, Error> {
        let data = &self.directories.data;
        let settings = match self.index {
            Some(index) => Settings { index },
            None => Settings::read(data)?,
        };
        let store = self.directories.opening(|opening| opening.reindex(settings))?;
        let blocks = store.derived();
        store.close()?;
        say(&format!("look-ups of {blocks} blocks are derived anew, in {}", settings.index))?;
        Ok(0)
    }
}
