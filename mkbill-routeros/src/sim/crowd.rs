//! Customers who come, use the net and leave, in an order that a seed repeats.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use jiff::SignedDuration;

use super::{
    chance::Chance,
    hotspot::LoginRefusal,
    id::ObjectId,
    mac::Mac,
    meter::Traffic,
    ppp::{Dial, PppRefusal, Service},
    shared::Shared,
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

/// How the dialling of a PPP customer went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialIn {
    /// The name of the secret.
    pub name: String,
    /// The row in `/ppp/active`, or why the router said no.
    pub outcome: Result<ObjectId, PppRefusal>,
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
            router.set_traffic(*mac, self.chance.traffic(below));
        }
    }

    /// `count` customers who are online log out, chosen by the seed. Gives how many did.
    pub fn leave(&mut self, count: usize) -> usize {
        let mut router = self.shared.router();
        let devices = self.members.iter().map(|(_, mac, _)| *mac);
        let mut online: Vec<Mac> = devices.filter(|mac| router.has_session(*mac)).collect();
        let leaving = self.chance.pick(&mut online, count);
        leaving.into_iter().filter(|mac| router.logout(*mac)).count()
    }

    /// How many of them are online.
    pub fn online(&self) -> usize {
        let router = self.shared.router();
        let members = self.members.iter();
        members.filter(|(_, mac, _)| router.has_session(*mac)).count()
    }
}

/// Customers with one modem each, numbered in the order in which they were given.
#[derive(Debug)]
pub struct PppCrowd {
    shared: Arc<Shared>,
    members: Vec<Dial>,
    pause: Option<SignedDuration>,
    chance: Chance,
}

impl PppCrowd {
    pub(super) fn new(
        shared: Arc<Shared>,
        customers: impl IntoIterator<Item = Customer>,
        chance: Chance,
    ) -> Self {
        let member = |(number, customer): (u32, Customer)| Dial {
            name: customer.name,
            password: customer.password,
            caller_id: Mac::numbered(number).to_string(),
            service: Service::Pppoe,
        };
        let members = (1..).zip(customers).map(member).collect();
        Self { shared, members, pause: None, chance }
    }

    /// Modems that dial again, after this pause, whenever a line is refused or goes down and its owner did not want
    /// that. Holds for those who dial in from now on.
    #[must_use]
    pub fn redialing(mut self, pause: SignedDuration) -> Self {
        self.pause = Some(pause);
        self
    }

    /// The next `count` customers whose line is down dial in, in order.
    pub fn arrive(&mut self, count: usize) -> Vec<DialIn> {
        let mut router = self.shared.router();
        let mut arrivals = Vec::new();
        for dial in &self.members {
            if arrivals.len() == count {
                break;
            }
            if router.ppp_is_online(&dial.name) {
                continue;
            }
            let outcome = match self.pause {
                Some(pause) => router.ppp_keep_online(dial, pause),
                None => router.ppp_connect(dial),
            };
            arrivals.push(DialIn { name: dial.name.clone(), outcome });
        }
        arrivals
    }

    /// Every customer online moves data at a pace of its own, below these bytes a second.
    pub fn browse(&mut self, below: Traffic) {
        let mut router = self.shared.router();
        for dial in &self.members {
            router.ppp_set_traffic(&dial.name, self.chance.traffic(below));
        }
    }

    /// `count` customers who are online hang up, chosen by the seed. Gives how many did.
    pub fn leave(&mut self, count: usize) -> usize {
        let mut router = self.shared.router();
        let names = self.members.iter().map(|dial| &dial.name);
        let mut online: Vec<&String> = names.filter(|name| router.ppp_is_online(name)).collect();
        let leaving = self.chance.pick(&mut online, count);
        leaving.into_iter().filter(|name| router.ppp_disconnect(name) > 0).count()
    }

    /// How many of them are online.
    pub fn online(&self) -> usize {
        let router = self.shared.router();
        self.members.iter().filter(|dial| router.ppp_is_online(&dial.name)).count()
    }
}

impl Chance {
    fn traffic(&mut self, below: Traffic) -> Traffic {
        Traffic {
            upload_per_second: self.below(below.upload_per_second),
            download_per_second: self.below(below.download_per_second),
        }
    }

    /// Takes up to `count` of these out, in an order of its own.
    fn pick<T>(&mut self, from: &mut Vec<T>, count: usize) -> Vec<T> {
        let picked = count.min(from.len());
        let mut pick = || {
            let chosen = self.below(from.len() as u64);
            from.swap_remove(usize::try_from(chosen).unwrap_or(0))
        };
        (0..picked).map(|_| pick()).collect()
    }
}

/// An address for the n-th customer, in 10.64.0.0/10.
fn address(number: u32) -> IpAddr {
    const NETWORK: u32 = 0x0A40_0000;
    const HOSTS: u32 = 1 << 22;
    Ipv4Addr::from_bits(NETWORK | (number % HOSTS)).into()
}
