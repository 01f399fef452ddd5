//! Instants, civil dates and the clock as an argument.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Tells the time. A use case asks once and passes the answer on.
pub trait Clock: Send + Sync {
    /// The present instant, cut to whole microseconds so that stores keep it exactly.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that meets real time")]
    fn now(&self) -> Timestamp {
        to_micros(Timestamp::now())
    }
}

/// Cuts an instant to whole microseconds, the resolution of both databases.
pub fn to_micros(at: Timestamp) -> Timestamp {
    let nanos = at.subsec_nanosecond();
    Timestamp::new(at.as_second(), nanos - nanos % 1_000).expect("the same second, less precise")
}

/// `at + span`, or the last representable instant: a voucher's end is never wrapped around.
pub fn saturating_add(at: Timestamp, span: SignedDuration) -> Timestamp {
    to_micros(at.saturating_add(span).unwrap_or(Timestamp::MAX))
}

/// The zone in which the business keeps its books.
#[derive(Debug, Clone, PartialEq)]
pub struct BusinessZone(TimeZone);

impl BusinessZone {
    /// A zone by its IANA name, such as `Asia/Jakarta`.
    pub fn named(name: &str) -> Result<Self, jiff::Error> {
        TimeZone::get(name).map(Self)
    }

    /// The business date on which `at` falls.
    pub fn date(&self, at: Timestamp) -> Date {
        at.to_zoned(self.0.clone()).date()
    }

    /// The first instant of `day`.
    pub fn start_of(&self, day: Date) -> Result<Timestamp, jiff::Error> {
        Ok(day.to_zoned(self.0.clone())?.timestamp())
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The zone itself.
    pub fn time_zone(&self) -> &TimeZone {
        &self.0
    }

    /// The first instant after `day`: what is good through a day ends here.
    pub fn end_of(&self, day: Date) -> Result<Timestamp, jiff::Error> {
        Ok(day.tomorrow()?.to_zoned(self.0.clone())?.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_business_date_is_not_the_utc_date() {
        let zone = BusinessZone::named("Asia/Jakarta").unwrap();
        let evening: Timestamp = "2026-01-31T17:00:00Z".parse().unwrap();
        assert_eq!(zone.date(evening), date(2026, 2, 1));
        assert_eq!(zone.end_of(date(2026, 1, 31)).unwrap(), evening);
    }

    #[test]
    fn adding_beyond_the_calendar_stops_at_its_end() {
        let far = saturating_add(Timestamp::MAX, SignedDuration::from_hours(1));
        assert_eq!(far, to_micros(Timestamp::MAX));
    }
}
