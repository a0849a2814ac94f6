//! `probant witness`: follow ledgers, replay them, and cosign their heads; and the keys for that.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::pin,
    time::Duration,
};

use clap::Args;
use probant_core::{cosignature::Cosigner, key::SigningKey, verifier_key::Material};

use super::{
    LogFormat, say,
    serve::{address, asked_to_stop, bind, one_or_more},
};
use crate::{
    Error,
    clock::SharedClock,
    http::{Limits, Tls},
    keyfile::{self, ml_dsa},
    witness::{Ledger, Server, Times, Witness},
};

const EXAMPLES: &str = "\
Examples:
  probant witness key w.pem --name witness.example
  probant witness key w-mldsa.pem --ml-dsa --name witness.example
  probant witness --state witness-state --name witness.example --key w.pem --key w-mldsa.pem \\
    --ledger https://ledger.example=ledger.example+5e0c…

The first two make keys, and print what ledgers and verifiers write into their policies. The third
answers at /add-checkpoint, by c2sp.org/tlog-witness; a ledger asks it that has it in its
--witness-policy. It replays every block of each ledger, from block 0, and cosigns only heads that
it has computed itself. What breaks the rules, forks, goes back or says false times is not cosigned;
the log, /readyz and /metrics say so, and the evidence is below --state, as that of an audit.

A ledger that has signed two histories is never cosigned again, until the file `stopped` in its
directory below --state is removed, and the witness started again.

It stops on Ctrl-C or SIGTERM. Killed at any moment, it cosigns no other root than before at any
size, and no smaller one; but only as long as --state is kept: never restore it from an old copy.";

const KEY_EXAMPLES: &str = "\
Examples:
  probant witness key w.pem --name witness.example
  probant witness key w-mldsa.pem --ml-dsa --name witness.example

Makes the key, if its file is not there, and prints its verifier key: the word after the witness's
name in a policy. The name is a URL without its scheme, as witness.example/w1; a key is for one
witness, and for nothing else.";

/// Follow ledgers, replay them, and cosign their heads for whoever demands witnesses
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct WitnessCommand {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Option<Serve>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Key(WitnessKey),
}

/// Make a key to cosign with, if it is not there, and print its verifier key
#[derive(Args, Debug)]
#[command(after_help = KEY_EXAMPLES)]
struct WitnessKey {
    /// The private key
    file: PathBuf,
    /// The witness's name in signature lines
    #[arg(long)]
    name: String,
    /// ML-DSA-44, which quantum computers do not break; else Ed25519
    #[arg(long)]
    ml_dsa: bool,
}

#[derive(Args, Debug)]
struct Serve {
    /// Where it keeps what it has seen and cosigned, a directory below it for each ledger
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Its name in signature lines
    #[arg(long)]
    name: String,
    /// A private key to cosign with, Ed25519 or ML-DSA-44; may be repeated: all of them sign
    #[arg(long, value_name = "FILE", required = true)]
    key: Vec<PathBuf>,
    /// A ledger to follow, and its identity; may be repeated
    #[arg(long, value_name = "URL=IDENTITY", required_unless_present = "ledgers")]
    ledger: Vec<Ledger>,
    /// More of them: a file with a line of URL and identity for each
    #[arg(long, value_name = "FILE")]
    ledgers: Option<PathBuf>,
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081", value_parser = address)]
    listen: SocketAddr,
    /// Between two looks at a ledger, where no checkpoint of it comes
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = one_or_more::<u64>)]
    every_s: u64,
    /// A new block may say a time so long before the last look, or after this one
    #[arg(long, value_name = "S", default_value_t = 300)]
    time_tolerance_s: u64,
    /// Certificates, its own first, as PEM: serves HTTPS. Read again when it changes, and on SIGHUP
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key, as PEM, readable by its owner alone
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Proxies in front that write down whom they were asked by (X-Forwarded-For)
    #[arg(long, value_name = "HOPS", default_value_t = Limits::default().proxies)]
    behind_proxy: usize,
    /// Connections at once; more wait a moment, and are told to come back
    #[arg(long, value_name = "COUNT", value_parser = one_or_more::<usize>, default_value_t = 256)]
    connections: usize,
    /// Requests a second of one address, 10 s of them at once; 0 for any number
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    read_rate: u32,
    /// How log lines are written; the variable `PROBANT_LOG` chooses which
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    log_format: LogFormat,
}

impl WitnessCommand {
    /// How its log is written.
    pub fn log_format(&self) -> LogFormat {
        self.serve.as_ref().map_or(LogFormat::Text, |serve| serve.log_format)
    }

    pub async fn run(self, clock: &SharedClock) -> Result<u8, Error> {
        match (self.command, self.serve) {
            (Some(Command::Key(key)), _) => key.run(),
            (None, Some(serve)) => serve.run(clock).await,
            (None, None) => Err(Error::input("which ledgers? `probant witness --help` says how")),
        }
    }
}

impl WitnessKey {
    fn run(&self) -> Result<u8, Error> {
        let is_there = self.file.symlink_metadata().is_ok();
        if !is_there {
            // Before a key is made that nobody could use.
            Cosigner::ed25519(&self.name, SigningKey::from_seed(&[0; 32]))?;
            if self.ml_dsa {
                ml_dsa::create(&self.file)?;
            } else {
                keyfile::create(&self.file)?;
            }
            let file = self.file.display();
            eprintln!("probant: made {file}: only you can read it; keep a copy offline");
        }
        let cosigner = cosigner(&self.name, &self.file)?;
        let is_ml_dsa = matches!(cosigner.verifier_key().material(), Material::MlDsaCosignature(_));
        if is_ml_dsa != self.ml_dsa {
            let (file, kind) =
                (self.file.display(), if is_ml_dsa { "ML-DSA-44" } else { "Ed25519" });
            return Err(Error::input(format!("{file} is there already, and holds an {kind} key")));
        }
        say(&cosigner.verifier_key().to_string())?;
        Ok(0)
    }
}

/// A key of either kind.
fn cosigner(name: &str, file: &Path) -> Result<Cosigner, Error> {
    Ok(match ml_dsa::read(file)? {
        Some(key) => Cosigner::ml_dsa(name, key)?,
        None => Cosigner::ed25519(name, keyfile::read(file)?)?,
    })
}

impl Serve {
    async fn run(self, clock: &SharedClock) -> Result<u8, Error> {
        // First of all, so that a signal never meets a process that does not know what to do.
        let stop = pin!(asked_to_stop()?);
        let cosigners = self.key.iter().map(|file| cosigner(&self.name, file));
        let cosigners = cosigners.collect::<Result<Vec<_>, _>>()?;
        let ledgers = self.followed()?;
        let tls = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                let tls = Tls::load(certificate, key)?;
                tokio::spawn(tls.follow()?);
                Some(tls)
            }
            _ => None,
        };
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (socket, address) = bind(self.listen, "--listen")?;
        let times = Times {
            every: Duration::from_secs(self.every_s),
            tolerance: Duration::from_secs(self.time_tolerance_s),
        };
        let keys: Vec<_> = cosigners.iter().map(|of| of.verifier_key().to_string()).collect();
        let witness = Witness::start(ledgers, cosigners, &self.state, times, clock)?;
        say(&format!("{} witnesses on {scheme}://{address}", self.name))?;
        for key in keys {
            tracing::info!("it cosigns as {key}");
        }
        Server { socket, tls, limits: self.limits() }.until(witness, stop).await;
        Ok(0)
    }

    fn followed(&self) -> Result<Vec<Ledger>, Error> {
        let named = self.ledgers.as_deref().map(Ledger::read).transpose()?.unwrap_or_default();
        let ledgers: Vec<_> = self.ledger.iter().cloned().chain(named).collect();
        if ledgers.is_empty() {
            return Err(Error::input("--ledgers names no ledger"));
        }
        Ok(ledgers)
    }

    /// Checkpoints are short, and few ask.
    fn limits(&self) -> Limits {
        Limits {
            connections: self.connections,
            head: Duration::from_secs(30),
            buffered_bytes: 16 << 20,
            proxies: self.behind_proxy,
            read_rate: self.read_rate,
            ..Limits::default()
        }
    }
}
