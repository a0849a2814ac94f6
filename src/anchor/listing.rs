//! The sizes in a folder of anchors, for those who ask often: it is listed again once it has changed.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::MetadataExt as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::Anchors;
use crate::{Error, clock::Clock, planted::FileId};

/// File systems tell times apart by this or less; a file may come within the same tick after a look.
const TICK_MAX: Duration = Duration::from_secs(3);

/// A folder, and what it was last seen to hold.
#[derive(Debug)]
pub struct Listing {
    anchors: Anchors,
    seen: Mutex<Option<Seen>>,
}

/// The folder as it was when it was listed.
#[derive(Debug)]
struct Seen {
    folder: State,
    /// When it was first seen in this state, and when it was listed, by the clock that never steps.
    first: Duration,
    listed: Duration,
    sizes: Arc<[u64]>,
}

/// Which folder, and when it last changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct State {
    id: FileId,
    changed: (i64, i64),
}

impl Listing {
    /// Of this folder, which need not be there yet.
    pub fn of(anchors: Anchors) -> Self {
        Self { anchors, seen: Mutex::default() }
    }

    /// The folder itself.
    pub fn anchors(&self) -> &Anchors {
        &self.anchors
    }

    /// What [`Anchors::sizes`] says.
    ///
    /// # Errors
    /// As there.
    pub fn sizes(&self, clock: &dyn Clock) -> Result<Arc<[u64]>, Error> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = match fs::metadata(&self.anchors.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Arc::default()),
            found => found.map_err(Error::file(&self.anchors.0))?,
        };
        // The inode's time, which nobody can set back as a copy sets back the one of the content.
        let changed = (folder.ctime(), folder.ctime_nsec());
        let folder = State { id: FileId::of(&folder), changed };
        self.listed(&mut seen, folder, clock.elapsed())
    }

    /// The same for a folder that was found in this state before `now`. What is listed while its tick may
    /// last is listed again.
    fn listed(
        &self,
        seen: &mut Option<Seen>,
        folder: State,
        now: Duration,
    ) -> Result<Arc<[u64]>, Error> {
        let same = seen.as_ref().filter(|seen| seen.folder == folder);
        if let Some(same) = same.filter(|same| same.listed >= same.first + TICK_MAX) {
            return Ok(Arc::clone(&same.sizes));
        }
        let first = same.map_or(now, |same| same.first);
        let sizes: Arc<[u64]> = self.anchors.sizes()?.into();
        *seen = Some(Seen { folder, first, listed: now, sizes: Arc::clone(&sizes) });
        Ok(sizes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn a_folder_is_listed_until_its_tick_is_over_and_again_when_it_changed() {
        let dir = tempfile::tempdir().unwrap();
        let anchors = Anchors::at(&dir.path().join("anchors"));
        let (listing, clock) = (Listing::of(anchors.clone()), SystemClock::shared());
        assert!(listing.sizes(&*clock).unwrap().is_empty());
        anchors.make().unwrap();
        for size in [9, 100, 20] {
            anchors.keep(size, "a note", b"a reply").unwrap();
            assert!(listing.sizes(&*clock).unwrap().contains(&size));
        }
        assert_eq!(listing.sizes(&*clock).unwrap()[..], [100, 20, 9]);

        // As on a file system whose times are coarse: one state, whatever comes.
        let state = |second| State {
            id: FileId::of(&fs::metadata(dir.path()).unwrap()),
            changed: (second, 0),
        };
        let mut seen = None;
        let mut sizes =
            |second, at: Duration| listing.listed(&mut seen, state(second), at).unwrap();
        let start = Duration::from_secs(1000);
        assert_eq!(sizes(1, start)[..], [100, 20, 9]);
        anchors.keep(30, "a note", b"a reply").unwrap();
        assert_eq!(sizes(1, start + TICK_MAX / 2)[..], [100, 30, 20, 9], "within the tick");
        anchors.keep(40, "a note", b"a reply").unwrap();
        assert_eq!(sizes(1, start + TICK_MAX)[..], [100, 40, 30, 20, 9], "once more after it");
        // Now whatever comes has another time.
        anchors.keep(50, "a note", b"a reply").unwrap();
        let later = start + TICK_MAX + Duration::from_millis(1);
        assert_eq!(sizes(1, later)[..], [100, 40, 30, 20, 9], "it is not looked into");
        assert_eq!(sizes(2, later)[..], [100, 50, 40, 30, 20, 9], "it has changed");
    }
}
