//! `probant issuer suspend` and `issuer reinstate`: whether anything new is accepted from an issuer.

use probant_core::{
    IssuerId,
    statement::{Body, IssuerStatement},
    status::IssuerState,
};

use crate::{
    Error,
    cli::{
        dispatch::{Dispatch, Numbering},
        speaker::Operator,
    },
    clock::Clock,
};

pub const SUSPEND_EXAMPLE: &str = "\
Example:
  probant issuer suspend energie.example --operator-key operator.pem

From then on nothing more is accepted from its keys. What was sealed before stands, and answers
about it say that its issuer is suspended. To undo what it said before is what `probant key
compromise` is for.";

pub const REINSTATE_EXAMPLE: &str = "\
Example:
  probant issuer reinstate energie.example --operator-key operator.pem";

/// Which issuer.
#[derive(Debug, clap::Args)]
pub struct Suspension {
    /// The issuer's id
    #[arg(value_name = "ID")]
    id: IssuerId,
    #[command(flatten)]
    operator: Operator,
    #[command(flatten)]
    numbering: Numbering,
    #[command(flatten)]
    dispatch: Dispatch,
}

impl Suspension {
    pub async fn run(&self, state: IssuerState, clock: &dyn Clock) -> Result<u8, Error> {
        let (id, operator) = (self.id.clone(), self.operator.voice()?);
        let mut desk = self.dispatch.open(clock).await?;
        let seq = self.numbering.next(&desk, &format!("issuer:{id}")).await?;
        let statement = desk.sign(&operator, Body::Issuer(IssuerStatement { seq, id, state }));
        let done = |entry| format!("{} is {} in entry {entry}", self.id, state.name());
        desk.conclude(&statement, done).await
    }
}
