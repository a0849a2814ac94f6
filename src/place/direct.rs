//! Connections to an object store, which end where they were said to: `object_store` has no setting for
//! redirects, and follows them to wherever the store names.

use object_store::{
    ClientConfigKey as Key, ClientOptions, Error, Result,
    client::{HttpClient, HttpConnector},
};
use reqwest::{ClientBuilder, redirect};

/// Makes them, by those of its settings that `docs/export.md` names.
#[derive(Debug)]
pub struct Direct;

impl HttpConnector for Direct {
    fn connect(&self, options: &ClientOptions) -> Result<HttpClient> {
        let set = |key| options.get_config_value(&key);
        let mut builder = ClientBuilder::new()
            .user_agent(concat!("probant/", env!("CARGO_PKG_VERSION")))
            .https_only(!set(Key::AllowHttp).is_some_and(|text| is_yes(&text)))
            .redirect(redirect::Policy::none());
        if let Some(limit) = set(Key::Timeout) {
            builder = builder.timeout(humantime::parse_duration(&limit).map_err(failed)?);
        }
        if let Some(limit) = set(Key::ConnectTimeout) {
            builder = builder.connect_timeout(humantime::parse_duration(&limit).map_err(failed)?);
        }
        builder.build().map(HttpClient::new).map_err(failed)
    }
}

/// As `object_store` reads it.
fn is_yes(text: &str) -> bool {
    ["1", "true", "on", "yes", "y"].contains(&text.to_ascii_lowercase().as_str())
}

fn failed(why: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Generic { store: "S3", source: Box::new(why) }
}
