//! What `probant revoke` and `probant supersede` have in common: whose documents they are, the run,
//! and how it is seen. The work is that of [`crate::revoke`].

mod display;

use std::{
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use probant_core::{
    Algorithm, IssuerId, List,
    list::LIST_COUNT_MAX,
    statement::{Body, Revoke},
    status::Reason,
};

use super::{
    dispatch::{Desk, Dispatch, Dispatched},
    documents,
    interrupt::{self, INTERRUPTED},
    say,
    speaker::Voice,
};
use crate::{
    Error,
    clock::Clock,
    revoke::{Answers, Falls, Inquiry, Source, Target, Wanted},
};
use display::Display;

/// Who takes documents back, and where that is said.
#[derive(Debug, clap::Args)]
pub struct Withdrawal {
    /// Your id on the ledger
    #[arg(long, value_name = "ID")]
    issuer: IssuerId,
    /// A current private key of yours
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// With --out: ask no ledger; files were certified by this hash, blake3 or sha-256
    #[arg(long, value_name = "HASH", requires = "out")]
    hash: Option<Algorithm>,
    /// Most documents of one statement [default: what the ledger allows]
    #[arg(long, value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(1..=LIST_COUNT_MAX as i64))]
    batch: Option<u32>,
    #[command(flatten)]
    dispatch: Dispatch,
}

/// How far a run has come.
#[derive(Default)]
struct Progress {
    documents: usize,
    entries: Vec<u64>,
    /// What to say of each file that was written.
    written: Vec<String>,
    stopped: bool,
}

impl Withdrawal {
    pub async fn run(
        &self,
        wanted: Vec<Wanted>,
        reason: Reason,
        clock: &dyn Clock,
    ) -> Result<u8, Error> {
        if wanted.is_empty() {
            return Err(Error::input("no document is named: nothing to take back"));
        }
        let voice = Voice::issuer(&self.issuer, &self.key)?;
        let mut desk = self.dispatch.open(clock).await?.patient();
        // What is written is thrown away by whoever interrupts it.
        let stop = if self.dispatch.is_written() { Arc::default() } else { interrupt::flag() };
        let display = Display::new(reason, wanted.len());
        let answers = self.ask(&desk, &wanted, &stop, &display).await?;
        if answers.stopped {
            display.finish();
            eprintln!("probant: interrupted; nothing was changed");
            return Ok(INTERRUPTED);
        }
        display.begin(answers.falls.count());
        let lists = answers.falls.lists(self.list_count_max(&desk, reason).await?)?;
        desk.check_room(lists.len())?;
        let mut progress = Progress::default();
        let mut ended = Ok(());
        for list in &lists {
            progress.stopped = stop.load(Ordering::SeqCst);
            if progress.stopped || ended.is_err() {
                break;
            }
            ended = send(&mut desk, &voice, list, reason, &display, &mut progress).await;
        }
        display.finish();
        Self::conclude(&answers, &progress, reason, ended)
    }

    async fn ask(
        &self,
        desk: &Desk<'_>,
        wanted: &[Wanted],
        stop: &AtomicBool,
        display: &Display,
    ) -> Result<Answers, Error> {
        let source = if self.is_offline() {
            Source::Nobody(self.hash.unwrap_or(Algorithm::Blake3))
        } else {
            Source::Ledger(desk.client().await?.clone())
        };
        let inquiry = Inquiry { source, issuer: self.issuer.clone() };
        let asked = inquiry.ask(wanted, stop, || display.answered()).await;
        let answers = asked.map_err(again)?;
        match answers.refused.as_slice() {
            [] => Ok(answers),
            [why] => Err(Error::input(format!("{why}; nothing was changed"))),
            many => {
                many.iter().take(display::NAMED_MAX).for_each(|why| display.line(why));
                let (count, of) = (many.len(), wanted.len());
                Err(Error::input(format!("{count} of {of} cannot fall; nothing was changed")))
            }
        }
    }

    fn is_offline(&self) -> bool {
        self.dispatch.is_written() && (self.hash.is_some() || !self.dispatch.has_ledger())
    }

    async fn list_count_max(&self, desk: &Desk<'_>, reason: Reason) -> Result<usize, Error> {
        let given = self.batch.map_or(LIST_COUNT_MAX, |batch| batch as usize);
        let allowed = if self.is_offline() {
            LIST_COUNT_MAX
        } else {
            let policy = desk.client().await?.policy().await?;
            usize::try_from(policy.list_count_max).unwrap_or(LIST_COUNT_MAX)
        };
        Ok(Falls::list_count_max(reason, given.min(allowed)))
    }

    /// Says how far it came, also where it came no further.
    fn conclude(
        answers: &Answers,
        progress: &Progress,
        reason: Reason,
        ended: Result<(), Error>,
    ) -> Result<u8, Error> {
        progress.written.iter().try_for_each(|line| say(line))?;
        if progress.written.is_empty() && (ended.is_ok() || !progress.entries.is_empty()) {
            say(&summary(progress, answers.fallen, reason))?;
        }
        ended.map_err(again)?;
        if progress.stopped {
            eprintln!("probant: interrupted; run the same command again to go on");
            return Ok(INTERRUPTED);
        }
        Ok(0)
    }
}

/// One statement. A crash after the ledger has taken it loses nothing: the next run is told.
async fn send(
    desk: &mut Desk<'_>,
    voice: &Voice,
    list: &List,
    reason: Reason,
    display: &Display,
    progress: &mut Progress,
) -> Result<(), Error> {
    let statement = desk.sign(voice, Body::Revoke(Revoke::new(list, reason)?));
    let count = list.count();
    match desk.dispatch(&statement, Some(list)).await? {
        Dispatched::Entry(entry) => {
            progress.entries.push(entry);
            display.sent(entry, count);
        }
        Dispatched::File(path) => {
            let path = path.display();
            let what_then = format!("send it with `probant submit {path}`, which is for good");
            progress.written.push(format!("wrote {path}: {}; {what_then}", documents(count)));
        }
    }
    progress.documents += count;
    Ok(())
}

/// What to do after an error that another run may not meet.
fn again(error: Error) -> Error {
    const GO_ON: &str = "run the same command again to go on";
    match error {
        Error::Busy { what, retry_after_s } => {
            Error::Busy { what: format!("{what}; {GO_ON}"), retry_after_s }
        }
        // It fell after the ledger was asked.
        Error::Refused { code, why } if code == "fallen" => {
            Error::Refused { code, why: format!("{why}; {GO_ON}") }
        }
        other => other,
    }
}

fn summary(progress: &Progress, fallen: usize, reason: Reason) -> String {
    let (count, done) = (documents(progress.documents), display::done(reason));
    let before = if fallen > 0 { format!("; {fallen} had fallen already") } else { String::new() };
    let entries = match progress.entries.as_slice() {
        [] => return format!("{count} {done}{before}"),
        [entry] => format!("entry {entry}"),
        [first, .., last] => {
            format!("{} entries, from {first} to {last}", progress.entries.len())
        }
    };
    format!("{count} {done} in {entries}, for good{before}")
}

/// Fingerprints from a file, or from standard input.
pub fn read<const N: usize>(from: &Path) -> Result<Vec<[Target; N]>, Error> {
    if from == Path::new("-") {
        return Target::read_lines("standard input", io::stdin().lock());
    }
    let file = File::open(from).map_err(Error::file(from))?;
    Target::read_lines(&from.display().to_string(), BufReader::new(file))
}
