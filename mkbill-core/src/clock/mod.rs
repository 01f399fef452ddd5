//! A database that lives on a test clock, which stands still until it is moved.

pub mod store;

use jiff::Timestamp;

use crate::kernel::error::Refusal;

/// Why a clock is not started or moved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClockRefusal {
    /// The engine has a real one.
    #[error("this engine runs on real time: start a test clock on a new database to move it")]
    NoTestClock,
    /// Somebody's real data would get a false time.
    #[error("this database is in use: a test clock is started on a new one")]
    InUse,
    /// There is one.
    #[error("this database has a test clock already, which shows {0}: move it instead")]
    Started(Timestamp),
    /// Backwards.
    #[error("a clock only moves forward: it is {0} already")]
    Past(Timestamp),
    /// Too far at once.
    #[error("too much would happen until then: move the clock in shorter steps")]
    TooFar,
}

impl Refusal for ClockRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::NoTestClock => "no_test_clock",
            Self::InUse => "clock_in_use",
            Self::Started(_) => "clock_started",
            Self::Past(_) => "clock_past",
            Self::TooFar => "clock_too_far",
        }
    }
}
