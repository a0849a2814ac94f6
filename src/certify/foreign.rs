//! What lies among documents and is none: the folders of a ledger, and private keys. Whoever
//! certifies the folder in which he works does not mean them.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

/// Longest first line that is looked for.
const LABEL_BYTES_MAX: u64 = 64;

/// What it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Foreign {
    /// A data directory, or a key directory with its head mark.
    Ledger,
    /// A private key in PEM.
    Key,
}

impl Foreign {
    /// What a folder is, if it is none of documents.
    pub fn folder(path: &Path) -> Option<Self> {
        let has = |name: &str| path.join(name).is_file();
        let is_data = path.join("segments").is_dir() && (has("settings.json") || has("lock"));
        (is_data || has("head-mark")).then_some(Self::Ledger)
    }

    /// What a file is, if it is no document. One that cannot be read is for others to report.
    pub fn file(path: &Path) -> Option<Self> {
        is_private_key(path).unwrap_or(false).then_some(Self::Key)
    }

    /// In words, after its name.
    pub fn is_what(self) -> &'static str {
        match self {
            Self::Ledger => "holds a ledger",
            Self::Key => "is a private key",
        }
    }
}

fn is_private_key(path: &Path) -> io::Result<bool> {
    let mut label = Vec::new();
    File::open(path)?.take(LABEL_BYTES_MAX).read_to_end(&mut label)?;
    let line = label.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    Ok(line.starts_with(b"-----BEGIN ") && line.ends_with(b"PRIVATE KEY-----"))
}
