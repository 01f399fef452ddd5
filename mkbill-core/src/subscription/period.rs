//! The periods of one subscription that are written down, and what a standstill does to them.

use jiff::civil::Date;

use crate::kernel::ids::SubscriptionId;

use super::Subscription;
use super::cycle::{BeyondCalendar, Period, add_days, days_between};

/// A period that was billed, or is being served to be billed at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BilledPeriod {
    /// Whose.
    pub subscription: SubscriptionId,
    /// Its number, counted from 0 without gap.
    pub number: u32,
    /// Its days. They move when the subscription stands still; what is printed on its invoice does not.
    pub period: Period,
    /// How many of its days are paid for.
    pub granted_days: u32,
}

/// Moves what lies ahead of `from` by the days until `to`: a day on which nothing was served is not
/// charged.
///
/// A period that was being served is longer by the standstill. One that had not begun begins later,
/// and the calendar counts from its new first day. `periods` are in their order.
///
/// # Errors
///
/// [`BeyondCalendar`] after the year 9999.
pub fn stand_still(
    subscription: &mut Subscription,
    periods: &mut [BilledPeriod],
    from: Date,
    to: Date,
) -> Result<(), BeyondCalendar> {
    let days = days_between(from, to);
    if days == 0 {
        return Ok(());
    }
    let ahead = periods.iter().position(|row| row.period.end > from).unwrap_or(periods.len());
    let (anchor, number, whole) = match periods.get_mut(ahead) {
        Some(row) if row.period.start < from => {
            let end = add_days(row.period.end, days).ok_or(BeyondCalendar(row.number))?;
            row.period.end = end;
            (end, row.number + 1, ahead + 1)
        }
        Some(row) => {
            let start = add_days(row.period.start, days).ok_or(BeyondCalendar(row.number))?;
            (start, row.number, ahead)
        }
        None => (to, subscription.schedule.next, ahead),
    };
    subscription.schedule.anchor = anchor;
    subscription.schedule.anchor_number = number;
    for row in &mut periods[whole..] {
        row.period = subscription.calendar_period(row.number)?;
    }
    Ok(())
}
