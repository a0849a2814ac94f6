//! `probant reindex`: derives all look-ups anew, with the same or another engine.

use super::{
    database::Database,
    directories::{Directories, bar},
    say,
};
use crate::{
    Error,
    store::{
        Store as _,
        embedded::{index::Engine, settings::Settings},
        postgres::{
            Postgres,
            server::{Access, Server},
        },
    },
};

const EXAMPLES: &str = "\
Example, to hold the look-up index in sled:
  probant reindex --index sled
In a database, as the owner of its tables, which have no such engine:
  probant reindex --store postgres://probant@db.internal/ledger

Nothing can be lost: look-ups are derived from the blocks. In a directory the ledger must not be
served meanwhile. In a database they are derived beside those that are there, and nodes go on;
interrupted, the same command goes on too.";

/// Derive all look-ups anew, with the same or another index engine
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Reindex {
    /// Engine of the look-up index from now on: fjall or sled
    #[arg(long, value_name = "ENGINE", conflicts_with = "store")]
    index: Option<Engine>,
    #[command(flatten)]
    directories: Directories,
    #[command(flatten)]
    database: Database,
}

impl Reindex {
    pub fn run(&self) -> Result<u8, Error> {
        if let Some(server) = self.database.server(Access::Write)? {
            let blocks = in_database(&server)?;
            say(&format!("look-ups of {blocks} blocks are derived anew"))?;
            return Ok(0);
        }
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

fn in_database(server: &Server) -> Result<u64, Error> {
    let bar = bar("{pos}/{len} blocks");
    let progress = |done: u64, of: u64| {
        bar.set_length(of);
        bar.set_position(done);
    };
    let blocks = Postgres::derive_anew(server, &progress);
    bar.finish_and_clear();
    Ok(blocks?)
}
