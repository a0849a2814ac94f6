//! What was cosigned of one ledger last, and whether anything ever will be again. Both are durable before
//! anybody is told.
//!
//! ```text
//! <state>/<ledger id>/
//!   cosigned   the newest checkpoint that was cosigned, with the cosignatures, after its checksum
//!   looked     when the newest look began that came to its end: milliseconds since 1970
//!   stopped    why nothing is cosigned any more; to be removed by whoever has looked into it
//!   cosigning  held by the one witness that cosigns from here; empty
//! ```
//! The lock of the audit beside it is held while an audit is open; this one as long as the witness lives.
//!
//! A crash before `cosigned` is replaced leaves the older one: no cosignature has left. A crash after it
//! leaves one that was not sent: the ledger asks again, and is told the size.

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use probant_core::{Identity, checkpoint::Checkpoint};

use crate::{Error, audit::Evidence, checksum, durable, lock};

const COSIGNED: &str = "cosigned";
const LOOKED: &str = "looked";
const STOPPED: &str = "stopped";
const LOCK: &str = "cosigning";
const FILE_MODE: u32 = 0o644;

/// A checkpoint that was cosigned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Newest {
    pub checkpoint: Checkpoint,
    /// With the signature of the ledger, and the cosignatures.
    pub note: String,
}

impl Newest {
    /// The cosignatures, which follow the line of the ledger.
    pub fn lines(&self) -> &str {
        let lines = self.note.split_once("\n\n").map_or("", |(_, lines)| lines);
        lines.split_once('\n').map_or("", |(_, lines)| lines)
    }
}

/// The state of one ledger that this module answers for.
pub struct Cosigned {
    dir: PathBuf,
    _lock: File,
    newest: Option<Newest>,
    stopped: Option<String>,
    /// The lines under the newest and their time, where they are of this process.
    pub lines: Option<(String, u64)>,
}

impl Cosigned {
    /// Reads what was kept of a ledger, making the place for it where there is none. Until it is
    /// dropped, nobody else does.
    ///
    /// # Errors
    /// `Busy` while another witness has it, `Input` where it cannot be made or read, `Stop` for damage.
    pub fn open(state: &Path, identity: &Identity) -> Result<Self, Error> {
        let dir = state.join(identity.ledger.to_string());
        fs::create_dir_all(&dir).map_err(Error::file(&dir))?;
        // Before anything is read: another one may be about to replace it.
        let lock = lock(&dir)?;
        let newest = kept(state, identity)?;
        let stopped = match fs::read_to_string(dir.join(STOPPED)) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            // Whatever is there, somebody has to look.
            read => Some(read.unwrap_or_default().trim_end().to_owned()),
        };
        Ok(Self { dir, _lock: lock, newest, stopped, lines: None })
    }

    /// What was cosigned last.
    pub fn newest(&self) -> Option<&Newest> {
        self.newest.as_ref()
    }

    /// Entries in the tree that was cosigned last; 0 where none was.
    pub fn size(&self) -> u64 {
        self.newest.as_ref().map_or(0, |newest| newest.checkpoint.size)
    }

    /// Makes durable what is going to be cosigned next. Until it returns no cosignature may leave.
    ///
    /// # Errors
    /// `Stop` where it cannot be: whether it is on disk is unknown.
    pub fn replace(&mut self, newest: Newest) -> Result<(), Error> {
        let bytes = checksum::line(&newest.note);
        durable::replace_file(&self.dir.join(COSIGNED), &bytes, FILE_MODE)?;
        self.newest = Some(newest);
        Ok(())
    }

    /// Why nothing is cosigned any more.
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.as_deref()
    }

    /// From now on nothing is, also after a restart.
    ///
    /// # Errors
    /// `Stop` where that cannot be made durable; in this process it holds all the same.
    pub fn stop(&mut self, why: &str) -> Result<(), Error> {
        self.stopped = Some(why.to_owned());
        let text = format!("{why}\n");
        Ok(durable::replace_file(&self.dir.join(STOPPED), text.as_bytes(), FILE_MODE)?)
    }

    /// Where what was caught is saved.
    pub fn evidence(&self) -> Evidence {
        Evidence::in_dir(Some(self.dir.join("evidence")))
    }
}

/// The checkpoint that was cosigned last, as it is on disk.
///
/// # Errors
/// `Input` where it cannot be read, `Stop` for damage.
pub fn kept(state: &Path, identity: &Identity) -> Result<Option<Newest>, Error> {
    let path = state.join(identity.ledger.to_string()).join(COSIGNED);
    let Some(note) = read(&path)? else { return Ok(None) };
    let checkpoint = Checkpoint::unverified(&note).map_err(|why| damaged(&path, &why))?;
    if checkpoint.origin != identity.origin {
        return Err(damaged(&path, &"it is of another ledger"));
    }
    Ok(Some(Newest { checkpoint, note }))
}

/// When the newest look began that came to its end, in milliseconds since 1970.
///
/// # Errors
/// `Stop` for damage.
pub fn looked_ms(state: &Path, identity: &Identity) -> Result<Option<u64>, Error> {
    let path = state.join(identity.ledger.to_string()).join(LOOKED);
    let text = read(&path)?;
    let number = text.map(|text| text.parse().map_err(|_| damaged(&path, &"it is no number")));
    number.transpose()
}

/// Keeps that.
///
/// # Errors
/// `Stop` where it cannot be.
pub fn set_looked_ms(state: &Path, identity: &Identity, ms: u64) -> Result<(), Error> {
    let path = state.join(identity.ledger.to_string()).join(LOOKED);
    Ok(durable::replace_file(&path, &checksum::line(&ms.to_string()), FILE_MODE)?)
}

/// Two that cosign from one place would not see what the other has cosigned.
fn lock(dir: &Path) -> Result<File, Error> {
    let path = dir.join(LOCK);
    let lock = File::create(&path).map_err(Error::file(&path))?;
    lock::hold(lock, &path, || {
        Error::busy(format!(
            "{} is held by another witness that runs: end that one first; a second one needs keys and a \
             --state of its own",
            path.display()
        ))
    })
}

fn read(path: &Path) -> Result<Option<String>, Error> {
    match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::file(path)(error)),
        Ok(bytes) => match checksum::read(&bytes) {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(damaged(path, &checksum::WRONG)),
        },
    }
}

fn damaged(path: &Path, why: &dyn std::fmt::Display) -> Error {
    Error::Stop(format!(
        "{} is damaged: {why}; nothing is cosigned: look at the disk, and restore the file, for a \
         witness that forgets what it cosigned may cosign another history",
        path.display()
    ))
}
