//! What is posted to a webhook: all of it, in order and at least once, whatever becomes of the webhook or
//! the monitor.

use std::{collections::HashSet, process::Stdio};

use crate::{
    follow::world,
    harness::bounded,
    hook::{Hook, Reply},
    shown::{Shown, Watcher, certify, encoded},
};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_on_the_way_to_a_webhook() {
    bounded(120, async {
        let mut world = world();
        for number in 0..6 {
            certify(&mut world, 9, &format!("bills {number}"), 4);
        }
        let ledger = Shown::start(&world).await;
        let (watcher, hook) = (Watcher::new(&ledger.url), Hook::start().await);
        let options = ["--webhook", hook.url.as_str()];
        // Down, and nothing of its secret is said.
        let down = ["--webhook", "http://127.0.0.1:1/hook?secret=42", "--no-domain"];
        let ran = watcher.once(&down);
        assert!(
            ran.code == 3 && ran.all.contains("the webhook at 127.0.0.1 is out of reach"),
            "{}",
            ran.all
        );
        assert!(!ran.all.contains("secret"), "{}", ran.all);
        // It takes two, then breaks; then redirects, which leads nowhere.
        hook.will(&[Reply::Taken, Reply::Taken]);
        hook.will(&[Reply::Status(500); 4]);
        let ran = watcher.once(&[&["--no-domain"], &options[..]].concat());
        assert_eq!((ran.code, hook.taken().len()), (3, 2), "{}", ran.all);
        hook.will(&[Reply::Status(307); 4]);
        let ran = watcher.once(&[&["--no-domain"], &options[..]].concat());
        assert!(ran.code == 3 && ran.all.contains("sends elsewhere"), "{}", ran.all);
        // It takes one and never says so: that one comes again, with the same id.
        hook.will(&[Reply::Hangs]);
        let ran = watcher.once(&[&["--no-domain"], &options[..]].concat());
        assert_eq!(ran.code, 1, "{}", ran.all);
        let ids = hook.ids();
        let expected: Vec<_> =
            ran.reports.iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!((ids.len(), &ids[2], &ids[3..]), (2 + 1 + 5, &ids[3], &expected[..]));
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 7, "enrolled, and six certified");
        // What no block says waits in the state.
        ledger.show(encoded(&world)[..3].to_vec());
        let ran = watcher.once(&down);
        assert!(ran.code == 3 && ran.reports[0]["report"] == "behind", "{}", ran.all);
        ledger.show(encoded(&world));
        assert_eq!(watcher.once(&[&["--no-domain"], &options[..]].concat()).code, 0);
        assert_eq!(hook.taken().last().unwrap()["id"], ran.reports[0]["id"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_monitor_that_is_killed_anywhere_goes_on() {
    bounded(120, async {
        let mut world = world();
        for number in 0..30 {
            certify(&mut world, 9, &format!("bills {number}"), 2);
        }
        let ledger = Shown::start(&world).await;
        let (watcher, hook) = (Watcher::new(&ledger.url), Hook::start().await);
        let options = ["--no-domain", "--every", "1s", "--webhook", &hook.url];
        for round in 0..5 {
            let mut child = watcher.command(&options).stdout(Stdio::null()).spawn().unwrap();
            hook.has(3 * round).await;
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let mut child = watcher.command(&options).stdout(Stdio::null()).spawn().unwrap();
        hook.has(31).await;
        let pid = child.id().to_string();
        for _ in 0..600 {
            if hook.ids().iter().collect::<HashSet<_>>().len() == 31 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        let second = watcher.once(&["--no-domain"]);
        assert!(
            second.code == 2 && second.all.contains("in use by another monitor"),
            "{}",
            second.all
        );
        assert!(
            std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success()
        );
        let status = tokio::task::block_in_place(|| child.wait()).unwrap();
        assert_eq!(status.code(), Some(130));
        assert_eq!(hook.ids().iter().collect::<HashSet<_>>().len(), 31);
        watcher.expect(&[], 0, &[]);
    })
    .await;
}
