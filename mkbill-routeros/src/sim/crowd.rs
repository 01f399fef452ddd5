//! Customers who come, use the net and leave, in an order that a seed repeats.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use super::{
    chance::Chance, hotspot::LoginRefusal, id::ObjectId, mac::Mac, session::Traffic, shared::Shared,
};

/// A customer with a code; vouchers have the code as both name and password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// The user name.
    pub name: String,
    /// The password.
    pub password: String,
}

impl Customer {
    /// A customer whose code is name and password.
    pub fn with_code(code: impl Into<String>) -> Self {
        let name = code.into();
        Self { password: name.clone(), name }
    }
}

/// How the arrival of a customer went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The user name.
    pub name: String,
    /// The device it came with.
    pub mac: Mac,
    /// The row in `/ip/hotspot/active`, or why the hotspot said no.
    pub outcome: Result<ObjectId, LoginRefusal>,
}

/// Customers with one device each, numbered in the order in which they were given.
#[derive(Debug)]
pub struct Crowd {
    shared: Arc<Shared>,
    members: Vec<(Customer, Mac, IpAddr)>,
    chance: Chance,
}

impl Crowd {
    pub(super) fn new(
        shared: Arc<Shared>,
        customers: impl IntoIterator<Item = Customer>,
        chance: Chance,
    ) -> Self {
        let member = |(number, customer)| (customer, Mac::numbered(number), address(number));
        Self { shared, members: (1..).zip(customers).map(member).collect(), chance }
    }

    /// The next `count` customers who are not online come and log in, in order.
    pub fn arrive(&mut self, count: usize) -> Vec<Arrival> {
        let mut router = self.shared.router();
        let mut arrivals = Vec::new();
        for (customer, mac, address) in &self.members {
            if arrivals.len() == count {
                break;
            }
            if router.has_session(*mac) {
                continue;
            }
            arrivals.push(Arrival {
                name: customer.name.clone(),
                mac: *mac,
                outcome: router.login(&customer.name, &customer.password, *mac, *address),
            });
        }
        arrivals
    }

    /// Every customer online moves data at a pace of its own, below these bytes a second.
    pub fn browse(&mut self, below: Traffic) {
        let mut router = self.shared.router();
        for (_, mac, _) in &self.members {
            let traffic = Traffic {
                upload_per_second: self.chance.below(below.upload_per_second),
                download_per_second: self.chance.below(below.download_per_second),
            };
            router.set_traffic(*mac, traffic);
        }
    }

    /// `count` customers who are online log out, chosen by the seed. Gives how many did.
    pub fn leave(&mut self, count: usize) -> usize {
        let mut router = self.shared.router();
        let is_online = |(_, mac, _): &&(Customer, Mac, IpAddr)| router.has_session(*mac);
        let mut online: Vec<Mac> =
            self.members.iter().filter(is_online).map(|(_, mac, _)| *mac).collect();
        let leaving = count.min(online.len());
        for _ in 0..leaving {
            let chosen = self.chance.below(online.len() as u64);
            let mac = online.swap_remove(usize::try_from(chosen).unwrap_or(0));
            router.logout(mac);
        }
        leaving
    }

    /// How many of them are online.
    pub fn online(&self) -> usize {
        let router = self.shared.router();
        let members = self.members.iter();
        members.filter(|(_, mac, _)| router.has_session(*mac)).count()
    }
}

/// An address for the n-th customer, in 10.64.0.0/10.
fn address(number: u32) -> IpAddr {
    const NETWORK: u32 = 0x0A40_0000;
    const HOSTS: u32 = 1 << 22;
    Ipv4Addr::from_bits(NETWORK | (number % HOSTS)).into()
}
