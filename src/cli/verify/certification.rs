//! One certification of the answer, in words and as JSON. It is made from a [`Verified`], which only
//! the core's verifier makes.

use probant_core::{
    Verified,
    statement::BlockStatement,
    status::{IssuerState, KeyState, Standing},
};
use serde::Serialize;

use super::{timestamp::Stated, witnessed::Witnessed};
use crate::{
    cli::standing,
    clock::utc,
    freshness::ago,
    lookup::{FallAnswer, KeyAnswer, StateAnswer},
    verdict::Verdict,
};

#[derive(Debug, Serialize)]
pub struct Certification {
    fingerprint: String,
    issuer: String,
    legal_name: String,
    country: String,
    registration: String,
    media_type: &'static str,
    entry: u64,
    list_count: u64,
    block: u64,
    time_ms: u64,
    time: String,
    pub verdict: Verdict,
    fall: Option<FallAnswer>,
    key: KeyAnswer,
    issuer_status: Option<StateAnswer>,
    head: Head,
    signed_by_ml_dsa: bool,
    age_s: i64,
    witnessed: Option<Witnessed>,
    pub timestamp: Option<Stated>,
    #[serde(skip)]
    standing: String,
    #[serde(skip)]
    notes: Vec<String>,
}

/// The newest block that a proof knows.
#[derive(Debug, Serialize)]
struct Head {
    height: u64,
    size: u64,
    time_ms: u64,
    time: String,
}

impl Certification {
    /// As it stands; its age is that of its head at `now_ms`.
    pub fn of(verified: &Verified, witnessed: Option<Witnessed>, now_ms: u64) -> Self {
        let (record, sealed) = (verified.record().clone(), verified.sealed());
        let key_status = verified.key_status().map(StateAnswer::of_key);
        let head = Head::of(verified.head());
        Self {
            fingerprint: verified.fingerprint().to_string(),
            issuer: verified.issuer().to_owned(),
            legal_name: record.legal_name,
            country: record.country,
            registration: record.registration,
            media_type: verified.media_type(),
            entry: verified.entry(),
            list_count: verified.list_count(),
            block: sealed.height,
            time_ms: sealed.time_ms,
            time: utc(sealed.time_ms),
            verdict: Verdict::of(verified.standing()),
            fall: FallAnswer::of(verified.standing()),
            key: KeyAnswer { kid: verified.kid().to_string(), status: key_status },
            issuer_status: verified.issuer_status().map(StateAnswer::of_issuer),
            age_s: now_ms.cast_signed().saturating_sub_unsigned(head.time_ms) / 1000,
            head,
            signed_by_ml_dsa: verified.is_signed_by_ml_dsa(),
            timestamp: None,
            witnessed,
            standing: standing::standing(verified.standing()),
            notes: notes(verified),
        }
    }

    pub fn to_text(&self, now_ms: u64) -> String {
        let Self { legal_name, country, registration, issuer, time, block, entry, .. } = self;
        let others = match self.list_count {
            1 => String::new(),
            count => format!(", one of {count} documents"),
        };
        let notes = self.notes.iter().map(|note| format!("  note         {note}\n"));
        let stamped = self.timestamp.as_ref().map(|stated| stated.to_text(self.time_ms));
        let stamped = stamped.map_or(String::new(), |text| format!("  timestamp    {text}\n"));
        let signed = "  signed       by ML-DSA-44 too, with the ledger's own key\n";
        let signed = if self.signed_by_ml_dsa { signed } else { "" };
        format!(
            "  by           {legal_name} ({country} {registration}), {issuer}\n  \
             when         {time}, in block {block}, entry {entry}{others}\n\
             {stamped}  \
             as           {}\n  \
             document     {}\n  \
             status       {}\n\
             {}  \
             as of        block {}, sealed at {}, {}\n{signed}{}",
            self.media_type,
            self.fingerprint,
            self.standing,
            notes.collect::<String>(),
            self.head.height,
            self.head.time,
            ago(self.head.time_ms, now_ms),
            self.witnessed.as_ref().map(Witnessed::to_text).unwrap_or_default()
        )
    }
}

/// What does not change whether it stands.
fn notes(verified: &Verified) -> Vec<String> {
    let key = verified.key_status().filter(|status| status.state != KeyState::Current);
    let key = key.filter(|_| !matches!(verified.standing(), Standing::Distrusted(_)));
    let issuer = verified.issuer_status();
    let issuer = issuer.filter(|status| status.state == IssuerState::Suspended);
    let notes = [key.map(standing::key), issuer.map(standing::issuer)];
    let before = |note| format!("{note}: what was sealed before stands");
    notes.into_iter().flatten().map(before).collect()
}

impl Head {
    fn of(head: &BlockStatement) -> Self {
        let (height, size, time_ms) = (head.height, head.size, head.time_ms);
        Self { height, size, time_ms, time: utc(time_ms) }
    }
}
