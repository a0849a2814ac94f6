//! Whether one issuer's record resembles another's: domain, legal name, registered number. Eyes are
//! the measure, so this errs on the side of saying so; the vectors are tests/monitor/look-alikes.txt.
//!
//! It knows no list of public suffixes, no transliteration and no translation: docs/monitor.md says
//! what it finds and what it does not.

mod domain;
mod look;
mod name;
mod number;
mod words;

use std::fmt;

use probant_core::{IssuerId, statement::IssuerRecord};
use serde::{Deserialize, Serialize};

use domain::Site;
use look::{is_near, look};
use name::Name;

/// In what way a record resembles another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likeness {
    /// A domain below the other.
    DomainBelow,
    /// The same name, under another ending or another host.
    DomainElsewhere,
    /// It looks the same, in other characters.
    DomainLooks,
    /// It differs by a letter or two, or two are swapped.
    DomainNear,
    /// The same name, with other words.
    DomainWords,
    /// The same legal name, but for case, accents, characters, order and legal form.
    NameSame,
    /// It differs by a letter or two.
    NameNear,
    /// The same legal name, with other words.
    NameWords,
    /// The domain of one is the legal name of the other.
    NameInDomain,
    /// The same registered number, however it is written.
    NumberSame,
}

/// What there is of an issuer to compare, looked at once.
#[derive(Clone, Debug)]
pub struct Appearance {
    site: Site,
    name: Name,
    country: String,
    registration: String,
}

impl Appearance {
    /// That of an issuer.
    pub fn new(id: &IssuerId, record: &IssuerRecord) -> Self {
        Self {
            site: Site::new(id.as_str()),
            name: Name::new(&record.legal_name),
            country: record.country.clone(),
            registration: record.registration.clone(),
        }
    }

    /// In what ways `other`, another issuer, resembles this one; none where it does not.
    pub fn likenesses(&self, other: &Self) -> Vec<Likeness> {
        let mut found: Vec<_> = self.site.likeness(&other.site).into_iter().collect();
        found.extend(self.name.likeness(&other.name));
        let is_named = self.site.is_named(&other.name) || other.site.is_named(&self.name);
        if found.is_empty() && is_named {
            found.push(Likeness::NameInDomain);
        }
        let number = |of: &Self| number::bare(&of.country, &of.registration);
        if self.country == other.country && number::is_same(&number(self), &number(other)) {
            found.push(Likeness::NumberSame);
        }
        found
    }
}

impl fmt::Display for Likeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DomainBelow => "its id is below this domain",
            Self::DomainElsewhere => "its id has the same name in another place",
            Self::DomainLooks => "its id looks the same, in other characters",
            Self::DomainNear => "its id differs by a letter or two",
            Self::DomainWords => "its id has the same name with other words",
            Self::NameSame => "its legal name is the same, but for its writing or legal form",
            Self::NameNear => "its legal name differs by a letter or two",
            Self::NameWords => "its legal name is the same with other words",
            Self::NameInDomain => "the domain of one is the legal name of the other",
            Self::NumberSame => "its registered number is the same",
        })
    }
}
