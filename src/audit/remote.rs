//! Blocks from a ledger's own web service: `GET /blocks/from/0`, records `length u32 LE | block |
//! crc32 of both u32 LE`, up to the head that it had when the request began.

use std::time::Duration;

use probant_core::framing::RECORD_BYTES_MAX;
use reqwest::{Client, Response, StatusCode, header};
use tokio::runtime::{Builder, Runtime};

use super::Blocks;
use crate::Error;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest silence within the stream.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
const CONTENT_TYPE: &str = "application/octet-stream";
const LENGTH_BYTES: usize = 4;
const CRC_BYTES: usize = 4;
/// Memory set aside for a block before its bytes have come: a length is a stranger's word.
const RESERVE_BYTES_MAX: usize = 1 << 20;

/// One answer, read to its end.
pub struct Remote {
    runtime: Runtime,
    response: Response,
    url: String,
    /// The block that comes next.
    height: u64,
    /// Received and not yet taken, from `taken` on.
    piece: Vec<u8>,
    taken: usize,
}

impl Remote {
    /// Asks for all blocks.
    ///
    /// # Errors
    /// `Busy` where nobody answers, `Input` where it is no ledger that does.
    pub fn open(url: &str) -> Result<Self, Error> {
        let url = url.trim_end_matches('/').to_owned();
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::Stop(format!("start a runtime: {error}")))?;
        let response = runtime.block_on(request(&url))?;
        Ok(Self { runtime, response, url, height: 0, piece: Vec::new(), taken: 0 })
    }

    /// Appends what comes next, until `into` holds `bytes`; false at the end of the stream.
    fn fill(&mut self, into: &mut Vec<u8>, bytes: usize) -> Result<bool, Error> {
        while into.len() < bytes {
            if self.taken == self.piece.len() {
                let piece = self.runtime.block_on(self.response.chunk());
                match piece.map_err(|error| self.broken(&reason(&error)))? {
                    Some(piece) => (self.piece, self.taken) = (piece.into(), 0),
                    None => return Ok(false),
                }
            }
            let rest = &self.piece[self.taken..];
            let count = rest.len().min(bytes - into.len());
            into.extend_from_slice(&rest[..count]);
            self.taken += count;
        }
        Ok(true)
    }

    fn broken(&self, why: &str) -> Error {
        Error::busy(format!("{}: the stream broke off in block {}: {why}", self.url, self.height))
    }

    fn wrong(&self, why: &str) -> Error {
        Error::Stop(format!("{}: block {} did not arrive: {why}", self.url, self.height))
    }
}

impl Blocks for Remote {
    fn name(&self) -> String {
        self.url.clone()
    }

    fn bytes_total(&self) -> Option<u64> {
        self.response.content_length()
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let mut head = Vec::with_capacity(LENGTH_BYTES);
        if !self.fill(&mut head, LENGTH_BYTES)? && head.is_empty() {
            return Ok(None);
        }
        let Ok(length) = head.try_into().map(u32::from_le_bytes) else {
            return Err(self.broken("it ends within a length"));
        };
        let len = length as usize;
        if len > RECORD_BYTES_MAX {
            return Err(self.wrong(&format!("{len} bytes, {RECORD_BYTES_MAX} at most")));
        }
        let mut block = Vec::with_capacity((len + CRC_BYTES).min(RESERVE_BYTES_MAX));
        if !self.fill(&mut block, len + CRC_BYTES)? {
            return Err(self.broken(&format!("{} of {len} bytes came", block.len().min(len))));
        }
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&length.to_le_bytes());
        hasher.update(&block[..len]);
        if block[len..] != hasher.finalize().to_le_bytes() {
            return Err(self.wrong("its checksum differs"));
        }
        block.truncate(len);
        self.height += 1;
        Ok(Some(block))
    }

    fn notes(&mut self) -> Vec<String> {
        vec!["read from the ledger itself, up to the head that it chose to show".to_owned()]
    }
}

async fn request(url: &str) -> Result<Response, Error> {
    // Only fails where one is installed already, which then serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .build()
        .map_err(|error| Error::Stop(format!("set up HTTP: {}", reason(&error))))?;
    let asked = client.get(format!("{url}/blocks/from/0")).send().await;
    let response = asked.map_err(|error| {
        let why = format!("{url}: {}", reason(&error));
        if error.is_builder() { Error::input(why) } else { Error::busy(why) }
    })?;
    let status = response.status();
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(Error::busy(format!("{url} answers {status}")));
    }
    let found = response.headers().get(header::CONTENT_TYPE);
    if !status.is_success() || found.is_none_or(|found| found != CONTENT_TYPE) {
        return Err(Error::input(format!("{url}/blocks/from/0 is no ledger's: {status}")));
    }
    Ok(response)
}

/// The causes too: reqwest's own words leave them out.
fn reason(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |e| e.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
