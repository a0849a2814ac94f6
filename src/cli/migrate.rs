//! `probant migrate`: a ledger moved between a data directory and a database, and the tables of a
//! database brought up to this program.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use clap::Subcommand;
use probant_core::chain::Head;

use super::{
    database::{Credentials, Database, shown},
    directories::Directories,
    interrupt,
    progress::Progress,
    say,
};
use crate::{
    Error,
    clock::SharedClock,
    migrate::{self, Step},
    store::{
        Store, StoreError, StoredBlock,
        embedded::{Embedded, settings::Settings},
        head_mark::{HeadMark, Mark},
        postgres::{
            Arrival, Postgres, schema_of,
            server::{Access, address::is_database_url},
        },
    },
};

const EXAMPLES: &str = "\
Into a database; stop the server first:
  probant migrate --from ledger-data --to postgres://probant@db.internal/ledger
And back; nodes are told that it has moved, and write no more:
  probant migrate --from postgres://probant@db.internal/ledger --to ledger-data

Every block is checked on its way; then all of them are read back and replayed from block 0, every
signature included. Only after that may anything be written to the new store. Interrupted, the same
command goes on. What it was moved from stays as it was: keep it until the new one is backed up.";

/// Move a ledger between a data directory and a database
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Migrate {
    #[command(subcommand)]
    tables: Option<Tables>,
    /// Data directory, or URL of the database, that holds the ledger
    #[arg(long, value_name = "DIR|URL", required = true)]
    from: Option<String>,
    /// Where it goes: URL of a database, or a data directory
    #[arg(long, value_name = "URL|DIR", required = true)]
    to: Option<String>,
    /// Directory of the ledger's keys and its head mark
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

#[derive(Debug, Subcommand)]
enum Tables {
    /// Bring the tables of a database up to this program
    Schema {
        #[command(flatten)]
        database: Database,
    },
}

impl Migrate {
    pub async fn run(self, clock: &SharedClock) -> Result<u8, Error> {
        let (clock, stop) = (clock.clone(), interrupt::flag());
        let moved = tokio::task::spawn_blocking(move || match &self.tables {
            Some(Tables::Schema { database }) => schema(database),
            None => interrupt::code(self.movement(clock, Arc::clone(&stop)), &stop),
        });
        moved.await.map_err(|error| Error::Stop(error.to_string()))?
    }

    fn movement(&self, clock: SharedClock, stop: Arc<AtomicBool>) -> Result<u8, Error> {
        let (from, to) = (self.from.as_deref().unwrap_or(""), self.to.as_deref().unwrap_or(""));
        let mut work = Work { progress: Progress::without_end(clock.clone()), clock, stop };
        let head = match (is_database_url(from), is_database_url(to)) {
            (false, true) => self.to_database(Path::new(from), to, &mut work)?,
            (true, false) => self.to_directory(from, Path::new(to), &mut work)?,
            _ => {
                return Err(Error::input(
                    "a ledger moves from a data directory into a database, or back: one of --from \
                     and --to is a postgres:// URL",
                ));
            }
        };
        work.progress.end();
        let shown = if is_database_url(to) { shown(to) } else { to.to_owned() };
        say(&format!(
            "the ledger is in {shown}, up to block {}, and has been replayed there",
            head.height
        ))?;
        Ok(0)
    }

    fn directories(&self, data: &Path) -> Directories {
        Directories { data: data.to_owned(), keys: self.keys.clone() }
    }

    fn to_database(&self, from: &Path, to: &str, work: &mut Work) -> Result<Head, Error> {
        // Opened as a server does: locked, and not behind its head mark, which goes on from here.
        let (directories, server) =
            (self.directories(from), self.credentials.server(to, Access::Write)?);
        let name = format!("{}, schema {}", shown(to), schema_of(&server)?);
        // An earlier run may have ended just before it was done.
        let again = directories.moved_to()?.is_some_and(|moved_to| moved_to == name);
        let old = if again { directories.open_moved()? } else { directories.open()? };
        let head = old.head().ok_or_else(|| Error::input("there is no ledger to be moved"))?;
        let new = match Postgres::arrive(server)? {
            Arrival::Here(new) if again && new.head().as_ref() != Some(&head) => {
                return Err(Error::input(format!(
                    "the ledger has moved to {name}, and is not in this database: was it restored from \
                     an old copy? Nothing is moved into it"
                )));
            }
            Arrival::Here(new) => Arc::new(*new),
            // An earlier run was killed before it could say that it was done.
            Arrival::Open(there) if again && there.ledger == head.ledger => return Ok(there),
            Arrival::Open(there) => {
                return Err(Error::input(format!(
                    "ledger {} goes on in this database: nothing is moved into it",
                    there.ledger
                )));
            }
        };
        work.copy(&old, &*new)?;
        let head = work.verify(&name, &old, new.clone())?;
        // In this order: a crash between leaves it closed in both, and the same command goes on.
        directories.leave_for(&name)?;
        new.settle()?;
        Ok(head)
    }

    fn to_directory(&self, from: &str, to: &Path, work: &mut Work) -> Result<Head, Error> {
        let (directories, server) =
            (self.directories(to), self.credentials.server(from, Access::Write)?);
        // A node that has these keys would go on raising its mark: this holds it, and is held to it.
        let old = Postgres::open_to_leave(server, &directories.mark_path())?;
        let arriving = self.keys.join("head-mark.arriving");
        if !arriving.exists() && old.has_left()? && has_blocks(&directories)? {
            return arrived(&directories, old);
        }
        let new = Arc::new(open_or_create(&directories, &arriving, &old)?);
        work.copy(&old, &*new)?;
        // The rest, once nodes write no more.
        old.leave()?;
        work.copy(&old, &*new)?;
        let head = work.verify(&to.display().to_string(), &old, new.clone())?;
        Arc::into_inner(new).expect("nobody else has it").close()?;
        // The mark beside the keys is at the head since it left, and goes on from here. A crash before
        // this leaves the other one; after it, all is done.
        fs::remove_file(&arriving).map_err(Error::file(&arriving))?;
        Ok(head)
    }
}

/// Whether more than the beginning of a ledger is there.
fn has_blocks(directories: &Directories) -> Result<bool, StoreError> {
    Ok(directories.opening(|opening| opening.whole_blocks(2))? == 2)
}

/// The head of what an earlier run brought here before it was killed, just before it could say so.
fn arrived(directories: &Directories, old: Postgres) -> Result<Head, Error> {
    let left = old.head();
    // It holds the mark.
    drop(old);
    let there = directories.open()?.head();
    match (left, there) {
        (Some(left), Some(there)) if there.ledger == left.ledger && there.height >= left.height => {
            Ok(there)
        }
        _ => Err(Error::input(format!(
            "{} holds a ledger already: give a new directory",
            directories.data.display()
        ))),
    }
}

fn schema(database: &Database) -> Result<u8, Error> {
    let server = database.server(Access::Write)?;
    let server = server.ok_or_else(|| Error::input("which database? Give its URL with --store"))?;
    let version = Postgres::migrate_schema(&server)?;
    say(&format!("the tables are of version {version}"))?;
    Ok(0)
}

/// A directory that an earlier run began to fill, or a new one; with a head mark of its own until all
/// has arrived, so that no server opens it.
fn open_or_create(
    directories: &Directories,
    mark: &Path,
    old: &dyn Store,
) -> Result<Embedded, Error> {
    directories.opening(|opening| {
        let opening = opening.with_mark(mark);
        if !mark.exists() {
            if opening.whole_blocks(2)? != 1 {
                return Ok(opening.create(Settings::default())?);
            }
            // Killed between block 0 and its mark; if it is of another ledger, opening it says so.
            let (first, mut chain) = (migrate::block(old, 0)?, None);
            let first =
                StoredBlock::check(first, &mut chain, old).map_err(|fault| fault.rejected)?;
            drop(HeadMark::create(mark, Mark::of(&first.head))?);
        }
        opening.open().map_err(|why| match why {
            StoreError::Input(why) => Error::input(format!(
                "{why}; if an earlier run was moving it into another directory, give that one, or \
                 remove {}",
                mark.display()
            )),
            why => why.into(),
        })
    })
}

/// What goes with the work: its progress, and how it is interrupted.
struct Work {
    progress: Progress,
    clock: SharedClock,
    stop: Arc<AtomicBool>,
}

impl Work {
    fn copy(&mut self, old: &dyn Store, new: &dyn Store) -> Result<(), Error> {
        let progress = &mut |step: Step<'_>| self.progress.show(said(&step), None);
        migrate::copy(old, new, &self.stop, progress).map(drop)
    }

    fn verify(&mut self, name: &str, old: &dyn Store, new: Arc<dyn Store>) -> Result<Head, Error> {
        let none = || Error::input("there is no ledger to be moved");
        let (head, chain) = (old.head().ok_or_else(none)?, old.chain()?.ok_or_else(none)?);
        let end = (self.clock.clone(), Arc::clone(&self.stop));
        let progress = &mut |step: Step<'_>| self.progress.show(said(&step), None);
        migrate::verify(name, new, chain.identity(), &head, end, progress)?;
        Ok(head)
    }
}

fn said(step: &Step<'_>) -> String {
    let (what, blocks) = match step {
        Step::Copied { blocks } => ("copied", *blocks),
        Step::Audited(tally) => ("replayed where they arrived", tally.blocks),
    };
    format!("{blocks} blocks {what}")
}
