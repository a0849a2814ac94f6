//! Bad submissions, each with the code of its refusal, and nothing changed by any of them.

use coset::{cbor::value::Value, iana::Algorithm};
use probant_core::{
    Hash, LABEL_LIST, LedgerId, List, Statement,
    block::Block,
    key::{SigningKey, Use},
    statement::{Body, Certify, Enroll, IssuerRecord, SUBMISSION_BYTES_MAX, prove_possession},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    harness::{
        Client, Home, Issuer, ORIGIN, Server, bounded,
        issuer::{ISSUER, PDF, made_up},
        now_ms,
    },
    parts::{Parts, certify_payload},
};

const DAY_S: u64 = 24 * 60 * 60;

/// A served ledger with one issuer, and everything to sign wrongly with.
struct World {
    home: Home,
    _server: Server,
    client: Client,
    issuer: Issuer,
    operator: SigningKey,
    list: List,
}

impl World {
    async fn new() -> Self {
        let home = Home::init();
        let server = home.serve(&["--interval-ms", "5"]);
        let client = server.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        let operator = home.key(Use::Operator);
        let list = List::new(made_up("bill", 5)).unwrap();
        Self { home, _server: server, client, issuer, operator, list }
    }

    /// Each is refused with its code, and the head stays where it is.
    async fn all_refused(&self, cases: Vec<(&str, Vec<u8>)>) {
        let before = self.client.head().await;
        for (code, bytes) in cases {
            let refused = self.client.post("/entries", bytes).await;
            let detail = refused.concise(400);
            assert!(detail.starts_with(&format!("{code}: ")), "{code}: {detail}");
        }
        assert_eq!(self.client.head().await, before);
    }

    fn certify(&self) -> Statement {
        self.issuer.statement(&self.list, now_s())
    }

    /// A good certification in parts, each of which may be replaced before it is signed.
    fn parts(&self) -> Parts {
        let body = Certify::new(&self.list, PDF).unwrap();
        Parts {
            key: self.issuer.key.clone(),
            algorithm: Algorithm::EdDSA,
            content_type: Some("application/vnd.probant.certify+cbor".into()),
            issuer: ISSUER.into(),
            subject: format!("batch:{}", body.listed.root),
            audience: self.issuer.ledger.audience(),
            labels: Vec::new(),
            payload: Some(certify_payload(body.listed.root, self.list.count() as u64, PDF)),
            unprotected: vec![(LABEL_LIST, Value::Bytes(self.list.as_bytes().to_vec()))],
        }
    }

    fn with(&self, change: impl FnOnce(&mut Parts)) -> Vec<u8> {
        let mut parts = self.parts();
        change(&mut parts);
        parts.sign()
    }

    fn enroll(&self, change: impl FnOnce(&mut Enroll)) -> Vec<u8> {
        let key = SigningKey::from_seed(&[77; 32]);
        let mut enroll = Enroll {
            seq: 1,
            id: "telecom.example".parse().unwrap(),
            record: IssuerRecord {
                legal_name: "Télécom du Ponant".into(),
                country: "FR".into(),
                registration: "987654321".into(),
            },
            key: key.public().clone(),
            possession: Vec::new(),
        };
        change(&mut enroll);
        if enroll.possession.is_empty() {
            let key = if enroll.key == *key.public() { &key } else { &self.issuer.key };
            enroll.possession = possession(key, enroll.id.as_str(), self.issuer.ledger);
        }
        self.by_operator(Body::Enroll(enroll), now_s()).to_submission(None)
    }

    fn by_operator(&self, body: Body, issued_at_s: u64) -> Statement {
        let origin = self.home.identity().origin;
        let ledger = Some(self.issuer.ledger);
        Statement::sign(&self.operator, origin.as_str(), ledger, issued_at_s, body)
    }
}

fn now_s() -> u64 {
    now_ms() / 1000
}

fn possession(key: &SigningKey, owner: &str, ledger: LedgerId) -> Vec<u8> {
    prove_possession(key, Use::Issuer, owner, 1, &ledger.0.0)
}

/// The bytes with the first place of `from` replaced.
fn patched(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|part| part == from).expect("it is in there");
    bytes.splice(at..at + from.len(), to.iter().copied());
    bytes
}

#[tokio::test]
async fn what_is_no_statement_is_refused_as_malformed() {
    bounded(120, async {
        let world = World::new().await;
        let good = world.certify().to_submission(Some(&world.list));
        let mut cases = vec![
            ("malformed", Vec::new()),
            ("malformed", b"certify my bill, please".to_vec()),
            ("malformed", vec![0xd2; 5000]),
            ("malformed", vec![0x9f; 200]),
            ("malformed", vec![0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            ("malformed", [good.clone(), vec![0]].concat()),
            ("malformed", good[1..].to_vec()),
            ("malformed", vec![0xff; 1 << 20]),
            ("malformed", world.with(|parts| parts.payload = None)),
            ("malformed", world.with(|parts| parts.payload = Some(vec![0xa0]))),
        ];
        cases.extend((0..good.len()).step_by(7).map(|end| ("malformed", good[..end].to_vec())));
        world.all_refused(cases).await;
        // The same, whole, is welcome.
        assert_eq!(world.client.post("/entries", good).await.status, 201);
    })
    .await;
}

/// Programs that know SCRAPI and not this ledger read the title.
#[tokio::test]
async fn refusals_have_the_titles_of_scrapi() {
    bounded(120, async {
        let world = World::new().await;
        let stranger = SigningKey::from_seed(&[78; 32]);
        let elsewhere = LedgerId(Hash([3; 32]));
        let possession = possession(&stranger, "telecom.example", elsewhere);
        let too_long = vec![0; SUBMISSION_BYTES_MAX + 1];
        for (title, status, bytes) in [
            ("Malformed request", 400, b"certify my bill, please".to_vec()),
            ("Payload Missing", 400, world.with(|parts| parts.payload = None)),
            ("Bad Signature Algorithm", 400, {
                world.with(|parts| parts.algorithm = Algorithm::ES256)
            }),
            ("Confirmation Missing", 400, world.enroll(|enroll| enroll.possession = possession)),
            ("Rejected", 400, world.with(|parts| parts.issuer = "impots.example".into())),
            ("Content Too Large", 413, too_long),
        ] {
            let refused = world.client.post("/entries", bytes).await;
            assert_eq!(refused.titled(status).0, title);
        }
        for (title, path) in [
            ("Not Found", "/entries/99"),
            ("Invalid locator", "/entries/x"),
            ("No such key", "/.well-known/scitt-keys/00"),
        ] {
            assert_eq!(world.client.get(path).await.titled(404).0, title);
        }
    })
    .await;
}

#[tokio::test]
async fn headers_kinds_and_fields_outside_the_closed_sets_are_refused() {
    bounded(120, async {
        let world = World::new().await;
        let mime = || Some("text/plain".into());
        let kind = |name: &str| Some(format!("application/vnd.probant.{name}+cbor"));
        let root = world.list.root();
        let payload = move |count, media| Some(certify_payload(root, count, media));
        world
            .all_refused(vec![
                ("algorithm", world.with(|parts| parts.algorithm = Algorithm::ES256)),
                ("header", world.with(|parts| parts.labels = vec![(16, "x".into())])),
                ("header", world.with(|parts| parts.labels = vec![(258, (-16).into())])),
                ("header", world.with(|parts| parts.labels = vec![(395, 1.into())])),
                ("header", world.with(|parts| parts.content_type = None)),
                ("header", world.with(|parts| parts.unprotected.insert(0, (396, Value::Null)))),
                (
                    "header",
                    world.with(|parts| parts.unprotected = vec![(4, Value::Bytes(vec![1]))]),
                ),
                ("unknown-kind", world.with(|parts| parts.content_type = mime())),
                ("unknown-kind", world.with(|parts| parts.content_type = kind("withdraw"))),
                ("subject", world.with(|parts| parts.subject = "batch".into())),
                ("field", world.with(|parts| parts.payload = payload(5, "text/x-free"))),
                ("list-count", world.with(|parts| parts.payload = payload(0, PDF))),
                ("list-count", world.with(|parts| parts.payload = payload(65_537, PDF))),
                ("fingerprint", world.with(|parts| parts.payload = payload(1, PDF))),
                ("too-large", world.with(|parts| parts.issuer = "a".repeat(66_000))),
                ("field", world.enroll(|enroll| enroll.record.country = "fr".into())),
                ("field", world.enroll(|enroll| enroll.record.legal_name = " ".into())),
            ])
            .await;
    })
    .await;
}

#[tokio::test]
async fn who_may_not_say_it_is_refused() {
    bounded(120, async {
        let world = World::new().await;
        let (good, list) = (world.certify(), &world.list);
        let mut unsigned = good.to_submission(Some(list));
        *unsigned.last_mut().unwrap() ^= 1;
        let stranger = Issuer::new(&world.home, ISSUER, 66);
        let impostor = Issuer { id: "impots.example".into(), ..world.issuer.clone() };
        let elsewhere = Issuer { ledger: LedgerId(Hash([3; 32])), ..world.issuer.clone() };
        let from = |issuer: &Issuer, at| issuer.statement(list, at).to_submission(Some(list));
        let first = Block::decode(&world.client.get("/blocks/0").await.body).unwrap();
        let seal = world.home.key(Use::Seal);
        let own = |key: &SigningKey, audience, at: usize| {
            let body = first.entries[at].body().clone();
            Statement::sign(key, ORIGIN, audience, now_s() + 1, body).to_submission(None)
        };
        world
            .all_refused(vec![
                ("signature", unsigned),
                ("unknown-key", from(&stranger, now_s())),
                ("issuer", from(&impostor, now_s())),
                ("audience", from(&elsewhere, now_s())),
                ("future", from(&world.issuer, now_s() + 330)),
                ("future", from(&world.issuer, u64::MAX)),
                ("misplaced", own(&world.operator, None, 0)),
                ("misplaced", own(&seal, Some(world.issuer.ledger), 1)),
                ("key-use", {
                    let body = Body::Certify(Certify::new(list, PDF).unwrap());
                    world.by_operator(body, now_s()).to_submission(Some(list))
                }),
            ])
            .await;
    })
    .await;
}

#[tokio::test]
async fn a_list_that_is_not_the_one_that_was_signed_is_refused() {
    bounded(120, async {
        let world = World::new().await;
        let good = world.certify();
        let bytes = world.list.as_bytes();
        let carrying = |list: Vec<u8>| {
            world.with(|parts| parts.unprotected = vec![(LABEL_LIST, Value::Bytes(list))])
        };
        let swapped = [&bytes[34..68], &bytes[..34], &bytes[68..]].concat();
        let twice = [&bytes[..34], &bytes[..34], &bytes[68..]].concat();
        let mut reserved = bytes.to_vec();
        reserved[0] = 0x13;
        let other = List::new(made_up("other", 5)).unwrap();
        let shorter = List::new(made_up("bill", 4)).unwrap();
        let oversized = bytes[..34].repeat(65_537);
        world
            .all_refused(vec![
                ("list-missing", good.to_submission(None)),
                ("list-order", carrying(swapped)),
                ("list-order", carrying(twice)),
                ("list-count", carrying(Vec::new())),
                ("list-count", carrying(oversized)),
                ("fingerprint", carrying(reserved)),
                ("malformed", carrying(bytes[1..].to_vec())),
                ("list-mismatch", good.to_submission(Some(&other))),
                ("list-mismatch", good.to_submission(Some(&shorter))),
                ("list-unexpected", {
                    let enroll = world.enroll(|_| {});
                    Statement::decode(&enroll).unwrap().to_submission(Some(&other))
                }),
            ])
            .await;
    })
    .await;
}

#[tokio::test]
async fn an_enrollment_that_is_not_right_is_refused() {
    bounded(120, async {
        let world = World::new().await;
        let other = LedgerId(Hash([3; 32]));
        let stranger = SigningKey::from_seed(&[78; 32]);
        let old = {
            let bytes = world.enroll(|_| {});
            let body = Statement::decode(&bytes).unwrap().body().clone();
            world.by_operator(body, now_s() - 31 * DAY_S).to_submission(None)
        };
        let good = world.enroll(|_| {});
        let x = *SigningKey::from_seed(&[77; 32]).public().as_bytes();
        world
            .all_refused(vec![
                ("issuer-exists", world.enroll(|enroll| enroll.id = ISSUER.parse().unwrap())),
                ("issuer-reserved", {
                    world.enroll(|enroll| enroll.id = "ledger.example".parse().unwrap())
                }),
                ("key-in-use", world.enroll(|e| e.key = world.issuer.key.public().clone())),
                (
                    "possession",
                    world.enroll(|enroll| {
                        enroll.possession = possession(&stranger, "telecom.example", other);
                    }),
                ),
                (
                    "possession",
                    world.enroll(|enroll| {
                        let key = SigningKey::from_seed(&[77; 32]);
                        enroll.possession = possession(&key, "telecom.example", other);
                    }),
                ),
                ("weak-key", patched(good.clone(), &x, &[0; 32])),
                ("sequence", patched(good.clone(), &[0xa6, 1, 1, 2, 0x6f], &[0xa6, 1, 2, 2, 0x6f])),
                ("stale", old),
            ])
            .await;
        assert_eq!(world.client.post("/entries", good).await.status, 201);
    })
    .await;
}

#[tokio::test]
async fn the_longest_submission_is_taken_and_a_longer_one_is_too_large() {
    bounded(120, async {
        let world = World::new().await;
        let before = world.client.head().await;
        let refused = world.client.post("/entries", vec![0; SUBMISSION_BYTES_MAX + 1]).await;
        assert!(refused.concise(413).starts_with("too-large: "));
        // No more than one byte too long: who is still sending may not hear the answer.
        let pieces = vec![vec![0; SUBMISSION_BYTES_MAX].into(), vec![0].into()];
        let refused = world.client.stream("/entries", pieces).await;
        assert!(refused.concise(413).starts_with("too-large: "));
        assert_eq!(world.client.head().await, before);
        let longest = world.issuer.certify_made_up("longest", 65_536);
        assert_eq!(world.client.post("/entries", longest.bytes).await.status, 201);
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_cut_off_changes_nothing_and_the_ledger_goes_on() {
    bounded(120, async {
        let world = World::new().await;
        let before = world.client.head().await;
        let good = world.certify().to_submission(Some(&world.list));
        let address = world.client.address();
        for path in ["/entries", "/verify"] {
            for (sent, closed) in [(0, true), (1, true), (good.len() - 1, true), (9, false)] {
                let mut stream = TcpStream::connect(address).await.unwrap();
                let length = good.len();
                let head =
                    format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
                stream.write_all(head.as_bytes()).await.unwrap();
                stream.write_all(&good[..sent]).await.unwrap();
                if closed {
                    stream.shutdown().await.unwrap();
                    let mut said = Vec::new();
                    // Whatever it says, it is no success.
                    let _ = stream.read_to_end(&mut said).await;
                    let said = String::from_utf8_lossy(&said).into_owned();
                    assert!(said.is_empty() || said.starts_with("HTTP/1.1 400"), "{said}");
                }
            }
        }
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"\x16\x03\x01 this is no HTTP\r\n\r\n").await.unwrap();
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said).await;
        assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 400"));
        assert_eq!(world.client.head().await, before);
        assert_eq!(world.client.post("/entries", good).await.status, 201);
    })
    .await;
}
