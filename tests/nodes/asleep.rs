//! A node that is stopped while it holds the head: the others go on within a bound, and what it held is
//! never there wrongly, nor twice.

use std::{net::SocketAddr, time::Duration};

use tokio::time::sleep;

use crate::{
    cluster::Database,
    harness::{Home, Issuer, Server, bounded},
    load::{Addresses, attempt},
    nodes::ARGS,
    proxy::{Fault, Passed, Proxy},
    truth::{Acknowledged, Truth},
};

/// Two nodes; what the first one says to the database passes the proxy.
struct Pair {
    database: Database,
    proxy: Proxy,
    homes: [Home; 2],
    servers: [Server; 2],
    addresses: Addresses,
    issuer: Issuer,
    acknowledged: Acknowledged,
}

impl Pair {
    async fn start() -> Self {
        let database = Database::new();
        let behind: SocketAddr = ([127, 0, 0, 1], database.cluster.port).into();
        let (proxy, url) = (Proxy::start(behind), database.url_of("postgres"));
        let mut first = Home::init_in(&url);
        let second = first.another();
        let passing = url.replace(&behind.to_string(), &proxy.address().to_string());
        first.move_store(&format!("{passing}&sslmode=disable"));
        let homes = [first, second];
        let servers = [homes[0].serve(&ARGS), homes[1].serve(&ARGS)];
        let addresses = Addresses::of(servers.iter().map(|server| server.address).collect());
        let issuer = Issuer::enrolled(&homes[0], &servers[0].client()).await;
        let acknowledged = Acknowledged::default();
        Self { database, proxy, homes, servers, addresses, issuer, acknowledged }
    }

    async fn send(&self, node: usize, name: &str) {
        let sent = self.issuer.certify_made_up(name, 2);
        self.acknowledged.add(sent.leaf, &self.addresses.send(node, &sent.bytes).await);
    }

    /// The first is stopped when it meets this fault, until the other has sealed, which it must within so
    /// many seconds, and for `then_s` more.
    async fn stopped_at(&self, fault: Fault, within_s: u64, then_s: u64) {
        self.proxy.count_from("BEGIN");
        self.proxy.plan(fault);
        let held = self.issuer.certify_made_up("held", 3);
        let (client, bytes) = (self.addresses.client(0), held.bytes.clone());
        let waits = tokio::spawn(async move { attempt(&client, &bytes).await });
        while !self.proxy.is_struck() {
            sleep(Duration::from_millis(10)).await;
        }
        self.servers[0].signal("-STOP");
        let stopped = sleep(Duration::from_secs(within_s));
        // The other one seals before the first can go on: by itself.
        let other = self.issuer.certify_made_up("meanwhile", 1);
        let answered = async {
            loop {
                match attempt(&self.addresses.client(1), &other.bytes).await {
                    Some(reply) if reply.status == 201 => return reply.body,
                    _ => sleep(Duration::from_millis(100)).await,
                }
            }
        };
        let receipt = tokio::select! {
            receipt = answered => receipt,
            () = stopped => panic!("nobody goes on while a node is stopped"),
        };
        self.acknowledged.add(other.leaf, &receipt);
        sleep(Duration::from_secs(then_s)).await;
        self.servers[0].signal("-CONT");
        self.proxy.thaw();
        let _ = waits.await.unwrap();
        for node in [0, 1] {
            self.acknowledged.add(held.leaf, &self.addresses.send(node, &held.bytes).await);
            self.send(node, &format!("after {node}")).await;
        }
        let truth = Truth::of(&self.database.url_of("postgres"));
        truth.holds(&self.acknowledged);
        self.homes.iter().for_each(|home| truth.holds_mark(home));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_that_is_stopped_for_a_minute_before_its_commit_keeps_nobody() {
    bounded(200, async {
        let pair = Pair::start().await;
        pair.send(0, "first").await;
        pair.stopped_at(Fault::at_commit().freeze(Duration::from_secs(120)), 40, 55).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_that_is_stopped_in_the_middle_of_copy_keeps_nobody() {
    bounded(240, async {
        let pair = Pair::start().await;
        pair.send(0, "first").await;
        pair.proxy.count_from("BEGIN");
        pair.send(0, "second").await;
        let is_row = |passed: &&Passed| passed.kind == 'd' && passed.number.is_some();
        let log = pair.proxy.log();
        let row = log.iter().find(is_row).and_then(|passed| passed.number).expect("rows of COPY");
        let fault = Fault::at_message(row).freeze(Duration::from_secs(90));
        pair.stopped_at(fault, 80, 0).await;
    })
    .await;
}
