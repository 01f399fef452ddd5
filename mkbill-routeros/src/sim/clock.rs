//! The router's own idea of time, which may differ from the true one.

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::Offset};

/// What a board without a battery shows after power came back.
const AFTER_POWER_CUT: DateTime = DateTime::constant(1970, 1, 2, 0, 0, 0, 0);

/// True time, and how the router shows it.
#[derive(Debug, Clone)]
pub struct RouterClock {
    now: Timestamp,
    booted: Timestamp,
    offset: Offset,
    zone: String,
    reading: Reading,
}

#[derive(Debug, Clone, Copy)]
enum Reading {
    /// Ahead of true time by this much.
    Skewed(SignedDuration),
    /// Began to count at boot, because nobody told it the time.
    CountsFromBoot,
}

impl RouterClock {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            now,
            booted: now,
            offset: Offset::UTC,
            zone: "UTC".to_owned(),
            reading: Reading::Skewed(SignedDuration::ZERO),
        }
    }

    /// The true time.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What the router shows on its clock, in its own zone.
    pub fn shown(&self) -> DateTime {
        match self.reading {
            Reading::Skewed(skew) => self.offset.to_datetime(later(self.now, skew)),
            Reading::CountsFromBoot => AFTER_POWER_CUT.saturating_add(self.uptime()),
        }
    }

    /// Time since the last boot.
    pub fn uptime(&self) -> SignedDuration {
        self.now.duration_since(self.booted)
    }

    /// The name of the router's zone.
    pub fn zone(&self) -> &str {
        &self.zone
    }

    /// How far the zone is ahead of UTC.
    pub fn offset(&self) -> Offset {
        self.offset
    }

    /// Sets the zone by name and by how far it is ahead of UTC.
    pub fn set_zone(&mut self, name: impl Into<String>, offset: Offset) {
        self.zone = name.into();
        self.offset = offset;
    }

    /// Makes the clock run ahead of true time, or behind it when negative.
    pub fn set_skew(&mut self, ahead: SignedDuration) {
        self.reading = Reading::Skewed(ahead);
    }

    /// Sets the clock by hand to a time of its own zone.
    pub fn set_shown(&mut self, shown: DateTime) {
        let true_shown = self.offset.to_datetime(self.now);
        self.set_skew(shown.duration_since(true_shown));
    }

    /// The network told the true time.
    pub fn ntp_sync(&mut self) {
        self.set_skew(SignedDuration::ZERO);
    }

    pub(super) fn set(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// Power was lost: the clock starts from 1970 until [`Self::ntp_sync`].
    pub(super) fn reboot(&mut self) {
        self.booted = self.now;
        self.reading = Reading::CountsFromBoot;
    }
}

pub(super) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).expect("a signed duration has no calendar units")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> RouterClock {
        RouterClock::new("2026-03-01T10:00:00Z".parse().unwrap())
    }

    #[test]
    fn the_clock_shows_its_own_zone_and_skew() {
        let mut clock = clock();
        clock.set_zone("Asia/Jakarta", Offset::constant(7));
        clock.set_skew(SignedDuration::from_mins(-5));
        assert_eq!(clock.shown().to_string(), "2026-03-01T16:55:00");
    }

    #[test]
    fn after_a_power_cut_it_counts_from_1970_until_the_network_tells_the_time() {
        let mut clock = clock();
        clock.reboot();
        clock.set(later(clock.now(), SignedDuration::from_secs(30)));
        assert_eq!(clock.shown().to_string(), "1970-01-02T00:00:30");
        clock.ntp_sync();
        assert_eq!(clock.shown().to_string(), "2026-03-01T10:00:30");
        assert_eq!(clock.uptime(), SignedDuration::from_secs(30));
    }

    #[test]
    fn a_clock_set_by_hand_keeps_its_distance() {
        let mut clock = clock();
        clock.set_shown(DateTime::constant(2030, 1, 1, 0, 0, 0, 0));
        clock.set(later(clock.now(), SignedDuration::from_hours(1)));
        assert_eq!(clock.shown().to_string(), "2030-01-01T01:00:00");
    }
}
