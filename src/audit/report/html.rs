//! The report as a page: one file that loads nothing, runs nothing, and prints. All that it shows is
//! escaped here, in the one place where text becomes markup.

use std::fmt::Write as _;

use super::{HeadReport, Report, Verdict};
use crate::plain::plain;

/// Nothing is loaded and nothing runs, whatever got past the escaping.
const HEAD: &str = "\
<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>Audit of a Probant ledger</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;\
background:#fff}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
.verdict{border-left:.5rem solid;padding:.6rem 1rem;font-weight:600;overflow-wrap:anywhere}
.good{border-color:#1a7f37;background:#dafbe1}.bad{border-color:#b42318;background:#fde8e6}
.open{border-color:#9a6700;background:#fff4d0}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #d0d7de;\
overflow-wrap:anywhere}
th{width:9rem;font-weight:600}
td,code{font-variant-numeric:tabular-nums}
@media print{body{margin:0;font-size:11pt}h2,tr,li{break-inside:avoid}}
</style>
";

impl Report {
    /// The report as a page of its own.
    pub fn html(&self) -> String {
        let mut page = Page(HEAD.to_owned());
        page.element("h1", "Audit of a Probant ledger");
        page.raw(&format!("<p class=\"verdict {}\">", self.colour()));
        page.text(&self.headline());
        page.raw("</p>\n");
        page.table(&self.facts());
        if let Some(fault) = &self.fault {
            let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
            page.element("h2", "The first fault");
            page.table(&[
                ("place", fault.place()),
                ("refusal", fault.code.to_owned()),
                ("in words", fault.why.clone()),
                ("found", shown(&fault.found)),
                ("expected", shown(&fault.expected)),
            ]);
        }
        if let Some(seen) = &self.seen {
            page.head("Seen before, at the height of the fork", seen.seen.as_ref());
            page.head("Shown now", seen.shown.as_ref());
            page.head("The newest head seen before", seen.newest.as_ref());
        }
        page.head("The head, as the ledger signed it", self.head.as_ref());
        let evidence: Vec<_> = self
            .evidence
            .iter()
            .map(|file| format!("{} (SHA-256 {}): {}", file.file, file.sha256, file.what))
            .collect();
        page.list("Held to", &self.comparisons());
        page.list("Evidence", &evidence);
        page.list("Checked", self.checked);
        page.list("Not checked", self.not_checked);
        page.list("Notes", &self.notes);
        page.0
    }

    fn colour(&self) -> &'static str {
        match self.verdict {
            Verdict::Whole => "good",
            Verdict::Fault | Verdict::Fork | Verdict::Unreadable => "bad",
            Verdict::Behind | Verdict::Interrupted | Verdict::NotCompared => "open",
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let identity = self.identity.as_deref().unwrap_or("unknown");
        let mut facts = vec![
            ("source", self.source.clone()),
            ("ledger", format!("{identity} (identity given by {})", self.identity_from)),
            ("audited", format!("{} by {}", self.audited, self.program)),
            ("took", format!("{:.3} s, {} bytes", self.seconds, self.bytes)),
        ];
        if let Some(span) = &self.passed {
            let kinds = span.statements.iter().map(|(kind, count)| format!("{count} {kind}"));
            let kinds = kinds.collect::<Vec<_>>().join(", ");
            if let Some(earlier) = &self.earlier {
                facts.push(("resumed", earlier.line()));
            }
            facts.extend([
                ("blocks", format!("0 to {}", span.to_block)),
                ("sealed", format!("{} to {}", span.first_time, span.last_time)),
                ("entries", format!("{}: {kinds}", span.entries)),
                ("documents", span.documents.to_string()),
                ("issuers", span.issuers.to_string()),
            ]);
        }
        facts
    }
}

impl super::FaultReport {
    fn place(&self) -> String {
        let entry = self.entry.map_or_else(|| ", as a whole".into(), |at| format!(", entry {at}"));
        let kind = self.kind.map_or_else(String::new, |kind| format!(" ({kind})"));
        format!("block {}{entry}{kind}", self.block)
    }
}

/// A page as it grows.
struct Page(String);

impl Page {
    fn raw(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    /// The only way for text to come in.
    fn text(&mut self, text: &str) {
        for c in plain(text).chars() {
            match c {
                '&' => self.raw("&amp;"),
                '<' => self.raw("&lt;"),
                '>' => self.raw("&gt;"),
                '"' => self.raw("&quot;"),
                '\'' => self.raw("&#39;"),
                c => self.0.push(c),
            }
        }
    }

    fn element(&mut self, name: &'static str, text: &str) {
        let _ = write!(self.0, "<{name}>");
        self.text(text);
        let _ = writeln!(self.0, "</{name}>");
    }

    fn table(&mut self, rows: &[(&'static str, String)]) {
        self.raw("<table>\n");
        for (name, value) in rows {
            self.raw("<tr>");
            self.element("th", name);
            self.element("td", value);
            self.raw("</tr>\n");
        }
        self.raw("</table>\n");
    }

    fn list(&mut self, title: &'static str, items: &[impl AsRef<str>]) {
        if items.is_empty() {
            return;
        }
        self.element("h2", title);
        self.raw("<ul>\n");
        for item in items {
            self.element("li", item.as_ref());
        }
        self.raw("</ul>\n");
    }

    fn head(&mut self, title: &'static str, head: Option<&HeadReport>) {
        let Some(head) = head else { return };
        self.element("h2", title);
        self.table(&[
            ("block", head.height.to_string()),
            ("size", head.size.to_string()),
            ("sealed", head.sealed.clone()),
            ("root", head.root.clone()),
            ("seal key", head.seal_key.clone()),
            ("seal", head.seal.clone()),
        ]);
    }
}
