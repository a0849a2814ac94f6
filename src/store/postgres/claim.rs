//! The claim on the next block: one transaction, which holds the lock on the head row from before
//! the block is made until it is there. Nobody else can make one meanwhile; whatever becomes of this
//! process, of the connection or of the database, the transaction is there whole or not at all.

use std::time::Duration;

use futures_util::future::try_join3;
use probant_core::{chain::Head, tree::Frontier};
use tokio_postgres::error::SqlState;

use super::{
    Postgres, entries,
    follow::check_not_behind,
    head,
    held::{CUT_SHORT, Held},
    rows::Rows,
    server::unavailable,
    usage,
};
use crate::store::{Claim, StoreError, StoredBlock, Usages};

/// A COMMIT that is not answered for so long is in doubt; a wait for a standby is not cut short by
/// it, only no longer waited for.
const COMMIT_WAIT: Duration = Duration::from_secs(10);
/// How long a doubt is looked into before the next claim has to.
const DOUBT_WAIT: Duration = Duration::from_secs(10);
const DOUBT_PAUSE: Duration = Duration::from_millis(100);
/// Blocks that are taken up under the claim.
const TAKEN_UP_MAX: u64 = 16;
const ROLLBACK_WAIT: Duration = Duration::from_secs(1);

/// The next block is this node's to make.
struct Next<'a> {
    store: &'a Postgres,
    held: Option<Held>,
    head: Option<Head>,
    usage: Usages,
}

impl Postgres {
    pub(super) fn claim_next(&self) -> Result<Box<dyn Claim + '_>, StoreError> {
        loop {
            let (held, row) = self.server.wait(Held::head(&self.server))?;
            let head = row.head.clone();
            let next = Next { store: self, held: Some(held), head, usage: Usages::new() };
            row.state.check(self.state)?;
            let own = self.newest();
            check_not_behind(own.as_ref(), next.head())?;
            let height = |head: Option<&Head>| head.map_or(0, |head| head.height);
            if height(next.head()) - height(own.as_ref()) <= TAKEN_UP_MAX {
                self.take_up(&row)?;
                return Ok(Box::new(next));
            }
            // Nobody else is kept waiting for what this node has missed.
            drop(next);
            self.take_up_new()?;
        }
    }
}

impl Claim for Next<'_> {
    fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    fn usage(&self, issuers: &[&str]) -> Result<Usages, StoreError> {
        let held = self.held.as_ref().expect("held until the claim is used");
        self.store.server.wait(usage::read(held.client(), issuers))
    }

    fn set_usage(&mut self, usage: Usages) {
        self.usage = usage;
    }

    fn append(mut self: Box<Self>, block: StoredBlock) -> Result<(), StoreError> {
        let held = self.held.take().expect("held until the claim is used");
        let before = self.store.chain_now();
        let before = before.as_ref().map_or_else(Frontier::default, |c| c.frontier().clone());
        let rows = Rows::of(&before, &block);
        self.store.server.wait(self.write(held, rows, &block))?;
        // A crash here leaves the mark below a durable block: it is raised on opening.
        self.store.statuses.grow(&block.growth);
        self.store.publish(&mut self.store.marked(), block.chain)
    }
}

impl Next<'_> {
    async fn write(&self, held: Held, rows: Rows, block: &StoredBlock) -> Result<(), StoreError> {
        let client = held.client();
        let moved = head::advance(client, self.head(), block);
        let used = usage::write(client, &self.usage);
        match try_join3(moved, rows.send(client), used).await {
            Ok((true, (), ())) => {}
            Ok((false, ..)) => return Err(StoreError::Conflict),
            Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                return Err(StoreError::Conflict);
            }
            Err(error) => return Err(unavailable("write a block", &error)),
        }
        let unhurried = held.wait_for_standby().await;
        unhurried.map_err(|error| unavailable("write a block", &error))?;
        let committed = held.commit(&self.store.server);
        let why = match tokio::time::timeout(COMMIT_WAIT, committed).await {
            Ok(Ok(true)) => return Ok(()),
            Ok(Ok(false)) => CUT_SHORT.into(),
            // The database says itself that it has not.
            Ok(Err(error)) if error.code().is_some_and(is_rolled_back) => {
                return Err(unavailable("commit a block", &error));
            }
            Ok(Err(error)) => unavailable("commit a block", &error).to_string(),
            Err(_) => "COMMIT was not answered".into(),
        };
        tracing::warn!(height = block.head.height, why, "a block is in doubt");
        let settled = tokio::time::timeout(DOUBT_WAIT, self.settle(block)).await;
        settled.unwrap_or(Err(StoreError::Unknown(why)))
    }

    /// Finds out what became of a COMMIT without an answer. A session that may still commit holds
    /// the lock on the head: once that is had, nothing changes any more.
    async fn settle(&self, block: &StoredBlock) -> Result<(), StoreError> {
        loop {
            match self.look(block).await {
                Err(StoreError::Unavailable(why)) => {
                    tracing::warn!(why, "a block is still in doubt");
                    tokio::time::sleep(DOUBT_PAUSE).await;
                }
                settled => return settled?,
            }
        }
    }

    /// What has become of the block, if that can be said.
    async fn look(&self, block: &StoredBlock) -> Result<Result<(), StoreError>, StoreError> {
        let (held, row) = Held::head(&self.store.server).await?;
        let there = entries::block(held.client(), block.head.height).await?;
        if there.is_none() && row.head == self.head {
            return Ok(Err(StoreError::Unavailable("COMMIT was not carried out".into())));
        }
        if there != Some(block.bytes.clone()) {
            return Ok(Err(StoreError::Conflict));
        }
        // It may be waiting for a standby still: what is committed after it waits for that too.
        let failed = |error| unavailable("make certain of a block", &error);
        held.client().batch_execute("UPDATE head SET state = state").await.map_err(failed)?;
        held.wait_for_standby().await.map_err(failed)?;
        if held.commit(&self.store.server).await.map_err(failed)? {
            return Ok(Ok(()));
        }
        Err(StoreError::Unavailable(CUT_SHORT.into()))
    }
}

fn is_rolled_back(code: &SqlState) -> bool {
    // Class 40 is "transaction rollback", class 23 a constraint.
    (code.code().starts_with("40") && *code != SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN)
        || code.code().starts_with("23")
}

impl Drop for Next<'_> {
    fn drop(&mut self) {
        let Some(held) = self.held.take() else { return };
        // If it fails, the connection is closed, and the database rolls back by itself.
        let ended = async { tokio::time::timeout(ROLLBACK_WAIT, held.end("ROLLBACK")).await };
        let _ = self.store.server.wait(ended);
    }
}
