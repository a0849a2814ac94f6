//! `probant issuer list`: who is enrolled, and what became of their keys.

use std::fmt::Write as _;

use crate::{
    Error,
    cli::{json, ledger::Ledger, plain, say},
    client::{IssuerListing, KeyListing},
};

const EXAMPLES: &str = "\
Examples:
  probant issuer list --ledger https://ledger.example
  probant issuer list --keys --ledger https://ledger.example

The second has a line for each key, with its name, what it is, and since when.";

/// List the issuers that the ledger has enrolled
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ListIssuers {
    /// With a line for each key
    #[arg(long, conflicts_with = "json")]
    keys: bool,
    /// As JSON, with their keys
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    ledger: Ledger,
}

impl ListIssuers {
    pub async fn run(&self) -> Result<u8, Error> {
        let issuers = self.ledger.client()?.issuers().await?;
        say(&if self.json { json(&issuers) } else { table(&issuers, self.keys) })?;
        Ok(0)
    }
}

fn table(issuers: &[IssuerListing], with_keys: bool) -> String {
    let width = issuers.iter().map(|issuer| issuer.id.chars().count()).max().unwrap_or(0).max(2);
    let mut table = format!(
        "{:width$}  {:<22}  {:>5}  {:<10}  {:<22}  NAME",
        "ID", "REGISTRATION", "ENTRY", "STATE", "KEYS"
    );
    for issuer in issuers {
        let registration = plain(&format!("{} {}", issuer.country, issuer.registration));
        let [id, state, name] = [&issuer.id, issuer.state(), &issuer.legal_name].map(plain);
        let (keys, entry) = (plain(&counted(&issuer.keys)), issuer.enrolled);
        let row =
            format!("{id:width$}  {registration:<22}  {entry:>5}  {state:<10}  {keys:<22}  {name}");
        // Writing to a string does not fail.
        let _ = write!(table, "\n{row}");
        for key in issuer.keys.iter().filter(|_| with_keys) {
            let _ = write!(table, "\n  {}", plain(&described(key)));
        }
    }
    table
}

/// `2 current, 1 retired`.
fn counted(keys: &[KeyListing]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for key in keys {
        match counts.iter_mut().find(|(state, _)| *state == key.state()) {
            Some((_, count)) => *count += 1,
            None => counts.push((key.state(), 1)),
        }
    }
    counts.sort_unstable();
    let words: Vec<_> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
    words.join(", ")
}

fn described(key: &KeyListing) -> String {
    let (kid, state) = (&key.kid, key.state());
    match &key.status {
        Some(status) => {
            format!("{kid}  {state} since {}, by entry {}", status.since, status.entry)
        }
        None => format!("{kid}  {state}, by entry {}", key.since),
    }
}
