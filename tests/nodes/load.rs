//! Whoever sends to many nodes as a client should: the same again, to the next one, until it is finally
//! answered. Every wait is bounded.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hyper::Method;
use tokio::{task::JoinHandle, time::timeout};

use crate::{
    harness::{Client, Issuer, Reply, issuer::Submission},
    truth::Acknowledged,
};

/// The longest that a node may leave somebody without an answer.
const ANSWER: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(50);
const TRIES: usize = 1500;

/// Where the nodes are now; those that were started again are elsewhere.
#[derive(Clone, Default)]
pub struct Addresses(Arc<Mutex<Vec<SocketAddr>>>);

impl Addresses {
    pub fn of(addresses: Vec<SocketAddr>) -> Self {
        Self(Arc::new(Mutex::new(addresses)))
    }

    pub fn set(&self, node: usize, address: SocketAddr) {
        self.0.lock().unwrap()[node] = address;
    }

    pub fn client(&self, node: usize) -> Client {
        let all = self.0.lock().unwrap();
        Client::new(all[node % all.len()])
    }

    /// The receipt of what is sent: to this node first, to the others after it.
    pub async fn send(&self, node: usize, bytes: &[u8]) -> Vec<u8> {
        for next in (node..).take(TRIES) {
            match attempt(&self.client(next), bytes).await {
                Some(reply) if reply.status == 201 => return reply.body.to_vec(),
                Some(reply) if reply.status == 503 || reply.status == 429 => {}
                Some(reply) => panic!("refused: {reply:?}"),
                None => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("never answered finally");
    }
}

/// One try; none where there was no answer.
pub async fn attempt(client: &Client, bytes: &[u8]) -> Option<Reply> {
    let asked = async {
        let mut connection = client.connect().await.ok()?;
        connection.send(Method::POST, "/entries", bytes.to_vec()).await.ok()
    };
    timeout(ANSWER, asked).await.ok().flatten()
}

/// Senders that go on until they are told to end.
pub struct Load {
    pub acknowledged: Arc<Acknowledged>,
    end: Arc<AtomicBool>,
    senders: Vec<JoinHandle<()>>,
}

impl Load {
    /// So many senders; each sends one after the other, every tenth to two nodes at once.
    pub fn start(issuer: &Issuer, to: &Addresses, senders: usize) -> Self {
        let (acknowledged, end) = (Arc::<Acknowledged>::default(), Arc::<AtomicBool>::default());
        let sender = |number: usize| {
            let (issuer, to, end) = (issuer.clone(), to.clone(), Arc::clone(&end));
            let acknowledged = Arc::clone(&acknowledged);
            tokio::spawn(async move {
                for count in 0.. {
                    if end.load(Ordering::SeqCst) {
                        return;
                    }
                    let name = format!("load-{number}-{count}");
                    let sent = issuer.certify_made_up(&name, 1 + count % 3);
                    send(&to, number, count % 10 == 0, &sent, &acknowledged).await;
                }
            })
        };
        let senders = (0..senders).map(sender).collect();
        Self { acknowledged, end, senders }
    }

    /// Waits until so many more are acknowledged.
    pub async fn go_on(&self, more: usize) {
        let awaited = self.acknowledged.count() + more;
        let reached = async {
            while self.acknowledged.count() < awaited {
                assert!(self.senders.iter().all(|sender| !sender.is_finished()), "a sender ended");
                tokio::time::sleep(PAUSE).await;
            }
        };
        timeout(Duration::from_secs(90), reached).await.expect("nothing goes on");
    }

    /// Every submission that is under way is finally answered; then all that was acknowledged.
    pub async fn end(self) -> Arc<Acknowledged> {
        self.end.store(true, Ordering::SeqCst);
        for sender in self.senders {
            timeout(Duration::from_secs(120), sender).await.expect("not answered").unwrap();
        }
        self.acknowledged
    }
}

async fn send(to: &Addresses, node: usize, twice: bool, sent: &Submission, all: &Acknowledged) {
    let first = to.send(node, &sent.bytes);
    let receipt = if twice {
        let (one, other) = tokio::join!(first, to.send(node + 1, &sent.bytes));
        assert_eq!(one, other, "two receipts of one statement");
        one
    } else {
        first.await
    };
    all.add(sent.leaf, &receipt);
}
