//! What a role that may make things in the schema, and nothing else, makes there before the operator
//! does: nothing of it is used, for it would run with the operator's rights.

use probant::store::{StoreError, postgres::Postgres};

use crate::{Keys, cluster::Database, holding, truth::check_all, world::blocks};

/// A role that may make things in the schema, and what it makes: functions that leave a witness.
struct Stranger<'a> {
    database: &'a Database,
    role: String,
}

impl<'a> Stranger<'a> {
    fn of(database: &'a Database) -> Self {
        let role = format!("stranger_{}", database.schema);
        database.sql(&format!("CREATE ROLE {role}"));
        database.sql(&format!("GRANT USAGE, CREATE ON SCHEMA {} TO {role}", database.schema));
        let stranger = Self { database, role };
        stranger.makes("CREATE TABLE witness (of text); GRANT INSERT ON witness TO PUBLIC");
        stranger.makes(
            "CREATE FUNCTION spring() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN INSERT INTO witness VALUES (current_user); RETURN NEW; END'",
        );
        stranger
    }

    fn makes(&self, sql: &str) {
        self.database.sql(&format!("SET ROLE {}; {sql}", self.role));
    }

    /// A table as the ledger's is, with a trap in it.
    fn makes_table(&self, name: &str, columns: &str) {
        self.makes(&format!("CREATE TABLE {name} ({columns}); GRANT ALL ON {name} TO PUBLIC"));
        self.makes(&format!(
            "CREATE TRIGGER trap BEFORE INSERT ON {name} EXECUTE FUNCTION spring()"
        ));
    }

    fn has_caught(&self) -> String {
        self.database.sql("SELECT string_agg(of, ' ') FROM witness")
    }
}

const BLOCKS: &str = "height bigint PRIMARY KEY, first bigint, size bigint, documents bigint, \
     time_ms bigint, bytes bigint, status_inners bigint, status_leaves bigint, seal_start integer, \
     seal_bytes integer, root bytea, statement bytea, status_root bytea";
const HEAD: &str = "one boolean PRIMARY KEY, version integer, state text, ledger bytea, \
     height bigint, size bigint, documents bigint, time_ms bigint, root bytea, statement bytea, \
     changes bigint";

fn is_refused(refused: &StoreError, says: [&str; 2]) {
    assert!(matches!(refused, StoreError::Input(_)), "{refused}");
    let refused = refused.to_string();
    assert!(says.iter().all(|says| refused.contains(says)), "{refused}");
}

fn derive_anew(database: &Database) -> Result<u64, StoreError> {
    Postgres::derive_anew(&database.connect(), &|_, _| {})
}

#[test]
fn look_ups_are_derived_into_nothing_that_another_made() {
    let blocks = blocks(6);
    let (database, keys) = holding(&blocks);
    let stranger = Stranger::of(&database);
    stranger.makes_table("blocks_anew", BLOCKS);
    is_refused(&derive_anew(&database).unwrap_err(), ["blocks_anew", &stranger.role]);
    assert_eq!(stranger.has_caught(), "");
    database.sql("DROP TABLE blocks_anew");
    // Something that is no table, in the place of one that was lost.
    database.sql("ALTER TABLE lists RENAME TO listed");
    stranger.makes("CREATE VIEW lists AS SELECT 1::bigint AS entry");
    is_refused(&derive_anew(&database).unwrap_err(), ["lists", &stranger.role]);
    database.sql("DROP VIEW lists; ALTER TABLE listed RENAME TO lists");
    assert_eq!(derive_anew(&database).unwrap(), 6);
    assert_eq!(stranger.has_caught(), "");
    check_all(&keys.open(&database).unwrap(), &blocks);
}

#[test]
fn tables_with_triggers_or_rules_are_refused_whoever_owns_them() {
    let blocks = blocks(4);
    let (database, keys) = holding(&blocks);
    for (trap, undone, says) in [
        (
            "CREATE TRIGGER trap BEFORE INSERT ON entries EXECUTE FUNCTION \
             pg_catalog.suppress_redundant_updates_trigger()",
            "DROP TRIGGER trap ON entries",
            ["entries", "trigger"],
        ),
        (
            "CREATE RULE trap AS ON INSERT TO documents DO ALSO NOTHING",
            "DROP RULE trap ON documents",
            ["documents", "rule"],
        ),
    ] {
        database.sql(trap);
        is_refused(&derive_anew(&database).unwrap_err(), says);
        database.sql(undone);
        assert_eq!(derive_anew(&database).unwrap(), 4);
    }
    check_all(&keys.open(&database).unwrap(), &blocks);
}

#[test]
fn no_ledger_is_made_in_tables_that_another_made() {
    let (database, keys) = (Database::new(), Keys::new());
    let stranger = Stranger::of(&database);
    let create = || Postgres::create(database.connect(), &keys.mark());
    for (name, columns) in [("head", HEAD), ("blocks", BLOCKS)] {
        stranger.makes_table(name, columns);
        is_refused(&create().err().unwrap(), [name, &stranger.role]);
        assert_eq!(stranger.has_caught(), "");
        database.sql(&format!("DROP TABLE {name}"));
    }
    assert_eq!(keys.marked(), None);
    create().unwrap();
}

#[test]
fn functions_that_would_be_called_in_the_place_of_the_databases_own_are_refused() {
    let blocks = blocks(4);
    let (database, keys) = holding(&blocks);
    let stranger = Stranger::of(&database);
    stranger.makes(
        "CREATE FUNCTION unnest(text[]) RETURNS SETOF text LANGUAGE plpgsql AS \
         'BEGIN INSERT INTO witness VALUES (current_user); END'",
    );
    is_refused(&derive_anew(&database).unwrap_err(), ["unnest", &stranger.role]);
    assert_eq!(stranger.has_caught(), "");
    let create = || Postgres::create(database.connect(), &Keys::new().mark());
    is_refused(&create().err().unwrap(), ["unnest", &stranger.role]);
    database.sql("DROP FUNCTION unnest(text[])");
    stranger.makes(
        "CREATE FUNCTION less(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true'; \
         CREATE OPERATOR < (FUNCTION = less, LEFTARG = bigint, RIGHTARG = bigint)",
    );
    is_refused(&derive_anew(&database).unwrap_err(), ["<", &stranger.role]);
    let own = format!("DROP OPERATOR {}.< (bigint, bigint)", database.schema);
    database.sql(&own);
    assert_eq!(derive_anew(&database).unwrap(), 4);
    check_all(&keys.open(&database).unwrap(), &blocks);
}
