//! Lists of networks, such as `10.0.0.0/8,192.168.88.2/32`.

use std::net::IpAddr;

/// How a router prints the list; `None` when a part of it is no network.
pub(super) fn listed(text: &str) -> Option<String> {
    let networks = text.split(',').map(|part| {
        let (address, bits) = network(part.trim())?;
        Some(format!("{address}/{bits}"))
    });
    Some(networks.collect::<Option<Vec<_>>>()?.join(","))
}

/// Whether one of the networks holds the address. An empty list holds every address.
pub(super) fn any_holds(list: &str, address: IpAddr) -> bool {
    list.is_empty() || list.split(',').filter_map(network).any(|network| holds(network, address))
}

fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
    let address: IpAddr = address.parse().ok()?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(width), |bits| bits.parse().ok())?;
    (bits <= width).then_some((address, bits))
}

fn holds((network, bits): (IpAddr, u32), address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let differing = network.to_bits() ^ address.to_bits();
            differing.checked_shr(32 - bits).unwrap_or(0) == 0
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let differing = network.to_bits() ^ address.to_bits();
            differing.checked_shr(128 - bits).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_the_addresses_that_agree_in_its_bits() {
        let peer = "10.1.2.3".parse().unwrap();
        for (list, expected) in [
            ("", true),
            ("10.0.0.0/8", true),
            ("10.1.2.3/32", true),
            ("10.1.2.4", false),
            ("192.168.0.0/16,0.0.0.0/0", true),
            ("::/0", false),
        ] {
            assert_eq!(any_holds(list, peer), expected, "{list}");
        }
        assert!(any_holds("fd00::/8", "fd12::1".parse().unwrap()));
    }

    #[test]
    fn a_lone_address_prints_as_a_network_of_one() {
        assert_eq!(listed("10.0.0.1, 10.0.0.0/8").as_deref(), Some("10.0.0.1/32,10.0.0.0/8"));
        assert_eq!(listed("10.0.0.1/33"), None);
        assert_eq!(listed("home"), None);
    }
}
