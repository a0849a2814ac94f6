//! TLS by rustls, with a certificate and key in PEM files that may be renewed while it serves.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::{
    net::TcpStream,
    signal::unix::{SignalKind, signal},
    time::sleep,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use zeroize::Zeroizing;

use crate::{Error, keyfile};

/// How often the files are looked at.
const LOOK_PAUSE: Duration = Duration::from_secs(10);
/// Longest file of certificates or of a key.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What a listener speaks TLS with.
pub struct Tls {
    acceptor: TlsAcceptor,
    held: Arc<Held>,
}

/// The certificate in force.
struct Held {
    certificate: PathBuf,
    key: PathBuf,
    in_force: RwLock<Arc<CertifiedKey>>,
}

impl Tls {
    /// With a certificate, those that it was issued by after it, and its private key.
    ///
    /// # Errors
    /// [`Error::Input`] that names the file and its fault.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, Error> {
        let in_force = RwLock::new(Arc::new(certified(certificate, key)?));
        let held = Held { certificate: certificate.to_owned(), key: key.to_owned(), in_force };
        let held = Arc::new(held);
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Stop(error.to_string()))?;
        let resolver: Arc<dyn ResolvesServerCert> = held.clone();
        let mut config = config.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), held })
    }

    pub async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }

    /// Takes renewed files, when they change and on SIGHUP, for as long as it is polled. What cannot
    /// be used is logged, and the certificate in force stays.
    ///
    /// # Errors
    /// [`Error::Stop`] where there are no signals.
    pub fn follow(&self) -> Result<impl Future<Output = ()> + Send + 'static, Error> {
        let hangups = signal(SignalKind::hangup());
        let mut hangups = hangups.map_err(|error| Error::Stop(format!("signals: {error}")))?;
        let held = Arc::clone(&self.held);
        let mut seen = held.stamps();
        Ok(async move {
            loop {
                let told = tokio::select! {
                    told = hangups.recv() => told.is_some(),
                    () = sleep(LOOK_PAUSE) => false,
                };
                let now = held.stamps();
                if told || now != seen {
                    seen = now;
                    held.renew();
                }
            }
        })
    }
}

/// What changes with a file: where it is, when it was written, and how long it is.
type Stamp = Option<(u64, i64, i64, u64)>;

impl Held {
    fn stamps(&self) -> [Stamp; 2] {
        [&self.certificate, &self.key].map(|path| {
            let found = fs::metadata(path).ok()?;
            Some((found.ino(), found.mtime(), found.mtime_nsec(), found.size()))
        })
    }

    fn renew(&self) {
        match certified(&self.certificate, &self.key) {
            Ok(renewed) => {
                let mut in_force = self.in_force.write().unwrap_or_else(PoisonError::into_inner);
                *in_force = Arc::new(renewed);
                tracing::info!("the TLS certificate was read again");
            }
            Err(error) => tracing::error!(%error, "the TLS certificate was not renewed"),
        }
    }
}

impl ResolvesServerCert for Held {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Held").field(&self.certificate).finish()
    }
}

fn certified(certificate: &Path, key: &Path) -> Result<CertifiedKey, Error> {
    let wrong = |path: &Path, why: String| Error::input(format!("{}: {why}", path.display()));
    let bytes = read(certificate, |_, _| Ok(()))?;
    let chain = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| wrong(certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(wrong(certificate, "there is no certificate in this file, as PEM".into()));
    }
    let bytes = read(key, keyfile::check_permissions)?;
    let private = PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| {
        wrong(key, "there is no private key without a password in this file".into())
    })?;
    CertifiedKey::from_der(chain, private, &ring::default_provider()).map_err(|error| {
        let certificate = certificate.display();
        wrong(key, format!("it does not go with the certificate in {certificate}: {error}"))
    })
}

fn read(
    path: &Path,
    check: impl FnOnce(&Path, &File) -> Result<(), Error>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let file = File::open(path).map_err(Error::file(path))?;
    check(path, &file)?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(Error::file(path))?;
    Ok(bytes)
}
