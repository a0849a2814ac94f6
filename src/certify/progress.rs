//! How far a run is: counted here, and told to whoever listens.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use probant_core::status::Standing;

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
    /// It lies in a folder, and is no document; said of the first of each kind.
    PassedOver {
        /// The file or folder.
        path: &'a Path,
        /// What it is.
        is_what: &'a str,
    },
    /// A document has its proof, which shows that it is not certified: it had fallen.
    Fallen {
        /// The document.
        path: &'a Path,
        /// Why.
        standing: &'a Standing,
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
    fallen: AtomicUsize,
}

impl Progress {
    pub fn new(listener: Listener) -> Self {
        let [certified, entries, failed, fallen] = [0; 4].map(AtomicUsize::new);
        Self { listener, certified, entries, failed, fallen }
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

    pub fn passed_over(&self, path: &Path, is_what: &str) {
        (self.listener)(&Event::PassedOver { path, is_what });
    }

    /// Says so if what a document's proof proves is no certification that stands.
    pub fn stands(&self, path: &Path, standing: &Standing) {
        if *standing != Standing::Certified {
            self.fallen.fetch_add(1, Relaxed);
            (self.listener)(&Event::Fallen { path, standing });
        }
    }

    pub fn spool(&self, path: &Path, why: &str) {
        (self.listener)(&Event::Spool { path, why });
    }

    pub fn outcome(&self, scan: &Scan, stopped: bool) -> Outcome {
        let counts = [&self.certified, &self.entries, &self.failed, &self.fallen];
        let [certified, entries, failed, fallen] = counts.map(|count| count.load(Relaxed));
        Outcome { certified, entries, done: scan.done, failed, fallen, stopped }
    }
}
