//! The database as this node reaches it: a pool of connections, each looked at when it is made, and
//! the runtime that drives them. What is asked of it is none of its business.

pub mod address;
mod durability;

use std::{
    future::{Future, poll_fn},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
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
    task::{JoinHandle, block_in_place},
};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Error, error::SqlState};
use tokio_postgres_rustls::MakeRustlsConnect;

use self::address::Address;
use crate::store::StoreError;

/// Connections for look-ups.
const READERS: usize = 8;
/// Connections for claims: one, and one to look into what became of it.
const WRITERS: usize = 2;
/// How long a question waits for a connection, for one to be made, and for one to be looked at.
const WAIT_MAX: Duration = Duration::from_secs(10);
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
    cut_short: Arc<AtomicU64>,
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
        let cut_short = Arc::new(AtomicU64::new(0));
        let pool = |size| pool(address, access, &cut_short, size);
        let (readers, writers) = (pool(READERS), pool(WRITERS));
        Ok(Self { runtime: Some(runtime), readers, writers, cut_short })
    }

    /// Runs work on the database to its end, from any thread; one that serves others lets them go on.
    pub fn wait<T: Send>(&self, work: impl Future<Output = T> + Send) -> T {
        let runtime = self.runtime.as_ref().expect("there until it is dropped");
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
    /// [`StoreError::Unavailable`] after ten seconds at most; [`StoreError::Input`] for a database
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
        self.cut_short.load(Ordering::Acquire)
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

fn pool(address: &Address, access: Access, cut_short: &Arc<AtomicU64>, size: usize) -> Pool {
    let tls = MakeRustlsConnect::new(address.tls.clone());
    let connect = Watched { tls, cut_short: Arc::clone(cut_short) };
    let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_connect(address.config.clone(), connect, config);
    let counted = Arc::clone(cut_short);
    let looked_at = Hook::async_fn(move |client: &mut ClientWrapper, _| {
        let cut_short = Arc::clone(&counted);
        Box::pin(async move {
            let refused = durability::check(client, access).await.map_err(HookError::Backend)?;
            if let Some(why) = refused {
                return Err(HookError::message(why));
            }
            let count = || cut_short.load(Ordering::Acquire);
            loop {
                let before = count();
                let waited = durability::wait_for_standby(client, access).await;
                waited.map_err(HookError::Backend)?;
                if count() == before {
                    break;
                }
            }
            Ok(())
        })
    });
    let timeouts = Some(WAIT_MAX);
    Pool::builder(manager)
        .max_size(size)
        .runtime(PoolRuntime::Tokio1)
        .wait_timeout(timeouts)
        .create_timeout(timeouts)
        .recycle_timeout(timeouts)
        .post_create(looked_at)
        .build()
        .expect("timeouts have their runtime")
}

/// Makes connections, and listens to what the database says beside its answers.
struct Watched {
    tls: MakeRustlsConnect,
    cut_short: Arc<AtomicU64>,
}

impl Connect for Watched {
    fn connect(&self, config: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), Error>> {
        let config = config.clone();
        Box::pin(async move {
            let (client, connection) = config.connect(self.tls.clone()).await?;
            let driven = drive(connection, Arc::clone(&self.cut_short));
            Ok((client, tokio::spawn(driven)))
        })
    }
}

/// Drives a connection to its end. A notice comes before the answer that it belongs to.
async fn drive<S, T>(mut connection: Connection<S, T>, cut_short: Arc<AtomicU64>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
        match message {
            // "canceling wait for synchronous replication", in the server's language: of warnings,
            // COMMIT knows no other.
            Ok(AsyncMessage::Notice(notice)) if is_cut_short(&notice) => {
                cut_short.fetch_add(1, Ordering::Release);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::info!(why = reason(&error), "a connection to the database ended");
                return;
            }
        }
    }
}

fn is_cut_short(notice: &tokio_postgres::error::DbError) -> bool {
    notice.file() == Some("syncrep.c") || notice.message().contains("synchronous replication")
}

fn unreached(error: PoolError) -> StoreError {
    match error {
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
    let why = format!("connect to the database: {}", reason(error));
    let wrong = [
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        SqlState::INVALID_CATALOG_NAME,
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
