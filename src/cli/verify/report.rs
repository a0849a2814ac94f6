//! What a verification found, in words and as JSON. A certification enters it only as a
//! [`Verified`], which only the core's verifier makes.

use std::path::Path;

use probant_core::{Fingerprints, Identity, Rejected, Verified, statement::BlockStatement};
use serde::Serialize;

use crate::{client::Shown, clock::utc};

/// What the command ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Verdict {
    /// A proof of it was verified.
    #[serde(rename = "certified")]
    Certified,
    /// The ledger knows nothing of it; that is its word.
    #[serde(rename = "unknown")]
    Unknown,
    /// A proof was brought, and does not hold.
    #[serde(rename = "not verified")]
    Rejected,
    /// The ledger said certified, and could not show it.
    #[serde(rename = "not verified")]
    Lie,
}

/// Who was asked.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Checked {
    /// The proof alone.
    Offline,
    /// The ledger, whose proofs were verified.
    Online,
}

/// The answer; its JSON is described in the help of the command.
#[derive(Debug, Serialize)]
pub struct Report {
    file: String,
    verdict: Verdict,
    fingerprints: Both,
    ledger: String,
    identity_from: &'static str,
    pub checked: Checked,
    certifications: Vec<Certification>,
    not_shown: usize,
    reason: Option<Reason>,
    rests_on: String,
    #[serde(skip)]
    known: Fingerprints,
    #[serde(skip)]
    height: u64,
    #[serde(skip)]
    may_have_more: bool,
}

#[derive(Debug, Serialize)]
struct Both {
    blake3: String,
    #[serde(rename = "sha-256")]
    sha256: String,
}

#[derive(Debug, Serialize)]
struct Certification {
    fingerprint: String,
    issuer: String,
    legal_name: String,
    country: String,
    registration: String,
    media_type: &'static str,
    entry: u64,
    list_count: u64,
    block: u64,
    time_ms: u64,
    time: String,
    head: Head,
}

#[derive(Debug, Serialize)]
struct Head {
    height: u64,
    size: u64,
    time_ms: u64,
    time: String,
}

#[derive(Debug, Serialize)]
struct Reason {
    code: &'static str,
    text: String,
}

const RESTS_ON: &str = "certified rests on the proof and on the ledger's identity; unknown, and \
                        that there are no other certifications, rest on the ledger's word";

const DOES_NOT_SAY: &str = "  \
  Exactly these bytes were certified. This does not say that what they state is true, that
  the certification still stands after that block, or that there is no other one.";

impl Report {
    /// Nothing found yet.
    pub fn new(
        file: &Path,
        fingerprints: Fingerprints,
        identity: &Identity,
        first_use: bool,
    ) -> Self {
        let (blake3, sha256) = (fingerprints.blake3.to_string(), fingerprints.sha256.to_string());
        Self {
            file: file.display().to_string(),
            verdict: Verdict::Unknown,
            fingerprints: Both { blake3, sha256 },
            ledger: identity.to_string(),
            identity_from: if first_use { "first use" } else { "given" },
            checked: Checked::Online,
            certifications: Vec::new(),
            not_shown: 0,
            reason: None,
            rests_on: RESTS_ON.into(),
            known: fingerprints,
            height: 0,
            may_have_more: false,
        }
    }

    /// The document's two names.
    pub fn fingerprints(&self) -> Fingerprints {
        self.known
    }

    /// What a ledger showed.
    pub fn show(&mut self, shown: &Shown) {
        shown.certifications.iter().for_each(|(verified, _)| self.add(verified));
        (self.height, self.not_shown) = (shown.height, shown.not_asked);
        self.may_have_more = shown.may_have_more;
    }

    /// A certification that was verified.
    pub fn add(&mut self, verified: &Verified) {
        let (record, sealed) = (verified.record().clone(), verified.sealed());
        self.verdict = Verdict::Certified;
        self.certifications.push(Certification {
            fingerprint: verified.fingerprint().to_string(),
            issuer: verified.issuer().to_owned(),
            legal_name: record.legal_name,
            country: record.country,
            registration: record.registration,
            media_type: verified.media_type(),
            entry: verified.entry(),
            list_count: verified.list_count(),
            block: sealed.height,
            time_ms: sealed.time_ms,
            time: utc(sealed.time_ms),
            head: Head::of(verified.head()),
        });
    }

    /// Ends with a no, whatever was found before.
    pub fn reject(&mut self, verdict: Verdict, rejected: &Rejected) {
        self.verdict = verdict;
        self.certifications.clear();
        self.reason = Some(Reason { code: rejected.code(), text: rejected.to_string() });
    }

    /// 0 certified, 1 unknown or rejected, 4 a lie.
    pub fn exit_code(&self) -> u8 {
        match self.verdict {
            Verdict::Certified => 0,
            Verdict::Unknown | Verdict::Rejected => 1,
            Verdict::Lie => 4,
        }
    }

    /// The answer in words.
    pub fn to_text(&self, now_ms: u64) -> String {
        let file = &self.file;
        let reason = self.reason.as_ref().map(|r| format!("{}: {}", r.code, r.text));
        let reason = reason.unwrap_or_default();
        match self.verdict {
            Verdict::Certified => self.certified(now_ms),
            Verdict::Unknown => format!(
                "unknown  {file}\n  the ledger knows no certification of it up to block {}; that \
                 is its word\n  ledger       {}\n  document     {}\n               {}",
                self.height, self.ledger, self.fingerprints.blake3, self.fingerprints.sha256
            ),
            Verdict::Rejected => format!(
                "not verified  {file}\n  the proof does not hold: {reason}\n  ledger       {}",
                self.ledger
            ),
            Verdict::Lie => format!(
                "not verified  {file}\n  the ledger says that it is certified, and its proof does \
                 not hold:\n  {reason}\n  ledger       {}\n  Keep this answer: somebody must look.",
                self.ledger
            ),
        }
    }

    fn certified(&self, now_ms: u64) -> String {
        let mut parts = vec![format!("certified  {}\n", self.file)];
        parts.extend(self.certifications.iter().map(|one| one.to_text(now_ms)));
        parts.push(format!("  ledger       {}\n", self.ledger));
        if self.not_shown > 0 {
            let at_least = if self.may_have_more { "at least " } else { "" };
            let not_shown = self.not_shown;
            parts.push(format!("  and {at_least}{not_shown} older, which were not checked\n"));
        }
        parts.push(DOES_NOT_SAY.into());
        parts.concat()
    }
}

impl Certification {
    fn to_text(&self, now_ms: u64) -> String {
        let Self { legal_name, country, registration, issuer, time, block, entry, .. } = self;
        let others = match self.list_count {
            1 => String::new(),
            count => format!(", one of {count} documents"),
        };
        format!(
            "  by           {legal_name} ({country} {registration}), {issuer}\n  \
             when         {time}, in block {block}, entry {entry}{others}\n  \
             as           {}\n  \
             document     {}\n  \
             known up to  block {}, {} ({})\n",
            self.media_type,
            self.fingerprint,
            self.head.height,
            self.head.time,
            age(self.head.time_ms, now_ms)
        )
    }
}

impl Head {
    fn of(head: &BlockStatement) -> Self {
        let (height, size, time_ms) = (head.height, head.size, head.time_ms);
        Self { height, size, time_ms, time: utc(time_ms) }
    }
}

/// In one unit, of which there are two at least, so that it never needs a singular.
fn age(time_ms: u64, now_ms: u64) -> String {
    let Some(age_ms) = now_ms.checked_sub(time_ms) else {
        return "ahead of this machine's clock".into();
    };
    let age_s = age_ms / 1000;
    let units = [(86_400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds")];
    let unit = units.into_iter().find(|(unit_s, _)| age_s / unit_s >= 2);
    unit.map_or_else(
        || "just now".into(),
        |(unit_s, name)| format!("{} {name} ago", age_s / unit_s),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_read_in_one_unit() {
        assert_eq!(age(0, 1999), "just now");
        assert_eq!(age(0, 119_000), "119 seconds ago");
        assert_eq!(age(0, 7_200_000), "2 hours ago");
        assert_eq!(age(0, 86_400_000 * 100), "100 days ago");
        assert_eq!(age(1, 0), "ahead of this machine's clock");
    }
}
