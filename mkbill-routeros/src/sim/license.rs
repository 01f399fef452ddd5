//! What the licence of a router allows.

/// The licence level of a router, which bounds how many customers may be online at once.
///
/// The numbers are those of the table of licence levels in MikroTik's manual.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum License {
    /// Level 1, the free demonstration: one session of each kind.
    L1,
    /// Level 3, for the customer's end of a wireless link.
    L3,
    /// Level 4, for access points.
    L4,
    /// Level 5, for larger access points.
    L5,
    /// Level 6: no limits.
    #[default]
    L6,
}

impl License {
    /// The number that `/system/license` shows as `nlevel`.
    pub const fn level(self) -> u8 {
        match self {
            Self::L1 => 1,
            Self::L3 => 3,
            Self::L4 => 4,
            Self::L5 => 5,
            Self::L6 => 6,
        }
    }

    /// How many hotspot users may be active at once; `None` for no limit.
    pub const fn hotspot_sessions_max(self) -> Option<usize> {
        match self {
            Self::L1 | Self::L3 => Some(1),
            Self::L4 => Some(200),
            Self::L5 => Some(500),
            Self::L6 => None,
        }
    }

    /// How many lines of one PPP service may be up at once; `None` for no limit.
    pub const fn ppp_sessions_max(self) -> Option<usize> {
        match self {
            Self::L1 => Some(1),
            Self::L3 | Self::L4 => Some(200),
            Self::L5 => Some(500),
            Self::L6 => None,
        }
    }
}
