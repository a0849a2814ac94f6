//! What is read, and what is not.

use super::*;

#[test]
fn only_the_one_encoding_is_read() {
    for good in ["00", "1818", "1a00010000", "f6", "a0", "a201000200", "d28440a0f640", "3903e7"] {
        check(&hex::decode(good).unwrap(), "vector").expect(good);
    }
    let hostile = [
        "",             // nothing
        "0000",         // two items
        "1800",         // 0 in two bytes
        "190017",       // 23 in three bytes
        "1a0000ffff",   // 65535 in five bytes
        "1bffffffff",   // truncated
        "5f4100ff",     // indefinite bytes
        "9f00ff",       // indefinite array
        "bf0000ff",     // indefinite map
        "f90000",       // float
        "f5",           // true
        "f820",         // simple value
        "c24101",       // 1 as a bignum
        "81d200",       // tag 18 inside
        "a201000100",   // twice the same key
        "a202000100",   // keys descending
        "62c328",       // broken UTF-8
        "5affffffff00", // a length beyond the end
        "9affffffff00", // a count beyond the end
    ];
    for bytes in hostile {
        assert!(check(&hex::decode(bytes).unwrap(), "vector").is_err(), "{bytes}");
    }
    assert!(check(&[0x81; 64], "vector").is_err(), "deep nesting");
}

#[test]
fn a_lean_map_has_nothing_that_branches() {
    let lean = |hex: &str| {
        let bytes = hex::decode(hex).unwrap();
        check(&bytes, "map").unwrap();
        Reader::new(&bytes, "map").is_lean_map(2).unwrap()
    };
    for good in ["a0", "a10140", "a2014002414a", "a120814100", "a10180", "a101a120814100"] {
        assert!(lean(good), "{good}");
    }
    let heavy = [
        "a3014002400340", // three labels
        "a10101",         // a number
        "a101824040",     // two byte strings
        "a1018101",       // a number in an array
        "a101a220802180", // a map of two
        "a101a18080",     // an array as a label, inside
        "a18040",         // an array as a label
        "a1616140",       // a text as a label
    ];
    for bytes in heavy {
        assert!(!lean(bytes), "{bytes}");
    }
}

#[test]
fn every_width_round_trips() {
    for value in [0, 23, 24, 255, 256, 65_535, 65_536, u64::from(u32::MAX), 1 << 32, u64::MAX] {
        let bytes = Writer::default().uint(value).finish();
        check(&bytes, "number").unwrap();
        assert_eq!(Reader::new(&bytes, "number").uint().unwrap(), value);
    }
}
