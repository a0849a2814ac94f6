//! At the start, before anything is written: the witnesses say how far this ledger has been.
//!
//! A store that was restored from an old copy, with its keys and its head mark, knows nothing of what
//! it lost. Whoever cosigned a later checkpoint does.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use probant_core::{checkpoint::Checkpoint, key::Use, registry::Registry};

use super::{
    Standing, Witnesses,
    witness::{Head, Witness},
};
use crate::{Error, prove::Prover, receipt, store::Store};

/// Pause before those are asked again that have not answered.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// How often it is said which those are.
const SAY_EVERY: Duration = Duration::from_secs(30);

impl Witnesses {
    /// Waits until the witnesses that have answered make up a quorum, and holds the store to all that
    /// have. It shows them the newest checkpoint, which says more than asking for theirs: that may be
    /// old, and not all have one to show.
    ///
    /// # Errors
    /// [`Error::Stop`] where one has seen more than the store holds, or another history.
    pub async fn vouch(&self, store: &Arc<dyn Store>, prover: &Prover) -> Result<(), Error> {
        let mut said: Option<Duration> = None;
        loop {
            match self.ask_all(store, prover).await {
                Err(why @ Error::Busy { .. }) => tracing::info!("no witness was asked: {why}"),
                asked => asked?,
            }
            let heard = |place| self.all.iter().any(|witness| witness.is_heard(place));
            if self.policy.reached(heard) {
                return Ok(());
            }
            let now = self.clock.elapsed();
            if said.is_none_or(|said| now.saturating_sub(said) >= SAY_EVERY) {
                said = Some(now);
                tracing::warn!(
                    "{}: nothing is written until a quorum of the witnesses has said how far this \
                     ledger has been",
                    self.silent().join("; ")
                );
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    async fn ask_all(&self, store: &Arc<dyn Store>, prover: &Prover) -> Result<(), Error> {
        let chain = store.chain()?.ok_or_else(|| Error::input("the store holds no ledger"))?;
        let registry = Arc::clone(chain.registry());
        let published = prover.checkpoint(&|| Arc::clone(&registry)).await?;
        let signed =
            || Error::input("witnesses cosign what is signed: this node holds no note key");
        let head = Head::of(&published).ok_or_else(signed)?;
        let now = || self.clock.elapsed();
        let waiting = self.all.iter().filter(|witness| !witness.standing().is_heard());
        let waiting: Vec<_> = waiting.filter(|witness| witness.take_turn(now())).collect();
        let asked = waiting.iter().map(|witness| witness.ask(&head, store, &*self.clock));
        join_all(asked).await;
        match waiting.iter().find(|witness| witness.standing().is_fork()) {
            Some(witness) => {
                Err(contradicted(witness, &registry, head.checkpoint.size, store).await)
            }
            None => Ok(()),
        }
    }

    fn silent(&self) -> Vec<String> {
        let silent = self.all.iter().map(|witness| (&witness.name, witness.standing()));
        let silent = silent.filter(|(_, standing)| !standing.is_heard());
        silent.map(|(url, standing)| format!("the witness {url} {standing}")).collect()
    }
}

/// What it says, with what it shows for it.
async fn contradicted(
    witness: &Witness,
    registry: &Registry,
    size: u64,
    store: &Arc<dyn Store>,
) -> Error {
    let (url, standing) = (&witness.name, witness.standing());
    let shown = witness.line.newest(registry.origin()).await;
    let keys = registry.ledger_keys(Use::Note);
    let opened = shown.as_ref().and_then(|note| {
        keys.map(|(_, key)| Checkpoint::open(note, registry.origin(), key)).find_map(Result::ok)
    });
    let evidence = match opened {
        Some(checkpoint) if is_held(store, &checkpoint).await => format!(
            "But what it shows, a checkpoint of {} entries, this store holds too: something else was signed \
             with this ledger's key and shown to it, and it cosigns nothing before its operator has looked",
            checkpoint.size
        ),
        Some(checkpoint) => format!(
            "It shows a checkpoint of {} entries that this ledger signed, root {}",
            checkpoint.size, checkpoint.root
        ),
        None => "It shows no checkpoint that this ledger signed, so this is its word alone".into(),
    };
    let what = match standing {
        Standing::Ahead(_) => "Nothing is written before it holds those too",
        _ => "Nothing is written",
    };
    Error::Stop(format!(
        "the store ends at {size} entries, and the witness {url} {standing}. {what}. {evidence}"
    ))
}

/// Whether the store begins with that tree.
async fn is_held(store: &Arc<dyn Store>, shown: &Checkpoint) -> bool {
    let (store, size) = (Arc::clone(store), shown.size);
    let root = tokio::task::spawn_blocking(move || receipt::root(&*store, size)).await;
    root.expect("a look-up never panics").is_ok_and(|root| root == Some(shown.root))
}
