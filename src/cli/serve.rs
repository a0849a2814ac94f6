//! `probant serve`: the ledger as a web service, until it is told to stop.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::pin,
    str::FromStr,
    sync::Arc,
    thread,
    time::Duration,
};

use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

use super::{LogFormat, database::Database, directories::Directories, say, trust_policy};
use crate::{
    Error,
    anchor::Anchors,
    clock::SharedClock,
    http::{self, Opening, Tls, Web},
    keyring::Keyring,
    ledger::{Ledger, Limits, Quota, Sealing},
    peers::Peers,
    prove::Prover,
    store::{
        Store,
        postgres::{Postgres, server::Access},
    },
    witnesses::Witnesses,
};

/// Open files that are left to the index, the segments and the listeners.
const FILES_LEFT: usize = 384;

/// Pause before a database that is out of reach is tried again.
const OPEN_AGAIN: Duration = Duration::from_secs(1);
/// And before one that is behind what this node has seen.
const OPEN_AGAIN_BEHIND: Duration = Duration::from_secs(10);

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
    /// Give out the timestamps over its heads that `probant anchor` keeps here
    #[arg(long, value_name = "DIR")]
    anchors: Option<PathBuf>,
    /// How log lines are written; the variable `PROBANT_LOG` chooses which
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,
    #[command(flatten)]
    directories: Directories,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    nodes: Nodes,
    #[command(flatten)]
    witnessed: Cosigners,
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    shares: Shares,
}

/// What this one has to do with the ledger's other nodes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Among other nodes of the ledger")]
struct Nodes {
    /// URL of another node, which must have seen no more than the database holds; may be repeated. This
    /// one writes nothing until all have answered
    #[arg(long, value_name = "URL", requires = "store")]
    peer: Vec<String>,
    /// Answer, and take no statements: for a node that follows a standby
    #[arg(long, requires = "store", conflicts_with = "peer")]
    read_only: bool,
}

/// Who cosigns its checkpoints.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Who cosigns its checkpoints")]
struct Cosigners {
    /// Witnesses with their URLs, and the quorum of them, as a C2SP tlog-policy: a node writes nothing
    /// until a quorum has said how far the ledger had been, and has every checkpoint cosigned
    #[arg(long, value_name = "FILE", conflicts_with = "read_only")]
    witness_policy: Option<PathBuf>,
    /// Alarm once no quorum has cosigned for so long; receipts go on
    #[arg(long, value_name = "S", default_value_t = 900, requires = "witness_policy")]
    witness_alarm_s: u64,
}

/// Who reaches it, and how.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Who reaches it")]
struct Reach {
    /// Certificates, its own first, as PEM: serves HTTPS. Read again when it changes, and on SIGHUP
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key, as PEM, readable by its owner alone
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Serve /metrics here, and no more on the main address
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    metrics_listen: Option<SocketAddr>,
    /// Proxies in front that write down whom they were asked by (X-Forwarded-For)
    #[arg(long, value_name = "HOPS", default_value_t = http::Limits::default().proxies)]
    behind_proxy: usize,
    /// Connections at once; more wait a moment, and are told to come back
    #[arg(long, value_name = "COUNT", value_parser = one_or_more::<usize>,
        default_value_t = http::Limits::default().connections)]
    connections: usize,
    /// Idle connections, and heads of requests that do not come, end after this
    #[arg(long, value_name = "S", value_parser = one_or_more::<u64>,
        default_value_t = http::Limits::default().head.as_secs())]
    head_timeout_s: u64,
    /// A body may make the ledger wait so long in all; 4 KiB win back a second
    #[arg(long, value_name = "S", value_parser = one_or_more::<u64>,
        default_value_t = http::Limits::default().body.as_secs())]
    body_timeout_s: u64,
    /// A client that reads nothing of its answer for so long is cut off
    #[arg(long, value_name = "S", value_parser = one_or_more::<u64>,
        default_value_t = http::Limits::default().write.as_secs())]
    write_timeout_s: u64,
    /// Go on for so long once told to stop, while /readyz says no
    #[arg(long, value_name = "S", default_value_t = http::Limits::default().drain.as_secs())]
    drain_s: u64,
}

/// What one may have of it.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What one may have of it")]
struct Shares {
    /// Requests a second of one address, 10 s of them at once; 0 for any number
    #[arg(long, value_name = "COUNT", default_value_t = http::Limits::default().read_rate)]
    read_rate: u32,
    /// One address may hold one of so many parts of connections, work and bytes; 1 for all
    #[arg(long, value_name = "PARTS", value_parser = one_or_more::<usize>,
        default_value_t = http::Limits::default().client_share)]
    client_share: usize,
    /// Bytes at once of submissions that come, and of answers that are not read yet
    #[arg(long, value_name = "BYTES", value_parser = one_or_more::<usize>,
        default_value_t = http::Limits::default().buffered_bytes)]
    buffered_bytes: usize,
    /// Statements a second of one issuer, 10 s of them at once; 0 for any number
    #[arg(long, value_name = "COUNT", default_value_t = Quota::default().statements_a_second)]
    issuer_rate: u32,
    /// Documents of one issuer in a day of UTC; 0 for any number
    #[arg(long, value_name = "COUNT", default_value_t = Quota::default().documents_a_day)]
    issuer_documents_per_day: u64,
}

pub fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "an IP address and a port are wanted, as 127.0.0.1:8080 or [::1]:8080")
}

/// For limits of which none would refuse everybody.
pub fn one_or_more<T: FromStr + PartialOrd + From<u8>>(text: &str) -> Result<T, &'static str> {
    let number = text.parse().ok().filter(|number: &T| *number >= T::from(1));
    number.ok_or("a whole number is wanted, 1 or more")
}

impl Serve {
    pub async fn run(&self, clock: &SharedClock) -> Result<u8, Error> {
        // First of all, so that a signal never meets a process that does not know what to do.
        let mut stop = pin!(asked_to_stop()?);
        let keys = Arc::new(Keyring::in_directory(&self.directories.keys));
        let tls = self.reach.tls()?;
        // Before the store is opened: a port in use is said at once, and /readyz says what goes on.
        let (listener, address) = bind(self.listen, "--listen")?;
        let watched = match self.reach.metrics_listen {
            Some(address) => Some(bind(address, "--metrics-listen")?),
            None => None,
        };
        if let Some((_, address)) = &watched {
            tracing::info!("metrics are at http://{address}/metrics");
        }
        let scheme = if tls.is_some() { "https" } else { "http" };
        let watched = watched.map(|(listener, _)| listener);
        let mark = (!self.nodes.read_only).then(|| self.directories.mark_path());
        let web = Web::start(listener, tls, watched, self.limits(), mark, clock);
        let anchors = self.anchors.as_deref().map(Anchors::at);
        let web = web.with_anchors(anchors.clone());
        let (peers, witnesses) = (Peers::at(&self.nodes.peer)?, self.witnessed.open(clock)?);
        let store = tokio::select! {
            opened = self.opened(&peers, &web, clock) => opened?,
            // As if it were killed: what is not derived yet is derived at the next start.
            () = &mut stop => return Ok(0),
        };
        let signs = (!self.nodes.read_only).then(|| Arc::clone(&keys));
        let prover =
            Prover::new(Arc::clone(&store), signs, Arc::clone(clock)).with_anchors(anchors);
        if let Some(witnesses) = &witnesses {
            tokio::select! {
                vouched = witnesses.vouch(&store, &prover) => vouched?,
                () = &mut stop => return Ok(0),
            }
        }
        let ledger = self.ledger(store, keys, clock)?;
        let identity = ledger.identity();
        let open = web.open(ledger, prover, witnesses);
        say(&format!("{identity} serves on {scheme}://{address}"))?;
        open.until(stop).await.map(|()| 0)
    }

    /// The store, held to what peers have seen. A database that is out of reach is waited for: after a
    /// power cut, nodes may be there first. One that is behind is waited for where there are peers, which
    /// ask what this node has seen: it says so, and opens nothing.
    async fn opened(
        &self,
        peers: &Peers,
        web: &Web,
        clock: &SharedClock,
    ) -> Result<Arc<dyn Store>, Error> {
        loop {
            match self.try_open(peers, web, clock).await {
                Err(why @ Error::Busy { .. }) if self.database.name().is_some() => {
                    tracing::warn!("{why}; it is tried again");
                    web.waits(Opening::Unreached);
                    tokio::time::sleep(OPEN_AGAIN).await;
                }
                Err(why @ Error::Stop(_)) if !self.nodes.peer.is_empty() => {
                    tracing::error!("{why}");
                    web.waits(Opening::Refused);
                    tokio::time::sleep(OPEN_AGAIN_BEHIND).await;
                }
                opened => return opened,
            }
        }
    }

    /// Opened on a thread that the end of this process does not wait for.
    async fn try_open(
        &self,
        peers: &Peers,
        web: &Web,
        clock: &SharedClock,
    ) -> Result<Arc<dyn Store>, Error> {
        let (open, (tell, told)) = (self.opening(), oneshot::channel());
        // An error says that nobody waits any more.
        thread::spawn(move || drop(tell.send(open())));
        let store =
            told.await.map_err(|_| Error::Stop("the store could not be opened".into()))??;
        web.waits(Opening::WaitsForPeers);
        peers.vouch(&store, clock).await?;
        Ok(store)
    }

    /// How to open it.
    fn opening(&self) -> impl FnOnce() -> Result<Arc<dyn Store>, Error> + Send + use<> {
        let (directories, database) = (self.directories.clone(), self.database.clone());
        let access = if self.nodes.read_only { Access::Read } else { Access::Write };
        move || match (database.server(access)?, access) {
            (None, _) => Ok(Arc::new(directories.open()?)),
            (Some(server), Access::Read) => Ok(Arc::new(Postgres::open_read_only(server)?)),
            (Some(server), Access::Write) => {
                Ok(Arc::new(Postgres::open(server, &directories.mark_path())?))
            }
        }
    }

    fn ledger(
        &self,
        store: Arc<dyn Store>,
        keys: Arc<Keyring>,
        clock: &SharedClock,
    ) -> Result<Ledger, Error> {
        if self.nodes.read_only {
            return Ledger::follow(store, Arc::clone(clock));
        }
        Ledger::start(store, keys, Arc::clone(clock), self.sealing())
    }

    fn sealing(&self) -> Sealing {
        Sealing {
            interval: Duration::from_millis(self.interval_ms),
            heartbeat: Duration::from_secs(self.heartbeat_s),
            limits: Limits { pool_count: self.pool, ..Limits::default() },
            quota: Quota {
                statements_a_second: self.shares.issuer_rate,
                documents_a_day: self.shares.issuer_documents_per_day,
            },
        }
    }

    fn limits(&self) -> http::Limits {
        let seconds = Duration::from_secs;
        http::Limits {
            connections: self.reach.connections(),
            head: seconds(self.reach.head_timeout_s),
            body: seconds(self.reach.body_timeout_s),
            write: seconds(self.reach.write_timeout_s),
            drain: seconds(self.reach.drain_s),
            proxies: self.reach.behind_proxy,
            read_rate: self.shares.read_rate,
            client_share: self.shares.client_share,
            buffered_bytes: self.shares.buffered_bytes,
            document_bytes: self.document_bytes_max,
            ..http::Limits::default()
        }
    }
}

impl Cosigners {
    fn open(&self, clock: &SharedClock) -> Result<Option<Witnesses>, Error> {
        let Some(path) = &self.witness_policy else { return Ok(None) };
        let (policy, alarm_after) =
            (trust_policy(path)?, Duration::from_secs(self.witness_alarm_s));
        let wrong = |error: Error| Error::input(format!("{}: {error}", path.display()));
        Witnesses::new(policy, alarm_after, clock).map_err(wrong).map(Some)
    }
}

impl Reach {
    /// With the certificate, if there is one, which is followed from now on.
    fn tls(&self) -> Result<Option<Tls>, Error> {
        let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) else {
            return Ok(None);
        };
        let tls = Tls::load(certificate, key)?;
        tokio::spawn(tls.follow()?);
        Ok(Some(tls))
    }

    /// No more than there are files to open: where a store cannot open its next one, the ledger ends.
    fn connections(&self) -> usize {
        let room = files_max().map(|files| files.saturating_sub(FILES_LEFT).max(1));
        match room {
            Some(room) if room < self.connections => {
                let asked = self.connections;
                tracing::warn!(
                    "this process may open too few files for {asked} connections at once: it serves \
                     {room}; `ulimit -n` and LimitNOFILE= allow more"
                );
                room
            }
            _ => self.connections,
        }
    }
}

/// How many files this process may have open, where the system says so.
fn files_max() -> Option<usize> {
    let limits = fs::read_to_string(Path::new("/proc/self/limits")).ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

pub fn bind(address: SocketAddr, option: &str) -> Result<(TcpListener, SocketAddr), Error> {
    let bound = http::bind(address)
        .map_err(|error| Error::input(format!("{address}: {error}; {option} chooses another")))?;
    let address = bound.local_addr().map_err(|error| Error::Stop(error.to_string()))?;
    Ok((bound, address))
}

/// Ready on Ctrl-C or SIGTERM.
pub fn asked_to_stop() -> Result<impl Future<Output = ()>, Error> {
    let listen = |kind| signal(kind).map_err(|error| Error::Stop(format!("signals: {error}")));
    // It has the certificate read again; where there is none, it is no reason to end.
    drop(listen(SignalKind::hangup())?);
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
