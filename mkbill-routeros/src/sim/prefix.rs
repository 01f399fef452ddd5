//! Addresses with the length of their network, and lists of them.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// An address with the length of its network, such as `10.5.50.1/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefix {
    address: IpAddr,
    length: u32,
}

impl Prefix {
    /// The first and the last address of the network.
    pub(super) fn bounds(self) -> (IpAddr, IpAddr) {
        match self.address {
            IpAddr::V4(address) => {
                let hosts = u32::MAX.checked_shr(self.length).unwrap_or(0);
                let first = address.to_bits() & !hosts;
                (Ipv4Addr::from_bits(first).into(), Ipv4Addr::from_bits(first | hosts).into())
            }
            IpAddr::V6(address) => {
                let hosts = u128::MAX.checked_shr(self.length).unwrap_or(0);
                let first = address.to_bits() & !hosts;
                (Ipv6Addr::from_bits(first).into(), Ipv6Addr::from_bits(first | hosts).into())
            }
        }
    }

    pub(super) fn network(self) -> IpAddr {
        self.bounds().0
    }

    pub(super) fn is_ipv4(&self) -> bool {
        self.address.is_ipv4()
    }

    fn holds(self, address: IpAddr) -> bool {
        let (first, last) = self.bounds();
        (first..=last).contains(&address)
    }
}

/// A text that is no address with a length.
#[derive(Debug)]
pub(super) struct NoPrefix;

impl FromStr for Prefix {
    type Err = NoPrefix;

    /// An address alone is a network of its own.
    fn from_str(text: &str) -> Result<Self, NoPrefix> {
        let (address, length) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.parse().map_err(|_| NoPrefix)?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Some(width), |length| length.parse().ok());
        let length = length.filter(|length| *length <= width).ok_or(NoPrefix)?;
        Ok(Self { address, length })
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.length)
    }
}

/// How a router prints a list such as `10.0.0.0/8,192.168.88.2`; `None` when a part of it is no network.
pub(super) fn listed(text: &str) -> Option<String> {
    let networks =
        text.split(',').map(|part| Some(part.trim().parse::<Prefix>().ok()?.to_string()));
    Some(networks.collect::<Option<Vec<_>>>()?.join(","))
}

/// Whether one of the networks holds the address. An empty list holds every address.
pub(super) fn any_holds(list: &str, address: IpAddr) -> bool {
    let mut networks = list.split(',').filter_map(|part| part.parse::<Prefix>().ok());
    list.is_empty() || networks.any(|network| network.holds(address))
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

    #[test]
    fn the_network_of_an_address_follows_from_its_length() {
        for (text, network) in
            [("10.5.50.7/24", "10.5.50.0"), ("10.5.50.7", "10.5.50.7"), ("10.5.50.7/0", "0.0.0.0")]
        {
            let prefix: Prefix = text.parse().unwrap();
            assert_eq!(prefix.network().to_string(), network);
        }
        assert!("10.5.50.7/33".parse::<Prefix>().is_err());
    }
}
