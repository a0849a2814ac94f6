//! Connections: who is let in, for how long, and how they end. What is asked on them is the routes'
//! business.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::Router;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::metrics::gauge::Gauge;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};
use tower::Service as _;

use super::{
    clients::Client,
    limits::Limits,
    metrics::Figures,
    shares::{Share, Shares},
    socket::Socket,
    tls::Tls,
};

/// Where no connection can be taken (too many open files), it is tried again after this.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);
/// Connections that the system holds until they are taken.
const BACKLOG: u32 = 1024;
/// What the system buffers of an answer. It says that there is room once a third is free, so a larger
/// buffer would make a slow reader look like none; and each connection may fill one.
const SEND_BUFFER_BYTES: u32 = 256 << 10;
/// What is read of a request that is turned away unheard, so that its sender reads why.
const UNHEARD_BYTES_MAX: u64 = 64 << 10;
/// What newcomers are told while all connections are taken, or all that their address may have.
const OVERLOADED: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/problem+json\r\ncache-control: no-store\r\nretry-after: 2\r\n\
    connection: close\r\ncontent-length: 149\r\n\r\n\
    {\"type\":\"/problems/overloaded\",\"title\":\"Overloaded\",\"status\":503,\
    \"detail\":\"the connections of this server, or of this address, are taken: try again\"}";

/// Listens at an address.
///
/// # Errors
/// Those of the system, as where the address is in use.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Who is at the other end of a connection: an extension of each of its requests.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// What is answered: all of it only once the ledger is open.
pub struct Routes {
    opening: Router,
    open: OnceLock<Router>,
}

impl Routes {
    /// Those of a ledger that is being opened.
    pub fn new(opening: Router) -> Self {
        Self { opening, open: OnceLock::new() }
    }

    /// From now on all.
    pub fn open(&self, routes: Router) {
        // It opens once.
        let _ = self.open.set(routes);
    }

    fn now(&self) -> Router {
        self.open.get().unwrap_or(&self.opening).clone()
    }
}

/// A place among the connections that are served, counted for as long as it is taken.
struct Seat {
    _permit: OwnedSemaphorePermit,
    _share: Option<Share>,
    taken: Gauge,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.taken.dec();
    }
}

/// A door to the routes.
pub struct Listener {
    routes: Arc<Routes>,
    tls: Option<Tls>,
    limits: Limits,
    figures: Figures,
    seats: Arc<Semaphore>,
    /// What each address may have of them. None where one may have all, and behind
    /// proxies: there all are of one address.
    shares: Option<Arc<Shares>>,
    waiting: Semaphore,
    http: http1::Builder,
}

impl Listener {
    pub fn new(routes: Arc<Routes>, tls: Option<Tls>, limits: &Limits, figures: Figures) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            // A little longer, and the gate says why.
            .max_header_size(4 * limits.head_bytes);
        let seats = Arc::new(Semaphore::new(limits.connections));
        let waiting = Semaphore::new(limits.connections_waiting);
        let shares = || Shares::new(limits.connections, limits.share_of(limits.connections));
        let shares = (limits.proxies == 0 && limits.client_share > 1).then(shares);
        Self { routes, tls, limits: limits.clone(), figures, seats, shares, waiting, http }
    }

    /// Takes connections until `stop` is ready; then tells those that are there to end, and returns
    /// when all have.
    pub async fn run(self, socket: TcpListener, stop: impl Future<Output = ()>) {
        let listener = Arc::new(self);
        let (tell, stopping) = watch::channel(());
        let mut stop = pin!(stop);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let listener = Arc::clone(&listener);
                    tokio::spawn(listener.admit(stream, peer, stopping.clone()));
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    // Those that are open go on, and free what is missing when they end.
                    tracing::error!(%error, "no connection can be taken");
                    listener.figures.accept_errors.inc();
                    tokio::select! {
                        () = &mut stop => break,
                        () = sleep(ACCEPT_PAUSE) => {}
                    }
                }
            }
        }
        drop((socket, stopping));
        tell.send_replace(());
        tell.closed().await;
    }

    /// Gives a newcomer a seat, or sends it away.
    async fn admit(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        stopping: watch::Receiver<()>,
    ) {
        let Some(_seat) = self.seat(peer.ip()).await else {
            self.figures.connections_refused.inc();
            return self.turn_away(stream).await;
        };
        // An answer is one write: nothing is gained by waiting for more. It fails on what is gone.
        let _ = stream.set_nodelay(true);
        match &self.tls {
            None => self.serve(stream, peer, stopping).await,
            Some(tls) => match timeout(self.limits.handshake, tls.accept(stream)).await {
                Ok(Ok(stream)) => self.serve(stream, peer, stopping).await,
                Ok(Err(error)) => tracing::debug!(%error, "no TLS was agreed on"),
                Err(_) => tracing::debug!("a TLS handshake took too long"),
            },
        }
    }

    /// A place among the connections that are served, after a moment's wait where all are taken.
    async fn seat(&self, peer: IpAddr) -> Option<Seat> {
        let share = match &self.shares {
            Some(shares) => Some(shares.take(Some(Client::at(peer)), 1)?),
            None => None,
        };
        let permit = if let Ok(permit) = Arc::clone(&self.seats).try_acquire_owned() {
            permit
        } else {
            let _waiting = self.waiting.try_acquire().ok()?;
            let permit = Arc::clone(&self.seats).acquire_owned();
            timeout(self.limits.connection_wait, permit).await.ok()?.ok()?
        };
        self.figures.connections.inc();
        Some(Seat { _permit: permit, _share: share, taken: self.figures.connections.clone() })
    }

    /// Says why, where it may be said: not before a handshake, which is work.
    async fn turn_away(&self, mut stream: TcpStream) {
        let Ok(_waiting) = self.waiting.try_acquire() else { return };
        if self.tls.is_some() {
            return;
        }
        let say = async {
            stream.write_all(OVERLOADED).await?;
            stream.shutdown().await?;
            // Closed with bytes unread, it would be reset before the answer is.
            let (mut unheard, mut nowhere) = (stream.take(UNHEARD_BYTES_MAX), tokio::io::sink());
            tokio::io::copy(&mut unheard, &mut nowhere).await
        };
        // Whoever does not listen is not told.
        let _ = timeout(self.limits.connection_wait, say).await;
    }

    /// Answers what is asked on a connection, until it ends.
    async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        stream: S,
        peer: SocketAddr,
        mut stopping: watch::Receiver<()>,
    ) {
        let peer = Peer(peer.ip());
        let answer = service_fn(|mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            self.routes.now().call(request)
        });
        let io = TokioIo::new(Socket::new(stream, self.limits.write));
        let mut connection = pin!(self.http.serve_connection(io, answer));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            _ = stopping.changed() => {
                // Answers what was asked, with `Connection: close`, and ends.
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection broke off");
        }
    }
}

/// A fault of the connection that was to be taken: the next one is as good as ever.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::Kind;

    #[test]
    fn newcomers_are_told_in_whole_http() {
        let text = std::str::from_utf8(OVERLOADED).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let length = head.split_once("content-length: ").unwrap().1;
        assert_eq!(length.parse::<usize>().unwrap(), body.len());
        let problem: serde_json::Value = serde_json::from_str(body).unwrap();
        let kind = Kind::Overloaded;
        assert_eq!(problem["status"], kind.status().as_u16());
        assert_eq!(problem["type"], kind.uri());
        assert_eq!(problem["title"], kind.facts().title);
    }
}
