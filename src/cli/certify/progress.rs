//! How far a run is: a line that moves on a terminal, one line a batch in a log. Always on
//! standard error.

use std::{
    io::{self, IsTerminal as _},
    path::Path,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use super::scan::Scan;

const REDRAW_MS: u64 = 100;
/// Failures that are named one by one; the others are counted.
const FAILURES_NAMED_MAX: usize = 100;

/// Counts of one run.
pub struct Progress {
    bar: ProgressBar,
    on_terminal: bool,
    looked_at: AtomicUsize,
    certified: AtomicUsize,
    entries: AtomicUsize,
    failures: AtomicUsize,
}

impl Progress {
    pub fn new() -> Self {
        let on_terminal = io::stderr().is_terminal();
        let bar = if on_terminal { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
            bar.set_style(style);
        }
        if on_terminal {
            bar.enable_steady_tick(Duration::from_millis(REDRAW_MS));
        }
        Self {
            bar,
            on_terminal,
            looked_at: AtomicUsize::new(0),
            certified: AtomicUsize::new(0),
            entries: AtomicUsize::new(0),
            failures: AtomicUsize::new(0),
        }
    }

    pub fn looked_at(&self) {
        self.looked_at.fetch_add(1, Relaxed);
        self.redraw();
    }

    /// A batch, or copies of what one holds, has its proofs.
    pub fn certified(&self, entry: u64, documents: usize, is_new: bool) {
        self.certified.fetch_add(documents, Relaxed);
        self.entries.fetch_add(usize::from(is_new), Relaxed);
        if self.on_terminal {
            self.redraw();
        } else {
            eprintln!("probant: entry {entry}: proofs written for {documents} documents");
        }
    }

    /// One document stays without a proof; the others go on.
    pub fn fail(&self, path: &Path, why: &str) {
        let before = self.failures.fetch_add(1, Relaxed);
        if before < FAILURES_NAMED_MAX {
            self.warn(&format!("probant: {}: {why}", path.display()));
        } else if before == FAILURES_NAMED_MAX {
            self.warn("probant: further documents that fail are counted, not named");
        }
    }

    pub fn warn(&self, line: &str) {
        if self.on_terminal {
            self.bar.println(line);
        } else {
            eprintln!("{line}");
        }
    }

    pub fn failures(&self) -> usize {
        self.failures.load(Relaxed)
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// The last line of a run.
    pub fn summary(&self, scan: &Scan) -> String {
        let (certified, entries) = (self.certified.load(Relaxed), self.entries.load(Relaxed));
        let statements = if entries == 1 { "entry" } else { "entries" };
        let mut parts = vec![format!("{certified} certified in {entries} {statements}")];
        if scan.done > 0 {
            parts.push(format!("{} had their proof", scan.done));
        }
        if self.failures() > 0 {
            parts.push(format!("{} failed", self.failures()));
        }
        parts.join(", ")
    }

    fn redraw(&self) {
        if self.on_terminal {
            let (looked_at, certified) =
                (self.looked_at.load(Relaxed), self.certified.load(Relaxed));
            self.bar.set_message(format!("{looked_at} looked at, {certified} certified"));
        }
    }
}
