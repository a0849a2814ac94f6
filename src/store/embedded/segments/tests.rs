//! Every cut and every flipped bit ends a scan where it should; nothing wrong is ever read.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use probant_core::framing::RECORD_BYTES_MAX;
use tempfile::TempDir;

use super::*;

/// Two records of this many bytes fill a segment.
const SMALL_SEGMENT_BYTES: u64 = 80;
const BODY_BYTES: usize = 20;

type Record = (Position, Vec<u8>);

fn body(i: u8) -> Vec<u8> {
    (0..BODY_BYTES).map(|j| i.wrapping_mul(31) ^ u8::try_from(j).unwrap()).collect()
}

/// A directory with `count` records, two to a segment.
fn written(count: u8) -> (TempDir, Segments, Vec<Record>) {
    let dir = tempfile::tempdir().unwrap();
    let mut segments = Segments::open(&dir.path().join("s"), SMALL_SEGMENT_BYTES).unwrap();
    let records = (0..count).map(|i| (segments.append(&body(i)).unwrap(), body(i))).collect();
    (dir, segments, records)
}

/// What a scan of the whole directory yields, and how it stops.
fn scan(dir: &Path) -> (Vec<Record>, Option<ScanStop>) {
    let mut records = Vec::new();
    for found in SegmentReader::open(dir).unwrap().scan_from(Position::FIRST, None) {
        match found {
            Ok(record) => records.push(record),
            Err(stop) => return (records, Some(stop)),
        }
    }
    (records, None)
}

fn torn_at(stop: Option<ScanStop>) -> Option<Position> {
    stop.map(|stop| match stop {
        ScanStop::Torn { at, why: StoreError::Damage { .. } } => at,
        other => panic!("{other:?}"),
    })
}

fn last_path(segments: &Segments) -> PathBuf {
    path(&segments.dir, segments.base)
}

#[test]
fn records_come_back_from_where_append_said() {
    let (_dir, segments, records) = written(5);
    let names: Vec<_> = list(&segments.dir).unwrap();
    assert_eq!(names, [(0, 72), (72, 144), (144, 188)]);
    assert_eq!(records.iter().map(|r| r.0.0).collect::<Vec<_>>(), [16, 44, 88, 116, 160]);
    assert_eq!(segments.end(), Position(188));
    let reader = SegmentReader::open(&segments.dir).unwrap();
    assert_eq!(reader.end().unwrap(), Position(188));
    for (position, body) in &records {
        assert_eq!(reader.read(*position).unwrap(), *body);
        assert_eq!(reader.read_range(*position, 3, 5).unwrap(), body[3..8]);
    }
    let (found, stop) = scan(&segments.dir);
    assert_eq!((found, stop.is_none()), (records, true));
}

#[test]
fn the_position_after_the_last_record_of_a_segment_leads_into_the_next() {
    let (_dir, segments, records) = written(3);
    let reader = SegmentReader::open(&segments.dir).unwrap();
    let after = records[1].0.next_after(BODY_BYTES);
    assert!(after < records[2].0);
    assert_eq!(reader.read(after).unwrap(), records[2].1);
    let mut scan = reader.scan_from(after, None);
    assert_eq!(scan.next().unwrap().unwrap(), records[2]);
    assert!(scan.next().is_none());
}

#[test]
fn a_scan_stops_before_its_bound_even_where_more_is_torn() {
    let (_dir, segments, records) = written(4);
    fs::write(path(&segments.dir, segments.end().0), b"PROB").unwrap();
    let reader = SegmentReader::open(&segments.dir).unwrap();
    for bound in 0..=4 {
        let up_to = records.get(bound).map_or(segments.end(), |record| record.0);
        let found: Result<Vec<_>, _> = reader.scan_from(Position::FIRST, Some(up_to)).collect();
        assert_eq!(found.unwrap(), records[..bound]);
    }
}

#[test]
fn an_appender_goes_on_where_it_left_and_long_records_have_a_segment_of_their_own() {
    let (_dir, segments, mut records) = written(3);
    let dir = segments.dir.clone();
    drop(segments);
    let mut segments = Segments::open(&dir, SMALL_SEGMENT_BYTES).unwrap();
    for body in [body(3), vec![9; 3000], Vec::new(), vec![8; 81]] {
        records.push((segments.append(&body).unwrap(), body));
    }
    assert_eq!(list(&dir).unwrap().len(), 5);
    assert_eq!(scan(&dir).0, records);
}

#[test]
fn a_reader_follows_the_writer_into_new_segments() {
    let (_dir, mut segments, records) = written(1);
    let reader = SegmentReader::open(&segments.dir).unwrap();
    let mut scan = reader.scan_from(Position::FIRST, None);
    assert_eq!(scan.next().unwrap().unwrap(), records[0]);
    for i in 1..9 {
        let position = segments.append(&body(i)).unwrap();
        assert_eq!(scan.next().unwrap().unwrap(), (position, body(i)));
        assert_eq!(reader.clone().read(position).unwrap(), body(i));
        assert_eq!(reader.end().unwrap(), segments.end());
    }
    assert!(scan.next().is_none());
}

#[test]
fn a_cut_at_any_byte_is_torn_at_the_record_it_falls_in() {
    for count in [2, 4] {
        let (_dir, segments, records) = written(count);
        let (dir, base, end) = (segments.dir.clone(), segments.base, segments.end);
        let whole = fs::read(last_path(&segments)).unwrap();
        drop(segments);
        for cut in 0..whole.len() {
            fs::write(path(&dir, base), &whole[..cut]).unwrap();
            let cut = base + cut as u64;
            let (found, stop) = scan(&dir);
            let kept = records.iter().filter(|r| r.0.next_after(BODY_BYTES).0 <= cut).count();
            assert_eq!(found, records[..kept]);
            let next = records[kept].0.0;
            let expected = if cut < base + HEADER_BYTES { Some(base) } else { Some(next) };
            let torn = torn_at(stop);
            assert_eq!(torn, expected.filter(|_| cut != next).map(Position), "cut at {cut}");
            if let Some(at) = torn {
                heal(&dir, at, &records, kept);
            }
        }
        assert_eq!(end, records.last().unwrap().0.next_after(BODY_BYTES).0);
    }
}

/// Truncates where the scan said, under a reader that saw the torn file, and appends the rest.
fn heal(dir: &Path, at: Position, records: &[Record], kept: usize) {
    let reader = SegmentReader::open(dir).unwrap();
    let mut segments = Segments::open(dir, SMALL_SEGMENT_BYTES).unwrap();
    segments.truncate(at).unwrap();
    assert_eq!(scan(dir).0, records[..kept]);
    // A longer one first, so that positions differ from those the reader saw.
    let longer = segments.append(&[5; 40]).unwrap();
    assert_eq!(reader.read(longer).unwrap(), [5; 40]);
    segments.truncate(longer).unwrap();
    for record in &records[kept..] {
        assert_eq!(segments.append(&record.1).unwrap(), record.0);
        assert_eq!(reader.read(record.0).unwrap(), record.1);
    }
    assert_eq!(scan(dir).0, records);
}

#[test]
fn a_smaller_record_may_take_the_place_of_a_removed_segment() {
    let (_dir, mut segments, records) = written(3);
    let reader = SegmentReader::open(&segments.dir).unwrap();
    segments.truncate(records[2].0).unwrap();
    let position = segments.append(&[]).unwrap();
    assert_eq!(position, records[1].0.next_after(BODY_BYTES));
    assert!(reader.read(position).unwrap().is_empty());
    assert_eq!(reader.end().unwrap(), segments.end());
}

#[test]
fn a_flipped_bit_is_torn_in_the_last_segment_and_damage_before_it() {
    let (_dir, segments, records) = written(4);
    for base in [0, segments.base] {
        let path = path(&segments.dir, base);
        let whole = fs::read(&path).unwrap();
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, flipped).unwrap();
            let (found, stop) = scan(&segments.dir);
            assert_eq!(found, records[..found.len()], "bit {bit}");
            if base == 0 {
                assert!(matches!(stop, Some(ScanStop::Failed(StoreError::Damage { .. }))));
            } else {
                let header = bit < 128;
                let at = if header { Position(base) } else { records[found.len()].0 };
                assert_eq!(torn_at(stop), Some(at), "bit {bit}");
            }
        }
        fs::write(&path, whole).unwrap();
    }
}

#[test]
fn damage_names_file_and_byte() {
    let (_dir, segments, records) = written(2);
    let path = last_path(&segments);
    let mut bytes = fs::read(&path).unwrap();
    bytes[44..48].copy_from_slice(&u32::MAX.to_le_bytes());
    fs::write(&path, bytes).unwrap();
    let reader = SegmentReader::open(&segments.dir).unwrap();
    let place = format!("damage at {} byte 44: a record of {} bytes", path.display(), u32::MAX);
    assert!(reader.read(records[1].0).unwrap_err().to_string().starts_with(&place));
    assert!(matches!(reader.read(Position(u64::MAX)), Err(StoreError::Damage { .. })));
    assert!(matches!(reader.read(segments.end()), Err(StoreError::Damage { .. })));
    assert!(matches!(reader.read(Position(5)), Err(StoreError::Damage { .. })));
    assert!(reader.read_range(records[1].0, u64::MAX, 1).is_err());
    assert!(reader.read_range(records[1].0, 0, 99).is_err());
    assert!(reader.scan_from(Position(999), None).next().unwrap().is_err());
}

#[test]
fn a_missing_or_foreign_file_is_damage_and_an_empty_directory_is_not_read() {
    let (_dir, segments, _) = written(5);
    let dir = &segments.dir;
    let refused = || {
        assert!(matches!(SegmentReader::open(dir), Err(StoreError::Damage { .. })));
        assert!(matches!(Segments::open(dir, 80), Err(StoreError::Damage { .. })));
    };
    for name in ["x", "72.seg", "000000000000000000+1.seg", "99999999999999999999.seg"] {
        fs::write(dir.join(name), b"").unwrap();
        refused();
        fs::remove_file(dir.join(name)).unwrap();
    }
    fs::remove_file(path(dir, 72)).unwrap();
    refused();
    fs::remove_file(path(dir, 0)).unwrap();
    refused();
    fs::remove_file(path(dir, 144)).unwrap();
    assert!(matches!(SegmentReader::open(dir), Err(StoreError::Input(_))));
}

#[test]
fn a_newer_version_is_neither_torn_nor_damage() {
    let (_dir, segments, _) = written(1);
    let mut bytes = fs::read(last_path(&segments)).unwrap();
    bytes[..16].copy_from_slice(&super::header(2));
    fs::write(last_path(&segments), bytes).unwrap();
    let (_, stop) = scan(&segments.dir);
    assert!(matches!(stop, Some(ScanStop::Failed(StoreError::Input(_)))));
}

#[test]
fn after_a_failed_write_or_sync_nothing_is_accepted() {
    // /dev/full refuses the write; /dev/null takes it and refuses the sync.
    for device in ["/dev/full", "/dev/null"] {
        let (_dir, mut segments, records) = written(1);
        let bad = File::options().write(true).open(device).unwrap();
        let good = std::mem::replace(&mut segments.last, bad);
        assert!(matches!(segments.append(b"x"), Err(StoreError::Io { .. })), "{device}");
        segments.last = good;
        assert!(matches!(segments.append(b"x"), Err(StoreError::Poisoned)));
        assert!(matches!(segments.truncate(records[0].0), Err(StoreError::Poisoned)));
    }
}

#[test]
fn a_segment_that_cannot_be_made_poisons_too_but_a_record_too_long_does_not() {
    let (_dir, mut segments, _) = written(2);
    let long = segments.append(&vec![0; RECORD_BYTES_MAX + 1]);
    assert!(matches!(long, Err(StoreError::Input(_))));
    fs::write(path(&segments.dir, segments.end().0), b"in the way").unwrap();
    assert!(matches!(segments.append(&body(2)), Err(StoreError::Io { .. })));
    assert!(matches!(segments.append(&[]), Err(StoreError::Poisoned)));
}

#[test]
#[should_panic(expected = "only the last segment is ever cut")]
fn no_other_segment_is_ever_cut() {
    let (_dir, mut segments, records) = written(3);
    let _ = segments.truncate(records[0].0);
}

#[test]
fn a_segment_that_has_no_name_yet_is_passed_over() {
    let (dir, segments, records) = written(5);
    drop(segments);
    let folder = dir.path().join("s");
    for left in ["00000000000000000240.seg.4321.new", "00000000000000000080.seg.7.new"] {
        fs::write(folder.join(left), b"half").unwrap();
    }
    assert_eq!(scan(&folder).0, records);
    let mut segments = Segments::open(&folder, SMALL_SEGMENT_BYTES).unwrap();
    segments.append(&body(5)).unwrap();
    assert_eq!(scan(&folder).0.len(), 6);
    drop(segments);
    fs::write(folder.join("notes.txt"), b"").unwrap();
    let refused = Segments::open(&folder, SMALL_SEGMENT_BYTES).err().unwrap();
    assert!(refused.to_string().contains("not the name of a segment"), "{refused}");
}
