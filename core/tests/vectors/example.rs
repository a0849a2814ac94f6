//! The worked example of docs/format.md: its bytes are those of vectors, so they cannot drift.

use std::{fmt::Write as _, fs, path::Path};

use probant_core::tree::{leaf_hash, node_hash};

use crate::ledger::{LEDGER, list};

fn format() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/format.md");
    fs::read_to_string(path).expect("docs/format.md is there")
}

/// The text from the heading that begins with `from` to the one that begins with `to`.
pub fn section(from: &str, to: &str) -> &'static str {
    let format: &'static str = format().leak();
    let at = |number: &str| format.find(&format!("\n## {number}")).expect("the section is there");
    &format[at(from)..at(to)]
}

/// The blocks fenced with "```<kind> <name>": name and lines.
fn fenced(kind: &str) -> Vec<(String, String)> {
    let format = format();
    let blocks = format.split("\n```").skip(1).step_by(2);
    let named =
        blocks.filter_map(|block| block.strip_prefix(kind)?.strip_prefix(' ')?.split_once('\n'));
    named.map(|(name, lines)| (name.to_owned(), lines.to_owned())).collect()
}

#[test]
fn the_annotated_bytes_are_those_of_the_vectors() {
    let annotated = fenced("hex");
    assert!(!annotated.is_empty());
    let vectors = crate::made();
    for (name, lines) in annotated {
        let digits = lines.lines().map(|line| line.split('#').next().unwrap_or_default());
        let digits: String = digits.flat_map(str::chars).filter(|c| !c.is_whitespace()).collect();
        assert_eq!(digits, hex::encode(&vectors[&name].bytes), "{name}");
    }
}

#[test]
fn the_identity_is_that_of_the_ledger() {
    assert!(format().contains(&format!("\n    {}\n", LEDGER.identity())));
}

#[test]
fn the_small_tree_is_that_of_its_list() {
    let list = list(3);
    let leaves: Vec<_> = list.iter().map(|document| leaf_hash(document.as_bytes())).collect();
    let mut text = String::new();
    for (at, (document, leaf)) in list.iter().zip(&leaves).enumerate() {
        let bytes = hex::encode(document.as_bytes());
        writeln!(text, "{bytes}  fingerprint {at}").unwrap();
        writeln!(text, "{leaf}  leaf {at} = SHA-256(00 || fingerprint {at})").unwrap();
    }
    let node = node_hash(&leaves[0], &leaves[1]);
    writeln!(text, "{node}  node = SHA-256(01 || leaf 0 || leaf 1)").unwrap();
    let root = node_hash(&node, &leaves[2]);
    write!(text, "{root}  root = SHA-256(01 || node || leaf 2), leaf 2 being promoted").unwrap();
    assert_eq!(root, list.root());
    assert_eq!(fenced("tree"), [("list_of_3".to_owned(), text)]);
}
