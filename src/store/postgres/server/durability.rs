//! What every connection is asked when it is made, for a database can be restarted with other
//! settings: is what it commits there after a power cut, and can this node use it.

use tokio_postgres::{Client, Error};

use super::Access;

/// The oldest version that all of this is known to work with.
const VERSION_MIN: i32 = 130_000;

const ASK: &str = "SELECT current_setting('fsync'), current_setting('full_page_writes'), \
     current_setting('synchronous_commit'), current_setting('synchronous_standby_names'), \
     current_setting('server_version_num')::int, pg_is_in_recovery()";

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
