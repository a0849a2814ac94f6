//! The API against its own description: schemathesis makes requests from /openapi.json, right and
//! wrong, and holds every answer to what is said there. No 5xx, no status or content type that is not
//! described, no JSON of another shape; what is wrong is refused, what is right is taken.
//!
//! tests/setup installs it. Nothing is skipped where it is missing: the test fails.

#[path = "../harness/mod.rs"]
mod harness;

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use harness::{Client, Home, bounded, issuer::ISSUER, varied::Varied};
use probant::anchor::Anchors;
use probant_core::{Fingerprint, key::Use};
use tokio::process::Command;

/// Requests to each path, beside those that are made to cover it. With a seed, they are the same
/// every time.
const EXAMPLES: &str = "30";
const SEED: &str = "4";
/// A statement is signed: none that is made up is taken.
const NO_STATEMENTS: &str = "[[operations]]\ninclude-path = \"/entries\"\n\
                             checks.positive_data_acceptance.enabled = false\n";
/// Longest run, on a machine that does other things.
const SECONDS_MAX: u64 = 300;

#[tokio::test]
async fn every_answer_is_one_that_the_description_has() {
    let venv = venv();
    let home = Home::init();
    let anchors = home.folder().join("anchors");
    let hands_out = ["--anchors", anchors.to_str().unwrap()];
    let server =
        home.serve(&[&["--interval-ms", "5", "--heartbeat-s", "3600"], &hands_out[..]].concat());
    let client = server.client();
    let varied = Varied::say(&home, &client).await;
    let head = client.head().await;
    // A ledger hands out what lies there: whoever is given it verifies it.
    Anchors::at(&anchors).make().unwrap();
    Anchors::at(&anchors).keep(head.1, "a note", b"a reply").unwrap();
    let run = async |settings: String, args: &[&str]| {
        fs::write(home.folder().join("schemathesis.toml"), settings).unwrap();
        let mut command = Command::new(venv.join("bin/schemathesis"));
        let url = format!("http://{}", server.address);
        command.args(["run", &format!("{url}/openapi.json"), "--url", &url, "--no-color"]);
        command.args(["--continue-on-failure", "--no-shrink", "--seed", SEED]).args(args);
        command.env("PYTHONPATH", here()).env("SCHEMATHESIS_HOOKS", "hooks");
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command.current_dir(home.folder()).stdin(Stdio::null()).kill_on_drop(true);
        let output = bounded(SECONDS_MAX, command.output()).await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{out}{err}\nof the server: {}", home.log());
        out
    };
    // Right and wrong, there and not.
    let wild = ["--phases", "examples,coverage,fuzzing", "-n", EXAMPLES];
    println!("{}", run(made_up(&home, &varied, head), &wild).await);
    // All of it there: a document that stands, and one that fell.
    let tame = ["--phases", "fuzzing", "--mode", "positive", "-n", "2"];
    for document in [varied.batch.iter().nth(5), varied.batch.iter().next()] {
        let there = there(&home, &client, &varied, document.unwrap(), head.1).await;
        let out = run(there, &tame).await;
        // Without witnesses there is no such checkpoint.
        let cosigned = "1 operation returned only 404 Not Found\n\n  - GET /checkpoint/cosigned\n";
        assert!(!out.contains("returned only 404") || out.contains(cosigned), "{out}");
    }
    assert_eq!(client.head().await, head, "nobody had anything to say");
    assert_still_serves(&client).await;
    assert_eq!(server.stop(), Some(0), "{}", home.log());
}

/// What was asked before did not end it.
async fn assert_still_serves(client: &Client) {
    let ready = client.get("/readyz").await.json();
    assert_eq!((&ready["ready"], &ready["alarm"]), (&true.into(), &().into()));
}

/// One of everything in the paths that is on the ledger and belongs together.
async fn there(
    home: &Home,
    client: &Client,
    varied: &Varied,
    document: Fingerprint,
    size: u64,
) -> String {
    let said = client.get(&format!("/documents/{document}")).await.json();
    let number = |name: &str| said["certifications"][0][name].as_u64().unwrap();
    let (entry, height) = (number("entry"), number("block"));
    let (text, kid) = (document.to_string(), home.key(Use::Seal).public().kid());
    let (prefix, root) = (&text[..text.len() - 60], varied.batch.root());
    format!(
        "[parameters]\nfingerprint = {text:?}\nprefix = {prefix:?}\nroot = \"{root}\"\n\
         kid = \"{kid}\"\nid = \"{ISSUER}\"\nkind = \"busy\"\nheight = {height}\n\
         entry = {entry}\nindex = {entry}\nfrom = {entry}\nto = {size}\nsize = {size}\n\
         level = 0\ntile = \"000.p/2\"\n"
    ) + NO_STATEMENTS
}

/// What is on the ledger, for half of the requests.
fn made_up(home: &Home, varied: &Varied, (height, size): (u64, u64)) -> String {
    let documents = [varied.certified, varied.revoked, varied.superseded, varied.enveloped];
    let documents: Vec<_> = documents.iter().map(ToString::to_string).collect();
    let prefixes = documents.iter().map(|text| text[..text.len() - 59].to_owned()).collect();
    let kids = [varied.issuer.key.public().kid(), home.key(Use::Seal).public().kid()];
    let kids = kids.iter().map(ToString::to_string).collect();
    let numbers = |end: u64| (1..end).map(|number| number.to_string()).collect::<Vec<_>>();
    let entries = numbers(size);
    let texts = [
        ("fingerprint", documents),
        ("prefix", prefixes),
        ("kid", kids),
        ("id", vec![ISSUER.to_owned()]),
        ("root", vec![varied.batch.root().to_string()]),
        ("kind", vec!["busy".to_owned(), "rejected".to_owned()]),
        ("tile", vec!["000.p/1".to_owned(), "000.p/7".to_owned()]),
    ];
    let heights = ("height", numbers(height));
    let indexes = ["index", "entry", "from", "to", "size"].map(|name| (name, entries.clone()));
    let mut settings = String::new();
    for (name, values) in texts {
        let values: Vec<_> = values.iter().map(|value| format!("{value:?}")).collect();
        bind(&mut settings, name, &values);
    }
    for (name, values) in [heights].into_iter().chain(indexes) {
        bind(&mut settings, name, &values);
    }
    // Bytes of a statement have a form of their own, and a signature: none that is made up is taken.
    settings
        + "[[operations]]\ninclude-path = \"/entries\"\n\
                checks.positive_data_acceptance.enabled = false\n"
}

fn bind(settings: &mut String, name: &str, values: &[String]) {
    let values = values.join(", ");
    writeln!(settings, "[dictionaries.{name}]\nvalues = [{values}]").unwrap();
    writeln!(settings, "[parameters.\"path.{name}\"]\ndictionary = \"{name}\"").unwrap();
    writeln!(settings, "probability = 0.5").unwrap();
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemathesis")
}

/// Where it is installed, and what the requirements ask for.
fn venv() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("target/tmp is in target");
    let venv = target.join("schemathesis-venv");
    let (wanted, there) = (here().join("requirements.txt"), venv.join("requirements.txt"));
    assert!(
        fs::read(&there).ok() == Some(fs::read(&wanted).unwrap()),
        "{} is missing or not what {} asks for: `make test-setup` installs it",
        venv.display(),
        wanted.display(),
    );
    venv
}
