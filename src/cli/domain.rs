//! How issuers' domains are reached: the options that `issuer check` and `monitor` share.

use std::{fs::File, io::Read as _, net::SocketAddr, path::PathBuf, str::FromStr};

use probant_core::IssuerId;
use reqwest::Certificate;

use crate::{
    Error,
    domain::{Domains, Reach},
};

/// Longest file of certificates.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Whom to believe, and where to ask.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct DomainReach {
    /// Certificates of the authorities to believe for domains, PEM [default: those of the system]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Ask this address for a domain, in the place of the one that DNS has; may be repeated
    #[arg(long, value_name = "ID=IP:PORT")]
    resolve: Vec<Resolved>,
}

/// `energie.example=192.0.2.7:443`.
#[derive(Clone, Debug)]
struct Resolved {
    id: IssuerId,
    address: SocketAddr,
}

impl FromStr for Resolved {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = "an id, '=', and an address with a port: energie.example=192.0.2.7:443";
        let (id, address) = text.split_once('=').ok_or(wrong)?;
        let id = id.parse().map_err(|why| format!("{why}"))?;
        Ok(Self { id, address: address.parse().map_err(|_| wrong)? })
    }
}

impl DomainReach {
    /// Whoever asks domains.
    ///
    /// # Errors
    /// [`Error::Input`] for a file that holds no certificates.
    pub fn domains(&self) -> Result<Domains, Error> {
        let authorities = self.ca.as_ref().map(authorities).transpose()?;
        let addresses = self.resolve.iter().map(|to| (to.id.clone(), to.address)).collect();
        Domains::new(Reach { authorities, addresses })
    }
}

fn authorities(path: &PathBuf) -> Result<Vec<Certificate>, Error> {
    let mut pem = Vec::new();
    let file = File::open(path).map_err(Error::file(path))?;
    file.take(FILE_BYTES_MAX).read_to_end(&mut pem).map_err(Error::file(path))?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(authorities) if !authorities.is_empty() => Ok(authorities),
        _ => Err(Error::input(format!("--ca {}: no PEM file with certificates", path.display()))),
    }
}
