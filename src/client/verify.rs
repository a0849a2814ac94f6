//! Asking a ledger about a document, and believing none of it: what it says of a certification it
//! has to show, by a proof that the one verification of the core takes. The verdict is that of the
//! proofs.

use std::{cmp::Reverse, collections::BTreeMap};

use probant_core::{Fingerprint, Fingerprints, Rejected, Verified, Verifier};

use super::{Certification, Client, Documents, Head};
use crate::{Error, verdict::Verdict};

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
    /// Each with its proof; of each fingerprint those that stand first, then the newest, and always
    /// the oldest. None: the ledger knows nothing of the document, on its word.
    pub certifications: Vec<(Verified, Vec<u8>)>,
    /// The ledger looked for it in all blocks up to this one, on its word.
    pub head: Head,
    /// Certifications that it listed, and that were not asked for.
    pub not_asked: usize,
    /// Whether it may have more than it listed.
    pub may_have_more: bool,
}

/// Why an answer is not taken.
enum Refused {
    /// It is false.
    Lie(Rejected),
    /// Its word is better than its proof: it lies, or the document fell in between.
    Differs(Rejected),
}

type Answered = Result<Shown, Refused>;

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
        let mut shown = Shown::default();
        for fingerprint in [document.blake3, document.sha256] {
            match self.show_settled(verifier, fingerprint).await? {
                Ok(more) => shown.add(more),
                Err(lie) => return Ok(Asked::Lie(lie)),
            }
        }
        Ok(Asked::Shown(shown))
    }

    /// What differs every time is a lie.
    async fn show_settled(
        &self,
        verifier: &mut Verifier,
        fingerprint: Fingerprint,
    ) -> Result<Result<Shown, Rejected>, Error> {
        for asked in 1.. {
            match self.show(verifier, fingerprint).await? {
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
            Err(why) => return Ok(Err(Refused::Lie(lie(why)))),
        };
        let asked = worth_asking(&listed);
        let mut shown = Shown {
            certifications: Vec::new(),
            head: answer.head,
            not_asked: listed.len() - asked.len(),
            may_have_more: answer.may_have_more(),
        };
        for Certification { entry, verdict, .. } in asked {
            let Some(proof) = self.proof(fingerprint, Some(*entry)).await? else {
                let why = format!("it says that entry {entry} certifies this, and has no proof");
                return Ok(Err(Refused::Lie(lie(why))));
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
    fn add(&mut self, more: Self) {
        self.certifications.extend(more.certifications);
        if more.head.height >= self.head.height {
            self.head = more.head;
        }
        self.not_asked += more.not_asked;
        self.may_have_more |= more.may_have_more;
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
fn in_order(answer: &Documents) -> Result<Vec<&Certification>, String> {
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

fn held(
    verifier: &mut Verifier,
    fingerprint: Fingerprint,
    (entry, said): (u64, Verdict),
    proof: &[u8],
) -> Result<Verified, Refused> {
    let verified = verifier.verify(&[fingerprint], proof).map_err(Refused::Lie)?;
    let (found, proven) = (verified.entry(), Verdict::of(verified.standing()));
    if found != entry {
        let why = format!("entry {entry} was asked for, the proof is of {found}");
        return Err(Refused::Lie(lie(why)));
    }
    if said < proven {
        let (said, proven) = (said.name(), proven.name());
        let why = format!("it says that entry {entry} is {said}, and its proof shows {proven}");
        return Err(Refused::Differs(lie(why)));
    }
    Ok(verified)
}

fn lie(why: String) -> Rejected {
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
            let answer = Documents { verdict, certifications: all, head };
            let listed = in_order(&answer).unwrap();
            worth_asking(&listed).into_iter().map(|one| one.entry).collect::<Vec<_>>()
        };
        assert!(entries(0).is_empty());
        assert_eq!(entries(3), [2, 1, 0]);
        assert_eq!(entries(8), [7, 6, 5, 4, 3, 2, 1, 0]);
        assert_eq!(entries(20), [19, 18, 17, 16, 15, 14, 13, 0]);
    }
}
