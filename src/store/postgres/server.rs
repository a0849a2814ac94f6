//! A stand-in until the true one is merged.

use std::{future::Future, path::Path};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod};
use tokio_postgres::NoTls;
use zeroize::Zeroizing;

use crate::store::StoreError;

pub struct Settings(tokio_postgres::Config);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    Write,
    Read,
}

impl Settings {
    pub fn new(
        url: &str,
        _password: Option<Zeroizing<String>>,
        _ca: Option<&Path>,
    ) -> Result<Self, StoreError> {
        let mut config: tokio_postgres::Config =
            url.parse().map_err(|e: tokio_postgres::Error| StoreError::Input(e.to_string()))?;
        let options = format!(
            "{} -cidle_in_transaction_session_timeout=10s -clock_timeout=30s",
            config.get_options().unwrap_or("")
        );
        config.options(options);
        Ok(Self(config))
    }
}

pub struct Server {
    runtime: tokio::runtime::Runtime,
    readers: Pool,
    writers: Pool,
}

impl Server {
    pub fn connect(settings: Settings, _access: Access) -> Result<Self, StoreError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(StoreError::io("start a runtime"))?;
        let pool = |size| {
            let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
            let manager = Manager::from_config(settings.0.clone(), NoTls, config);
            Pool::builder(manager).max_size(size).build().unwrap()
        };
        Ok(Self { readers: pool(8), writers: pool(2), runtime })
    }

    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        match tokio::runtime::Handle::try_current() {
            Ok(_) => tokio::task::block_in_place(|| self.runtime.block_on(work)),
            Err(_) => self.runtime.block_on(work),
        }
    }

    pub async fn reader(&self) -> Result<Object, StoreError> {
        self.readers.get().await.map_err(|e| StoreError::Unavailable(e.to_string()))
    }

    pub async fn writer(&self) -> Result<Object, StoreError> {
        self.writers.get().await.map_err(|e| StoreError::Unavailable(e.to_string()))
    }
}

pub fn unavailable(doing: &str, error: &tokio_postgres::Error) -> StoreError {
    StoreError::Unavailable(format!("{doing}: {error}: {:?}", error.as_db_error()))
}
