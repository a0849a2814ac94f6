//! What one issuer may have sealed in a time. It is charged once the signature is verified and the
//! rules admit the statement, so that nobody else can spend it; what is not sealed is given back,
//! whoever's fault that was. It is in memory: a restart begins anew.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use probant_core::Statement;

use crate::{
    Error,
    bucket::{Buckets, Rate},
    clock::Clock,
};

/// Seconds' worth of statements that an issuer may save up.
const BURST_S: u32 = 10;
/// Most issuers that are told apart: more than any ledger has enrolled.
const ISSUERS_MAX: usize = 1 << 20;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The share of one issuer; 0 for as much as it likes.
#[derive(Clone, Copy, Default, Debug)]
pub struct Quota {
    /// Statements a second.
    pub statements_a_second: u32,
    /// Documents a day, certified and withdrawn ones, by UTC.
    pub documents_a_day: u64,
}

/// What all issuers have had.
pub struct Quotas {
    quota: Quota,
    statements: Option<Buckets<String>>,
    today: Mutex<Today>,
}

#[derive(Default)]
struct Today {
    day: u64,
    documents: HashMap<String, u64>,
}

/// What a statement on its way has cost its issuer: given back unless it is kept.
pub struct Charge {
    quotas: Arc<Quotas>,
    issuer: String,
    day: u64,
    documents: u64,
    kept: bool,
}

impl Quotas {
    pub fn new(quota: Quota) -> Self {
        let rate = Rate::new(quota.statements_a_second, BURST_S);
        let statements = rate.map(|rate| Buckets::new(rate, ISSUERS_MAX));
        Self { quota, statements, today: Mutex::default() }
    }

    /// Charges the issuer of a statement, if there is a quota.
    ///
    /// # Errors
    /// [`Error::OverQuota`], and nothing is charged.
    pub fn charge(
        self: &Arc<Self>,
        statement: &Statement,
        clock: &dyn Clock,
    ) -> Result<Option<Charge>, Error> {
        let Quota { statements_a_second, documents_a_day } = self.quota;
        if (statements_a_second, documents_a_day) == (0, 0) {
            return Ok(None);
        }
        let (issuer, now_ms) = (statement.issuer(), clock.now_ms());
        if let Some(statements) = &self.statements {
            statements.take(issuer.to_owned(), clock.elapsed()).map_err(|wait| {
                let what = format!("{statements_a_second} statements of {issuer} a second");
                over(&what, wait.as_millis().div_ceil(1000) as u64)
            })?;
        }
        let (day, documents) = (now_ms / DAY_MS, documents(statement));
        // From here on the statement is given back by the charge.
        let mut charge = Charge {
            quotas: Arc::clone(self),
            issuer: issuer.into(),
            day,
            documents: 0,
            kept: false,
        };
        let mut today = self.today();
        if today.day != day {
            *today = Today { day, documents: HashMap::new() };
        }
        let had = today.documents.get(issuer).copied().unwrap_or_default();
        if documents_a_day > 0 && had + documents > documents_a_day {
            drop(today);
            let what = format!("{documents_a_day} documents of {issuer} a day ({had} so far)");
            return Err(over(&what, (DAY_MS - now_ms % DAY_MS).div_ceil(1000)));
        }
        if documents_a_day > 0 {
            today.documents.insert(issuer.into(), had + documents);
            charge.documents = documents;
        }
        Ok(Some(charge))
    }

    fn today(&self) -> MutexGuard<'_, Today> {
        self.today.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Charge {
    /// It was sealed.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Some(statements) = &self.quotas.statements {
            statements.give_back(&self.issuer);
        }
        let mut today = self.quotas.today();
        if today.day == self.day
            && let Some(had) = today.documents.get_mut(&self.issuer)
        {
            *had = had.saturating_sub(self.documents);
        }
    }
}

fn over(what: &str, retry_after_s: u64) -> Error {
    let what = format!("the quota is {what}: nothing was taken, send it again later");
    Error::OverQuota { what, retry_after_s: retry_after_s.max(1) }
}

fn documents(statement: &Statement) -> u64 {
    let certified = statement.as_certify().map(|certify| certify.listed.count);
    let withdrawn = statement.as_revoke().map(|revoke| revoke.listed.count);
    certified.or(withdrawn).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU64, Ordering},
        time::Duration,
    };

    use probant_core::{
        Fingerprints, List,
        key::SigningKey,
        statement::{Body, Certify},
    };

    use super::*;

    /// A clock that is set by hand.
    struct At(AtomicU64);

    impl Clock for At {
        fn now_ms(&self) -> u64 {
            self.0.load(Ordering::Relaxed)
        }

        fn elapsed(&self) -> Duration {
            Duration::from_millis(self.now_ms())
        }
    }

    fn statement(issuer: &str, documents: u8) -> Statement {
        let fingerprint = |number: u8| Fingerprints::of(&[number]).blake3;
        let list = List::new((0..documents).map(fingerprint).collect()).unwrap();
        let body = Body::Certify(Certify::new(&list, "application/pdf").unwrap());
        Statement::sign(&SigningKey::from_seed(&[9; 32]), issuer, None, 0, body)
    }

    fn retry_after_s<T>(refused: &Result<T, Error>) -> u64 {
        match refused {
            Err(Error::OverQuota { retry_after_s, .. }) => *retry_after_s,
            _ => panic!("it is over its quota"),
        }
    }

    #[test]
    fn a_day_ends_at_midnight_and_what_is_not_sealed_is_given_back() {
        let clock = At(AtomicU64::new(9 * DAY_MS + 1000));
        let quota = Quota { documents_a_day: 10, ..Quota::default() };
        let quotas = Arc::new(Quotas::new(quota));
        let charge = |documents| quotas.charge(&statement("a.example", documents), &clock);
        charge(6).unwrap().unwrap().keep();
        assert_eq!(retry_after_s(&charge(5)), 24 * 60 * 60 - 1);
        let on_its_way = charge(4).unwrap();
        assert!(charge(1).is_err());
        drop(on_its_way);
        charge(4).unwrap().unwrap().keep();
        let other = quotas.charge(&statement("b.example", 10), &clock).unwrap().unwrap();
        other.keep();
        clock.0.store(10 * DAY_MS, Ordering::Relaxed);
        charge(10).unwrap().unwrap().keep();
    }

    #[test]
    fn statements_come_back_by_the_second_and_one_over_the_day_costs_none() {
        let clock = At(AtomicU64::new(9 * DAY_MS));
        let quotas = Arc::new(Quotas::new(Quota { statements_a_second: 2, documents_a_day: 50 }));
        let charge = |documents| quotas.charge(&statement("a.example", documents), &clock);
        for _ in 0..99 {
            assert!(charge(51).is_err());
        }
        for _ in 0..20 {
            charge(1).unwrap().unwrap().keep();
        }
        assert_eq!(retry_after_s(&charge(1)), 1);
        clock.0.fetch_add(500, Ordering::Relaxed);
        drop(charge(1).unwrap());
        charge(1).unwrap().unwrap().keep();
        assert!(charge(1).is_err());
    }

    #[test]
    fn without_a_quota_nothing_is_written_down() {
        let quotas = Arc::new(Quotas::new(Quota::default()));
        let charged = quotas.charge(&statement("a.example", 1), &At(AtomicU64::new(0)));
        assert!(charged.unwrap().is_none());
    }
}
