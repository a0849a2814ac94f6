//! Opening the database: that it is a ledger's, of this program's version, this role's to use, and
//! not behind what this node has answered of before.

use std::path::Path;

use probant_core::{
    block::Block,
    chain::{Chain, Head},
};

use super::{
    Marked, Postgres,
    cell::{cell, damage},
    entries::ask,
    follow::{behind, newest},
    head::State,
    lookups::LookUps,
    schema,
    server::Server,
    statuses::Statuses,
};
use crate::{
    clock::SystemClock,
    store::{
        StoreError,
        head_mark::{HeadMark, Mark},
        resume,
    },
};

/// How far each table goes beside how far the newest block says, of one moment.
const ENDS: &str = "SELECT h.height, (SELECT max(height) FROM block_parts), \
     h.height, (SELECT max(height) FROM blocks), \
     h.size, (SELECT max(entry) + 1 FROM entries), \
     b.status_inners, (SELECT coalesce(max(number) + 1, 0) FROM status_inners), \
     b.status_leaves, (SELECT coalesce(max(number) + 1, 0) FROM status_leaves), \
     h.changes, (SELECT count(*) FROM registry r WHERE r.entry < h.size) \
     FROM head h JOIN blocks b ON b.height = h.height";
const ENDING: [&str; 6] =
    ["block_parts", "blocks", "entries", "status_inners", "status_leaves", "registry"];

impl Postgres {
    /// Makes the tables for a new ledger, with no block in them yet. The head mark is the path of a
    /// file beside the keys, made with the first block.
    ///
    /// # Errors
    /// [`StoreError::Input`] if there is a ledger already, or a head mark, or the role may not make
    /// tables; [`StoreError::Unavailable`].
    pub fn create(server: Server, mark: &Path) -> Result<Self, StoreError> {
        if mark.exists() {
            let why = format!(
                "{} is the head mark of another ledger: choose another directory for keys",
                mark.display()
            );
            return Err(StoreError::Input(why));
        }
        server.wait(async { schema::create(&*server.writer().await?).await })?;
        if let Some(head) = newest(&server)?.head {
            let why = format!(
                "the database holds ledger {} already: give each its own database or schema",
                head.ledger
            );
            return Err(StoreError::Input(why));
        }
        Self::assemble(server, Marked::Yet(mark.to_owned()), State::Open)
    }

    /// Opens a ledger as one of its nodes.
    ///
    /// # Errors
    /// [`StoreError::Input`] where there is no ledger, it is of another schema version, rights or the
    /// head mark are missing or of another ledger; [`StoreError::Damage`] where the database is
    /// behind its mark, or has another block there; [`StoreError::Unavailable`].
    pub fn open(server: Server, mark: &Path) -> Result<Self, StoreError> {
        Self::open_in(server, mark, State::Open)
    }

    /// Opens a ledger with the head mark of a node, in a state or to bring it into that.
    pub(super) fn open_in(server: Server, mark: &Path, state: State) -> Result<Self, StoreError> {
        server.wait(async { schema::check(&*server.writer().await?, true).await })?;
        let held = HeadMark::open(mark)?;
        let marked = held.map_or_else(|| Marked::Yet(mark.to_owned()), Marked::At);
        Self::assemble(server, marked, state)
    }

    /// Opens a ledger to look at: nothing can be claimed, and there is no head mark.
    ///
    /// # Errors
    /// Those of [`Postgres::open`].
    pub fn open_read_only(server: Server) -> Result<Self, StoreError> {
        server.wait(async { schema::check(&*server.reader().await?, false).await })?;
        Self::assemble(server, Marked::No, State::Open)
    }

    /// Brings the tables of an older program up to this one, and gives their version.
    ///
    /// # Errors
    /// [`StoreError::Input`] where there is no ledger, or a newer program made the tables.
    pub fn migrate_schema(server: &Server) -> Result<i32, StoreError> {
        server.wait(async { schema::migrate(&*server.writer().await?).await })
    }

    pub(super) fn assemble(
        server: Server,
        mut marked: Marked,
        state: State,
    ) -> Result<Self, StoreError> {
        let (row, statuses) = (newest(&server)?, Statuses::new());
        if !matches!(marked, Marked::No) {
            row.state.check(state)?;
            // A wait for it may have been ended since the connection was made.
            if row.standby {
                server.wait(server.confirm())?;
            }
        }
        let head = row.head;
        let look_ups = LookUps { server: &server, statuses: &statuses, head: head.clone() };
        match &marked {
            Marked::Yet(path) => {
                head.as_ref().map_or(Ok(()), |head| Err(no_mark(path, head)))?;
            }
            Marked::At(held) => check_mark(held.current(), &look_ups)?,
            Marked::No => {}
        }
        check_ends(&server)?;
        let chain = head.as_ref().map(|head| chain(head, &look_ups)).transpose()?;
        if let (Marked::At(held), Some(head)) = (&mut marked, &head) {
            held.raise(Mark::of(head))?;
        }
        let (clock, told) = (SystemClock::shared(), None.into());
        let (marked, chain) = (marked.into(), chain.into());
        Ok(Self { server, marked, chain, statuses, state, clock, told })
    }
}

/// The ledger of the mark, which must reach it, and be the same there.
fn check_mark(mark: Mark, look_ups: &LookUps<'_>) -> Result<(), StoreError> {
    let Some(head) = look_ups.head.as_ref() else { return Err(behind(None, mark)) };
    mark.check_ledger(head.ledger)?;
    if head.height < mark.height {
        return Err(behind(Some(head), mark));
    }
    if look_ups.made(mark.height)? == (mark.size, mark.root) {
        return Ok(());
    }
    Err(StoreError::damage(
        "database",
        format!(
            "block {} is not the one of the head mark: this is another history; nothing is written",
            mark.height
        ),
    ))
}

/// Where the tables end, the next block begins: what is numbered is in no hash.
fn check_ends(server: &Server) -> Result<(), StoreError> {
    let rows = server.wait(async { ask(&*server.reader().await?, ENDS, &[]).await })?;
    for (row, (at, table)) in
        rows.iter().flat_map(|row| (0..).step_by(2).zip(ENDING).map(move |column| (row, column)))
    {
        let [said, found]: [Option<i64>; 2] = [cell(row, at)?, cell(row, at + 1)?];
        if said != found {
            return Err(damage(table, "it does not end where the newest block says"));
        }
    }
    Ok(())
}

/// The chain after the newest block, put together from look-ups.
fn chain(head: &Head, look_ups: &LookUps<'_>) -> Result<Chain, StoreError> {
    let wrong = |why: String| damage("head", &format!("block {}: {why}", head.height));
    let missing = || wrong("it is missing".into());
    let bytes = look_ups.block(head.height)?.ok_or_else(missing)?;
    let block = Block::decode(&bytes).map_err(|fault| wrong(fault.rejected.to_string()))?;
    let map = look_ups.status(head.height)?.ok_or_else(missing)?;
    if map.root_hash() != block.header().status {
        return Err(wrong("it has another status map".into()));
    }
    let chain = resume::chain(&block, map, look_ups)?;
    if chain.head() == head { Ok(chain) } else { Err(wrong("it is another".into())) }
}

fn no_mark(path: &Path, head: &Head) -> StoreError {
    let todo = if head.height == 0 {
        format!(
            "if `init` was killed just before it made it, do `probant mark set --height 0 --root {}`, \
             and `probant identity --store` says what `init` did not",
            head.root
        )
    } else {
        "if the newest block is known, `probant mark set` makes it anew".into()
    };
    StoreError::Input(format!(
        "the head mark {} is missing: without it a restored copy could fork the ledger; {todo}",
        path.display()
    ))
}
