//! For C2SP clients: the tree in tiles and the entries in bundles (tlog-tiles). Nothing is answered
//! of a tree that no checkpoint of this node covers; of one that is covered every width is there, so
//! the last tiles of every checkpoint that was ever published are.

use axum::{extract::State, response::Response};
use probant_core::Hash;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Inner, Service, blocks::immutable, body::Binary, path::At, problem::Problem};
use crate::{
    Error,
    tile::{self, Tile},
};

const BYTES: &str = "application/octet-stream";

pub fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new().routes(routes!(hashes)).routes(routes!(entries))
}

/// A tile of the ledger's tree
///
/// The hashes one after the other, as C2SP tlog-tiles has them. A part of a tile is named by its
/// width, `000.p/5`.
#[utoipa::path(
    get,
    path = "/tile/{level}/{*tile}",
    tag = "Audit",
    params(
        ("level" = u8, Path, description = "Each hash is of 256^level entries", maximum = 63),
        (
            "tile" = String,
            Path,
            description = "Number of the tile, in groups of three digits: `x001/x234/067`; then \
                           `.p/` and a width, for a part of it",
            pattern = "^(x[0-9]{3}/)*[0-9]{3}(\\.p/[0-9]{1,3})?$",
        ),
    ),
    responses(
        (
            status = 200,
            description = "Hashes, 256 of them or as many as the path says",
            body = Binary,
            content_type = "application/octet-stream",
        ),
    ),
    extensions(("x-problems" = json!(["not-found"])))
)]
async fn hashes(
    State(service): State<Service>,
    at: Result<At<(String, String)>, Problem>,
) -> Result<Response, Problem> {
    let tile = at.ok().and_then(|At((level, place))| Tile::parse(&level, &place));
    let read = |inner: &Inner, tile, head| {
        Ok(tile::flat(&tile::hashes(&**inner.ledger.store(), tile, head)?))
    };
    answer(&service, tile, read).await
}

/// A bundle of entries
///
/// Those of a tile of level 0, each after its length in two bytes, as C2SP tlog-tiles has them.
#[utoipa::path(
    get,
    path = "/tile/entries/{*tile}",
    tag = "Audit",
    params(
        (
            "tile" = String,
            Path,
            description = "Number of the tile of level 0, as in its own path",
            pattern = "^(x[0-9]{3}/)*[0-9]{3}(\\.p/[0-9]{1,3})?$",
        ),
    ),
    responses(
        (
            status = 200,
            description = "Entries, 256 of them or as many as the path says",
            body = Binary,
            content_type = "application/octet-stream",
        ),
    ),
    extensions(("x-problems" = json!(["not-found"])))
)]
async fn entries(
    State(service): State<Service>,
    at: Result<At<String>, Problem>,
) -> Result<Response, Problem> {
    let tile = at.ok().and_then(|At(place)| Tile::parse_bundle(&place));
    let read = |inner: &Inner, tile, head| tile::bundle(&**inner.ledger.store(), tile, head);
    answer(&service, tile, read).await
}

/// What there is of a tile under the published head. Whatever names none is not found, as on a server
/// of files.
async fn answer(
    service: &Service,
    tile: Option<Tile>,
    read: impl Fn(&Inner, Tile, (u64, Hash)) -> Result<Vec<u8>, Error> + Clone + Send + 'static,
) -> Result<Response, Problem> {
    let named = tile.and_then(|tile| Some((tile, tile.entries()?)));
    let (tile, entries) = named.ok_or_else(|| {
        Problem::not_found(
            "no tile is called so: a level from 0 to 63, then the number in groups of three digits \
             (x001/x234/067), then .p/ and a width of 1 to 255 where it is a part",
        )
    })?;
    let size = service.0.ledger.head().size;
    if entries > size {
        return Err(Problem::not_found(format!(
            "{tile} is of a tree of {entries} entries, and there are {size}: see /checkpoint"
        )));
    }
    // Another node may have published a head that is newer than the one of this.
    let head = service.0.prover.checkpoint_beyond(entries - 1, &service.newest_registry()).await?;
    let head = (head.block.size, head.root);
    let bytes = service.ask_aside(move |inner| read(inner, tile, head)).await?;
    Ok(immutable(BYTES, bytes))
}
