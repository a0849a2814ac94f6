//! Legal names: by words, as they look, without legal forms.

use super::{Likeness, is_near, look, words};

/// Shortest name that is told from the words beside it, whatever they are.
const TELLING_CHARS: usize = 8;

/// A legal name, taken apart.
#[derive(Clone, Debug)]
pub struct Name {
    /// Its words as they look; without legal forms and articles, unless there are no others.
    words: Vec<String>,
    /// All but legal forms, run together.
    joined: String,
}

impl Name {
    pub fn new(legal_name: &str) -> Self {
        let written: Vec<_> = legal_name
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let words: Vec<_> = spelled(&written).iter().map(|word| look(word)).collect();
        let joined =
            words.iter().filter(|word| !words::is_form(word)).map(String::as_str).collect();
        let telling = |word: &&String| !words::is_form(word) && !words::is_little(word);
        let telling: Vec<_> = words.iter().filter(telling).cloned().collect();
        Self { words: if telling.is_empty() { words } else { telling }, joined }
    }

    /// How `other` resembles it.
    pub fn likeness(&self, other: &Self) -> Option<Likeness> {
        let (own, its) = (self.words.concat(), other.words.concat());
        if own.is_empty() || its.is_empty() {
            return None;
        }
        if own == its || self.is_joined_as(other) || self.sorted() == other.sorted() {
            return Some(Likeness::NameSame);
        }
        if is_near(&own, &its) {
            return Some(Likeness::NameNear);
        }
        self.is_within(other).then_some(Likeness::NameWords)
    }

    /// Whether a label of a domain is this name, run together.
    pub fn is_written(&self, label: &str) -> bool {
        let name = self.words.concat();
        name.chars().count() >= 3 && name == label
    }

    fn is_joined_as(&self, other: &Self) -> bool {
        !self.joined.is_empty() && self.joined == other.joined
    }

    fn sorted(&self) -> Vec<&String> {
        let mut words: Vec<_> = self.words.iter().collect();
        words.sort_unstable();
        words
    }

    /// Whether all its words are in the other, and the others there tell nobody apart; or it is long
    /// enough to tell by itself.
    fn is_within(&self, other: &Self) -> bool {
        let own_chars: usize = self.words.iter().map(|word| word.chars().count()).sum();
        let mut rest = other.words.clone();
        for word in &self.words {
            match rest.iter().position(|found| found == word) {
                Some(at) => drop(rest.remove(at)),
                None => return false,
            }
        }
        rest.iter().all(|word| words::is_added(word))
            || (self.words.len() > 1 && own_chars >= TELLING_CHARS)
    }
}

/// Letters that stand alone, one after the other, are one word: S.A.R.L., E. D. F.
fn spelled(words: &[&str]) -> Vec<String> {
    let mut spelled: Vec<String> = Vec::new();
    let mut is_open = false;
    for word in words {
        let is_letter = word.chars().count() == 1;
        match spelled.last_mut() {
            Some(last) if is_open && is_letter => last.push_str(word),
            _ => spelled.push((*word).to_owned()),
        }
        is_open = is_letter;
    }
    spelled
}
