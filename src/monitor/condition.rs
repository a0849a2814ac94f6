//! What no block says: a ledger that is not what it says it is, shows less than before or stands still,
//! and the word of the issuer's domain.

use std::time::Duration;

use probant_core::{key::Kid, registry::Signer};

use super::{
    Look, Monitor,
    report::{Event, Report, SealedHead},
};
use crate::{
    Error,
    domain::Confirmation,
    freshness::{Freshness, NotFresh, ONLINE_MAX},
};

/// Between two questions to the issuer's domain, while its keys are the same.
const DOMAIN_EVERY: Duration = Duration::from_secs(3600);

impl Monitor {
    /// Tells what no block says.
    fn tell_now(&mut self, expected: bool, event: Event) -> Result<(), Error> {
        let now_ms = self.settings.clock.now_ms();
        let report = self.watch.condition(&self.settings.ledger, now_ms, expected, event);
        self.tell(report)
    }

    /// Tells that the ledger is not what it says it is: with the same id by every run.
    pub(super) fn convict(&mut self, id_end: &str, event: Event) -> Result<Look, Error> {
        let now_ms = self.settings.clock.now_ms();
        let report = self.watch.condition(&self.settings.ledger, now_ms, false, event);
        let id = format!("{}-{id_end}", self.settings.ledger.ledger);
        self.tell(Report { id, ..report })?;
        Ok(Look::Convicted)
    }

    pub(super) fn convict_forked(
        &mut self,
        before: SealedHead,
        now: SealedHead,
    ) -> Result<Option<Look>, Error> {
        let end = format!("{}-{}-forked", now.height, now.root);
        self.convict(&end, Event::Forked { before, now }).map(Some)
    }

    /// The ledger shows less than before: it may lag, or have been put back.
    pub(super) fn fall_behind(&mut self, now: Option<u64>) -> Result<Look, Error> {
        let before = self.seen.as_ref().map_or(0, |seen| seen.height);
        // Told once, and so for as long as it lasts.
        self.found = true;
        if !std::mem::replace(&mut self.delivery.state.behind, true) {
            self.tell_now(false, Event::Behind { before, now })?;
        }
        Ok(Look::Whole)
    }

    /// A ledger that hides something must stand still, or contradict itself later. One that dates a
    /// block ahead may stand still until that time comes.
    pub(super) fn look_at_age(&mut self) -> Result<(), Error> {
        let Some(newest_ms) = self.replay.head().map(|head| head.time_ms) else { return Ok(()) };
        let fresh = Freshness::new(self.settings.clock.now_ms(), Some(ONLINE_MAX)).check(newest_ms);
        let event = match fresh {
            Ok(()) => None,
            Err(NotFresh::Stale { .. }) => Some(Event::Stale { newest_ms }),
            Err(NotFresh::Ahead { .. }) => Some(Event::Ahead { newest_ms }),
        };
        let was_stale = std::mem::replace(&mut self.delivery.state.stale, event.is_some());
        self.found |= event.is_some();
        match event.filter(|_| !was_stale) {
            Some(event) => self.tell_now(false, event),
            None => Ok(()),
        }
    }

    /// Asks the issuer's domain about its current keys, now and then and when they change; tells when
    /// its word does.
    pub(super) fn look_at_domain(&mut self) -> Result<(), Error> {
        let (Some(domains), Some(kids)) = (&self.settings.domains, self.current_keys()) else {
            return Ok(());
        };
        let now = self.settings.clock.elapsed();
        if self.asked.as_ref().is_some_and(|(asked, next)| *asked == kids && now < *next) {
            return Ok(());
        }
        let id = self.watch.id();
        let answer = self.runtime.block_on(domains.keys(id));
        let confirmation = Confirmation::new(id, &kids, &answer);
        self.asked = Some((kids, now + DOMAIN_EVERY));
        let before = &self.delivery.state.domain;
        if confirmation.is_open() && before.is_some() {
            // Its last word stands until there is another.
            tracing::warn!("{confirmation}");
            return Ok(());
        }
        if before.as_ref().is_some_and(|before| before.says_as(&confirmation)) {
            return Ok(());
        }
        self.delivery.state.domain = Some(confirmation.clone());
        self.tell_now(confirmation.is_whole(), Event::Domain { confirmation })
    }

    /// The keys of the issuer that are in force, if it is enrolled.
    fn current_keys(&self) -> Option<Vec<Kid>> {
        let registry = self.replay.registry()?;
        let issuer = registry.issuer(self.watch.id().as_str())?;
        let is_current = |kid: &&Kid| registry.key(kid).is_some_and(Signer::is_current);
        Some(issuer.keys.iter().filter(is_current).copied().collect())
    }
}
