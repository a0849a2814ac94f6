//! The head row: the newest block as the database has it, and the lock that says whose the next is.

use deadpool_postgres::ClientWrapper;
use probant_core::{LedgerId, chain::Head, registry::Registry};
use tokio_postgres::{Error, Row, types::ToSql};

use super::cell::{big, cell, hash, number};
use crate::store::{StoreError, StoredBlock};

/// The newest block.
const READ: &str = "SELECT state, ledger, height, size, root, statement, documents, time_ms, \
     current_setting('synchronous_standby_names') <> '' FROM head";
/// The same, and the next one is whose transaction this is.
pub const LOCK: &str = "SELECT state, ledger, height, size, root, statement, documents, time_ms, \
     current_setting('synchronous_standby_names') <> '' FROM head FOR UPDATE";
const MOVE: &str = "UPDATE head SET ledger = $1, height = $2, size = $3, root = $4, \
     statement = $5, documents = $6, time_ms = $7, changes = changes + $10 \
     WHERE height IS NOT DISTINCT FROM $8 AND root IS NOT DISTINCT FROM $9";

/// Whether this is where the ledger goes on, and its newest block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeadRow {
    pub state: State,
    /// None before block 0.
    pub head: Option<Head>,
    /// Whether there is a standby, which may lack it where somebody ended the wait for it.
    pub standby: bool,
}

/// What may be done with the ledger in this database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It goes on here.
    Open,
    /// Its blocks are still being brought here from elsewhere.
    Arriving,
    /// It goes on elsewhere.
    Moved,
}

impl State {
    fn of(name: &str) -> Result<Self, StoreError> {
        match name {
            "open" => Ok(Self::Open),
            "arriving" => Ok(Self::Arriving),
            "moved" => Ok(Self::Moved),
            other => Err(StoreError::damage("database, head", format!("state {other:?}"))),
        }
    }

    /// As the database has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Arriving => "arriving",
            Self::Moved => "moved",
        }
    }

    /// Whether whoever adds blocks in a state may do so in this one.
    ///
    /// # Errors
    /// `Input` where they are made elsewhere.
    pub fn check(self, adds: Self) -> Result<(), StoreError> {
        let why = match self {
            state if state == adds => return Ok(()),
            // Whoever takes it away looks, until it is away.
            Self::Open if adds == Self::Moved => return Ok(()),
            Self::Open => "the ledger goes on in this database already",
            Self::Arriving => {
                "the ledger is still being moved into this database: nothing is written until \
                 that is done"
            }
            Self::Moved => {
                "the ledger has moved out of this database and goes on elsewhere: nothing is \
                 written here any more"
            }
        };
        Err(StoreError::Input(why.into()))
    }
}

/// Reads the newest block without waiting for anybody.
pub async fn read(client: &ClientWrapper) -> Result<Result<HeadRow, StoreError>, Error> {
    let statement = client.prepare_cached(READ).await?;
    let rows = client.query(&statement, &[]).await?;
    Ok(decode(&rows))
}

/// What [`READ`] and [`LOCK`] answer.
pub fn decode(rows: &[Row]) -> Result<HeadRow, StoreError> {
    let [row] = rows else {
        return Err(StoreError::damage("database, head", format!("{} rows for one", rows.len())));
    };
    let (state, standby) = (State::of(cell(row, 0)?)?, cell(row, 8)?);
    if cell::<Option<i64>>(row, 2)?.is_none() {
        return Ok(HeadRow { state, head: None, standby });
    }
    let head = Head {
        ledger: LedgerId(hash(row, 1)?),
        height: number(row, 2)?,
        size: number(row, 3)?,
        root: hash(row, 4)?,
        statement: hash(row, 5)?,
        documents: number(row, 6)?,
        time_ms: number(row, 7)?,
    };
    Ok(HeadRow { state, head: Some(head), standby })
}

/// Moves the head on to a block, if it is still the one before; answers whether it was.
pub async fn advance(
    client: &ClientWrapper,
    before: Option<&Head>,
    StoredBlock { head, block, .. }: &StoredBlock,
) -> Result<bool, Error> {
    let changes = block.entries.iter().filter(|entry| Registry::is_changed_by(entry)).count();
    let statement = client.prepare_cached(MOVE).await?;
    let values: [&(dyn ToSql + Sync); 10] = [
        &head.ledger.0.0.as_slice(),
        &big(head.height),
        &big(head.size),
        &head.root.0.as_slice(),
        &head.statement.0.as_slice(),
        &big(head.documents),
        &big(head.time_ms),
        &before.map(|head| big(head.height)),
        &before.map(|head| head.root.0.as_slice()),
        &big(changes as u64),
    ];
    Ok(client.execute(&statement, &values).await? == 1)
}
