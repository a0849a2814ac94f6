//! Domains: label by label, in Unicode where they are written in punycode.

use super::{Likeness, Name, is_near, look, words};

/// Shortest name that is told from the words beside it, whatever they are.
const TELLING_CHARS: usize = 5;

/// A domain, taken apart.
#[derive(Clone, Debug)]
pub struct Site {
    /// As on the ledger.
    id: String,
    /// The labels that may be names, as they look; that of the owner last.
    labels: Vec<Label>,
}

#[derive(Clone, Debug)]
struct Label {
    /// In Unicode, without hyphens.
    written: String,
    /// As it looks, by hyphens.
    tokens: Vec<String>,
}

impl Site {
    pub fn new(id: &str) -> Self {
        // What is no punycode stays as it is.
        let (written, _) = idna::domain_to_unicode(id);
        let mut labels: Vec<_> = written.split('.').collect();
        labels.pop();
        let names: Vec<_> = labels.iter().filter(|label| !words::is_no_name(label)).collect();
        let names = if names.is_empty() { labels.iter().collect() } else { names };
        Self {
            id: id.to_owned(),
            labels: names.into_iter().map(|label| Label::new(label)).collect(),
        }
    }

    /// The label by which its owner is known: the last that is no part of the ending.
    fn owner(&self) -> Option<&Label> {
        self.labels.last()
    }

    /// How `other` resembles it.
    pub fn likeness(&self, other: &Self) -> Option<Likeness> {
        if self.id == other.id {
            return None;
        }
        if other.id.strip_suffix(&self.id).is_some_and(|before| before.ends_with('.')) {
            return Some(Likeness::DomainBelow);
        }
        let own = self.owner()?;
        other.labels.iter().filter_map(|label| own.likeness(label)).min()
    }

    /// Whether the owner's label is this legal name, run together.
    pub fn is_named(&self, name: &Name) -> bool {
        let Some(owner) = self.owner() else { return false };
        name.is_written(&owner.essence()) || name.is_written(&owner.joined())
    }
}

impl Label {
    fn new(label: &str) -> Self {
        let tokens = label.split('-').filter(|token| !token.is_empty()).map(look).collect();
        Self { written: label.replace('-', ""), tokens }
    }

    fn joined(&self) -> String {
        self.tokens.concat()
    }

    /// Without the words that tell nobody apart; all of them, where there are no others.
    fn essence(&self) -> String {
        let telling = self.tokens.iter().filter(|token| !words::is_added(token));
        let telling: String = telling.map(String::as_str).collect();
        if telling.is_empty() { self.joined() } else { telling }
    }

    fn likeness(&self, other: &Self) -> Option<Likeness> {
        let (own, joined) = (self.joined(), other.joined());
        if own == joined {
            let same = self.written == other.written;
            return Some(if same { Likeness::DomainElsewhere } else { Likeness::DomainLooks });
        }
        if is_near(&own, &joined) {
            return Some(Likeness::DomainNear);
        }
        let (essence, its) = (self.essence(), other.essence());
        let with_words = essence == its
            || is_near(&essence, &its)
            || self.is_reordered(other)
            || other.has(&own)
            || glued(&own, &joined)
            || glued(&essence, &joined);
        with_words.then_some(Likeness::DomainWords)
    }

    /// Whether it has the same words in another order.
    fn is_reordered(&self, other: &Self) -> bool {
        let sorted = |label: &Self| {
            let telling = label.tokens.iter().filter(|token| !words::is_little(token));
            let mut telling: Vec<_> = telling.cloned().collect();
            telling.sort_unstable();
            telling
        };
        self.tokens.len() > 1 && sorted(self) == sorted(other)
    }

    /// Whether some of its words in a row are a name that is long enough to tell.
    fn has(&self, name: &str) -> bool {
        let count = self.tokens.len();
        let mut runs = (0..count).flat_map(|from| (from + 1..=count).map(move |to| from..to));
        name.chars().count() >= TELLING_CHARS
            && count <= 32
            && runs.any(|run| self.tokens[run].concat() == name)
    }
}

/// Whether a label is a name with one of the words that are added, run together, over a common
/// letter too: `facturenergie`.
fn glued(name: &str, label: &str) -> bool {
    if name.chars().count() < 3 {
        return false;
    }
    let ends = (name.chars().next(), name.chars().last());
    let (Some(first), Some(last)) = ends else { return false };
    let before = label.strip_suffix(name);
    let after = label.strip_prefix(name);
    before.is_some_and(|word| words::is_added(word) || words::is_added(&format!("{word}{first}")))
        || after
            .is_some_and(|word| words::is_added(word) || words::is_added(&format!("{last}{word}")))
}
