//! The report as text: for a terminal, a mail, a file. A line for each fact; what strangers wrote is
//! shown without control characters.

use std::fmt;

use super::{
    EarlierReport, Extends, FaultReport, HeadReport, Report, SeenReport, SinceReport, Standing,
    Verdict,
};
use crate::plain::plain;

impl Report {
    /// The verdict in one line.
    pub fn headline(&self) -> String {
        let reached = self.passed.as_ref().map_or("no block passed".to_owned(), |span| {
            let earlier = self
                .earlier
                .as_ref()
                .map(|earlier| format!(", 0 to {} of them in an earlier audit", earlier.to_block));
            let earlier = earlier.unwrap_or_default();
            format!("blocks 0 to {} passed every check{earlier}", span.to_block)
        });
        match self.verdict {
            Verdict::Whole => format!("WHOLE: {reached}"),
            Verdict::Interrupted => format!("INTERRUPTED: {reached}"),
            Verdict::Fork => format!("FORK: {}; {reached}", self.fork()),
            Verdict::Behind => format!("BEHIND: {}; {reached}", self.behind()),
            Verdict::NotCompared => format!("NOT COMPARED: {}; {reached}", self.not_compared()),
            Verdict::Fault | Verdict::Unreadable => match (&self.fault, &self.unreadable) {
                (Some(fault), _) => format!("FAULT in {fault}; {reached}"),
                (_, Some(unreadable)) => {
                    format!("NOT READ: block {}: {}; {reached}", unreadable.block, unreadable.why)
                }
                (None, None) => format!("NOT READ; {reached}"),
            },
        }
    }

    fn fork(&self) -> String {
        match (&self.seen, &self.since) {
            (Some(SeenReport { seen: Some(seen), shown: Some(shown), .. }), _) => format!(
                "block {} is not the one that this auditor saw: root {} sealed {} then, {} sealed {} \
                 now, both signed by the ledger",
                seen.height, seen.root, seen.sealed, shown.root, shown.sealed
            ),
            (_, Some(since)) => format!(
                "the ledger signed root {} for its first {} entries, and shows {} now",
                or_none(since.root.as_ref()),
                since.size,
                or_none(since.today.as_ref())
            ),
            _ => "two histories".to_owned(),
        }
    }

    fn behind(&self) -> String {
        let why = "it lags, or was rolled back; nothing that it shows contradicts what was seen";
        match (&self.seen, &self.since) {
            (Some(SeenReport { standing: Standing::Behind, newest: Some(newest), .. }), _) => {
                format!("this auditor has seen block {} of {}: {why}", newest.height, newest.sealed)
            }
            (_, Some(since)) => {
                format!("the checkpoint is of {} entries, more than there are: {why}", since.size)
            }
            _ => why.to_owned(),
        }
    }

    fn not_compared(&self) -> String {
        let failed = self.seen.as_ref().and_then(|seen| seen.why.clone());
        failed.unwrap_or_else(|| {
            "no note key of this ledger has signed the checkpoint of --since".to_owned()
        })
    }

    /// What it was held to besides its own rules, in lines.
    pub(super) fn comparisons(&self) -> Vec<String> {
        let seen = self.seen.as_ref().map(SeenReport::line);
        seen.into_iter().chain(self.since.as_ref().map(SinceReport::line)).collect()
    }
}

fn or_none(root: Option<&String>) -> &str {
    root.map_or("none", String::as_str)
}

impl SeenReport {
    fn line(&self) -> String {
        let newest = self.newest.as_ref().map_or_else(String::new, HeadReport::line);
        match self.standing {
            Standing::First => format!(
                "first audit of this ledger here: nothing to hold it to; from now on kept in {}",
                self.state
            ),
            Standing::Extends => format!("seen before: {newest}: it is that history"),
            Standing::Behind => format!("seen before: {newest}: it ends before that"),
            Standing::Forks => format!("seen before: {newest}: it is ANOTHER history"),
            Standing::Failed => {
                format!("seen before: not compared: {}", self.why.as_deref().unwrap_or_default())
            }
        }
    }
}

impl SinceReport {
    fn line(&self) -> String {
        let size = self.size;
        match self.extends {
            Extends::Yes => format!("the checkpoint of {size} entries: the ledger extends it"),
            Extends::No => format!("the checkpoint of {size} entries: the ledger CONTRADICTS it"),
            Extends::Behind => {
                format!("the checkpoint of {size} entries: the ledger ends before it")
            }
            Extends::NotReached => format!("the checkpoint of {size} entries: not reached"),
            Extends::NotSigned => {
                format!("the checkpoint of {size} entries: NOT SIGNED by a note key of this ledger")
            }
        }
    }
}

impl EarlierReport {
    pub(super) fn line(&self) -> String {
        format!(
            "0 to {} by an audit of {}, resumed: they were not read again, and what it kept is as \
             true as the disk that it is on",
            self.to_block, self.audited
        )
    }
}

impl HeadReport {
    fn line(&self) -> String {
        format!("block {}, size {}, root {}", self.height, self.size, self.root)
    }
}

impl fmt::Display for FaultReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "block {}", self.block)?;
        match (self.entry, self.kind) {
            (Some(entry), Some(kind)) => write!(f, ", entry {entry} ({kind})")?,
            (Some(entry), None) => write!(f, ", entry {entry} (kind unreadable)")?,
            (None, _) => write!(f, ", as a whole")?,
        }
        write!(f, ": {}: {}", self.code, self.why)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "AUDIT OF A PROBANT LEDGER\n\n{}\n", plain(&self.headline()))?;
        let mut line = |name: &str, value: &str| writeln!(f, "{name:<13} {}", plain(value));
        line("source", &self.source)?;
        line("ledger", self.identity.as_deref().unwrap_or("unknown"))?;
        line("", &format!("(identity given by {})", self.identity_from))?;
        if let Some(span) = &self.passed {
            line("blocks", &format!("0 to {}", span.to_block))?;
            if let Some(earlier) = &self.earlier {
                line("", &earlier.line())?;
            }
            line("sealed", &format!("{} to {}", span.first_time, span.last_time))?;
            line("entries", &span.entries.to_string())?;
            for (kind, count) in &span.statements {
                line("", &format!("{count} {kind}"))?;
            }
            line("documents", &span.documents.to_string())?;
            line("issuers", &span.issuers.to_string())?;
            line("head", &format!("size {}, root {}", span.entries, span.root))?;
        }
        line("audited", &format!("{} by {}", self.audited, self.program))?;
        let (entries, documents) = (self.entries_per_second, self.documents_per_second);
        let rates = format!("{entries:.0} entries/s, {documents:.0} documents/s");
        line("took", &format!("{:.3} s, {} bytes, {rates}", self.seconds, self.bytes))?;
        self.fault_lines(f)?;
        let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        let evidence = self
            .evidence
            .iter()
            .map(|file| format!("{} (SHA-256 {}): {}", file.file, file.sha256, file.what));
        for (title, items) in [
            ("held to", self.comparisons()),
            ("evidence", evidence.collect()),
            ("checked", owned(self.checked)),
            ("not checked", owned(self.not_checked)),
            ("notes", self.notes.clone()),
        ] {
            for (at, item) in items.iter().enumerate() {
                let (gap, title) = if at == 0 { ("\n", title) } else { ("", "") };
                writeln!(f, "{gap}{title:<13} - {}", plain(item))?;
            }
        }
        Ok(())
    }
}

impl Report {
    /// What was found and what was expected, where that is two values.
    fn fault_lines(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(FaultReport { found: Some(found), expected: Some(expected), .. }) = &self.fault
        else {
            return Ok(());
        };
        writeln!(f, "\n{:<13} {}", "found", plain(found))?;
        writeln!(f, "{:<13} {}", "expected", plain(expected))
    }
}
