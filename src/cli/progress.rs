//! How far long work has come, on standard error: a bar or a line that moves on a terminal, else a line
//! from time to time.

use std::{io::IsTerminal as _, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::clock::{SharedClock, utc};

/// Between two lines, where there is no terminal to draw on.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Progress of one piece of work.
pub struct Progress {
    bar: ProgressBar,
    clock: SharedClock,
    /// When the last line was written; none: the first one is due.
    shown: Option<Duration>,
}

impl Progress {
    /// Of work on so many bytes, where that is known; the first line comes after a while.
    pub fn on_bytes(total: Option<u64>, clock: SharedClock) -> Self {
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let template = match total {
            Some(_) => "{bar:32} {percent}% {msg}, {eta} left",
            None => "{spinner} {bytes} {msg}",
        };
        Self::drawn(bar, template, clock).later()
    }

    /// Of work whose end is not known; the first line comes at once.
    pub fn without_end(clock: SharedClock) -> Self {
        Self::drawn(ProgressBar::new_spinner(), "{spinner} {msg}", clock)
    }

    /// The same, whose first line comes after a while.
    #[must_use]
    pub fn later(mut self) -> Self {
        self.shown = Some(self.clock.elapsed());
        self
    }

    fn drawn(bar: ProgressBar, template: &str, clock: SharedClock) -> Self {
        bar.set_style(ProgressStyle::with_template(template).expect("a constant"));
        if !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self { bar, clock, shown: None }
    }

    /// Says how far it is, and at which byte where bytes are counted.
    pub fn show(&mut self, reached: String, bytes: Option<u64>) {
        if self.bar.is_hidden() {
            let now = self.clock.elapsed();
            if self.shown.is_none_or(|shown| now.saturating_sub(shown) >= LINE_EVERY) {
                self.shown = Some(now);
                eprintln!("{} {reached}", utc(self.clock.now_ms()));
            }
        }
        if let Some(bytes) = bytes {
            self.bar.set_position(bytes);
        }
        self.bar.set_message(reached);
        self.bar.tick();
    }

    /// Takes it off the terminal.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
