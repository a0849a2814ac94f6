//! `probant issuer`: asking to be enrolled, enrolling, listing. Enrolling is the operator's act:
//! nothing but the operator's signature makes an issuer.

mod request;

use std::path::PathBuf;

use probant_core::{
    Identity, IssuerId, Statement,
    key::PublicKey,
    statement::{Body, Enroll, IssuerRecord},
};

use super::{
    json,
    ledger::{KnownIdentity, Ledger},
    plain, say,
};
use crate::{Error, client::IssuerListing, clock::Clock, durable, keyfile};

pub use request::EnrollmentRequest;

const ENROLL_EXAMPLE: &str = "\
Example, with the request that the issuer sent (`probant issuer request` makes it):
  probant issuer enroll --id energie.example --request energie.request \\
    --legal-name 'Énergie du Ponant' --country FR --registration 123456789 \\
    --operator-key operator.pem

The operator's key may be offline: sign there with --identity and --out enroll.cose, carry the
file, and send it with `probant submit enroll.cose` within 30 days.";

const REQUEST_EXAMPLE: &str = "\
Example:
  probant key new energie.pem
  probant issuer request --id energie.example --key energie.pem \\
    --identity ledger.example+5e0c… --out energie.request

Send the file to the ledger's operator; it holds nothing secret. It is JSON: the issuer's id, the
ledger, the public key, and a signature by that key which shows that you hold it.";

/// Ask to be enrolled as an issuer, enroll one, list them
#[derive(Debug, clap::Args)]
pub struct Issuer {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Enroll(EnrollIssuer),
    /// As an issuer: write what the operator needs to enroll you
    #[command(after_help = REQUEST_EXAMPLE)]
    Request {
        /// The id to ask for: a lower-case DNS name that is yours
        #[arg(long)]
        id: IssuerId,
        /// Your private key; it stays with you
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Where to write the request
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        known: KnownIdentity,
    },
    /// List the issuers that the ledger has enrolled
    #[command(after_help = "Example:\n  probant issuer list --ledger https://ledger.example")]
    List {
        /// As JSON, with their keys
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        ledger: Ledger,
    },
}

/// As the operator: enroll an issuer, with its first key
#[derive(Debug, clap::Args)]
#[command(after_help = ENROLL_EXAMPLE)]
struct EnrollIssuer {
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
    /// The operator's private key
    #[arg(long, value_name = "FILE")]
    operator_key: PathBuf,
    /// Write the signed statement here instead of sending it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    ledger: Ledger,
}

impl Issuer {
    pub async fn run(self, clock: &dyn Clock) -> Result<u8, Error> {
        match self.command {
            Command::Enroll(enroll) => enroll.run(clock).await,
            Command::Request { id, key, out, known } => {
                let request =
                    EnrollmentRequest::sign(&keyfile::read(&key)?, &id, &known.require()?);
                let json = format!("{}\n", request.to_json());
                create(&out, json.as_bytes())?;
                say(&format!("wrote {}: send it to the ledger's operator", out.display()))?;
                Ok(0)
            }
            Command::List { json: as_json, ledger } => {
                let issuers = ledger.client()?.issuers().await?;
                say(&if as_json { json(&issuers) } else { table(&issuers) })?;
                Ok(0)
            }
        }
    }
}

impl EnrollIssuer {
    async fn run(&self, clock: &dyn Clock) -> Result<u8, Error> {
        let operator = keyfile::read(&self.operator_key)?;
        let record = IssuerRecord {
            legal_name: self.legal_name.clone(),
            country: self.country.clone(),
            registration: self.registration.clone(),
        };
        record.check()?;
        let (identity, _) = self.ledger.identity().await?;
        let (key, possession) = self.key_and_possession(&identity)?;
        let enroll = Enroll { seq: 1, id: self.id.clone(), record, key, possession };
        enroll.check_possession(identity.ledger)?;
        let (origin, issued_at_s) = (identity.origin.as_str(), clock.now_ms() / 1000);
        let body = Body::Enroll(enroll);
        let statement =
            Statement::sign(&operator, origin, Some(identity.ledger), issued_at_s, body);
        if let Some(out) = &self.out {
            create(out, &statement.to_submission(None))?;
            let out = out.display();
            say(&format!("wrote {out}: send it within 30 days with `probant submit {out}`"))?;
            return Ok(0);
        }
        let client = self.ledger.client()?;
        let founding = client.founding_of(&identity).await?;
        let submitted = client.submit_verified(&founding, &statement, None).await;
        let accepted = submitted.map_err(Error::from)?;
        say(&format!("enrolled {} in entry {}", self.id, accepted.index))?;
        Ok(0)
    }

    fn key_and_possession(&self, identity: &Identity) -> Result<(PublicKey, Vec<u8>), Error> {
        let request = match (&self.request, &self.issuer_key) {
            (Some(path), _) => EnrollmentRequest::read(path)?,
            (None, Some(path)) => {
                EnrollmentRequest::sign(&keyfile::read(path)?, &self.id, identity)
            }
            (None, None) => return Err(Error::input("give --request or --issuer-key")),
        };
        request.opened_for(&self.id, identity)
    }
}

/// Writes a file that must not exist.
fn create(path: &std::path::Path, bytes: &[u8]) -> Result<(), Error> {
    let made = durable::create_new_file(path, bytes, 0o644);
    made.map(drop).map_err(|error| Error::input(error.to_string()))
}

fn table(issuers: &[IssuerListing]) -> String {
    let width = issuers.iter().map(|issuer| issuer.id.chars().count()).max().unwrap_or(0).max(2);
    let head = format!("{:width$}  {:<22}  {:>5}  NAME", "ID", "REGISTRATION", "ENTRY");
    let row = |issuer: &IssuerListing| {
        let registration = plain(&format!("{} {}", issuer.country, issuer.registration));
        let (id, name) = (plain(&issuer.id), plain(&issuer.legal_name));
        format!("\n{id:width$}  {registration:<22}  {:>5}  {name}", issuer.enrolled)
    };
    issuers.iter().fold(head, |table, issuer| table + &row(issuer))
}
