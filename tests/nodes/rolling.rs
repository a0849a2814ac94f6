//! Nodes are started, stopped, killed and started again, one by one, under load; and the database under
//! all of them.

use std::{sync::Arc, time::Duration};

use super::{Receipts, SERVE, check, mark_height, send};
use crate::{
    cluster::{Cluster, Database},
    harness::{Home, Issuer, Server, bounded},
};

const STATEMENTS: u32 = 90;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_has_acknowledged_every_node_knows_at_once() {
    bounded(60, async {
        let database = Database::new();
        let first = Home::init_in(&database.url_of("postgres"));
        let homes = [first.another_node(), first];
        let servers: Vec<_> = homes.iter().map(|home| home.serve(&SERVE)).collect();
        let clients: Vec<_> = servers.iter().map(Server::client).collect();
        let issuer = Issuer::enrolled(&homes[0], &clients[0]).await;
        let mut receipts = Receipts::new();
        for number in 0..20 {
            let sent = issuer.certify_made_up(&format!("{number}"), 2);
            let (to, other) = (&clients[number % 2], &clients[1 - number % 2]);
            receipts.insert(sent.leaf, send(std::slice::from_ref(to), 0, &sent).await);
            let document = sent.documents.iter().next().unwrap();
            let known = other.get(&format!("/documents/{document}")).await;
            assert_eq!(known.json()["verdict"], "certified", "{known:?}");
            assert_eq!(other.head().await, to.head().await);
        }
        check(&homes[0].store(), &receipts);
    })
    .await;
}

/// Sends statements to three nodes, every third to all of them at once.
fn load(
    issuer: &Issuer,
    clients: &Arc<Vec<crate::harness::Client>>,
) -> tokio::task::JoinHandle<Receipts> {
    let (issuer, clients) = (issuer.clone(), Arc::clone(clients));
    tokio::spawn(async move {
        let mut receipts = Receipts::new();
        for number in 0..STATEMENTS {
            let sent = issuer.certify_made_up(&format!("load {number}"), 1 + number % 4);
            let first = number as usize % clients.len();
            let receipt = if number % 3 == 0 {
                let [a, b] = [0, 1].map(|at| send(&clients, first + at, &sent));
                let (a, b) = tokio::join!(a, b);
                assert_eq!(a, b, "the same statement has one receipt, whoever is asked");
                a
            } else {
                send(&clients, first, &sent).await
            };
            receipts.insert(sent.leaf, receipt);
        }
        receipts
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_come_and_go_under_load_and_nothing_acknowledged_is_lost() {
    bounded(120, async {
        let database = Database::new();
        let first = Home::init_in(&database.url_of("postgres"));
        let homes = [first.another_node(), first.another_node(), first];
        let mut servers: Vec<_> = homes.iter().map(|home| Some(home.serve(&SERVE))).collect();
        let clients = servers.iter().map(|server| server.as_ref().unwrap().client());
        let clients: Arc<Vec<_>> = Arc::new(clients.collect());
        let issuer = Issuer::enrolled(&homes[2], &clients[0]).await;
        let load = load(&issuer, &clients);
        for round in 0..6 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let at = round % servers.len();
            let server = servers[at].take().unwrap();
            let address = server.address.to_string();
            if round % 2 == 0 {
                server.kill();
            } else {
                assert_eq!(server.stop(), Some(0));
            }
            let again = [&SERVE[..], &["--listen", &address]].concat();
            servers[at] = Some(homes[at].serve(&again));
        }
        let receipts = load.await.unwrap();
        assert_eq!(receipts.len(), STATEMENTS as usize);
        let store = homes[0].store();
        check(&store, &receipts);
        let head = probant::store::Store::head(&store).unwrap().height;
        for home in &homes {
            assert!(mark_height(home) <= head);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_killed_under_load_costs_at_most_sending_again() {
    bounded(120, async {
        let mut cluster = Cluster::start();
        let name = cluster.database();
        let first = Home::init_in(&cluster.url(&name));
        let homes = [first.another_node(), first];
        let servers: Vec<_> = homes.iter().map(|home| home.serve(&SERVE)).collect();
        let clients: Arc<Vec<_>> = Arc::new(servers.iter().map(Server::client).collect());
        let issuer = Issuer::enrolled(&homes[1], &clients[0]).await;
        let load = load(&issuer, &clients);
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(400)).await;
            cluster.kill();
            tokio::time::sleep(Duration::from_millis(400)).await;
            cluster.start_again();
        }
        let receipts = load.await.unwrap();
        check(&homes[0].store(), &receipts);
        // Nobody had to start a node again, and each says that all is well.
        for client in clients.iter() {
            client.wait_for("/readyz", |reply| reply.status == 200).await;
        }
    })
    .await;
}
