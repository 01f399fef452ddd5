//! What the licence of a router allows.

/// How many customers may be online at once; `None` for any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LicenceLimits {
    /// At the hotspot.
    pub hotspot: Option<u64>,
    /// Over `PPPoE`; other tunnels are counted apart.
    pub pppoe: Option<u64>,
}

impl LicenceLimits {
    const UNLIMITED: Self = Self { hotspot: None, pppoe: None };

    const fn at_most(hotspot: u64, pppoe: u64) -> Self {
        Self { hotspot: Some(hotspot), pppoe: Some(pppoe) }
    }

    /// From the level that a router shows: `L4`, or `p1` of one in software, whose licences limit the
    /// speed only. `None` for a level whose limits are not known.
    ///
    /// The numbers are those of the table of licence levels in `MikroTik`'s manual.
    pub fn of(level: &str) -> Option<Self> {
        Some(match level {
            "L1" => Self::at_most(1, 1),
            "L3" => Self::at_most(1, 200),
            "L4" => Self::at_most(200, 200),
            "L5" => Self::at_most(500, 500),
            "L6" | "free" | "p1" | "p10" | "p-unlimited" => Self::UNLIMITED,
            _ => return None,
        })
    }
}

/// How much of a limit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LicenceUse {
    /// Customers online.
    pub used: u64,
    /// How many may be.
    pub allowed: u64,
}

impl LicenceUse {
    /// In whole percent, rounded down: 100 only when nobody else gets in.
    pub fn percent(self) -> u64 {
        let percent = u128::from(self.used) * 100 / u128::from(self.allowed.max(1));
        u64::try_from(percent).unwrap_or(u64::MAX)
    }

    /// The one of both of which less is left, by its share.
    pub(super) fn tighter(self, other: Self) -> Self {
        let share = |one: Self, of: Self| u128::from(one.used) * u128::from(of.allowed);
        if share(self, other) >= share(other, self) { self } else { other }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_has_its_limits_and_an_unknown_one_has_none() {
        let limits = |level| LicenceLimits::of(level).map(|limits| (limits.hotspot, limits.pppoe));
        for (level, expected) in [
            ("L1", Some((Some(1), Some(1)))),
            ("L3", Some((Some(1), Some(200)))),
            ("L4", Some((Some(200), Some(200)))),
            ("L5", Some((Some(500), Some(500)))),
            ("L6", Some((None, None))),
            ("free", Some((None, None))),
            ("p-unlimited", Some((None, None))),
            ("L0", None),
            ("", None),
        ] {
            assert_eq!(limits(level), expected, "{level:?}");
        }
    }

    #[test]
    fn percent_is_full_only_when_nobody_else_gets_in() {
        let percent = |used, allowed| LicenceUse { used, allowed }.percent();
        assert_eq!((percent(0, 200), percent(199, 200), percent(200, 200)), (0, 99, 100));
        assert_eq!(percent(250, 200), 125, "sessions that were there before the licence stay");
    }

    #[test]
    fn the_tighter_limit_is_the_one_of_which_the_larger_share_is_used() {
        let (hotspot, pppoe) =
            (LicenceUse { used: 1, allowed: 1 }, LicenceUse { used: 150, allowed: 200 });
        assert_eq!(hotspot.tighter(pppoe), hotspot);
        assert_eq!(pppoe.tighter(hotspot), hotspot);
    }
}
