//! Blocks from a ledger's own web service: `GET /blocks/from/0`, framed, up to the head that it had
//! when the request began.

use std::{future::Future, time::Duration};

use probant_core::framing::{self, CRC_BYTES, LENGTH_BYTES};
use tokio::runtime::Runtime;

use super::Blocks;
use crate::{
    Error,
    client::{Client, Stream},
    transport,
};

/// Memory set aside for a block before its bytes have come: a length is a stranger's word.
const RESERVE_BYTES_MAX: usize = 1 << 20;
/// An answer has begun, and a block has come, after this and a second for each so many bytes of it: who
/// sends a byte from time to time keeps nobody waiting for ever.
const ARRIVAL_MAX: Duration = Duration::from_secs(60);
const BYTES_A_SECOND_MIN: usize = 64 << 10;

/// One answer, read to its end.
pub struct Remote {
    client: Client,
    runtime: Runtime,
    stream: Stream,
    url: String,
    /// The block that comes next.
    height: u64,
    /// Received and not yet taken, from `taken` on.
    piece: Vec<u8>,
    taken: usize,
}

impl Remote {
    /// Asks for all blocks from a height on.
    ///
    /// # Errors
    /// `Busy` where nobody answers, `Input` where it is no ledger that does, [`Error::No`] where there is no
    /// such block.
    pub fn open_from(url: &str, height: u64) -> Result<Self, Error> {
        let client = Client::new(url)?;
        let runtime = transport::runtime()?;
        let stream = runtime.block_on(begun(&client, height))?;
        let url = client.url().to_owned();
        Ok(Self { client, runtime, stream, url, height, piece: Vec::new(), taken: 0 })
    }

    /// Appends what comes next, until `into` holds `bytes`; false at the end of the stream.
    fn fill(&mut self, into: &mut Vec<u8>, bytes: usize) -> Result<bool, Error> {
        let Self { runtime, stream, piece, taken, .. } = self;
        let filled = runtime.block_on(in_time(bytes, async {
            while into.len() < bytes {
                if *taken == piece.len() {
                    let Some(next) = stream.next().await? else { return Ok(false) };
                    (*piece, *taken) = (next, 0);
                }
                let rest = &piece[*taken..];
                let count = rest.len().min(bytes - into.len());
                into.extend_from_slice(&rest[..count]);
                *taken += count;
            }
            Ok::<_, String>(true)
        }));
        let filled = filled.ok_or_else(|| late(&self.url, self.height))?;
        filled.map_err(|why| self.broken(&why))
    }

    fn broken(&self, why: &str) -> Error {
        Error::busy(format!("{}: the stream broke off in block {}: {why}", self.url, self.height))
    }

    fn wrong(&self, why: &str) -> Error {
        Error::Stop(format!("{}: block {} did not arrive: {why}", self.url, self.height))
    }
}

/// None where it takes longer than so many bytes may.
async fn in_time<F: Future>(bytes: usize, coming: F) -> Option<F::Output> {
    let longer = Duration::from_secs((bytes / BYTES_A_SECOND_MIN) as u64);
    tokio::time::timeout(ARRIVAL_MAX + longer, coming).await.ok()
}

/// The answer from a height on, once it has begun.
async fn begun(client: &Client, height: u64) -> Result<Stream, Error> {
    let stream = in_time(0, client.blocks_from(height)).await;
    stream.unwrap_or_else(|| Err(late(client.url(), height)))
}

fn late(url: &str, height: u64) -> Error {
    Error::busy(format!("{url}: block {height} comes too slowly to be waited for"))
}

impl Blocks for Remote {
    fn name(&self) -> String {
        self.url.clone()
    }

    fn bytes_total(&self) -> Option<u64> {
        self.stream.bytes_total()
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let mut head = Vec::with_capacity(LENGTH_BYTES);
        if !self.fill(&mut head, LENGTH_BYTES)? && head.is_empty() {
            return Ok(None);
        }
        let Ok(length) = head.try_into() else {
            return Err(self.broken("it ends within a length"));
        };
        let len = framing::block_bytes(length).map_err(|bad| self.wrong(&bad.to_string()))?;
        let mut rest = Vec::with_capacity((len + CRC_BYTES).min(RESERVE_BYTES_MAX));
        if !self.fill(&mut rest, len + CRC_BYTES)? {
            return Err(self.broken(&format!("{} of {len} bytes came", rest.len().min(len))));
        }
        let block = framing::parse(length, rest).map_err(|bad| self.wrong(&bad.to_string()))?;
        self.height += 1;
        Ok(Some(block))
    }

    fn skip(&mut self, count: u64) -> Result<(), Error> {
        let height = self.height.saturating_add(count);
        let stream = self.runtime.block_on(begun(&self.client, height));
        self.stream = stream.map_err(|error| match error {
            // It is a ledger, which has answered from block 0: it has no such block.
            Error::Input(why) | Error::No(why) => {
                Error::busy(format!("no block {height} is to be had: {why}"))
            }
            other => other,
        })?;
        (self.height, self.piece, self.taken) = (height, Vec::new(), 0);
        Ok(())
    }

    fn notes(&mut self) -> Vec<String> {
        vec!["read from the ledger itself, up to the head that it chose to show".to_owned()]
    }
}
