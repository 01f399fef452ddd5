//! How many customers a licence lets in.

/// The level of a licence, as `nlevel` shows it. The numbers are those of the manual's table of licence levels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum License {
    /// One hotspot user, 200 lines of each PPP service.
    Level3,
    /// 200 hotspot users, 200 lines of each PPP service.
    Level4,
    /// 500 hotspot users, 500 lines of each PPP service.
    Level5,
    /// No limit.
    #[default]
    Level6,
}

impl License {
    /// The number of the level.
    pub const fn level(self) -> u8 {
        match self {
            Self::Level3 => 3,
            Self::Level4 => 4,
            Self::Level5 => 5,
            Self::Level6 => 6,
        }
    }

    /// How many hotspot users may be online; `None` for no limit.
    pub const fn hotspot_sessions_max(self) -> Option<usize> {
        match self {
            Self::Level3 => Some(1),
            Self::Level4 => Some(200),
            Self::Level5 => Some(500),
            Self::Level6 => None,
        }
    }

    /// How many lines of one PPP service may be up; `None` for no limit.
    pub const fn ppp_sessions_max(self) -> Option<usize> {
        match self {
            Self::Level3 | Self::Level4 => Some(200),
            Self::Level5 => Some(500),
            Self::Level6 => None,
        }
    }
}
