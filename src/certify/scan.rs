//! What is to be certified: looks at files on all cores, leaves out those that are done, and fills
//! batches.

use std::{
    collections::{BTreeMap, HashMap, hash_map},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use probant_core::{Fingerprint, Hash};
use rayon::prelude::*;

use super::{
    batches::{Filled, Filling},
    progress::Progress,
    standing::{Entry, Judge, Standing},
    walk::{Left, Walk},
};
use crate::{Error, document, planted::FileId};

/// Files hashed between two looks at whether to stop.
const CHUNK_COUNT: usize = 1024;

/// How to look at files, and what for.
pub struct Scanner {
    pub paths: Vec<PathBuf>,
    pub judge: Arc<Judge>,
    pub media_type: Option<&'static str>,
    pub batch_count: usize,
    /// The spool of this run, if it has one.
    pub spool: Option<FileId>,
    pub stop: Arc<AtomicBool>,
    pub progress: Arc<Progress>,
}

/// What a scan leaves when its batches are gone.
pub struct Scan {
    /// Documents that had their proof already.
    pub done: usize,
    /// Further files with the bytes of a document of an earlier batch or run.
    pub late: BTreeMap<Fingerprint, Copies>,
    seen: Seen,
}

/// Where each fingerprint is certified, as far as this run knows.
#[derive(Default)]
pub struct Seen {
    by_fingerprint: HashMap<Fingerprint, Whereabouts>,
    /// What was signed for each entry of earlier runs: apart, since there are few of them.
    leaves: HashMap<u64, Hash>,
}

/// Files that share the proof of an entry.
pub struct Copies {
    pub of: Whereabouts,
    pub paths: Vec<PathBuf>,
}

/// Where a fingerprint is certified.
#[derive(Clone, Copy)]
pub enum Whereabouts {
    /// By an earlier run, in the entry of this index.
    Entry(u64),
    /// By the batch of this number, in this run.
    Batch(usize),
}

impl Seen {
    /// A document of an earlier run.
    pub fn add(&mut self, fingerprint: Fingerprint, entry: Entry) {
        self.leaves.entry(entry.index).or_insert(entry.leaf);
        self.by_fingerprint.entry(fingerprint).or_insert(Whereabouts::Entry(entry.index));
    }
}

impl Scan {
    /// The entry of an earlier run.
    pub fn entry(&self, index: u64) -> Option<Entry> {
        self.seen.leaves.get(&index).map(|leaf| Entry { index, leaf: *leaf })
    }
}

impl Scanner {
    /// Hands each batch to `take` as soon as it is full; ends early when `take` says no more.
    /// What was `seen` before is not put into batches again.
    pub fn run(
        self,
        seen: Seen,
        mut take: impl FnMut(Filled) -> Result<bool, Error>,
    ) -> Result<Scan, Error> {
        let mut walk = Walk::new(&self.paths, self.spool);
        let mut scan = Scan { done: 0, late: BTreeMap::new(), seen };
        let mut filling = Filling::new(self.batch_count);
        loop {
            let chunk: Vec<_> = walk.by_ref().take(CHUNK_COUNT).collect();
            if chunk.is_empty() {
                break;
            }
            let mut files = Vec::with_capacity(chunk.len());
            for found in chunk {
                match found {
                    Ok(path) => files.push(path),
                    Err((path, Left::Refused(why))) => self.progress.fail(&path, &why),
                    Err((path, Left::PassedOver(foreign))) => {
                        self.progress.passed_over(&path, foreign.is_what());
                    }
                }
            }
            for (path, standing) in self.look(files) {
                if self.is_stopped() {
                    return Ok(scan);
                }
                let filled = self.place(path, standing, &mut scan, &mut filling);
                if let Some(filled) = filled
                    && !take(filled)?
                {
                    return Ok(scan);
                }
            }
        }
        for filled in filling.finish() {
            if self.is_stopped() || !take(filled)? {
                break;
            }
        }
        Ok(scan)
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    fn look(&self, files: Vec<PathBuf>) -> Vec<(PathBuf, Standing)> {
        let one = |path: PathBuf| {
            let standing = self.judge.standing(&path);
            self.progress.looked_at();
            (path, standing.unwrap_or_else(|error| Standing::LeftAlone(error.to_string())))
        };
        self.judge.crew.run(|| files.into_par_iter().map(one).collect())
    }

    fn place(
        &self,
        path: PathBuf,
        standing: Standing,
        scan: &mut Scan,
        filling: &mut Filling,
    ) -> Option<Filled> {
        match standing {
            Standing::LeftAlone(why) => self.progress.fail(&path, &why),
            Standing::Done(fingerprint, entry, standing) => {
                scan.done += 1;
                self.progress.stands(&path, &standing);
                scan.seen.add(fingerprint, entry);
            }
            Standing::New(fingerprint) => match scan.seen.by_fingerprint.entry(fingerprint) {
                hash_map::Entry::Vacant(vacant) => {
                    let media_type = self.media_type_of(&path);
                    let (number, filled) = filling.add(media_type, fingerprint, path);
                    vacant.insert(Whereabouts::Batch(number));
                    return filled;
                }
                hash_map::Entry::Occupied(known) => {
                    let of = *known.get();
                    let late = match of {
                        Whereabouts::Batch(number) => filling.add_copy(number, fingerprint, path),
                        Whereabouts::Entry(_) => Err(path),
                    };
                    if let Err(path) = late {
                        let copies = Copies { of, paths: Vec::new() };
                        scan.late.entry(fingerprint).or_insert(copies).paths.push(path);
                    }
                }
            },
        }
        None
    }

    fn media_type_of(&self, path: &Path) -> &'static str {
        self.media_type.unwrap_or_else(|| document::media_type(path))
    }
}
