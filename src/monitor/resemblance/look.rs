//! What a text looks like: letters that eyes take for one another become one. The measure of UTS 39
//! (confusables, of Unicode itself), and of the few that its table leaves apart: accents, digits in
//! the place of letters, small capitals, pairs that run together.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use unicode_security::confusable_detection::skeleton;

/// Longest text that is looked at, in characters: a legal name has 200 bytes, a domain 253.
const CHARS_MAX: usize = 512;

/// What both sides of a comparison are brought to. Twice through the table: a capital may have a
/// likeness that its small letter has not, and the other way round.
pub fn look(text: &str) -> String {
    let text: String = text.chars().take(CHARS_MAX).collect();
    let upper = plain(&text);
    let once: String = skeleton(&upper).collect();
    let lower = plain(&once.to_lowercase());
    let twice: String = skeleton(&lower).collect();
    let folded: String = plain(&twice.to_lowercase()).chars().map(folded).collect();
    // `rn` is what the table makes of `m`.
    folded.replace("vv", "w").replace("cl", "d").replace('m', "rn")
}

/// Without accents, ligatures and compatibility forms.
fn plain(text: &str) -> String {
    let marked = text.nfkd().filter(|c| !is_combining_mark(*c));
    let mut plain = String::new();
    for c in marked {
        match c {
            'œ' => plain.push_str("oe"),
            'Œ' => plain.push_str("OE"),
            'æ' => plain.push_str("ae"),
            'Æ' => plain.push_str("AE"),
            'ß' | 'ẞ' => plain.push_str("ss"),
            'ø' => plain.push('o'),
            'ł' => plain.push('l'),
            'đ' => plain.push('d'),
            // What has no width is no difference to the eye.
            c if c.is_control()
                || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{feff}') =>
                {}
            c => plain.push(c),
        }
    }
    plain
}

fn folded(c: char) -> char {
    match c {
        '1' | 'i' | 'ı' | 'ɪ' | '|' | '!' | 'ʟ' => 'l',
        '0' | 'ᴏ' => 'o',
        '2' | 'ᴢ' => 'z',
        '3' | 'ᴇ' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' | 'ᴛ' => 't',
        '8' | 'ʙ' => 'b',
        '9' | 'ɢ' => 'g',
        'ᴄ' => 'c',
        'ᴅ' => 'd',
        'ʜ' => 'h',
        'ᴊ' => 'j',
        'ᴋ' | 'ĸ' => 'k',
        'ᴍ' => 'm',
        'ɴ' => 'n',
        'ᴘ' => 'p',
        'ʀ' => 'r',
        'ᴜ' => 'u',
        'ᴠ' => 'v',
        'ᴡ' => 'w',
        'ʏ' => 'y',
        c => c,
    }
}

/// Whether two looks differ by so few letters, in the place of others, more, less or swapped, that a
/// reader may miss it: one in 4 to 7, two in more, none in less.
pub fn is_near(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|look| look.chars().collect::<Vec<_>>());
    let (shorter, longer) = (one.len().min(other.len()), one.len().max(other.len()));
    let edits = match shorter {
        0..=3 => return false,
        4..=7 => 1,
        _ => 2,
    };
    // Cheap before dear.
    longer - shorter <= edits && strsim::generic_damerau_levenshtein(&one, &other) <= edits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_eyes_take_for_the_same_is_the_same() {
        for (one, other) in [
            ("énergie", "ENERGIE"),
            // Cyrillic, small and capital; Greek; full width.
            ("energie", "\u{435}n\u{435}rgi\u{435}"),
            ("energie", "\u{415}N\u{415}RGI\u{415}"),
            ("beton", "\u{412}\u{415}\u{422}\u{41e}N"),
            ("edf", "\u{395}DF"),
            ("edf", "\u{ff25}\u{ff24}\u{ff26}"),
            ("modele", "rnodele"),
            ("electricite", "e1ectr1c1te"),
            ("water", "vvater"),
            ("clair", "dair"),
            ("cœur", "COEUR"),
            ("elec", "el\u{200b}ec"),
        ] {
            assert_eq!(look(one), look(other), "{one} {other}");
        }
        for (one, other) in [("energie", "synergie"), ("edf", "edg"), ("rhone", "rhin")] {
            assert_ne!(look(one), look(other), "{one} {other}");
        }
    }

    #[test]
    fn near_is_measured_by_length() {
        for (one, other, near) in [
            ("edf", "eds", false),
            ("engie", "engle", true),
            ("engie", "ngeie", false),
            ("engie", "negie", true),
            ("energie", "synergie", false),
            ("electricite", "electircte", true),
            ("", "", false),
        ] {
            assert_eq!(is_near(one, other), near, "{one} {other}");
        }
    }

    #[test]
    fn huge_texts_cost_little() {
        let huge = "é\u{301}\u{fdfa}".repeat(100_000);
        assert!(look(&huge).len() < 100_000);
    }
}
