//! A stranger's text, made fit to be shown: on one line, without what steers a terminal or turns text
//! around. It stays a stranger's text, and nothing is known of it.

/// In the place of a character that is not shown.
const HIDDEN: char = '\u{fffd}';

/// All of it.
pub fn plain(text: &str) -> String {
    text.chars().map(shown).collect()
}

/// So many characters at most.
pub fn plain_start(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).map(shown).collect()
}

fn shown(c: char) -> char {
    match c {
        '\n' | '\t' => ' ',
        // Line separators, and marks of direction.
        '\u{061c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => HIDDEN,
        c if c.is_control() => HIDDEN,
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal_or_turns_text_around() {
        let hostile = "a\u{1b}[2J\r\nb\u{202e}fdp.llib\u{2066}\u{2029}\u{85}\u{7f}é\u{a0}!";
        let shown =
            "a\u{fffd}[2J\u{fffd} b\u{fffd}fdp.llib\u{fffd}\u{fffd}\u{fffd}\u{fffd}é\u{a0}!";
        assert_eq!(plain(hostile), shown);
        assert_eq!(plain_start(hostile, 3), "a\u{fffd}[");
    }
}
