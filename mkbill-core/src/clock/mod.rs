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

    fn indonesian(&self) -> String {
        match self {
            Self::NoTestClock => "mesin ini memakai waktu nyata: mulai jam uji pada basis data baru untuk memajukannya".to_owned(),
            Self::InUse => "basis data ini sedang dipakai: jam uji dimulai pada basis data baru".to_owned(),
            Self::Started(at) => format!("basis data ini sudah punya jam uji, yang menunjukkan {at}: majukan jam itu"),
            Self::Past(at) => format!("jam hanya bergerak maju: sekarang sudah {at}"),
            Self::TooFar => "terlalu banyak yang akan terjadi sampai saat itu: majukan jam dalam langkah yang lebih pendek".to_owned(),
        }
    }
}
