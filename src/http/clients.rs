//! Who asks, as far as a limit is concerned: an address, and of the newer kind the network that a
//! household is given; and how often each may ask.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use hyper::{HeaderMap, header::HeaderValue};

use super::limits::Limits;
use crate::rate::{Buckets, Rate};

/// What proxies write down whom they were asked by into.
const FORWARDED: &str = "x-forwarded-for";

/// What may be sent for one token: that is decoded without waiting for a turn.
const BYTES_A_TOKEN: u64 = 16 << 10;

/// Somebody who asks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Client(IpAddr);

impl Client {
    /// By the address of the connection; or, where so many proxies in front are believed, by what the
    /// first of them wrote down.
    pub fn of(peer: IpAddr, headers: &HeaderMap, proxies: usize) -> Self {
        let forwarded = || {
            // Of what the client wrote itself nothing is read, be it text or not.
            let lines = headers.get_all(FORWARDED).iter().map(HeaderValue::as_bytes);
            let hops: Vec<_> = lines.flat_map(|line| line.split(|byte| *byte == b',')).collect();
            let hop = hops.get(hops.len().checked_sub(proxies)?)?;
            address(std::str::from_utf8(hop).ok()?.trim())
        };
        let address = if proxies > 0 { forwarded() } else { None };
        Self::at(address.unwrap_or(peer))
    }

    /// By the address of the connection.
    pub fn at(peer: IpAddr) -> Self {
        Self(network(peer))
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

/// A mark on an answer to a submission: it counts for its sender, for the rules refused it, or it was
/// sealed before, as anybody may copy it out of a block.
#[derive(Clone, Copy)]
pub struct InVain;

/// How often each client may read, and how often submit in vain. A submission that is new and accepted
/// takes from neither: whoever shares an address with a busy reader may still write.
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

    /// It submitted so much in vain: a long one costs as many short ones do.
    pub fn in_vain(&self, client: Client, bytes: u64, now: Duration) {
        let tokens = 1 + (bytes / BYTES_A_TOKEN).min(u32::MAX.into()) as u32;
        self.refusals.draw(client, tokens, now);
        self.reads.draw(client, tokens, now);
    }

    /// It sent what is no submission.
    pub fn sent_nothing(&self, client: Client, now: Duration) {
        self.reads.draw(client, 1, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let line = |line: &&str| {
            (FORWARDED.parse().unwrap(), HeaderValue::from_bytes(line.as_bytes()).unwrap())
        };
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
            (1, &["\u{e9}, 192.0.2.7"], "192.0.2.7"),
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
            rates.in_vain(forger, 100, now);
        }
        assert!(rates.submit(forger, now).is_err());
        let replayer = Client(IpAddr::from([192, 0, 2, 3]));
        rates.in_vain(replayer, 160 << 10, now);
        assert!(rates.submit(replayer, now).is_err(), "as long as ten");
        assert_eq!(reads(forger), 0);
        assert!(Rates::new(&Limits { read_rate: 0, ..limits }).is_none());
    }
}
