//! The whole ledger as files that any web server or object store can serve: tiles, bundles and the
//! checkpoint where C2SP clients look for them, and the blocks for an audit.
//!
//! ```text
//! checkpoint                 written last: all that it covers is there
//! tile/<L>/<N>[.p/<W>]       hashes of the tree (src/tile.rs)
//! tile/entries/<N>[.p/<W>]   entries
//! blocks/<N>                 a block in its frame (docs/format.md 7.4), N as in the name of a tile
//! export.json                how far the blocks, and all that follows from them, are there
//! ```
//!
//! A run goes on where `export.json` says that an earlier one came to. What it writes it hands over in
//! parts of bounded size, each of them durable before `export.json` says so; a crash before that
//! leaves files that the next run writes again, with the same bytes, for nothing in them but the
//! checkpoint depends on when they were written. Every block is held to the one before and to the
//! seal key that follows from genesis; that is no audit, which reads the export as well as the ledger.
//! Whoever can write to the place can write another `export.json`: what it says is held to the seal of
//! the source's own block before anything is built on it, or signed.

mod growing;
mod keys;
mod sealed;
mod source;
#[cfg(test)]
mod tests;
mod written;

use std::sync::atomic::{AtomicBool, Ordering};

use probant_core::{Identity, LedgerId, checkpoint::Checkpoint};

use crate::{
    Error,
    audit::Blocks,
    place::{File, Place},
};
use growing::Growing;
pub use keys::Keys;
pub use source::{End, Source};
pub use written::Written;

/// Where the checkpoint stands.
pub const CHECKPOINT: &str = "checkpoint";

/// Where a block stands.
pub fn block_path(height: u64) -> String {
    format!("blocks/{}", crate::tile::place(height))
}

/// What goes with the work.
pub struct Settings<'a> {
    /// The ledger that it must be; none: whatever the source or an earlier run says.
    pub expected: Option<Identity>,
    /// Set by whoever wants it to end early; what was handed over until then stays.
    pub stop: &'a AtomicBool,
    /// Hears of each part that is there.
    pub progress: &'a mut dyn FnMut(&Written),
}

/// Brings the export at a place up to a source.
///
/// # Errors
/// [`Error::Busy`] where it ended early and the same again goes on; [`Error::Stop`] where the source is
/// not what was exported before, or contradicts itself; those of source and place.
pub fn export(
    mut source: Source,
    place: &dyn Place,
    settings: &mut Settings<'_>,
) -> Result<Written, Error> {
    let before = Written::read(place)?;
    let mut growing = before.map(|written| Growing::resume(written, place)).transpose()?;
    if let Some(there) = &growing {
        check_not_behind(there.written(), &source)?;
        check_ledger(there.written(), settings.expected.as_ref())?;
    }
    if !growing.as_ref().is_some_and(|there| source.end.is_at(there.written().size)) {
        take_blocks(&mut source, &mut growing, place, settings)?;
    }
    let none = || Error::input(format!("{}: there is no block", source.name));
    let written = growing.ok_or_else(none)?.written().clone();
    publish(&written, &source.end, place)?;
    Ok(written)
}

/// Takes what the source has beyond what is there, up to its end.
fn take_blocks(
    source: &mut Source,
    growing: &mut Option<Growing>,
    place: &dyn Place,
    settings: &mut Settings<'_>,
) -> Result<(), Error> {
    let mut blocks = after(source, growing.as_ref(), place)?;
    while !growing.as_ref().is_some_and(|there| source.end.is_reached(there.written())) {
        if settings.stop.load(Ordering::Relaxed) {
            hand_over(growing, place, settings.progress)?;
            return Err(Error::busy("interrupted: the same command goes on"));
        }
        let Some(block) = blocks.next()? else { break };
        match growing {
            Some(there) => there.add(&block)?,
            None => *growing = Some(Growing::found(&block, settings.expected.as_ref())?),
        }
        if growing.as_ref().is_some_and(Growing::is_full) {
            hand_over(growing, place, settings.progress)?;
        }
    }
    hand_over(growing, place, settings.progress)
}

/// The blocks after what is there, of which the source must have the newest.
fn after(
    source: &mut Source,
    growing: Option<&Growing>,
    place: &dyn Place,
) -> Result<Box<dyn Blocks>, Error> {
    let Some(there) = growing else { return (source.open)(0) };
    let mut blocks = match (source.open)(there.written().height) {
        // It has not so many blocks.
        Err(Error::Input(_) | Error::No(_)) => return Err(another(place, there.written())),
        opened => opened?,
    };
    let block = blocks.next()?;
    if !there.is_newest(block.as_deref(), place)? {
        return Err(another(place, there.written()));
    }
    sealed::check(there.written(), &block.unwrap_or_default(), source)?;
    Ok(blocks)
}

fn hand_over(
    growing: &mut Option<Growing>,
    place: &dyn Place,
    progress: &mut dyn FnMut(&Written),
) -> Result<(), Error> {
    let Some(growing) = growing else { return Ok(()) };
    if growing.hand_over(place)? {
        progress(growing.written());
    }
    Ok(())
}

/// A source with less than what was exported is an older copy, or lags: nothing is taken back.
fn check_not_behind(there: &Written, source: &Source) -> Result<(), Error> {
    let name = &source.name;
    match &source.end {
        End::Signed { size, .. } if *size < there.size => Err(Error::busy(format!(
            "{name} shows a head of {size} entries, and {} are exported: it lags, or it is an older \
             copy",
            there.size
        ))),
        _ => Ok(()),
    }
}

fn another(place: &dyn Place, there: &Written) -> Error {
    Error::Stop(format!(
        "block {} is another one than the one that {} holds, or is not there: another ledger, another \
         history of it, or an older copy; nothing was written",
        there.height,
        place.name()
    ))
}

fn check_ledger(there: &Written, expected: Option<&Identity>) -> Result<(), Error> {
    let Some(expected) = expected else { return Ok(()) };
    let found = Identity { origin: there.origin.parse()?, ledger: LedgerId(there.ledger()?) };
    if found == *expected {
        return Ok(());
    }
    Err(Error::Stop(format!("it is of ledger {found}, and you expect {expected}")))
}

/// The last step: from now on clients are told.
fn publish(there: &Written, end: &End, place: &dyn Place) -> Result<(), Error> {
    let root = there.root()?;
    let wanted = Checkpoint { origin: there.origin.parse()?, size: there.size, root };
    let note = match end {
        End::Signed { note, size } => {
            if *size != there.size {
                return Err(Error::busy(format!(
                    "a head of {size} entries was shown, and blocks of {} came: try again",
                    there.size
                )));
            }
            let signed = Checkpoint::open_by(note, &wanted.origin, there.keys()?.notes())?;
            let signed = signed.checkpoint();
            if *signed != wanted {
                return Err(Error::Stop(format!(
                    "the checkpoint signs root {}, the blocks have {root}: two histories of one ledger",
                    signed.root
                )));
            }
            note.clone()
        }
        End::Newest { keys, .. } => keys.sign(&wanted, there.keys()?.notes(), there.time_s())?,
    };
    if place.get(CHECKPOINT)?.as_deref() == Some(note.as_bytes()) {
        return Ok(());
    }
    place.put(vec![File { path: CHECKPOINT.into(), bytes: note.into(), is_final: false }])
}
