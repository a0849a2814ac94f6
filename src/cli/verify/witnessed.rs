//! What witnesses say of a certification, by the policy of whoever asks (`--policy`): whether a
//! quorum has seen the head that its proof leads to, and between which times that puts it.

use std::path::Path;

use probant_core::{
    Rejected, Verified,
    note::NOTE_BYTES_MAX,
    trust_policy::{self, Judged, TrustPolicy},
    verifier_key::VerifierKey,
};
use serde::Serialize;

use crate::{
    Error,
    cli::{read, trust_policy},
    clock::utc,
};

/// How far clocks may be apart before the difference is worth a word, in seconds.
const CLOCKS_S: u64 = 300;

/// What a checkpoint is called that no log signed.
const CHECKPOINT: &str = "checkpoint";
const NO_LOG: &str = "no log of the policy signed the checkpoint of its head: the policy is of another \
                      ledger, or of a note key that was replaced, whose successor it has to list too";

/// Why what is proven does not do by the policy.
pub enum Unmet {
    /// Somebody who has to sign did not.
    Missing(String),
    /// A line of somebody whom the policy names does not verify.
    Refused(Rejected),
    /// The earlier checkpoint that was given says nothing.
    Earlier(Rejected),
}

/// Whom the asker believes.
#[derive(Clone, Debug)]
pub struct Trusted {
    policy: TrustPolicy,
    /// A cosigned checkpoint of before.
    earlier: Option<String>,
}

/// What came of it; its JSON is described in the help of the command.
#[derive(Debug, Serialize)]
pub struct Witnessed {
    quorum: bool,
    witnesses: Vec<Witness>,
    not_after: Option<Moment>,
    not_before: Option<Moment>,
    #[serde(skip)]
    wanted: bool,
    #[serde(skip)]
    sealed_s: u64,
}

#[derive(Debug, Serialize)]
struct Witness {
    name: String,
    first: Option<Moment>,
}

#[derive(Clone, Debug, Serialize)]
struct Moment {
    time_s: u64,
    time: String,
}

impl Moment {
    fn of(time_s: u64) -> Self {
        Self { time_s, time: utc(time_s.saturating_mul(1000)) }
    }
}

impl Trusted {
    /// Reads what `--policy` and `--earlier` name.
    pub fn read(policy: &Path, earlier: Option<&Path>) -> Result<Self, Error> {
        let policy = trust_policy(policy)?;
        let note = |path: &Path| {
            let note = String::from_utf8(read(path, NOTE_BYTES_MAX)?);
            note.map_err(|_| Error::input(format!("{}: a checkpoint is UTF-8", path.display())))
        };
        Ok(Self { policy, earlier: earlier.map(note).transpose()? })
    }

    /// The policy alone.
    pub fn policy(&self) -> &TrustPolicy {
        &self.policy
    }

    /// By the checkpoint that the proof carries, and the earlier one.
    ///
    /// # Errors
    /// [`Unmet`].
    pub fn judge(&self, verified: &Verified) -> Result<Witnessed, Unmet> {
        let judged = match verified.judge(&self.policy) {
            // The proof holds, so the ledger's own line does.
            Err(Rejected::Signature(CHECKPOINT)) => return Err(Unmet::Missing(NO_LOG.into())),
            judged => judged.map_err(Unmet::Refused)?,
        };
        let quorum = judged.as_ref().map_or(!self.policy.wants_checkpoint(), Judged::quorum);
        let by = judged.as_ref().map(Judged::witnessed).unwrap_or_default();
        if !quorum {
            return Err(Unmet::Missing(self.missing(by)));
        }
        let not_after = judged.as_ref().and_then(Judged::not_after_s).map(Moment::of);
        let not_before = self.not_before_s(verified).map_err(Unmet::Earlier)?;
        Ok(Witnessed {
            quorum,
            witnesses: by.iter().map(Witness::of).collect(),
            not_after,
            not_before: not_before.map(Moment::of),
            wanted: self.policy.wants_witnesses(),
            sealed_s: verified.sealed().time_ms / 1000,
        })
    }

    /// Who has to sign, and did not.
    fn missing(&self, by: &[trust_policy::Witnessed<'_>]) -> String {
        if !self.policy.wants_witnesses() {
            return "the proof carries no checkpoint that a log of the policy signed".into();
        }
        let signed = |key: &VerifierKey| by.iter().any(|one| one.witness.key == *key);
        let (signed, not): (Vec<_>, Vec<_>) =
            self.policy.witnesses().iter().partition(|one| signed(&one.key));
        let names = |of: Vec<&trust_policy::Witness>| {
            let names: Vec<_> = of.iter().map(|one| one.key.name()).collect();
            if names.is_empty() { "none".into() } else { names.join(", ") }
        };
        format!(
            "no quorum of the policy cosigned its head: {} did, and not {}, by the keys of the policy",
            names(signed),
            names(not)
        )
    }

    /// By the earlier checkpoint, which the ledger's present note key or a log of the policy signed.
    fn not_before_s(&self, verified: &Verified) -> Result<Option<u64>, Rejected> {
        let Some(note) = &self.earlier else { return Ok(None) };
        let judged = self.policy.judge(note, Some(verified.note_key()))?;
        let (size, entry) = (judged.checkpoint().size, verified.entry());
        let refuse = |why: String| Err(Rejected::Checkpoint(why));
        if judged.checkpoint().origin != verified.identity().origin {
            return refuse("it is of another ledger".into());
        }
        if size > entry {
            return refuse(format!("it has {size} entries, and holds entry {entry} already"));
        }
        match judged.not_shown_before_s(entry) {
            None => refuse("it has no quorum of witnesses that say when".into()),
            time => Ok(time),
        }
    }
}

impl Witness {
    fn of(one: &trust_policy::Witnessed<'_>) -> Self {
        Self { name: one.witness.key.name().to_owned(), first: one.first_s.map(Moment::of) }
    }
}

impl Witnessed {
    /// Lines of the answer.
    pub fn to_text(&self) -> String {
        if !self.wanted {
            return "  witnesses    none: the policy wants none\n".into();
        }
        let one = |one: &Witness| {
            let at = one.first.as_ref().map_or("no time".into(), |first| first.time.clone());
            format!("{} at {at}", one.name)
        };
        let names: Vec<_> = self.witnesses.iter().map(one).collect();
        let lines = [
            format!("witnesses    a quorum: {}", names.join(", ")),
            match &self.not_after {
                Some(moment) => format!("not after    {}: by then they had seen it", moment.time),
                None => "not after    unknown: too few of them say when".into(),
            },
            match &self.not_before {
                Some(moment) => {
                    format!("not before   {}: until then it was not shown to them", moment.time)
                }
                None => "not before   unknown: it takes an --earlier checkpoint without it".into(),
            },
        ];
        let lines: Vec<_> = lines.into_iter().chain(self.doubt()).collect();
        format!("  {}\n", lines.join("\n  "))
    }

    /// The ledger's own time, where theirs contradict it.
    fn doubt(&self) -> Option<String> {
        let earlier = |moment: &Option<Moment>| moment.as_ref().map(|moment| moment.time_s);
        let ahead = earlier(&self.not_after).is_some_and(|s| self.sealed_s > s + CLOCKS_S);
        let behind = earlier(&self.not_before).is_some_and(|s| self.sealed_s + CLOCKS_S < s);
        let why = match (ahead, behind) {
            (true, _) => "it is later by the ledger's own clock, which is wrong, or theirs are",
            (_, true) => "by its own clock the ledger sealed it before: it kept or dated it back",
            _ => return None,
        };
        Some(format!("note         {why}"))
    }
}
