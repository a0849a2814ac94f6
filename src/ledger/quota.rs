//! What one issuer may have sealed in a time. It is charged while a block is drafted, once its
//! signature is verified and the rules admit the statement, so that nobody else can spend it; what is
//! not sealed costs nothing, whoever's fault that was.

use std::time::Duration;

use probant_core::Statement;

use crate::{Error, rate::Rate, store::Usage};

/// Seconds' worth of statements that an issuer may save up.
const BURST_S: u32 = 10;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The share of one issuer; 0 for as much as it likes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Quota {
    /// Statements a second.
    pub statements_a_second: u32,
    /// Documents a day, certified and withdrawn ones, by UTC.
    pub documents_a_day: u64,
}

impl Quota {
    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// What an issuer has had once this statement is sealed, at the time of a block.
    ///
    /// # Errors
    /// [`Error::OverQuota`].
    pub fn charge(
        &self,
        usage: &Usage,
        statement: &Statement,
        time_ms: u64,
    ) -> Result<Usage, Error> {
        let issuer = statement.issuer();
        let mut full = Duration::from_micros(usage.full_us);
        if let Some(rate) = Rate::new(self.statements_a_second, BURST_S) {
            rate.take(&mut full, Duration::from_millis(time_ms)).map_err(|wait| {
                let what = format!("{} statements of {issuer} a second", self.statements_a_second);
                over(&what, wait.as_millis().div_ceil(1000) as u64)
            })?;
        }
        let day = time_ms / DAY_MS;
        let had = if usage.day == day { usage.documents } else { 0 };
        let documents = had + documents(statement);
        if self.documents_a_day > 0 && documents > self.documents_a_day {
            let what =
                format!("{} documents of {issuer} a day ({had} so far)", self.documents_a_day);
            return Err(over(&what, (DAY_MS - time_ms % DAY_MS).div_ceil(1000)));
        }
        Ok(Usage { day, documents, full_us: full.as_micros() as u64 })
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
    use probant_core::{
        Fingerprints, List,
        key::SigningKey,
        statement::{Body, Certify},
    };

    use super::*;

    fn statement(documents: u8) -> Statement {
        let fingerprint = |number: u8| Fingerprints::of(&[number]).blake3;
        let list = List::new((0..documents).map(fingerprint).collect()).unwrap();
        let body = Body::Certify(Certify::new(&list, "application/pdf").unwrap());
        Statement::sign(&SigningKey::from_seed(&[9; 32]), "a.example", None, 0, body)
    }

    /// Charges one after the other, as long as there is something to be had; gives when there is more.
    fn charge(quota: Quota, usage: &mut Usage, documents: &[u8], time_ms: u64) -> Result<(), u64> {
        for documents in documents {
            *usage = quota.charge(usage, &statement(*documents), time_ms).map_err(|over| {
                let Error::OverQuota { retry_after_s, .. } = over else { panic!("{over}") };
                retry_after_s
            })?;
        }
        Ok(())
    }

    #[test]
    fn a_day_ends_at_midnight() {
        let quota = Quota { documents_a_day: 10, ..Quota::default() };
        let (mut usage, now_ms) = (Usage::default(), 9 * DAY_MS + 1000);
        assert_eq!(charge(quota, &mut usage, &[6], now_ms), Ok(()));
        let before = usage;
        assert_eq!(charge(quota, &mut usage, &[5], now_ms), Err(24 * 60 * 60 - 1));
        assert_eq!(usage, before, "what is over costs nothing");
        assert_eq!(charge(quota, &mut usage, &[4], now_ms), Ok(()));
        assert_eq!(charge(quota, &mut usage, &[10], 10 * DAY_MS), Ok(()));
    }

    #[test]
    fn statements_come_back_by_the_second_and_one_over_the_day_costs_none() {
        let quota = Quota { statements_a_second: 2, documents_a_day: 50 };
        let (mut usage, now_ms) = (Usage::default(), 9 * DAY_MS);
        assert!(charge(quota, &mut usage, &[51], now_ms).is_err());
        assert_eq!(charge(quota, &mut usage, &[1; 20], now_ms), Ok(()));
        assert_eq!(charge(quota, &mut usage, &[1], now_ms), Err(1));
        assert_eq!(charge(quota, &mut usage, &[1], now_ms + 500), Ok(()));
        assert_eq!(charge(quota, &mut usage, &[1], now_ms + 500), Err(1));
    }
}
