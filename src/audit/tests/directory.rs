//! Directories at rest, in use, torn, cut short, and none at all.

use super::*;

fn append(disk: &Disk, bytes: &[u8]) {
    let whole = fs::read(disk.segment()).unwrap();
    fs::write(disk.segment(), [&whole, bytes].concat()).unwrap();
}

#[test]
fn a_torn_tail_is_noted_and_what_is_before_it_passes() {
    let blocks = ledger().encode();
    let disk = Disk::new(&blocks[..6]);
    // As a crash leaves the append of the last block, with the durable hint and without it.
    let length = u32::try_from(blocks[6].len()).unwrap().to_le_bytes();
    append(&disk, &[&length, &blocks[6][..100]].concat());
    for notes in [1, 2] {
        let report = disk.audit();
        assert_eq!(report.exit_code(), 0, "{report}");
        assert_eq!(report.passed.as_ref().unwrap().to_block, 5);
        assert_eq!(report.notes.len(), notes, "{report}");
        assert!(report.notes.last().unwrap().contains("torn"), "{report}");
        let _ = fs::remove_file(disk.dir.path().join("durable"));
    }
}

#[test]
fn without_the_mark_a_bad_record_that_others_follow_is_damage() {
    let disk = Disk::new(&ledger().encode());
    fs::remove_file(disk.dir.path().join("durable")).unwrap();
    assert_eq!(disk.audit().exit_code(), 0);
    let mut bytes = fs::read(disk.segment()).unwrap();
    bytes[disk.places[3].start] ^= 1;
    fs::write(disk.segment(), bytes).unwrap();
    let report = disk.audit();
    assert_eq!((report.exit_code(), report.unreadable.unwrap().block), (4, 3));
}

#[test]
fn blocks_cut_off_below_the_mark_are_missed() {
    let disk = Disk::new(&ledger().encode());
    let whole = fs::read(disk.segment()).unwrap();
    fs::write(disk.segment(), &whole[..disk.places[4].end + 4]).unwrap();
    let report = disk.audit();
    assert_eq!(report.exit_code(), 4, "{report}");
    let unreadable = report.unreadable.unwrap();
    assert_eq!(unreadable.block, 5);
    assert!(unreadable.why.contains("blocks are missing"), "{}", unreadable.why);
}

#[test]
fn a_directory_in_use_is_read_up_to_what_is_durable() {
    let disk = Disk::new(&ledger().encode());
    let lock = fs::File::create(disk.dir.path().join("lock")).unwrap();
    assert_eq!(disk.audit().passed.unwrap().to_block, 6, "nobody holds it");
    lock.lock().unwrap();
    disk.mark(Position(disk.places[3].end as u64 + 4));
    // The writer is in the middle of what comes after.
    let mut bytes = fs::read(disk.segment()).unwrap();
    bytes[disk.places[4].start] ^= 1;
    fs::write(disk.segment(), bytes).unwrap();
    let report = disk.audit();
    assert_eq!((report.exit_code(), report.passed.unwrap().to_block), (0, 3));
    assert!(report.notes[0].contains("a server is writing"));
    fs::remove_file(disk.dir.path().join("durable")).unwrap();
    let refused = open(disk.dir.path().to_str().unwrap()).err().unwrap();
    assert!(matches!(refused, Error::Busy { .. }), "{refused}");
}

#[test]
fn a_mark_that_a_crash_spoilt_is_noted() {
    let disk = Disk::new(&ledger().encode());
    fs::write(disk.dir.path().join("durable"), [0xff; 16]).unwrap();
    let report = disk.audit();
    assert_eq!((report.exit_code(), report.notes.len()), (0, 1), "{report}");
}

#[test]
fn what_is_no_ledger_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let input = |path: &std::path::Path| {
        let refused = open(path.to_str().unwrap()).err().unwrap();
        assert!(matches!(refused, Error::Input(_) | Error::Unusable(_)), "{refused}");
    };
    input(dir.path());
    input(&dir.path().join("missing"));
    fs::create_dir(dir.path().join("segments")).unwrap();
    input(dir.path());
    let empty = Disk::new(&[]);
    let report = empty.audit();
    assert_eq!(report.exit_code(), 2, "{report}");
    assert_eq!(found(&[b"not a block".to_vec()]), (0, None, None, "malformed"));
    let foreign = Disk::new(&[]);
    fs::write(foreign.segment(), [0; 64]).unwrap();
    assert_eq!(foreign.audit().exit_code(), 4);
    assert_eq!(fs::read(empty.segment()).unwrap().len(), 16);
}
