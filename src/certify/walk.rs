//! The documents under some paths. A folder's names are read before its first document is handed
//! out, since proofs are written into it meanwhile; links to folders are not followed, so that no
//! loop is possible; hidden names, proofs and what is no document are passed over, and folders of
//! other runs left to them.

use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
};

use super::{foreign::Foreign, neighbours::Neighbours};
use crate::{
    document::{ANCHOR_EXTENSION, PROOF_EXTENSION},
    planted::FileId,
};

/// A file to certify, or a path that is not looked at, and why.
pub type Found = Result<PathBuf, (PathBuf, Left)>;

/// Why a path is not looked at.
#[derive(Debug)]
pub enum Left {
    /// It cannot be, or must not: in words that say what to do.
    Refused(String),
    /// It is no document; said of the first of each kind.
    PassedOver(Foreign),
}

impl From<String> for Left {
    fn from(why: String) -> Self {
        Self::Refused(why)
    }
}

/// Hands out files in the order of their names, folder after folder.
pub struct Walk {
    named: VecDeque<PathBuf>,
    /// Names still to be handed out, the next one last; one list a folder on the way down.
    folders: Vec<Vec<PathBuf>>,
    /// None for a walk that certifies nothing.
    neighbours: Option<Neighbours>,
    said: Vec<Foreign>,
}

impl Walk {
    /// To certify; `spool` is that of this run, if it has one.
    pub fn new(paths: &[PathBuf], spool: Option<FileId>) -> Self {
        Self { neighbours: Some(Neighbours::new(spool)), ..Self::to_look_up(paths) }
    }

    /// To find what was certified: other runs are not in the way, and what is named is taken,
    /// whatever it is.
    pub fn to_look_up(paths: &[PathBuf]) -> Self {
        let named = paths.iter().cloned().collect();
        Self { named, folders: Vec::new(), neighbours: None, said: Vec::new() }
    }

    fn next_path(&mut self) -> Option<(PathBuf, bool)> {
        while let Some(folder) = self.folders.last_mut() {
            if let Some(path) = folder.pop() {
                return Some((path, false));
            }
            self.folders.pop();
        }
        self.named.pop_front().map(|path| (path, true))
    }

    /// What there is at a path; `None` for what is passed over.
    fn look(&mut self, path: &Path, named: bool) -> Result<Option<PathBuf>, Left> {
        if is_proof(path) || (!named && is_hidden(path)) {
            return Ok(None);
        }
        let told = |error: io::Error| error.to_string();
        // The user's own names are followed wherever they lead.
        let link = !named && fs::symlink_metadata(path).map_err(told)?.is_symlink();
        let metadata = fs::metadata(path).map_err(told)?;
        if let Some(neighbours) = self.neighbours.as_mut().filter(|_| named) {
            neighbours.check_above(path)?;
        }
        if metadata.is_dir() {
            let is_ours = self.neighbours.as_ref().is_some_and(|all| all.is_ours(&metadata));
            if !link && !is_ours {
                self.admit(Foreign::folder(path), named)?;
                self.neighbours.as_ref().map_or(Ok(()), |neighbours| neighbours.check(path))?;
                self.folders.push(names(path).map_err(told)?);
            }
            return Ok(None);
        }
        if !metadata.is_file() {
            return Ok(None);
        }
        self.admit(Foreign::file(path), named)?;
        Ok(Some(path.to_owned()))
    }

    /// Whether something is looked at that may be no document.
    fn admit(&self, found: Option<Foreign>, named: bool) -> Result<(), Left> {
        match found {
            Some(foreign) if !named => Err(Left::PassedOver(foreign)),
            Some(foreign) if self.neighbours.is_some() => {
                Err(Left::Refused(format!("it {}: it is not certified", foreign.is_what())))
            }
            _ => Ok(()),
        }
    }
}

impl Iterator for Walk {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let (path, named) = self.next_path()?;
            match self.look(&path, named) {
                Ok(None) => {}
                Ok(Some(file)) => return Some(Ok(file)),
                Err(Left::PassedOver(foreign)) if self.said.contains(&foreign) => {}
                Err(left) => {
                    if let Left::PassedOver(foreign) = left {
                        self.said.push(foreign);
                    }
                    return Some(Err((path, left)));
                }
            }
        }
    }
}

fn names(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut names = entries.collect::<io::Result<Vec<_>>>()?;
    names.sort_unstable_by(|a, b| b.cmp(a));
    Ok(names)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// A proof, what lies beside it, or what a crash left of writing one.
fn is_proof(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let name = name.strip_suffix(b".new").unwrap_or(name);
    // The second anchor of a proof ends in .2.
    let dot = name.iter().rposition(|byte| !byte.is_ascii_digit());
    let unnumbered = dot.filter(|at| name[*at] == b'.').map_or(name, |at| &name[..at]);
    name.ends_with(format!(".{PROOF_EXTENSION}").as_bytes())
        || unnumbered.ends_with(format!(".{PROOF_EXTENSION}.{ANCHOR_EXTENSION}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_order_without_hidden_ones_proofs_and_loops() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("b/c")).unwrap();
        fs::create_dir(at(".probant")).unwrap();
        for name in [
            "a.pdf",
            "a.pdf.proof",
            "a.pdf.proof.anchor",
            "a.pdf.proof.anchor.2",
            "a.pdf.proof.anchor.2.new",
            "z.pdf.proof.new",
            ".hidden",
            "b/1.pdf",
            "b/c/2",
            ".probant/x",
        ] {
            fs::write(at(name), name).unwrap();
        }
        std::os::unix::fs::symlink(dir.path(), at("b/loop")).unwrap();
        std::os::unix::fs::symlink(at("a.pdf"), at("b/link.pdf")).unwrap();
        std::os::unix::fs::symlink(at("nowhere"), at("broken")).unwrap();
        let found: Vec<_> = Walk::new(&[dir.path().to_owned(), at("missing")], None)
            .map(|found| match found {
                Ok(path) => path.strip_prefix(dir.path()).unwrap().display().to_string(),
                Err((path, _)) => format!("!{}", path.file_name().unwrap().display()),
            })
            .collect();
        assert_eq!(found, ["a.pdf", "b/1.pdf", "b/c/2", "b/link.pdf", "!broken", "!missing"]);
        assert_eq!(Walk::new(&[at(".hidden"), at("a.pdf.proof")], None).count(), 1);
    }

    #[test]
    fn a_ledger_and_private_keys_are_passed_over_and_refused_where_they_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let key = "-----BEGIN PRIVATE KEY-----\nMC4C\n";
        fs::create_dir_all(at("data/segments")).unwrap();
        fs::create_dir(at("keys")).unwrap();
        for (name, content) in [
            ("a.pdf", "begins with -----BEGIN PRIVATE KEY-----"),
            ("b.pem", key),
            ("c.pem", "-----BEGIN RSA PRIVATE KEY-----\r\n"),
            ("d.pem", "-----BEGIN PUBLIC KEY-----\n"),
            ("data/settings.json", "{}"),
            ("keys/head-mark", ""),
            ("keys/seal.pem", key),
        ] {
            fs::write(at(name), content).unwrap();
        }
        let seen = |walk: Walk| {
            walk.map(|found| match found {
                Ok(path) => path.file_name().unwrap().display().to_string(),
                Err((_, Left::PassedOver(foreign))) => format!("({})", foreign.is_what()),
                Err((_, Left::Refused(why))) => why,
            })
            .collect::<Vec<_>>()
        };
        let all = ["a.pdf", "(is a private key)", "d.pem", "(holds a ledger)"];
        assert_eq!(seen(Walk::new(&[dir.path().to_owned()], None)), all);
        let named = [at("b.pem"), at("keys"), at("data")];
        let ledger = "it holds a ledger: it is not certified";
        let refused = ["it is a private key: it is not certified", ledger, ledger];
        assert_eq!(seen(Walk::new(&named, None)), refused);
        // What was certified by mistake can be taken back.
        assert_eq!(seen(Walk::to_look_up(&named[..1])), ["b.pem"]);
    }
}
