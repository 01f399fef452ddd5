//! Looks at a router on its own time, and its counters from one look to the next.

use jiff::{SignedDuration, Timestamp};

/// How far a router that did not restart may seem to have been started at another time.
const BOOT_SLACK: SignedDuration = SignedDuration::from_secs(10);

/// When a router was looked at, on its own time and on ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// By our clock.
    pub at: Timestamp,
    /// How long the router had run.
    pub uptime: SignedDuration,
}

impl Moment {
    fn booted_at(self) -> Timestamp {
        self.at.checked_sub(self.uptime).unwrap_or(Timestamp::MIN)
    }
}

/// From one look at a router to the next.
#[derive(Debug, Clone, Copy)]
pub struct Interval {
    /// When it was looked at before; `None` for the first look.
    pub before: Option<Moment>,
    /// When it is looked at now.
    pub now: Moment,
    /// How long it took to read.
    pub took: SignedDuration,
}

impl Interval {
    /// The router's own time since the look before; `None` if there was none, or if the router
    /// restarted in between.
    pub fn elapsed(self) -> Option<SignedDuration> {
        let before = self.before?;
        let moved = self.now.booted_at().duration_since(before.booted_at());
        let gap = self.now.at.duration_since(before.at);
        // A clock that is off by a thousandth moves the apparent start by as much.
        let allowed = BOOT_SLACK.saturating_add(gap / 1_000).saturating_add(self.took);
        let elapsed = self.now.uptime.checked_sub(before.uptime)?;
        (moved <= allowed && !elapsed.is_negative()).then_some(elapsed)
    }

    /// Is it an older look than the one that is known, written late? Both clocks have to say so: one
    /// alone may have been set back.
    pub fn is_late(self) -> bool {
        let is_older = |before: Moment| self.now.at < before.at && self.now.uptime <= before.uptime;
        self.before.is_some_and(is_older)
    }
}

/// What a counter counted from one value to another: one that went back was reset, and what it shows
/// now came since.
pub const fn counted(before: u64, now: u64) -> u64 {
    match now.checked_sub(before) {
        Some(more) => more,
        None => now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: i64) -> SignedDuration {
        SignedDuration::from_secs(seconds)
    }

    fn moment(at: i64, uptime: i64) -> Moment {
        Moment { at: Timestamp::from_second(at).unwrap(), uptime: seconds(uptime) }
    }

    #[test]
    fn a_router_that_restarted_has_no_time_in_common_with_the_look_before() {
        let elapsed = |before, now, took| {
            Interval { before, now, took: seconds(took) }.elapsed().map(|time| time.as_secs())
        };
        let before = Some(moment(1_000, 400));
        assert_eq!(elapsed(None, moment(1_000, 400), 0), None, "there is no look before");
        assert_eq!(elapsed(before, moment(1_030, 430), 0), Some(30));
        assert_eq!(elapsed(before, moment(1_030, 12), 0), None, "it runs for less than before");
        assert_eq!(elapsed(before, moment(2_000, 450), 0), None, "it was started anew meanwhile");
        assert_eq!(elapsed(before, moment(1_050, 430), 0), None);
        assert_eq!(elapsed(before, moment(1_050, 430), 10), Some(30), "it answered slowly");
        assert_eq!(elapsed(before, moment(101_000, 100_310), 0), Some(99_910), "its clock is slow");
    }

    #[test]
    fn a_look_is_late_if_both_clocks_say_so() {
        let is_late = |now| {
            let before = Some(moment(1_000, 400));
            Interval { before, now, took: SignedDuration::ZERO }.is_late()
        };
        assert!(is_late(moment(970, 370)) && is_late(moment(999, 400)));
        assert!(!is_late(moment(1_000, 400)) && !is_late(moment(1_030, 12)));
        assert!(!is_late(moment(970, 430)), "only ours was set back");
    }

    #[test]
    fn a_counter_that_went_back_counts_from_zero() {
        assert_eq!((counted(5, 9), counted(5, 5), counted(5, 3)), (4, 0, 3));
    }
}
