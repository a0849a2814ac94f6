//! What a cosigned head is worth by a policy: who signed it, and when it was there at the latest.

use super::{TrustPolicy, Witness};
use crate::{
    Rejected,
    checkpoint::Checkpoint,
    note::{Note, Signed},
    verifier_key::VerifierKey,
};

/// A witness of the policy that cosigned a head.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Witnessed<'p> {
    /// Who.
    pub witness: &'p Witness,
    /// When it first signed, in seconds since 1970 by its own clock; `None` if it says no time.
    pub first_s: Option<u64>,
    /// When it last signed.
    pub last_s: Option<u64>,
    /// Its place among the witnesses of the policy.
    place: usize,
}

/// A head that a log of the policy signed, and who cosigned it. Only [`TrustPolicy::judge`] makes
/// it. Whether they were enough: [`Judged::quorum`].
///
/// Times rest on the quorum: whoever trusts it trusts that in each set of witnesses that reaches it
/// one at least is honest, and has the right time. So only times that hold whichever one that is
/// are given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judged<'p> {
    policy: &'p TrustPolicy,
    checkpoint: Checkpoint,
    witnessed: Vec<Witnessed<'p>>,
}

impl TrustPolicy {
    /// Verifies the signatures of a note: of one log at least, those of the policy or, if it lists
    /// none, `log`, which the asker knows from elsewhere; and of every witness of the policy that
    /// signed. Other lines are ignored. That no quorum signed is no error here.
    ///
    /// # Errors
    /// [`Rejected::Checkpoint`] and [`Rejected::Origin`] for the form; [`Rejected::Signature`] if a
    /// line of a known key does not verify, or no log signed, or one of another origin.
    pub fn judge(&self, note: &str, log: Option<&VerifierKey>) -> Result<Judged<'_>, Rejected> {
        let note = Note::split(note)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        let elsewhere = log.filter(|_| self.logs.is_empty());
        let logs = self.logs.iter().map(|log| &log.key).chain(elsewhere);
        let named = |key: &&VerifierKey| key.name() == checkpoint.origin.as_str();
        let known: Vec<_> = logs.filter(named).collect();
        if note.signatures(&known)?.is_empty() {
            return Err(Rejected::Signature("checkpoint"));
        }
        let keys: Vec<_> = self.witnesses.iter().map(|witness| &witness.key).collect();
        let signed = note.signatures(&keys)?;
        let witnesses = self.witnesses.iter().enumerate();
        let witnessed = witnesses.filter_map(|(at, witness)| Witnessed::of(at, witness, &signed));
        Ok(Judged { policy: self, witnessed: witnessed.collect(), checkpoint })
    }
}

impl<'p> Witnessed<'p> {
    fn of(place: usize, witness: &'p Witness, signed: &[Signed<'_>]) -> Option<Self> {
        let mut own = signed.iter().filter(|signed| *signed.key() == witness.key).peekable();
        own.peek()?;
        let times = || own.clone().filter_map(Signed::time_s);
        Some(Self { witness, first_s: times().min(), last_s: times().max(), place })
    }
}

impl<'p> Judged<'p> {
    /// The head.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Who of the policy's witnesses cosigned it, in the order of the policy.
    pub fn witnessed(&self) -> &[Witnessed<'p>] {
        &self.witnessed
    }

    /// Whether that is a quorum; always, if the policy wants none.
    pub fn quorum(&self) -> bool {
        self.reached(|_| true)
    }

    /// Everything in this tree was there no later than this, in seconds since 1970: the earliest
    /// time by which a quorum had signed. `None` without one, or if the policy wants none.
    pub fn not_after_s(&self) -> Option<u64> {
        if !self.policy.wants_witnesses() {
            return None;
        }
        let mut times: Vec<_> = self.witnessed.iter().filter_map(|one| one.first_s).collect();
        times.sort_unstable();
        let by = |time: &u64| self.reached(|one| one.first_s.is_some_and(|first| first <= *time));
        times.into_iter().find(by)
    }

    /// What this tree does not hold was in no tree that was shown to the witnesses before this, in
    /// seconds since 1970: the latest time since which a quorum has signed. It does not say that
    /// the ledger had not sealed it: it may have kept it to itself. `None` as above.
    pub fn not_shown_before_s(&self, entry: u64) -> Option<u64> {
        if !self.policy.wants_witnesses() || entry < self.checkpoint.size {
            return None;
        }
        let mut times: Vec<_> = self.witnessed.iter().filter_map(|one| one.last_s).collect();
        times.sort_unstable();
        let since = |time: &u64| self.reached(|one| one.last_s.is_some_and(|last| last >= *time));
        times.into_iter().rev().find(since)
    }

    /// Whether the witnesses that counts are a quorum.
    fn reached(&self, counts: impl Fn(&Witnessed<'_>) -> bool) -> bool {
        let counted = |place| self.witnessed.iter().any(|one| one.place == place && counts(one));
        self.policy.reached(counted)
    }
}
