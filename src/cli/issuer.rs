//! `probant issuer`: asking to be enrolled, enrolling, suspending, listing, and what domains say of
//! keys. Nothing but the operator's signature makes an issuer, or suspends one.

mod check;
mod domain_keys;
mod enroll;
mod listing;
mod request;
mod suspension;

use std::path::PathBuf;

use probant_core::{IssuerId, status::IssuerState};

use super::{dispatch::create, ledger::KnownIdentity, say};
use crate::{Error, clock::Clock, keyfile};
use check::CheckIssuers;
use domain_keys::DomainKeys;
use enroll::EnrollIssuer;
use listing::ListIssuers;
use suspension::{REINSTATE_EXAMPLE, SUSPEND_EXAMPLE, Suspension};

pub use request::EnrollmentRequest;

const REQUEST_EXAMPLE: &str = "\
Example:
  probant key new energie.pem
  probant issuer request --id energie.example --key energie.pem \\
    --identity ledger.example+5e0c… --out energie.request

Send the file to the ledger's operator; it holds nothing secret. It is JSON: the issuer's id, the
ledger, the public key, and a signature by that key which shows that you hold it. An operator gives
an issuer that has lost its key another one by such a request, too (`probant key add`).

Only where an enrollment counts as never said, because the operator's key was stolen, does the next
one take another number: the operator then says which --seq it needs.";

/// Ask to be enrolled as an issuer, enroll one, suspend one, list or check them
#[derive(Debug, clap::Args)]
pub struct Issuer {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Enroll(EnrollIssuer),
    Request(RequestEnrollment),
    List(ListIssuers),
    Check(CheckIssuers),
    DomainKeys(DomainKeys),
    /// As the operator: accept nothing new from an issuer
    #[command(after_help = SUSPEND_EXAMPLE)]
    Suspend(Suspension),
    /// As the operator: end its suspension
    #[command(after_help = REINSTATE_EXAMPLE)]
    Reinstate(Suspension),
}

/// As an issuer: write what the operator needs to enroll you
#[derive(Debug, clap::Args)]
#[command(after_help = REQUEST_EXAMPLE)]
struct RequestEnrollment {
    /// The id to ask for: a lower-case DNS name that is yours
    #[arg(long)]
    id: IssuerId,
    /// Your private key; it stays with you
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Where to write the request
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Sequence number of the enrollment
    #[arg(long, value_name = "N", default_value_t = 1)]
    seq: u64,
    #[command(flatten)]
    known: KnownIdentity,
}

impl Issuer {
    pub async fn run(self, clock: &dyn Clock) -> Result<u8, Error> {
        match self.command {
            Command::Enroll(enroll) => enroll.run(clock).await,
            Command::Request(request) => request.run(),
            Command::List(list) => list.run().await,
            Command::Check(check) => check.run().await,
            Command::DomainKeys(keys) => keys.run(),
            Command::Suspend(suspension) => suspension.run(IssuerState::Suspended, clock).await,
            Command::Reinstate(suspension) => suspension.run(IssuerState::Reinstated, clock).await,
        }
    }
}

impl RequestEnrollment {
    fn run(&self) -> Result<u8, Error> {
        let (key, identity) = (keyfile::read_new(&self.key)?, self.known.require()?);
        let request = EnrollmentRequest::sign(&key, &self.id, self.seq, &identity);
        create(&self.out, format!("{}\n", request.to_json()).as_bytes())?;
        say(&format!("wrote {}: send it to the ledger's operator", self.out.display()))?;
        Ok(0)
    }
}
