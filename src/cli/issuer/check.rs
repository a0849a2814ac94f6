//! `probant issuer check`: whether the domains of issuers confirm their keys.

use probant_core::{Hash, IssuerId, key::Kid};

use crate::{
    Error,
    cli::{domain::DomainReach, json, ledger::Ledger, say},
    client::IssuerListing,
    domain::Confirmation,
};

const EXAMPLES: &str = "\
Examples:
  probant issuer check energie.example --ledger https://ledger.example
  probant issuer check energie.example --ledger … --resolve energie.example=192.0.2.7:443
      asks that machine, before DNS names it; its certificate has to be for energie.example

An issuer's id is a domain. https://<id>/.well-known/probant-keys lists its keys, if it publishes
them (`probant issuer domain-keys` writes that file). A key that is listed there is confirmed by
whoever controls the domain, and not by the ledger's operator alone. Which keys are in force is the
ledger's word here; `probant monitor` replays the ledger, and asks the same.

Only the domains that you name are asked: over HTTPS, at their port 443, for at most 96 KiB and 20
seconds each. A redirect is not followed, within the same host neither.

For each current key: confirmed; not listed, where the domain lists others of this issuer's keys;
other keys, where it lists none of them; unpublished, where it has no such file; unusable, where
that is no key set; unreachable. The last three come with a reason.

Exit codes: 0 every current key is confirmed; 1 one is not, or the issuer has none, or is unknown;
2 mend the input; 3 a domain or the ledger was not reached.

JSON (--json), whose fields stay: a list of {issuer, url, keys [{kid, domain (confirmed, not-listed,
other-keys, unpublished, unusable, unreachable)}], others [kid], why or null}.";

/// Say whether an issuer's own domain confirms its keys
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckIssuers {
    /// Ids of issuers
    #[arg(value_name = "ISSUER", required = true)]
    issuers: Vec<IssuerId>,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reach: DomainReach,
    #[command(flatten)]
    ledger: Ledger,
}

impl CheckIssuers {
    pub async fn run(&self) -> Result<u8, Error> {
        let (domains, client) = (self.reach.domains()?, self.ledger.client()?);
        let mut found = Vec::new();
        for id in &self.issuers {
            let listing = client.issuer(id).await?.ok_or_else(|| {
                Error::No(format!("the ledger at {} knows no issuer {id}", client.url()))
            })?;
            found.push(Confirmation::new(id, &current(&listing)?, &domains.keys(id).await));
        }
        say(&if self.json { json(&found) } else { table(&found) })?;
        Ok(exit_code(&found))
    }
}

/// Its keys that are in force.
fn current(listing: &IssuerListing) -> Result<Vec<Kid>, Error> {
    let current = listing.keys.iter().filter(|key| key.state() == "current");
    let kid = |kid: &str| {
        Hash::from_hex(kid).ok_or_else(|| Error::busy(format!("no ledger answers: {kid:?}")))
    };
    current.map(|key| kid(&key.kid)).collect()
}

fn table(found: &[Confirmation]) -> String {
    let none = |confirmation: &Confirmation| match confirmation.keys.first() {
        Some(_) => "",
        None => "\n  no key of this issuer is in force",
    };
    let one = |confirmation| format!("{confirmation}{}", none(confirmation));
    found.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// What is not confirmed weighs more than what is not known.
fn exit_code(found: &[Confirmation]) -> u8 {
    if found.iter().any(|one| !one.is_whole() && !one.is_open()) {
        return 1;
    }
    if found.iter().any(Confirmation::is_open) { 3 } else { 0 }
}
