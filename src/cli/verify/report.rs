//! What a verification found, in words and as JSON.

use std::path::Path;

use probant_core::{Fingerprints, Identity, Rejected, Verified};
use serde::Serialize;

use super::{
    certification::Certification,
    timestamp::Stated,
    witnessed::{Trusted, Unmet},
};
use crate::{
    client::{Head, Shown},
    freshness::{Freshness, NotFresh, ago},
    timestamp,
    verdict::Verdict,
};

/// What the command ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Ending {
    /// A verdict that proofs were verified for; `unknown` is the ledger's word.
    Verdict(Verdict),
    /// None.
    Refused(Refused),
}

/// Why there is no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Refused {
    /// A proof was brought, and does not hold.
    #[serde(rename = "not verified")]
    Proof,
    /// The ledger said something, and could not show it.
    #[serde(rename = "not verified")]
    Lie,
    /// What was brought or shown holds, and is too old, or of a time to come.
    #[serde(rename = "not fresh")]
    NotFresh,
    /// What was brought or shown holds, and no quorum of witnesses has seen it.
    #[serde(rename = "not witnessed")]
    NotWitnessed,
    /// The earlier checkpoint that was given is of no use here.
    #[serde(rename = "not verified")]
    Earlier,
}

impl Refused {
    /// What was shown, by whoever was asked, does not hold.
    fn of(checked: Checked) -> Self {
        match checked {
            Checked::Offline => Self::Proof,
            Checked::Online => Self::Lie,
        }
    }
}

/// Who was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Checked {
    /// The proof alone.
    Offline,
    /// The ledger, whose proofs were verified.
    Online,
}

/// How it was checked.
#[derive(Debug)]
pub struct Way {
    checked: Checked,
    /// With what, in words.
    words: String,
}

impl Way {
    /// With a proof alone.
    pub fn offline(proof: &Path) -> Self {
        let words = format!("offline, with {}", proof.display());
        Self { checked: Checked::Offline, words }
    }

    /// By asking the ledger at a URL.
    pub fn online(url: &str) -> Self {
        Self { checked: Checked::Online, words: format!("against {url}") }
    }

    /// By asking it without naming the document.
    pub fn by_prefix(url: &str) -> Self {
        let words = format!("against {url}, by prefix: it was not told which document this is");
        Self { checked: Checked::Online, words }
    }
}

/// The answer; its JSON is described in the help of the command.
#[derive(Debug, Serialize)]
pub struct Report {
    file: String,
    verdict: Ending,
    fingerprints: Both,
    ledger: String,
    identity_from: &'static str,
    checked: Checked,
    certifications: Vec<Certification>,
    not_shown: usize,
    reason: Option<Reason>,
    rests_on: String,
    #[serde(skip)]
    how: String,
    #[serde(skip)]
    known: Fingerprints,
    #[serde(skip)]
    freshness: Freshness,
    #[serde(skip)]
    trusted: Option<Trusted>,
    #[serde(skip)]
    head: Head,
    #[serde(skip)]
    may_have_more: bool,
    #[serde(skip)]
    lacks_oldest: bool,
}

#[derive(Debug, Serialize)]
struct Both {
    blake3: String,
    #[serde(rename = "sha-256")]
    sha256: String,
}

#[derive(Debug, Serialize)]
struct Reason {
    code: &'static str,
    text: String,
}

const RESTS_ON: &str = "the verdict on each certification rests on its proof and on the ledger's \
                        identity; unknown, and that there are no other certifications, rest on \
                        the ledger's word";

const WHO_CERTIFIED_FIRST: &str = "so does who certified first: the oldest certification is one of \
                                   those that were not checked";

/// The code of a proof that is of other bytes (docs/format.md 12).
const OTHER_DOCUMENT: &str = "document";
/// The code of a timestamp that is not believed; the ledger has none of this name.
const TIMESTAMP: &str = "timestamp";
const ALTERED: &str =
    "this is not the document that the proof is of: it was altered, or is another one";

const CERTIFIED_SAYS: &str = "  \
  Exactly these bytes were certified. This does not say that what they state is true, that
  the certification still stands after that block, or that there is no other one.";
const FALLEN_SAYS: &str = "  \
  Exactly these bytes were certified, and that does not stand: do not rely on them.";

impl Report {
    /// Nothing found yet.
    pub fn new(
        file: &Path,
        fingerprints: Fingerprints,
        (identity, first_use): (&Identity, bool),
        way: Way,
        freshness: Freshness,
    ) -> Self {
        let (blake3, sha256) = (fingerprints.blake3.to_string(), fingerprints.sha256.to_string());
        Self {
            file: file.display().to_string(),
            verdict: Ending::Verdict(Verdict::Unknown),
            fingerprints: Both { blake3, sha256 },
            ledger: identity.to_string(),
            identity_from: if first_use { "first use" } else { "given" },
            checked: way.checked,
            certifications: Vec::new(),
            not_shown: 0,
            reason: None,
            rests_on: RESTS_ON.into(),
            how: way.words,
            known: fingerprints,
            freshness,
            trusted: None,
            head: Head::default(),
            may_have_more: false,
            lacks_oldest: false,
        }
    }

    /// Whose cosignatures are wanted, if any are.
    pub fn trusting(self, trusted: Option<Trusted>) -> Self {
        Self { trusted, ..self }
    }

    /// The document's two names.
    pub fn fingerprints(&self) -> Fingerprints {
        self.known
    }

    /// What a ledger showed. That it knows nothing is worth as much as its newest block is new.
    pub fn show(&mut self, shown: &Shown) {
        self.add(shown.certifications.iter().map(|(verified, _)| verified));
        (self.head, self.not_shown) = (shown.head, shown.not_asked);
        (self.may_have_more, self.lacks_oldest) = (shown.may_have_more, shown.lacks_oldest);
        if shown.lacks_oldest {
            self.rests_on = format!("{RESTS_ON}; {WHO_CERTIFIED_FIRST}");
        }
        if let Err(not_fresh) = self.freshness.check(shown.head.time_ms) {
            self.refuse_old(not_fresh);
        }
    }

    /// Certifications that were verified, the best first; none of them if one is not fresh, or no
    /// quorum has seen it.
    pub fn add<'a>(&mut self, all: impl IntoIterator<Item = &'a Verified>) {
        for verified in all {
            if let Err(not_fresh) = self.freshness.check(verified.head().time_ms) {
                return self.refuse_old(not_fresh);
            }
            let witnessed = match self.trusted.as_ref().map(|by| by.judge(verified)).transpose() {
                Ok(witnessed) => witnessed,
                Err(Unmet::Missing(who)) => {
                    return self.refuse(Refused::NotWitnessed, "quorum", who);
                }
                Err(Unmet::Refused(why)) => return self.reject(Refused::of(self.checked), &why),
                Err(Unmet::Earlier(why)) => return self.reject(Refused::Earlier, &why),
            };
            let one = Certification::of(verified, witnessed, self.freshness.now_ms());
            self.certifications.push(one);
        }
        self.certifications.sort_by_key(|one| one.verdict);
        let verdicts = self.certifications.iter().map(|one| one.verdict);
        self.verdict = Ending::Verdict(Verdict::of_all(verdicts));
    }

    /// Ends without a verdict, whatever was found before.
    pub fn reject(&mut self, refused: Refused, rejected: &Rejected) {
        self.refuse(refused, rejected.code(), rejected.to_string());
    }

    fn refuse_old(&mut self, not_fresh: NotFresh) {
        self.refuse(Refused::NotFresh, "not-fresh", not_fresh.to_string());
    }

    fn refuse(&mut self, refused: Refused, code: &'static str, text: String) {
        self.verdict = Ending::Refused(refused);
        self.certifications.clear();
        self.reason = Some(Reason { code, text });
    }

    /// What an authority of time states of the one certification that there is.
    pub fn stamp(&mut self, stated: Stated) {
        if let [one] = &mut self.certifications[..] {
            one.timestamp = Some(stated);
        }
    }

    /// Ends without a verdict: what was brought beside the proof does not hold.
    pub fn refuse_timestamp(&mut self, why: &timestamp::Refused) {
        self.refuse(Refused::Proof, TIMESTAMP, why.to_string());
    }

    /// Whether there is a verdict.
    pub fn has_verdict(&self) -> bool {
        matches!(self.verdict, Ending::Verdict(_))
    }

    /// 0 certified; 1 anything else that is known; 2 a wrong `--earlier`; 3 a ledger that is behind; 4 a
    /// lie.
    pub fn exit_code(&self) -> u8 {
        match (self.verdict, self.checked) {
            (Ending::Verdict(Verdict::Certified), _) => 0,
            (Ending::Refused(Refused::Lie), _) => 4,
            (Ending::Refused(Refused::Earlier), _) => 2,
            (Ending::Refused(Refused::NotFresh | Refused::NotWitnessed), Checked::Online) => 3,
            _ => 1,
        }
    }

    /// The answer in words.
    pub fn to_text(&self) -> String {
        match self.verdict {
            Ending::Verdict(Verdict::Unknown) => self.unknown(),
            Ending::Verdict(verdict) => self.known(verdict),
            Ending::Refused(refused) => self.refused(refused),
        }
    }

    fn unknown(&self) -> String {
        let Self { file, fingerprints, head, .. } = self;
        format!(
            "unknown  {file}\n  the ledger knows no certification of it up to block {}, {}; that \
             is its word\n{}\n  document     {}\n               {}",
            head.height,
            ago(head.time_ms, self.freshness.now_ms()),
            self.by_what(),
            fingerprints.blake3,
            fingerprints.sha256
        )
    }

    fn known(&self, verdict: Verdict) -> String {
        let now_ms = self.freshness.now_ms();
        let mut parts = vec![format!("{}  {}\n", verdict.name(), self.file)];
        parts.extend(self.certifications.iter().map(|one| one.to_text(now_ms)));
        parts.push(format!("{}\n", self.by_what()));
        if self.not_shown > 0 {
            let at_least = if self.may_have_more { "at least " } else { "" };
            let not_shown = self.not_shown;
            let oldest = if self.lacks_oldest { ", the oldest among them" } else { "" };
            parts.push(format!(
                "  and {at_least}{not_shown} more, which were not checked{oldest}\n"
            ));
        }
        let is_certified = verdict == Verdict::Certified;
        parts.push(if is_certified { CERTIFIED_SAYS } else { FALLEN_SAYS }.into());
        parts.concat()
    }

    /// Which ledger is trusted, and how it was checked.
    fn by_what(&self) -> String {
        format!("  ledger       {}\n  checked      {}", self.ledger, self.how)
    }

    fn refused(&self, refused: Refused) -> String {
        let (file, by_what) = (&self.file, self.by_what());
        let (code, text) = self.reason.as_ref().map_or(("", ""), |r| (r.code, r.text.as_str()));
        match refused {
            Refused::Proof if code == OTHER_DOCUMENT => {
                format!("not verified  {file}\n  {ALTERED}\n{by_what}")
            }
            Refused::Proof if code == TIMESTAMP => {
                format!("not verified  {file}\n  the timestamp is not believed: {text}\n{by_what}")
            }
            Refused::Proof => {
                format!(
                    "not verified  {file}\n  the proof does not hold: {code}: {text}\n{by_what}"
                )
            }
            Refused::Lie => format!(
                "not verified  {file}\n  the ledger says more than its proofs show:\n  \
                 {code}: {text}\n{by_what}\n  Keep this answer: somebody must look."
            ),
            Refused::NotFresh => {
                let (who, mend) = match self.checked {
                    Checked::Online => ("ledger", "Try again; if it stays so, tell its operator."),
                    Checked::Offline => ("proof", "`probant proof refresh` brings a newer one."),
                };
                format!("not fresh  {file}\n  the {who} shows {text}\n{by_what}\n  {mend}")
            }
            Refused::NotWitnessed => {
                let mend = match self.checked {
                    Checked::Online => {
                        "Try again shortly; if it stays so, look at the policy, and tell the \
                                        ledger's operator."
                    }
                    Checked::Offline => {
                        "`probant proof refresh` may bring a newer one that more have signed."
                    }
                };
                format!("not witnessed  {file}\n  {text}\n{by_what}\n  {mend}")
            }
            Refused::Earlier => format!(
                "not verified  {file}\n  the checkpoint of --earlier is of no use here: {text}\n{by_what}"
            ),
        }
    }
}
