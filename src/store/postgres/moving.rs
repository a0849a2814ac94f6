//! A ledger that moves into a database, or out of it. Until all of it has arrived, and from the moment
//! in which it leaves, no node writes to it there: the state in the head row says so under its lock.

use std::path::Path;

use deadpool_postgres::ClientWrapper;
use probant_core::chain::Head;

use super::{
    Marked, Postgres,
    follow::newest,
    head::{HeadRow, State},
    held::{CUT_SHORT, Held},
    schema,
    server::{Server, unavailable},
};
use crate::store::{Store as _, StoreError};

/// What a ledger that is to be brought into a database finds there.
pub enum Arrival {
    /// What it may be brought into.
    Here(Box<Postgres>),
    /// A ledger goes on in it, with this head.
    Open(Head),
}

impl Postgres {
    /// Opens a database for a ledger that is brought here block by block: an empty one, one that an
    /// earlier run did not fill, or one that the ledger once left.
    ///
    /// # Errors
    /// [`StoreError::Input`] where rights are missing; [`StoreError::Unavailable`].
    pub fn arrive(server: Server) -> Result<Arrival, StoreError> {
        server.wait(async { schema::create(&*server.writer().await?).await })?;
        server.wait(async { schema::check(&*server.writer().await?, true).await })?;
        if let HeadRow { state: State::Open, head: Some(head), .. } = newest(&server)? {
            return Ok(Arrival::Open(head));
        }
        server.wait(set(&server, State::Arriving))?;
        Ok(Arrival::Here(Box::new(Self::assemble(server, Marked::No, State::Arriving)?)))
    }

    /// Opens a database for a ledger that is to leave it, or did so in an earlier run, with the head mark
    /// that a node must have: whoever has none could take an old copy for the ledger.
    ///
    /// # Errors
    /// Those of [`Postgres::open`].
    pub fn open_to_leave(server: Server, mark: &Path) -> Result<Self, StoreError> {
        Self::open_in(server, mark, State::Moved)
    }

    /// Whether the ledger goes on elsewhere.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub fn has_left(&self) -> Result<bool, StoreError> {
        Ok(newest(&self.server)?.state == State::Moved)
    }

    /// All of it has arrived: from now on the ledger goes on here.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: do it again.
    pub fn settle(&self) -> Result<(), StoreError> {
        self.server.wait(set(&self.server, State::Open))
    }

    /// From now on the ledger goes on elsewhere: waits for the block that is being made, and gives the
    /// last one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: do it again. [`StoreError::Input`] where there is no ledger.
    pub fn leave(&self) -> Result<Head, StoreError> {
        self.server.wait(set(&self.server, State::Moved))?;
        self.follow()?;
        self.head().ok_or_else(|| StoreError::Input("the database holds no ledger".into()))
    }
}

/// Which of the ledgers of a database a connection finds: the schema that its tables are in.
///
/// # Errors
/// [`StoreError::Input`] where there is none; [`StoreError::Unavailable`].
pub fn schema_of(server: &Server) -> Result<String, StoreError> {
    server.wait(async {
        let client = server.reader().await?;
        let row = client.query_one("SELECT current_schema()::text", &[]).await;
        let row = row.map_err(|error| unavailable("ask for the schema", &error))?;
        let none = || StoreError::Input("no schema of its search_path is in this database".into());
        row.get::<_, Option<String>>(0).ok_or_else(none)
    })
}

/// Waits for the lock on the head, so that no block is being made, and sets the state. Done again, it
/// waits again for a standby that may lack it.
async fn set(server: &Server, state: State) -> Result<(), StoreError> {
    let (held, _) = Held::head(server).await?;
    let failed = |error| unavailable("say where the ledger goes on", &error);
    let client: &ClientWrapper = held.client();
    let set = client.execute("UPDATE head SET state = $1", &[&state.name()]).await;
    set.map_err(failed)?;
    // A failover would undo what the standby does not have: the ledger would go on in both places.
    held.wait_for_standby().await.map_err(failed)?;
    if held.commit(server).await.map_err(failed)? {
        return Ok(());
    }
    Err(StoreError::Unavailable(CUT_SHORT.into()))
}
