//! All look-ups derived anew from the blocks, beside those that are there: nodes go on answering and
//! writing meanwhile, and see the new ones all at once.
//!
//! Every block is a transaction of its own, and what is there of the tables beside says how far it has
//! come: after a crash, it goes on from there. Whoever wants to begin from nothing drops the tables
//! whose names end in `_anew`.

use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use probant_core::{
    chain::{Chain, Head},
    status::Kept,
    tree::Frontier,
};
use tokio::time::sleep;
use tokio_postgres::{Error, error::SqlState};

use super::{
    Postgres,
    cell::{cell, damage, number},
    entries,
    follow::newest,
    foreign,
    head::HeadRow,
    held::Held,
    rows::Rows,
    schema::{self, DERIVED, refused},
    server::{Server, unavailable},
};
use crate::store::{StoreError, StoredBlock};

const BESIDE: &str = "_anew";
const DOING: &str = "derive look-ups anew";
const DONE: &str = "SELECT coalesce(max(height) + 1, 0) FROM blocks_anew";
/// How long each table is waited for with the head held, how often, and with which pauses without it.
const HURRIED: &str = "SET LOCAL lock_timeout = '500ms'";
const TRIES_MAX: u32 = 12;
const TRY_PAUSE: Duration = Duration::from_secs(2);
const LOST: &str = "SELECT name FROM unnest($1::text[]) AS derived (name) \
     WHERE to_regclass(name) IS NULL";
/// Who else may use a table, and how.
const GRANTS: &str = "SELECT DISTINCT table_name::text, privilege_type::text, grantee::text \
     FROM information_schema.role_table_grants \
     WHERE table_schema = current_schema() AND table_name = ANY($1) AND grantee <> current_user";

/// Told how many blocks are done, and of how many.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// The blocks from the first on, and how many of them the tables beside hold.
struct Deriving<'a> {
    server: &'a Server,
    chain: Option<Chain>,
    nodes: Kept,
    done: u64,
}

impl Postgres {
    /// Derives all look-ups anew, and answers of how many blocks. The ledger need not be opened, nor
    /// stopped; it takes the memory of an audit.
    ///
    /// # Errors
    /// [`StoreError::Input`] where the role does not own the tables; [`StoreError::Damage`] where the
    /// blocks are not whole: then nothing is changed. [`StoreError::Unavailable`] and
    /// [`StoreError::Conflict`]: run it again, and it goes on.
    pub fn derive_anew(server: &Server, progress: Progress<'_>) -> Result<u64, StoreError> {
        let done = server.wait(make_tables(server))?;
        let mut deriving = Deriving { server, chain: None, nodes: Kept::newest(), done };
        for _ in 0..TRIES_MAX {
            deriving.take_all(progress)?;
            if let Some(blocks) = deriving.exchange()? {
                return Ok(blocks);
            }
            tracing::warn!("something reads the look-ups for long: they are exchanged after it");
            server.wait(async { sleep(TRY_PAUSE).await });
        }
        Err(StoreError::Input(format!(
            "the look-ups are derived, but something reads the old ones all the time (a dump?): wait \
             for its end and run this again, which goes on from the tables that end in {BESIDE}"
        )))
    }
}

/// Makes the tables beside, and answers how many blocks they hold.
async fn make_tables(server: &Server) -> Result<u64, StoreError> {
    let failed = |error: Error| refused(DOING, &error);
    let held = Held::begin(server).await?;
    let client = held.client();
    let all = [schema::tables(""), schema::tables(BESIDE)].concat();
    foreign::check(client, &all).await?;
    schema::check_version(client).await?;
    let rows = client.query(LOST, &[&DERIVED.as_slice()]).await.map_err(failed)?;
    let lost: Vec<&str> = rows.iter().map(|row| cell(row, 0)).collect::<Result<_, _>>()?;
    // A lost one is made only for its likeness: empty, it would say that nothing is known.
    client.batch_execute(schema::TABLES_SQL).await.map_err(failed)?;
    for table in DERIVED {
        let like =
            format!("CREATE TABLE IF NOT EXISTS {table}{BESIDE} (LIKE {table} INCLUDING ALL)");
        client.batch_execute(&like).await.map_err(failed)?;
    }
    // Whoever was faster: what they have made is used for nothing.
    foreign::check(client, &all).await?;
    for table in lost {
        client.batch_execute(&format!("DROP TABLE {table}")).await.map_err(failed)?;
    }
    let rows = client.query(DONE, &[]).await.map_err(failed)?;
    let done = rows.first().map_or(Ok(0), |row| number(row, 0))?;
    held.end("COMMIT").await.map_err(failed)?;
    Ok(done)
}

impl Deriving<'_> {
    fn next(&self) -> u64 {
        self.chain.as_ref().map_or(0, |chain| chain.head().height + 1)
    }

    /// All blocks that are there, while nodes go on.
    fn take_all(&mut self, progress: Progress<'_>) -> Result<(), StoreError> {
        while let Some(head) = newest(self.server)?.head.filter(|head| self.next() <= head.height) {
            for height in self.next()..=head.height {
                self.take(height)?;
                progress(height + 1, head.height + 1);
            }
        }
        Ok(())
    }

    /// Adds the next block to the chain, and its rows to the tables if they are not there.
    fn take(&mut self, height: u64) -> Result<(), StoreError> {
        let read = async { entries::block(&*self.server.reader().await?, height).await };
        let bytes = self.server.wait(read)?;
        let Some(rows) = self.rows(height, bytes)? else { return Ok(()) };
        self.server.wait(async {
            let held = Held::begin(self.server).await?;
            let failed = |error: Error| unavailable(DOING, &error);
            // What a power cut takes is derived once more: the exchange alone must be durable.
            let hurried = "SET LOCAL synchronous_commit = off";
            held.client().batch_execute(hurried).await.map_err(failed)?;
            rows.send_to(held.client(), BESIDE).await.map_err(failed)?;
            held.end("COMMIT").await.map_err(failed)
        })
    }

    /// What the next block adds; nothing where its rows are there from an earlier run.
    fn rows(&mut self, height: u64, bytes: Option<Vec<u8>>) -> Result<Option<Rows>, StoreError> {
        let place = |why: &dyn ToString| {
            damage("block_parts", &format!("block {height}: {}", why.to_string()))
        };
        let bytes = bytes.ok_or_else(|| place(&"it is missing"))?;
        let before = self.chain.as_ref().map_or_else(Frontier::default, |c| c.frontier().clone());
        let stored = StoredBlock::check(bytes, &mut self.chain, &self.nodes);
        let stored = stored.map_err(|fault| place(&fault.rejected))?;
        self.nodes.grow(&stored.growth);
        Ok((height >= self.done).then(|| Rows::derived(&before, &stored)))
    }

    /// Puts the new tables in the places of the old ones while no block can be made, and takes the last
    /// blocks: all at once or, after a crash, not at all. Nothing is done, and nobody kept waiting any
    /// longer, where something reads the old ones.
    fn exchange(&mut self) -> Result<Option<u64>, StoreError> {
        let server = self.server;
        let (held, HeadRow { head, .. }) = server.wait(Held::head(server))?;
        // First: what is taken after it is not lost again.
        if !server.wait(exchange_tables(held.client()))? {
            return Ok(None);
        }
        let blocks = head.as_ref().map_or(0, |head| head.height + 1);
        for height in self.next()..blocks {
            let bytes = server.wait(entries::block(held.client(), height))?;
            if let Some(rows) = self.rows(height, bytes)? {
                let sent = server.wait(rows.send(held.client()));
                sent.map_err(|error| unavailable(DOING, &error))?;
            }
        }
        self.check_reaches(head.as_ref())?;
        server.wait(async {
            let failed = |error: Error| unavailable(DOING, &error);
            let counted = "UPDATE head SET changes = (SELECT count(*) FROM registry)";
            held.client().batch_execute(counted).await.map_err(failed)?;
            held.end("COMMIT").await.map_err(failed)
        })?;
        Ok(Some(blocks))
    }

    /// The blocks must be those of the head, and the tables beside hold no others.
    fn check_reaches(&self, head: Option<&Head>) -> Result<(), StoreError> {
        if self.chain.as_ref().map(Chain::head) != head {
            return Err(damage("head", "its block is not the last of the blocks"));
        }
        if self.done > self.next() {
            return Err(StoreError::Input(format!(
                "the tables that end in {BESIDE} are of other blocks: drop them"
            )));
        }
        Ok(())
    }
}

/// Answers whether it was done: what waits for a table stops whoever comes after it.
async fn exchange_tables(client: &ClientWrapper) -> Result<bool, StoreError> {
    let failed = |error: Error| refused(DOING, &error);
    let grants = client.query(GRANTS, &[&DERIVED.as_slice()]).await.map_err(failed)?;
    for row in &grants {
        let (table, right): (&str, &str) = (cell(row, 0)?, cell(row, 1)?);
        let to = match cell(row, 2)? {
            "PUBLIC" => "PUBLIC".into(),
            role => format!("\"{}\"", role.replace('"', "\"\"")),
        };
        let grant = format!("GRANT {right} ON {table}{BESIDE} TO {to}");
        client.batch_execute(&grant).await.map_err(failed)?;
    }
    client.batch_execute(HURRIED).await.map_err(failed)?;
    for table in DERIVED {
        let exchange =
            format!("DROP TABLE IF EXISTS {table}; ALTER TABLE {table}{BESIDE} RENAME TO {table}");
        match client.batch_execute(&exchange).await {
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => return Ok(false),
            exchanged => exchanged.map_err(failed)?,
        }
    }
    Ok(true)
}
