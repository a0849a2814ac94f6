//! What a ledger knows of the documents that are to fall: whether the issuer certified them, by
//! which hash, and whether they have fallen already. It is the ledger's word: what it hides it will
//! refuse, and what it calls fallen, a proof shows.

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
};

use futures_util::{StreamExt as _, stream};
use probant_core::{Algorithm, Fingerprint, IssuerId};

use super::{
    Falls,
    target::{Target, Wanted},
};
use crate::{Error, client::Client};

/// Documents that are hashed and asked about at once.
const AT_ONCE: usize = 32;

/// Who is asked.
pub enum Source {
    /// The ledger.
    Ledger(Client),
    /// Nobody: the user says by which hash all of them were certified.
    Nobody(Algorithm),
}

/// An issuer's question about its documents.
pub struct Inquiry {
    pub source: Source,
    pub issuer: IssuerId,
}

/// The answers.
#[derive(Debug, Default)]
pub struct Answers {
    /// What is to fall.
    pub falls: Falls,
    /// Documents that have fallen already.
    pub fallen: usize,
    /// Why others cannot fall, each in a line.
    pub refused: Vec<String>,
    /// Whether it was ended early.
    pub stopped: bool,
}

/// A document as its issuer certified it.
#[derive(Default)]
struct Certified {
    standing: Vec<Fingerprint>,
    fallen: bool,
}

/// Why there is no answer.
enum Silence {
    /// To this document: the others are asked about all the same.
    Document(String),
    /// To any.
    Run(Error),
}

impl From<Error> for Silence {
    fn from(error: Error) -> Self {
        Self::Run(error)
    }
}

type Pairs = Vec<(Fingerprint, Option<Fingerprint>)>;

impl Inquiry {
    /// Asks about all of them, and says each time that one more is answered.
    ///
    /// # Errors
    /// Those of every request.
    pub async fn ask(
        &self,
        wanted: &[Wanted],
        stop: &AtomicBool,
        answered: impl Fn(),
    ) -> Result<Answers, Error> {
        let asked = wanted.iter().map(|wanted| async move { (wanted, self.one(wanted).await) });
        let mut asked = stream::iter(asked).buffered(AT_ONCE);
        let mut answers = Answers::default();
        while let Some((wanted, answer)) = asked.next().await {
            if stop.load(Ordering::SeqCst) {
                answers.stopped = true;
                break;
            }
            answered();
            match answer {
                Ok(pairs) => answers.add(wanted, &pairs),
                Err(Silence::Document(why)) => answers.refused.push(why),
                Err(Silence::Run(error)) => return Err(error),
            }
        }
        Ok(answers)
    }

    /// How one document falls: in each hash by which it is certified; none, if it has fallen.
    async fn one(&self, wanted: &Wanted) -> Result<Pairs, Silence> {
        let document = self.certified(&wanted.document, "").await?;
        let Some(replacement) = wanted.replacement.as_ref().filter(|_| document.stands()) else {
            return Ok(document.standing.into_iter().map(|old| (old, None)).collect());
        };
        let new = self.certified(replacement, ": certify it first").await?;
        if !new.stands() {
            let why = "has fallen itself: what takes the place of another must stand";
            return Err(Silence::Document(format!("{replacement} {why}")));
        }
        let in_place_of = |old: &Fingerprint| {
            let alike = |new: &&Fingerprint| new.algorithm() == old.algorithm();
            new.standing.iter().find(alike).or(new.standing.first()).copied()
        };
        Ok(document.standing.iter().map(|old| (*old, in_place_of(old))).collect())
    }

    async fn certified(&self, target: &Target, what_then: &str) -> Result<Certified, Silence> {
        let client = match &self.source {
            Source::Ledger(client) => client,
            Source::Nobody(algorithm) => {
                let algorithm = *algorithm;
                let standing = vec![hashed(target, move |t| t.fingerprint(algorithm)).await?];
                return Ok(Certified { standing, fallen: false });
            }
        };
        let mut certified = Certified::default();
        for fingerprint in hashed(target, Target::fingerprints).await? {
            let answer = client.documents(fingerprint).await?;
            let mut ours =
                answer.certifications.iter().filter(|c| c.issuer == self.issuer.as_str());
            match ours.next() {
                Some(found) if found.fall.is_some() => certified.fallen = true,
                Some(_) => certified.standing.push(fingerprint),
                // Ours may be behind those of others: the ledger itself looks further.
                None if answer.may_have_more() => certified.standing.push(fingerprint),
                None => {}
            }
        }
        if certified.stands() || certified.fallen {
            return Ok(certified);
        }
        let issuer = &self.issuer;
        Err(Silence::Document(format!("{target}: {issuer} has not certified it here{what_then}")))
    }
}

impl Certified {
    fn stands(&self) -> bool {
        !self.standing.is_empty()
    }
}

impl Answers {
    fn add(&mut self, wanted: &Wanted, pairs: &[(Fingerprint, Option<Fingerprint>)]) {
        self.fallen += usize::from(pairs.is_empty());
        for (old, new) in pairs {
            if let Err(why) = self.falls.add(*old, *new) {
                self.refused.push(format!("{} {why}", wanted.document));
            }
        }
    }
}

/// Hashes a document where reading may take its time.
async fn hashed<T: Send + 'static>(
    target: &Target,
    hash: impl FnOnce(&Target) -> io::Result<T> + Send + 'static,
) -> Result<T, Silence> {
    let owned = target.clone();
    let hashed = tokio::task::spawn_blocking(move || hash(&owned)).await;
    let hashed = hashed.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    hashed.map_err(|error| Silence::Document(format!("{target}: {error}")))
}
