//! What the server does not start with: each is said in one line with what to do, by an exit code,
//! and changes nothing.

use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use probant::keyfile;

use crate::harness::{Client, Home, Issuer, bounded};

/// Mend the input.
const INPUT: i32 = 2;
/// Stop: somebody must look.
const STOP: i32 = 4;

/// A home with some blocks in it, served by nobody.
async fn filled() -> Home {
    let home = Home::init();
    let server = home.serve(&["--interval-ms", "5"]);
    let issuer = Issuer::enrolled(&home, &server.client()).await;
    certify(&server.client(), &issuer, "bill").await;
    assert_eq!(server.stop(), Some(0));
    home
}

async fn certify(client: &Client, issuer: &Issuer, name: &str) {
    for count in [1, 30] {
        let sent = issuer.certify_made_up(&format!("{name} {count}"), count);
        assert_eq!(client.post("/entries", sent.bytes).await.status, 201);
    }
}

/// Every file below a folder, with what is in it; but those of the index engine, which keeps house
/// whenever it is opened.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let engine = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("index-"));
        if path.is_dir() && !engine {
            found.extend(files(&path));
        } else if !engine {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

/// It ends with this code, one line that says all of `says`, and every file as it was.
#[track_caller]
fn refused(home: &Home, args: &[&str], code: i32, says: &[&str]) {
    let before = (files(home.data()), files(home.keys()));
    let (found, said) = home.refused(args);
    assert_eq!(found, code, "{said}");
    let line = said.strip_prefix("probant: ").unwrap_or_else(|| panic!("{said}"));
    assert_eq!(line.lines().count(), 1, "{said}");
    for what in says {
        assert!(line.contains(what), "{what:?} is not said in: {said}");
    }
    let after = (files(home.data()), files(home.keys()));
    for (before, after) in [(&before.0, &after.0), (&before.1, &after.1)] {
        let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(before), names(after), "{said}");
        let changed: Vec<_> = before.keys().filter(|name| before[*name] != after[*name]).collect();
        assert!(changed.is_empty(), "{changed:?} changed, but: {said}");
    }
}

/// It still starts, and stands where it stood.
async fn stands_at(home: &Home, head: (u64, u64)) {
    let server = home.serve(&[]);
    assert_eq!(server.client().head().await, head);
    assert_eq!(server.stop(), Some(0));
}

#[tokio::test]
async fn a_directory_or_a_port_in_use_is_said_at_once() {
    bounded(120, async {
        let home = filled().await;
        let server = home.serve(&[]);
        let data = home.data().to_str().unwrap();
        refused(&home, &[], INPUT, &[data, "in use by another process"]);
        let head = server.client().head().await;
        assert_eq!(server.stop(), Some(0));
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = other.local_addr().unwrap().to_string();
        refused(&home, &["--listen", &address], INPUT, &[&address, "--listen chooses another"]);
        stands_at(&home, head).await;
    })
    .await;
}

#[tokio::test]
async fn a_limit_that_would_refuse_everybody_is_refused() {
    bounded(60, async {
        let home = filled().await;
        for option in [
            "--connections",
            "--head-timeout-s",
            "--body-timeout-s",
            "--write-timeout-s",
            "--client-share",
            "--buffered-bytes",
        ] {
            let (code, said) = home.refused(&[option, "0"]);
            assert_eq!(code, INPUT, "{said}");
            assert!(said.contains(option) && said.contains("1 or more"), "{said}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_that_is_missing_open_to_others_or_of_another_ledger_is_named() {
    bounded(180, async {
        let home = filled().await;
        for name in ["seal", "note"] {
            let path = home.keys().join(format!("{name}.pem"));
            let (file, aside) = (path.to_str().unwrap(), home.folder().join("aside"));
            fs::rename(&path, &aside).unwrap();
            refused(&home, &[], INPUT, &[file, "--keys"]);
            keyfile::create(&path).unwrap();
            refused(&home, &[], INPUT, &[file, "wrong directory of keys"]);
            fs::write(&path, "no key at all").unwrap();
            refused(&home, &[], INPUT, &[file, "no Ed25519 private key"]);
            fs::rename(&aside, &path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            refused(&home, &[], INPUT, &[file, "`chmod 600"]);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        // Enrollment, one, thirty: a block each.
        stands_at(&home, (3, 8)).await;
    })
    .await;
}

#[tokio::test]
async fn a_head_mark_that_is_missing_or_damaged_is_named() {
    bounded(120, async {
        let home = filled().await;
        let path = home.keys().join("head-mark");
        let (file, bytes) = (path.to_str().unwrap(), fs::read(&path).unwrap());
        fs::remove_file(&path).unwrap();
        refused(&home, &[], INPUT, &[file, "`probant mark set`"]);
        fs::write(&path, vec![0; bytes.len()]).unwrap();
        refused(&home, &[], STOP, &[file, "no valid head mark"]);
        fs::write(&path, bytes).unwrap();
        stands_at(&home, (3, 8)).await;
    })
    .await;
}

#[tokio::test]
async fn a_restored_older_copy_cannot_fork_the_ledger() {
    bounded(120, async {
        let mut home = filled().await;
        let old = home.folder().join("old");
        copy(home.data(), &old);
        let server = home.serve(&["--interval-ms", "5"]);
        let issuer = Issuer::new(&home, crate::harness::issuer::ISSUER, 9);
        certify(&server.client(), &issuer, "newer").await;
        assert_eq!(server.stop(), Some(0));
        let new = home.data().to_owned();
        home.move_data(old.clone());
        let mark = home.keys().join("head-mark");
        let says =
            [old.to_str().unwrap(), "behind its head mark at block 5", mark.to_str().unwrap()];
        refused(&home, &[], STOP, &says);
        // However much of it is derived.
        fs::remove_dir_all(old.join("derived")).unwrap();
        let (code, said) = home.refused(&[]);
        assert!(code == STOP && said.contains("behind its head mark"), "{said}");
        // Nor does the data of another ledger under these keys.
        let other = filled().await;
        let ledgers = [&home, &other].map(|home| home.identity().ledger.to_string());
        let derived = files(&other.data().join("derived"));
        home.move_data(other.data().to_owned());
        // What is derived there is that ledger's, and good.
        refused(&home, &[], INPUT, &[&ledgers[0], &ledgers[1], "wrong directory of keys"]);
        let reindex = home.command("reindex").output().unwrap();
        assert_eq!(reindex.status.code(), Some(INPUT), "{reindex:?}");
        assert!(files(&other.data().join("derived")) == derived, "reindex deletes nothing either");
        stands_at(&other, (3, 8)).await;
        home.move_data(new);
        stands_at(&home, (5, 12)).await;
    })
    .await;
}

#[tokio::test]
async fn a_segment_of_a_newer_version_or_with_a_flipped_bit_is_named() {
    bounded(120, async {
        let home = filled().await;
        let path = home.data().join("segments").join(format!("{:020}.seg", 0));
        let (file, good) = (path.to_str().unwrap(), fs::read(&path).unwrap());
        let mut newer = good.clone();
        newer[8..12].copy_from_slice(&2_u32.to_le_bytes());
        let crc = crc32fast::hash(&newer[..12]);
        newer[12..16].copy_from_slice(&crc.to_le_bytes());
        fs::write(&path, &newer).unwrap();
        refused(&home, &[], INPUT, &[file, "version 2", "newer probant"]);
        // Damage at or below the mark, once what was derived no longer hides it.
        fs::remove_dir_all(home.data().join("derived")).unwrap();
        for at in [0, 100, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 4;
            fs::write(&path, &bad).unwrap();
            let (code, said) = home.refused(&[]);
            assert!(code == STOP && said.contains("damage at"), "byte {at}: {said}");
            assert_eq!(fs::read(&path).unwrap(), bad, "byte {at}");
        }
        fs::write(&path, good).unwrap();
        stands_at(&home, (3, 8)).await;
    })
    .await;
}

#[tokio::test]
async fn a_directory_without_a_ledger_and_a_ledger_made_twice_are_refused() {
    bounded(120, async {
        let mut home = filled().await;
        let again = home.command("init").args(["--origin", "other.example"]).output().unwrap();
        let said = String::from_utf8_lossy(&again.stderr).into_owned();
        assert_eq!(again.status.code(), Some(INPUT), "{said}");
        assert!(said.contains("holds a ledger already"), "{said}");
        stands_at(&home, (3, 8)).await;
        let nothing = home.folder().join("nothing");
        home.move_data(nothing.clone());
        let (code, said) = home.refused(&[]);
        assert_eq!(code, INPUT);
        assert!(
            said.contains(nothing.to_str().unwrap()) && said.contains("`probant init`"),
            "{said}"
        );
        assert!(!nothing.exists());
    })
    .await;
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}
