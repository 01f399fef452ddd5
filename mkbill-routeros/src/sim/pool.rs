//! Pools of addresses, and who holds which.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    net::{IpAddr, Ipv4Addr},
};

use super::{
    agenda::Guest, menus, prefix::Prefix, record::Record, refusal::Refusal, router::Router,
};

/// How many ranges a pool may have.
const RANGES_MAX: usize = 64;
/// How many pools are asked one after the other when each says `next-pool`.
const POOLS_IN_CHAIN_MAX: usize = 16;

/// The addresses of a pool: first and last of each range, in the order in which they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ranges(Vec<(Ipv4Addr, Ipv4Addr)>);

impl Ranges {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let ranges: Vec<_> = text.split(',').map(range).collect::<Result<_, _>>()?;
        if ranges.len() > RANGES_MAX {
            return Err(Refusal::invalid_value("ranges"));
        }
        Ok(Self(ranges))
    }

    /// The n-th address from the end: routers hand the highest ones out first.
    fn nth_from_end(&self, mut number: u64) -> Option<Ipv4Addr> {
        for (first, last) in self.0.iter().rev() {
            let held = u64::from(last.to_bits() - first.to_bits()) + 1;
            if number < held {
                let offset = u32::try_from(number).ok()?;
                return Some(Ipv4Addr::from_bits(last.to_bits() - offset));
            }
            number -= held;
        }
        None
    }

    fn contains(&self, address: Ipv4Addr) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&address))
    }
}

fn range(text: &str) -> Result<(Ipv4Addr, Ipv4Addr), Refusal> {
    let invalid = || Refusal::invalid_value("ranges");
    if let Some((first, last)) = text.split_once('-') {
        let first: Ipv4Addr = first.parse().map_err(|_| invalid())?;
        let last = last.parse().map_err(|_| Refusal::no_range_end())?;
        return if first <= last { Ok((first, last)) } else { Err(invalid()) };
    }
    let network: Prefix = text.parse().map_err(|_| invalid())?;
    match network.bounds() {
        (IpAddr::V4(first), IpAddr::V4(last)) => Ok((first, last)),
        _ => Err(invalid()),
    }
}

impl fmt::Display for Ranges {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let range = |(first, last): &(Ipv4Addr, Ipv4Addr)| {
            if first == last { first.to_string() } else { format!("{first}-{last}") }
        };
        let ranges: Vec<String> = self.0.iter().map(range).collect();
        formatter.write_str(&ranges.join(","))
    }
}

/// An address in use.
#[derive(Debug)]
struct Lease {
    pool: Vec<u8>,
    guest: Guest,
    info: Vec<u8>,
}

/// How far one text of ranges has been handed out, so that the next free address is found without a search.
#[derive(Debug)]
struct Cursor {
    ranges: Ranges,
    /// How many addresses, from the end, were looked at.
    fresh: u64,
    /// Those among them that came back.
    returned: BTreeSet<Ipv4Addr>,
}

impl Cursor {
    fn next_free(&mut self, taken: &BTreeMap<Ipv4Addr, Lease>) -> Option<Ipv4Addr> {
        while let Some(address) = self.returned.pop_last() {
            if !taken.contains_key(&address) {
                return Some(address);
            }
        }
        loop {
            let address = self.ranges.nth_from_end(self.fresh)?;
            self.fresh += 1;
            if !taken.contains_key(&address) {
                return Some(address);
            }
        }
    }
}

/// Which addresses of the pools are in use.
#[derive(Debug, Default)]
pub(super) struct Pools {
    taken: BTreeMap<Ipv4Addr, Lease>,
    held: HashMap<Guest, Ipv4Addr>,
    cursors: HashMap<Vec<u8>, Cursor>,
}

impl Pools {
    fn take(&mut self, ranges: &[u8], lease: Lease) -> Option<Ipv4Addr> {
        if !self.cursors.contains_key(ranges) {
            let text = std::str::from_utf8(ranges).ok()?;
            let cursor =
                Cursor { ranges: Ranges::parse(text).ok()?, fresh: 0, returned: BTreeSet::new() };
            self.cursors.insert(ranges.to_vec(), cursor);
        }
        let address = self.cursors.get_mut(ranges)?.next_free(&self.taken)?;
        self.held.insert(lease.guest, address);
        self.taken.insert(address, lease);
        Some(address)
    }

    /// The address of a customer who leaves is free again.
    pub(super) fn give_back(&mut self, guest: Guest) {
        let Some(address) = self.held.remove(&guest) else {
            return;
        };
        self.taken.remove(&address);
        for cursor in self.cursors.values_mut() {
            if cursor.ranges.contains(address) {
                cursor.returned.insert(address);
            }
        }
    }

    pub(super) fn used_records(&self) -> impl Iterator<Item = Record<'_>> {
        self.taken.iter().map(|(address, lease)| {
            let owner = match lease.guest {
                Guest::Hotspot(_) => "hotspot",
                Guest::Ppp(_) => "ppp",
            };
            let mut record = Record::default();
            record.push("pool", &lease.pool[..]);
            let mut record = record.with("address", address).with("owner", owner);
            record.push("info", &lease.info[..]);
            record
        })
    }
}

impl Router {
    /// The next free address of a pool, or of those behind it. `None` when there is none left.
    pub(super) fn take_address(
        &mut self,
        pool: &[u8],
        guest: Guest,
        info: &[u8],
    ) -> Option<Ipv4Addr> {
        let mut name = pool.to_vec();
        for _ in 0..POOLS_IN_CHAIN_MAX {
            let table = self.tables.get(menus::POOL)?;
            let id = table.find(&name)?;
            let ranges = table.text(id, "ranges")?;
            let lease = Lease { pool: name.clone(), guest, info: info.to_vec() };
            if let Some(address) = self.pools.take(ranges, lease) {
                return Some(address);
            }
            name = table.text(id, "next-pool")?.to_vec();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(pools: &mut Pools, ranges: &str, number: u32) -> Option<String> {
        let lease = Lease { pool: Vec::new(), guest: Guest::Ppp(number), info: Vec::new() };
        pools.take(ranges.as_bytes(), lease).map(|address| address.to_string())
    }

    #[test]
    fn a_pool_hands_out_each_address_once_and_takes_it_back() {
        let mut pools = Pools::default();
        let ranges = "10.0.0.2-10.0.0.3,10.0.0.9";
        let given: Vec<_> = (0..4).map(|number| take(&mut pools, ranges, number)).collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(given, [text("10.0.0.9"), text("10.0.0.3"), text("10.0.0.2"), None]);
        pools.give_back(Guest::Ppp(1));
        assert_eq!(take(&mut pools, ranges, 5), text("10.0.0.3"));
    }

    #[test]
    fn two_pools_that_overlap_never_give_one_address_twice() {
        let mut pools = Pools::default();
        let mut take = |ranges| take(&mut pools, ranges, 0).unwrap_or_default();
        assert_eq!(take("10.0.0.2-10.0.0.3"), "10.0.0.3");
        assert_eq!(take("10.0.0.0/30"), "10.0.0.2");
        assert_eq!(take("10.0.0.2-10.0.0.3"), "");
        assert_eq!(take("10.0.0.0/30"), "10.0.0.1");
    }

    #[test]
    fn ranges_are_refused_in_the_words_of_a_router() {
        let refused = |text: &str| Ranges::parse(text).unwrap_err().message;
        let no_end = "value of range must have ip address after '-'";
        assert_eq!(refused("10.0.0.1-x"), no_end);
        assert_eq!(refused("pool"), "invalid value for argument ranges");
        assert_eq!(refused("10.0.0.9-10.0.0.1"), "invalid value for argument ranges");
    }
}
