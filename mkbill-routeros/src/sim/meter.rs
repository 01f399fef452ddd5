//! What one customer online has used, and when that reaches a limit.

use jiff::{SignedDuration, Timestamp};

use super::clock::later;

/// How much a customer's device moves while it is online.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes a second from the customer: `bytes-in` of the router.
    pub upload_per_second: u64,
    /// Bytes a second to the customer: `bytes-out` of the router.
    pub download_per_second: u64,
}

impl Traffic {
    fn is_idle(self) -> bool {
        self == Self::default()
    }

    /// Both at once.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            upload_per_second: self.upload_per_second.saturating_add(other.upload_per_second),
            download_per_second: self.download_per_second.saturating_add(other.download_per_second),
        }
    }
}

/// What was used: by finished sessions, or by one that runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Time online.
    pub uptime: SignedDuration,
    /// Bytes from the customer.
    pub bytes_in: u64,
    /// Bytes to the customer.
    pub bytes_out: u64,
}

impl Usage {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            uptime: self.uptime.saturating_add(other.uptime),
            bytes_in: self.bytes_in.saturating_add(other.bytes_in),
            bytes_out: self.bytes_out.saturating_add(other.bytes_out),
        }
    }
}

/// What a session may use until it is cut.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Allowance {
    pub time: Option<SignedDuration>,
    pub idle: Option<SignedDuration>,
    pub keepalive: Option<SignedDuration>,
    pub upload: Option<u64>,
    pub download: Option<u64>,
    pub total: Option<u64>,
}

/// Which limit ended a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Traffic,
    Time,
    Idle,
    Keepalive,
}

/// Counts lazily: nothing is done while time passes, everything is worked out for the moment that is asked about.
#[derive(Debug)]
pub(super) struct Meter {
    pub allowance: Allowance,
    traffic: Traffic,
    opened: Timestamp,
    /// The moment for which the thousandths below hold.
    counted: Timestamp,
    /// Thousandths of a byte, so that any stretch of milliseconds adds up exactly.
    upload_thousandths: u64,
    download_thousandths: u64,
    /// Since when nothing was moved, while nothing is.
    quiet_since: Timestamp,
    /// Since when the device does not answer.
    away_since: Option<Timestamp>,
}

impl Meter {
    pub(super) fn started(now: Timestamp, allowance: Allowance) -> Self {
        Self {
            allowance,
            traffic: Traffic::default(),
            opened: now,
            counted: now,
            upload_thousandths: 0,
            download_thousandths: 0,
            quiet_since: now,
            away_since: None,
        }
    }

    pub(super) fn traffic(&self) -> Traffic {
        self.traffic
    }

    pub(super) fn used(&self, now: Timestamp) -> Usage {
        Usage {
            uptime: since(self.opened, now),
            bytes_in: self.upload_at(now) / 1000,
            bytes_out: self.download_at(now) / 1000,
        }
    }

    pub(super) fn idle(&self, now: Timestamp) -> SignedDuration {
        if self.traffic.is_idle() { since(self.quiet_since, now) } else { SignedDuration::ZERO }
    }

    pub(super) fn time_left(&self, now: Timestamp) -> Option<SignedDuration> {
        let left = self.allowance.time?.saturating_sub(since(self.opened, now));
        Some(left.max(SignedDuration::ZERO))
    }

    /// From now on the device moves this much, and so is there.
    pub(super) fn set_traffic(&mut self, now: Timestamp, traffic: Traffic) {
        self.turn(now, traffic);
        self.away_since = None;
    }

    /// The device stops answering.
    pub(super) fn walk_away(&mut self, now: Timestamp) {
        self.turn(now, Traffic::default());
        self.away_since = Some(now);
    }

    /// Moves bytes at once.
    pub(super) fn move_bytes(&mut self, now: Timestamp, upload: u64, download: u64) {
        self.quiet_since = now;
        let add = |held: u64, bytes: u64| held.saturating_add(bytes.saturating_mul(1000));
        self.upload_thousandths = add(self.upload_thousandths, upload);
        self.download_thousandths = add(self.download_thousandths, download);
    }

    /// When the session will end by itself, and why.
    pub(super) fn ending(&self) -> Option<(Timestamp, Cut)> {
        let after = |from: Timestamp, limit: Option<SignedDuration>| Some(later(from, limit?));
        let idle = after(self.quiet_since, self.allowance.idle);
        let away = self.away_since.and_then(|since| after(since, self.allowance.keepalive));
        [
            (after(self.counted, self.bytes_last()), Cut::Traffic),
            (after(self.opened, self.allowance.time), Cut::Time),
            (idle.filter(|_| self.traffic.is_idle()), Cut::Idle),
            (away, Cut::Keepalive),
        ]
        .into_iter()
        .filter_map(|(at, cut)| Some((at?, cut)))
        .min_by_key(|(at, _)| *at)
    }

    fn turn(&mut self, now: Timestamp, traffic: Traffic) {
        self.upload_thousandths = self.upload_at(now);
        self.download_thousandths = self.download_at(now);
        self.counted = later(self.counted, whole_milliseconds(self.counted, now));
        if !self.traffic.is_idle() {
            self.quiet_since = now;
        }
        self.traffic = traffic;
    }

    fn upload_at(&self, now: Timestamp) -> u64 {
        self.upload_thousandths.saturating_add(self.moved(self.traffic.upload_per_second, now))
    }

    fn download_at(&self, now: Timestamp) -> u64 {
        self.download_thousandths.saturating_add(self.moved(self.traffic.download_per_second, now))
    }

    fn moved(&self, per_second: u64, now: Timestamp) -> u64 {
        let passed = whole_milliseconds(self.counted, now).as_millis();
        per_second.saturating_mul(u64::try_from(passed).unwrap_or(0))
    }

    /// How long the bytes last at the present pace, from the moment of the last count.
    fn bytes_last(&self) -> Option<SignedDuration> {
        let Traffic { upload_per_second: up, download_per_second: down } = self.traffic;
        let (uploaded, downloaded) = (self.upload_thousandths, self.download_thousandths);
        let both = uploaded.saturating_add(downloaded);
        [
            lasts(self.allowance.upload, uploaded, up),
            lasts(self.allowance.download, downloaded, down),
            lasts(self.allowance.total, both, up.saturating_add(down)),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

fn since(from: Timestamp, now: Timestamp) -> SignedDuration {
    now.duration_since(from).max(SignedDuration::ZERO)
}

/// What is below a millisecond stays uncounted until it has become one.
fn whole_milliseconds(from: Timestamp, now: Timestamp) -> SignedDuration {
    let passed = i64::try_from(since(from, now).as_millis()).unwrap_or(i64::MAX);
    SignedDuration::from_millis(passed)
}

fn lasts(allowed: Option<u64>, used_thousandths: u64, per_second: u64) -> Option<SignedDuration> {
    let left = allowed?.saturating_mul(1000).saturating_sub(used_thousandths);
    if left == 0 {
        return Some(SignedDuration::ZERO);
    }
    if per_second == 0 {
        return None;
    }
    let milliseconds = i64::try_from(left.div_ceil(per_second)).unwrap_or(i64::MAX);
    Some(SignedDuration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_767_225_600_000 + milliseconds).unwrap()
    }

    #[test]
    fn bytes_add_up_exactly_however_often_the_pace_changes() {
        let traffic = Traffic { upload_per_second: 3, download_per_second: 1000 };
        let mut meter = Meter::started(at(0), Allowance::default());
        for step in 0..1000 {
            meter.set_traffic(at(step * 7), traffic);
        }
        let used = meter.used(at(7000));
        assert_eq!((used.bytes_in, used.bytes_out), (21, 7000));
    }

    #[test]
    fn the_first_limit_that_is_reached_ends_the_session() {
        let hour = Some(SignedDuration::from_hours(1));
        let allowance =
            Allowance { time: hour, total: Some(10_000), idle: hour, ..Allowance::default() };
        let mut meter = Meter::started(at(0), allowance);
        assert_eq!(meter.ending(), Some((at(3_600_000), Cut::Time)));
        let traffic = Traffic { upload_per_second: 0, download_per_second: 1000 };
        meter.set_traffic(at(5000), traffic);
        assert_eq!(meter.ending(), Some((at(15_000), Cut::Traffic)));
    }

    #[test]
    fn a_device_is_idle_from_when_it_last_moved_something() {
        let mut meter = Meter::started(at(0), Allowance::default());
        meter.set_traffic(at(0), Traffic { upload_per_second: 1, download_per_second: 1 });
        assert_eq!(meter.idle(at(9000)), SignedDuration::ZERO);
        meter.set_traffic(at(9000), Traffic::default());
        assert_eq!(meter.idle(at(10_000)), SignedDuration::from_secs(1));
    }
}
