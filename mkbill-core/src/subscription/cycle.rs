//! When the periods of a subscription begin and end.

use std::fmt;
use std::num::NonZeroU16;

use jiff::civil::Date;
use jiff::{Span, Unit};

use crate::kernel::error::Refusal;

/// How long one period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cycle {
    /// Seven days.
    Weekly,
    /// To the same day of the next month.
    Monthly,
    /// To the same day three months later.
    Quarterly,
    /// To the same day of the next year.
    Yearly,
    /// A number of days.
    Days(NonZeroU16),
}

/// One period: from the day of `start` up to, and without, the day of `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    /// The first day.
    pub start: Date,
    /// The first day after it, which is the first of the next period.
    pub end: Date,
}

/// The periods of one subscription, counted from its anchor.
///
/// Period `k` begins at anchor + `k` cycles. A month too short for the anchor's day is clamped to its
/// last day, and the month after returns to the anchor's day, because no boundary is derived from a
/// clamped one.
///
/// ```
/// use jiff::civil::date;
/// use mkbill_core::subscription::cycle::{Calendar, Cycle};
///
/// let calendar = Calendar { cycle: Cycle::Monthly, anchor: date(2026, 1, 31) };
/// assert_eq!(calendar.period(1)?.start, date(2026, 2, 28));
/// assert_eq!(calendar.period(2)?.start, date(2026, 3, 31));
/// # Ok::<(), mkbill_core::subscription::cycle::BeyondCalendar>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Calendar {
    /// How long each period is.
    pub cycle: Cycle,
    /// The first day of period 0.
    pub anchor: Date,
}

/// A period would end after the year 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("period {0} lies beyond the calendar")]
pub struct BeyondCalendar(pub u32);

impl Refusal for BeyondCalendar {
    fn code(&self) -> &'static str {
        "beyond_calendar"
    }

    fn indonesian(&self) -> String {
        format!("periode {} berada di luar kalender", self.0)
    }
}

enum Step {
    Days(i64),
    Months(i64),
}

impl Cycle {
    fn step(self) -> Step {
        match self {
            Self::Weekly => Step::Days(7),
            Self::Days(days) => Step::Days(i64::from(days.get())),
            Self::Monthly => Step::Months(1),
            Self::Quarterly => Step::Months(3),
            Self::Yearly => Step::Months(12),
        }
    }
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weekly => f.write_str("weekly"),
            Self::Monthly => f.write_str("monthly"),
            Self::Quarterly => f.write_str("quarterly"),
            Self::Yearly => f.write_str("yearly"),
            Self::Days(days) => write!(f, "{days} days"),
        }
    }
}

impl Period {
    /// Whether service on `day` belongs to it.
    pub fn contains(self, day: Date) -> bool {
        self.start <= day && day < self.end
    }

    /// How many days it has.
    pub fn days(self) -> u32 {
        days_between(self.start, self.end)
    }

    /// How many of its days are left when `day` has not begun yet: all before it, none after it.
    pub fn days_left(self, day: Date) -> u32 {
        days_between(day.clamp(self.start, self.end), self.end)
    }
}

/// How many days lie between two dates; 0 if they are not in this order.
pub fn days_between(from: Date, to: Date) -> u32 {
    let span = from.until((Unit::Day, to)).expect("two dates are a number of days apart");
    u32::try_from(span.get_days()).unwrap_or(0)
}

/// The date so many days later; `None` after the year 9999.
pub fn add_days(date: Date, days: u32) -> Option<Date> {
    date.checked_add(Span::new().try_days(days).ok()?).ok()
}

/// The date so many days earlier, or the first there is.
pub fn sub_days(date: Date, days: u32) -> Date {
    date.saturating_sub(Span::new().days(days.min(DAYS_MAX)))
}

/// More days than the calendar has.
const DAYS_MAX: u32 = 4_000_000;

impl Calendar {
    /// The `number`-th period, counted from 0.
    pub fn period(self, number: u32) -> Result<Period, BeyondCalendar> {
        let beyond = BeyondCalendar(number);
        let next = number.checked_add(1).ok_or(beyond)?;
        let boundary = |number| self.boundary(i64::from(number)).ok_or(beyond);
        Ok(Period { start: boundary(number)?, end: boundary(next)? })
    }

    /// The period that `day` belongs to and its number; `None` before the anchor.
    pub fn period_on(self, day: Date) -> Option<(u32, Period)> {
        let guess = match self.cycle.step() {
            Step::Days(days) => i64::from(days_between(self.anchor, day)) / days,
            Step::Months(months) => months_between(self.anchor, day) / months,
        };
        // A guess by months is one too many while the anchor's day of the month is still to come.
        [guess, guess - 1].into_iter().find_map(|number| {
            let number = u32::try_from(number).ok()?;
            let period = self.period(number).ok()?;
            period.contains(day).then_some((number, period))
        })
    }

    fn boundary(self, number: i64) -> Option<Date> {
        let span = match self.cycle.step() {
            Step::Days(days) => Span::new().try_days(days.checked_mul(number)?),
            Step::Months(months) => Span::new().try_months(months.checked_mul(number)?),
        };
        self.anchor.checked_add(span.ok()?).ok()
    }
}

fn months_between(from: Date, to: Date) -> i64 {
    let months = |date: Date| i64::from(date.year()) * 12 + i64::from(date.month());
    months(to) - months(from)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};

    use super::*;

    const DAYS_A_MONTH_HAS_AT_MOST: i8 = 31;

    fn monthly(anchor: Date) -> Calendar {
        Calendar { cycle: Cycle::Monthly, anchor }
    }

    fn days(count: u16) -> Cycle {
        Cycle::Days(NonZeroU16::new(count).unwrap())
    }

    #[test]
    fn g9_an_anchor_on_the_31st_is_kept_through_short_months() {
        let calendar = monthly(date(2026, 1, 31));
        let period = |number| {
            let period = calendar.period(number).unwrap();
            (period.start, period.end)
        };
        assert_eq!(period(0), (date(2026, 1, 31), date(2026, 2, 28)));
        assert_eq!(period(1), (date(2026, 2, 28), date(2026, 3, 31)));
        assert_eq!(period(2), (date(2026, 3, 31), date(2026, 4, 30)));
        assert_eq!(period(24), (date(2028, 1, 31), date(2028, 2, 29)));
    }

    #[test]
    fn f26_every_anchor_day_stays_for_48_months() {
        for day in 1..=DAYS_A_MONTH_HAS_AT_MOST {
            let anchor = date(2026, 1, day);
            for number in 0..48 {
                let start = monthly(anchor).period(number).unwrap().start;
                assert_eq!(start.day(), day.min(start.days_in_month()), "{anchor} {number}");
            }
        }
    }

    #[test]
    fn a_yearly_period_from_a_leap_day_returns_to_it() {
        let calendar = Calendar { cycle: Cycle::Yearly, anchor: date(2028, 2, 29) };
        assert_eq!(calendar.period(1).unwrap().start, date(2029, 2, 28));
        assert_eq!(calendar.period(4).unwrap().start, date(2032, 2, 29));
    }

    #[test]
    fn the_end_of_the_calendar_is_an_error() {
        let calendar = Calendar { cycle: Cycle::Yearly, anchor: date(9990, 1, 1) };
        assert!(calendar.period(8).is_ok());
        assert_eq!(calendar.period(9), Err(BeyondCalendar(9)));
        assert_eq!(calendar.period(u32::MAX), Err(BeyondCalendar(u32::MAX)));
    }

    #[test]
    fn days_left_are_all_before_a_period_and_none_after_it() {
        let period = Period { start: date(2026, 4, 1), end: date(2026, 5, 1) };
        assert_eq!(period.days(), 30);
        for (day, left) in [
            (date(2026, 3, 1), 30),
            (date(2026, 4, 1), 30),
            (date(2026, 4, 21), 10),
            (date(2026, 5, 1), 0),
            (date(2026, 6, 1), 0),
        ] {
            assert_eq!(period.days_left(day), left, "{day}");
        }
    }

    fn any_calendar() -> impl Strategy<Value = Calendar> {
        let cycles = [
            Cycle::Weekly,
            Cycle::Monthly,
            Cycle::Quarterly,
            Cycle::Yearly,
            days(1),
            days(30),
            days(365),
        ];
        (0..cycles.len(), 0..20_000_i64).prop_map(move |(cycle, offset)| Calendar {
            cycle: cycles[cycle],
            anchor: date(2000, 1, 1).checked_add(Span::new().days(offset)).unwrap(),
        })
    }

    proptest! {
        #[test]
        fn periods_touch_and_every_day_belongs_to_exactly_one(
            calendar in any_calendar(),
            number in 0..600_u32,
            offset in 0..400_i64,
        ) {
            let period = calendar.period(number).unwrap();
            prop_assert!(period.start < period.end);
            prop_assert_eq!(calendar.period(number + 1).unwrap().start, period.end);

            let day = period.start.checked_add(Span::new().days(offset)).unwrap();
            let (found, holder) = calendar.period_on(day).unwrap();
            prop_assert!(holder.contains(day));
            prop_assert_eq!(calendar.period(found).unwrap(), holder);
            let before = calendar.anchor.yesterday().unwrap();
            prop_assert_eq!(calendar.period_on(before), None);
        }
    }
}
