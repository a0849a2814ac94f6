//! A witness in one process with ledgers in memory, whose operator lies with all the keys at hand: each is
//! named, and nothing of it is cosigned.

mod hostile;
mod protocol;

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use probant_core::{
    Hash, Statement,
    checkpoint::Checkpoint,
    cosignature::Cosigner,
    ml_dsa,
    note::Note,
    tree::{self, Node},
};
use tempfile::TempDir;

use super::{
    cosigned::{self, Cosigned},
    followed::{Followed, Refusal, Sent},
    follower::{Follower, Source, Times},
    ledgers::Ledger,
    submission::Submission,
    view::Standing,
};
use crate::{
    Error,
    audit::tests::{
        Memory,
        world::{TIME_MS, World, key},
    },
    clock::Clock,
};

const NOTE_SEED: u8 = 2;
/// How far a ledger's clock may be off, in these tests.
const TOLERANCE_MS: u64 = 300_000;

/// A clock that goes when it is told to.
struct Hand(AtomicU64);

impl Clock for Hand {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.now_ms() - TIME_MS)
    }
}

/// Where the blocks are, as the ledger chooses.
type Shown = Arc<Mutex<Source>>;

/// A witness of one ledger, which shows it what it is told to.
struct Bench {
    dir: TempDir,
    clock: Arc<Hand>,
    shown: Shown,
    ledger: Ledger,
    followed: Arc<Followed>,
    follower: Follower,
}

/// These blocks, and no more.
fn these(blocks: &[Vec<u8>]) -> Source {
    let blocks = blocks.to_vec();
    Box::new(move |height| match blocks.get(usize::try_from(height).unwrap()..) {
        Some(rest) if !rest.is_empty() => {
            let rest: Vec<_> = rest.to_vec();
            Ok(Box::new(Memory(rest.into_iter())))
        }
        _ => Err(Error::No("no such block".into())),
    })
}

fn cosigners() -> [Cosigner; 2] {
    [
        Cosigner::ed25519("witness.example/w", key(61)).unwrap(),
        Cosigner::ml_dsa("witness.example/w", ml_dsa::SigningKey::from_seed(&[62; 32])).unwrap(),
    ]
}

impl Bench {
    /// Of the ledger that this world is of; nothing was shown yet.
    fn of(world: &World) -> Self {
        let (dir, identity) = (tempfile::tempdir().unwrap(), world.chain.identity());
        let ledger = Ledger { url: "memory".into(), identity };
        let clock = Arc::new(Hand(AtomicU64::new(TIME_MS + 1000)));
        Self::begun(dir, clock, Arc::new(Mutex::new(these(&[]))), ledger).unwrap()
    }

    fn begun(dir: TempDir, clock: Arc<Hand>, shown: Shown, ledger: Ledger) -> Result<Self, Error> {
        let cosigned = Cosigned::open(dir.path(), &ledger.identity)?;
        let (followed, woken) =
            Followed::new(ledger.clone(), cosigned, Arc::from(cosigners()), clock.clone());
        let source = Arc::clone(&shown);
        let source = move |height: u64| source.lock().unwrap()(height);
        let tolerance = Duration::from_millis(TOLERANCE_MS);
        let times = Times { every: Duration::from_secs(1), tolerance };
        let told = (woken, Arc::default());
        let (of, state) = (Arc::clone(&followed), dir.path().to_owned());
        let follower = Follower::new(of, Box::new(source), state, times, told);
        Ok(Self { dir, clock, shown, ledger, followed, follower })
    }

    /// Ended without warning, and begun again.
    fn restarted(self) -> Self {
        self.reopened().unwrap()
    }

    fn reopened(self) -> Result<Self, Error> {
        let Self { dir, clock, shown, ledger, followed, follower } = self;
        drop((followed, follower));
        Self::begun(dir, clock, shown, ledger)
    }

    fn later(&self, ms: u64) {
        self.clock.0.fetch_add(ms, Ordering::Relaxed);
    }

    /// Shows it blocks, and has it look.
    fn look(&mut self, blocks: &[Vec<u8>]) -> Standing {
        self.look_at(these(blocks))
    }

    fn look_at(&mut self, source: Source) -> Standing {
        *self.shown.lock().unwrap() = source;
        self.look_again()
    }

    fn look_again(&mut self) -> Standing {
        self.follower.look_once();
        self.followed.view.borrow().standing.clone()
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join(self.ledger.identity.ledger.to_string())
    }

    /// What is on disk of what was cosigned.
    fn kept(&self) -> Option<Checkpoint> {
        let kept = cosigned::kept(self.dir.path(), &self.ledger.identity).unwrap();
        kept.map(|newest| newest.checkpoint)
    }

    fn add(&self, sent: &Submission) -> Result<String, Refusal> {
        Sent::parse(sent.to_text().as_bytes()).and_then(|sent| self.followed.decide(&sent))
    }
}

fn leaves(world: &World) -> Vec<Hash> {
    world.blocks.iter().flat_map(|block| &block.entries).map(Statement::leaf).collect()
}

/// Entries up to and with a block.
fn size_at(world: &World, height: usize) -> u64 {
    world.blocks[..=height].iter().map(|block| block.entries.len() as u64).sum()
}

/// The checkpoint after so many entries, with the proof that it follows on, by the true note key.
fn submission(world: &World, old: u64, size: u64) -> Submission {
    signed_by(world, (old, size), NOTE_SEED)
}

fn signed_by(world: &World, (old, size): (u64, u64), seed: u8) -> Submission {
    let leaves = leaves(world);
    let subtree = |node: &Node| {
        let start = usize::try_from(node.index << node.level).unwrap();
        tree::root(leaves[start..start + (1 << node.level)].to_vec()).unwrap()
    };
    let read = |nodes: &[Node]| Ok::<_, ()>(nodes.iter().map(subtree).collect());
    let proof = match old {
        0 => Vec::new(),
        old => tree::prove_consistency(old, size, read).unwrap(),
    };
    let root = tree::root(leaves[..usize::try_from(size).unwrap()].to_vec()).unwrap();
    let origin = world.chain.identity().origin;
    Submission { old, proof, note: Checkpoint { origin, size, root }.sign(&key(seed)) }
}

/// The checkpoint under these lines, by both keys of the witness.
fn opened(sent: &Submission, lines: &str) -> Checkpoint {
    let (note, cosigners) = (sent.note.clone() + lines, cosigners());
    let keys: Vec<_> = cosigners.iter().map(Cosigner::verifier_key).collect();
    let note = Note::split(&note).unwrap();
    let signed = note.signatures(&keys).unwrap();
    assert_eq!(signed.len(), 2, "{lines}");
    assert!(signed.iter().all(|by| by.time_s().is_some_and(|time_s| time_s > TIME_MS / 1000)));
    Checkpoint::parse(note.text()).unwrap()
}

/// The only file of evidence.
fn evidence(bench: &Bench) -> serde_json::Value {
    let dir = fs::read_dir(bench.state().join("evidence")).unwrap();
    let files: Vec<_> = dir.map(|entry| entry.unwrap().path()).collect();
    let [file] = &files[..] else { panic!("{files:?}") };
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}
