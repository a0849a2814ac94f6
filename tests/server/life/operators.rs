//! What the operator says, and whoever keeps the recovery key.

use std::{fs, thread, time::Duration};

use super::Story;
use crate::harness::{bounded, issuer::ISSUER, now_ms};

const BY_OPERATOR: [&str; 2] = ["--operator-key", "operator.pem"];
const BY_RECOVERY: [&str; 2] = ["--recovery-key", "recovery.pem"];

fn by<'a>(command: &[&'a str], who: [&'a str; 2]) -> Vec<&'a str> {
    [command, &who].concat()
}

#[tokio::test]
async fn an_issuer_is_suspended_and_reinstated() {
    bounded(120, async {
        let story = Story::new();
        story.write("a.pdf", "a");
        story.write("b.pdf", "b");
        story.certify("a.pdf", "energie.pem").done("1 certified");
        let say = |act, who| by(&["issuer", act, ISSUER], who);
        story.refused(&say("reinstate", BY_OPERATOR), 2, "issuer-state: ").await;
        story.refused(&say("suspend", ["--operator-key", "energie.pem"]), 2, "issuer: ").await;
        story.refused(&say("suspend", ["--operator-key", "recovery.pem"]), 2, "key-use: ").await;
        let unknown = by(&["issuer", "suspend", "other.example"], BY_OPERATOR);
        story.refused(&unknown, 2, "knows no issuer other.example").await;
        story.run(&say("suspend", BY_OPERATOR)).done("energie.example is suspended in entry");
        story.refused(&say("suspend", BY_OPERATOR), 2, "issuer-state: ").await;
        let head = story.client.head().await;
        story.certify("b.pdf", "energie.pem").ended(2, "issuer-state: ");
        assert_eq!(story.client.head().await, head);
        assert_eq!(story.verdict("a").await, "certified");
        story.run(&["issuer", "list"]).done("suspended   1 current");
        story.run(&say("reinstate", BY_OPERATOR)).done("energie.example is reinstated in entry");
        story.end();
    })
    .await;
}

#[tokio::test]
async fn what_a_stolen_key_signed_counts_as_never_said() {
    bounded(120, async {
        let story = Story::new();
        story.write("a.pdf", "a");
        story.write("b.pdf", "b");
        story.certify("a.pdf", "energie.pem").done("1 certified");
        // By the ledger's time, which this clock is.
        thread::sleep(Duration::from_millis(20));
        let since = now_ms().to_string();
        thread::sleep(Duration::from_millis(20));
        story.certify("b.pdf", "energie.pem").done("1 certified");
        let report = |since| ["key", "compromise", "energie.pem", "--since", since];
        let to_come = (now_ms() + 3_600_000).to_string();
        story.refused(&by(&report(&to_come), BY_OPERATOR), 2, "since: ").await;
        let before = "2020-01-01T00:00:00Z";
        story.refused(&by(&report(before), BY_OPERATOR), 2, "since: ").await;
        story.run(&by(&report("yesterday"), BY_OPERATOR)).ended(2, "milliseconds since 1970");
        story.refused(&by(&report(&since), BY_RECOVERY), 2, "key-use: ").await;
        story.run(&by(&report(&since), BY_OPERATOR)).done("is compromised since 20");
        story.refused(&by(&report(&since), BY_OPERATOR), 2, "key-state: ").await;
        assert_eq!(story.verdict("a").await, "certified");
        assert_eq!(story.verdict("b").await, "distrusted");
        story.run(&["issuer", "list", "--keys"]).done("compromised since 20");
        story.end();
    })
    .await;
}

#[tokio::test]
async fn an_enrollment_by_a_stolen_operator_key_is_made_anew() {
    bounded(120, async {
        let story = Story::new();
        let since = now_ms().to_string();
        for name in ["operator-2.pem", "telecom.pem", "telecom-2.pem"] {
            story.run(&["key", "new", name]).done("made");
        }
        let id = "telecom.example";
        let who = ["--legal-name", "Korrigan", "--country", "FR", "--registration", "2"];
        let enroll = |operator, how: [&'static str; 2]| {
            let enroll = ["issuer", "enroll", "--id", id, "--operator-key", operator];
            [&enroll[..], &who, &how].concat()
        };
        let thief = enroll("operator.pem", ["--issuer-key", "telecom.pem"]);
        story.run(&thief).done("enrolled telecom.example");
        let replace = ["key", "replace", "--use", "operator", "--new", "operator-2.pem"];
        story.refused(&by(&replace, BY_OPERATOR), 2, "is replaced by --recovery-key").await;
        story.run(&by(&replace, BY_RECOVERY)).done("is the operator key from the next block on");
        let kid = story.run(&["key", "show", "operator.pem"]).line("kid");
        let report = ["key", "compromise", &kid, "--since", &since];
        story.refused(&by(&report, ["--operator-key", "operator-2.pem"]), 2, "key-use: ").await;
        story.run(&by(&report, BY_RECOVERY)).done("is compromised since 20");
        story.refused(&by(&["issuer", "suspend", ISSUER], BY_OPERATOR), 2, "key-state: ").await;

        let request = |seq, out| {
            ["issuer", "request", "--id", id, "--key", "telecom-2.pem", "--seq", seq, "--out", out]
        };
        story.offline(&request("1", "first.request")).done("wrote");
        story.offline(&request("2", "second.request")).done("wrote");
        let unfit = enroll("operator-2.pem", ["--request", "first.request"]);
        story.refused(&unfit, 2, "request made with `--seq 2`").await;
        let again = enroll("operator-2.pem", ["--request", "second.request"]);
        story.run(&again).done("enrolled telecom.example");
        story.refused(&again, 2, "issuer-exists: ").await;
        story.end();
    })
    .await;
}

#[tokio::test]
async fn the_policy_is_shown_and_set() {
    bounded(120, async {
        let story = Story::new();
        for name in ["a", "b", "c"] {
            story.write(&format!("bills/{name}.pdf"), name);
        }
        story.run(&["policy", "show"]).done("documents of one statement  65536");
        let set = |count| ["policy", "set", "--list-count-max", count];
        story.run(&by(&set("0"), BY_OPERATOR)).ended(2, "0 is not in 1..=65536");
        let old = by(&[&set("2")[..], &["--seq", "1"]].concat(), BY_OPERATOR);
        story.refused(&old, 2, "sequence: ").await;
        story.refused(&by(&set("2"), ["--operator-key", "energie.pem"]), 2, "issuer: ").await;
        story.run(&by(&set("2"), BY_OPERATOR)).done("about 2 documents at most");
        story.run(&["policy", "show"]).done("documents of one statement  2");
        let head = story.client.head().await;
        story.certify("bills", "energie.pem").ended(2, "list-count: ");
        assert_eq!(story.client.head().await, head);
        story.end();
    })
    .await;
}

#[tokio::test]
async fn the_ledgers_own_keys_are_replaced_while_it_serves() {
    bounded(180, async {
        let mut story = Story::new();
        story.write("a.pdf", "a");
        story.certify("a.pdf", "energie.pem").done("1 certified");
        for r#use in ["note", "seal"] {
            let file = format!("{use}-2.pem");
            story.run(&["key", "new", &file]).done("made");
            let replace = ["key", "replace", "--use", r#use, "--new", &file];
            story.refused(&by(&replace, BY_OPERATOR), 2, "put it into its directory of keys").await;
            story.refused(&by(&replace, BY_RECOVERY), 2, "is replaced by --operator-key").await;
            fs::copy(story.at(&file), story.home.keys().join(&file)).unwrap();
            story.refused(&by(&replace, ["--operator-key", "energie.pem"]), 2, "issuer: ").await;
            story.run(&by(&replace, BY_OPERATOR)).done("key from the next block on, in entry");
            Story::next_second().await;
            story.refused(&by(&replace, BY_OPERATOR), 2, "key-in-use: ").await;
        }
        story.write("b.pdf", "b");
        story.certify("b.pdf", "energie.pem").done("1 certified");
        story = story.restarted();
        story.write("c.pdf", "c");
        story.certify("c.pdf", "energie.pem").done("1 certified");
        let url = format!("http://{}", story.server.address);
        for name in ["a.pdf", "b.pdf", "c.pdf"] {
            story.run(&["verify", name, "--ledger", &url]).done("certified");
        }
        story.end();
    })
    .await;
}

#[tokio::test]
async fn recovery_replaces_the_operator_and_itself_from_a_machine_without_a_network() {
    bounded(120, async {
        let story = Story::new();
        for name in ["operator-2.pem", "recovery-2.pem"] {
            story.run(&["key", "new", name]).done("made");
        }
        let replace = |name, file, out| {
            by(&["key", "replace", "--use", name, "--new", file, "--out", out], BY_RECOVERY)
        };
        story.offline(&replace("operator", "operator-2.pem", "o.cose")).done("within 30 days");
        story.offline(&replace("recovery", "recovery-2.pem", "r.cose")).done("within 30 days");
        story.run(&["submit", "o.cose", "r.cose"]).done("r.cose: entry");
        let suspend = ["issuer", "suspend", ISSUER];
        story.refused(&by(&suspend, BY_OPERATOR), 2, "key-state: ").await;
        let offline = [&suspend[..], &["--out", "s.cose"]].concat();
        let by_new = ["--operator-key", "operator-2.pem"];
        story.offline(&by(&offline, by_new)).ended(2, "which sequence number?");
        let numbered = [&offline[..], &["--seq", "2"]].concat();
        story.offline(&by(&numbered, by_new)).done("wrote s.cose");
        story.run(&["submit", "s.cose"]).done("s.cose: entry");
        story.run(&["issuer", "list"]).done("suspended");
        story.end();
    })
    .await;
}
