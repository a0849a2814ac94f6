//! The report: what an auditor files. As text by `Display`, as JSON by serde, both with the same
//! facts.

use std::{collections::BTreeMap, fmt};

use probant_core::Identity;
use serde::Serialize;

use super::{End, Tally, replay::Finding};
use crate::{Error, clock::utc};

const CHECKED: [&str; 7] = [
    "bytes: every block, statement and list is in its one accepted encoding",
    "lists: every list has the root and the count that its statement signs",
    "chain: height, previous, first, size, documents and time of every block follow on",
    "rules: every statement is by an enrolled key, of the right use and owner, for this ledger",
    "signatures: every statement and every seal, Ed25519, strictly",
    "tree: every seal signs the root over all entries up to it",
    "status: every block signs the root of the map of what became of documents, keys and issuers",
];
const NOT_CHECKED: [&str; 3] = [
    "completeness: whether this is all of the ledger; compare the head with one seen elsewhere",
    "witnesses: cosignatures on checkpoints",
    "truth: whether the documents say what is so; only their certification is on the ledger",
];

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every check passed, on every block there was.
    Whole,
    /// The ledger is not what its rules make it.
    Fault,
    /// A block could not be had; what came before it passed.
    Unreadable,
    /// Ended early; what was reached passed.
    Interrupted,
}

/// What was audited, how far, and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// How it ended.
    pub verdict: Verdict,
    /// Where the blocks came from.
    pub source: String,
    /// The program, with its version.
    pub program: String,
    /// When it ended.
    pub audited: String,
    /// The ledger; none if block 0 was not reached or is at fault.
    pub identity: Option<String>,
    /// Who says that it is this ledger.
    pub identity_from: &'static str,
    /// Everything below, up to and including the last block that passed.
    pub passed: Option<Span>,
    /// Bytes of the blocks that passed.
    pub bytes: u64,
    /// How long it took.
    pub seconds: f64,
    /// Entries in a second.
    pub entries_per_second: f64,
    /// Documents in a second.
    pub documents_per_second: f64,
    /// What was checked of every block that passed.
    pub checked: &'static [&'static str],
    /// What was not.
    pub not_checked: &'static [&'static str],
    /// What else an auditor should know.
    pub notes: Vec<String>,
    /// The first fault.
    pub fault: Option<FaultReport>,
    /// The block that could not be had.
    pub unreadable: Option<Unreadable>,
}

/// The blocks that passed.
#[derive(Clone, Debug, Serialize)]
pub struct Span {
    /// The first: always 0.
    pub from_block: u64,
    /// The last.
    pub to_block: u64,
    /// Number of entries: the size of the tree.
    pub entries: u64,
    /// Documents certified.
    pub documents: u64,
    /// Issuers enrolled.
    pub issuers: u64,
    /// Entries by kind.
    pub statements: BTreeMap<&'static str, u64>,
    /// When block 0 was sealed.
    pub first_time: String,
    /// When the last was sealed.
    pub last_time: String,
    /// Root of the tree after the last, in hex.
    pub root: String,
}

/// The first thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultReport {
    /// Place of the block in the chain, whatever it says itself.
    pub block: u64,
    /// Index of the entry in the ledger; none: the block as a whole, or its seal.
    pub entry: Option<u64>,
    /// Place of the entry in its block.
    pub entry_in_block: Option<usize>,
    /// The entry's kind, where it can be read.
    pub kind: Option<&'static str>,
    /// The refusal, as docs/format.md lists them.
    pub code: &'static str,
    /// The refusal in words.
    pub why: String,
}

/// A block that was not to be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// Which.
    pub block: u64,
    /// Why.
    pub why: String,
    #[serde(skip)]
    exit_code: u8,
}

impl From<Finding> for FaultReport {
    fn from(finding: Finding) -> Self {
        let Finding { height, entry, index, kind, code, why } = finding;
        Self { block: height, entry: index, entry_in_block: entry, kind, code, why }
    }
}

impl Report {
    #[allow(clippy::cast_precision_loss)] // Rates have three digits that mean anything.
    pub(super) fn new(
        source: String,
        audited_ms: u64,
        seconds: f64,
        (identity, pinned): (Option<Identity>, bool),
        tally: &Tally,
        end: End,
    ) -> Self {
        let rate = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
        let passed = Span::of(tally);
        let checked: &[_] = if passed.is_some() { &CHECKED } else { &[] };
        let mut report = Self {
            verdict: Verdict::Whole,
            source,
            program: concat!("probant ", env!("CARGO_PKG_VERSION")).to_owned(),
            audited: utc(audited_ms),
            identity: identity.map(|identity| identity.to_string()),
            identity_from: if pinned { "the auditor" } else { "the ledger itself" },
            passed,
            bytes: tally.bytes,
            seconds,
            entries_per_second: rate(tally.entries),
            documents_per_second: rate(tally.documents()),
            checked,
            not_checked: &NOT_CHECKED,
            notes: Vec::new(),
            fault: None,
            unreadable: None,
        };
        report.end(end);
        report
    }

    fn end(&mut self, end: End) {
        match end {
            End::Whole { notes } => self.notes = notes,
            End::Interrupted => self.verdict = Verdict::Interrupted,
            End::Fault(finding) => {
                self.verdict = Verdict::Fault;
                self.fault = Some(finding.into());
            }
            End::Unreadable { height, error } => {
                self.verdict = Verdict::Unreadable;
                let (why, exit_code) = (error.to_string(), error.exit_code());
                self.unreadable = Some(Unreadable { block: height, why, exit_code });
            }
        }
    }

    /// 0 whole, 1 fault, 2 no ledger, 3 unreachable, 4 cannot be read, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        match (self.verdict, &self.unreadable) {
            (Verdict::Whole, _) => 0,
            (Verdict::Fault, _) => 1,
            (Verdict::Interrupted, _) => 130,
            (Verdict::Unreadable, Some(unreadable)) => unreadable.exit_code,
            (Verdict::Unreadable, None) => Error::Stop(String::new()).exit_code(),
        }
    }

    /// The verdict in one line.
    pub fn headline(&self) -> String {
        let reached = self.passed.as_ref().map_or("no block passed".to_owned(), |span| {
            format!("blocks 0 to {} passed every check", span.to_block)
        });
        match (&self.fault, &self.unreadable) {
            (Some(fault), _) => format!("FAULT in {fault}; {reached}"),
            (_, Some(unreadable)) => {
                format!("NOT READ: block {}: {}; {reached}", unreadable.block, unreadable.why)
            }
            _ if self.verdict == Verdict::Interrupted => format!("INTERRUPTED: {reached}"),
            _ => format!("WHOLE: {reached}"),
        }
    }
}

impl Span {
    fn of(tally: &Tally) -> Option<Self> {
        let head = tally.head.as_ref()?;
        Some(Self {
            from_block: 0,
            to_block: head.height,
            entries: head.size,
            documents: head.documents,
            // Each enrollment that the rules let pass is of a new issuer.
            issuers: tally.statements.get("enroll").copied().unwrap_or_default(),
            statements: tally.statements.clone(),
            first_time: utc(tally.first_time_ms),
            last_time: utc(head.time_ms),
            root: head.root.to_string(),
        })
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
        writeln!(f, "AUDIT OF A PROBANT LEDGER\n\n{}\n", self.headline())?;
        let mut line = |name: &str, value: &str| writeln!(f, "{name:<13} {value}");
        line("source", &self.source)?;
        line("ledger", self.identity.as_deref().unwrap_or("unknown"))?;
        line("", &format!("(identity given by {})", self.identity_from))?;
        if let Some(span) = &self.passed {
            line("blocks", &format!("0 to {}", span.to_block))?;
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
        let notes: Vec<_> = self.notes.iter().map(String::as_str).collect();
        for (title, items) in
            [("checked", self.checked), ("not checked", self.not_checked), ("notes", &notes)]
        {
            for (at, item) in items.iter().enumerate() {
                let (gap, title) = if at == 0 { ("\n", title) } else { ("", "") };
                writeln!(f, "{gap}{title:<13} - {item}")?;
            }
        }
        Ok(())
    }
}
