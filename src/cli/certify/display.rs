//! A run of `probant certify` as it is seen: a line that moves on a terminal, one line a batch in a
//! log. Always on standard error.

use std::{
    io::{self, IsTerminal as _},
    path::Path,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    certify::Event,
    cli::{documents as counted, plain, standing},
};

const REDRAW_MS: u64 = 100;
/// Documents that are named one by one, for what is wrong with them; the others are counted.
const NAMED_MAX: usize = 100;

/// The line, and what it says.
pub struct Display {
    bar: ProgressBar,
    on_terminal: bool,
    looked_at: AtomicUsize,
    certified: AtomicUsize,
    named: AtomicUsize,
}

impl Display {
    pub fn new() -> Self {
        let on_terminal = io::stderr().is_terminal();
        let bar = if on_terminal { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
            bar.set_style(style);
        }
        if on_terminal {
            bar.enable_steady_tick(Duration::from_millis(REDRAW_MS));
        }
        let [looked_at, certified, named] = [0; 3].map(AtomicUsize::new);
        Self { bar, on_terminal, looked_at, certified, named }
    }

    pub fn show(&self, event: &Event<'_>) {
        match event {
            Event::LookedAt => {
                self.looked_at.fetch_add(1, Relaxed);
                self.redraw();
            }
            Event::Resumed { documents } => {
                self.line(&format!("going on with a batch of {}", counted(*documents)));
            }
            Event::Certified { entry, documents } => {
                self.certified.fetch_add(*documents, Relaxed);
                if self.on_terminal {
                    self.redraw();
                } else {
                    self.line(&format!(
                        "entry {entry}: proofs written for {}",
                        counted(*documents)
                    ));
                }
            }
            Event::Failed { path, why } => self.name(path, why),
            Event::PassedOver { path, is_what } => {
                let path = path.display();
                self.line(&format!("{path} {is_what}: passed over, and so is the like of it"));
            }
            Event::Fallen { path, standing } => self.name(path, &standing::standing(standing)),
            Event::Spool { path, why } => self.line(&format!("{} {why}", path.display())),
        }
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn name(&self, path: &Path, why: &str) {
        let before = self.named.fetch_add(1, Relaxed);
        if before < NAMED_MAX {
            self.line(&format!("{}: {why}", path.display()));
        } else if before == NAMED_MAX {
            self.line("further documents that fail, or have fallen, are counted, not named");
        }
    }

    fn line(&self, line: &str) {
        // Names of files are a stranger's text.
        let line = format!("probant: {}", plain(line));
        if self.on_terminal {
            self.bar.println(line);
        } else {
            eprintln!("{line}");
        }
    }

    fn redraw(&self) {
        if self.on_terminal {
            let (looked_at, certified) =
                (self.looked_at.load(Relaxed), self.certified.load(Relaxed));
            self.bar.set_message(format!("{looked_at} looked at, {certified} certified"));
        }
    }
}
