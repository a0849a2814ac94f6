//! The page in a real Chromium, against the real binary: `page.test.js` and what it imports, run by
//! Node's own test runner.
//!
//! tests/setup installs what it needs. Nothing is skipped where that is missing: the test
//! fails.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    time::Duration,
};

/// The longest that all of it may take, on a machine that does other things.
const PATIENCE: Duration = Duration::from_secs(600);
const PAUSE: Duration = Duration::from_millis(100);

#[test]
fn the_page_says_what_is_true_and_nothing_else() {
    let locked = fs::read_to_string(here().join("package-lock.json")).unwrap();
    let version = |package: &str| version(&locked, &format!("node_modules/{package}"));
    for package in ["axe-core", "playwright-core"] {
        let there = here().join("node_modules").join(package).join("package.json");
        let there = fs::read_to_string(&there).unwrap_or_default();
        let wanted = format!("\"version\": \"{}\"", version(package));
        assert!(
            there.contains(&wanted),
            "{package} is not installed as locked; run `make test-setup`"
        );
    }
    let mut node = Command::new("node");
    node.args(["--test", "page.test.js"]).current_dir(here());
    node.env("PROBANT_BINARY", env!("CARGO_BIN_EXE_probant"));
    node.env_remove("NODE_OPTIONS").env_remove("NODE_TEST_CONTEXT");
    let started = node.spawn();
    let mut node = started.unwrap_or_else(|error| panic!("node: {error}; run `make test-setup`"));
    let ended = wait(&mut node);
    assert!(ended.success(), "{ended}; where something is missing: `make test-setup`");
}

/// Bounded: what hangs is ended, by its own id.
fn wait(child: &mut Child) -> ExitStatus {
    let pauses = PATIENCE.as_millis() / PAUSE.as_millis();
    for _ in 0..pauses {
        if let Some(ended) = child.try_wait().unwrap() {
            return ended;
        }
        std::thread::sleep(PAUSE);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    panic!("the tests have not ended within {PATIENCE:?}");
}

fn version(locked: &str, path: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(locked).unwrap();
    json["packages"][path]["version"].as_str().unwrap().to_owned()
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser")
}
