//! Turns at work of which this machine can do a little at once. A turn lives as long as its work: who
//! asks and hangs up does not get it back before that is done.

use std::{cell::RefCell, sync::Arc};

use super::{
    clients::Client,
    limits::Limits,
    shares::{Share, Shares},
};
use crate::Error;

tokio::task_local! {
    /// That of the request which this task answers.
    static PLACE: Place;
}

/// What there are turns at.
pub struct Turns {
    /// Proofs, and whatever reads and hashes much.
    work: Arc<Shares>,
    /// Documents that are sent to be hashed. They cost little memory, and time only as they come: it
    /// is each client alone that is bounded, or slow ones would keep out others.
    documents: Arc<Shares>,
}

impl Turns {
    pub fn new(limits: &Limits) -> Self {
        let work = Shares::new(limits.work, limits.share_of(limits.work));
        Self { work, documents: Shares::new(usize::MAX, limits.documents) }
    }

    /// For a request that takes its turn when its work begins.
    pub fn place(&self, client: Option<Client>) -> Place {
        Place { of: Arc::clone(&self.work), client, turn: RefCell::default() }
    }

    /// For a request that has its turn while its document comes.
    pub fn document(&self, client: Option<Client>) -> Place {
        Place { of: Arc::clone(&self.documents), client, turn: RefCell::default() }
    }
}

/// Where a request takes its turn, once.
pub struct Place {
    of: Arc<Shares>,
    client: Option<Client>,
    turn: RefCell<Option<Arc<Share>>>,
}

impl Place {
    /// Its turn; the same as long as the request is not answered.
    ///
    /// # Errors
    /// [`Error::Busy`] where there is none.
    pub fn take(&self) -> Result<Arc<Share>, Error> {
        let mut turn = self.turn.borrow_mut();
        if turn.is_none() {
            *turn = self.of.take(self.client, 1).map(Arc::new);
        }
        turn.clone().ok_or_else(|| {
            Error::busy(
                "as much of this is under way as the ledger does at once, or as one address may \
                 have of that: try again",
            )
        })
    }

    /// Answers a request that may take its turn here.
    pub async fn while_answering<T>(self, answer: impl Future<Output = T>) -> T {
        PLACE.scope(self, answer).await
    }
}

/// The turn of the request that this task answers: to be held to the end of the work. None outside of
/// any request.
///
/// # Errors
/// Those of [`Place::take`].
pub fn mine() -> Result<Option<Arc<Share>>, Error> {
    PLACE.try_with(Place::take).ok().transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(last: u8) -> Client {
        Client::at([192, 0, 2, last].into())
    }

    #[tokio::test]
    async fn a_turn_is_not_had_back_before_its_work_is_done_even_if_nobody_waits() {
        let turns = Turns::new(&Limits { work: 4, client_share: 2, ..Limits::default() });
        let mut under_way = Vec::new();
        for _ in 0..2 {
            // The request is answered, or given up, and its work goes on.
            let work =
                turns.place(Some(client(1))).while_answering(async { mine().unwrap() }).await;
            under_way.push(work.expect("within a request there is a turn"));
        }
        assert!(turns.place(Some(client(1))).take().is_err());
        let other = turns.place(Some(client(2)));
        assert!(Arc::ptr_eq(&other.take().unwrap(), &other.take().unwrap()), "one for a request");
        under_way.pop();
        assert!(turns.place(Some(client(1))).take().is_ok());
        assert!(mine().unwrap().is_none());
    }

    #[test]
    fn who_sends_documents_keeps_no_other_client_from_it() {
        let turns = Turns::new(&Limits { documents: 2, ..Limits::default() });
        let places: Vec<_> = (0..200).map(|at| turns.document(Some(client(at)))).collect();
        let again: Vec<_> = (0..200).map(|at| turns.document(Some(client(at)))).collect();
        assert!(places.iter().chain(&again).all(|place| place.take().is_ok()));
        assert!(turns.document(Some(client(7))).take().is_err());
    }
}
