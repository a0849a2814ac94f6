//! A ledger with statements of every kind, and documents that stand, fell, and were replaced.

use coset::{
    CoseSign1Builder, HeaderBuilder, TaggedCborSerializable as _, cbor::value::Value, iana,
};
use probant_core::{
    Fingerprint, Fingerprints, List, Statement,
    key::{SigningKey, Use},
    statement::{
        Body, HeldKey, IssuerStatement, KeyAct, KeyStatement, Policy, PolicyStatement, Revoke,
    },
    status::{IssuerState, Reason},
};

use super::{
    Client, Home, Issuer, ORIGIN,
    issuer::{ISSUER, PDF, made_up},
    now_ms,
};

/// What is on it, in the order in which it was said; each in a block of its own.
pub struct Varied {
    pub issuer: Issuer,
    /// A key that was added, and stopped.
    pub second: SigningKey,
    /// Stands.
    pub certified: Fingerprint,
    /// Stands, by a hash envelope.
    pub enveloped: Fingerprint,
    /// Withdrawn, alone.
    pub revoked: Fingerprint,
    /// Replaced by `certified`.
    pub superseded: Fingerprint,
    /// A batch of 20, of which the first two were withdrawn together.
    pub batch: List,
}

impl Varied {
    /// Says all of it.
    pub async fn say(home: &Home, client: &Client) -> Self {
        let issuer = Issuer::enrolled(home, client).await;
        let document = |name: &str| Fingerprints::of(name.as_bytes()).blake3;
        let varied = Self {
            certified: document("stands"),
            enveloped: Fingerprints::of(b"envelope").sha256,
            revoked: document("wrong"),
            superseded: document("old"),
            batch: List::new(made_up("varied", 20)).unwrap(),
            second: SigningKey::from_seed(&[44; 32]),
            issuer,
        };
        for document in [varied.certified, varied.revoked, varied.superseded] {
            post(client, varied.issuer.certify(vec![document]).bytes).await;
        }
        post(client, varied.issuer.certify(varied.batch.iter().collect()).bytes).await;
        post(client, varied.envelope()).await;
        varied.fell(client).await;
        varied.keys_and_limits(home, client).await;
        varied
    }

    async fn fell(&self, client: &Client) {
        let pair = (self.superseded, self.certified);
        let lists = [
            (List::new(vec![self.revoked]).unwrap(), Reason::IssuedInError),
            (List::new(self.batch.iter().take(2).collect()).unwrap(), Reason::Unspecified),
            (List::replacements(vec![pair]).unwrap(), Reason::Superseded),
        ];
        for (list, reason) in lists {
            let body = Body::Revoke(Revoke::new(&list, reason).unwrap());
            let statement = self.by(&self.issuer.key, ISSUER, body);
            post(client, statement.to_submission(Some(&list))).await;
        }
    }

    async fn keys_and_limits(&self, home: &Home, client: &Client) {
        let (issuer, ledger) = (ISSUER.parse().unwrap(), self.issuer.ledger);
        let held = HeldKey::prove(&self.second, Use::Issuer, ISSUER, 1, ledger);
        let add = Body::Key(KeyStatement::bringing(KeyAct::Add { issuer, held }));
        let statement = self.by(&self.issuer.key, ISSUER, add);
        post(client, statement.to_submission(None)).await;
        let kid = self.second.public().kid();
        let since_ms = client.get("/readyz").await.json()["head"]["time_ms"].as_u64().unwrap();
        let state =
            |seq, state| Body::Issuer(IssuerStatement { seq, id: ISSUER.parse().unwrap(), state });
        let policy = Policy { list_count_max: 60_000 };
        for body in [
            Body::Key(KeyStatement::about(kid, 2, KeyAct::Compromise { since_ms })),
            state(2, IssuerState::Suspended),
            state(3, IssuerState::Reinstated),
            Body::Policy(PolicyStatement { seq: 2, policy }),
        ] {
            let statement = self.by(&home.key(Use::Operator), ORIGIN, body);
            post(client, statement.to_submission(None)).await;
        }
    }

    fn by(&self, key: &SigningKey, owner: &str, body: Body) -> Statement {
        Statement::sign(key, owner, Some(self.issuer.ledger), now_ms() / 1000, body)
    }

    /// What somebody else's program signs (RFC 9995).
    fn envelope(&self) -> Vec<u8> {
        let claims = Value::Map(vec![
            (1.into(), ISSUER.into()),
            (2.into(), self.enveloped.to_string().into()),
            (3.into(), self.issuer.ledger.audience().into()),
            (6.into(), (now_ms() / 1000).into()),
        ]);
        let header = HeaderBuilder::new()
            .algorithm(iana::Algorithm::EdDSA)
            .key_id(self.issuer.key.public().kid().0.to_vec())
            .value(15, claims)
            .value(258, (-16).into())
            .value(259, PDF.into());
        let builder = CoseSign1Builder::new().protected(header.build());
        let builder = builder.payload(self.enveloped.digest().to_vec());
        let sign = |message: &[u8]| self.issuer.key.sign(message).to_vec();
        builder.create_signature(&[], sign).build().to_tagged_vec().unwrap()
    }
}

async fn post(client: &Client, statement: Vec<u8>) {
    let reply = client.post("/entries", statement).await;
    assert_eq!(reply.status, 201, "{reply:?}");
}
