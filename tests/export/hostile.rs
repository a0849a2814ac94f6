//! Exports that were tampered with: `probant audit` names the file and what is wrong with it, and a
//! whole one passes, wherever it lies.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use probant::export::block_path;
use probant_core::{Hash, checkpoint::Checkpoint, key::Use};
use serde_json::Value as Json;

use crate::{
    followed::grow,
    harness::{Home, Issuer, bounded},
    site,
    written::{export, run_command},
};

const SERVED: [&str; 4] = ["--interval-ms", "20", "--heartbeat-s", "3600"];

/// The report on a source, and the exit code.
fn audit(source: &str) -> (Json, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probant"));
    // What was seen of the whole export is another test's business.
    command.args(["audit", "--json", "--no-state", source]);
    command.env_remove("PROBANT_IDENTITY").stdin(Stdio::null());
    let output = run_command(&mut command);
    let code = output.status.code().unwrap();
    let json = serde_json::from_slice(&output.stdout);
    (json.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))), code)
}

/// An export of 600 entries and more, an older state of it, and one of another ledger with as many.
struct Exports {
    home: Home,
    whole: PathBuf,
    older: PathBuf,
    other: PathBuf,
}

impl Exports {
    async fn make() -> Self {
        let (home, stranger) = (Home::init(), Home::init());
        let [whole, older, other] =
            ["whole", "older", "other"].map(|name| home.folder().join(name));
        let mut first = None;
        for (home, dir) in [(&home, &whole), (&stranger, &other)] {
            let server = home.serve(&SERVED);
            let (client, url) = (server.client(), format!("http://{}", server.address));
            let issuer = Issuer::enrolled(home, &client).await;
            for (name, count) in [("first", 300), ("second", 300)] {
                grow(home, &client, &issuer, name, count).await;
                export(home, &url, dir);
                if first.is_none() {
                    copy(dir, &older);
                    first = Some(());
                }
            }
            assert_eq!(server.stop(), Some(0));
        }
        Self { home, whole, older, other }
    }

    /// A copy that a test tampers with.
    fn copy(&self, name: &str) -> PathBuf {
        let to = self.home.folder().join(name);
        copy(&self.whole, &to);
        to
    }

    /// What an audit of a tampered copy says of a file, with the exit code.
    fn found(&self, name: &str, tamper: impl FnOnce(&Path)) -> (String, i32) {
        let dir = self.copy(name);
        tamper(&dir);
        let (report, code) = audit(dir.to_str().unwrap());
        fs::remove_dir_all(dir).unwrap();
        (report.to_string(), code)
    }
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-r").args([from, to]).status().unwrap().success());
}

fn cut(path: &Path, bytes: usize) {
    let whole = fs::read(path).unwrap();
    fs::write(path, &whole[..whole.len() - bytes]).unwrap();
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn swap(dir: &Path, one: &str, other: &str) {
    let [first, second] = [one, other].map(|name| fs::read(dir.join(name)).unwrap());
    fs::write(dir.join(one), second).unwrap();
    fs::write(dir.join(other), first).unwrap();
}

/// The part that is last at a level, as `000.p/5`.
fn edge(dir: &Path, level: &str) -> String {
    let state: Json = serde_json::from_slice(&fs::read(dir.join("export.json")).unwrap()).unwrap();
    let (size, width) = (state["size"].as_u64().unwrap(), if level == "1" { 256 } else { 1 });
    let hashes = size / width;
    format!("tile/{level}/{:03}.p/{}", hashes / 256, hashes % 256)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_export_passes_and_what_was_tampered_with_is_named() {
    bounded(300, async {
        let exports = Exports::make().await;
        let (report, code) = audit(exports.whole.to_str().unwrap());
        assert_eq!((code, &report["verdict"]), (0, &"whole".into()), "{report}");
        let address = site::serve(exports.whole.clone()).await;
        let (served, code) = audit(&format!("http://{address}"));
        assert_eq!((code, &served["passed"]["root"]), (0, &report["passed"]["root"]), "{served}");
        let (head, _) = audit(exports.home.data().to_str().unwrap());
        assert_eq!(head["passed"]["root"], report["passed"]["root"]);

        let last = edge(&exports.whole, "0");
        let named = |name: &str, says: &[&str], tamper: &dyn Fn(&Path)| {
            let (report, code) = exports.found(name, tamper);
            assert_eq!(code, 4, "{name}: {report}");
            for words in says {
                assert!(report.contains(words), "{name}: {words:?} is not in {report}");
            }
        };
        let foreign = |dir: &Path, path: &str| fs::copy(exports.other.join(path), dir.join(path));
        named("swapped", &["tile/0/000: none of its hashes"], &|dir| {
            swap(dir, "tile/0/000", "tile/0/001");
        });
        named("foreign", &["tile/0/001: none of its hashes", "another ledger"], &|dir| {
            foreign(dir, "tile/0/001").unwrap();
        });
        named("truncated", &["tile/0/000: it has 8191 bytes", "8192"], &|dir| {
            cut(&dir.join("tile/0/000"), 1);
        });
        named("mislabelled", &["tile/0/001: it has", "8192"], &|dir| {
            fs::copy(dir.join(&last), dir.join("tile/0/001")).unwrap();
        });
        named("flipped", &["tile/0/001: hash 7, of what begins with entry 263"], &|dir| {
            flip(&dir.join("tile/0/001"), 7 * 32 + 3);
        });
        named("above", &[&edge(&exports.whole, "1"), "hash 1"], &|dir| {
            flip(&dir.join(edge(dir, "1")), 40);
        });
        named("edge", &[&last, "hash 2"], &|dir| flip(&dir.join(&last), 2 * 32));
        named("no tile", &["tile/0/001: it is missing"], &|dir| {
            fs::remove_file(dir.join("tile/0/001")).unwrap();
        });
        named("entries", &["tile/entries/001: from byte"], &|dir| {
            flip(&dir.join("tile/entries/001"), 900);
        });
        named("cut entries", &["tile/entries/000: it was cut short"], &|dir| {
            cut(&dir.join("tile/entries/000"), 5);
        });
        named("no block", &["blocks/002: it is missing"], &|dir| {
            fs::remove_file(dir.join(block_path(2))).unwrap();
        });
        named("cut block", &["blocks/001: ", "bytes are there"], &|dir| {
            cut(&dir.join(block_path(1)), 9);
        });
        named("flipped block", &["blocks/002: the checksum"], &|dir| {
            flip(&dir.join(block_path(2)), 300);
        });
        named("forged", &["checkpoint: signature"], &|dir| {
            let text = fs::read_to_string(dir.join("checkpoint")).unwrap();
            let other = fs::read_to_string(exports.older.join("checkpoint")).unwrap();
            let [root, other] = [&text, &other].map(|note| note.lines().nth(2).unwrap());
            fs::write(dir.join("checkpoint"), text.replace(root, other)).unwrap();
        });
        named("forked", &["checkpoint: it signs another root"], &|dir| {
            let text = fs::read_to_string(dir.join("checkpoint")).unwrap();
            let size = text.lines().nth(1).unwrap().parse().unwrap();
            let origin = exports.home.genesis().registry().origin().clone();
            let forked = Checkpoint { origin, size, root: Hash([7; 32]) };
            fs::write(dir.join("checkpoint"), forked.sign(&exports.home.key(Use::Note))).unwrap();
        });
        named("between", &["no block ends there"], &|dir| {
            let text = fs::read_to_string(dir.join("checkpoint")).unwrap();
            let size = text.lines().nth(1).unwrap().to_owned();
            fs::write(dir.join("checkpoint"), text.replacen(&size, "3", 1)).unwrap();
        });
        named("other blocks", &["no block"], &|dir| {
            foreign(dir, "checkpoint").unwrap();
            let text = fs::read_to_string(dir.join("checkpoint")).unwrap();
            let size = text.lines().nth(1).unwrap().to_owned();
            fs::write(dir.join("checkpoint"), text.replacen(&size, "5", 1)).unwrap();
        });
        // A block of another ledger is no damage: the replay says which rule it breaks.
        let (report, code) = exports.found("other block", |dir| {
            foreign(dir, "blocks/002").unwrap();
        });
        assert_eq!(code, 1, "{report}");
        // An older checkpoint covers less, and that there is more is said.
        let (report, code) = exports.found("older checkpoint", |dir| {
            fs::copy(exports.older.join("checkpoint"), dir.join("checkpoint")).unwrap();
        });
        assert!(code == 0 && report.contains("an older checkpoint put in the place"), "{report}");
        // A newer checkpoint than the blocks is that of blocks that are missing.
        let newer = exports.home.folder().join("newer");
        copy(&exports.older, &newer);
        fs::copy(exports.whole.join("checkpoint"), newer.join("checkpoint")).unwrap();
        let (report, code) = audit(newer.to_str().unwrap());
        assert!(
            code == 4 && report.to_string().contains("it is missing: the checkpoint"),
            "{report}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_export_yet_is_said_to_be_none() {
    bounded(60, async {
        let home = Home::init();
        let dir = home.folder().join("public");
        export(&home, home.data().to_str().unwrap(), &dir);
        fs::remove_file(dir.join("checkpoint")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_probant"));
        let output = run_command(command.arg("audit").arg(&dir).env_remove("PROBANT_IDENTITY"));
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{why}");
        assert!(why.contains("an export that was not finished"), "{why}");
        // The next run finishes it.
        export(&home, home.data().to_str().unwrap(), &dir);
        assert_eq!(audit(dir.to_str().unwrap()).1, 0);
    })
    .await;
}
