//! Databases that a node does not serve from: it ends with exit code 2 and one line that says why.

use std::fs;

use crate::{cluster::Database, harness::Home};

/// The one line of a node that must not start.
#[track_caller]
fn refused(home: &Home) -> String {
    let (code, said) = home.refused(&[]);
    assert_eq!(code, 2, "{said}");
    let line = said.trim_end();
    assert_eq!(line.lines().count(), 1, "{said}");
    line.to_owned()
}

#[test]
fn a_database_of_another_version_or_without_tables_is_refused() {
    let database = Database::new();
    let url = database.url_of("postgres");
    let home = Home::init_in(&url);
    database.sql("UPDATE head SET version = version + 1");
    assert!(refused(&home).ends_with("upgrade probant"), "{}", refused(&home));
    database.sql("UPDATE head SET version = version - 2");
    let said = refused(&home);
    assert!(said.contains("`probant migrate schema` brings them up to it"), "{said}");
    database.sql("UPDATE head SET version = version + 1");
    let role = format!("node_{}", database.schema);
    database.sql(&format!(
        "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {0} TO {role}; \
         GRANT SELECT ON ALL TABLES IN SCHEMA {0} TO {role}",
        database.schema
    ));
    let mut weak = home.another();
    weak.move_store(&database.url_of(&role));
    let said = refused(&weak);
    assert!(said.contains(&format!("GRANT INSERT ON blocks TO {role}")), "{said}");
    let mut nowhere = home.another();
    nowhere.move_store(&Database::new().url_of("postgres"));
    assert!(refused(&nowhere).contains("`probant init --store` makes one"));
}

#[test]
fn a_node_of_one_ledger_is_refused_by_another_in_the_same_database() {
    let (one, other) = (Database::new(), Database::new());
    let home = Home::init_in(&one.url_of("postgres"));
    let stranger = Home::init_in(&other.url_of("postgres"));
    let mut lost = home.another();
    lost.move_store(&other.url_of("postgres"));
    let said = refused(&lost);
    assert!(said.contains(&home.identity().ledger.to_string()), "{said}");
    assert!(said.contains(&stranger.identity().ledger.to_string()), "{said}");
    fs::remove_file(lost.mark_path()).unwrap();
    assert!(refused(&lost).contains("`probant mark set` makes it anew"));
}
