//! The entries that change the registry, in a file of the auditor: from them it is folded again.
//!
//! ```text
//! registry   records (docs/format.md 7.4): index of the entry, height and time_ms of its block as
//!            u64 LE, the entry
//! ```

use std::{
    fs::File,
    io::{BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use probant_core::{
    Statement,
    block::Block,
    framing::{self, CRC_BYTES, LENGTH_BYTES, frame},
    registry::Registry,
    statement::ENTRY_BYTES_MAX,
};

use crate::Error;

/// Bytes before the entry.
const FIXED_BYTES: usize = 3 * 8;

/// The file, open for what the next blocks add.
pub(super) struct Changes {
    path: PathBuf,
    writer: BufWriter<File>,
    bytes: u64,
}

impl Changes {
    /// Opens the file of a directory, cut to so many bytes.
    ///
    /// # Errors
    /// `Input` where it cannot be opened.
    pub fn open(dir: &Path, bytes: u64) -> Result<Self, Error> {
        let path = dir.join("registry");
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = file.map_err(Error::file(&path))?;
        file.set_len(bytes).map_err(Error::file(&path))?;
        file.seek(SeekFrom::Start(bytes)).map_err(Error::file(&path))?;
        Ok(Self { path, writer: BufWriter::new(file), bytes })
    }

    /// Takes what a block adds, whose first entry has this index.
    ///
    /// # Errors
    /// Where the auditor's disk does not take it.
    pub fn add(&mut self, block: &Block, first: u64) -> Result<(), Error> {
        let header = block.header();
        for (index, statement) in (first..).zip(&block.entries) {
            if !Registry::is_changed_by(statement) {
                continue;
            }
            let mut record = Vec::with_capacity(FIXED_BYTES + statement.entry().len());
            for number in [index, header.height, header.time_ms] {
                record.extend_from_slice(&number.to_le_bytes());
            }
            record.extend_from_slice(statement.entry());
            let record = frame(&record).map_err(|why| Error::Stop(why.to_string()))?;
            self.writer.write_all(&record).map_err(Error::file(&self.path))?;
            self.bytes += record.len() as u64;
        }
        Ok(())
    }

    /// Makes it durable, and gives its length.
    ///
    /// # Errors
    /// `Input` where it cannot be.
    pub fn sync(&mut self) -> Result<u64, Error> {
        self.writer.flush().map_err(Error::file(&self.path))?;
        self.writer.get_ref().sync_data().map_err(Error::file(&self.path))?;
        Ok(self.bytes)
    }
}

/// The registry that the first so many bytes of the file make.
///
/// # Errors
/// `Stop` for anything but the entries of one ledger, in order.
pub(super) fn registry(dir: &Path, bytes: u64) -> Result<Registry, Error> {
    let path = dir.join("registry");
    let damaged = |why: &dyn ToString| {
        let (path, why) = (path.display(), why.to_string());
        Error::Stop(format!("{path} is damaged: {why}; audit from block 0, without --resume"))
    };
    let file = File::open(&path).map_err(Error::file(&path))?;
    let (mut reader, mut left) = (BufReader::new(file), bytes);
    let mut folded: Option<(Registry, u64, u64)> = None;
    while left > 0 {
        let mut length = [0; LENGTH_BYTES];
        reader.read_exact(&mut length).map_err(|why| damaged(&why))?;
        let len = framing::block_bytes(length).map_err(|why| damaged(&why))?;
        if !(FIXED_BYTES..=FIXED_BYTES + ENTRY_BYTES_MAX).contains(&len) {
            return Err(damaged(&"a record of another length than an entry has"));
        }
        let mut rest = vec![0; len + CRC_BYTES];
        reader.read_exact(&mut rest).map_err(|why| damaged(&why))?;
        let record = framing::parse(length, rest).map_err(|why| damaged(&why))?;
        left = left.saturating_sub(framing::record_bytes(len) as u64);
        let number =
            |at: usize| u64::from_le_bytes(record[8 * at..][..8].try_into().expect("eight bytes"));
        let (index, height, time_ms) = (number(0), number(1), number(2));
        let statement = Statement::decode(&record[FIXED_BYTES..]).map_err(|why| damaged(&why))?;
        folded = Some(if let Some((mut registry, before, before_ms)) = folded {
            if before != height {
                registry.end_block(before_ms);
            }
            registry.admit(&statement, time_ms).map_err(|why| damaged(&why))?;
            registry.apply(&statement, index, time_ms);
            (registry, height, time_ms)
        } else {
            let registry = Registry::found(&statement, time_ms).map_err(|why| damaged(&why))?;
            (registry, height, time_ms)
        });
    }
    let (mut registry, _, time_ms) = folded.ok_or_else(|| damaged(&"no genesis"))?;
    registry.end_block(time_ms);
    Ok(registry)
}
