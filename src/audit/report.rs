//! The report: what an auditor files. As text by `Display`, as JSON by serde, as a page by
//! [`Report::html`], all with the same facts.

use std::collections::BTreeMap;

use probant_core::Identity;
use serde::Serialize;

use super::{
    Earlier, End, EvidenceFile, HeadReport, SeenReport, SignedHead, SinceReport, Standing, Tally,
    evidence::Evidence, past::Compared, replay::Finding, since::Extends,
};
use crate::{Error, clock::utc};

mod html;
mod text;

const CHECKED: [&str; 7] = [
    "bytes: every block, statement and list is in its one accepted encoding",
    "lists: every list has the root and the count that its statement signs",
    "chain: height, previous, first, size, documents and time of every block follow on",
    "rules: every statement is by an enrolled key, of the right use and owner, for this ledger",
    "signatures: every statement and every seal, Ed25519, strictly",
    "tree: every seal signs the root over all entries up to it",
    "status: every block signs the root of the map of what became of documents, keys and issuers",
];
const NOT_CHECKED: [&str; 6] = [
    "completeness: whether this is all of the ledger; compare the head with one seen elsewhere",
    "witnesses: cosignatures on checkpoints",
    "timestamps: what authorities of time say of checkpoints; seal times are the ledger's own word, \
     and only that they never go back was checked",
    "look-ups: the index of documents, and what the ledger answers from it; it is derived from these \
     blocks, and no part of them",
    "documents: their bytes, which are not on the ledger; only their fingerprints are",
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
    /// Another history than the one that was seen before, and signed.
    Fork,
    /// Every check passed, on fewer blocks than were seen before.
    Behind,
    /// Every check passed, but it could not be held to what was seen before.
    NotCompared,
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
    /// The part of it that an earlier audit checked, and this one did not read again.
    pub earlier: Option<EarlierReport>,
    /// Bytes of the blocks that passed in this audit.
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
    /// The head after the last block that passed, with the ledger's signature: keep it.
    pub head: Option<HeadReport>,
    /// How the ledger stands to what this auditor saw before; none where nothing is kept.
    pub seen: Option<SeenReport>,
    /// How it stands to a checkpoint that was given.
    pub since: Option<SinceReport>,
    /// Files that hold what was caught.
    pub evidence: Vec<EvidenceFile>,
    #[serde(skip)]
    not_compared: Option<u8>,
}

/// The blocks that an earlier audit checked.
#[derive(Clone, Debug, Serialize)]
pub struct EarlierReport {
    /// The last of them; the first is block 0.
    pub to_block: u64,
    /// When that audit was there.
    pub audited: String,
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
    /// What stands there, where the refusal compares two values.
    pub found: Option<String>,
    /// What should.
    pub expected: Option<String>,
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
        let Finding { height, entry, index, kind, code, why, compared, .. } = finding;
        let (found, expected) = compared.unzip();
        Self {
            block: height,
            entry: index,
            entry_in_block: entry,
            kind,
            code,
            why,
            found,
            expected,
        }
    }
}

impl Report {
    #[allow(clippy::cast_precision_loss)] // Rates have three digits that mean anything.
    pub(super) fn new(
        source: String,
        audited_ms: u64,
        seconds: f64,
        (identity, pinned): (Option<Identity>, bool),
        (tally, earlier): (&Tally, Option<&Earlier>),
        compared: Compared,
    ) -> Self {
        let before = |of: fn(&Tally) -> u64| earlier.map_or(0, |earlier| of(&earlier.tally));
        let rate = |of: fn(&Tally) -> u64| {
            if seconds > 0.0 { (of(tally) - before(of)) as f64 / seconds } else { 0.0 }
        };
        let passed = Span::of(tally);
        let checked: &[_] = if passed.is_some() { &CHECKED } else { &[] };
        Self {
            verdict: Verdict::Whole,
            source,
            program: concat!("probant ", env!("CARGO_PKG_VERSION")).to_owned(),
            audited: utc(audited_ms),
            identity: identity.map(|identity| identity.to_string()),
            identity_from: if pinned { "the auditor" } else { "the ledger itself" },
            passed,
            earlier: earlier.map(|earlier| EarlierReport {
                to_block: earlier.tally.blocks - 1,
                audited: earlier.audited.clone(),
            }),
            bytes: tally.bytes - before(|tally| tally.bytes),
            seconds,
            entries_per_second: rate(|tally| tally.entries),
            documents_per_second: rate(Tally::documents),
            checked,
            not_checked: &NOT_CHECKED,
            notes: Vec::new(),
            fault: None,
            unreadable: None,
            head: tally.signed_head.as_ref().map(SignedHead::report),
            seen: compared.seen,
            since: compared.since,
            evidence: compared.evidence,
            not_compared: compared.failed,
        }
    }

    /// Says how it ended, and hands back the block at fault.
    pub(super) fn end(&mut self, end: End) -> Option<Vec<u8>> {
        let block = self.ended(end);
        // Two signatures contradict each other however it ended: a server may break off just there.
        if self.since.as_ref().is_some_and(SinceReport::is_contradicted)
            && self.verdict != Verdict::Fault
        {
            self.verdict = Verdict::Fork;
        }
        block
    }

    fn ended(&mut self, end: End) -> Option<Vec<u8>> {
        match end {
            End::Whole { notes } => {
                self.notes = notes;
                self.verdict = self.compared();
            }
            End::Interrupted => self.verdict = Verdict::Interrupted,
            End::Fork => self.verdict = Verdict::Fork,
            End::Fault(mut finding) => {
                self.verdict = Verdict::Fault;
                let block = std::mem::take(&mut finding.block);
                self.fault = Some((*finding).into());
                return Some(block);
            }
            End::Unreadable { height, error } => {
                self.verdict = Verdict::Unreadable;
                let (why, exit_code) = (error.to_string(), error.exit_code());
                self.unreadable = Some(Unreadable { block: height, why, exit_code });
            }
        }
        None
    }

    /// The verdict on a ledger whose every block passed.
    fn compared(&self) -> Verdict {
        let extends = self.since.as_ref().map(|since| since.extends);
        let standing = self.seen.as_ref().map(|seen| seen.standing);
        if self.not_compared.is_some() {
            Verdict::NotCompared
        } else if extends == Some(Extends::Behind) || standing == Some(Standing::Behind) {
            Verdict::Behind
        } else {
            Verdict::Whole
        }
    }

    /// Saves what was caught, and names the files.
    pub(super) fn save_evidence(&mut self, evidence: &Evidence, block: Option<&[u8]>) {
        let mut files = Vec::new();
        if let Err(error) = evidence.save(self, block, &mut files) {
            self.notes.push(format!("evidence could not be saved: {error}"));
        }
        self.evidence = files;
    }

    /// 0 whole, 1 fault or fork, 2 no ledger, 3 unreachable or behind, 4 cannot be read, 130
    /// interrupted.
    pub fn exit_code(&self) -> u8 {
        match (self.verdict, &self.unreadable) {
            (Verdict::Whole, _) => 0,
            (Verdict::Fault | Verdict::Fork, _) => 1,
            (Verdict::Behind, _) => Error::busy("").exit_code(),
            (Verdict::Interrupted, _) => 130,
            (Verdict::Unreadable, Some(unreadable)) => unreadable.exit_code,
            (Verdict::NotCompared | Verdict::Unreadable, _) => {
                self.not_compared.unwrap_or_else(|| Error::Stop(String::new()).exit_code())
            }
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
