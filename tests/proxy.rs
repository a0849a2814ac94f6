//! The proxy of tests/cluster held to what it says, between tokio-postgres and a real PostgreSQL: what
//! it breaks is broken in just that way, and what the database makes of it is read past the proxy.

#[path = "cluster/mod.rs"]
mod cluster;
#[path = "cluster/proxy.rs"]
mod proxy;

use std::{net::SocketAddr, pin::pin, time::Duration};

use cluster::Cluster;
use futures_util::SinkExt as _;
use proxy::{Fault, Passed, Proxy};
use tokio::time::timeout;
use tokio_postgres::{Client, Error, NoTls, error::SqlState};

const BOUND: Duration = Duration::from_secs(120);
/// Long enough for what passes a network that is not frozen.
const A_WHILE: Duration = Duration::from_millis(300);

async fn connect(address: SocketAddr) -> Result<Client, Error> {
    let url = format!("postgres://postgres@{address}/postgres?connect_timeout=20");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// A database with a table like that of heads and blocks, a way past the proxy, and the proxy.
async fn world() -> (Cluster, Client, Proxy) {
    let database = Cluster::start();
    let address = ([127, 0, 0, 1], database.port).into();
    let past = connect(address).await.unwrap();
    past.batch_execute(
        "CREATE TABLE head (height bigint); INSERT INTO head VALUES (0);
         CREATE TABLE blocks (height bigint PRIMARY KEY, bytes bytea)",
    )
    .await
    .unwrap();
    let proxy = Proxy::start(address);
    (database, past, proxy)
}

/// What a node does for a block, in small.
async fn seal(address: SocketAddr) -> Result<(), Error> {
    let mut client = connect(address).await?;
    let transaction = client.transaction().await?;
    let row = transaction.query_one("SELECT height FROM head FOR UPDATE", &[]).await?;
    let height: i64 = row.get(0);
    let next = height + 1;
    let sink = transaction.copy_in("COPY blocks FROM STDIN").await?;
    let mut sink = pin!(sink);
    sink.send(std::io::Cursor::new(format!("{next}\t\\\\x00\n").into_bytes())).await?;
    sink.finish().await?;
    let update = "UPDATE head SET height = $1 WHERE height = $2";
    assert_eq!(transaction.execute(update, &[&next, &height]).await?, 1);
    transaction.commit().await
}

/// The head, when nobody holds it any more; all blocks up to it are there, and no other.
async fn height(past: &Client) -> i64 {
    let head: i64 = past.query_one("SELECT height FROM head FOR UPDATE", &[]).await.unwrap().get(0);
    let blocks = past.query("SELECT height FROM blocks ORDER BY height", &[]).await.unwrap();
    let blocks: Vec<i64> = blocks.iter().map(|row| row.get(0)).collect();
    assert_eq!(blocks, (1..=head).collect::<Vec<_>>());
    head
}

/// Seals once without a fault: how many messages of the node that takes, the last of which is COMMIT.
async fn learn(proxy: &Proxy) -> usize {
    proxy.count_from("START TRANSACTION");
    timeout(BOUND, seal(proxy.address())).await.unwrap().unwrap();
    let commits = |passed: &&Passed| passed.sql.as_deref() == Some("COMMIT");
    let number = proxy.log().iter().find(commits).unwrap().number.unwrap();
    assert!(number > 10, "{:?}", proxy.log());
    number
}

async fn seal_with(proxy: &Proxy, fault: Fault) -> Result<(), Error> {
    proxy.count_from("START TRANSACTION");
    proxy.plan(fault.clone());
    let sealed = timeout(BOUND, seal(proxy.address())).await.unwrap();
    assert!(proxy.is_struck(), "{fault:?}: {:?}", proxy.log());
    sealed
}

#[tokio::test]
async fn a_connection_is_dropped_before_and_after_every_message() {
    let (_database, past, proxy) = world().await;
    let commit = learn(&proxy).await;
    let mut expected = 1;
    assert_eq!(height(&past).await, expected);
    for number in 1..=commit {
        let before = seal_with(&proxy, Fault::at_message(number).drop_before()).await;
        assert!(before.unwrap_err().is_closed(), "before {number}");
        assert_eq!(height(&past).await, expected, "before {number}");
        let after = seal_with(&proxy, Fault::at_message(number).drop_after()).await;
        assert!(after.unwrap_err().is_closed(), "after {number}");
        expected += i64::from(number == commit);
        // The backend of a COMMIT without an answer is still at it: its lock is waited for.
        assert_eq!(height(&past).await, expected, "after {number}");
    }
    assert_eq!(learn(&proxy).await, commit, "it takes the same messages each time");
    assert_eq!(proxy.count(), commit);
}

#[tokio::test]
async fn commit_fails_and_is_persisted_or_not() {
    let (_database, past, proxy) = world().await;
    assert!(seal_with(&proxy, Fault::at_commit().drop_before()).await.unwrap_err().is_closed());
    assert_eq!(height(&past).await, 0);
    assert!(seal_with(&proxy, Fault::at_commit().drop_answered()).await.unwrap_err().is_closed());
    let answered = |passed: &&Passed| !passed.from_node && passed.kind == 'Z';
    let log = proxy.log();
    let last = log.iter().rposition(|passed| passed.sql.as_deref() == Some("COMMIT")).unwrap();
    assert!(log[last..].iter().any(|passed| answered(&passed)), "{log:?}");
    assert_eq!(height(&past).await, 1);
    seal(proxy.address()).await.unwrap();
    assert_eq!(height(&past).await, 2);
}

/// What the database says of the session is what it is: aborted in a transaction, idle at its end.
#[tokio::test]
async fn refusals_leave_the_session_as_the_database_would() {
    let (_database, past, proxy) = world().await;
    let commit = learn(&proxy).await;
    for number in 1..=commit {
        for (sqlstate, code) in [
            ("40001", SqlState::T_R_SERIALIZATION_FAILURE),
            ("40P01", SqlState::T_R_DEADLOCK_DETECTED),
        ] {
            let refused = seal_with(&proxy, Fault::at_message(number).refuse(sqlstate)).await;
            assert_eq!(refused.unwrap_err().code(), Some(&code), "{number}");
            assert_eq!(height(&past).await, 1, "{number}");
        }
    }
    let mut client = connect(proxy.address()).await.unwrap();
    for at in [Fault::at_statement("for update"), Fault::at_statement("UPDATE head")] {
        proxy.plan(at.refuse("40001"));
        let transaction = client.transaction().await.unwrap();
        let update = async {
            transaction.query("SELECT height FROM head FOR UPDATE", &[]).await?;
            transaction.execute("UPDATE head SET height = height", &[]).await
        };
        assert_eq!(update.await.unwrap_err().code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE));
        let next = transaction.query("SELECT 1", &[]).await.unwrap_err();
        assert_eq!(next.code(), Some(&SqlState::IN_FAILED_SQL_TRANSACTION));
        transaction.rollback().await.unwrap();
    }
    proxy.plan(Fault::at_commit().refuse("40001"));
    let transaction = client.transaction().await.unwrap();
    transaction.execute("UPDATE head SET height = 99", &[]).await.unwrap();
    let refused = transaction.commit().await.unwrap_err();
    assert_eq!(refused.code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE));
    client.query_one("SELECT 1", &[]).await.unwrap();
    assert_eq!(height(&past).await, 1);
}

#[tokio::test]
async fn codes_after_which_the_database_hangs_up() {
    let (_database, past, proxy) = world().await;
    proxy.plan(Fault::at_connect().refuse("53300").times(2));
    for _ in 0..2 {
        let refused = seal(proxy.address()).await.unwrap_err();
        assert_eq!(refused.code(), Some(&SqlState::TOO_MANY_CONNECTIONS));
    }
    seal(proxy.address()).await.unwrap();
    let commit = learn(&proxy).await;
    for number in 1..=commit {
        let refused = seal_with(&proxy, Fault::at_message(number).refuse("57P01")).await;
        assert_eq!(refused.unwrap_err().code(), Some(&SqlState::ADMIN_SHUTDOWN), "{number}");
        assert_eq!(height(&past).await, 2, "{number}");
    }
}

/// A node that is cut off: the database holds the lock for it until it notices.
#[tokio::test]
async fn an_abandoned_transaction_holds_its_lock_until_it_is_let_go() {
    let (_database, past, proxy) = world().await;
    seal_with(&proxy, Fault::at_commit().abandon()).await.unwrap_err();
    let held = past.query("SELECT height FROM head FOR UPDATE NOWAIT", &[]).await.unwrap_err();
    assert_eq!(held.code(), Some(&SqlState::LOCK_NOT_AVAILABLE));
    proxy.let_go();
    assert_eq!(timeout(BOUND, height(&past)).await.unwrap(), 0);
}

#[tokio::test]
async fn a_frozen_network_passes_nothing_and_closes_nothing() {
    let (_database, past, proxy) = world().await;
    let client = connect(proxy.address()).await.unwrap();
    proxy.freeze();
    let mut asked = pin!(client.query("UPDATE head SET height = height", &[]));
    assert!(timeout(A_WHILE, &mut asked).await.is_err());
    let other = tokio::spawn(connect(proxy.address()));
    tokio::time::sleep(A_WHILE).await;
    assert!(!other.is_finished());
    proxy.thaw();
    timeout(BOUND, asked).await.unwrap().unwrap();
    timeout(BOUND, other).await.unwrap().unwrap().unwrap();
    // For a while, at a message; nobody notices but by the time.
    seal_with(&proxy, Fault::at_commit().freeze(A_WHILE)).await.unwrap();
    assert_eq!(height(&past).await, 1);
}

#[tokio::test]
async fn everything_is_late_and_nothing_else() {
    let (_database, past, proxy) = world().await;
    proxy.delay(A_WHILE);
    let mut sealing = pin!(seal(proxy.address()));
    // The connection alone takes that long.
    assert!(timeout(A_WHILE, &mut sealing).await.is_err());
    timeout(BOUND, sealing).await.unwrap().unwrap();
    proxy.delay(Duration::ZERO);
    assert_eq!(height(&past).await, 1);
    proxy.drop_all();
    seal(proxy.address()).await.unwrap();
    assert_eq!(height(&past).await, 2);
}
