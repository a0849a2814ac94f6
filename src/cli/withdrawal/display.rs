//! A withdrawal as it is seen: a bar on a terminal, a line for each statement in a log. Always on
//! standard error.

use std::io::{self, IsTerminal as _};

use indicatif::{ProgressBar, ProgressStyle};
use probant_core::status::Reason;

use crate::cli::plain;

/// Documents that cannot fall and are named one by one.
pub const NAMED_MAX: usize = 100;
const BAR: &str = "{elapsed} {msg} {bar:30} {pos} of {len}";

/// The bar, and what it counts.
pub struct Display {
    bar: ProgressBar,
    on_terminal: bool,
    done: &'static str,
}

/// What has become of a document that falls for a reason.
pub fn done(reason: Reason) -> &'static str {
    if reason == Reason::Superseded { "superseded" } else { "revoked" }
}

impl Display {
    pub fn new(reason: Reason, asked: usize) -> Self {
        let on_terminal = io::stderr().is_terminal();
        let bar = if on_terminal { ProgressBar::new(asked as u64) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            bar.set_style(style);
        }
        bar.set_message("asked about");
        Self { bar, on_terminal, done: done(reason) }
    }

    /// One more document is known.
    pub fn answered(&self) {
        self.bar.inc(1);
    }

    /// All are known: so many are to fall.
    pub fn begin(&self, count: usize) {
        self.bar.reset();
        self.bar.set_length(count as u64);
        self.bar.set_message(self.done);
    }

    pub fn sent(&self, entry: u64, count: usize) {
        self.bar.inc(count as u64);
        if !self.on_terminal {
            self.line(&format!("entry {entry}: {count} {}", self.done));
        }
    }

    pub fn line(&self, line: &str) {
        // Names of files are a stranger's text.
        let line = format!("probant: {}", plain(line));
        if self.on_terminal {
            self.bar.println(line);
        } else {
            eprintln!("{line}");
        }
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
