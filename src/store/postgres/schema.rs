//! The tables: making them, and seeing at the start that they are there, of the right version, and
//! this role's to use.

use deadpool_postgres::ClientWrapper;
use tokio_postgres::{Error, error::SqlState};

use super::{
    cell::{cell, damage},
    foreign,
    server::unavailable,
};
use crate::store::StoreError;

/// The version of schema.sql.
pub const VERSION: i32 = 1;
pub const TABLES_SQL: &str = include_str!("schema.sql");
/// The one row of the head, before block 0.
const HEAD_SQL: &str = "INSERT INTO head (one, version, state, changes) \
     VALUES (true, 1, 'open', 0) ON CONFLICT DO NOTHING";
/// Hashes do not compress, and a part of a block is read without the rest: a matter of speed, which
/// an engine that knows no such storage does without.
const STORAGE_SQL: &str = "ALTER TABLE block_parts ALTER COLUMN bytes SET STORAGE EXTERNAL; \
     ALTER TABLE lists ALTER COLUMN nodes SET STORAGE EXTERNAL";

/// What is derived from the blocks.
pub const DERIVED: [&str; 8] = [
    "blocks",
    "entries",
    "tree",
    "lists",
    "documents",
    "registry",
    "status_inners",
    "status_leaves",
];

/// Makes what is not there; a crash in the middle is followed by making the rest.
pub async fn create(client: &ClientWrapper) -> Result<(), StoreError> {
    if let Err(error) = make(client).await {
        // A session in a failed transaction is of no use to the next.
        let _ = client.batch_execute("ROLLBACK").await;
        return Err(error);
    }
    if let Err(error) = client.batch_execute(STORAGE_SQL).await {
        tracing::warn!(%error, "long values keep the database's own kind of storage");
    }
    Ok(())
}

async fn make(client: &ClientWrapper) -> Result<(), StoreError> {
    let failed = |error| refused("make the tables", &error);
    client.batch_execute(&format!("BEGIN; {TABLES_SQL}")).await.map_err(failed)?;
    foreign::check(client, &tables("")).await?;
    client.batch_execute(&format!("{HEAD_SQL}; COMMIT")).await.map_err(failed)
}

/// The names of all tables, those that are derived with a suffix.
pub fn tables(suffix: &str) -> Vec<String> {
    let derived = DERIVED.iter().map(|table| format!("{table}{suffix}"));
    derived.chain(["block_parts", "usage", "head"].map(String::from)).collect()
}

/// Brings the tables of an older program up to this one, and gives their version. Every step is a
/// transaction that says its version last: after a crash the rest is done.
pub async fn migrate(client: &ClientWrapper) -> Result<i32, StoreError> {
    let version = version(client).await?;
    if version > VERSION {
        return Err(newer(version));
    }
    // Version 1 is the first: no step leads to it.
    Ok(version)
}

async fn version(client: &ClientWrapper) -> Result<i32, StoreError> {
    let failed = |error| refused("read the schema version", &error);
    let rows = client.query("SELECT version FROM head", &[]).await.map_err(failed)?;
    rows.first().map_or_else(|| Err(no_ledger()), |row| cell(row, 0))
}

fn newer(version: i32) -> StoreError {
    StoreError::Input(format!(
        "the tables are of version {version}, and this program knows {VERSION}: upgrade probant"
    ))
}

/// Looks whether the tables can be used: read, and added to if `writes`.
pub async fn check(client: &ClientWrapper, writes: bool) -> Result<(), StoreError> {
    check_version(client).await?;
    check_rights(client, writes).await
}

/// That the tables are those of this program.
pub async fn check_version(client: &ClientWrapper) -> Result<(), StoreError> {
    let version = version(client).await?;
    if version > VERSION {
        return Err(newer(version));
    }
    if version < VERSION {
        return Err(StoreError::Input(format!(
            "the tables are of version {version}, and this program needs {VERSION}: `probant \
             migrate schema` brings them up to it"
        )));
    }
    Ok(())
}

async fn check_rights(client: &ClientWrapper, writes: bool) -> Result<(), StoreError> {
    let added_to = || DERIVED.into_iter().chain(["block_parts"]);
    let mut needed: Vec<_> = added_to().map(|table| (table, "SELECT")).collect();
    needed.push(("head", "SELECT"));
    needed.push(("usage", "SELECT"));
    if writes {
        needed.extend(added_to().map(|table| (table, "INSERT")));
        needed.extend([("head", "UPDATE"), ("usage", "INSERT"), ("usage", "UPDATE")]);
    }
    let (tables, rights): (Vec<_>, Vec<_>) = needed.into_iter().unzip();
    let sql = "SELECT needed.name, needed.allowed, current_user::text \
         FROM unnest($1::text[], $2::text[]) AS needed (name, allowed) \
         WHERE NOT has_table_privilege(needed.name, needed.allowed)";
    let missing = client.query(sql, &[&tables, &rights]).await;
    let missing = missing.map_err(|error| match error.code() {
        // The head is there, which is made last.
        Some(&SqlState::UNDEFINED_TABLE) => damage(
            "tables",
            &format!("{}: `probant reindex` makes anew what is derived", said(&error)),
        ),
        _ => refused("look at its rights", &error),
    })?;
    let Some(row) = missing.first() else { return Ok(()) };
    let (table, right, role): (&str, &str, &str) = (cell(row, 0)?, cell(row, 1)?, cell(row, 2)?);
    Err(StoreError::Input(format!(
        "the database does not let {role} {right} in the table {table}: GRANT {right} ON {table} \
         TO {role} ({} such rights are missing)",
        missing.len()
    )))
}

/// What only the operator can mend, or what may pass.
pub fn refused(doing: &str, error: &Error) -> StoreError {
    match error.code() {
        Some(&SqlState::UNDEFINED_TABLE) => no_ledger(),
        Some(&SqlState::UNDEFINED_COLUMN) => StoreError::Input(
            "a table here has the name of one of Probant's and is another's: give the ledger a \
             schema of its own"
                .into(),
        ),
        Some(
            &(SqlState::INSUFFICIENT_PRIVILEGE
            | SqlState::INVALID_SCHEMA_NAME
            | SqlState::READ_ONLY_SQL_TRANSACTION),
        ) => StoreError::Input(format!(
            "the database does not let this role {doing}: {}",
            said(error)
        )),
        _ => unavailable(doing, error),
    }
}

fn said(error: &Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |said| said.message().into())
}

fn no_ledger() -> StoreError {
    StoreError::Input("the database holds no ledger: `probant init --store` makes one".into())
}
