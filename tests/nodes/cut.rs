//! What breaks between a node and its database, at every message of one sealing: whoever submits is
//! answered in the end, and nothing is there twice.

use std::{sync::Arc, time::Duration};

use probant::{
    Error,
    ledger::{Accepted, Ledger},
    store::{
        Store,
        postgres::{
            Postgres,
            server::{Access, Server, address::Address},
        },
    },
};
use probant_core::{LedgerId, Statement};
use tempfile::TempDir;

use super::{Receipts, check};
use crate::{
    cluster::Database,
    harness::bounded,
    proxy::{Fault, Proxy},
    world::{TestClock, enroll, found_in, start, submission},
};

/// Where a sealing begins.
const BEGIN: &str = "BEGIN";

/// A node whose database is behind a proxy, and another whose is not.
struct Nodes {
    database: Database,
    proxy: Proxy,
    _keys: TempDir,
    store: Arc<Postgres>,
    ledger: Ledger,
    id: LedgerId,
    receipts: Receipts,
    number: u32,
}

impl Nodes {
    async fn new() -> Self {
        let (database, keys) = (Database::new(), tempfile::tempdir().unwrap());
        let port = database.cluster.port;
        let proxy = Proxy::start(([127, 0, 0, 1], port).into());
        let url = database.url_of("postgres");
        let url = url.replace(&port.to_string(), &proxy.address().port().to_string());
        let address = Address::new(&url, None, None).unwrap();
        let server = Server::connect(&address, Access::Write).unwrap();
        let mark = keys.path().join("head-mark");
        let store = Arc::new(Postgres::create(server, &mark).unwrap());
        let id = found_in(&*store).ledger;
        let ledger = start(store.clone(), TestClock::new());
        let mut nodes = Self {
            database,
            proxy,
            _keys: keys,
            store,
            ledger,
            id,
            receipts: Receipts::new(),
            number: 0,
        };
        nodes.send(enroll(id).to_submission(None)).await;
        nodes
    }

    /// Sends the same until it is answered finally.
    async fn send(&mut self, bytes: Vec<u8>) {
        let leaf = Statement::decode_submission(&bytes).unwrap().0.leaf();
        for _ in 0..600 {
            match self.ledger.submit(bytes.clone()).await {
                Ok(Accepted { receipt, .. }) => {
                    self.receipts.insert(leaf, receipt.encode());
                    return;
                }
                Err(Error::Busy { .. }) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(error) => panic!("{error}; {:?}", self.ledger.failure()),
            }
        }
        panic!("never answered finally");
    }

    /// Seals one more, which goes wrong if something is planned.
    async fn seal(&mut self) {
        self.number += 10;
        let sent = submission(self.id, self.number, 3);
        self.send(sent).await;
        assert_eq!(self.ledger.failure(), None);
    }

    /// All that was answered, read past the proxy.
    fn check(&self) {
        let server = self.database.connect_as("postgres", Access::Read);
        let there = Postgres::open_read_only(server).unwrap();
        check(&there, &self.receipts);
        assert_eq!(there.head(), self.store.head());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_may_be_lost_at_every_message() {
    bounded(240, async {
        let mut nodes = Nodes::new().await;
        nodes.seal().await;
        nodes.proxy.count_from(BEGIN);
        nodes.seal().await;
        let count = nodes.proxy.count();
        assert!((8..200).contains(&count), "{count} messages: {:?}", nodes.proxy.log());
        for number in 1..=count {
            for lose in
                [Fault::at_message(number).drop_before(), Fault::at_message(number).drop_after()]
            {
                nodes.proxy.count_from(BEGIN);
                nodes.proxy.plan(lose);
                nodes.seal().await;
                assert!(nodes.proxy.is_struck(), "nothing was lost at message {number}");
            }
        }
        nodes.check();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_may_refuse_any_statement() {
    bounded(240, async {
        let mut nodes = Nodes::new().await;
        nodes.proxy.count_from(BEGIN);
        nodes.seal().await;
        for code in ["40001", "40P01", "57P01"] {
            for number in (1..=nodes.proxy.count()).step_by(3) {
                nodes.proxy.count_from(BEGIN);
                nodes.proxy.plan(Fault::at_message(number).refuse(code));
                nodes.seal().await;
            }
            nodes.proxy.count_from(BEGIN);
            nodes.seal().await;
        }
        nodes.check();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_without_an_answer_is_found_out_about() {
    bounded(240, async {
        let mut nodes = Nodes::new().await;
        for round in 0..4 {
            // Failed; failed, but persisted; not known for a while.
            let faults = [
                Fault::at_commit().drop_before(),
                Fault::at_commit().drop_answered(),
                Fault::at_commit().freeze(Duration::from_millis(700)),
                Fault::at_commit().refuse("40001"),
            ];
            for fault in faults {
                nodes.proxy.plan(fault);
                nodes.seal().await;
                assert!(nodes.proxy.is_struck(), "round {round}");
            }
        }
        nodes.check();
    })
    .await;
}
