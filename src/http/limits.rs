//! How much of this machine strangers may use, and for how long. Why these: docs/decisions/0014. What
//! a statement, a list or the pool may hold is of the core and of the ledger.

use std::time::Duration;

/// Each limit, once.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most connections that are served at once.
    pub connections: usize,
    /// Most that wait for one of them to end, and are told to come back; others are only closed.
    pub connections_waiting: usize,
    /// How long they wait.
    pub connection_wait: Duration,
    /// A TLS handshake ends within this.
    pub handshake: Duration,
    /// From the end of one request to the end of the next one's head: idle connections and slow heads
    /// are closed.
    pub head: Duration,
    /// Longest head of a request.
    pub head_bytes: usize,
    /// How long a body may make us wait in all; bytes that come win some of it back.
    pub body: Duration,
    /// Bytes that win back a second: the slowest body that is read to its end.
    pub body_bytes_a_second: u64,
    /// How long, after an answer, what the client is still sending is read on, so that it reads the
    /// answer.
    pub linger: Duration,
    /// How much of that.
    pub linger_bytes: u64,
    /// A client that takes no byte for so long has gone away.
    pub write: Duration,
    /// Longest document that is hashed.
    pub document_bytes: u64,
    /// Documents that one client may send at once to be hashed.
    pub documents: usize,
    /// Requests at once that make proofs, or read and hash much.
    pub work: usize,
    /// Bytes at once of submissions, and of answers that are not read yet; short ones are not counted.
    pub buffered_bytes: usize,
    /// One client may hold one of so many parts of the connections, the work and the bytes.
    pub client_share: usize,
    /// Requests a second of one client; 0 for as many as it likes.
    pub read_rate: u32,
    /// Seconds' worth of them that it may save up.
    pub read_burst_s: u32,
    /// Most clients that are told apart.
    pub clients: usize,
    /// Proxies in front that are believed to say who asks: each adds to X-Forwarded-For.
    pub proxies: usize,
    /// How long a ledger that was told to stop goes on, while it says that it is not ready.
    pub drain: Duration,
    /// How long clients that are slow or hang may take to end after that.
    pub stop: Duration,
}

impl Limits {
    /// For a listener that few ask at: so that files stay free for everything else.
    #[must_use]
    pub fn of_watched(&self) -> Self {
        Self { connections: 16, connections_waiting: 16, client_share: 1, ..self.clone() }
    }

    /// What one client may hold of that.
    pub fn share_of(&self, whole: usize) -> usize {
        whole.div_ceil(self.client_share.max(1))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_waiting: 256,
            connection_wait: Duration::from_secs(1),
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(30),
            head_bytes: 16 << 10,
            body: Duration::from_secs(20),
            body_bytes_a_second: 4096,
            linger: Duration::from_secs(5),
            linger_bytes: 32 << 20,
            write: Duration::from_secs(30),
            document_bytes: 256 << 20,
            documents: 4,
            work: 64,
            buffered_bytes: 256 << 20,
            client_share: 8,
            read_rate: 500,
            read_burst_s: 10,
            clients: 65_536,
            proxies: 0,
            drain: Duration::ZERO,
            stop: Duration::from_secs(10),
        }
    }
}
