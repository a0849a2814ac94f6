//! Asking a ledger about a document, and believing none of it: what it says of a certification it
//! has to show, by a proof that the one verification of the core takes. The verdict is that of the
//! proofs.

use std::{cmp::Reverse, collections::BTreeMap};

use probant_core::{Fingerprint, Fingerprints, Rejected, Verified, Verifier};

use super::{Certification, Client, Documents, Head};
use crate::{
    Error,
    freshness::{Freshness, NotFresh},
    verdict::Verdict,
};

/// Most certifications of one fingerprint whose proofs are asked for: those that stand in the
/// ledger's word first, then the newest; and the oldest, which others may have come after to hide.
const PROOFS_MAX: usize = 8;
/// A document may fall between the word and the proof, and then once more is enough.
const ASKED_MAX: usize = 3;

/// What came of asking.
#[derive(Debug)]
pub enum Asked {
    /// All that it said, it showed.
    Shown(Shown),
    /// It said something, and could not show it.
    Lie(Rejected),
}

/// What a ledger showed of a document.
#[derive(Debug, Default)]
pub struct Shown {
    /// Each with its proof; of each fingerprint those that stand first, then the newest, and the
    /// oldest (but see [`Shown::lacks_oldest`]). None: the ledger knows nothing of the document, on
    /// its word.
    pub certifications: Vec<(Verified, Vec<u8>)>,
    /// The ledger looked for it in all blocks up to this one, on its word.
    pub head: Head,
    /// Certifications that it listed, and that were not asked for; by prefix, that it did not prove.
    pub not_asked: usize,
    /// Whether the oldest that it listed is one of those: who certified first is then its word. Only
    /// by prefix, where the ledger chooses which few it proves.
    pub lacks_oldest: bool,
    /// Whether it may have more than it listed.
    pub may_have_more: bool,
}

/// How a ledger is told of a document.
#[derive(Clone, Copy)]
enum By {
    /// By its whole fingerprint.
    Fingerprint,
    /// By the first digits of it, and by nothing else.
    Prefix,
}

/// Why an answer is not taken.
pub(super) enum Refused {
    /// It is false.
    Lie(Rejected),
    /// Its word is better than its proof: it lies, or the document fell in between.
    Differs(Rejected),
}

pub(super) type Answered = Result<Shown, Refused>;

impl Client {
    /// Asks about a document by both its names, since nobody but the issuer knows by which hash it
    /// certified.
    ///
    /// # Errors
    /// Those of every request. A lie is none: it is [`Asked::Lie`].
    pub async fn verify(
        &self,
        verifier: &mut Verifier,
        document: &Fingerprints,
    ) -> Result<Asked, Error> {
        self.verify_by(By::Fingerprint, verifier, document).await
    }

    /// The same without naming the document: the ledger is told the first 4 digits of each
    /// fingerprint, or more where too many begin so, and answers with all that do, and with their
    /// proofs. Nothing else is asked.
    ///
    /// What that hides, and what not: docs/decisions/0011. The ledger chooses which proofs it shows,
    /// 4 at least where it has as many: [`Shown::not_asked`] and [`Shown::lacks_oldest`] say what
    /// that leaves open. Whatever is asked with the fingerprint afterwards names the document after
    /// all: other proofs of it, and newer ones ([`Refresher`](super::Refresher)).
    ///
    /// # Errors
    /// Those of every request; [`Error::Input`] for a ledger that cannot be asked so, or wants more
    /// than 8 digits, which are as good as the name.
    pub async fn verify_by_prefix(
        &self,
        verifier: &mut Verifier,
        document: &Fingerprints,
    ) -> Result<Asked, Error> {
        self.verify_by(By::Prefix, verifier, document).await
    }

    async fn verify_by(
        &self,
        by: By,
        verifier: &mut Verifier,
        document: &Fingerprints,
    ) -> Result<Asked, Error> {
        let mut shown = Vec::new();
        for fingerprint in [document.blake3, document.sha256] {
            match self.show_settled(by, verifier, fingerprint).await? {
                Ok(one) => shown.push(one),
                Err(lie) => return Ok(Asked::Lie(lie)),
            }
        }
        Ok(Asked::Shown(shown.into_iter().reduce(Shown::and).unwrap_or_default()))
    }

    /// What differs every time is a lie.
    async fn show_settled(
        &self,
        by: By,
        verifier: &mut Verifier,
        fingerprint: Fingerprint,
    ) -> Result<Result<Shown, Rejected>, Error> {
        for asked in 1.. {
            let answered = match by {
                By::Fingerprint => self.show(verifier, fingerprint).await?,
                By::Prefix => self.show_by_prefix(verifier, fingerprint).await?,
            };
            match answered {
                Ok(shown) => return Ok(Ok(shown)),
                Err(Refused::Differs(_)) if asked < ASKED_MAX => {}
                Err(Refused::Differs(why) | Refused::Lie(why)) => return Ok(Err(why)),
            }
        }
        unreachable!("the last time returns")
    }

    async fn show(
        &self,
        verifier: &mut Verifier,
        fingerprint: Fingerprint,
    ) -> Result<Answered, Error> {
        let answer = self.documents(fingerprint).await?;
        let listed = match in_order(&answer) {
            Ok(listed) => listed,
            Err(why) => return Ok(Err(Refused::lie(why))),
        };
        let asked = worth_asking(&listed);
        let mut shown = Shown {
            certifications: Vec::new(),
            head: answer.head,
            not_asked: listed.len() - asked.len(),
            lacks_oldest: false,
            may_have_more: answer.may_have_more(),
        };
        for Certification { entry, verdict, .. } in asked {
            let Some(proof) = self.proof(fingerprint, Some(*entry)).await? else {
                let why = format!("it says that entry {entry} certifies this, and has no proof");
                return Ok(Err(Refused::lie(why)));
            };
            match held(verifier, fingerprint, (*entry, *verdict), &proof) {
                Ok(verified) => shown.certifications.push((verified, proof)),
                Err(refused) => return Ok(Err(refused)),
            }
        }
        Ok(Ok(shown))
    }
}

impl Shown {
    /// With what it showed of the other fingerprint: it looked for both up to the older head only.
    fn and(self, other: Self) -> Self {
        let head = if other.head.height < self.head.height { other.head } else { self.head };
        Self {
            certifications: [self.certifications, other.certifications]
                .into_iter()
                .flatten()
                .collect(),
            head,
            not_asked: self.not_asked + other.not_asked,
            lacks_oldest: self.lacks_oldest || other.lacks_oldest,
            may_have_more: self.may_have_more || other.may_have_more,
        }
    }

    /// Whether all of it is as new as it has to be. Proofs say what stood as of their head, and a
    /// ledger that would hide a revocation shows an old one: only its age gives that away.
    ///
    /// # Errors
    /// [`NotFresh`].
    pub fn check_fresh(&self, freshness: Freshness) -> Result<(), NotFresh> {
        let proven = self.certifications.iter().map(|(verified, _)| verified.head().time_ms);
        proven.chain([self.head.time_ms]).try_for_each(|time_ms| freshness.check(time_ms))
    }

    /// The proof to keep: of a certification that stands, if there is one; the newest of those.
    pub fn best_proof(&self) -> Option<(&Verified, &[u8])> {
        let rank =
            |verified: &Verified| (Verdict::of(verified.standing()), Reverse(verified.entry()));
        let best = self.certifications.iter().min_by_key(|(verified, _)| rank(verified));
        best.map(|(verified, proof)| (verified, proof.as_slice()))
    }
}

/// What is listed, each entry once, in the order in which it is worth asking for; why it cannot be
/// true, where the verdict is better than what is listed.
pub(super) fn in_order(answer: &Documents) -> Result<Vec<&Certification>, String> {
    let once: BTreeMap<_, _> = answer.certifications.iter().map(|one| (one.entry, one)).collect();
    let mut listed: Vec<_> = once.into_values().collect();
    listed.sort_by_key(|one| (one.verdict, Reverse(one.entry)));
    let (said, best) = (answer.verdict, Verdict::of_all(listed.iter().map(|one| one.verdict)));
    if said < best {
        return Err(match best {
            Verdict::Unknown => format!("it says {}, and lists no certification", said.name()),
            _ => format!("it says {}, and lists only what is {}", said.name(), best.name()),
        });
    }
    Ok(listed)
}

/// The first that are listed, and the oldest.
fn worth_asking<'a>(listed: &[&'a Certification]) -> Vec<&'a Certification> {
    let (asked, rest) = listed.split_at(listed.len().min(PROOFS_MAX));
    let mut asked = asked.to_vec();
    let oldest = listed.iter().min_by_key(|one| one.entry);
    if let Some(oldest) = oldest.filter(|oldest| rest.iter().any(|one| one.entry == oldest.entry)) {
        asked[PROOFS_MAX - 1] = oldest;
    }
    asked
}

pub(super) fn held(
    verifier: &mut Verifier,
    fingerprint: Fingerprint,
    (entry, said): (u64, Verdict),
    proof: &[u8],
) -> Result<Verified, Refused> {
    let verified = verifier.verify(&[fingerprint], proof).map_err(Refused::Lie)?;
    let (found, proven) = (verified.entry(), Verdict::of(verified.standing()));
    if found != entry {
        let why = format!("a proof of entry {entry} was wanted, and it is of {found}");
        return Err(Refused::lie(why));
    }
    if said < proven {
        let (said, proven) = (said.name(), proven.name());
        let why = format!("it says that entry {entry} is {said}, and its proof shows {proven}");
        return Err(Refused::Differs(wrong(why)));
    }
    Ok(verified)
}

impl Refused {
    /// What is false in the answer itself.
    pub(super) fn lie(why: impl Into<String>) -> Self {
        Self::Lie(wrong(why.into()))
    }
}

fn wrong(why: String) -> Rejected {
    Rejected::Proof { what: "answer", why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_asked_for_however_many_came_after_it() {
        let one = |entry| {
            let verdict = if entry == 0 { Verdict::Revoked } else { Verdict::Certified };
            Certification { entry, issuer: String::new(), verdict, fall: None }
        };
        let entries = |count| {
            let all: Vec<_> = (0..count).map(one).collect();
            let verdict = Verdict::of_all(all.iter().map(|one| one.verdict));
            let head = Head::default();
            let answer = Documents { verdict, certifications: all, count: None, head };
            let listed = in_order(&answer).unwrap();
            worth_asking(&listed).into_iter().map(|one| one.entry).collect::<Vec<_>>()
        };
        assert!(entries(0).is_empty());
        assert_eq!(entries(3), [2, 1, 0]);
        assert_eq!(entries(8), [7, 6, 5, 4, 3, 2, 1, 0]);
        assert_eq!(entries(20), [19, 18, 17, 16, 15, 14, 13, 0]);
    }

    /// That each proof is asked is shown where there are proofs: tests/server/programs.rs.
    #[test]
    fn that_nothing_is_known_is_worth_as_much_as_the_head_is_new() {
        let head = Head { height: 1, size: 2, time_ms: 1_000_000 };
        let shown = Shown { head, ..Shown::default() };
        let at = |now_ms| Freshness::new(now_ms, Some(std::time::Duration::from_secs(600)));
        assert_eq!(shown.check_fresh(at(1_600_000)), Ok(()));
        assert!(matches!(shown.check_fresh(at(1_600_001)), Err(NotFresh::Stale { .. })));
        assert!(matches!(shown.check_fresh(at(0)), Err(NotFresh::Ahead { .. })));
    }

    #[test]
    fn both_fingerprints_were_looked_for_up_to_the_older_head_only() {
        let shown = |height, not_asked, lacks_oldest| Shown {
            certifications: Vec::new(),
            head: Head { height, size: 2 * height, time_ms: height },
            not_asked,
            lacks_oldest,
            may_have_more: !lacks_oldest,
        };
        for (one, other) in [(7, 5), (5, 7)] {
            let both = shown(one, 1, false).and(shown(other, 2, true));
            assert_eq!((both.head.height, both.not_asked), (5, 3));
            assert!(both.lacks_oldest && both.may_have_more);
        }
    }
}
