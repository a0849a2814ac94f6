//! What every connection is asked when it is made, for a database can be restarted with other
//! settings: is what it commits there after a power cut, and can this node use it.

use tokio_postgres::{Client, Error};

use super::Access;

/// The oldest version that all of this is known to work with.
const VERSION_MIN: i32 = 130_000;

const ASK: &str = "SELECT current_setting('fsync'), current_setting('full_page_writes'), \
     current_setting('synchronous_commit'), current_setting('synchronous_standby_names'), \
     current_setting('server_version_num')::int, pg_is_in_recovery()";

/// Whether there is a ledger whose node this is.
const IS_NODE: &str = "SELECT CASE WHEN to_regclass('usage') IS NULL THEN false \
     ELSE has_table_privilege('usage', 'INSERT') AND has_table_privilege('usage', 'UPDATE') END";
/// Writes something that says nothing, and waits for the standby to have it: what was there before is
/// on it then, too.
const WAIT_FOR_STANDBY: &str = "BEGIN; SET LOCAL statement_timeout = 0; \
     INSERT INTO usage (issuer, day, documents, full_us) VALUES ('', 0, 0, 0) \
     ON CONFLICT (issuer) DO UPDATE SET full_us = usage.full_us; COMMIT";

/// A primary that was restarted shows what its standby may lack: committed, but not waited for. A failover
/// would take it back, so nothing is believed before the standby has it.
pub async fn wait_for_standby(client: &Client, access: Access) -> Result<(), Error> {
    if access == Access::Read || !client.query_one(IS_NODE, &[]).await?.get::<_, bool>(0) {
        return Ok(());
    }
    client.batch_execute(WAIT_FOR_STANDBY).await
}

/// Why this database cannot be used so, if it cannot.
pub async fn check(client: &Client, access: Access) -> Result<Option<String>, Error> {
    let row = client.query_one(ASK, &[]).await?;
    let (fsync, pages, commit): (&str, &str, &str) = (row.get(0), row.get(1), row.get(2));
    let (standbys, version, is_standby): (&str, i32, bool) = (row.get(3), row.get(4), row.get(5));
    if version < VERSION_MIN {
        return Ok(Some(format!("PostgreSQL {} is too old: 13 is wanted", version / 10_000)));
    }
    // What only reads acknowledges nothing.
    if access == Access::Read {
        return Ok(None);
    }
    if is_standby {
        let why = "the database is a standby, which takes nothing: name the primary, or follow it \
                   with --read-only";
        return Ok(Some(why.into()));
    }
    for (name, value) in [("fsync", fsync), ("full_page_writes", pages)] {
        if value != "on" {
            return Ok(Some(format!(
                "the database has {name} = {value}: a power cut would undo what was acknowledged; \
                 set it to on"
            )));
        }
    }
    let weak = commit == "off" || (commit == "local" && !standbys.is_empty());
    Ok(weak.then(|| {
        format!(
            "the database has synchronous_commit = {commit}: a crash or a failover would undo what \
             was acknowledged; set it to on, for this role too"
        )
    }))
}
