//! `probant issuer enroll`: the operator makes an issuer, with its first key.

use std::path::PathBuf;

use probant_core::{
    IssuerId, Rejected,
    statement::{Body, Enroll, HeldKey, IssuerRecord},
};

use super::EnrollmentRequest;
use crate::{
    Error,
    cli::{
        dispatch::{Desk, Dispatch, Numbering},
        speaker::Operator,
    },
    clock::Clock,
};

const EXAMPLE: &str = "\
Example, with the request that the issuer sent (`probant issuer request` makes it):
  probant issuer enroll --id energie.example --request energie.request \\
    --legal-name 'Énergie du Ponant' --country FR --registration 123456789 \\
    --operator-key operator.pem

The operator's key may be offline: sign there with --identity and --out enroll.cose, carry the
file, and send it with `probant submit enroll.cose` within 30 days.";

/// As the operator: enroll an issuer, with its first key
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct EnrollIssuer {
    /// The issuer's id: a lower-case DNS name
    #[arg(long)]
    id: IssuerId,
    /// Its name in the register of companies
    #[arg(long)]
    legal_name: String,
    /// Where that register is: ISO 3166-1, two letters
    #[arg(long)]
    country: String,
    /// Its number there: A-Z, 0-9, '-' and '.'
    #[arg(long)]
    registration: String,
    /// The request that the issuer made
    #[arg(long, value_name = "FILE", required_unless_present = "issuer_key")]
    request: Option<PathBuf>,
    /// The issuer's private key, where one machine holds both
    #[arg(long, value_name = "FILE", conflicts_with = "request")]
    issuer_key: Option<PathBuf>,
    #[command(flatten)]
    operator: Operator,
    #[command(flatten)]
    numbering: Numbering,
    #[command(flatten)]
    dispatch: Dispatch,
}

impl EnrollIssuer {
    pub async fn run(&self, clock: &dyn Clock) -> Result<u8, Error> {
        let operator = self.operator.voice()?;
        let record = IssuerRecord {
            legal_name: self.legal_name.clone(),
            country: self.country.clone(),
            registration: self.registration.clone(),
        };
        record.check()?;
        let mut desk = self.dispatch.open(clock).await?;
        let seq = self.seq(&desk).await?;
        let (request, key) = (self.request.as_deref(), self.issuer_key.as_deref());
        let held = EnrollmentRequest::obtain(request, key, (&self.id, seq), desk.identity())?;
        let HeldKey { key, possession } = held;
        let key = key.as_ed25519().cloned().expect("an issuer's key is read as one of Ed25519");
        let enroll = Enroll { seq, id: self.id.clone(), record, key, possession };
        enroll.check_possession(desk.identity().ledger).map_err(|why| self.unfit(seq, why))?;
        let statement = desk.sign(&operator, Body::Enroll(enroll));
        desk.conclude(&statement, |entry| format!("enrolled {} in entry {entry}", self.id)).await
    }

    /// 1; more where an enrollment before counts as never said.
    async fn seq(&self, desk: &Desk<'_>) -> Result<u64, Error> {
        if let Some(seq) = self.numbering.seq {
            return Ok(seq);
        }
        if !self.dispatch.has_ledger() {
            return Ok(1);
        }
        match desk.client().await?.issuer(&self.id).await? {
            None => Ok(1),
            Some(known) if known.void => Ok(known.next_seq),
            // The ledger would say the same, but of a request whose number fits.
            Some(_) => Err(Rejected::IssuerExists(self.id.to_string()).into()),
        }
    }

    fn unfit(&self, seq: u64, why: Rejected) -> Error {
        if !matches!(why, Rejected::Possession { .. }) {
            return why.into();
        }
        let (code, id) = (why.code(), &self.id);
        Error::input(format!(
            "{code}: {why}; the next enrollment of {id} has number {seq}: ask the issuer for a \
             request made with `--seq {seq}`, for this ledger"
        ))
    }
}
