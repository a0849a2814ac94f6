//! What a witness tells Prometheus: how it stands with each ledger, and what it was asked.

use std::sync::Arc;

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::{
    followed::{Followed, Refusal},
    view::Standing,
};

type Label<const N: usize> = [(&'static str, String); N];

/// All of it.
#[derive(Default)]
pub struct Figures {
    standing: Family<Label<2>, Gauge>,
    replayed: Family<Label<1>, Gauge>,
    cosigned: Family<Label<1>, Gauge>,
    looked: Family<Label<1>, Gauge>,
    decided: Family<Label<1>, Counter>,
}

impl Figures {
    pub fn register(&self, registry: &mut Registry) {
        let of = registry.sub_registry_with_prefix("witness");
        let help = "1 for the word by which it stands with a ledger";
        of.register("ledger_standing", help, self.standing.clone());
        of.register("ledger_replayed_entries", "Entries replayed", self.replayed.clone());
        let help = "Entries up to the checkpoint that was cosigned last";
        of.register("ledger_cosigned_entries", help, self.cosigned.clone());
        let help = "When the newest look that came to its end began, since 1970, in seconds";
        of.register("ledger_looked", help, self.looked.clone());
        of.register("checkpoints", "Checkpoints that came, by outcome", self.decided.clone());
    }

    /// Counts what became of a checkpoint.
    pub fn decided(&self, decided: &Result<String, Refusal>) {
        let outcome = match decided {
            Ok(_) => "cosigned",
            Err(Refusal::Malformed(_)) => "malformed",
            Err(Refusal::Unknown) => "unknown",
            Err(Refusal::Unsigned) => "unsigned",
            Err(Refusal::Size(_)) => "size",
            Err(Refusal::Inconsistent(_)) => "inconsistent",
            Err(Refusal::NotReplayed(_)) => "not-replayed",
            Err(Refusal::NotNow(_)) => "not-now",
        };
        self.decided.get_or_create(&[("outcome", outcome.into())]).inc();
    }

    /// Reads how it stands.
    pub fn read(&self, all: &[Arc<Followed>]) {
        for followed in all {
            let origin = followed.ledger.identity.origin.to_string();
            let cosigned = followed.cosigned().size();
            let view = followed.view.borrow();
            for word in Standing::WORDS {
                let label = [("ledger", origin.clone()), ("standing", word.to_owned())];
                self.standing.get_or_create(&label).set((word == view.standing.word()).into());
            }
            let label = [("ledger", origin)];
            for (gauge, value) in [
                (&self.replayed, view.newest().map_or(0, |newest| newest.size)),
                (&self.cosigned, cosigned),
                (&self.looked, view.looked_ms.unwrap_or(0) / 1000),
            ] {
                gauge.get_or_create(&label).set(i64::try_from(value).unwrap_or(i64::MAX));
            }
        }
    }
}
