//! Where a request came from, and whom to believe that it came from elsewhere.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use mkbill_core::kernel::caller::Origin;
use mkbill_core::kernel::network::Networks;

const FORWARDED: &str = "x-forwarded-for";
/// Addresses of one request that are looked at; who names more has something else in mind.
const HOPS_MAX: usize = 32;
/// The client behind a peer: the last address on the way that no trusted proxy has.
fn client(proxies: &Networks, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut client = peer.to_canonical();
    let values = headers.get_all(FORWARDED).iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = values.flat_map(|value| value.split(',')).collect();
    for hop in hops.into_iter().rev().take(HOPS_MAX) {
        if !proxies.contain(client) {
            return client;
        }
        let Some(before) = hop_address(hop.trim()) else { return client };
        client = before.to_canonical();
    }
    client
}

/// An address as proxies write it: bare, in brackets, or with its port.
fn hop_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

/// Where this request came from, as far as it is known. These proxies are believed.
pub(crate) fn origin(proxies: &Networks, parts: &Parts) -> Origin {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let address = peer.map(|peer| client(proxies, peer.0.ip(), &parts.headers));
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
        let proxies: Networks = proxies.parse().unwrap();
        super::client(&proxies, peer.parse().unwrap(), &headers).to_string()
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
}
