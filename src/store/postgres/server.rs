//! The database as this node reaches it: a pool of connections, each looked at when it is made, and
//! the runtime that drives them. What is asked of it is none of its business.

pub mod address;
mod durability;
mod standby;

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::{
    ClientWrapper, Connect, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError,
    RecyclingMethod, Runtime as PoolRuntime,
};
use futures_util::future::BoxFuture;
use tokio::{
    runtime::{Builder, Handle, Runtime, RuntimeFlavor},
    sync::watch,
    task::{JoinHandle, block_in_place},
    time::{sleep, timeout},
};
use tokio_postgres::{
    AsyncMessage, Client, Config, Connection, Error, NoTls, config::SslMode, error::SqlState,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use self::address::Address;
use crate::store::StoreError;

/// Connections for look-ups.
const READERS: usize = 8;
/// Connections for claims: one, and one to look into what became of it.
const WRITERS: usize = 2;
/// How long a question waits for a connection, for one to be made, and for one to be looked at.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// How long one of several hosts may take to become a connection, before the next is tried.
const HOST_MAX: Duration = Duration::from_secs(4);
/// Work that takes so long has it looked whether the database still answers anybody.
const LOOK_PAUSE: Duration = Duration::from_secs(5);
/// After so many looks it answers others, but not this work: more than any statement of ours takes.
const LOOKS_MAX: u32 = 24;
/// How long the connections of a server that ends have to say goodbye.
const END_MAX: Duration = Duration::from_millis(500);

/// What a node does with the database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// It makes blocks.
    Write,
    /// It looks.
    Read,
}

/// Connections to a database.
pub struct Server {
    /// None once it ends.
    runtime: Option<Runtime>,
    readers: Pool,
    writers: Pool,
    connects: Watched,
    /// Told when all connections are given up.
    given_up: watch::Sender<()>,
}

impl Server {
    /// Gets ready; the first connection is made when something is asked.
    ///
    /// # Errors
    /// [`StoreError::Io`] where no thread can be started.
    pub fn connect(address: &Address, access: Access) -> Result<Self, StoreError> {
        let mut runtime = Builder::new_multi_thread();
        runtime.worker_threads(1).thread_name("database").enable_all();
        let runtime = runtime.build().map_err(StoreError::io("start a runtime"))?;
        let given_up = watch::Sender::new(());
        let connects = Watched {
            hosts: address.each_host(access).into(),
            used: Arc::default(),
            access,
            tls: MakeRustlsConnect::new(address.tls.clone()),
            cut_short: Arc::new(AtomicU64::new(0)),
            given_up: given_up.subscribe(),
        };
        let pool = |size| pool(&connects, size);
        let (readers, writers) = (pool(READERS), pool(WRITERS));
        Ok(Self { runtime: Some(runtime), readers, writers, connects, given_up })
    }

    /// Runs work on the database to its end, from any thread; one that serves others lets them go on.
    /// Where the database stops answering, what it was asked ends as if the connection had.
    pub fn wait<T: Send>(&self, work: impl Future<Output = T> + Send) -> T {
        let runtime = self.runtime.as_ref().expect("there until it is dropped");
        let work = self.watched(work);
        match Handle::try_current().map(|handle| handle.runtime_flavor()) {
            Err(_) => runtime.block_on(work),
            Ok(RuntimeFlavor::CurrentThread) => std::thread::scope(|scope| {
                let waits = scope.spawn(|| runtime.block_on(work));
                waits.join().expect("what is asked of a database never panics")
            }),
            Ok(_) => block_in_place(|| runtime.block_on(work)),
        }
    }

    /// A connection for look-ups.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] after half a minute at most; [`StoreError::Input`] for a database
    /// that must not be used so.
    pub async fn reader(&self) -> Result<Object, StoreError> {
        self.readers.get().await.map_err(unreached)
    }

    /// A connection for a claim, which look-ups never keep waiting.
    ///
    /// # Errors
    /// Those of [`Server::reader`].
    pub async fn writer(&self) -> Result<Object, StoreError> {
        self.writers.get().await.map_err(unreached)
    }

    /// How often a wait for a standby was cut short, so that what was committed may not be there.
    pub fn cut_short(&self) -> u64 {
        self.connects.cut_short.load(Ordering::Acquire)
    }

    /// A database that stands still has its connections acknowledge what they are sent: no timeout of
    /// the network ends them, and none of the database's own.
    async fn watched<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut looks = 0;
        loop {
            looks += 1;
            tokio::select! {
                done = &mut work => return done,
                () = self.look(looks) => {}
            }
        }
    }

    async fn look(&self, looks: u32) {
        sleep(LOOK_PAUSE).await;
        if looks <= LOOKS_MAX && self.connects.answers().await {
            return;
        }
        tracing::warn!("the database does not answer: its connections are given up");
        self.given_up.send_replace(());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Not here: in a thread of another runtime nothing may be waited for.
            self.readers.close();
            self.writers.close();
            std::thread::spawn(move || runtime.shutdown_timeout(END_MAX));
        }
    }
}

fn pool(connects: &Watched, size: usize) -> Pool {
    let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_connect(connects.hosts[0].clone(), connects.clone(), config);
    let looks = connects.clone();
    let looked_at = Hook::async_fn(move |client: &mut ClientWrapper, _| {
        let looks = looks.clone();
        Box::pin(async move {
            // The pool's own timeouts end before this.
            let looked = timeout(WAIT_MAX, looks.look_at(client, looks.access)).await;
            looked.unwrap_or_else(|_| Err(HookError::message(SILENT)))
        })
    });
    let timeouts = Some(WAIT_MAX);
    let hosts = u32::try_from(connects.hosts.len()).unwrap_or(u32::MAX);
    let connecting = (HOST_MAX + standby::WAIT_MAX) * hosts;
    Pool::builder(manager)
        .max_size(size)
        .runtime(PoolRuntime::Tokio1)
        .wait_timeout(timeouts)
        .create_timeout(Some(connecting.max(WAIT_MAX)))
        .recycle_timeout(timeouts)
        .post_create(looked_at)
        .build()
        .expect("timeouts have their runtime")
}

/// What passes by itself, as a connection was made.
const SILENT: &str = "no connection to the database in time: it does not answer";

/// What the driver says where the database asks for one.
const NO_PASSWORD: &str = "password missing";

/// Makes connections, and listens to what the database says beside its answers.
#[derive(Clone)]
struct Watched {
    /// Where it may be, one host each.
    hosts: Arc<[Config]>,
    /// Which of them was used last.
    used: Arc<AtomicUsize>,
    access: Access,
    tls: MakeRustlsConnect,
    cut_short: Arc<AtomicU64>,
    given_up: watch::Receiver<()>,
}

type Connected = Result<(Client, JoinHandle<()>), Error>;

impl Connect for Watched {
    fn connect(&self, _: &Config) -> BoxFuture<'_, Connected> {
        Box::pin(self.any())
    }
}

impl Watched {
    /// Tries one host after the other, from the one that was used last. One that takes connections and
    /// says nothing, or must not be used as it is, is passed over like one that is down; of the last,
    /// whoever asked is told why.
    async fn any(&self) -> Connected {
        let (count, first) = (self.hosts.len(), self.used.load(Ordering::Relaxed));
        for at in (first..first + count - 1).map(|at| at % count) {
            match self.usable(&self.hosts[at]).await {
                Ok(connected) => {
                    self.used.store(at, Ordering::Relaxed);
                    return Ok(connected);
                }
                Err(why) => tracing::info!(why, "the next host of the database is tried"),
            }
        }
        self.one(&self.hosts[(first + count - 1) % count]).await
    }

    /// A connection to one of several hosts, where it can be used.
    async fn usable(&self, host: &Config) -> Result<(Client, JoinHandle<()>), String> {
        let connected = timeout(HOST_MAX, self.one(host)).await.map_err(|_| SILENT.to_owned())?;
        let (client, driven) = connected.map_err(|error| reason(&error))?;
        match self.look_at(&client, self.access).await {
            Ok(()) => Ok((client, driven)),
            Err(HookError::Backend(error)) => Err(reason(&error)),
            Err(HookError::Message(why)) => Err(why.into_owned()),
        }
    }

    async fn one(&self, host: &Config) -> Connected {
        let (cut_short, given_up) = (Arc::clone(&self.cut_short), self.given_up.clone());
        // A socket has no name that TLS could be prepared for.
        if host.get_ssl_mode() == SslMode::Disable {
            let (client, connection) = host.connect(NoTls).await?;
            Ok((client, tokio::spawn(drive(connection, cut_short, given_up))))
        } else {
            let (client, connection) = host.connect(self.tls.clone()).await?;
            Ok((client, tokio::spawn(drive(connection, cut_short, given_up))))
        }
    }

    /// That a new connection may be used, and that the standby has all that it shows.
    async fn look_at(&self, client: &Client, access: Access) -> Result<(), HookError> {
        let refused = durability::check(client, access).await.map_err(HookError::Backend)?;
        if let Some(why) = refused {
            return Err(HookError::message(why));
        }
        self.confirm(client, access).await
    }

    /// Whether anybody answers a new connection; with a refusal will do.
    async fn answers(&self) -> bool {
        for host in &*self.hosts {
            // Over a slow link, too.
            match timeout(WAIT_MAX, self.one(host)).await {
                Ok(Ok((_, driven))) => {
                    driven.abort();
                    return true;
                }
                Ok(Err(error)) if error.as_db_error().is_some() => return true,
                _ => {}
            }
        }
        false
    }
}

/// Drives a connection to its end, or until all are given up. A notice comes before the answer that it
/// belongs to.
async fn drive<S, T>(
    mut connection: Connection<S, T>,
    cut_short: Arc<AtomicU64>,
    mut given_up: watch::Receiver<()>,
) where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    given_up.mark_unchanged();
    loop {
        let message = tokio::select! {
            message = poll_fn(|context| connection.poll_message(context)) => message,
            _ = given_up.changed() => return,
        };
        match message {
            // "canceling wait for synchronous replication", in the server's language: of warnings,
            // COMMIT knows no other.
            Some(Ok(AsyncMessage::Notice(notice))) if standby::is_cut_short(&notice) => {
                cut_short.fetch_add(1, Ordering::Release);
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                tracing::info!(why = reason(&error), "a connection to the database ended");
                return;
            }
            None => return,
        }
    }
}

fn unreached(error: PoolError) -> StoreError {
    match error {
        PoolError::PostCreateHook(HookError::Message(why))
            if why == SILENT || why == standby::NO_STANDBY =>
        {
            StoreError::Unavailable(why.into())
        }
        PoolError::PostCreateHook(HookError::Message(why)) => StoreError::Input(why.into()),
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
            refused(&error)
        }
        PoolError::Timeout(kind) => {
            StoreError::Unavailable(format!("no connection to the database in time ({kind:?})"))
        }
        other => StoreError::Unavailable(format!("no connection to the database: {other}")),
    }
}

/// What no other try mends is the operator's to mend.
fn refused(error: &Error) -> StoreError {
    let mut why = format!("connect to the database: {}", reason(error));
    if why.ends_with(NO_PASSWORD) {
        why +=
            ": --store-password-file names a file that holds it, or PROBANT_STORE_PASSWORD is it";
    }
    let wrong = [
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        SqlState::INVALID_CATALOG_NAME,
        SqlState::INSUFFICIENT_PRIVILEGE,
    ];
    match error.code() {
        Some(code) if wrong.contains(code) => StoreError::Input(why),
        // No such password, and what else is not so much as sent.
        None if !is_network(error) => StoreError::Input(why),
        _ => StoreError::Unavailable(why),
    }
}

/// Whether the network, or who answers there, is the cause.
fn is_network(error: &Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            // A certificate that is not believed comes in one, too.
            return !io
                .get_ref()
                .is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>);
        }
        cause = error.source();
    }
    error.is_closed() || error.to_string().contains("timed out")
}

/// What was being done, and why it was not: for what may work when it is tried again.
pub fn unavailable(doing: &str, error: &Error) -> StoreError {
    StoreError::Unavailable(format!("{doing}: {}", reason(error)))
}

/// The database's own words with their code, or the innermost cause.
fn reason(error: &Error) -> String {
    if let Some(said) = error.as_db_error() {
        return format!("{} ({})", said.message(), said.code().code());
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
