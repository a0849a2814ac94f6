//! The other nodes of a ledger, asked once, when this one starts to write: a database that was
//! restored from a backup while this node was down is not behind its own head mark, but behind
//! theirs. They are believed: they are the operator's own.

use std::{sync::Arc, time::Duration};

use probant_core::{LedgerId, tree::Frontier};

use crate::{
    Error,
    client::{Client, Remembered},
    clock::SharedClock,
    store::Store,
};

/// Pause before peers are asked again that have not answered.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// How often it is said which those are.
const SAY_EVERY: Duration = Duration::from_secs(30);

/// The other nodes, by their URLs.
pub struct Peers(Vec<Client>);

impl Peers {
    /// # Errors
    /// [`Error::Input`] for what is no URL.
    pub fn at(urls: &[String]) -> Result<Self, Error> {
        Ok(Self(urls.iter().map(|url| Client::new(url)).collect::<Result<_, _>>()?))
    }

    /// Waits until each of them has said how far it has been, and holds the store to it. Those that do
    /// not answer may have seen more. Without peers there is nobody to ask.
    ///
    /// # Errors
    /// [`Error::Stop`] where the store is behind one of them, or has another block than it;
    /// [`Error::Input`] where one is of another ledger.
    pub async fn vouch(&self, store: &Arc<dyn Store>, clock: &SharedClock) -> Result<(), Error> {
        let (mut left, mut said): (Vec<_>, Option<Duration>) = (self.0.iter().collect(), None);
        loop {
            let (mut silent, mut markless) = (Vec::new(), Vec::new());
            for peer in left {
                match hold_to(store, peer).await? {
                    Heard::Vouched => {}
                    Heard::Nothing => silent.push(peer),
                    Heard::NoMark => markless.push(peer),
                }
            }
            if silent.is_empty() && markless.is_empty() {
                return Ok(());
            }
            let now = clock.elapsed();
            if said.is_none_or(|said| now.saturating_sub(said) >= SAY_EVERY) {
                said = Some(now);
                say(&silent, &markless);
            }
            silent.append(&mut markless);
            left = silent;
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }
}

fn say(silent: &[&Client], markless: &[&Client]) {
    let urls = |peers: &[&Client]| {
        let urls: Vec<_> = peers.iter().map(|peer| peer.url()).collect();
        urls.join(", ")
    };
    if !silent.is_empty() {
        tracing::warn!(
            "{} does not answer, and this node writes nothing until it has: start it, or leave out \
             --peer once you know that it has seen no more than the others",
            urls(silent)
        );
    }
    if !markless.is_empty() {
        tracing::warn!(
            "{} keeps no head mark and cannot be a peer, and this node writes nothing while it waits \
             for it: leave out --peer for a node with --read-only, or for what is no node",
            urls(markless)
        );
    }
}

/// What came of asking a peer.
enum Heard {
    /// It has seen no other block than the store has.
    Vouched,
    /// It does not answer.
    Nothing,
    /// It answers, and remembers nothing.
    NoMark,
}

async fn hold_to(store: &Arc<dyn Store>, peer: &Client) -> Result<Heard, Error> {
    let remembered = match peer.remembered().await {
        Ok(Some(remembered)) => remembered,
        Ok(None) => return Ok(Heard::NoMark),
        Err(why) => {
            tracing::debug!("a peer does not answer: {why}");
            return Ok(Heard::Nothing);
        }
    };
    let (store, url) = (Arc::clone(store), peer.url().to_owned());
    let held = move || check(&*store, &remembered, &url);
    tokio::task::spawn_blocking(held).await.expect("a look-up never panics")?;
    Ok(Heard::Vouched)
}

fn check(store: &dyn Store, seen: &Remembered, url: &str) -> Result<(), Error> {
    store.follow()?;
    let head = store.head().ok_or_else(|| Error::input("the store holds no ledger"))?;
    if head.ledger != seen.ledger {
        let LedgerId(ours) = head.ledger;
        return Err(Error::input(format!(
            "--peer {url} is a node of ledger {}, and this store holds {ours}",
            seen.ledger.0
        )));
    }
    if seen.height > head.height {
        return Err(Error::Stop(format!(
            "the store ends at block {}, and the peer {url} has seen block {}: was it restored from \
             an old copy? Nothing is written before it holds that block too",
            head.height, seen.height
        )));
    }
    let root = Frontier::read(seen.size, |nodes| store.hashes(nodes))?.root();
    if root != Some(seen.root) {
        return Err(Error::Stop(format!(
            "at block {} the peer {url} has seen another ledger than this store holds: one of them \
             is a fork; keep both, and look",
            seen.height
        )));
    }
    Ok(())
}
