//! When was a voucher first used? A decision from what two looks at a router show.
//!
//! A router counts time online, and may remember more: a running session, a stamp in the comment, a
//! line in its log. The exact ones win, the earliest of them first; with the counter alone the
//! latest possible instant is taken, in the customer's favour.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::kernel::time::to_micros;
use crate::provisioning::comment::Stamp;

/// A router clock further off than this is wrong: the widest time zone and an hour of drift.
pub const CLOCK_OFFSET_MAX: SignedDuration = SignedDuration::from_hours(15);
/// What a router dates before this year it dated before its clock was set.
pub const CLOCK_YEAR_MIN: i16 = 2024;
/// How far an instant told by a router may lie outside of what the counters allow.
pub const TELLING_SLACK: SignedDuration = SignedDuration::from_secs(60);
/// How far the router's start may seem to move, by drift and slow answers, without a restart.
pub const RESTART_SLACK: SignedDuration = SignedDuration::from_secs(60);
/// How far a counter that includes the running session may differ from that session's time.
const SESSION_SLACK: SignedDuration = SignedDuration::from_secs(5);

/// What was known when the voucher was last seen unused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// The last complete look that saw it unused, or the router's acknowledgement of it.
    pub unused_at: Timestamp,
    /// The user's counter of time online then; zero unless it was used under another voucher.
    pub uptime: SignedDuration,
    /// The router's time since its start then, if it was read.
    pub router_uptime: Option<SignedDuration>,
}

/// What a look shows of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSighting {
    /// The counter of time online.
    pub uptime: SignedDuration,
    /// The stamp in its comment.
    pub stamp: Option<Stamp>,
}

/// What a look shows now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// When, by the engine's clock.
    pub at: Timestamp,
    /// The user; absent if the router has none of this name.
    pub user: Option<UserSighting>,
    /// The longest running session of this name.
    pub session: Option<SignedDuration>,
    /// The earliest `logged in` line of this name that the log still has, by the router's clock.
    pub logged_in: Option<DateTime>,
    /// The router's wall clock, in its own zone.
    pub router_clock: Option<DateTime>,
    /// The router's time since its start.
    pub router_uptime: SignedDuration,
}

/// What an instant of first login rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// The session that is still running.
    Session,
    /// The stamp's wall clock.
    Stamp,
    /// The stamp's time since the router's start, because its wall clock is no use.
    StampByUptime,
    /// The router's log.
    Log,
    /// The counter of time online alone.
    Counter,
}

impl Evidence {
    const ALL: [Self; 5] =
        [Self::Session, Self::Stamp, Self::StampByUptime, Self::Log, Self::Counter];

    /// Is the instant the latest possible one rather than the one that was?
    pub const fn is_estimated(self) -> bool {
        matches!(self, Self::Counter)
    }

    /// The stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Stamp => "stamp",
            Self::StampByUptime => "stamp_by_uptime",
            Self::Log => "log",
            Self::Counter => "counter",
        }
    }

    /// Reads a stored name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|evidence| evidence.name() == name)
    }
}

/// When a voucher was first used, in whole microseconds; `earliest ≤ at ≤ latest`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstLogin {
    /// What is taken.
    pub at: Timestamp,
    /// It was still unused then.
    pub earliest: Timestamp,
    /// It must have been in use then, for its counters to be what they are.
    pub latest: Timestamp,
    /// What `at` rests on.
    pub evidence: Evidence,
}

/// What a look means for a voucher that was unused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Still unused.
    Unused,
    /// Nothing shows a use, but the router restarted: a session may have been lost with its counters.
    Doubtful,
    /// In use since then.
    FirstLogin(FirstLogin),
    /// The counter went back: it was reset, or the user was removed and added by somebody.
    CounterReset,
    /// The router has no such user, and nothing shows that it was used.
    Missing,
}

/// Decides what `now` means for a voucher that was unused `before`.
///
/// Never panics; with contradictory input (an online time longer than the gap between the two
/// looks, an engine clock that went back) the counter alone gives the earlier of the two looks.
pub fn decide(before: &Before, now: &Sighting) -> Verdict {
    let counted = now.user.as_ref().map_or(before.uptime, |user| user.uptime);
    if counted < before.uptime {
        return Verdict::CounterReset;
    }
    let used = counted.saturating_sub(before.uptime).max(SignedDuration::ZERO);
    let look = Look { before, now, used, bounds: Bounds::of(before, now, used) };
    match look.first_login() {
        Some(first_login) => Verdict::FirstLogin(first_login),
        None if now.user.is_none() => Verdict::Missing,
        None if look.restarted() => Verdict::Doubtful,
        None => Verdict::Unused,
    }
}

/// `at - span`, kept within the calendar.
fn before_by(at: Timestamp, span: SignedDuration) -> Timestamp {
    let bound = if span.is_negative() { Timestamp::MAX } else { Timestamp::MIN };
    at.saturating_sub(span).unwrap_or(bound)
}

/// The interval in which the first login lies if there was one.
struct Bounds {
    earliest: Timestamp,
    /// For the time online to fit before the look.
    latest: Timestamp,
    /// For what a router tells: the look itself if the counters fit in no gap, as they do when
    /// several devices add up.
    latest_told: Timestamp,
}

impl Bounds {
    fn of(before: &Before, now: &Sighting, used: SignedDuration) -> Self {
        let online = now.session.map_or(used, |session| used.max(session));
        let earliest = to_micros(before.unused_at.min(now.at));
        let latest = to_micros(before_by(now.at, online.max(SignedDuration::ZERO)));
        let latest_told = if latest < earliest { to_micros(now.at) } else { latest };
        Self { earliest, latest: latest.max(earliest), latest_told }
    }
}

type Claim = (Timestamp, Evidence);

struct Look<'a> {
    before: &'a Before,
    now: &'a Sighting,
    /// Time online since the last look.
    used: SignedDuration,
    bounds: Bounds,
}

impl Look<'_> {
    fn first_login(&self) -> Option<FirstLogin> {
        let told = [self.by_stamp(), self.by_log()].into_iter().flatten().min();
        let (at, evidence) = match (self.by_session(), told) {
            (Some(session), Some(told)) if told.0 < before_by(session.0, SESSION_SLACK) => told,
            (Some(session), _) => session,
            (None, told) => told.or_else(|| self.by_counter())?,
        };
        let Bounds { earliest, latest, .. } = self.bounds;
        Some(FirstLogin { at, earliest, latest: latest.max(at), evidence })
    }

    /// Do counter or session show a use?
    fn is_used(&self) -> bool {
        self.used.is_positive() || self.now.session.is_some()
    }

    /// Exact only if the running session is the first: the counter shows none beside it.
    fn by_session(&self) -> Option<Claim> {
        let beside = self.used.saturating_sub(self.now.session?);
        let is_first = self.used.is_zero() || (-SESSION_SLACK <= beside && beside <= SESSION_SLACK);
        is_first.then_some((self.bounds.latest, Evidence::Session))
    }

    fn by_counter(&self) -> Option<Claim> {
        self.is_used().then_some((self.bounds.latest, Evidence::Counter))
    }

    /// By the stamp's wall clock; by its time since start if that clock is no use, or if it was
    /// changed since while the router kept running.
    fn by_stamp(&self) -> Option<Claim> {
        let stamp = self.now.user.as_ref()?.stamp?;
        let by_clock = self.by_clock(stamp.router_time);
        if let Some(at) = by_clock.and_then(|at| self.plausible(at)) {
            return Some((at, Evidence::Stamp));
        }
        if by_clock.is_some() && self.restarted() {
            return None;
        }
        let at = self.by_uptime(stamp.router_uptime).and_then(|at| self.plausible(at))?;
        Some((at, Evidence::StampByUptime))
    }

    fn by_log(&self) -> Option<Claim> {
        let at = self.by_clock(self.now.logged_in?).and_then(|at| self.plausible(at))?;
        Some((at, Evidence::Log))
    }

    /// The engine's instant of a router's wall clock. Both clocks are read at the same look, so the
    /// router's zone and its error cancel out.
    fn by_clock(&self, time: DateTime) -> Option<Timestamp> {
        let clock = self.now.router_clock.filter(|clock| self.is_trusted(*clock))?;
        let ago = (time.year() >= CLOCK_YEAR_MIN).then(|| clock.duration_since(time))?;
        self.now.at.checked_sub(ago).ok()
    }

    fn is_trusted(&self, clock: DateTime) -> bool {
        let as_utc = clock.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp());
        let offset = as_utc.map(|clock| clock.duration_since(self.now.at));
        offset.is_ok_and(|offset| -CLOCK_OFFSET_MAX <= offset && offset <= CLOCK_OFFSET_MAX)
    }

    /// The instant at which the router had been running for `uptime`, unless it restarted since.
    fn by_uptime(&self, uptime: SignedDuration) -> Option<Timestamp> {
        let ago = self.now.router_uptime.saturating_sub(uptime);
        (!ago.is_negative()).then(|| before_by(self.now.at, ago))
    }

    /// What a router tells, brought between the bounds; `None` if it is too far outside. If nothing
    /// else shows a use, what was told of a time before the last look is of an earlier life.
    fn plausible(&self, told: Timestamp) -> Option<Timestamp> {
        let Bounds { earliest, latest_told, .. } = self.bounds;
        let early = if self.is_used() { TELLING_SLACK } else { SignedDuration::ZERO };
        let fits = earliest.duration_since(told) <= early
            && told.duration_since(latest_told) <= TELLING_SLACK;
        fits.then(|| to_micros(told).clamp(earliest, latest_told))
    }

    /// Did the router restart between the looks?
    fn restarted(&self) -> bool {
        let start = before_by(self.now.at, self.now.router_uptime);
        match self.before.router_uptime {
            Some(uptime) => {
                let start_then = before_by(self.before.unused_at, uptime);
                self.now.router_uptime < uptime || start.duration_since(start_then) > RESTART_SLACK
            }
            None => start > self.before.unused_at,
        }
    }
}

#[cfg(test)]
mod tests;
