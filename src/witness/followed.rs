//! One ledger as its witness knows it, and whether a checkpoint of it is cosigned. The order of the
//! checks is that of c2sp.org/tlog-witness (main); the replay comes last, for it may have to be waited
//! for.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};

use probant_core::{
    Rejected,
    checkpoint::{Checkpoint, verifier_key},
    cosignature::Cosigner,
    key::{PublicKey, Use},
    note::Note,
    registry::Registry,
    tree,
};
use tokio::{
    sync::{Semaphore, watch},
    task::spawn_blocking,
    time::timeout,
};

use super::{
    Ledger,
    contradiction::Contradiction,
    cosigned::{Cosigned, Newest},
    view::{At, Standing, View},
};
use crate::{Error, clock::SharedClock, witnesses::submission::Submission};

/// How long a submission waits until what it shows was replayed.
const REPLAY_WAIT: Duration = Duration::from_secs(5);
/// Submissions of one ledger at once that are signed by it.
const SEATS: usize = 16;
/// A ledger shows its newest head within a second or two. If one shows an older head than was replayed so
/// long ago, it is not where it was.
const STALE_MS: u64 = 60_000;
/// Who the ledger is was not read yet: strangers may have it looked up once in so long.
const STRANGER_WAKE_MS: u64 = 2000;
/// Whoever asks for the same again within so many seconds gets the same again.
const SAME_S: u64 = 10;

/// A ledger, and what its witness has of it.
pub struct Followed {
    pub ledger: Ledger,
    pub view: watch::Sender<View>,
    pub clock: SharedClock,
    cosigned: Mutex<Cosigned>,
    cosigners: Arc<[Cosigner]>,
    wake: SyncSender<()>,
    /// When a stranger had it looked up, in milliseconds since 1970.
    stranger_ms: AtomicU64,
    seats: Semaphore,
}

/// Why a checkpoint is not cosigned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It is not of the form that there is.
    Malformed(String),
    /// No ledger of this origin is followed.
    Unknown,
    /// It is not signed by a note key that is in force.
    Unsigned,
    /// So many entries were cosigned last, and not as many as it was said.
    Size(u64),
    /// It is not what the ledger has shown before.
    Inconsistent(String),
    /// So many entries were cosigned last, as it was said, and this one is not replayed yet.
    NotReplayed(u64),
    /// Not now.
    NotNow(String),
}

/// A submission, with the checkpoint that is in it.
pub struct Sent {
    pub submission: Submission,
    pub checkpoint: Checkpoint,
}

impl Sent {
    /// Reads one. Nothing in it has been verified.
    ///
    /// # Errors
    /// [`Refusal::Malformed`].
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let malformed = |why: &dyn std::fmt::Display| Refusal::Malformed(why.to_string());
        let text = std::str::from_utf8(body).map_err(|_| malformed(&"it is no text"))?;
        let submission = Submission::parse(text).map_err(|why| malformed(&why))?;
        let checkpoint = Checkpoint::unverified(&submission.note).map_err(|why| malformed(&why))?;
        if submission.old > checkpoint.size {
            return Err(malformed(&"the old size is above that of the checkpoint"));
        }
        Ok(Self { submission, checkpoint })
    }

    /// The line by this key, as it stands in the note.
    fn line(&self, key: &PublicKey) -> Result<String, Rejected> {
        let key = verifier_key(&self.checkpoint.origin, key);
        let note = Note::split(&self.submission.note)?;
        if note.signatures(&[&key])?.is_empty() {
            return Err(Rejected::Signature("checkpoint"));
        }
        let mut lines = note.lines().flatten();
        let ours = lines.find(|line| line.name == key.name() && line.id == key.id());
        Ok(ours.expect("each line of this key was verified, and there is one").to_string())
    }
}

impl Followed {
    /// One that nothing was read of yet; and what wakes its follower.
    pub fn new(
        ledger: Ledger,
        cosigned: Cosigned,
        cosigners: Arc<[Cosigner]>,
        clock: SharedClock,
    ) -> (Arc<Self>, Receiver<()>) {
        let stopped = cosigned.stopped().map(str::to_owned);
        let view =
            watch::Sender::new(View::new(stopped.map_or(Standing::Begins, Standing::Stopped)));
        // One that has been told to look need not be told again.
        let (wake, woken) = sync_channel(1);
        let (cosigned, seats) = (Mutex::new(cosigned), Semaphore::new(SEATS));
        let stranger_ms = AtomicU64::new(0);
        let all = Self { ledger, view, clock, cosigned, cosigners, wake, stranger_ms, seats };
        (Arc::new(all), woken)
    }

    /// Cosigns a checkpoint, if it is the ledger's, follows on and was replayed; waits a while for that.
    ///
    /// # Errors
    /// The first check that it does not pass.
    pub async fn add_checkpoint(self: &Arc<Self>, sent: Sent) -> Result<String, Refusal> {
        // Nothing that costs more is done for a stranger.
        match self.registry() {
            Some(registry) => signed(&registry, &sent).map(drop)?,
            None => return Err(self.met_stranger(&sent)),
        }
        let _seat = self.seats.try_acquire().map_err(|_| {
            Refusal::NotNow(
                "as many checkpoints of this ledger are waiting as may: try again".into(),
            )
        })?;
        let sent = Arc::new(sent);
        match self.decide_aside(&sent).await {
            Err(Refusal::NotReplayed(_)) => {}
            decided => return decided,
        }
        let mut view = self.view.subscribe();
        let after = {
            let view = view.borrow_and_update();
            // What is being looked at may have been asked for before there was this checkpoint.
            view.looks + u64::from(view.looking) + 1
        };
        self.wake();
        let size = sent.checkpoint.size;
        let is_there = |view: &View| view.looks >= after || !matches!(view.at(size), At::Beyond);
        // Whether or not: the decision says how it stands.
        let _ = timeout(REPLAY_WAIT, view.wait_for(is_there)).await;
        self.decide_aside(&sent).await
    }

    /// Answers at once where it is not known yet who signs for this ledger: so nobody takes a seat, or
    /// has the ledger asked more than now and then.
    fn met_stranger(&self, sent: &Sent) -> Refusal {
        let refusal = {
            let cosigned = self.cosigned();
            check_stopped(&cosigned, sent).err().unwrap_or_else(|| not_begun(&cosigned, sent))
        };
        let (now_ms, before) = (self.clock.now_ms(), self.stranger_ms.load(Ordering::Relaxed));
        let is_due = now_ms.abs_diff(before) >= STRANGER_WAKE_MS;
        let forbids = self.view.borrow().standing.forbids();
        let claim = || {
            let order = Ordering::Relaxed;
            self.stranger_ms.compare_exchange(before, now_ms, order, order).is_ok()
        };
        if matches!(refusal, Refusal::NotReplayed(_)) && !forbids && is_due && claim() {
            self.wake();
        }
        refusal
    }

    async fn decide_aside(self: &Arc<Self>, sent: &Arc<Sent>) -> Result<String, Refusal> {
        let (followed, sent) = (Arc::clone(self), Arc::clone(sent));
        let decided = spawn_blocking(move || followed.decide(&sent)).await;
        decided.unwrap_or_else(|_| Err(Refusal::NotNow("the witness has failed".into())))
    }

    /// Has the follower look at once.
    pub fn wake(&self) {
        // Full: it is going to look.
        let _ = self.wake.try_send(());
    }

    /// What was cosigned last, and whether anything will be.
    pub fn cosigned(&self) -> MutexGuard<'_, Cosigned> {
        self.cosigned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// After the newest block; while it is stopped, nothing is read.
    fn registry(&self) -> Option<Arc<Registry>> {
        self.view.borrow().registry.clone()
    }

    /// All checks, and the cosignatures: from the first to the last nobody else decides.
    pub fn decide(&self, sent: &Sent) -> Result<String, Refusal> {
        let mut cosigned = self.cosigned();
        check_stopped(&cosigned, sent)?;
        let line = match self.registry() {
            Some(registry) => signed(&registry, sent)?,
            None => return Err(not_begun(&cosigned, sent)),
        };
        self.check_old(&mut cosigned, sent)?;
        let newer_ms = self.check_replayed(&mut cosigned, sent)?;
        if newer_ms.is_some()
            && let Some(newest) = cosigned.newest()
            && newest.checkpoint == sent.checkpoint
        {
            // It is told again what it was told when there was nothing newer, with the time of then.
            return Ok(newest.lines().to_owned());
        }
        self.cosign(&mut cosigned, (sent, &line), newer_ms)
    }

    /// That it follows on what was cosigned last.
    fn check_old(&self, cosigned: &mut Cosigned, sent: &Sent) -> Result<(), Refusal> {
        let Sent { submission: Submission { old, proof, note }, checkpoint } = sent;
        let (old, size) = (*old, checkpoint.size);
        if cosigned.size() != old {
            return Err(Refusal::Size(cosigned.size()));
        }
        let inconsistent = |why: &str| Err(Refusal::Inconsistent(why.into()));
        let Some(before) = cosigned.newest().cloned() else {
            let is_empty = proof.is_empty();
            return if is_empty {
                Ok(())
            } else {
                inconsistent("from size 0 there is nothing to prove")
            };
        };
        let root = before.checkpoint.root;
        if old == size && root != checkpoint.root {
            let identity = &self.ledger.identity;
            let caught = Contradiction::of_cosigned(identity, size, note, &before.note);
            return Err(Refusal::Inconsistent(self.stop(cosigned, caught)));
        }
        tree::check_consistency((old, root), (size, checkpoint.root), proof)
            .or_else(|rejected| inconsistent(&rejected.to_string()))
    }

    /// That its root is the one which the blocks make; and since when, in milliseconds since 1970, it is
    /// known that it is not the newest.
    fn check_replayed(&self, cosigned: &mut Cosigned, sent: &Sent) -> Result<Option<u64>, Refusal> {
        let (size, note) = (sent.checkpoint.size, &sent.submission.note);
        let (replayed, newer_ms) = {
            let view = self.view.borrow();
            if view.standing.forbids() {
                return Err(Refusal::NotNow(view.standing.to_string()));
            }
            let newer = view.after(size);
            let newer_ms = newer.map(|newer| newer.at_ms);
            if newer_ms.is_some_and(|at_ms| self.clock.now_ms().saturating_sub(at_ms) > STALE_MS) {
                let blocks = view.blocks;
                return Err(Refusal::Inconsistent(format!(
                    "the ledger has shown {blocks} blocks before, and this is not the newest: was it \
                     restored from an old copy?"
                )));
            }
            let is_new = sent.submission.old < size;
            if is_new && newer.is_some_and(|newer| newer.head.height < view.loaded) {
                // No time is known by which this was there, and nothing newer.
                return Err(Refusal::NotNow("the ledger has shown a newer one: send that".into()));
            }
            match view.at(size) {
                At::Head(head) => (head.clone(), newer_ms),
                At::Beyond => return Err(Refusal::NotReplayed(cosigned.size())),
                // What was cosigned was replayed by then.
                At::Nothing if !is_new => return Ok(newer_ms),
                At::Nothing => {
                    return Err(Refusal::Inconsistent("no block that is known ends there".into()));
                }
            }
        };
        if replayed.root == sent.checkpoint.root {
            return Ok(newer_ms);
        }
        let caught = Contradiction::of_head(&self.ledger.identity, size, note, &replayed);
        Err(Refusal::Inconsistent(self.stop(cosigned, caught)))
    }

    /// Cosigns what has passed all checks: durable first, then told. It says a time by which nothing
    /// newer had been shown.
    fn cosign(
        &self,
        cosigned: &mut Cosigned,
        (sent, line): (&Sent, &str),
        newer_ms: Option<u64>,
    ) -> Result<String, Refusal> {
        let now_ms = self.clock.now_ms();
        let time_s = (newer_ms.map_or(now_ms, |newer_ms| newer_ms.min(now_ms)) / 1000).max(1);
        let checkpoint = &sent.checkpoint;
        if sent.submission.old == checkpoint.size
            && let Some((lines, signed_s)) = &cosigned.lines
            && (*signed_s..signed_s + SAME_S).contains(&time_s)
        {
            return Ok(lines.clone());
        }
        let signed = self.cosigners.iter().map(|cosigner| cosigner.cosign(checkpoint, time_s));
        let lines: String = signed.collect();
        let note = format!("{}\n{line}{lines}", checkpoint.text());
        let newest = Newest { checkpoint: checkpoint.clone(), note };
        cosigned.lines = None;
        cosigned.replace(newest).map_err(|error| {
            tracing::error!(%error, "a cosignature could not be kept, and was not given");
            Refusal::NotNow("the witness cannot keep what it would cosign".into())
        })?;
        cosigned.lines = Some((lines.clone(), time_s));
        Ok(lines)
    }

    /// Saves what was caught, and cosigns no more; says why.
    pub fn stop(&self, cosigned: &mut Cosigned, caught: Contradiction) -> String {
        let saved = caught.save(&cosigned.evidence(), self.clock.now_ms());
        let why = saved.unwrap_or_else(|error| {
            format!("FORK: the ledger signed two histories, and the evidence could not be saved: {error}")
        });
        self.stop_for(cosigned, &why);
        why
    }

    /// Cosigns no more, for what was saved already.
    pub fn stop_for(&self, cosigned: &mut Cosigned, why: &str) {
        let kept: Result<(), Error> = cosigned.stop(why);
        let identity = &self.ledger.identity;
        tracing::error!("{identity}: {why}: nothing of it is cosigned any more");
        if let Err(error) = kept {
            tracing::error!(%error, "{identity}: that could not be kept: it holds until a restart");
        }
        self.view.send_modify(|view| view.standing = Standing::Stopped(why.to_owned()));
    }
}

/// The line of the ledger, by the note key that is in force after the newest block.
fn signed(registry: &Registry, sent: &Sent) -> Result<String, Refusal> {
    sent.line(registry.ledger_key(Use::Note)).map_err(|_| Refusal::Unsigned)
}

/// Which key is the ledger's, block 0 says, and that was not read yet. A ledger that starts is waiting to
/// hear whether it follows on what was cosigned. By whom it was sent is unknown: nobody is accused.
fn not_begun(cosigned: &Cosigned, sent: &Sent) -> Refusal {
    let Sent { submission: Submission { old, proof, .. }, checkpoint } = sent;
    if cosigned.size() != *old {
        return Refusal::Size(cosigned.size());
    }
    let Some(before) = cosigned.newest() else { return Refusal::NotReplayed(0) };
    let (from, to) = ((*old, before.checkpoint.root), (checkpoint.size, checkpoint.root));
    match tree::check_consistency(from, to, proof) {
        Ok(()) => Refusal::NotReplayed(*old),
        Err(rejected) => Refusal::Inconsistent(rejected.to_string()),
    }
}

/// Who has signed two histories is told that, whatever it signs now, from where it was cosigned last.
fn check_stopped(cosigned: &Cosigned, sent: &Sent) -> Result<(), Refusal> {
    match cosigned.stopped() {
        None => Ok(()),
        Some(_) if cosigned.size() != sent.submission.old => Err(Refusal::Size(cosigned.size())),
        Some(why) => Err(Refusal::Inconsistent(why.to_owned())),
    }
}
