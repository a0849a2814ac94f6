//! The command line: one file a command, each of which parses its words, calls the library, and
//! says what came of it. Results go to standard output; progress and warnings to standard error.

mod anchor;
mod audit;
mod bench;
mod beside;
mod certify;
mod database;
mod directories;
mod dispatch;
mod domain;
mod export;
mod fingerprint;
mod identity;
mod init;
mod interrupt;
mod issuer;
mod key;
mod ledger;
mod mark;
mod migrate;
mod monitor;
mod policy;
mod progress;
mod proof;
mod reindex;
mod revoke;
mod serve;
mod speaker;
mod standing;
mod submit;
mod supersede;
mod verify;
mod withdrawal;
mod witness;

use std::{
    fmt,
    fs::File,
    io::{self, Read as _, Write as _},
    path::Path,
};

use clap::{Parser, Subcommand};
use probant_core::{
    Rejected,
    trust_policy::{POLICY_BYTES_MAX, TrustPolicy},
};

use crate::{Error, clock::SystemClock, plain::plain};

const ABOUT: &str = "\
Probant certifies documents: an issuer signs their fingerprints, a ledger seals them, and anybody \
who is handed a document can check by whom it was certified, and when, without trusting the ledger.";

const EXAMPLES: &str = "\
Check a document with the proof beside it, offline:
  probant verify bill.pdf --proof bill.pdf.proof --identity ledger.example+5e0c…

Check one that came without a proof; the answer is proven, not believed:
  probant verify bill.pdf --ledger https://ledger.example

Bring proofs up to date, and see whether what they certify still stands:
  probant proof refresh bills/*.proof --ledger https://ledger.example

Certify a folder, as an enrolled issuer; run it again to go on after an interruption:
  export PROBANT_LEDGER=https://ledger.example PROBANT_IDENTITY=ledger.example+5e0c…
  probant certify bills/ --issuer energie.example --key energie.pem

Take a bill back, or put a corrected one in its place:
  probant revoke bill.pdf --reason issued-in-error --issuer energie.example --key energie.pem
  probant supersede bill.pdf corrected.pdf --issuer energie.example --key energie.pem

Become an issuer: make a key, and send the request to the ledger's operator:
  probant key new energie.pem
  probant issuer request --id energie.example --key energie.pem --out energie.request

Environment:
  PROBANT_LEDGER    URL of the ledger, where --ledger is not given
  PROBANT_IDENTITY  its identity, or a file that holds it, where --identity is not given

Exit codes: 0 yes, 1 no (unknown, rejected), 2 mend the input, 3 try again (out of reach, busy),
4 stop: a lie or damage, somebody must look.";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "probant", version, about = ABOUT, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    // Verifiers
    Verify(verify::Verify),
    Proof(proof::Proof),
    Fingerprint(fingerprint::Fingerprints),
    Identity(identity::Identity),
    // Issuers
    Certify(certify::Certify),
    Revoke(revoke::Revoke),
    Supersede(supersede::Supersede),
    Key(key::Key),
    Issuer(issuer::Issuer),
    Submit(submit::Submit),
    // Auditors
    Anchor(anchor::Anchor),
    Audit(audit::Audit),
    Monitor(monitor::MonitorCommand),
    Witness(witness::WitnessCommand),
    // Operators
    Init(init::Init),
    Serve(serve::Serve),
    Mark(mark::MarkCommand),
    Reindex(reindex::Reindex),
    Migrate(migrate::Migrate),
    Export(export::Export),
    Policy(policy::PolicyCommand),
    Bench(bench::Bench),
}

/// How log lines are written.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, clap::ValueEnum)]
pub enum LogFormat {
    // For people.
    #[default]
    Text,
    // An object a line. Doc comments would make the help of all options long.
    Json,
}

impl Cli {
    /// How this command writes its log.
    pub fn log_format(&self) -> LogFormat {
        match &self.command {
            Command::Serve(serve) => serve.log_format,
            Command::Witness(witness) => witness.log_format(),
            _ => LogFormat::Text,
        }
    }
}

/// Runs a command, and gives the exit code of one that ended as it should.
///
/// # Errors
/// What the user is told in one line, with [`Error::exit_code`].
pub async fn run(cli: Cli) -> Result<u8, Error> {
    let clock = SystemClock::shared();
    match cli.command {
        Command::Verify(verify) => verify.run(&*clock).await,
        Command::Certify(certify) => certify.run(&clock).await,
        Command::Revoke(revoke) => revoke.run(&clock).await,
        Command::Supersede(supersede) => supersede.run(&clock).await,
        Command::Fingerprint(fingerprints) => fingerprints.run(),
        Command::Proof(proof) => proof.run(&*clock).await,
        Command::Identity(identity) => identity.run().await,
        Command::Key(key) => key.run(&*clock).await,
        Command::Issuer(issuer) => issuer.run(&*clock).await,
        Command::Submit(submit) => submit.run().await,
        Command::Anchor(anchor) => anchor.run(&clock).await,
        Command::Audit(audit) => audit.run(&clock).await,
        Command::Monitor(monitor) => monitor.run(&clock).await,
        Command::Witness(witness) => witness.run(&clock).await,
        Command::Init(init) => init.run(&*clock),
        Command::Serve(serve) => serve.run(&clock).await,
        Command::Mark(mark) => mark.run(),
        Command::Reindex(reindex) => reindex.run(),
        Command::Migrate(migrate) => migrate.run(&clock).await,
        Command::Export(export) => export.run(&clock).await,
        Command::Policy(policy) => policy.run(&*clock).await,
        Command::Bench(bench) => bench.run(&clock).await,
    }
}

/// Says a result. A reader that has seen enough (`| head`) is no failure.
fn say(text: &str) -> Result<(), Error> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::input(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// JSON as people read it.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).expect("these values have string keys")
}

/// Reads a file that the user named, or a pipe, of at most `limit` bytes; of a longer one, one byte
/// more, so that it is refused as such.
fn read(path: &Path, limit: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(Error::file(path))?;
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(Error::file(path))?;
    Ok(bytes)
}

/// Reads a trust policy that the user named.
fn trust_policy(path: &Path) -> Result<TrustPolicy, Error> {
    let named = |rejected: Rejected| Error::input(format!("{}: {rejected}", path.display()));
    TrustPolicy::parse(&read(path, POLICY_BYTES_MAX)?).map_err(named)
}

/// `1 document`, `2 documents`.
fn documents<N: fmt::Display + PartialEq + From<u8> + Copy>(count: N) -> String {
    let end = if count == N::from(1) { "" } else { "s" };
    format!("{count} document{end}")
}
