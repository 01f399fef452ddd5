//! Where a request came from, and whom to believe that it came from elsewhere.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use mkbill_core::kernel::caller::Origin;

const FORWARDED: &str = "x-forwarded-for";
/// Addresses of one request that are looked at; who names more has something else in mind.
const HOPS_MAX: usize = 32;
const PROXIES_MAX: usize = 64;

/// The proxies that are believed what they say in `X-Forwarded-For`; by default nobody is.
///
/// It is read from a list of networks, such as `10.0.0.0/8, 192.0.2.7`. An application that mounts
/// [`app`](crate::app) adds it as an [`Extension`](axum::Extension), and serves with the peer's address
/// as [`ConnectInfo`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Arc<[Network]>);

/// Not a list of networks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no network: use an address, or an address and its length such as 10.0.0.0/8")]
pub struct NoNetwork(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    length: u32,
}

impl FromStr for TrustedProxies {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let networks = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let read = |part: &str| network(part).ok_or_else(|| NoNetwork(part.to_owned()));
        let networks: Vec<_> = networks.take(PROXIES_MAX).map(read).collect::<Result<_, _>>()?;
        Ok(Self(networks.into()))
    }
}

fn network(text: &str) -> Option<Network> {
    let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let length = length.map_or(Some(most), |length| length.parse().ok())?;
    (length <= most).then_some(Network { address, length })
}

impl Network {
    fn holds(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                differ.checked_shr(32 - self.length).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                differ.checked_shr(128 - self.length).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl TrustedProxies {
    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.holds(address))
    }

    /// The client behind a peer: the last address on the way that no trusted proxy has.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let values = headers.get_all(FORWARDED).iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = values.flat_map(|value| value.split(',')).collect();
        for hop in hops.into_iter().rev().take(HOPS_MAX) {
            if !self.trusts(client) {
                return client;
            }
            let Some(before) = hop_address(hop.trim()) else { return client };
            client = before.to_canonical();
        }
        client
    }
}

/// An address as proxies write it: bare, in brackets, or with its port.
fn hop_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

/// Where this request came from, as far as it is known.
pub(crate) fn origin(parts: &Parts) -> Origin {
    let proxies = parts.extensions.get::<TrustedProxies>().cloned().unwrap_or_default();
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let address = peer.map(|peer| proxies.client(peer.0.ip(), &parts.headers));
    let agent = parts.headers.get(header::USER_AGENT).map(HeaderValue::as_bytes);
    Origin::new(address, agent.map(String::from_utf8_lossy).as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: &str, peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED, value.parse().unwrap());
        }
        let proxies: TrustedProxies = proxies.parse().unwrap();
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn nobody_is_believed_unless_told_so() {
        assert_eq!(client("", "192.0.2.1", &["198.51.100.9"]), "192.0.2.1");
        assert_eq!(client("10.0.0.0/8", "192.0.2.1", &["198.51.100.9"]), "192.0.2.1");
    }

    #[test]
    fn the_last_address_that_is_no_proxy_wins() {
        let proxies = "10.0.0.0/8, 2001:db8::/32";
        let cases: [(&str, &[&str], &str); 9] = [
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.9"], "198.51.100.9"),
            ("10.0.0.1", &["203.0.113.5, 198.51.100.9, 10.2.3.4"], "198.51.100.9"),
            ("10.0.0.1", &["203.0.113.5", "198.51.100.9", "10.2.3.4"], "198.51.100.9"),
            ("2001:db8::7", &["198.51.100.9:4711"], "198.51.100.9"),
            ("::ffff:10.0.0.1", &["[2001:db9::1]"], "2001:db9::1"),
            ("10.0.0.1", &["203.0.113.5, nonsense"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.5, nonsense, 10.2.3.4"], "10.2.3.4"),
            ("10.0.0.1", &["10.1.1.1"], "10.1.1.1"),
        ];
        for (peer, forwarded, expected) in cases {
            assert_eq!(client(proxies, peer, forwarded), expected, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn a_network_is_an_address_and_its_length() {
        let holds =
            |text: &str, address: &str| network(text).unwrap().holds(address.parse().unwrap());
        assert!(holds("192.0.2.128/25", "192.0.2.200"));
        assert!(!holds("192.0.2.128/25", "192.0.2.1"));
        assert!(holds("0.0.0.0/0", "203.0.113.5"));
        assert!(!holds("0.0.0.0/0", "::1"));
        assert!(holds("::/0", "2001:db8::1"));
        assert!(holds("2001:db8::1", "2001:db8::1"));
        for bad in ["10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/-1", "proxy"] {
            assert!(bad.parse::<TrustedProxies>().is_err(), "{bad}");
        }
    }
}
