//! The releases that can be played.

use std::{fmt, str::FromStr};

use crate::value::{Version, version::VersionError};

/// A RouterOS release for the simulator to play. What changes between releases follows its version number.
///
/// ```
/// use mkbill_routeros::sim::RouterOs;
///
/// assert_eq!(RouterOs::V7_18.to_string(), "7.18.2 (stable)");
/// assert_eq!("6.49.10".parse::<RouterOs>()?, RouterOs::V6_49);
/// # Ok::<(), mkbill_routeros::value::version::VersionError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouterOs(Version);

impl RouterOs {
    /// The last one that answers a login by a challenge.
    pub const V6_42: Self = Self(Version::new(6, 42, 12));
    /// The long-term release of version 6.
    pub const V6_49: Self = Self(Version::new(6, 49, 10));
    /// The last one with month names in dates.
    pub const V7_9: Self = Self(Version::new(7, 9, 2));
    /// ISO dates.
    pub const V7_14: Self = Self(Version::new(7, 14, 3));
    /// `!empty` for a print without rows.
    pub const V7_18: Self = Self(Version::new(7, 18, 2));
    /// Secrets are masked unless asked for.
    pub const V7_21: Self = Self(Version::new(7, 21, 3));
    /// A late release of version 7.
    pub const V7_24: Self = Self(Version::new(7, 24, 4));

    /// Every named release, oldest first: for tests that must hold on all of them.
    pub const ALL: [Self; 7] =
        [Self::V6_42, Self::V6_49, Self::V7_9, Self::V7_14, Self::V7_18, Self::V7_21, Self::V7_24];

    /// Its number.
    pub const fn version(self) -> Version {
        self.0
    }

    /// Whether the login takes a plain password, or answers by a challenge.
    pub(super) fn takes_plain_login(self) -> bool {
        self.0.takes_plain_login()
    }
}

impl Default for RouterOs {
    fn default() -> Self {
        Self::V7_18
    }
}

impl From<Version> for RouterOs {
    fn from(version: Version) -> Self {
        Self(version)
    }
}

impl FromStr for RouterOs {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        Version::parse(text).map(Self)
    }
}

impl fmt::Display for RouterOs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let channel = if self.0.major < 7 { "long-term" } else { "stable" };
        write!(formatter, "{} ({channel})", self.0)
    }
}
