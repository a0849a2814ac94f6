//! Some nodes of one ledger, as processes.

use crate::{
    harness::{Home, Issuer, Server},
    load::Addresses,
    truth::{Acknowledged, Truth},
};

/// Many requests come from one address here, and blocks come fast.
pub const ARGS: [&str; 8] =
    ["--interval-ms", "20", "--read-rate", "0", "--client-share", "1", "--issuer-rate", "0"];

pub struct Nodes {
    pub url: String,
    pub homes: Vec<Home>,
    /// None where it was killed.
    pub servers: Vec<Option<Server>>,
    pub addresses: Addresses,
    pub issuer: Issuer,
}

impl Nodes {
    /// So many nodes of a new ledger in an empty database, with an issuer.
    pub async fn start(url: &str, count: usize) -> Self {
        Self::start_with(url, count, &[]).await
    }

    pub async fn start_with(url: &str, count: usize, args: &[&str]) -> Self {
        let args = [&ARGS, args].concat();
        let first = Home::init_in(url);
        let others: Vec<_> = (1..count).map(|_| first.another()).collect();
        let homes: Vec<_> = std::iter::once(first).chain(others).collect();
        let servers: Vec<_> = homes.iter().map(|home| home.serve(&args)).collect();
        let addresses = Addresses::of(servers.iter().map(|server| server.address).collect());
        let issuer = Issuer::enrolled(&homes[0], &servers[0].client()).await;
        for server in &servers {
            server.client().wait_for("/readyz", |reply| reply.json()["head"]["height"] != 0).await;
        }
        let servers = servers.into_iter().map(Some).collect();
        Self { url: url.into(), homes, servers, addresses, issuer }
    }

    pub fn take(&mut self, node: usize) -> Server {
        self.servers[node].take().expect("it runs")
    }

    pub fn start_again(&mut self, node: usize) {
        let server = self.homes[node].serve(&ARGS);
        self.addresses.set(node, server.address);
        self.servers[node] = Some(server);
    }

    /// The whole truth, against what was acknowledged and what the nodes remember.
    pub fn check(&self, acknowledged: &Acknowledged) -> Truth {
        let truth = Truth::of(&self.url);
        truth.holds(acknowledged);
        self.homes.iter().for_each(|home| truth.holds_mark(home));
        truth
    }
}
