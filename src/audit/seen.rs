//! What one auditor has seen of one ledger: the signed head of every block that ever passed, so that
//! another history is caught at the first block that differs, with both signatures at hand.
//!
//! ```text
//! <state>/<ledger id>/
//!   lock          held while an audit of this ledger runs
//!   heads         records (docs/format.md 7.4), one a block from 0: height, size, time_ms as u64 LE,
//!                 root, seal key, seal
//!   state         how much of `heads` counts, and the newest snapshot of an audit; replaced as a
//!                 whole once what it speaks of is durable
//!   fold-<n>/     what that snapshot has in files (snapshot.rs)
//!   evidence/     what was caught; nothing in it is ever replaced
//! ```
//! It is worth as much as the disk it is on: whoever can write there can make the auditor forget,
//! but never accuse, for what is brought against a ledger is held to the ledger's own signature.

use std::{
    fs::{self, File},
    io::{BufReader, BufWriter, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use probant_core::{
    Identity,
    framing::{self, CRC_BYTES, LENGTH_BYTES, frame},
};
use serde::{Deserialize, Serialize};

use super::{SignedHead, snapshot::Snapshot};
use crate::{Error, checksum, durable, lock};

const HEADS: &str = "heads";
const STATE: &str = "state";
const LOCK: &str = "lock";
/// Before the number of a snapshot's directory.
const FOLD: &str = "fold-";
const FILE_MODE: u32 = 0o644;
const VERSION: u32 = 1;
/// Longest signed head: its seal names an origin of 255 bytes at most.
const HEAD_BYTES_MAX: usize = 1024;
/// Longest state file that is read.
const STATE_BYTES_MAX: u64 = 1 << 20;

/// How much of `heads` counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Extent {
    blocks: u64,
    bytes: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct State {
    version: u32,
    identity: String,
    heads: Extent,
    /// The last of them, as its record has it, in hex.
    newest: String,
    /// Where an audit can go on.
    snapshot: Option<Snapshot>,
}

impl State {
    /// JSON, and before it the line of its checksum.
    fn encode(&self) -> Vec<u8> {
        checksum::line(&serde_json::to_string_pretty(self).expect("strings and numbers"))
    }

    fn decode(bytes: &[u8]) -> Result<Self, String> {
        let text = checksum::read(bytes).ok_or(checksum::WRONG)?;
        serde_json::from_str(text).map_err(|why| why.to_string())
    }
}

/// What came of holding a block to what was seen before.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// It was seen before, or is new.
    Fits,
    /// Another one was seen at its height, and signed.
    Differs(Box<SignedHead>),
}

/// The heads that were seen, and those that this audit adds.
pub(super) struct Seen {
    dir: PathBuf,
    identity: Identity,
    _lock: File,
    /// What was durable when it was opened.
    before: Extent,
    newest: Option<SignedHead>,
    /// How far this audit has come in the file: read up to `before`, written beyond.
    at: Extent,
    reader: BufReader<File>,
    writer: BufWriter<File>,
    added: Option<SignedHead>,
    snapshot: Option<Snapshot>,
    /// Whether there is more to be made durable.
    changed: bool,
}

impl Seen {
    /// Opens what was seen of a ledger, making the place for it where there is none.
    ///
    /// # Errors
    /// `Busy` while another audit has it, `Input` where it cannot be made, `Stop` for damage.
    pub fn open(state: &Path, identity: &Identity) -> Result<Self, Error> {
        let dir = state.join(identity.ledger.to_string());
        fs::create_dir_all(&dir).map_err(Error::file(&dir))?;
        let lock = lock(&dir)?;
        let (before, newest, snapshot) = read_state(&dir, identity)?;
        clean(&dir, snapshot.as_ref())?;
        let path = dir.join(HEADS);
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(Error::file(&path))?;
        if file.metadata().map_err(Error::file(&path))?.len() < before.bytes {
            return Err(damaged(&path, "it is shorter than it was"));
        }
        // What a crash left beyond is no longer counted, and written over.
        file.set_len(before.bytes).map_err(Error::file(&path))?;
        let mut writer = BufWriter::new(file.try_clone().map_err(Error::file(&path))?);
        writer.seek(SeekFrom::Start(before.bytes)).map_err(Error::file(&path))?;
        let reader = BufReader::new(File::open(&path).map_err(Error::file(&path))?);
        let (identity, at) = (identity.clone(), Extent::default());
        let (added, changed) = (None, false);
        Ok(Self {
            dir,
            identity,
            _lock: lock,
            before,
            newest,
            at,
            reader,
            writer,
            added,
            snapshot,
            changed,
        })
    }

    /// Another ledger of the same name that was seen before. What cannot be read says nothing.
    pub fn namesake(state: &Path, identity: &Identity) -> Option<Identity> {
        let dirs = fs::read_dir(state).ok()?.flatten();
        let seen = dirs.filter_map(|entry| read_text(&entry.path().join(STATE)).ok().flatten());
        let mut seen = seen.filter_map(|text| State::decode(&text).ok()?.identity.parse().ok());
        seen.find(|seen: &Identity| {
            seen.origin == identity.origin && seen.ledger != identity.ledger
        })
    }

    /// Where an earlier audit can be gone on with.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref()
    }

    /// Where the files of a snapshot are.
    pub fn fold_dir(&self, generation: u64) -> PathBuf {
        self.dir.join(format!("{FOLD}{generation}"))
    }

    /// Makes a place for the files of the snapshots of this audit.
    ///
    /// # Errors
    /// `Stop` where it cannot be made.
    pub fn new_fold(&self) -> Result<(u64, PathBuf), Error> {
        let generation = self.snapshot.as_ref().map_or(0, |snapshot| snapshot.generation + 1);
        let dir = self.fold_dir(generation);
        durable::create_dir(&dir)?;
        Ok((generation, dir))
    }

    /// Goes on after the block of a snapshot.
    ///
    /// # Errors
    /// `Input` where its own files cannot be read.
    pub fn go_to(&mut self, blocks: u64, bytes: u64) -> Result<(), Error> {
        let path = self.dir.join(HEADS);
        if blocks > self.before.blocks || bytes > self.before.bytes {
            return Err(damaged(&path, "it ends before the snapshot"));
        }
        self.reader.seek(SeekFrom::Start(bytes)).map_err(Error::file(&path))?;
        self.at = Extent { blocks, bytes };
        Ok(())
    }

    /// Bytes of `heads` up to where this audit is.
    pub fn heads_bytes(&self) -> u64 {
        self.at.bytes
    }

    /// Where it is kept.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The newest head that was seen before this audit.
    pub fn newest(&self) -> Option<&SignedHead> {
        self.newest.as_ref()
    }

    /// Holds the next block to what was seen at its height, or takes it in.
    ///
    /// # Errors
    /// `Stop` where the auditor's own record is damaged, `Input` where it cannot be written.
    pub fn meet(&mut self, shown: &SignedHead) -> Result<Met, Error> {
        if self.at.blocks < self.before.blocks {
            let kept = self.read()?;
            if kept.root == shown.root {
                return Ok(Met::Fits);
            }
            // A bit that flipped here must not accuse the ledger.
            let signed = kept.verify(&self.identity);
            signed.map_err(|why| damaged(&self.dir.join(HEADS), &why.to_string()))?;
            return Ok(Met::Differs(Box::new(kept)));
        }
        let record = frame(&shown.encode()).map_err(|why| Error::Stop(why.to_string()))?;
        self.writer.write_all(&record).map_err(Error::file(&self.dir.join(HEADS)))?;
        self.at.bytes += record.len() as u64;
        self.at.blocks += 1;
        (self.added, self.changed) = (Some(shown.clone()), true);
        Ok(Met::Fits)
    }

    fn read(&mut self) -> Result<SignedHead, Error> {
        read_head(&mut self.reader, &self.dir.join(HEADS), &mut self.at)
    }

    /// How many blocks were seen before this audit.
    pub fn blocks(&self) -> u64 {
        self.before.blocks
    }

    /// The heads up to where this audit is, in order.
    ///
    /// # Errors
    /// `Input` and `Stop` where they cannot be read.
    pub fn heads(&self, heard: &mut dyn FnMut(SignedHead)) -> Result<(), Error> {
        let (path, mut at) = (self.dir.join(HEADS), Extent::default());
        let mut reader = BufReader::new(File::open(&path).map_err(Error::file(&path))?);
        while at.blocks < self.at.blocks {
            heard(read_head(&mut reader, &path, &mut at)?);
        }
        Ok(())
    }

    /// Takes a newer snapshot, whose files are durable.
    pub fn take(&mut self, snapshot: Snapshot) {
        (self.snapshot, self.changed) = (Some(snapshot), true);
    }

    /// Makes durable what was added. A crash on the way leaves what was there before.
    ///
    /// # Errors
    /// `Input` and `Stop` where it cannot be.
    pub fn save(&mut self) -> Result<(), Error> {
        let Some(newest) = self.added.as_ref().or(self.newest.as_ref()) else { return Ok(()) };
        if !std::mem::take(&mut self.changed) {
            return Ok(());
        }
        let path = self.dir.join(HEADS);
        self.writer.flush().map_err(Error::file(&path))?;
        self.writer.get_ref().sync_data().map_err(Error::file(&path))?;
        let heads = if self.added.is_some() { &self.at } else { &self.before };
        let state = State {
            version: VERSION,
            identity: self.identity.to_string(),
            heads: heads.clone(),
            newest: hex::encode(newest.encode()),
            snapshot: self.snapshot.clone(),
        };
        durable::replace_file(&self.dir.join(STATE), &state.encode(), FILE_MODE)?;
        Ok(())
    }

    /// Removes what an audit has in files without a snapshot that speaks of them, and what an older
    /// snapshot had. A crash before it leaves that to the next opening.
    ///
    /// # Errors
    /// `Input` where it cannot be.
    pub fn tidy(&self) -> Result<(), Error> {
        clean(&self.dir, self.snapshot.as_ref())
    }
}

/// The next head, where `at` says that the reader is.
fn read_head(
    reader: &mut BufReader<File>,
    path: &Path,
    at: &mut Extent,
) -> Result<SignedHead, Error> {
    let mut length = [0; LENGTH_BYTES];
    reader.read_exact(&mut length).map_err(Error::file(path))?;
    let len = framing::block_bytes(length).ok().filter(|len| *len <= HEAD_BYTES_MAX);
    let len = len.ok_or_else(|| damaged(path, "a length that no signed head has"))?;
    let mut rest = vec![0; len + CRC_BYTES];
    reader.read_exact(&mut rest).map_err(Error::file(path))?;
    let read = framing::parse(length, rest).map_err(|why| damaged(path, &why.to_string()))?;
    let head = SignedHead::decode(&read).filter(|head| head.height == at.blocks);
    let head = head.ok_or_else(|| damaged(path, "not the signed head that belongs there"))?;
    at.bytes += framing::record_bytes(len) as u64;
    at.blocks += 1;
    Ok(head)
}

/// Removes the files of every snapshot but this one: of older ones, and of audits that took none.
fn clean(dir: &Path, keep: Option<&Snapshot>) -> Result<(), Error> {
    let keep = keep.map(|snapshot| format!("{FOLD}{}", snapshot.generation));
    for entry in fs::read_dir(dir).map_err(Error::file(dir))? {
        let entry = entry.map_err(Error::file(dir))?;
        let name = entry.file_name().into_string().unwrap_or_default();
        if name.starts_with(FOLD) && Some(name) != keep {
            fs::remove_dir_all(entry.path()).map_err(Error::file(&entry.path()))?;
        }
    }
    Ok(())
}

type Kept = (Extent, Option<SignedHead>, Option<Snapshot>);

fn read_state(dir: &Path, identity: &Identity) -> Result<Kept, Error> {
    let path = dir.join(STATE);
    let Some(text) = read_text(&path)? else { return Ok(Default::default()) };
    let state = State::decode(&text).map_err(|why| damaged(&path, &why))?;
    if state.version != VERSION {
        let (path, version) = (path.display(), state.version);
        return Err(Error::input(format!("{path} is of version {version}, of a newer probant")));
    }
    let newest = hex::decode(&state.newest).ok().and_then(|bytes| SignedHead::decode(&bytes));
    let newest = newest.filter(|newest| newest.height.checked_add(1) == Some(state.heads.blocks));
    let newest = newest.ok_or_else(|| damaged(&path, "the newest head is not one"))?;
    newest.verify(identity).map_err(|why| damaged(&path, &why.to_string()))?;
    Ok((state.heads, Some(newest), state.snapshot))
}

fn read_text(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(Error::file(path))?,
    };
    let mut text = Vec::new();
    file.take(STATE_BYTES_MAX).read_to_end(&mut text).map_err(Error::file(path))?;
    Ok(Some(text))
}

fn lock(dir: &Path) -> Result<File, Error> {
    let path = dir.join(LOCK);
    let lock = File::create(&path).map_err(Error::file(&path))?;
    lock::hold(lock, &path, || {
        Error::busy(format!(
            "{} is in use by another audit of this ledger: wait for it, or give this one a place of \
             its own with --state",
            dir.display()
        ))
    })
}

fn damaged(path: &Path, why: &str) -> Error {
    Error::Stop(format!(
        "{} is damaged: {why}; what this auditor saw before cannot be compared: look at its disk, \
         restore the directory from a copy, or move it away to begin anew",
        path.display()
    ))
}
