//! What an issuer says without the operator: documents fall, and keys follow each other.

use std::process::Command;

use super::{Ran, Story};
use crate::harness::{bounded, issuer::ISSUER};

const BY_ISSUER: [&str; 4] = ["--issuer", ISSUER, "--key", "energie.pem"];

/// `probant revoke` of these, as withdrawn.
fn revoke<'a>(documents: &[&'a str]) -> Vec<&'a str> {
    [&["revoke", "--reason", "withdrawn"], documents, &BY_ISSUER].concat()
}

fn supersede<'a>(pairs: &[&'a str]) -> Vec<&'a str> {
    [&["supersede"], pairs, &BY_ISSUER].concat()
}

#[tokio::test]
async fn a_document_is_revoked_once_and_for_good() {
    bounded(120, async {
        let story = Story::new();
        story.write("bills/a.pdf", "a");
        story.write("bills/b.pdf", "b");
        story.write("stranger.pdf", "stranger");
        story.certify("bills", "energie.pem").done("2 certified");
        story.run(&["key", "new", "stranger.pem"]).done("made");

        let wrong_key = ["--issuer", ISSUER, "--key", "stranger.pem"];
        let wrong_key =
            [&["revoke", "bills/a.pdf", "--reason", "withdrawn"], &wrong_key[..]].concat();
        story.refused(&wrong_key, 2, "unknown-key: ").await;
        let of_other = ["--issuer", "other.example", "--key", "energie.pem"];
        let of_other =
            [&["revoke", "bills/a.pdf", "--reason", "withdrawn"], &of_other[..]].concat();
        story.refused(&of_other, 2, "a.pdf: other.example has not certified it").await;
        story.refused(&revoke(&["bills", "stranger.pdf"]), 2, "stranger.pdf: energie").await;
        story.refused(&revoke(&["missing.pdf"]), 2, "missing.pdf: ").await;
        story.refused(&revoke(&["blake3:00"]), 2, "fingerprint: ").await;
        let before = story.client.head().await;
        let free_words = ["revoke", "bills/a.pdf", "--reason", "mistake"];
        story.run(&[&free_words[..], &BY_ISSUER].concat()).ended(2, "issued-in-error");
        let no_reason = ["revoke", "bills/a.pdf"];
        story.run(&[&no_reason[..], &BY_ISSUER].concat()).ended(2, "--reason");
        assert_eq!(story.client.head().await, before);

        story.run(&revoke(&["bills/a.pdf"])).done("1 document revoked in entry 6, for good");
        assert_eq!(story.verdict("a").await, "revoked");
        assert_eq!(story.answer("a").await["certifications"][0]["fall"]["reason"], "withdrawn");
        assert_eq!(story.verdict("b").await, "certified");
        let head = story.client.head().await;
        story.run(&revoke(&["bills/a.pdf"])).done("0 documents revoked; 1 had fallen already");
        assert_eq!(story.client.head().await, head);
        story.run(&["verify", "bills/a.pdf", "--save"]).ended(1, "revoked  bills/a.pdf");
        story.end();
    })
    .await;
}

#[tokio::test]
async fn a_corrected_bill_takes_the_place_of_another() {
    bounded(120, async {
        let story = Story::new();
        for name in ["old", "older", "new", "newer"] {
            story.write(&format!("{name}.pdf"), name);
        }
        story.certify("old.pdf", "energie.pem").done("1 certified");
        story.certify("older.pdf", "energie.pem").done("1 certified");
        story.refused(&supersede(&["old.pdf", "new.pdf"]), 2, "certify it first").await;
        story.certify("new.pdf", "energie.pem").done("1 certified");
        story.refused(&supersede(&["old.pdf", "old.pdf"]), 2, "replaces itself").await;
        let odd = ["old.pdf", "new.pdf", "older.pdf"];
        story.refused(&supersede(&odd), 2, "what takes the place of older.pdf?").await;
        let twice = ["old.pdf", "new.pdf", "old.pdf", "older.pdf"];
        story.refused(&supersede(&twice), 2, "is given two replacements").await;
        story.run(&supersede(&["old.pdf", "new.pdf"])).done("1 document superseded in entry");
        assert_eq!(story.verdict("old").await, "superseded");
        let fall = &story.answer("old").await["certifications"][0]["fall"];
        let new = story.run(&["fingerprint", "new.pdf"]).line("");
        assert!(new.starts_with(fall["replacement"].as_str().unwrap()), "{new}");
        // Once more is nothing, whatever takes its place; what has fallen takes no place.
        story.certify("newer.pdf", "energie.pem").done("1 certified");
        story.run(&supersede(&["old.pdf", "newer.pdf"])).done("0 documents superseded");
        story.refused(&supersede(&["older.pdf", "old.pdf"]), 2, "old.pdf has fallen itself").await;
        story
            .run(&supersede(&["older.pdf", "new.pdf", "new.pdf", "newer.pdf"]))
            .done("2 documents");
        story.end();
    })
    .await;
}

#[tokio::test]
async fn thousands_fall_in_lists_and_a_second_run_finds_nothing_left() {
    const COUNT: usize = 300;
    bounded(180, async {
        let story = Story::new();
        for number in 0..COUNT {
            story.write(&format!("bills/{number}.pdf"), &number.to_string());
        }
        story.certify("bills", "energie.pem").done("300 certified");
        let fingerprints = story.run(&["fingerprint", "bills/7.pdf", "bills/8.pdf"]).text();
        let lines: Vec<_> = fingerprints.lines().map(|line| &line[..71]).collect();
        let from = revoke(&["--from", "-"]);
        story.read(&from, &format!("{}\n{}\n", lines[0], lines[1])).done("2 documents revoked");
        story.read(&from, "bill.pdf\n").ended(2, "standard input, line 1: fingerprint: ");
        story.read(&from, "\n").ended(2, "no document is named");

        let operator = ["--operator-key", "operator.pem"];
        let limit = ["policy", "set", "--list-count-max", "100"];
        story.run(&[&limit[..], &operator].concat()).done("100 documents at most");
        story.run(&revoke(&["bills"])).done("298 documents revoked in 3 entries");
        for number in [0, 150, COUNT - 1] {
            assert_eq!(story.verdict(&number.to_string()).await, "revoked", "{number}");
        }
        let head = story.client.head().await;
        story.run(&revoke(&["bills"])).done("0 documents revoked; 300 had fallen already");
        assert_eq!(story.client.head().await, head);
        story.end();
    })
    .await;
}

#[tokio::test]
async fn a_run_that_is_interrupted_is_run_again() {
    const COUNT: usize = 150;
    bounded(180, async {
        let story = Story::new();
        for number in 0..COUNT {
            story.write(&format!("bills/{number}.pdf"), &number.to_string());
        }
        story.certify("bills", "energie.pem").done("150 certified");
        let one_by_one = [&revoke(&["bills"])[..], &["--batch", "1"]].concat();
        let child = story.spawn(&one_by_one);
        story
            .client
            .wait_for("/readyz", |ready| ready.json()["head"]["size"].as_u64() > Some(9))
            .await;
        interrupt(child.id());
        let interrupted = Ran(child.wait_with_output().unwrap());
        interrupted.ended(130, "interrupted; run the same command again to go on");
        let said = interrupted.text();
        let done = said.lines().find_map(|line| line.split_once(" documents revoked in "));
        let done: usize = done.expect("it says how far it came").0.parse().unwrap();
        assert!((1..COUNT).contains(&done), "{said}");
        let left = format!("{} documents revoked in entry", COUNT - done);
        let again = story.run(&revoke(&["bills"]));
        again.done(&left);
        again.done(&format!("{done} had fallen already"));
        story.end();
    })
    .await;
}

fn interrupt(pid: u32) {
    let killed = Command::new("kill").args(["-INT", &pid.to_string()]).status().unwrap();
    assert!(killed.success());
}

#[tokio::test]
async fn a_document_falls_in_each_hash_by_which_it_was_certified() {
    bounded(120, async {
        let story = Story::new();
        story.write("one.pdf", "one");
        story.write("both.pdf", "both");
        let by = |path, hash| {
            let certify = ["certify", path, "--hash", hash, "--out", "signed.cose"];
            story.offline(&[&certify[..], &BY_ISSUER].concat()).done("wrote signed.cose");
            story.run(&["submit", "signed.cose"]).done("entry");
            for name in ["signed.cose", "signed.cose.receipt"] {
                std::fs::remove_file(story.at(name)).unwrap();
            }
        };
        by("one.pdf", "sha-256");
        by("both.pdf", "sha-256");
        by("both.pdf", "blake3");
        story.run(&revoke(&["one.pdf"])).done("1 document revoked");
        story.run(&revoke(&["both.pdf"])).done("2 documents revoked in entry");
        assert_eq!(story.verdict("both").await, "revoked");
        story.run(&revoke(&["one.pdf", "both.pdf"])).done("2 had fallen already");
        story.end();
    })
    .await;
}

#[tokio::test]
async fn what_is_signed_offline_is_sent_from_elsewhere() {
    bounded(120, async {
        let story = Story::new();
        for name in ["a", "b", "c"] {
            story.write(&format!("bills/{name}.pdf"), name);
        }
        story.certify("bills", "energie.pem").done("3 certified");
        let head = story.client.head().await;
        let pair = [&supersede(&["bills/a.pdf", "bills/b.pdf"])[..], &["--out", "a.cose"]].concat();
        story.offline(&pair).done("wrote a.cose: 1 document;");
        story.refused(&pair, 2, "a.cose is there already").await;
        let lists = [&revoke(&["bills/b.pdf", "bills/c.pdf"])[..], &["--batch", "1"]].concat();
        let wrong = [&lists[..], &["--out", "wrong.cose", "--hash", "sha-256"]].concat();
        story.offline(&wrong).done("wrote wrong.cose.2: 1 document;");
        let lists = [&lists[..], &["--out", "lists.cose"]].concat();
        story.offline(&lists).done("wrote lists.cose.2: 1 document;");
        let none = [&revoke(&["bills"])[..], &["--hash", "sha-256"]].concat();
        story.run(&none).ended(2, "--out");
        story.offline(&revoke(&["bills"])).ended(2, "which ledger?");
        assert_eq!(story.client.head().await, head);

        story.refused(&["submit", "wrong.cose"], 2, "not-certified: ").await;
        story.run(&["submit", "a.cose", "lists.cose", "lists.cose.2"]).done("lists.cose.2: entry");
        assert_eq!(story.verdict("a").await, "superseded");
        assert_eq!(story.verdict("c").await, "revoked");
        story.end();
    })
    .await;
}

#[tokio::test]
async fn a_key_is_rotated_with_an_overlap_and_the_old_one_retired() {
    bounded(120, async {
        let story = Story::new();
        let last = [&["key", "retire", "energie.pem"], &BY_ISSUER[..]].concat();
        story.refused(&last, 2, "last-key: ").await;
        let rotate = |key, new| ["key", "rotate", "--issuer", ISSUER, "--key", key, "--new", new];
        story.run(&["key", "new", "stranger.pem"]).done("made");
        story.refused(&rotate("stranger.pem", "next.pem"), 2, "does not know the key in str").await;
        story.refused(&rotate("operator.pem", "next.pem"), 2, "needs a current key").await;
        story.refused(&rotate("energie.pem", "operator.pem"), 2, "key-in-use: ").await;
        assert!(!story.at("next.pem").exists(), "bad input changes nothing");

        let rotated = story.run(&rotate("energie.pem", "next.pem"));
        rotated.done("energie.example has one more key");
        let retire = rotated.line("  probant ");
        assert_eq!(retire, "key retire energie.pem --issuer energie.example --key next.pem");
        let head = story.client.head().await;
        story.run(&rotate("energie.pem", "next.pem")).done("is a key of energie.example since");
        assert_eq!(story.client.head().await, head);

        for (name, key) in [("a.pdf", "energie.pem"), ("b.pdf", "next.pem")] {
            story.write(name, name);
            story.certify(name, key).done("1 certified");
        }
        story.run(&retire.split(' ').collect::<Vec<_>>()).done("is retired in entry");
        story.write("c.pdf", "c.pdf");
        let head = story.client.head().await;
        story.certify("c.pdf", "energie.pem").ended(2, "key-state: ");
        story
            .run(&[&["revoke", "a.pdf", "--reason", "withdrawn"], &BY_ISSUER[..]].concat())
            .ended(2, "key-state: ");
        story.refused(&rotate("energie.pem", "later.pem"), 2, "and retired: ").await;
        assert_eq!(story.client.head().await, head);
        story.certify("c.pdf", "next.pem").done("1 certified");
        story.end();
    })
    .await;
}

#[tokio::test]
async fn a_key_is_stopped_and_the_operator_gives_another() {
    bounded(120, async {
        let story = Story::new();
        story.write("a.pdf", "a");
        story.certify("a.pdf", "energie.pem").done("1 certified");
        let stop = [&["key", "stop", "energie.pem"], &BY_ISSUER[..]].concat();
        story.refused(&[&stop[..], &["--seq", "7"]].concat(), 2, "sequence: ").await;
        let kid = "0".repeat(64);
        let unknown = [&["key", "stop", &kid], &BY_ISSUER[..]].concat();
        story.refused(&unknown, 2, "knows no key 0000").await;
        story.run(&stop).done("is stopped in entry");
        story.refused(&stop, 2, "key-state: ").await;
        assert_eq!(story.verdict("a").await, "certified");

        let request = ["--id", ISSUER, "--key", "next.pem", "--out", "next.request"];
        story.run(&["key", "new", "next.pem"]).done("made");
        story.offline(&[&["issuer", "request"], &request[..]].concat()).done("wrote next.request");
        let add = |key: &'static str| {
            let how = ["--request", "next.request", key, "operator.pem"];
            [&["key", "add", "--issuer", ISSUER], &how[..]].concat()
        };
        story.refused(&add("--key"), 2, "issuer: ").await;
        story.run(&add("--operator-key")).done("energie.example has one more key");
        Story::next_second().await;
        story.refused(&add("--operator-key"), 2, "key-in-use: ").await;
        let other = [&["key", "add", "--issuer", "other.example"], &add("--operator-key")[4..]];
        story.refused(&other.concat(), 2, "the request is for issuer").await;
        let unknown = ["key", "add", "--issuer", "other.example", "--new", "other.pem"];
        story.run(&["key", "new", "other.pem"]).done("made");
        let unknown = [&unknown[..], &["--operator-key", "operator.pem"]].concat();
        story.refused(&unknown, 2, "issuer-unknown: ").await;
        story.write("b.pdf", "b");
        story.certify("b.pdf", "next.pem").done("1 certified");
        story.end();
    })
    .await;
}
