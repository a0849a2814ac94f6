//! A key as the command line names it: by its kid, or by the file of its private half.

use std::{convert::Infallible, path::PathBuf, str::FromStr};

use probant_core::{Hash, key::Kid};

use crate::{Error, keyfile};

/// A key that the ledger knows.
#[derive(Clone, Debug)]
pub enum KeyName {
    Kid(Kid),
    File(PathBuf),
}

impl FromStr for KeyName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Hash::from_hex(text).map_or_else(|| Self::File(text.into()), Self::Kid))
    }
}

impl KeyName {
    pub fn kid(&self) -> Result<Kid, Error> {
        match self {
            Self::Kid(kid) => Ok(*kid),
            Self::File(path) => Ok(keyfile::read(path)?.public().kid()),
        }
    }
}
