//! What the documents say is so: the commands of README.md, docs/operate.md, docs/audit.md, docs/nodes.md,
//! docs/export.md, docs/monitor.md and docs/witnesses.md run (those in fenced blocks marked `sh run`, in
//! their order, as one script), links lead somewhere, and the sections that code and documents cite exist.

#[path = "cluster/mod.rs"]
mod cluster;

use std::{
    collections::HashSet,
    fs,
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

const RUN_MAX: Duration = Duration::from_secs(400);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_commands_of_the_readme_work() {
    run_commands("README.md", &[]);
}

#[test]
fn the_commands_of_operate_work() {
    run_commands("docs/operate.md", &[]);
}

#[test]
fn the_commands_of_audit_work() {
    run_commands("docs/audit.md", &[]);
}

#[test]
fn the_commands_of_export_work() {
    run_commands("docs/export.md", &[]);
}

#[test]
fn the_commands_of_monitor_work() {
    run_commands("docs/monitor.md", &[]);
}

#[test]
fn the_commands_of_witnesses_work() {
    run_commands("docs/witnesses.md", &[]);
}

#[test]
fn the_commands_of_nodes_work() {
    let cluster = cluster::Cluster::start();
    let (host, port) = ("127.0.0.1", cluster.port);
    let admin = format!("env PGHOST={host} PGPORT={port} PGUSER=postgres");
    run_commands("docs/nodes.md", &[("DBHOST", &format!("{host}:{port}")), ("ADMIN", &admin)]);
}

/// Runs all runnable blocks of a document in a directory of their own, on ports of their own, with
/// these variables.
fn run_commands(document: &str, variables: &[(&str, &str)]) {
    let blocks = runnable(&read(document));
    assert!(blocks.len() > 1, "{document} has runnable blocks");
    let free = [(); 4].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let commands = (8080..).zip(&free).fold(blocks.concat(), |commands, (port, free)| {
        let free = free.local_addr().unwrap().to_string();
        commands.replace(&format!("127.0.0.1:{port}"), &free)
    });
    drop(free);
    // What is still running at the end is this shell's own, and ended by its id.
    let end = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT";
    let script = format!("set -euo pipefail\n{end}\n{commands}");

    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("samples")).unwrap();
    for sample in fs::read_dir(root().join("samples")).unwrap().map(Result::unwrap) {
        fs::copy(sample.path(), dir.path().join("samples").join(sample.file_name())).unwrap();
    }
    let bin = Path::new(env!("CARGO_BIN_EXE_probant")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let output = fs::File::create(dir.path().join("output")).unwrap();
    let mut shell = Command::new("bash")
        .args(["-xc", &script])
        .current_dir(dir.path())
        .env_clear()
        .env("PATH", path)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .process_group(0)
        .spawn()
        .unwrap();
    let worked = ends_well(&mut shell);
    let said = fs::read_to_string(dir.path().join("output")).unwrap();
    assert!(worked, "a command of {document} failed:\n{said}");
}

/// Whether it ends in time, with exit code 0; its process group is ended otherwise.
fn ends_well(shell: &mut Child) -> bool {
    let pause = Duration::from_millis(50);
    for _ in 0..RUN_MAX.as_millis() / pause.as_millis() {
        if let Some(status) = shell.try_wait().unwrap() {
            return status.success();
        }
        std::thread::sleep(pause);
    }
    let group = format!("-{}", shell.id());
    Command::new("kill").args(["-KILL", "--", &group]).status().unwrap();
    shell.wait().unwrap();
    false
}

/// The contents of the blocks marked `sh run`.
fn runnable(markdown: &str) -> Vec<String> {
    let blocks = markdown.split("\n```sh run\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn links_in_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for document in files(&["md"]) {
        let (text, dir) = (read(&document), document.parent().unwrap());
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
            let link = link.0;
            if link.contains("://") || link.contains(char::is_whitespace) {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { document.clone() } else { dir.join(path) };
            let found = root().join(&target).exists()
                && (anchor.is_empty() || anchors(&read(&target)).contains(anchor));
            if !found {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "broken links: {broken:#?}");
}

/// The anchors that a reader of Markdown gives to headings.
fn anchors(markdown: &str) -> HashSet<String> {
    let slug = |heading: &str| {
        let kept = heading.trim().to_lowercase().replace(' ', "-");
        kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
    };
    headings(markdown).map(slug).collect()
}

fn headings(markdown: &str) -> impl Iterator<Item = &str> {
    markdown.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#'))
}

#[test]
fn cited_sections_exist() {
    let mut missing = Vec::new();
    for name in ["format.md", "design.md", "operate.md", "nodes.md", "export.md", "witnesses.md"] {
        let text = read(Path::new("docs").join(name));
        let numbers: HashSet<_> = headings(&text)
            .filter_map(|heading| heading.split_whitespace().next())
            .map(|number| number.trim_end_matches('.').to_owned())
            .collect();
        for file in files(&["md", "rs", "py", "go", "toml"]) {
            // A citation may go on in the next line of a comment.
            let flat = read(&file).replace("\n//!", "").replace("\n///", "").replace('\n', " ");
            for after in flat.split(name).skip(1) {
                let cited = sections(after);
                missing.extend(
                    cited
                        .into_iter()
                        .filter(|section| !numbers.contains(section))
                        .map(|section| format!("{}: {name} {section}", file.display())),
                );
            }
        }
    }
    assert!(missing.is_empty(), "these sections are cited and missing: {missing:#?}");
}

/// Whoever sees an alarm looks for its words: the table of operate.md 5 has those of the code.
#[test]
fn alarms_are_in_the_words_of_the_code() {
    let operate = read("docs/operate.md");
    let (_, table) = operate.split_once("\n## 5. ").unwrap();
    let rows = table.split("\n## ").next().unwrap().lines().filter(|line| line.starts_with("| `"));
    let said: Vec<_> =
        rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2)).collect();
    let code: String = files(&["rs"]).iter().filter(|file| is_code(file)).map(spoken).collect();
    let missing: Vec<_> =
        said.iter().filter(|words| !OF_OTHERS.contains(words) && !says(&code, words)).collect();
    assert!(said.len() > 40 && missing.is_empty(), "the code does not say: {missing:#?}");
}

/// Words of the system, and a place that is put together while it runs.
const OF_OTHERS: [&str; 2] = ["Address already in use", "damage at … .seg byte …"];
/// What may stand for a "…", as the code has it.
const GAP_MAX: usize = 60;

fn is_code(file: &Path) -> bool {
    file.starts_with("src") || file.starts_with("core/src")
}

/// A file of code without its comments and tests, each text in one line.
fn spoken(file: &PathBuf) -> String {
    let code = read(file);
    let code = code.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = code.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    lines
        .map(|line| line.strip_suffix('\\').map_or_else(|| format!("{line}\n"), str::to_owned))
        .collect()
}

/// Whether the pieces between "…" follow one another somewhere.
fn says(code: &str, words: &str) -> bool {
    let mut pieces = words.split('…').map(str::trim).filter(|piece| !piece.is_empty());
    let first = pieces.next().expect("a row has words");
    let pieces: Vec<_> = pieces.collect();
    code.match_indices(first).any(|(at, _)| {
        let mut rest = &code[at + first.len()..];
        pieces.iter().all(|piece| match rest.find(piece).filter(|gap| *gap <= GAP_MAX) {
            Some(gap) => {
                rest = &rest[gap + piece.len()..];
                true
            }
            None => false,
        })
    })
}

#[test]
fn words_are_found_as_code_has_them() {
    let code = "format!(\"block {} of {}: wait\")\n";
    assert!(says(code, "block … of … : wait") && says(code, "of"));
    assert!(!says(code, "block … off") && !says(code, "of … block"));
    assert!(!says(&format!("block{}of", " ".repeat(GAP_MAX + 1)), "block … of"));
}

/// The section numbers right after the name of a document: ` 5.6`, ` 1 and 5`, ` 2, 3.1`.
fn sections(after: &str) -> Vec<String> {
    let (mut found, mut rest) = (Vec::new(), after);
    while let Some(next) = [" and ", ", ", " "].iter().find_map(|before| rest.strip_prefix(before))
    {
        let end = next.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(next.len());
        let number = next[..end].trim_end_matches('.');
        if number.is_empty() {
            break;
        }
        found.push(number.to_owned());
        rest = &next[number.len()..];
    }
    found
}

/// What is ours to keep true, by extension, relative to the root.
fn files(extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let top = ["src", "core", "tests", "benches", "docs", "demo", "samples", "ledger-data"];
    let mut left: Vec<_> = top.iter().map(PathBuf::from).collect();
    left.extend(["README.md", "CHANGELOG.md", "deny.toml", "Cargo.toml"].map(PathBuf::from));
    while let Some(path) = left.pop() {
        if root().join(&path).is_dir() {
            let is_vectors = path.ends_with("vectors") && path.starts_with("tests");
            if is_vectors || path.ends_with("node_modules") {
                continue;
            }
            let inside = fs::read_dir(root().join(&path)).unwrap();
            left.extend(inside.map(|entry| path.join(entry.unwrap().file_name())));
        } else if path.extension().is_some_and(|e| extensions.iter().any(|wanted| e == *wanted)) {
            found.push(path);
        }
    }
    found
}

#[test]
fn citations_are_read_as_written() {
    for (after, expected) in [
        (" 5.6), and", vec!["5.6"]),
        (" 1 and 5).", vec!["1", "5"]),
        (" 2, 3.1, step by step", vec!["2", "3.1"]),
        (" lists them", vec![]),
        (".", vec![]),
    ] {
        assert_eq!(sections(after), expected, "{after:?}");
    }
}
