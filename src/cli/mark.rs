//! `probant mark`: the head mark, which says what a ledger has acknowledged. Only this command sets
//! it anew, and only to a block that it is told.

use clap::Subcommand;
use probant_core::{Hash, block::Block, tree::Frontier};

use super::{database::Database, directories::Directories, say};
use crate::{
    Error,
    store::{
        Store, StoreError,
        embedded::segments::{Position, SegmentReader},
        head_mark::{HeadMark, Mark},
        postgres::{Postgres, server::Access},
    },
};

const EXAMPLES: &str = "\
The head mark names the newest block that was ever acknowledged. A ledger that is behind it refuses
to write, because it was restored from an old copy and would fork its own history.

Set it anew only if the key directory was lost, to the newest head that anybody outside has seen
(a checkpoint, a proof, a witness):
  probant mark show
  probant mark set --height 1204 --root 5e0c…";

/// Show or set the head mark, which guards against restored copies
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct MarkCommand {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    directories: Directories,
    #[command(flatten)]
    database: Database,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print the head mark
    Show,
    /// Set it to a block of the store, named by height and root
    Set {
        /// Height of the newest block that was acknowledged
        #[arg(long)]
        height: u64,
        /// Root of the tree after it, 64 hex digits
        #[arg(long)]
        root: String,
    },
}

impl MarkCommand {
    pub fn run(&self) -> Result<u8, Error> {
        let path = self.directories.mark_path();
        match &self.action {
            Action::Show => {
                let mark = HeadMark::read(&path)?.ok_or_else(|| {
                    Error::input(format!("{}: there is no head mark", path.display()))
                })?;
                let Mark { ledger_id, height, size, root } = mark;
                let (ledger, root) = (Hash(ledger_id), Hash(root));
                say(&format!(
                    "ledger  {ledger}\nheight  {height}\nsize    {size}\nroot    {root}"
                ))?;
            }
            Action::Set { height, root } => {
                let wrong = || Error::input("--root takes 64 hex digits");
                let root = Hash::from_hex(root).ok_or_else(wrong)?;
                if let Some(server) = self.database.server(Access::Read)? {
                    let store = Postgres::open_read_only(server)?;
                    HeadMark::reset(&path, find_in(&store, *height, root)?)?;
                } else {
                    // A server that goes on raising the old mark would leave this one behind.
                    let _lock = self.directories.lock()?;
                    HeadMark::reset(&path, self.find(*height, root)?)?;
                }
                say(&format!("the head mark is at block {height}"))?;
            }
        }
        Ok(0)
    }

    /// Reads the segments up to the block: what is derived is not asked.
    fn find(&self, height: u64, root: Hash) -> Result<Mark, Error> {
        let reader = SegmentReader::open(&self.directories.data.join("segments"))?;
        let (mut frontier, mut ledger) = (Frontier::default(), None);
        for record in reader.scan_from(Position::FIRST, None) {
            let (position, bytes) = record.map_err(StoreError::from)?;
            let block = Block::decode(&bytes).map_err(|fault| {
                let place = format!("segments, byte {}", position.0);
                StoreError::damage(place, fault.rejected.to_string())
            })?;
            let ledger_id = *ledger.get_or_insert(block.entries[0].leaf().0);
            block.entries.iter().for_each(|entry| frontier.push(entry.leaf()));
            if block.header().height == height {
                check_root(height, frontier.root(), root)?;
                return Ok(Mark { ledger_id, height, size: frontier.size(), root: root.0 });
            }
        }
        Err(no_block(height))
    }
}

fn no_block(height: u64) -> Error {
    Error::input(format!("this store has no block {height}"))
}

fn check_root(height: u64, found: Option<Hash>, root: Hash) -> Result<(), Error> {
    if found == Some(root) {
        return Ok(());
    }
    let found = found.map_or_else(|| "none".into(), |found| found.to_string());
    Err(Error::input(format!("block {height} of this store has another root: {found}")))
}

/// A database that can be used keeps no lock: the mark has its own.
fn find_in(store: &dyn Store, height: u64, root: Hash) -> Result<Mark, Error> {
    let (head, span) = (store.head(), store.span(height)?);
    let (Some(head), Some(span)) = (head, span) else { return Err(no_block(height)) };
    let found = Frontier::read(span.size, |nodes| store.hashes(nodes))?.root();
    check_root(height, found, root)?;
    Ok(Mark { ledger_id: head.ledger.0.0, height, size: span.size, root: root.0 })
}
