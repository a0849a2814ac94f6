//! `probant monitor`: everything that concerns the issuer is reported, to the end, and a ledger that
//! would rather not is named.

use std::{collections::HashSet, fs, process::Stdio};

use probant_core::{
    Hash, List,
    key::{SigningKey, Use, key_set},
    seal::Seal,
    statement::{Body, Certify, HeldKey, KeyAct, KeyStatement},
    status::Reason,
};

use crate::{
    harness::{Home, bounded, issuer::made_up, now_ms, varied::Varied},
    hook::Hook,
    probant, run,
    sample_world::{ISSUER, ORIGIN, World, key},
    shown::{Shown, Watcher, certify, encoded, enroll},
    well_known::{Answer, Domain},
};

fn kid(seed: u8) -> String {
    key(seed).public().kid().to_string()
}

/// A world of now with the issuer, whom nobody resembles.
pub fn world() -> World {
    let mut world = World::new();
    enroll(&mut world, (ISSUER, 9), ("Énergie du Ponant", "123456789"));
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_ledger_is_followed_statement_by_statement() {
    bounded(120, async {
        let home = Home::init();
        let server = home.serve(&[]);
        let varied = Varied::say(&home, &server.client()).await;
        let watcher = Watcher::new(&format!("http://{}", server.address));
        let identity = home.identity().to_string();
        let ran = watcher.expect(
            &["--identity", &identity],
            1,
            &[
                "enrolled",
                "certified",
                "certified",
                "certified",
                "certified",
                "certified",
                "revoked",
                "revoked",
                "revoked",
                "key-added",
                "key-compromised",
                "suspended",
                "reinstated",
                "policy",
            ],
        );
        let of = |at: usize, name: &str| ran.reports[at][name].clone();
        assert_eq!((of(4, "documents"), of(4, "statements")), (20.into(), 1.into()));
        assert_eq!((of(7, "documents"), of(8, "reason")), (2.into(), "superseded".into()));
        assert_eq!(of(9, "key"), varied.second.public().kid().to_string());
        assert_eq!(of(9, "by_operator"), false);
        assert_eq!(of(13, "list_count_max"), 60_000);
        for report in &ran.reports {
            assert_eq!(
                (&report["ledger"], &report["issuer"]),
                (&identity.clone().into(), &ISSUER.into())
            );
            assert_eq!(report["expected"], false, "no key is known");
        }
        let ids: HashSet<_> = ran.reports.iter().map(|report| report["id"].as_str()).collect();
        assert_eq!(ids.len(), ran.reports.len());
        watcher.expect(&[], 0, &[]);
        // What is new, and nothing else; a file names a key as well as its kid does.
        let client = server.client();
        for name in ["a", "b"] {
            let sent = client.post("/entries", varied.issuer.certify_made_up(name, 3).bytes).await;
            assert_eq!(sent.status, 201);
        }
        let known = varied.issuer.key.public().kid().to_string();
        let ran = watcher.once(&["--no-domain", "--known-key", &known]);
        let documents = ran.reports.iter().map(|report| report["documents"].as_u64().unwrap());
        assert_eq!((ran.code, documents.sum::<u64>()), (0, 6), "{}", ran.all);
        assert!(ran.reports.iter().all(|report| report["expected"] == true));
        // Text has the same, and marks what is not expected.
        fs::remove_file(watcher.state()).unwrap();
        let url = &watcher.url;
        let text =
            ["monitor", url, "--issuer", ISSUER, "--once", "--no-domain", "--known-key", &known];
        let mut command = probant(&text);
        let (code, said) = run(command.current_dir(watcher.state().parent().unwrap()));
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("first use: taking the word of"), "{said}");
        let has = |start: &str, words: &str| {
            said.lines().any(|line| line.starts_with(start) && line.contains(words))
        };
        assert!(has("! ", "entry 13: key added") || has("! ", "key added: "), "{said}");
        assert!(has("  ", "certified: 20 documents in 1 statements, signed by"), "{said}");
        assert!(has("! ", ": suspended by the operator"), "{said}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_key_shows_at_once_and_own_work_does_not_drown_it() {
    bounded(60, async {
        let mut world = world();
        certify(&mut world, 9, "bills", 40);
        let ledger = Shown::start(&world).await;
        let (watcher, known) = (Watcher::new(&ledger.url), kid(9));
        let known = ["--known-key", &known];
        watcher.expect(&known, 0, &["enrolled", "certified"]);
        // The thief adds a key of its own, and certifies with it.
        let held = HeldKey::prove(&key(66), Use::Issuer, ISSUER, 1, world.identity().ledger);
        let act = KeyAct::Add { issuer: ISSUER.parse().unwrap(), held };
        let body = KeyStatement::bringing(act);
        let body = Body::Key(body);
        world.say((ISSUER, 9), (body, None), now_ms());
        certify(&mut world, 66, "forged", 2);
        certify(&mut world, 9, "more bills", 40);
        ledger.show(encoded(&world));
        let quiet = [&known[..], &["--unexpected-only"]].concat();
        let ran = watcher.expect(&quiet, 1, &["key-added", "certified"]);
        assert_eq!(ran.reports[0]["key"], kid(66));
        assert_eq!(ran.reports[1]["kid"], kid(66));
        assert_eq!(ran.reports[1]["documents"], 2);
        // The operator reports it, which is news for the issuer, too.
        let since_ms = now_ms();
        let act = KeyAct::Compromise { since_ms };
        world.key_act((ORIGIN, 3), key(66).public().kid(), act, now_ms());
        let list = List::new(made_up("bills", 1)).unwrap();
        world.revoke((ISSUER, 9), list, Reason::Withdrawn, now_ms());
        ledger.show(encoded(&world));
        let ran = watcher.expect(&known, 1, &["key-compromised", "revoked"]);
        assert_eq!(ran.reports[0]["since_ms"], since_ms);
        assert_eq!(ran.reports[1]["expected"], true);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_resembles_it_is_reported_whenever_they_came() {
    bounded(60, async {
        let mut world = World::new();
        enroll(&mut world, ("facture-energie.example", 20), ("Tout Autre SAS", "1"));
        enroll(&mut world, ("autre.example", 21), ("ENERGIE DU PONANT", "2"));
        enroll(&mut world, ("levant.example", 22), ("Gaz du Levant", "3"));
        let ledger = Shown::start(&world).await;
        let watcher = Watcher::new(&ledger.url);
        // Before it is enrolled, only its domain is known.
        let ran = watcher.expect(&[], 1, &["resembling"]);
        assert_eq!(ran.reports[0]["other"], "facture-energie.example");
        enroll(&mut world, (ISSUER, 9), ("Énergie du Ponant SA", "123456789"));
        // Names in other scripts, and as long as they may be.
        enroll(&mut world, ("xn--nrgi-u4dbd.example", 23), ("שירותי חשמל", "4"));
        enroll(&mut world, ("tokyo.example", 24), (&"東".repeat(66), "5"));
        let long = format!("{}.example", "a".repeat(63));
        enroll(&mut world, (&long, 25), ("S.A.R.L.", "123-456-789"));
        ledger.show(encoded(&world));
        let ran = watcher.expect(
            &[],
            1,
            &["resembling", "resembling", "enrolled", "resembling", "resembling"],
        );
        let likenesses: Vec<_> = ran
            .reports
            .iter()
            .map(|report| report["likenesses"][0].as_str().unwrap_or("-"))
            .collect();
        assert_eq!(likenesses, ["domain-words", "name-same", "-", "domain-looks", "number-same"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_cannot_hide_a_statement() {
    bounded(60, async {
        let mut world = world();
        certify(&mut world, 9, "bills", 4);
        certify(&mut world, 9, "forged", 1);
        certify(&mut world, 9, "more", 1);
        let whole = encoded(&world);
        let forged = world
            .blocks
            .iter()
            .position(|sealed| sealed.block.entries.iter().any(|entry| entry.documents() == 1));
        let forged = forged.unwrap();
        let mut dropped = whole.clone();
        dropped.remove(forged);
        // The entry alone, the rest of its block as it was.
        let mut cut = whole.clone();
        let mut block = world.blocks[forged].block.clone();
        (block.entries, block.lists) = (block.entries.split_off(1), block.lists.split_off(1));
        cut[forged] = block.encode();
        let mut flipped = whole.clone();
        let middle = flipped[forged].len() / 2;
        flipped[forged][middle] ^= 1;
        for hidden in [dropped, cut, flipped] {
            let ledger = Shown::start(&world).await;
            ledger.show(hidden);
            let watcher = Watcher::new(&ledger.url);
            let ran = watcher.once(&["--no-domain"]);
            let fault = ran.reports.last().unwrap();
            assert!(ran.code == 4 && fault["report"] == "fault", "{}", ran.all);
            let why = fault["why"].as_str().unwrap();
            assert!(why.starts_with(&format!("block {forged}")), "{why}");
            // It stays so, and is said with the same id.
            let again = watcher.once(&["--no-domain"]);
            assert_eq!((again.code, &again.reports[0]["id"]), (4, &fault["id"]), "{}", again.all);
            // What came before was reported, and once the ledger shows the whole, the rest is.
            ledger.show(whole.clone());
            watcher.expect(&[], 1, &["certified", "certified"]);
        }
        // Another ledger in its place is named, and an identity that was given is held to.
        let ledger = Shown::start(&world).await;
        let watcher = Watcher::new(&ledger.url);
        let other = format!("{ORIGIN}+{}", "5b".repeat(32));
        let ran = watcher.expect(&["--identity", &other], 4, &["fault"]);
        assert!(ran.all.contains("this is ledger"), "{}", ran.all);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_histories_are_shown_with_both_signatures() {
    bounded(60, async {
        let (mut one, mut other) = (world(), World::new());
        // The same genesis and key, and another past from block 1 on.
        enroll(&mut other, (ISSUER, 9), ("Énergie du Levant", "123456789"));
        certify(&mut one, 9, "bills", 4);
        certify(&mut other, 9, "bills", 4);
        certify(&mut other, 9, "more", 4);
        let ledger = Shown::start(&one).await;
        let watcher = Watcher::new(&ledger.url);
        watcher.expect(&[], 1, &["enrolled", "certified"]);
        ledger.show(encoded(&other));
        let ran = watcher.expect(&[], 4, &["forked"]);
        let (before, now) = (&ran.reports[0]["before"], &ran.reports[0]["now"]);
        // Where they part, and not only at the newest block.
        assert_eq!((&before["height"], &now["height"]), (&1.into(), &1.into()));
        for (head, world) in [(before, &one), (now, &other)] {
            let seal = hex::decode(head["seal"].as_str().unwrap()).unwrap();
            let root: [u8; 32] =
                hex::decode(head["root"].as_str().unwrap()).unwrap().try_into().unwrap();
            let seal = Seal::decode(&seal).unwrap();
            let (time_ms, origin) = (head["time_ms"].as_u64().unwrap(), world.identity().origin);
            seal.verify(key(1).public(), &origin, time_ms, Hash(root)).unwrap();
        }
        // A running monitor notices, too.
        fs::remove_file(watcher.state()).unwrap();
        ledger.show(encoded(&one));
        let hook = Hook::start().await;
        let options = ["--no-domain", "--every", "1s", "--webhook", &hook.url];
        let child = watcher.command(&options).stdout(Stdio::piped()).spawn().unwrap();
        hook.has(2).await;
        ledger.show(encoded(&other));
        hook.has(3).await;
        let output = tokio::task::block_in_place(|| child.wait_with_output()).unwrap();
        assert_eq!(output.status.code(), Some(4));
        assert_eq!(hook.taken()[2]["report"], "forked");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_shows_less_or_stands_still_is_told_of_once() {
    bounded(60, async {
        let mut world = world();
        certify(&mut world, 9, "bills", 4);
        let (ledger, known) = (Shown::start(&world).await, kid(9));
        let (watcher, known) = (Watcher::new(&ledger.url), ["--known-key", &known]);
        watcher.expect(&known, 0, &["enrolled", "certified"]);
        let whole = encoded(&world);
        ledger.show(whole[..2].to_vec());
        let ran = watcher.expect(&known, 1, &["behind"]);
        assert_eq!((&ran.reports[0]["before"], &ran.reports[0]["now"]), (&2.into(), &1.into()));
        // It is told of once; that all is well is not said for as long as it lasts.
        watcher.expect(&known, 1, &[]);
        ledger.show(whole.clone());
        watcher.expect(&known, 0, &[]);
        ledger.show(whole[..1].to_vec());
        // Block 0 alone is of long ago.
        watcher.expect(&known, 1, &["behind", "stale"]);
        watcher.expect(&known, 1, &[]);
        // Nothing that has one of its heads is told of as new.
        ledger.show(whole);
        watcher.expect(&known, 0, &[]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_dates_a_block_ahead_does_not_look_fresh_until_then() {
    bounded(60, async {
        let mut world = world();
        let list = List::new(made_up("bills", 4)).unwrap();
        let body = Body::Certify(Certify::new(&list, "application/pdf").unwrap());
        world.say((ISSUER, 9), (body, Some(list)), now_ms() + 3_600_000);
        let (ledger, known) = (Shown::start(&world).await, kid(9));
        let (watcher, known) = (Watcher::new(&ledger.url), ["--known-key", &known]);
        watcher.expect(&known, 1, &["enrolled", "certified", "ahead"]);
        watcher.expect(&known, 1, &[]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_domain_is_asked_too_and_its_word_is_told_when_it_changes() {
    bounded(60, async {
        let world = world();
        let (ledger, domain) = (Shown::start(&world).await, Domain::start(ISSUER).await);
        let (watcher, known) = (Watcher::new(&ledger.url), kid(9));
        let options = domain.options(ISSUER);
        let options: Vec<_> =
            options.iter().map(String::as_str).chain(["--known-key", &known]).collect();
        let look = |code: i32, words: &[&str]| {
            let ran = watcher.once(&options);
            let domain = ran.reports.iter().filter(|report| report["report"] == "domain");
            let said: Vec<_> = domain
                .map(|report| {
                    report["confirmation"]["keys"][0]["domain"].as_str().unwrap().to_owned()
                })
                .collect();
            assert!(ran.code == code && said == words, "{}: {}", ran.code, ran.all);
        };
        let set = |keys: &[SigningKey]| {
            let keys: Vec<_> = keys.iter().map(SigningKey::public).collect();
            key_set(keys.into_iter())
        };
        domain.publish("application/cbor", &set(&[key(9)]));
        look(0, &["confirmed"]);
        look(0, &[]);
        // Whoever does not answer says nothing new.
        domain.reply("503 Service Unavailable", "");
        look(0, &[]);
        domain.publish("application/cbor", &set(&[key(77)]));
        look(1, &["other-keys"]);
        domain.publish("text/html", b"<!doctype html>");
        look(1, &["unusable"]);
        look(0, &[]);
        domain.say(Answer::Endless);
        look(0, &[]);
        domain.publish("application/cbor", &set(&[key(9)]));
        look(0, &["confirmed"]);
    })
    .await;
}
