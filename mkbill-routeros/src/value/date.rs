//! Dates: `jul/14/2023 08:00:00` through 7.9 and `2023-07-14 08:00:00` from 7.10 on. Both are read
//! everywhere.
//!
//! All of them are the router's own civil time: what zone that is, and how wrong, the reader must
//! know.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
};
use thiserror::Error;

use super::duration;

/// A text that is no date, or a date that the calendar does not have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("reading date {text:?}")]
pub struct DateError {
    /// The text as it came, cut to a readable length.
    pub text: String,
}

/// Which of the two forms a router writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DateDialect {
    /// `jul/14/2023`, through 7.9.
    MonthName,
    /// `2023-07-14`, from 7.10 on.
    Iso,
}

const TEXT_BYTES_MAX: usize = 40;
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// Parses a date, with or without a time of day (midnight then), in either dialect.
///
/// # Errors
///
/// [`DateError`] for anything else.
pub fn parse(text: &str) -> Result<DateTime, DateError> {
    read(text, |text| {
        let (date, time) = text.split_once(' ').unwrap_or((text, "00:00:00"));
        Some(civil_date(date)?.to_datetime(civil_time(time)?))
    })
}

/// As [`parse`], where the start of 1970 or an empty text means "never" and gives `None`.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_optional(text: &str) -> Result<Option<DateTime>, DateError> {
    if text.is_empty() || text == "never" {
        return Ok(None);
    }
    parse(text).map(|date| (date != EPOCH).then_some(date))
}

/// A time by the router's clock. Routers before 7.10 leave off what is the same as now in some
/// fields, such as the time of a log row or the next run of a scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RouterTime {
    /// Date and time.
    Full(DateTime),
    /// `jul/14 08:00:00`: the year is left off.
    YearLess {
        /// 1 to 12.
        month: i8,
        /// 1 to 31.
        day: i8,
        /// The time of day.
        time: Time,
    },
    /// `08:00:00`: the day is left off.
    DayLess(Time),
}

impl RouterTime {
    /// Parses either dialect, whole or shortened.
    ///
    /// # Errors
    ///
    /// [`DateError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        if let Ok(full) = parse(text) {
            return Ok(Self::Full(full));
        }
        read(text, |text| {
            let Some((date, time)) = text.split_once(' ') else {
                return civil_time(text).map(Self::DayLess);
            };
            let (month, day) = date.split_once('/')?;
            let date = month_day(LEAP_YEAR, month, day)?;
            Some(Self::YearLess { month: date.month(), day: date.day(), time: civil_time(time)? })
        })
    }

    /// The moment it means when it lies in the past: the newest that is not after `router_now`, which
    /// is the router's own clock. A time without a day is today's. `None` for a day that neither
    /// this year nor the last one has.
    pub fn past(self, router_now: DateTime) -> Option<DateTime> {
        let this_year = self.in_year(router_now.year()).filter(|at| *at <= router_now);
        this_year.or_else(|| self.of_today_or_in(router_now, router_now.year() - 1))
    }

    /// The moment it means when it is to come: the first that is not before `router_now`. A time
    /// without a day is today's. `None` for a day that neither this year nor the next one has.
    pub fn coming(self, router_now: DateTime) -> Option<DateTime> {
        let this_year = self.in_year(router_now.year()).filter(|at| *at >= router_now);
        this_year.or_else(|| self.of_today_or_in(router_now, router_now.year() + 1))
    }

    fn in_year(self, year: i16) -> Option<DateTime> {
        match self {
            Self::YearLess { month, day, time } => {
                Some(Date::new(year, month, day).ok()?.to_datetime(time))
            }
            Self::Full(_) | Self::DayLess(_) => None,
        }
    }

    fn of_today_or_in(self, now: DateTime, year: i16) -> Option<DateTime> {
        match self {
            Self::Full(at) => Some(at),
            Self::DayLess(time) => Some(now.date().to_datetime(time)),
            Self::YearLess { .. } => self.in_year(year),
        }
    }

    /// Whether it stands for a moment that never was.
    pub fn is_never(self) -> bool {
        self == Self::Full(EPOCH)
    }
}

/// A year that has every day.
const LEAP_YEAR: i16 = 2024;

/// Parses the `time` of a log row: see [`RouterTime::past`].
///
/// # Errors
///
/// As [`parse`].
pub fn parse_log_time(text: &str, router_now: DateTime) -> Result<DateTime, DateError> {
    let at = RouterTime::parse(text)?.past(router_now);
    at.ok_or_else(|| DateError { text: text.to_owned() })
}

/// Parses a time of day, `hh:mm:ss`.
///
/// # Errors
///
/// [`DateError`] for anything else.
pub fn parse_time(text: &str) -> Result<Time, DateError> {
    read(text, civil_time)
}

/// Parses what `:timestamp` prints: the time since 1970 as a duration, such as
/// `2735w1d21:41:43.48`. It is as right as the router's clock.
///
/// # Errors
///
/// [`DateError`] for anything that is no duration, or lies before 1970 or beyond the year 9999.
pub fn parse_timestamp(text: &str) -> Result<Timestamp, DateError> {
    read(text, |text| {
        let since = duration::parse(text).ok().filter(|since| !since.is_negative())?;
        Timestamp::UNIX_EPOCH.checked_add(since).ok()
    })
}

/// Writes date and time of day.
pub fn format(at: DateTime, dialect: DateDialect) -> String {
    format!("{} {}", format_date(at.date(), dialect), format_time(at.time()))
}

/// Writes a date alone.
pub fn format_date(date: Date, dialect: DateDialect) -> String {
    match dialect {
        DateDialect::Iso => date.to_string(),
        DateDialect::MonthName => {
            let month = usize::from(date.month().unsigned_abs()) - 1;
            format!("{}/{:02}/{:04}", MONTHS[month], date.day(), date.year())
        }
    }
}

/// Writes a time of day as `hh:mm:ss`.
pub fn format_time(time: Time) -> String {
    format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
}

/// What routers print for a moment that never was.
pub fn never(dialect: DateDialect) -> String {
    format(EPOCH, dialect)
}

fn read<T>(text: &str, reader: impl FnOnce(&str) -> Option<T>) -> Result<T, DateError> {
    (text.len() <= TEXT_BYTES_MAX)
        .then(|| reader(text))
        .flatten()
        .ok_or_else(|| DateError { text: text.chars().take(TEXT_BYTES_MAX).collect() })
}

fn civil_date(text: &str) -> Option<Date> {
    if let Some((month, rest)) = text.split_once('/') {
        let (day, year) = rest.split_once('/')?;
        return month_day(number(year, 4)?, month, day);
    }
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    Date::new(
        number(year, 4)?,
        number(month, 2)?.try_into().ok()?,
        number(day, 2)?.try_into().ok()?,
    )
    .ok()
}

fn month_day(year: i16, month: &str, day: &str) -> Option<Date> {
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))? + 1;
    Date::new(year, month.try_into().ok()?, number(day, 2)?.try_into().ok()?).ok()
}

fn civil_time(text: &str) -> Option<Time> {
    let mut fields = text.split(':').map(|field| i8::try_from(number(field, 2)?).ok());
    let (hour, minute, second) = (fields.next()??, fields.next()??, fields.next()??);
    fields.next().is_none().then_some(())?;
    Time::new(hour, minute, second, 0).ok()
}

fn number(digits: &str, width_max: usize) -> Option<i16> {
    let plain = digits.len() <= width_max && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use jiff::civil::datetime;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn both_dialects_mean_the_same_moment() {
        let expected = datetime(2023, 7, 14, 8, 0, 0, 0);
        assert_eq!(parse("jul/14/2023 08:00:00"), Ok(expected));
        assert_eq!(parse("2023-07-14 08:00:00"), Ok(expected));
        assert_eq!(parse("Jul/14/2023"), Ok(expected.date().to_datetime(Time::midnight())));
        assert_eq!(parse("2023-07-14"), Ok(expected.date().to_datetime(Time::midnight())));
    }

    #[test]
    fn each_dialect_is_written_as_its_routers_write_it() {
        let at = datetime(2023, 7, 4, 8, 5, 9, 0);
        assert_eq!(format(at, DateDialect::MonthName), "jul/04/2023 08:05:09");
        assert_eq!(format(at, DateDialect::Iso), "2023-07-04 08:05:09");
    }

    #[test]
    fn the_start_of_1970_means_never() {
        for dialect in [DateDialect::MonthName, DateDialect::Iso] {
            assert_eq!(parse_optional(&never(dialect)), Ok(None));
        }
        assert_eq!(parse_optional("never"), Ok(None));
        assert!(parse_optional("jan/01/1970 00:00:01").unwrap().is_some());
    }

    #[test]
    fn a_log_row_without_date_is_from_today_and_one_without_year_is_from_the_past() {
        let now = datetime(2024, 1, 3, 9, 0, 0, 0);
        assert_eq!(parse_log_time("08:59:58", now), Ok(datetime(2024, 1, 3, 8, 59, 58, 0)));
        assert_eq!(parse_log_time("jan/02 23:00:00", now), Ok(datetime(2024, 1, 2, 23, 0, 0, 0)));
        assert_eq!(parse_log_time("dec/31 23:00:00", now), Ok(datetime(2023, 12, 31, 23, 0, 0, 0)));
        assert_eq!(
            parse_log_time("2023-12-31 23:00:00", now),
            Ok(datetime(2023, 12, 31, 23, 0, 0, 0))
        );
    }

    #[test]
    fn a_shortened_time_to_come_is_the_next_one() {
        let now = datetime(2023, 12, 31, 9, 0, 0, 0);
        for (text, expected) in [
            ("10:00:00", datetime(2023, 12, 31, 10, 0, 0, 0)),
            ("dec/31 23:00:00", datetime(2023, 12, 31, 23, 0, 0, 0)),
            ("jan/02 03:04:05", datetime(2024, 1, 2, 3, 4, 5, 0)),
            ("feb/29 00:00:00", datetime(2024, 2, 29, 0, 0, 0, 0)),
            ("jan/02/2025 03:04:05", datetime(2025, 1, 2, 3, 4, 5, 0)),
            ("2025-01-02 03:04:05", datetime(2025, 1, 2, 3, 4, 5, 0)),
        ] {
            let coming = RouterTime::parse(text).unwrap().coming(now);
            assert_eq!(coming, Some(expected), "{text}");
        }
        let leap_day = RouterTime::parse("feb/29 00:00:00").unwrap();
        assert_eq!(leap_day.past(now), None);
        assert!(RouterTime::parse("feb/30 00:00:00").is_err());
    }

    #[test]
    fn a_timestamp_is_the_time_since_1970() {
        let at = parse_timestamp("2735w1d21:41:43.48").unwrap();
        assert_eq!(at.to_string(), "2022-06-03T21:41:43.48Z");
        assert_eq!(parse_timestamp("0s"), Ok(Timestamp::UNIX_EPOCH));
        for text in ["", "-1s", "2022-06-03", "now"] {
            assert!(parse_timestamp(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_the_calendar_does_not_have_is_refused() {
        for text in [
            "",
            "feb/30/2023",
            "2023-02-29",
            "2023-13-01",
            "foo/01/2023",
            "2023-07-14 25:00:00",
            "2023-07-14 08:00",
            "14.07.2023",
            "2023-07-14T08:00:00",
            "-2023-07-14",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_survives_a_round_trip_in_both_dialects(
            day in 0_i32..80_000,
            second in 0_i64..86_400,
        ) {
            let at = EPOCH
                .checked_add(jiff::Span::new().days(day))
                .and_then(|at| at.checked_add(jiff::Span::new().seconds(second)))
                .unwrap();
            for dialect in [DateDialect::MonthName, DateDialect::Iso] {
                prop_assert_eq!(parse(&format(at, dialect)).unwrap(), at);
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _ = parse(&text);
            let _ = parse_log_time(&text, EPOCH);
            let _ = parse_timestamp(&text);
            let _ = RouterTime::parse(&text).map(|time| time.coming(DateTime::MAX));
        }
    }
}
