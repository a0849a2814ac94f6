//! The report in its three forms: evidence that is named, and names that cannot break out of them.

use super::*;

/// Blocks from somebody who chooses what they are called.
struct Hostile(std::vec::IntoIter<Vec<u8>>);

const NAME: &str =
    "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&\u{1b}[2J\r\n\u{202e}";

impl Blocks for Hostile {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn bytes_total(&self) -> Option<u64> {
        None
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.0.next().map(Some).ok_or_else(|| Error::busy(NAME))
    }

    fn notes(&mut self) -> Vec<String> {
        vec![NAME.to_owned()]
    }
}

#[test]
fn hostile_names_stay_text() {
    let blocks = Hostile(ledger().encode().into_iter());
    let report = audit(Box::new(blocks), &settings(None), &mut |_| {});
    assert_eq!(report.exit_code(), 3, "{report}");
    let page = report.html();
    for markup in ["<script", "<img", "\"'>", "\u{1b}", "\u{202e}", "\r"] {
        assert!(!page.contains(markup), "{markup:?} in {page}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
    // Nothing is loaded and nothing runs.
    for word in ["http://", "https://", "src=", "href=", "url(", "@import"] {
        let outside_text = page.replace("src=x onerror", "");
        assert!(!outside_text.contains(word), "{word} in {page}");
    }
    let text = report.to_string();
    assert!(!text.contains(['\u{1b}', '\r', '\u{202e}']), "{text}");
    assert_eq!(text.lines().filter(|line| line.contains("alert")).count(), 2, "{text}");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["source"], NAME, "whole, for programs");
}

#[test]
fn the_page_is_well_formed_and_says_what_the_text_says() {
    let mut blocks = ledger().encode();
    blocks.swap(3, 4);
    let state = tempfile::tempdir().unwrap();
    let disk = Disk::new(&blocks);
    let source = open(disk.dir.path().to_str().unwrap()).unwrap();
    let past = Past::default().kept_in(state.path());
    let report = audit_since(source, &settings(None), past, &mut |_| {});
    let page = report.html();
    for name in ["p", "h1", "h2", "table", "tr", "th", "td", "ul", "li", "style", "title"] {
        let (open, close) = (format!("<{name}"), format!("</{name}>"));
        let opened =
            page.matches(&format!("{open}>")).count() + page.matches(&format!("{open} ")).count();
        assert_eq!(opened, page.matches(&close).count(), "{name} in {page}");
    }
    let fault = report.fault.as_ref().unwrap();
    let compared = (fault.found.as_deref(), fault.expected.as_deref());
    assert_eq!(compared, (Some("4"), Some("3")), "heights");
    let text = report.to_string();
    for said in report.checked.iter().chain(report.not_checked).chain([&fault.code]) {
        assert!(text.contains(said), "{said} in {text}");
        assert!(page.contains(&said.replace('\'', "&#39;")), "{said} in {page}");
    }
    // The block at fault is saved, as it was read.
    let [saved] = &report.evidence[..] else { panic!("{report}") };
    assert_eq!(fs::read(&saved.file).unwrap(), blocks[3]);
    assert!(text.contains(&saved.sha256) && page.contains(&saved.sha256));
    assert_eq!(saved.sha256, hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&blocks[3])));
}

#[test]
fn a_report_that_compares_nothing_says_so_by_leaving_it_out() {
    let report = report(&ledger().encode());
    assert!(report.seen.is_none() && report.since.is_none() && report.evidence.is_empty());
    assert!(!report.to_string().contains("held to"), "{report}");
    assert!(!report.html().contains("Held to"));
}
