//! Where the database is: the URL, the password, and whom TLS must show. It opens no connection.

use std::{fmt, path::Path, time::Duration};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres::{
    Config,
    config::{Host, SslMode, TargetSessionAttrs},
};
use zeroize::Zeroizing;

use super::Access;
use crate::store::StoreError;

const CONNECT_MAX: Duration = Duration::from_secs(5);
/// What was sent and is not acknowledged for so long ends the connection.
const SILENCE_MAX: Duration = Duration::from_secs(20);
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
/// Ends what a stopped node left open while it held the head.
const IDLE_IN_TRANSACTION: &str = "10s";
/// A waiter looks then whether whoever holds the head is alive.
const LOCK_WAIT: &str = "30s";
/// No statement of ours takes so long, but a COMMIT that waits for a standby: it sets its own.
const STATEMENT: &str = "60s";

/// A database and how it is reached.
pub struct Address {
    pub(super) config: Config,
    pub(super) tls: ClientConfig,
}

/// Never the password.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = self.config.get_hosts();
        f.debug_struct("Address").field("hosts", &hosts).finish_non_exhaustive()
    }
}

impl Address {
    /// Of a URL, `postgres://user@host:port/database?…`, with hosts and options as libpq has them. A
    /// password beside the URL counts before one in it. Certificates are those of a PEM file, or else
    /// the machine's.
    ///
    /// Beyond this machine the database must show a certificate for its name, unless the URL says
    /// `sslmode=disable`.
    ///
    /// # Errors
    /// [`StoreError::Input`], without the password.
    pub fn new(
        url: &str,
        password: Option<&Zeroizing<String>>,
        ca: Option<&Path>,
    ) -> Result<Self, StoreError> {
        if !is_database_url(url) {
            return wrong("postgres://user@host/database is wanted");
        }
        let Some(mut config) = read(url) else {
            return wrong("it cannot be read: is it escaped as a URL must be?");
        };
        config.ssl_mode(tls_of(&config, mode(url))?);
        if let Some(password) = password {
            config.password(password.as_bytes());
        }
        // A wait for a standby that is cut short is known by its warning alone, so that this one must
        // not be silenced.
        let options = format!(
            "{} -cidle_in_transaction_session_timeout={IDLE_IN_TRANSACTION} \
             -clock_timeout={LOCK_WAIT} -cstatement_timeout={STATEMENT} \
             -cclient_min_messages=warning \
             -cdefault_transaction_isolation=read\\ committed",
            config.get_options().unwrap_or_default()
        );
        config
            .options(options.trim_start())
            .application_name("probant")
            .connect_timeout(CONNECT_MAX)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_IDLE)
            .keepalives_retries(2)
            .tcp_user_timeout(SILENCE_MAX);
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return wrong("it names no host; a Unix socket is ?host=/run/postgresql");
        }
        Ok(Self { tls: verifying(ca)?, config })
    }

    /// A configuration for each host, in their order. Of several, whoever writes wants the primary; one
    /// alone is told what it is.
    pub(super) fn each_host(&self, access: Access) -> Vec<Config> {
        let (hosts, addresses) = (self.config.get_hosts(), self.config.get_hostaddrs());
        let count = hosts.len().max(addresses.len());
        let attributes = match self.config.get_target_session_attrs() {
            TargetSessionAttrs::Any if access == Access::Write && count > 1 => {
                TargetSessionAttrs::ReadWrite
            }
            said => said,
        };
        let each = (0..count).map(|at| {
            let mut config = self.without_hosts();
            match hosts.get(at) {
                Some(Host::Tcp(name)) => drop(config.host(name)),
                Some(Host::Unix(folder)) => drop(config.host_path(folder)),
                None => {}
            }
            addresses.get(at).map(|address| config.hostaddr(*address));
            let ports = self.config.get_ports();
            ports.get(at).or(ports.first()).map(|port| config.port(*port));
            config.target_session_attrs(attributes);
            config
        });
        each.collect()
    }

    /// All that is said of each host alike; the crate cannot take one out.
    fn without_hosts(&self) -> Config {
        let (all, mut config) = (&self.config, Config::new());
        all.get_user().map(|user| config.user(user));
        all.get_password().map(|password| config.password(password));
        all.get_dbname().map(|name| config.dbname(name));
        all.get_options().map(|options| config.options(options));
        all.get_application_name().map(|name| config.application_name(name));
        all.get_connect_timeout().map(|wait| config.connect_timeout(*wait));
        all.get_tcp_user_timeout().map(|wait| config.tcp_user_timeout(*wait));
        all.get_keepalives_interval().map(|pause| config.keepalives_interval(pause));
        all.get_keepalives_retries().map(|count| config.keepalives_retries(count));
        config
            .ssl_mode(all.get_ssl_mode())
            .ssl_negotiation(all.get_ssl_negotiation())
            .channel_binding(all.get_channel_binding())
            .keepalives(all.get_keepalives())
            .keepalives_idle(all.get_keepalives_idle());
        config
    }
}

/// Whether this names a database rather than a directory.
pub fn is_database_url(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://")
}

/// Whether a URL has a password in it.
pub fn has_password(url: &str) -> bool {
    read(url).is_some_and(|config| config.get_password().is_some())
}

/// What a URL says, if it is one. Never why it is none: that may hold a piece of the password.
fn read(url: &str) -> Option<Config> {
    let known = match mode(url) {
        // What is verified here always is: by the name it has for libpq, or by "require".
        Some(name @ ("verify-full" | "verify-ca")) => {
            url.replace(&format!("sslmode={name}"), "sslmode=require")
        }
        _ => url.to_owned(),
    };
    known.parse().ok()
}

fn wrong<T>(why: &str) -> Result<T, StoreError> {
    Err(StoreError::Input(format!("the URL of the database: {why}")))
}

/// What the URL itself says of TLS.
fn mode(url: &str) -> Option<&str> {
    let (_, options) = url.split_once('?')?;
    options.split('&').find_map(|option| option.strip_prefix("sslmode="))
}

fn tls_of(config: &Config, said: Option<&str>) -> Result<SslMode, StoreError> {
    let is_here = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|at: std::net::IpAddr| at.is_loopback())
        }
    };
    let here = config.get_hosts().iter().all(is_here)
        && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback);
    match said {
        Some("disable") => Ok(SslMode::Disable),
        None if here => Ok(SslMode::Disable),
        None | Some("require" | "verify-full" | "verify-ca") => Ok(SslMode::Require),
        Some(_) => wrong(
            "sslmode is require, with a certificate for the host's name, or disable; what tries \
             one and falls back on the other protects nobody",
        ),
    }
}

/// TLS that believes only the certificates of a file, or else the machine's.
fn verifying(ca: Option<&Path>) -> Result<ClientConfig, StoreError> {
    let provider = ring::default_provider().into();
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the usual versions");
    let Some(path) = ca else {
        let verified = builder.with_platform_verifier().map_err(|error| {
            StoreError::Input(format!("no certificates on this machine: {error}; --store-ca"))
        })?;
        return Ok(verified.with_no_client_auth());
    };
    let unread = |why: &dyn fmt::Display| {
        let name = path.display();
        StoreError::Input(format!("{name}: no PEM file with certificates: {why}"))
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unread(&error))? {
        let certificate = certificate.map_err(|error| unread(&error))?;
        roots.add(certificate).map_err(|error| unread(&error))?;
    }
    if roots.is_empty() {
        return Err(unread(&"there is none in it"));
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode_of(url: &str) -> Result<SslMode, String> {
        let address = Address::new(url, None, None).map_err(|error| error.to_string())?;
        Ok(address.config.get_ssl_mode())
    }

    #[test]
    fn beyond_this_machine_tls_is_verified_or_refused_aloud() {
        for here in ["localhost", "127.0.0.1:5433", "%2Frun%2Fpostgresql", "127.0.0.1,localhost"] {
            assert_eq!(mode_of(&format!("postgres://p@{here}/l")), Ok(SslMode::Disable), "{here}");
        }
        for there in ["db.example", "127.0.0.1,db.example", "10.0.0.1"] {
            let url = format!("postgres://p@{there}/l");
            assert_eq!(mode_of(&url), Ok(SslMode::Require), "{there}");
            assert_eq!(mode_of(&format!("{url}?sslmode=disable")), Ok(SslMode::Disable));
            let verified = format!("{url}?application_name=x&sslmode=verify-full");
            assert_eq!(mode_of(&verified), Ok(SslMode::Require));
            assert!(mode_of(&format!("{url}?sslmode=prefer")).unwrap_err().contains("falls back"));
        }
        assert_eq!(mode_of("postgres://p@localhost/l?sslmode=require"), Ok(SslMode::Require));
    }

    #[test]
    fn a_password_is_seen_nowhere() {
        let secret = "hunter2";
        let url = format!("postgres://p:{secret}@db.example/l");
        for mode in ["require", "verify-ca", "verify-full"] {
            assert!(has_password(&format!("{url}?sslmode={mode}")), "{mode}");
            assert!(!has_password(&format!("postgres://p@db.example/l?sslmode={mode}")), "{mode}");
        }
        assert!(has_password(&format!("postgres://p@db.example/l?password={secret}")));
        let address = Address::new(&url, None, None).unwrap();
        assert_eq!(address.config.get_password(), Some(secret.as_bytes()));
        assert!(!format!("{address:?}").contains(secret));
        let beside = Zeroizing::new("other".to_owned());
        let address = Address::new(&url, Some(&beside), None).unwrap();
        assert_eq!(address.config.get_password(), Some("other".as_bytes()));
        for bad in [
            format!("postgres://p:{secret}@db.example:port/l"),
            format!("postgres://p:{secret}@db.example/l?what={secret}"),
            format!("mysql://p:{secret}@db.example/l"),
        ] {
            let refused = Address::new(&bad, None, None).unwrap_err();
            assert!(matches!(refused, StoreError::Input(_)));
            assert!(!refused.to_string().contains(secret), "{refused}");
        }
    }
}
