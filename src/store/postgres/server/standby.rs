//! Waiting for the synchronous standby: what the database shows is believed once the standby has it. A
//! primary that was restarted, or a wait that somebody ended, shows what a failover would take back.

use std::{sync::atomic::Ordering, time::Duration};

use deadpool_postgres::HookError;
use tokio::time::timeout;
use tokio_postgres::{Client, Error, NoTls, config::SslMode, error::DbError};

use super::{Access, Server, Watched, reason, unavailable};
use crate::store::StoreError;

/// A standby that is there answers sooner.
const STANDBY_MAX: Duration = Duration::from_secs(6);
const CANCEL_MAX: Duration = Duration::from_secs(2);
/// How long all of it takes at most.
pub const WAIT_MAX: Duration = STANDBY_MAX.saturating_add(CANCEL_MAX);

/// Passes by itself, or its operator mends it.
pub const NO_STANDBY: &str = "the database waits for its standby: what it shows may not be there after \
     a failover";

/// Whether there is a ledger whose node this is.
const IS_NODE: &str = "SELECT CASE WHEN to_regclass('usage') IS NULL THEN false \
     ELSE has_table_privilege('usage', 'INSERT') AND has_table_privilege('usage', 'UPDATE') END";
/// Writes something that says nothing, and waits for the standby to have it: what was there before is
/// on it then, too.
const WAIT: &str = "BEGIN; SET LOCAL statement_timeout = 0; \
     INSERT INTO usage (issuer, day, documents, full_us) VALUES ('', 0, 0, 0) \
     ON CONFLICT (issuer) DO UPDATE SET full_us = usage.full_us; COMMIT";

impl Server {
    /// Waits until the standby has all that the database shows at this moment.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where it is not there.
    pub async fn confirm(&self) -> Result<(), StoreError> {
        let client = self.writer().await?;
        match self.connects.confirm(&client, Access::Write).await {
            Ok(()) => Ok(()),
            Err(HookError::Backend(error)) => Err(unavailable("wait for the standby", &error)),
            Err(_) => Err(StoreError::Unavailable(NO_STANDBY.into())),
        }
    }
}

impl Watched {
    /// That the standby has all that a connection shows.
    pub(super) async fn confirm(&self, client: &Client, access: Access) -> Result<(), HookError> {
        let before = self.cut_short.load(Ordering::Acquire);
        let Ok(waited) = timeout(STANDBY_MAX, wait(client, access)).await else {
            self.cancel(client).await;
            return Err(HookError::message(NO_STANDBY));
        };
        waited.map_err(HookError::Backend)?;
        let had = self.cut_short.load(Ordering::Acquire) == before;
        if had { Ok(()) } else { Err(HookError::message(NO_STANDBY)) }
    }

    /// A session that waits for a standby notices neither its timeouts nor that nobody listens any
    /// more: each try would leave one, until there are no more to be had.
    async fn cancel(&self, client: &Client) {
        let token = client.cancel_token();
        let cancelled = async {
            if self.hosts[0].get_ssl_mode() == SslMode::Disable {
                token.cancel_query(NoTls).await
            } else {
                token.cancel_query(self.tls.clone()).await
            }
        };
        match timeout(CANCEL_MAX, cancelled).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(why = reason(&error), "a wait was not cancelled"),
            Err(_) => tracing::debug!("a wait was not cancelled in time"),
        }
    }
}

/// What only reads writes nothing: it follows whoever does.
async fn wait(client: &Client, access: Access) -> Result<(), Error> {
    if access == Access::Read || !client.query_one(IS_NODE, &[]).await?.get::<_, bool>(0) {
        return Ok(());
    }
    client.batch_execute(WAIT).await
}

/// "canceling wait for synchronous replication", in the server's language: of warnings, COMMIT knows no
/// other.
pub fn is_cut_short(notice: &DbError) -> bool {
    notice.file() == Some("syncrep.c") || notice.message().contains("synchronous replication")
}
