//! The vectors in tests/vectors (format.md 13), good and hostile: each gets exactly its verdict,
//! none has drifted from what makes it, and every refusal is reached.
//!
//! `PROBANT_VECTORS=write cargo test -p probant-core --test vectors` writes the folder anew.
// Numbers here are small, and a table of cases reads better by value.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::cloned_ref_to_slice_refs,
    clippy::doc_markdown,
    clippy::maybe_infinite_iter,
    clippy::needless_pass_by_value
)]

mod acts;
mod attested;
mod blocks;
mod checkpoints;
mod compromises;
mod consistency;
mod counted;
mod entries;
mod example;
mod falls;
mod felled;
mod headers;
mod histories;
mod identities;
mod issuers;
mod judged;
mod keys;
mod ledger;
mod lists;
mod notes;
mod orders;
mod payloads;
mod policies;
mod proofs;
mod quantum;
mod raw;
mod receipts;
mod rotations;
mod say;
mod shifted;
mod signatures;
mod standings;
mod statuses;
mod story;
mod submissions;
mod tampered;
mod tlog_proofs;
mod unprotected;
mod unproven;
mod vector;
mod verdict;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use vector::Vector;

/// The codes, in the source: nothing lists them at run time.
const REJECTED: &str = include_str!("../../src/rejected.rs");
/// Reached by bytes too long to store, in [`what_is_too_long_is_refused`]; by no bytes of a stranger
/// but by damage, in the tests of the status map; at the door of a ledger, in its tests.
const ELSEWHERE: [&str; 4] = ["too-large", "unreadable", "not-certified", "key-not-held"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors")
}

fn made() -> BTreeMap<String, Vector> {
    let parts = [
        acts::all(),
        attested::all(),
        blocks::all(),
        checkpoints::all(),
        compromises::all(),
        consistency::all(),
        counted::all(),
        entries::all(),
        falls::all(),
        felled::all(),
        headers::all(),
        histories::all(),
        identities::all(),
        issuers::all(),
        judged::all(),
        keys::all(),
        lists::all(),
        notes::all(),
        orders::all(),
        payloads::all(),
        policies::all(),
        proofs::all(),
        quantum::all(),
        receipts::all(),
        rotations::all(),
        shifted::all(),
        signatures::all(),
        standings::all(),
        statuses::all(),
        submissions::all(),
        tampered::all(),
        tlog_proofs::all(),
        unproven::all(),
        unprotected::all(),
    ];
    let all = parts.concat();
    let count = all.len();
    let named: BTreeMap<_, _> =
        all.into_iter().map(|vector| (vector.name.clone(), vector)).collect();
    assert_eq!(named.len(), count, "two vectors have one name");
    named
}

fn stored() -> BTreeMap<String, String> {
    let files = fs::read_dir(folder()).expect("tests/vectors is there").map(Result::unwrap);
    let name = |file: &fs::DirEntry| file.file_name().into_string().unwrap();
    files.map(|file| (name(&file), fs::read_to_string(file.path()).unwrap())).collect()
}

fn write(vectors: &BTreeMap<String, Vector>) {
    let _ = fs::remove_dir_all(folder());
    fs::create_dir_all(folder()).unwrap();
    for (name, vector) in vectors {
        fs::write(folder().join(name), vector.render()).unwrap();
    }
}

fn codes() -> BTreeSet<&'static str> {
    let quoted =
        REJECTED.lines().filter_map(|line| line.split_once("=> \"")?.1.strip_suffix("\","));
    quoted.collect()
}

#[test]
fn every_vector_is_as_made_and_gets_its_verdict() {
    let made = made();
    if std::env::var("PROBANT_VECTORS").is_ok_and(|what| what == "write") {
        write(&made);
    }
    let rendered = made.iter().map(|(name, vector)| (name.clone(), vector.render()));
    let (made_files, stored) = (rendered.collect::<BTreeMap<_, _>>(), stored());
    let drifted = |(name, text): &(&String, &String)| stored.get(*name) != Some(text);
    let drifted: Vec<_> = made_files.iter().filter(drifted).map(|(name, _)| name).collect();
    assert!(drifted.is_empty(), "not as made: {drifted:?}");
    let strange: Vec<_> = stored.keys().filter(|name| !made.contains_key(*name)).collect();
    assert!(strange.is_empty(), "nothing makes {strange:?}");
    let judge = |(name, text): (&String, &String)| {
        let vector = Vector::parse(name, text);
        let verdict = verdict::verdict(&vector, &folder());
        (verdict != vector.expect).then(|| format!("{name}: {verdict}, not {}", vector.expect))
    };
    let wrong: Vec<_> = stored.iter().filter_map(judge).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), stored.len(), wrong.join("\n"));
}

#[test]
fn every_refusal_is_reached_and_documented() {
    let made = made();
    let mut reached: BTreeSet<_> = made.values().map(|vector| vector.expect.as_str()).collect();
    reached.remove("ok");
    reached.extend(ELSEWHERE);
    assert_eq!(reached, codes());
    let section = example::section("12.", "13.");
    let row = |line: &'static str| line.strip_prefix("| `")?.split_once('`').map(|(code, _)| code);
    assert_eq!(section.lines().filter_map(row).collect::<BTreeSet<_>>(), codes());
}

#[test]
fn what_is_too_long_is_refused() {
    let code = |result: Result<(), probant_core::Rejected>| result.unwrap_err().code();
    assert_eq!(code(lists::of(65_537)), "list-count");
    lists::of(65_536).unwrap();
    assert_eq!(code(lists::of_replacements(32_769)), "list-count");
    lists::of_replacements(32_768).unwrap();
    assert_eq!(code(payloads::entry_of(65_536)), "too-large");
    payloads::entry_of(65_535).unwrap();
    assert_eq!(code(headers::of_zeros(65_536)), "too-large");
    assert_eq!(code(headers::of_zeros(65_535)), "malformed");
    assert_eq!(code(keys::given(1024)), "key-limit");
    keys::given(1023).unwrap();
    keys::given_before(1024).unwrap();
    assert_eq!(code(submissions::padded(2_293_776)), "too-large");
    assert_eq!(code(proofs::padded((1 << 20) + 1)), "too-large");
    assert_eq!(code(proofs::with_registry_of(1025)), "malformed");
    assert_eq!(code(proofs::with_registry_of(1024)), "proof");
    assert_eq!(code(checkpoints::padded(65_537)), "checkpoint");
}
