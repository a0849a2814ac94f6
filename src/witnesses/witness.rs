//! One witness as the ledger knows it: how far it has seen, and how it stands. It learns from what
//! that witness answers, and decides nothing.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use probant_core::{Hash, checkpoint::Checkpoint, note::Note, verifier_key::VerifierKey};

use super::{
    ask::{Line, Said},
    submission::Submission,
};
use crate::{
    Error,
    clock::{Clock, utc},
    lag,
    prove::Published,
    receipt,
    store::Store,
};

/// Told of another size, it is asked again from there; other nodes may move it meanwhile.
const TRIES_MAX: usize = 3;
/// One that does not answer is asked again after this, doubling,
const AGAIN_MIN: Duration = Duration::from_secs(1);
/// up to this.
const AGAIN_MAX: Duration = Duration::from_secs(60);
/// By more than this, a time is not of now, in seconds.
const CLOCKS_S_MAX: u64 = 300;

/// A checkpoint to be cosigned.
pub struct Head {
    pub checkpoint: Checkpoint,
    /// With the signatures of the ledger alone.
    pub note: String,
}

impl Head {
    /// That of a published checkpoint; none where it is not signed.
    pub fn of(published: &Published) -> Option<Self> {
        let note = published.note.clone()?;
        let checkpoint = Checkpoint::unverified(&note).ok()?;
        Some(Self { checkpoint, note })
    }
}

/// A witness: one place to ask at, and the keys by which the policy knows who answers there.
pub struct Witness {
    /// Place in the policy, and key.
    pub members: Vec<(usize, VerifierKey)>,
    /// As the policy has it: two keys at one are one witness.
    pub url: String,
    /// The same as people are told of it.
    pub name: String,
    pub line: Line,
    seen: Mutex<Seen>,
}

/// How it stands with a witness.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub enum Standing {
    #[default]
    Unasked,
    /// It cosigned what it was shown last.
    Cosigns,
    /// It has seen no more than it is shown, and cosigns once it has replayed that.
    Replays,
    /// It does not know this ledger yet.
    Unknown,
    /// It does not answer, or not now.
    Silent(String),
    /// It wants something else: the operators have to talk.
    Refuses(String),
    /// It has seen so many entries, and the store holds fewer.
    Ahead(u64),
    /// It has seen another history.
    Contradicts,
}

#[derive(Default)]
struct Seen {
    /// The size that it cosigned last, as far as is known.
    size: u64,
    standing: Standing,
    /// Places in the policy of those whose signatures it gave last.
    signed: Vec<usize>,
    failures: u32,
    /// It is not asked before.
    again_at: Duration,
    busy: bool,
}

impl Standing {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unasked => "unasked",
            Self::Cosigns => "cosigns",
            Self::Replays => "replays",
            Self::Unknown => "unknown",
            Self::Silent(_) => "silent",
            Self::Refuses(_) => "refuses",
            Self::Ahead(_) => "ahead",
            Self::Contradicts => "contradicts",
        }
    }

    /// Whether it says that history is not what this ledger shows.
    pub fn is_fork(&self) -> bool {
        matches!(self, Self::Ahead(_) | Self::Contradicts)
    }

    /// Whether it is known how far it has seen.
    pub fn is_heard(&self) -> bool {
        matches!(self, Self::Cosigns | Self::Replays | Self::Unknown)
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unasked => f.write_str("was not asked yet"),
            Self::Cosigns => f.write_str("cosigns"),
            Self::Replays => f.write_str("has not replayed yet what it is shown"),
            Self::Unknown => f.write_str("does not know this ledger, or is not at that URL: its operator has to add it"),
            Self::Silent(why) => write!(f, "does not answer: {why}"),
            Self::Refuses(why) => write!(f, "refuses: {why}"),
            Self::Ahead(size) => write!(
                f,
                "has seen {size} entries, more than this store holds: was it restored from an old copy?"
            ),
            Self::Contradicts => {
                f.write_str("has seen another history than this store holds: one of them is a fork; keep both, and look")
            }
        }
    }
}

impl Witness {
    /// One that was not asked yet.
    pub fn new(url: &str) -> Result<Self, Error> {
        let (members, line) = (Vec::new(), Line::new(url)?);
        let (url, name) = (url.to_owned(), line.name());
        Ok(Self { members, url, name, line, seen: Mutex::default() })
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn standing(&self) -> Standing {
        self.seen().standing.clone()
    }

    /// The size that it cosigned last, as far as is known.
    pub fn size(&self) -> u64 {
        self.seen().size
    }

    /// Whether it may be asked now; if so, it is being asked until [`Witness::ask`] has ended.
    pub fn take_turn(&self, now: Duration) -> bool {
        let mut seen = self.seen();
        let free = !seen.busy && now >= seen.again_at;
        seen.busy |= free;
        free
    }

    /// Whether it is the one at this place in the policy.
    pub fn has(&self, place: usize) -> bool {
        self.members.iter().any(|(member, _)| *member == place)
    }

    /// Whether the one at this place has said how far it has seen, by its signature at least.
    pub fn is_heard(&self, place: usize) -> bool {
        let seen = self.seen();
        self.has(place) && (seen.standing.is_heard() || seen.signed.contains(&place))
    }

    /// Shows it a head, and gives the lines of its members that are verified, each with its place.
    pub async fn ask(
        &self,
        head: &Head,
        store: &Arc<dyn Store>,
        clock: &dyn Clock,
    ) -> Vec<(usize, String)> {
        let now = || clock.elapsed();
        let (standing, lines) = match self.answer(head, store, clock).await {
            Ok(lines) => (self.signed(&lines), lines),
            Err(standing) => (standing, Vec::new()),
        };
        let mut seen = self.seen();
        if !lines.is_empty() {
            seen.size = head.checkpoint.size;
        }
        seen.signed = lines.iter().map(|(place, _)| *place).collect();
        if standing == Standing::Cosigns {
            (seen.failures, seen.again_at) = (0, Duration::ZERO);
        } else if standing == Standing::Replays {
            (seen.failures, seen.again_at) = (0, now() + AGAIN_MIN);
        } else {
            seen.again_at = now() + (AGAIN_MIN * (1 << seen.failures.min(6))).min(AGAIN_MAX);
            seen.failures += 1;
        }
        self.tell(&seen.standing, &standing);
        (seen.standing, seen.busy) = (standing, false);
        lines
    }

    /// Says once what has changed.
    fn tell(&self, before: &Standing, now: &Standing) {
        let url = &self.name;
        match now {
            _ if before.word() == now.word() => {}
            Standing::Cosigns | Standing::Replays => tracing::info!("the witness {url} {now}"),
            fork if fork.is_fork() => tracing::error!("the witness {url} {now}"),
            _ => tracing::warn!("the witness {url} {now}"),
        }
    }

    async fn answer(
        &self,
        head: &Head,
        store: &Arc<dyn Store>,
        clock: &dyn Clock,
    ) -> Result<Vec<(usize, String)>, Standing> {
        let size = head.checkpoint.size;
        for _ in 0..TRIES_MAX {
            let old = self.seen().size;
            if old > size {
                return Err(self.beyond(old, store).await);
            }
            let proof = consistency(store, old, size).await?;
            let submission = Submission { old, proof, note: head.note.clone() };
            match self.line.add_checkpoint(&submission, size).await {
                Said::Lines(lines) => return self.verified(head, &lines, clock.now_ms() / 1000),
                Said::Size(seen) => self.seen().size = seen,
                Said::Later => return Err(Standing::Replays),
                Said::Inconsistent => return Err(Standing::Contradicts),
                Said::Unknown => return Err(Standing::Unknown),
                Said::Refused(why) => return Err(Standing::Refuses(why)),
                Said::Silent(why) => return Err(Standing::Silent(why)),
            }
        }
        Err(Standing::Silent("it names one size after the other".into()))
    }

    /// It has seen more than it is shown: of another node of this ledger, which this one follows, or
    /// of what this store has lost.
    async fn beyond(&self, seen: u64, store: &Arc<dyn Store>) -> Standing {
        // Its word may have been wrong: it is asked again from the beginning.
        self.seen().size = 0;
        let store = Arc::clone(store);
        let held = move || store.follow().map(|()| store.head().map_or(0, |head| head.size));
        match tokio::task::spawn_blocking(held).await.expect("a look-up never panics") {
            Ok(held) if held < seen => Standing::Ahead(seen),
            Ok(_) => Standing::Silent("it was shown more by another node".into()),
            Err(why) => Standing::Silent(why.to_string()),
        }
    }

    /// The lines of members that are signatures under the head, of now; others are left out. One of
    /// before says nothing of what it has seen since: anybody may repeat it.
    fn verified(
        &self,
        head: &Head,
        lines: &str,
        now_s: u64,
    ) -> Result<Vec<(usize, String)>, Standing> {
        let text = head.checkpoint.text();
        let (mut verified, mut other_s) = (Vec::new(), None);
        for (place, key) in &self.members {
            // When it was signed, if it is by that key; a time of 0 is for subtrees.
            let time_s = |line: &str| {
                let note = format!("{text}\n{line}\n");
                let by = Note::split(&note).and_then(|note| note.signatures(&[key])).ok()?;
                by.iter().find_map(probant_core::note::Signed::time_s)
            };
            let signed = lines.lines().find_map(|line| Some((time_s(line)?, line)));
            match signed {
                Some((time_s, line)) if time_s.abs_diff(now_s) <= CLOCKS_S_MAX => {
                    verified.push((*place, format!("{line}\n")));
                }
                Some((time_s, _)) => other_s = Some(time_s),
                None => {}
            }
        }
        match other_s {
            _ if !verified.is_empty() => Ok(verified),
            None => Err(Standing::Silent("200 without a signature of its key".into())),
            Some(time_s) => Err(Standing::Silent(format!(
                "it says that it signed at {}: its clock or this one is wrong, or somebody repeats what \
                 it said before",
                utc(time_s.saturating_mul(1000))
            ))),
        }
    }

    fn signed(&self, lines: &[(usize, String)]) -> Standing {
        if lines.len() == self.members.len() {
            return Standing::Cosigns;
        }
        let is_missing =
            |(place, _): &&(usize, VerifierKey)| lines.iter().all(|(of, _)| of != place);
        let missing = self.members.iter().filter(is_missing);
        let names: Vec<_> = missing.map(|(_, key)| key.name()).collect();
        Standing::Refuses(format!("no signature by the key of {}", names.join(", ")))
    }
}

/// That the tree of `to` entries begins with that of `from`. A witness takes a path that does not hold
/// for another history: it is held to both roots before it is sent.
async fn consistency(store: &Arc<dyn Store>, from: u64, to: u64) -> Result<Vec<Hash>, Standing> {
    if from == 0 {
        return Ok(Vec::new());
    }
    let store = Arc::clone(store);
    let prove = move || receipt::grown(&*store, from, to);
    let proven = tokio::task::spawn_blocking(prove).await.expect("a look-up never panics");
    let proven = proven.and_then(|path| path.ok_or_else(lag::behind));
    proven.map_err(|why| Standing::Silent(format!("it was not asked: {why}")))
}
