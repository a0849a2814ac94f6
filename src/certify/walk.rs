//! The documents under some paths. A folder's names are read before its first document is handed
//! out, since proofs are written into it meanwhile; links to folders are not followed, so that no
//! loop is possible; hidden names and proofs are passed over, and folders of other runs left to them.

use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
};

use super::neighbours::Neighbours;
use crate::{document::PROOF_EXTENSION, planted::FileId};

/// A file to certify, or a path that is not looked at, and why.
pub type Found = Result<PathBuf, (PathBuf, String)>;

/// Hands out files in the order of their names, folder after folder.
pub struct Walk {
    named: VecDeque<PathBuf>,
    /// Names still to be handed out, the next one last; one list a folder on the way down.
    folders: Vec<Vec<PathBuf>>,
    neighbours: Neighbours,
}

impl Walk {
    /// `spool` is that of this run, if it has one.
    pub fn new(paths: &[PathBuf], spool: Option<FileId>) -> Self {
        let named = paths.iter().cloned().collect();
        Self { named, folders: Vec::new(), neighbours: Neighbours::new(spool) }
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
    fn look(&mut self, path: &Path, named: bool) -> Result<Option<PathBuf>, String> {
        if is_proof(path) || (!named && is_hidden(path)) {
            return Ok(None);
        }
        let told = |error: io::Error| error.to_string();
        // The user's own names are followed wherever they lead.
        let link = !named && fs::symlink_metadata(path).map_err(told)?.is_symlink();
        let metadata = fs::metadata(path).map_err(told)?;
        if named {
            self.neighbours.check_above(path)?;
        }
        if metadata.is_dir() {
            if !link && !self.neighbours.is_ours(&metadata) {
                self.neighbours.check(path)?;
                self.folders.push(names(path).map_err(told)?);
            }
            return Ok(None);
        }
        Ok(metadata.is_file().then(|| path.to_owned()))
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
                Err(why) => return Some(Err((path, why))),
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

/// A proof, or what a crash left of writing one.
fn is_proof(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let ends = |suffix: &str| name.ends_with(suffix.as_bytes());
    ends(&format!(".{PROOF_EXTENSION}")) || ends(&format!(".{PROOF_EXTENSION}.new"))
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
        for name in
            ["a.pdf", "a.pdf.proof", "z.pdf.proof.new", ".hidden", "b/1.pdf", "b/c/2", ".probant/x"]
        {
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
}
