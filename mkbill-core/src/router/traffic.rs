//! Interfaces over many looks: what moved through each, how fast, and which went down.
//!
//! A router counts from its start or from a reset by hand. What is added up here is never counted
//! twice: of an interface only what came since the look before counts, and where a counter began anew
//! in between, what it shows now. What a new interface counted before anybody looked is not known to
//! be new, since it may have had another name, and is left out.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use crate::kernel::ids::RouterId;
use crate::provisioning::controller::ObservedInterface;

use super::moment::{Interval, Moment, counted};

/// The most interfaces that are kept of one router; of more, those that it shows first.
pub const INTERFACES_MAX: usize = 500;

/// Bytes in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Received by the router.
    pub rx: u64,
    /// Sent by the router.
    pub tx: u64,
}

impl Traffic {
    const NONE: Self = Self { rx: 0, tx: 0 };

    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { rx: self.rx.saturating_add(other.rx), tx: self.tx.saturating_add(other.tx) }
    }

    const fn since(self, before: Self) -> Self {
        Self { rx: counted(before.rx, self.rx), tx: counted(before.tx, self.tx) }
    }

    const fn went_back_from(self, before: Self) -> bool {
        self.rx < before.rx || self.tx < before.tx
    }

    /// As a pace over some time; `None` if no time passed.
    fn over(self, time: SignedDuration) -> Option<Rate> {
        let seconds = u64::try_from(time.as_secs()).ok().filter(|seconds| *seconds > 0)?;
        let bits = |bytes: u64| {
            let bits = u128::from(bytes).saturating_mul(8) / u128::from(seconds);
            u64::try_from(bits).unwrap_or(u64::MAX)
        };
        Some(Rate { rx: bits(self.rx), tx: bits(self.tx) })
    }
}

/// Bits a second in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Received by the router.
    pub rx: u64,
    /// Sent by the router.
    pub tx: u64,
}

/// An interface that a router has, but for those that come and go with sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// On which router.
    pub router: RouterId,
    /// Its name there.
    pub name: String,
    /// What it is, such as `ether` or `vlan`.
    pub kind: String,
    /// Does it have a link?
    pub running: bool,
    /// Is it switched off?
    pub disabled: bool,
    /// When it was found down, if it had a link before and was not switched off; until it has one
    /// again.
    pub down_since: Option<Timestamp>,
    /// Since when it is counted.
    pub counted_since: Timestamp,
    /// The look that is spoken of.
    pub seen: Moment,
    /// What its counters showed then.
    pub counters: Traffic,
    /// All that moved since it is counted.
    pub total: Traffic,
    /// How fast it went from the look before to this one; `None` where a counter began anew.
    pub rate: Option<Rate>,
}

/// What moved through an interface on one business date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InterfaceDay {
    /// The date, by when it was seen.
    pub day: jiff::civil::Date,
    /// What moved.
    pub moved: Traffic,
}

/// What a look showed of interfaces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InterfaceNews {
    /// All that are there now.
    pub present: Vec<Interface>,
    /// The names of those that are gone.
    pub gone: Vec<String>,
    /// What moved since the look before, through those through which anything did.
    pub moved: Vec<(String, Traffic)>,
    /// The names of those that lost their link.
    pub down: Vec<String>,
    /// Those that have it back, and how long they were without.
    pub up: Vec<(String, SignedDuration)>,
}

/// Compares the interfaces that are known with those that a look shows. `took` is how long the look
/// took to read.
pub fn news(
    router: RouterId,
    known: &[Interface],
    shown: &[ObservedInterface],
    now: Moment,
    took: SignedDuration,
) -> InterfaceNews {
    let before: HashMap<&str, &Interface> =
        known.iter().map(|known| (known.name.as_str(), known)).collect();
    let mut names = HashSet::new();
    let mut news = InterfaceNews::default();
    for shown in shown.iter().take(INTERFACES_MAX).filter(|shown| names.insert(&*shown.name)) {
        let present = match before.get(shown.name.as_str()) {
            Some(known) => {
                let (present, moved) = go_on(known, shown, now, took);
                news.note_change(known, &present, moved);
                present
            }
            None => begin(router, shown, now),
        };
        news.present.push(present);
    }
    let is_gone = |known: &&Interface| !names.contains(known.name.as_str());
    news.gone = known.iter().filter(is_gone).map(|gone| gone.name.clone()).collect();
    news
}

impl InterfaceNews {
    fn note_change(&mut self, known: &Interface, present: &Interface, moved: Traffic) {
        let name = || present.name.clone();
        if moved != Traffic::NONE {
            self.moved.push((name(), moved));
        }
        match (known.down_since, present.down_since) {
            (None, Some(_)) => self.down.push(name()),
            (Some(since), None) => {
                self.up.push((name(), present.seen.at.duration_since(since)));
            }
            _ => {}
        }
    }
}

fn begin(router: RouterId, shown: &ObservedInterface, now: Moment) -> Interface {
    Interface {
        router,
        name: shown.name.clone(),
        kind: shown.kind.clone(),
        running: shown.running,
        disabled: shown.disabled,
        down_since: None,
        counted_since: now.at,
        seen: now,
        counters: counters(shown),
        total: Traffic::NONE,
        rate: None,
    }
}

fn go_on(
    known: &Interface,
    shown: &ObservedInterface,
    now: Moment,
    took: SignedDuration,
) -> (Interface, Traffic) {
    let interval = Interval { before: Some(known.seen), now, took };
    if interval.is_late() {
        return (known.clone(), Traffic::NONE);
    }
    let elapsed = interval.elapsed();
    let counters = counters(shown);
    let moved = counters.since(elapsed.map_or(Traffic::NONE, |_| known.counters));
    let unbroken = elapsed.filter(|_| !counters.went_back_from(known.counters));
    let present = Interface {
        kind: shown.kind.clone(),
        running: shown.running,
        disabled: shown.disabled,
        down_since: down_since(known, shown, now.at),
        seen: now,
        counters,
        total: known.total.and(moved),
        rate: unbroken.and_then(|elapsed| moved.over(elapsed)),
        ..known.clone()
    };
    (present, moved)
}

const fn counters(shown: &ObservedInterface) -> Traffic {
    Traffic { rx: shown.rx_bytes, tx: shown.tx_bytes }
}

/// One that a person switched off is not down; one that was down before that still is.
fn down_since(known: &Interface, shown: &ObservedInterface, now: Timestamp) -> Option<Timestamp> {
    if shown.running {
        return None;
    }
    known.down_since.or_else(|| (known.running && !shown.disabled).then_some(now))
}

#[cfg(test)]
mod tests;
