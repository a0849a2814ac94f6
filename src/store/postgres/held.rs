//! A transaction that is held open, most often with the lock on the head row: for as long as this
//! process runs and wants it, and no longer.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use deadpool_postgres::Object;
use futures_util::future::try_join;
use tokio_postgres::{Error, error::SqlState};

use super::{
    head::{self, HeadRow},
    server::{Server, unavailable},
};
use crate::store::StoreError;

/// A third of what the database waits (server/address.rs).
const AWAKE_PAUSE: Duration = Duration::from_secs(3);
/// Sessions that have held the head for long, and whose program sends nothing: a stopped node. Not
/// one that waits for a standby. For liveness alone: nothing rests on it.
const FREE: &str = "SELECT pg_terminate_backend(s.pid) FROM pg_locks l \
     JOIN pg_stat_activity s ON s.pid = l.pid \
     WHERE l.relation = 'head'::regclass AND l.mode = 'RowShareLock' AND l.granted \
     AND s.wait_event_type = 'Client' AND s.state_change < now() - interval '20 seconds'";

/// Committed here, and perhaps nowhere else.
pub const CUT_SHORT: &str = "a wait for the standby was cut short";

/// A session with an open transaction. Dropped, its connection is closed, and so rolled back.
pub struct Held(Arc<Session>);

struct Session(Option<Object>);

impl Held {
    async fn new(server: &Server) -> Result<Self, StoreError> {
        let session = Arc::new(Session(Some(server.writer().await?)));
        tokio::spawn(keep_awake(Arc::downgrade(&session)));
        Ok(Self(session))
    }

    /// Begins a transaction.
    pub async fn begin(server: &Server) -> Result<Self, StoreError> {
        let held = Self::new(server).await?;
        let began = held.client().batch_execute("BEGIN").await;
        began.map_err(|error| unavailable("begin", &error))?;
        Ok(held)
    }

    /// Locks the head row: waits until no other transaction has it.
    pub async fn head(server: &Server) -> Result<(Self, HeadRow), StoreError> {
        let held = Self::new(server).await?;
        let client = held.client();
        let locked = async {
            let statement = client.prepare_cached(head::LOCK).await?;
            let rows = client.query(&statement, &[]);
            try_join(client.batch_execute("BEGIN"), rows).await
        };
        match locked.await {
            Ok(((), rows)) => Ok((held, head::decode(&rows)?)),
            Err(error) => {
                if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
                    free_head(server).await;
                }
                Err(unavailable("claim the next block", &error))
            }
        }
    }

    pub fn client(&self) -> &Object {
        self.0.client()
    }

    /// Lets the COMMIT to come wait for the standby as long as that takes: a wait that is cut short
    /// counts as committed.
    pub async fn wait_for_standby(&self) -> Result<(), Error> {
        self.client().batch_execute("SET LOCAL statement_timeout = 0").await
    }

    /// Commits, and answers whether the standby has it, if there is one.
    pub async fn commit(self, server: &Server) -> Result<bool, Error> {
        let cut_short = server.cut_short();
        self.end("COMMIT").await?;
        Ok(server.cut_short() == cut_short)
    }

    /// Ends the transaction; the session can be used again.
    pub async fn end(self, how: &str) -> Result<(), Error> {
        self.client().batch_execute(how).await?;
        // One that is being kept awake at the moment is closed instead.
        if let Some(mut session) = Arc::into_inner(self.0) {
            drop(session.0.take());
        }
        Ok(())
    }
}

impl Session {
    fn client(&self) -> &Object {
        self.0.as_ref().expect("there until it is given back")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            drop(Object::take(client));
        }
    }
}

/// A large block takes longer to make than the database waits for a node that has stopped: as long as
/// this one runs, it says so. One that stands still does not.
async fn keep_awake(session: Weak<Session>) {
    loop {
        tokio::time::sleep(AWAKE_PAUSE).await;
        let Some(session) = session.upgrade() else { return };
        if session.client().simple_query("SELECT 1").await.is_err() {
            return;
        }
    }
}

/// Ends sessions of stopped nodes; an engine that cannot be asked for it frees the lock in its time.
async fn free_head(server: &Server) {
    let freed = async {
        let client = server.reader().await?;
        let rows = client.query(FREE, &[]).await;
        rows.map_err(|error| unavailable("look who holds the head", &error))
    };
    match freed.await {
        Ok(rows) if rows.is_empty() => tracing::warn!("the head is held by another node"),
        Ok(_) => tracing::warn!("a session that held the head and sent nothing was ended"),
        Err(error) => tracing::warn!(%error, "nobody could be asked who holds the head"),
    }
}
