//! What is kept beside a proof, under its name: time stamps over heads that it does not know, and
//! answers of a ledger that contradict it.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use crate::{
    Error,
    anchor::{ANCHORED_BYTES_MAX, Anchored},
    client::{Held, Refresher},
    document::ANCHOR_EXTENSION,
    durable, planted,
};

/// How many of a kind are kept.
const KEPT_MAX: usize = 99;
const CONTRADICTS: &str = "contradicts";
const MODE: u32 = 0o644;

/// `bill.pdf.proof.anchor`.
pub fn anchor(proof: &Path) -> PathBuf {
    numbered(proof, ANCHOR_EXTENSION, 1)
}

/// Keeps time stamps that a newer proof does without: before it takes the place of the older one.
///
/// # Errors
/// [`Error::Stop`] where they could not be made durable, or too many are there.
pub fn keep_stamps(proof: &Path, stamps: &[Anchored]) -> Result<Vec<PathBuf>, Error> {
    stamps.iter().map(|stamp| keep(proof, &stamp.encode(), ANCHOR_EXTENSION)).collect()
}

/// Brings the time stamps beside a proof to the head that it has now. What is none, or of another
/// history, stays as it is, and so does all of it after a crash: then the next run goes on.
///
/// # Errors
/// Those of every request; [`Error::Stop`] where they could not be made durable.
pub async fn restamp(proof: &Path, refresher: &Refresher, held: &Held) -> Result<(), Error> {
    for number in 1..=KEPT_MAX {
        let path = numbered(proof, ANCHOR_EXTENSION, number);
        let Ok(bytes) = planted::read(&path, ANCHORED_BYTES_MAX) else { continue };
        let Ok(stamp) = Anchored::decode(&bytes) else { continue };
        if let Some(newer) = refresher.restamp(&stamp, held).await? {
            durable::replace_file(&path, &newer.encode(), MODE)?;
        }
    }
    Ok(())
}

/// Keeps an answer that cannot be true if the proof is.
///
/// # Errors
/// As [`keep_stamps`].
pub fn keep_contradiction(proof: &Path, answer: &[u8]) -> Result<PathBuf, Error> {
    keep(proof, answer, CONTRADICTS)
}

/// Never in the place of others, which may be evidence too; what is there already, not twice.
fn keep(proof: &Path, bytes: &[u8], extension: &str) -> Result<PathBuf, Error> {
    for number in 1..=KEPT_MAX {
        let path = numbered(proof, extension, number);
        match durable::create_new_file(&path, bytes, MODE) {
            Ok(_) => return Ok(path),
            Err(failed) if failed.source.kind() == ErrorKind::AlreadyExists => {
                if planted::read(&path, bytes.len()).is_ok_and(|there| there == bytes) {
                    return Ok(path);
                }
            }
            Err(failed) => return Err(failed.into()),
        }
    }
    let proof = proof.display();
    Err(Error::Stop(format!(
        "{KEPT_MAX} files .{extension} lie beside {proof}: somebody must look, and move them away"
    )))
}

/// `bill.pdf.proof.contradicts`, `bill.pdf.proof.contradicts.2`.
fn numbered(proof: &Path, extension: &str, number: usize) -> PathBuf {
    let mut name = proof.to_owned().into_os_string();
    name.push(format!(".{extension}"));
    if number > 1 {
        name.push(format!(".{number}"));
    }
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_takes_the_place_of_another_and_nothing_is_kept_twice() {
        let dir = tempfile::tempdir().unwrap();
        let proof = dir.path().join("bill.pdf.proof");
        let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        let kept = |answer: &[u8]| name(keep_contradiction(&proof, answer).unwrap());
        assert_eq!(kept(b"one"), "bill.pdf.proof.contradicts");
        assert_eq!(kept(b"two"), "bill.pdf.proof.contradicts.2");
        assert_eq!(kept(b"one"), "bill.pdf.proof.contradicts");
        let stamp = |size| Anchored { size, path: vec![], grown: vec![], reply: vec![1] };
        let all = keep_stamps(&proof, &[stamp(1), stamp(2), stamp(1)]).unwrap();
        let (first, second) = ("bill.pdf.proof.anchor", "bill.pdf.proof.anchor.2");
        assert_eq!(all.into_iter().map(name).collect::<Vec<_>>(), [first, second, first]);
        for number in 3..=KEPT_MAX as u64 {
            keep_stamps(&proof, &[stamp(number)]).unwrap();
        }
        let why = keep_stamps(&proof, &[stamp(100)]).unwrap_err().to_string();
        assert!(why.contains("99 files .anchor"), "{why}");
    }
}
