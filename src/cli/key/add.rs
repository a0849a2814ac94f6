//! `probant key add`: one more key for an issuer, by one that it has, or by the operator.

use std::path::PathBuf;

use probant_core::{
    Identity, IssuerId,
    key::Use,
    statement::{Body, HeldKey, KeyAct, KeyStatement},
};

use crate::{
    Error,
    cli::{dispatch::Dispatch, issuer::EnrollmentRequest, speaker::Voice},
    clock::Clock,
};

const EXAMPLES: &str = "\
Examples:
  probant key add --issuer energie.example --new next.pem --key energie.pem
  probant key add --issuer energie.example --request next.request --operator-key operator.pem

The second is the operator's, for an issuer that has lost its key: `probant issuer request` makes
the request, with the new key. `probant key rotate` does the first, and says what comes after it.";

/// Give an issuer one more key, by a current key of its own or as the operator
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct AddKey {
    /// The issuer's id
    #[arg(long, value_name = "ID")]
    issuer: IssuerId,
    /// The new private key
    #[arg(long, value_name = "FILE", required_unless_present = "request")]
    new: Option<PathBuf>,
    /// A request made with the new key, which stays where it is
    #[arg(long, value_name = "FILE", conflicts_with = "new")]
    request: Option<PathBuf>,
    /// A current private key of the issuer
    #[arg(long, value_name = "FILE", required_unless_present = "operator_key")]
    key: Option<PathBuf>,
    /// As the operator: its private key
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    operator_key: Option<PathBuf>,
    #[command(flatten)]
    dispatch: Dispatch,
}

impl AddKey {
    pub async fn run(&self, clock: &dyn Clock) -> Result<u8, Error> {
        let voice = match (&self.key, &self.operator_key) {
            (Some(key), _) => Voice::issuer(&self.issuer, key)?,
            (None, Some(key)) => Voice::ledger(key)?,
            (None, None) => return Err(Error::input("give --key or --operator-key")),
        };
        let mut desk = self.dispatch.open(clock).await?;
        let (request, new) = (self.request.as_deref(), self.new.as_deref());
        let held = EnrollmentRequest::obtain(request, new, (&self.issuer, 1), desk.identity())?;
        let kid = held.key.kid();
        let body = added(&self.issuer, held, desk.identity())?;
        let statement = desk.sign(&voice, body);
        let done = |entry| format!("{} has one more key, {kid}, in entry {entry}", self.issuer);
        desk.conclude(&statement, done).await
    }
}

/// The first statement about a key, whose possession is checked before anything is signed.
pub fn added(id: &IssuerId, held: HeldKey, identity: &Identity) -> Result<Body, Error> {
    held.check(Use::Issuer, id.as_str(), 1, identity.ledger)?;
    let act = KeyAct::Add { issuer: id.clone(), held };
    Ok(Body::Key(KeyStatement::bringing(act)))
}
