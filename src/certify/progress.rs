//! How far a run is: counted here, and told to whoever listens.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use super::{Outcome, scan::Scan};

/// What happens in a run.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// One more file was looked at.
    LookedAt,
    /// A batch that an earlier run left is gone on with.
    Resumed {
        /// Files of it that are there, and unchanged.
        documents: usize,
    },
    /// Proofs were written.
    Certified {
        /// Index of the entry that they are of.
        entry: u64,
        /// So many.
        documents: usize,
    },
    /// One document stays without a proof; the others go on.
    Failed {
        /// The document, or the folder that was not looked into.
        path: &'a Path,
        /// Why, and what to do.
        why: &'a str,
    },
    /// A file in the spool is not used.
    Spool {
        /// The file.
        path: &'a Path,
        /// Why, and what to do.
        why: &'a str,
    },
}

/// Hears of a run, from any of its threads.
pub type Listener = Arc<dyn Fn(&Event<'_>) + Send + Sync>;

/// Counts of one run.
pub struct Progress {
    listener: Listener,
    certified: AtomicUsize,
    entries: AtomicUsize,
    failed: AtomicUsize,
}

impl Progress {
    pub fn new(listener: Listener) -> Self {
        let [certified, entries, failed] = [0; 3].map(AtomicUsize::new);
        Self { listener, certified, entries, failed }
    }

    pub fn looked_at(&self) {
        (self.listener)(&Event::LookedAt);
    }

    pub fn resumed(&self, documents: usize) {
        (self.listener)(&Event::Resumed { documents });
    }

    /// A batch, or copies of what one holds, has its proofs.
    pub fn certified(&self, entry: u64, documents: usize, is_new: bool) {
        self.certified.fetch_add(documents, Relaxed);
        self.entries.fetch_add(usize::from(is_new), Relaxed);
        (self.listener)(&Event::Certified { entry, documents });
    }

    pub fn fail(&self, path: &Path, why: &str) {
        self.failed.fetch_add(1, Relaxed);
        (self.listener)(&Event::Failed { path, why });
    }

    pub fn spool(&self, path: &Path, why: &str) {
        (self.listener)(&Event::Spool { path, why });
    }

    pub fn outcome(&self, scan: &Scan, stopped: bool) -> Outcome {
        let [certified, entries, failed] =
            [&self.certified, &self.entries, &self.failed].map(|count| count.load(Relaxed));
        Outcome { certified, entries, done: scan.done, failed, stopped }
    }
}
