//! Certifies a document, looks it up and verifies it, in another program than `probant`:
//!
//! ```sh
//! cargo run --no-default-features --example client -- \
//!   https://ledger.example ledger.example+5e0c… energie.example energie.pem bill.pdf
//! ```

use std::{env, error::Error, fs, path::Path};

use probant::{
    client::{Asked, Client},
    clock::{SystemClock, utc},
    freshness::{Freshness, ONLINE_MAX},
    keyfile,
    verdict::Verdict,
};
use probant_core::{
    Fingerprints, Identity, List, Statement, Verifier,
    key::SigningKey,
    statement::{Body, Certify},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [url, identity, issuer, key, file] = arguments.as_slice() else {
        return Err("wanted: URL IDENTITY ISSUER KEY FILE".into());
    };
    let (key, document) = (keyfile::read(Path::new(key))?, Fingerprints::of(&fs::read(file)?));
    let (client, identity) = (Client::new(url)?, identity.parse()?);
    let entry = certify(&client, &identity, issuer, &key, &document).await?;
    println!("entry {entry}");
    for line in verify(&client, identity, &document).await? {
        println!("{line}");
    }
    Ok(())
}

/// Certifies a document, and gives the index of the entry, whose receipt has been verified.
pub async fn certify(
    client: &Client,
    identity: &Identity,
    issuer: &str,
    key: &SigningKey,
    document: &Fingerprints,
) -> Result<u64, Box<dyn Error>> {
    let founding = client.founding_of(identity).await?;
    let list = List::new(vec![document.blake3])?;
    let body = Body::Certify(Certify::new(&list, "application/pdf")?);
    let now_s = SystemClock::shared().now_ms() / 1000;
    let statement = Statement::sign(key, issuer, Some(identity.ledger), now_s, body);
    // Sending the same again is always safe: it has one receipt.
    Ok(client.submit_verified(&founding, &statement, Some(&list)).await?.index)
}

/// What the ledger proves of a document, a line for each certification.
pub async fn verify(
    client: &Client,
    identity: Identity,
    document: &Fingerprints,
) -> Result<Vec<String>, Box<dyn Error>> {
    let shown = match client.verify(&mut Verifier::new(identity), document).await? {
        Asked::Shown(shown) => shown,
        Asked::Lie(why) => return Err(why.into()),
    };
    let now_ms = SystemClock::shared().now_ms();
    let fresh = shown.check_fresh(Freshness::new(now_ms, Some(ONLINE_MAX)));
    fresh.map_err(|old| format!("the ledger shows {old}"))?;
    let line = |verified: &probant_core::Verified| {
        let verdict = Verdict::of(verified.standing()).name();
        format!("{verdict} by {}, as of {}", verified.issuer(), utc(verified.head().time_ms))
    };
    Ok(shown.certifications.iter().map(|(verified, _)| line(verified)).collect())
}
