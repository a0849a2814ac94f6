//! The guarantees of the seam, each held against both engines.

use std::io::{BufRead, BufReader};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use super::{Engine, Index, Name, Rows, Start, StoreError, open};

const ROWS_PER_BLOCK: u64 = 100;

fn on_each_engine(test: impl Fn(Engine, &Path)) {
    for engine in [Engine::Fjall, Engine::Sled] {
        test(engine, &tempfile::tempdir().unwrap().path().join("index"));
    }
}

fn name(seed: u64) -> Name {
    let mut name = [b'n'; 33];
    name[1..].copy_from_slice(blake3::hash(&seed.to_be_bytes()).as_bytes());
    name
}

/// What the block at `height` adds, which depends on nothing else.
fn block(height: u64) -> Rows {
    let mut rows = Rows::default();
    for row in height * ROWS_PER_BLOCK..(height + 1) * ROWS_PER_BLOCK {
        rows.key(&[&name(row), &row.to_be_bytes()]);
        rows.number(&name(row), row);
    }
    rows
}

fn insert(index: &dyn Index, heights: Range<u64>) {
    heights.for_each(|height| index.insert(&block(height), height + 1).unwrap());
}

/// Asks for every row of the first `blocks()` blocks, and answers that count.
fn check(index: &dyn Index) -> Result<u64, StoreError> {
    let blocks = index.blocks()?;
    for row in 0..blocks * ROWS_PER_BLOCK {
        let found = index.scan(&name(row), Start::First, 2)?;
        assert_eq!(found, [Box::from(row.to_be_bytes())], "row {row} of {blocks} blocks");
        assert_eq!(index.get(&name(row))?, Some(row), "row {row} of {blocks} blocks");
    }
    Ok(blocks)
}

#[test]
fn a_scan_answers_what_a_sorted_list_would() {
    let keys: [&[u8]; 13] = [
        b"\0",
        b"a",
        b"a\0",
        b"a\0\0",
        b"a\xff",
        b"a\xff\0",
        b"a\xff\xff",
        b"b",
        b"\xfe\xff",
        b"\xff",
        b"\xff\0",
        b"\xff\xff",
        b"\xff\xff\0",
    ];
    let others: [&[u8]; 4] = [b"", b"\x01", b"a\x01", b"\xff\xff\xff"];
    let mut rows = Rows::default();
    keys.iter().rev().for_each(|key| rows.key(&[&key[..1], &key[1..]]));
    on_each_engine(|engine, dir| {
        let index = open(engine, dir).unwrap();
        index.insert(&rows, 1).unwrap();
        for prefix in keys.iter().chain(&others) {
            let all: Vec<_> = keys.iter().filter_map(|key| key.strip_prefix(*prefix)).collect();
            for limit in 0..=all.len() + 1 {
                let holds = |start, rests: &mut dyn Iterator<Item = &&[u8]>| {
                    let found = index.scan(prefix, start, limit).unwrap();
                    let expected: Vec<_> = rests.take(limit).map(|rest| Box::from(*rest)).collect();
                    assert_eq!(found, expected, "{engine}: {limit} of {prefix:?} from {start:?}");
                };
                holds(Start::First, &mut all.iter());
                holds(Start::Last, &mut all.iter().rev());
                for cursor in keys.iter().chain(&others) {
                    holds(Start::After(cursor), &mut all.iter().filter(|rest| *rest > cursor));
                    let below = all.iter().rev().filter(|rest| *rest < cursor);
                    holds(Start::Before(cursor), &mut { below });
                }
            }
        }
    });
}

#[test]
fn names_of_a_range_are_answered_as_a_sorted_list_would() {
    on_each_engine(|engine, dir| {
        let index = open(engine, dir).unwrap();
        insert(&*index, 0..3);
        let mut all: Vec<_> = (0..3 * ROWS_PER_BLOCK).map(name).collect();
        all.sort_unstable();
        let at = |place: usize| all[place];
        let ends = [[0; 33], at(0), at(1), name(999), at(150), at(299), [255; 33]];
        for low in ends {
            for high in ends.into_iter().filter(|high| *high >= low) {
                let within: Vec<_> =
                    all.iter().copied().filter(|name| (low..=high).contains(name)).collect();
                for limit in [0, 1, within.len(), within.len() + 1] {
                    let found = index.names(low..=high, limit).unwrap();
                    assert_eq!(found, within[..limit.min(within.len())], "{engine}: {limit}");
                }
            }
        }
    });
}

#[test]
fn a_new_index_is_empty_and_a_count_alone_can_be_inserted() {
    on_each_engine(|engine, dir| {
        let index = open(engine, dir).unwrap();
        assert_eq!(index.blocks().unwrap(), 0);
        assert_eq!(index.get(&name(0)).unwrap(), None);
        assert!(index.scan(b"", Start::First, 1).unwrap().is_empty());
        index.insert(&Rows::default(), 7).unwrap();
        assert_eq!(index.blocks().unwrap(), 7);
        assert!(index.scan(b"", Start::First, 1).unwrap().is_empty(), "the count is no key");
    });
}

#[test]
fn what_was_inserted_is_there_after_a_reopening_and_once_however_often_inserted() {
    on_each_engine(|engine, dir| {
        let index = open(engine, dir).unwrap();
        insert(&*index, 0..4);
        insert(&*index, 2..4);
        assert_eq!(check(&*index).unwrap(), 4);
        index.sync().unwrap();
        drop(index);
        let index = open(engine, dir).unwrap();
        insert(&*index, 3..6);
        assert_eq!(check(&*index).unwrap(), 6);
        let all = index.scan(b"", Start::First, usize::MAX).unwrap();
        assert_eq!(all.len() as u64, 6 * ROWS_PER_BLOCK);
    });
}

#[test]
fn a_folder_that_is_open_is_not_taken_for_damaged() {
    on_each_engine(|engine, dir| {
        let _held = open(engine, dir).unwrap();
        assert!(matches!(open(engine, dir), Err(StoreError::Input(_))), "{engine}");
    });
}

/// The child of the next test, and no test by itself: tells after each block it inserted.
#[test]
fn insert_until_killed() {
    let Some(dir) = env::var_os("INDEX_DIR") else { return };
    let index = open(env::var("INDEX_ENGINE").unwrap().parse().unwrap(), Path::new(&dir)).unwrap();
    let blocks = index.blocks().unwrap();
    for height in blocks..blocks + 1_000 {
        insert(&*index, height..height + 1);
        println!("\nat {}", height + 1);
    }
}

#[test]
fn after_a_kill_the_count_has_all_its_rows() {
    let name = format!("{}::insert_until_killed", module_path!().split_once("::").unwrap().1);
    on_each_engine(|engine, dir| {
        for round in 1..=4 {
            let mut child = Command::new(env::current_exe().unwrap())
                .args(["--exact", &name, "--nocapture"])
                .env("INDEX_ENGINE", engine.to_string())
                .env("INDEX_DIR", dir)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let told = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
            let told = told.filter(|line| line.starts_with("at ")).nth(40 * round);
            child.kill().unwrap();
            child.wait().unwrap();
            assert!(told.is_some(), "{engine}: the child ended by itself");
            check(&*open(engine, dir).unwrap()).unwrap();
        }
    });
}

/// A file's path, length, and bytes up to the last that is not zero: journals are mostly zeros.
type Stored = (PathBuf, u64, Vec<u8>);

fn read_all(dir: &Path) -> Vec<Stored> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            files.extend(read_all(&entry.path()));
            continue;
        }
        let mut bytes = fs::read(entry.path()).unwrap();
        let length = bytes.len() as u64;
        bytes.truncate(bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1));
        files.push((entry.path(), length, bytes));
    }
    files
}

fn write((path, length, bytes): &Stored) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
    fs::File::options().write(true).open(path).unwrap().set_len(*length).unwrap();
}

#[test]
fn files_with_a_bit_flipped_or_cut_short_answer_right_or_are_named_as_damage() {
    on_each_engine(|engine, dir| {
        insert(&*open(engine, dir).unwrap(), 0..20);
        let sound = read_all(dir);
        for (path, length, bytes) in sound.iter().filter(|(_, _, bytes)| !bytes.is_empty()) {
            for seed in 0..4 {
                let random = name(seed);
                let at = u32::from_be_bytes(random[..4].try_into().unwrap()) as usize % bytes.len();
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << (random[4] % 8);
                let cut = (path.clone(), at as u64, bytes[..at].to_vec());
                for damaged in [(path.clone(), *length, flipped), cut] {
                    fs::remove_dir_all(dir).unwrap();
                    sound.iter().for_each(write);
                    write(&damaged);
                    match open(engine, dir).and_then(|index| check(&*index)) {
                        Ok(_) | Err(StoreError::Damage { .. }) => {}
                        Err(error) => panic!("{engine}, {} at {at}: {error}", path.display()),
                    }
                }
            }
        }
    });
}
