//! What there is of something at once (connections, turns at work, bytes under way), and how much of
//! it one client may hold: whoever takes all it can get leaves the rest to others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::clients::Client;

/// So much of something.
pub struct Shares {
    most: usize,
    each: usize,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    all: usize,
    by: HashMap<Client, usize>,
}

impl Shares {
    /// So much in all, and for each client.
    pub fn new(most: usize, each: usize) -> Arc<Self> {
        Arc::new(Self { most, each, held: Mutex::default() })
    }

    /// Some of it, until that is dropped; none where there is not so much left. A client that holds
    /// nothing is given what is left, even if that is more than its share: or what is larger than a
    /// share would never be had.
    pub fn take(self: &Arc<Self>, client: Option<Client>, amount: usize) -> Option<Share> {
        let mut share = Share { of: Arc::clone(self), client, amount: 0 };
        share.grow(amount).then_some(share)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn take(&mut self, of: &Shares, client: Option<Client>, amount: usize) -> bool {
        let fits = |held: usize, limit| held == 0 || held.saturating_add(amount) <= limit;
        if !fits(self.all, of.most) {
            return false;
        }
        if let Some(client) = client {
            let has = self.by.get(&client).copied().unwrap_or_default();
            if !fits(has, of.each) {
                return false;
            }
            self.by.insert(client, has + amount);
        }
        self.all += amount;
        true
    }

    fn give_back(&mut self, client: Option<Client>, amount: usize) {
        self.all -= amount;
        let Some(client) = client else { return };
        if let Some(has) = self.by.get_mut(&client) {
            *has -= amount;
            if *has == 0 {
                self.by.remove(&client);
            }
        }
    }
}

/// What somebody holds of it.
pub struct Share {
    of: Arc<Shares>,
    client: Option<Client>,
    amount: usize,
}

impl Share {
    /// Takes more, or nothing where there is not so much left.
    pub fn grow(&mut self, more: usize) -> bool {
        let taken = self.of.held().take(&self.of, self.client, more);
        self.amount += if taken { more } else { 0 };
        taken
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.amount > 0 {
            self.of.held().give_back(self.client, self.amount);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(last: u8) -> Client {
        Client::at([192, 0, 2, last].into())
    }

    #[test]
    fn one_has_its_share_and_all_together_no_more_than_there_is() {
        let shares = Shares::new(5, 2);
        let one: Vec<_> = (0..9).filter_map(|_| shares.take(Some(client(1)), 1)).collect();
        assert_eq!(one.len(), 2);
        let mut two = shares.take(Some(client(2)), 1).unwrap();
        assert!(two.grow(1) && !two.grow(1));
        assert!(shares.take(None, 1).is_some(), "given back at once");
        let three: Vec<_> = (0..9).filter_map(|_| shares.take(Some(client(3)), 1)).collect();
        assert_eq!(three.len(), 1);
        drop((one, two));
        assert_eq!(shares.held().all, 1);
        drop(three);
        assert!(shares.held().by.is_empty() && shares.held().all == 0);
    }

    #[test]
    fn what_is_larger_than_a_share_is_had_by_one_who_holds_nothing() {
        let shares = Shares::new(10, 2);
        let large = shares.take(Some(client(1)), 7).unwrap();
        assert!(shares.take(Some(client(1)), 1).is_none());
        assert!(shares.take(Some(client(2)), 4).is_none(), "there is not so much left");
        assert!(shares.take(Some(client(2)), 3).is_some());
        drop(large);
        assert!(shares.take(Some(client(2)), 99).is_some());
    }
}
