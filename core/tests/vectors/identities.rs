//! Identities, and with them the names of ledgers (format.md 3), here as the hex of their text.

use crate::{
    ledger::{LEDGER, ORIGIN},
    vector::{Vector, good, refused},
};

pub fn all() -> Vec<Vector> {
    let id = LEDGER.id.to_string();
    let case = |name: &str, code: &str, text: String| {
        refused(format!("identity_{name}"), code, text.as_bytes())
    };
    let of = |name: &str, code: &str, origin: &str| case(name, code, format!("{origin}+{id}"));
    let long = |bytes: usize| format!("ledger.example/{}", "a".repeat(bytes - 15));
    let host = |bytes: usize| "a.".repeat(125) + &"b".repeat(bytes - 252) + ".c";
    vec![
        good("identity_of_the_ledger", format!("{ORIGIN}+{id}"))
            .with("origin", ORIGIN)
            .with("ledger", &id),
        case("in_upper_case", "origin", format!("{ORIGIN}+{}", id.to_uppercase())),
        case("with_a_blank_before", "origin", format!(" {ORIGIN}+{id}")),
        case("with_a_blank_after", "origin", format!("{ORIGIN}+{id} ")),
        case("with_a_newline_after", "origin", format!("{ORIGIN}+{id}\n")),
        case("of_63_digits", "origin", format!("{ORIGIN}+{}", &id[1..])),
        case("of_65_digits", "origin", format!("{ORIGIN}+{id}0")),
        case("without_plus", "origin", format!("{ORIGIN}{id}")),
        case("without_origin", "origin", format!("+{id}")),
        case("empty", "origin", String::new()),
        of("of_a_bare_host", "ok", "ledger.example"),
        of("of_three_segments", "ok", "ledger.example/fr/2026/a-._z"),
        of("of_a_segment_of_a_dot", "ok", "ledger.example/."),
        of("of_a_host_of_253_bytes", "ok", &host(253)),
        of("of_a_host_of_254_bytes", "origin", &host(254)),
        of("of_255_bytes", "ok", &long(255)),
        of("of_256_bytes", "origin", &long(256)),
        of("of_one_label", "origin", "ledger"),
        of("of_a_host_in_upper_case", "origin", "Ledger.example"),
        of("of_a_host_with_a_hyphen_last", "origin", "ledger-.example"),
        of("of_a_host_with_an_underscore", "origin", "led_ger.example"),
        of("of_a_segment_in_upper_case", "origin", "ledger.example/FR"),
        of("of_a_segment_with_a_plus", "origin", "ledger.example/f+r"),
        of("of_a_segment_with_a_percent", "origin", "ledger.example/f%72"),
        of("of_an_empty_segment", "origin", "ledger.example//fr"),
        of("of_a_slash_last", "origin", "ledger.example/"),
        of("with_scheme", "origin", "https://ledger.example"),
        of("with_port", "origin", "ledger.example:8080"),
    ]
}
