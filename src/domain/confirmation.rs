//! The keys of a ledger held against those of a domain. It knows neither where they came from.

use std::fmt;

use probant_core::{
    IssuerId,
    key::{Kid, PublicKey},
};
use serde::{Deserialize, Serialize};

use super::{PATH, Silence};

/// What a domain says of one key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// It lists the key.
    Confirmed,
    /// It lists others of this issuer's keys, and not this one.
    NotListed,
    /// It lists keys, and none of this issuer's.
    OtherKeys,
    /// It publishes no keys.
    Unpublished,
    /// What it publishes there is no key set.
    Unusable,
    /// It was not reached.
    Unreachable,
}

/// What an issuer's domain says of its keys.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Confirmation {
    /// The issuer's id, which is the domain.
    pub issuer: String,
    /// Where it was asked.
    pub url: String,
    /// Each key that was asked about.
    pub keys: Vec<KeyWord>,
    /// Keys that the domain lists besides: retired ones, or some that the ledger does not know.
    pub others: Vec<String>,
    /// Why it says nothing.
    pub why: Option<String>,
}

/// One key, and the domain's word.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeyWord {
    /// Its thumbprint, hex.
    pub kid: String,
    /// What the domain says.
    pub domain: Word,
}

impl Confirmation {
    /// Holds the keys of an issuer against what its domain answered.
    pub fn new(id: &IssuerId, kids: &[Kid], answer: &Result<Vec<PublicKey>, Silence>) -> Self {
        let listed: Vec<Kid> = answer.iter().flatten().map(PublicKey::kid).collect();
        let knows_any = kids.iter().any(|kid| listed.contains(kid));
        let word = |kid: &Kid| match answer {
            Err(silence) => silence.word(),
            Ok(_) if listed.contains(kid) => Word::Confirmed,
            Ok(_) if knows_any => Word::NotListed,
            Ok(_) if listed.is_empty() => Word::Unpublished,
            Ok(_) => Word::OtherKeys,
        };
        let others = listed.iter().filter(|kid| !kids.contains(kid)).map(ToString::to_string);
        Self {
            issuer: id.to_string(),
            url: format!("https://{id}{PATH}"),
            keys: kids
                .iter()
                .map(|kid| KeyWord { kid: kid.to_string(), domain: word(kid) })
                .collect(),
            others: others.collect(),
            why: answer.as_ref().err().map(|silence| silence.why().to_owned()),
        }
    }

    /// Whether it confirms every key that was asked about, and there was one.
    pub fn is_whole(&self) -> bool {
        !self.keys.is_empty() && self.keys.iter().all(|key| key.domain == Word::Confirmed)
    }

    /// Whether it says the same of the same keys, for whatever reason.
    pub fn says_as(&self, other: &Self) -> bool {
        self.keys == other.keys && self.others == other.others
    }

    /// Whether nothing is known, as the domain was not reached.
    pub fn is_open(&self) -> bool {
        self.keys.iter().any(|key| key.domain == Word::Unreachable)
    }
}

impl Silence {
    /// The cause, in words.
    pub fn why(&self) -> &str {
        match self {
            Self::Unpublished(why) | Self::Unusable(why) | Self::Unreachable(why) => why,
        }
    }

    fn word(&self) -> Word {
        match self {
            Self::Unpublished(_) => Word::Unpublished,
            Self::Unusable(_) => Word::Unusable,
            Self::Unreachable(_) => Word::Unreachable,
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Confirmed => "confirmed by its domain",
            Self::NotListed => "NOT LISTED by its domain, which lists others of its keys",
            Self::OtherKeys => "NOT LISTED by its domain, which lists other keys",
            Self::Unpublished => "not confirmed: its domain publishes no keys",
            Self::Unusable => "not confirmed: what its domain publishes is no key set",
            Self::Unreachable => "not checked: its domain did not answer",
        })
    }
}

/// A line for the domain, and one for each key.
impl fmt::Display for Confirmation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.issuer)?;
        match &self.why {
            Some(why) => write!(f, ": {}: {why}", self.url)?,
            None => write!(f, ": {}", self.url)?,
        }
        for key in &self.keys {
            write!(f, "\n  {}  {}", key.kid, key.domain)?;
        }
        for kid in &self.others {
            write!(f, "\n  {kid}  listed by the domain, and no current key on the ledger")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use probant_core::key::SigningKey;

    #[test]
    fn each_key_gets_the_word_that_the_list_has_for_it() {
        let key = |seed| SigningKey::from_seed(&[seed; 32]).public().clone();
        let id = "energie.example".parse().unwrap();
        let kids = [key(1).kid(), key(2).kid()];
        let words = |answer: Result<Vec<PublicKey>, Silence>| {
            let confirmation = Confirmation::new(&id, &kids, &answer);
            assert_eq!(
                confirmation.is_whole(),
                answer.as_ref().is_ok_and(|keys| keys.len() >= 2
                    && keys.contains(&key(1))
                    && keys.contains(&key(2)))
            );
            confirmation.keys.iter().map(|key| key.domain).collect::<Vec<_>>()
        };
        let none = || String::new();
        assert_eq!(words(Ok(vec![key(2), key(1), key(3)])), [Word::Confirmed; 2]);
        assert_eq!(words(Ok(vec![key(2), key(3)])), [Word::NotListed, Word::Confirmed]);
        assert_eq!(words(Ok(vec![key(3)])), [Word::OtherKeys; 2]);
        assert_eq!(words(Ok(vec![])), [Word::Unpublished; 2]);
        assert_eq!(words(Err(Silence::Unpublished(none()))), [Word::Unpublished; 2]);
        assert_eq!(words(Err(Silence::Unusable(none()))), [Word::Unusable; 2]);
        assert_eq!(words(Err(Silence::Unreachable(none()))), [Word::Unreachable; 2]);
        // An issuer without a key that is in force has none that could be confirmed.
        assert!(!Confirmation::new(&id, &[], &Ok(vec![key(1)])).is_whole());
    }
}
