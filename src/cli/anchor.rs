//! `probant anchor`: has the newest head of a ledger stamped by an authority of time, verifies the
//! timestamp, and keeps it.

use std::path::{Path, PathBuf};

use probant_core::{Hash, Identity, checkpoint::Checkpoint};

use super::{interrupt, ledger::KnownIdentity, plain, read, say};
use crate::{
    Error,
    anchor::{Anchors, Authority},
    audit::{self, Settings},
    client::Client,
    clock::{self, SharedClock, utc},
    timestamp::{ROOTS_BYTES_MAX, Request, Roots, Timestamp},
};

/// By more than this, somebody should look at a clock.
const CLOCKS_MS_MAX: u64 = 5 * 60 * 1000;

const EXAMPLES: &str = "\
Examples:
  export PROBANT_IDENTITY=ledger.example+5e0c…
  probant anchor https://ledger.example --authority https://tsa.example/tsr --root root.pem
  head -n 3 anchors/42.note > head
  openssl ts -verify -in anchors/42.tsr -data head -CAfile root.pem    without Probant

Anybody may do so, for any ledger, as often as they like. Once an hour, and nothing that is under
such a head can be dated back by more than an hour, whoever holds the ledger's keys. The authority
learns a digest, and nothing else.
`probant serve --anchors DIR` gives them out; `probant verify --timestamp` checks them, offline.
What they are worth is said in docs/anchors.md.

The root is the certificate that the authority publishes, as PEM: all timestamps that lead to it
are believed. Nothing is asked about revoked certificates.

Exit codes: 0 the newest head has a timestamp; 1 the authority refuses; 2 mend the input; 3 the
ledger or the authority is out of reach; 4 the ledger's or the authority's answer is a lie or
damaged. Nothing is kept but with 0.";

/// Have the newest head of a ledger stamped by an authority of time (RFC 3161)
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Anchor {
    /// URL of the ledger, or its data directory, which is replayed first
    #[arg(value_name = "URL|DIR")]
    ledger: String,
    #[command(flatten)]
    known: KnownIdentity,
    /// URL of the authority
    #[arg(long, value_name = "URL")]
    authority: String,
    /// The authority's root certificate, or several, as PEM
    #[arg(long, value_name = "FILE")]
    root: PathBuf,
    /// Folder to keep them in: <size>.note and <size>.tsr
    #[arg(long, value_name = "DIR", default_value = "anchors")]
    anchors: PathBuf,
}

impl Anchor {
    pub async fn run(self, clock: &SharedClock) -> Result<u8, Error> {
        let (roots, authority) = (roots(&self.root)?, Authority::new(&self.authority)?);
        let is_url = self.ledger.starts_with("http://") || self.ledger.starts_with("https://");
        let (head, note) =
            if is_url { self.checkpoint().await? } else { self.replayed(clock).await? };
        let anchors = Anchors::at(&self.anchors);
        check_grown(&anchors, &head)?;
        let (text, folder) = (head.text(), self.anchors.display());
        if let Some(reply) = anchors.reply(head.size)? {
            let timestamp = crate::timestamp::verify(&reply, text.as_bytes(), &roots);
            let timestamp = timestamp.map_err(|why| {
                Error::Stop(format!("{folder}/{}.tsr, which was kept before: {why}", head.size))
            })?;
            say(&told("anchored before", &head, &timestamp, &self.anchors))?;
            return Ok(0);
        }
        anchors.make()?;
        let nonce = clock::entropy()[..8].try_into().expect("there are 32 bytes");
        let request = Request::new(text.as_bytes(), u64::from_be_bytes(nonce));
        let (timestamp, reply) = authority.stamp(&request, &roots).await?;
        warn_of_clocks(&timestamp, clock.now_ms());
        anchors.keep(head.size, &note, &reply)?;
        say(&told("anchored", &head, &timestamp, &self.anchors))?;
        Ok(0)
    }

    /// The head of a directory, once all that leads to it has passed. It is not signed: the operator
    /// has the keys, and whoever has a copy needs no signature.
    async fn replayed(&self, clock: &SharedClock) -> Result<(Checkpoint, String), Error> {
        let settings =
            Settings { expected: self.known.get()?, clock: clock.clone(), stop: interrupt::flag() };
        let blocks = audit::open(&self.ledger)?;
        let audited =
            tokio::task::spawn_blocking(move || audit::audit(blocks, &settings, &mut |_| {}));
        let report = audited.await.map_err(|error| Error::Stop(error.to_string()))?;
        let head = match (&report.identity, &report.passed) {
            (Some(identity), Some(passed)) if report.exit_code() == 0 => {
                let origin = identity.parse::<Identity>()?.origin;
                let root = Hash::from_hex(&passed.root).expect("a report has hashes in hex");
                Checkpoint { origin, size: passed.entries, root }
            }
            _ => {
                let why = format!("{}; `probant audit` says more", report.headline());
                return Err(Error::Stop(format!("nothing is anchored: {why}")));
            }
        };
        let text = head.text();
        Ok((head, format!("{text}\n")))
    }

    /// The newest head of the ledger that is trusted.
    async fn checkpoint(&self) -> Result<(Checkpoint, String), Error> {
        let client = Client::new(&self.ledger)?;
        if let Some(identity) = self.known.get()? {
            return client.checkpoint(&client.founding_of(&identity).await?).await;
        }
        let founding = client.founding().await?;
        let (url, identity) = (client.url(), founding.identity());
        eprintln!(
            "probant: no --identity is given: taking the word of {url} that it is\n  {identity}"
        );
        client.checkpoint(&founding).await
    }
}

/// A ledger only grows.
fn check_grown(anchors: &Anchors, head: &Checkpoint) -> Result<(), Error> {
    match anchors.sizes()?.first() {
        Some(newest) if *newest > head.size => Err(Error::busy(format!(
            "the ledger shows {} entries, and {newest} were anchored before: try again; if it stays \
             so, it has lost blocks, or is another one, and somebody must look",
            head.size
        ))),
        _ => Ok(()),
    }
}

/// The roots in a file.
pub fn roots(path: &Path) -> Result<Roots, Error> {
    let file = read(path, ROOTS_BYTES_MAX)?;
    Roots::from_pem(&file).map_err(|why| Error::input(format!("{}: {why}", path.display())))
}

fn told(what: &str, head: &Checkpoint, timestamp: &Timestamp, anchors: &Path) -> String {
    let Checkpoint { origin, size, root } = head;
    let Timestamp { authority, policy, serial, .. } = timestamp;
    let (authority, path) = (plain(authority), anchors.join(format!("{size}.tsr")));
    format!(
        "{what}  {origin}: {size} entries, root {root}\n  \
           when         {}\n  \
           by           {authority}; policy {policy}, number {serial}\n  \
           in           {}",
        when(timestamp),
        path.display()
    )
}

/// `2026-11-25T10:30:32.000Z, give or take 1s`.
pub fn when(timestamp: &Timestamp) -> String {
    let time = utc(timestamp.time_ms);
    if timestamp.accuracy_ms == 0 {
        return time;
    }
    let accuracy = std::time::Duration::from_millis(timestamp.accuracy_ms);
    format!("{time}, give or take {}", humantime::format_duration(accuracy))
}

/// A timestamp that is far from now is true all the same, and says that a clock is wrong.
fn warn_of_clocks(timestamp: &Timestamp, now_ms: u64) {
    if timestamp.time_ms.abs_diff(now_ms) > CLOCKS_MS_MAX.saturating_add(timestamp.accuracy_ms) {
        eprintln!(
            "probant: the authority's clock says {}, and this machine's {}: one of them is wrong",
            utc(timestamp.time_ms),
            utc(now_ms)
        );
    }
}
