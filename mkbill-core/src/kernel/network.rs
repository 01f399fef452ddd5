//! Networks by address and prefix, and which addresses anybody on the internet may have.

use super::language::said;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::error::Error;

/// No list of networks is longer.
pub const NETWORKS_MAX: usize = 64;
const IPV4_BITS: u8 = 32;
const IPV6_BITS: u8 = 128;

/// Addresses with the same first bits, such as `192.168.0.0/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    prefix: u8,
}

impl Network {
    /// The network of `prefix` bits in which an address lies; `None` for more bits than it has.
    pub fn of(address: IpAddr, prefix: u8) -> Option<Self> {
        let bits = if address.is_ipv4() { IPV4_BITS } else { IPV6_BITS };
        (prefix <= bits).then(|| Self { first: cut(address, prefix), prefix })
    }

    /// Does an address lie in it? One of the other family never does.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.first.is_ipv4() == address.is_ipv4() && cut(address, self.prefix) == self.first
    }
}

/// The address with all but its first bits zero.
fn cut(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(u32::from(IPV4_BITS.saturating_sub(prefix)));
            Ipv4Addr::from_bits(v4.to_bits() & mask.unwrap_or(0)).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(u32::from(IPV6_BITS.saturating_sub(prefix)));
            Ipv6Addr::from_bits(v6.to_bits() & mask.unwrap_or(0)).into()
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

impl FromStr for Network {
    type Err = Error;

    /// Reads `ADDRESS/PREFIX`, or an address for itself alone.
    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = || {
            Error::invalid(
                "network",
                said!(
                    "`{text}` is none: use such as 192.168.0.0/16",
                    "`{text}` bukan jaringan: gunakan seperti 192.168.0.0/16"
                ),
            )
        };
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let bits = if address.is_ipv4() { IPV4_BITS } else { IPV6_BITS };
        let prefix = prefix.map_or(Ok(bits), str::parse).map_err(|_| bad())?;
        Self::of(address, prefix).ok_or_else(bad)
    }
}

/// Some networks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Networks(Vec<Network>);

impl Networks {
    /// None at all.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Does an address lie in one of them? One of IPv4 written as IPv6 counts as what it is.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }
}

impl FromStr for Networks {
    type Err = Error;

    /// Reads networks between commas; a blank text is none.
    fn from_str(text: &str) -> Result<Self, Error> {
        let texts = text.split(',').map(str::trim).filter(|text| !text.is_empty());
        let networks: Vec<Network> = texts.map(str::parse).collect::<Result<_, _>>()?;
        if networks.len() > NETWORKS_MAX {
            return Err(Error::invalid(
                "network",
                said!("give at most {NETWORKS_MAX}", "isi paling banyak {NETWORKS_MAX}"),
            ));
        }
        Ok(Self(networks))
    }
}

const fn v4(a: u8, b: u8, c: u8, prefix: u8) -> Network {
    Network { first: IpAddr::V4(Ipv4Addr::new(a, b, c, 0)), prefix }
}

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Network {
    Network { first: IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)), prefix }
}

/// What of IPv4 nobody on the internet has: the registry of special addresses.
const SPECIAL_V4: [Network; 15] = [
    v4(0, 0, 0, 8),
    v4(10, 0, 0, 8),
    v4(100, 64, 0, 10),
    v4(127, 0, 0, 8),
    v4(169, 254, 0, 16),
    v4(172, 16, 0, 12),
    v4(192, 0, 0, 24),
    v4(192, 0, 2, 24),
    v4(192, 88, 99, 24),
    v4(192, 168, 0, 16),
    v4(198, 18, 0, 15),
    v4(198, 51, 100, 24),
    v4(203, 0, 113, 24),
    v4(224, 0, 0, 4),
    v4(240, 0, 0, 4),
];

/// Where addresses of IPv6 for everybody are given out.
const GLOBAL_V6: Network = v6(0x2000, 0, 0, 3);
/// What of it is for protocols, tunnels and documents.
const SPECIAL_V6: [Network; 4] =
    [v6(0x2001, 0, 0, 23), v6(0x2001, 0xdb8, 0, 32), v6(0x2002, 0, 0, 16), v6(0x3fff, 0, 0, 20)];
/// An address of IPv4 in the last 32 bits, reached through a translator.
const TRANSLATED_V6: Network = v6(0x64, 0xff9b, 0, 96);

/// May anybody on the internet have this address? Everything that leads to the machine itself, into a
/// private network or to many at once is not public, however it is written.
pub fn is_public(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let in_any = |networks: &[Network]| networks.iter().any(|network| network.contains(address));
    match address {
        IpAddr::V4(_) => !in_any(&SPECIAL_V4),
        IpAddr::V6(v6) if TRANSLATED_V6.contains(address) => {
            let [.., a, b, c, d] = v6.octets();
            is_public(Ipv4Addr::new(a, b, c, d).into())
        }
        IpAddr::V6(_) => GLOBAL_V6.contains(address) && !in_any(&SPECIAL_V6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(address: &str) -> bool {
        is_public(address.parse().unwrap())
    }

    #[test]
    fn addresses_of_others_are_public() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:4860:4860::8888",
            "64:ff9b::808:808",
            "::ffff:8.8.8.8",
        ] {
            assert!(public(address), "{address}");
        }
    }

    #[test]
    fn what_leads_inside_is_not_public_however_it_is_written() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.1",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "::10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b::c0a8:101",
            "64:ff9b:1::808:808",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2002:808:808::1",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "5f00::1",
        ] {
            assert!(!public(address), "{address}");
        }
    }

    #[test]
    fn a_network_holds_the_addresses_of_its_prefix() {
        let holds = |network: &str, address: &str| {
            network.parse::<Networks>().unwrap().contain(address.parse().unwrap())
        };
        assert!(holds("192.168.4.0/22", "192.168.7.255"));
        assert!(!holds("192.168.4.0/22", "192.168.8.0"));
        assert!(holds("10.0.0.7", "10.0.0.7") && !holds("10.0.0.7", "10.0.0.8"));
        assert!(holds("127.0.0.0/8, ::1", "::1") && holds("127.0.0.0/8", "::ffff:127.0.0.1"));
        assert!(holds("0.0.0.0/0", "8.8.8.8") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("fd00::/8", "fd12::1") && !holds(" ", "10.0.0.1"));
        assert_eq!("10.1.2.3/8".parse::<Network>().unwrap().to_string(), "10.0.0.0/8");
    }

    #[test]
    fn nonsense_is_no_network() {
        for text in ["10.0.0.0/33", "::/129", "lan", "10.0.0.0/", "/8", "10.0.0.0/-1", "10.0/8"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
        assert!(vec!["10.0.0.1"; NETWORKS_MAX + 1].join(",").parse::<Networks>().is_err());
    }
}
