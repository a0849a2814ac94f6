//! Who asks, as far as a limit is concerned: an address, and of the newer kind the network that a
//! household is given; and how often each may ask.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use hyper::HeaderMap;

use super::limits::Limits;
use crate::bucket::{Buckets, Rate};

/// What proxies write down whom they were asked by into.
const FORWARDED: &str = "x-forwarded-for";

/// Somebody who asks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Client(IpAddr);

impl Client {
    /// By the address of the connection; or, where so many proxies in front are believed, by what the
    /// first of them wrote down.
    pub fn of(peer: IpAddr, headers: &HeaderMap, proxies: usize) -> Self {
        let forwarded = || {
            let lines = headers.get_all(FORWARDED).iter().filter_map(|line| line.to_str().ok());
            let hops: Vec<_> = lines.flat_map(|line| line.split(',')).collect();
            address(hops.get(hops.len().checked_sub(proxies)?)?.trim())
        };
        let address = if proxies > 0 { forwarded() } else { None };
        Self(network(address.unwrap_or(peer)))
    }
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse().map(|address: SocketAddr| address.ip());
    bare.parse().or_else(|_| with_port()).ok()
}

/// An IPv4 address, or the /64 of an IPv6 one.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// How often each client may read, and how often be refused what it submits. A submission that is
/// accepted takes from neither: whoever shares an address with a busy reader may still write.
pub struct Rates {
    reads: Buckets<Client>,
    refusals: Buckets<Client>,
}

impl Rates {
    /// None where there is no limit.
    pub fn new(limits: &Limits) -> Option<Self> {
        let rate = Rate::new(limits.read_rate, limits.read_burst_s)?;
        let [reads, refusals] = [(); 2].map(|()| Buckets::new(rate, limits.clients));
        Some(Self { reads, refusals })
    }

    /// One reads.
    ///
    /// # Errors
    /// How long it ought to wait.
    pub fn read(&self, client: Client, now: Duration) -> Result<(), Duration> {
        self.reads.take(client, now)
    }

    /// One comes with a submission.
    ///
    /// # Errors
    /// How long it ought to wait, having been refused so often.
    pub fn submit(&self, client: Client, now: Duration) -> Result<(), Duration> {
        self.refusals.look(&client, now)
    }

    /// What it submitted was refused.
    pub fn refused(&self, client: Client, now: Duration) {
        self.refusals.draw(client, now);
        self.reads.draw(client, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn headers(lines: &[&str]) -> HeaderMap {
        let line = |line: &&str| (FORWARDED.parse().unwrap(), HeaderValue::from_str(line).unwrap());
        lines.iter().map(line).collect()
    }

    #[test]
    fn only_proxies_that_are_trusted_say_who_asks() {
        let peer: IpAddr = "127.0.0.1".parse().unwrap();
        for (proxies, lines, client) in [
            (0, &["192.0.2.7"][..], "127.0.0.1"),
            (1, &[], "127.0.0.1"),
            (1, &["192.0.2.7"], "192.0.2.7"),
            // What the client wrote itself stands before what the proxy saw.
            (1, &["10.0.0.1, 192.0.2.7"], "192.0.2.7"),
            (1, &["10.0.0.1", "192.0.2.7:4711"], "192.0.2.7"),
            (2, &["10.0.0.1, 192.0.2.7, 198.51.100.1"], "192.0.2.7"),
            (2, &["192.0.2.7"], "127.0.0.1"),
            (1, &["192.0.2.7, unknown"], "127.0.0.1"),
            (1, &["[2001:db8:1:2:3::4]:80"], "2001:db8:1:2::"),
            (1, &["[2001:db8:1:2:3::4]"], "2001:db8:1:2::"),
            (1, &["2001:db8:1:2:ffff::4"], "2001:db8:1:2::"),
            (1, &["::ffff:192.0.2.7"], "192.0.2.7"),
        ] {
            let found = Client::of(peer, &headers(lines), proxies);
            assert_eq!(found, Client(client.parse().unwrap()), "{proxies} {lines:?}");
        }
    }

    #[test]
    fn reading_does_not_keep_from_writing_and_forging_keeps_from_both() {
        let limits = Limits { read_rate: 10, read_burst_s: 1, ..Limits::default() };
        let (rates, now) = (Rates::new(&limits).unwrap(), Duration::from_secs(9));
        let [reader, forger] = [1, 2].map(|last| Client(IpAddr::from([192, 0, 2, last])));
        let reads = |client| (0..99).take_while(|_| rates.read(client, now).is_ok()).count();
        assert_eq!(reads(reader), 10);
        assert!(rates.submit(reader, now).is_ok());
        for _ in 0..10 {
            assert!(rates.submit(forger, now).is_ok());
            rates.refused(forger, now);
        }
        assert!(rates.submit(forger, now).is_err());
        assert_eq!(reads(forger), 0);
        assert!(Rates::new(&Limits { read_rate: 0, ..limits }).is_none());
    }
}
