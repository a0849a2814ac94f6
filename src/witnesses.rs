//! The witnesses of this ledger: others, who cosign its checkpoints once they have seen that each
//! continues the one before. Whoever demands their cosignatures cannot be shown another history than
//! everybody else.
//!
//! They are asked beside sealing, which never waits for them, and at the start, when they say how far
//! the ledger had been: a store that was restored from an old copy is behind what they have seen.
//! What they answer is believed as far as it is signed; for the rest, see docs/decisions/0019.

mod ask;
pub mod submission;
mod vouch;
mod witness;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use probant_core::{note::NOTE_BYTES_MAX, trust_policy::TrustPolicy};
use tokio::time;

use crate::{
    Error,
    clock::SharedClock,
    prove::{NewestRegistry, Prover, Published},
    store::Store,
};
use witness::{Head, Witness};

pub use witness::Standing;

/// Pause between two looks for a new checkpoint, which is signed no more often.
const PAUSE: Duration = Duration::from_secs(1);
/// How often it is said that there is still no quorum.
const SAY_EVERY: Duration = Duration::from_secs(600);

/// Those whom the policy names with a URL.
pub struct Witnesses {
    policy: TrustPolicy,
    all: Vec<Witness>,
    clock: SharedClock,
    alarm_after: Duration,
    /// Since when there has been a checkpoint that no quorum has cosigned.
    waiting: Mutex<Option<Waiting>>,
}

#[derive(Clone, Copy)]
struct Waiting {
    since: Duration,
    said: Option<Duration>,
}

/// A checkpoint that goes around, with what has come of it.
struct Round {
    published: Arc<Published>,
    head: Head,
    /// Lines by their witnesses' places in the policy.
    lines: Mutex<BTreeMap<usize, String>>,
}

/// How it stands with all of them.
#[derive(Clone, Debug)]
pub struct Report {
    /// For so long there has been a checkpoint that no quorum has cosigned.
    pub waiting: Option<Duration>,
    /// What somebody has to look at.
    pub alarm: Option<String>,
    /// Of each, its URL, how it stands, and the size that it cosigned last as far as is known.
    pub witnesses: Vec<(String, Standing, u64)>,
}

/// Bytes of a checkpoint that are left to witnesses beside its text and the ledger's own lines.
const LINES_BYTES_MAX: usize = NOTE_BYTES_MAX - (8 << 10);

impl Witnesses {
    /// Those of a policy; there is an alarm when its quorum has been missing for so long.
    ///
    /// # Errors
    /// [`Error::Input`] where the quorum cannot be reached by those that have a URL.
    pub fn new(
        policy: TrustPolicy,
        alarm_after: Duration,
        clock: &SharedClock,
    ) -> Result<Self, Error> {
        let mut all: Vec<Witness> = Vec::new();
        for (place, named) in policy.witnesses().iter().enumerate() {
            let Some(url) = &named.url else { continue };
            let member = (place, named.key.clone());
            if let Some(witness) = all.iter_mut().find(|witness| witness.url == *url) {
                witness.members.push(member);
            } else {
                all.push(Witness::new(url)?);
                all.last_mut().expect("just pushed").members.push(member);
            }
        }
        if policy.witnesses().iter().map(|one| one.key.line_bytes()).sum::<usize>()
            > LINES_BYTES_MAX
        {
            return Err(Error::input(format!(
                "the lines of so many witnesses are longer than {LINES_BYTES_MAX} bytes, and a checkpoint \
                 holds no more: name fewer"
            )));
        }
        if !policy.reached(|place| all.iter().any(|witness| witness.has(place))) {
            let why = "the quorum cannot be reached by the witnesses that have a URL: give it to more of them";
            return Err(Error::input(why));
        }
        let clock = Arc::clone(clock);
        Ok(Self { policy, all, clock, alarm_after, waiting: Mutex::default() })
    }

    /// Has every new checkpoint cosigned, for ever. A witness that is slow misses some; none is
    /// waited for by anybody.
    pub async fn attend(
        &self,
        prover: &Prover,
        store: &Arc<dyn Store>,
        registry: NewestRegistry<'_>,
    ) {
        let (mut asked, mut round) = (FuturesUnordered::new(), None::<Arc<Round>>);
        let mut tick = time::interval(PAUSE);
        tick.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                Some((round, lines)) = asked.next() => {
                    self.gather(&round, lines, prover).await;
                    continue;
                }
            }
            // Where there is none now, there will be.
            if let Ok(published) = prover.checkpoint(registry).await
                && round.as_ref().is_none_or(|round| round.height() != published.block.height)
            {
                round = Round::of(published).map(Arc::new);
                // A quorum may ask for nobody.
                if let Some(round) = &round {
                    self.gather(round, Vec::new(), prover).await;
                }
            }
            let Some(round) = &round else { continue };
            self.wait_for(round, prover);
            for witness in &self.all {
                if !round.has(witness) && witness.take_turn(self.clock.elapsed()) {
                    asked.push(self.ask(witness, Arc::clone(round), store));
                }
            }
        }
    }

    /// Shows one witness the checkpoint, and gives what it signed, by places in the policy.
    async fn ask(
        &self,
        witness: &Witness,
        round: Arc<Round>,
        store: &Arc<dyn Store>,
    ) -> (Arc<Round>, Vec<(usize, String)>) {
        let lines = witness.ask(&round.head, store, &*self.clock).await;
        (round, lines)
    }

    /// Hands out what witnesses signed.
    async fn gather(&self, round: &Arc<Round>, lines: Vec<(usize, String)>, prover: &Prover) {
        let (published, is_reached) = {
            let mut held = round.lines();
            held.extend(lines);
            let note = held.values().fold(round.head.note.clone(), |note, line| note + line);
            let published = Published { note: Some(note), ..Published::clone(&round.published) };
            (published, self.policy.reached(|place| held.contains_key(&place)))
        };
        prover.take_cosigned(published, is_reached).await;
        // The next look begins to wait anew, if there is a newer one by then.
        if is_reached && self.waiting().take().is_some_and(|waiting| waiting.said.is_some()) {
            tracing::info!("a quorum of the witnesses cosigns again");
        }
    }

    /// Notes whether the newest checkpoint still lacks its quorum, and says so when that lasts.
    fn wait_for(&self, round: &Round, prover: &Prover) {
        let reached = prover.cosigned().map(|published| published.block.height);
        let now = self.clock.elapsed();
        let mut waiting = self.waiting();
        if reached.is_some_and(|height| height >= round.height()) {
            return;
        }
        let held = waiting.get_or_insert(Waiting { since: now, said: None });
        let lasted = now.saturating_sub(held.since);
        let is_said = held.said.is_some_and(|said| now.saturating_sub(said) < SAY_EVERY);
        if lasted >= self.alarm_after && !is_said {
            held.said = Some(now);
            tracing::error!("{}", no_quorum(lasted));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Option<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it stands with all of them now.
    pub fn report(&self) -> Report {
        let since = self.waiting().map(|waiting| waiting.since);
        let waiting = since.map(|since| self.clock.elapsed().saturating_sub(since));
        let overdue = waiting.filter(|waiting| *waiting >= self.alarm_after).map(no_quorum);
        let of = |witness: &Witness| (witness.name.clone(), witness.standing(), witness.size());
        let witnesses: Vec<_> = self.all.iter().map(of).collect();
        let forks = witnesses.iter().filter(|(_, standing, _)| standing.is_fork());
        let fork = forks.map(|(url, standing, _)| format!("the witness {url} {standing}")).next();
        Report { waiting, alarm: fork.or(overdue), witnesses }
    }
}

fn no_quorum(lasted: Duration) -> String {
    format!(
        "no quorum of the witnesses has cosigned for {} s: receipts go on, and proofs carry no newer \
         cosignatures",
        lasted.as_secs()
    )
}

impl Round {
    /// None where this node signs no checkpoints.
    fn of(published: Arc<Published>) -> Option<Self> {
        let head = Head::of(&published)?;
        Some(Self { published, head, lines: Mutex::default() })
    }

    fn height(&self) -> u64 {
        self.published.block.height
    }

    fn lines(&self) -> MutexGuard<'_, BTreeMap<usize, String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, witness: &Witness) -> bool {
        let lines = self.lines();
        witness.members.iter().all(|(place, _)| lines.contains_key(place))
    }
}
