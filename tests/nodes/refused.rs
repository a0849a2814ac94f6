//! Databases that a node does not serve from: it ends with exit code 2 and one line that says why.

use std::{
    fs,
    process::{Command, Output},
};

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
    assert!(refused(&lost).contains("`probant mark set --height 0 "));
}

/// What nobody was told of: `init` was killed between block 0 and the head mark.
#[test]
fn where_init_was_killed_before_the_mark_the_refusal_leads_out() {
    let database = Database::new();
    let home = Home::init_in(&database.url_of("postgres"));
    let mark = fs::read(home.mark_path()).unwrap();
    fs::remove_file(home.mark_path()).unwrap();
    let said = refused(&home);
    let (_, todo) = said.split_once("`probant mark set ").expect("what to do");
    let (todo, _) = todo.split_once('`').unwrap();
    assert!(todo.starts_with("--height 0 --root "), "{said}");
    let set = home.command("mark").arg("set").args(todo.split(' ')).output().unwrap();
    assert!(set.status.success(), "{set:?}");
    assert_eq!(fs::read(home.mark_path()).unwrap(), mark);
    assert_eq!(home.serve(&[]).stop(), Some(0));
}

fn probant(arguments: &[&str], store: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probant"));
    command.args(arguments).env("PROBANT_STORE", store);
    command.env_remove("PROBANT_LEDGER").output().unwrap()
}

#[test]
fn the_database_of_the_environment_is_audited_and_named_without_an_argument() {
    let database = Database::new();
    let url = database.url_of("postgres");
    let home = Home::init_in(&url);
    let identity = home.identity().to_string();
    let named = probant(&["identity"], &url);
    assert_eq!(String::from_utf8(named.stdout).unwrap().trim(), identity);
    let audited = probant(&["audit", "--identity", &identity], &url);
    assert!(audited.status.success(), "{audited:?}");
    assert!(String::from_utf8(audited.stdout).unwrap().contains(&identity));
    // An argument counts before it.
    let elsewhere = probant(&["audit", home.folder().to_str().unwrap()], &url);
    assert_eq!(elsewhere.status.code(), Some(2), "{elsewhere:?}");
    let named = ["audit", "--store", &url, "--identity", &identity];
    assert!(probant(&named, "postgres://nobody@nowhere/l").status.success());
    assert_eq!(probant(&["audit", "--store", &url, "."], &url).status.code(), Some(2));
}

/// The shell writes it out: everybody on the machine can read it there.
#[test]
fn a_password_in_an_argument_is_refused_though_a_variable_holds_the_same() {
    let url = "postgres://node:hunter2@127.0.0.1:1/ledger";
    for arguments in [
        ["audit", url].as_slice(),
        &["audit", "--store", url],
        &["identity", "--store", url],
        &["serve", "--listen", "127.0.0.1:0", "--store", url],
        &["migrate", "--from", url, "--to", "nowhere"],
    ] {
        let output = probant(arguments, url);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains("a password on the command line"), "{arguments:?}: {said}");
        assert!(!said.contains("hunter2"), "{arguments:?}: {said}");
    }
    // In the variable alone it may be: nobody is there to be asked, and that is all.
    let output = probant(&["audit"], url);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
}
