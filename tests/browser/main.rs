//! The page in a real Chromium, against the real binary: `page.test.js` and what it imports, run by
//! Node's own test runner.
//!
//! tests/setup installs what it needs. Nothing is skipped where that is missing: the test
//! fails.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    time::Duration,
};

/// The longest that all of it may take, on a machine that does other things.
const PATIENCE: Duration = Duration::from_secs(1200);
const PAUSE: Duration = Duration::from_millis(100);

/// What Node's reporter writes before the names and errors of all tests that failed.
const FAILING: &str = "failing tests:";

/// Why the tests failed, shown as it is, and last: no panic, whose backtrace would hide it.
struct Failed(String);

impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[test]
fn the_page_says_what_is_true_and_nothing_else() -> Result<(), Failed> {
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
    let report = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
    let _ = fs::remove_file(&report); // That of the run before, if there is one.
    let mut node = Command::new("node");
    node.current_dir(here()).arg("--test");
    // The same twice: for who watches, and to be read when it has ended.
    node.args(["--test-reporter=spec", "--test-reporter-destination=stdout"]);
    node.args(["--test-reporter=spec", "--test-reporter-destination"]).arg(&report);
    node.arg("page.test.js");
    node.env("PROBANT_BINARY", env!("CARGO_BIN_EXE_probant"));
    node.env_remove("NODE_OPTIONS").env_remove("NODE_TEST_CONTEXT");
    let started = node.spawn();
    let mut node = started.unwrap_or_else(|error| panic!("node: {error}; run `make test-setup`"));
    let ended = wait(&mut node);
    if ended.as_ref().is_some_and(ExitStatus::success) {
        return Ok(());
    }
    let how = ended.map_or(format!("not ended within {PATIENCE:?}"), |status| status.to_string());
    let said = fs::read_to_string(&report).unwrap_or_default();
    let failing = said.split_once(FAILING).map_or(&*said, |(_, failing)| failing);
    // Where in Node itself it was called from says nothing.
    let lines = failing.lines().filter(|line| !line.contains("node:internal"));
    let failing = lines.collect::<Vec<_>>().join("\n");
    let failing = failing.trim();
    Err(Failed(format!("{how}; where something is missing: `make test-setup`\n\n{failing}")))
}

/// Bounded: what hangs is ended, by its own id.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    let pauses = PATIENCE.as_millis() / PAUSE.as_millis();
    for _ in 0..pauses {
        if let Some(ended) = child.try_wait().unwrap() {
            return Some(ended);
        }
        std::thread::sleep(PAUSE);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

fn version(locked: &str, path: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(locked).unwrap();
    json["packages"][path]["version"].as_str().unwrap().to_owned()
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser")
}
