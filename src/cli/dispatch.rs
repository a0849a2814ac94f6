//! How a statement leaves: signed here, then sent and its receipt verified, or written to a file for
//! `probant submit`. One way for all commands that make one.
//!
//! A ledger is reached only when there is something to ask or to send, so a machine without a
//! network signs all the same.

use std::path::{Path, PathBuf};

use probant_core::{Identity, List, Statement, chain::Chain, statement::Body};
use tokio::sync::OnceCell;

use super::{ledger::Ledger, say, speaker::Voice};
use crate::{Error, client::Client, clock::Clock, durable};

/// Where a signed statement goes.
#[derive(Debug, clap::Args)]
pub struct Dispatch {
    /// Write the signed statement here instead of sending it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    ledger: Ledger,
}

/// Which number a statement has among those about the same key or issuer, or among policies.
#[derive(Debug, clap::Args)]
pub struct Numbering {
    /// Sequence number of the statement [default: the next, which the ledger is asked for]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub seq: Option<u64>,
}

/// What became of a statement.
pub enum Dispatched {
    /// It is the entry of this index, and its receipt is verified.
    Entry(u64),
    /// It is in this file.
    File(PathBuf),
}

/// Where statements for one ledger are signed.
pub struct Desk<'a> {
    dispatch: &'a Dispatch,
    identity: Identity,
    issued_at_s: u64,
    patient: bool,
    line: OnceCell<Line>,
    written: usize,
}

/// A ledger that was found to be the one that the user trusts.
struct Line {
    client: Client,
    founding: Chain,
}

impl Dispatch {
    /// Finds out for which ledger statements are signed.
    ///
    /// # Errors
    /// [`Error::Input`] where nothing says which.
    pub async fn open(&self, clock: &dyn Clock) -> Result<Desk<'_>, Error> {
        let (identity, _) = self.ledger.identity().await?;
        let issued_at_s = clock.now_ms() / 1000;
        let line = OnceCell::new();
        Ok(Desk { dispatch: self, identity, issued_at_s, patient: false, line, written: 0 })
    }

    /// Whether statements are written instead of sent.
    pub fn is_written(&self) -> bool {
        self.out.is_some()
    }

    /// Whether there is a ledger to ask.
    pub fn has_ledger(&self) -> bool {
        self.ledger.has_url()
    }
}

impl Numbering {
    /// The number of a statement about a subject: as given, else the ledger's next.
    pub async fn next(&self, desk: &Desk<'_>, subject: &str) -> Result<u64, Error> {
        if let Some(seq) = self.seq {
            return Ok(seq);
        }
        if !desk.dispatch.has_ledger() {
            return Err(Error::input(
                "which sequence number? Give it with --seq, or --ledger to ask for it",
            ));
        }
        let client = desk.client().await?;
        client.next_seq(subject).await?.ok_or_else(|| {
            let (kind, name) = subject.split_once(':').unwrap_or((subject, ""));
            Error::input(format!("the ledger at {} knows no {kind} {name}", client.url()))
        })
    }
}

impl Desk<'_> {
    /// For long runs: a ledger that is out of reach for a while is waited for.
    #[must_use]
    pub fn patient(self) -> Self {
        Self { patient: true, ..self }
    }

    /// The ledger that statements are for.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The ledger itself, to be asked.
    pub async fn client(&self) -> Result<&Client, Error> {
        self.line().await.map(|line| &line.client)
    }

    async fn line(&self) -> Result<&Line, Error> {
        self.line
            .get_or_try_init(|| async {
                let client = self.dispatch.ledger.client()?;
                let client = if self.patient { client.patient() } else { client };
                // Another ledger refuses it, and its numbers are not ours.
                let founding = client.founding_of(&self.identity).await?;
                Ok(Line { client, founding })
            })
            .await
    }

    /// Signs a statement for this ledger.
    pub fn sign(&self, voice: &Voice, body: Body) -> Statement {
        let (ledger, name) = (Some(self.identity.ledger), voice.name(&self.identity));
        Statement::sign(&voice.key, name, ledger, self.issued_at_s, body)
    }

    /// Sends a statement and verifies its receipt, or writes it.
    ///
    /// # Errors
    /// [`Error::Input`] for the ledger's refusal, and for a file that is there already.
    pub async fn dispatch(
        &mut self,
        statement: &Statement,
        list: Option<&List>,
    ) -> Result<Dispatched, Error> {
        if let Some(out) = &self.dispatch.out {
            let path = nth(out, self.written);
            create(&path, &statement.to_submission(list))?;
            self.written += 1;
            return Ok(Dispatched::File(path));
        }
        let Line { client, founding } = self.line().await?;
        let accepted = client.submit_verified(founding, statement, list).await?;
        Ok(Dispatched::Entry(accepted.index))
    }

    /// [`Desk::dispatch`] for a statement that changes the registry, and says what came of it.
    pub async fn conclude(
        &mut self,
        statement: &Statement,
        done: impl FnOnce(u64) -> String,
    ) -> Result<u8, Error> {
        match self.dispatch(statement, None).await? {
            Dispatched::Entry(entry) => say(&done(entry))?,
            Dispatched::File(path) => {
                let path = path.display();
                say(&format!("wrote {path}: send it within 30 days with `probant submit {path}`"))?;
            }
        }
        Ok(0)
    }

    /// Whether so many statements can be written: before the first is.
    pub fn check_room(&self, count: usize) -> Result<(), Error> {
        let Some(out) = &self.dispatch.out else { return Ok(()) };
        (0..count).try_for_each(|at| check_free(&nth(out, at)))
    }
}

/// The files of a run: `FILE`, `FILE.2`, `FILE.3` and so on.
pub fn nth(out: &Path, at: usize) -> PathBuf {
    if at == 0 {
        return out.to_owned();
    }
    let mut name = out.to_owned().into_os_string();
    name.push(format!(".{}", at + 1));
    name.into()
}

/// Whether there is no file of this name yet.
fn check_free(path: &Path) -> Result<(), Error> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    Err(Error::input(format!("{} is there already: choose another name", path.display())))
}

/// Writes a file that must not exist.
pub fn create(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    check_free(path)?;
    let made = durable::create_new_file(path, bytes, 0o644);
    made.map(drop).map_err(|error| Error::input(error.to_string()))
}
