//! Where the blocks come from, and the thread that reads ahead of the replay.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use super::{directory::Directory, exported::Exported, remote::Remote};
use crate::{Error, place};

/// Bytes of blocks replayed in one go. Four times as much is in memory at once, decoded or not.
/// Tests make many chunks of a small ledger.
const CHUNK_BYTES: usize = if cfg!(test) { 2 << 10 } else { 16 << 20 };
/// Blocks replayed in one go, so that a ledger of heartbeats reports its progress too.
const CHUNK_BLOCKS: usize = 20_000;
/// Chunks read before the replay asks for them, besides the one being read.
const CHUNKS_AHEAD: usize = 1;

/// A source of all blocks of a ledger, from block 0 in order. It answers for having read what was
/// written, by length and checksum; never for what it means.
pub trait Blocks: Send {
    /// What an auditor calls it.
    fn name(&self) -> String;

    /// How many bytes there are, where that is known beforehand.
    fn bytes_total(&self) -> Option<u64>;

    /// The next block; none after the last.
    ///
    /// # Errors
    /// `Busy` where another try may do, `Stop` for damage.
    fn next(&mut self) -> Result<Option<Vec<u8>>, Error>;

    /// Passes over the next blocks, so many of them or as many as there are: an earlier audit read
    /// them. Here they are read all the same; a source that need not does otherwise.
    ///
    /// # Errors
    /// Those of [`Blocks::next`].
    fn skip(&mut self, count: u64) -> Result<(), Error> {
        for _ in 0..count {
            if self.next()?.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// What the auditor should know about where it ended.
    fn notes(&mut self) -> Vec<String>;
}

/// Opens a source: the URL of a ledger, or else its data directory, which may be in use; or an export
/// of it, in a directory, an object store, or wherever a web server serves it.
///
/// # Errors
/// `Input` where there is no ledger, `Busy` where it cannot be reached.
pub fn open(source: &str) -> Result<Box<dyn Blocks>, Error> {
    open_from(source, 0)
}

/// The same from a height on. Where they can only be read in order, the blocks before are passed over.
///
/// # Errors
/// Those of [`open`]; `No` where there is no such block.
pub fn open_from(source: &str, height: u64) -> Result<Box<dyn Blocks>, Error> {
    let is_bucket = source.starts_with("s3://");
    let is_url = source.starts_with("http://") || source.starts_with("https://");
    let ledger: Result<Box<dyn Blocks>, Error> = if is_bucket {
        Err(Error::input(format!("{source}: no export is there")))
    } else if is_url {
        Remote::open_from(source, height).map(|remote| Box::new(remote) as Box<dyn Blocks>)
    } else {
        Directory::open(source.as_ref()).and_then(|directory| after(Box::new(directory), height))
    };
    match ledger {
        // It is no ledger, or one without this block, which a web server of files says of any. What it is
        // instead shows in what else is there.
        Err(error @ (Error::Input(_) | Error::Unusable(_) | Error::No(_))) => {
            match place::open(source).and_then(Exported::open) {
                Ok(Some(exported)) => after(Box::new(exported), height),
                Err(why) if is_bucket => Err(why),
                Err(why @ Error::Input(_)) if !is_url => Err(why),
                _ => Err(error),
            }
        }
        ledger => ledger,
    }
}

fn after(mut blocks: Box<dyn Blocks>, height: u64) -> Result<Box<dyn Blocks>, Error> {
    for _ in 0..height {
        if blocks.next()?.is_none() {
            return Err(Error::No(format!("{}: there is no block {height}", blocks.name())));
        }
    }
    Ok(blocks)
}

/// What the reading thread hands over.
pub(super) enum Read {
    /// The next blocks, at least one.
    Chunk(Vec<Vec<u8>>),
    /// There are no more: always the last.
    End(Ended),
}

/// Why there are no more blocks.
pub(super) struct Ended {
    /// None: they were all there.
    pub error: Option<Error>,
    pub notes: Vec<String>,
}

/// What was read ahead. Dropped, it ends the reading thread at its next block.
pub(super) struct Ahead {
    reads: Receiver<Read>,
    gone: Arc<AtomicBool>,
}

impl Ahead {
    /// What comes next, if it comes in time.
    ///
    /// # Errors
    /// `Timeout`; `Disconnected` after the end.
    pub fn next(&self, wait: Duration) -> Result<Read, RecvTimeoutError> {
        self.reads.recv_timeout(wait)
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
    }
}

/// Reads on a thread of its own, which ends with the blocks, or with the one that it waits for when
/// nobody listens any more: a source that never fills a chunk would else keep it, and its memory, for
/// ever. It is not waited for: after an interruption it may still hang on a silent network.
pub(super) fn read_ahead(mut blocks: Box<dyn Blocks>) -> Ahead {
    let (sender, reads) = sync_channel(CHUNKS_AHEAD);
    let gone = Arc::new(AtomicBool::new(false));
    let ahead = Ahead { reads, gone: Arc::clone(&gone) };
    thread::spawn(move || {
        let error = send_all(blocks.as_mut(), &sender, &gone).err();
        // Nobody listens after a finding or an interruption.
        let _ = sender.send(Read::End(Ended { error, notes: blocks.notes() }));
    });
    ahead
}

fn send_all(
    blocks: &mut dyn Blocks,
    sender: &SyncSender<Read>,
    gone: &AtomicBool,
) -> Result<(), Error> {
    let (mut chunk, mut bytes) = (Vec::new(), 0);
    while !gone.load(Ordering::Relaxed) {
        let next = blocks.next();
        if let Ok(Some(block)) = next {
            bytes += block.len();
            chunk.push(block);
            if bytes < CHUNK_BYTES && chunk.len() < CHUNK_BLOCKS {
                continue;
            }
            bytes = 0;
            if sender.send(Read::Chunk(std::mem::take(&mut chunk))).is_err() {
                return Ok(());
            }
            continue;
        }
        // What came before an error is replayed first: a fault in it is the lower one.
        if !chunk.is_empty() && sender.send(Read::Chunk(chunk)).is_err() {
            return Ok(());
        }
        return next.map(drop);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// Fills one chunk, and goes on with small blocks for ever, one each few milliseconds.
    struct Drip {
        full: bool,
        _ended: Sender<()>,
    }

    impl Blocks for Drip {
        fn name(&self) -> String {
            "a drip".to_owned()
        }

        fn bytes_total(&self) -> Option<u64> {
            None
        }

        fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
            if std::mem::replace(&mut self.full, true) {
                thread::sleep(Duration::from_millis(20));
                return Ok(Some(Vec::new()));
            }
            Ok(Some(vec![0; CHUNK_BYTES]))
        }

        fn notes(&mut self) -> Vec<String> {
            Vec::new()
        }
    }

    #[test]
    fn the_thread_ends_when_nobody_listens_though_no_chunk_is_full() {
        let (sender, ended) = channel();
        let ahead = read_ahead(Box::new(Drip { full: false, _ended: sender }));
        assert!(matches!(ahead.next(Duration::from_secs(20)), Ok(Read::Chunk(_))));
        drop(ahead);
        // Nothing is ever sent: the end of the thread is that of the source.
        let end = ended.recv_timeout(Duration::from_secs(5));
        assert_eq!(end, Err(RecvTimeoutError::Disconnected));
    }
}
