//! `probant proof`: looking into proof files, moving them to the present, and to the form of others.

mod anchor;
mod refresh;
mod show;
mod tlog;

use std::path::Path;

use probant_core::proof::PROOF_BYTES_MAX;

use crate::{Error, clock::Clock, planted};

/// Look into proof files, and bring them up to date
#[derive(Debug, clap::Args)]
pub struct Proof {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Show(show::Show),
    Refresh(refresh::Refresh),
    Anchor(anchor::Anchor),
    Tlog(tlog::Tlog),
}

impl Proof {
    pub async fn run(self, clock: &dyn Clock) -> Result<u8, Error> {
        match self.command {
            Command::Show(show) => show.run(),
            Command::Refresh(refresh) => refresh.run(clock).await,
            Command::Anchor(anchor) => anchor.run().await,
            Command::Tlog(tlog) => tlog.run(),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    planted::read(path, PROOF_BYTES_MAX).map_err(Error::file(path))
}
