//! What others have made in the schema. Whoever may make things there, and nothing else, could have
//! them run with the rights of the operator who makes the tables or derives them anew.
//!
//! Not what others may do with tables that are this role's: that was given to them.

use deadpool_postgres::ClientWrapper;

use super::{cell::cell, schema::refused};
use crate::store::StoreError;

/// What has the name of a table, and is another's, no table, or runs something when it is written to.
/// After that, functions and operators that would be called in the place of the database's own: a
/// better match counts before the order of schemas. Superusers need no such way.
const FOREIGN: &str = "SELECT name::text, owner::text, current_user::text, why FROM ( \
     SELECT c.relname, pg_get_userbyid(c.relowner), CASE \
       WHEN pg_get_userbyid(c.relowner) <> current_user THEN 'owner' \
       WHEN c.relkind <> 'r' THEN 'no table' \
       WHEN EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid) THEN 'trigger' \
       WHEN EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid) THEN 'rule' END \
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
     WHERE n.nspname = current_schema() AND c.relname = ANY($1::name[]) \
     UNION ALL \
     SELECT called.name, r.rolname, 'owner' FROM ( \
       SELECT proname, pronamespace, proowner FROM pg_proc \
       UNION ALL SELECT oprname, oprnamespace, oprowner FROM pg_operator \
     ) AS called (name, namespace, owner) \
     JOIN pg_namespace n ON n.oid = called.namespace JOIN pg_roles r ON r.oid = called.owner \
     WHERE n.nspname = ANY(current_schemas(false)) \
       AND r.rolname <> current_user AND NOT r.rolsuper \
       AND (EXISTS (SELECT FROM pg_proc p WHERE p.proname = called.name \
              AND p.pronamespace = 'pg_catalog'::regnamespace) \
         OR EXISTS (SELECT FROM pg_operator o WHERE o.oprname = called.name \
              AND o.oprnamespace = 'pg_catalog'::regnamespace)) \
     ) AS found (name, owner, why) WHERE why IS NOT NULL LIMIT 1";

/// That of what has these names nothing is another's, nor runs anything. Asked after making what was
/// not there, and before anything is written: what is this role's stays so.
///
/// # Errors
/// [`StoreError::Input`] names the first that is.
pub async fn check(client: &ClientWrapper, tables: &[String]) -> Result<(), StoreError> {
    let found = client.query(FOREIGN, &[&tables]).await;
    let found = found.map_err(|error| refused("look who made what is there", &error))?;
    let Some(row) = found.first() else { return Ok(()) };
    let [name, owner, own, why]: [&str; 4] =
        [cell(row, 0)?, cell(row, 1)?, cell(row, 2)?, cell(row, 3)?];
    Err(StoreError::Input(match why {
        "owner" => format!(
            "{name} is there already and belongs to {owner}, whose it would be to say what is done \
             with the rights of {own}: drop it, or if all of the ledger is {owner}'s, run this as \
             {owner}; and REVOKE CREATE ON SCHEMA, so that no other can make anything there"
        ),
        "no table" => format!("{name} is there already and is no table: drop it"),
        why => format!(
            "the table {name} has a {why}, which would be run with the rights of {own}: drop it"
        ),
    }))
}
