//! `probant serve`: the ledger as a web service, until it is told to stop.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::{directories::Directories, say};
use crate::{
    Error,
    clock::SharedClock,
    http::Service,
    keyring::Keyring,
    ledger::{Ledger, Limits, Sealing},
    prove::Prover,
    store::Store,
};

const EXAMPLES: &str = "\
Example:
  probant serve --listen 127.0.0.1:8080

Then, from another terminal:
  curl http://127.0.0.1:8080/checkpoint
  probant verify bill.pdf --ledger http://127.0.0.1:8080

It stops on Ctrl-C or SIGTERM, after it has finished what it accepted.";

/// Serve a ledger over HTTP
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Serve {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", value_parser = address)]
    listen: SocketAddr,
    /// A block is sealed so long after its first statement came
    #[arg(long, value_name = "MS", default_value_t = 100)]
    interval_ms: u64,
    /// With nothing to seal, a block after so long keeps proofs fresh
    #[arg(long, value_name = "S", default_value_t = 240)]
    heartbeat_s: u64,
    /// Statements that may wait for their block; more are told to come back
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().pool_count)]
    pool: usize,
    /// Longest document that POST /verify hashes
    #[arg(long, value_name = "BYTES", default_value_t = 256 << 20)]
    document_bytes_max: u64,
    #[command(flatten)]
    directories: Directories,
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "an IP address and a port are wanted, as 127.0.0.1:8080 or [::1]:8080")
}

impl Serve {
    pub async fn run(&self, clock: &SharedClock) -> Result<u8, Error> {
        // First of all, so that a signal never meets a process that does not know what to do.
        let stop = asked_to_stop()?;
        let keys = Arc::new(Keyring::in_directory(&self.directories.keys));
        // Before the store is opened: a port in use is said at once.
        let listener = TcpListener::bind(self.listen).await.map_err(|error| {
            Error::input(format!("{}: {error}; --listen chooses another", self.listen))
        })?;
        let address = listener.local_addr().map_err(|error| Error::Stop(error.to_string()))?;
        let store: Arc<dyn Store> = Arc::new(self.directories.open()?);
        let ledger = Ledger::start(
            Arc::clone(&store),
            Arc::clone(&keys),
            Arc::clone(clock),
            self.sealing(),
        )?;
        say(&format!("{} serves on http://{address}", ledger.identity()))?;
        let prover = Prover::new(store, keys, Arc::clone(clock));
        let service = Service::new(ledger, prover, self.document_bytes_max);
        service.serve(listener, stop).await?;
        service.failure().map_or(Ok(0), |why| Err(Error::Stop(why)))
    }

    fn sealing(&self) -> Sealing {
        Sealing {
            interval: Duration::from_millis(self.interval_ms),
            heartbeat: Duration::from_secs(self.heartbeat_s),
            limits: Limits { pool_count: self.pool, ..Limits::default() },
        }
    }
}

/// Ready on Ctrl-C or SIGTERM.
fn asked_to_stop() -> Result<impl Future<Output = ()>, Error> {
    let listen = |kind| signal(kind).map_err(|error| Error::Stop(format!("signals: {error}")));
    let (mut interrupt, mut terminate) =
        (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("asked to stop: finishing what was accepted");
    })
}
