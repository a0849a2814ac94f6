//! A sealing that is cut at every message between a node and its database: every submission is answered
//! in the end, and none is there twice.

use std::{sync::Arc, time::Duration};

use probant::{
    Error,
    ledger::Ledger,
    store::{
        head_mark::HeadMark,
        postgres::{Postgres, server::Access},
    },
};
use probant_core::{LedgerId, Statement};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::{
    cluster::{Database, connect},
    proxy::{Fault, Place, Proxy},
    truth::{Acknowledged, Truth},
    world::{TestClock, enroll, found_in, start, submission},
};

const BOUND: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// A node whose every message to the database passes the proxy.
struct Cut {
    database: Database,
    proxy: Proxy,
    ledger: Arc<Ledger>,
    id: LedgerId,
    keys: TempDir,
    acknowledged: Acknowledged,
    sent: u32,
}

impl Cut {
    async fn start() -> Self {
        let (database, keys) = (Database::new(), TempDir::new().unwrap());
        let behind = ([127, 0, 0, 1], database.cluster.port).into();
        let proxy = Proxy::start(behind);
        let direct = format!("127.0.0.1:{}", database.cluster.port);
        let url = database.url_of("postgres").replace(&direct, &proxy.address().to_string());
        let server = connect(&format!("{url}&sslmode=disable"), Access::Write);
        let store = Postgres::create(server, &keys.path().join("head-mark")).unwrap();
        let id = found_in(&store).ledger;
        let ledger = Arc::new(start(Arc::new(store), TestClock::new()));
        ledger.submit(enroll(id).to_submission(None)).await.unwrap();
        let acknowledged = Acknowledged::default();
        Self { database, proxy, ledger, id, keys, acknowledged, sent: 0 }
    }

    /// Sends something new until it is finally answered; says whether it was so at once.
    async fn seal(&mut self) -> bool {
        self.sent += 1;
        let bytes = submission(self.id, self.sent * 10, 2);
        let leaf = Statement::decode_submission(&bytes).unwrap().0.leaf();
        let answered = async {
            for tries in 0.. {
                match self.ledger.submit(bytes.clone()).await {
                    Err(Error::Busy { .. }) => sleep(PAUSE).await,
                    accepted => return (tries, accepted.unwrap().receipt.encode()),
                }
            }
            unreachable!()
        };
        let let_go = async {
            loop {
                // Where a session was abandoned, its database notices a while after.
                sleep(PAUSE * 5).await;
                self.proxy.let_go();
            }
        };
        let answered = tokio::select! {
            answered = timeout(BOUND, answered) => answered,
            () = let_go => unreachable!(),
        };
        let (tries, receipt) = answered.expect("never answered finally");
        self.acknowledged.add(leaf, &receipt);
        tries == 0
    }

    fn check(&self) {
        let truth = Truth::of(&self.database.url_of("postgres"));
        truth.holds(&self.acknowledged);
        let mark = HeadMark::read(&self.keys.path().join("head-mark")).unwrap().unwrap();
        truth.holds_mark_at(&mark);
        assert!(self.ledger.failure().is_none(), "{:?}", self.ledger.failure());
    }

    /// How many messages a sealing has, the last of which is COMMIT.
    async fn learn(&mut self) -> usize {
        self.seal().await;
        self.proxy.count_from("BEGIN");
        self.seal().await;
        let log = self.proxy.log();
        let commit = log.iter().find(|passed| passed.sql.as_deref() == Some("COMMIT"));
        commit.and_then(|passed| passed.number).expect("a COMMIT that is counted")
    }

    /// Cut once at every message of a sealing, with another between that is not.
    async fn cut_at_each(&mut self, fault: impl Fn(Place) -> Fault) {
        let last = self.learn().await;
        assert!(last > 10, "a block is more than {last} messages");
        let mut struck = 0;
        for number in 1..=last {
            self.proxy.count_from("BEGIN");
            self.proxy.plan(fault(Fault::at_message(number)));
            self.seal().await;
            struck += usize::from(self.proxy.is_struck());
            self.proxy.count_from("BEGIN");
            self.seal().await;
            self.check();
        }
        // A session may have been new, and have sent more before its COMMIT.
        assert!(struck + 2 >= last, "{struck} of {last}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_connection_is_lost_before_each_message() {
    Cut::start().await.cut_at_each(Place::drop_before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_connection_is_lost_after_each_message() {
    Cut::start().await.cut_at_each(Place::drop_after).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_session_is_abandoned_at_each_message() {
    Cut::start().await.cut_at_each(Place::abandon).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_conflict_of_transactions_is_the_answer_to_each_message() {
    Cut::start().await.cut_at_each(|place| place.refuse("40001")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deadlock_is_the_answer_to_each_message() {
    Cut::start().await.cut_at_each(|place| place.refuse("40P01")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_database_is_shut_down_at_each_message() {
    Cut::start().await.cut_at_each(|place| place.refuse("57P01")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_that_failed_and_one_that_failed_but_persisted_are_told_apart() {
    let mut cut = Cut::start().await;
    let faults = [
        Fault::at_commit().drop_before(),
        Fault::at_commit().drop_after(),
        Fault::at_commit().drop_answered(),
        Fault::at_commit().abandon(),
        Fault::at_commit().refuse("40001"),
        Fault::at_commit().drop_before().times(3),
        Fault::at_commit().drop_answered().times(3),
    ];
    for fault in faults {
        cut.seal().await;
        cut.proxy.count_from("");
        cut.proxy.plan(fault.clone());
        assert!(cut.seal().await, "whoever waits hears nothing of it: {fault:?}");
        assert!(cut.proxy.is_struck(), "{fault:?}");
        cut.proxy.count_from("");
        cut.check();
    }
}
