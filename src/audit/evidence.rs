//! What was caught, as files of its own: whoever is shown them needs neither this auditor nor the
//! ledger to check them. Named by what they hold, and never replaced.

use std::{fs, path::PathBuf};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{HeadReport, Report, SeenReport, SinceReport};
use crate::{Error, durable};

const FILE_MODE: u32 = 0o644;
/// Blocks at fault that are kept; the first one always is.
const BLOCKS_BYTES_MAX: u64 = 1 << 30;

/// A file that holds evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EvidenceFile {
    /// What it is.
    pub what: &'static str,
    /// Where it is.
    pub file: String,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
}

/// Where evidence goes; nowhere, where the auditor keeps nothing.
pub(crate) struct Evidence {
    dir: Option<PathBuf>,
}

/// Two signed heads, or a checkpoint and a signed head.
#[derive(Serialize)]
struct Heads<'a> {
    what: &'static str,
    identity: Option<&'a str>,
    source: &'a str,
    found: &'a str,
    /// The head that was seen before, or the checkpoint.
    seen: Option<&'a HeadReport>,
    since: Option<&'a SinceReport>,
    shown: Option<&'a HeadReport>,
}

const FORK: &str = "two histories of one ledger: two seals over one height with different roots; \
                    each is a COSE_Sign1 whose detached payload is the root, by the seal key";
const BEHIND: &str = "a ledger that ends before a head that it has signed: it lags, or was rolled \
                      back";
const SINCE: &str = "a ledger that does not begin with the tree of a checkpoint that it has signed";
const BLOCK: &str = "the block at fault, as it was read (docs/format.md 7.3)";

impl Evidence {
    pub fn in_dir(dir: Option<PathBuf>) -> Self {
        Self { dir }
    }

    /// Saves what the report speaks of.
    ///
    /// # Errors
    /// `Input` and `Stop` where a file cannot be written; those before it are.
    pub fn save(
        &self,
        report: &Report,
        block: Option<&[u8]>,
        files: &mut Vec<EvidenceFile>,
    ) -> Result<(), Error> {
        if let Some(seen) = report.seen.as_ref().filter(|seen| seen.shown.is_some()) {
            files.extend(self.heads_of_seen(report, seen)?);
        }
        if let Some(since) = report.since.as_ref().filter(|since| since.is_contradicted()) {
            let heads = heads(report, SINCE, None, Some(since), report.head.as_ref());
            let name = format!("since-{}", since.size);
            files.extend(self.write(SINCE, &name, "json", &heads)?);
        }
        if let (Some(block), Some(fault)) = (block, &report.fault) {
            self.check_room(block)?;
            files.extend(self.write(BLOCK, &format!("block-{}", fault.block), "cbor", block)?);
        }
        Ok(())
    }

    /// What nobody signed for is not kept without end: whoever looks again and again is shown other rubbish
    /// each time.
    fn check_room(&self, block: &[u8]) -> Result<(), Error> {
        let files = self.dir.as_ref().and_then(|dir| fs::read_dir(dir).ok());
        let of = |entry: fs::DirEntry| {
            let is_block = entry.file_name().to_string_lossy().starts_with("block-");
            if is_block { entry.metadata().map_or(0, |file| file.len()) } else { 0 }
        };
        let held: u64 = files.into_iter().flatten().flatten().map(of).sum();
        if held == 0 || held + block.len() as u64 <= BLOCKS_BYTES_MAX {
            return Ok(());
        }
        Err(Error::input("blocks at fault of 1 GiB are there already: move them away"))
    }

    fn heads_of_seen(
        &self,
        report: &Report,
        seen: &SeenReport,
    ) -> Result<Option<EvidenceFile>, Error> {
        let shown = seen.shown.as_ref();
        let height = shown.map_or(0, |shown| shown.height);
        let (what, name, before) = match &seen.seen {
            Some(before) => (FORK, format!("fork-{height}"), Some(before)),
            None => (BEHIND, format!("behind-{height}"), seen.newest.as_ref()),
        };
        self.write(what, &name, "json", &heads(report, what, before, None, shown))
    }

    /// Saves bytes under a name that says what they are, and what they hash to.
    ///
    /// # Errors
    /// `Input` and `Stop` where they cannot be.
    pub fn write(
        &self,
        what: &'static str,
        name: &str,
        extension: &str,
        bytes: &[u8],
    ) -> Result<Option<EvidenceFile>, Error> {
        let Some(dir) = &self.dir else { return Ok(None) };
        let sha256 = hex::encode(Sha256::digest(bytes));
        let path = dir.join(format!("{name}-{}.{extension}", &sha256[..16]));
        durable::create_dir(dir)?;
        // The same bytes are there already where the name is.
        if fs::read(&path).ok().as_deref() != Some(bytes) {
            durable::create_new_file(&path, bytes, FILE_MODE)?;
        }
        Ok(Some(EvidenceFile { what, file: path.display().to_string(), sha256 }))
    }
}

fn heads(
    report: &Report,
    what: &'static str,
    seen: Option<&HeadReport>,
    since: Option<&SinceReport>,
    shown: Option<&HeadReport>,
) -> Vec<u8> {
    let (identity, source) = (report.identity.as_deref(), report.source.as_str());
    let heads = Heads { what, identity, source, found: &report.audited, seen, since, shown };
    let mut text = serde_json::to_vec_pretty(&heads).expect("strings and numbers");
    text.push(b'\n');
    text
}
