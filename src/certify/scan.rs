//! What is to be certified: hashes files on all cores, leaves out those that are done, and fills
//! batches. A document is done if the proof beside it verifies for its bytes, this issuer and
//! this ledger; nothing else is remembered from one run to the next.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use probant_core::{Algorithm, Fingerprint, Rejected, proof::Proof};
use rayon::prelude::*;

use super::{
    batches::{Filled, Filling},
    crew::Crew,
    progress::Progress,
    walk::Walk,
};
use crate::{Error, document};

/// Files hashed between two looks at whether to stop.
const CHUNK_COUNT: usize = 1024;

/// How to look at files, and what for.
pub struct Scanner {
    pub paths: Vec<PathBuf>,
    pub algorithm: Algorithm,
    pub issuer: String,
    pub media_type: Option<&'static str>,
    pub batch_count: usize,
    pub crew: Arc<Crew>,
    pub stop: Arc<AtomicBool>,
    pub progress: Arc<Progress>,
}

/// What a scan leaves when its batches are gone.
#[derive(Default)]
pub struct Scan {
    /// Documents that had their proof already.
    pub done: usize,
    /// Further files with the bytes of a document of an earlier batch or run.
    pub late: BTreeMap<Fingerprint, Copies>,
}

/// Files that share the proof of an entry.
pub struct Copies {
    pub of: Whereabouts,
    pub paths: Vec<PathBuf>,
}

/// Where a fingerprint is certified.
#[derive(Clone, Copy)]
pub enum Whereabouts {
    /// By an earlier run.
    Entry(u64),
    /// By the batch of this number, in this run.
    Batch(usize),
}

/// What a file turned out to be.
enum Looked {
    New(Fingerprint),
    Done(Fingerprint, u64),
    Failed(String),
}

impl Scanner {
    /// Hands each batch to `take` as soon as it is full; ends early when `take` says no more.
    pub fn run(self, mut take: impl FnMut(Filled) -> Result<bool, Error>) -> Result<Scan, Error> {
        let mut walk = Walk::new(&self.paths);
        let (mut scan, mut filling) = (Scan::default(), Filling::new(self.batch_count));
        let mut seen = HashMap::new();
        loop {
            let chunk: Vec<_> = walk.by_ref().take(CHUNK_COUNT).collect();
            if chunk.is_empty() {
                break;
            }
            let mut files = Vec::with_capacity(chunk.len());
            for found in chunk {
                match found {
                    Ok(path) => files.push(path),
                    Err((path, error)) => self.progress.fail(&path, &error.to_string()),
                }
            }
            for (path, looked) in self.look(files) {
                if self.is_stopped() {
                    return Ok(scan);
                }
                let filled = self.place(path, looked, &mut seen, &mut scan, &mut filling);
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

    fn look(&self, files: Vec<PathBuf>) -> Vec<(PathBuf, Looked)> {
        let one = |path: PathBuf| {
            let looked = look_at(&path, self.algorithm, &self.issuer, &self.crew);
            self.progress.looked_at();
            (path, looked.unwrap_or_else(|error| Looked::Failed(error.to_string())))
        };
        self.crew.run(|| files.into_par_iter().map(one).collect())
    }

    fn place(
        &self,
        path: PathBuf,
        looked: Looked,
        seen: &mut HashMap<Fingerprint, Whereabouts>,
        scan: &mut Scan,
        filling: &mut Filling,
    ) -> Option<Filled> {
        match looked {
            Looked::Failed(why) => self.progress.fail(&path, &why),
            Looked::Done(fingerprint, entry) => {
                scan.done += 1;
                seen.entry(fingerprint).or_insert(Whereabouts::Entry(entry));
            }
            Looked::New(fingerprint) => match seen.entry(fingerprint) {
                Entry::Vacant(vacant) => {
                    let media_type = self.media_type_of(&path);
                    let (number, filled) = filling.add(media_type, fingerprint, path);
                    vacant.insert(Whereabouts::Batch(number));
                    return filled;
                }
                Entry::Occupied(known) => {
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

/// Hashes a file once: by the hash of the proof beside it, where that decides, else by ours.
fn look_at(path: &Path, algorithm: Algorithm, issuer: &str, crew: &Crew) -> io::Result<Looked> {
    let proof_path = document::proof_path(path);
    let bytes = match fs::read(&proof_path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Looked::New(document::fingerprint(path, algorithm)?));
        }
        Err(error) => return Ok(Looked::Failed(format!("its proof: {error}"))),
    };
    let left_alone = |why: String| {
        Ok(Looked::Failed(format!("{} is left alone: {why}; move it away", proof_path.display())))
    };
    let proof = match Proof::decode(&bytes) {
        Ok(proof) => proof,
        Err(rejected) => return left_alone(format!("it is no proof ({rejected})")),
    };
    let fingerprint = document::fingerprint(path, proof.document.fingerprint.algorithm())?;
    match crew.verify(fingerprint, &bytes) {
        Ok(verified) if verified.issuer() == issuer => {
            Ok(Looked::Done(fingerprint, verified.entry()))
        }
        Ok(verified) => left_alone(format!("it is by {}", verified.issuer())),
        // The document was changed after it was certified: that proof is of other bytes.
        Err(Rejected::Document { .. }) if fingerprint.algorithm() == algorithm => {
            Ok(Looked::New(fingerprint))
        }
        Err(Rejected::Document { .. }) => Ok(Looked::New(document::fingerprint(path, algorithm)?)),
        Err(rejected) => left_alone(format!("it does not verify ({rejected})")),
    }
}
