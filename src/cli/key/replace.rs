//! `probant key replace`: another key takes the place of one of the ledger's own.

use std::path::PathBuf;

use probant_core::{
    Identity,
    checkpoint::ml_dsa_verifier_key,
    cose_key::{Algorithm, SigningHalf},
    key::Use,
    statement::{Body, HeldKey, KeyAct, KeyStatement},
};

use crate::{
    Error,
    cli::{dispatch::Dispatch, speaker::Authority},
    clock::Clock,
    keyfile,
};

const EXAMPLES: &str = "\
Examples:
  probant key new ledger-keys/seal-2.pem
  probant key replace --use seal --new ledger-keys/seal-2.pem --operator-key operator.pem

  probant key replace --use operator --new operator-2.pem --recovery-key recovery.pem

  probant key new --ml-dsa keys/note-ml-dsa.pem
  probant key replace --use note-ml-dsa --new keys/note-ml-dsa.pem --operator-key operator.pem

The new key is in force from the next block on. A node has to hold a new seal or note key before,
in its directory of keys, as seal*.pem, note*.pem or note-ml-dsa*.pem: one that does not refuses
the statement. The old file may go once this has ended well. A ledger that has no note-ml-dsa key
gets its first one so. Seal and note keys are replaced by the operator, operator and recovery keys
by the recovery key. Proofs and receipts of before stay verifiable, and the ledger's identity stays
the same.";

/// As the operator: put another key in the place of one of the ledger's own
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ReplaceKey {
    /// Which of the ledger's keys
    #[arg(long, value_name = "USE", value_parser = Use::LEDGER_ALL.map(Use::name))]
    r#use: String,
    /// The new private key
    #[arg(long, value_name = "FILE")]
    new: PathBuf,
    #[command(flatten)]
    authority: Authority,
    #[command(flatten)]
    dispatch: Dispatch,
}

impl ReplaceKey {
    pub async fn run(&self, clock: &dyn Clock) -> Result<u8, Error> {
        let r#use = Use::LEDGER_ALL.into_iter().find(|of| of.name() == self.r#use);
        let r#use = r#use.expect("clap has taken it as one of these");
        self.check_authority(r#use)?;
        let (voice, new) = (self.authority.voice()?, self.read_new(r#use)?);
        let mut desk = self.dispatch.open(clock).await?;
        let Identity { origin, ledger } = desk.identity();
        let held = HeldKey::prove(&*new, r#use, origin.as_str(), 1, *ledger);
        let known_by = held.key.as_ml_dsa().map_or_else(String::new, |key| {
            format!("\nfor policies of verifiers:\nlog {}", ml_dsa_verifier_key(origin, key))
        });
        let (name, kid) = (r#use.name(), held.key.kid());
        let act = KeyAct::Replace { r#use, held };
        let statement = desk.sign(&voice, Body::Key(KeyStatement::bringing(act)));
        let done = |entry| {
            format!("{kid} is the {name} key from the next block on, in entry {entry}{known_by}")
        };
        desk.conclude(&statement, done).await
    }

    /// The new key, of the algorithm that its use has.
    fn read_new(&self, r#use: Use) -> Result<Box<dyn SigningHalf>, Error> {
        Ok(match r#use.algorithm() {
            Algorithm::EdDsa => Box::new(keyfile::read_new(&self.new)?),
            Algorithm::MlDsa44 => Box::new(keyfile::ml_dsa::read_only(&self.new)?),
        })
    }

    /// The ledger would refuse it too, in fewer words.
    fn check_authority(&self, r#use: Use) -> Result<(), Error> {
        let by_operator = matches!(r#use, Use::Seal | Use::Note | Use::NoteMlDsa);
        if by_operator == self.authority.operator_key.is_some() {
            return Ok(());
        }
        let option = if by_operator { "--operator-key" } else { "--recovery-key" };
        Err(Error::input(format!("the {} key is replaced by {option}", r#use.name())))
    }
}
