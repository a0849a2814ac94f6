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

/// Pause before peers are asked again, of which none has answered.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// How often it is said that none has.
const SAY_EVERY: Duration = Duration::from_secs(30);

/// The other nodes, by their URLs.
pub struct Peers(Vec<Client>);

impl Peers {
    /// # Errors
    /// [`Error::Input`] for what is no URL.
    pub fn at(urls: &[String]) -> Result<Self, Error> {
        Ok(Self(urls.iter().map(|url| Client::new(url)).collect::<Result<_, _>>()?))
    }

    /// Waits until one of them has said how far it has been, and holds the store to all who do.
    /// Without peers there is nobody to ask.
    ///
    /// # Errors
    /// [`Error::Stop`] where the store is behind one of them, or has another block than it;
    /// [`Error::Input`] where one is of another ledger.
    pub async fn vouch(&self, store: &Arc<dyn Store>, clock: &SharedClock) -> Result<(), Error> {
        let mut said = None;
        let mut vouched = self.0.is_empty();
        while !vouched {
            for peer in &self.0 {
                vouched |= hold_to(store, peer).await?;
            }
            let now = clock.elapsed();
            let silent = said.is_none_or(|said| now.saturating_sub(said) >= SAY_EVERY);
            if !vouched && silent {
                said = Some(now);
                tracing::warn!(
                    "no peer answers, and this node writes nothing until one has: start another \
                     node, or leave out --peer once you know that none has seen more"
                );
            }
            if !vouched {
                tokio::time::sleep(ASK_AGAIN).await;
            }
        }
        Ok(())
    }
}

/// Whether a peer answered; it has seen no other block than the store has.
async fn hold_to(store: &Arc<dyn Store>, peer: &Client) -> Result<bool, Error> {
    let remembered = match peer.remembered().await {
        Ok(Some(remembered)) => remembered,
        Ok(None) => return Ok(false),
        Err(why) => {
            tracing::info!("a peer does not answer: {why}");
            return Ok(false);
        }
    };
    let (store, url) = (Arc::clone(store), peer.url().to_owned());
    let held = move || check(&*store, &remembered, &url);
    tokio::task::spawn_blocking(held).await.expect("a look-up never panics")?;
    Ok(true)
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
