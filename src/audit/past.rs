//! What today's ledger is held to besides its own rules: what this auditor saw of it before, and a
//! checkpoint that somebody else saw.

use std::path::PathBuf;

use probant_core::{Hash, Identity, registry::Registry};
use serde::Serialize;

use super::{
    Extends, HeadReport, Since, SinceReport, Tally,
    evidence::{Evidence, EvidenceFile},
    replay::Replay,
    seen::{Met, Seen},
    signed_head::SignedHead,
    snapshot::Snapshot,
};
use crate::{Error, clock::utc};

/// Where an audit takes what was seen before, and keeps what it sees. By default it does neither.
#[derive(Default)]
pub struct Past {
    state: Option<PathBuf>,
    since: Option<Since>,
    seen: Option<Seen>,
    /// Why what was seen cannot be told.
    failed: Option<Error>,
    forked: Option<Fork>,
    resumes: bool,
    /// The number of this audit's own snapshots.
    generation: u64,
}

/// Two histories: the head that was seen before, and the one of today at its height.
struct Fork {
    seen: SignedHead,
    shown: SignedHead,
}

/// How today's ledger stands to what this auditor saw before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Nothing was seen of it before.
    First,
    /// It begins with all that was seen, as far as the audit came.
    Extends,
    /// It ends before what was seen, and begins with it that far: a copy that lags, or a ledger that
    /// was rolled back.
    Behind,
    /// It is another history.
    Forks,
    /// The auditor's own record could not be read or written.
    Failed,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct SeenReport {
    /// Where this auditor keeps what it sees of this ledger.
    pub state: String,
    /// How today's ledger stands to it.
    pub standing: Standing,
    /// The newest head seen before.
    pub newest: Option<HeadReport>,
    /// Where it forks: what was seen there before.
    pub seen: Option<HeadReport>,
    /// Where it forks, or the newest of today where it is behind.
    pub shown: Option<HeadReport>,
    /// Why the record could not be read or written.
    pub why: Option<String>,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub seen: Option<SeenReport>,
    pub since: Option<SinceReport>,
    pub evidence: Vec<EvidenceFile>,
    /// The exit code where something could not be compared.
    pub failed: Option<u8>,
}

impl Past {
    /// Keeps what it sees in a directory, below it one for each ledger.
    #[must_use]
    pub fn kept_in(mut self, state: impl Into<PathBuf>) -> Self {
        self.state = Some(state.into());
        self
    }

    /// Holds the ledger to a checkpoint.
    #[must_use]
    pub fn since(mut self, since: Since) -> Self {
        self.since = Some(since);
        self
    }

    /// Goes on where the newest snapshot that was kept ends.
    #[must_use]
    pub fn resuming(mut self) -> Self {
        self.resumes = true;
        self
    }

    pub(super) fn is_resuming(&self) -> bool {
        self.resumes
    }

    /// Whether an earlier audit of this ledger can be gone on with.
    pub(super) fn has_snapshot(&mut self, identity: &Identity) -> Result<bool, Error> {
        self.open(identity)?;
        Ok(self.seen.as_ref().is_some_and(|seen| seen.snapshot().is_some()))
    }

    /// The heads that earlier audits saw, in order, as far as this one has come.
    ///
    /// # Errors
    /// `Input` and `Stop` where the auditor's own record cannot be read.
    pub(crate) fn heads(&self, heard: &mut dyn FnMut(SignedHead)) -> Result<(), Error> {
        self.seen.as_ref().map_or(Ok(()), |seen| seen.heads(heard))
    }

    /// How many blocks earlier audits saw.
    pub(crate) fn blocks(&self) -> u64 {
        self.seen.as_ref().map_or(0, Seen::blocks)
    }

    /// Why what was seen cannot be told, or what is seen not be kept.
    pub(crate) fn failure(&self) -> Option<&Error> {
        self.failed.as_ref()
    }

    /// Where it is another history: the head that was seen, and the one of today at its height.
    pub(crate) fn forked(&self) -> Option<(&SignedHead, &SignedHead)> {
        self.forked.as_ref().map(|fork| (&fork.seen, &fork.shown))
    }

    /// Where what was caught is saved.
    pub(crate) fn evidence(&self) -> Evidence {
        Evidence::in_dir(self.seen.as_ref().map(|seen| seen.dir().join("evidence")))
    }

    /// Opens what was seen of this ledger, and a place for what the replay keeps. Where nobody has said
    /// which ledger it must be, it must not be another one by a name that was seen before: what was begun
    /// anew breaks no rule.
    pub(super) fn begin(&mut self, identity: &Identity, is_expected: bool, replay: &mut Replay) {
        let named = self.state.as_deref().filter(|_| !is_expected);
        if let Some(other) = named.and_then(|state| Seen::namesake(state, identity)) {
            self.failed = Some(Error::input(format!(
                "this is {identity}, and {other} was seen under that name before: give the one that is \
                 meant with --identity"
            )));
            return;
        }
        let opened = self.open(identity).and_then(|()| {
            let Some(seen) = &self.seen else { return Ok(()) };
            let (generation, dir) = seen.new_fold()?;
            self.generation = generation;
            replay.keep_in(&dir)
        });
        self.failed = opened.err();
    }

    fn open(&mut self, identity: &Identity) -> Result<(), Error> {
        if let Some(state) = self.state.take() {
            self.seen = Some(Seen::open(&state, identity)?);
        }
        Ok(())
    }

    /// The replay as the newest snapshot has it, its figures, and when it was taken.
    ///
    /// # Errors
    /// `Input` where there is none, or the checkpoint lies before it; `Stop` for damage.
    pub(super) fn resume(&mut self, identity: &Identity) -> Result<(Replay, Tally, String), Error> {
        self.open(identity)?;
        let none = "nothing that was kept can be resumed: audit without --resume";
        let seen = self.seen.as_mut().ok_or_else(|| Error::input(none))?;
        let snapshot = seen.snapshot().cloned().ok_or_else(|| Error::input(none))?;
        let size = self.since.as_ref().map(Since::size);
        let dir = seen.fold_dir(snapshot.generation);
        let (replay, tally) = snapshot.resume(&dir, identity, size)?;
        if size.is_some_and(|size| size <= tally.entries) {
            return Err(Error::input(
                "the checkpoint lies in the part that an earlier audit checked: audit without \
                 --resume",
            ));
        }
        seen.go_to(snapshot.blocks(), snapshot.heads_bytes)?;
        self.generation = snapshot.generation;
        Ok((replay, tally, snapshot.audited))
    }

    /// Keeps what passed, so that the next audit can go on from here. Every folded block has passed.
    pub(super) fn keep(&mut self, replay: &mut Replay, tally: &Tally, now_ms: u64) {
        let Some(seen) = self.seen.as_mut().filter(|_| self.failed.is_none()) else { return };
        let of = (self.generation, seen.heads_bytes());
        let is_newer = seen.snapshot().is_none_or(|kept| kept.blocks() <= tally.blocks);
        let taken =
            if is_newer { Snapshot::take(replay, tally, of, utc(now_ms)) } else { Ok(None) };
        let kept = taken.and_then(|snapshot| {
            if let Some(snapshot) = snapshot {
                seen.take(snapshot);
            }
            seen.save()
        });
        self.failed = kept.err();
    }

    /// The size at which the audit takes the root on its way.
    pub(super) fn size(&self) -> Option<u64> {
        self.since.as_ref().map(Since::size)
    }

    /// Holds a block that passed to what was seen at its height, or takes it in; false where another
    /// one was seen there.
    pub(super) fn meet(&mut self, shown: &SignedHead) -> bool {
        let Some(seen) = self.seen.as_mut().filter(|_| self.failed.is_none()) else { return true };
        match seen.meet(shown) {
            Ok(Met::Fits) => true,
            Ok(Met::Differs(seen)) => {
                self.forked = Some(Fork { seen: *seen, shown: shown.clone() });
                false
            }
            Err(error) => {
                self.failed = Some(error);
                true
            }
        }
    }

    /// Makes what was seen durable, and says how today's ledger stands to it.
    pub(super) fn conclude(
        mut self,
        registry: Option<&Registry>,
        today: Option<Hash>,
        (tally, whole): (&Tally, bool),
    ) -> (Compared, Evidence) {
        let saved =
            self.seen.as_mut().map_or(Ok(()), |seen| seen.save().and_then(|()| seen.tidy()));
        if let Err(error) = saved {
            self.failed.get_or_insert(error);
        }
        let mut compared = Compared { seen: self.report(tally, whole), ..Compared::default() };
        compared.since =
            self.since.as_ref().map(|since| since.judge(registry, today, tally.entries, whole));
        let not_signed = compared.since.as_ref().is_some_and(|s| s.extends == Extends::NotSigned);
        compared.failed = self.failed.as_ref().map(Error::exit_code);
        if not_signed {
            compared.failed.get_or_insert(Error::input("").exit_code());
        }
        let evidence = self.evidence();
        (compared, evidence)
    }

    fn report(&self, tally: &Tally, whole: bool) -> Option<SeenReport> {
        let why = self.failed.as_ref().map(ToString::to_string);
        let Some(kept) = &self.seen else {
            let standing = Standing::Failed;
            let (state, newest, seen, shown) = (String::new(), None, None, None);
            return why.map(|why| SeenReport {
                state,
                standing,
                newest,
                seen,
                shown,
                why: Some(why),
            });
        };
        let newest = kept.newest();
        let is_behind = newest.is_some_and(|newest| newest.height + 1 > tally.blocks);
        let standing = match newest {
            _ if self.failed.is_some() => Standing::Failed,
            _ if self.forked.is_some() => Standing::Forks,
            None => Standing::First,
            Some(_) if whole && is_behind => Standing::Behind,
            Some(_) => Standing::Extends,
        };
        let forked = self.forked.as_ref();
        let shown = match standing {
            Standing::Behind => tally.signed_head.as_ref(),
            _ => forked.map(|fork| &fork.shown),
        };
        Some(SeenReport {
            state: kept.dir().display().to_string(),
            standing,
            newest: newest.map(SignedHead::report),
            seen: forked.map(|fork| fork.seen.report()),
            shown: shown.map(SignedHead::report),
            why,
        })
    }
}
