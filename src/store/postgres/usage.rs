//! What issuers have had sealed: read under the claim, written in the transaction of its block.

use deadpool_postgres::ClientWrapper;
use futures_util::future::try_join_all;
use tokio_postgres::{Error, Row};

use super::{
    cell::{big, cell, number},
    entries::ask,
};
use crate::store::{StoreError, Usage, Usages};

const READ: &str = "SELECT issuer, day, documents, full_us FROM usage WHERE issuer = ANY($1)";
const WRITE: &str = "INSERT INTO usage (issuer, day, documents, full_us) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (issuer) DO UPDATE SET day = $2, documents = $3, full_us = $4";

/// What these issuers have had; those that have had nothing are left out.
pub async fn read(client: &ClientWrapper, issuers: &[&str]) -> Result<Usages, StoreError> {
    let rows = ask(client, READ, &[&issuers]).await?;
    let usage = |row: &Row| {
        let usage =
            Usage { day: number(row, 1)?, documents: number(row, 2)?, full_us: number(row, 3)? };
        Ok((cell::<String>(row, 0)?, usage))
    };
    rows.iter().map(usage).collect()
}

/// What they have had by now.
pub async fn write(client: &ClientWrapper, usages: &Usages) -> Result<(), Error> {
    if usages.is_empty() {
        return Ok(());
    }
    let statement = &client.prepare_cached(WRITE).await?;
    let write = |(issuer, usage): (&String, &Usage)| {
        let Usage { day, documents, full_us } = *usage;
        let issuer = issuer.clone();
        async move {
            let values = [big(day), big(documents), big(full_us)];
            client.execute(statement, &[&issuer, &values[0], &values[1], &values[2]]).await
        }
    };
    try_join_all(usages.iter().map(write)).await.map(drop)
}
