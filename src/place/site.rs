//! What a web server serves: it is read, and never written to.

use tokio::runtime::Runtime;

use super::{FILE_BYTES_MAX, File, Place};
use crate::{Error, client::Client, transport};

/// Files behind a URL.
pub struct Site {
    runtime: Runtime,
    client: Client,
}

impl Site {
    /// The files behind a URL, `http` or `https`.
    ///
    /// # Errors
    /// [`Error::Input`] for what is no such URL.
    pub fn open(url: &str) -> Result<Self, Error> {
        Ok(Self { runtime: transport::runtime()?, client: Client::new(url)? })
    }
}

impl Place for Site {
    fn name(&self) -> String {
        self.client.url().to_owned()
    }

    fn get(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        self.runtime.block_on(self.client.file(path, FILE_BYTES_MAX))
    }

    fn put(&self, _: Vec<File>) -> Result<(), Error> {
        Err(Error::input(format!("{} is a web server: it is only read", self.name())))
    }
}
