//! `probant issuer domain-keys` and `issuer check`: what a domain can say, and what it cannot do to
//! whoever asks it.

use std::fs;

use probant_core::key::{SigningKey, key_set, read_key_set};

use crate::{
    harness::{Home, Issuer, Server, bounded, issuer::ISSUER},
    probant, run,
    well_known::{Answer, Domain},
};

struct World {
    home: Home,
    server: Server,
    issuer: Issuer,
    domain: Domain,
}

impl World {
    async fn new() -> Self {
        let home = Home::init();
        let server = home.serve(&[]);
        let issuer = Issuer::enrolled(&home, &server.client()).await;
        Self { home, server, issuer, domain: Domain::start(ISSUER).await }
    }

    fn check(&self, more: &[&str]) -> (i32, String) {
        let url = format!("http://{}", self.server.address);
        let options = self.domain.options(ISSUER);
        let options: Vec<_> = options.iter().map(String::as_str).collect();
        run(&mut probant(
            &[&["issuer", "check", ISSUER, "--ledger", &url], &options[..], more].concat(),
        ))
    }

    fn expect(&self, code: i32, words: &str) {
        let (found, said) = self.check(&[]);
        assert!(found == code && said.contains(words), "{found}: {said}");
    }
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn set(keys: &[&SigningKey]) -> Vec<u8> {
    let keys: Vec<_> = keys.iter().map(|key| key.public()).collect();
    key_set(keys.into_iter())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_confirms_the_keys_that_it_lists() {
    bounded(60, async {
        let world = World::new().await;
        // The issuer makes the file, from keys as openssl and we write them.
        let at = |name: &str| world.home.folder().join(name).display().to_string();
        let (pem, out) = (at("issuer.pem"), at("probant-keys"));
        let made = run(&mut probant(&["key", "new", &pem]));
        assert_eq!(made.0, 0, "{}", made.1);
        let wrote = run(&mut probant(&["issuer", "domain-keys", &pem, &pem, "--out", &out]));
        let kid = read_key_set(&fs::read(&out).unwrap()).unwrap()[0].kid().to_string();
        assert!(wrote.0 == 0 && wrote.1.contains(&kid), "{}", wrote.1);
        assert_eq!(fs::read(&out).unwrap(), set(&[&probant::keyfile::read(pem.as_ref()).unwrap()]));

        world.domain.publish("application/cbor", &set(&[&world.issuer.key]));
        world.expect(0, "confirmed by its domain");
        assert_eq!(world.domain.asked(), ["GET /.well-known/probant-keys HTTP/1.1"]);
        // A static server may not know the type of a file without an ending: the bytes decide.
        world.domain.publish("text/plain", &set(&[&key(31), &world.issuer.key]));
        world.expect(
            0,
            &format!("{}  listed by the domain, and no current key", key(31).public().kid()),
        );
        let (_, json) = world.check(&["--json"]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json[0]["keys"][0]["domain"], "confirmed");
        assert_eq!(json[0]["keys"][0]["kid"], world.issuer.key.public().kid().to_string());
        assert_eq!(json[0]["others"][0], key(31).public().kid().to_string());
        assert_eq!(json[0]["why"], serde_json::Value::Null);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_confirm_is_named() {
    bounded(120, async {
        let world = World::new().await;
        let domain = &world.domain;
        domain.publish("application/cbor", &set(&[&key(31)]));
        world.expect(1, "NOT LISTED by its domain, which lists other keys");
        domain.publish("application/cbor", &set(&[]));
        world.expect(1, "its domain publishes no keys");
        domain.reply("404 Not Found", "");
        world.expect(1, "its domain publishes no keys");
        domain.publish("text/html", b"<!doctype html><title>Accueil</title>");
        world.expect(1, "it is a page (HTML)");
        domain.publish("application/json", br#"{"keys":[]}"#);
        world.expect(1, "it is no COSE key set");
        let keys: Vec<_> = (0..10_000_u16)
            .map(|n| {
                let mut seed = [1; 32];
                seed[..2].copy_from_slice(&n.to_be_bytes());
                SigningKey::from_seed(&seed)
            })
            .collect();
        domain.publish("application/cbor", &set(&keys.iter().collect::<Vec<_>>()));
        world.expect(1, "longer than 98304 bytes");
        domain.say(Answer::Endless);
        world.expect(1, "longer than 98304 bytes");
        domain.reply("302 Found", &format!("location: https://{ISSUER}/elsewhere\r\n"));
        world.expect(1, "it sends elsewhere (302 Found)");
        domain.reply("503 Service Unavailable", "");
        world.expect(3, "it answers 503");
        domain.say(Answer::Bytes(b"\x15\x03 no HTTP".to_vec()));
        world.expect(3, "out of reach");
        // An answer that breaks off is none, whatever came of it.
        let whole = set(&[&world.issuer.key]);
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", whole.len() + 1);
        domain.say(Answer::Bytes([head.as_bytes(), &whole].concat()));
        world.expect(3, "out of reach");
        // It was asked once each time: what it sends elsewhere is not followed.
        assert!(domain.asked().iter().all(|line| line == "GET /.well-known/probant-keys HTTP/1.1"));
        assert_eq!(domain.asked().len(), 11);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_does_not_speak_for_an_issuer() {
    bounded(120, async {
        let world = World::new().await;
        let url = format!("http://{}", world.server.address);
        let check = |ca: &Domain, at: &Domain| {
            let (ca, to) = (ca.ca().display().to_string(), format!("{ISSUER}={}", at.address));
            run(&mut probant(&[
                "issuer",
                "check",
                ISSUER,
                "--ledger",
                &url,
                "--ca",
                &ca,
                "--resolve",
                &to,
            ]))
        };
        let stranger = Domain::start("autre.example").await;
        for domain in [&world.domain, &stranger] {
            domain.publish("application/cbor", &set(&[&world.issuer.key]));
        }
        assert_eq!(check(&world.domain, &world.domain).0, 0);
        // A certificate for another name; one that nobody vouches for; and the system's authorities.
        for (ca, at) in [(&stranger, &stranger), (&stranger, &world.domain)] {
            let (code, said) = check(ca, at);
            assert!(code == 3 && said.contains("certificate"), "{code}: {said}");
        }
        let to = format!("{ISSUER}={}", world.domain.address);
        let (code, said) =
            run(&mut probant(&["issuer", "check", ISSUER, "--ledger", &url, "--resolve", &to]));
        assert!(code == 3 && said.contains("certificate"), "{code}: {said}");
        assert_eq!(stranger.asked().len(), 0, "no request left");
        // A domain that says nothing is not waited for long.
        world.domain.say(Answer::Silence);
        world.expect(3, "not checked: its domain did not answer");
        let (code, said) = run(&mut probant(&["issuer", "check", "a.example", "--ledger", &url]));
        assert!(code == 1 && said.contains("knows no issuer a.example"), "{said}");
    })
    .await;
}
